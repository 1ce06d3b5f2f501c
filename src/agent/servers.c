#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/agent.h"
#include "agent/servers.h"
#include "base/crc.h"
#include "base/log.h"
#include "net/resolve.h"
#include "syft/server.h"

enum { COMPLAINTS = 4 * AGENT_SERVERS };

/* A name that is being looked up. */
struct lookup {
	struct servers	*owner;
	char		 text[SERVER_MAX];
	bool		 turn;
};

struct servers {
	struct resolver	*resolver;
	servers_fn	*fn;
	void		*arg;
	struct lookup	*entry[AGENT_SERVERS];
	size_t		 nentries;
	struct addr	 stun[AGENT_SERVERS];
	const struct lookup *of[AGENT_SERVERS];	/* whose each of them is */
	size_t		 nstun;
	bool		 login;		/* there is one for TURN */
	bool		 told;		/* and none is to be expected */
	uint32_t	 said[COMPLAINTS];	/* what was complained of */
	size_t		 nsaid;		/* ever; the oldest are forgotten */
};

struct servers *
servers_new(struct resolver *resolver, servers_fn *fn, void *arg)
{
	struct servers	*s = calloc(1, sizeof(*s));

	if (s == NULL)
		return NULL;
	s->resolver = resolver;
	s->fn = fn;
	s->arg = arg;
	return s;
}

void
servers_free(struct servers *s)
{
	if (s == NULL)
		return;
	for (size_t i = 0; i < s->nentries; i++) {
		resolve_cancel(s->resolver, s->entry[i]);
		free(s->entry[i]);
	}
	free(s);
}

/* Once, as the list is given again with every connection to the relay. */
static void
complain(struct servers *s, const char *text, const char *why)
{
	char		 line[SERVER_MAX + 200];
	uint32_t	 id;

	snprintf(line, sizeof(line), "ice server %s: %s", text, why);
	id = crc32c(line, strlen(line));
	for (size_t i = 0; i < COMPLAINTS && i < s->nsaid; i++)
		if (s->said[i] == id)
			return;
	s->said[s->nsaid++ % COMPLAINTS] = id;
	log_warnx("%s", line);
}

/* It has no address: asked again when the list is given again. */
static void
forget(struct servers *s, struct lookup *l)
{
	for (size_t i = 0; i < s->nentries; i++)
		if (s->entry[i] == l)
			s->entry[i] = s->entry[--s->nentries];
	free(l);
}

static void
on_resolved(void *arg, const struct addr *a, size_t n, const char *why,
    uint64_t now)
{
	struct lookup	*l = arg;
	struct servers	*s = l->owner;
	struct servers_found found = { .turn = l->turn ? l->text : NULL };

	if (n == 0) {
		complain(s, l->text, why);
		forget(s, l);
		return;
	}
	for (size_t i = 0; i < n && s->nstun < AGENT_SERVERS; i++) {
		s->stun[s->nstun] = a[i];
		s->of[s->nstun] = l;
		found.addr = &s->stun[s->nstun++];
		s->fn(s->arg, now, &found);
	}
}

static bool
known(const struct servers *s, const char *text)
{
	for (size_t i = 0; i < s->nentries; i++)
		if (strcmp(s->entry[i]->text, text) == 0)
			return true;
	return false;
}

/* The stream looks its name up when it is opened. */
static void
look_up(struct servers *s, uint64_t now, struct lookup *l,
    const struct server *e)
{
	struct servers_found	 found = {
		.turn = l->text, .host = e->host, .port = e->port,
		.tls = e->tls,
	};

	if (e->stream)
		s->fn(s->arg, now, &found);
	else
		resolve(s->resolver, e->host, e->port, on_resolved, l, now);
}

static void
add(struct servers *s, uint64_t now, const char *entry, size_t len)
{
	char		 text[SERVER_MAX];
	struct server	 e;
	struct lookup	*l;

	snprintf(text, sizeof(text), "%.*s", (int)len, entry);
	if (known(s, text))
		return;
	if (server_parse(&e, entry, len) == -1) {
		complain(s, text, "malformed, skipped: not " SERVER_FORMS);
		return;
	}
	if (e.turn && !s->login) {
		if (s->told)
			complain(s, text,
			    "no user and password for it, skipped");
		return;
	}
	l = s->nentries < AGENT_SERVERS ? calloc(1, sizeof(*l)) : NULL;
	if (l == NULL) {
		complain(s, text, "too many, skipped");
		return;
	}
	l->owner = s;
	l->turn = e.turn;
	snprintf(l->text, sizeof(l->text), "%s", text);
	s->entry[s->nentries++] = l;
	look_up(s, now, l, &e);
}

void
servers_add(struct servers *s, uint64_t now, const char *list)
{
	const char	*entry;
	size_t		 len;

	while (list != NULL && (entry = server_next(&list, &len)) != NULL)
		add(s, now, entry, len);
}

void
servers_login(struct servers *s)
{
	s->login = true;
}

void
servers_told(struct servers *s)
{
	s->told = true;
}

/* Of a TURN server its allocation says more: that there is none, and why. */
void
servers_silent(struct servers *s, const char *addr)
{
	char	 text[ADDR_TEXT];

	for (size_t i = 0; i < s->nstun; i++)
		if (!s->of[i]->turn &&
		    strcmp(addr_text(&s->stun[i], text), addr) == 0)
			complain(s, s->of[i]->text, "no answer");
}

const struct addr *
servers_stun(const struct servers *s, size_t *n)
{
	*n = s->nstun;
	return s->stun;
}

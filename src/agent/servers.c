#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/agent.h"
#include "agent/servers.h"
#include "base/log.h"
#include "net/resolve.h"

enum { ENTRY_MAX = 300, STUN_PORT = 3478 };

/* A name that is being looked up. */
struct lookup {
	struct servers	*owner;
	char		 text[ENTRY_MAX];
	bool		 turn;
};

struct servers {
	struct resolver	*resolver;
	servers_fn	*fn;
	void		*arg;
	struct lookup	*entry[AGENT_SERVERS];
	size_t		 nentries;
	struct addr	 stun[AGENT_SERVERS];
	size_t		 nstun;
	bool		 login;		/* there is one for TURN */
	bool		 said_stream;
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

	if (n == 0) {
		log_warnx("ice server %s: %s", l->text, why);
		forget(s, l);
		return;
	}
	for (size_t i = 0; i < n && s->nstun < AGENT_SERVERS; i++) {
		s->stun[s->nstun] = a[i];
		s->fn(s->arg, now, &s->stun[s->nstun++],
		    l->turn ? l->text : NULL);
	}
}

/* host, host:port, [v6], [v6]:port. 0 or -1. */
static int
split_port(char *host, uint16_t *port)
{
	char		*colon = strrchr(host, ':'), *end;
	unsigned long	 v;

	*port = STUN_PORT;
	if (*host == '[') {
		end = strchr(host, ']');
		if (end == NULL)
			return -1;
		colon = end[1] == ':' ? end + 1 : NULL;
		*end = '\0';
		memmove(host, host + 1, strlen(host + 1) + 1);
		if (colon != NULL)
			colon--;
	}
	if (colon == NULL)
		return *host != '\0' ? 0 : -1;
	v = strtoul(colon + 1, &end, 10);
	if (end == colon + 1 || *end != '\0' || v == 0 || v > 65535)
		return -1;
	*colon = '\0';
	*port = (uint16_t)v;
	return *host != '\0' ? 0 : -1;
}

static bool
known(const struct servers *s, const char *text)
{
	for (size_t i = 0; i < s->nentries; i++)
		if (strcmp(s->entry[i]->text, text) == 0)
			return true;
	return false;
}

static bool
is_stream(const char *text)
{
	return strncmp(text, "turns:", 6) == 0 ||
	    (strncmp(text, "turn:", 5) == 0 &&
	    strstr(text, "?transport=tcp") != NULL);
}

static void
add(struct servers *s, uint64_t now, const char *text)
{
	char		 host[ENTRY_MAX];
	uint16_t	 port;
	struct lookup	*l;
	char		*query;
	bool		 turn;

	if (known(s, text))
		return;
	turn = strncmp(text, "turn:", 5) == 0;
	if (is_stream(text)) {
		if (!s->said_stream)
			log_warnx("ice server %s: TURN over TCP and TLS is "
			    "not supported, skipped", text);
		s->said_stream = true;
		return;
	}
	if (turn && !s->login) {
		log_warnx("ice server %s: no user and password for it, "
		    "skipped", text);
		turn = false;
		return;
	}
	snprintf(host, sizeof(host), "%s",
	    turn || strncmp(text, "stun:", 5) == 0 ? text + 5 : text);
	query = turn ? strchr(host, '?') : NULL;
	if (query != NULL && strcmp(query, "?transport=udp") == 0)
		*query = '\0';
	if (strcspn(host, "?/@ ") != strlen(host) ||
	    split_port(host, &port) == -1) {
		log_warnx("ice server %s: malformed, skipped", text);
		return;
	}
	l = s->nentries < AGENT_SERVERS ? calloc(1, sizeof(*l)) : NULL;
	if (l == NULL) {
		log_warnx("ice server %s: too many, skipped", text);
		return;
	}
	l->owner = s;
	l->turn = turn;
	snprintf(l->text, sizeof(l->text), "%s", text);
	s->entry[s->nentries++] = l;
	resolve(s->resolver, host, port, on_resolved, l, now);
}

void
servers_add(struct servers *s, uint64_t now, const char *list)
{
	char	 text[ENTRY_MAX];
	size_t	 n, lead, len;

	for (; *list != '\0'; list += list[n] == ',' ? n + 1 : n) {
		n = strcspn(list, ",");
		lead = strspn(list, " \t");
		if (lead >= n)
			continue;
		len = n - lead;
		while (len > 0 && (list[lead + len - 1] == ' ' ||
		    list[lead + len - 1] == '\t'))
			len--;
		if (len == 0 || len >= sizeof(text))
			continue;
		memcpy(text, list + lead, len);
		text[len] = '\0';
		add(s, now, text);
	}
}

void
servers_login(struct servers *s)
{
	s->login = true;
}

const struct addr *
servers_stun(const struct servers *s, size_t *n)
{
	*n = s->nstun;
	return s->stun;
}

#include "support/test.h"

#include <unistd.h>

#include "agent/servers.h"
#include "net/loop.h"
#include "net/resolve.h"

/* What became of one entry. */
struct found {
	unsigned	 calls;
	struct addr	 addr;
	char		 host[64];
	uint16_t	 port;
	bool		 turn, tls, stream;
};

static void
on_found(void *arg, uint64_t now, const struct servers_found *s)
{
	struct found	*f = arg;

	(void)now;
	f->calls++;
	f->turn = s->turn != NULL;
	f->tls = s->tls;
	f->stream = s->addr == NULL;
	if (s->addr != NULL)
		f->addr = *s->addr;
	else
		snprintf(f->host, sizeof(f->host), "%s", s->host);
	f->port = s->addr != NULL ? s->addr->port : s->port;
}

static struct found
add(const char *list)
{
	struct loop	*l = loop_new();
	struct resolver	*r = resolver_new(l);
	struct found	 f = { .calls = 0 };
	struct servers	*s = servers_new(r, on_found, &f);

	servers_login(s);
	servers_add(s, 0, list);
	servers_free(s);
	resolver_free(r);
	loop_free(l);
	return f;
}

static void
an_address_of_either_family_has_a_port_or_the_usual_one(void **state)
{
	static const struct {
		const char	*text, *addr;
	}		 v[] = {
		{ "stun:192.0.2.1", "192.0.2.1:3478" },
		{ "stun:192.0.2.1:99", "192.0.2.1:99" },
		{ "192.0.2.1:99", "192.0.2.1:99" },
		{ "stun:[2001:db8::1]", "[2001:db8::1]:3478" },
		{ "stun:[2001:db8::1]:99", "[2001:db8::1]:99" },
		{ " turn:[2001:db8::1]:99?transport=udp ",
		    "[2001:db8::1]:99" },
	};
	struct found	 f;
	struct addr	 want;

	(void)state;
	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		f = add(v[i].text);
		EQ(f.calls, 1);
		EQ(addr_parse(&want, v[i].addr), 0);
		CHECK(addr_equal(&f.addr, &want));
		EQ(f.turn, strstr(v[i].text, "turn:") != NULL);
	}
}

static void
a_stream_is_to_a_host_and_port(void **state)
{
	struct found	 f = add("turn:[2001:db8::1]:99?transport=tcp");

	(void)state;
	CHECK(f.stream && f.turn && !f.tls);
	STREQ(f.host, "2001:db8::1");
	EQ(f.port, 99);
	f = add("turns:turn.example.org");
	CHECK(f.stream && f.turn && f.tls);
	STREQ(f.host, "turn.example.org");
	EQ(f.port, 5349);
}

static void
what_is_no_server_is_skipped_and_the_others_used(void **state)
{
	static const char *const	 bad[] = {
		"stun:", "stun:[]", "stun:[]:1", "stun:[::1", "stun:[::1]:",
		"stun:[::1]:x", "stun:[::1]:0", "stun:[::1]:65536",
		"stun:1.2.3.4:", "stun:1.2.3.4:0", "stun:a@b", "stun:a b",
		"turn:h?transport=sctp", "turns:h?transport=udp",
		"stun:h?transport=udp",
	};
	char				 list[128];

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		snprintf(list, sizeof(list), "%s,stun:192.0.2.1", bad[i]);
		EQ(add(list).calls, 1);
		EQ(add(bad[i]).calls, 0);
	}
}

/* How often the text is in what went to the standard error. */
static unsigned
count(FILE *f, const char *text)
{
	char		 line[512];
	unsigned	 n = 0;

	rewind(f);
	while (fgets(line, sizeof(line), f) != NULL)
		n += strstr(line, text) != NULL;
	return n;
}

/* Servers whose complaints are heard. */
struct heard {
	struct loop	*loop;
	struct resolver	*resolver;
	struct found	 f;
	struct servers	*s;
	FILE		*log;
	int		 err;		/* while the log is in its place */
};

static void
hear(struct heard *h)
{
	memset(h, 0, sizeof(*h));
	h->loop = loop_new();
	h->resolver = resolver_new(h->loop);
	h->s = servers_new(h->resolver, on_found, &h->f);
	h->log = tmpfile();
	h->err = dup(2);
	CHECK(h->log != NULL);
	EQ(dup2(fileno(h->log), 2), 2);
}

static void
heard(struct heard *h)
{
	EQ(dup2(h->err, 2), 2);
	close(h->err);
}

static void
heard_free(struct heard *h)
{
	fclose(h->log);
	servers_free(h->s);
	resolver_free(h->resolver);
	loop_free(h->loop);
}

static void
what_is_wrong_is_named_once(void **state)
{
	struct heard	 h;

	(void)state;
	hear(&h);
	servers_add(h.s, 0, "stun:,turn:192.0.2.1");
	EQ(count(h.log, "stun:: malformed, skipped"), 1);
	EQ(count(h.log, "turn:192.0.2.1"), 0);	/* the relay may know one */
	servers_told(h.s);
	for (int i = 0; i < 3; i++)
		servers_add(h.s, 0, "stun:,turn:192.0.2.1,stun:[]");
	heard(&h);
	EQ(count(h.log, "stun:: malformed, skipped"), 1);
	EQ(count(h.log, "stun:[]: malformed, skipped"), 1);
	EQ(count(h.log, "turn:192.0.2.1: no user and password for it"), 1);
	EQ(h.f.calls, 0);
	servers_login(h.s);
	servers_add(h.s, 0, "turn:192.0.2.1");
	EQ(h.f.calls, 1);
	heard_free(&h);
}

/* That of TURN is told of by who asks it for an address. */
static void
a_silent_server_is_named_as_it_was_given(void **state)
{
	struct heard	 h;

	(void)state;
	hear(&h);
	servers_login(h.s);
	servers_add(h.s, 0, "stun:192.0.2.1,turn:192.0.2.2,[2001:db8::1]:9");
	EQ(h.f.calls, 3);
	for (int i = 0; i < 3; i++) {
		servers_silent(h.s, "192.0.2.1:3478");
		servers_silent(h.s, "192.0.2.2:3478");
		servers_silent(h.s, "[2001:db8::1]:9");
		servers_silent(h.s, "192.0.2.3:3478");
	}
	heard(&h);
	EQ(count(h.log, "ice server stun:192.0.2.1: no answer"), 1);
	EQ(count(h.log, "ice server [2001:db8::1]:9: no answer"), 1);
	EQ(count(h.log, "no answer"), 2);
	heard_free(&h);
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(
		    an_address_of_either_family_has_a_port_or_the_usual_one),
		cmocka_unit_test(a_stream_is_to_a_host_and_port),
		cmocka_unit_test(
		    what_is_no_server_is_skipped_and_the_others_used),
		cmocka_unit_test(what_is_wrong_is_named_once),
		cmocka_unit_test(a_silent_server_is_named_as_it_was_given),
	};

	return RUN(tests);
}

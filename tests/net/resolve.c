#include "support/test.h"

#include "net/clock.h"
#include "net/loop.h"
#include "net/resolve.h"
#include "net/udp.h"
#include "support/oom.h"

struct seen {
	struct loop	*loop;
	struct addr	 a[16];
	size_t		 n;
	unsigned	 calls;
	char		 why[128];
};

static void
answered(void *arg, const struct addr *a, size_t n, const char *why,
    uint64_t now)
{
	struct seen	*s = arg;

	(void)now;
	s->calls++;
	s->n = n;
	CHECK(n <= 16);
	if (n > 0)
		memcpy(s->a, a, n * sizeof(*a));
	else
		snprintf(s->why, sizeof(s->why), "%s", why);
	loop_stop(s->loop);
}

static void
ask(struct seen *s, struct resolver *r, const char *host)
{
	s->calls = 0;
	s->n = 0;
	resolve(r, host, 443, answered, s, clock_now());
	if (s->calls == 0)
		loop_run(s->loop);
	EQ(s->calls, 1);
}

static void
numeric_text_is_answered_at_once(void **state)
{
	static const char *const	 text[] = {
		"192.0.2.1", "2001:db8::1", "[2001:db8::1]",
	};
	struct seen	 s = { .loop = loop_new() };
	struct resolver	*r = resolver_new(s.loop);
	struct addr	 want;

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		s.calls = 0;
		resolve(r, text[i], 80, answered, &s, 0);
		EQ(s.calls, 1);
		EQ(s.n, 1);
		EQ(s.a[0].port, 80);
		if (addr_parse_ip(&want, text[i]) == 0)
			CHECK(addr_same_ip(&want, &s.a[0]));
	}
	resolver_free(r);
	loop_free(s.loop);
}

static void
localhost_is_this_host_ipv6_first(void **state)
{
	struct seen	 s = { .loop = loop_new() };
	struct resolver	*r = resolver_new(s.loop);
	bool		 four = false;

	(void)state;
	ask(&s, r, "localhost");
	CHECK(s.n >= 1);
	for (size_t i = 0; i < s.n; i++) {
		CHECK(addr_is_loopback(&s.a[i]));
		EQ(s.a[i].port, 443);
		CHECK(!four || s.a[i].family == 4);
		four |= s.a[i].family == 4;
	}
	CHECK(four);
	ask(&s, r, "localhost");
	CHECK(s.n >= 1);
	resolver_free(r);
	loop_free(s.loop);
}

/* A name server on a loop: two addresses for a name, or its refusal. */
struct server {
	struct udp	*udp;
	struct io	 io;
	struct batch	 tx;
	char		 where[32];
	bool		 silent;
	uint8_t		 rcode;
	unsigned	 asked;
};

enum { DNS_HEADER = 12, DNS_A = 1, DNS_AAAA = 28 };

static void
reply(void *arg, const struct path *from, uint8_t *p, size_t n)
{
	static const uint8_t	 ip[16] = { 0x20, 1, 0xd, 0xb8, [15] = 7 };
	struct server		*s = arg;
	uint8_t			 out[512];
	struct wr		 w = wr_of(out, sizeof(out));
	size_t			 q = DNS_HEADER;
	uint16_t		 type;

	s->asked++;
	CHECK(n > DNS_HEADER + 5);
	while (q < n && p[q] != 0)
		q += p[q] + 1u;
	q += 5;			/* the root, the type and the class */
	CHECK(q <= n);
	type = (uint16_t)(p[q - 4] << 8 | p[q - 3]);
	wr_bytes(&w, p, 2);
	wr_u16(&w, 0x8180u | s->rcode);
	wr_u16(&w, 1);
	wr_u16(&w, s->rcode == 0);
	wr_u32(&w, 0);
	wr_bytes(&w, p + DNS_HEADER, q - DNS_HEADER);
	if (s->rcode == 0) {
		wr_u16(&w, 0xc000 | DNS_HEADER);
		wr_u16(&w, type);
		wr_u16(&w, 1);
		wr_u32(&w, 60);
		wr_u16(&w, type == DNS_AAAA ? 16 : 4);
		wr_bytes(&w, ip, type == DNS_AAAA ? 16 : 4);
	}
	CHECK(!wr_bad(&w));
	s->tx.to = *from;
	if (!s->silent)
		batch_put(&s->tx, out, w.n);
}

static void
serve(void *arg, unsigned got, uint64_t now)
{
	struct server	*s = arg;

	(void)got;
	(void)now;
	udp_recv(s->udp, 4, reply, s);
	udp_send(s->udp, &s->tx);
}

static struct resolver *
served(struct server *s, struct loop *loop)
{
	struct resolver	*r = resolver_new(loop);

	memset(s, 0, sizeof(*s));
	s->udp = udp_open(0);
	CHECK(r != NULL && s->udp != NULL);
	EQ(batch_init(&s->tx, 1 << 16), 0);
	s->io = (struct io){ .fd = udp_fd(s->udp, 4), .want = IO_IN,
	    .ready = serve, .arg = s };
	EQ(loop_add(loop, &s->io), 0);
	snprintf(s->where, sizeof(s->where), "127.0.0.1:%u",
	    udp_port(s->udp, 4));
	resolver_server(r, s->where);
	return r;
}

static void
dismiss(struct server *s, struct loop *loop)
{
	loop_del(loop, &s->io);
	udp_close(s->udp);
	batch_fini(&s->tx);
}

static void
a_name_server_is_asked_for_both_families(void **state)
{
	struct seen	 s = { .loop = loop_new() };
	struct server	 server;
	struct resolver	*r = served(&server, s.loop);
	char		 text[ADDR_TEXT];

	(void)state;
	for (int i = 0; i < 3; i++) {
		ask(&s, r, "relay.example.");
		EQ(s.n, 2);
		STREQ(addr_text(&s.a[0], text), "[2001:db8::7]:443");
		STREQ(addr_text(&s.a[1], text), "32.1.13.184:443");
	}
	EQ(server.asked, 6);
	resolver_free(r);
	dismiss(&server, s.loop);
	loop_free(s.loop);
}

static void
a_name_that_does_not_exist_is_said_to_be_so(void **state)
{
	struct seen	 s = { .loop = loop_new() };
	struct server	 server;
	struct resolver	*r = served(&server, s.loop);

	(void)state;
	server.rcode = 3;
	ask(&s, r, "relay.example.");
	EQ(s.n, 0);
	CHECK(strstr(s.why, "not found") != NULL);
	resolver_free(r);
	dismiss(&server, s.loop);
	loop_free(s.loop);
}

static void
a_name_below_localhost_needs_no_server(void **state)
{
	struct seen	 s = { .loop = loop_new() };
	struct server	 server;
	struct resolver	*r = served(&server, s.loop);

	(void)state;
	server.rcode = 3;
	ask(&s, r, "some.localhost");
	EQ(s.n, 2);
	CHECK(s.a[0].family == 6 && addr_is_loopback(&s.a[0]));
	CHECK(s.a[1].family == 4 && addr_is_loopback(&s.a[1]));
	EQ(s.a[1].port, 443);
	ask(&s, r, "notlocalhost.");
	EQ(s.n, 0);
	resolver_free(r);
	dismiss(&server, s.loop);
	loop_free(s.loop);
}

static void
a_name_that_cannot_be_is_refused_with_a_reason(void **state)
{
	struct seen	 s = { .loop = loop_new() };
	struct resolver	*r = resolver_new(s.loop);
	char		 label[80];

	(void)state;
	memset(label, 'a', sizeof(label) - 1);	/* a label has at most 63 */
	label[sizeof(label) - 1] = '\0';
	ask(&s, r, label);
	EQ(s.n, 0);
	CHECK(s.why[0] != '\0');
	resolver_free(r);
	loop_free(s.loop);
}

static void
nobody_is_called_after_cancelling_or_freeing(void **state)
{
	struct seen	 s = { .loop = loop_new() }, t = s;
	struct server	 server;
	struct resolver	*r = served(&server, s.loop);
	unsigned	 before;

	(void)state;
	resolve(r, "name.invalid", 1, answered, &s, clock_now());
	resolve(r, "other.invalid", 1, answered, &t, clock_now());
	resolve_cancel(r, &s);
	before = s.calls + t.calls;
	resolver_free(r);
	EQ(s.calls + t.calls, before);
	EQ(before, 0);
	dismiss(&server, s.loop);
	loop_free(s.loop);
}

static void
running_out_of_memory_is_an_answer(void **state)
{
	struct seen	 s = { .loop = loop_new() };
	struct resolver	*r;
	bool		 hit;

	(void)state;
	for (size_t n = 1; n < 500; n++) {
		oom_after(n);
		r = resolver_new(s.loop);
		s.calls = 0;
		if (r != NULL)
			resolve(r, "localhost", 1, answered, &s, clock_now());
		hit = oom_hit();
		oom_after(0);
		CHECK(r == NULL || s.calls == 1 || hit);
		resolver_free(r);
		if (!hit)
			break;
	}
	loop_free(s.loop);
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(numeric_text_is_answered_at_once),
		cmocka_unit_test(localhost_is_this_host_ipv6_first),
		cmocka_unit_test(a_name_server_is_asked_for_both_families),
		cmocka_unit_test(a_name_that_does_not_exist_is_said_to_be_so),
		cmocka_unit_test(a_name_below_localhost_needs_no_server),
		cmocka_unit_test(
		    a_name_that_cannot_be_is_refused_with_a_reason),
		cmocka_unit_test(nobody_is_called_after_cancelling_or_freeing),
		cmocka_unit_test(running_out_of_memory_is_an_answer),
	};

	return RUN(tests);
}

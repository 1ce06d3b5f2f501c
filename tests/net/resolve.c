#include "support/test.h"

#include "net/clock.h"
#include "net/loop.h"
#include "net/resolve.h"
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
	struct resolver	*r = resolver_new(s.loop);
	unsigned	 before;

	(void)state;
	resolve(r, "name.invalid", 1, answered, &s, clock_now());
	resolve(r, "other.invalid", 1, answered, &t, clock_now());
	resolve_cancel(r, &s);
	before = s.calls + t.calls;
	resolver_free(r);
	EQ(s.calls + t.calls, before);
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
		cmocka_unit_test(
		    a_name_that_cannot_be_is_refused_with_a_reason),
		cmocka_unit_test(nobody_is_called_after_cancelling_or_freeing),
		cmocka_unit_test(running_out_of_memory_is_an_answer),
	};

	return RUN(tests);
}

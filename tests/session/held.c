#include "support/test.h"

#include "base/time.h"
#include "session/held.h"

static const char	 me[] = "alice@example.com";
static const char	 peer[] = "bob@example.com";
static const char	 path[] =
			    "bob@example.com/x/_mpc/0_to_1/stream.tcp.request";

static struct msg
open_of(const char *sid, const char *pth, const char *from, const char *to)
{
	struct msg	 m = { .type = MSG_OPEN };

	m.sid = span_of(sid);
	m.path = span_of(pth);
	m.from = span_of(from);
	m.to = span_of(to);
	return m;
}

static bool
get(struct held *h, uint64_t now, struct msg *m)
{
	struct key	 key;

	EQ(key_of_path(&key, span_of(path)), 0);
	return held_get(h, now, peer, &key, peer, me, m);
}

static void
an_open_waits_for_its_marker(void **state)
{
	struct held	*h = calloc(1, sizeof(*h));
	struct msg	 m = open_of("abcdefgh", path, peer, "");

	(void)state;
	CHECK(held_put(h, 1, me, &m));
	CHECK(get(h, SEC, &m));
	EQ(m.type, MSG_OPEN);
	CHECK(span_is(m.sid, "abcdefgh"));
	CHECK(span_is(m.from, peer));
	CHECK(span_is(m.path, path));
	CHECK(!get(h, SEC, &m));
	free(h);
}

static void
an_open_of_another_party_is_not_the_markers(void **state)
{
	struct held	*h = calloc(1, sizeof(*h));
	struct msg	 m = open_of("abcdefgh", path, "eve@example.com", "");

	(void)state;
	CHECK(held_put(h, 1, me, &m));
	CHECK(!get(h, 2, &m));
	free(h);
}

static void
a_hostile_open_is_refused_and_counted(void **state)
{
	static const char	 p[] = "bob@example.com/x/0_to_1/"
				    "stream.tcp.request";
	static const char	 up[] = "bob@example.com/../0_to_1/"
				    "stream.tcp.request";
	static const char	 nul[] = "bob@example.com/\0/xyz";
	const struct {
		const char	*sid, *path, *from, *to;
	}			 bad[] = {
		{ "a", p, peer, "" },
		{ "abcdefgh", "../x/0_to_1/stream.tcp.request", peer, "" },
		{ "abcdefgh", "/etc/0_to_1/stream.tcp.request", peer, "" },
		{ "abcdefgh", up, peer, "" },
		{ "abcdefgh", p, me, "" },
		{ "abcdefgh", p, peer, "carol@example.com" },
		{ "abc/efgh", p, peer, "" },
		{ "0123456789012345678901234567890123456789"
		    "0123456789012345678901234", p, peer, "" },
	};
	struct held		*h = calloc(1, sizeof(*h));
	struct msg		 m;
	size_t			 n = sizeof(bad) / sizeof(bad[0]);

	(void)state;
	for (size_t i = 0; i < n; i++) {
		m = open_of(bad[i].sid, bad[i].path, bad[i].from, bad[i].to);
		CHECK(!held_put(h, 1, me, &m));
	}
	EQ(h->refused, n);
	m = open_of("abcdefgh", path, peer, "");
	m.path = (struct span){ (uint8_t *)(uintptr_t)nul, sizeof(nul) - 1 };
	CHECK(!held_put(h, 1, me, &m));
	m = open_of("abcdefgh", path, peer, "");
	m.from = (struct span){ (uint8_t *)(uintptr_t)"bob\0x@y.z", 9 };
	CHECK(!held_put(h, 1, me, &m));
	EQ(h->refused, n + 2);
	free(h);
}

static void
the_table_is_bounded_and_the_oldest_goes_first(void **state)
{
	struct held	*h = calloc(1, sizeof(*h));
	struct msg	 m = open_of("abcdefgh", path, peer, "");
	char		 sid[32], other[64];

	(void)state;
	CHECK(held_put(h, 1, me, &m));
	for (int i = 0; i < HELD_MAX; i++) {
		snprintf(sid, sizeof(sid), "session-%d", i);
		snprintf(other, sizeof(other),
		    "bob@example.com/%d/0_to_1/stream.tcp.request", i);
		m = open_of(sid, other, peer, "");
		CHECK(held_put(h, 2 + (uint64_t)i, me, &m));
		EQ(h->open[0].at == 1, i < HELD_MAX - 1);
	}
	CHECK(!get(h, 1001, &m));
	free(h);
}

static void
an_old_open_is_forgotten(void **state)
{
	struct held	*h = calloc(1, sizeof(*h));
	struct msg	 m = open_of("abcdefgh", path, peer, "");

	(void)state;
	CHECK(held_put(h, 1, me, &m));
	CHECK(!get(h, 1 + (uint64_t)HELD_LIFE_S * SEC, &m));
	free(h);
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(an_open_waits_for_its_marker),
		cmocka_unit_test(an_open_of_another_party_is_not_the_markers),
		cmocka_unit_test(a_hostile_open_is_refused_and_counted),
		cmocka_unit_test(
		    the_table_is_bounded_and_the_oldest_goes_first),
		cmocka_unit_test(an_old_open_is_forgotten),
	};

	return RUN(tests);
}

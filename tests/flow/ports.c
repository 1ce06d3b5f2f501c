#include "support/test.h"

#include <stdio.h>
#include <string.h>

#include "flow/ports.h"

static void
a_base_follows_from_the_run_and_the_number_of_parties(void **state)
{
	static const struct {
		const char	*run;
		unsigned	 n;
		uint64_t	 hash;
		unsigned	 base;
	} v[] = {
		{ "29510048-fe42afb20d27", 3, 0x7fc8442eab29967c, 24322 },
		{ "3e8a1928-614d-4ce3-950f-db3f694ac61c", 3,
		    0xfc4e38bd8a06a89a, 37056 },
		{ "run-1", 3, 0x0f49dc7913d44095, 26833 },
		{ "run-1", 2, 0x0276705cc8304835, 22614 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		CHECK(ports_hash(v[i].run, v[i].n) == v[i].hash);
		EQ(ports_base(v[i].run, v[i].n), v[i].base);
	}
}

/* One more byte each: the last word is empty, full and all between. */
static void
runs_of_every_length_have_bases_of_their_own(void **state)
{
	char		 run[64];
	uint64_t	 hash[sizeof(run)];

	(void)state;
	for (size_t n = 0; n < sizeof(run); n++) {
		memset(run, 'x', n);
		run[n] = '\0';
		hash[n] = ports_hash(run, 3);
		for (size_t i = 0; i < n; i++)
			CHECK(hash[i] != hash[n]);
	}
}

static void
bases_stay_in_their_range(void **state)
{
	char	 run[32];

	(void)state;
	EQ(ports_base_max(3), 53529);
	EQ(ports_base_max(2), 54532);
	CHECK(ports_base_max(PORTS_PARTIES) >= PORTS_BASE_MIN);
	CHECK(ports_base_max(PORTS_PARTIES + 1) < PORTS_BASE_MIN);
	for (unsigned n = 2; n <= PORTS_PARTIES; n++)
		for (unsigned i = 0; i < 500; i++) {
			snprintf(run, sizeof(run), "%u", i);
			CHECK(ports_base(run, n) >= PORTS_BASE_MIN);
			CHECK(ports_base(run, n) <= ports_base_max(n));
		}
}

static void
three_parties_listen_where_the_example_says(void **state)
{
	static const unsigned	 port[3][3] = {
		{ 0, 24323, 24324 }, { 24323 + 1000, 0, 25325 },
		{ 26324, 26325, 0 },
	};

	(void)state;
	for (unsigned i = 0; i < 3; i++)
		for (unsigned j = 0; j < 3; j++)
			if (i != j)
				EQ(ports_listen(24322, i, j, 3), port[i][j]);
}

/* Any number of parties at the highest base: every port is one, and once. */
static void
no_two_listeners_share_a_port(void **state)
{
	static unsigned char	 used[65536];
	unsigned		 port, base;

	(void)state;
	for (unsigned n = 2; n <= PORTS_PARTIES; n++) {
		memset(used, 0, sizeof(used));
		base = ports_base_max(n);
		for (unsigned i = 0; i < n; i++)
			for (unsigned j = 0; j < n; j++) {
				if (i == j)
					continue;
				port = ports_listen(base, i, j, n);
				CHECK(port > base && port <= 65535);
				EQ(used[port], 0);
				used[port] = 1;
			}
		CHECK(ports_party(base, n - 1) + PORTS_RESERVED <= 65535);
	}
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(
		    a_base_follows_from_the_run_and_the_number_of_parties),
		cmocka_unit_test(runs_of_every_length_have_bases_of_their_own),
		cmocka_unit_test(bases_stay_in_their_range),
		cmocka_unit_test(three_parties_listen_where_the_example_says),
		cmocka_unit_test(no_two_listeners_share_a_port),
	};

	return RUN(tests);
}

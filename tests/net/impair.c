#include "support/test.h"

#include "base/time.h"
#include "support/impair.h"

enum { N = 20000, EACH = 100 };	/* packets, and microseconds between them */

/* What came out of N numbered packets, each of 1000 bytes. */
struct outcome {
	struct impair_stats	 s;
	unsigned		 seen[N];
	uint64_t		 latency[N];	/* of the first of each */
	unsigned		 overtaken;
	uint64_t		 last;
};

static void
collect(struct impair *im, uint64_t now, struct outcome *o, uint32_t *newest)
{
	const uint8_t	*p;
	uint32_t	 i;
	size_t		 n;

	while ((p = impair_get(im, now, &n)) != NULL) {
		EQ(n, 1000);
		memcpy(&i, p, sizeof(i));
		CHECK(i < N);
		if (o->seen[i]++ == 0)
			o->latency[i] = now - (SEC + i * EACH);
		if (i < *newest)
			o->overtaken++;
		else
			*newest = i;
		o->last = now;
	}
}

static struct outcome *
run(const char *rules, uint64_t seed)
{
	struct impair_conf	 c = { .seed = seed };
	struct outcome		*o = calloc(1, sizeof(*o));
	uint8_t			 packet[1000] = { 0 };
	uint32_t		 newest = 0;
	uint64_t		 now;
	struct impair		*im;
	const char		*why;

	printf("rules %s seed %llu\n", rules, (unsigned long long)seed);
	EQ(impair_parse(&c, rules, &why), 0);
	im = impair_new(&c, SEC);
	for (uint32_t i = 0; i < N; i++) {
		now = SEC + i * EACH;
		while (impair_deadline(im) <= now)
			collect(im, impair_deadline(im), o, &newest);
		memcpy(packet, &i, sizeof(i));
		impair_put(im, now, packet, sizeof(packet));
	}
	while (impair_deadline(im) != NEVER)
		collect(im, impair_deadline(im), o, &newest);
	impair_stats(im, &o->s);
	impair_free(im);
	return o;
}

/* Within a tenth, or five standard deviations of that many. */
static void
about(uint64_t n, uint64_t want)
{
	CHECK(n > want - want / 10 && n < want + want / 10);
}

static void
with_no_rules_all_comes_out_at_once_in_order(void **state)
{
	struct outcome	*o = run("", 1);

	(void)state;
	EQ(o->s.out, N);
	EQ(o->overtaken, 0);
	for (int i = 0; i < N; i++)
		EQ(o->latency[i], 0);
	free(o);
}

static void
delay_is_exact_and_jitter_stays_below_its_bound(void **state)
{
	struct outcome	*o = run("delay=25ms", 2);
	uint64_t	 least = NEVER, most = 0;

	(void)state;
	for (int i = 0; i < N; i++)
		EQ(o->latency[i], 25 * MS);
	EQ(o->overtaken, 0);
	free(o);
	o = run("delay=25ms,jitter=10ms", 3);
	for (int i = 0; i < N; i++) {
		least = earlier(least, o->latency[i]);
		most = o->latency[i] > most ? o->latency[i] : most;
	}
	CHECK(least >= 25 * MS && least < 25 * MS + 100);
	CHECK(most < 35 * MS && most > 35 * MS - 100);
	CHECK(o->overtaken > N / 2);
	free(o);
}

static void
ordered_jitter_overtakes_nothing(void **state)
{
	struct outcome	*o = run("jitter=10ms,ordered", 4);

	(void)state;
	EQ(o->overtaken, 0);
	EQ(o->s.out, N);
	free(o);
}

static void
loss_doubling_and_reordering_happen_as_often_as_asked(void **state)
{
	struct outcome	*o = run("loss=10%", 5);
	unsigned	 missing = 0, twice = 0;

	(void)state;
	for (int i = 0; i < N; i++)
		missing += o->seen[i] == 0;
	about(missing, N / 10);
	EQ(o->s.fates[IMPAIR_LOST], missing);
	EQ(o->s.out, N - missing);
	free(o);

	o = run("dup=10%", 6);
	for (int i = 0; i < N; i++) {
		CHECK(o->seen[i] == 1 || o->seen[i] == 2);
		twice += o->seen[i] == 2;
	}
	about(twice, N / 10);
	EQ(o->s.dup, twice);
	free(o);

	o = run("reorder=10%,hold=5ms", 7);
	about(o->s.held, N / 10);
	EQ(o->overtaken, o->s.held);	/* nobody follows the last 50 */
	EQ(o->s.out, N);
	free(o);
}

static void
a_rate_is_not_exceeded_and_a_full_queue_drops(void **state)
{
	/* 80 Mbit/s arrive */
	struct outcome	*o = run("rate=40Mbit,queue=64k", 8);

	(void)state;
	about(o->s.fates[IMPAIR_FULL], N / 2);
	CHECK((o->last - SEC) * 5 >= o->s.out * 1000);
	for (int i = 0; i < N; i++)
		CHECK(o->latency[i] <= 65536 / 5 + 1);
	EQ(o->overtaken, 0);
	free(o);
	o = run("rate=100Mbit,queue=64k", 9);
	EQ(o->s.out, N);
	free(o);
}

static void
what_is_put_in_while_it_is_dark_is_gone(void **state)
{
	struct outcome	*o = run("delay=1ms,dark=500ms+250ms,dark=1s+1ms", 10);

	(void)state;
	EQ(o->s.fates[IMPAIR_DARK], 2510);
	for (unsigned i = 0; i < N; i++)
		EQ(o->seen[i], (i < 5000 || i >= 7500) &&
		    (i < 10000 || i >= 10010));
	free(o);
}

static void
dark_by_hand_ends_by_itself(void **state)
{
	struct impair_conf	 c = { .seed = 11 };
	struct impair		*im = impair_new(&c, 0);

	(void)state;
	impair_dark(im, 100);
	EQ(impair_put(im, 99, "x", 1), IMPAIR_DARK);
	EQ(impair_put(im, 100, "x", 1), IMPAIR_TAKEN);
	impair_free(im);
}

static void
what_is_larger_than_the_mtu_is_told_apart(void **state)
{
	struct impair_conf	 c = { .seed = 12, .mtu = 1280 };
	struct impair		*im = impair_new(&c, 0);
	uint8_t			 p[1281] = { 0 };

	(void)state;
	EQ(impair_put(im, 0, p, 1280), IMPAIR_TAKEN);
	EQ(impair_put(im, 0, p, 1281), IMPAIR_BIG);
	impair_free(im);
}

static void
what_is_under_way_is_bounded(void **state)
{
	struct impair_conf	 c = { .seed = 13, .delay = SEC };
	struct impair		*im = impair_new(&c, 0);
	struct impair_stats	 s;

	(void)state;
	for (int i = 0; i < IMPAIR_PACKETS + 5; i++)
		impair_put(im, 0, "x", 1);
	impair_stats(im, &s);
	EQ(s.fates[IMPAIR_TAKEN], IMPAIR_PACKETS);
	EQ(s.fates[IMPAIR_FULL], 5);
	impair_free(im);
}

static void
the_same_seed_gives_the_same_and_another_does_not(void **state)
{
	const char	*rules = "jitter=3ms,loss=2%,dup=2%,reorder=2%";
	struct outcome	*a = run(rules, 14), *b = run(rules, 14),
			*c = run(rules, 15);

	(void)state;
	MEMEQ(a, b, sizeof(*a));
	CHECK(memcmp(a, c, sizeof(*a)) != 0);
	free(a);
	free(b);
	free(c);
}

static void
rules_are_read_with_their_units(void **state)
{
	struct impair_conf	 c = { .seed = 9 };
	const char		*why;

	(void)state;
	EQ(impair_parse(&c, "delay=1.5ms,jitter=20us,hold=1s,loss=0.5%,dup=1%,"
	    "reorder=100%,rate=10Mbit,queue=64k,mtu=1280,ordered,dark=1s+2s",
	    &why), 0);
	EQ(c.seed, 9);
	EQ(c.delay, 1500);
	EQ(c.jitter, 20);
	EQ(c.hold, SEC);
	EQ(c.loss, 5000);
	EQ(c.dup, 10000);
	EQ(c.reorder, IMPAIR_SURE);
	EQ(c.rate, 1250000);
	EQ(c.queue, 65536);
	EQ(c.mtu, 1280);
	CHECK(c.ordered);
	EQ(c.ndark, 1);
	EQ(c.dark[0].from, SEC);
	EQ(c.dark[0].until, 3 * SEC);
}

static void
rules_that_make_no_sense_change_nothing_and_say_why(void **state)
{
	static const char *const	 bad[] = {
		"delay", "delay=", "delay=5", "delay=5m", "delay=-5ms",
		"loss=101%", "loss=1", "loss=nan%", "rate=10M", "mtu=x",
		"dark=1s", "dark=1s+", "dark=1s+1", "orderedx", "speed=1",
		"mtu=1280;loss=1%", "queue=1e99", "delay=1ms+1ms",
	};
	struct impair_conf		 c = { .seed = 9 }, was = c;
	const char			*why;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		why = NULL;
		EQ(impair_parse(&c, bad[i], &why), -1);
		CHECK(why != NULL);
		MEMEQ(&c, &was, sizeof(c));
	}
	for (int i = 0; i < IMPAIR_WINDOWS; i++)
		EQ(impair_parse(&c, "dark=1s+1s", &why), 0);
	EQ(impair_parse(&c, "dark=1s+1s", &why), -1);
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(with_no_rules_all_comes_out_at_once_in_order),
		cmocka_unit_test(
		    delay_is_exact_and_jitter_stays_below_its_bound),
		cmocka_unit_test(ordered_jitter_overtakes_nothing),
		cmocka_unit_test(
		    loss_doubling_and_reordering_happen_as_often_as_asked),
		cmocka_unit_test(a_rate_is_not_exceeded_and_a_full_queue_drops),
		cmocka_unit_test(what_is_put_in_while_it_is_dark_is_gone),
		cmocka_unit_test(dark_by_hand_ends_by_itself),
		cmocka_unit_test(what_is_larger_than_the_mtu_is_told_apart),
		cmocka_unit_test(what_is_under_way_is_bounded),
		cmocka_unit_test(
		    the_same_seed_gives_the_same_and_another_does_not),
		cmocka_unit_test(rules_are_read_with_their_units),
		cmocka_unit_test(
		    rules_that_make_no_sense_change_nothing_and_say_why),
	};

	return RUN(tests);
}

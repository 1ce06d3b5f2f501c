/*
 * Bulk makes room for links on which small frames go to and fro, and takes it
 * again afterwards. The path is short, and bulk fills it.
 */
#include "session/world.h"

#include "session/link.h"

enum {
	DELAY = 2 * MS, RATE = 200 << 20,
	PATH = RATE / 1000 * 4,		/* bytes, there and back */
	SLOW = RATE / 4,
	MUCH = 2047 << 20,
	ASK = 64, EVERY = 10 * MS,
};

static const struct party_conf	 one = { .dialect1 = true };

static void
small_frames_are_in_haste_for_a_moment(void **state)
{
	struct haste	 h = { 0, 0 };

	(void)state;
	CHECK(!haste_is_on(&h, 5 * SEC));
	haste_saw(&h, 5 * SEC, 64, false);
	CHECK(haste_is_on(&h, 5 * SEC));
	CHECK(haste_is_on(&h, 5 * SEC + HASTE_LASTS - 1));
	CHECK(!haste_is_on(&h, 5 * SEC + HASTE_LASTS));
}

static void
a_link_that_carries_bulk_is_not_in_haste(void **state)
{
	struct haste	 h = { 0, 0 };

	(void)state;
	haste_saw(&h, 5 * SEC, HASTE_SMALL + 1, false);
	haste_saw(&h, 5 * SEC, 4, false);
	CHECK(!haste_is_on(&h, 5 * SEC));
	haste_saw(&h, 5 * SEC + HASTE_CALM, 4, false);
	CHECK(haste_is_on(&h, 5 * SEC + HASTE_CALM));
	haste_saw(&h, 5 * SEC + HASTE_CALM, HASTE_SMALL + 1, false);
	CHECK(!haste_is_on(&h, 5 * SEC + HASTE_CALM));
}

static bool
bulk_flows(const struct world *w)
{
	return w->side[1].app[0].got > 64 << 20;
}

static struct world *
busy_world(uint64_t seed, uint64_t rate)
{
	struct world	*w = world_new(seed, &one, &one, 2);

	w->simconf.delay = DELAY;
	w->simconf.jitter = 0;
	w->simconf.rate = rate;
	w->simconf.queue = 16 << 20;
	simnet_set(w->net, &w->simconf);
	world_connect(w, 0, 0, MUCH, false);
	world_connect(w, 1, 0, 1, false);
	world_connect(w, 0, 1, 0, false);
	world_connect(w, 1, 1, 0, false);
	CHECK(world_until(w, 20 * SEC, bulk_flows));
	return w;
}

/* The most that was with SCTP at a time, while both ask every so often. */
static size_t
most_under_way(struct world *w, uint64_t lasts, size_t ask)
{
	struct peer	*peer = w->side[0].party->direct->peer;
	uint64_t	 end = w->now + lasts, next = w->now;
	size_t		 most = 0, n;

	while (w->now < end) {
		for (int s = 0; s < 2 && w->now >= next; s++) {
			w->side[s].app[1].to_send += ask;
			pump(w, s);
		}
		next = w->now >= next ? w->now + EVERY : next;
		world_run(w, MS / 4);
		n = peer_unacked(peer);
		most = n > most ? n : most;
	}
	return most;
}

static size_t
turn_of(const struct world *w)
{
	return link_turn(w->side[0].app[0].link, w->now);
}

static void
bulk_leaves_room_to_those_in_haste_and_takes_it_again(void **state)
{
	struct world	*w = busy_world(91, RATE);
	uint64_t	 start = w->side[1].app[0].got, got;
	size_t		 before = most_under_way(w, 200 * MS, 0), meanwhile;

	(void)state;
	EQ(turn_of(w), TURN);
	start = w->side[1].app[0].got - start;
	most_under_way(w, 50 * MS, ASK);	/* what was under way lands */
	got = w->side[1].app[0].got;
	meanwhile = most_under_way(w, 200 * MS, ASK);
	got = w->side[1].app[0].got - got;
	EQ(turn_of(w), TURN_IN_HASTE);
	print_message("in 200 ms %llu, at most %zu under way; in haste %llu, "
	    "%zu\n", (unsigned long long)start, before,
	    (unsigned long long)got, meanwhile);
	CHECK(before > 2 * PATH);
	CHECK(meanwhile < 2 * PATH);
	CHECK(got > start / 4 * 3);		/* the path stays busy */
	CHECK(w->side[1].app[1].got > 20 * ASK);

	most_under_way(w, HASTE_LASTS + 50 * MS, 0);
	EQ(turn_of(w), TURN);
	CHECK(most_under_way(w, 100 * MS, 0) > 2 * PATH);
	nothing_was_reset(w);
	world_free(w);
}

/* What is under way limits the rate that is seen, which limits it in turn. */
static void
bulk_keeps_the_path_however_long_others_are_in_haste(void **state)
{
	struct world	*w = busy_world(94, SLOW);
	uint64_t	 got;

	(void)state;
	most_under_way(w, 20 * SEC, ASK);
	got = w->side[1].app[0].got;
	most_under_way(w, 5 * SEC, ASK);
	got = w->side[1].app[0].got - got;
	print_message("%llu of %llu a second\n", (unsigned long long)got / 5,
	    (unsigned long long)SLOW);
	CHECK(got / 5 > SLOW / 5 * 4);
	nothing_was_reset(w);
	world_free(w);
}

/* Whatever bulk may have: nothing else need wake us. */
static void
what_finds_no_room_in_the_batch_goes_in_the_next_turn(void **state)
{
	struct world	*w = busy_world(98, RATE);
	struct party	*p = w->side[0].party;
	struct app	*a = &w->side[0].app[1];
	struct batch	*full = calloc(1, sizeof(*full));

	(void)state;
	CHECK(full != NULL && batch_init(full, 32 << 10) == 0);
	most_under_way(w, 50 * MS, ASK);
	for (int i = 0; i < 40; i++) {
		a->to_send += ASK;
		app_turn(w, 0, a);
		party_tick(p, w->now, full);
		CHECK(party_deadline(p) <= w->now);
		batch_reset(full);
		world_run(w, MS / 4);
	}
	nothing_was_reset(w);
	batch_fini(full);
	free(full);
	world_free(w);
}

static void
bulk_does_not_make_room_for_bulk(void **state)
{
	struct world	*w = busy_world(92, RATE);

	(void)state;
	most_under_way(w, 50 * MS, 64 << 10);
	EQ(turn_of(w), TURN);
	CHECK(most_under_way(w, 100 * MS, 64 << 10) > 2 * PATH);
	nothing_was_reset(w);
	world_free(w);
}

/* Whoever reads less than comes waits for none of it, nor does its sender. */
static void
who_reads_slowly_is_not_in_haste(void **state)
{
	struct world	*w = busy_world(97, RATE);
	struct app	*reader = &w->side[1].app[1];
	struct span	 piece;
	size_t		 hasty[2] = { 0, 0 };

	(void)state;
	reader->stopped = true;
	w->side[0].app[1].to_send = MUCH;
	pump(w, 0);
	for (int i = 0; i < 400; i++) {
		piece = link_pending(reader->link);
		if (piece.n > 1024)
			piece.n = 1024;
		reader->stopped = false;
		app_take(w, 1, reader, piece);
		reader->stopped = true;
		world_run(w, EVERY);
		for (int k = 0; k < 2 && i > 200; k++)
			hasty[k] += party_haste(w->side[k].party, w->now) > 0;
	}
	print_message("in haste: %zu and %zu of 200\n", hasty[0], hasty[1]);
	CHECK(reader->got > 300 * 1024);
	EQ(hasty[0], 0);
	EQ(hasty[1], 0);
	nothing_was_reset(w);
	world_free(w);
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(small_frames_are_in_haste_for_a_moment),
		cmocka_unit_test(a_link_that_carries_bulk_is_not_in_haste),
		cmocka_unit_test(
		    bulk_leaves_room_to_those_in_haste_and_takes_it_again),
		cmocka_unit_test(
		    bulk_keeps_the_path_however_long_others_are_in_haste),
		cmocka_unit_test(
		    what_finds_no_room_in_the_batch_goes_in_the_next_turn),
		cmocka_unit_test(bulk_does_not_make_room_for_bulk),
		cmocka_unit_test(who_reads_slowly_is_not_in_haste),
	};

	return RUN(tests);
}

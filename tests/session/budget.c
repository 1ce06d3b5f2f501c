/*
 * The memory of many links: leases by themselves, and 64 flows in virtual time
 * that share one budget on either side, over a path of 20 ms each way.
 */
#include "session/flowing.h"

#include "session/budget.h"

enum { MIB = 1 << 20, ALL = 32 * MIB, LINKS = 64, HOP = 20 * MS };

static void
grow_all(struct lease *l)
{
	while (lease_grow(l))
		;
}

static void
one_alone_gets_all_it_may_have(void **state)
{
	struct budget	 b;
	struct lease	 l[LINKS];

	(void)state;
	budget_init(&b, ALL);
	for (int i = 0; i < LINKS; i++)
		lease_init(&l[i], &b, 4 * MIB);
	EQ(b.held, LINKS * LEASE_LEAST);
	grow_all(&l[7]);
	EQ(l[7].size, 4 * MIB);
	for (int i = 0; i < LINKS; i++)
		lease_fini(&l[i]);
	EQ(b.held, 0);
}

static void
a_lease_without_a_budget_has_no_other_bound(void **state)
{
	struct lease	 l;

	(void)state;
	lease_init(&l, NULL, 3 * MIB);
	grow_all(&l);
	EQ(l.size, 3 * MIB);
	EQ(lease_due(&l), 3 * MIB);
	lease_fini(&l);
}

/* Whatever many take, there is some for one that comes. */
static void
many_take_no_more_than_all_and_leave_a_part(void **state)
{
	struct budget	 b;
	struct lease	 l[LINKS + 1];

	(void)state;
	budget_init(&b, ALL);
	for (int i = 0; i <= LINKS; i++)
		lease_init(&l[i], &b, 4 * MIB);
	for (int round = 0; round < 10; round++)
		for (int i = 0; i < LINKS; i++) {
			lease_grow(&l[i]);
			CHECK(b.held <= b.most);
		}
	for (int i = 0; i < LINKS; i++)
		CHECK(l[i].size >= 4 * LEASE_LEAST);
	CHECK(lease_grow(&l[LINKS]));
	CHECK(lease_grow(&l[LINKS]));
	CHECK(b.held <= b.most);
}

/* Who came first has much, until the others make it give some back. */
static void
what_one_had_alone_it_shares_when_others_come(void **state)
{
	struct budget	 b;
	struct lease	 l[LINKS];
	size_t		 least = SIZE_MAX, most = 0;

	(void)state;
	budget_init(&b, ALL);
	for (int i = 0; i < LINKS; i++)
		lease_init(&l[i], &b, 4 * MIB);
	for (int i = 0; i < 5; i++)
		grow_all(&l[i]);
	for (int round = 0; round < 20; round++)
		for (int i = 0; i < LINKS; i++) {
			if (lease_due(&l[i]) < l[i].size)
				lease_set(&l[i], lease_due(&l[i]));
			else
				lease_grow(&l[i]);
			CHECK(b.held <= b.most);
		}
	for (int i = 0; i < LINKS; i++) {
		least = l[i].size < least ? l[i].size : least;
		most = l[i].size > most ? l[i].size : most;
	}
	CHECK(most <= 4 * least);
	CHECK(least >= 2 * LEASE_LEAST);
}

static void
with_too_little_for_all_each_has_the_least(void **state)
{
	struct budget	 b;
	struct lease	 l[4];

	(void)state;
	budget_init(&b, 3 * LEASE_LEAST);
	for (int i = 0; i < 4; i++)
		lease_init(&l[i], &b, 4 * MIB);
	CHECK(!lease_grow(&l[0]));
	EQ(lease_due(&l[0]), LEASE_LEAST);
}

/* Flows */

struct frame {
	struct frame	*next;
	uint64_t	 at;
	size_t		 n;
	uint8_t		 b[];
};

struct path {
	struct frame	*first, **last;
};

struct pair {
	struct flow	*up, *down;	/* one way: up sends */
	struct path	 there, back;
	bool		 busy, stopped;
	uint64_t	 got, told;	/* the limit, as it went out */
	uint64_t	 said;
};

struct many {
	struct budget	 up, down;
	struct pair	 p[LINKS];
	uint64_t	 now;
	uint64_t	 promised;	/* the most there ever was, of all */
};

static void
put_frame(struct path *w, uint64_t at, const struct hlnk2 *h)
{
	size_t		 n = HLNK2_HEAD + 8 + h->payload.n;
	struct frame	*f = malloc(sizeof(*f) + n);
	struct wr	 wr = wr_of(f->b, n);

	hlnk2_encode_head(&wr, h);
	wr_bytes(&wr, h->payload.p, h->payload.n);
	*f = (struct frame){ .at = at, .n = wr.n };
	*w->last = f;
	w->last = &f->next;
}

static void
pull(struct many *m, struct pair *p)
{
	struct flow_event	 ev;

	while (flow_event(p->down, m->now, &ev)) {
		EQ(ev.type, FLOW_EV_WRITE);
		if (p->stopped) {
			flow_wrote(p->down, m->now, 0);
			break;
		}
		p->got += ev.data.n;
		flow_wrote(p->down, m->now, ev.data.n);
	}
	while (flow_event(p->up, m->now, &ev))
		fail_msg("nothing is sent to this side");
}

static void
arrive(struct many *m, struct pair *p, struct path *w, struct flow *to)
{
	struct frame	*f;

	while ((f = w->first) != NULL && f->at <= m->now) {
		w->first = f->next;
		if (w->first == NULL)
			w->last = &w->first;
		CHECK(flow_input(to, m->now, f->b, f->n));
		pull(m, p);
		flow_pending(to);
		free(f);
	}
}

static void
say_all(struct many *m, struct pair *p)
{
	struct span	 s;

	while (p->busy && (s = flow_space(p->up)).n > 0) {
		memset(s.p, 'x', s.n);
		p->said += s.n;
		flow_filled(p->up, m->now, s.n);
	}
}

static void
pair_turn(struct many *m, struct pair *p)
{
	struct hlnk2	 h;

	arrive(m, p, &p->there, p->down);
	arrive(m, p, &p->back, p->up);
	while (!p->stopped && flow_pending(p->down).n > 0) {
		h.payload = flow_pending(p->down);
		p->got += h.payload.n;
		flow_wrote(p->down, m->now, h.payload.n);
	}
	pull(m, p);
	say_all(m, p);
	while (flow_control(p->down, m->now, &h)) {
		if (h.type == HLNK_ACK && h.limit > p->told)
			p->told = h.limit;
		put_frame(&p->back, m->now + HOP, &h);
		flow_sent(p->down, m->now, &h);
	}
	while (flow_control(p->up, m->now, &h))
		flow_sent(p->up, m->now, &h);
	while (flow_data(p->up, m->now, 60000, &h)) {
		put_frame(&p->there, m->now + HOP, &h);
		flow_sent(p->up, m->now, &h);
	}
}

/* What is promised is counted here, from what the peer was told. */
static void
check_bounds(struct many *m)
{
	struct flow_stats	 st;
	uint64_t		 promised = 0, read = 0;

	for (int i = 0; i < LINKS; i++) {
		promised += m->p[i].told - m->p[i].got;
		flow_stats(m->p[i].up, &st);
		read += st.up_bytes;
	}
	CHECK(promised <= m->down.most);
	CHECK(read <= m->up.most);
	if (promised > m->promised)
		m->promised = promised;
}

static void
many_run(struct many *m, uint64_t time)
{
	for (uint64_t end = m->now + time; m->now < end; m->now += MS) {
		for (int i = 0; i < LINKS; i++)
			pair_turn(m, &m->p[i]);
		check_bounds(m);
	}
}

static struct many *
many_new(size_t memory)
{
	struct many		*m = calloc(1, sizeof(*m));
	struct flow_conf	 up = { .budget = &m->up };
	struct flow_conf	 down = { .budget = &m->down };

	budget_init(&m->up, memory);
	budget_init(&m->down, memory);
	m->now = T0;
	for (int i = 0; i < LINKS; i++) {
		struct pair	*p = &m->p[i];

		p->up = flow_new(&up);
		p->down = flow_new(&down);
		p->there.last = &p->there.first;
		p->back.last = &p->back.first;
		p->told = FLOW_INITIAL;
		flow_attach(p->up, T0 - SEC);
		flow_attach(p->down, T0 - SEC);
	}
	return m;
}

static void
drop(struct path *w)
{
	struct frame	*f;

	while ((f = w->first) != NULL) {
		w->first = f->next;
		free(f);
	}
}

static void
many_free(struct many *m)
{
	for (int i = 0; i < LINKS; i++) {
		flow_free(m->p[i].up);
		flow_free(m->p[i].down);
		drop(&m->p[i].there);
		drop(&m->p[i].back);
	}
	EQ(m->up.held + m->down.held, 0);
	free(m);
}

static void
all_busy(struct many *m, bool busy)
{
	for (int i = 0; i < LINKS; i++)
		m->p[i].busy = busy;
}

/* Bytes that arrived in a second. */
static uint64_t
second_of(struct many *m, int i)
{
	uint64_t	 before = m->p[i].got;

	many_run(m, SEC);
	return m->p[i].got - before;
}

/* A window in each round trip, and all of it after a few. */
static void
a_link_busy_alone_has_the_whole_window(void **state)
{
	struct many	*m = many_new(ALL);

	(void)state;
	m->p[9].busy = true;
	many_run(m, SEC);
	CHECK(second_of(m, 9) > 22 * (uint64_t)FLOW_WINDOW);
	many_free(m);
}

static void
all_links_busy_at_once_stay_within_the_bound_and_go_on(void **state)
{
	struct many	*m = many_new(ALL);
	uint64_t	 least = UINT64_MAX, most = 0, n;

	(void)state;
	all_busy(m, true);
	many_run(m, 2 * SEC);
	CHECK(m->promised > ALL / 2);
	for (int i = 0; i < LINKS; i++) {
		n = m->p[i].got;
		least = n < least ? n : least;
		most = n > most ? n : most;
	}
	CHECK(least > 40 * 2 * FLOW_INITIAL);
	CHECK(most <= 4 * least);
	many_free(m);
}

/* It had all there is, and leaves most of it to the others. */
static void
a_link_shrinks_when_the_others_begin_and_grows_when_they_end(void **state)
{
	struct many		*m = many_new(ALL / 2);
	struct flow_stats	 st;

	(void)state;
	m->p[0].busy = true;
	many_run(m, SEC);
	flow_stats(m->p[0].down, &st);
	EQ(st.down_window, FLOW_WINDOW);
	all_busy(m, true);
	many_run(m, 2 * SEC);
	flow_stats(m->p[0].down, &st);
	CHECK(st.down_window <= FLOW_WINDOW / 8);
	CHECK(second_of(m, 63) > 20 * FLOW_INITIAL);
	for (int i = 1; i < LINKS; i++) {
		m->p[i].busy = false;
		flow_abort(m->p[i].up, m->now, "the application has gone");
		flow_abort(m->p[i].down, m->now, "the application has gone");
		flow_free(m->p[i].up);
		flow_free(m->p[i].down);
		m->p[i].up = flow_new(&(struct flow_conf){
			.budget = &m->up });
		m->p[i].down = flow_new(&(struct flow_conf){
			.budget = &m->down });
		drop(&m->p[i].there);
		drop(&m->p[i].back);
		m->p[i].there.last = &m->p[i].there.first;
		m->p[i].back.last = &m->p[i].back.first;
		m->p[i].got = 0;
		m->p[i].told = FLOW_INITIAL;
	}
	many_run(m, SEC);
	flow_stats(m->p[0].down, &st);
	EQ(st.down_window, FLOW_WINDOW);
	many_free(m);
}

/* Half of them do not read: they hold what they have, the others go on. */
static void
slow_readers_take_nothing_from_the_others(void **state)
{
	struct many	*m = many_new(ALL);

	(void)state;
	all_busy(m, true);
	many_run(m, SEC);
	for (int i = 0; i < LINKS; i += 2)
		m->p[i].stopped = true;
	many_run(m, SEC);
	for (int i = 1; i < LINKS; i += 16)
		CHECK(second_of(m, i) > 20 * FLOW_INITIAL);
	for (int i = 0; i < LINKS; i += 2)
		m->p[i].stopped = false;
	CHECK(second_of(m, 0) > 20 * FLOW_INITIAL);
	many_free(m);
}

/* A little at a time never needs more than the least. */
static void
a_link_that_moves_little_does_not_grow(void **state)
{
	struct many		*m = many_new(ALL);
	struct flow_stats	 st;

	(void)state;
	for (int i = 0; i < 600; i++) {
		say(m->p[3].up, m->now, "a few bytes now and then");
		many_run(m, 5 * MS);
	}
	flow_stats(m->p[3].down, &st);
	EQ(st.down_window, LEASE_LEAST);
	flow_stats(m->p[3].up, &st);
	EQ(st.up_window, LEASE_LEAST);
	many_free(m);
}

static void
memory_that_nothing_is_in_goes_after_a_second(void **state)
{
	struct many		*m = many_new(ALL);
	struct flow_stats	 st;

	(void)state;
	m->p[0].busy = true;
	many_run(m, SEC);
	m->p[0].busy = false;
	many_run(m, 2 * HOP + FLOW_ACK_DELAY + 2 * MS);
	flow_stats(m->p[0].up, &st);
	EQ(st.up_bytes, 0);
	EQ(st.up_window, FLOW_WINDOW);
	many_run(m, FLOW_KEEP);
	flow_stats(m->p[0].up, &st);
	EQ(st.up_window, LEASE_LEAST);
	EQ(m->up.held, LINKS * 2 * LEASE_LEAST);
	/* What was promised is still: the peer may use it at any time. */
	flow_stats(m->p[0].down, &st);
	EQ(st.down_window, FLOW_WINDOW);
	m->p[0].busy = true;
	many_run(m, SEC);
	many_free(m);
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(one_alone_gets_all_it_may_have),
		cmocka_unit_test(a_lease_without_a_budget_has_no_other_bound),
		cmocka_unit_test(many_take_no_more_than_all_and_leave_a_part),
		cmocka_unit_test(
		    what_one_had_alone_it_shares_when_others_come),
		cmocka_unit_test(with_too_little_for_all_each_has_the_least),
		cmocka_unit_test(a_link_busy_alone_has_the_whole_window),
		cmocka_unit_test(
		    all_links_busy_at_once_stay_within_the_bound_and_go_on),
		cmocka_unit_test(
		a_link_shrinks_when_the_others_begin_and_grows_when_they_end),
		cmocka_unit_test(slow_readers_take_nothing_from_the_others),
		cmocka_unit_test(a_link_that_moves_little_does_not_grow),
		cmocka_unit_test(
		    memory_that_nothing_is_in_goes_after_a_second),
	};

	return RUN(tests);
}

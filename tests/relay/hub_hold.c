#include "relay/rig.h"

static void
a_slow_receiver_holds_its_sender_and_nobody_else(void **state)
{
	struct hub	*h = new_hub();
	int		 a = join(h, "alice@x.io"), b = join(h, "bob@x.io"),
			 c = join(h, "carl@x.io"), a2 = join(h, "alice@x.io");
	struct msg	 d = a_data(SID, 1, 60000),
			 other = a_data("other-sid", 1, 60000),
			 open = an_open("other-sid", TCP, "carl@x.io"),
			 accept = of(MSG_ACCEPT, "other-sid");
	size_t		 sent = 0;

	(void)state;
	accepted_session(h, a, b, SID);
	CHECK(say(h, a2, &open));
	CHECK(say(h, c, &accept));
	for (; say(h, a, &d); sent++)
		d.seq++;
	CHECK(sent >= HUB_OUTPUT_SOFT / 60000);
	CHECK(queued[b] <= HUB_OUTPUT_SOFT + 61000);
	expect(h, a2, &other, "2:data(1) ");
	EQ(hub_ready(h), -1);

	queued[b] = HUB_OUTPUT_SOFT - 1;
	hub_queued(h, b, queued[b]);
	EQ(hub_ready(h), -1);
	queued[b] = HUB_OUTPUT_SOFT / 2;
	hub_queued(h, b, queued[b]);
	EQ(hub_ready(h), a);
	EQ(hub_ready(h), -1);
	out[0] = '\0';
	CHECK(say(h, a, &d));
	CHECK(strncmp(out, "1:data(", 7) == 0);
	hub_free(h);
}


static void
control_messages_pass_a_receiver_that_takes_no_more_data(void **state)
{
	struct hub	*h = new_hub();
	int		 a = join(h, "alice@x.io"), b = join(h, "bob@x.io");
	struct msg	 d = a_data(SID, 1, 60000), m = a_signal(SID, "x");

	(void)state;
	accepted_session(h, a, b, SID);
	hub_queued(h, b, HUB_OUTPUT_SOFT + 1);
	CHECK(!say(h, a, &d));
	expect(h, a, &m, "1:signal(x) ");
	hub_queued(h, b, HUB_OUTPUT_MAX);
	CHECK(!say(h, a, &m));
	hub_queued(h, b, HUB_OUTPUT_MAX - 1000);
	EQ(hub_ready(h), a);
	CHECK(say(h, a, &m));
	hub_free(h);
}


/* Each would stop reading the other for ever; they get the memory to go on. */
static void
two_that_hold_each_other_come_apart(void **state)
{
	struct hub	*h = new_hub();
	int		 a = join(h, "alice@x.io"), b = join(h, "bob@x.io");
	struct msg	 ab = a_data("a-to-bob", 1, 60000),
			 ba = a_data("b-to-alice", 1, 60000), m;

	(void)state;
	accepted_session(h, a, b, "a-to-bob");
	m = an_open("b-to-alice", "bob@x.io/0_to_1/stream.tcp.request", "");
	CHECK(say(h, b, &m));
	m = of(MSG_ACCEPT, "b-to-alice");
	CHECK(say(h, a, &m));

	queued[a] = queued[b] = HUB_OUTPUT_SOFT + 1;
	hub_queued(h, a, queued[a]);
	hub_queued(h, b, queued[b]);
	CHECK(!say(h, a, &ab));		/* a waits for b's output */
	EQ(hub_ready(h), -1);
	CHECK(say(h, b, &ba));		/* and b need not wait for a's */
	for (int i = 0; i < 100; i++)
		CHECK(say(h, b, &ba));
	while (say(h, b, &ba))
		;			/* until memory ends */
	CHECK(queued[a] <= HUB_OUTPUT_MAX);
	EQ(hub_ready(h), a);		/* now b waits: a may go on */
	CHECK(say(h, a, &ab));
	while (say(h, a, &ab))
		;
	CHECK(queued[b] <= HUB_OUTPUT_MAX);
	for (int i = 0; i < 4; i++) {	/* and nobody spins */
		int	 c = hub_ready(h);

		if (c == -1)
			break;
		CHECK(i < 3);
		CHECK(!say(h, c, c == a ? &ab : &ba));
	}
	EQ(hub_ready(h), -1);

	hub_queued(h, a, 0);
	EQ(hub_ready(h), b);
	CHECK(say(h, b, &ba));
	hub_queued(h, b, 0);
	EQ(hub_ready(h), a);
	CHECK(say(h, a, &ab));
	hub_free(h);
}


static void
one_who_does_not_read_its_answers_is_held_by_itself(void **state)
{
	struct hub	*h = new_hub();
	int		 a = join(h, "alice@x.io");
	struct msg	 d = a_data(SID, 1, 5);

	(void)state;
	while (say(h, a, &d))
		out[0] = '\0';
	CHECK(queued[a] <= HUB_OUTPUT_MAX);
	hub_queued(h, a, 0);
	EQ(hub_ready(h), a);
	CHECK(say(h, a, &d));
	hub_free(h);
}


static void
a_receiver_that_leaves_frees_those_it_held(void **state)
{
	struct hub	*h = new_hub();
	int		 a = join(h, "alice@x.io"), b = join(h, "bob@x.io");
	struct msg	 d = a_data(SID, 1, 5);

	(void)state;
	accepted_session(h, a, b, SID);
	hub_queued(h, b, HUB_OUTPUT_MAX);
	CHECK(!say(h, a, &d));
	hub_leave(h, b);
	EQ(hub_ready(h), a);
	expect(h, a, &d, "0:reject(" UNKNOWN ") ");
	hub_free(h);
}


static void
a_held_sender_that_leaves_is_forgotten(void **state)
{
	struct hub	*h = new_hub();
	int		 a = join(h, "alice@x.io"), b = join(h, "bob@x.io");
	struct msg	 d = a_data(SID, 1, 5);

	(void)state;
	accepted_session(h, a, b, SID);
	hub_queued(h, b, HUB_OUTPUT_MAX);
	CHECK(!say(h, a, &d));
	hub_queued(h, b, 0);
	hub_leave(h, a);
	EQ(hub_ready(h), -1);
	hub_free(h);
}


static void
the_largest_message_passes_and_what_outgrows_it_is_refused(void **state)
{
	struct hub	*h = new_hub();
	int		 a = join(h, "alice@x.io"), b, j;
	struct msg	 d = a_data(SID, 1, WS_MESSAGE_MAX - 1000);

	(void)state;
	b = join(h, "bob@x.io");
	accepted_session(h, a, b, SID);
	hub_queued(h, b, HUB_OUTPUT_SOFT);
	expect(h, a, &d, "1:data(1) ");
	hub_leave(h, b);
	j = hub_join(h, "bob@x.io", MSG_JSON);
	drain(h);
	accepted_session(h, a, j, SID);
	expect(h, a, &d, "0:error(413) ");
	d = a_signal(SID, "x");
	d.token.p = a_data(SID, 1, 0).payload.p;
	d.token.n = WS_MESSAGE_MAX / 4;		/* of bytes like \u0000 */
	expect(h, a, &d, "0:error(413) ");
	hub_free(h);
}


static void
no_failing_allocation_does_harm(void **state)
{
	bool	 hit = true;

	(void)state;
	for (size_t nth = 1; hit; nth++) {
		struct hub	*h;
		struct msg	 m = an_open(SID, TCP, "");
		int		 a, b;

		oom_after(nth);
		h = new_hub();
		if (h != NULL) {
			a = join(h, "alice@x.io");
			b = join(h, "bob@x.io");
			CHECK(say(h, a, &m));
			m = of(MSG_ACCEPT, SID);
			CHECK(say(h, b, &m));
			hub_leave(h, a);
		}
		hit = oom_hit();
		oom_after(0);
		hub_free(h);
	}
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(
		    a_slow_receiver_holds_its_sender_and_nobody_else),
		cmocka_unit_test(
		    control_messages_pass_a_receiver_that_takes_no_more_data),
		cmocka_unit_test(two_that_hold_each_other_come_apart),
		cmocka_unit_test(
		    one_who_does_not_read_its_answers_is_held_by_itself),
		cmocka_unit_test(a_receiver_that_leaves_frees_those_it_held),
		cmocka_unit_test(a_held_sender_that_leaves_is_forgotten),
		cmocka_unit_test(
		    the_largest_message_passes_and_what_outgrows_it_is_refused),
		cmocka_unit_test(no_failing_allocation_does_harm),
	};

	return RUN(tests);
}

#include "relay/rig.h"

static void
the_first_message_is_system_ok(void **state)
{
	struct hub	*h = new_hub();

	(void)state;
	EQ(hub_join(h, "alice@x.io", MSG_JSON), 0);
	drain(h);
	STREQ(out, "0:system(ok) ");
	hub_free(h);
}


static void
an_open_reaches_who_may_read_and_is_not_the_opener(void **state)
{
	struct hub	*h = new_hub();
	int		 a = join(h, "alice@x.io");
	struct msg	 m = an_open(SID, TCP, "");

	(void)state;
	join(h, "bob@x.io");
	join(h, "eve@x.io");
	join(h, "alice@x.io");
	join(h, "bob@x.io");
	m.from = span_of("forged@x.io");
	expect(h, a, &m, "1:open(alice@x.io->) 4:open(alice@x.io->) ");
	hub_free(h);
}


static void
an_open_with_an_addressee_reaches_only_it(void **state)
{
	struct hub	*h = new_hub();
	int		 a = join(h, "alice@x.io");
	struct msg	 m = an_open(SID, TCP, " carl@x.io ");

	(void)state;
	join(h, "bob@x.io");
	join(h, "carl@x.io");
	expect(h, a, &m, "2:open(alice@x.io->carl@x.io) ");
	m = an_open(SID, TCP, "alice@x.io");
	expect(h, a, &m, "1:open(alice@x.io->) 2:open(alice@x.io->) ");
	hub_free(h);
}


static void
an_open_needs_write_for_itself_and_read_for_the_addressee(void **state)
{
	struct hub	*h = new_hub();
	int		 a = join(h, "alice@x.io"), b = join(h, "bob@x.io");
	struct msg	 m = an_open(SID, TCP, "");

	(void)state;
	expect(h, b, &m, "1:reject(" DENIED ") ");
	no_reading = "bob@x.io";
	m = an_open(SID, TCP, "bob@x.io");
	expect(h, a, &m, "0:reject(" DENIED ") ");
	EQ(sessions(h), 0);
	hub_free(h);
}


static void
an_open_nobody_got_is_said_to_be_so(void **state)
{
	struct hub	*h = new_hub();
	int		 a = join(h, "alice@x.io");
	struct msg	 m = an_open(SID, TCP, "bob@x.io");

	(void)state;
	expect(h, a, &m, "0:error(404) ");
	EQ(sessions(h), 1);
	join(h, "bob@x.io");
	expect(h, a, &m, "1:open(alice@x.io->bob@x.io) ");
	hub_free(h);
}


static void
hostile_opens_are_refused(void **state)
{
	static const char *const	 sids[] = { "", "short", "has space",
	    "../../../etc", ("1234567890123456789012345678901234567890"
	    "1234567890123456789012345") };
	static const char *const	 paths[] = { "", "/etc/x", "../x",
	    "alice@x.io/../x", "alice@x.io//x", "alice/x",
	    "alice@x.io/a\\b" };
	struct hub			*h = new_hub();
	int				 a = join(h, "alice@x.io");
	struct msg			 m;
	char				 big[2000];

	(void)state;
	join(h, "bob@x.io");
	for (size_t i = 0; i < sizeof(sids) / sizeof(sids[0]); i++) {
		m = an_open(sids[i], TCP, "");
		expect(h, a, &m, "0:error(400) ");
	}
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		m = an_open(SID, paths[i], "");
		expect(h, a, &m, "0:error(400) ");
	}
	memset(big, 'x', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	memcpy(big, "alice@x.io/", 11);
	m = an_open(SID, big, "");
	expect(h, a, &m, "0:error(400) ");
	m = an_open(SID, TCP, big);
	expect(h, a, &m, "0:error(400) ");
	EQ(sessions(h), 0);
	hub_free(h);
}


static void
a_session_cannot_be_taken_over(void **state)
{
	struct hub	*h = new_hub();
	int		 a = join(h, "alice@x.io"), b = join(h, "bob@x.io");
	struct msg	 m;

	(void)state;
	accepted_session(h, a, b, SID);
	m = an_open(SID, "bob@x.io/p/0_to_1/stream.tcp.request", "");
	expect(h, b, &m, "1:reject(" DENIED ") ");
	m = a_data(SID, 1, 5);
	expect(h, a, &m, "1:data(1) ");
	hub_free(h);
}


static void
accept_goes_to_the_opener_and_data_to_the_acceptor(void **state)
{
	struct hub	*h = new_hub();
	int		 a = join(h, "alice@x.io"), b = join(h, "bob@x.io");
	struct msg	 m = an_open(SID, TCP, "");

	(void)state;
	CHECK(say(h, a, &m));
	m = of(MSG_ACCEPT, SID);
	expect(h, b, &m, "0:accept() ");
	for (uint64_t i = 1; i < 4; i++) {
		char	 want[32];

		m = a_data(SID, i, 100);
		snprintf(want, sizeof(want), "1:data(%d) ", (int)i);
		expect(h, a, &m, want);
	}
	hub_free(h);
}


static void
the_checks_of_an_accept_are_made_in_their_order(void **state)
{
	struct hub	*h = new_hub();
	int		 a = join(h, "alice@x.io"), b = join(h, "bob@x.io"),
			 c = join(h, "carl@x.io"), e = join(h, "eve@x.io");
	struct msg	 accept = of(MSG_ACCEPT, SID), m;

	(void)state;
	expect(h, b, &accept, "1:reject(" UNKNOWN ") ");
	m = an_open(SID, TCP, "bob@x.io");
	CHECK(say(h, a, &m));
	expect(h, a, &accept, "");
	expect(h, c, &accept, "2:reject(" DENIED ") ");
	m = an_open("other-sid", TCP, "");
	CHECK(say(h, a, &m));
	accept = of(MSG_ACCEPT, "other-sid");
	expect(h, e, &accept, "3:reject(" DENIED ") ");
	expect(h, b, &accept, "0:accept() ");
	expect(h, c, &accept, "2:reject(already accepted) ");
	expect(h, b, &accept, "0:accept() ");
	hub_free(h);
}


static void
paths_that_are_not_tcp_may_have_several_acceptors(void **state)
{
	struct hub	*h = new_hub();
	int		 a = join(h, "alice@x.io"), b = join(h, "bob@x.io"),
			 c = join(h, "carl@x.io");
	struct msg	 accept = of(MSG_ACCEPT, SID), m;

	(void)state;
	m = an_open(SID, FILES, "");
	CHECK(say(h, a, &m));
	expect(h, b, &accept, "0:accept() ");
	expect(h, c, &accept, "0:accept() ");
	m = a_data(SID, 1, 5);
	out[0] = '\0';
	CHECK(say(h, a, &m));
	CHECK(strstr(out, "1:data(1) ") != NULL);
	CHECK(strstr(out, "2:data(1) ") != NULL);
	hub_free(h);
}


static void
only_those_who_could_accept_may_reject(void **state)
{
	struct hub	*h = new_hub();
	int		 a = join(h, "alice@x.io"), b = join(h, "bob@x.io"),
			 c = join(h, "carl@x.io"), e = join(h, "eve@x.io");
	struct msg	 r = of(MSG_REJECT, SID), m;

	(void)state;
	r.reason = span_of("ipc unavailable");
	expect(h, b, &r, "");
	m = an_open(SID, TCP, "");
	CHECK(say(h, a, &m));
	expect(h, e, &r, "3:error(403) ");
	expect(h, a, &r, "");
	expect(h, b, &r, "0:reject(ipc unavailable) ");
	m = of(MSG_ACCEPT, SID);
	CHECK(say(h, b, &m));
	expect(h, c, &r, "2:error(403) ");
	expect(h, b, &r, "0:reject(ipc unavailable) ");
	hub_free(h);
}


static void
data_of_anybody_but_the_openers_user_is_refused(void **state)
{
	struct hub	*h = new_hub();
	int		 a = join(h, "alice@x.io"), b = join(h, "bob@x.io"),
			 a2 = join(h, "alice@x.io");
	struct msg	 m = a_data(SID, 1, 5);

	(void)state;
	expect(h, a, &m, "0:reject(" UNKNOWN ") ");
	accepted_session(h, a, b, SID);
	expect(h, b, &m, "1:error(403) ");
	expect(h, a2, &m, "1:data(1) ");
	hub_free(h);
}


static void
data_nobody_can_get_is_said_to_be_lost_once_per_loss(void **state)
{
	struct hub	*h = new_hub();
	int		 a = join(h, "alice@x.io"), b = join(h, "bob@x.io");
	struct msg	 m = an_open(SID, TCP, ""), d = a_data(SID, 1, 5),
			 accept = of(MSG_ACCEPT, SID);

	(void)state;
	CHECK(say(h, a, &m));
	expect(h, a, &d, "0:reject(" UNKNOWN ") ");
	expect(h, a, &d, "");
	expect(h, b, &accept, "0:accept() ");
	expect(h, a, &d, "1:data(1) ");
	hub_leave(h, b);
	expect(h, a, &d, "0:reject(" UNKNOWN ") ");
	hub_free(h);
}


static void
reading_taken_back_ends_the_data(void **state)
{
	struct hub	*h = new_hub();
	int		 a = join(h, "alice@x.io"), b = join(h, "bob@x.io");
	struct msg	 d = a_data(SID, 1, 5);

	(void)state;
	accepted_session(h, a, b, SID);
	expect(h, a, &d, "1:data(1) ");
	no_reading = "bob@x.io";
	expect(h, a, &d, "0:reject(" UNKNOWN ") ");
	hub_free(h);
}


static void
the_openers_close_ends_the_session_for_all(void **state)
{
	struct hub	*h = new_hub();
	int		 a = join(h, "alice@x.io"), b = join(h, "bob@x.io");
	struct msg	 m = of(MSG_CLOSE, SID);

	(void)state;
	expect(h, a, &m, "");
	accepted_session(h, a, b, SID);
	m.reason = span_of("eof");
	expect(h, a, &m, "1:close(eof) ");
	EQ(sessions(h), 0);
	m = a_data(SID, 1, 5);
	expect(h, a, &m, "0:reject(" UNKNOWN ") ");
	hub_free(h);
}


static void
a_close_counts_for_its_acceptor_and_not_from_a_stranger(void **state)
{
	struct hub	*h = new_hub();
	int		 a = join(h, "alice@x.io"), b = join(h, "bob@x.io"),
			 c = join(h, "carl@x.io");
	struct msg	 m = of(MSG_CLOSE, SID), d = a_data(SID, 1, 5);

	(void)state;
	accepted_session(h, a, b, SID);
	expect(h, c, &m, "2:error(403) ");
	expect(h, a, &d, "1:data(1) ");
	expect(h, b, &m, "0:close() ");
	EQ(sessions(h), 1);
	expect(h, a, &d, "0:reject(" UNKNOWN ") ");
	hub_free(h);
}


static void
signals_cross_between_opener_and_acceptor_only(void **state)
{
	struct hub	*h = new_hub();
	int		 a = join(h, "alice@x.io"), b = join(h, "bob@x.io"),
			 c = join(h, "carl@x.io");
	struct msg	 m = a_signal(SID, "hlc_private");

	(void)state;
	expect(h, a, &m, "0:signal(quic_error) ");
	accepted_session(h, a, b, SID);
	expect(h, a, &m, "1:signal(hlc_private) ");
	expect(h, b, &m, "0:signal(hlc_private) ");
	expect(h, c, &m, "2:error(403) ");
	hub_free(h);
}


static void
an_opener_that_is_back_opens_again_and_goes_on(void **state)
{
	struct hub	*h = new_hub();
	int		 a = join(h, "alice@x.io"), b = join(h, "bob@x.io");
	struct msg	 open = an_open(SID, TCP, ""), m;

	(void)state;
	accepted_session(h, a, b, SID);
	hub_leave(h, a);
	EQ(sessions(h), 1);
	m = a_signal(SID, "sdp_offer");
	expect(h, b, &m, "1:signal(quic_error) ");
	a = join(h, "alice@x.io");
	expect(h, a, &open, "1:open(alice@x.io->) ");
	m = of(MSG_ACCEPT, SID);
	expect(h, b, &m, "0:accept() ");
	m = a_signal(SID, "sdp_offer");
	expect(h, b, &m, "0:signal(sdp_offer) ");
	m = a_data(SID, 2, 5);
	expect(h, a, &m, "1:data(2) ");
	hub_free(h);
}


static void
an_acceptor_that_is_back_accepts_again_and_goes_on(void **state)
{
	struct hub	*h = new_hub();
	int		 a = join(h, "alice@x.io"), b = join(h, "bob@x.io"), b2;
	struct msg	 accept = of(MSG_ACCEPT, SID), d = a_data(SID, 1, 5);

	(void)state;
	accepted_session(h, a, b, SID);
	hub_leave(h, b);
	b2 = join(h, "bob@x.io");
	expect(h, b2, &accept, "0:accept() ");
	expect(h, a, &d, "1:data(1) ");
	hub_free(h);
}


static void
a_newer_connection_takes_the_place_of_a_dead_one(void **state)
{
	struct hub	*h = new_hub();
	int		 a = join(h, "alice@x.io"), b = join(h, "bob@x.io"),
			 b2 = join(h, "bob@x.io");
	struct msg	 accept = of(MSG_ACCEPT, SID), d = a_data(SID, 1, 5);

	(void)state;
	accepted_session(h, a, b, SID);
	hub_queued(h, b, HUB_OUTPUT_MAX);	/* dead: nothing drains */
	CHECK(!say(h, a, &d));
	expect(h, b2, &accept, "0:accept() ");
	EQ(hub_ready(h), a);
	expect(h, a, &d, "2:data(1) ");
	hub_free(h);
}


static void
an_open_with_another_path_starts_afresh(void **state)
{
	struct hub	*h = new_hub();
	int		 a = join(h, "alice@x.io"), b = join(h, "bob@x.io");
	struct msg	 d = a_data(SID, 1, 5), m;

	(void)state;
	accepted_session(h, a, b, SID);
	m = an_open(SID, FILES, "");
	expect(h, a, &m, "1:open(alice@x.io->) ");
	EQ(sessions(h), 1);
	expect(h, a, &d, "0:reject(" UNKNOWN ") ");
	hub_free(h);
}


static void
sessions_are_reclaimed_when_both_sides_are_gone(void **state)
{
	struct hub	*h = new_hub();
	int		 a = join(h, "alice@x.io"), b = join(h, "bob@x.io");
	struct msg	 m = an_open("not-accepted", TCP, "");

	(void)state;
	accepted_session(h, a, b, SID);
	CHECK(say(h, a, &m));
	EQ(sessions(h), 2);
	hub_leave(h, a);
	EQ(sessions(h), 1);
	hub_leave(h, b);
	EQ(sessions(h), 0);
	hub_free(h);
}


static void
the_sessions_of_a_user_are_bounded_but_orphans_make_room(void **state)
{
	struct hub	*h = new_hub();
	int		 a = join(h, "alice@x.io"), b = join(h, "bob@x.io");
	struct msg	 m;
	char		 sid[32];

	(void)state;
	for (int i = 0; i < HUB_USER_SESSIONS; i++) {
		snprintf(sid, sizeof(sid), "session-%d", i);
		accepted_session(h, a, b, sid);
		queued[a] = queued[b] = 0;
	}
	m = an_open("one-more-of-them", TCP, "");
	expect(h, a, &m, "0:reject(too many sessions) ");
	hub_leave(h, a);
	EQ(sessions(h), HUB_USER_SESSIONS);
	a = join(h, "alice@x.io");
	expect(h, a, &m, "1:open(alice@x.io->) ");
	EQ(sessions(h), HUB_USER_SESSIONS);
	hub_free(h);
}


static void
one_user_does_not_fill_the_hub(void **state)
{
	struct hub	*h = new_hub();

	(void)state;
	for (int i = 0; i < HUB_USER_CONNS; i++)
		EQ(join(h, "bob@x.io"), i);
	EQ(hub_join(h, "bob@x.io", MSG_JSON), -1);
	EQ(join(h, "alice@x.io"), HUB_USER_CONNS);
	hub_leave(h, 3);
	EQ(join(h, "bob@x.io"), 3);
	hub_free(h);
}


static void
a_full_hub_refuses_and_a_place_can_be_taken_again(void **state)
{
	struct hub	*h = new_hub();
	char		 user[32];

	(void)state;
	for (int i = 0; i < HUB_CONNS; i++) {
		snprintf(user, sizeof(user), "bob%d@x.io", i / 64);
		EQ(join(h, user), i);
	}
	EQ(hub_join(h, "carl@x.io", MSG_JSON), -1);
	hub_leave(h, 7);
	EQ(join(h, "carl@x.io"), 7);
	hub_free(h);
}


static void
files_are_refused_and_unknown_types_ignored(void **state)
{
	struct hub	*h = new_hub();
	int		 a = join(h, "alice@x.io");
	struct msg	 m = of(MSG_FILE_WRITE, "");

	(void)state;
	expect(h, a, &m, "0:nack() ");
	m.type = MSG_SYSTEM;
	expect(h, a, &m, "");
	m.type = 65535;
	expect(h, a, &m, "");
	hub_free(h);
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(the_first_message_is_system_ok),
		cmocka_unit_test(
		    an_open_reaches_who_may_read_and_is_not_the_opener),
		cmocka_unit_test(an_open_with_an_addressee_reaches_only_it),
		cmocka_unit_test(
		    an_open_needs_write_for_itself_and_read_for_the_addressee),
		cmocka_unit_test(an_open_nobody_got_is_said_to_be_so),
		cmocka_unit_test(hostile_opens_are_refused),
		cmocka_unit_test(a_session_cannot_be_taken_over),
		cmocka_unit_test(
		    accept_goes_to_the_opener_and_data_to_the_acceptor),
		cmocka_unit_test(
		    the_checks_of_an_accept_are_made_in_their_order),
		cmocka_unit_test(
		    paths_that_are_not_tcp_may_have_several_acceptors),
		cmocka_unit_test(only_those_who_could_accept_may_reject),
		cmocka_unit_test(
		    data_of_anybody_but_the_openers_user_is_refused),
		cmocka_unit_test(
		    data_nobody_can_get_is_said_to_be_lost_once_per_loss),
		cmocka_unit_test(reading_taken_back_ends_the_data),
		cmocka_unit_test(the_openers_close_ends_the_session_for_all),
		cmocka_unit_test(
		    a_close_counts_for_its_acceptor_and_not_from_a_stranger),
		cmocka_unit_test(
		    signals_cross_between_opener_and_acceptor_only),
		cmocka_unit_test(
		    an_opener_that_is_back_opens_again_and_goes_on),
		cmocka_unit_test(
		    an_acceptor_that_is_back_accepts_again_and_goes_on),
		cmocka_unit_test(
		    a_newer_connection_takes_the_place_of_a_dead_one),
		cmocka_unit_test(an_open_with_another_path_starts_afresh),
		cmocka_unit_test(
		    sessions_are_reclaimed_when_both_sides_are_gone),
		cmocka_unit_test(
		    the_sessions_of_a_user_are_bounded_but_orphans_make_room),
		cmocka_unit_test(one_user_does_not_fill_the_hub),
		cmocka_unit_test(
		    a_full_hub_refuses_and_a_place_can_be_taken_again),
		cmocka_unit_test(files_are_refused_and_unknown_types_ignored),
	};

	return RUN(tests);
}

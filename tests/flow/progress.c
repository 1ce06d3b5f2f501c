#include "support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "flow/peers.h"
#include "flow/progress.h"
#include "support/oom.h"

static const struct participant	 who[] = {
	{ "a@x", "aggregator" }, { "b@x", "client1" }, { "c@x", "client2" },
};

enum { SILENCE = 6 * SEC };

static struct peers	 peers;

static void
start(void)
{
	peers_free(&peers);
	peers_init(&peers, "r1", SILENCE, who, 3, 0);
}

static void
state(size_t i, const char *text)
{
	peers_state(&peers, i, text, strlen(text));
}

static void
beat(size_t i, uint64_t n, uint64_t now)
{
	char	 text[32];
	int	 len = snprintf(text, sizeof(text), "%llu",
		    (unsigned long long)n);

	peers_beat(&peers, i, text, (size_t)len, now);
}

static void
what_is_written_is_read_back(void **s)
{
	json_t		*mine = progress_new("b@x", "f", "r1", "t0"), *back;
	char		*text;
	const char	*error;

	(void)s;
	CHECK(progress_set(mine, "gen", PROGRESS_RUNNING, NULL, "t1"));
	CHECK(progress_set(mine, "gen", PROGRESS_COMPLETED, NULL, "t2"));
	CHECK(progress_set(mine, "build", PROGRESS_RUNNING, NULL, "t3"));
	text = progress_state_text(mine);
	back = progress_parse(text, strlen(text));
	CHECK(json_equal(mine, back));
	EQ(progress_step(back, "gen"), PROGRESS_COMPLETED);
	EQ(progress_step(back, "build"), PROGRESS_RUNNING);
	EQ(progress_step(back, "none"), PROGRESS_PENDING);
	CHECK(strcmp(progress_current(back), "build") == 0);
	CHECK(progress_failed(back, &error) == NULL);
	CHECK(progress_set(mine, "build", PROGRESS_FAILED, "no", "t4"));
	CHECK(strcmp(progress_failed(mine, &error), "build") == 0);
	CHECK(strcmp(error, "no") == 0);
	CHECK(!progress_over(mine) && progress_end(mine, "t5"));
	CHECK(progress_over(mine));
	free(text);
	json_decref(mine);
	json_decref(back);
}

static void
every_word_for_a_status_is_known(void **s)
{
	static const struct {
		const char		*word;
		enum progress_status	 is;
	} v[] = {
		{ "completed", PROGRESS_COMPLETED }, { "Done",
		    PROGRESS_COMPLETED }, { "success", PROGRESS_COMPLETED },
		{ "complete", PROGRESS_COMPLETED }, { "succeeded",
		    PROGRESS_COMPLETED }, { "Running", PROGRESS_RUNNING },
		{ "in_progress", PROGRESS_RUNNING }, { "in-progress",
		    PROGRESS_RUNNING }, { "error", PROGRESS_FAILED },
		{ "Failed", PROGRESS_FAILED }, { "Shared", PROGRESS_SHARED },
		{ "WaitingForInputs", PROGRESS_WAITING },
		{ "what", PROGRESS_PENDING }, { "", PROGRESS_PENDING },
	};

	(void)s;
	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++)
		EQ(progress_of(v[i].word), v[i].is);
	for (int i = 0; i <= PROGRESS_FAILED; i++)
		EQ(progress_of(progress_name((enum progress_status)i)), i);
}

static void
a_line_suits_readers_of_either_shape(void **s)
{
	char	*line = progress_line("step_started", "gen", "client1", "\"\n",
		    "t");
	json_t	*o = json_loads(line, 0, NULL);

	(void)s;
	CHECK(strchr(line, '\n') == NULL);
	CHECK(strcmp(json_string_value(json_object_get(o, "step")),
	    "gen") == 0);
	CHECK(strcmp(json_string_value(json_object_get(o, "step_id")),
	    "gen") == 0);
	CHECK(strcmp(json_string_value(json_object_get(o, "message")),
	    "\"\n") == 0);
	json_decref(o);
	free(line);
}

static void
the_files_of_steps_outweigh_a_state_upwards_only(void **s)
{
	char	*text;

	(void)s;
	start();
	text = progress_step_text("gen", "client1", PROGRESS_COMPLETED, "t");
	peers_step(&peers, 1, text, strlen(text));
	free(text);
	EQ(peers_done(&peers, 6, "gen"), 2);
	text = progress_step_text("gen", "client1", PROGRESS_RUNNING, "t");
	peers_step(&peers, 1, text, strlen(text));
	free(text);
	EQ(peers_done(&peers, 6, "gen"), 2);
}

static void
a_state_is_cut_at_every_length(void **s)
{
	static const char	 text[] =
	    "{\"run_id\":\"r1\",\"steps\":{\"gen\":{\"status\":\"done\"}}}";
	static const char *const bad[] = { "", "[]", "1", "{\"steps\":[]}",
				    "{\"steps\":{\"a\":1}}", "{} {}",
				    "{\"a\":1,\"a\":2}", "{\"steps\":null}" };
	char			*cut;

	(void)s;
	start();
	for (size_t n = 0; n < sizeof(text) - 1; n++) {
		cut = malloc(n + 1);
		memcpy(cut + 1, text, n);
		CHECK(progress_parse(cut + 1, n) == NULL);
		peers_step(&peers, 1, cut + 1, n);
		free(cut);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CHECK(progress_parse(bad[i], strlen(bad[i])) == NULL);
	EQ(peers_done(&peers, 6, "gen"), 0);
	state(1, text);
	EQ(peers_done(&peers, 6, "gen"), 2);
}

static void
another_run_does_not_count(void **s)
{
	char	 why[PEERS_WHY];

	(void)s;
	start();
	state(1, "{\"run_id\":\"r0\",\"steps\":{\"gen\":{\"status\":"
	    "\"failed\"}}}");
	EQ(peers_done(&peers, 6, "gen"), 0);
	EQ(peers_lost(&peers, 0, why), MAP_NOBODY);
}

static void
a_failure_is_told_with_who_where_and_why(void **s)
{
	char	 why[PEERS_WHY];

	(void)s;
	start();
	state(2, "{\"run_id\":\"r1\",\"steps\":{\"gen\":{\"status\":"
	    "\"failed\",\"error\":\"exit status 3\"}}}");
	EQ(peers_lost(&peers, 0, why), 2);
	CHECK(strcmp(why, "c@x failed in step 'gen': exit status 3") == 0);
}

static void
what_another_says_is_no_command_for_a_terminal(void **s)
{
	char	 why[PEERS_WHY];

	(void)s;
	start();
	state(2, "{\"run_id\":\"r1\",\"steps\":{\"g\\u001b[2J\":{\"status\":"
	    "\"failed\",\"error\":\"a\\nb\\u009b\"}}}");
	EQ(peers_lost(&peers, 0, why), 2);
	CHECK(strcmp(why, "c@x failed in step 'g?[2J': a?b??") == 0);
	beat(1, 1, 0);
	start();
	state(1, "{\"run_id\":\"r1\",\"current_step\":\"\\u0007\"}");
	beat(1, 1, 0);
	EQ(peers_lost(&peers, SILENCE, why), 1);
	CHECK(strstr(why, "in step '?'") != NULL);
}

static void
who_stops_beating_is_gone_in_time(void **s)
{
	char		 why[PEERS_WHY];
	uint64_t	 now = 0;

	(void)s;
	start();
	state(1, "{\"run_id\":\"r1\",\"current_step\":\"align\"}");
	EQ(peers_lost(&peers, 3600ull * SEC, why), MAP_NOBODY);
	EQ(peers_deadline(&peers), NEVER);
	for (uint64_t i = 0; i < 100; i++, now += PEERS_BEAT_MS * MS) {
		beat(1, i, now);
		beat(2, i, now);
		EQ(peers_lost(&peers, now, why), MAP_NOBODY);
	}
	now -= PEERS_BEAT_MS * MS;
	EQ(peers_deadline(&peers), now + SILENCE);
	beat(2, 200, now + SILENCE - 1);
	beat(1, 99, now + SILENCE - 1);		/* unchanged */
	EQ(peers_lost(&peers, now + SILENCE - 1, why), MAP_NOBODY);
	EQ(peers_lost(&peers, now + SILENCE, why), 1);
	CHECK(strcmp(why, "b@x is gone, nothing was heard of it for 6 s, in "
	    "step 'align'") == 0);
}

static void
who_is_done_may_go(void **s)
{
	char	 why[PEERS_WHY];

	(void)s;
	start();
	beat(1, 1, 0);
	state(1, "{\"run_id\":\"r1\",\"completed_at\":\"t\"}");
	EQ(peers_lost(&peers, 10 * SILENCE, why), MAP_NOBODY);
	EQ(peers_deadline(&peers), NEVER);
}

/* What cannot be read for want of memory is as if it had not come. */
static void
want_of_memory_invents_nothing(void **s)
{
	char	 why[PEERS_WHY];
	bool	 done = false;
	json_t	*mine;

	(void)s;
	for (int n = 1; !done; n++) {
		start();
		oom_after(n);
		state(1, "{\"run_id\":\"r1\",\"steps\":{\"a\":{\"status\":"
		    "\"done\"}}}");
		peers_step(&peers, 2, "{\"step_id\":\"b\",\"status\":"
		    "\"done\"}", 31);
		beat(1, 1, 0);
		mine = progress_new("a@x", "f", "r1", "t");
		if (mine != NULL && progress_set(mine, "a", PROGRESS_FAILED,
		    "e", "t"))
			free(progress_state_text(mine));
		json_decref(mine);
		free(progress_line("e", "a", "r", "m", "t"));
		done = !oom_hit();
		oom_after(0);
		EQ(peers_lost(&peers, 0, why), MAP_NOBODY);
		EQ(peers_done(&peers, 7, "b") & ~(people)4, 0);
		EQ(peers_done(&peers, 7, "a") & ~(people)2, 0);
	}
	EQ(peers_done(&peers, 7, "a"), 2);
	EQ(peers_done(&peers, 7, "b"), 4);
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(what_is_written_is_read_back),
		cmocka_unit_test(every_word_for_a_status_is_known),
		cmocka_unit_test(a_line_suits_readers_of_either_shape),
		cmocka_unit_test(
		    the_files_of_steps_outweigh_a_state_upwards_only),
		cmocka_unit_test(a_state_is_cut_at_every_length),
		cmocka_unit_test(another_run_does_not_count),
		cmocka_unit_test(a_failure_is_told_with_who_where_and_why),
		cmocka_unit_test(
		    what_another_says_is_no_command_for_a_terminal),
		cmocka_unit_test(who_stops_beating_is_gone_in_time),
		cmocka_unit_test(who_is_done_may_go),
		cmocka_unit_test(want_of_memory_invents_nothing),
	};
	int			 rc = RUN(tests);

	peers_free(&peers);
	return rc;
}

#include "support/test.h"

#include <jansson.h>

#include "base/time.h"
#include "mpc/report.h"

static struct report	 all;

static void
start(void)
{
	report_free(&all);
}

/* A record of run r, step s; times in milliseconds. */
static void
record(unsigned party, enum stage stage, double from, double to, double dur,
    double w0, double w1, double w2)
{
	char	 line[512], why[REPORT_WHY] = "";
	int	 n;

	n = snprintf(line, sizeof(line), "{\"t_ms\":%.3f,\"party\":%u,"
	    "\"run\":\"r<&\",\"step\":\"s\",\"stage\":\"%s\",\"from_ms\":%.3f,"
	    "\"dur_ms\":%.3f,\"tx_bytes\":1048576,\"rx_bytes\":0,"
	    "\"tx_msgs\":3,\"rx_msgs\":0,\"wait_ms\":%.3f,"
	    "\"waits_ms\":[%.3f,%.3f,%.3f]}", to, party, stage_name(stage),
	    from, dur, w0 + w1 + w2, w0, w1, w2);
	if (report_add(&all, line, (size_t)n, why))
		fail_msg("%s: %s", line, why);
}

static const char *
text_of(void (*print)(FILE *, const struct report_step *))
{
	static char	*text;
	size_t		 n;
	FILE		*f;

	free(text);
	f = open_memstream(&text, &n);
	CHECK(f != NULL);
	report_done(&all);
	EQ(all.n, 1);
	print(f, &all.v[0]);
	fclose(f);
	return text;
}

static void
transport_dominates(void **state)
{
	(void)state;
	start();
	record(1, STAGE_EXCHANGE, 0, 1000, 900, 0, 0, 600);
	record(1, STAGE_AGGREGATE, 10, 990, 100, 0, 0, 0);
	record(1, STAGE_TOTAL, 0, 1000, 1000, 0, 0, 600);
	record(2, STAGE_EXCHANGE, 0, 990, 980, 0, 400, 0);
	record(2, STAGE_TOTAL, 0, 990, 990, 0, 400, 0);
	STREQ(text_of(report_sentence), "exchange dominates: 0.900 of 1.000 s "
	    "of party 1 (90 %), 100 % of it transport at 1.1 MiB/s both ways "
	    "together.\n");
}

/* 2 computes for 700 ms, and 1 waits for that, and 100 ms more. */
static void
waiting_dominates(void **state)
{
	(void)state;
	start();
	record(1, STAGE_REVEAL, 0, 1000, 1000, 0, 0, 800);
	record(1, STAGE_TOTAL, 0, 1000, 1000, 0, 0, 800);
	record(2, STAGE_AGGREGATE, 0, 700, 700, 0, 0, 0);
	record(2, STAGE_TOTAL, 0, 990, 990, 0, 100, 0);
	STREQ(text_of(report_sentence), "reveal dominates: 1.000 of 1.000 s "
	    "of party 1 (100 %), 70 % of it waiting for party 2.\n");
}

static void
computing_dominates(void **state)
{
	(void)state;
	start();
	record(0, STAGE_EXCHANGE, 0, 9000, 9000, 0, 9000, 0);
	record(0, STAGE_TOTAL, 0, 9000, 9000, 0, 9000, 0);
	record(2, STAGE_SHARE_GENERATION, 0, 800, 800, 0, 0, 0);
	record(2, STAGE_EXCHANGE, 800, 1000, 200, 0, 0, 0);
	record(2, STAGE_TOTAL, 0, 1000, 1000, 0, 0, 0);
	STREQ(text_of(report_sentence), "share_generation dominates: 0.800 of "
	    "1.000 s of party 2 (80 %), 100 % of it computing.\n");
}

/* Who has not come yet is waited for, whatever it does meanwhile. */
static void
a_late_party_is_waited_for(void **state)
{
	(void)state;
	start();
	record(1, STAGE_CONNECT, 0, 100, 100, 0, 0, 0);
	record(1, STAGE_KEY_SETUP, 100, 5100, 5000, 10, 0, 4900);
	record(1, STAGE_TOTAL, 0, 5200, 5200, 10, 0, 4900);
	STREQ(text_of(report_sentence), "key_setup dominates: 5.000 of 5.200 s"
	    " of party 1 (96 %), 98 % of it waiting for party 2.\n");
}

static void
parties_stand_beside_each_other(void **state)
{
	const char	*t;

	(void)state;
	start();
	record(0, STAGE_TOTAL, 0, 1000, 1000, 0, 999, 0);
	record(1, STAGE_REVEAL, 0, 1000, 900, 0, 0, 12.5);
	record(1, STAGE_TOTAL, 0, 1000, 1000, 0, 0, 12.5);
	t = text_of(report_table);
	CHECK(strstr(t, "run r<&, step s\n") != NULL);
	CHECK(strstr(t, "reveal                      -          -     900.000"
	    "     12.500        1048576         3\n") != NULL);
	CHECK(strstr(t, "party 0 waited 0.999 s for party 1\n") != NULL);
	CHECK(strstr(t, "party 1 waited 0.013 s for party 2\n") != NULL ||
	    strstr(t, "party 1 waited 0.012 s for party 2\n") != NULL);
	CHECK(strstr(t, "party 2 left no record\n") != NULL);
}

static void
a_picture_is_one(void **state)
{
	const char	*t;

	(void)state;
	start();
	record(1, STAGE_REVEAL, 50, 1000, 900, 0, 0, 12.5);
	record(1, STAGE_TOTAL, 0, 1000, 1000, 0, 0, 12.5);
	t = text_of(report_svg);
	CHECK(strncmp(t, "<svg xmlns=", 11) == 0);
	CHECK(strstr(t, "r&#60;&#38; / s") != NULL);
	CHECK(strstr(t, "<&") == NULL);
	CHECK(strstr(t, "reveal of party 1: 900.000 ms, 12.500 ms waiting for "
	    "party 2") != NULL);
	STREQ(t + strlen(t) - 7, "</svg>\n");
	CHECK(strstr(t, "no common clock") == NULL);
	/* 950 of 1000 ms wide, from 50 on */
	CHECK(strstr(t, "<rect x=\"235.00\" y=\"290\" width=\"855.00\"") !=
	    NULL);
	record(2, STAGE_TOTAL, 70000, 71000, 1000, 0, 0, 0);
	CHECK(strstr(text_of(report_svg), "no common clock") != NULL);
}

static void
programs_can_read_it(void **state)
{
	json_t	*o, *d;

	(void)state;
	start();
	record(1, STAGE_REVEAL, 50, 1000, 900, 0, 0, 12.5);
	record(2, STAGE_TOTAL, 0, 1000, 1000, 0, 0, 12.5);
	record(1, STAGE_TOTAL, 0, 1000, 1000, 0, 0, 12.5);
	o = json_loads(text_of(report_json), 0, NULL);
	CHECK(o != NULL);
	d = json_object_get(o, "dominating");
	STREQ(json_string_value(json_object_get(d, "stage")), "reveal");
	EQ(json_integer_value(json_object_get(d, "party")), 1);
	EQ(json_array_size(json_object_get(o, "parties")), 2);
	json_decref(o);
}

static void
a_cut_record_is_none(void **state)
{
	static const char	 line[] = "{\"t_ms\":10,\"party\":2,"
	    "\"run\":\"r\",\"step\":\"s\",\"stage\":\"reveal\","
	    "\"from_ms\":1,\"dur_ms\":7,\"tx_bytes\":100,"
	    "\"rx_bytes\":30,\"tx_msgs\":2,\"rx_msgs\":1,"
	    "\"wait_ms\":3.007,\"waits_ms\":[0.000,1.000,2.007]}";
	char			 why[REPORT_WHY];
	char			*copy;

	(void)state;
	start();
	for (size_t n = 0; n < sizeof(line) - 1; n++) {
		copy = malloc(n + 1);
		memcpy(copy, line, n);
		EQ(report_add(&all, copy, n, why), -1);
		free(copy);
	}
	EQ(all.n, 0);
	EQ(report_add(&all, line, sizeof(line) - 1, why), 0);
}

static void
nonsense_is_named(void **state)
{
	static const struct {
		const char	*line, *why;
	} bad[] = {
		{ "{}", "no stage record: party" },
		{ "{\"party\":3}", "no stage record: party" },
		{ "{\"party\":-1}", "no stage record: party" },
		{ "{\"party\":1,\"run\":7}", "no stage record: run" },
		{ "{\"party\":1,\"run\":\"r\",\"step\":\"s\",\"stage\":\"x\"}",
		    "no stage record: stage" },
		{ "{\"party\":1,\"run\":\"r\",\"step\":\"s\","
		    "\"stage\":\"write\",\"t_ms\":-1}",
		    "no stage record: t_ms" },
		{ "{\"party\":1,\"run\":\"r\",\"step\":\"s\","
		    "\"stage\":\"write\",\"t_ms\":5,\"dur_ms\":6}",
		    "no stage record: dur_ms" },
		{ "{\"party\":1,\"run\":\"r\",\"step\":\"s\","
		    "\"stage\":\"write\",\"t_ms\":5,\"dur_ms\":4,"
		    "\"from_ms\":7}", "no stage record: from_ms" },
		{ "[1]", "no stage record: party" },
	};
	char	 why[REPORT_WHY];

	(void)state;
	start();
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		EQ(report_add(&all, bad[i].line, strlen(bad[i].line), why),
		    -1);
		STREQ(why, bad[i].why);
	}
	EQ(all.n, 0);
}

static void
steps_are_bounded(void **state)
{
	char	 line[512], why[REPORT_WHY];
	int	 n, rc = 0;

	(void)state;
	start();
	for (int i = 0; i <= REPORT_STEPS; i++) {
		EQ(rc, 0);
		n = snprintf(line, sizeof(line), "{\"t_ms\":10,\"party\":2,"
		    "\"run\":\"r\",\"step\":\"%d\",\"stage\":\"total\","
		    "\"dur_ms\":7,\"tx_bytes\":100,\"rx_bytes\":30,"
		    "\"tx_msgs\":2,\"rx_msgs\":1,\"wait_ms\":3}", i);
		rc = report_add(&all, line, (size_t)n, why);
	}
	EQ(rc, -1);
	STREQ(why, "there are more steps than 256");
	start();
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(transport_dominates),
		cmocka_unit_test(waiting_dominates),
		cmocka_unit_test(computing_dominates),
		cmocka_unit_test(a_late_party_is_waited_for),
		cmocka_unit_test(parties_stand_beside_each_other),
		cmocka_unit_test(a_picture_is_one),
		cmocka_unit_test(programs_can_read_it),
		cmocka_unit_test(a_cut_record_is_none),
		cmocka_unit_test(nonsense_is_named),
		cmocka_unit_test(steps_are_bounded),
	};

	return RUN(tests);
}

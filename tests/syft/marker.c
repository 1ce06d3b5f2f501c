#include "support/test.h"

#include "support/mangle.h"
#include "support/oom.h"
#include "syft/marker.h"

#define ALICE	"alice@example.com"
#define BOB	"bob@example.com"
#define REL	ALICE "/shared/f/_mpc/0_to_1/stream.tcp"
#define BOTH	"\"from\":\"" ALICE "\",\"to\":\"" BOB "\""
#define DIGEST	"00112233445566778899aabbccddeeff" \
	"00112233445566778899AABBCCDDEEFF"

static struct marker	 m;
static const char	*why;

static int
parse(const char *me, const char *text)
{
	why = NULL;
	return marker_parse(&m, me, REL, text, strlen(text), &why);
}

static void
a_marker_as_applications_write_it_is_read(void **state)
{
	(void)state;
	EQ(parse(ALICE,
	    "\n{" BOTH ",\"port\":9100,\"global_base\":9000,\"ports\":"
	    "{\"" ALICE "\":9100,\"" BOB "\":9200}}\n"), 0);
	STREQ(m.from, ALICE);
	STREQ(m.to, BOB);
	STREQ(m.peer, BOB);
	EQ(m.port, 9100);
	CHECK(!m.has_fingerprint);
	CHECK(m.key.a == 0 && m.key.b == 1);
	STREQ(m.key.middle, "shared/f/_mpc");
}

static void
the_other_party_reads_its_own_port_and_peer(void **state)
{
	(void)state;
	EQ(parse(BOB, "{" BOTH ",\"ports\":{\"" ALICE "\":9100,\"" BOB
	    "\":9200}}"), 0);
	EQ(m.port, 9200);
	STREQ(m.peer, ALICE);
}

static void
emails_are_told_apart_without_regard_to_case(void **state)
{
	(void)state;
	EQ(parse(BOB,
	    "{\"from\":\"Alice@Example.com\",\"to\":\"BOB@example.com\","
	    "\"ports\":{\"Bob@Example.Com\":1}}"), 0);
	STREQ(m.peer, ALICE);
	STREQ(m.from, "Alice@Example.com");
	EQ(m.port, 1);
}

static void
port_counts_only_without_ports(void **state)
{
	(void)state;
	EQ(parse(ALICE, "{" BOTH ",\"port\":9100}"), 0);
	EQ(m.port, 9100);
	EQ(parse(ALICE, "{" BOTH ",\"port\":9100,\"ports\":{\"" BOB
	    "\":9200}}"), -1);
	STREQ(why, "no port for this party");
}

static void
a_fingerprint_is_hex_with_or_without_colons(void **state)
{
	(void)state;
	EQ(parse(ALICE, "{" BOTH ",\"port\":1,\"fingerprint\":\"" DIGEST "\"}"),
	    0);
	CHECK(m.has_fingerprint);
	EQ(m.fingerprint[1], 0x11);
	EQ(m.fingerprint[31], 0xff);
	EQ(parse(ALICE, "{" BOTH ",\"port\":1,\"fingerprint\":\""
	    "00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:"
	    "00:11:22:33:44:55:66:77:88:99:aa:bb:cc:dd:ee:fe\"}"), 0);
	EQ(m.fingerprint[31], 0xfe);
}

static void
every_contradiction_has_its_reason(void **state)
{
	static const struct {
		const char	*me, *text, *why;
	} bad[] = {
		{ ALICE, "", "line 1, column 0: it ends too early" },
		{ ALICE, "9100", "line 1, column 4: not JSON" },
		{ ALICE, "[9100]", "not a JSON object" },
		{ ALICE, "{" BOTH ",\n\"port\":1,\n\"port\":2}",
		    "line 3, column 6: a key is there twice" },
		{ ALICE, "{" BOTH ",\n\"port\":1,}",
		    "line 2, column 10: not JSON" },
		{ ALICE, "{" BOTH ",\n\"port\":1\n",
		    "line 3, column 0: it ends too early" },
		{ ALICE, "{}\nx", "line 2, column 1: something after its "
		    "end" },
		{ ALICE, "{\"\xff\":1}", "line 1, column 2: not UTF-8" },
		{ ALICE, "{\"to\":\"" BOB "\"}", "\"from\" is missing or not "
		    "an email" },
		{ ALICE, "{\"from\":\"" ALICE "\",\"to\":7}",
		  "\"to\" is missing or not an email" },
		{ ALICE, "{\"from\":\"" ALICE "\",\"to\":\"" ALICE "\"}",
		  "\"from\" and \"to\" are the same party" },
		{ "eve@x.io", "{" BOTH ",\"port\":1}",
		  "neither \"from\" nor \"to\" is this party" },
		{ ALICE, "{" BOTH "}", "no port for this party" },
		{ ALICE, "{" BOTH ",\"port\":\"1\"}",
		    "no port for this party" },
		{ ALICE, "{" BOTH ",\"ports\":7,\"port\":1}",
		    "no port for this party" },
		{ ALICE, "{" BOTH ",\"port\":0}",
		  "the port is not between 1 and 65535" },
		{ ALICE, "{" BOTH ",\"port\":65536}",
		  "the port is not between 1 and 65535" },
		{ ALICE, "{" BOTH ",\"port\":1,\"fingerprint\":null}",
		  "\"fingerprint\" is not a SHA-256 in hex" },
		{ ALICE, "{" BOTH ",\"port\":1,\"fingerprint\":\"00\"}",
		  "\"fingerprint\" is not a SHA-256 in hex" },
		{ ALICE, "{" BOTH ",\"port\":1,\"fingerprint\":\""
		  "x0112233445566778899aabbccddeeff"
		  "00112233445566778899AABBCCDDEEFF"
		  "\"}", "\"fingerprint\" is not a SHA-256 in hex" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		EQ(parse(bad[i].me, bad[i].text), -1);
		STREQ(why, bad[i].why);
	}
	EQ(marker_parse(&m, ALICE, ALICE "/x/stream.tcp", "{}", 2, &why), -1);
	STREQ(why, "not at EMAIL/.../A_to_B/stream.tcp or stream.udp");
}

static int
parse_udp(const char *more)
{
	char	 text[512];

	why = NULL;
	snprintf(text, sizeof(text), "{" BOTH ",\"port\":9100%s}", more);
	return marker_parse(&m, ALICE, ALICE "/x/0_to_1/stream.udp", text,
	    strlen(text), &why);
}

static void
a_marker_of_datagrams_says_how_they_travel(void **state)
{
	(void)state;
	EQ(parse_udp(""), 0);
	CHECK(m.key.udp);
	EQ(m.kind, MARKER_DATAGRAM);
	EQ(m.effort, EFFORT_RETRANSMITS);
	EQ(m.effort_value, 0);
	EQ(m.deliver, 0);
	EQ(parse_udp(",\"kind\":\"datagram\",\"reliability\":\"none\""), 0);
	EQ(m.effort, EFFORT_RETRANSMITS);
	EQ(parse_udp(",\"reliability\":\"retransmits:3\""), 0);
	EQ(m.effort, EFFORT_RETRANSMITS);
	EQ(m.effort_value, 3);
	EQ(parse_udp(",\"reliability\":\"lifetime:65535\""), 0);
	EQ(m.effort, EFFORT_LIFETIME);
	EQ(m.effort_value, 65535);
	EQ(parse_udp(",\"reliability\":\"ordered\""), 0);
	EQ(m.effort, EFFORT_ORDERED);
}

static void
a_marker_of_datagrams_may_name_a_receiver(void **state)
{
	(void)state;
	EQ(parse_udp(",\"deliver\":5004"), 0);
	EQ(m.deliver, 5004);
	EQ(parse_udp(",\"deliver\":{\"" BOB "\":1,\"" ALICE "\":7}"), 0);
	EQ(m.deliver, 7);
	EQ(parse_udp(",\"deliver\":{\"" BOB "\":1}"), 0);
	EQ(m.deliver, 0);
}

static void
what_a_marker_of_datagrams_cannot_mean_has_its_reason(void **state)
{
	static const char	*how = "\"reliability\" is not none, "
				    "retransmits:N, lifetime:MS or ordered";
	static const char	*bad[] = {
		"1", "\"\"", "\"some\"", "\"retransmits\"",
		"\"retransmits:\"", "\"retransmits:x\"",
		"\"retransmits:65536\"", "\"retransmits:-1\"",
		"\"retransmits:1 \"", "\"lifetime:0\"",
		"\"lifetime:99999999999999999999\"", "null",
	};
	char			 text[128];

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		snprintf(text, sizeof(text), ",\"reliability\":%s", bad[i]);
		EQ(parse_udp(text), -1);
		STREQ(why, how);
	}
	EQ(parse_udp(",\"kind\":\"stream\""), -1);
	STREQ(why, "\"kind\" is not datagram or rtp");
	EQ(parse_udp(",\"kind\":1"), -1);
	EQ(parse_udp(",\"deliver\":0"), -1);
	STREQ(why, "\"deliver\" is not a port");
	EQ(parse_udp(",\"deliver\":\"5004\""), -1);
	EQ(parse_udp(",\"deliver\":null"), -1);
	EQ(parse_udp(",\"deliver\":{\"" ALICE "\":70000}"), -1);
	EQ(parse_udp(",\"deliver\":9100"), -1);
	STREQ(why, "\"deliver\" is the agent's own port");
}

#define VIDEO	",\"kind\":\"rtp\",\"media\":\"video\",\"pt\":96," \
	"\"codec\":\"vp8\""

static void
a_marker_of_rtp_says_what_the_packets_are(void **state)
{
	(void)state;
	EQ(parse_udp(VIDEO), 0);
	EQ(m.kind, MARKER_RTP);
	CHECK(m.media.video);
	EQ(m.media.pt, 96);
	STREQ(m.media.codec, "VP8");
	EQ(m.media.clock, 90000);
	EQ(m.media.ssrc, 0);
	STREQ(m.media.fmtp, "");
	EQ(parse_udp(",\"kind\":\"rtp\",\"media\":\"audio\",\"pt\":111,"
	    "\"codec\":\"opus\",\"clock\":48000,\"fmtp\":\"minptime=10\","
	    "\"ssrc\":4294967295,\"deliver\":7"), 0);
	CHECK(!m.media.video);
	EQ(m.media.channels, 2);
	EQ(m.media.ssrc, 4294967295u);
	STREQ(m.media.fmtp, "minptime=10");
	EQ(m.deliver, 7);
}

static void
what_a_marker_of_rtp_cannot_mean_has_its_reason(void **state)
{
	static const struct {
		const char	*more, *why;
	} bad[] = {
		{ "", "\"media\" is not audio or video" },
		{ ",\"media\":\"text\"", "\"media\" is not audio or video" },
		{ ",\"media\":\"video\"",
		    "\"pt\" is not an RTP payload type" },
		{ ",\"media\":\"video\",\"pt\":72",
		    "\"pt\" is not an RTP payload type" },
		{ ",\"media\":\"video\",\"pt\":128",
		    "\"pt\" is not an RTP payload type" },
		{ ",\"media\":\"video\",\"pt\":96",
		    "\"codec\" is not VP8, VP9, H264, H265 or AV1" },
		{ ",\"media\":\"video\",\"pt\":96,\"codec\":\"opus\"",
		    "\"codec\" is not VP8, VP9, H264, H265 or AV1" },
		{ ",\"media\":\"audio\",\"pt\":96,\"codec\":\"mp3\"",
		    "\"codec\" is not opus, PCMU, PCMA or G722" },
		{ ",\"media\":\"video\",\"pt\":96,\"codec\":\"VP8\","
		    "\"clock\":8000", "\"clock\" is not that of the codec" },
		{ ",\"media\":\"video\",\"pt\":96,\"codec\":\"VP8\","
		    "\"fmtp\":\"a\\r\\nm=x\"", "\"fmtp\" is not plain text" },
		{ ",\"media\":\"video\",\"pt\":96,\"codec\":\"VP8\","
		    "\"fmtp\":1", "\"fmtp\" is not a short text" },
		{ ",\"media\":\"video\",\"pt\":96,\"codec\":\"VP8\","
		    "\"ssrc\":0", "\"ssrc\" is not a number of 32 bits" },
		{ ",\"media\":\"video\",\"pt\":96,\"codec\":\"VP8\","
		    "\"ssrc\":4294967296",
		    "\"ssrc\" is not a number of 32 bits" },
	};
	char			 text[256];

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		snprintf(text, sizeof(text), ",\"kind\":\"rtp\"%s",
		    bad[i].more);
		EQ(parse_udp(text), -1);
		STREQ(why, bad[i].why);
	}
}

static void
of_a_stream_those_keys_mean_nothing(void **state)
{
	(void)state;
	EQ(parse(ALICE, "{" BOTH ",\"port\":1,\"kind\":\"rtp\","
	    "\"reliability\":7,\"deliver\":\"x\"}"), 0);
	EQ(m.kind, MARKER_STREAM);
}

static void
is_refused(void *arg, const uint8_t *p, size_t n, size_t which)
{
	(void)arg;
	(void)which;
	EQ(marker_parse(&m, ALICE, REL, (const char *)p, n, &why), -1);
}

static void
a_marker_cut_anywhere_is_refused(void **state)
{
	static const char	 text[] = "{" BOTH ",\"port\":9100}";

	(void)state;
	mangle_cut((const uint8_t *)text, sizeof(text) - 1, is_refused, NULL);
}

static void
a_marker_too_large_is_refused(void **state)
{
	char		*p = calloc(1, 70000);

	(void)state;
	EQ(marker_parse(&m, ALICE, REL, p, 70000, &why), -1);
	STREQ(why, "larger than 64 KiB");
	free(p);
}

static void
without_memory_a_marker_is_refused(void **state)
{
	int		 rc = -1;

	(void)state;
	for (size_t i = 1; rc < 0; i++) {
		CHECK(i < 1000);
		oom_after(i);
		rc = parse(ALICE, "{" BOTH ",\"port\":9100}");
		if (oom_hit())
			rc = -1;
	}
	oom_after(0);
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(a_marker_as_applications_write_it_is_read),
		cmocka_unit_test(the_other_party_reads_its_own_port_and_peer),
		cmocka_unit_test(emails_are_told_apart_without_regard_to_case),
		cmocka_unit_test(port_counts_only_without_ports),
		cmocka_unit_test(a_fingerprint_is_hex_with_or_without_colons),
		cmocka_unit_test(every_contradiction_has_its_reason),
		cmocka_unit_test(a_marker_of_datagrams_says_how_they_travel),
		cmocka_unit_test(a_marker_of_datagrams_may_name_a_receiver),
		cmocka_unit_test(
		    what_a_marker_of_datagrams_cannot_mean_has_its_reason),
		cmocka_unit_test(a_marker_of_rtp_says_what_the_packets_are),
		cmocka_unit_test(
		    what_a_marker_of_rtp_cannot_mean_has_its_reason),
		cmocka_unit_test(of_a_stream_those_keys_mean_nothing),
		cmocka_unit_test(a_marker_cut_anywhere_is_refused),
		cmocka_unit_test(a_marker_too_large_is_refused),
		cmocka_unit_test(without_memory_a_marker_is_refused),
	};

	return RUN(tests);
}

#include "support/test.h"

#include "peer/sdp.h"
#include "support/mangle.h"

#define DIGEST "00:01:02:03:04:05:06:07:08:09:0A:0b:0C:0D:0E:0F:" \
	"10:11:12:13:14:15:16:17:18:19:1A:1B:1C:1D:1E:FF"
#define OTHER_DIGEST "FF:01:02:03:04:05:06:07:08:09:0A:0B:0C:0D:0E:0F:" \
	"10:11:12:13:14:15:16:17:18:19:1A:1B:1C:1D:1E:FF"
#define M "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n"
#define CREDS "a=ice-ufrag:EsAw\r\na=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1\r\n"
#define PRINT "a=fingerprint:sha-256 " DIGEST "\r\n"

/* The shapes of webrtc-rs, Chromium, Firefox, pion and libdatachannel. */
static const char *const shapes[] = {
	"v=0\r\no=- 4611731400430051336 123456789 IN IP4 0.0.0.0\r\ns=-\r\n"
	"t=0 0\r\n" PRINT "a=extmap-allow-mixed\r\na=group:BUNDLE 0\r\n" M
	"c=IN IP4 0.0.0.0\r\na=setup:actpass\r\na=mid:0\r\na=sendrecv\r\n"
	"a=sctp-port:5000\r\n" CREDS
	"a=candidate:1 1 udp 2130706431 192.0.2.7 50000 typ host\r\n"
	"a=candidate:1 2 udp 2130706431 192.0.2.7 50000 typ host\r\n",

	"v=0\r\no=- 5228595038118931041 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n"
	"a=group:BUNDLE 0\r\na=extmap-allow-mixed\r\n"
	"a=msid-semantic: WMS\r\n" M "c=IN IP4 0.0.0.0\r\n"
	"a=candidate:3 1 udp 2113937151 192.0.2.7 50000 typ host generation 0 "
	"network-cost 999\r\n" CREDS "a=ice-options:trickle\r\n" PRINT
	"a=setup:actpass\r\na=mid:0\r\na=sctp-port:5000\r\n"
	"a=max-message-size:262144\r\n",

	"v=0\r\no=mozilla...THIS_IS_SDPARTA-99.0 7 0 IN IP4 0.0.0.0\r\ns=-\r\n"
	"t=0 0\r\na=sendrecv\r\n" PRINT "a=group:BUNDLE 0\r\n"
	"a=ice-options:trickle\r\na=msid-semantic:WMS *\r\n" M
	"c=IN IP4 0.0.0.0\r\na=candidate:0 1 UDP 2122187007 192.0.2.7 50000 "
	"typ host\r\na=sendrecv\r\na=end-of-candidates\r\n"
	"a=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1\r\na=ice-ufrag:EsAw\r\na=mid:0\r\n"
	"a=setup:actpass\r\na=sctp-port:5000\r\n"
	"a=max-message-size:1073741823\r\n",

	"v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n"
	"a=msid-semantic:WMS*\r\n" PRINT "a=group:BUNDLE 0\r\n" M
	"c=IN IP4 0.0.0.0\r\na=setup:actpass\r\na=mid:0\r\na=sendrecv\r\n"
	"a=sctp-port:5000\r\na=max-message-size:1073741823\r\n" CREDS
	"a=candidate:1 1 udp 2130706431 192.0.2.7 50000 typ host "
	"ufrag EsAw\r\n",

	"v=0\r\no=rtc 3767197920 0 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n"
	"a=group:BUNDLE 0\r\na=group:LS 0\r\na=msid-semantic:WMS *\r\n"
	"a=ice-options:ice2,trickle\r\n" PRINT
	"m=application 50000 UDP/DTLS/SCTP webrtc-datachannel\r\n"
	"c=IN IP4 192.0.2.7\r\na=mid:0\r\na=sendrecv\r\na=setup:actpass\r\n"
	CREDS "a=sctp-port:5000\r\na=max-message-size:262144\r\n"
	"a=candidate:1 1 UDP 2114977791 192.0.2.7 50000 typ host\r\n",

	/* Before RFC 8841, with LF only, several hashes, other sections. */
	"v=0\no=- 1 1 IN IP4 0.0.0.0\ns=-\nt=0 0\na=setup:actpass\n"
	"a=fingerprint:sha-1 AA:BB\n"
	"m=audio 9 UDP/TLS/RTP/SAVPF 0\na=ice-ufrag:other\n"
	"a=ice-pwd:otherotherotherotherother\na=mid:a\n"
	"a=fingerprint:sha-256 " OTHER_DIGEST "\n"
	"m=application 9 DTLS/SCTP 5000\na=mid:0\n"
	"a=fingerprint:SHA-256 " DIGEST "\n"
	"a=sctpmap:5000 webrtc-datachannel 1024\n"
	"a=ice-ufrag:EsAw\na=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1\n"
	"a=candidate:1 1 udp 1 192.0.2.7 50000 typ host\n"
	"m=video 0 UDP/TLS/RTP/SAVPF 96\na=mid:v\n",
};

static int
decode(struct sdp *s, const char *text, const char **why)
{
	size_t	 n = strlen(text);
	char	*exact = malloc(n > 0 ? n : 1);
	int	 r;

	memcpy(exact, text, n);
	r = sdp_decode(s, exact, n, why);
	free(exact);
	return r;
}

static void
descriptions_of_all_peers_are_read(void **state)
{
	struct sdp	 s;
	const char	*why = "none";

	(void)state;
	for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
		if (decode(&s, shapes[i], &why) == -1)
			fail_msg("shape %u: %s", (unsigned)i, why);
		STREQ(s.ufrag, "EsAw");
		STREQ(s.pwd, "P2uYro0UCOQ4zxjKXaWCBui1");
		STREQ(s.mid, "0");
		EQ(s.fingerprint[1], 1);
		EQ(s.fingerprint[31], 0xff);
		EQ(s.setup, SDP_ACTPASS);
		EQ(s.sctp_port, 5000);
		CHECK(s.ncandidates >= 1);
		CHECK(strncmp(s.candidate[0], "candidate:", 10) == 0);
		CHECK(!s.hotlink && !s.ice_lite);
	}
}

static void
the_message_limit_is_65535_if_absent_and_capped_if_huge(void **state)
{
	struct sdp	 s;
	const char	*why;

	(void)state;
	EQ(decode(&s, shapes[0], &why), 0);
	EQ(s.max_message, 65535);
	EQ(decode(&s, shapes[1], &why), 0);
	EQ(s.max_message, 262144);
	EQ(decode(&s, "v=0\r\n" M CREDS PRINT
	    "a=max-message-size:99999999999999999999999\r\n", &why), 0);
	EQ(s.max_message, UINT32_MAX);
	EQ(decode(&s, "v=0\r\n" M CREDS PRINT "a=max-message-size:0\r\n",
	    &why), 0);
	EQ(s.max_message, 0);
}

static void
what_cannot_be_used_is_refused_with_its_reason(void **state)
{
	static const struct {
		const char	*text, *why;
	}			 t[] = {
		{ "", "not a session description" },
		{ "hello\r\n", "not a session description" },
		{ "v=0\r\n" CREDS PRINT, "no application section" },
		{ "v=0\r\n" M CREDS, "no sha-256 fingerprint" },
		{ "v=0\r\n" M CREDS "a=fingerprint:sha-1 AA\r\n",
		    "no sha-256 fingerprint" },
		{ "v=0\r\n" M PRINT, "no ICE credentials" },
		{ "v=0\r\n" M PRINT "a=ice-ufrag:EsAw\r\n",
		    "no ICE credentials" },
		{ "v=0\r\n" CREDS PRINT M "a=ice-ufrag:other\r\n",
		    "conflicting ice-ufrag attributes" },
		{ "v=0\r\n" CREDS PRINT M "a=ice-pwd:other\r\n",
		    "conflicting ice-pwd attributes" },
		{ "v=0\r\n" PRINT M CREDS "a=fingerprint:sha-256 "
		    OTHER_DIGEST "\r\n", "conflicting fingerprints" },
		{ "v=0\r\n" M CREDS "a=fingerprint:sha-256 AA:BB\r\n",
		    "a malformed fingerprint" },
		{ "v=0\r\n" M CREDS PRINT "a=setup:holdconn\r\n",
		    "an unusable setup attribute" },
		{ "v=0\r\n" M CREDS PRINT "a=sctp-port:0\r\n",
		    "a malformed SCTP port" },
		{ "v=0\r\n" M CREDS PRINT "a=sctp-port:65536\r\n",
		    "a malformed SCTP port" },
		{ "v=0\r\n" M CREDS PRINT "a=max-message-size:many\r\n",
		    "a malformed max-message-size" },
		{ "v=0\r\n" M CREDS PRINT M,
		    "more than one application section" },
		{ "v=0\r\nm=application 0 UDP/DTLS/SCTP webrtc-datachannel\r\n"
		    CREDS PRINT, "the application section is rejected" },
		{ "v=0\r\n" M CREDS PRINT "a=mid:"
		    "0123456789012345678901234567890123456789012345678901234567"
		    "890123456789\r\n", "an attribute is empty or too long" },
		{ "v=0\r\n" M CREDS PRINT "a=mid:\r\n",
		    "an attribute is empty or too long" },
	};
	struct sdp		 s;
	const char		*why;

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		EQ(decode(&s, t[i].text, &why), -1);
		STREQ(why, t[i].why);
	}
	EQ(sdp_decode(&s, "v=0\0", 4, &why), -1);
	STREQ(why, "a NUL in the description");
}

static void
repeating_the_same_is_no_conflict(void **state)
{
	struct sdp	 s;
	const char	*why;

	(void)state;
	EQ(decode(&s, "v=0\r\n" CREDS PRINT M CREDS PRINT, &why), 0);
	STREQ(s.mid, "0");
}

static void
too_much_is_refused_or_ignored(void **state)
{
	struct sdp	 s;
	const char	*why;
	char		*text = malloc(2 * SDP_TEXT), *p;

	(void)state;
	p = text + sprintf(text, "v=0\r\n" M CREDS PRINT "a=long:");
	memset(p, 'x', 5000);
	p += 5000;
	p += sprintf(p, "\r\na=candidate:");
	memset(p, 'y', 300);
	p += 300;
	for (int i = 0; i < SDP_CANDIDATES + 10; i++)
		p += sprintf(p, "\r\na=candidate:%d 1 udp 1 192.0.2.7 5 typ "
		    "host", i);
	*p = '\0';
	EQ(decode(&s, text, &why), 0);
	EQ(s.ncandidates, SDP_CANDIDATES);
	STREQ(s.candidate[0], "candidate:0 1 udp 1 192.0.2.7 5 typ host");
	memset(p, '\n', SDP_TEXT);
	text[SDP_TEXT] = '\0';
	EQ(decode(&s, text, &why), 0);
	text[SDP_TEXT] = '\n';
	text[SDP_TEXT + 1] = '\0';
	EQ(decode(&s, text, &why), -1);
	STREQ(why, "the description is too long");
	free(text);
}

static void
fill(struct sdp *s)
{
	memset(s, 0, sizeof(*s));
	strcpy(s->ufrag, "abcd");
	strcpy(s->pwd, "0123456789abcdef01234567");
	strcpy(s->mid, "data");
	memset(s->fingerprint, 0xa5, sizeof(s->fingerprint));
	s->setup = SDP_ACTIVE;
	s->sctp_port = 5000;
	s->max_message = 262144;
	s->ice_lite = s->hotlink = true;
	strcpy(s->candidate[0],
	    "candidate:1 1 udp 2130706431 192.0.2.7 50000 typ host");
	strcpy(s->candidate[1], "candidate:2 1 udp 1 2001:db8::1 5 typ srflx");
	s->ncandidates = 2;
}

static void
what_is_written_is_read_back(void **state)
{
	struct sdp	 s, r;
	const char	*why;
	char		 text[SDP_TEXT];
	int		 n;

	(void)state;
	fill(&s);
	n = sdp_encode(&s, false, UINT64_MAX, text, sizeof(text));
	EQ(n, strlen(text));
	assert_null(strstr(text, "actpass"));
	EQ(sdp_decode(&r, text, (size_t)n, &why), 0);
	MEMEQ(&s, &r, sizeof(s));
	for (int cap = 0; cap <= n; cap++)
		EQ(sdp_encode(&s, false, UINT64_MAX, text, (size_t)cap),
		    -1);
}

static void
an_offer_is_actpass_and_says_no_more_than_is_true(void **state)
{
	struct sdp	 s;
	char		 text[SDP_TEXT];

	(void)state;
	fill(&s);
	s.hotlink = s.ice_lite = false;
	s.ncandidates = 0;
	CHECK(sdp_encode(&s, true, 0x1234, text, sizeof(text)) > 0);
	assert_non_null(strstr(text, "\r\na=setup:actpass\r\n"));
	assert_non_null(strstr(text, "\r\na=group:BUNDLE data\r\n"));
	assert_non_null(strstr(text, "\r\na=fingerprint:sha-256 A5:A5:"));
	assert_null(strstr(text, "x-hotlink"));
	assert_null(strstr(text, "lite"));
	for (char *p = text; (p = strchr(p, '\n')) != NULL; p++)
		CHECK(p[-1] == '\r');
}

#define TRANSPORT "c=IN IP4 0.0.0.0\r\na=ice-ufrag:EsAw\r\n" \
	"a=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1\r\n" \
	"a=fingerprint:sha-256 " DIGEST "\r\na=setup:actpass\r\n"

/* As a browser with max-bundle makes it: the rest is in the first section. */
static const char	 browser[] =
	"v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n"
	"a=group:BUNDLE 0 1 2\r\n"
	"m=video 9 UDP/TLS/RTP/SAVPF 102 103 45\r\n" TRANSPORT
	"a=candidate:1 1 udp 1 192.0.2.7 50000 typ host\r\n"
	"a=mid:0\r\na=recvonly\r\na=rtcp-mux\r\n"
	"a=rtpmap:102 H264/90000\r\na=rtpmap:103 vp8/90000\r\n"
	"a=rtpmap:45 VP8/90000\r\n"
	"m=audio 0 UDP/TLS/RTP/SAVPF 111 0\r\nc=IN IP4 0.0.0.0\r\n"
	"a=bundle-only\r\na=mid:1\r\na=recvonly\r\n"
	"a=rtpmap:111 opus/48000/2\r\n"
	"m=application 0 UDP/DTLS/SCTP webrtc-datachannel\r\n"
	"c=IN IP4 0.0.0.0\r\na=bundle-only\r\na=mid:2\r\n"
	"a=ice-ufrag:other\r\na=ice-pwd:itsownifitisnotinthebundle\r\n"
	"a=candidate:1 1 udp 1 192.0.2.7 50001 typ host\r\n"
	"a=sctp-port:5000\r\n";

static const struct sdp_media	 vp8 = {
	.video = true, .pt = 96, .codec = "VP8", .clock = 90000,
	.fmtp = "max-fr=30", .ssrc = 7,
};

static void
a_browsers_offer_of_media_is_answered_section_by_section(void **state)
{
	static char		 text[SDP_TEXT];
	struct sdp		 theirs, ours;
	const struct sdp_section *x;
	const char		*why = NULL, *v, *a, *d;

	(void)state;
	EQ(sdp_decode_media(&theirs, &vp8, browser, strlen(browser), &why),
	    0);
	STREQ(theirs.ufrag, "EsAw");
	STREQ(theirs.mid, "2");
	EQ(theirs.ncandidates, 1);
	EQ(theirs.nsections, 3);
	x = sdp_media_of(&theirs);
	CHECK(x == &theirs.section[0]);
	EQ(x->pt, 103);
	CHECK(x->takes && !x->sends);
	ours = theirs;
	ours.setup = SDP_ACTIVE;
	CHECK(sdp_encode_media(&ours, &theirs, &vp8, 4, text,
	    sizeof(text)) > 0);
	CHECK(strstr(text, "a=group:BUNDLE 0 2\r\n") != NULL);
	v = strstr(text, "m=video 9 UDP/TLS/RTP/SAVPF 103\r\n");
	a = strstr(text, "m=audio 0 UDP/TLS/RTP/SAVPF 111\r\n");
	d = strstr(text, "m=application 9 ");
	CHECK(v != NULL && v < a && a < d);
	CHECK(strstr(v, "a=sendonly\r\na=rtcp-mux\r\n") < a);
	CHECK(strstr(v, "a=rtpmap:103 VP8/90000\r\n") < a);
	CHECK(strstr(v, "a=fmtp:103 max-fr=30\r\n") < a);
	CHECK(strstr(v, "a=ssrc:7 cname:hotlink\r\n") < a);
	CHECK(strstr(v, "a=setup:active\r\n") < a);
}

/* Two bytes of profile and one of level; 42e0 is 42c0 by another name. */
static void
of_many_payload_types_the_one_with_our_parameters_is_taken(void **state)
{
	static const struct {
		const char	*fmtp;
		uint8_t		 pt;
	} want[] = {
		{ NULL, 102 },
		{ "", 102 },
		{ "max-fr=30", 102 },
		{ "packetization-mode=0", 104 },
		{ "packetization-mode=1; profile-level-id=42c01e", 106 },
		{ "profile-level-id=42C028;packetization-mode=0", 108 },
		{ "profile-level-id=64001f;packetization-mode=1", 112 },
		{ "profile-level-id=4dc01f;packetization-mode=1", 106 },
		{ "profile-level-id=6;packetization-mode=1", 102 },
		{ "profile-level-id=640c1f;packetization-mode=0", 104 },
	};
	static char	 text[SDP_TEXT];
	struct sdp_media m = { .video = true, .pt = 96, .codec = "H264",
			     .clock = 90000 };
	struct sdp	 s;
	const char	*why = NULL;

	(void)state;
	snprintf(text, sizeof(text), "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-"
	    "\r\nt=0 0\r\nm=video 9 UDP/TLS/RTP/SAVPF 102\r\n" TRANSPORT
	    "a=mid:0\r\na=rtpmap:102 H264/90000\r\na=fmtp:102 level-"
	    "asymmetry-allowed=1;packetization-mode=1;profile-level-id=42001f"
	    "\r\na=rtpmap:104 H264/90000\r\na=fmtp:104 packetization-mode=0;"
	    "profile-level-id=42001f\r\na=rtpmap:106 H264/90000\r\n"
	    "a=fmtp:106 packetization-mode=1;profile-level-id=42e01f\r\n"
	    "a=rtpmap:107 rtx/90000\r\na=fmtp:107 apt=106\r\n"
	    "a=rtpmap:108 H264/90000\r\na=fmtp:108 profile-level-id=42e01f"
	    "\r\na=rtpmap:112 H264/90000\r\na=fmtp:112 packetization-mode=1"
	    ";profile-level-id=64001f\r\na=fmtp:45 packetization-mode=0\r\n"
	    "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\na=mid:1\r\n"
	    "a=sctp-port:5000\r\n");
	for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
		m.fmtp = want[i].fmtp;
		EQ(sdp_decode_media(&s, &m, text, strlen(text), &why), 0);
		EQ(sdp_media_of(&s)->pt, want[i].pt);
	}
}

/* The first section has the transport, and a browser wants it back. */
static void
what_is_not_wanted_is_idle_if_it_is_the_first(void **state)
{
	static char		 text[SDP_TEXT];
	static const struct sdp_media	 opus = {
		.pt = 97, .codec = "opus", .clock = 48000, .channels = 2,
	};
	struct sdp		 theirs, ours;
	const char		*why = NULL, *v, *a;

	(void)state;
	EQ(sdp_decode_media(&theirs, &opus, browser, strlen(browser), &why),
	    0);
	EQ(sdp_media_of(&theirs)->pt, 111);
	ours = theirs;
	CHECK(sdp_encode_media(&ours, &theirs, &opus, 4, text,
	    sizeof(text)) > 0);
	CHECK(strstr(text, "a=group:BUNDLE 0 1 2\r\n") != NULL);
	v = strstr(text, "m=video 9 UDP/TLS/RTP/SAVPF 102\r\n");
	a = strstr(text, "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\n");
	CHECK(v != NULL && v < a);
	CHECK(strstr(v, "a=inactive\r\n") < a);
	CHECK(strstr(v, "a=rtpmap:102 H264/90000\r\n") < a);
	CHECK(strstr(v, "a=ice-ufrag:EsAw\r\n") < a);
	CHECK(strstr(a, "a=rtpmap:111 opus/48000/2\r\n") != NULL);
}

static void
our_offer_of_media_is_read_by_one_of_us(void **state)
{
	static char		 text[SDP_TEXT];
	static const struct sdp_media	 opus = {
		.pt = 111, .codec = "opus", .clock = 48000, .channels = 2,
	};
	struct sdp		 s = { .ufrag = "abcd", .sctp_port = 5000,
				     .pwd = "0123456789012345678901" }, r;
	const char		*why = NULL;
	int			 n;

	(void)state;
	n = sdp_encode_media(&s, NULL, &opus, 1, text, sizeof(text));
	CHECK(n > 0);
	for (int cap = 0; cap <= n; cap++)
		EQ(sdp_encode_media(&s, NULL, &opus, 1, text, (size_t)cap),
		    -1);
	EQ(sdp_encode_media(&s, NULL, &opus, 1, text, sizeof(text)), n);
	EQ(sdp_decode_media(&r, &opus, text, (size_t)n, &why), 0);
	EQ(sdp_media_of(&r)->pt, 111);
	CHECK(sdp_media_of(&r)->takes && sdp_media_of(&r)->sends);
	/* Another codec is refused, and one without media sees the rest. */
	EQ(sdp_decode_media(&r, &vp8, text, (size_t)n, &why), 0);
	CHECK(sdp_media_of(&r) == NULL);
	EQ(sdp_decode(&r, text, (size_t)n, &why), 0);
}

static void
a_section_that_cannot_be_answered_refuses_the_whole(void **state)
{
	static char	 text[SDP_TEXT];
	const char	*why = NULL;
	struct sdp	 s;

	(void)state;
	strcpy(text, browser);
	for (int i = 0; i < 6; i++)
		strcat(text, "m=audio 0 RTP/AVP 0\r\n");
	EQ(sdp_decode_media(&s, &vp8, text, strlen(text), &why), -1);
	STREQ(why, "more sections than an answer may have");
	strcpy(text, browser);
	strcat(text, "m=audio 0 RTP/AVP\r\n");
	EQ(sdp_decode_media(&s, &vp8, text, strlen(text), &why), -1);
	STREQ(why, "a section that cannot be answered");
	/* Without media, a rejected section of data is the end. */
	EQ(sdp_decode(&s, browser, strlen(browser), &why), -1);
}

static void
survives_media(void *arg, const uint8_t *p, size_t n, size_t which)
{
	const char	*why = NULL;

	(void)which;
	CHECK(sdp_decode_media(arg, &vp8, (const char *)p, n, &why) == 0 ||
	    why != NULL);
}

static void
survives(void *arg, const uint8_t *p, size_t n, size_t which)
{
	struct sdp	*s = arg;
	const char	*why = NULL;

	(void)which;
	CHECK(sdp_decode(s, (const char *)p, n, &why) == 0 || why != NULL);
}

static void
no_cut_and_no_flipped_bit_does_harm(void **state)
{
	struct sdp	*s = malloc(sizeof(*s));

	(void)state;
	for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
		mangle_cut((const uint8_t *)shapes[i], strlen(shapes[i]),
		    survives, s);
		mangle_flip((const uint8_t *)shapes[i], strlen(shapes[i]),
		    survives, s);
	}
	mangle_cut((const uint8_t *)browser, strlen(browser), survives_media,
	    s);
	mangle_flip((const uint8_t *)browser, strlen(browser), survives_media,
	    s);
	free(s);
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(descriptions_of_all_peers_are_read),
		cmocka_unit_test(
		    the_message_limit_is_65535_if_absent_and_capped_if_huge),
		cmocka_unit_test(
		    what_cannot_be_used_is_refused_with_its_reason),
		cmocka_unit_test(repeating_the_same_is_no_conflict),
		cmocka_unit_test(too_much_is_refused_or_ignored),
		cmocka_unit_test(what_is_written_is_read_back),
		cmocka_unit_test(
		    an_offer_is_actpass_and_says_no_more_than_is_true),
		cmocka_unit_test(
		    a_browsers_offer_of_media_is_answered_section_by_section),
		cmocka_unit_test(
		    of_many_payload_types_the_one_with_our_parameters_is_taken),
		cmocka_unit_test(what_is_not_wanted_is_idle_if_it_is_the_first),
		cmocka_unit_test(our_offer_of_media_is_read_by_one_of_us),
		cmocka_unit_test(
		    a_section_that_cannot_be_answered_refuses_the_whole),
		cmocka_unit_test(no_cut_and_no_flipped_bit_does_harm),
	};

	return RUN(tests);
}

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/hex.h"
#include "peer/fmtp.h"
#include "peer/sdp.h"

/*
 * Session descriptions. What we need may stand at session level or in the
 * application section, whose own attributes count as much; where both speak
 * they must agree. Other sections and everything unknown are skipped.
 */
enum { SDP_DEFAULT_MESSAGE = 65535, SDP_DEFAULT_PORT = 5000, FORMATS = 16 };
enum section { SESSION, APPLICATION, BUNDLED, OTHER };

struct line {
	const char	*p;
	size_t		 n;
};

struct parse {
	struct sdp	*s;
	enum section	 section;
	const struct sdp_media *want;		/* NULL: data channels only */
	struct sdp_section *at;			/* the present one */
	uint8_t		 pt[FORMATS];		/* its ones of our codec */
	size_t		 npt;
	unsigned	 alike;			/* at->pt, to what we want */
	bool		 has_application, has_fingerprint;
	bool		 rejected;		/* the application section */
	const char	*why;
};

static bool
starts(const struct line *l, const char *s)
{
	size_t	 n = strlen(s);

	return l->n >= n && memcmp(l->p, s, n) == 0;
}

static bool
equals(const struct line *l, const char *s)
{
	return l->n == strlen(s) && starts(l, s);
}

/* The next line without its end; false: there is none. */
static bool
next_line(struct line *text, struct line *l)
{
	const char	*nl;

	if (text->n == 0)
		return false;
	nl = memchr(text->p, '\n', text->n);
	l->p = text->p;
	l->n = nl != NULL ? (size_t)(nl - text->p) : text->n;
	text->p += l->n + (nl != NULL);
	text->n -= l->n + (nl != NULL);
	while (l->n > 0 && (l->p[l->n - 1] == '\r' || l->p[l->n - 1] == ' '))
		l->n--;
	return true;
}

/* The next blank-separated word, taken from the line. */
static struct line
word(struct line *l)
{
	struct line	 w = { l->p, 0 };

	while (w.n < l->n && l->p[w.n] != ' ')
		w.n++;
	l->p += w.n;
	l->n -= w.n;
	while (l->n > 0 && *l->p == ' ') {
		l->p++;
		l->n--;
	}
	return w;
}

/* Decimal, at most max: what is more becomes max. False: not a number. */
static bool
number(struct line *l, uint64_t max, uint64_t *v)
{
	struct line	 w = word(l);

	*v = 0;
	for (size_t i = 0; i < w.n; i++) {
		if (w.p[i] < '0' || w.p[i] > '9')
			return false;
		*v = *v * 10 + (uint64_t)(w.p[i] - '0');
		if (*v > max)
			*v = max;
	}
	return w.n > 0;
}

static void
fail(struct parse *p, const char *why)
{
	if (p->why == NULL)
		p->why = why;
}

/* Keep a text of which there may be only one. */
static void
keep(struct parse *p, char *to, size_t cap, const struct line *l,
    const char *conflict)
{
	if (l->n == 0 || l->n >= cap) {
		fail(p, "an attribute is empty or too long");
		return;
	}
	if (*to != '\0' && !equals(l, to)) {
		fail(p, conflict);
		return;
	}
	memcpy(to, l->p, l->n);
	to[l->n] = '\0';
}

/*
 * RFC 9143 7.3: a bundle uses the transport of its first section that is not
 * rejected, whatever those of the others say.
 */
static bool
has_transport(const struct parse *p)
{
	if (p->at == NULL)
		return true;
	for (const struct sdp_section *x = p->s->section; x < p->at; x++)
		if (!x->rejected)
			return false;
	return true;
}

static void
on_ufrag(struct parse *p, struct line *l)
{
	if (!has_transport(p))
		return;
	keep(p, p->s->ufrag, sizeof(p->s->ufrag), l,
	    "conflicting ice-ufrag attributes");
}

static void
on_pwd(struct parse *p, struct line *l)
{
	if (!has_transport(p))
		return;
	keep(p, p->s->pwd, sizeof(p->s->pwd), l,
	    "conflicting ice-pwd attributes");
}

static void
on_mid(struct parse *p, struct line *l)
{
	if (p->at != NULL)
		keep(p, p->at->mid, sizeof(p->at->mid), l,
		    "conflicting mid attributes");
	if (p->section == BUNDLED)
		return;
	keep(p, p->s->mid, sizeof(p->s->mid), l,
	    "conflicting mid attributes");
}

/* 32 pairs of digits with colons between. */
static bool
get_digest(uint8_t out[32], const struct line *l)
{
	int	 high, low;

	if (l->n != 95)
		return false;
	for (size_t i = 0; i < 32; i++) {
		high = hex_digit(l->p[3 * i]);
		low = hex_digit(l->p[3 * i + 1]);
		if (high == -1 || low == -1 ||
		    (i < 31 && l->p[3 * i + 2] != ':'))
			return false;
		out[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}

static void
on_fingerprint(struct parse *p, struct line *l)
{
	struct line	 hash = word(l);
	uint8_t		 digest[32];

	if (!equals(&hash, "sha-256") && !equals(&hash, "SHA-256"))
		return;
	if (!get_digest(digest, l))
		fail(p, "a malformed fingerprint");
	else if (p->has_fingerprint &&
	    memcmp(digest, p->s->fingerprint, sizeof(digest)) != 0)
		fail(p, "conflicting fingerprints");
	else {
		p->has_fingerprint = true;
		memcpy(p->s->fingerprint, digest, sizeof(digest));
	}
}

static const char *const setups[] = {
	[SDP_ACTPASS]	= "actpass",
	[SDP_ACTIVE]	= "active",
	[SDP_PASSIVE]	= "passive",
};

static void
on_setup(struct parse *p, struct line *l)
{
	for (int i = 0; i < 3; i++)
		if (equals(l, setups[i])) {
			p->s->setup = (enum sdp_setup)i;
			return;
		}
	fail(p, "an unusable setup attribute");
}

static void
on_sctp_port(struct parse *p, struct line *l)
{
	uint64_t	 v;

	if (!number(l, 65536, &v) || v == 0 || v > 65535)
		fail(p, "a malformed SCTP port");
	else
		p->s->sctp_port = (uint16_t)v;
}

static void
on_max_message(struct parse *p, struct line *l)
{
	uint64_t	 v;

	if (!number(l, UINT32_MAX, &v))
		fail(p, "a malformed max-message-size");
	else
		p->s->max_message = (uint32_t)v;
}

static void
on_lite(struct parse *p, struct line *l)
{
	(void)l;
	p->s->ice_lite = true;
}

static void
on_hotlink(struct parse *p, struct line *l)
{
	p->s->hotlink = equals(l, "1");
}

static void
on_reopen(struct parse *p, struct line *l)
{
	p->s->reopens = equals(l, "1");
}

/* One too long is no candidate of ours: RFC 8839 5.1 says to skip it. */
static void
on_candidate(struct parse *p, struct line *l)
{
	char	*to;

	if (!has_transport(p))
		return;
	if (p->s->ncandidates == SDP_CANDIDATES ||
	    l->n + sizeof("candidate:") > SDP_LINE)
		return;
	to = p->s->candidate[p->s->ncandidates++];
	strcpy(to, "candidate:");
	memcpy(to + 10, l->p, l->n);
	to[10 + l->n] = '\0';
}

static bool
same_word(const struct line *l, const char *s)
{
	return l->n == strlen(s) && strncasecmp(l->p, s, l->n) == 0;
}

/*
 * a=rtpmap:96 VP8/90000: the first of our codec is theirs for it, unless a
 * later one is more like it by its parameters.
 */
static void
on_rtpmap(struct parse *p, struct line *l)
{
	uint64_t	 pt;
	char		 ours[64];
	size_t		 n = strlen(p->at != NULL ? p->at->fmt : "");

	if (p->section != BUNDLED)
		return;
	if (l->n > n && memcmp(l->p, p->at->fmt, n) == 0 && l->p[n] == ' ' &&
	    l->n - n - 1 < sizeof(p->at->idle)) {
		memcpy(p->at->idle, l->p + n + 1, l->n - n - 1);
		p->at->idle[l->n - n - 1] = '\0';
	}
	if (p->want->codec == NULL || !number(l, 128, &pt) || pt > 127 ||
	    strcmp(p->at->media, p->want->video ? "video" : "audio") != 0 ||
	    (sdp_media_of(p->s) != NULL && p->at->kind != SDP_MEDIA))
		return;
	snprintf(ours, sizeof(ours), p->want->channels > 1 ? "%s/%lu/%lu" :
	    "%s/%lu", p->want->codec, (unsigned long)p->want->clock,
	    (unsigned long)p->want->channels);
	if (!same_word(l, ours))
		return;
	if (p->npt < FORMATS)
		p->pt[p->npt++] = (uint8_t)pt;
	if (p->at->kind == SDP_MEDIA)
		return;
	p->at->kind = SDP_MEDIA;
	p->at->pt = (uint8_t)pt;
}

/* a=fmtp:102 packetization-mode=1;... */
static void
on_fmtp(struct parse *p, struct line *l)
{
	uint64_t	 pt;
	unsigned	 alike;

	if (p->section != BUNDLED || p->want->fmtp == NULL ||
	    !number(l, 128, &pt) || pt > 127 ||
	    memchr(p->pt, (int)pt, p->npt) == NULL)
		return;
	alike = fmtp_alike(p->want->fmtp, l->p, l->n);
	if (alike <= p->alike)
		return;
	p->alike = alike;
	p->at->pt = (uint8_t)pt;
}

static void
on_bundle_only(struct parse *p, struct line *l)
{
	(void)l;
	if (p->at == NULL)
		return;
	p->at->rejected = false;
	if (p->section == APPLICATION)
		p->rejected = false;
}

static void
direct_way(struct parse *p, bool sends, bool takes)
{
	if (p->at == NULL)
		return;
	p->at->sends = sends;
	p->at->takes = takes;
}

static void
on_sendonly(struct parse *p, struct line *l)
{
	(void)l;
	direct_way(p, true, false);
}

static void
on_recvonly(struct parse *p, struct line *l)
{
	(void)l;
	direct_way(p, false, true);
}

static void
on_inactive(struct parse *p, struct line *l)
{
	(void)l;
	direct_way(p, false, false);
}

static const struct {
	const char	*name;		/* with what follows it */
	void		(*fn)(struct parse *, struct line *);
} attributes[] = {
	{ "a=bundle-only", on_bundle_only },
	{ "a=candidate:", on_candidate },
	{ "a=fingerprint:", on_fingerprint },
	{ "a=fmtp:", on_fmtp },
	{ "a=ice-lite", on_lite },
	{ "a=ice-pwd:", on_pwd },
	{ "a=ice-ufrag:", on_ufrag },
	{ "a=inactive", on_inactive },
	{ "a=max-message-size:", on_max_message },
	{ "a=mid:", on_mid },
	{ "a=recvonly", on_recvonly },
	{ "a=rtpmap:", on_rtpmap },
	{ "a=sctp-port:", on_sctp_port },
	{ "a=sctpmap:", on_sctp_port },		/* before RFC 8841 */
	{ "a=sendonly", on_sendonly },
	{ "a=setup:", on_setup },
	{ "a=x-hotlink:", on_hotlink },
	{ "a=x-hotlink-reopen:", on_reopen },
};

static void
on_attribute(struct parse *p, struct line *l)
{
	for (size_t i = 0; i < sizeof(attributes) / sizeof(attributes[0]); i++)
		if (starts(l, attributes[i].name)) {
			l->p += strlen(attributes[i].name);
			l->n -= strlen(attributes[i].name);
			attributes[i].fn(p, l);
			return;
		}
}

static void
copy_word(char *to, size_t cap, const struct line *l)
{
	size_t	 n = l->n < cap - 1 ? l->n : cap - 1;

	memcpy(to, l->p, n);
	to[n] = '\0';
}

/* Take note of a section, which an answer must have, too. */
static void
note_section(struct parse *p, bool rejected, const struct line *media,
    const struct line *proto, struct line *fmts)
{
	struct line	 name = { media->p + 2, media->n - 2 };
	struct line	 fmt = word(fmts);

	p->at = NULL;
	p->npt = p->alike = 0;
	if (p->want == NULL)
		return;
	if (p->s->nsections == SDP_SECTIONS) {
		fail(p, "more sections than an answer may have");
		return;
	}
	p->at = &p->s->section[p->s->nsections++];
	p->at->kind = SDP_REFUSED;
	p->at->sends = p->at->takes = true;
	p->at->rejected = rejected;
	copy_word(p->at->media, sizeof(p->at->media), &name);
	copy_word(p->at->proto, sizeof(p->at->proto), proto);
	copy_word(p->at->fmt, sizeof(p->at->fmt), &fmt);
	if (name.n >= sizeof(p->at->media) ||
	    proto->n >= sizeof(p->at->proto) || fmt.n >= sizeof(p->at->fmt) ||
	    name.n == 0 || proto->n == 0 || fmt.n == 0)
		fail(p, "a section that cannot be answered");
}

/* m=application 9 UDP/DTLS/SCTP webrtc-datachannel, or DTLS/SCTP 5000 */
static void
on_media(struct parse *p, struct line *l)
{
	struct line	 media = word(l), port = word(l), proto = word(l);

	note_section(p, equals(&port, "0"), &media, &proto, l);
	p->section = p->want != NULL ? BUNDLED : OTHER;
	if (!equals(&media, "m=application") ||
	    (!equals(&proto, "UDP/DTLS/SCTP") && !equals(&proto, "DTLS/SCTP")))
		return;
	if (p->has_application)
		fail(p, "more than one application section");
	p->rejected = equals(&port, "0");
	p->has_application = true;
	p->section = APPLICATION;
	if (p->at != NULL)
		p->at->kind = SDP_DATA;
}

static const char *
missing(const struct parse *p)
{
	if (!p->has_application)
		return "no application section";
	if (p->rejected)
		return "the application section is rejected";
	if (!p->has_fingerprint)
		return "no sha-256 fingerprint";
	if (p->s->ufrag[0] == '\0' || p->s->pwd[0] == '\0')
		return "no ICE credentials";
	return NULL;
}

const struct sdp_section *
sdp_media_of(const struct sdp *s)
{
	for (size_t i = 0; i < s->nsections; i++)
		if (s->section[i].kind == SDP_MEDIA)
			return &s->section[i];
	return NULL;
}

int
sdp_decode_media(struct sdp *s, const struct sdp_media *want,
    const char *text, size_t len, const char **why)
{
	struct line	 rest = { text, len }, l;
	struct parse	 p = { .s = s, .want = want };

	memset(s, 0, sizeof(*s));
	s->max_message = SDP_DEFAULT_MESSAGE;
	s->sctp_port = SDP_DEFAULT_PORT;
	if (len > SDP_TEXT)
		fail(&p, "the description is too long");
	else if (memchr(text, '\0', len) != NULL)
		fail(&p, "a NUL in the description");
	else if (!next_line(&rest, &l) || !equals(&l, "v=0"))
		fail(&p, "not a session description");
	while (p.why == NULL && next_line(&rest, &l)) {
		if (starts(&l, "m=") && l.n > 2)
			on_media(&p, &l);
		else if (starts(&l, "a=") && p.section != OTHER)
			on_attribute(&p, &l);
	}
	for (size_t i = 0; i < s->nsections; i++)
		if (s->section[i].rejected)
			s->section[i].kind = SDP_REFUSED;
	if (p.why == NULL)
		p.why = missing(&p);
	if (s->mid[0] == '\0')
		strcpy(s->mid, "0");	/* ours must have one: RFC 9143 */
	if (p.why == NULL)
		return 0;
	if (why != NULL)
		*why = p.why;
	return -1;
}

int
sdp_decode(struct sdp *s, const char *text, size_t len, const char **why)
{
	return sdp_decode_media(s, NULL, text, len, why);
}

static void
hex_digest(char *to, const uint8_t *d)
{
	for (int i = 0; i < 32; i++)
		sprintf(to + 3 * i, "%02X%s", d[i], i < 31 ? ":" : "");
}

/* Text that grows; once it does not fit, n says so. */
struct text {
	char	*p;
	size_t	 n, cap;
};

static void say(struct text *, const char *, ...)
    __attribute__((__format__(__printf__, 2, 3)));

static void
say(struct text *t, const char *fmt, ...)
{
	size_t	 left = t->n < t->cap ? t->cap - t->n : 0;
	va_list	 ap;
	int	 n;

	va_start(ap, fmt);
	n = vsnprintf(t->p + (left > 0 ? t->n : 0), left, fmt, ap);
	va_end(ap);
	t->n += n > 0 ? (size_t)n : 0;
}

/* What every section of a bundle has: RFC 9143 7.1. */
static void
say_transport(struct text *t, const struct sdp *s, bool offer)
{
	say(t, "a=setup:%s\r\na=ice-ufrag:%s\r\na=ice-pwd:%s\r\n"
	    "a=ice-options:trickle\r\n",
	    setups[offer ? SDP_ACTPASS : s->setup], s->ufrag, s->pwd);
	for (size_t i = 0; i < s->ncandidates; i++)
		say(t, "a=%s\r\n", s->candidate[i]);
}

static void
say_mid(struct text *t, const char *mid)
{
	if (mid[0] != '\0')
		say(t, "a=mid:%s\r\n", mid);
}

static void
say_data(struct text *t, const struct sdp *s, const char *mid, bool offer)
{
	say(t, "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n"
	    "c=IN IP4 0.0.0.0\r\na=sendrecv\r\n"
	    "a=sctp-port:%u\r\na=max-message-size:%lu\r\n",
	    s->sctp_port, (unsigned long)s->max_message);
	say_mid(t, mid);
	say_transport(t, s, offer);
}

static const char *
way_text(const struct sdp_section *x)
{
	if (x->sends && x->takes)
		return "sendrecv";
	return x->sends ? "recvonly" : x->takes ? "sendonly" : "inactive";
}

static void
say_media(struct text *t, const struct sdp *s, const struct sdp_media *m,
    const struct sdp_section *x, bool offer)
{
	unsigned	 pt = x->pt;

	say(t, "m=%s 9 UDP/TLS/RTP/SAVPF %u\r\nc=IN IP4 0.0.0.0\r\n"
	    "a=%s\r\na=rtcp-mux\r\na=rtpmap:%u %s/%lu",
	    x->media, pt, way_text(x), pt, m->codec,
	    (unsigned long)m->clock);
	if (m->channels > 1)
		say(t, "/%lu", (unsigned long)m->channels);
	say(t, "\r\n");
	if (m->fmtp != NULL && m->fmtp[0] != '\0')
		say(t, "a=fmtp:%u %s\r\n", pt, m->fmtp);
	if (m->video)
		say(t, "a=rtcp-fb:%u nack\r\na=rtcp-fb:%u nack pli\r\n"
		    "a=rtcp-fb:%u ccm fir\r\n", pt, pt, pt);
	say(t, "a=msid:hotlink %s\r\n", x->media);
	if (m->ssrc != 0)
		say(t, "a=ssrc:%lu cname:hotlink\r\n",
		    (unsigned long)m->ssrc);
	say_mid(t, x->mid);
	say_transport(t, s, offer);
}

/*
 * Only the first: beside an idle one Chromium does not know where a source
 * that no description names belongs.
 */
static bool
is_idle(const struct sdp *theirs, const struct sdp_section *x)
{
	return x == theirs->section && x->kind == SDP_REFUSED && !x->rejected &&
	    x->idle[0] != '\0' && strcmp(x->proto, "UDP/TLS/RTP/SAVPF") == 0;
}

static void
say_refused(struct text *t, const struct sdp *s, const struct sdp_section *x,
    bool idle)
{
	say(t, "m=%s %d %s %s\r\nc=IN IP4 0.0.0.0\r\na=inactive\r\n",
	    x->media, idle ? 9 : 0, x->proto, x->fmt);
	say_mid(t, x->mid);
	if (!idle)
		return;
	say(t, "a=rtcp-mux\r\na=rtpmap:%s %s\r\n", x->fmt, x->idle);
	say_transport(t, s, false);
}

static void
say_section(struct text *t, const struct sdp *s, const struct sdp *theirs,
    const struct sdp_media *m, const struct sdp_section *x)
{
	bool	 offer = theirs == NULL;

	switch (x->kind) {
	case SDP_DATA:
		say_data(t, s, x->mid, offer);
		break;
	case SDP_MEDIA:
		say_media(t, s, m, x, offer);
		break;
	case SDP_REFUSED:
		say_refused(t, s, x, !offer && is_idle(theirs, x));
		break;
	}
}

/* Our own offer: the channels, then what we have. */
static size_t
our_sections(struct sdp_section *x, const struct sdp_media *m)
{
	memset(x, 0, 2 * sizeof(*x));
	x[0].kind = SDP_DATA;
	strcpy(x[0].mid, "0");
	if (m->codec == NULL)
		return 1;
	x[1].kind = SDP_MEDIA;
	x[1].pt = m->pt;
	x[1].sends = x[1].takes = true;
	strcpy(x[1].media, m->video ? "video" : "audio");
	strcpy(x[1].mid, "1");
	return 2;
}

int
sdp_encode_media(const struct sdp *s, const struct sdp *theirs,
    const struct sdp_media *m, uint64_t session_id, char *buf, size_t cap)
{
	struct sdp_section	 own[2];
	const struct sdp_section *x = own;
	struct text		 t = { buf, 0, cap };
	size_t			 n;
	char			 digest[96];

	n = our_sections(own, m);
	if (theirs != NULL) {
		x = theirs->section;
		n = theirs->nsections;
	}
	hex_digest(digest, s->fingerprint);
	say(&t, "v=0\r\no=- %llu 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n"
	    "a=group:BUNDLE", (unsigned long long)(session_id >> 2));
	for (size_t i = 0; i < n; i++)
		if ((x[i].kind != SDP_REFUSED || (theirs != NULL &&
		    is_idle(theirs, &x[i]))) && x[i].mid[0] != '\0')
			say(&t, " %s", x[i].mid);
	say(&t, "\r\n%sa=fingerprint:sha-256 %s\r\n%s"
	    "%sa=msid-semantic: WMS hotlink\r\n",
	    s->ice_lite ? "a=ice-lite\r\n" : "", digest,
	    s->hotlink ? "a=x-hotlink:1\r\n" : "",
	    s->reopens ? "a=x-hotlink-reopen:1\r\n" : "");
	for (size_t i = 0; i < n; i++)
		say_section(&t, s, theirs, m, &x[i]);
	return t.n < cap ? (int)t.n : -1;
}

int
sdp_encode(const struct sdp *s, bool offer, uint64_t session_id, char *buf,
    size_t cap)
{
	char	 digest[96];
	int	 n, m;

	hex_digest(digest, s->fingerprint);
	n = snprintf(buf, cap, "v=0\r\n"
	    "o=- %llu 1 IN IP4 0.0.0.0\r\n"
	    "s=-\r\n"
	    "t=0 0\r\n"
	    "a=group:BUNDLE %s\r\n"
	    "%s"
	    "a=fingerprint:sha-256 %s\r\n"
	    "%s%s"
	    "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n"
	    "c=IN IP4 0.0.0.0\r\n"
	    "a=setup:%s\r\n"
	    "a=mid:%s\r\n"
	    "a=sendrecv\r\n"
	    "a=sctp-port:%u\r\n"
	    "a=max-message-size:%lu\r\n"
	    "a=ice-ufrag:%s\r\n"
	    "a=ice-pwd:%s\r\n"
	    "a=ice-options:trickle\r\n",
	    (unsigned long long)(session_id >> 2), s->mid,
	    s->ice_lite ? "a=ice-lite\r\n" : "", digest,
	    s->hotlink ? "a=x-hotlink:1\r\n" : "",
	    s->reopens ? "a=x-hotlink-reopen:1\r\n" : "",
	    setups[offer ? SDP_ACTPASS : s->setup], s->mid, s->sctp_port,
	    (unsigned long)s->max_message, s->ufrag, s->pwd);
	for (size_t i = 0; n >= 0 && (size_t)n < cap && i < s->ncandidates;
	    i++) {
		m = snprintf(buf + n, cap - (size_t)n, "a=%s\r\n",
		    s->candidate[i]);
		n = m < 0 ? -1 : n + m;
	}
	return n >= 0 && (size_t)n < cap ? n : -1;
}

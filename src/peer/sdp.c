#include <stdio.h>
#include <string.h>

#include "base/hex.h"
#include "peer/sdp.h"

/*
 * Session descriptions. What we need may stand at session level or in the
 * application section, whose own attributes count as much; where both speak
 * they must agree. Other sections and everything unknown are skipped.
 */
enum { SDP_DEFAULT_MESSAGE = 65535, SDP_DEFAULT_PORT = 5000 };
enum section { SESSION, APPLICATION, OTHER };

struct line {
	const char	*p;
	size_t		 n;
};

struct parse {
	struct sdp	*s;
	enum section	 section;
	bool		 has_application, has_fingerprint;
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

static void
on_ufrag(struct parse *p, struct line *l)
{
	keep(p, p->s->ufrag, sizeof(p->s->ufrag), l,
	    "conflicting ice-ufrag attributes");
}

static void
on_pwd(struct parse *p, struct line *l)
{
	keep(p, p->s->pwd, sizeof(p->s->pwd), l,
	    "conflicting ice-pwd attributes");
}

static void
on_mid(struct parse *p, struct line *l)
{
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

/* One too long is no candidate of ours: RFC 8839 5.1 says to skip it. */
static void
on_candidate(struct parse *p, struct line *l)
{
	char	*to;

	if (p->s->ncandidates == SDP_CANDIDATES ||
	    l->n + sizeof("candidate:") > SDP_LINE)
		return;
	to = p->s->candidate[p->s->ncandidates++];
	strcpy(to, "candidate:");
	memcpy(to + 10, l->p, l->n);
	to[10 + l->n] = '\0';
}

static const struct {
	const char	*name;		/* with what follows it */
	void		(*fn)(struct parse *, struct line *);
} attributes[] = {
	{ "a=candidate:", on_candidate },
	{ "a=fingerprint:", on_fingerprint },
	{ "a=ice-lite", on_lite },
	{ "a=ice-pwd:", on_pwd },
	{ "a=ice-ufrag:", on_ufrag },
	{ "a=max-message-size:", on_max_message },
	{ "a=mid:", on_mid },
	{ "a=sctp-port:", on_sctp_port },
	{ "a=sctpmap:", on_sctp_port },		/* before RFC 8841 */
	{ "a=setup:", on_setup },
	{ "a=x-hotlink:", on_hotlink },
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

/* m=application 9 UDP/DTLS/SCTP webrtc-datachannel, or DTLS/SCTP 5000 */
static void
on_media(struct parse *p, struct line *l)
{
	struct line	 media = word(l), port = word(l), proto = word(l);

	p->section = OTHER;
	if (!equals(&media, "m=application") ||
	    (!equals(&proto, "UDP/DTLS/SCTP") && !equals(&proto, "DTLS/SCTP")))
		return;
	if (p->has_application)
		fail(p, "more than one application section");
	if (equals(&port, "0"))
		fail(p, "the application section is rejected");
	p->has_application = true;
	p->section = APPLICATION;
}

static const char *
missing(const struct parse *p)
{
	if (!p->has_application)
		return "no application section";
	if (!p->has_fingerprint)
		return "no sha-256 fingerprint";
	if (p->s->ufrag[0] == '\0' || p->s->pwd[0] == '\0')
		return "no ICE credentials";
	return NULL;
}

int
sdp_decode(struct sdp *s, const char *text, size_t len, const char **why)
{
	struct line	 rest = { text, len }, l;
	struct parse	 p = { .s = s };

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
		if (starts(&l, "m="))
			on_media(&p, &l);
		else if (starts(&l, "a=") && p.section != OTHER)
			on_attribute(&p, &l);
	}
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

static void
hex_digest(char *to, const uint8_t *d)
{
	for (int i = 0; i < 32; i++)
		sprintf(to + 3 * i, "%02X%s", d[i], i < 31 ? ":" : "");
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
	    "%s"
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

#include <jansson.h>
#include <strings.h>

#include "base/hex.h"
#include "syft/marker.h"
#include "syft/object.h"

/*
 * Marker files, hotlink-protocol.md 3.1. Applications write them, so what
 * is wrong gets a reason somebody can act on.
 */
enum { MARKER_MAX = 64 << 10 };

static int
refuse(const char **why, const char *reason)
{
	*why = reason;
	return -1;
}

static int
take_email(const json_t *root, const char *name, char *to)
{
	const char	*s = json_string_value(json_object_get(root, name));

	if (s == NULL || !email_valid(s))
		return -1;
	memcpy(to, s, strlen(s) + 1);
	return 0;
}

static bool
same_email(const char *text, const char *lower)
{
	char		 x[EMAIL_MAX + 1];
	size_t		 n = strlen(text);

	if (n > EMAIL_MAX)
		return false;
	memcpy(x, text, n + 1);
	email_lower(x);
	return strcmp(x, lower) == 0;
}

static int
take_parties(struct marker *m, const char *me, const json_t *root,
    const char **why)
{
	bool		 is_from, is_to;

	if (take_email(root, "from", m->from) < 0)
		return refuse(why, "\"from\" is missing or not an email");
	if (take_email(root, "to", m->to) < 0)
		return refuse(why, "\"to\" is missing or not an email");
	is_from = same_email(m->from, me);
	is_to = same_email(m->to, me);
	if (is_from && is_to)
		return refuse(why, "\"from\" and \"to\" are the same party");
	if (!is_from && !is_to)
		return refuse(why, "neither \"from\" nor \"to\" is this party");
	memcpy(m->peer, is_from ? m->to : m->from, sizeof(m->peer));
	email_lower(m->peer);
	return 0;
}

static const json_t *
my_port(const json_t *root, const char *me, const char *each,
    const char *all)
{
	json_t		*ports = json_object_get(root, each), *v;
	const char	*name;

	if (ports == NULL || json_is_null(ports))
		return json_object_get(root, all);
	if (strcmp(each, all) == 0 && !json_is_object(ports))
		return ports;
	json_object_foreach(ports, name, v) {
		if (same_email(name, me))
			return v;
	}
	return NULL;
}

static int
take_port(struct marker *m, const char *me, const json_t *root,
    const char **why)
{
	const json_t	*v = my_port(root, me, "ports", "port");
	json_int_t	 port = json_integer_value(v);

	if (!json_is_integer(v))
		return refuse(why, "no port for this party");
	if (port < 1 || port > 65535)
		return refuse(why, "the port is not between 1 and 65535");
	m->port = (uint16_t)port;
	return 0;
}

/* 64 digits, or 32 pairs with colons between all of them. */
static int
take_digest(uint8_t *to, const char *s)
{
	size_t		 n = strlen(s);
	size_t		 step = n == 95 ? 3 : 2;

	if (n != 64 && n != 95)
		return -1;
	for (size_t i = 0; i < 32; i++, s += step) {
		if (hex_digit(s[0]) < 0 || hex_digit(s[1]) < 0)
			return -1;
		if (step == 3 && i < 31 && s[2] != ':')
			return -1;
		to[i] = (uint8_t)(hex_digit(s[0]) << 4 | hex_digit(s[1]));
	}
	return 0;
}

/* A pin nobody can read must not become no pin. */
static int
take_fingerprint(struct marker *m, const json_t *root, const char **why)
{
	const json_t	*v = json_object_get(root, "fingerprint");

	if (v == NULL)
		return 0;
	if (!json_is_string(v) ||
	    take_digest(m->fingerprint, json_string_value(v)) < 0)
		return refuse(why, "\"fingerprint\" is not a SHA-256 in hex");
	m->has_fingerprint = true;
	return 0;
}

/* Of stream.udp: a local port, or an object that may have one for us. */
static int
take_deliver(struct marker *m, const char *me, const json_t *root,
    const char **why)
{
	const json_t	*v = my_port(root, me, "deliver", "deliver");
	json_int_t	 port = json_integer_value(v);

	if (v == NULL)
		return 0;
	if (!json_is_integer(v) || port < 1 || port > 65535)
		return refuse(why, "\"deliver\" is not a port");
	if (port == m->port)
		return refuse(why, "\"deliver\" is the agent's own port");
	m->deliver = (uint16_t)port;
	return 0;
}

/* The digits after a name and a colon, at most 65535. */
static bool
amount(const char *s, const char *name, uint32_t *v)
{
	size_t	 n = strlen(name), i;

	*v = 0;
	if (strncmp(s, name, n) != 0)
		return false;
	for (i = n; s[i] >= '0' && s[i] <= '9' && i < n + 5; i++)
		*v = *v * 10 + (uint32_t)(s[i] - '0');
	return i > n && s[i] == '\0' && *v <= 65535;
}

static int
take_reliability(struct marker *m, const json_t *root, const char **why)
{
	const json_t	*v = json_object_get(root, "reliability");
	const char	*s = json_string_value(v);

	m->effort = EFFORT_RETRANSMITS;
	m->effort_value = 0;
	if (v == NULL || (s != NULL && strcmp(s, "none") == 0))
		return 0;
	if (s != NULL && strcmp(s, "ordered") == 0) {
		m->effort = EFFORT_ORDERED;
		return 0;
	}
	if (s != NULL && amount(s, "retransmits:", &m->effort_value))
		return 0;
	if (s != NULL && amount(s, "lifetime:", &m->effort_value) &&
	    m->effort_value > 0) {
		m->effort = EFFORT_LIFETIME;
		return 0;
	}
	return refuse(why, "\"reliability\" is not none, retransmits:N, "
	    "lifetime:MS or ordered");
}

static const struct {
	const char	*name;
	bool		 video;
	uint32_t	 clock, channels;
} codecs[] = {
	{ "VP8",	true,	90000, 0 },
	{ "VP9",	true,	90000, 0 },
	{ "H264",	true,	90000, 0 },
	{ "H265",	true,	90000, 0 },
	{ "AV1",	true,	90000, 0 },
	{ "opus",	false,	48000, 2 },	/* always: RFC 7587 7 */
	{ "PCMU",	false,	8000, 0 },
	{ "PCMA",	false,	8000, 0 },
	{ "G722",	false,	8000, 0 },	/* sic: RFC 3551 4.5.2 */
};

static int
take_codec(struct marker_media *d, const json_t *root, const char **why)
{
	const char	*s = json_string_value(json_object_get(root,
			    "codec"));
	const json_t	*clock = json_object_get(root, "clock");

	for (size_t i = 0; s != NULL &&
	    i < sizeof(codecs) / sizeof(codecs[0]); i++) {
		if (strcasecmp(s, codecs[i].name) != 0 ||
		    codecs[i].video != d->video)
			continue;
		d->codec = codecs[i].name;
		d->clock = codecs[i].clock;
		d->channels = codecs[i].channels;
		if (clock != NULL && (!json_is_integer(clock) ||
		    json_integer_value(clock) != (json_int_t)d->clock))
			return refuse(why, "\"clock\" is not that of the "
			    "codec");
		return 0;
	}
	return refuse(why, d->video ?
	    "\"codec\" is not VP8, VP9, H264, H265 or AV1" :
	    "\"codec\" is not opus, PCMU, PCMA or G722");
}

/* One line of a description: printable, and no end of line. */
static int
take_fmtp(struct marker_media *d, const json_t *root, const char **why)
{
	const json_t	*v = json_object_get(root, "fmtp");
	const char	*s = json_string_value(v);

	if (v == NULL)
		return 0;
	if (s == NULL || strlen(s) >= sizeof(d->fmtp))
		return refuse(why, "\"fmtp\" is not a short text");
	for (size_t i = 0; s[i] != '\0'; i++)
		if (s[i] < ' ' || s[i] > '~')
			return refuse(why, "\"fmtp\" is not plain text");
	strcpy(d->fmtp, s);
	return 0;
}

static int
take_media(struct marker_media *d, const json_t *root, const char **why)
{
	const char	*s = json_string_value(json_object_get(root,
			    "media"));
	const json_t	*pt = json_object_get(root, "pt");
	const json_t	*ssrc = json_object_get(root, "ssrc");
	json_int_t	 v = json_integer_value(pt);

	d->video = s != NULL && strcmp(s, "video") == 0;
	if (!d->video && (s == NULL || strcmp(s, "audio") != 0))
		return refuse(why, "\"media\" is not audio or video");
	/* RFC 5761 4: 64 to 95 would be taken for RTCP. */
	if (!json_is_integer(pt) || v < 0 || v > 127 || (v >= 64 && v <= 95))
		return refuse(why, "\"pt\" is not an RTP payload type");
	d->pt = (uint8_t)v;
	v = json_integer_value(ssrc);
	if (ssrc != NULL && (!json_is_integer(ssrc) || v < 1 ||
	    v > (json_int_t)UINT32_MAX))
		return refuse(why, "\"ssrc\" is not a number of 32 bits");
	d->ssrc = (uint32_t)v;
	return take_codec(d, root, why) < 0 ? -1 : take_fmtp(d, root, why);
}

static int
take_udp(struct marker *m, const char *me, const json_t *root,
    const char **why)
{
	const json_t	*kind = json_object_get(root, "kind");
	const char	*s = json_string_value(kind);

	m->kind = MARKER_DATAGRAM;
	if (s != NULL && strcmp(s, "rtp") == 0)
		m->kind = MARKER_RTP;
	else if (kind != NULL && (s == NULL || strcmp(s, "datagram") != 0))
		return refuse(why, "\"kind\" is not datagram or rtp");
	if (take_deliver(m, me, root, why) < 0)
		return -1;
	if (m->kind == MARKER_RTP)
		return take_media(&m->media, root, why);
	return take_reliability(m, root, why);
}

static int
take_all(struct marker *m, const char *me, const json_t *root,
    const char **why)
{
	if (take_parties(m, me, root, why) < 0 ||
	    take_port(m, me, root, why) < 0)
		return -1;
	if (m->key.udp && take_udp(m, me, root, why) < 0)
		return -1;
	return take_fingerprint(m, root, why);
}

int
marker_parse(struct marker *m, const char *me, const char *rel,
    const char *bytes, size_t n, const char **why)
{
	json_t		*root;
	int		 rc;

	memset(m, 0, sizeof(*m));
	if (n > MARKER_MAX)
		return refuse(why, "larger than 64 KiB");
	if (key_of_marker(&m->key, rel) < 0)
		return refuse(why, "not at EMAIL/.../A_to_B/stream.tcp "
		    "or stream.udp");
	root = object_load(bytes, n, why);
	if (root == NULL)
		return -1;
	rc = take_all(m, me, root, why);
	json_decref(root);
	return rc;
}

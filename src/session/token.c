#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "session/token.h"

/* An object's text, bounded; takes the object. */
static int
dump(json_t *o, char *buf, size_t cap)
{
	size_t	 n = cap;

	if (o != NULL)
		n = json_dumpb(o, buf, cap, JSON_COMPACT);
	json_decref(o);
	if (n == 0 || n >= cap)
		return -1;
	buf[n] = '\0';
	return (int)n;
}

static json_t *
load(struct span s)
{
	json_error_t	 err;
	json_t		*o;

	if (s.n == 0 || s.n > TOKEN_MAX)
		return NULL;
	o = json_loadb((const char *)s.p, s.n, 0, &err);
	if (o != NULL && !json_is_object(o)) {
		json_decref(o);
		return NULL;
	}
	return o;
}

/* A string member into a buffer; false: absent, too long or another type. */
static bool
get_text(const json_t *o, const char *key, char *buf, size_t cap)
{
	const json_t	*v = json_object_get(o, key);
	size_t		 n;

	if (!json_is_string(v))
		return false;
	n = json_string_length(v);
	if (n >= cap || strlen(json_string_value(v)) != n)
		return false;
	memcpy(buf, json_string_value(v), n + 1);
	return true;
}

static void
add_offer(json_t *o, const char *offer)
{
	if (o != NULL && offer[0] != '\0')
		json_object_set_new(o, "offer", json_string(offer));
}

int
token_sdp(char *buf, size_t cap, bool is_offer, const char *sdp,
    const char *offer)
{
	json_t	*o = json_pack("{s:s, s:s}", "type",
		    is_offer ? "offer" : "answer", "sdp", sdp);

	add_offer(o, offer);
	return dump(o, buf, cap);
}

int
token_sdp_decode(struct span s, char *sdp, size_t cap,
    char offer[TOKEN_OFFER])
{
	json_t	*o = load(s);
	bool	 ok = get_text(o, "sdp", sdp, cap);

	if (!get_text(o, "offer", offer, TOKEN_OFFER))
		offer[0] = '\0';
	json_decref(o);
	return ok ? 0 : -1;
}

int
token_candidate(char *buf, size_t cap, const char *candidate,
    const char *offer)
{
	json_t	*o = json_pack("{s:s, s:s, s:i, s:n}", "candidate", candidate,
		    "sdpMid", "", "sdpMLineIndex", 0, "usernameFragment");

	add_offer(o, offer);
	return dump(o, buf, cap);
}

int
token_candidate_decode(struct span s, char *candidate, size_t cap,
    char offer[TOKEN_OFFER])
{
	json_t	*o = load(s);
	bool	 ok = get_text(o, "candidate", candidate, cap);

	if (!get_text(o, "offer", offer, TOKEN_OFFER))
		offer[0] = '\0';
	json_decref(o);
	return ok ? 0 : -1;
}

int
token_hello(char *buf, size_t cap, const struct hello *h, const char *agent)
{
	char	 instance[17];

	snprintf(instance, sizeof(instance), "%016" PRIx64, h->instance);
	return dump(json_pack("{s:i, s:s, s:i, s:s}", "v", (int)h->version,
	    "instance", instance, "max_frame", (int)h->max_frame,
	    "agent", agent), buf, cap);
}

static bool
parse_hex(const char *s, uint64_t *v)
{
	*v = 0;
	if (strlen(s) != 16 || strspn(s, "0123456789abcdef") != 16)
		return false;
	*v = strtoull(s, NULL, 16);
	return true;
}

int
token_hello_decode(struct span s, struct hello *h)
{
	json_t		*o = load(s);
	json_int_t	 v = json_integer_value(json_object_get(o, "v"));
	json_int_t	 max = json_integer_value(json_object_get(o,
			    "max_frame"));
	char		 instance[17];
	bool		 ok = get_text(o, "instance", instance,
			    sizeof(instance)) &&
			    parse_hex(instance, &h->instance);

	json_decref(o);
	if (!ok || h->instance == 0 || v < 1 || v > UINT16_MAX || max < 0)
		return -1;
	h->version = (uint32_t)v;
	h->max_frame = max > UINT32_MAX ? UINT32_MAX : (uint32_t)max;
	return 0;
}

/* The start of the line that begins with this text, or NULL. */
static const char *
find_line(const char *sdp, const char *start)
{
	size_t	 n = strlen(start);

	while (sdp != NULL && *sdp != '\0') {
		if (strncmp(sdp, start, n) == 0)
			return sdp;
		sdp = strchr(sdp, '\n');
		if (sdp != NULL)
			sdp++;
	}
	return NULL;
}

void
token_offer_id(const char *sdp, char id[TOKEN_OFFER])
{
	const char	*p = find_line(sdp, "o=");
	size_t		 n;

	id[0] = '\0';
	if (p == NULL || (p = strpbrk(p, " \n")) == NULL || *p != ' ')
		return;
	n = strspn(++p, "0123456789");
	if (n >= TOKEN_OFFER)
		return;
	memcpy(id, p, n);
	id[n] = '\0';
}

bool
token_has_line(const char *sdp, const char *line)
{
	const char	*p = find_line(sdp, line);

	return p != NULL && strchr("\r\n", p[strlen(line)]) != NULL;
}

void
token_drop_line(char *sdp, const char *line)
{
	const char	*p = find_line(sdp, line);
	const char	*end;

	if (p == NULL || (end = strchr(p, '\n')) == NULL)
		return;
	memmove(sdp + (p - sdp), end + 1, strlen(end + 1) + 1);
}

#include <stdio.h>

#include <jansson.h>

#include "base/base64.h"
#include "base/utf8.h"
#include "syft/msg_body.h"

/*
 * Relay messages as JSON. The text comes from anybody, so before jansson
 * builds a tree of it, which takes some 40 bytes per value, its depth and the
 * number of its values are bounded. Duplicate keys, NULs in strings and
 * invalid UTF-8 are refused by jansson.
 */
enum {
	DEPTH_MAX = 16,		/* ours have 3 */
	VALUES_MAX = 65536,	/* bytes as an array of numbers are the most */
};

static bool
harmless(const uint8_t *p, size_t n)
{
	size_t		 depth = 0, values = 0;
	bool		 quoted = false;

	for (size_t i = 0; i < n; i++) {
		if (quoted) {
			if (p[i] == '\\')
				i++;
			else if (p[i] == '"')
				quoted = false;
			continue;
		}
		if (p[i] == '"')
			quoted = true;
		else if (p[i] == '[' || p[i] == '{')
			depth++;
		else if ((p[i] == ']' || p[i] == '}') && depth > 0)
			depth--;
		else if (p[i] == ',')
			values++;
		if (depth > DEPTH_MAX || values > VALUES_MAX)
			return false;
	}
	return true;
}

static struct span
span_of_json(const json_t *s)
{
	struct span	 v;

	v.p = (uint8_t *)(uintptr_t)json_string_value(s);
	v.n = json_string_length(s);
	return v;
}

static int
take_base64(struct msg_scratch *scratch, struct span text, struct span *to)
{
	size_t		 cap = text.n / 4 * 3;
	long		 n;

	if (text.n == 0)
		return 0;
	if ((to->p = msg_room(scratch, cap, cap)) == NULL)
		return -1;
	n = base64_decode(to->p, cap, (const char *)text.p, text.n);
	to->n = n < 0 ? 0 : (size_t)n;
	return n < 0 ? -1 : 0;
}

static int
take_array(struct msg_scratch *scratch, const json_t *array, struct span *to)
{
	json_int_t	 v;
	json_t		*e;

	to->n = json_array_size(array);
	if (to->n == 0)
		return 0;
	if ((to->p = msg_room(scratch, to->n, to->n)) == NULL)
		return -1;
	for (size_t i = 0; i < to->n; i++) {
		e = json_array_get(array, i);
		v = json_integer_value(e);
		if (!json_is_integer(e) || v < 0 || v > 255)
			return -1;
		to->p[i] = (uint8_t)v;
	}
	return 0;
}

static int
take_number(const json_t *v, uint64_t *to)
{
	if (!json_is_integer(v) || json_integer_value(v) < 0)
		return -1;
	*to = (uint64_t)json_integer_value(v);
	return 0;
}

static int
take(struct msg *m, struct msg_scratch *scratch, const struct msg_field *f,
    const json_t *v)
{
	if (v == NULL || json_is_null(v))
		return 0;
	if (f->form == MSG_NUMBER)
		return take_number(v, &m->seq);
	if (f->form == MSG_BYTES && json_is_array(v))
		return take_array(scratch, v, msg_span(m, f));
	if (!json_is_string(v))
		return -1;
	if (f->form == MSG_BYTES)
		return take_base64(scratch, span_of_json(v), msg_span(m, f));
	*msg_span(m, f) = span_of_json(v);
	return 0;
}

static int
decode_body(struct msg *m, struct msg_scratch *scratch, const json_t *dat)
{
	struct msg_body	 b = msg_body(m->type);

	if (b.n == 0 || dat == NULL || json_is_null(dat))
		return 0;
	if (!json_is_object(dat))
		return -1;
	for (size_t i = 0; i < b.n; i++)
		if (take(m, scratch, &b.fields[i],
		    json_object_get(dat, b.fields[i].key)) < 0)
			return -1;
	return 0;
}

static int
decode(struct msg *m, struct msg_scratch *scratch, const json_t *root)
{
	json_t		*id = json_object_get(root, "id");
	uint64_t	 type;

	if (take_number(json_object_get(root, "typ"), &type) < 0 ||
	    type > UINT16_MAX)
		return -1;
	m->type = (uint16_t)type;
	if (id != NULL && !json_is_null(id)) {
		if (!json_is_string(id))
			return -1;
		m->id = span_of_json(id);
	}
	return decode_body(m, scratch, json_object_get(root, "dat"));
}

json_t *
msg_json_decode(struct msg *m, struct msg_scratch *scratch, const uint8_t *p,
    size_t n)
{
	json_t		*root;

	if (!harmless(p, n))
		return NULL;
	root = json_loadb((const char *)p, n, JSON_REJECT_DUPLICATES, NULL);
	if (root != NULL && decode(m, scratch, root) < 0) {
		json_decref(root);
		root = NULL;
	}
	return root;
}

void
msg_json_free(json_t *root)
{
	json_decref(root);
}

static void
put_escaped(struct wr *w, uint8_t c)
{
	char		 u[8];

	snprintf(u, sizeof(u), "\\u%04x", (unsigned)c);
	wr_str(w, u);
}

/* Length of the character at the start, 0 if none is there. */
static size_t
char_len(struct span s)
{
	for (size_t len = 1; len <= 4 && len <= s.n; len++)
		if (utf8_valid(s.p, len))
			return len;
	return 0;
}

/* What is not UTF-8 becomes U+FFFD: the other end would refuse the message. */
static void
put_text(struct wr *w, struct span s)
{
	size_t		 len;

	wr_u8(w, '"');
	for (; s.n > 0; s.p += len, s.n -= len) {
		len = char_len(s);
		if (len == 0) {
			wr_str(w, "\\ufffd");
			len = 1;
		} else if (*s.p < ' ')
			put_escaped(w, *s.p);
		else {
			if (*s.p == '"' || *s.p == '\\')
				wr_u8(w, '\\');
			wr_bytes(w, s.p, len);
		}
	}
	wr_u8(w, '"');
}

static void
put_base64(struct wr *w, struct span s)
{
	size_t		 n = base64_len(s.n);

	wr_u8(w, '"');
	if (w->n <= w->cap && n <= w->cap - w->n)
		base64_encode((char *)w->p + w->n, s.p, s.n);
	w->n += n;
	wr_u8(w, '"');
}

static void
put_number(struct wr *w, uint64_t v)
{
	char		 text[24];

	snprintf(text, sizeof(text), "%llu", (unsigned long long)v);
	wr_str(w, text);
}

static void
put_field(struct wr *w, const struct msg *m, const struct msg_field *f)
{
	wr_u8(w, '"');
	wr_str(w, f->key);
	wr_str(w, "\":");
	if (f->form == MSG_NUMBER)
		put_number(w, m->seq);
	else if (f->form == MSG_BYTES)
		put_base64(w, *msg_get(m, f));
	else
		put_text(w, *msg_get(m, f));
}

void
msg_json_encode(struct wr *w, const struct msg *m)
{
	struct msg_body	 b = msg_body(m->type);
	const char	*comma = "";

	wr_str(w, "{\"id\":");
	put_text(w, m->id);
	wr_str(w, ",\"typ\":");
	put_number(w, m->type);
	wr_str(w, ",\"dat\":{");
	for (size_t i = 0; i < b.n; i++) {
		if (!msg_wanted(m, &b.fields[i]))
			continue;
		wr_str(w, comma);
		put_field(w, m, &b.fields[i]);
		comma = ",";
	}
	wr_str(w, "}}");
}

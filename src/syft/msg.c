#include <stdlib.h>

#include "base/base64.h"
#include "base/utf8.h"
#include "syft/msg_body.h"
#include "syft/msgpack.h"

/*
 * Relay messages, hotlink-protocol.md 1.5, 1.6 and 2.1: which fields each
 * type has, and the msgpack encoding. JSON is in msg_json.c.
 */

enum { ENVELOPE_VERSION = 1, ENVELOPE_JSON = 0, ENVELOPE_MSGPACK = 1 };

struct msg_decoder {
	struct msg_scratch	 scratch;
	struct json_t		*json;
};

#define TEXT(key, member)	{ key, NULL, offsetof(struct msg, member), \
	MSG_TEXT, false }
#define MUST(key, member)	{ key, NULL, offsetof(struct msg, member), \
	MSG_TEXT, true }
#define DATA(key, member)	{ key, NULL, offsetof(struct msg, member), \
	MSG_BYTES, false }
#define SEQ(key)		{ key, NULL, offsetof(struct msg, seq), \
	MSG_NUMBER, true }
#define OLD(key, go, member)	{ key, go, offsetof(struct msg, member), \
	MSG_TEXT, true }
#define OLDNUM(key, go)		{ key, go, offsetof(struct msg, seq), \
	MSG_NUMBER, true }

static const struct msg_field	 system_[] = {
	OLD("ver", "SystemVersion", version), OLD("msg", "Message", text),
};
static const struct msg_field	 error_[] = {
	OLDNUM("cod", "Code"), OLD("pth", "Path", path),
	OLD("msg", "Message", text),
};
static const struct msg_field	 file_write[] = {
	OLD("pth", "Path", path), OLD("etg", "ETag", etag),
	OLDNUM("len", "Length"),
	{ "con", "Content", offsetof(struct msg, payload), MSG_BYTES, true },
};
static const struct msg_field	 ack[] = { OLD("oid", "OriginalId", ref) };
static const struct msg_field	 nack[] = {
	OLD("oid", "OriginalId", ref), OLD("err", "Error", error),
};
static const struct msg_field	 open_[] = {
	MUST("sid", sid), MUST("pth", path), TEXT("frm", from), TEXT("to", to),
};
static const struct msg_field	 accept_[] = { MUST("sid", sid) };
static const struct msg_field	 reason[] = {
	MUST("sid", sid), TEXT("rsn", reason),
};
static const struct msg_field	 data[] = {
	MUST("sid", sid), SEQ("seq"), MUST("pth", path), TEXT("etg", etag),
	DATA("pay", payload),
};
static const struct msg_field	 signal_[] = {
	MUST("sid", sid), MUST("knd", kind), TEXT("tok", token),
	TEXT("err", error),
};

#define BODY(fields)	{ fields, sizeof(fields) / sizeof(fields[0]) }
static const struct msg_body	 bodies[] = {
	[MSG_SYSTEM]	= BODY(system_),
	[MSG_ERROR]	= BODY(error_),
	[MSG_FILE_WRITE] = BODY(file_write),
	[MSG_ACK]	= BODY(ack),
	[MSG_NACK]	= BODY(nack),
	[MSG_OPEN]	= BODY(open_),
	[MSG_ACCEPT]	= BODY(accept_),
	[MSG_REJECT]	= BODY(reason),
	[MSG_DATA]	= BODY(data),
	[MSG_CLOSE]	= BODY(reason),
	[MSG_SIGNAL]	= BODY(signal_),
};
enum { BODIES = sizeof(bodies) / sizeof(bodies[0]) };

struct msg_body
msg_body(uint16_t type)
{
	static const struct msg_body	 none;

	return type < BODIES ? bodies[type] : none;
}

struct span *
msg_span(struct msg *m, const struct msg_field *f)
{
	return (struct span *)(void *)((char *)m + f->at);
}

const struct span *
msg_get(const struct msg *m, const struct msg_field *f)
{
	return (const struct span *)(const void *)((const char *)m + f->at);
}

bool
msg_wanted(const struct msg *m, const struct msg_field *f)
{
	return f->always || msg_get(m, f)->n > 0;
}

uint8_t *
msg_room(struct msg_scratch *s, size_t n, size_t total)
{
	uint8_t		*p;

	if (s->cap < total && s->n == 0) {
		if ((p = realloc(s->p, total)) == NULL)
			return NULL;
		s->p = p;
		s->cap = total;
	}
	if (n > s->cap - s->n)
		return NULL;
	p = s->p + s->n;
	s->n += n;
	return p;
}

/* Rust's other form of bytes: an array of small integers. */
static int
take_array(struct rd *r, struct msg_scratch *scratch, uint64_t n, size_t total,
    struct span *to)
{
	struct mp	 e;

	to->n = (size_t)n;
	if (n > 0 && (to->p = msg_room(scratch, to->n, total)) == NULL)
		return -1;
	for (size_t i = 0; i < to->n; i++) {
		e = mp_next(r);
		if (e.kind != MP_UINT || e.u > 255)
			return -1;
		to->p[i] = (uint8_t)e.u;
	}
	return 0;
}

/* Text may come as binary and the other way round, as Go has it. */
static int
take(struct rd *r, struct msg_scratch *scratch, size_t total, struct msg *m,
    const struct msg_field *f)
{
	struct mp	 v = mp_next(r);
	struct span	 s = { NULL, 0 };

	if (v.kind == MP_NIL) {
		if (f->form == MSG_NUMBER)
			m->seq = 0;
		else
			*msg_span(m, f) = s;
		return 0;
	}
	if (f->form == MSG_NUMBER) {
		m->seq = v.u;
		return v.kind == MP_UINT ? 0 : -1;
	}
	if (v.kind == MP_STR || v.kind == MP_BIN)
		s = v.bytes;
	else if (f->form != MSG_BYTES || v.kind != MP_ARRAY ||
	    take_array(r, scratch, v.u, total, &s) < 0)
		return -1;
	if (f->form == MSG_TEXT && !utf8_valid(s.p, s.n))
		return -1;
	*msg_span(m, f) = s;
	return 0;
}

static bool
key_is(const struct mp *key, const char *name)
{
	return (key->kind == MP_STR || key->kind == MP_BIN) &&
	    span_is(key->bytes, name);
}

static const struct msg_field *
field_of(const struct msg_body *b, const struct mp *key)
{
	const struct msg_field	*f = b->fields;

	for (size_t i = 0; i < b->n; i++, f++)
		if (key_is(key, f->go != NULL ? f->go : f->key))
			return f;
	return NULL;
}

static void
skip_value(struct rd *r)
{
	struct mp	 v = mp_next(r);

	mp_skip(r, &v);
}

static int
decode_body(struct msg_decoder *d, struct msg *m, struct span dat)
{
	struct msg_body		 b = msg_body(m->type);
	const struct msg_field	*f;
	struct rd		 r = rd_of(dat.p, dat.n);
	struct mp		 map, key;

	if (b.n == 0 || dat.n == 0)
		return 0;
	map = mp_next(&r);
	if (map.kind != MP_MAP)
		return map.kind == MP_NIL && r.n == 0 ? 0 : -1;
	for (uint64_t i = 0; i < map.u && !r.bad; i++) {
		key = mp_next(&r);
		mp_skip(&r, &key);
		f = field_of(&b, &key);
		if (f == NULL)
			skip_value(&r);
		else if (take(&r, &d->scratch, dat.n, m, f) < 0)
			return -1;
	}
	return r.bad || r.n > 0 ? -1 : 0;
}

static const struct msg_field	 id_field = TEXT("id", id);

/* The keys come in any order, so the body waits until the type is known. */
static int
decode_msgpack(struct msg_decoder *d, struct msg *m, struct rd r)
{
	struct mp	 map = mp_next(&r), key, v;
	struct span	 dat = { NULL, 0 };
	bool		 typed = false;

	if (map.kind != MP_MAP)
		return -1;
	for (uint64_t i = 0; i < map.u && !r.bad; i++) {
		key = mp_next(&r);
		mp_skip(&r, &key);
		if (key_is(&key, "id")) {
			if (take(&r, &d->scratch, 0, m, &id_field) < 0)
				return -1;
			continue;
		}
		v = mp_next(&r);
		mp_skip(&r, &v);
		if (key_is(&key, "typ")) {
			if (v.kind != MP_UINT || v.u > UINT16_MAX)
				return -1;
			m->type = (uint16_t)v.u;
			typed = true;
		} else if (key_is(&key, "dat"))
			dat = v.bytes;
	}
	if (r.bad || r.n > 0 || !typed)
		return -1;
	return decode_body(d, m, dat);
}

static int
decode_json(struct msg_decoder *d, struct msg *m, struct rd r)
{
	d->json = msg_json_decode(m, &d->scratch, r.p, r.n);
	return d->json == NULL ? -1 : 0;
}

static void
forget(struct msg_decoder *d)
{
	msg_json_free(d->json);
	d->json = NULL;
	d->scratch.n = 0;
}

int
msg_decode(struct msg_decoder *d, struct msg *m, bool text, const uint8_t *p,
    size_t n)
{
	struct rd	 r = rd_of(p, n);

	forget(d);
	memset(m, 0, sizeof(*m));
	if (text)
		return decode_json(d, m, r);
	if (rd_u16(&r) != ('S' << 8 | 'B') || rd_u8(&r) != ENVELOPE_VERSION)
		return -1;
	switch (rd_u8(&r)) {
	case ENVELOPE_MSGPACK:
		return decode_msgpack(d, m, r);
	case ENVELOPE_JSON:
		return r.bad ? -1 : decode_json(d, m, r);
	default:
		return -1;
	}
}

struct msg_decoder *
msg_decoder_new(void)
{
	return calloc(1, sizeof(struct msg_decoder));
}

void
msg_decoder_free(struct msg_decoder *d)
{
	if (d == NULL)
		return;
	forget(d);
	free(d->scratch.p);
	free(d);
}

static void
put_body(struct wr *w, const struct msg *m)
{
	struct msg_body		 b = msg_body(m->type);
	const struct msg_field	*f = b.fields, *end = f + b.n;
	size_t			 pairs = 0;

	for (; f < end; f++)
		pairs += msg_wanted(m, f);
	mp_map(w, pairs);
	for (f = b.fields; f < end; f++) {
		if (!msg_wanted(m, f))
			continue;
		mp_str(w, span_of(f->go != NULL ? f->go : f->key));
		if (f->form == MSG_NUMBER)
			mp_uint(w, m->seq);
		else if (f->form == MSG_BYTES)
			mp_bin(w, *msg_get(m, f));
		else
			mp_str(w, *msg_get(m, f));
	}
}

static void
encode_msgpack(struct wr *w, const struct msg *m)
{
	struct wr	 dry = wr_of(NULL, 0);

	wr_str(w, "SB");
	wr_u8(w, ENVELOPE_VERSION);
	wr_u8(w, ENVELOPE_MSGPACK);
	mp_map(w, 3);
	mp_str(w, span_of("id"));
	mp_str(w, m->id);
	mp_str(w, span_of("typ"));
	mp_uint(w, m->type);
	mp_str(w, span_of("dat"));
	put_body(&dry, m);
	mp_bin_head(w, dry.n);
	put_body(w, m);
}

void
msg_encode(struct wr *w, enum msg_encoding encoding, const struct msg *m)
{
	if (encoding == MSG_JSON)
		msg_json_encode(w, m);
	else
		encode_msgpack(w, m);
}

/*
 * Keys and heads of all fields there are stay below 256 bytes; a character
 * of text takes up to six in JSON (\u0001).
 */
size_t
msg_encoded_max(enum msg_encoding encoding, const struct msg *m)
{
	struct msg_body	 b = msg_body(m->type);
	size_t		 text = m->id.n, bytes = 0;

	for (size_t i = 0; i < b.n; i++) {
		if (b.fields[i].form == MSG_TEXT)
			text += msg_get(m, &b.fields[i])->n;
		else if (b.fields[i].form == MSG_BYTES)
			bytes += msg_get(m, &b.fields[i])->n;
	}
	if (encoding == MSG_JSON)
		return 256 + 6 * text + base64_len(bytes);
	return 256 + text + bytes;
}

struct span
span_of(const char *s)
{
	struct span	 v = { (uint8_t *)(uintptr_t)s, strlen(s) };

	return v;
}

bool
span_is(struct span s, const char *text)
{
	return s.n == strlen(text) && (s.n == 0 || memcmp(s.p, text, s.n) == 0);
}

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "rpc/rpc.h"
#include "rpc/when.h"

static int
refuse(const char **why, const char *reason)
{
	*why = reason;
	return -1;
}

static bool
is_id_char(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
	    (c >= 'a' && c <= 'z') || c == '-' || c == '_';
}

bool
rpc_id_valid(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!is_id_char(s[i]))
			return false;
	return n > 0 && n <= RPC_ID_MAX;
}

static const char *
text_of(const json_t *root, const char *name)
{
	return json_string_value(json_object_get(root, name));
}

static char
standard(char c)
{
	return c == '-' ? '+' : c == '_' ? '/' : c;
}

/* Either alphabet, padded; or the one safe in URLs without its padding. */
static int
take_body(struct rpc *r, const char *text, size_t n)
{
	size_t	 padded = (n + 3) / 4 * 4;
	char	*buf;
	long	 got;

	if (text == NULL || (buf = malloc(padded + 1)) == NULL)
		return -1;
	for (size_t i = 0; i < padded; i++)
		buf[i] = i < n ? standard(text[i]) : '=';
	got = base64_decode(buf, padded, buf, padded);
	if (got < 0) {
		free(buf);
		return -1;
	}
	r->body = (uint8_t *)buf;
	r->nbody = (size_t)got;
	return 0;
}

static int
take_times(const json_t *root)
{
	const char	*created = text_of(root, "created"),
			*expires = text_of(root, "expires");
	uint64_t	 ms;

	return created != NULL && expires != NULL &&
	    when_parse(&ms, created) == 0 && when_parse(&ms, expires) == 0 ?
	    0 : -1;
}

static int
take_kind(struct rpc *r, enum rpc_kind kind, const json_t *root)
{
	const json_t	*status = json_object_get(root, "status_code");

	if (kind == RPC_REQUEST)
		return text_of(root, "method") != NULL ? 0 : -1;
	if (!json_is_integer(status) || json_integer_value(status) < 0 ||
	    json_integer_value(status) > UINT16_MAX)
		return -1;
	r->status = (unsigned)json_integer_value(status);
	return 0;
}

static int
take_all(struct rpc *r, enum rpc_kind kind, const char **why)
{
	const json_t	*root = r->json, *headers, *body;

	if (!json_is_object(root))
		return refuse(why, "not a JSON object");
	r->id = text_of(root, "id");
	r->sender = text_of(root, "sender");
	r->url = text_of(root, "url");
	headers = json_object_get(root, "headers");
	body = json_object_get(root, "body");
	if (r->id == NULL || !rpc_id_valid(r->id, strlen(r->id)))
		return refuse(why, "\"id\" is missing or not an id");
	if (r->sender == NULL)
		return refuse(why, "\"sender\" is missing or not text");
	if (r->url == NULL)
		return refuse(why, "\"url\" is missing or not text");
	if (headers != NULL && !json_is_object(headers))
		return refuse(why, "\"headers\" is not an object");
	if (take_times(root) == -1)
		return refuse(why, "\"created\" or \"expires\" is not a time");
	if (take_kind(r, kind, root) == -1)
		return refuse(why, kind == RPC_REQUEST ?
		    "\"method\" is missing or not text" :
		    "\"status_code\" is missing or not 0 to 65535");
	if (take_body(r, json_string_value(body),
	    json_string_length(body)) == -1)
		return refuse(why, "\"body\" is missing or not base64");
	return 0;
}

int
rpc_parse(struct rpc *r, enum rpc_kind kind, const void *p, size_t n,
    const char **why)
{
	memset(r, 0, sizeof(*r));
	if (n > RPC_MAX)
		return refuse(why, "larger than 1 MiB");
	r->json = json_loadb(p, n, JSON_REJECT_DUPLICATES, NULL);
	if (take_all(r, kind, why) == 0)
		return 0;
	rpc_fini(r);
	return -1;
}

void
rpc_fini(struct rpc *r)
{
	json_decref(r->json);
	free(r->body);
	memset(r, 0, sizeof(*r));
}

/* base64url with padding, which is how these files are written. */
static json_t *
body_text(const void *p, size_t n)
{
	size_t	 len = base64_len(n);
	char	*s = malloc(len + 1);
	json_t	*v;

	if (s == NULL)
		return NULL;
	base64_encode(s, p, n);
	for (size_t i = 0; i < len; i++)
		s[i] = s[i] == '+' ? '-' : s[i] == '/' ? '_' : s[i];
	v = json_stringn(s, len);
	free(s);
	return v;
}

char *
rpc_text(const struct rpc_new *m, enum rpc_kind kind)
{
	char	 created[WHEN_TEXT], expires[WHEN_TEXT], *text = NULL;
	json_t	*o = json_object();
	int	 rc = 0;

	when_text(m->now_ms, "Z", created);
	when_text(m->now_ms + RPC_DAY_MS, "Z", expires);
	rc |= json_object_set_new(o, "id", json_string(m->id));
	rc |= json_object_set_new(o, "sender", json_string(m->sender));
	rc |= json_object_set_new(o, "url", json_string(m->url));
	rc |= json_object_set_new(o, "headers", json_object());
	rc |= json_object_set_new(o, "created", json_string(created));
	rc |= json_object_set_new(o, "expires", json_string(expires));
	if (kind == RPC_REQUEST)
		rc |= json_object_set_new(o, "method", json_string("POST"));
	else
		rc |= json_object_set_new(o, "status_code",
		    json_integer(m->status));
	rc |= json_object_set_new(o, "body", body_text(m->body, m->nbody));
	if (rc == 0)
		text = json_dumps(o, JSON_INDENT(2));
	json_decref(o);
	return text;
}

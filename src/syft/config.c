#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/base64.h"
#include "crypto/hash.h"
#include "syft/config.h"
#include "syft/object.h"

static const struct field {
	const char	*key, *variable;
	size_t		 at, cap;
	const char	*bad;
} fields[] = {
#define FIELD(key, variable, member) { key, variable, \
	offsetof(struct config, member), \
	sizeof(((struct config *)NULL)->member), \
	"\"" key "\" is not text, or too long" }
	[CONFIG_EMAIL] = FIELD("email", "SYFTBOX_EMAIL", email),
	[CONFIG_DATA_DIR] = FIELD("data_dir", "SYFTBOX_DATA_DIR", data_dir),
	[CONFIG_SERVER_URL] = FIELD("server_url", "SYFTBOX_SERVER_URL",
	    server_url),
	[CONFIG_CLIENT_URL] = FIELD("client_url", "SYFTBOX_CLIENT_URL",
	    client_url),
	[CONFIG_CLIENT_TOKEN] = FIELD("client_token", "SYFTBOX_CLIENT_TOKEN",
	    client_token),
	[CONFIG_REFRESH_TOKEN] = FIELD("refresh_token",
	    "SYFTBOX_REFRESH_TOKEN", refresh_token),
	[CONFIG_ACCESS_TOKEN] = FIELD("access_token", "SYFTBOX_ACCESS_TOKEN",
	    access_token),
};
_Static_assert(sizeof(fields) / sizeof(fields[0]) == CONFIG_IDS,
    "every key has a row");

static const char *
get(const struct env_io *io, const char *name)
{
	const char	*s = io->get(io->arg, name);

	return s != NULL && *s != '\0' ? s : NULL;
}

size_t
config_paths(const char *flag, const struct env_io *io,
    char paths[CONFIG_CANDIDATES][CONFIG_PATH])
{
	const char	*one = flag != NULL ? flag :
	    get(io, "SYFTBOX_CONFIG_PATH"), *home = get(io, "HOME");

	if (one != NULL) {
		snprintf(paths[0], CONFIG_PATH, "%s", one);
		return 1;
	}
	if (home == NULL)
		return 0;
	snprintf(paths[0], CONFIG_PATH, "%s/.syftbox/config.json", home);
	snprintf(paths[1], CONFIG_PATH, "%s/.config/syftbox/config.json", home);
	return 2;
}

static int
set(struct config *c, enum config_id id, const char *text, const char *source)
{
	size_t		 n = strlen(text);

	if (n >= fields[id].cap)
		return -1;
	memcpy((char *)c + fields[id].at, text, n + 1);
	if (id == CONFIG_EMAIL)
		email_lower(c->email);
	c->source[id] = source;
	return 0;
}

void
config_init(struct config *c, const struct env_io *io)
{
	const char	*home = get(io, "HOME");

	memset(c, 0, sizeof(*c));
	set(c, CONFIG_SERVER_URL, "https://syftbox.net", NULL);
	if (home != NULL)
		snprintf(c->data_dir, sizeof(c->data_dir), "%s/SyftBox", home);
}

static json_t *
load(const char *text, size_t n)
{
	const char	*why;

	return n <= CONFIG_MAX ? object_load(text, n, &why) : NULL;
}

int
config_parse(struct config *c, const char *text, size_t n, const char **why)
{
	json_t		*root, *v;
	int		 rc = 0;

	*why = "larger than 256 KiB";
	root = n <= CONFIG_MAX ? object_load(text, n, why) : NULL;
	if (root == NULL)
		return -1;
	for (int id = 0; id < CONFIG_IDS && rc == 0; id++) {
		v = json_object_get(root, fields[id].key);
		if (v == NULL || json_is_null(v) ||
		    (json_is_string(v) && json_string_length(v) == 0))
			continue;
		if (!json_is_string(v) || set(c, (enum config_id)id,
		    json_string_value(v), "config file") < 0) {
			*why = fields[id].bad;
			rc = -1;
		}
	}
	json_decref(root);
	return rc;
}

int
config_env(struct config *c, const struct env_io *io)
{
	const char	*text;
	char		 line[128];
	int		 rc = 0;

	for (int id = 0; id < CONFIG_IDS; id++) {
		text = get(io, fields[id].variable);
		if (text == NULL || set(c, (enum config_id)id, text,
		    fields[id].variable) == 0)
			continue;
		snprintf(line, sizeof(line), "%s: too long",
		    fields[id].variable);
		io->say(io->arg, true, line);
		rc = -1;
	}
	return rc;
}

char *
config_rotated(const char *text, size_t n, const char *refresh)
{
	json_t		*root = load(text, n);
	char		*out = NULL;

	if (root != NULL && json_object_set_new(root, "refresh_token",
	    json_string(refresh)) == 0)
		out = json_dumps(root, JSON_INDENT(2));
	json_decref(root);
	return out;
}

bool
token_safe(const char *s)
{
	size_t		 n = strlen(s);

	if (n == 0 || n >= TOKEN_MAX)
		return false;
	for (; *s != '\0'; s++)
		if (*s <= ' ' || *s > '~' || *s == '"' || *s == '\\')
			return false;
	return true;
}

/* The middle part of three, base64url without padding, into buf. */
static long
claims(const char *jwt, char *buf, size_t cap)
{
	const char	*first = strchr(jwt, '.'), *end;
	size_t		 n;

	end = first != NULL ? strchr(first + 1, '.') : NULL;
	if (end == NULL || strchr(end + 1, '.') != NULL)
		return -1;
	n = (size_t)(end - first - 1);
	if (n + 3 >= cap)
		return -1;
	for (size_t i = 0; i < n; i++) {
		char	 ch = first[1 + i];

		buf[i] = ch == '-' ? '+' : ch == '_' ? '/' : ch;
	}
	while (n % 4 != 0)
		buf[n++] = '=';
	return base64_decode(buf, cap, buf, n);
}

static bool
same_email(const char *a, const char *b)
{
	char		 x[EMAIL_MAX + 1], y[EMAIL_MAX + 1];

	if (a == NULL || strlen(a) > EMAIL_MAX || strlen(b) > EMAIL_MAX)
		return false;
	memcpy(x, a, strlen(a) + 1);
	memcpy(y, b, strlen(b) + 1);
	email_lower(x);
	email_lower(y);
	return strcmp(x, y) == 0;
}

/* NULL, or what is wrong with it whatever the time. */
static const char *
check_claims(const json_t *root, enum token_type type, const char *email)
{
	const char	*is = json_string_value(json_object_get(root, "type"));
	const char	*sub = json_string_value(json_object_get(root, "sub"));
	json_t		*exp = json_object_get(root, "exp");

	if (is == NULL || strcmp(is, type == TOKEN_ACCESS ? "access" :
	    "refresh") != 0)
		return "the token is of another type";
	if (!same_email(sub, email))
		return "the token is for another user";
	if (exp != NULL && !json_is_number(exp))
		return "the token's expiry is not a number";
	return NULL;
}

static bool
is_expired(const json_t *root, uint64_t unix_time)
{
	const json_t	*exp = json_object_get(root, "exp");

	return exp != NULL && json_number_value(exp) <= (double)unix_time;
}

int
token_check(const char *jwt, enum token_type type, const char *email,
    uint64_t unix_time, const char **why)
{
	char		 buf[TOKEN_MAX];
	json_t		*root;
	long		 n;
	int		 rc = 0;

	*why = "the token is empty, too long, or holds what no token may";
	if (!token_safe(jwt))
		return -1;
	n = claims(jwt, buf, sizeof(buf));
	root = n < 0 ? NULL : load(buf, (size_t)n);
	wipe(buf, sizeof(buf));
	*why = NULL;
	if (root == NULL)
		return 1;
	if ((*why = check_claims(root, type, email)) != NULL) {
		rc = -1;
	} else if (is_expired(root, unix_time)) {
		*why = "the token is expired";
		rc = TOKEN_EXPIRED;
	}
	json_decref(root);
	return rc;
}

void
token_refresh_request(struct wr *w, const char *refresh)
{
	wr_str(w, "{\"refreshToken\":\"");
	wr_str(w, refresh);	/* token_safe: nothing to escape */
	wr_str(w, "\"}");
}

static int
take_token(char *to, const json_t *root, const char *key)
{
	const char	*s = json_string_value(json_object_get(root, key));

	if (s == NULL || !token_safe(s))
		return -1;
	memcpy(to, s, strlen(s) + 1);
	return 0;
}

int
token_refresh_reply(struct tokens *t, const char *text, size_t n)
{
	json_t		*root = load(text, n);
	int		 rc = -1;

	if (root != NULL && take_token(t->access, root, "accessToken") == 0 &&
	    take_token(t->refresh, root, "refreshToken") == 0)
		rc = 0;
	json_decref(root);
	return rc;
}

int
reply_error(const char *text, size_t n, char *to, size_t cap)
{
	json_t		*root = load(text, n);
	const char	*s = json_string_value(json_object_get(root, "error"));

	if (s != NULL)
		snprintf(to, cap, "%s", s);
	json_decref(root);
	return s != NULL ? 0 : -1;
}

#include <sys/stat.h>

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rpc/access.h"
#include "rpc/rpc.h"
#include "rpc/store.h"
#include "syft/acl.h"
#include "syft/key.h"

/* Our own files start so, and only those are changed. */
#define HEAD	"# Kept by hotlink, see hotlink-messages(5).\nrules:\n"
/* The rule of one message; all of them have this form. */
#define RULE	"- pattern: '"
#define EVERYONE							\
	"- pattern: '*.request'\n"					\
	"  access: {admin: [], read: ['*'], write: ['*']}\n"		\
	"- pattern: '*.response'\n"					\
	"  access: {admin: [], read: ['*'], write: ['*']}\n"

enum { RULE_MAX = 4 * EMAIL_MAX + RPC_ID_MAX + 256 };

static const char	 app_acl[] =
    "rules:\n"
    "- pattern: '**'\n"
    "  access: {admin: [], read: ['*'], write: []}\n";
static const char	 rpc_acl[] =
    "rules:\n"
    "- pattern: '**/*.request'\n"
    "  access: {admin: [], read: ['*'], write: ['*']}\n"
    "- pattern: '**/*.response'\n"
    "  access: {admin: [], read: ['*'], write: ['*']}\n";

static int
refuse(const char **why, const char *reason)
{
	*why = reason;
	return -1;
}

static bool
is_there(const char *path)
{
	struct stat	 st;

	return lstat(path, &st) == 0;
}

static int
make(const char *path, const char *text, const char **why)
{
	if (is_there(path) || store_path(path, text, strlen(text)) == 0)
		return 0;
	return refuse(why, strerror(errno));
}

int
access_app(const struct box *b, const char *owner, const char **why)
{
	char	 app[PATH_MAX], rpc[PATH_MAX];

	if ((size_t)snprintf(app, sizeof(app), "%s/datasites/%s/app_data/%s/"
	    ACL_FILE, b->data_dir, owner, b->app) >= sizeof(app) ||
	    (size_t)snprintf(rpc, sizeof(rpc), "%s/datasites/%s/app_data/%s/"
	    "rpc/" ACL_FILE, b->data_dir, owner, b->app) >= sizeof(rpc))
		return refuse(why, "the path is too long");
	return make(app, app_acl, why) == 0 ? make(rpc, rpc_acl, why) : -1;
}

/* Single quotes of YAML: one inside is written twice. */
static void
quote(const char *s, char *buf)
{
	*buf++ = '\'';
	for (; *s != '\0'; s++) {
		if (*s == '\'')
			*buf++ = '\'';
		*buf++ = *s;
	}
	*buf++ = '\'';
	*buf = '\0';
}

static void
rule_text(char *buf, const char *id, const char *a, const char *b)
{
	char	 qa[2 * EMAIL_MAX + 3], qb[2 * EMAIL_MAX + 3];

	quote(a, qa);
	quote(b, qb);
	snprintf(buf, RULE_MAX * 2, RULE "%s.*'\n"
	    "  access: {admin: [], read: [%s, %s], write: [%s, %s]}\n", id, qa,
	    qb, qa, qb);
}

static bool
is_waiting(const struct box *b, const char *owner, const char *id)
{
	char	 path[PATH_MAX];

	return (box_path(b, owner, false, id, ".request", path,
	    sizeof(path)) == 0 && is_there(path)) ||
	    (box_path(b, owner, false, id, ".response", path,
	    sizeof(path)) == 0 && is_there(path));
}

/* The rule that starts at s, two lines; its id. NULL: it is none of ours. */
static const char *
take_rule(const char *s, char id[RPC_ID_MAX + 1])
{
	const char	*end;
	size_t		 n;

	if (strncmp(s, RULE, sizeof(RULE) - 1) != 0)
		return NULL;
	s += sizeof(RULE) - 1;
	n = strcspn(s, ".'\n");
	if (!rpc_id_valid(s, n) || strncmp(s + n, ".*'\n", 4) != 0)
		return NULL;
	memcpy(id, s, n);
	id[n] = '\0';
	end = strchr(s + n + 4, '\n');
	return end != NULL ? end + 1 : NULL;
}

/* Keep the rules of old that still have a file. Returns how many. */
static size_t
keep_rules(char *text, const char *old, const struct box *b,
    const char *owner, const char *id)
{
	char		 other[RPC_ID_MAX + 1];
	const char	*next;
	size_t		 n = strlen(text), kept = 0;

	for (; (next = take_rule(old, other)) != NULL; old = next) {
		if (kept == ACCESS_RULES || strcmp(other, id) == 0 ||
		    !is_waiting(b, owner, other))
			continue;
		memcpy(text + n, old, (size_t)(next - old));
		n += (size_t)(next - old);
		kept++;
	}
	text[n] = '\0';
	return kept;
}

static int
rewrite(const struct box *b, const char *path, const struct found *old,
    const char *owner, const char *other, const char *id, const char **why)
{
	const char	*rules = old->p != NULL ?
			     (char *)old->p + sizeof(HEAD) - 1 : "";
	char		*text = malloc(sizeof(HEAD) + sizeof(EVERYONE) +
			     RULE_MAX * 2 + old->n);
	size_t		 kept;
	int		 rc;

	if (text == NULL)
		return refuse(why, "out of memory");
	memcpy(text, HEAD, sizeof(HEAD));
	rule_text(text + sizeof(HEAD) - 1, id, owner, other);
	kept = keep_rules(text, rules, b, owner, id);
	strcpy(text + strlen(text), EVERYONE);
	if (kept == ACCESS_RULES || strlen(text) > ACL_BYTES)
		rc = refuse(why, "too many messages wait there unencrypted");
	else if ((rc = store_path(path, text, strlen(text))) == -1)
		*why = strerror(errno);
	free(text);
	return rc;
}

int
access_grant(const struct box *b, const char *owner, const char *other,
    const char *id, const char **why)
{
	char		 path[PATH_MAX];
	struct found	 old;
	int		 rc;

	if (box_path(b, owner, false, ACL_FILE, "", path, sizeof(path)) == -1)
		return refuse(why, "the path is too long");
	switch (box_read(path, &old)) {
	case FOUND_BAD:
		return refuse(why, "the " ACL_FILE " of the endpoint is "
		    "unreadable");
	case FOUND:
		if (strncmp((char *)old.p, HEAD, sizeof(HEAD) - 1) == 0)
			break;
		found_fini(&old);
		return refuse(why, "the " ACL_FILE " of the endpoint is not "
		    "ours: give --encrypt-cmd");
	case FOUND_NOTHING:
		break;
	}
	rc = rewrite(b, path, &old, owner, other, id, why);
	found_fini(&old);
	return rc;
}

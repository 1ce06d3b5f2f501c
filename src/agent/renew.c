#include <stdio.h>
#include <string.h>

#include "agent/renew.h"
#include "crypto/hash.h"

/* A token that is too long for us is none: token_safe refuses it too. */
static void
take(char to[TOKEN_MAX], const char *token)
{
	wipe(to, TOKEN_MAX);
	if (token != NULL && token_safe(token))
		memcpy(to, token, strlen(token) + 1);
}

void
renew_init(struct renew *r, const char *email, const char *access,
    const char *refresh)
{
	memset(r, 0, sizeof(*r));
	r->gap = RENEW_GAP;
	snprintf(r->email, sizeof(r->email), "%s", email);
	take(r->access, access);
	take(r->refresh, refresh);
	if (r->access[0] == '\0' && access != NULL && *access != '\0')
		snprintf(r->why, sizeof(r->why),
		    "the token is too long, or holds what no token may");
}

const char *
renew_access(const struct renew *r)
{
	return r->access[0] != '\0' && !r->stale ? r->access : NULL;
}

/* Told when it ends, and not with every look at it: other reasons follow. */
static void
expire_access(struct renew *r, const char *why)
{
	if (r->stale)
		return;
	r->stale = true;
	r->gap = RENEW_GAP;	/* it ended as tokens do */
	snprintf(r->why, sizeof(r->why), "%s", why);
}

static void
examine_access(struct renew *r, uint64_t unix_time)
{
	const char	*why;
	int		 rc;

	if (r->access[0] == '\0')
		return;
	rc = token_check(r->access, TOKEN_ACCESS, r->email, unix_time, &why);
	if (rc == TOKEN_EXPIRED) {
		expire_access(r, why);
	} else if (rc < 0) {
		wipe(r->access, TOKEN_MAX);
		r->gap = RENEW_GAP;
		snprintf(r->why, sizeof(r->why), "%s", why);
	} else if (r->stale) {
		r->stale = false;
		r->why[0] = '\0';
	}
}

static bool
examine_refresh(struct renew *r, uint64_t unix_time)
{
	const char	*why;
	int		 rc;

	if (r->refresh[0] == '\0')
		return false;
	rc = token_check(r->refresh, TOKEN_REFRESH, r->email, unix_time, &why);
	if (rc >= 0)
		return true;
	if (rc != TOKEN_EXPIRED)
		wipe(r->refresh, TOKEN_MAX);
	snprintf(r->why, sizeof(r->why), "refreshing: %s", why);
	return false;
}

bool
renew_due(struct renew *r, uint64_t now, uint64_t unix_time)
{
	examine_access(r, unix_time);
	if (renew_access(r) != NULL || !examine_refresh(r, unix_time) ||
	    now < r->again)
		return false;
	r->again = now + r->gap;
	r->gap = 2 * r->gap < RENEW_GAP_MAX ? 2 * r->gap : RENEW_GAP_MAX;
	return true;
}

static void
explain(struct renew *r, int status, const char *body, size_t n,
    const char *why)
{
	char	 text[128] = "";

	if (status == 0) {
		snprintf(r->why, sizeof(r->why), "refreshing: %s", why);
		return;
	}
	if (reply_error(body, n, text, sizeof(text)) == -1)
		text[0] = '\0';
	snprintf(r->why, sizeof(r->why), "refreshing: HTTP status %d%s%s",
	    status, text[0] != '\0' ? ": " : "", text);
}

/* What is wrong with the tokens we were given, if it is not 0. */
static int
check(const struct renew *r, const struct tokens *t, uint64_t unix_time,
    const char **why)
{
	const char	*first;
	int		 access = token_check(t->access, TOKEN_ACCESS,
			     r->email, unix_time, &first),
			 refresh = token_check(t->refresh, TOKEN_REFRESH,
			     r->email, unix_time, why);

	if (access < 0 && (refresh >= 0 || refresh == TOKEN_EXPIRED)) {
		*why = first;
		return access;
	}
	return refresh < 0 ? refresh : 0;
}

/*
 * Tokens that are new and have expired tell of our clock: they are kept, as the
 * old refresh token may not be good for another.
 */
static bool
take_reply(struct renew *r, const struct tokens *t, uint64_t unix_time)
{
	const char	*why = NULL;
	int		 rc = check(r, t, unix_time, &why);
	bool		 other = strcmp(t->refresh, r->refresh) != 0;

	r->why[0] = '\0';
	if (rc < 0)
		snprintf(r->why, sizeof(r->why), "refreshing: %s%s", why,
		    rc == TOKEN_EXPIRED ? " already: is the clock right?" : "");
	if (rc < 0 && rc != TOKEN_EXPIRED)
		return false;
	take(r->access, t->access);
	take(r->refresh, t->refresh);
	r->stale = rc == TOKEN_EXPIRED;
	return other;
}

bool
renew_answer(struct renew *r, uint64_t unix_time, int status,
    const char *body, size_t n, const char *why)
{
	struct tokens	 t;
	bool		 other = false;

	memset(&t, 0, sizeof(t));
	if (status != 200)
		explain(r, status, body, n, why);
	else if (token_refresh_reply(&t, body, n) == -1)
		snprintf(r->why, sizeof(r->why),
		    "refreshing: no tokens in the answer");
	else
		other = take_reply(r, &t, unix_time);
	wipe(&t, sizeof(t));
	return other;
}

void
renew_refused(struct renew *r)
{
	if (r->refresh[0] != '\0' && renew_access(r) != NULL)
		wipe(r->access, sizeof(r->access));
}

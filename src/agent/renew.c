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

/* Forget a token that says itself that it is of no use. */
static void
examine(struct renew *r, char *token, enum token_type type, uint64_t unix_time)
{
	const char	*why;

	if (token[0] == '\0' ||
	    token_check(token, type, r->email, unix_time, &why) >= 0)
		return;
	wipe(token, TOKEN_MAX);
	if (type == TOKEN_ACCESS)
		r->gap = RENEW_GAP;	/* it ended as tokens do */
	snprintf(r->why, sizeof(r->why), "%s%s", type == TOKEN_REFRESH ?
	    "refreshing: " : "", why);
}

bool
renew_due(struct renew *r, uint64_t now, uint64_t unix_time)
{
	examine(r, r->access, TOKEN_ACCESS, unix_time);
	if (r->access[0] != '\0')
		return false;
	examine(r, r->refresh, TOKEN_REFRESH, unix_time);
	if (r->refresh[0] == '\0' || now < r->again)
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

/* NULL, or what is wrong with the tokens we were given. */
static const char *
check(const struct renew *r, const struct tokens *t, uint64_t unix_time)
{
	const char	*why = NULL;

	if (token_check(t->access, TOKEN_ACCESS, r->email, unix_time,
	    &why) >= 0)
		token_check(t->refresh, TOKEN_REFRESH, r->email, unix_time,
		    &why);
	return why;
}

bool
renew_answer(struct renew *r, uint64_t unix_time, int status,
    const char *body, size_t n, const char *why)
{
	struct tokens	 t;
	bool		 other = false;

	memset(&t, 0, sizeof(t));
	if (status != 200) {
		explain(r, status, body, n, why);
		return false;
	}
	if (token_refresh_reply(&t, body, n) == -1)
		why = "no tokens in the answer";
	else
		why = check(r, &t, unix_time);
	if (why != NULL) {
		snprintf(r->why, sizeof(r->why), "refreshing: %s", why);
	} else {
		other = strcmp(t.refresh, r->refresh) != 0;
		take(r->access, t.access);
		take(r->refresh, t.refresh);
		r->why[0] = '\0';
	}
	wipe(&t, sizeof(t));
	return other;
}

void
renew_refused(struct renew *r)
{
	if (r->refresh[0] != '\0')
		wipe(r->access, sizeof(r->access));
}

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "relay/auth.h"
#include "relay/door.h"
#include "relay/page.h"
#include "ws/ws.h"

enum { HEADERS = 3200 };	/* three texts of door_text_ok */

static void
say(struct ws *w, int status, const char *json)
{
	ws_reply(w, status, "application/json", json, strlen(json));
}

/* 1.4: the body a client shows to its user. */
static void
unauthorized(struct ws *w, const char *why)
{
	char	 body[256];

	snprintf(body, sizeof(body), "{\"code\":\"E_AUTH_INVALID_CREDENTIALS\""
	    ",\"error\":\"%s\"}", why);
	say(w, 401, body);
}

/* A client that has another's token, or its own under another name. */
static void
note_claim(struct ws *w, struct visitor *v)
{
	if (ws_query(w, "user", v->claimed, sizeof(v->claimed)) == NULL)
		v->claimed[0] = '\0';
	email_lower(v->claimed);
	if (strcmp(v->claimed, v->user) == 0)
		v->claimed[0] = '\0';
}

static bool
by_token(const struct door *d, struct ws *w, struct visitor *v)
{
	const char	*header = ws_header(w, "Authorization"), *user;

	if (header == NULL || strncasecmp(header, "Bearer ", 7) != 0) {
		unauthorized(w, "bearer token required");
		return false;
	}
	header += 7 + strspn(header + 7, " ");
	if ((user = auth_user(d->auth, header)) == NULL) {
		unauthorized(w, "invalid token");
		return false;
	}
	strcpy(v->user, user);
	note_claim(w, v);
	return true;
}

static bool
by_name(struct ws *w, struct visitor *v)
{
	const char	*header = ws_header(w, "x-syft-from");

	v->claimed[0] = '\0';
	if (ws_query(w, "user", v->user, sizeof(v->user)) == NULL &&
	    ws_query(w, "x-syft-from", v->user, sizeof(v->user)) == NULL) {
		if (header == NULL || strlen(header) > EMAIL_MAX)
			header = "";
		strcpy(v->user, header);
	}
	if (email_valid(v->user))
		return true;
	unauthorized(w, "invalid user");
	return false;
}

/*
 * A browser says which page asks. Where everyone is whom they say, a page from
 * elsewhere must not get in through its reader's browser, nor by a name that
 * was made to resolve to this machine. Where a token decides, it cannot.
 */
static bool
is_here(const char *host)
{
	static const char *const	 here[] = {
		"localhost", "127.0.0.1", "[::1]",
	};
	size_t				 n;

	for (size_t i = 0; i < sizeof(here) / sizeof(here[0]); i++) {
		n = strlen(here[i]);
		if (strncasecmp(host, here[i], n) == 0 &&
		    (host[n] == '\0' || host[n] == ':'))
			return true;
	}
	return false;
}

static bool
origin_ok(const struct door *d, const struct ws *w)
{
	const char	*origin = ws_header(w, "Origin");
	const char	*host = origin != NULL ? strstr(origin, "://") : NULL;

	return origin == NULL || d->any_origin ||
	    (host != NULL && is_here(host + 3));
}

/* The servers that parties are told, as headers; n is enough for all. */
static void
ice_headers(const struct door *d, char *buf, size_t n)
{
	bool	 turn = d->turn_user != NULL && d->turn_pass != NULL;

	snprintf(buf, n, "X-Syft-Hotlink-Ice-Servers: %s\r\n%s%s%s%s%s%s",
	    d->ice, turn ? "X-Syft-Hotlink-Turn-User: " : "",
	    turn ? d->turn_user : "", turn ? "\r\n" : "",
	    turn ? "X-Syft-Hotlink-Turn-Pass: " : "", turn ? d->turn_pass : "",
	    turn ? "\r\n" : "");
}

/*
 * The page shows them, too; to whom the relay would not tell them if asked
 * to be a party, it does not tell them here.
 */
static bool
send_page(const struct door *d, struct ws *w)
{
	const char	*host = ws_header(w, "Host");
	char		 servers[HEADERS] = "";

	if (d->auth == NULL && (d->any_origin ||
	    (host != NULL && is_here(host))))
		ice_headers(d, servers, sizeof(servers));
	return page_reply(w, servers);
}

/* The first of the client's list that we speak; JSON if it says nothing. */
static enum msg_encoding
encoding_of(const char *list)
{
	size_t	 n;

	for (; list != NULL && *list != '\0'; list += n) {
		list += strspn(list, ", \t");
		n = strcspn(list, ", \t");
		if (n == 7 && strncasecmp(list, "msgpack", n) == 0)
			return MSG_MSGPACK;
		if (n == 4 && strncasecmp(list, "json", n) == 0)
			return MSG_JSON;
	}
	return MSG_JSON;
}

static bool
is_path(const struct ws *w, const char *path)
{
	return strcmp(ws_path(w), path) == 0;
}

bool
door_request(const struct door *d, struct ws *w, struct visitor *v)
{
	const char	*why;

	if (d->page && strcmp(ws_method(w), "GET") == 0 && send_page(d, w))
		return false;
	if (!is_path(w, "/healthz") && !is_path(w, "/api/v1/events")) {
		say(w, 404, "{\"error\":\"not found\"}");
		return false;
	}
	if (strcmp(ws_method(w), "GET") != 0) {
		say(w, 405, "{\"error\":\"only GET\"}");
		return false;
	}
	if (is_path(w, "/healthz")) {
		say(w, 200, "{\"status\":\"ok\"}");
		return false;
	}
	if (!ws_is_upgrade(w, &why)) {
		ws_reply(w, 426, NULL, why, strlen(why));
		return false;
	}
	if (!origin_ok(d, w)) {
		say(w, 403, "{\"error\":\"origin not allowed\"}");
		return false;
	}
	if (d->auth != NULL ? !by_token(d, w, v) : !by_name(w, v))
		return false;
	v->encoding = encoding_of(ws_header(w, "X-Syft-WS-Encodings"));
	return true;
}

void
door_admit(const struct door *d, struct ws *w, const struct visitor *v)
{
	char	 headers[64 + HEADERS];
	int	 n;

	n = snprintf(headers, sizeof(headers), "X-Syft-WS-Encoding: %s\r\n",
	    v->encoding == MSG_MSGPACK ? "msgpack" : "json");
	ice_headers(d, headers + n, HEADERS);
	ws_accept(w, headers);
}

void
door_full(struct ws *w)
{
	say(w, 503, "{\"error\":\"too many connections\"}");
}

/* So that the headers above stay headers, and whole. */
bool
door_text_ok(const char *s)
{
	if (strlen(s) > 1000)
		return false;
	for (; *s != '\0'; s++)
		if ((unsigned char)*s < ' ' || *s == 0x7f)
			return false;
	return true;
}

#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "flow/audit.h"

struct finding_of {
	struct findings		*to;
	const struct audit	*a;
	unsigned		 i, j;		/* the marker is I_to_J */
};

__attribute__((__format__(__printf__, 3, 4))) static void
conflict(const struct finding_of *f, const char *code, const char *fmt, ...)
{
	char	 text[1024];
	va_list	 ap;
	int	 n;

	n = snprintf(text, sizeof(text), "E_PORT_%s: %u_to_%u: ", code, f->i,
	    f->j);
	va_start(ap, fmt);
	vsnprintf(text + n, sizeof(text) - (size_t)n, fmt, ap);
	va_end(ap);
	findings_add(f->to, false, text);
}

/* A number that may be missing but must not be another. */
static void
check_number(const struct finding_of *f, const json_t *marker,
    const char *key, const char *code, unsigned want)
{
	const json_t	*v = json_object_get(marker, key);

	if (v == NULL || (json_is_integer(v) &&
	    json_integer_value(v) == (json_int_t)want))
		return;
	if (json_is_integer(v))
		conflict(f, code, "%s is %" JSON_INTEGER_FORMAT ", the plan "
		    "has %u", key, json_integer_value(v), want);
	else
		conflict(f, code, "%s is no number, the plan has %u", key,
		    want);
}

static void
check_party(const struct finding_of *f, const json_t *marker,
    const char *key, const char *code, unsigned party)
{
	const char	*v = json_string_value(json_object_get(marker, key));

	if (v == NULL || strcasecmp(v, f->a->email[party]) != 0)
		conflict(f, code, "%s is %s, party %u is %s", key,
		    v != NULL ? v : "missing", party, f->a->email[party]);
}

/* ports is a map by email; without it the port is the local listener. */
static const json_t *
listener(const json_t *marker, const char *email)
{
	json_t		*ports = json_object_get(marker, "ports"), *v;
	const char	*name;

	if (!json_is_object(ports))
		return json_object_get(marker, "port");
	json_object_foreach(ports, name, v)
		if (strcasecmp(name, email) == 0)
			return v;
	return NULL;
}

static void
check_listener(const struct finding_of *f, const json_t *marker,
    unsigned party, unsigned other, const char *code)
{
	const json_t	*v = listener(marker, f->a->email[party]);
	unsigned	 want = ports_listen(f->a->base, party, other,
			    f->a->n);

	if (json_integer_value(v) != (json_int_t)want)
		conflict(f, code, "%s listens on %" JSON_INTEGER_FORMAT
		    ", the plan has %u", f->a->email[party],
		    json_integer_value(v), want);
}

/* What desktops write besides; then it is all there. */
static void
check_more(const struct finding_of *f, const json_t *marker)
{
	if (json_object_get(marker, "party_count") != NULL &&
	    json_object_get(marker, "global_base") == NULL)
		conflict(f, "CONFLICT_MISSING_BASE",
		    "party_count without global_base");
	check_number(f, marker, "global_base", "CONFLICT_MARKER_BASE",
	    f->a->base);
	check_number(f, marker, "party_count", "CONFLICT_MARKER_PARTY_COUNT",
	    f->a->n);
	check_number(f, marker, "local_party_id",
	    "CONFLICT_MARKER_LOCAL_ID", f->i);
	check_number(f, marker, "remote_party_id",
	    "CONFLICT_MARKER_REMOTE_ID", f->j);
}

static json_t *
parse(const char *text, size_t n)
{
	json_t	*marker = json_loadb(text, n, JSON_REJECT_DUPLICATES, NULL);

	if (json_is_object(marker))
		return marker;
	json_decref(marker);
	return NULL;
}

static void
check_mine(const struct finding_of *f, const struct audit_link *l)
{
	json_t	*marker = parse(l->marker, l->size);

	if (marker == NULL) {
		conflict(f, "CONFLICT_MARKER_PARSE", "no JSON object");
		return;
	}
	check_party(f, marker, "from", "CONFLICT_MARKER_LOCAL_ID", f->i);
	check_party(f, marker, "to", "CONFLICT_MARKER_REMOTE_ID", f->j);
	if (json_object_get(marker, "ports") != NULL)
		check_number(f, marker, "port", "CONFLICT_MARKER_PORT",
		    f->a->base + ports_pair(f->i, f->j, f->a->n));
	check_more(f, marker);
	check_listener(f, marker, f->i, f->j,
	    "CONFLICT_MARKER_LOCAL_LISTENER");
	if (json_object_get(marker, "ports") != NULL)
		check_listener(f, marker, f->j, f->i,
		    "CONFLICT_MARKER_PEER_LISTENER");
	json_decref(marker);
}

/* Does the peer plan with another base? The rest is the peer's to audit. */
static void
check_theirs(const struct finding_of *f, const struct audit_link *l)
{
	json_t		*marker = parse(l->theirs, l->their_size);
	const json_t	*v;
	unsigned	 want = ports_listen(f->a->base, f->j, f->i, f->a->n);

	v = marker != NULL ? listener(marker, f->a->email[f->j]) : NULL;
	if (json_integer_value(v) != (json_int_t)want)
		conflict(f, "CONFLICT_PARTICIPANT_BASE", "the marker of %s "
		    "has port %" JSON_INTEGER_FORMAT ", the plan has %u",
		    f->a->email[f->j], json_integer_value(v), want);
	json_decref(marker);
}

void
audit_link(struct findings *to, const struct audit *a,
    const struct audit_link *l, bool started)
{
	struct finding_of	 f = { to, a, a->me, l->peer };
	unsigned		 port = ports_listen(a->base, f.i, f.j, a->n);

	if (l->marker != NULL)
		check_mine(&f, l);
	else
		conflict(&f, "CONFLICT_MARKER_MISSING", "no marker");
	if (l->theirs != NULL)
		check_theirs(&f, l);
	if (l->marker == NULL && l->listening)
		conflict(&f, "CONFLICT_LOCAL_BUSY", "somebody else listens on "
		    "port %u", port);
	if (l->marker != NULL && !l->listening && started)
		conflict(&f, "NOT_LISTENING", "nobody listens on port %u",
		    port);
}

void
audit_other(struct findings *to, const struct audit *a, const char *what,
    const char *text, size_t n)
{
	json_t		*marker = parse(text, n);
	json_int_t	 port;
	char		 say[1024];
	bool		 busy = false;

	if (marker == NULL)
		return;
	port = json_integer_value(listener(marker, a->email[a->me]));
	for (unsigned j = 0; j < a->n; j++)
		busy |= j != a->me && port == (json_int_t)ports_listen(
		    a->base, a->me, j, a->n);
	snprintf(say, sizeof(say), busy ? "E_PORT_CONFLICT_LOCAL_BUSY: %s: "
	    "of another run, and takes port %" JSON_INTEGER_FORMAT
	    ": remove it" : "%s: a marker of another run, port %"
	    JSON_INTEGER_FORMAT, what, port);
	findings_add(to, !busy, say);
	json_decref(marker);
}

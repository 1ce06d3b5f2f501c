#include <stdio.h>
#include <string.h>

#include "base/addr.h"
#include "crypto/aead.h"
#include "syft/env.h"

enum form { BOOL, NUMBER, TEXT, IP, SECRET, WORD };

#define HL	"SYFTBOX_HOTLINK"

/* Of sctp/, the first of which is what it does without. */
static const char *
cc_name(size_t i)
{
	static const char *const	 names[] = { "bbr", "newreno" };

	return i < sizeof(names) / sizeof(names[0]) ? names[i] : NULL;
}

/*
 * Numbers outside their range are clamped, as the Rust client does it. The text
 * is the default, of a number what stands for it where nobody gave one.
 */
static const struct setting {
	const char	*name, *variable;
	enum form	 form;
	uint64_t	 def, min, max;
	const char	*text;
	const char	*(*word)(size_t);	/* the default first */
} settings[] = {
	[ENV_HOTLINK] = { "hotlink", HL, BOOL, .def = 1 },
	[ENV_STRICT] = { "strict", HL "_BENCH_STRICT", BOOL, .def = 0 },
	[ENV_P2P_ONLY] = { "p2p-only", HL "_P2P_ONLY", BOOL, .def = 0 },
	[ENV_DEBUG] = { "debug", HL "_DEBUG", BOOL, .def = 0 },
	[ENV_TCP_BIND] = { "tcp-bind", HL "_TCP_PROXY_ADDR", IP,
	    .text = "127.0.0.1" },
	[ENV_CHUNK_SIZE] = { "chunk-size", HL "_TCP_PROXY_CHUNK_SIZE", NUMBER,
	    .def = 61440, .min = 4096, .max = 1048576 },
	[ENV_BUFFERED_HIGH] = { "buffered-high", HL "_WEBRTC_BUFFERED_HIGH",
	    NUMBER, .def = 1048576, .max = 16777216, .text = "link-window" },
	[ENV_BACKPRESSURE_MS] = { "backpressure-wait-ms",
	    HL "_WEBRTC_BACKPRESSURE_WAIT_MS", NUMBER, .def = 1500,
	    .max = 10000 },
	[ENV_FALLBACK_GRACE_MS] = { "ws-fallback-grace-ms",
	    HL "_WS_FALLBACK_GRACE_MS", NUMBER, .def = 1500, .max = 10000 },
	[ENV_ICE_SERVERS] = { "ice-servers", HL "_ICE_SERVERS", TEXT,
	    .text = NULL },
	[ENV_STUN_SERVER] = { "stun-server", HL "_STUN_SERVER", TEXT,
	    .text = NULL },
	[ENV_TURN_USER] = { "turn-user", HL "_TURN_USER", TEXT, .text = NULL },
	[ENV_TURN_PASS] = { "turn-pass", HL "_TURN_PASS", SECRET,
	    .text = NULL },
	[ENV_DIALECT] = { "dialect", "HOTLINK_DIALECT", BOOL, .def = 1 },
	[ENV_AEAD] = { "aead", "HOTLINK_AEAD", WORD, .word = aead_name },
	[ENV_CC] = { "cc", "HOTLINK_CC", WORD, .word = cc_name },
};
_Static_assert(sizeof(settings) / sizeof(settings[0]) == ENV_IDS,
    "every setting has a row");

/*
 * All names p2p-only ever had: the harness's, the daemon's, and before QUIC
 * went.
 */
static const char *const	 p2p_names[] = {
	HL "_P2P_ONLY", HL "_QUIC_ONLY", "BV_" HL "_P2P_ONLY",
	"BV_" HL "_QUIC_ONLY",
};
enum { P2P_NAMES = sizeof(p2p_names) / sizeof(p2p_names[0]) };

static const char *const	 unsupported[] = { HL "_IPC", HL "_TCP_ADDR" };

struct reader {
	struct env		*env;
	const struct env_io	*io;
	bool			 failed;
};

static void
say(struct reader *r, bool error, const char *variable, const char *what)
{
	char		 line[256];

	snprintf(line, sizeof(line), "%s: %s", variable, what);
	r->io->say(r->io->arg, error, line);
	r->failed |= error;
}

static bool
blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* The text without blanks around it, in lower case; false: too long. */
static bool
word_of(const char *s, char *to, size_t cap)
{
	size_t		 n;

	while (blank(*s))
		s++;
	n = strlen(s);
	while (n > 0 && blank(s[n - 1]))
		n--;
	if (n >= cap)
		return false;
	for (size_t i = 0; i < n; i++)
		to[i] = (char)(s[i] >= 'A' && s[i] <= 'Z' ? s[i] + 32 : s[i]);
	to[n] = '\0';
	return true;
}

/* 1, 0, or -1: neither. */
static int
truth(const char *s)
{
	static const char *const	 words[] = {
		"0", "1", "false", "true", "no", "yes", "off", "on", "",
	};
	char				 word[8];

	if (!word_of(s, word, sizeof(word)))
		return -1;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(word, words[i]) == 0)
			return (int)(i % 2);
	return -1;
}

static int
truth_of(struct reader *r, const char *variable, const char *text)
{
	int		 t = truth(text);

	if (t < 0)
		say(r, true, variable, "neither 1, true, yes, on nor 0, false, "
		    "no, off");
	return t;
}

static void
read_bool(struct reader *r, const struct setting *s, struct env_value *v,
    const char *text)
{
	int		 t;

	/* The switch itself is on unless somebody says no. */
	if (s->def == 1 && *text == '\0')
		return;
	t = truth_of(r, s->variable, text);
	v->on = t == 1;
	v->source = s->variable;
}

/* Unsigned decimal; anything too large for the type is just very large. */
static int
number_of(const char *word, uint64_t *to)
{
	uint64_t	 v = 0;

	if (*word == '\0')
		return -1;
	for (; *word != '\0'; word++) {
		if (*word < '0' || *word > '9')
			return -1;
		if (v < UINT64_MAX / 16)
			v = v * 10 + (uint64_t)(*word - '0');
	}
	*to = v;
	return 0;
}

static void
read_number(struct reader *r, const struct setting *s, struct env_value *v,
    const char *text)
{
	char		 word[64], what[96];
	uint64_t	 n;

	if (!word_of(text, word, sizeof(word)) ||
	    (*word != '\0' && number_of(word, &n) < 0)) {
		say(r, true, s->variable, "not a number");
		return;
	}
	if (*word == '\0')
		return;
	v->number = n < s->min ? s->min : n > s->max ? s->max : n;
	v->source = s->variable;
	if (v->number != n) {
		snprintf(what, sizeof(what), "out of range, %llu is used",
		    (unsigned long long)v->number);
		say(r, false, s->variable, what);
	}
}

static bool
is_ip(const char *text)
{
	char		 ip[ADDR_TEXT];
	size_t		 n = strlen(text);
	struct addr	 a;

	if (n >= sizeof(ip) || n == 0)
		return false;
	memcpy(ip, text, n + 1);
	if (ip[0] != '[')
		return addr_parse_ip(&a, ip) == 0;
	if (ip[n - 1] != ']')
		return false;
	ip[n - 1] = '\0';
	return addr_parse_ip(&a, ip + 1) == 0;
}

static void
read_ip(struct reader *r, const struct setting *s, struct env_value *v,
    const char *text)
{
	if (!is_ip(text)) {
		say(r, true, s->variable, "not an IP address without a port");
		return;
	}
	v->text = text;
	v->source = s->variable;
}

/* Exactly as whoever acts by it compares it. */
static void
read_word(struct reader *r, const struct setting *s, struct env_value *v,
    const char *text)
{
	char		 line[256];
	const char	*name;
	size_t		 n;

	if (*text == '\0')
		return;
	n = (size_t)snprintf(line, sizeof(line), "%s=%.64s: not one of",
	    s->variable, text);
	for (size_t i = 0; (name = s->word(i)) != NULL; i++) {
		if (strcmp(name, text) == 0) {
			v->text = text;
			v->source = s->variable;
			return;
		}
		n += (size_t)snprintf(line + n, sizeof(line) - n, "%s %s",
		    i > 0 ? "," : "", name);
	}
	r->io->say(r->io->arg, true, line);
	r->failed = true;
}

static void
read_setting(struct reader *r, enum env_id id)
{
	const struct setting	*s = &settings[id];
	struct env_value	*v = &r->env->v[id];
	const char		*text = r->io->get(r->io->arg, s->variable);

	v->on = s->form == BOOL && s->def == 1;
	v->number = s->form == NUMBER ? s->def : 0;
	v->text = s->form == WORD ? s->word(0) : s->text;
	if (text == NULL)
		return;
	switch (s->form) {
	case BOOL:
		read_bool(r, s, v, text);
		return;
	case NUMBER:
		read_number(r, s, v, text);
		return;
	case IP:
		read_ip(r, s, v, text);
		return;
	case WORD:
		read_word(r, s, v, text);
		return;
	case TEXT:
	case SECRET:
		v->text = text;
		v->source = s->variable;
		return;
	}
}

static void
conflict(struct reader *r, const char *one, const char *other)
{
	char		 what[128];

	snprintf(what, sizeof(what), "contradicts %s", one);
	say(r, r->io->strict || r->env->v[ENV_STRICT].on, other, what);
}

/* Any of the four names turns it on; two that disagree are not silent. */
static void
read_p2p(struct reader *r)
{
	struct env_value	*v = &r->env->v[ENV_P2P_ONLY];
	const char		*text, *first = NULL;
	int			 t, said = -1;

	v->on = false;
	v->source = NULL;
	for (size_t i = 0; i < P2P_NAMES; i++) {
		text = r->io->get(r->io->arg, p2p_names[i]);
		if (text == NULL || (t = truth_of(r, p2p_names[i], text)) < 0)
			continue;
		if (first == NULL) {
			first = p2p_names[i];
			said = t;
		} else if (t != said)
			conflict(r, first, p2p_names[i]);
		if (v->source == NULL || (t == 1 && !v->on))
			v->source = p2p_names[i];
		v->on |= t == 1;
	}
	if (!v->on && r->env->v[ENV_STRICT].on) {
		v->on = true;
		v->source = settings[ENV_STRICT].variable;
	}
}

static void
report_unsupported(struct reader *r)
{
	const char	*text;

	for (size_t i = 0; i < sizeof(unsupported) / sizeof(unsupported[0]);
	    i++) {
		text = r->io->get(r->io->arg, unsupported[i]);
		if (text != NULL && *text != '\0')
			say(r, false, unsupported[i],
			    "not supported: there is no IPC mode");
	}
}

int
env_read(struct env *env, const struct env_io *io)
{
	struct reader	 r = { env, io, false };

	memset(env, 0, sizeof(*env));
	for (int id = 0; id < ENV_IDS; id++)
		if (id != ENV_P2P_ONLY)
			read_setting(&r, (enum env_id)id);
	read_p2p(&r);
	report_unsupported(&r);
	return r.failed ? -1 : 0;
}

const char *
env_variable(enum env_id id, size_t i)
{
	if (id == ENV_P2P_ONLY)
		return i < P2P_NAMES ? p2p_names[i] : NULL;
	return i == 0 ? settings[id].variable : NULL;
}

bool
env_is_switch(enum env_id id)
{
	return settings[id].form == BOOL;
}

const char *
env_name(enum env_id id)
{
	return settings[id].name;
}

const char *
env_text(const struct env *env, enum env_id id, char *buf, size_t n)
{
	const struct env_value	*v = &env->v[id];

	switch (settings[id].form) {
	case BOOL:
		snprintf(buf, n, "%s", v->on ? "on" : "off");
		break;
	case NUMBER:
		if (v->source == NULL && v->text != NULL)
			snprintf(buf, n, "%s", v->text);
		else
			snprintf(buf, n, "%llu",
			    (unsigned long long)v->number);
		break;
	case SECRET:
		snprintf(buf, n, "%s", v->text != NULL ? "set" : "none");
		break;
	case TEXT:
	case IP:
	case WORD:
		snprintf(buf, n, "%s", v->text != NULL ? v->text : "none");
		break;
	}
	return buf;
}

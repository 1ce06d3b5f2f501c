#include <string.h>

#include "base/addr.h"
#include "syft/server.h"

enum {
	STUN_PORT = 3478,
	TURNS_PORT = 5349,
};

static int
parse_port(uint16_t *port, const char *text)
{
	unsigned	 v = 0;

	for (; *text >= '0' && *text <= '9' && v <= 65535; text++)
		v = v * 10 + (unsigned)(*text - '0');
	if (*text != '\0' || v == 0 || v > 65535)
		return -1;
	*port = (uint16_t)v;
	return 0;
}

/* What is between the brackets, to the front; what is behind them, or NULL. */
static char *
take_brackets(char *host)
{
	char		*end = strchr(host, ']');
	struct addr	 a;

	if (end == NULL)
		return NULL;
	*end = '\0';
	memmove(host, host + 1, (size_t)(end - host));
	return addr_parse_ip(&a, host) == 0 && a.family == 6 ? end + 1 : NULL;
}

/* host, host:port, [v6], [v6]:port; the port is left alone if there is none. */
static int
split(char *host, uint16_t *port)
{
	char	*rest = *host == '[' ? take_brackets(host) :
		     host + strcspn(host, ":");

	if (rest == NULL || *host == '\0' || rest == host)
		return -1;
	if (*rest == '\0')
		return 0;
	if (*rest != ':' || parse_port(port, rest + 1) == -1)
		return -1;
	*rest = '\0';
	return 0;
}

/* What is behind it. */
static const char *
scheme(struct server *s, const char *text)
{
	static const struct {
		const char	*name;
		bool		 turn, tls;
	} v[] = {
		{ "stun:", false, false }, { "turn:", true, false },
		{ "turns:", true, true },
	};

	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++)
		if (strncmp(text, v[i].name, strlen(v[i].name)) == 0) {
			s->turn = v[i].turn;
			s->tls = s->stream = v[i].tls;
			return text + strlen(v[i].name);
		}
	return text;
}

/* The rest of the text, of which TURN alone may have one. */
static int
parse_query(struct server *s, const char *query)
{
	if (!s->turn)
		return -1;
	if (strcmp(query, "?transport=tcp") == 0) {
		s->stream = true;
		return 0;
	}
	return strcmp(query, "?transport=udp") == 0 && !s->tls ? 0 : -1;
}

/* A NUL within is no text, nor is what would end a line or a word of one. */
static bool
is_text(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)text[i] <= ' ' || text[i] == 0x7f)
			return false;
	return len < SERVER_MAX;
}

int
server_parse(struct server *to, const char *text, size_t len)
{
	struct server	 s = { .port = 0 };
	char		 copy[SERVER_MAX];
	const char	*rest;
	size_t		 n;

	if (!is_text(text, len))
		return -1;
	memcpy(copy, text, len);
	copy[len] = '\0';
	rest = scheme(&s, copy);
	s.port = s.tls ? TURNS_PORT : STUN_PORT;
	n = strcspn(rest, "?/@");
	memcpy(s.host, rest, n);
	if ((rest[n] != '\0' && parse_query(&s, rest + n) == -1) ||
	    split(s.host, &s.port) == -1)
		return -1;
	*to = s;
	return 0;
}

const char *
server_next(const char **list, size_t *len)
{
	const char	*p = *list;

	p += strspn(p, " \t,");
	*len = strcspn(p, ",");
	*list = p + *len;
	while (*len > 0 && (p[*len - 1] == ' ' || p[*len - 1] == '\t'))
		--*len;
	return *len > 0 ? p : NULL;
}

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/url.h"

static const struct scheme {
	const char	*prefix;
	bool		 tls;
} schemes[] = {
	{ "http://", false }, { "ws://", false },
	{ "https://", true }, { "wss://", true },
};

static int
bad(const char **why, const char *text)
{
	*why = text;
	return -1;
}

static int
parse_port(struct url *u, const char *s, size_t n, const char **why)
{
	unsigned long	 port = 0;

	if (n == 0 || n > 5)
		return bad(why, "bad port");
	for (size_t i = 0; i < n; i++) {
		if (s[i] < '0' || s[i] > '9')
			return bad(why, "bad port");
		port = port * 10 + (unsigned long)(s[i] - '0');
	}
	if (port == 0 || port > 65535)
		return bad(why, "port is not in 1..65535");
	u->port = (uint16_t)port;
	return 0;
}

/* host, host:port, [v6], [v6]:port */
static int
parse_authority(struct url *u, const char *s, size_t n, const char **why)
{
	const char	*end = s + n, *host = s, *close, *colon;
	size_t		 len;

	if (n == 0)
		return bad(why, "host is missing");
	if (memchr(s, '@', n) != NULL)
		return bad(why, "a user in the URL is not supported");
	if (n >= sizeof(u->authority))
		return bad(why, "host is too long");
	if (*s == '[') {
		close = memchr(s, ']', n);
		if (close == NULL)
			return bad(why, "unclosed [ in host");
		host = s + 1;
		len = (size_t)(close - host);
		colon = close + 1 < end ? close + 1 : NULL;
	} else {
		colon = memchr(s, ':', n);
		len = colon != NULL ? (size_t)(colon - s) : n;
	}
	if (len == 0 || len >= sizeof(u->host))
		return bad(why, "bad host");
	if (colon != NULL && *colon != ':')
		return bad(why, "garbage after ]");
	memcpy(u->host, host, len);
	u->host[len] = '\0';
	memcpy(u->authority, s, n);
	u->authority[n] = '\0';
	if (colon == NULL)
		return 0;
	return parse_port(u, colon + 1, (size_t)(end - colon - 1), why);
}

int
url_parse(struct url *u, const char *text, const char **why)
{
	const struct scheme	*s = NULL;
	size_t			 n;

	memset(u, 0, sizeof(*u));
	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++)
		if (strncmp(text, schemes[i].prefix,
		    strlen(schemes[i].prefix)) == 0)
			s = &schemes[i];
	if (s == NULL)
		return bad(why, "not http://, https://, ws:// or wss://");
	for (const char *p = text; *p != '\0'; p++)
		if (*p <= ' ' || *p >= 0x7f)
			return bad(why, "blank or control character");
	text += strlen(s->prefix);
	u->tls = s->tls;
	u->port = s->tls ? 443 : 80;
	n = strcspn(text, "/?#");
	if (parse_authority(u, text, n, why) == -1)
		return -1;
	text += n;
	n = strcspn(text, "?#");
	if (text[n] != '\0')
		return bad(why, "query or fragment in the server URL");
	while (n > 0 && text[n - 1] == '/')
		n--;
	if (n >= sizeof(u->path))
		return bad(why, "path is too long");
	memcpy(u->path, text, n);
	return 0;
}

const char *
url_escape(const char *text, char *buf, unsigned long cap)
{
	static const char	 plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				     "abcdefghijklmnopqrstuvwxyz"
				     "0123456789-._~";
	unsigned long		 n = 0;

	for (; *text != '\0' && n + 4 <= cap; text++) {
		if (strchr(plain, *text) != NULL)
			buf[n++] = *text;
		else
			n += (unsigned long)sprintf(buf + n, "%%%02X",
			    (unsigned char)*text);
	}
	buf[n] = '\0';
	return buf;
}

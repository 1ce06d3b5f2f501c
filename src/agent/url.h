#ifndef AGENT_URL_H
#define AGENT_URL_H

#include <stdbool.h>
#include <stdint.h>

enum { URL_HOST = 256, URL_PATH = 512 };

/* http(s)://host[:port][/path] or ws(s)://...; an IPv6 host is in brackets. */
struct url {
	bool		 tls;
	char		 host[URL_HOST];	/* without brackets */
	char		 authority[URL_HOST + 8];	/* for Host: */
	uint16_t	 port;
	/* without a trailing slash; may be "" */
	char		 path[URL_PATH];
};

/* 0, or -1 with a constant reason. */
int	 url_parse(struct url *, const char *, const char **why);

/* Form-encode text into buf, cut at cap; returns buf. */
const char *url_escape(const char *text, char *buf, unsigned long cap);

#endif

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/addr.h"
#include "base/hex.h"

/*
 * Numeric addresses only. The parser is ours because inet_pton(3) knows no
 * scope and lives in headers that belong to net/.
 */

static const uint8_t	 v6_loopback[16] = { [15] = 1 };

static size_t
ip_len(const struct addr *a)
{
	return a->family == 4 ? 4 : a->family == 6 ? 16 : 0;
}

bool
addr_same_ip(const struct addr *a, const struct addr *b)
{
	return a->family == b->family && a->scope == b->scope &&
	    memcmp(a->ip, b->ip, ip_len(a)) == 0;
}

bool
addr_ip_among(const struct addr *a, const struct addr *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (addr_same_ip(a, &list[i]))
			return true;
	return false;
}

bool
addr_equal(const struct addr *a, const struct addr *b)
{
	return a->port == b->port && addr_same_ip(a, b);
}

bool
path_equal(const struct path *a, const struct path *b)
{
	return addr_equal(&a->remote, &b->remote) &&
	    addr_equal(&a->local, &b->local);
}

bool
addr_is_loopback(const struct addr *a)
{
	if (a->family == 4)
		return a->ip[0] == 127;
	return a->family == 6 && memcmp(a->ip, v6_loopback, 16) == 0;
}

bool
addr_is_linklocal(const struct addr *a)
{
	if (a->family == 4)
		return a->ip[0] == 169 && a->ip[1] == 254;
	return a->family == 6 && a->ip[0] == 0xfe && (a->ip[1] & 0xc0) == 0x80;
}

bool
addr_is_any(const struct addr *a)
{
	static const uint8_t	 zero[16];

	return memcmp(a->ip, zero, ip_len(a)) == 0;
}

bool
addr_is_group(const struct addr *a)
{
	if (a->family == 4)
		return a->ip[0] >> 4 == 14 || memcmp(a->ip, "\377\377\377\377",
		    4) == 0;
	return a->family == 6 && a->ip[0] == 0xff;
}

/* A decimal number of at most max without sign; moves *s behind it. */
static int
number(const char **s, unsigned long max, unsigned long *v)
{
	size_t	 digits = 0;

	*v = 0;
	for (; **s >= '0' && **s <= '9'; (*s)++) {
		*v = *v * 10 + (unsigned long)(**s - '0');
		if (*v > max || ++digits > 10)
			return -1;
	}
	return digits > 0 ? 0 : -1;
}

static int
parse_v4(uint8_t *ip, const char *s)
{
	unsigned long	 v;

	for (int i = 0; i < 4; i++) {
		if (i > 0 && *s++ != '.')
			return -1;
		if (*s == '0' && s[1] >= '0' && s[1] <= '9')
			/* 010 is eight to some and ten to others */
			return -1;
		if (number(&s, 255, &v) == -1)
			return -1;
		ip[i] = (uint8_t)v;
	}
	return *s == '\0' ? 0 : -1;
}

/* One group of up to four hex digits. */
static int
group(const char **s, unsigned *v)
{
	int	 d, n = 0;

	*v = 0;
	for (; (d = hex_digit(**s)) != -1; (*s)++, n++)
		*v = *v << 4 | (unsigned)d;
	return n >= 1 && n <= 4 ? 0 : -1;
}

static int
parse_v6(uint8_t *ip, const char *s)
{
	uint8_t		 b[16] = { 0 };
	size_t		 n = 0, gap = SIZE_MAX;
	const char	*start;
	unsigned	 v;

	if (s[0] == ':' && s[1] == ':') {
		gap = 0;
		s += 2;
	}
	while (*s != '\0') {
		if (n == 16)
			return -1;
		start = s;
		if (group(&s, &v) == -1)
			return -1;
		if (*s == '.') {	/* ::ffff:192.0.2.1 */
			if (n > 12 || parse_v4(b + n, start) == -1)
				return -1;
			n += 4;
			break;
		}
		b[n++] = (uint8_t)(v >> 8);
		b[n++] = (uint8_t)v;
		if (*s == '\0')
			break;
		if (*s++ != ':' || *s == '\0')
			return -1;
		if (*s == ':') {
			if (gap != SIZE_MAX)
				return -1;
			gap = n;
			s++;
		}
	}
	if (gap == SIZE_MAX ? n != 16 : n > 14)
		return -1;
	if (gap == SIZE_MAX)
		gap = n;
	memset(ip, 0, 16);
	memcpy(ip, b, gap);
	memcpy(ip + 16 - (n - gap), b + gap, n - gap);
	return 0;
}

int
addr_parse_ip(struct addr *out, const char *s)
{
	struct addr	 a;
	char		 text[ADDR_TEXT];
	const char	*p;
	char		*scope;
	unsigned long	 v;

	memset(&a, 0, sizeof(a));
	if (strlen(s) >= sizeof(text))
		return -1;
	strcpy(text, s);
	scope = strchr(text, '%');
	if (scope != NULL) {
		*scope++ = '\0';
		p = scope;
		if (number(&p, UINT32_MAX, &v) == -1 || *p != '\0')
			return -1;
		a.scope = (uint32_t)v;
	}
	if (strchr(text, ':') != NULL) {
		a.family = 6;
		if (parse_v6(a.ip, text) == -1)
			return -1;
	} else {
		a.family = 4;
		if (scope != NULL || parse_v4(a.ip, text) == -1)
			return -1;
	}
	*out = a;
	return 0;
}

int
addr_parse(struct addr *out, const char *s)
{
	struct addr	 a;
	char		 text[ADDR_TEXT];
	const char	*ip = text, *p;
	char		*colon;
	unsigned long	 v;

	if (strlen(s) >= sizeof(text))
		return -1;
	strcpy(text, s);
	colon = strrchr(text, ':');
	if (colon == NULL)
		return -1;
	p = colon + 1;
	if (number(&p, 65535, &v) == -1 || *p != '\0')
		return -1;
	*colon = '\0';
	if (*text == '[') {
		if (colon[-1] != ']')
			return -1;
		colon[-1] = '\0';
		ip++;
	}
	if (addr_parse_ip(&a, ip) == -1 || (a.family == 6) != (*text == '['))
		return -1;
	a.port = (uint16_t)v;
	*out = a;
	return 0;
}

/* Where the longest run of at least two zero groups starts, and its length. */
static int
zero_run(const uint8_t *ip, int *len)
{
	int	 at = -1, run = 0;

	*len = 1;
	for (int i = 0; i <= 8; i++) {
		if (i < 8 && ip[2 * i] == 0 && ip[2 * i + 1] == 0) {
			run++;
			continue;
		}
		if (run > *len) {
			*len = run;
			at = i - run;
		}
		run = 0;
	}
	return at;
}

static void
v6_text(const struct addr *a, char *buf)
{
	int	 len, at = zero_run(a->ip, &len);
	char	*p = buf;

	for (int i = 0; i < 8; i++) {
		if (i == at) {
			p += sprintf(p, "::");
			i += len - 1;
			continue;
		}
		if (i > 0 && p[-1] != ':')
			*p++ = ':';
		p += sprintf(p, "%x", a->ip[2 * i] << 8 | a->ip[2 * i + 1]);
	}
	*p = '\0';
	if (a->scope != 0)
		sprintf(p, "%%%u", (unsigned)a->scope);
}

const char *
addr_ip_text(const struct addr *a, char *buf)
{
	if (a->family == 4)
		sprintf(buf, "%u.%u.%u.%u", a->ip[0], a->ip[1], a->ip[2],
		    a->ip[3]);
	else if (a->family == 6)
		v6_text(a, buf);
	else
		strcpy(buf, "none");
	return buf;
}

const char *
addr_text(const struct addr *a, char *buf)
{
	char	 ip[ADDR_TEXT];

	snprintf(buf, ADDR_TEXT, a->family == 6 ? "[%.54s]:%u" : "%.54s:%u",
	    addr_ip_text(a, ip), a->port);
	return buf;
}

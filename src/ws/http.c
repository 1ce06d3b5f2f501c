#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/hex.h"
#include "ws/http.h"

size_t
http_head_end(const uint8_t *p, size_t from, size_t n)
{
	for (size_t i = from > 3 ? from - 3 : 0; i + 4 <= n; i++)
		if (memcmp(p + i, "\r\n\r\n", 4) == 0)
			return i + 4;
	return 0;
}

/* RFC 9110 5.6.2: what a name of a field or of a method consists of. */
static bool
is_token(const char *s)
{
	if (*s == '\0')
		return false;
	for (; *s != '\0'; s++)
		if ((unsigned char)*s <= ' ' || (unsigned char)*s >= 0x7f ||
		    strchr("\"(),/:;<=>?@[\\]{}", *s) != NULL)
			return false;
	return true;
}

static char *
trim(char *s)
{
	size_t	 n;

	s += strspn(s, " \t");
	for (n = strlen(s); n > 0 && strchr(" \t", s[n - 1]) != NULL; n--)
		s[n - 1] = '\0';
	return s;
}

/* Cut the next line off; its CRLF is known to be there. */
static char *
next_line(char **rest)
{
	char	*line = *rest, *end = strstr(line, "\r\n");

	*end = '\0';
	*rest = end + 2;
	return line;
}

/* Control characters are refused before; a bare CR or LF is one of them. */
static bool
is_clean(const char *s)
{
	for (; *s != '\0'; s++)
		if (((unsigned char)*s < ' ' && *s != '\t') || *s == 0x7f)
			return false;
	return true;
}

static int
parse_fields(struct http *h, char *rest)
{
	char	*line, *colon;

	while (*(line = next_line(&rest)) != '\0') {
		if (!is_clean(line) || h->n == HTTP_FIELDS ||
		    (colon = strchr(line, ':')) == NULL)
			return -1;
		*colon = '\0';
		if (!is_token(line))
			return -1;
		h->f[h->n].name = line;
		h->f[h->n].value = trim(colon + 1);
		h->n++;
	}
	return 0;
}

static char *
copy_head(struct http *h, const uint8_t *p, size_t n)
{
	memset(h, 0, sizeof(*h));
	if (n < 4 || http_head_end(p, n - 1, n) != n ||
	    memchr(p, 0, n) != NULL || (h->text = malloc(n + 1)) == NULL)
		return NULL;
	memcpy(h->text, p, n);
	h->text[n] = '\0';
	return h->text;
}

static int
request_line(struct http *h, char *line)
{
	char	*target = strchr(line, ' '), *version;

	if (!is_clean(line) || target == NULL)
		return -1;
	*target++ = '\0';
	if ((version = strchr(target, ' ')) == NULL)
		return -1;
	*version++ = '\0';
	if (!is_token(line) || *target != '/' ||
	    strcmp(version, "HTTP/1.1") != 0)
		return -1;
	h->method = line;
	h->target = target;
	if ((h->query = strchr(target, '?')) != NULL)
		*h->query++ = '\0';
	return 0;
}

int
http_request(struct http *h, const uint8_t *p, size_t n)
{
	char	*rest = copy_head(h, p, n);

	if (rest == NULL)
		return -1;
	return request_line(h, next_line(&rest)) == -1 ? -1 :
	    parse_fields(h, rest);
}

static int
digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : -1;
}

static int
status_line(struct http *h, const char *line)
{
	int	 status = 0, d;

	if (!is_clean(line) || strlen(line) < 12 ||
	    (strncmp(line, "HTTP/1.1 ", 9) != 0 &&
	    strncmp(line, "HTTP/1.0 ", 9) != 0) ||
	    (line[12] != ' ' && line[12] != '\0'))
		return -1;
	for (int i = 9; i < 12; i++) {
		if ((d = digit(line[i])) == -1)
			return -1;
		status = status * 10 + d;
	}
	/* Small servers refuse in 1.0; it has no upgrade to grant. */
	if (status < (line[7] == '0' ? 200 : 100))
		return -1;
	h->status = status;
	return 0;
}

int
http_response(struct http *h, const uint8_t *p, size_t n)
{
	char	*rest = copy_head(h, p, n);

	if (rest == NULL)
		return -1;
	return status_line(h, next_line(&rest)) == -1 ? -1 :
	    parse_fields(h, rest);
}

void
http_fini(struct http *h)
{
	free(h->text);
	memset(h, 0, sizeof(*h));
}

const char *
http_header(const struct http *h, const char *name)
{
	for (size_t i = 0; i < h->n; i++)
		if (strcasecmp(h->f[i].name, name) == 0)
			return h->f[i].value;
	return NULL;
}

size_t
http_count(const struct http *h, const char *name)
{
	size_t	 n = 0;

	for (size_t i = 0; i < h->n; i++)
		n += strcasecmp(h->f[i].name, name) == 0;
	return n;
}

static bool
list_has(const char *list, const char *token)
{
	size_t	 len = strlen(token), n;

	for (; *list != '\0'; list += n) {
		list += strspn(list, ", \t");
		n = strcspn(list, ", \t");
		if (n == len && strncasecmp(list, token, n) == 0)
			return true;
	}
	return false;
}

bool
http_has_token(const struct http *h, const char *name, const char *token)
{
	for (size_t i = 0; i < h->n; i++)
		if (strcasecmp(h->f[i].name, name) == 0 &&
		    list_has(h->f[i].value, token))
			return true;
	return false;
}

/* One character of a form-encoded value; -1: a broken escape or NUL. */
static int
unescape(const char **p, const char *end)
{
	const char	*s = (*p)++;
	int		 c;

	if (*s == '+')
		return ' ';
	if (*s != '%')
		return (unsigned char)*s;
	if (end - s < 3 || hex_digit(s[1]) == -1 || hex_digit(s[2]) == -1)
		return -1;
	*p += 2;
	c = hex_digit(s[1]) << 4 | hex_digit(s[2]);
	return c != 0 ? c : -1;
}

static const char *
form_decode(const char *p, size_t n, char *to, size_t cap)
{
	const char	*end = p + n;
	size_t		 i = 0;
	int		 c;

	while (p < end) {
		if ((c = unescape(&p, end)) == -1 || i + 1 >= cap)
			return NULL;
		to[i++] = (char)c;
	}
	if (i >= cap)
		return NULL;
	to[i] = '\0';
	return to;
}

const char *
http_query(const struct http *h, const char *name, char *to, size_t cap)
{
	size_t		 len = strlen(name), n;
	const char	*p = h->query;

	for (; p != NULL && *p != '\0'; p += n + (p[n] == '&')) {
		n = strcspn(p, "&");
		if (n > len && strncmp(p, name, len) == 0 && p[len] == '=')
			return form_decode(p + len + 1, n - len - 1, to, cap);
	}
	return NULL;
}

/*
 * A chunk's size line, RFC 9112 7.1, extensions skipped: its length with CRLF
 * and the size; 0: it has not ended yet, -1: not one. Five digits are more
 * than any body we keep.
 */
static long
chunk_line(const uint8_t *p, size_t n, size_t *size)
{
	const uint8_t	*end = memchr(p, '\n', n);
	size_t		 i = 0;

	*size = 0;
	if (end == NULL)
		return n > 256 ? -1 : 0;
	for (; hex_digit((char)p[i]) != -1; i++) {
		if (i == 5)
			return -1;
		*size = *size << 4 | (size_t)hex_digit((char)p[i]);
	}
	if (i == 0 || end[-1] != '\r' || memchr("\r; \t", p[i], 4) == NULL)
		return -1;
	return end - p + 1;
}

/* Walk the chunks; to is where their content goes, or NULL: only look. */
static int
walk_chunks(const uint8_t *p, size_t n, uint8_t *to, size_t *len)
{
	size_t	 at = 0, size;
	long	 line;

	*len = 0;
	for (;;) {
		if ((line = chunk_line(p + at, n - at, &size)) <= 0)
			return (int)line;
		at += (size_t)line;
		if (size == 0)
			return 1;
		if (n - at < size + 2)
			return 0;
		if (to != NULL)
			memmove(to + *len, p + at, size);
		*len += size;
		at += size + 2;
	}
}

int
http_dechunk(uint8_t *p, size_t *n)
{
	size_t	 len;
	int	 all = walk_chunks(p, *n, NULL, &len);

	if (all == 1) {
		walk_chunks(p, *n, p, &len);
		*n = len;
	}
	return all;
}

const char *
http_reason(int status)
{
	static const struct {
		int		 status;
		const char	*text;
	} reason[] = {
		{ 101, "Switching Protocols" }, { 200, "OK" },
		{ 400, "Bad Request" }, { 401, "Unauthorized" },
		{ 403, "Forbidden" }, { 404, "Not Found" },
		{ 405, "Method Not Allowed" }, { 426, "Upgrade Required" },
		{ 431, "Request Header Fields Too Large" },
		{ 503, "Service Unavailable" },
	};

	for (size_t i = 0; i < sizeof(reason) / sizeof(reason[0]); i++)
		if (reason[i].status == status)
			return reason[i].text;
	return "Error";
}

#ifndef WS_HTTP_H
#define WS_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The head of an HTTP/1.1 message (RFC 9112), as far as an upgrade needs it:
 * strict line ends, no folding, no control characters. A head is parsed whole;
 * http_head_end finds where it ends in a stream.
 */
enum { HTTP_FIELDS = 64 };	/* browsers send about 15, proxies add a few */

struct http {
	char		*text;		/* ours; what follows points into it */
	const char	*method, *target;
	char		*query;		/* after '?', cut off; or NULL */
	int		 status;
	size_t		 n;
	struct http_field {
		const char	*name, *value;
	} f[HTTP_FIELDS];
};

/* Length of the head with its empty line; 0: it has not ended yet. */
size_t		 http_head_end(const uint8_t *, size_t from, size_t n);

/* Parse a copy of a whole head. 0 or -1: malformed, or out of memory. */
int		 http_request(struct http *, const uint8_t *, size_t);
int		 http_response(struct http *, const uint8_t *, size_t);
void		 http_fini(struct http *);

/* The first field of this name, in any case, trimmed; NULL: none. */
const char	*http_header(const struct http *, const char *name);
size_t		 http_count(const struct http *, const char *name);

/* Is token, in any case, in the comma-separated lists of this name? */
bool		 http_has_token(const struct http *, const char *name,
		     const char *token);

/* A form-decoded query value as a string into cap bytes, or NULL. */
const char	*http_query(const struct http *, const char *name, char *,
		     size_t cap);

/*
 * Take chunks apart in place once all of them are there: 1, and n is the
 * length of the content. 0: more must come, -1: not chunks; nothing changed.
 */
int		 http_dechunk(uint8_t *, size_t *n);

const char	*http_reason(int status);

#endif

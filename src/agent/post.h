#ifndef AGENT_POST_H
#define AGENT_POST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"

struct loop;
struct post;
struct resolver;
struct rng;
struct tls_client_conf;
struct url;

/*
 * One HTTP POST of a JSON body and its answer, bounded in size and time: what
 * the token service needs (hotlink-protocol.md 1.4) and no more.
 */
enum { POST_ANSWER_MAX = 64 << 10 };

/* status 0: no answer, why says the reason. body lives until done returns. */
typedef void	 post_fn(void *, uint64_t now, int status, const char *body,
		     size_t n, const char *why);

struct post_conf {
	struct loop		*loop;
	struct resolver		*resolver;
	struct rng		*rng;
	const struct url	*url;
	const struct tls_client_conf *tls;
	const char		*path;		/* appended to the url's */
	const char		*body;
	post_fn			*done;
	void			*arg;
};

/* NULL: out of memory. done is called once, never before this returned. */
struct post	*post_new(const struct post_conf *, uint64_t now);
void		 post_free(struct post *);	/* not from within done */

/*
 * Take a whole answer apart, in place; ended: nothing more comes. 1: done,
 * 0: more must come, -1: no answer to read, or it was cut off.
 */
int		 post_parse(uint8_t *, size_t, bool ended, int *status,
		     struct span *body);

#endif

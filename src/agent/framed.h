#ifndef AGENT_FRAMED_H
#define AGENT_FRAMED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct framed;
struct loop;
struct resolver;
struct rng;
struct tls_trust;

/*
 * TURN's messages and channel data on a byte stream, TCP or TLS (RFC 8656
 * 3.1, 12.5; RFC 8489 6.2.2): each is as long as it says, channel data is
 * filled up to a multiple of four.
 */
struct framed_conf {
	struct loop		*loop;
	struct resolver		*resolver;
	struct rng		*rng;
	const struct tls_trust	*trust;		/* for tls; borrowed */
	bool			 tls;
	const char		*host;		/* copied, as is name */
	const char		*name;		/* for tls; NULL: host */
	uint16_t		 port;
	/* none of these may call framed_free */
	void			(*up)(void *, uint64_t now);
	void			(*message)(void *, uint64_t now, uint8_t *,
				    size_t);
	/* it is over, and wants framed_free */
	void			(*closed)(void *, uint64_t now, const char *);
	void			*arg;
};

/* NULL: out of memory. */
struct framed	*framed_new(const struct framed_conf *, uint64_t now);
void		 framed_free(struct framed *);

bool		 framed_is_orphan(const struct framed *);

/*
 * False: there is no room, it is lost, as on a network. But a request, which
 * nobody repeats on a stream (RFC 8489 6.2.3), has room of its own; if that is
 * full, too, the stream is over.
 */
bool		 framed_put(struct framed *, uint64_t now, const void *,
		     size_t);

/* Once per turn. */
void		 framed_pump(struct framed *, uint64_t now);

/*
 * How long the message is that begins with these bytes, with what fills it up:
 * 0: too few to say, or SIZE_MAX: no message begins so.
 */
size_t		 framed_length(const uint8_t *, size_t);

#endif

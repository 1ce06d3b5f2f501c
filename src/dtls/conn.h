#ifndef DTLS_CONN_H
#define DTLS_CONN_H

#include "crypto/ecdh.h"
#include "dtls/dtls.h"
#include "dtls/flight.h"
#include "dtls/keys.h"
#include "dtls/message.h"
#include "dtls/reassembly.h"

/*
 * Inside a connection; for dtls.c, client.c and server.c.
 *
 * Epoch 0 is anybody's. So a flight of the peer is taken as a whole: its
 * messages are collected, then checked, and change something only if all of
 * them hold; otherwise they are forgotten, and the peer sends them again. A
 * flight that looked right and later comes again with other bytes replaces
 * the first until a signature over the transcript has settled which was true.
 * A reason to give up must be given twice, by the same bytes: what was broken
 * once does not end a connection, and a peer we cannot talk to repeats itself.
 * A forger can, too, so there is time then for a flight that holds.
 */
enum step {
	STEP_HELLO,		/* server: waits for the ClientHello */
	STEP_FLIGHT,		/* waits for the flight with the certificate */
	STEP_FINISHED,
	STEP_DONE,
};

enum {
	EARLY_BYTES = 8192,	/* records of epoch 1 that came too soon */
	REDO_MAX = 64,		/* flights taken back: each costs signatures */
	COOKIES_MAX = 4,
};

/*
 * What became of a flight. BROKEN may be the fault of an earlier flight, and
 * is no reason to give up before time does; REFUSED is one, soon, if it comes
 * twice.
 */
struct verdict {
	enum { GOOD, BROKEN, REFUSED } is;
	const char	*why;
};

struct dtls {
	struct dtls_conf	 conf;
	uint8_t			 key_id[32];
	enum dtls_state		 state;
	enum step		 step;
	const char		*why, *hint;
	struct dtls_stats	 stats;

	struct flight		 out;
	struct sender		 sender;
	uint64_t		 resend, rto, give_up;
	uint64_t		 doubted;	/* until then; NEVER: not */

	struct protect		 reader;
	struct window		 window;
	struct reasm		 in;
	uint8_t			 early[EARLY_BYTES];
	size_t			 early_n;

	struct digest		*start;	/* transcript up to our first flight */
	struct digest		*script, *scratch;
	uint8_t			 flight_id[32];	/* of the one in effect */
	uint8_t			 refused_id[32];
	unsigned		 redone, cookies;

	struct secrets		 keys;
	const struct suite	*suite;
	struct ecdh		 ecdh;
	uint8_t			 expect[VERIFY_DATA];
	uint16_t		 expect_seq, hello_seq;
	uint8_t			 cookie[COOKIE_MAX];
	size_t			 cookielen;
};

void	 conn_fail(struct dtls *, const char *why);
void	 conn_up(struct dtls *);

/* Send the flight now, and again from then on. */
void	 conn_start(struct dtls *, uint64_t now, struct batch *);

/* Check a peer's certificate against what we were told about it. */
struct verdict	 conn_certificate(struct dtls *, struct pubkey *,
		     const struct message *);

/* Does the peer's key confirm this hash by this signature? */
bool	 conn_signed(const struct pubkey *, const struct key_exchange *,
	     const uint8_t *hash);

/* Add our message to flight and transcript. */
void	 conn_say(struct dtls *, struct wr *, uint16_t epoch);
void	 conn_hear(struct dtls *, const struct message *);
void	 conn_finished(struct dtls *, uint16_t seq);

static inline struct verdict
good(void)
{
	return (struct verdict){ GOOD, NULL };
}

static inline struct verdict
broken(const char *why)
{
	return (struct verdict){ BROKEN, why };
}

static inline struct verdict
refuse(const char *why)
{
	return (struct verdict){ REFUSED, why };
}

/*
 * The roles. ready: how many messages from the front of dtls.in make a whole
 * flight now; 0 for none. take: judge them, and if they are good say what
 * follows. finished: the peer's Finished was right.
 */
struct role {
	size_t		 (*ready)(const struct dtls *, size_t *first);
	struct verdict	 (*take)(struct dtls *, uint64_t now, size_t first,
			     size_t n, struct batch *);
	void		 (*finished)(struct dtls *, uint64_t now,
			     struct batch *);
};

extern const struct role	 client_role, server_role;

void	 client_hello(struct dtls *);
bool	 client_cookie(struct dtls *, const struct fragment *);

#endif

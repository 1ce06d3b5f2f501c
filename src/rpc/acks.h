#ifndef RPC_ACKS_H
#define RPC_ACKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The filter of acknowledgements: which requests wait for a response, and what
 * the bytes found at the place of a response say about one. An engine: it
 * knows no files. Its user looks for each pending request in each pass and
 * tells what there was.
 */
enum ack {
	ACK_NOT_YET,		/* nothing is there */
	ACK_ACKED,		/* status 200 */
	ACK_FAILED,		/* another status */
	ACK_EXPIRED,		/* nothing of use a day after it was sent */
	ACK_FOREIGN,		/* encrypted, for others */
	ACK_ENCRYPTED,		/* for me, and nobody who can decrypt it */
	ACK_CORRUPT,
	ACK_MISMATCH,		/* another id, or another sender */
	ACK_KINDS,
};

enum {
	ACKS_MAX = 1 << 20,	/* pending requests */
	ACKS_LINE = 1024,	/* bytes of a line that names one */
	ACKS_MESSAGE = 256,	/* of a message id */
};

struct pending {
	const char	*id, *recipient, *message;	/* "" if not known */
	uint64_t	 sent_ms;			/* 0: not known */
	enum ack	 ack;		/* in this pass */
	unsigned	 status;	/* of a response that was accepted */
	const char	*owner;		/* in whose tree it was */
	bool		 quiet;		/* the same was told in a pass before */
	uint64_t	 bad_mtime;	/* of the file that was no answer */
	uint64_t	 told_mtime;	/* and of that told of before */
	struct {			/* for who reads files: which it was */
		bool		 known;
		uint64_t	 mtime, dev, ino, size;
	} file;
};

struct acks_stats {
	uint64_t	 pending, looked_up, unrelated_skipped, refused;
	uint64_t	 by[ACK_KINDS];
};

struct acks;

struct acks	*acks_new(const char *me);
void		 acks_free(struct acks *);

/*
 * A request to wait for; strings are copied, recipient and message may be
 * empty. 0; or -1, counted as refused: the id is not safe, the recipient is no
 * email or is me, the id is there already, too many, out of memory.
 */
int		 acks_add(struct acks *, const char *id, const char *recipient,
		     const char *message, uint64_t sent_ms, const char **why);

/* The same from "id TAB recipient TAB message TAB time", 2 to 4 optional. */
int		 acks_add_line(struct acks *, const char *, size_t,
		     const char **why);

size_t		 acks_count(const struct acks *);
struct pending	*acks_at(struct acks *, size_t);
struct pending	*acks_find(struct acks *, const char *id, size_t);

/* A pass: verdicts and counters start anew, and those not heard of are late. */
void		 acks_begin(struct acks *, uint64_t unix_ms);
void		 acks_end(struct acks *);

/*
 * What was at the place of p's response. owner is the party in whose tree it
 * was. mtime tells one content of a bad file from the next. The answer
 * ACK_ENCRYPTED asks for acks_plain with the decrypted bytes, if there are
 * any. acks_bad: it cannot be a response at all.
 */
enum ack	 acks_file(struct acks *, struct pending *, const char *owner,
		     const void *, size_t, uint64_t mtime);
enum ack	 acks_plain(struct acks *, struct pending *, const char *owner,
		     const void *, size_t, uint64_t mtime);
enum ack	 acks_bad(struct acks *, struct pending *, uint64_t mtime);

/* A look at the place of a pending response; a file nobody waits for. */
void		 acks_looked(struct acks *);
void		 acks_skipped(struct acks *);

void		 acks_stats(const struct acks *, struct acks_stats *);
const char	*ack_name(enum ack);

/* A response decided it: acked or failed. */
static inline bool
ack_accepted(enum ack a)
{
	return a == ACK_ACKED || a == ACK_FAILED;
}

#endif

#ifndef RPC_BOX_H
#define RPC_BOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "rpc/acks.h"

/*
 * The directories that requests and responses are exchanged in,
 * hotlink-messages(5), and the programs that decrypt and encrypt. No link is
 * followed to a file, and no file but a regular one of at most RPC_MAX bytes
 * is read.
 */
struct box {
	const char	*data_dir, *me, *app, *endpoint;
	const char	*decrypt, *encrypt;	/* commands, or NULL */
	uint64_t	 timeout;		/* of either */
	int		 signal;		/* came while one ran */
};

/* The texts name one thing below data_dir: no "..", no hidden parts. */
bool	 box_valid(const struct box *, const char **why);

/* The directory, and a file in it; shadow: the decrypted copy's. 0 or -1. */
int	 box_dir(const struct box *, const char *owner, bool shadow,
	     char *buf, size_t cap);
int	 box_path(const struct box *, const char *owner, bool shadow,
	     const char *id, const char *suffix, char *buf, size_t cap);

/* What was read, and which file that was. */
struct found {
	uint8_t		*p;		/* heap, ended by NUL */
	size_t		 n;
	uint64_t	 mtime;		/* ns */
	dev_t		 dev;
	ino_t		 ino;
	const char	*why;		/* FOUND_BAD: what it is instead */
};

enum found_as { FOUND, FOUND_NOTHING, FOUND_BAD };

enum found_as	 box_read(const char *path, struct found *);
void		 found_fini(struct found *);

/* Remove path if it still is the file that was found. 0 or -1. */
int	 box_remove(const char *path, const struct found *);

/*
 * Plain text of an envelope that was found at path: the shadow copy if it is
 * not older, else what the command makes of it. FOUND, or FOUND_BAD with the
 * reason. sender is told to the command if it is known.
 */
enum found_as	 box_decrypt(struct box *, const char *shadow,
		     const struct found *, struct found *plain);

/* Encrypt for to; heap, or NULL and why. Needs box->encrypt. */
uint8_t	*box_encrypt(struct box *, const char *to, const void *, size_t,
	     size_t *n, const char **why);

/*
 * One pass: look for every pending response (scan: in all directories, for
 * those whose recipient is not known) and let the engine judge. -1: a signal
 * came.
 */
int	 box_look(struct box *, struct acks *, bool scan);

/*
 * Remove the response that p was accepted by, if it still is that file, and
 * its shadow. 0 or -1.
 */
int	 box_clean(const struct box *, const struct pending *);

#endif

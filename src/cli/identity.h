#ifndef CLI_IDENTITY_H
#define CLI_IDENTITY_H

struct cert;
struct rng;

/*
 * The identity kept in file, made there with mode 0600 if it is missing; a
 * fresh one if file is NULL. NULL after a message.
 */
struct cert	*identity_load(const char *file, struct rng *);

/* 64 hexadecimal digits and NUL: what a marker's "fingerprint" names. */
void		 identity_text(const struct cert *, char text[65]);

#endif

#ifndef RELAY_AUTH_H
#define RELAY_AUTH_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Whose bearer token is it: lines of an email and the SHA-256 of its token in
 * hex; blank lines and lines that start with # say nothing.
 */
struct auth;

/* NULL: line says which is wrong (0: out of memory). */
struct auth	*auth_parse(const char *text, size_t, size_t *line);
void		 auth_free(struct auth *);

/* Nobody is in it. */
bool		 auth_is_empty(const struct auth *);

/* The token's user, or NULL. Takes as long for every token. */
const char	*auth_user(const struct auth *, const char *token);

#endif

#ifndef NET_RESOLVE_H
#define NET_RESOLVE_H

#include <stdint.h>

#include "base/addr.h"

/* Names to addresses without blocking, on c-ares; numeric text is immediate. */
struct loop;
struct resolver;

typedef void	 resolve_fn(void *, const struct addr *, size_t n,
		     const char *why, uint64_t now);

/* NULL: out of memory. No call-back comes after resolver_free. */
struct resolver	*resolver_new(struct loop *);
void		 resolver_free(struct resolver *);

/*
 * Ask for host's addresses, IPv6 and IPv4, in the order to try; fn is called
 * once, perhaps at once: n is 0 and why says the reason if there are none.
 */
void		 resolve(struct resolver *, const char *host, uint16_t port,
		     resolve_fn *, void *arg, uint64_t now);
void		 resolve_cancel(struct resolver *, void *arg);

/* Ask this name server, "ADDR:PORT", instead of the system's. Borrowed. */
void		 resolver_server(struct resolver *, const char *);

/* The library's version, as "1.18.1". */
const char	*resolver_library(void);

#endif

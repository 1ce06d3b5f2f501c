#ifndef RELAY_PAGE_H
#define RELAY_PAGE_H

#include <stdbool.h>

/*
 * A page for people: a party in a browser that shows whether WebRTC gets
 * through from there. Its files are in the program.
 */
struct ws;

/* True: the request was for one of them and is answered, with these headers. */
bool	 page_reply(struct ws *, const char *more);

#endif

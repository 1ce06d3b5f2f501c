#ifndef SESSION_MACHINE_H
#define SESSION_MACHINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "session/flow.h"
#include "session/legacy.h"

/*
 * A link's bytes in the dialect its peer speaks. Before that is known, a
 * local connection may already speak: a little of it is kept and handed on,
 * so that probes are noticed and deadlines run.
 */
enum dialect { DIALECT_UNKNOWN = -1, DIALECT_0, DIALECT_1 };
enum { MACHINE_EARLY = 16 << 10 };

struct machine {
	enum dialect		 dialect;
	struct flow		*flow;		/* DIALECT_1 */
	struct legacy		*legacy;	/* DIALECT_0 */
	struct legacy_conf	 conf;
	size_t			 share;		/* 0: the whole window */
	struct budget		*budget;
	struct lease		 fixed;		/* both ways of legacy */
	const char		*reset;		/* to report, once */
	bool			 attached;	/* the owner has a connection */
	bool			 ended;		/* it was a probe: say so */
	bool			 eof;
	uint8_t			*early;
	size_t			 nearly;
	uint64_t		 since;		/* early bytes wait; NEVER */
};

void		 machine_init(struct machine *, const struct legacy_conf *,
		     struct budget *);
void		 machine_fini(struct machine *);

/* The peer speaks this. What the other dialect had under way is reset. */
void		 machine_speak(struct machine *, uint64_t now, enum dialect);

/*
 * A flow has its part of the budget. In dialect 0 nothing is promised to the
 * peer, who sends what he likes: each way has this, now and later.
 */
void		 machine_set_window(struct machine *, size_t);

bool		 machine_attachable(const struct machine *);
void		 machine_attach(struct machine *, uint64_t since);
struct span	 machine_space(struct machine *);
void		 machine_filled(struct machine *, uint64_t now, size_t);
void		 machine_eof(struct machine *, uint64_t now);
void		 machine_reset(struct machine *, uint64_t now, const char *why);
void		 machine_wrote(struct machine *, uint64_t now, size_t);
struct span	 machine_pending(struct machine *);

void		 machine_abort(struct machine *, uint64_t now, const char *why);
void		 machine_rewind(struct machine *, uint64_t now,
		     enum legacy_way);
bool		 machine_event(struct machine *, uint64_t now,
		     struct flow_event *);
uint64_t	 machine_deadline(const struct machine *);
uint64_t	 machine_waiting_since(const struct machine *);

/* A generation has begun and is not over. Upstream knows no such thing. */
bool		 machine_busy(const struct machine *);

#endif

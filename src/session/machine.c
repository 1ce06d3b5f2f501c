#include <stdlib.h>
#include <string.h>

#include "session/machine.h"

void
machine_init(struct machine *m, const struct legacy_conf *conf,
    struct budget *budget)
{
	memset(m, 0, sizeof(*m));
	m->dialect = DIALECT_UNKNOWN;
	m->conf = *conf;
	m->budget = budget;
	m->since = NEVER;
}

static void
forget_early(struct machine *m)
{
	free(m->early);
	m->early = NULL;
	m->nearly = 0;
	m->eof = false;
	m->since = NEVER;
}

static void
drop(struct machine *m)
{
	if (m->legacy != NULL)
		lease_fini(&m->fixed);
	flow_free(m->flow);
	legacy_free(m->legacy);
	m->flow = NULL;
	m->legacy = NULL;
	m->dialect = DIALECT_UNKNOWN;
}

void
machine_fini(struct machine *m)
{
	drop(m);
	forget_early(m);
}

static void
apply_share(struct machine *m)
{
	if (m->share == 0 || m->legacy == NULL)
		return;
	legacy_set_window(m->legacy, m->share);
	lease_set(&m->fixed, 2 * m->share);
}

static bool
create(struct machine *m, enum dialect dialect)
{
	struct flow_conf	 flow = {
		.window = m->conf.window, .high = m->conf.high,
		.budget = m->budget,
	};

	if (dialect == DIALECT_1)
		m->flow = flow_new(&flow);
	else
		m->legacy = legacy_new(&m->conf);
	if (m->flow == NULL && m->legacy == NULL)
		return false;
	m->dialect = dialect;
	if (m->legacy != NULL)
		lease_init(&m->fixed, m->budget, LEASE_LEAST);
	apply_share(m);
	return true;
}

/* What came before the dialect was known goes first, with its age. */
static bool
hand_over(struct machine *m)
{
	struct span	 s;
	size_t		 done = 0, n;

	while (done < m->nearly) {
		s = machine_space(m);
		if (s.n == 0)
			return false;
		n = m->nearly - done < s.n ? m->nearly - done : s.n;
		memcpy(s.p, m->early + done, n);
		machine_filled(m, m->since, n);
		done += n;
	}
	return true;
}

void
machine_speak(struct machine *m, uint64_t now, enum dialect dialect)
{
	bool	 eof = m->eof, fresh = m->dialect == DIALECT_UNKNOWN;

	if (m->dialect == dialect)
		return;
	drop(m);
	if (!create(m, dialect)) {
		m->reset = m->attached ? "out of memory" : NULL;
		forget_early(m);
		return;
	}
	if (!m->attached || m->ended)
		return;
	if (!fresh) {
		m->reset = "the peer speaks another dialect now";
		return;
	}
	if (m->flow != NULL)
		flow_attach(m->flow, now);
	else
		legacy_attach(m->legacy, now);
	if (!hand_over(m)) {
		drop(m);
		m->reset = "out of memory";
	} else if (eof)
		machine_eof(m, now);
	forget_early(m);
}

void
machine_set_window(struct machine *m, size_t n)
{
	m->share = n;
	apply_share(m);
}

bool
machine_attachable(const struct machine *m)
{
	if (m->reset != NULL || m->ended)
		return false;
	if (m->flow != NULL)
		return flow_attachable(m->flow);
	if (m->legacy != NULL)
		return legacy_attachable(m->legacy);
	return !m->attached;
}

void
machine_attach(struct machine *m, uint64_t since)
{
	m->attached = true;
	if (m->flow != NULL)
		flow_attach(m->flow, since);
	else if (m->legacy != NULL)
		legacy_attach(m->legacy, since);
}

struct span
machine_space(struct machine *m)
{
	struct span	 none = { NULL, 0 };

	if (m->reset != NULL || m->ended)
		return none;
	if (m->flow != NULL)
		return flow_space(m->flow);
	if (m->legacy != NULL)
		return legacy_space(m->legacy);
	if (!m->attached || m->eof)
		return none;
	if (m->early == NULL)
		m->early = malloc(MACHINE_EARLY);
	if (m->early == NULL)
		return none;
	return (struct span){ m->early + m->nearly,
	    MACHINE_EARLY - m->nearly };
}

void
machine_filled(struct machine *m, uint64_t now, size_t n)
{
	if (m->flow != NULL) {
		flow_filled(m->flow, now, n);
	} else if (m->legacy != NULL) {
		legacy_filled(m->legacy, now, n);
	} else if (n > 0) {
		m->nearly += n;
		m->since = earlier(m->since, now);
	}
}

/* Of a connection that never said a thing, an end means it was a probe. */
void
machine_eof(struct machine *m, uint64_t now)
{
	if (m->flow != NULL)
		flow_local_eof(m->flow, now);
	else if (m->legacy != NULL)
		legacy_local_eof(m->legacy, now);
	else if (m->nearly == 0)
		m->ended = m->attached;
	else
		m->eof = true;
}

void
machine_reset(struct machine *m, uint64_t now, const char *why)
{
	m->attached = false;
	m->reset = NULL;
	m->ended = false;
	forget_early(m);
	if (m->flow != NULL)
		flow_local_reset(m->flow, now, why);
	else if (m->legacy != NULL)
		legacy_local_reset(m->legacy, now, why);
}

void
machine_wrote(struct machine *m, uint64_t now, size_t n)
{
	if (m->flow != NULL)
		flow_wrote(m->flow, now, n);
	else if (m->legacy != NULL)
		legacy_wrote(m->legacy, now, n);
}

struct span
machine_pending(struct machine *m)
{
	if (m->flow != NULL)
		return flow_pending(m->flow);
	if (m->legacy != NULL)
		return legacy_pending(m->legacy);
	return (struct span){ NULL, 0 };
}

void
machine_abort(struct machine *m, uint64_t now, const char *why)
{
	if (m->flow != NULL)
		flow_abort(m->flow, now, why);
	else if (m->legacy != NULL)
		legacy_abort(m->legacy, now, why);
	else if (m->attached)
		m->reset = why;
	forget_early(m);
}

void
machine_rewind(struct machine *m, uint64_t now, enum legacy_way way)
{
	if (m->flow != NULL)
		flow_rewind(m->flow, now);
	else if (m->legacy != NULL)
		legacy_rewind(m->legacy, now, way);
}

static bool
own_event(struct machine *m, struct flow_event *ev)
{
	memset(ev, 0, sizeof(*ev));
	if (m->reset == NULL && !m->ended)
		return false;
	ev->type = m->reset != NULL ? FLOW_EV_RESET : FLOW_EV_END;
	ev->why = m->reset;
	m->reset = NULL;
	m->ended = false;
	m->attached = false;
	forget_early(m);
	return true;
}

bool
machine_event(struct machine *m, uint64_t now, struct flow_event *ev)
{
	if (own_event(m, ev))
		return true;
	if (m->flow != NULL ? !flow_event(m->flow, now, ev) :
	    m->legacy == NULL || !legacy_event(m->legacy, now, ev))
		return false;
	if (ev->type == FLOW_EV_RESET || ev->type == FLOW_EV_END)
		m->attached = false;
	return true;
}

uint64_t
machine_deadline(const struct machine *m)
{
	if (m->flow != NULL)
		return flow_deadline(m->flow);
	if (m->legacy != NULL)
		return legacy_deadline(m->legacy);
	return NEVER;
}

uint64_t
machine_waiting_since(const struct machine *m)
{
	if (m->flow != NULL)
		return flow_waiting_since(m->flow);
	if (m->legacy != NULL)
		return legacy_waiting_since(m->legacy);
	return m->since;
}

bool
machine_busy(const struct machine *m)
{
	return m->flow != NULL && !flow_idle(m->flow);
}

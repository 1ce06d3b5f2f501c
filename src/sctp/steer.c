/*
 * Between usrsctp, which calls these from within its handling of a SACK or of
 * a timer (src/deps/usrsctp_hook.c), and the model of the association's path.
 */
#include <sys/time.h>		/* struct timeval; nothing here reads a clock */

#include "base/time.h"
#include "sctp/assoc.h"
#include "sctp/bbr.h"
#include "sctp/lib.h"
#include "sctp/out.h"
#include "sctp/steer.h"

enum {
	CHUNK_HEADER = 16,
	FULL = 2048,		/* a window of less is closed */
	TRIPS = 4,
	SPACE = 1 << 20, SPACE_MOST = 4 << 20,	/* at first, and at last */
	/*
	 * What may wait unsent, so that not all that comes later waits behind
	 * it: a 32nd of what goes in a second, but a message whatever its size.
	 */
	BACKLOG_LEAST = 256 << 10, BACKLOG_MOST = 1 << 20, BACKLOG = 32,
};

void		 hotlink_sctp_acked(void *, const struct timeval *,
		     uint32_t, uint32_t, int);
void		 hotlink_sctp_found(void *, const struct timeval *,
		     uint32_t, uint32_t, int);
int		 hotlink_sctp_early(void *, const struct timeval *);
void		 hotlink_sctp_overdue(struct socket *);
void		 hotlink_sctp_lost(void *, uint32_t);
uint32_t	 hotlink_sctp_update(void *, uint32_t);
void		 hotlink_sctp_timeout(void *);
uint32_t	 hotlink_sctp_window(void *, uint32_t);
int		 hotlink_sctp_steer(struct socket *);
uint32_t	 hotlink_sctp_allow(struct socket *);

/* Stand-ins, as in lib.c, for a library without our hook. */

__attribute__((weak)) int
hotlink_sctp_steer(struct socket *so)
{
	(void)so;
	return -1;
}

__attribute__((weak)) uint32_t
hotlink_sctp_allow(struct socket *so)
{
	(void)so;
	return 0;
}

__attribute__((weak)) void
hotlink_sctp_overdue(struct socket *so)
{
	(void)so;
}

static struct steer *
steer_of(void *id)
{
	struct out	*o = out_find((uintptr_t)id);

	return o == NULL || o->steer == NULL || o->steer->model == NULL ?
	    NULL : o->steer;
}

/* A chunk arrived. once: no other copy of it was sent. */
void
hotlink_sctp_acked(void *id, const struct timeval *sent, uint32_t rtt,
    uint32_t n, int once)
{
	struct steer	*s = steer_of(id);

	if (s == NULL)
		return;
	if (reorder_acked(&s->reorder, lib_time(), lib_when(sent), once != 0,
	    rtt, bbr_rtt_min(s->model)))
		bbr_mistaken(s->model);
	bbr_acked(s->model, lib_when(sent), n, once != 0);
}

/* One that was taken for lost arrived before it was sent again. */
void
hotlink_sctp_found(void *id, const struct timeval *sent, uint32_t rtt,
    uint32_t n, int once)
{
	struct steer	*s = steer_of(id);

	hotlink_sctp_acked(id, sent, rtt, n, once);
	if (s != NULL)
		bbr_mistaken(s->model);
}

/* Others that were sent later arrived, but this one may only be late. */
int
hotlink_sctp_early(void *id, const struct timeval *sent)
{
	struct steer	*s = steer_of(id);
	uint64_t	 until;

	if (s == NULL)
		return 0;
	until = reorder_until(&s->reorder, lib_when(sent));
	if (until <= lib_time())
		return 0;
	s->overdue = earlier(s->overdue, until);
	return 1;
}

void
hotlink_sctp_lost(void *id, uint32_t n)
{
	struct steer	*s = steer_of(id);

	if (s != NULL)
		bbr_lost(s->model, n);
}

/* No further than the pace allows now. */
uint32_t
hotlink_sctp_window(void *id, uint32_t flight)
{
	struct steer	*s = steer_of(id);
	uint64_t	 cwnd, paced;

	if (s == NULL)
		return flight;
	cwnd = bbr_cwnd(s->model);
	paced = flight + (uint64_t)bbr_budget(s->model, lib_time());
	if (paced < cwnd)
		cwnd = paced;
	return cwnd < UINT32_MAX ? (uint32_t)cwnd : UINT32_MAX;
}

/* A SACK was read, and that much is still under way. */
uint32_t
hotlink_sctp_update(void *id, uint32_t flight)
{
	struct steer	*s = steer_of(id);

	if (s != NULL) {
		bbr_spread(s->model, reorder_window(&s->reorder) / 2);
		bbr_update(s->model, lib_time(), flight);
	}
	return hotlink_sctp_window(id, flight);
}

void
hotlink_sctp_timeout(void *id)
{
	struct steer	*s = steer_of(id);

	if (s != NULL)
		bbr_timeout(s->model);
}

const char *
assoc_library(void)
{
	return lib_name();
}

const char *
assoc_congestion_control(void)
{
	return lib_cc();
}

/* A window that usrsctp sets needs all the space at once. */
void
steer_init(struct steer *s, const struct assoc_conf *conf)
{
	s->wanted = lib_has_model() && !conf->newreno;
	s->overdue = NEVER;
	s->most = conf->sndbuf != 0 ? conf->sndbuf : conf->sndbuf_most;
	if (s->most == 0)
		s->most = SPACE_MOST;
	s->space = s->most;
	if (s->wanted && conf->sndbuf == 0 && s->space > SPACE)
		s->space = SPACE;
	s->bounded = s->wanted && conf->sndbuf == 0;
}

/* Without memory, or with another library, usrsctp's own goes on. */
void
steer_begin(struct steer *s, struct socket *so, struct out *o, size_t chunk)
{
	if (!s->wanted || s->model != NULL)
		return;
	s->model = bbr_new(chunk + CHUNK_HEADER, o->id, lib_time());
	o->steer = s;
	if (s->model == NULL || hotlink_sctp_steer(so) < 0)
		return;
	steer_enter(s, so, o);
}

void
steer_end(struct steer *s)
{
	bbr_free(s->model);
	s->model = NULL;
}

void
steer_enter(struct steer *s, struct socket *so, struct out *o)
{
	if (s->model == NULL || so == NULL)
		return;
	s->flight = hotlink_sctp_allow(so);
	s->data = o->data;
}

/*
 * The sender had room to send and nothing left, since all that it may hold is
 * under way or, behind a gap, waits for what is sent again. Up to four round
 * trips of the path's rate that is worth the memory.
 */
static void
follow_path(struct steer *s, struct socket *so)
{
	uint64_t	 rtt = bbr_rtt_min(s->model);
	uint64_t	 want = s->space + s->space / 2, worth;

	if (rtt == NEVER)
		return;
	worth = bbr_rate(s->model) * rtt / SEC * TRIPS;
	if (want > worth)
		want = worth;
	if (want > s->most)
		want = s->most;
	if (want <= s->space)
		return;
	s->space = (size_t)want;
	lib_space(so, s->space);
}

/* The model learns what left, and if more would have, had there been more. */
void
steer_leave(struct steer *s, struct socket *so, struct out *o,
    const uint64_t *v)
{
	size_t	 n = (size_t)(o->data - s->data);
	bool	 closed = v[LIB_WINDOW] < FULL && v[LIB_FLIGHT] > 0;
	bool	 refused = s->kicked && n == 0;

	if (s->model == NULL)
		return;
	s->data = o->data;
	if (n > 0)
		bbr_sent(s->model, lib_time(), n, s->flight);
	s->paced = s->kicked = false;
	if (v[LIB_FLIGHT] >= bbr_cwnd(s->model))
		return;
	if (v[LIB_UNSENT] == 0 || closed)
		bbr_limited(s->model, v[LIB_FLIGHT]);
	else
		s->paced = bbr_budget(s->model, lib_time()) == 0 || !refused;
	if (v[LIB_UNSENT] == 0 && v[LIB_QUEUED] > s->space / 4 * 3)
		follow_path(s, so);
}

uint64_t
steer_next(const struct steer *s)
{
	return s->model == NULL ? NEVER :
	    earlier(s->overdue, s->paced ? bbr_next(s->model) : NEVER);
}

void
steer_give_up(struct steer *s, struct socket *so)
{
	if (s->model == NULL || s->overdue > lib_time())
		return;
	s->overdue = NEVER;
	hotlink_sctp_overdue(so);
}

size_t
steer_cwnd(const struct steer *s)
{
	return bbr_cwnd(s->model);
}

void
steer_path(const struct steer *s, uint64_t *rate, uint64_t *rtt_min)
{
	*rate = s->model != NULL ? bbr_rate(s->model) : 0;
	*rtt_min = s->model != NULL ? bbr_rtt_min(s->model) : NEVER;
}

static size_t
backlog(const struct steer *s)
{
	uint64_t	 n = 0;

	if (s->model != NULL)
		n = bbr_rate(s->model) / BACKLOG;
	if (n < BACKLOG_LEAST)
		return BACKLOG_LEAST;
	return n > BACKLOG_MOST ? BACKLOG_MOST : (size_t)n;
}

size_t
steer_room(const struct steer *s, const uint64_t *v)
{
	size_t	 room = (size_t)v[LIB_ROOM], most = backlog(s);

	if (!s->bounded)
		return room;
	most = v[LIB_UNSENT] < most ? most - (size_t)v[LIB_UNSENT] : 0;
	return most < room ? most : room;
}

void
steer_moved(struct steer *s, uint64_t now)
{
	if (s->model == NULL)
		return;
	bbr_moved(s->model, now);
	reorder_forget(&s->reorder);
}

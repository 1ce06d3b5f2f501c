#define _GNU_SOURCE	/* ppoll */
/*
 * The only poll of the program.
 *
 * Every descriptor that it is asked about costs a frame on its way some tenths
 * of a microsecond, so those that have been quiet for a while rest in an epoll
 * set, and poll asks about that in their place. What becomes ready in it comes
 * out, and is called in the same turn as if it had been polled.
 *
 * A descriptor nobody wants is passed as -1: POLLHUP cannot be masked and
 * would spin. Slots of what is deleted inside a turn stay empty until its end,
 * so that an index is good for the whole turn. Signals arrive through a
 * signalfd, not through ppoll's mask: while descriptors are ready all the
 * time, ppoll returns before it delivers a signal, and never would.
 */
#include <sys/epoll.h>
#include <sys/signalfd.h>

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "net/clock.h"
#include "net/linger.h"
#include "net/loop.h"

enum {
	QUIET_TURNS = 32,	/* in a row, then it rests */
	WOKEN = 64,		/* of those that rest, in one turn */
};

struct loop {
	struct pollfd	 *fds;
	struct io	**ios;		/* NULL: deleted in this turn */
	size_t		  n, cap;
	struct alarm	**heap;
	size_t		  nheap, capheap;
	uint64_t	(*on_turn)(void *, uint64_t);
	void		 *on_turn_arg;
	uint64_t	  turns, until;	/* until: what on_turn said last */
	struct linger	  linger;
	uint64_t	  linger_until;
	struct io	  rest;		/* the epoll set; slot 1 */
	struct io	  signals;
	sigset_t	  old_mask;
	struct sigaction  old_pipe;
	int		  signal;
	bool		  stopped;
};

static bool
before(const struct loop *l, size_t i, size_t j)
{
	return l->heap[i]->at < l->heap[j]->at;
}

static void
place(struct loop *l, size_t i, struct alarm *a)
{
	l->heap[i] = a;
	a->slot = i + 1;
}

static void
swap(struct loop *l, size_t i, size_t j)
{
	struct alarm	*a = l->heap[i];

	place(l, i, l->heap[j]);
	place(l, j, a);
}

static void
sift_up(struct loop *l, size_t i)
{
	for (; i > 0 && before(l, i, (i - 1) / 2); i = (i - 1) / 2)
		swap(l, i, (i - 1) / 2);
}

static void
sift_down(struct loop *l, size_t i)
{
	size_t	 child;

	while ((child = 2 * i + 1) < l->nheap) {
		if (child + 1 < l->nheap && before(l, child + 1, child))
			child++;
		if (!before(l, child, i))
			return;
		swap(l, i, child);
		i = child;
	}
}

void
alarm_clear(struct loop *l, struct alarm *a)
{
	size_t	 i = a->slot - 1;

	a->at = NEVER;
	if (a->slot == 0)
		return;
	a->slot = 0;
	if (i == --l->nheap)
		return;
	place(l, i, l->heap[l->nheap]);
	sift_up(l, i);
	sift_down(l, i);
}

static int
grow_heap(struct loop *l)
{
	size_t		  cap = l->capheap > 0 ? l->capheap * 2 : 16;
	struct alarm	**heap;

	if (l->nheap < l->capheap)
		return 0;
	heap = realloc(l->heap, cap * sizeof(*heap));
	if (heap == NULL)
		return -1;
	l->heap = heap;
	l->capheap = cap;
	return 0;
}

int
alarm_set(struct loop *l, struct alarm *a, uint64_t at)
{
	if (at == NEVER) {
		alarm_clear(l, a);
		return 0;
	}
	if (a->slot == 0) {
		if (grow_heap(l) == -1)
			return -1;
		place(l, l->nheap++, a);
	}
	a->at = at;
	sift_up(l, a->slot - 1);
	sift_down(l, a->slot - 1);
	return 0;
}

static int
grow_ios(struct loop *l)
{
	size_t		  cap = l->cap > 0 ? l->cap * 2 : 16;
	struct pollfd	 *fds;
	struct io	**ios;

	if (l->n < l->cap)
		return 0;
	fds = realloc(l->fds, cap * sizeof(*fds));
	if (fds == NULL)
		return -1;
	l->fds = fds;
	ios = realloc(l->ios, cap * sizeof(*ios));
	if (ios == NULL)
		return -1;
	l->ios = ios;
	l->cap = cap;
	return 0;
}

int
loop_add(struct loop *l, struct io *io)
{
	if (grow_ios(l) == -1)
		return -1;
	l->fds[l->n].revents = 0;
	l->ios[l->n++] = io;
	io->slot = l->n;
	io->quiet = io->resting = 0;
	return 0;
}

/* poll and epoll have the same bits. */
static short
bits_of(unsigned want)
{
	return (short)((want & IO_IN ? POLLIN : 0) |
	    (want & IO_OUT ? POLLOUT : 0));
}

/* What poll may leave to epoll; a file that it does not take stays. */
static void
lay_down(struct loop *l, struct io *io)
{
	struct epoll_event	 ev = {
		.events = (uint32_t)bits_of(io->want), .data = { .ptr = io },
	};

	if (io == &l->rest)
		return;
	if (epoll_ctl(l->rest.fd, EPOLL_CTL_ADD, io->fd, &ev) == 0)
		io->resting = io->want;
	io->quiet = 0;
}

static void
take_up(struct loop *l, struct io *io)
{
	if (io->resting != 0)
		epoll_ctl(l->rest.fd, EPOLL_CTL_DEL, io->fd, NULL);
	io->resting = 0;
	io->quiet = 0;
}

void
loop_del(struct loop *l, struct io *io)
{
	if (io->slot == 0)
		return;
	take_up(l, io);
	l->ios[io->slot - 1] = NULL;
	l->fds[io->slot - 1].revents = 0;
	io->slot = 0;
}

static bool
is_polled(struct loop *l, struct io *io)
{
	if (io->resting != 0 && io->resting != io->want)
		take_up(l, io);
	else if (io->resting == 0 && io->want != 0 &&
	    ++io->quiet > QUIET_TURNS)
		lay_down(l, io);
	return io->want != 0 && io->resting == 0;
}

/* Close the gaps, and say what is wanted now. */
static void
prepare(struct loop *l)
{
	size_t		 n = 0;
	struct io	*io;

	for (size_t i = 0; i < l->n; i++) {
		io = l->ios[i];
		if (io == NULL)
			continue;
		l->fds[n].fd = is_polled(l, io) ? io->fd : -1;
		l->fds[n].events = bits_of(io->want);
		l->fds[n].revents = 0;
		l->ios[n] = io;
		io->slot = ++n;
	}
	l->n = n;
}

static uint64_t
deadline(const struct loop *l)
{
	return l->nheap > 0 ? earlier(l->until, l->heap[0]->at) : l->until;
}

/* For that long at most; NEVER: until something is ready. */
static bool
look(struct loop *l, uint64_t left)
{
	struct timespec	 ts = {
		.tv_sec = (time_t)(left / SEC),
		.tv_nsec = (long)(left % SEC) * 1000,
	};
	int		 n = ppoll(l->fds, (nfds_t)l->n,
			     left == NEVER ? NULL : &ts, NULL);

	if (n != -1)
		return n > 0;
	if (errno != EINTR)
		fatal("ppoll");
	for (size_t i = 0; i < l->n; i++)
		l->fds[i].revents = 0;
	return false;
}

/* Look again and again until then. */
static bool
linger(struct loop *l, uint64_t now, uint64_t until)
{
	uint64_t	 from;

	while (now < until && linger_is_worth(&l->linger, now)) {
		if (look(l, 0))
			return true;
		from = now;
		sched_yield();
		now = clock_now();
		linger_yielded(&l->linger, now, now - from);
	}
	return false;
}

static void
wait_for(struct loop *l, uint64_t now)
{
	uint64_t	 at = deadline(l);

	if (now < l->linger_until) {
		if (linger(l, now, earlier(at, now + LINGER_TIME)))
			return;
		now = clock_now();
	}
	look(l, at == NEVER ? NEVER : at > now ? at - now : 0);
}

/*
 * A descriptor in error is reported as what was wanted of it: the read or the
 * write that follows says what is wrong.
 */
static unsigned
got_from(short revents, unsigned want)
{
	unsigned	 got = 0;

	if (revents & POLLIN)
		got |= IO_IN;
	if (revents & POLLOUT)
		got |= IO_OUT;
	if (revents & (POLLHUP | POLLERR | POLLNVAL))
		got |= IO_HUP | want;
	return got;
}

/*
 * This is called before all others, and marks what they get, as if they had
 * been polled.
 */
static void
on_rest(void *arg, unsigned got, uint64_t now)
{
	struct loop		*l = arg;
	struct epoll_event	 ev[WOKEN];
	struct io		*io;
	int			 n = epoll_wait(l->rest.fd, ev, WOKEN, 0);

	(void)got;
	(void)now;
	for (int i = 0; i < n; i++) {
		io = ev[i].data.ptr;
		l->fds[io->slot - 1].revents = (short)ev[i].events;
		take_up(l, io);
	}
}

static void
call_ready(struct loop *l, uint64_t now)
{
	size_t		 n = l->n;
	struct io	*io;

	for (size_t i = 0; i < n; i++) {
		io = l->ios[i];
		if (io == NULL || l->fds[i].revents == 0)
			continue;
		io->quiet = 0;
		io->ready(io->arg, got_from(l->fds[i].revents, io->want),
		    now);
	}
}

/* One that is set again for now waits a turn, or it would keep us here. */
static void
call_due(struct loop *l, uint64_t now)
{
	struct alarm	*a;

	for (size_t n = l->nheap; n > 0 && l->nheap > 0; n--) {
		a = l->heap[0];
		if (a->at > now)
			return;
		alarm_clear(l, a);
		a->fire(a->arg, now);
	}
}

static void
turn(struct loop *l)
{
	uint64_t	 start = clock_now(), now;

	prepare(l);
	wait_for(l, start);
	now = clock_now();
	linger_waited(&l->linger, now - start);
	l->turns++;
	call_ready(l, now);
	call_due(l, now);
	l->until = l->on_turn != NULL ? l->on_turn(l->on_turn_arg, now) : NEVER;
}

static void
on_signal(void *arg, unsigned got, uint64_t now)
{
	struct loop			*l = arg;
	struct signalfd_siginfo		 si;

	(void)got;
	(void)now;
	if (read(l->signals.fd, &si, sizeof(si)) != (ssize_t)sizeof(si))
		return;
	l->signal = (int)si.ssi_signo;
	l->stopped = true;
}

int
loop_run(struct loop *l)
{
	l->stopped = false;
	l->signal = 0;
	while (!l->stopped)
		turn(l);
	return l->signal;
}

void
loop_stop(struct loop *l)
{
	l->stopped = true;
}

void
loop_on_turn(struct loop *l, uint64_t (*fn)(void *, uint64_t), void *arg)
{
	l->on_turn = fn;
	l->on_turn_arg = arg;
	l->until = 0;
}

void
loop_linger(struct loop *l, uint64_t until)
{
	if (until > l->linger_until)
		l->linger_until = until;
}

uint64_t
loop_turns(const struct loop *l)
{
	return l->turns;
}

static void
take_signals(struct loop *l)
{
	struct sigaction	 ignore = { .sa_handler = SIG_IGN };
	sigset_t		 set;
	struct sigaction	 old;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	/* nohup(1) ignores it, which a blocked signal would not be. */
	if (sigaction(SIGHUP, NULL, &old) == 0 && old.sa_handler != SIG_IGN)
		sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, &l->old_mask);
	sigaction(SIGPIPE, &ignore, &l->old_pipe);
	l->signals.fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	l->signals.want = IO_IN;
	l->signals.ready = on_signal;
	l->signals.arg = l;
}

struct loop *
loop_new(void)
{
	struct loop	*l = calloc(1, sizeof(*l));

	if (l == NULL)
		return NULL;
	l->until = NEVER;
	l->rest = (struct io){ .fd = epoll_create1(EPOLL_CLOEXEC),
	    .want = IO_IN, .ready = on_rest, .arg = l };
	take_signals(l);
	if (l->rest.fd == -1 || loop_add(l, &l->rest) == -1 ||
	    l->signals.fd == -1 || loop_add(l, &l->signals) == -1) {
		loop_free(l);
		return NULL;
	}
	return l;
}

void
loop_free(struct loop *l)
{
	if (l == NULL)
		return;
	if (l->signals.fd != -1)
		close(l->signals.fd);
	if (l->rest.fd != -1)
		close(l->rest.fd);
	sigaction(SIGPIPE, &l->old_pipe, NULL);
	sigprocmask(SIG_SETMASK, &l->old_mask, NULL);
	free(l->fds);
	free(l->ios);
	free(l->heap);
	free(l);
}

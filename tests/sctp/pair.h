#ifndef TESTS_SCTP_PAIR_H
#define TESTS_SCTP_PAIR_H

#include <dirent.h>

#include "base/time.h"
#include "sctp/assoc.h"
#include "sctp/out.h"
#include "sctp/pool.h"
#include "support/mangle.h"
#include "support/oom.h"
#include "support/simnet.h"
#include "support/test.h"

/*
 * Associations in pairs over a simulated network in virtual time. Each end
 * sends messages of a keyed pattern and checks what comes byte for byte.
 */
enum {
	STREAMS = 1024,
	MESSAGE = 262144,
	MIB = 1 << 20,
	BATCH = 2 << 20,
	PAIRS = 8,
	MTU = 1212,
};

struct end {
	struct assoc	*a;
	uint16_t	 port;
	unsigned	 want_channels;
	uint64_t	 want;		/* bytes to send on each channel */
	size_t		 size;		/* of a message; 0: vary */
	uint64_t	 sent[STREAMS], got[STREAMS];
	uint32_t	 nsent[STREAMS], ngot[STREAMS];
	int		 id[16];
	unsigned	 ids;
	unsigned	 up, opened, acked, closed, lost;
	uint64_t	 total;		/* bytes received */
	bool		 deaf;		/* takes no events */
	bool		 lax;		/* does not look at the bytes */
	bool		 text;
	char		 label[64];
};

struct world {
	struct simnet	*net;
	struct batch	 tx;
	struct end	 e[2 * PAIRS];
	unsigned	 ends;
	uint64_t	 now;
	uint64_t	 sends;
	void		(*tamper)(struct world *, struct end *, uint8_t *,
			    size_t);
	/* instead of the pattern's check */
	void		(*taken)(struct end *, const struct assoc_event *);
};

static struct world	 w;
static unsigned		 newreno_from = PAIRS;	/* pairs without a model */
static uint64_t		 grain = 1;		/* of the clock */
static uint8_t		 message[MESSAGE];

static inline uint8_t
pattern(uint16_t id, uint32_t count, size_t at)
{
	uint32_t	 x = id * 2654435761u + count * 40503u + (uint32_t)at;

	x ^= x >> 15;
	x *= 2246822519u;
	return (uint8_t)(x >> 13);
}

static inline void
address(struct end *e, struct end *peer)
{
	memset(&w.tx.to, 0, sizeof(w.tx.to));
	w.tx.to.local.family = w.tx.to.remote.family = 4;
	w.tx.to.local.port = e->port;
	w.tx.to.remote.port = peer->port;
}

static inline struct end *
peer_of(struct end *e)
{
	return &w.e[(unsigned)(e - w.e) ^ 1];
}

/* Whatever a call put into the batch is on its way. */
static inline void
flush(void)
{
	simnet_send(w.net, w.now, &w.tx);
}

static inline void
tear_down(void)
{
	for (unsigned i = 0; i < w.ends; i++)
		assoc_free(w.e[i].a);
	simnet_free(w.net);
	batch_fini(&w.tx);
	memset(&w, 0, sizeof(w));
}

static inline void
begin(const struct simnet_conf *net, unsigned pairs, struct assoc_conf conf)
{
	tear_down();		/* of a test that failed */
	w.now = 5 * SEC + 300;
	w.net = simnet_new(net);
	printf("seed %llu\n", (unsigned long long)net->seed);
	EQ(batch_init(&w.tx, BATCH), 0);
	w.ends = 2 * pairs;
	if (conf.mtu == 0)
		conf.mtu = MTU;
	for (unsigned i = 0; i < w.ends; i++) {
		conf.client = i % 2 == 0;
		conf.newreno |= i >= 2 * newreno_from;
		w.e[i].port = (uint16_t)(1000 + i);
		w.e[i].a = assoc_new(&conf, w.now);
		CHECK(w.e[i].a != NULL);
	}
	for (unsigned i = 0; i < w.ends; i++) {
		address(&w.e[i], peer_of(&w.e[i]));
		assoc_start(w.e[i].a, w.now, &w.tx);
		flush();
	}
}

static inline void
finish(void)
{
	tear_down();
	EQ(pool_kept(), 0);
}

static inline size_t
size_of(const struct end *e, uint16_t id)
{
	static const size_t	 sizes[] = { 1, 2, 3, 1171, 1172, 1173, 4096,
	    16384, 61440, 65535, 262144 };

	return e->size > 0 ? e->size : sizes[e->nsent[id] %
	    (sizeof(sizes) / sizeof(sizes[0]))];
}

static inline bool
send_one(struct end *e, uint16_t id)
{
	size_t		 n = size_of(e, id);
	struct span	 head, body;

	if (n > e->want - e->sent[id])
		n = (size_t)(e->want - e->sent[id]);
	if (assoc_room(e->a) < n)
		return false;
	for (size_t i = 0; i < n; i++)
		message[i] = pattern(id, e->nsent[id], i);
	head = (struct span){ message, n / 3 };
	body = (struct span){ message + n / 3, n - n / 3 };
	if (!(e->nsent[id] % 2 ?
	    assoc_send(e->a, w.now, id, message, n, &w.tx) :
	    assoc_send2(e->a, w.now, id, &head, &body, &w.tx)))
		return false;
	e->nsent[id]++;
	e->sent[id] += n;
	return true;
}

static inline void
send_all(struct end *e)
{
	bool	 more = true;
	int	 id;

	if (e->up == 0 || e->lost > 0)
		return;
	while (e->ids < e->want_channels) {
		id = assoc_open(e->a, w.now, "hotlink", "p", NULL, &w.tx);
		if (id < 0)
			break;
		e->id[e->ids++] = id;
	}
	while (more) {
		more = false;
		for (unsigned i = 0; i < e->ids; i++)
			if (e->sent[e->id[i]] < e->want &&
			    w.tx.n < BATCH_DGRAMS / 2)
				more |= send_one(e, (uint16_t)e->id[i]);
	}
}

static inline void
on_data(struct end *e, const struct assoc_event *ev)
{
	if (w.taken != NULL) {
		w.taken(e, ev);
		return;
	}
	for (size_t i = 0; i < ev->data.n && !e->lax; i++)
		if (ev->data.p[i] != pattern(ev->channel,
		    e->ngot[ev->channel], i))
			fail_msg("channel %u message %u differs at %zu",
			    ev->channel, e->ngot[ev->channel], i);
	e->ngot[ev->channel]++;
	e->got[ev->channel] += ev->data.n;
	e->total += ev->data.n;
}

static inline void
on_event(struct end *e, const struct assoc_event *ev)
{
	switch (ev->type) {
	case ASSOC_EV_UP:
		e->up++;
		break;
	case ASSOC_EV_OPEN:
		e->opened++;
		snprintf(e->label, sizeof(e->label), "%s/%s", ev->label,
		    ev->protocol);
		break;
	case ASSOC_EV_ACKED:
		e->acked++;
		break;
	case ASSOC_EV_DATA:
		e->text = ev->text;
		on_data(e, ev);
		break;
	case ASSOC_EV_CLOSED:
		e->closed++;
		break;
	case ASSOC_EV_LOST:
		printf("lost: %s\n", assoc_why(e->a));
		e->lost++;
		break;
	}
}

static inline void
pump(struct end *e)
{
	struct assoc_event	 ev;

	address(e, peer_of(e));
	while (!e->deaf && assoc_event(e->a, w.now, &ev, &w.tx))
		on_event(e, &ev);
	send_all(e);
	flush();
}

static inline void
deliver(void)
{
	struct dgram	 d;
	struct end	*e;

	while (simnet_recv(w.net, w.now, &d)) {
		e = &w.e[d.to.local.port - 1000];
		if (w.tamper != NULL)
			w.tamper(&w, e, d.p, d.n);
		address(e, peer_of(e));
		assoc_input(e->a, w.now, d.p, d.n, &w.tx);
		flush();
		pump(e);
	}
}

static inline uint64_t
next_time(void)
{
	uint64_t	 at = simnet_deadline(w.net);

	for (unsigned i = 0; i < w.ends; i++)
		at = earlier(at, assoc_deadline(w.e[i].a));
	return at;
}

/* One turn of the world; false: nothing will ever happen again. */
static inline bool
turn(void)
{
	uint64_t	 at = next_time();

	if (at == NEVER)
		return false;
	if (at > w.now)
		w.now = (at + grain - 1) / grain * grain;
	deliver();
	for (unsigned i = 0; i < w.ends; i++) {
		if (assoc_deadline(w.e[i].a) <= w.now) {
			address(&w.e[i], peer_of(&w.e[i]));
			assoc_tick(w.e[i].a, w.now, &w.tx);
			flush();
		}
		pump(&w.e[i]);
	}
	return true;
}

static inline bool
run_until(uint64_t until, bool (*done)(void))
{
	for (unsigned i = 0; i < w.ends; i++)
		pump(&w.e[i]);
	while (w.now < until && !done())
		if (next_time() > until || !turn()) {
			w.now = until;
			return done();
		}
	return done();
}

static inline bool
all_up(void)
{
	for (unsigned i = 0; i < w.ends; i++)
		if (w.e[i].up == 0)
			return false;
	return true;
}

static inline bool
all_sent(void)
{
	uint64_t	 due;

	for (unsigned i = 0; i < w.ends; i++) {
		due = w.e[i].want * w.e[i].want_channels;
		if (peer_of(&w.e[i])->total < due)
			return false;
	}
	return all_up();
}

static inline void
up(const struct simnet_conf *net, struct assoc_conf conf)
{
	begin(net, 1, conf);
	CHECK(run_until(w.now + 10 * SEC, all_up));
}

static inline bool
never(void)
{
	return false;
}

static inline void
pass(uint64_t time)
{
	run_until(w.now + time, never);
}

/* A channel from end 0, with its ACK. */
static inline uint16_t
open_one(void)
{
	w.e[0].want_channels = 1;
	pass(SEC);
	EQ(w.e[0].acked, 1);
	EQ(w.e[1].opened, 1);
	return (uint16_t)w.e[0].id[0];
}

#define TEST(name)	cmocka_unit_test(name)

#endif

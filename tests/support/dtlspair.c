#include <string.h>

#include "dtls/record.h"
#include "support/dtlspair.h"
#include "support/oom.h"

void
pair_init(struct pair *p, const struct simnet_conf *net)
{
	memset(p, 0, sizeof(*p));
	p->rng = rng_seeded(&net->seed, sizeof(net->seed));
	for (int i = 0; i < 2; i++) {
		p->cert[i] = cert_new(p->rng);
		p->addr[i].family = 4;
		p->addr[i].port = (uint16_t)(1000 + i);
	}
	for (int i = 0; i < 2; i++) {
		p->conf[i].client = i == 0;
		p->conf[i].cert = p->cert[i];
		p->conf[i].rng = p->rng;
		cert_fingerprint(p->cert[!i], p->conf[i].fingerprint);
	}
	batch_init(&p->tx, 200000);
	p->net = simnet_new(net);
	p->now = 1000 * (uint64_t)SEC;
}

bool
pair_open(struct pair *p)
{
	for (int i = 0; i < 2; i++) {
		p->d[i] = dtls_new(&p->conf[i], p->now);
		if (p->d[i] == NULL)
			return false;
	}
	return true;
}

void
pair_fini(struct pair *p)
{
	for (int i = 0; i < 2; i++) {
		dtls_free(p->d[i]);
		cert_free(p->cert[i]);
	}
	rng_free(p->rng);
	batch_fini(&p->tx);
	simnet_free(p->net);
}

static void
from(struct pair *p, int side)
{
	p->tx.to.local = p->addr[side];
	p->tx.to.remote = p->addr[!side];
}

static void
flush(struct pair *p)
{
	for (size_t i = 0; i < p->tx.n; i++) {
		p->sent++;
		p->bytes += p->tx.d[i].n;
	}
	simnet_send(p->net, p->now, &p->tx);
}

static bool
input(struct pair *p, int side, struct span *s, struct span *app)
{
	bool	 more;

	if (++p->calls == p->oom_call)
		oom_after(p->oom_nth);
	more = dtls_input(p->d[side], p->now, s, app, &p->tx);
	if (p->calls == p->oom_call) {
		p->oom_was = oom_hit();
		oom_after(0);
	}
	return more;
}

void
pair_deliver(struct pair *p, struct dgram *g)
{
	int		 side = addr_equal(&g->to.local, &p->addr[1]);
	struct span	 s, app;

	if (p->tap != NULL && !p->tap(p, side, g))
		return;
	s.p = g->p;
	s.n = g->n;
	from(p, side);
	while (input(p, side, &s, &app)) {
		p->got[side] += app.n;
		if (app.n > 0)
			memcpy(p->last[side], app.p, app.n);
	}
	flush(p);
}

bool
pair_up(const struct pair *p)
{
	return dtls_state(p->d[0]) == DTLS_UP && dtls_state(p->d[1]) == DTLS_UP;
}

static uint64_t
due(const struct pair *p)
{
	return earlier(simnet_deadline(p->net),
	    earlier(dtls_deadline(p->d[0]), dtls_deadline(p->d[1])));
}

void
pair_run(struct pair *p, uint64_t until)
{
	struct dgram	 g;

	until += p->now;
	while (due(p) <= until) {
		if (due(p) > p->now)
			p->now = due(p);
		while (simnet_recv(p->net, p->now, &g))
			pair_deliver(p, &g);
		for (int i = 0; i < 2; i++) {
			from(p, i);
			dtls_tick(p->d[i], p->now, &p->tx);
			flush(p);
		}
	}
	p->now = until;
}

void
pair_send(struct pair *p, int side, const void *data, size_t n)
{
	struct dgram	*g;

	from(p, side);
	g = batch_add(&p->tx, n);
	memcpy(g->p, data, n);
	dtls_seal(p->d[side], g);
	flush(p);
}

bool
same_but_numbers(uint8_t *a, uint8_t *b, size_t n)
{
	struct span	 x = { a, n }, y = { b, n };
	struct record	 r, q;

	while (x.n > 0)
		if (record_next(&r, &x) == -1 || record_next(&q, &y) == -1 ||
		    r.type != q.type || r.body.n != q.body.n ||
		    memcmp(r.body.p, q.body.p, r.body.n) != 0)
			return false;
	return y.n == 0;
}

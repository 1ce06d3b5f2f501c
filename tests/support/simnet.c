#include <stdlib.h>
#include <string.h>

#include "support/simnet.h"

struct flying {
	uint64_t	 at, order;
	struct dgram	 d;
};

struct simnet {
	struct simnet_conf	 conf;
	uint64_t		 state, order;
	uint64_t		 busy[2];	/* bottlenecks, until; ns */
	struct flying		*f;	/* a binary heap by (at, order) */
	size_t			 n, cap;
	uint8_t			*last;	/* what simnet_recv lent out */
};

struct simnet *
simnet_new(const struct simnet_conf *conf)
{
	struct simnet	*s = calloc(1, sizeof(*s));

	s->conf = *conf;
	s->state = conf->seed * 2 + 1;
	return s;
}

void
simnet_free(struct simnet *s)
{
	if (s == NULL)
		return;
	while (s->n > 0)
		free(s->f[--s->n].d.p);
	free(s->f);
	free(s->last);
	free(s);
}

void
simnet_set(struct simnet *s, const struct simnet_conf *conf)
{
	s->conf = *conf;
}

uint64_t
simnet_random(struct simnet *s, uint64_t n)
{
	/* splitmix64 */
	uint64_t	 z = (s->state += 0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return (z ^ z >> 31) % n;
}

static bool
before(const struct flying *a, const struct flying *b)
{
	return a->at != b->at ? a->at < b->at : a->order < b->order;
}

static void
swap(struct simnet *s, size_t i, size_t j)
{
	struct flying	 t = s->f[i];

	s->f[i] = s->f[j];
	s->f[j] = t;
}

/* When it has left the bottleneck; UINT64_MAX: it found the queue full. */
static uint64_t
squeeze(struct simnet *s, uint64_t now, const struct dgram *d)
{
	const struct addr	*a = &d->to.local;
	uint64_t		*busy = &s->busy[(a->ip[3] + a->port) % 2];
	uint64_t		 ns = now * 1000;

	if (s->conf.rate == 0)
		return now;
	if (*busy < ns)
		*busy = ns;
	if ((*busy - ns) / 1000 * s->conf.rate / 1000000 + d->n >
	    s->conf.queue)
		return UINT64_MAX;
	*busy += d->n * 1000000000 / s->conf.rate;
	return *busy / 1000;
}

static void
fly(struct simnet *s, uint64_t now, const struct dgram *d)
{
	struct flying	 f = { .order = s->order++, .d = *d };
	size_t		 i;
	void		*more;

	now = squeeze(s, now, d);
	if (now == UINT64_MAX)
		return;
	/* Without memory it is lost: a test may make it so. */
	if (s->n == s->cap) {
		more = realloc(s->f, (s->cap * 2 + 64) * sizeof(*s->f));
		if (more == NULL)
			return;
		s->f = more;
		s->cap = s->cap * 2 + 64;
	}
	f.at = now + s->conf.delay;
	if (s->conf.jitter > 0)
		f.at += simnet_random(s, s->conf.jitter);
	if (s->conf.reorder > 0 && simnet_random(s, 1000) < s->conf.reorder)
		f.at += s->conf.hold;
	f.d.p = malloc(d->n + 1);
	if (f.d.p == NULL)
		return;
	memcpy(f.d.p, d->p, d->n);
	f.d.to.local = d->to.remote;
	f.d.to.remote = d->to.local;
	s->f[i = s->n++] = f;
	for (; i > 0 && before(&s->f[i], &s->f[(i - 1) / 2]); i = (i - 1) / 2)
		swap(s, i, (i - 1) / 2);
}

void
simnet_send(struct simnet *s, uint64_t now, struct batch *b)
{
	for (size_t i = 0; i < b->n; i++) {
		if (s->conf.mtu > 0 && b->d[i].n > s->conf.mtu)
			continue;
		if (s->conf.no_dtls && b->d[i].p[0] >= 20 &&
		    b->d[i].p[0] <= 63)
			continue;
		if (simnet_random(s, 1000) < s->conf.loss)
			continue;
		fly(s, now, &b->d[i]);
		if (simnet_random(s, 1000) < s->conf.dup)
			fly(s, now, &b->d[i]);
	}
	batch_reset(b);
}

uint64_t
simnet_deadline(const struct simnet *s)
{
	return s->n > 0 ? s->f[0].at : UINT64_MAX;
}

bool
simnet_recv(struct simnet *s, uint64_t now, struct dgram *d)
{
	size_t	 i = 0, kid;

	if (s->n == 0 || s->f[0].at > now)
		return false;
	free(s->last);
	*d = s->f[0].d;
	s->last = d->p;
	s->f[0] = s->f[--s->n];
	while ((kid = 2 * i + 1) < s->n) {
		if (kid + 1 < s->n && before(&s->f[kid + 1], &s->f[kid]))
			kid++;
		if (!before(&s->f[kid], &s->f[i]))
			break;
		swap(s, i, kid);
		i = kid;
	}
	return true;
}

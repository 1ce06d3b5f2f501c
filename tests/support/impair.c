#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "support/impair.h"

enum { HOLD = 20 * MS };	/* if the rules do not say for how long */

struct under_way {
	uint64_t	 at, order;
	uint8_t		*p;
	size_t		 n;
};

struct impair {
	struct impair_conf	 conf;
	struct impair_stats	 stats;
	uint64_t		 began, dark_until;
	uint64_t		 random, order;
	uint64_t		 idle;	/* when the sender is done with all */
	uint64_t		 last;	/* the latest coming out, if ordered */
	struct under_way	*heap;	/* by (at, order) */
	size_t			 n, cap;
	uint8_t			*lent;
};

struct impair *
impair_new(const struct impair_conf *conf, uint64_t now)
{
	struct impair	*im = calloc(1, sizeof(*im));

	if (im == NULL)
		return NULL;
	im->conf = *conf;
	if (im->conf.hold == 0)
		im->conf.hold = HOLD;
	im->began = now;
	im->random = conf->seed;
	return im;
}

void
impair_free(struct impair *im)
{
	if (im == NULL)
		return;
	while (im->n > 0)
		free(im->heap[--im->n].p);
	free(im->heap);
	free(im->lent);
	free(im);
}

/* splitmix64: below n, which is not 0. */
static uint64_t
random_below(struct impair *im, uint64_t n)
{
	uint64_t	 z = (im->random += 0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return (z ^ z >> 31) % n;
}

static bool
chance(struct impair *im, unsigned parts)
{
	return parts > 0 && random_below(im, IMPAIR_SURE) < parts;
}

static bool
before(const struct under_way *a, const struct under_way *b)
{
	return a->at != b->at ? a->at < b->at : a->order < b->order;
}

static void
sift_up(struct under_way *heap, size_t i)
{
	struct under_way	 x = heap[i];

	for (; i > 0 && before(&x, &heap[(i - 1) / 2]); i = (i - 1) / 2)
		heap[i] = heap[(i - 1) / 2];
	heap[i] = x;
}

/* To where the first was, now that the heap has n left. */
static void
sift_down(struct under_way *heap, size_t n, struct under_way x)
{
	size_t	 i = 0, child;

	while ((child = 2 * i + 1) < n) {
		if (child + 1 < n && before(&heap[child + 1], &heap[child]))
			child++;
		if (!before(&heap[child], &x))
			break;
		heap[i] = heap[child];
		i = child;
	}
	heap[i] = x;
}

static bool
room(struct impair *im)
{
	size_t			 cap = im->cap > 0 ? im->cap * 2 : 64;
	struct under_way	*heap;

	if (im->n < im->cap)
		return true;
	if (im->n == IMPAIR_PACKETS)
		return false;
	heap = realloc(im->heap, cap * sizeof(*heap));
	if (heap == NULL)
		return false;
	im->heap = heap;
	im->cap = cap;
	return true;
}

static bool
fly(struct impair *im, uint64_t at, const void *p, size_t n)
{
	struct under_way	*u;

	if (!room(im))
		return false;
	u = &im->heap[im->n];
	u->p = malloc(n > 0 ? n : 1);
	if (u->p == NULL)
		return false;
	memcpy(u->p, p, n);
	u->n = n;
	u->at = at;
	u->order = im->order++;
	sift_up(im->heap, im->n++);
	return true;
}

static bool
is_dark(const struct impair *im, uint64_t now)
{
	const struct impair_window	*w = im->conf.dark;

	for (size_t i = 0; i < im->conf.ndark; i++, w++)
		if (now - im->began >= w->from && now - im->began < w->until)
			return true;
	return now < im->dark_until;
}

/* Microseconds that n bytes take, rounded up: never faster than the rate. */
static uint64_t
sending(const struct impair *im, uint64_t n)
{
	return (n * SEC + im->conf.rate - 1) / im->conf.rate;
}

/* When the last byte has left; false: the queue is full. */
static bool
leave(struct impair *im, uint64_t now, size_t n, uint64_t *at)
{
	uint64_t	 from = im->idle > now ? im->idle : now, waiting;

	*at = now;
	if (im->conf.rate == 0)
		return true;
	waiting = (from - now) * im->conf.rate / SEC;
	if (im->conf.queue != 0 && waiting + n > im->conf.queue)
		return false;
	*at = im->idle = from + sending(im, n);
	return true;
}

/* How long this one travels. */
static uint64_t
travel(struct impair *im, uint64_t left)
{
	const struct impair_conf	*c = &im->conf;
	uint64_t			 at = left + c->delay;

	if (c->jitter > 0)
		at += random_below(im, c->jitter);
	if (c->ordered && at < im->last)
		at = im->last;
	im->last = at;
	if (chance(im, c->reorder)) {
		im->stats.held++;
		at += c->hold;
	}
	return at;
}

static enum impair_fate
decide(struct impair *im, uint64_t now, const void *p, size_t n)
{
	uint64_t	 left;

	if (is_dark(im, now))
		return IMPAIR_DARK;
	if (im->conf.mtu != 0 && n > im->conf.mtu)
		return IMPAIR_BIG;
	if (!leave(im, now, n, &left))
		return IMPAIR_FULL;
	if (chance(im, im->conf.loss))
		return IMPAIR_LOST;
	if (!fly(im, travel(im, left), p, n))
		return IMPAIR_FULL;
	if (chance(im, im->conf.dup) && fly(im, travel(im, left), p, n))
		im->stats.dup++;
	return IMPAIR_TAKEN;
}

enum impair_fate
impair_put(struct impair *im, uint64_t now, const void *p, size_t n)
{
	enum impair_fate	 fate = decide(im, now, p, n);

	im->stats.fates[fate]++;
	return fate;
}

void
impair_dark(struct impair *im, uint64_t until)
{
	im->dark_until = until;
}

uint64_t
impair_deadline(const struct impair *im)
{
	return im->n > 0 ? im->heap[0].at : NEVER;
}

const uint8_t *
impair_get(struct impair *im, uint64_t now, size_t *n)
{
	if (impair_deadline(im) > now)
		return NULL;
	free(im->lent);
	im->lent = im->heap[0].p;
	*n = im->heap[0].n;
	im->n--;
	if (im->n > 0)
		sift_down(im->heap, im->n, im->heap[im->n]);
	im->stats.out++;
	return im->lent;
}

void
impair_stats(const struct impair *im, struct impair_stats *s)
{
	*s = im->stats;
}

void
impair_print(const struct impair *im)
{
	const struct impair_stats	*s = &im->stats;
	const struct {
		const char	*name;
		uint64_t	 n;
	} all[] = {
		{ "taken", s->fates[IMPAIR_TAKEN] }, { "out", s->out },
		{ "lost", s->fates[IMPAIR_LOST] },
		{ "full", s->fates[IMPAIR_FULL] },
		{ "big", s->fates[IMPAIR_BIG] },
		{ "dark", s->fates[IMPAIR_DARK] },
		{ "doubled", s->dup }, { "held", s->held },
	};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		printf(",\"%s\":%llu", all[i].name,
		    (unsigned long long)all[i].n);
}

/* Text */

struct unit {
	const char	*name;
	double		 factor;
};

static const struct unit	 TIMES[] = {
	{ "us", 1 }, { "ms", MS }, { "s", SEC }, { NULL, 0 }
};
static const struct unit	 CHANCES[] = {
	{ "%", IMPAIR_SURE / 100 }, { NULL, 0 }
};
static const struct unit	 RATES[] = {
	{ "bit", 0.125 }, { "kbit", 125 }, { "Mbit", 125e3 },
	{ "Gbit", 125e6 }, { NULL, 0 }
};
static const struct unit	 SIZES[] = {
	{ "", 1 }, { "k", 1024 }, { "M", 1048576 }, { NULL, 0 }
};

enum { MOST_PARTS = 1000000000 };	/* of a number as written */

/* A number with a unit; *text is behind it. */
static bool
quantity(const char **text, const struct unit *units, uint64_t *v)
{
	char	*end;
	double	 d;
	size_t	 n;

	if (strchr("0123456789", **text) == NULL || **text == '\0')
		return false;
	d = strtod(*text, &end);
	n = strcspn(end, ",+");
	for (; units->name != NULL; units++)
		if (strlen(units->name) == n && !memcmp(end, units->name, n))
			break;
	if (units->name == NULL || d > MOST_PARTS)
		return false;
	*v = (uint64_t)(d * units->factor + 0.5);
	*text = end + n;
	return true;
}

static const struct word {
	const char		*name;
	const struct unit	*units;
	const char		*why;
} WORDS[] = {
	{ "delay=", TIMES, "delay is a time, e.g. 25ms" },
	{ "jitter=", TIMES, "jitter is a time, e.g. 5ms" },
	{ "hold=", TIMES, "hold is a time, e.g. 20ms" },
	{ "loss=", CHANCES, "loss is up to 100%" },
	{ "dup=", CHANCES, "dup is up to 100%" },
	{ "reorder=", CHANCES, "reorder is up to 100%" },
	{ "rate=", RATES, "rate is bits per second, e.g. 10Mbit" },
	{ "queue=", SIZES, "queue is bytes, e.g. 64k" },
	{ "mtu=", SIZES, "mtu is bytes, e.g. 1280" },
	{ "dark=", TIMES, "dark is from+length, e.g. 3s+2s" },
	{ "ordered", NULL, "ordered has no value" },
	{ NULL, NULL, "no such rule" }
};

static int
add_window(struct impair_conf *c, uint64_t from, const char **text)
{
	struct impair_window	*w = &c->dark[c->ndark];
	uint64_t		 length;

	if (c->ndark == IMPAIR_WINDOWS || *(*text)++ != '+' ||
	    !quantity(text, TIMES, &length))
		return -1;
	w->from = from;
	w->until = from + length;
	c->ndark++;
	return 0;
}

static int
assign(struct impair_conf *c, const struct word *w, uint64_t v,
    const char **text)
{
	uint64_t	*wide[] = { &c->delay, &c->jitter, &c->hold };
	unsigned	*parts[] = { &c->loss, &c->dup, &c->reorder };
	size_t		 i = (size_t)(w - WORDS);

	if (w->units == CHANCES && v > IMPAIR_SURE)
		return -1;
	if (i < 3)
		*wide[i] = v;
	else if (i < 6)
		*parts[i - 3] = (unsigned)v;
	else if (i == 6)
		c->rate = v;
	else if (i == 7)
		c->queue = v;
	else if (i == 8)
		c->mtu = (size_t)v;
	else
		return add_window(c, v, text);
	return 0;
}

static int
parse_word(struct impair_conf *c, const char **text, const char **why)
{
	const struct word	*w = WORDS;
	uint64_t		 v = 0;

	while (w->name != NULL && strncmp(*text, w->name, strlen(w->name)))
		w++;
	*why = w->why;
	if (w->name == NULL)
		return -1;
	*text += strlen(w->name);
	if (w->units == NULL)
		c->ordered = true;
	else if (!quantity(text, w->units, &v) || assign(c, w, v, text) == -1)
		return -1;
	return **text == '\0' || **text == ',' ? 0 : -1;
}

int
impair_parse(struct impair_conf *conf, const char *text, const char **why)
{
	struct impair_conf	 c = *conf;

	while (*text != '\0') {
		if (parse_word(&c, &text, why) == -1)
			return -1;
		if (*text == ',')
			text++;
	}
	*conf = c;
	return 0;
}

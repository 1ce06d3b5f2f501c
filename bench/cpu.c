/*
 * usage: cpu
 *
 * What each engine costs alone, in nanoseconds per byte: no sockets, no other
 * process. Every measurement is taken in turn, HOTLINK_BENCH_REPEAT times (3),
 * for at least SLICE; before it the result is checked once. Lines of JSON go
 * to HOTLINK_BENCH_OUT as those of the other parts of make bench.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/batch.h"
#include "base/crc.h"
#include "base/time.h"
#include "crypto/aead.h"
#include "dtls/record.h"
#include "net/clock.h"
#include "sctp/assoc.h"
#include "srtp/guard.h"
#include "syft/msg.h"
#include "ws/frame.h"

enum {
	SLICE = 30 * MS,
	ROUNDS = 100,		/* at most */
	ROOM = 128,		/* before and behind what is worked on */
	LARGEST = 64 << 10,
	BATCH = 4 << 20,
	MESSAGE = 60 << 10,	/* through SCTP */
	TURN = 20,		/* us from one to the other */
	TURNS = 100000,		/* without any progress */
};

struct job {
	const char	*what, *who;
	size_t		 size;
	/* n times; false: something is wrong */
	bool		 (*run)(struct job *, unsigned n);
	/* what it needs, made by start at its first run */
	void		 *with;
	double		 took[ROUNDS];	/* ns per byte */
};

static uint8_t	 memory[ROOM + LARGEST + ROOM], before[LARGEST];

static uint8_t	*const at = memory + ROOM;

static void
fill(size_t n)
{
	for (size_t i = 0; i < n; i++)
		at[i] = before[i] = (uint8_t)(i * 31 + (i >> 8) * 7);
}

static bool
intact(size_t n)
{
	return memcmp(at, before, n) == 0;
}

/* AEAD: what hotlink uses here, and what else it could. */

struct ciphers {
	struct aead	*seal;
	uint8_t		 nonce[AEAD_NONCE], tag[AEAD_TAG];
};

static struct ciphers *
ciphers_of(struct job *j)
{
	static const uint8_t	 key[32] = { 1, 2, 3 };
	struct ciphers		*c = j->with;

	if (c != NULL)
		return c;
	if (strcmp(j->who, "hotlink") != 0)
		setenv("HOTLINK_AEAD", j->who, 1);
	c = calloc(1, sizeof(*c));
	if (c != NULL)
		c->seal = aead_new(strstr(j->what, "ChaCha") != NULL ?
		    AEAD_CHACHA20_POLY1305 : AEAD_AES128_GCM, key);
	unsetenv("HOTLINK_AEAD");
	j->with = c;
	return c != NULL && c->seal != NULL ? c : NULL;
}

static bool
run_seal(struct job *j, unsigned n)
{
	struct ciphers	*c = ciphers_of(j);

	if (c == NULL)
		return false;
	while (n-- > 0) {
		c->nonce[11]++;
		aead_seal(c->seal, c->nonce, "additional da", 13, at, j->size,
		    c->tag);
	}
	return true;
}

/* After the first it opens what is not sealed, which is as much work. */
static bool
run_open(struct job *j, unsigned n)
{
	struct ciphers	*c = ciphers_of(j);
	bool		 ok;

	if (c == NULL)
		return false;
	fill(j->size);
	aead_seal(c->seal, c->nonce, "additional da", 13, at, j->size, c->tag);
	ok = aead_open(c->seal, c->nonce, "additional da", 13, at, j->size,
	    c->tag) && intact(j->size);
	while (n-- > 0)
		aead_open(c->seal, c->nonce, "additional da", 13, at, j->size,
		    c->tag);
	return ok;
}

/* CRC-32C */

static volatile uint32_t	 sink;

static bool
run_crc(struct job *j, unsigned n)
{
	bool	 ok;

	fill(j->size);
	ok = crc32c(at, j->size) == crc32c_table(at, j->size);
	if (strcmp(j->who, "table") == 0)
		while (n-- > 0)
			sink = crc32c_table(at, j->size);
	else
		while (n-- > 0)
			sink = crc32c(at, j->size);
	return ok;
}

/* DTLS records, sealed and opened */

static bool
run_record(struct job *j, unsigned n)
{
	static const uint8_t	 key[16] = { 4, 5, 6 };
	struct protect		*p = j->with;

	if (p == NULL) {
		p = j->with = calloc(1, sizeof(*p));
		if (p == NULL || (p->aead = aead_new(AEAD_AES128_GCM,
		    key)) == NULL)
			return false;
		p->alg = AEAD_AES128_GCM;
	}
	fill(j->size);
	for (unsigned i = 0; i < n; i++) {
		struct span	 s = { at, j->size };
		struct record	 r;

		record_seal(p, CONTENT_DATA, i, &s);
		if (record_next(&r, &s) == -1 || !record_open(p, &r) ||
		    r.body.n != j->size)
			return false;
		memmove(at, r.body.p, r.body.p == at ? 0 : r.body.n);
	}
	return intact(j->size);
}

/* SRTP, sealed and opened */

struct guards {
	struct guard	*from, *to;
	uint16_t	 seq;
};

static struct guards *
guards_of(struct job *j)
{
	static const uint8_t	 keys[GUARD_KEYS] = { 7, 8, 9 };
	struct guards		*g = j->with;

	if (g != NULL)
		return g;
	g = j->with = calloc(1, sizeof(*g));
	if (g == NULL || (g->from = guard_new(true, keys)) == NULL ||
	    (g->to = guard_new(false, keys)) == NULL)
		return NULL;
	return g;
}

static bool
run_srtp(struct job *j, unsigned n)
{
	struct guards	*g = guards_of(j);
	struct rtp	 h;

	if (g == NULL)
		return false;
	fill(j->size);
	for (unsigned i = 0; i < n; i++) {
		size_t	 len = j->size;

		g->seq++;
		memcpy(at, "\x80\x60\0\0\0\0\0\0\0\0\0\1", RTP_HEADER);
		at[2] = (uint8_t)(g->seq >> 8);
		at[3] = (uint8_t)g->seq;
		if (guard_seal(g->from, g, at, &len, &h) != GUARD_OK ||
		    guard_open(g->to, at, &len, &h) != GUARD_OK ||
		    len != j->size)
			return false;
	}
	return memcmp(at + RTP_HEADER, before + RTP_HEADER,
	    j->size - RTP_HEADER) == 0;
}

/*
 * SCTP: two associations that hand each other their packets, in a time of
 * their own, so that nobody waits for a pace: the way takes TURN, and if
 * nothing is on it, it is the next deadline's.
 */
struct pair {
	struct assoc	*a[2];
	struct batch	 tx[2];
	int		 channel;
	bool		 up[2];
	uint64_t	 got;
};

static uint64_t	 sctp_now;	/* one for all: usrsctp has one */

static bool
hand_over(struct pair *p, int from)
{
	struct batch	*b = &p->tx[from];
	int		 to = 1 - from;
	bool		 any = b->n > 0;

	sctp_now += TURN;
	for (size_t i = 0; i < b->n; i++)
		assoc_input(p->a[to], sctp_now, b->d[i].p, b->d[i].n,
		    &p->tx[to]);
	batch_reset(b);
	return any;
}

static void
turn(struct pair *p)
{
	struct assoc_event	 ev;
	uint64_t		 next = NEVER;
	bool			 any = false;

	for (int i = 0; i < 2; i++) {
		while (assoc_event(p->a[i], sctp_now, &ev, &p->tx[i])) {
			if (ev.type == ASSOC_EV_UP)
				p->up[i] = true;
			if (ev.type == ASSOC_EV_DATA)
				p->got += ev.data.n;
		}
		if (assoc_deadline(p->a[i]) <= sctp_now)
			assoc_tick(p->a[i], sctp_now, &p->tx[i]);
		any |= hand_over(p, i);
		next = earlier(next, assoc_deadline(p->a[i]));
	}
	if (!any && next != NEVER && next > sctp_now)
		sctp_now = next;
}

static struct pair *
pair_of(struct job *j)
{
	struct assoc_conf	 conf = { .mtu = j->size,
	    .newreno = strcmp(j->who, "usrsctp") == 0 };
	struct pair		*p = j->with;

	if (p != NULL)
		return p;
	p = j->with = calloc(1, sizeof(*p));
	if (p == NULL)
		return NULL;
	sctp_now = sctp_now > 0 ? sctp_now : clock_now();
	for (int i = 0; i < 2; i++) {
		conf.client = i == 0;
		p->a[i] = assoc_new(&conf, sctp_now);
		if (p->a[i] == NULL || batch_init(&p->tx[i], BATCH) == -1)
			return NULL;
	}
	for (int i = 0; i < 2; i++)
		assoc_start(p->a[i], sctp_now, &p->tx[i]);
	for (int i = 0; i < TURNS && !(p->up[0] && p->up[1]); i++)
		turn(p);
	p->channel = assoc_open(p->a[0], sctp_now, "hotlink", "", NULL,
	    &p->tx[0]);
	return p->channel == -1 ? NULL : p;
}

/* Each time a message of MESSAGE bytes. */
static bool
run_sctp(struct job *j, unsigned n)
{
	struct pair	*p = pair_of(j);
	uint64_t	 want, sent;
	unsigned	 idle = 0;

	if (p == NULL)
		return false;
	sent = p->got;
	want = sent + (uint64_t)n * MESSAGE;
	while (p->got < want && idle++ < TURNS) {
		uint64_t	 got = p->got;

		while (sent < want && batch_room(&p->tx[0], 64, j->size) &&
		    assoc_send(p->a[0], sctp_now, (uint16_t)p->channel, before,
		    MESSAGE, &p->tx[0]))
			sent += MESSAGE;
		turn(p);
		if (p->got > got)
			idle = 0;
	}
	return p->got == want;
}

/* WebSocket masking, and the relay's envelope around it */

static bool
run_mask(struct job *j, unsigned n)
{
	static const uint8_t	 mask[4] = { 0x12, 0x34, 0x56, 0x78 };

	fill(j->size);
	for (unsigned i = 0; i < 2 * n; i++)	/* an even number: as before */
		ws_mask(at, at, j->size, mask, 0);
	return intact(j->size);
}

static bool
run_envelope(struct job *j, unsigned n)
{
	static uint8_t		 out[LARGEST + 1024];
	struct msg_decoder	*d = j->with;
	struct msg		 m = { .type = MSG_DATA, .seq = 77 }, got;

	if (d == NULL)
		d = j->with = msg_decoder_new();
	fill(j->size);
	m.id = span_of("0123456789abcdef");
	m.sid = span_of("hl1-0123456789abcdef0123456789abcdef");
	m.path = span_of("alice@example.com/shared/flows/run/_mpc/0_to_1");
	m.payload = (struct span){ at, j->size };
	for (unsigned i = 0; i < n && d != NULL; i++) {
		struct wr	 w = wr_of(out, sizeof(out));

		msg_encode(&w, MSG_MSGPACK, &m);
		if (wr_bad(&w) || msg_decode(d, &got, false, out, w.n) == -1 ||
		    got.payload.n != j->size)
			return false;
	}
	return d != NULL && memcmp(got.payload.p, before, j->size) == 0;
}

/* By every name that HOTLINK_AEAD may have; "hotlink" is without it. */
#define EACH_AES(what, size, run)					\
	{ what, "hotlink", size, run, NULL, { 0 } },			\
	{ what, "vaes512", size, run, NULL, { 0 } },			\
	{ what, "vaes256", size, run, NULL, { 0 } },			\
	{ what, "aesni", size, run, NULL, { 0 } },			\
	{ what, "armv8", size, run, NULL, { 0 } },			\
	{ what, "bearssl", size, run, NULL, { 0 } }

static struct job	 jobs[] = {
	EACH_AES("AES-128-GCM seal", 64, run_seal),
	EACH_AES("AES-128-GCM seal", 1200, run_seal),
	EACH_AES("AES-128-GCM seal", 16384, run_seal),
	EACH_AES("AES-128-GCM open", 1200, run_open),
	EACH_AES("AES-128-GCM open", 16384, run_open),
	{ "ChaCha20-Poly1305 seal", "bearssl", 1200, run_seal, NULL, { 0 } },
	{ "ChaCha20-Poly1305 seal", "bearssl", 16384, run_seal, NULL, { 0 } },
	{ "CRC-32C", "hotlink", 1200, run_crc, NULL, { 0 } },
	{ "CRC-32C", "table", 1200, run_crc, NULL, { 0 } },
	{ "CRC-32C", "hotlink", 16384, run_crc, NULL, { 0 } },
	{ "CRC-32C", "table", 16384, run_crc, NULL, { 0 } },
	{ "DTLS record, seal and open", "hotlink", 1200, run_record, NULL,
	    { 0 } },
	{ "DTLS record, seal and open", "hotlink", 16240, run_record, NULL,
	    { 0 } },
	{ "SCTP, both sides, MTU", "usrsctp", 1200, run_sctp, NULL, { 0 } },
	{ "SCTP, both sides, MTU", "usrsctp", 9000, run_sctp, NULL, { 0 } },
	{ "SCTP, both sides, MTU", "usrsctp", 16200, run_sctp, NULL, { 0 } },
	{ "WebSocket mask, twice", "hotlink", 1200, run_mask, NULL, { 0 } },
	{ "WebSocket mask, twice", "hotlink", 61440, run_mask, NULL, { 0 } },
	{ "envelope, msgpack, both ways", "hotlink", 1200, run_envelope, NULL,
	    { 0 } },
	{ "envelope, msgpack, both ways", "hotlink", 61440, run_envelope, NULL,
	    { 0 } },
	{ "SRTP, seal and open", "hotlink", 172, run_srtp, NULL, { 0 } },
	{ "SRTP, seal and open", "hotlink", 1200, run_srtp, NULL, { 0 } },
};
enum { JOBS = sizeof(jobs) / sizeof(jobs[0]) };

/* Does this machine have what the job is about? */
static bool
possible(const struct job *j)
{
	const char	*name = "";

	if (j->run != run_seal && j->run != run_open)
		return true;
	if (strcmp(j->who, "hotlink") == 0)
		return true;
	for (size_t i = 0; name != NULL && strcmp(name, j->who) != 0; i++)
		name = aead_name(i);
	return name != NULL;
}

/* Ours alone: others may be busy too. */
static double
now_ns(void)
{
	struct timespec	 t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

/* As often as fills the slice; the warming up tells how often that is. */
static bool
measure(struct job *j, unsigned round)
{
	size_t		 bytes = j->run == run_sctp ? MESSAGE : j->size;
	unsigned	 n = 1;
	double		 from, took = 0;

	while (took < (double)SLICE * 1000) {
		if (took > 0)
			n = (unsigned)((double)n * 1.2 * SLICE * 1000 / took) +
			    1;
		from = now_ns();
		if (!j->run(j, n))
			return false;
		took = now_ns() - from;
		n = n < 16 ? 16 : n;
	}
	j->took[round] = took / n / (double)bytes;
	return true;
}

static int
by_value(const void *a, const void *b)
{
	const double	 x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void
report(struct job *j, unsigned rounds, FILE *out)
{
	char	 name[80];

	snprintf(name, sizeof(name), "%s, %zu B", j->what, j->size);
	for (unsigned r = 0; out != NULL && r < rounds; r++)
		fprintf(out, "{\"bench\": \"cpu\", \"case\": \"%s\", "
		    "\"contestant\": \"%s\", \"value\": %.5f, "
		    "\"unit\": \"ns/B\", \"run\": %u}\n", name, j->who,
		    j->took[r], r);
	qsort(j->took, rounds, sizeof(j->took[0]), by_value);
	printf("  %-38s %-8s %8.4f %8.4f %8.4f %9.0f\n", name, j->who,
	    j->took[0], j->took[rounds / 2], j->took[rounds - 1],
	    1e9 / j->took[rounds / 2] / (1 << 20));
}

int
main(void)
{
	const char	*repeat = getenv("HOTLINK_BENCH_REPEAT");
	const char	*path = getenv("HOTLINK_BENCH_OUT");
	int		 n = repeat != NULL ? atoi(repeat) : 3;
	unsigned	 rounds = n < 1 ? 1 : n > ROUNDS ? ROUNDS : (unsigned)n;
	FILE		*out = NULL;

	if (path != NULL && (out = fopen(path, "a")) == NULL) {
		perror(path);
		return 1;
	}
	/* The first round is for the memory, which is taken as it is used. */
	for (unsigned r = 0; r <= rounds; r++)
		for (size_t i = 0; i < JOBS; i++)
			if (possible(&jobs[i]) &&
			    !measure(&jobs[i], r > 0 ? r - 1 : 0)) {
				fprintf(stderr, "cpu: %s (%s, %zu) is wrong\n",
				    jobs[i].what, jobs[i].who, jobs[i].size);
				return 1;
			}
	printf("aes %s, chacha20 %s; crc32c %s\n", aead_gcm_path(),
	    aead_chacha_path(), crc32c_path());
	printf("  %-47s ns per byte, %u rounds       MiB/s\n", "", rounds);
	for (size_t i = 0; i < JOBS; i++)
		if (possible(&jobs[i]))
			report(&jobs[i], rounds, out);
	return out != NULL && fclose(out) != 0;
}

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "crypto/hash.h"
#include "flow/ports.h"
#include "mpc/cp.h"
#include "net/clock.h"

enum {
	LENGTH = 8,			/* before each message */
	WORD = 8,			/* an int, as programs send it */
	HELLO = PRG_SEED + 8 + 4 + 4 + MPC_MODES,
};

static const char *const	 name[MPC_PARTIES] = {
	"party 0", "party 1", "party 2",
};

int
cp_fail(struct cp *p, const char *fmt, ...)
{
	va_list	 ap;

	if (p->why[0] != '\0')
		return -1;
	va_start(ap, fmt);
	vsnprintf(p->why, sizeof(p->why), fmt, ap);
	va_end(ap);
	return -1;
}

const char *
cp_why(const struct cp *p, char text[MPC_WHY])
{
	snprintf(text, MPC_WHY, "stage %s: %.200s", stage_name(p->stage),
	    p->why[0] != '\0' || p->wires == NULL ? p->why :
	    wires_why(p->wires));
	return text;
}

static void
amounts(const struct cp *p, struct amounts *a)
{
	struct wire_stats	 st;

	memset(a, 0, sizeof(*a));
	a->at = clock_now();
	for (unsigned i = 0; i < MPC_PARTIES; i++) {
		wires_stats(p->wires, i, &st);
		a->tx += st.tx;
		a->rx += st.rx;
		a->waited[i] = st.waited;
		a->tx_msgs += p->link[i].tx_msgs;
		a->rx_msgs += p->link[i].rx_msgs;
	}
}

void
cp_stage(struct cp *p, enum stage s)
{
	struct amounts	 now;

	amounts(p, &now);
	if (p->stage != STAGE_TOTAL)
		stages_add(&p->stages, p->stage, &p->mark, &now);
	if (s == STAGE_TOTAL)
		stages_add(&p->stages, s, &p->begin, &now);
	p->mark = now;
	p->stage = s;
}

uint8_t *
cp_scratch(struct cp *p, size_t n)
{
	uint8_t	*more;

	if (n <= p->cap)
		return p->scratch;
	more = realloc(p->scratch, n);
	if (more == NULL) {
		cp_fail(p, "no memory for %zu bytes", n);
		return NULL;
	}
	p->scratch = more;
	p->cap = n;
	return more;
}

static void
put_le(uint8_t *p, uint64_t v)
{
	for (int i = 0; i < 8; i++)
		p[i] = (uint8_t)(v >> 8 * i);
}

static uint64_t
get_le(const uint8_t *p)
{
	uint64_t	 v = 0;

	for (int i = 7; i >= 0; i--)
		v = v << 8 | p[i];
	return v;
}

/* The body is in scratch already if it comes from there. */
static int
send_coalesced(struct cp *p, unsigned to, const void *body, size_t n)
{
	uint8_t	*whole = malloc(LENGTH + n);
	int	 rc;

	if (whole == NULL)
		return cp_fail(p, "no memory for %zu bytes", n);
	put_le(whole, n);
	memcpy(whole + LENGTH, body, n);
	rc = wires_send(p->wires, to, whole, LENGTH + n);
	free(whole);
	return rc;
}

int
cp_send(struct cp *p, unsigned to, const void *body, size_t n)
{
	uint8_t	 length[LENGTH];

	if (p->why[0] != '\0')
		return -1;
	p->link[to].tx_msgs++;
	p->link[to].sent = true;
	if (p->setup.coalesce)
		return send_coalesced(p, to, body, n);
	put_le(length, n);
	if (wires_send(p->wires, to, length, LENGTH))
		return -1;
	return wires_send(p->wires, to, body, n);
}

int
cp_recv(struct cp *p, unsigned from, void *body, size_t n)
{
	struct cp_link	*l = &p->link[from];
	uint8_t			 length[LENGTH];

	if (p->why[0] != '\0' ||
	    wires_recv(p->wires, from, length, LENGTH))
		return -1;
	l->turns += l->sent;
	l->sent = false;
	if (get_le(length) != n)
		return cp_fail(p, "%s sends a message of %" PRIu64
		    " bytes, where %zu are due", name[from], get_le(length),
		    n);
	l->rx_msgs++;
	return wires_recv(p->wires, from, body, n);
}

static int
connect_to(struct cp *p, unsigned peer)
{
	const struct cp_setup	*s = &p->setup;
	struct addr	 a = { .ip = { 127, 0, 0, 1 }, .family = 4 };
	int		 rc;

	a.port = (uint16_t)(s->port_base +
	    ports_pair(s->id, peer, MPC_PARTIES));
	if (s->direct && s->id < peer)
		rc = wires_accept(p->wires, peer, name[peer], &a);
	else
		rc = wires_connect(p->wires, peer, name[peer], &a);
	if (rc == 0 && !s->nodelay)
		wires_delay(p->wires, peer);
	return rc;
}

/* Ours for one of them, behind the seed. */
static void
make_hello(const struct cp *p, unsigned peer, uint8_t hello[HELLO])
{
	uint8_t	*q = hello + PRG_SEED;

	memset(q, 0, HELLO - PRG_SEED);
	put_le(q, p->setup.n);
	q[8] = (uint8_t)p->setup.id;
	q[12] = (uint8_t)peer;
	memcpy(q + 16, p->setup.modes, strlen(p->setup.modes));
}

/* Two whose vectors have to be as long; the dealer believes party 1. */
static int
take_length(struct cp *p, unsigned peer, uint64_t n)
{
	if (peer == 0)
		return 0;
	if (p->setup.id == 0 && peer == 1 && n <= MPC_ELEMENTS)
		p->n = n;
	if (p->n == n)
		return 0;
	return cp_fail(p, "%s has %" PRIu64 " elements, %s %zu",
	    name[peer], n, p->setup.id == 0 ? "party 1" : "this one", p->n);
}

static int
take_hello(struct cp *p, unsigned peer, const uint8_t hello[HELLO])
{
	const uint8_t	*q = hello + PRG_SEED;
	char		 modes[MPC_MODES];

	if (q[8] != peer || q[12] != p->setup.id)
		return cp_fail(p, "party %u, which looks for party %u, is "
		    "where %s should be", q[8], q[12], name[peer]);
	memcpy(modes, q + 16, sizeof(modes));
	for (size_t i = 0; i < sizeof(modes) - 1; i++)
		if (modes[i] != '\0' && (modes[i] < ' ' || modes[i] > '~'))
			modes[i] = '?';
	modes[sizeof(modes) - 1] = '\0';
	if (strcmp(modes, p->setup.modes) != 0)
		return cp_fail(p, "%s runs '%s', not '%s'", name[peer],
		    modes, p->setup.modes);
	return take_length(p, peer, get_le(q));
}

/* Both take the same two, that of the lower party first. */
static int
make_stream(struct cp *p, unsigned peer, const uint8_t *ours,
    const uint8_t *theirs)
{
	bool	 first = p->setup.id < peer;

	p->with[peer] = prg_new(first ? ours : theirs,
	    first ? theirs : ours);
	return p->with[peer] != NULL ? 0 : cp_fail(p, "no memory");
}

static int
exchange_hellos(struct cp *p, struct rng *rng,
    uint8_t hello[MPC_PARTIES][HELLO])
{
	uint8_t	 theirs[HELLO];
	int	 rc = 0;

	for (unsigned i = 0; rc == 0 && i < MPC_PARTIES; i++) {
		rng_bytes(rng, hello[i], PRG_SEED);
		make_hello(p, i, hello[i]);
		if (i != p->setup.id)
			rc = cp_send(p, i, hello[i], HELLO);
	}
	for (unsigned i = 0; rc == 0 && i < MPC_PARTIES; i++) {
		if (i == p->setup.id)
			continue;
		rc = cp_recv(p, i, theirs, HELLO);
		if (rc == 0)
			rc = take_hello(p, i, theirs);
		if (rc == 0)
			rc = make_stream(p, i, hello[i], theirs);
	}
	wipe(theirs, sizeof(theirs));
	return rc;
}

int
cp_open(struct cp *p, const struct cp_setup *setup, struct rng *rng)
{
	uint8_t	 hello[MPC_PARTIES][HELLO];
	int	 rc = 0;

	p->setup = *setup;
	p->n = setup->id == 0 ? 0 : setup->n;
	p->stage = STAGE_CONNECT;
	p->wires = wires_new(setup->patience);
	if (p->wires == NULL)
		return cp_fail(p, "no memory");
	amounts(p, &p->begin);
	p->mark = p->begin;
	for (unsigned i = 0; rc == 0 && i < MPC_PARTIES; i++)
		if (i != setup->id)
			rc = connect_to(p, i);
	if (rc == 0) {
		cp_stage(p, STAGE_KEY_SETUP);
		rc = exchange_hellos(p, rng, hello);
		wipe(hello, sizeof(hello));
	}
	if (rc == 0 && setup->id != 0) {
		p->point = prg_element(p->with[3 - setup->id]);
		p->mask = prg_element(p->with[3 - setup->id]);
	}
	return rc;
}

void
cp_close(struct cp *p)
{
	for (unsigned i = 0; i < MPC_PARTIES; i++)
		prg_free(p->with[i]);
	wires_free(p->wires);
	if (p->scratch != NULL)
		wipe(p->scratch, p->cap);
	free(p->scratch);
	wipe(p, sizeof(*p));
}

/* Others send a word to the dealer, who says what all are told. */
static int
gather(struct cp *p, const uint8_t ours[WORD], uint64_t *verdict)
{
	uint8_t	 words[MPC_PARTIES][WORD], answer[WORD];

	if (p->setup.id != 0) {
		if (cp_send(p, 0, ours, WORD) ||
		    cp_recv(p, 0, answer, WORD))
			return -1;
		*verdict = get_le(answer);
		return 0;
	}
	if (cp_recv(p, 1, words[1], WORD) ||
	    cp_recv(p, 2, words[2], WORD))
		return -1;
	*verdict = same_bytes(words[1], words[2], WORD);
	put_le(answer, *verdict);
	if (cp_send(p, 1, answer, WORD))
		return -1;
	return cp_send(p, 2, answer, WORD);
}

int
cp_sync(struct cp *p)
{
	uint64_t	 all_here;
	uint8_t		 word[WORD];

	put_le(word, p->n);
	return gather(p, word, &all_here);
}

int
cp_finish(struct cp *p)
{
	uint64_t	 same;
	uint8_t		 text[FE_BYTES];

	wires_expect_end(p->wires);
	fe_store(text, fe_add(p->digest, p->mask));
	if (gather(p, text, &same))
		return -1;
	wires_end(p->wires);
	if (same != 1)
		return cp_fail(p, "party 1 and party 2 have different "
		    "results: none is right");
	return wires_why(p->wires)[0] == '\0' ? 0 : -1;
}

/*
 * A polynomial of the elements at a point only two know: others do not
 * collide by chance or will. Its end is masked, once.
 */
void
cp_digest(struct cp *p, const struct fe *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		p->digest = fe_add(fe_mul(p->digest, p->point), v[i]);
}

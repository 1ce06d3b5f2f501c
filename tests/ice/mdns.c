#include "support/test.h"

#include "base/bytes.h"
#include "base/time.h"
#include "crypto/rng.h"
#include "ice/mdns.h"
#include "support/mangle.h"
#include "support/oom.h"

#define NAME	"1f4712db-ea17-4bcf-a596-105139dfd8bf"
#define OTHER	"1f4712db-ea17-4bcf-a596-105139dfd8b0"

struct world {
	struct rng	*rng;
	struct mdns	*m;
	struct batch	 tx;
	uint64_t	 now;
};

static int
setup(void **state)
{
	struct world	*w = calloc(1, sizeof(*w));

	w->rng = rng_seeded("mdns", 4);
	w->m = mdns_new(w->rng);
	w->now = 1000 * SEC;
	EQ(batch_init(&w->tx, 1 << 16), 0);
	*state = w;
	return 0;
}

static int
teardown(void **state)
{
	struct world	*w = *state;

	mdns_free(w->m);
	rng_free(w->rng);
	batch_fini(&w->tx);
	free(w);
	return 0;
}

static void
put_name(struct wr *w, const char *uuid)
{
	wr_u8(w, 36);
	wr_str(w, uuid);
	wr_u8(w, 5);
	wr_str(w, "local");
	wr_u8(w, 0);
}

/* What an answer may be made of; zero is what a responder would say to all. */
struct answer {
	const char	*name;
	uint16_t	 id, flags, type, class;
	uint32_t	 ttl;
	uint8_t		 ip[16];
	size_t		 n;
	bool		 question, additional;
};

static size_t
encode(const struct answer *a, uint8_t *b, size_t cap)
{
	struct wr	 w = wr_of(b, cap);

	wr_u16(&w, a->id);
	wr_u16(&w, a->flags);
	wr_u16(&w, a->question);
	wr_u16(&w, !a->additional);
	wr_u16(&w, 0);
	wr_u16(&w, a->additional);
	if (a->question) {
		put_name(&w, a->name);
		wr_u16(&w, a->type);
		wr_u16(&w, 1);
		wr_u16(&w, 0xc00c);	/* the name of the question */
	} else
		put_name(&w, a->name);
	wr_u16(&w, a->type);
	wr_u16(&w, a->class);
	wr_u32(&w, a->ttl);
	wr_u16(&w, (uint16_t)a->n);
	wr_bytes(&w, a->ip, a->n);
	assert_false(wr_bad(&w));
	return w.n;
}

static const struct answer	 good = {
	.name = NAME, .flags = 0x8400, .type = 1, .class = 0x8001, .ttl = 120,
	.ip = { 192, 0, 2, 7 }, .n = 4,
};

static void
hear(struct world *w, const struct answer *a)
{
	uint8_t	 b[512];
	size_t	 n = encode(a, b, sizeof(b));

	mdns_input(w->m, w->now, b, n);
}

static void
ask(struct world *w)
{
	EQ(mdns_ask(w->m, w->now, NAME ".local"), 0);
	mdns_tick(w->m, w->now, &w->tx);
}

static uint16_t
asked_id(const struct world *w)
{
	struct rd	 r = rd_of(w->tx.d[0].p, w->tx.d[0].n);

	return rd_u16(&r);
}

static void
is_told(struct world *w, const char *ip)
{
	struct mdns_event	 ev;
	struct addr		 want;

	EQ(addr_parse_ip(&want, ip), 0);
	CHECK(mdns_event(w->m, &ev));
	assert_string_equal(ev.name, NAME ".local");
	CHECK(addr_equal(&ev.addr, &want));
	CHECK(!mdns_event(w->m, &ev));
	CHECK(!mdns_waits(w->m));
	EQ(mdns_deadline(w->m), NEVER);
}

static void
nothing_is_told(struct world *w)
{
	struct mdns_event	 ev;

	CHECK(!mdns_event(w->m, &ev));
	CHECK(mdns_waits(w->m));
}

static void
only_uuids_below_local_are_asked_for(void **state)
{
	static const char *const	 bad[] = {
		"", "local", ".local", "printer.local", NAME, NAME ".local.",
		NAME ".localhost", NAME ".com", "x" NAME ".local",
		NAME "0.local", "a." NAME ".local", NAME ".local.example.com",
		"1f4712dbea17-4bcf-a596-105139dfd8bf0.local",
		"1f4712db-ea17-4bcf-a596-105139dfd8bg.local",
		"1f4712db-ea17-4bcf-a596-10513\n9dfd8b.local",
		"_http._tcp.local", "wpad.local", "1f4712db-ea17",
	};
	struct world	*w = *state;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		CHECK(!mdns_is_name(bad[i]));
		EQ(mdns_ask(w->m, w->now, bad[i]), -1);
	}
	mdns_tick(w->m, w->now, &w->tx);
	EQ(w->tx.n, 0);
	CHECK(mdns_is_name("1F4712DB-EA17-4BCF-A596-105139DFD8BF.LOCAL"));
}

/* RFC 1035 4.1, RFC 6762 5.4: bytes, so that a change is seen. */
static void
a_question_is_as_the_rfc_has_it(void **state)
{
	static const uint8_t	 tail[] = { 5, 'l', 'o', 'c', 'a', 'l', 0, 0,
		1, 0x80, 1 };
	static const uint8_t	 head[] = { 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 36 };
	struct world		*w = *state;
	const struct dgram	*d;

	ask(w);
	EQ(w->tx.n, 4);		/* of two types, to two families' groups */
	d = &w->tx.d[0];
	EQ(d->n, 2 + sizeof(head) + 36 + sizeof(tail));
	assert_memory_equal(d->p + 2, head, sizeof(head));
	assert_memory_equal(d->p + 13, NAME, 36);
	assert_memory_equal(d->p + 49, tail, sizeof(tail));
	EQ(w->tx.d[1].p[57], 28);
	EQ(d->to.remote.port, 5353);
	EQ(d->to.remote.family, 4);
	CHECK(addr_is_group(&d->to.remote));
	EQ(w->tx.d[2].to.remote.family, 6);
	CHECK(addr_is_group(&w->tx.d[2].to.remote));
}

static void
an_answer_to_all_or_to_us_is_taken(void **state)
{
	struct world	*w = *state;
	struct answer	 a = good;

	ask(w);
	hear(w, &a);
	is_told(w, "192.0.2.7");

	batch_reset(&w->tx);
	ask(w);
	a = (struct answer){ .name = "1F4712DB-EA17-4BCF-A596-105139DFD8BF",
		.id = asked_id(w), .flags = 0x8400, .type = 28, .class = 1,
		.ttl = 10, .ip = { 0x20, 1, 0xd, 0xb8, [15] = 9 }, .n = 16,
		.question = true, .additional = true };
	hear(w, &a);
	is_told(w, "2001:db8::9");
}

static void
what_is_no_answer_to_us_is_ignored(void **state)
{
	struct world	*w = *state;
	struct answer	 t[15];
	size_t		 n = 0;

	ask(w);
	for (size_t i = 0; i < 15; i++)
		t[i] = good;
	t[n++].name = OTHER;
	t[n++].id = (uint16_t)(asked_id(w) + 1);
	t[n++].flags = 0;			/* a question */
	t[n++].flags = 0x8c00;			/* another opcode */
	t[n++].flags = 0x8403;			/* no such name */
	t[n++].type = 16;
	t[n++].class = 3;
	t[n++].ttl = 0;
	t[n++].n = 3;
	t[n++].n = 5;
	t[n++].type = 28;			/* of 4 bytes */
	memcpy(t[n++].ip, "\0\0\0\0", 4);
	memcpy(t[n++].ip, "\377\377\377\377", 4);
	memcpy(t[n++].ip, "\340\0\0\1", 4);
	memcpy(t[n++].ip, "\177\0\0\1", 4);
	for (size_t i = 0; i < n; i++) {
		hear(w, &t[i]);
		nothing_is_told(w);
	}
	hear(w, &good);
	is_told(w, "192.0.2.7");
	hear(w, &good);				/* and not twice */
	EQ(mdns_deadline(w->m), NEVER);
}

/* Asked three times, the later ones of everybody's answer to all. */
static void
a_name_that_nobody_knows_is_given_up_in_time(void **state)
{
	struct world		*w = *state;
	struct mdns_event	 ev;
	uint64_t		 began = w->now;
	size_t			 asked = 0;

	EQ(mdns_ask(w->m, w->now, NAME ".local"), 0);
	while (mdns_waits(w->m)) {
		w->now = mdns_deadline(w->m);
		mdns_tick(w->m, w->now, &w->tx);
		mdns_tick(w->m, w->now, &w->tx);
		if (w->tx.n > 0)
			EQ(w->tx.d[0].p[58], asked == 0 ? 0x80 : 0);
		asked += w->tx.n;
		batch_reset(&w->tx);
	}
	EQ(asked, 12);
	EQ(w->now - began, 5 * SEC);
	CHECK(mdns_event(w->m, &ev));
	EQ(ev.addr.family, 0);
	CHECK(!mdns_event(w->m, &ev));
}

static void
only_a_few_names_are_asked_for_at_once(void **state)
{
	struct world		*w = *state;
	struct mdns_event	 ev;
	char			 name[] = NAME ".local";

	for (int i = 0; i < 16; i++) {
		name[0] = "0123456789abcdef"[i];
		EQ(mdns_ask(w->m, w->now, name), i < MDNS_NAMES ? 0 : -1);
	}
	name[0] = '0';
	EQ(mdns_ask(w->m, w->now, name), 0);	/* one is asked for already */
	mdns_tick(w->m, w->now, &w->tx);
	EQ(w->tx.n, 4 * MDNS_NAMES);
	batch_reset(&w->tx);
	for (int i = 0; i < 10; i++)
		mdns_tick(w->m, w->now += SEC, &w->tx);
	for (int i = 0; i < MDNS_NAMES; i++)
		CHECK(mdns_event(w->m, &ev));
	CHECK(!mdns_event(w->m, &ev));
	EQ(mdns_ask(w->m, w->now, name), 0);
}

static void
hear_cut(void *arg, const uint8_t *p, size_t n, size_t which)
{
	struct world	*w = arg;

	(void)which;
	mdns_input(w->m, w->now, p, n);
	nothing_is_told(w);
}

static void
an_answer_cut_anywhere_is_ignored(void **state)
{
	struct world	*w = *state;
	struct answer	 a = good;
	uint8_t		 b[512];

	ask(w);
	mangle_cut(b, encode(&a, b, sizeof(b)), hear_cut, w);
	a.question = true;
	mangle_cut(b, encode(&a, b, sizeof(b)), hear_cut, w);
}

/* A name may be anything but endless: what leads nowhere ends the reading. */
static void
pointers_that_do_not_lead_back_are_refused(void **state)
{
	struct world	*w = *state;
	uint8_t		 b[512], *p;
	size_t		 n;

	ask(w);
	n = encode(&good, b, sizeof(b));
	for (unsigned to = 12; to < 0x4000; to++) {
		memmove(b + 14, b + 55, n - 55);	/* a pointer as name */
		p = malloc(n - 41);
		memcpy(p, b, n - 41);
		p[12] = (uint8_t)(0xc0 | to >> 8);
		p[13] = (uint8_t)to;
		mdns_input(w->m, w->now, p, n - 41);
		nothing_is_told(w);
		free(p);
		n = encode(&good, b, sizeof(b));
	}
	/* A label may have 63 bytes: neither 64 nor 128 is one. */
	for (unsigned bits = 0x40; bits <= 0x80; bits += 0x40) {
		n = encode(&good, b, sizeof(b));
		b[12] |= (uint8_t)bits;
		mdns_input(w->m, w->now, b, n);
		nothing_is_told(w);
	}
}

/* A long way back, by pointers alone, is too long for a name. */
static void
a_name_of_pointers_is_bounded(void **state)
{
	struct world	*w = *state;
	uint8_t		 b[4096] = { 0, 0, 0x84, 0, 0, 1, 0, 1 };
	size_t		 n = 12;

	ask(w);
	b[n++] = 0;
	n += 4;
	b[n++] = 0xc0;
	b[n++] = 12;
	while (n < sizeof(b) - 1) {
		b[n] = (uint8_t)(0xc0 | (n - 2) >> 8);
		b[n + 1] = (uint8_t)(n - 2);
		n += 2;
	}
	b[5] = 0;
	b[7] = 0xff;
	for (size_t at = 12; at < n; at++)
		mdns_input(w->m, w->now, b, at);
	nothing_is_told(w);
}

static void
without_memory_there_is_no_engine(void **state)
{
	struct world	*w = *state;

	oom_after(1);
	assert_null(mdns_new(w->rng));
	oom_after(0);
}

#define TEST(f)	cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		TEST(only_uuids_below_local_are_asked_for),
		TEST(a_question_is_as_the_rfc_has_it),
		TEST(an_answer_to_all_or_to_us_is_taken),
		TEST(what_is_no_answer_to_us_is_ignored),
		TEST(a_name_that_nobody_knows_is_given_up_in_time),
		TEST(only_a_few_names_are_asked_for_at_once),
		TEST(an_answer_cut_anywhere_is_ignored),
		TEST(pointers_that_do_not_lead_back_are_refused),
		TEST(a_name_of_pointers_is_bounded),
		TEST(without_memory_there_is_no_engine),
	};

	return RUN(tests);
}

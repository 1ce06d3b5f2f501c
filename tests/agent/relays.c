#include "support/test.h"

#include <stddef.h>

#include "agent/relays.h"
#include "agent/servers.h"
#include "base/batch.h"
#include "base/time.h"
#include "crypto/rng.h"
#include "ice/stun.h"

/*
 * The servers are the test: it looks at what would be sent to them, and says
 * what they answer.
 */
struct world {
	struct addr	 host[2], a, b;
	struct batch	 tx;
	struct rng	*rng;
	struct relays	*relays;
};

static void
on_change(void *arg, uint64_t now, const struct addr *relayed)
{
	(void)arg;
	(void)now;
	(void)relayed;
}

static void
begin(struct world *w, size_t nhosts)
{
	static const struct world	 fresh = {
		.host = {
			{ .family = 4, .ip = { 192, 0, 2, 1 }, .port = 41001 },
			{ .family = 4, .ip = { 192, 0, 2, 2 }, .port = 41001 },
		},
		.a = { .family = 4, .ip = { 198, 51, 100, 1 }, .port = 3478 },
		.b = { .family = 4, .ip = { 198, 51, 100, 2 }, .port = 3478 },
	};
	struct relays_conf		 c = {
		.hosts = w->host, .nhosts = nhosts, .up = on_change,
		.down = on_change,
	};

	*w = fresh;
	EQ(batch_init(&w->tx, 1 << 16), 0);
	w->rng = c.rng = rng_seeded("relays", 6);
	w->relays = relays_new(&c);
	CHECK(w->relays != NULL);
	EQ(relays_login(w->relays, "us", "secret"), 0);
}

static void
end(struct world *w)
{
	relays_free(w->relays);
	batch_fini(&w->tx);
	rng_free(w->rng);
}

static void
add(struct world *w, const struct addr *server)
{
	struct servers_found	 f = { .addr = server, .turn = "turn:one" };

	relays_add(w->relays, SEC, &f);
}

/* How many requests go to a server now; the last of them, and from where. */
static unsigned
asked(struct world *w, const struct addr *server, struct stun *m,
    struct addr *from)
{
	unsigned	 n = 0;

	relays_tick(w->relays, SEC, &w->tx);
	for (size_t i = 0; i < w->tx.n; i++) {
		if (!addr_equal(&w->tx.d[i].to.remote, server))
			continue;
		EQ(stun_decode(m, w->tx.d[i].p, w->tx.d[i].n), 0);
		EQ(m->method, STUN_ALLOCATE);
		*from = w->tx.d[i].to.local;
		n++;
	}
	return n;
}

/* A answers the request: B is to be asked. */
static void
send_on(struct world *w, const struct stun *request, const struct addr *from)
{
	struct stun	 m = { .method = STUN_ALLOCATE, .class = STUN_ERROR,
		.error = 300, .alternate = w->b };
	struct path	 path = { .local = *from, .remote = w->a };
	uint8_t		 buf[256];
	struct span	 s = { buf, 0 };

	memcpy(m.tid, request->tid, sizeof(m.tid));
	s.n = stun_encode(&m, NULL, 0, true, buf, sizeof(buf));
	CHECK(s.n > 0);
	batch_reset(&w->tx);
	EQ(relays_input(w->relays, SEC, &path, &s, &w->tx), RELAYS_DONE);
}

static void
who_is_sent_on_asks_there(void **state)
{
	struct world	 w;
	struct stun	 m;
	struct addr	 from;

	(void)state;
	begin(&w, 1);
	add(&w, &w.a);
	EQ(asked(&w, &w.a, &m, &from), 1);
	send_on(&w, &m, &from);
	EQ(asked(&w, &w.b, &m, &from), 1);
	CHECK(addr_equal(&from, &w.host[0]));
	end(&w);
}

/*
 * A server knows an allocation by the addresses of both ends, as do we: two
 * from the same address would take each other's answers.
 */
static void
nobody_is_sent_on_to_who_is_asked_from_there(void **state)
{
	struct world	 w;
	struct stun	 m;
	struct addr	 from;

	(void)state;
	begin(&w, 1);
	add(&w, &w.b);
	add(&w, &w.a);
	EQ(asked(&w, &w.b, &m, &from), 1);
	EQ(asked(&w, &w.a, &m, &from), 1);
	send_on(&w, &m, &from);
	EQ(asked(&w, &w.b, &m, &from), 0);
	end(&w);
}

static void
who_is_asked_by_another_is_asked_from_elsewhere(void **state)
{
	struct world	 w;
	struct stun	 m;
	struct addr	 from;

	(void)state;
	for (size_t nhosts = 1; nhosts <= 2; nhosts++) {
		begin(&w, nhosts);
		add(&w, &w.a);
		EQ(asked(&w, &w.a, &m, &from), 1);
		send_on(&w, &m, &from);
		EQ(asked(&w, &w.b, &m, &from), 1);
		batch_reset(&w.tx);
		add(&w, &w.b);
		EQ(asked(&w, &w.b, &m, &from), nhosts - 1);
		if (nhosts == 2)
			CHECK(addr_equal(&from, &w.host[1]));
		end(&w);
	}
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(who_is_sent_on_asks_there),
		cmocka_unit_test(nobody_is_sent_on_to_who_is_asked_from_there),
		cmocka_unit_test(
		    who_is_asked_by_another_is_asked_from_elsewhere),
	};

	return RUN(tests);
}

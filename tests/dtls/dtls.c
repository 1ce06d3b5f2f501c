#include "support/test.h"

#include "support/dtlspair.h"

static const struct simnet_conf	 calm = { .seed = 1, .delay = 1000 };

static void
client_and_server_come_up_and_exchange_data(void **state)
{
	struct pair	 p;

	(void)state;
	pair_init(&p, &calm);
	CHECK(pair_open(&p));
	pair_run(&p, SEC);
	CHECK(pair_up(&p));
	printf("handshake: %zu datagrams, %zu bytes, %s\n", p.sent, p.bytes,
	    dtls_suite(p.d[0]));
	pair_send(&p, 0, "ping", 4);
	pair_send(&p, 1, "pong!", 5);
	pair_run(&p, SEC);
	EQ(p.got[1], 4);
	EQ(p.got[0], 5);
	MEMEQ(p.last[1], "ping", 4);
	MEMEQ(p.last[0], "pong!", 5);
	pair_fini(&p);
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(client_and_server_come_up_and_exchange_data),
	};

	return RUN(tests);
}

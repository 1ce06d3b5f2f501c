#define _GNU_SOURCE	/* unshare */
#include <sched.h>
#include <sys/socket.h>

#include "net/pair.h"
#include "support/oom.h"

static void
round_trip(int family)
{
	struct addr	 sender = g.tx.to.local, receiver = g.tx.to.remote;

	add(100);
	udp_send(g.a, &g.tx);
	EQ(g.tx.n, 0);
	receive(family, 1);
	EQ(g.count, 1);
	EQ(g.n, 100);
	CHECK(!g.wrong);
	CHECK(addr_equal(&g.from.remote, &sender));
	CHECK(addr_equal(&g.from.local, &receiver));
}

static void
a_datagram_arrives_with_both_addresses(void **state)
{
	(void)state;
	setup(4);
	round_trip(4);
	teardown();
}

static void
a_datagram_over_ipv6_arrives_with_both_addresses(void **state)
{
	(void)state;
	setup(6);
	if (udp_fd(g.a, 6) == -1)
		skip();
	round_trip(6);
	teardown();
}

static void
the_local_address_of_a_path_is_the_source(void **state)
{
	(void)state;
	setup(4);
	EQ(addr_parse_ip(&g.tx.to.local, "127.0.0.77"), 0);
	g.tx.to.local.port = udp_port(g.a, 4);
	round_trip(4);
	teardown();
}

static void
runs_arrive_as_the_datagrams_they_were(void **state)
{
	(void)state;
	setup(4);
	check_runs();
	teardown();
}

static void
a_run_leaves_in_one_call(void **state)
{
	struct udp_stats	 st;

	(void)state;
	setup(4);
	if (!udp_has_gso(g.a))
		skip();
	for (size_t i = 0; i < 150; i++)
		add(1200);
	udp_send(g.a, &g.tx);
	receive(4, 150);
	EQ(g.count, 150);
	udp_stats(g.a, &st);
	EQ(st.calls_sent, 1);
	teardown();
}

static void
datagrams_too_large_for_the_device_are_lost_alone(void **state)
{
	struct udp_stats	 st;

	(void)state;
	/* A loopback of our own: the last test, for there is no way back. */
	if (unshare(CLONE_NEWNET) == -1 ||
	    system("ip link set lo mtu 1280 up 2>/dev/null") != 0)
		skip();
	setup(4);
	for (size_t i = 0; i < 3; i++)
		add(1252);
	udp_send(g.a, &g.tx);
	for (size_t i = 0; i < 10; i++)
		add(1253);
	add(1000);
	g.tx.d[10].p[0] = 3;		/* the fourth that arrives */
	for (size_t i = 1; i < 1000; i++)
		g.tx.d[10].p[i] = (uint8_t)(3 + i);
	udp_send(g.a, &g.tx);
	receive(4, 4);
	EQ(g.count, 4);
	CHECK(!g.wrong);
	udp_stats(g.a, &st);
	EQ(st.sent, 4);
	EQ(st.lost, 10);
	EQ(st.too_long, 10);
	teardown();
}

static void
runs_arrive_where_segmentation_is_refused(void **state)
{
	struct udp_stats	 st;
	int			 on = 1;

	(void)state;
	setup(4);
	if (!udp_has_gso(g.a))
		skip();
	/* What a device without checksums answers, this does, too. */
	EQ(setsockopt(udp_fd(g.a, 4), SOL_SOCKET, SO_NO_CHECK, &on,
	    sizeof(on)), 0);
	for (size_t i = 0; i < 150; i++)
		add(1200);
	udp_send(g.a, &g.tx);
	receive(4, 150);
	EQ(g.count, 150);
	CHECK(!g.wrong);
	udp_stats(g.a, &st);
	EQ(st.lost, 0);
	teardown();
}

static void
runs_arrive_without_segmentation_in_the_kernel(void **state)
{
	(void)state;
	setup(4);
	udp_no_offload(g.a);
	CHECK(!udp_has_gso(g.a));
	check_runs();
	teardown();
}

static void
runs_arrive_without_joining_in_the_kernel(void **state)
{
	(void)state;
	setup(4);
	udp_no_offload(g.b);
	CHECK(!udp_has_gro(g.b));
	check_runs();
	teardown();
}

static void
a_refused_datagram_does_not_hold_up_the_next(void **state)
{
	struct udp_stats	 st;
	struct path		 good;

	(void)state;
	setup(4);
	good = g.tx.to;
	/* A broadcast without leave, a source that is not ours, no family. */
	addr_parse(&g.tx.to.remote, "255.255.255.255:9");
	batch_put(&g.tx, "x", 1);
	addr_parse(&g.tx.to.local, "192.0.2.1:9");
	g.tx.to.remote = good.remote;
	batch_put(&g.tx, "x", 1);
	memset(&g.tx.to, 0, sizeof(g.tx.to));
	batch_put(&g.tx, "x", 1);
	g.tx.to = good;
	batch_put(&g.tx, "\0\1\2", 3);
	udp_send(g.a, &g.tx);
	receive(4, 1);
	EQ(g.count, 1);
	EQ(g.n, 3);
	CHECK(!g.wrong);
	udp_stats(g.a, &st);
	EQ(st.lost, 3);
	EQ(st.sent, 1);
	teardown();
}

static void
a_refusal_is_told_once_with_its_path_and_reason(void **state)
{
	struct path	 good, path;
	struct addr	 all;
	const char	*why;

	(void)state;
	setup(4);
	good = g.tx.to;
	addr_parse(&all, "255.255.255.255:9");
	g.tx.to.remote = all;
	batch_put(&g.tx, "x", 1);
	batch_put(&g.tx, "yy", 2);
	g.tx.to = good;
	batch_put(&g.tx, "z", 1);
	udp_send(g.a, &g.tx);
	CHECK(udp_refusal(g.a, &path, &why));
	CHECK(addr_equal(&path.remote, &all));
	CHECK(addr_equal(&path.local, &good.local));
	assert_string_equal(why, "prohibited");
	CHECK(!udp_refusal(g.a, &path, &why));

	for (uint16_t port = 1; port < 100; port++) {
		g.tx.to.remote = all;
		g.tx.to.remote.port = port;
		batch_put(&g.tx, "x", 1);
	}
	udp_send(g.a, &g.tx);
	CHECK(udp_refusal(g.a, &path, &why));
	g.tx.to = good;			/* what is not asked for is gone */
	batch_put(&g.tx, "z", 1);
	udp_send(g.a, &g.tx);
	CHECK(!udp_refusal(g.a, &path, &why));
	teardown();
}

static void
a_datagram_larger_than_udp_carries_is_lost_alone(void **state)
{
	struct udp_stats	 st;

	(void)state;
	setup(4);
	add(65520);
	udp_send(g.a, &g.tx);
	add(5);
	udp_send(g.a, &g.tx);
	receive(4, 1);
	EQ(g.count, 1);
	EQ(g.n, 5);
	udp_stats(g.a, &st);
	EQ(st.lost, 1);
	teardown();
}

static void
both_families_of_one_batch_go_their_ways(void **state)
{
	struct path	 v4;

	(void)state;
	setup(6);
	if (udp_fd(g.a, 6) == -1)
		skip();
	v4.local = loopback(4, udp_port(g.a, 4));
	v4.remote = loopback(4, udp_port(g.b, 4));
	batch_put(&g.tx, "\0\1", 2);
	g.tx.to = v4;
	batch_put(&g.tx, "\1\2\3", 3);
	udp_send(g.a, &g.tx);
	receive(6, 1);
	EQ(g.n, 2);
	receive(4, 2);
	EQ(g.n, 3);
	EQ(g.count, 2);
	CHECK(!g.wrong);
	teardown();
}

static void
a_taken_port_is_an_error(void **state)
{
	struct udp	*u = udp_open(0);

	(void)state;
	CHECK(u != NULL);
	CHECK(udp_open(udp_port(u, 4)) == NULL);
	udp_close(u);
}

static void
this_host_has_an_address(void **state)
{
	struct addr	 a[64];
	size_t		 n = net_sources(NULL, NULL, 0, a, 64);
	bool		 loop = false, link = false;

	(void)state;
	assert_in_range(n, 1, 64);
	for (size_t i = 0; i < n; i++) {
		CHECK(a[i].family == 4 || a[i].family == 6);
		CHECK(!loop || addr_is_loopback(&a[i]));
		CHECK(!link || addr_is_linklocal(&a[i]) ||
		    addr_is_loopback(&a[i]));
		loop = addr_is_loopback(&a[i]);
		link |= addr_is_linklocal(&a[i]);
	}
	EQ(net_sources(NULL, NULL, 0, a, 1), 1);
}

/* Every host that runs this has "lo", which has an address if it is up. */
static void
addresses_are_those_of_the_interfaces_asked_for(void **state)
{
	static const char *const lo[] = { "lo" }, *const l[] = { "l?" },
		*const other[] = { "no-such-device", "lo0" };
	struct net_filter	 only_lo = { .only = lo, .nonly = 1 },
		 only_l = { .only = l, .nonly = 1 },
		 only_other = { .only = other, .nonly = 2 },
		 not_lo = { .never = lo, .nnever = 1 },
		 both = { .only = lo, .nonly = 1, .never = l, .nnever = 1 };
	struct addr		 a[64];
	size_t			 all = net_addresses(NULL, a, 64), n;

	(void)state;
	n = net_addresses(&only_lo, a, 64);
	assert_in_range(n, 1, all);
	for (size_t i = 0; i < n; i++)
		CHECK(addr_is_loopback(&a[i]));
	EQ(net_addresses(&only_l, a, 64), n);
	EQ(net_addresses(&not_lo, a, 64), all - n);
	EQ(net_addresses(&only_other, a, 64), 0);
	EQ(net_addresses(&both, a, 64), 0);
	CHECK(net_has_interface("lo") && net_has_interface("?o"));
	CHECK(!net_has_interface("no-such-device"));
}

static void
running_out_of_memory_opens_nothing(void **state)
{
	struct udp	*u;
	bool		 hit;

	(void)state;
	for (size_t n = 1;; n++) {
		oom_after(n);
		u = udp_open(0);
		hit = oom_hit();
		oom_after(0);
		CHECK(hit == (u == NULL));
		udp_close(u);
		if (!hit)
			break;
	}
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(a_datagram_arrives_with_both_addresses),
		cmocka_unit_test(
		    a_datagram_over_ipv6_arrives_with_both_addresses),
		cmocka_unit_test(the_local_address_of_a_path_is_the_source),
		cmocka_unit_test(runs_arrive_as_the_datagrams_they_were),
		cmocka_unit_test(a_run_leaves_in_one_call),
		cmocka_unit_test(runs_arrive_where_segmentation_is_refused),
		cmocka_unit_test(
		    runs_arrive_without_segmentation_in_the_kernel),
		cmocka_unit_test(runs_arrive_without_joining_in_the_kernel),
		cmocka_unit_test(a_refused_datagram_does_not_hold_up_the_next),
		cmocka_unit_test(
		    a_refusal_is_told_once_with_its_path_and_reason),
		cmocka_unit_test(
		    a_datagram_larger_than_udp_carries_is_lost_alone),
		cmocka_unit_test(both_families_of_one_batch_go_their_ways),
		cmocka_unit_test(a_taken_port_is_an_error),
		cmocka_unit_test(this_host_has_an_address),
		cmocka_unit_test(
		    addresses_are_those_of_the_interfaces_asked_for),
		cmocka_unit_test(running_out_of_memory_opens_nothing),
		cmocka_unit_test(
		    datagrams_too_large_for_the_device_are_lost_alone),
	};

	return RUN(tests);
}

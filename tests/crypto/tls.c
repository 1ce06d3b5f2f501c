#include "support/test.h"

#include "crypto/rng.h"
#include "crypto/tls.h"
#include "support/mangle.h"
#include "support/oom.h"
#include "vectors/tls.h"

#define NAME	"relay.example"
enum {
	NOW = 1803859200,	/* March 2027 */
	BEFORE = 1700000000,
	AFTER = 2140000000,	/* 2037 */
};

static struct rng	*rng;

static int
set_up(void **state)
{
	(void)state;
	rng = rng_seeded("tls", 3);
	return rng == NULL ? -1 : 0;
}

static int
tear_down(void **state)
{
	(void)state;
	rng_free(rng);
	return 0;
}

struct pair {
	struct tls_trust	*trust;
	struct tls_identity	*id;
	struct tls		*client, *server;
	size_t			 step;	/* bytes per input */
	size_t			 moved;	/* client to server */
	size_t			 limit;	/* of moved, then it is cut */
};

static struct pair
pair_of(const char *ca, const char *name, const uint8_t *pin, uint64_t time,
    const char *cert, const char *key)
{
	struct pair		 p = { NULL, NULL, NULL, NULL, 4096, 0,
	    SIZE_MAX };
	struct tls_client_conf	 c = { name, NULL, pin, time };
	const char		*why;

	if (ca != NULL)
		p.trust = tls_trust_new(ca, strlen(ca));
	c.trust = p.trust;
	p.id = tls_identity_new(cert, strlen(cert), key, strlen(key), &why);
	assert_null(why);
	p.client = tls_client(&c, rng);
	p.server = tls_server(p.id, rng);
	return p;
}

static struct pair
good(void)
{
	return pair_of(ca_pem, NAME, NULL, NOW, ec_pem, ec_key);
}

static void
drop(struct pair *p)
{
	tls_free(p->client);
	tls_free(p->server);
	tls_identity_free(p->id);
	tls_trust_free(p->trust);
}

static size_t
carry(struct tls *from, struct tls *to, size_t step)
{
	struct span	 out = tls_output(from);
	size_t		 n = out.n < step ? out.n : step, took;

	if (n == 0)
		return 0;
	took = tls_input(to, out.p, n);
	tls_sent(from, took);
	return took;
}

static void
run(struct pair *p)
{
	size_t		 a, b;

	do {
		a = p->moved < p->limit ? carry(p->client, p->server, p->step) :
		    0;
		p->moved += a;
		b = carry(p->server, p->client, p->step);
	} while (a + b > 0);
}

static void
say(struct pair *p, struct tls *from, struct tls *to, const char *text)
{
	struct span	 s;

	EQ(tls_write(from, text, strlen(text)), strlen(text));
	run(p);
	s = tls_read(to);
	EQ(s.n, strlen(text));
	MEMEQ(s.p, text, s.n);
	tls_taken(to, s.n);
}

static void
up(struct pair *p)
{
	run(p);
	EQ(tls_state(p->client), TLS_OPEN);
	EQ(tls_state(p->server), TLS_OPEN);
	say(p, p->client, p->server, "hello");
	say(p, p->server, p->client, "world");
}

static void
fails(struct pair p, const char *why)
{
	run(&p);
	EQ(tls_state(p.client), TLS_FAILED);
	STREQ(tls_why(p.client), why);
	EQ(tls_read(p.client).n, 0);
	EQ(tls_write(p.client, "x", 1), 0);
	CHECK(tls_state(p.server) != TLS_OPEN);
	drop(&p);
}

static void
client_and_server_understand_each_other(void **state)
{
	static const char *const	 ids[][2] = {
		{ ec_pem, ec_key }, { ec_pem, ec_key8 }, { p384_pem, p384_key },
		{ rsa_pem, rsa_key }, { rsa_pem, rsa_key8 },
	};

	(void)state;
	for (size_t i = 0; i < 5; i++) {
		struct pair	 p = pair_of(ca_pem, NAME, NULL, NOW, ids[i][0],
		    ids[i][1]);

		up(&p);
		drop(&p);
	}
}

static void
the_stream_may_be_split_anywhere(void **state)
{
	(void)state;
	for (size_t step = 1; step < 300; step += step < 20 ? 1 : 37) {
		struct pair	 p = good();

		p.step = step;
		up(&p);
		drop(&p);
	}
}

static void
a_server_of_another_name_is_refused(void **state)
{
	(void)state;
	fails(pair_of(ca_pem, "relay.example.org", NULL, NOW, ec_pem, ec_key),
	    "the certificate is for another name");
}

static void
a_server_of_an_unknown_authority_is_refused(void **state)
{
	(void)state;
	fails(pair_of(other_pem, NAME, NULL, NOW, ec_pem, ec_key),
	    "the certificate is of no trusted authority");
}

static void
a_certificate_out_of_its_time_is_refused(void **state)
{
	static const char	 why[] =
	    "the certificate is expired or not yet valid";

	(void)state;
	fails(pair_of(ca_pem, NAME, NULL, AFTER, ec_pem, ec_key), why);
	fails(pair_of(ca_pem, NAME, NULL, BEFORE, ec_pem, ec_key), why);
}

static void
the_pinned_key_is_enough_and_any_other_is_refused(void **state)
{
	struct pair	 p = pair_of(NULL, "192.0.2.1", ec_pin, AFTER, ec_pem,
	    ec_key);

	(void)state;
	up(&p);
	drop(&p);
	p = pair_of(NULL, NULL, ec_pin, 0, ec_pem, ec_key8);
	up(&p);
	drop(&p);
	fails(pair_of(ca_pem, NAME, ec_pin, NOW, p384_pem, p384_key),
	    "the server's key is not the pinned one");
	fails(pair_of(ca_pem, NAME, ec_pin, NOW, rsa_pem, rsa_key),
	    "the server's key is not the pinned one");
}

static void
without_a_name_or_an_authority_nothing_is_sent(void **state)
{
	static const struct {
		const char	*ca, *name;
	} bad[] = {
		{ NULL, NAME }, { ca_pem, NULL }, { ca_pem, "" },
		{ ca_pem, "192.0.2.1" }, { ca_pem, "2001:db8::1" },
	};

	(void)state;
	for (size_t i = 0; i < 5; i++) {
		struct pair	 p = pair_of(bad[i].ca, bad[i].name, NULL, NOW,
		    ec_pem, ec_key);

		EQ(tls_state(p.client), TLS_FAILED);
		EQ(tls_output(p.client).n, 0);
		EQ(tls_input(p.client, "x", 1), 0);
		EQ(tls_input(p.client, NULL, 0), 0);
		tls_close(p.client);
		tls_taken(p.client, 0);
		drop(&p);
	}
}

static void
a_stream_cut_during_the_handshake_is_a_failure(void **state)
{
	struct pair	 p = good();
	size_t		 all;

	(void)state;
	up(&p);
	all = p.moved;
	drop(&p);
	for (size_t cut = 0; cut < all - 50; cut += 13) {
		p = good();
		p.step = 1;
		p.limit = cut;
		run(&p);
		tls_input(p.server, NULL, 0);
		EQ(tls_state(p.server), TLS_FAILED);
		STREQ(tls_why(p.server), "the stream ended during the "
		    "handshake");
		drop(&p);
	}
}

static void
a_stream_cut_after_it_is_told_from_a_close(void **state)
{
	struct pair	 p = good();

	(void)state;
	up(&p);
	tls_input(p.client, NULL, 0);
	STREQ(tls_why(p.client), "the stream ended without a goodbye");
	tls_close(p.server);
	EQ(tls_state(p.server), TLS_CLOSING);
	drop(&p);

	p = good();
	up(&p);
	tls_close(p.server);
	EQ(tls_write(p.server, "x", 1), 0);
	run(&p);
	EQ(tls_state(p.client), TLS_CLOSED);
	EQ(tls_state(p.server), TLS_CLOSED);
	drop(&p);
}

static void
a_record_changed_on_the_way_is_a_failure(void **state)
{
	struct pair	 p = good();
	struct span	 out;
	uint8_t		 b[64];

	(void)state;
	up(&p);
	EQ(tls_write(p.client, "hello", 5), 5);
	out = tls_output(p.client);
	CHECK(out.n < sizeof(b));
	memcpy(b, out.p, out.n);
	b[out.n - 1] ^= 1;
	tls_input(p.server, b, out.n);
	STREQ(tls_why(p.server), "a record does not authenticate");
	drop(&p);
}

static void
a_reader_that_does_not_read_stops_the_input(void **state)
{
	struct pair	 p = good();
	uint8_t		*big = calloc(1, 100000);
	size_t		 written = 0, got = 0, n;
	struct span	 s;

	(void)state;
	up(&p);
	do {
		n = tls_write(p.client, big, 100000);
		written += n;
		run(&p);
	} while (n > 0);
	CHECK(tls_output(p.client).n > 0);	/* the rest is not taken */
	while ((s = tls_read(p.server)).n > 0) {
		got += s.n;
		tls_taken(p.server, s.n);
		run(&p);
	}
	EQ(got, written);
	free(big);
	drop(&p);
}

static void
a_peer_that_needs_another_version_is_named(void **state)
{
	static const uint8_t	 alert[] = { 21, 3, 3, 0, 2, 2, 70 };
	struct pair		 p = good();

	(void)state;
	EQ(tls_input(p.client, alert, sizeof(alert)), sizeof(alert));
	STREQ(tls_why(p.client), "the peer needs TLS 1.3 (alert 70); only TLS "
	    "1.2 is supported");
	drop(&p);
}

static void
what_is_not_tls_is_a_failure(void **state)
{
	static const char	 http[] = "HTTP/1.1 400 Bad Request\r\n\r\n";
	struct pair		 p = good();

	(void)state;
	tls_input(p.client, http, sizeof(http) - 1);
	EQ(tls_state(p.client), TLS_FAILED);
	drop(&p);
}

static void
a_bundle_is_read_and_what_is_of_no_use_is_skipped(void **state)
{
	char			 text[8192];
	struct tls_trust	*t;

	(void)state;
	snprintf(text, sizeof(text), "# a comment\n%s\n%s%s-----BEGIN "
	    "CERTIFICATE-----\n!!!\n-----END CERTIFICATE-----\n%s%s",
	    ca_pem, ec_key, ed_pem, other_pem, rsa_pem);
	t = tls_trust_new(text, strlen(text));
	assert_non_null(t);
	EQ(tls_trust_count(t), 3);
	tls_trust_free(t);
	assert_null(tls_trust_new("", 0));
	assert_null(tls_trust_new(ec_key, strlen(ec_key)));
}

static void
a_key_that_does_not_fit_is_refused_with_a_reason(void **state)
{
	static const struct {
		const char	*chain, *key, *why;
	} bad[] = {
		{ ec_pem, p384_key, "the key is not the certificate's" },
		{ ec_pem, rsa_key, "the key is not the certificate's" },
		{ rsa_pem, ec_key, "the key is not the certificate's" },
		{ other_pem, ec_key8, "the key is not the certificate's" },
		{ "", ec_key, "no certificate in PEM" },
		{ ec_key, ec_key, "no certificate in PEM" },
		{ ec_pem, "", "no private key in PEM" },
		{ ec_pem, ec_pem, "no private key in PEM" },
		{ ec_pem, "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE "
		  "KEY-----\n", "the key is neither P-256, P-384 nor RSA of "
		  "2048 to 4096 bits" },
	};
	const char		*why;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_null(tls_identity_new(bad[i].chain, strlen(bad[i].chain),
		    bad[i].key, strlen(bad[i].key), &why));
		STREQ(why, bad[i].why);
	}
}

static void
survives(void *arg, const uint8_t *p, size_t n, size_t which)
{
	const char	*why, *cert = arg;

	(void)which;
	tls_identity_free(tls_identity_new(cert, strlen(cert),
	    (const char *)p, n, &why));
	tls_trust_free(tls_trust_new((const char *)p, n));
}

static void
no_spoiled_pem_does_harm(void **state)
{
	static char	 cert[sizeof(ec_pem)];

	(void)state;
	memcpy(cert, ec_pem, sizeof(cert));
	mangle_cut((const uint8_t *)ec_key8, strlen(ec_key8), survives, cert);
	mangle_flip((const uint8_t *)ec_key8, strlen(ec_key8), survives, cert);
	mangle_flip((const uint8_t *)ec_key, strlen(ec_key), survives, cert);
	mangle_cut((const uint8_t *)ca_pem, strlen(ca_pem), survives, cert);
	mangle_cut((const uint8_t *)rsa_key, strlen(rsa_key), survives, cert);
}

static void
without_memory_nothing_leaks(void **state)
{
	bool		 hit = true;

	(void)state;
	for (size_t i = 1; hit; i++) {
		struct tls_client_conf	 c = { NAME, NULL, NULL, NOW };
		struct tls_identity	*id;
		struct tls_trust	*t;
		struct tls		*client;
		const char		*why;

		CHECK(i < 1000);
		oom_after(i);
		t = tls_trust_new(ca_pem, strlen(ca_pem));
		id = tls_identity_new(ec_pem, strlen(ec_pem), ec_key8,
		    strlen(ec_key8), &why);
		c.trust = t;
		client = tls_client(&c, rng);
		hit = oom_hit();
		oom_after(0);
		tls_free(client);
		tls_identity_free(id);
		tls_trust_free(t);
	}
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(client_and_server_understand_each_other),
		cmocka_unit_test(the_stream_may_be_split_anywhere),
		cmocka_unit_test(a_server_of_another_name_is_refused),
		cmocka_unit_test(a_server_of_an_unknown_authority_is_refused),
		cmocka_unit_test(a_certificate_out_of_its_time_is_refused),
		cmocka_unit_test(the_pinned_key_is_enough_and_any_other_is_refused),
		cmocka_unit_test(without_a_name_or_an_authority_nothing_is_sent),
		cmocka_unit_test(a_stream_cut_during_the_handshake_is_a_failure),
		cmocka_unit_test(a_stream_cut_after_it_is_told_from_a_close),
		cmocka_unit_test(a_record_changed_on_the_way_is_a_failure),
		cmocka_unit_test(a_reader_that_does_not_read_stops_the_input),
		cmocka_unit_test(a_peer_that_needs_another_version_is_named),
		cmocka_unit_test(what_is_not_tls_is_a_failure),
		cmocka_unit_test(a_bundle_is_read_and_what_is_of_no_use_is_skipped),
		cmocka_unit_test(a_key_that_does_not_fit_is_refused_with_a_reason),
		cmocka_unit_test(no_spoiled_pem_does_harm),
		cmocka_unit_test(without_memory_nothing_leaks),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}

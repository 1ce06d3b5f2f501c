#include "support/test.h"

#include "crypto/ecdh.h"
#include "dtls/message.h"
#include "support/mangle.h"

static const uint8_t	 random32[RANDOM] = { 1, 2, 3 };

static void
hello_cut(void *arg, const uint8_t *p, size_t n, size_t which)
{
	struct client_hello	 ch;
	struct server_hello	 sh;

	(void)which;
	if (arg == NULL) {
		/* only a hello without its extensions is whole too */
		if (client_hello_decode(&ch, p, n) == 0)
			CHECK(!ch.ems && !ch.srtp);
	} else if (server_hello_decode(&sh, p, n) == 0)
		CHECK(!sh.ems && !sh.srtp);
}

static void
a_client_hello_reads_back_and_a_cut_one_lacks_something(void **state)
{
	uint8_t			 b[512];
	struct wr		 w = wr_of(b, sizeof(b));
	struct client_hello	 ch;

	(void)state;
	client_hello_encode(&w, random32, (const uint8_t *)"cook", 4);
	CHECK(!wr_bad(&w));
	EQ(client_hello_decode(&ch, b, w.n), 0);
	MEMEQ(ch.random, random32, RANDOM);
	CHECK(ch.ems && ch.srtp_ours && ch.renegotiation && ch.points);
	CHECK(ch.ecdsa_sha256 && ch.null_compression);
	EQ(ch.group, ECDH_X25519);
	for (size_t i = 0; i < SUITES; i++)
		CHECK(suite_offered(&ch, suites[i].id));
	mangle_cut(b, w.n, hello_cut, NULL);
	mangle_flip(b, w.n, hello_cut, b);	/* read as the other hello */
	EQ(client_hello_decode(&ch, b, w.n - 1), -1);
}

/* RFC 5746 3.6: renegotiation_info, or a suite that stands for it. */
static void
a_client_may_ask_for_renegotiation_info_either_way(void **state)
{
	uint8_t			 b[512];
	struct wr		 w = wr_of(b, sizeof(b));
	struct client_hello	 ch;
	size_t			 i, end = 2 + RANDOM + 1 + 1 + 2;

	(void)state;
	client_hello_encode(&w, random32, NULL, 0);
	end += (size_t)(b[end - 2] << 8 | b[end - 1]);
	for (i = end; i + 1 < w.n && (b[i] != 0xff || b[i + 1] != 1); i++)
		;
	CHECK(i + 1 < w.n);
	b[i] = 0x12;
	EQ(client_hello_decode(&ch, b, w.n), 0);
	CHECK(!ch.renegotiation);
	b[end - 2] = 0x00;
	b[end - 1] = 0xff;
	EQ(client_hello_decode(&ch, b, w.n), 0);
	CHECK(ch.renegotiation);
}

static void
a_server_hello_echoes_only_what_was_offered(void **state)
{
	uint8_t			 b[512];
	struct wr		 w = wr_of(b, sizeof(b));
	struct client_hello	 none = { .ems = true };
	struct server_hello	 sh;

	(void)state;
	server_hello_encode(&w, random32, 0xcca9, &none);
	EQ(server_hello_decode(&sh, b, w.n), 0);
	EQ(sh.suite, 0xcca9);
	CHECK(sh.ems && sh.srtp_ours);
	for (size_t i = 0; i + 2 <= w.n; i++)
		CHECK(b[i] != 0xff || b[i + 1] != 0x01);
	mangle_cut(b, w.n, hello_cut, b);
}

static void
an_extension_not_offered_is_refused(void **state)
{
	uint8_t			 b[512];
	struct wr		 w = wr_of(b, sizeof(b));
	struct client_hello	 none = { .ems = true };
	struct server_hello	 sh;

	(void)state;
	server_hello_encode(&w, random32, 0xcca9, &none);
	b[41] = 16;				/* ALPN instead of EMS */
	EQ(server_hello_decode(&sh, b, w.n), -1);
}

static void
key_cut(void *arg, const uint8_t *p, size_t n, size_t which)
{
	struct key_exchange	 kx;

	(void)arg;
	(void)which;
	EQ(key_exchange_decode(&kx, p, n), -1);
}

static void
a_key_exchange_reads_back_and_cut_anywhere_is_refused(void **state)
{
	uint8_t			 b[256], point[65] = { 4 }, sig[70] = { 9 };
	struct wr		 w = wr_of(b, sizeof(b));
	struct key_exchange	 kx;

	(void)state;
	key_params_encode(&w, ECDH_P256, point, sizeof(point));
	signature_encode(&w, sig, sizeof(sig));
	EQ(key_exchange_decode(&kx, b, w.n), 0);
	EQ(kx.group, ECDH_P256);
	EQ(kx.pointlen, 65);
	EQ(kx.params.n, 69);
	EQ(kx.scheme, SIG_ECDSA_SHA256);
	EQ(kx.siglen, 70);
	mangle_cut(b, w.n, key_cut, NULL);
}

static void
request_cut(void *arg, const uint8_t *p, size_t n, size_t which)
{
	struct request	 q;
	struct rd	 first;

	(void)which;
	if (arg == NULL)
		EQ(certificate_request_decode(&q, p, n), -1);
	else
		EQ(certificate_decode(&first, p, n), -1);
}

static void
certificates_and_requests_cut_anywhere_are_refused(void **state)
{
	uint8_t		 b[256], der[40] = { 0x30 };
	struct wr	 w = wr_of(b, sizeof(b));
	struct span	 s = { der, sizeof(der) };
	struct rd	 first;
	struct request	 q;

	(void)state;
	certificate_request_encode(&w);
	EQ(certificate_request_decode(&q, b, w.n), 0);
	CHECK(q.ecdsa && q.ecdsa_sha256);
	mangle_cut(b, w.n, request_cut, NULL);
	w = wr_of(b, sizeof(b));
	certificate_encode(&w, s);
	EQ(certificate_decode(&first, b, w.n), 0);
	EQ(first.n, sizeof(der));
	mangle_cut(b, w.n, request_cut, b);
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
#define T(x)	cmocka_unit_test(x)
		T(a_client_hello_reads_back_and_a_cut_one_lacks_something),
		T(a_client_may_ask_for_renegotiation_info_either_way),
		T(a_server_hello_echoes_only_what_was_offered),
		T(an_extension_not_offered_is_refused),
		T(a_key_exchange_reads_back_and_cut_anywhere_is_refused),
		T(certificates_and_requests_cut_anywhere_are_refused),
	};

	return RUN(tests);
}

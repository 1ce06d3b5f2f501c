#include "support/test.h"

#include "base/base64.h"

static void
the_vectors_of_rfc_4648_hold(void **state)
{
	static const char *const	 v[][2] = {
		{ "", "" }, { "f", "Zg==" }, { "fo", "Zm8=" },
		{ "foo", "Zm9v" }, { "foob", "Zm9vYg==" },
		{ "fooba", "Zm9vYmE=" }, { "foobar", "Zm9vYmFy" },
	};
	char				 text[16];
	uint8_t				 back[16];

	(void)state;
	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		size_t	 n = strlen(v[i][0]);

		EQ(base64_len(n), strlen(v[i][1]));
		base64_encode(text, v[i][0], n);
		MEMEQ(text, v[i][1], base64_len(n));
		EQ(base64_decode(back, n, v[i][1], base64_len(n)), n);
		MEMEQ(back, v[i][0], n);
	}
}

static void
all_bytes_come_back_at_every_length(void **state)
{
	uint8_t	 b[256];
	char	 text[344];

	(void)state;
	for (size_t i = 0; i < sizeof(b); i++)
		b[i] = (uint8_t)(255 - i);
	for (size_t n = 0; n <= sizeof(b); n++) {
		base64_encode(text, b, n);
		EQ(base64_decode(text, sizeof(text), text, base64_len(n)), n);
		MEMEQ(text, b, n);
	}
}

static void
what_is_not_base64_is_refused(void **state)
{
	static const char *const	 bad[] = {
		"Z", "Zg", "Zg=", "Zg=a", "====", "Z===", "=Zg=", "Zm9v=",
		"Zm 9", "Zm9\n", "Zg==Zg==", "Zh==", "Zm9=", "Zm-_", "\xff===",
	};
	uint8_t				 b[16];

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		EQ(base64_decode(b, sizeof(b), bad[i], strlen(bad[i])), -1);
}

static void
more_than_the_room_is_refused(void **state)
{
	uint8_t	 b[5];

	(void)state;
	EQ(base64_decode(b, 5, "Zm9vYmFy", 8), -1);
	EQ(base64_decode(b, 5, "Zm9vYmE=", 8), 5);
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(the_vectors_of_rfc_4648_hold),
		cmocka_unit_test(all_bytes_come_back_at_every_length),
		cmocka_unit_test(what_is_not_base64_is_refused),
		cmocka_unit_test(more_than_the_room_is_refused),
	};

	return RUN(tests);
}

#include "support/test.h"

#include "agent/framed.h"
#include "net/loop.h"
#include "net/resolve.h"

static size_t
length(const char *bytes, size_t n)
{
	uint8_t	*copy = malloc(n + 1);
	size_t	 len;

	memcpy(copy, bytes, n);
	len = framed_length(copy, n);
	free(copy);
	return len;
}

static void
messages_are_as_long_as_they_say(void **state)
{
	(void)state;
	EQ(length("\0\1\0\0", 4), 20);
	EQ(length("\0\1\0\x8", 4), 28);
	EQ(length("\0\1\xff\xfc", 4), 20 + 65532);
	EQ(length("\x40\1\0\0", 4), 4);
	EQ(length("\x40\1\0\1", 4), 8);
	EQ(length("\x40\1\0\4", 4), 8);
	EQ(length("\x7f\xff\xff\xff", 4), 4 + 65536);
}

static void
too_few_bytes_say_nothing(void **state)
{
	(void)state;
	for (size_t n = 0; n < 4; n++) {
		EQ(length("\0\1\0\0", n), 0);
		EQ(length("\x40\1\0\0", n), 0);
	}
}

static void
other_bytes_begin_no_message(void **state)
{
	(void)state;
	CHECK(length("\x80", 1) == SIZE_MAX);
	/* This is a channel's. */
	CHECK(length("HTTP", 4) == 4 + ('T' << 8 | 'P'));
	CHECK(length("\xff\xff\xff\xff", 4) == SIZE_MAX);
	CHECK(length("\0\1\0\1", 4) == SIZE_MAX);	/* not by fours */
}

static void
on_closed(void *arg, uint64_t now, const char *why)
{
	(void)now;
	*(const char **)arg = why;
}

/* No turn of the loop is taken, so that nothing is ever written. */
static void
a_request_is_never_lost_for_want_of_room(void **state)
{
	const char		*why = NULL;
	struct loop		*l = loop_new();
	struct resolver		*r = resolver_new(l);
	struct framed_conf	 conf = { .loop = l, .resolver = r,
		.host = "127.0.0.1", .port = 9, .closed = on_closed,
		.arg = &why };
	struct framed		*f = framed_new(&conf, 0);
	uint8_t			 data[1200] = { 0x40 }, ask[300] = { 0, 4 };
	uint8_t			 send[300] = { 0, 0x16 };
	unsigned		 n = 0;

	(void)state;
	CHECK(f != NULL);
	while (framed_put(f, 0, data, sizeof(data)))
		n++;
	CHECK(n > 200);
	while (framed_put(f, 0, send, sizeof(send)))
		;
	for (n = 0; n < 129; n++)
		CHECK(framed_put(f, 0, ask, sizeof(ask)));
	CHECK(!framed_put(f, 0, data, sizeof(data)));
	CHECK(!framed_put(f, 0, send, sizeof(send)));
	CHECK(why == NULL);
	while (framed_put(f, 0, ask, sizeof(ask)))
		;
	STREQ(why, "the server takes nothing any more");
	framed_free(f);
	resolver_free(r);
	loop_free(l);
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(messages_are_as_long_as_they_say),
		cmocka_unit_test(too_few_bytes_say_nothing),
		cmocka_unit_test(other_bytes_begin_no_message),
		cmocka_unit_test(a_request_is_never_lost_for_want_of_room),
	};

	return RUN(tests);
}

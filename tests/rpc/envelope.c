#include "support/test.h"

#include "rpc/envelope.h"
#include "support/envelope.h"
#include "support/mangle.h"
#include "support/oom.h"

#define ME	"alice@x.io"

static uint8_t	 buf[ENVELOPE_ROOM];

static enum envelope
classify(const char *magic, const char *prelude, size_t len)
{
	return envelope_classify(buf, envelope_build(buf, magic, prelude, len),
	    ME);
}

static void
each_magic_is_known(void **state)
{
	(void)state;
	EQ(classify("SYC1", envelope_prelude(ME, 5), 5), ENVELOPE_MINE);
	EQ(classify("SBC1", envelope_prelude(ME, 5), 5), ENVELOPE_MINE);
	EQ(classify("SYC2", envelope_prelude(ME, 5), 5), ENVELOPE_MINE);
	EQ(classify("SYC3", envelope_prelude(ME, 5), 5), ENVELOPE_NONE);
	EQ(envelope_classify((const uint8_t *)"{}", 2, ME), ENVELOPE_NONE);
}

static void
an_envelope_for_somebody_else_is_foreign(void **state)
{
	(void)state;
	EQ(classify("SBC1", envelope_prelude("carol@x.io", 9), 9),
	    ENVELOPE_FOREIGN);
	EQ(classify("SBC1", envelope_prelude("alice@x.io.example", 9), 9),
	    ENVELOPE_FOREIGN);
}

static void
a_recipient_is_told_without_regard_to_case(void **state)
{
	(void)state;
	EQ(classify("SBC1", envelope_prelude("Alice@X.io", 0), 0),
	    ENVELOPE_MINE);
}

static void
is_corrupt(void *arg, const uint8_t *p, size_t n, size_t which)
{
	(void)arg;
	EQ(envelope_classify(p, n, ME),
	    which < 4 ? ENVELOPE_NONE : ENVELOPE_CORRUPT);
}

static void
an_envelope_cut_at_any_length_is_corrupt(void **state)
{
	size_t	 n = envelope_build(buf, "SBC1", envelope_prelude(ME, 20), 20);

	(void)state;
	mangle_cut(buf, n, is_corrupt, NULL);
	EQ(envelope_classify(buf, n + 1, ME), ENVELOPE_CORRUPT);
}

static void
a_wrong_header_is_corrupt(void **state)
{
	static const size_t	 at[] = { 4, 5, 8, 9, 4000, 9 + 4096 };
	size_t			 n;

	(void)state;
	for (size_t i = 0; i < sizeof(at) / sizeof(at[0]); i++) {
		n = envelope_build(buf, "SBC1", envelope_prelude(ME, 5), 5);
		buf[at[i]] ^= 0x40;
		EQ(envelope_classify(buf, n, ME), ENVELOPE_CORRUPT);
	}
}

static void
a_prelude_that_is_not_canonical_is_corrupt(void **state)
{
	static const char	 good[] = "{\"canon\":\"jcs-rfc8785\","
	    "\"cipher\":{\"ciphertext_len\":0},\"recipients\":[{}],"
	    "\"sender\":{},\"version\":1}";
	static const char *const bad[] = {
		"", "[]", "{}",
		"{\"canon\": \"jcs-rfc8785\",\"cipher\":{\"ciphertext_len\":0},"
		    "\"recipients\":[{}],\"sender\":{},\"version\":1}",
		"{\"cipher\":{\"ciphertext_len\":0},\"canon\":\"jcs-rfc8785\","
		    "\"recipients\":[{}],\"sender\":{},\"version\":1}",
		"{\"canon\":\"jcs-rfc8785\",\"cipher\":{\"ciphertext_len\":0},"
		    "\"recipients\":[],\"sender\":{},\"version\":1}",
		"{\"canon\":\"jcs-rfc8785\",\"cipher\":{\"ciphertext_len\":0},"
		    "\"recipients\":[7],\"sender\":{},\"version\":1}",
		"{\"canon\":\"jcs-rfc8785\","
		    "\"cipher\":{\"ciphertext_len\":\"0\"},\"recipients\":[{}],"
		    "\"sender\":{},\"version\":1}",
		"{\"canon\":\"jcs-rfc8785\",\"cipher\":{\"ciphertext_len\":-1},"
		    "\"recipients\":[{}],\"sender\":{},\"version\":1}",
		"{\"canon\":\"other\",\"cipher\":{\"ciphertext_len\":0},"
		    "\"recipients\":[{}],\"sender\":{},\"version\":1}",
		"{\"canon\":\"jcs-rfc8785\",\"cipher\":{\"ciphertext_len\":0},"
		    "\"recipients\":[{}],\"sender\":{},\"version\":2}",
	};

	(void)state;
	EQ(classify("SYC1", good, 0), ENVELOPE_FOREIGN);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		EQ(classify("SYC1", bad[i], 0), ENVELOPE_CORRUPT);
}

static void
without_memory_an_envelope_is_corrupt(void **state)
{
	size_t	 n = envelope_build(buf, "SBC1", envelope_prelude(ME, 5), 5);
	int	 got;

	(void)state;
	for (size_t i = 1; ; i++) {
		oom_after(i);
		got = envelope_classify(buf, n, ME);
		if (!oom_hit())
			break;
		CHECK(got == ENVELOPE_CORRUPT || got == ENVELOPE_MINE);
	}
	oom_after(0);
	EQ(got, ENVELOPE_MINE);
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(each_magic_is_known),
		cmocka_unit_test(an_envelope_for_somebody_else_is_foreign),
		cmocka_unit_test(a_recipient_is_told_without_regard_to_case),
		cmocka_unit_test(an_envelope_cut_at_any_length_is_corrupt),
		cmocka_unit_test(a_wrong_header_is_corrupt),
		cmocka_unit_test(a_prelude_that_is_not_canonical_is_corrupt),
		cmocka_unit_test(without_memory_an_envelope_is_corrupt),
	};

	return RUN(tests);
}

/*
 * CRC-32 and CRC-32C, both reflected. A register advanced over zero bytes is a
 * linear map, so a long run is cut into three lanes that the CPU's
 * instruction works on at once (it takes three cycles and can start every
 * cycle), and the lanes are joined by advancing the first over the length of
 * the second: four look-ups.
 */
#if defined(__x86_64__)
#define HAS_X86_CRC
#include <nmmintrin.h>
/* clang has the intrinsics only with -march=armv8-a+crc. */
#elif defined(__aarch64__) && \
    (!defined(__clang__) || defined(__ARM_FEATURE_CRC32))
#define HAS_ARM_CRC
#include <arm_acle.h>
#include <sys/auxv.h>
#endif

#include <stdbool.h>
#include <string.h>

#include "base/crc.h"

enum {
	POLY_CRC32 = (int)0xedb88320,
	POLY_CRC32C = (int)0x82f63b78,
	SLICES = 8,
	LANE = 128,		/* three of them are a third of a packet */
};

typedef uint32_t	 slices[SLICES][256];

static slices		 t32, t32c;

static void
make_slices(slices t, uint32_t poly)
{
	for (uint32_t i = 0; i < 256; i++) {
		t[0][i] = i;
		for (int k = 0; k < 8; k++)
			t[0][i] = t[0][i] >> 1 ^ (t[0][i] & 1 ? poly : 0);
	}
	for (int s = 1; s < SLICES; s++)
		for (int i = 0; i < 256; i++)
			t[s][i] = t[s - 1][i] >> 8 ^ t[0][t[s - 1][i] & 255];
}

/* Eight bytes per step, each through the slice of its distance to the end. */
static uint32_t
run_slices(slices t, uint32_t c, const uint8_t *p, size_t n)
{
	for (; n >= 8; p += 8, n -= 8)
		c = t[7][(c ^ p[0]) & 255] ^ t[6][(c >> 8 ^ p[1]) & 255] ^
		    t[5][(c >> 16 ^ p[2]) & 255] ^ t[4][(c >> 24 ^ p[3])] ^
		    t[3][p[4]] ^ t[2][p[5]] ^ t[1][p[6]] ^ t[0][p[7]];
	for (; n > 0; n--)
		c = c >> 8 ^ t[0][(c ^ *p++) & 255];
	return c;
}

uint32_t
crc32_of(const void *p, size_t n)
{
	if (t32[0][1] == 0)
		make_slices(t32, (uint32_t)POLY_CRC32);
	return ~run_slices(t32, UINT32_MAX, p, n);
}

uint32_t
crc32c_table(const void *p, size_t n)
{
	if (t32c[0][1] == 0)
		make_slices(t32c, (uint32_t)POLY_CRC32C);
	return ~run_slices(t32c, UINT32_MAX, p, n);
}

#if defined(HAS_X86_CRC) || defined(HAS_ARM_CRC)

#if defined(HAS_X86_CRC)
#define WITH_CRC	__attribute__((target("sse4.2")))
#define STEP8(c, v)	((uint32_t)_mm_crc32_u64(c, v))
#define STEP1(c, v)	_mm_crc32_u8(c, v)
#define NAME		"sse4.2"

static bool
cpu_has_crc(void)
{
	return __builtin_cpu_supports("sse4.2");
}
#else
#ifdef __clang__
#define WITH_CRC
#else
#define WITH_CRC	__attribute__((target("+crc")))
#endif
#define STEP8(c, v)	__crc32cd(c, v)
#define STEP1(c, v)	__crc32cb(c, v)
#define NAME		"armv8"

static bool
cpu_has_crc(void)
{
	return (getauxval(AT_HWCAP) & 1 << 7) != 0;	/* HWCAP_CRC32 */
}
#endif

static uint32_t		 skip[4][256];	/* a register over LANE zero bytes */

static uint64_t
word(const uint8_t *p)
{
	uint64_t	 v;

	memcpy(&v, p, sizeof(v));
	return v;
}

/* Of 32 single bits by running them, of the rest as sums of those. */
static void
make_skip(void)
{
	static const uint8_t	 zero[LANE];
	uint32_t		 bit;

	crc32c_table(zero, 0);
	for (uint32_t k = 0; k < 4; k++)
		for (uint32_t i = 1; i < 256; i++) {
			bit = i & (0 - i);
			skip[k][i] = skip[k][i ^ bit] ^ (i == bit ?
			    run_slices(t32c, bit << 8 * k, zero, LANE) :
			    skip[k][bit]);
		}
}

static uint32_t
skipped(uint32_t c)
{
	return skip[0][c & 255] ^ skip[1][c >> 8 & 255] ^
	    skip[2][c >> 16 & 255] ^ skip[3][c >> 24];
}

WITH_CRC static uint32_t
run_instruction(const void *data, size_t n)
{
	const uint8_t	*p = data;
	uint32_t	 a = UINT32_MAX, b, c;

	for (; n >= 3 * LANE; p += 3 * LANE, n -= 3 * LANE) {
		b = c = 0;
		for (size_t i = 0; i < LANE; i += 8) {
			a = STEP8(a, word(p + i));
			b = STEP8(b, word(p + LANE + i));
			c = STEP8(c, word(p + 2 * LANE + i));
		}
		a = skipped(skipped(a) ^ b) ^ c;
	}
	for (; n >= 8; p += 8, n -= 8)
		a = STEP8(a, word(p));
	for (; n > 0; n--)
		a = STEP1(a, *p++);
	return ~a;
}

#else
#define NAME		"table"

static bool
cpu_has_crc(void)
{
	return false;
}

static void
make_skip(void)
{
}

#define run_instruction	crc32c_table
#endif

static uint32_t		 choose(const void *, size_t);
static uint32_t		(*chosen)(const void *, size_t) = choose;

static uint32_t
choose(const void *p, size_t n)
{
	chosen = crc32c_table;
	if (cpu_has_crc()) {
		make_skip();
		chosen = run_instruction;
	}
	return chosen(p, n);
}

uint32_t
crc32c(const void *p, size_t n)
{
	return chosen(p, n);
}

const char *
crc32c_path(void)
{
	return cpu_has_crc() ? NAME : "table";
}

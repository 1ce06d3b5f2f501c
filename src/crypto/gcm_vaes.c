/*
 * GHASH works on blocks with their bytes reversed. With G = H * x, kept in
 * place of H, the product of two such numbers needs no shift, and its 256
 * bits are reduced by two multiplications with the constant below (Gueron and
 * Kounavis, "Intel Carry-Less Multiplication Instruction and its Usage for
 * Computing the GCM Mode", 2014). Sixteen blocks are multiplied with G^16 to
 * G^1 and reduced once.
 *
 * Sixteen counter blocks are encrypted while the products of the sixteen
 * before are under way: they do not depend on each other, and the CPU sees it.
 */
#include <string.h>

#include "crypto/gcm_vaes.h"
#include "crypto/hash.h"

#if defined(__x86_64__)

#include <cpuid.h>
#include <immintrin.h>

#define VAES	__attribute__((target("aes,pclmul,ssse3,sse4.1,avx,avx2," \
		    "vaes,vpclmulqdq")))

enum {
	/* bytes: 16 blocks, hashed with one reduction */
	CHUNK = 256,
	HALF = 128,		/* encrypted at a time: 4 registers */
	OSXSAVE = 1 << 27,	/* leaf 1, ecx */
	XCR0_YMM = 0x06,	/* xmm, ymm */
	AVX2 = 1 << 5,					/* leaf 7, ebx */
	VAES_BIT = 1 << 9, VPCLMUL_BIT = 1 << 10,	/* leaf 7, ecx */
};

static unsigned
xcr0(void)
{
	unsigned	 lo, hi;

	__asm__ volatile("xgetbv" : "=a"(lo), "=d"(hi) : "c"(0));
	return lo;
}

bool
gcm_vaes_usable(void)
{
	const unsigned	 c7 = VAES_BIT | VPCLMUL_BIT;
	unsigned	 a, b, c, d;

	if (!__get_cpuid(1, &a, &b, &c, &d) || (c & OSXSAVE) == 0 ||
	    (xcr0() & XCR0_YMM) != XCR0_YMM)
		return false;
	return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b & AVX2) != 0 &&
	    (c & c7) == c7;
}

VAES static inline __m128i
load(const void *p)
{
	return _mm_loadu_si128(p);
}

VAES static inline __m128i
reversed(__m128i v)
{
	return _mm_shuffle_epi8(v, _mm_set_epi8(0, 1, 2, 3, 4, 5, 6, 7, 8, 9,
	    10, 11, 12, 13, 14, 15));
}

/* 256 bits, in lo, mid (to be added in the middle) and hi, to 128. */
VAES static inline __m128i
reduce(__m128i lo, __m128i mid, __m128i hi)
{
	const __m128i	 poly = _mm_set_epi64x((long long)0xc200000000000000,
	    1);

	lo = _mm_xor_si128(lo, _mm_slli_si128(mid, 8));
	hi = _mm_xor_si128(hi, _mm_srli_si128(mid, 8));
	lo = _mm_xor_si128(_mm_shuffle_epi32(lo, 0x4e),
	    _mm_clmulepi64_si128(lo, poly, 0x10));
	lo = _mm_xor_si128(_mm_shuffle_epi32(lo, 0x4e),
	    _mm_clmulepi64_si128(lo, poly, 0x10));
	return _mm_xor_si128(hi, lo);
}

VAES static inline __m128i
multiply(__m128i a, __m128i b)
{
	return reduce(_mm_clmulepi64_si128(a, b, 0x00),
	    _mm_xor_si128(_mm_clmulepi64_si128(a, b, 0x01),
	    _mm_clmulepi64_si128(a, b, 0x10)),
	    _mm_clmulepi64_si128(a, b, 0x11));
}

#define EXPAND(i, rcon)							\
	rk[i] = expand(rk[i - 1], _mm_aeskeygenassist_si128(rk[i - 1], rcon))

VAES static inline __m128i
expand(__m128i k, __m128i t)
{
	k = _mm_xor_si128(k, _mm_slli_si128(k, 4));
	k = _mm_xor_si128(k, _mm_slli_si128(k, 8));
	return _mm_xor_si128(k, _mm_shuffle_epi32(t, 0xff));
}

VAES static void
expand_key(uint8_t out[11][16], const uint8_t *key)
{
	__m128i	 rk[11];

	rk[0] = load(key);
	EXPAND(1, 0x01);
	EXPAND(2, 0x02);
	EXPAND(3, 0x04);
	EXPAND(4, 0x08);
	EXPAND(5, 0x10);
	EXPAND(6, 0x20);
	EXPAND(7, 0x40);
	EXPAND(8, 0x80);
	EXPAND(9, 0x1b);
	EXPAND(10, 0x36);
	memcpy(out, rk, sizeof(rk));
	wipe(rk, sizeof(rk));
}

VAES static inline __m128i
encrypt_block(const struct gcm_vaes *g, __m128i b)
{
	b = _mm_xor_si128(b, load(g->rk[0]));
	for (int i = 1; i < 10; i++)
		b = _mm_aesenc_si128(b, load(g->rk[i]));
	return _mm_aesenclast_si128(b, load(g->rk[10]));
}

/* H * x: a shift by one, and the polynomial if a bit fell out. */
VAES static inline __m128i
times_x(__m128i h)
{
	const __m128i	 poly = _mm_set_epi64x((long long)0xc200000000000000,
	    1);
	__m128i		 fell = _mm_shuffle_epi32(_mm_srai_epi32(h, 31), 0xff);
	__m128i		 carry = _mm_slli_si128(_mm_srli_epi64(h, 63), 8);

	h = _mm_or_si128(_mm_slli_epi64(h, 1), carry);
	return _mm_xor_si128(h, _mm_and_si128(fell, poly));
}

VAES void
gcm_vaes_init(struct gcm_vaes *g, const uint8_t key[16])
{
	__m128i	 h, p;

	memset(g, 0, sizeof(*g));
	expand_key(g->rk, key);
	h = times_x(reversed(encrypt_block(g, _mm_setzero_si128())));
	p = h;
	for (int i = GCM_VAES_POWERS - 1; i >= 0; i--) {
		_mm_storeu_si128((void *)g->power[i], p);
		p = multiply(p, h);
	}
}

/* What sixteen products, or fewer, add up to before their reduction. */
struct sum {
	__m256i	 lo, mid, hi;
};

VAES static inline __m256i
twice(__m128i v)
{
	return _mm256_broadcastsi128_si256(v);
}

VAES static inline __m256i
reversed2(__m256i v)
{
	return _mm256_shuffle_epi8(v, twice(_mm_set_epi8(0, 1, 2, 3, 4, 5, 6,
	    7, 8, 9, 10, 11, 12, 13, 14, 15)));
}

VAES static inline __m256i
load2(const uint8_t *p)
{
	return _mm256_loadu_si256((const void *)p);
}

/* Add the products of two blocks and two powers. */
VAES static inline void
add(struct sum *s, __m256i x, const uint8_t *power)
{
	__m256i	 h = load2(power);

	s->lo = _mm256_xor_si256(s->lo, _mm256_clmulepi64_epi128(x, h, 0x00));
	s->mid = _mm256_xor_si256(s->mid, _mm256_xor_si256(
	    _mm256_clmulepi64_epi128(x, h, 0x01),
	    _mm256_clmulepi64_epi128(x, h, 0x10)));
	s->hi = _mm256_xor_si256(s->hi, _mm256_clmulepi64_epi128(x, h, 0x11));
}

VAES static inline __m128i
fold(__m256i v)
{
	return _mm_xor_si128(_mm256_castsi256_si128(v),
	    _mm256_extracti128_si256(v, 1));
}

VAES static inline __m128i
total(const struct sum *s)
{
	return reduce(fold(s->lo), fold(s->mid), fold(s->hi));
}

/* Counter blocks: the last word is a number, and big-endian when used. */
VAES static inline __m256i
counter_bytes(__m256i c)
{
	return _mm256_shuffle_epi8(c, twice(_mm_set_epi8(12, 13, 14, 15, 11,
	    10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0)));
}

/* Eight blocks of key stream. */
VAES static inline void
key_stream(const struct gcm_vaes *g, __m256i *ctr, __m256i s[4])
{
	const __m256i	 two = twice(_mm_set_epi32(2, 0, 0, 0));
	__m256i		 k = twice(load(g->rk[0]));

	for (int i = 0; i < 4; i++) {
		s[i] = _mm256_xor_si256(counter_bytes(*ctr), k);
		*ctr = _mm256_add_epi32(*ctr, two);
	}
	for (int r = 1; r < 10; r++) {
		k = twice(load(g->rk[r]));
		for (int i = 0; i < 4; i++)
			s[i] = _mm256_aesenc_epi128(s[i], k);
	}
	k = twice(load(g->rk[10]));
	for (int i = 0; i < 4; i++)
		s[i] = _mm256_aesenclast_epi128(s[i], k);
}

/* Eight blocks, encrypted or decrypted where they lie and added to the sum. */
VAES static inline void
half(const struct gcm_vaes *g, __m256i *ctr, struct sum *sum, __m128i y,
    uint8_t *p, const uint8_t *power, bool encrypt)
{
	__m256i	 s[4], in, out;

	key_stream(g, ctr, s);
	for (int i = 0; i < 4; i++) {
		in = load2(p + 32 * i);
		out = _mm256_xor_si256(in, s[i]);
		_mm256_storeu_si256((void *)(p + 32 * i), out);
		in = reversed2(encrypt ? out : in);
		if (i == 0)
			in = _mm256_xor_si256(in, _mm256_zextsi128_si256(y));
		add(sum, in, power + 32 * i);
	}
}

/* Whole chunks; the hash so far in and out. */
VAES static inline __m128i
chunks(const struct gcm_vaes *g, __m256i *ctr, __m128i y, uint8_t *p, size_t n,
    bool encrypt)
{
	struct sum	 sum;

	for (; n >= CHUNK; n -= CHUNK, p += CHUNK) {
		memset(&sum, 0, sizeof(sum));
		half(g, ctr, &sum, y, p, g->power[0], encrypt);
		half(g, ctr, &sum, _mm_setzero_si128(), p + HALF, g->power[8],
		    encrypt);
		y = total(&sum);
	}
	return y;
}

/*
 * What is left, less than a chunk, not nothing: worked on in a copy, whose
 * bytes behind the end are zero when they are hashed.
 */
VAES static inline __m128i
tail(const struct gcm_vaes *g, __m256i *ctr, __m128i y, uint8_t *p, size_t n,
    bool encrypt)
{
	size_t		 at = GCM_VAES_POWERS - (n + 15) / 16;
	uint8_t		 in[CHUNK] = { 0 }, out[CHUNK];
	const uint8_t	*cipher = encrypt ? out : in;
	__m256i		 s[4], x;
	struct sum	 sum;

	memcpy(in, p, n);
	for (size_t i = 0; i < n; i += HALF) {
		key_stream(g, ctr, s);
		for (int k = 0; k < 4; k++)
			_mm256_storeu_si256((void *)(out + i + 32 * k),
			    _mm256_xor_si256(load2(in + i + 32 * k), s[k]));
	}
	memcpy(p, out, n);
	memset(out + n, 0, sizeof(out) - n);
	memset(&sum, 0, sizeof(sum));
	for (size_t i = 0; i < n; i += 32) {
		x = reversed2(load2(cipher + i));
		if (i == 0)
			x = _mm256_xor_si256(x, _mm256_zextsi128_si256(y));
		add(&sum, x, g->power[at] + i);
	}
	return total(&sum);
}

/* Bytes that are only authenticated. */
VAES static inline __m128i
hash(const struct gcm_vaes *g, __m128i y, const uint8_t *p, size_t n)
{
	__m128i	 h = load(g->power[GCM_VAES_POWERS - 1]);
	uint8_t	 b[16];
	size_t	 k;

	for (; n > 0; n -= k, p += k) {
		k = n < 16 ? n : 16;
		memset(b, 0, sizeof(b));
		memcpy(b, p, k);
		y = multiply(_mm_xor_si128(y, reversed(load(b))), h);
	}
	return y;
}

VAES void
gcm_vaes_run(const struct gcm_vaes *g, const uint8_t nonce[12],
    const uint8_t *aad, size_t aadlen, uint8_t *p, size_t n, uint8_t tag[16],
    bool encrypt)
{
	uint8_t	 j0[16] = { [15] = 1 };
	__m256i	 ctr;
	size_t	 whole = n - n % CHUNK;
	__m128i	 bits = _mm_set_epi64x((long long)aadlen * 8,
		     (long long)n * 8), y;

	memcpy(j0, nonce, 12);
	ctr = twice(_mm_insert_epi32(load(j0), 2, 3));
	ctr = _mm256_add_epi32(ctr, _mm256_set_epi32(1, 0, 0, 0, 0, 0, 0, 0));
	y = hash(g, _mm_setzero_si128(), aad, aadlen);
	y = chunks(g, &ctr, y, p, whole, encrypt);
	if (n > whole)
		y = tail(g, &ctr, y, p + whole, n - whole, encrypt);
	y = multiply(_mm_xor_si128(y, bits),
	    load(g->power[GCM_VAES_POWERS - 1]));
	y = _mm_xor_si128(reversed(y), encrypt_block(g, load(j0)));
	_mm_storeu_si128((void *)tag, y);
}

#else

bool
gcm_vaes_usable(void)
{
	return false;
}

void
gcm_vaes_init(struct gcm_vaes *g, const uint8_t key[16])
{
	(void)key;
	memset(g, 0, sizeof(*g));
}

void
gcm_vaes_run(const struct gcm_vaes *g, const uint8_t nonce[12],
    const uint8_t *aad, size_t aadlen, uint8_t *p, size_t n, uint8_t tag[16],
    bool encrypt)
{
	(void)g;
	(void)nonce;
	(void)aad;
	(void)aadlen;
	(void)p;
	(void)n;
	(void)encrypt;
	memset(tag, 0, 16);
}

#endif

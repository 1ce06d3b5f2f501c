#ifndef CRYPTO_GCM_X86_H
#define CRYPTO_GCM_X86_H

/*
 * What the x86 kernels share: one block, by the instructions on 128 bits, and
 * which machine they run on. TARGET is defined before.
 */
#include <immintrin.h>
#include <stdbool.h>
#include <stdint.h>

typedef __m128i	 block;

#define REVERSE		_mm_set_epi8(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, \
			    13, 14, 15)
#define reversed(b)	_mm_shuffle_epi8(b, REVERSE)
#define swapped(b)	_mm_shuffle_epi32(b, 0x4e)
#define mul_lo(a, b)	_mm_clmulepi64_si128(a, b, 0x00)
#define mul_hi(a, b)	_mm_clmulepi64_si128(a, b, 0x11)
#define mul_mid(a, b)	(_mm_clmulepi64_si128(a, b, 0x01) ^ \
			    _mm_clmulepi64_si128(a, b, 0x10))
#define aes_begin(b, k)			((b) ^ (k))
#define aes_round(b, before, k)		_mm_aesenc_si128(b, k)
#define aes_end(b, before, k)		_mm_aesenclast_si128(b, k)

TARGET static inline uint32_t
sub_word(uint32_t w)
{
	return (uint32_t)_mm_cvtsi128_si32(_mm_aeskeygenassist_si128(
	    _mm_set1_epi32((int)w), 0));
}

/* Bits of CPUID, by leaf and register, and of XCR0: what the system saves. */
struct x86_needs {
	unsigned	 xcr0, c1, b7, c7;
};

enum {
	C1_PCLMUL = 1 << 1, C1_SSSE3 = 1 << 9, C1_SSE41 = 1 << 19,
	C1_AES = 1 << 25,
	C1_BLOCK = C1_PCLMUL | C1_SSSE3 | C1_SSE41 | C1_AES,
	B7_AVX2 = 1 << 5, B7_AVX512F = 1 << 16, B7_AVX512BW = 1 << 30,
	C7_VAES = 1 << 9, C7_VPCLMUL = 1 << 10,
	XCR0_YMM = 0x06, XCR0_ZMM = 0xe6,
};

bool	 x86_has(const struct x86_needs *);

#endif

/* Four blocks an instruction: VAES and VPCLMULQDQ on AVX-512's registers. */
#include "crypto/gcm.h"

#if defined(__x86_64__)

#define TARGET	__attribute__((target("aes,pclmul,avx512f,avx512bw,vaes," \
		    "vpclmulqdq")))

#include "crypto/gcm_x86.h"

typedef __m512i	 vec;

enum { REGS = 4 };
#define LANES		4
#define spread		_mm512_broadcast_i32x4
#define first		_mm512_zextsi128_si512
#define v_reversed(v)	_mm512_shuffle_epi8(v, spread(REVERSE))
#define v_mul_lo(a, b)	_mm512_clmulepi64_epi128(a, b, 0x00)
#define v_mul_hi(a, b)	_mm512_clmulepi64_epi128(a, b, 0x11)
#define v_mul_mid(a, b)	(_mm512_clmulepi64_epi128(a, b, 0x01) ^ \
			    _mm512_clmulepi64_epi128(a, b, 0x10))
#define v_begin(v, k)		((v) ^ (k))
#define v_round(v, before, k)	_mm512_aesenc_epi128(v, k)
#define v_end(v, before, k)	_mm512_aesenclast_epi128(v, k)

TARGET static inline block
folded(vec v)
{
	__m256i	 half = _mm512_castsi512_si256(v) ^
	    _mm512_extracti64x4_epi64(v, 1);

	return _mm256_castsi256_si128(half) ^
	    _mm256_extracti128_si256(half, 1);
}

#include "crypto/gcm_pass.h"

static bool
usable(void)
{
	return x86_has(&(struct x86_needs){ .xcr0 = XCR0_ZMM, .c1 = C1_BLOCK,
	    .b7 = B7_AVX2 | B7_AVX512F | B7_AVX512BW,
	    .c7 = C7_VAES | C7_VPCLMUL });
}

const struct gcm_kernel	 gcm_vaes512 = { "vaes512", usable, init, run };

#else

const struct gcm_kernel	 gcm_vaes512 = { "vaes512", gcm_never, NULL, NULL };

#endif

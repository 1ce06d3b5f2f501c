/* Two blocks an instruction: VAES and VPCLMULQDQ on AVX2's registers. */
#include "crypto/gcm.h"

#if defined(__x86_64__)

#define TARGET	__attribute__((target("aes,pclmul,avx2,vaes,vpclmulqdq")))

#include "crypto/gcm_x86.h"

typedef __m256i	 vec;

enum { REGS = 4 };
#define LANES		2
#define spread		_mm256_broadcastsi128_si256
#define first		_mm256_zextsi128_si256
#define folded(v)	(_mm256_castsi256_si128(v) ^ \
			    _mm256_extracti128_si256(v, 1))
#define v_reversed(v)	_mm256_shuffle_epi8(v, spread(REVERSE))
#define v_mul_lo(a, b)	_mm256_clmulepi64_epi128(a, b, 0x00)
#define v_mul_hi(a, b)	_mm256_clmulepi64_epi128(a, b, 0x11)
#define v_mul_mid(a, b)	(_mm256_clmulepi64_epi128(a, b, 0x01) ^ \
			    _mm256_clmulepi64_epi128(a, b, 0x10))
#define v_begin(v, k)		((v) ^ (k))
#define v_round(v, before, k)	_mm256_aesenc_epi128(v, k)
#define v_end(v, before, k)	_mm256_aesenclast_epi128(v, k)

#include "crypto/gcm_pass.h"

static bool
usable(void)
{
	return x86_has(&(struct x86_needs){ .xcr0 = XCR0_YMM, .c1 = C1_BLOCK,
	    .b7 = B7_AVX2, .c7 = C7_VAES | C7_VPCLMUL });
}

const struct gcm_kernel	 gcm_vaes256 = { "vaes256", usable, init, run };

#else

const struct gcm_kernel	 gcm_vaes256 = { "vaes256", gcm_never, NULL, NULL };

#endif

/* One block an instruction: AES and PMULL of ARMv8. */
#include "crypto/gcm.h"

/* clang has the intrinsics only with -march=armv8-a+crypto. */
#if defined(__aarch64__) && defined(__AARCH64EL__) && \
    (!defined(__clang__) || defined(__ARM_FEATURE_AES))

#include <arm_neon.h>
#include <sys/auxv.h>

#ifdef __clang__
#define TARGET
#else
#define TARGET	__attribute__((target("+crypto")))
#endif

typedef uint8x16_t	 block;

enum {
	REGS = 8,
	CAN_AES = 1 << 3, CAN_PMULL = 1 << 4,	/* HWCAP_AES, HWCAP_PMULL */
};
#define LANES	1

TARGET static inline block
swapped(block b)
{
	return vextq_u8(b, b, 8);
}

TARGET static inline block
reversed(block b)
{
	return swapped(vrev64q_u8(b));
}

TARGET static inline block
mul_lo(block a, block b)
{
	return (block)vmull_p64((poly64_t)vgetq_lane_u64((uint64x2_t)a, 0),
	    (poly64_t)vgetq_lane_u64((uint64x2_t)b, 0));
}

TARGET static inline block
mul_hi(block a, block b)
{
	return (block)vmull_high_p64((poly64x2_t)a, (poly64x2_t)b);
}

TARGET static inline block
mul_mid(block a, block b)
{
	return mul_lo(a, swapped(b)) ^ mul_hi(a, swapped(b));
}

#define aes_begin(b, k)	(b)

TARGET static inline block
aes_round(block b, block before, block k)
{
	(void)k;
	return vaesmcq_u8(vaeseq_u8(b, before));
}

TARGET static inline block
aes_end(block b, block before, block k)
{
	return vaeseq_u8(b, before) ^ k;
}

/* With four columns alike there is nothing that ShiftRows could move. */
TARGET static inline uint32_t
sub_word(uint32_t w)
{
	return vgetq_lane_u32((uint32x4_t)vaeseq_u8((block)vdupq_n_u32(w),
	    vdupq_n_u8(0)), 0);
}

#include "crypto/gcm_pass.h"

static bool
usable(void)
{
	const unsigned long	 want = CAN_AES | CAN_PMULL;

	return (getauxval(AT_HWCAP) & want) == want;
}

const struct gcm_kernel	 gcm_armv8 = { "armv8", usable, init, run };

#else

const struct gcm_kernel	 gcm_armv8 = { "armv8", gcm_never, NULL, NULL };

#endif

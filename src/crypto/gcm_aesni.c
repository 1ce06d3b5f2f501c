/* One block an instruction: AES-NI and PCLMULQDQ. */
#include "crypto/gcm.h"

#if defined(__x86_64__)

#define TARGET	__attribute__((target("aes,pclmul,ssse3,sse4.1")))

#include "crypto/gcm_x86.h"

enum { REGS = 8 };
#define LANES	1

#include "crypto/gcm_pass.h"

static bool
usable(void)
{
	return x86_has(&(struct x86_needs){ .c1 = C1_BLOCK });
}

const struct gcm_kernel	 gcm_aesni = { "aesni", usable, init, run };

#else

const struct gcm_kernel	 gcm_aesni = { "aesni", gcm_never, NULL, NULL };

#endif

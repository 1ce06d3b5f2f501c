/* What this CPU can do, and what of its registers the system saves. */
#include "crypto/gcm.h"

#if defined(__x86_64__)

#include <cpuid.h>

#define TARGET	__attribute__((target("aes,pclmul,ssse3,sse4.1")))

#include "crypto/gcm_x86.h"

enum { C1_OSXSAVE = 1 << 27 };

static struct x86_needs
ask(void)
{
	struct x86_needs	 has = { 0 };
	unsigned		 a, b, d, hi;

	if (!__get_cpuid(1, &a, &b, &has.c1, &d))
		has.c1 = 0;
	if ((has.c1 & C1_OSXSAVE) != 0)
		__asm__ volatile("xgetbv" : "=a"(has.xcr0), "=d"(hi) : "c"(0));
	if (!__get_cpuid_count(7, 0, &a, &has.b7, &has.c7, &d))
		has.b7 = has.c7 = 0;
	return has;
}

/* Asked once: a virtual machine takes 12 us to answer each question. */
bool
x86_has(const struct x86_needs *want)
{
	static struct x86_needs	 has;
	static bool		 asked;

	if (!asked)
		has = ask();
	asked = true;
	return (has.xcr0 & want->xcr0) == want->xcr0 &&
	    (has.c1 & want->c1) == want->c1 &&
	    (has.b7 & want->b7) == want->b7 && (has.c7 & want->c7) == want->c7;
}

#endif

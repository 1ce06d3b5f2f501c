/*
 * To be preloaded: a CPU without any extension, of which qemu has none with
 * the rest of it.
 */
#include <sys/auxv.h>

unsigned long
getauxval(unsigned long type)
{
	(void)type;
	return 0;
}

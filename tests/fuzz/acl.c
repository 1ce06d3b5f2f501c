#include "syft/acl.h"
#include "syft/msg.h"

int	 LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	const char	*why;
	struct acl	*a = acl_parse((const char *)p, n, &why);

	if (a != NULL)
		acl_check(a, span_of("a/b/c.txt"), "bob@example.com", ACL_READ);
	acl_free(a);
	return 0;
}

#include <stdlib.h>

#include "flow/check.h"

int	 LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static const struct participant	 who[] = {
		{ "a@x.io", "client1" }, { "b@x.io", "clients" },
		{ "A@x.io", "aggregator" },
	};
	static struct map		 map;
	static struct findings		 found;
	struct spec			 spec;
	struct tree_error		 e;

	if (spec_parse(&spec, (const char *)p, n, &e) == 0 &&
	    map_make(&map, &spec, who, 3)) {
		check_flow(&found, &map, "a@x.io");
		findings_free(&found);
	}
	spec_free(&spec);
	return 0;
}

#include <stdlib.h>

#include "flow/task.h"

int	 LLVMFuzzerTestOneInput(const uint8_t *, size_t);

/* What each step is to one of them, whatever the check says. */
static void
make_tasks(const struct map *m)
{
	struct place		 place = { m, 0, "r", "/d", NULL, "/f", NULL };
	static struct findings	 found;
	struct task		 t;

	for (size_t i = 0; i < m->flow->nsteps; i++) {
		task_make(&t, &place, &m->flow->step[i], "/s", 20000, &found);
		task_free(&t);
	}
	findings_free(&found);
}

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
		make_tasks(&map);
	}
	spec_free(&spec);
	return 0;
}

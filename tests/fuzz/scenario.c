#include <stdlib.h>

#include "scenario/plan.h"

int	 LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct scenario		 sc;
	struct scenario_error	 error;
	struct plan		 plan;
	char			 why[PLAN_WHY], id[RUN_ID];

	if (scenario_parse(&sc, (const char *)p, n, &error) == 0) {
		if (plan_make(&plan, &sc, NULL, NULL, why) == 0)
			plan_free(&plan);
		plan_run_id(id, &sc, "stem", 1770681600);
	}
	scenario_free(&sc);
	return 0;
}

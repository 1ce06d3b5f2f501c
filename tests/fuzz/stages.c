#include <stdio.h>
#include <stdlib.h>

#include "mpc/report.h"

int	 LLVMFuzzerTestOneInput(const uint8_t *, size_t);

/* Two records, the first as long as the first byte says. */
int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct report	 all = { 0 };
	char		 why[REPORT_WHY], *text = NULL;
	size_t		 size, cut = n > 0 ? p[0] * n / 256 : 0;
	FILE		*f = open_memstream(&text, &size);

	if (f == NULL)
		return 0;
	report_add(&all, (const char *)p, cut, why);
	report_add(&all, (const char *)p + cut, n - cut, why);
	report_done(&all);
	for (size_t i = 0; i < all.n; i++) {
		report_table(f, &all.v[i]);
		report_svg(f, &all.v[i]);
		report_json(f, &all.v[i]);
	}
	report_free(&all);
	fclose(f);
	free(text);
	return 0;
}

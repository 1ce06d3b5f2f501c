#include <stdlib.h>

#include "syft/config.h"

int	 LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	char			*text = malloc(n + 1);
	static struct config	 c;
	struct tokens		 t;
	const char		*why;

	if (n > 0)
		memcpy(text, p, n);
	text[n] = '\0';
	config_parse(&c, text, n, &why);
	token_check(text, TOKEN_ACCESS, "a@b.c", 1000, &why);
	token_refresh_reply(&t, text, n);
	free(config_rotated(text, n, "x"));
	free(text);
	return 0;
}

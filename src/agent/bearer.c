#include <stdlib.h>
#include <string.h>

#include "agent/bearer.h"
#include "base/log.h"
#include "crypto/hash.h"

struct bearer {
	struct bearer_conf	 conf;
	char			*access;
};

struct bearer *
bearer_new(const struct bearer_conf *conf)
{
	struct bearer	*b = calloc(1, sizeof(*b));

	if (b == NULL)
		return NULL;
	b->conf = *conf;
	if (conf->access != NULL && *conf->access != '\0')
		b->access = strdup(conf->access);
	return b;
}

void
bearer_free(struct bearer *b)
{
	if (b == NULL)
		return;
	if (b->access != NULL)
		wipe(b->access, strlen(b->access));
	free(b->access);
	free(b);
}

const char *
bearer_access(const struct bearer *b)
{
	return b->access;
}

bool
bearer_ready(struct bearer *b, uint64_t now)
{
	(void)b;
	(void)now;
	return true;
}

void
bearer_refused(struct bearer *b, uint64_t now)
{
	(void)b;
	(void)now;
}

#include <stdlib.h>
#include <string.h>

#include "session/ports.h"

int
ports_add(struct ports *ps, const struct addr *hosts, size_t n)
{
	struct port	*p;

	if (ps->n == PORTS_MAX)
		return -1;
	p = calloc(1, sizeof(*p));
	if (p == NULL)
		return -1;
	p->nhosts = n < ICE_LOCALS ? n : ICE_LOCALS;
	if (p->nhosts > 0)
		memcpy(p->hosts, hosts, p->nhosts * sizeof(*hosts));
	ps->port[ps->n++] = p;
	return 0;
}

void
ports_fini(struct ports *ps)
{
	while (ps->n > 0)
		free(ps->port[--ps->n]);
}

struct port *
ports_free(const struct ports *ps)
{
	for (size_t i = 0; i < ps->n; i++)
		if (ps->port[i]->user == NULL)
			return ps->port[i];
	return NULL;
}

void
ports_release(struct ports *ps, const void *user)
{
	for (size_t i = 0; i < ps->n; i++)
		if (ps->port[i]->user == user)
			ps->port[i]->user = NULL;
}

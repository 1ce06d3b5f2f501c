#include <stdlib.h>
#include <string.h>

#include "session/ports.h"

static void
set_hosts(struct port *p, const struct addr *hosts, size_t n)
{
	p->nhosts = n < ICE_HOSTS ? n : ICE_HOSTS;
	if (p->nhosts > 0)
		memcpy(p->hosts, hosts, p->nhosts * sizeof(*hosts));
}

void
ports_set_hosts(struct ports *ps, const struct addr *hosts, size_t n)
{
	struct addr	 own[ICE_HOSTS];
	size_t		 kept;
	uint16_t	 port;

	for (size_t k = 0; k < ps->n; k++) {
		kept = 0;
		for (size_t i = 0; i < n && kept < ICE_HOSTS; i++) {
			port = k == 0 ? hosts[i].port :
			    ps->port[k]->number[hosts[i].family == 6];
			if (port == 0)
				continue;
			own[kept] = hosts[i];
			own[kept++].port = port;
		}
		set_hosts(ps->port[k], own, kept);
	}
}

const struct port *
ports_of(const struct ports *ps, const void *user)
{
	for (size_t i = 0; i < ps->n; i++)
		if (ps->port[i]->user == user)
			return ps->port[i];
	return NULL;
}

int
ports_add(struct ports *ps, const struct addr *hosts, size_t n)
{
	struct port	*p;

	if (ps->n == PORTS_MAX)
		return -1;
	p = calloc(1, sizeof(*p));
	if (p == NULL)
		return -1;
	set_hosts(p, hosts, n);
	for (size_t i = 0; i < p->nhosts; i++)
		p->number[hosts[i].family == 6] = hosts[i].port;
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

#include <string.h>

#include "support/simnat.h"

static uint16_t
new_port(struct simnat *nat, const struct path *p)
{
	for (unsigned i = 0; i < nat->n; i++)
		if (!nat->symmetric &&
		    addr_equal(&nat->map[i].path.local, &p->local))
			return nat->map[i].port;
	return (uint16_t)(nat->outside.port + nat->n);
}

void
simnat_out(struct simnat *nat, struct path *p)
{
	unsigned	 i;

	if (!addr_same_ip(&p->local, &nat->inside) ||
	    addr_same_ip(&p->remote, &nat->inside))
		return;
	if (nat->one_to_one) {
		memcpy(p->local.ip, nat->outside.ip, sizeof(p->local.ip));
		return;
	}
	for (i = 0; i < nat->n; i++)
		if (path_equal(&nat->map[i].path, p))
			break;
	if (i == nat->n && nat->n < SIMNAT_MAPPINGS) {
		nat->map[i].port = new_port(nat, p);
		nat->map[i].path = *p;
		nat->n++;
	}
	p->local = nat->outside;
	p->local.port = nat->map[i].port;
}

bool
simnat_in(struct simnat *nat, struct path *p)
{
	if (addr_same_ip(&p->local, &nat->inside))
		return addr_same_ip(&p->remote, &nat->inside);
	if (!addr_same_ip(&p->local, &nat->outside))
		return true;
	if (nat->one_to_one) {
		memcpy(p->local.ip, nat->inside.ip, sizeof(p->local.ip));
		return true;
	}
	for (unsigned i = 0; i < nat->n; i++)
		if (nat->map[i].port == p->local.port &&
		    addr_equal(&nat->map[i].path.remote, &p->remote)) {
			p->local = nat->map[i].path.local;
			return true;
		}
	return false;
}

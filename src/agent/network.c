#include <string.h>

#include "agent/network.h"
#include "agent/relays.h"
#include "agent/sockets.h"
#include "agent/state.h"
#include "agent/uplink.h"
#include "base/log.h"
#include "net/udp.h"

/*
 * --bind's addresses, or the interfaces': loopback only if nothing else is, or
 * it was named.
 */
size_t
network_hosts(const struct agent *a, struct addr *to)
{
	struct addr	 found[AGENT_HOSTS * 4];
	size_t		 n = a->conf->nbind, kept = 0;
	bool		 other = false;

	if (n > 0)
		memcpy(found, a->conf->bind, n * sizeof(found[0]));
	else
		n = net_sources(&a->conf->interfaces, a->host, a->nhosts,
		    found, AGENT_HOSTS * 4);
	for (size_t i = 0; i < n; i++)
		other |= !addr_is_loopback(&found[i]);
	for (size_t i = 0; i < n && kept < AGENT_HOSTS; i++) {
		if (a->conf->nbind == 0 && a->conf->interfaces.nonly == 0 &&
		    other && addr_is_loopback(&found[i]))
			continue;
		found[i].port = sockets_port(a->sockets, 0, found[i].family);
		if (found[i].port != 0)
			to[kept++] = found[i];
	}
	return kept;
}

static bool
are_hosts(const struct agent *a, const struct addr *hosts, size_t n)
{
	for (size_t i = 0; i < n && n == a->nhosts; i++)
		if (!addr_equal(&a->host[i], &hosts[i]))
			return false;
	return n == a->nhosts;
}

void
network_changed(void *arg, uint64_t now)
{
	struct agent	*a = arg;
	struct addr	 hosts[AGENT_HOSTS];
	size_t		 n;

	uplink_network(a->uplink, now);
	if (a->sockets == NULL)
		return;
	n = network_hosts(a, hosts);
	if (are_hosts(a, hosts, n))
		return;
	memcpy(a->host, hosts, n * sizeof(hosts[0]));
	a->nhosts = n;
	log_info("network: other addresses now, %zu", n);
	for (struct node *d = a->nodes; d != NULL; d = d->next) {
		party_set_hosts(d->party, now, a->host, n);
		d->dirty = true;
	}
	relays_network(a->relays, now, n);
}

#include "ice/agent.h"

/*
 * What changes while an agent lives. Addresses of ours come and go as
 * interfaces do: a new one is one more candidate, with one that is gone goes
 * what was formed with it, the selected path at once and not when nobody has
 * answered for long. And a network that let nothing through but what was
 * relayed may do so later: as long as the path is relayed, what would be
 * better is tried again now and then, by both sides, and the servers that
 * did not answer are asked again.
 */

static bool
is_listed(const struct addr *a, const struct addr *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (addr_same_ip(a, &list[i]) && a->port == list[i].port)
			return true;
	return false;
}

void
ice_drop(struct ice *ice, uint64_t now, const struct addr *a)
{
	struct addr	 base = pairs_path(&(struct path){ .local = *a }).local;

	pairs_drop_base(ice, &base);
	if (ice->sel.on && addr_equal(&ice->sel.info.path.local, &base))
		consent_lose(ice, now);
}

void
ice_set_hosts(struct ice *ice, uint64_t now, const struct addr *hosts,
    size_t n)
{
	struct addr	 gone[ICE_LOCALS];
	size_t		 ngone = 0;

	for (size_t i = 0; i < ice->nlocal; i++)
		if (ice->local[i].type == ICE_HOST &&
		    !is_listed(&ice->base[i], hosts, n))
			gone[ngone++] = ice->base[i];
	for (size_t i = 0; i < ngone; i++)
		ice_drop(ice, now, &gone[i]);
	for (size_t i = 0; i < n; i++)
		ice_add_host(ice, now, &hosts[i]);
	ice->next_at = earlier(ice->next_at, now);
}

static bool
is_makeshift(const struct ice *ice)
{
	const struct ice_info	*i = &ice->sel.info;

	return ice->sel.on && ice->follows && !ice->conf.lite &&
	    (i->local == ICE_RELAY || i->remote == ICE_RELAY);
}

void
retry_tick(struct ice *ice, uint64_t now)
{
	if (!is_makeshift(ice)) {
		ice->retry_at = NEVER;
		return;
	}
	if (ice->retry_at == NEVER)
		ice->retry_at = now + RETRY;
	if (now < ice->retry_at)
		return;
	ice->retry_at = now + RETRY;
	gather_again(ice, false);
	pairs_retry_above(ice, ice->sel.priority);
}

uint64_t
retry_deadline(const struct ice *ice)
{
	return is_makeshift(ice) ? ice->retry_at : NEVER;
}

#include <string.h>

#include "base/log.h"
#include "ice/agent.h"

/*
 * What became of the checks of each pair: why two hosts do not meet is in
 * there, and nowhere else.
 */

static const char *const states[] = {
	[PAIR_FROZEN]		= "frozen",
	[PAIR_WAITING]		= "waiting",
	[PAIR_CHECKING]		= "checking",
	[PAIR_SUCCEEDED]	= "succeeded",
	[PAIR_FAILED]		= "failed",
};

static void
say(const struct ice *ice, const struct pair *p, const char *what)
{
	char	 local[ADDR_TEXT], remote[ADDR_TEXT];

	log_debug("ice %s: pair %s %s to %s %s: %s", ice->gen.local.ufrag,
	    ice_type_text(p->local), addr_text(&p->path.local, local),
	    ice_type_text(p->remote), addr_text(&p->path.remote, remote),
	    what);
}

void
report_state(const struct ice *ice, const struct pair *p)
{
	say(ice, p, p->state == PAIR_FAILED && p->why != NULL ? p->why :
	    states[p->state]);
}

void
ice_unsendable(struct ice *ice, const struct path *at, const char *why)
{
	struct path	 path = pairs_path(at);
	struct pair	*p = pairs_by_path(ice, &path);

	if (p == NULL || p->why == why)
		return;
	p->why = why;
	say(ice, p, why);
}

static bool
is_selected(const struct ice *ice, const struct pair *p)
{
	return ice->sel.on && path_equal(&ice->sel.info.path, &p->path);
}

static bool
goes_before(const struct ice *ice, const struct pair *a, const struct pair *b)
{
	if (is_selected(ice, a) != is_selected(ice, b))
		return is_selected(ice, a);
	return pairs_priority(ice, a) > pairs_priority(ice, b);
}

/* The pairs in use into p, sorted: few, so by insertion. */
static size_t
sort(const struct ice *ice, const struct pair **p)
{
	size_t	 n = 0, k;

	for (size_t i = 0; i < ice->npair; i++) {
		if (ice->pair[i].id == 0)
			continue;
		for (k = n++; k > 0 && goes_before(ice, &ice->pair[i],
		    p[k - 1]); k--)
			p[k] = p[k - 1];
		p[k] = &ice->pair[i];
	}
	return n;
}

size_t
ice_checks(const struct ice *ice, struct ice_check *c, size_t cap)
{
	const struct pair	*p[ICE_PAIRS];
	size_t			 n = sort(ice, p);

	for (size_t i = 0; i < n && i < cap; i++)
		c[i] = (struct ice_check){
			.path = p[i]->path,
			.local = p[i]->local, .remote = p[i]->remote,
			.state = is_selected(ice, p[i]) ? "selected" :
			    states[p[i]->state],
			.why = p[i]->why,
			.sent = p[i]->sent, .answered = p[i]->answered,
			.heard = p[i]->heard, .rtt = p[i]->rtt,
		};
	return n < cap ? n : cap;
}

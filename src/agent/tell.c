#include "agent/tell.h"
#include "base/log.h"
#include "session/party.h"

static const char *
carrier_text(enum carrier c)
{
	static const char *const	 text[] = {
		[CARRIER_NONE] = "nothing", [CARRIER_P2P] = "direct path",
		[CARRIER_WS] = "relay",
	};

	return text[c];
}

/* A line that the party is the cause of. */
static bool
may_say(struct node *n, uint64_t now)
{
	uint64_t	 left_out;

	if (!chatter_may(&n->chatter, now, &left_out))
		return false;
	if (left_out > 0)
		log_info("party %s: %llu lines left out, as it causes many",
		    party_peer(n->party), (unsigned long long)left_out);
	return true;
}

void
tell(struct node *n, const struct channel *c, uint64_t now, const char *what,
    const char *text)
{
	if (may_say(n, now))
		log_info("%s%s: %s%s", c != NULL ? "link " : "party ",
		    c != NULL ? c->key : party_peer(n->party), what, text);
}

void
tell_carrier(struct channel *c, uint64_t now)
{
	struct link_info	 info;
	char			 local[ADDR_TEXT], remote[ADDR_TEXT];

	link_info(c->link, now, &info);
	if (info.carrier == c->carrier)
		return;
	c->carrier = info.carrier;
	if (!may_say(c->node, now))
		return;
	if (info.carrier != CARRIER_P2P || !info.has_pair) {
		log_info("link %s: carried by %s", c->key,
		    carrier_text(info.carrier));
		return;
	}
	log_info("link %s: carried by direct path, %s to %s", c->key,
	    ice_type_text(info.pair.local), ice_type_text(info.pair.remote));
	log_debug("link %s: %s to %s", c->key,
	    addr_text(&info.pair.path.local, local),
	    addr_text(&info.pair.path.remote, remote));
}

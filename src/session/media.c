/*
 * Links of RTP. Their packets go beside the channels of a connection, as SRTP,
 * and only there: the relay could read them, and would make them late. All
 * links of a pair share its connection and so one space of sources (SSRC). A
 * link's channel says which of them are its own, four bytes each, before the
 * first packet; it carries nothing else.
 */

#include <string.h>

#include "crypto/hash.h"
#include "session/link.h"

enum {
	ROOM = 8, LENGTH = 1300,	/* of a batch, beside the packet */
	TELL = 4,			/* bytes of a source's number */
};

/*
 * For the guard a link is its key, so that one whose marker has changed goes
 * on with the sources it had.
 */
static const void *
owner_of(struct link *l)
{
	uint8_t	 digest[32];

	if (l->dg.owner == 0) {
		sha256(digest, l->canonical, strlen(l->canonical));
		memcpy(&l->dg.owner, digest, sizeof(l->dg.owner));
		l->dg.owner |= 1;
	}
	return (const void *)l->dg.owner;
}

static bool
was_told(const struct link *l, uint32_t ssrc)
{
	for (size_t i = 0; i < l->dg.ntold; i++)
		if (l->dg.told[i] == ssrc)
			return true;
	return false;
}

/* False: the channel takes nothing now. The table forgets the oldest. */
static bool
tell(struct link *l, uint64_t now, struct peer *peer, int channel,
    uint32_t ssrc, struct batch *tx)
{
	struct span	 head = { (uint8_t[TELL]){ (uint8_t)(ssrc >> 24),
			    (uint8_t)(ssrc >> 16), (uint8_t)(ssrc >> 8),
			    (uint8_t)ssrc }, TELL }, none = { NULL, 0 };

	if (l->dg.told_in != channel)
		l->dg.ntold = 0;
	l->dg.told_in = channel;
	if (was_told(l, ssrc))
		return true;
	if (!peer_send(peer, now, (uint16_t)channel, &head, &none, tx))
		return false;
	if (l->dg.ntold == MEDIA_TOLD)
		memmove(l->dg.told, l->dg.told + 1,
		    --l->dg.ntold * sizeof(l->dg.told[0]));
	l->dg.told[l->dg.ntold++] = ssrc;
	return true;
}

/* What whoever makes the packets can do something about; said once each. */
static void
name(struct link *l, struct span s, enum guard_result r)
{
	static const char *const	 text[GUARD_RESULTS] = {
		[GUARD_REPLAYED] = "its sequence number was another "
		    "packet's, or is too old",
		[GUARD_COLLISION] = "another link has this source",
		[GUARD_CROWDED] = "the connection had too many sources",
	};
	struct rtp			 h;
	const char			*why = rtp_parse(&h, s.p, s.n);

	if (l->dg.said[r] || (why == NULL && text[r] == NULL))
		return;
	l->dg.said[r] = true;
	if (why != NULL)
		party_news(l->party, PARTY_EV_INFO, l, "dropped: %s", why);
	else
		party_news(l->party, PARTY_EV_INFO, l, "dropped: of source "
		    "%lu: %s", (unsigned long)h.ssrc, text[r]);
}

/* Too large, or sealed and on its way, or a reason that the peer counts. */
static void
send_one(struct link *l, uint64_t now, struct peer *peer, struct span s,
    uint64_t waited, struct batch *tx)
{
	struct rtp		 h;
	enum guard_result	 r;

	if (!peer_media_fits(peer, s.n)) {
		l->dg.large++;
		return;
	}
	r = peer_send_media(peer, owner_of(l), s.p, s.n, &h, tx);
	if (r != GUARD_OK) {
		name(l, s, r);
		return;
	}
	l->tx_p2p++;
	datagram_sent(l, now, s.n, waited);
}

bool
media_send(struct link *l, uint64_t now, struct batch *tx)
{
	int		 channel;
	struct direct	*d = datagram_direct(l, &channel);
	struct span	 s;
	struct rtp	 h;
	uint64_t	 waited;

	while (datagram_next(l, now, &s, &waited)) {
		if (!batch_room(tx, ROOM, LENGTH + s.n)) {
			l->party->dirty = true;
			return false;
		}
		if (rtp_parse(&h, s.p, s.n) == NULL &&
		    !tell(l, now, d->peer, channel, h.ssrc, tx))
			return false;
		send_one(l, now, d->peer, s, waited, tx);
		dgq_drop(l->dg.up);
	}
	return true;
}

static struct media_source *
find(struct party *p, uint32_t ssrc)
{
	for (size_t i = 0; i < p->nsources; i++)
		if (p->source[i].ssrc == ssrc)
			return &p->source[i];
	return NULL;
}

bool
media_told(struct link *l, struct span s)
{
	struct party		*p = l->party;
	struct rd		 r = rd_of(s.p, s.n);
	uint32_t		 ssrc = rd_u32(&r);
	struct media_source	*m = find(p, ssrc);

	if (r.bad || r.n > 0)
		return false;
	if (m == NULL) {
		if (p->nsources == MEDIA_SOURCES)
			return false;
		m = &p->source[p->nsources++];
	}
	m->ssrc = ssrc;
	m->link = l;
	return true;
}

/*
 * The announcement may come later than the packet; where there is one link of
 * RTP there is nothing to announce. One whose marker names another key has no
 * part in this connection.
 */
static struct link *
only_one(struct party *p)
{
	struct link	*l = NULL;

	for (size_t i = 0; i < p->nlinks; i++) {
		if (!p->link[i]->dg.rtp || !link_trusts(p->link[i]))
			continue;
		if (l != NULL)
			return NULL;
		l = p->link[i];
	}
	return l;
}

void
media_arrived(struct party *p, uint64_t now, const struct peer_event *ev)
{
	struct media_source	*m = find(p, ev->rtp.ssrc);
	struct link		*l = m != NULL ? m->link : only_one(p);

	if (l == NULL)
		p->unannounced++;
	else
		datagram_arrived(l, now, ev->data);
}

void
media_forget(struct link *l)
{
	struct party	*p = l->party;
	size_t		 kept = 0;

	for (size_t i = 0; i < p->nsources; i++)
		if (p->source[i].link != l)
			p->source[kept++] = p->source[i];
	p->nsources = kept;
}

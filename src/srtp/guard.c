/*
 * libsrtp has a context per source, made from a template at its first packet.
 * The header is parsed before it is called, so that it is given nothing that
 * is not RTP or RTCP; and how many contexts it makes is bounded here.
 *
 * libsrtp is let seal a number again, because a sender that is asked for a
 * packet that was lost has to; whether it was the same packet, the tag says,
 * which covers all of it. So the tags of the last WINDOW packets are kept, by
 * their index, which is found as libsrtp finds it. What is older, it refuses.
 */

#include <srtp2/srtp.h>

#include <stdlib.h>
#include <string.h>

#include "crypto/hash.h"
#include "srtp/guard.h"

enum {
	KEY = 16, SALT = 14, TAG = 10,
	WINDOW = 1024,		/* packets: reordering of a fast stream */
	ROUND = 1 << 16,	/* sequence numbers */
};

struct sealed {
	uint64_t	 after;		/* its index + 1; 0: nothing yet */
	uint8_t		 tag[TAG];
};

struct source {
	uint32_t	 ssrc;
	const void	*owner;
	uint64_t	 top;		/* the highest index of RTP */
	struct sealed	*sealed;	/* by index % WINDOW; NULL: no RTP */
};

struct guard {
	srtp_t		 out, in;
	struct source	 ours[GUARD_SOURCES], theirs[GUARD_SOURCES];
	size_t		 nours, ntheirs;
	uint64_t	 count[GUARD_RESULTS];
};

static bool	 started;

static srtp_t
open_way(const uint8_t *key, const uint8_t *salt, srtp_ssrc_type_t type)
{
	uint8_t		 both[KEY + SALT];
	srtp_policy_t	 policy;
	srtp_t		 s = NULL;

	memcpy(both, key, KEY);
	memcpy(both + KEY, salt, SALT);
	memset(&policy, 0, sizeof(policy));
	srtp_crypto_policy_set_aes_cm_128_hmac_sha1_80(&policy.rtp);
	srtp_crypto_policy_set_aes_cm_128_hmac_sha1_80(&policy.rtcp);
	policy.ssrc.type = type;
	policy.key = both;
	policy.window_size = WINDOW;
	policy.allow_repeat_tx = 1;
	if (srtp_create(&s, &policy) != srtp_err_status_ok)
		s = NULL;
	wipe(both, sizeof(both));
	return s;
}

struct guard *
guard_new(bool client, const uint8_t keys[GUARD_KEYS])
{
	const uint8_t	*key[2] = { keys, keys + KEY };
	const uint8_t	*salt[2] = { keys + 2 * KEY, keys + 2 * KEY + SALT };
	int		 ours = client ? 0 : 1;
	struct guard	*g;

	if (!started && srtp_init() != srtp_err_status_ok)
		return NULL;
	started = true;
	g = calloc(1, sizeof(*g));
	if (g == NULL)
		return NULL;
	g->out = open_way(key[ours], salt[ours], ssrc_any_outbound);
	g->in = open_way(key[!ours], salt[!ours], ssrc_any_inbound);
	if (g->out != NULL && g->in != NULL)
		return g;
	guard_free(g);
	return NULL;
}

void
guard_free(struct guard *g)
{
	if (g == NULL)
		return;
	if (g->out != NULL)
		srtp_dealloc(g->out);
	if (g->in != NULL)
		srtp_dealloc(g->in);
	for (size_t i = 0; i < g->nours; i++)
		free(g->ours[i].sealed);
	free(g);
}

static struct source *
find(struct source *s, size_t n, uint32_t ssrc)
{
	for (size_t i = 0; i < n; i++)
		if (s[i].ssrc == ssrc)
			return &s[i];
	return NULL;
}

static enum guard_result
result_of(srtp_err_status_t status)
{
	switch (status) {
	case srtp_err_status_ok:
		return GUARD_OK;
	case srtp_err_status_auth_fail:
		return GUARD_FORGED;
	case srtp_err_status_replay_fail:
	case srtp_err_status_replay_old:
	case srtp_err_status_pkt_idx_old:
		return GUARD_REPLAYED;
	case srtp_err_status_key_expired:
		return GUARD_EXHAUSTED;
	case srtp_err_status_alloc_fail:
		return GUARD_FAILED;
	default:
		return GUARD_MALFORMED;
	}
}

static enum guard_result
count(struct guard *g, enum guard_result r)
{
	g->count[r]++;
	return r;
}

/*
 * RFC 3711 3.3.1, but as libsrtp has it: until half of the first round is
 * over, every number is of the first round.
 */
static uint64_t
index_of(uint64_t top, uint16_t seq)
{
	uint64_t	 round = top / ROUND * ROUND;
	int		 last = (int)(top % ROUND);

	if (top > ROUND / 2 && last < ROUND / 2 && seq - last > ROUND / 2)
		round -= ROUND;
	else if (last - ROUND / 2 > seq)
		round += ROUND;
	return round + seq;
}

static enum guard_result
seal_rtp(struct guard *g, struct source *s, uint16_t seq, uint8_t *p, int *n)
{
	uint64_t		 index = index_of(s->top, seq);
	enum guard_result	 r;
	struct sealed		*x;

	if (s->sealed == NULL)
		s->sealed = calloc(WINDOW, sizeof(*s->sealed));
	if (s->sealed == NULL)
		return GUARD_FAILED;
	r = result_of(srtp_protect(g->out, p, n));
	if (r != GUARD_OK)
		return r;
	x = &s->sealed[index % WINDOW];
	if (x->after == index + 1)
		return memcmp(x->tag, p + *n - TAG, TAG) == 0 ? GUARD_OK :
		    GUARD_REPLAYED;
	x->after = index + 1;
	memcpy(x->tag, p + *n - TAG, TAG);
	if (index > s->top)
		s->top = index;
	return GUARD_OK;
}

enum guard_result
guard_seal(struct guard *g, const void *owner, uint8_t *p, size_t *n,
    struct rtp *h)
{
	struct source		*s;
	enum guard_result	 r;
	int			 len = (int)*n;

	if (rtp_parse(h, p, *n) != NULL)
		return count(g, GUARD_MALFORMED);
	s = find(g->ours, g->nours, h->ssrc);
	if (s != NULL && s->owner != owner)
		return count(g, GUARD_COLLISION);
	if (s == NULL) {
		if (g->nours == GUARD_SOURCES)
			return count(g, GUARD_CROWDED);
		s = &g->ours[g->nours++];
		s->ssrc = h->ssrc;
		s->owner = owner;
	}
	r = h->rtcp ? result_of(srtp_protect_rtcp(g->out, p, &len)) :
	    seal_rtp(g, s, h->seq, p, &len);
	if (r == GUARD_OK)
		*n = (size_t)len;
	return count(g, r);
}

/* Of a packet, what it must have beside what sealing adds. */
static bool
has_head(struct rtp *h, const uint8_t *p, size_t n)
{
	size_t	 grown;

	if (rtp_parse_sealed(h, p, n) != NULL)
		return false;
	grown = h->rtcp ? GUARD_GROWTH : TAG;
	return n >= grown && rtp_parse_sealed(h, p, n - grown) == NULL;
}

enum guard_result
guard_open(struct guard *g, uint8_t *p, size_t *n, struct rtp *h)
{
	struct source		*s;
	enum guard_result	 r;
	int			 len = (int)*n;

	if (!has_head(h, p, *n))
		return count(g, GUARD_MALFORMED);
	s = find(g->theirs, g->ntheirs, h->ssrc);
	if (s == NULL && g->ntheirs == GUARD_SOURCES)
		return count(g, GUARD_CROWDED);
	r = result_of(h->rtcp ? srtp_unprotect_rtcp(g->in, p, &len) :
	    srtp_unprotect(g->in, p, &len));
	if (r != GUARD_OK)
		return count(g, r);
	if (s == NULL)
		g->theirs[g->ntheirs++].ssrc = h->ssrc;
	*n = (size_t)len;
	/* It authenticates, and may make no sense all the same. */
	return count(g, rtp_parse(h, p, *n) == NULL ? GUARD_OK :
	    GUARD_MALFORMED);
}

void
guard_stats(const struct guard *g, uint64_t count_of[GUARD_RESULTS])
{
	memcpy(count_of, g->count, sizeof(g->count));
}

const char *
guard_text(enum guard_result r)
{
	static const char *const	 text[] = {
		[GUARD_OK]		= "ok",
		[GUARD_MALFORMED]	= "malformed",
		[GUARD_FORGED]		= "forged",
		[GUARD_REPLAYED]	= "replayed",
		[GUARD_COLLISION]	= "collision",
		[GUARD_CROWDED]		= "crowded",
		[GUARD_EXHAUSTED]	= "exhausted",
		[GUARD_UNKEYED]		= "unkeyed",
		[GUARD_FAILED]		= "failed",
	};

	return text[r];
}

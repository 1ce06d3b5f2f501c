#include <stdlib.h>
#include <string.h>

#include "rpc/acks.h"
#include "rpc/envelope.h"
#include "rpc/rpc.h"
#include "rpc/when.h"
#include "syft/key.h"

/*
 * Pending requests are in a list, in the order given, and in a hash table of
 * indices plus one, at most half full. Ids are ours, so nobody can choose
 * them to collide.
 */
struct acks {
	char		*me;
	struct pending	*list;
	size_t		 n, cap;
	uint32_t	*table;
	size_t		 slots;		/* a power of two, or 0 */
	uint64_t	 now_ms;
	struct acks_stats stats;
};

static const char *const	 names[ACK_KINDS] = {
	[ACK_NOT_YET]	= "not_yet",
	[ACK_ACKED]	= "acked",
	[ACK_FAILED]	= "failed",
	[ACK_EXPIRED]	= "expired",
	[ACK_FOREIGN]	= "foreign",
	[ACK_ENCRYPTED]	= "encrypted",
	[ACK_CORRUPT]	= "corrupt",
	[ACK_MISMATCH]	= "mismatch",
};

const char *
ack_name(enum ack a)
{
	return names[a];
}

struct acks *
acks_new(const char *me)
{
	struct acks	*a = calloc(1, sizeof(*a));

	if (a != NULL && (a->me = strdup(me)) != NULL)
		return a;
	free(a);
	return NULL;
}

static void
forget_owner(struct pending *p)
{
	if (p->owner != p->recipient)
		free((char *)(uintptr_t)p->owner);
	p->owner = NULL;
}

/* id is the start of the one block that holds all three texts. */
static void
drop(struct pending *p)
{
	forget_owner(p);
	free((char *)(uintptr_t)p->id);
}

void
acks_free(struct acks *a)
{
	if (a == NULL)
		return;
	for (size_t i = 0; i < a->n; i++)
		drop(&a->list[i]);
	free(a->list);
	free(a->table);
	free(a->me);
	free(a);
}

static size_t
hash(const char *s, size_t n)
{
	uint64_t	 h = 0xcbf29ce484222325;	/* FNV-1a */

	for (size_t i = 0; i < n; i++)
		h = (h ^ (uint8_t)s[i]) * 0x100000001b3;
	return (size_t)(h ^ h >> 32);
}

/* The slot that holds the id, or that is free for it. */
static uint32_t *
slot_of(const struct acks *a, const char *id, size_t n)
{
	size_t		 i = hash(id, n) & (a->slots - 1);
	const char	*s;

	for (; a->table[i] != 0; i = (i + 1) & (a->slots - 1)) {
		s = a->list[a->table[i] - 1].id;
		if (strncmp(s, id, n) == 0 && s[n] == '\0')
			break;
	}
	return &a->table[i];
}

struct pending *
acks_find(struct acks *a, const char *id, size_t n)
{
	uint32_t	*slot;

	if (a->slots == 0)
		return NULL;
	slot = slot_of(a, id, n);
	return *slot != 0 ? &a->list[*slot - 1] : NULL;
}

/* Room for one more, in both. */
static int
grow(struct acks *a)
{
	size_t		 cap = a->cap > 0 ? a->cap * 2 : 16;
	struct pending	*list;
	uint32_t	*table;

	if (a->n < a->cap)
		return 0;
	list = realloc(a->list, cap * sizeof(*list));
	if (list == NULL)
		return -1;
	a->list = list;
	table = calloc(cap * 2, sizeof(*table));
	if (table == NULL)
		return -1;
	free(a->table);
	a->table = table;
	a->slots = cap * 2;
	a->cap = cap;
	for (size_t i = 0; i < a->n; i++)
		*slot_of(a, list[i].id, strlen(list[i].id)) = (uint32_t)i + 1;
	return 0;
}

static int
refuse(struct acks *a, const char **why, const char *reason)
{
	a->stats.refused++;
	*why = reason;
	return -1;
}

static bool
is_text(const char *s)
{
	for (; *s != '\0'; s++)
		if ((unsigned char)*s < ' ' || *s == 0x7f)
			return false;
	return true;
}

/* One block: id, recipient, message. */
static int
fill(struct pending *p, const char *id, const char *recipient,
    const char *message)
{
	size_t	 ni = strlen(id) + 1, nr = strlen(recipient) + 1,
		 nm = strlen(message) + 1;
	char	*s = malloc(ni + nr + nm);

	if (s == NULL)
		return -1;
	memset(p, 0, sizeof(*p));
	p->id = memcpy(s, id, ni);
	p->recipient = memcpy(s + ni, recipient, nr);
	p->message = memcpy(s + ni + nr, message, nm);
	return 0;
}

int
acks_add(struct acks *a, const char *id, const char *recipient,
    const char *message, uint64_t sent_ms, const char **why)
{
	if (!rpc_id_valid(id, strlen(id)))
		return refuse(a, why, "the id is not 1 to 128 of "
		    "A-Z a-z 0-9 - _");
	if (recipient[0] != '\0' && !email_valid(recipient))
		return refuse(a, why, "the recipient is not an email");
	if (same_party(recipient, a->me))
		return refuse(a, why, "the recipient is the sender");
	if (strlen(message) > ACKS_MESSAGE || !is_text(message))
		return refuse(a, why, "the message id is too long or not text");
	if (acks_find(a, id, strlen(id)) != NULL)
		return refuse(a, why, "the id was given before");
	if (a->n == ACKS_MAX)
		return refuse(a, why, "too many");
	if (grow(a) == -1 || fill(&a->list[a->n], id, recipient, message) == -1)
		return refuse(a, why, "out of memory");
	a->list[a->n].sent_ms = sent_ms;
	*slot_of(a, id, strlen(id)) = (uint32_t)++a->n;
	return 0;
}

int
acks_add_line(struct acks *a, const char *line, size_t n, const char **why)
{
	char		 buf[ACKS_LINE + 1], *field[4], *s = buf;
	uint64_t	 ms = 0;

	if (n > ACKS_LINE)
		return refuse(a, why, "the line is too long");
	if (memchr(line, '\0', n) != NULL)
		return refuse(a, why, "the line has a NUL byte");
	memcpy(buf, line, n);
	buf[n] = '\0';
	for (size_t i = 0; i < 4; i++) {
		field[i] = s;
		s += strcspn(s, "\t");
		if (*s != '\0' && i == 3)
			return refuse(a, why, "the line has too many fields");
		if (*s != '\0')
			*s++ = '\0';
	}
	if (field[3][0] != '\0' && when_parse(&ms, field[3]) == -1)
		return refuse(a, why, "the time is not that of RFC 3339");
	return acks_add(a, field[0], field[1], field[2], ms, why);
}

size_t
acks_count(const struct acks *a)
{
	return a->n;
}

struct pending *
acks_at(struct acks *a, size_t i)
{
	return &a->list[i];
}

void
acks_begin(struct acks *a, uint64_t unix_ms)
{
	uint64_t	 refused = a->stats.refused;

	memset(&a->stats, 0, sizeof(a->stats));
	a->stats.refused = refused;
	a->now_ms = unix_ms;
	for (size_t i = 0; i < a->n; i++) {
		a->list[i].ack = ACK_NOT_YET;
		a->list[i].status = 0;
		a->list[i].quiet = false;
		a->list[i].told_mtime = a->list[i].bad_mtime;
		a->list[i].file.known = false;
		forget_owner(&a->list[i]);
	}
}

static bool
is_late(const struct acks *a, const struct pending *p)
{
	return p->sent_ms != 0 && a->now_ms > p->sent_ms &&
	    a->now_ms - p->sent_ms > RPC_DAY_MS;
}

void
acks_end(struct acks *a)
{
	struct pending	*p;

	a->stats.pending = a->n;
	for (size_t i = 0; i < a->n; i++) {
		p = &a->list[i];
		if (!ack_accepted(p->ack) && is_late(a, p))
			p->ack = ACK_EXPIRED;
		a->stats.by[p->ack]++;
	}
}

/* An answer that counts stays; of the others the last is told, once. */
static enum ack
decide(struct pending *p, enum ack ack, uint64_t mtime)
{
	if (ack_accepted(p->ack))
		return ack;
	p->ack = ack;
	p->quiet = mtime != 0 && mtime == p->told_mtime;
	p->bad_mtime = mtime;
	return ack;
}

enum ack
acks_bad(struct acks *a, struct pending *p, uint64_t mtime)
{
	(void)a;
	return decide(p, ACK_CORRUPT, mtime);
}

/* The first one counts. */
static enum ack
accept(struct pending *p, const char *owner, unsigned status)
{
	if (ack_accepted(p->ack))
		return p->ack;
	p->owner = p->recipient[0] != '\0' ? p->recipient : strdup(owner);
	if (p->owner == NULL)
		return p->ack;		/* out of memory: not yet */
	p->status = status;
	return p->ack = status == RPC_OK ? ACK_ACKED : ACK_FAILED;
}

enum ack
acks_plain(struct acks *a, struct pending *p, const char *owner,
    const void *bytes, size_t n, uint64_t mtime)
{
	const char	*why;
	struct rpc	 r;
	unsigned	 status;
	bool		 same;

	if (rpc_parse(&r, RPC_RESPONSE, bytes, n, &why) == -1)
		return acks_bad(a, p, mtime);
	same = strcmp(r.id, p->id) == 0 && same_party(r.sender, owner) &&
	    (p->recipient[0] == '\0' || same_party(r.sender, p->recipient));
	status = r.status;
	rpc_fini(&r);
	return same ? accept(p, owner, status) :
	    decide(p, ACK_MISMATCH, mtime);
}

enum ack
acks_file(struct acks *a, struct pending *p, const char *owner,
    const void *bytes, size_t n, uint64_t mtime)
{
	switch (envelope_classify(bytes, n, a->me)) {
	case ENVELOPE_NONE:
		return acks_plain(a, p, owner, bytes, n, mtime);
	case ENVELOPE_MINE:
		return decide(p, ACK_ENCRYPTED, mtime);
	case ENVELOPE_FOREIGN:
		return decide(p, ACK_FOREIGN, mtime);
	case ENVELOPE_CORRUPT:
		break;
	}
	return acks_bad(a, p, mtime);
}

void
acks_looked(struct acks *a)
{
	a->stats.looked_up++;
}

void
acks_skipped(struct acks *a)
{
	a->stats.unrelated_skipped++;
}

void
acks_stats(const struct acks *a, struct acks_stats *s)
{
	*s = a->stats;
}

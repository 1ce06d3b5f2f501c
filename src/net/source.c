#include <linux/if_addr.h>

#include <string.h>

#include "net/source.h"

enum { HEX = 32 };		/* an address, in digits */

static int
digit(char c)
{
	const char	*all = "0123456789abcdef";
	const char	*p = c == '\0' ? NULL : strchr(all, c);

	return p == NULL ? -1 : (int)(p - all);
}

/* Digits and the space that ends them; their count limits the value. */
static int
field(const char **p, const char *end, size_t most, uint32_t *v)
{
	size_t	 n = 0;
	int	 d;

	for (*v = 0; *p < end && (d = digit(**p)) != -1; (*p)++) {
		if (n++ == most)
			return -1;
		*v = *v << 4 | (uint32_t)d;
	}
	if (n == 0 || *p == end || **p != ' ')
		return -1;
	while (*p < end && **p == ' ')
		(*p)++;
	return 0;
}

static int
address(struct addr *a, const char *line, size_t len)
{
	if (len <= HEX || line[HEX] != ' ')
		return -1;
	a->family = 6;
	for (size_t i = 0; i < HEX; i += 2) {
		int	 high = digit(line[i]), low = digit(line[i + 1]);

		if (high == -1 || low == -1)
			return -1;
		a->ip[i / 2] = (uint8_t)(high << 4 | low);
	}
	return 0;
}

/* Address, index, length of the prefix, scope, flags, name. */
int
source_parse(struct source *s, const char *line, size_t len)
{
	struct source	 out = { .device = 0 };
	const char	*p, *end = line + len;
	uint32_t	 prefix, scope, flags;

	if (address(&out.addr, line, len) == -1)
		return -1;
	p = line + HEX + 1;
	if (field(&p, end, 8, &out.device) == -1 ||
	    field(&p, end, 2, &prefix) == -1 ||
	    field(&p, end, 2, &scope) == -1 ||
	    field(&p, end, 2, &flags) == -1 || p == end)
		return -1;
	out.flags = (uint8_t)flags;
	if (addr_is_linklocal(&out.addr))
		out.addr.scope = out.device;
	*s = out;
	return 0;
}

/* The far-reaching first: a host of containers has a link for each. */
enum reach { ANYWHERE, LINK, HOST };

static enum reach
reach(const struct addr *a)
{
	return addr_is_loopback(a) ? HOST : addr_is_linklocal(a) ? LINK :
	    ANYWHERE;
}

static bool
is_deprecated(const struct source *s)
{
	return (s->flags & IFA_F_DEPRECATED) != 0;
}

static bool
is_temporary(const struct source *s)
{
	return (s->flags & IFA_F_TEMPORARY) != 0;
}

/* An optimistic address is sent from while it is tested (RFC 4429). */
static bool
works(const struct source *s)
{
	return !(s->flags & IFA_F_DADFAILED) &&
	    (!(s->flags & IFA_F_TENTATIVE) || s->flags & IFA_F_OPTIMISTIC);
}

/* fec0::/10 was local to a site, ::/96 had an address of IPv4 in it. */
static bool
is_abolished(const struct addr *a)
{
	static const uint8_t	 zero[12];

	return a->family == 6 && !addr_is_loopback(a) &&
	    ((a->ip[0] == 0xfe && (a->ip[1] & 0xc0) == 0xc0) ||
	    memcmp(a->ip, zero, sizeof(zero)) == 0);
}

/* Modified EUI-64 of a MAC address (RFC 4291, appendix A). */
static bool
shows_hardware(const struct addr *a)
{
	return a->family == 6 && a->ip[11] == 0xff && a->ip[12] == 0xfe;
}

/* Is y what x should give way to. */
static bool
yields(const struct source *x, const struct source *y)
{
	if (!works(y) || is_deprecated(y) ||
	    x->addr.family != y->addr.family ||
	    reach(&x->addr) != reach(&y->addr))
		return false;
	return is_deprecated(x) || (shows_hardware(&x->addr) &&
	    is_temporary(y) && x->device == y->device &&
	    memcmp(x->addr.ip, y->addr.ip, 8) == 0);
}

static bool
is_wanted(const struct source *x, const struct source *all, size_t n,
    bool in_use)
{
	if (!works(x) || is_abolished(&x->addr))
		return false;
	for (size_t i = 0; i < n && !in_use; i++)
		if (yields(x, &all[i]))
			return false;
	return true;
}

/* The less, the better. */
static unsigned
rank(const struct source *s, bool wanted)
{
	unsigned	 quality = is_deprecated(s) ? 3 :
			     s->flags & IFA_F_OPTIMISTIC ? 2 :
			     is_temporary(s) ? 0 : 1;

	return (unsigned)!wanted << 8 | (unsigned)reach(&s->addr) << 4 |
	    (s->addr.family == 6 ? 1u << 2 : 0) | quality;
}

/* By insertion, which leaves equals as the system told them. */
static void
put_in_order(struct source *s, unsigned *r, size_t n)
{
	for (size_t i = 1; i < n; i++) {
		struct source	 x = s[i];
		unsigned	 at = r[i];
		size_t		 k = i;

		for (; k > 0 && r[k - 1] > at; k--) {
			s[k] = s[k - 1];
			r[k] = r[k - 1];
		}
		s[k] = x;
		r[k] = at;
	}
}

size_t
source_choose(struct source *s, size_t n, const struct addr *in_use,
    size_t nin_use)
{
	unsigned	 r[SOURCES];
	size_t		 kept = 0;
	bool		 wanted;

	n = n < SOURCES ? n : SOURCES;
	for (size_t i = 0; i < n; i++) {
		wanted = is_wanted(&s[i], s, n,
		    addr_ip_among(&s[i].addr, in_use, nin_use));
		r[i] = rank(&s[i], wanted);
		kept += wanted;
	}
	put_in_order(s, r, n);
	return kept;
}

#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "base/bytes.h"
#include "base/hex.h"
#include "peer/fmtp.h"

/* RFC 6184 8.1: profile_idc, profile-iop, level_idc, two digits each. */
static int
byte_of(const struct span *v, size_t i)
{
	int	 high, low;

	if (v->n < 2 * i + 2)
		return -1;
	high = hex_digit((char)v->p[2 * i]);
	low = hex_digit((char)v->p[2 * i + 1]);
	return high < 0 || low < 0 ? -1 : high << 4 | low;
}

/* Its table 5: Constrained Baseline has more than one number. */
static int
h264_profile(const struct span *v)
{
	enum { BASELINE = 0x42, MAIN = 0x4d, EXTENDED = 0x58 };
	int	 idc = byte_of(v, 0), iop = byte_of(v, 1);

	if (idc < 0 || iop < 0)
		return -1;
	if ((idc == BASELINE && iop & 0x40) || (idc == MAIN && iop & 0x80) ||
	    (idc == EXTENDED && (iop & 0xc0) == 0xc0))
		return BASELINE << 8 | 0x40;
	return idc << 8 | iop;
}

static bool
same_profile(const struct span *a, const struct span *b)
{
	return h264_profile(a) >= 0 && h264_profile(a) == h264_profile(b);
}

static bool
same_text(const struct span *a, const struct span *b)
{
	return a->n == b->n && strncasecmp((const char *)a->p,
	    (const char *)b->p, a->n) == 0;
}

static const struct {
	const char	*name;
	const char	*absent;	/* what it then is */
	bool		(*same)(const struct span *, const struct span *);
} formats[] = {
	{ "packetization-mode", "0", same_text },
	{ "profile-level-id", "42000a", same_profile },
	{ "profile-id", "0", same_text },
	{ "profile", "0", same_text },
};

static struct span
text(const char *s, size_t n)
{
	return (struct span){ (uint8_t *)(uintptr_t)s, n };
}

/* The value of a parameter; false: it is not there. */
static bool
find(struct span s, const char *name, struct span *v)
{
	size_t	 len = strlen(name), n;
	uint8_t	*end;

	while (s.n > 0) {
		end = memchr(s.p, ';', s.n);
		n = end != NULL ? (size_t)(end - s.p) : s.n;
		*v = (struct span){ s.p, n };
		s.p += n + (end != NULL);
		s.n -= n + (end != NULL);
		while (v->n > 0 && *v->p == ' ') {
			v->p++;
			v->n--;
		}
		if (v->n > len && v->p[len] == '=' &&
		    strncasecmp((const char *)v->p, name, len) == 0) {
			v->p += len + 1;
			v->n -= len + 1;
			return true;
		}
	}
	return false;
}

unsigned
fmtp_alike(const char *ours, const char *theirs, size_t n)
{
	struct span	 a, b;
	unsigned	 alike = 0;

	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
		if (!find(text(ours, strlen(ours)), formats[i].name, &a))
			continue;
		if (!find(text(theirs, n), formats[i].name, &b))
			b = text(formats[i].absent, strlen(formats[i].absent));
		alike += formats[i].same(&a, &b);
	}
	return alike;
}

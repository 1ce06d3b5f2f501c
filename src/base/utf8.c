#include <string.h>

#include "base/utf8.h"

/* RFC 3629 section 4: only the byte after the first has a range of its own. */
static bool
start(struct utf8 *u, uint8_t c)
{
	u->lo = 0x80;
	u->hi = 0xbf;
	if (c < 0x80)
		return true;
	if (c < 0xc2 || c > 0xf4)
		return false;
	u->need = c < 0xe0 ? 1 : c < 0xf0 ? 2 : 3;
	if (c == 0xe0)
		u->lo = 0xa0;
	else if (c == 0xed)
		u->hi = 0x9f;
	else if (c == 0xf0)
		u->lo = 0x90;
	else if (c == 0xf4)
		u->hi = 0x8f;
	return true;
}

static size_t
ascii_run(const uint8_t *p, size_t n)
{
	uint64_t	 v;
	size_t		 i = 0;

	for (; n - i >= sizeof(v); i += sizeof(v)) {
		memcpy(&v, p + i, sizeof(v));
		if ((v & 0x8080808080808080) != 0)
			break;
	}
	return i;
}

bool
utf8_feed(struct utf8 *u, const void *text, size_t n)
{
	const uint8_t	*p = text, *end = p + n;

	while (p < end) {
		if (u->need == 0) {
			p += ascii_run(p, (size_t)(end - p));
			if (p < end && !start(u, *p++))
				return false;
			continue;
		}
		if (*p < u->lo || *p > u->hi)
			return false;
		u->lo = 0x80;
		u->hi = 0xbf;
		u->need--;
		p++;
	}
	return true;
}

bool
utf8_valid(const void *text, size_t n)
{
	struct utf8	 u = { 0, 0, 0 };

	return n == 0 || (utf8_feed(&u, text, n) && utf8_done(&u));
}

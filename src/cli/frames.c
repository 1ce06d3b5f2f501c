/*
 * Word i of a frame's payload is mix(start + i * STEP), with a start per
 * frame and key: a counter and one multiplication, so that any word can be
 * made alone. Words are in the machine's order: one process makes and checks.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli/frames.h"

enum { HEADER = 4 };

static const uint64_t	 STEP = 0x9e3779b97f4a7c15, MIX = 0xd6e8feb86659fd93;

static uint64_t
mix(uint64_t x)
{
	x ^= x >> 32;
	x *= MIX;
	return x ^ x >> 29;
}

static uint64_t
start_of(const struct frames *f)
{
	return mix(mix(f->key + f->frame * STEP) + f->key);
}

static uint8_t
byte_at(uint64_t start, uint64_t offset)
{
	uint64_t	 w = mix(start + offset / 8 * STEP);
	uint8_t		 b[8];

	memcpy(b, &w, 8);
	return b[offset % 8];
}

static void
make_payload(uint64_t start, uint64_t offset, uint8_t *p, size_t n)
{
	uint64_t	 c, w;

	for (; n > 0 && offset % 8 != 0; n--)
		*p++ = byte_at(start, offset++);
	c = start + offset / 8 * STEP;
	offset += n / 8 * 8;
	for (; n >= 8; n -= 8, p += 8, c += STEP) {
		w = mix(c);
		memcpy(p, &w, 8);
	}
	for (; n > 0; n--)
		*p++ = byte_at(start, offset++);
}

/* Not zero if anything differs. */
static uint64_t
differs(uint64_t start, uint64_t offset, const uint8_t *p, size_t n)
{
	uint64_t	 diff = 0, c, w;

	for (; n > 0 && offset % 8 != 0; n--)
		diff |= (uint64_t)(*p++ ^ byte_at(start, offset++));
	c = start + offset / 8 * STEP;
	offset += n / 8 * 8;
	for (; n >= 8; n -= 8, p += 8, c += STEP) {
		memcpy(&w, p, 8);
		diff |= w ^ mix(c);
	}
	for (; n > 0; n--)
		diff |= (uint64_t)(*p++ ^ byte_at(start, offset++));
	return diff;
}

void
frames_init(struct frames *f, uint64_t key, uint64_t count, uint32_t size)
{
	memset(f, 0, sizeof(*f));
	f->key = key;
	f->count = count;
	f->size = size;
}

bool
frames_done(const struct frames *f)
{
	return f->frame == f->count;
}

static uint8_t
header_byte(const struct frames *f)
{
	return (uint8_t)(f->size >> 8 * (HEADER - 1 - f->at));
}

static void
advance(struct frames *f, size_t n)
{
	f->at += n;
	if (f->at == HEADER + (uint64_t)f->size) {
		f->at = 0;
		f->frame++;
	}
}

/* How much of n bytes belongs to the payload that is under way. */
static size_t
piece(const struct frames *f, size_t n)
{
	uint64_t	 left = HEADER + (uint64_t)f->size - f->at;

	return left < n ? (size_t)left : n;
}

size_t
frames_make(struct frames *f, uint8_t *p, size_t cap)
{
	size_t	 done = 0, n;

	for (; done < cap && !frames_done(f); done += n) {
		n = 1;
		if (f->at < HEADER)
			p[done] = header_byte(f);
		else {
			n = piece(f, cap - done);
			make_payload(start_of(f), f->at - HEADER, p + done, n);
		}
		advance(f, n);
	}
	return done;
}

static int
wrong_payload(const struct frames *f, const uint8_t *p, size_t n, char *why)
{
	uint64_t	 offset = f->at - HEADER, start = start_of(f);
	size_t		 i = 0;

	while (i < n && p[i] == byte_at(start, offset + i))
		i++;
	snprintf(why, FRAMES_WHY, "frame %" PRIu64 " differs at byte %" PRIu64,
	    f->frame + 1, offset + i);
	return -1;
}

int
frames_check(struct frames *f, const uint8_t *p, size_t n, char *why)
{
	size_t	 k;

	for (; n > 0; n -= k, p += k) {
		if (frames_done(f)) {
			snprintf(why, FRAMES_WHY, "%zu bytes too many", n);
			return -1;
		}
		k = 1;
		if (f->at < HEADER && *p != header_byte(f)) {
			snprintf(why, FRAMES_WHY, "frame %" PRIu64
			    " has a wrong length", f->frame + 1);
			return -1;
		}
		if (f->at >= HEADER) {
			k = piece(f, n);
			if (differs(start_of(f), f->at - HEADER, p, k) != 0)
				return wrong_payload(f, p, k, why);
		}
		advance(f, k);
	}
	return 0;
}

#include <stdlib.h>
#include <string.h>

#include "session/flow.h"

int	 LLVMFuzzerTestOneInput(const uint8_t *, size_t);

enum { T0 = 1000000 };

/* The local side does what it is told, and not all of it. */
static void
turn(struct flow *f, uint64_t now, uint8_t mood)
{
	struct flow_event	 ev;
	struct hlnk2		 h;
	struct span		 s;

	while (flow_event(f, now, &ev))
		if (ev.type == FLOW_EV_WRITE)
			flow_wrote(f, now, mood & 1 ? ev.data.n : 0);
	if (mood & 2 && flow_attachable(f))
		flow_attach(f, now);
	s = flow_space(f);
	if (mood & 4 && s.n > 0) {
		s.p[0] = mood;
		flow_filled(f, now, 1);
	}
	if ((mood & 0x18) == 0x18)
		flow_local_eof(f, now);
	if (mood & 0x20) {
		while (flow_control(f, now, &h))
			flow_sent(f, now, &h);
		while (flow_data(f, now, 100, &h))
			flow_sent(f, now, &h);
	}
	s = flow_pending(f);
	if (mood & 0x40 && s.n > 0)
		flow_wrote(f, now, s.n);
	if (mood & 0x80)
		flow_rewind(f, now);
}

/*
 * A mood, a length, that many bytes after "HLNK", version 2 and a type below
 * 4: so that what is explored is the machine and not the magic.
 */
int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct flow_conf	 conf = { .window = FLOW_INITIAL };
	struct flow		*f = flow_new(&conf);
	uint64_t		 now = T0;
	uint8_t			*frame;
	size_t			 len;

	while (n >= 3) {
		len = p[1] < n - 2 ? p[1] : n - 2;
		frame = malloc(5 + len);
		memcpy(frame, "HLNK\2", 5);
		memcpy(frame + 5, p + 2, len);
		if (len > 0)
			frame[5] &= 3;
		flow_input(f, now, frame, 5 + len);
		turn(f, now, p[0]);
		free(frame);
		now += (uint64_t)p[0] * 300;
		p += 2 + len;
		n -= 2 + len;
	}
	flow_free(f);
	return 0;
}

#include <stdlib.h>

#include "peer/sdp.h"

int	 LLVMFuzzerTestOneInput(const uint8_t *, size_t);

/* Any text as a description; what is read can be written and read again. */
int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static struct sdp	 s, again;
	static char		 text[2 * SDP_TEXT];
	static const struct sdp_media	 media = {
		.video = true, .pt = 96, .codec = "H264", .clock = 90000,
		.fmtp = "packetization-mode=1;profile-level-id=42e01f",
	};
	const char		*why;
	int			 len;

	if (sdp_decode_media(&s, &media, (const char *)p, n, &why) == 0) {
		len = sdp_encode_media(&s, &s, &media, 1, text, sizeof(text));
		if (len >= 0 && len <= SDP_TEXT && sdp_decode_media(&again,
		    &media, text, (size_t)len, &why) == -1)
			abort();
	}

	if (sdp_decode(&s, (const char *)p, n, &why) == -1)
		return 0;
	len = sdp_encode(&s, false, 1, text, sizeof(text));
	if (len < 0 || (len <= SDP_TEXT &&
	    sdp_decode(&again, text, (size_t)len, &why) == -1))
		abort();
	return 0;
}

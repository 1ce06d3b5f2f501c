#include "base/bytes.h"
#include "sctp/packet.h"

enum {
	COMMON = 12,		/* the header of every packet */
	CHUNK = 4,
	INIT = 1,		/* chunk type */
};

bool
packet_has_init(const uint8_t *p, size_t n, uint32_t *tag)
{
	struct rd	 r = rd_of(p, n);
	uint16_t	 len;
	uint8_t		 type;

	rd_span(&r, COMMON);
	while (r.n >= CHUNK) {
		type = rd_u8(&r);
		rd_u8(&r);
		len = rd_u16(&r);
		if (type == INIT) {
			*tag = rd_u32(&r);
			return true;
		}
		if (len < CHUNK)
			return false;
		rd_span(&r, ((size_t)len + 3) / 4 * 4 - CHUNK);
	}
	return false;
}

#include <stdlib.h>

#include "base/time.h"
#include "flow/peers.h"

int	 LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static const struct participant	 who[] = {
		{ "a@x.io", "aggregator" }, { "b@x.io", "client1" },
	};
	static struct peers		 peers;
	char				 why[PEERS_WHY];

	peers_init(&peers, "r1", SEC, who, 2, 0);
	peers_beat(&peers, 1, (const char *)p, n, 0);
	peers_state(&peers, 1, (const char *)p, n);
	peers_step(&peers, 1, (const char *)p, n);
	peers_lost(&peers, 2 * SEC, why);
	peers_done(&peers, 3, "gen");
	peers_free(&peers);
	return 0;
}

#include <inttypes.h>

#include "base/time.h"
#include "mpc/stages.h"

static const char *const	 names[STAGES] = {
	[STAGE_CONNECT] = "connect", [STAGE_KEY_SETUP] = "key_setup",
	[STAGE_SHARE_GENERATION] = "share_generation",
	[STAGE_EXCHANGE] = "exchange", [STAGE_AGGREGATE] = "aggregate",
	[STAGE_REVEAL] = "reveal", [STAGE_WRITE] = "write",
	[STAGE_TOTAL] = "total",
};

const char *
stage_name(enum stage s)
{
	return names[s];
}

void
stages_add(struct stages *s, enum stage i, const struct amounts *before,
    const struct amounts *after)
{
	struct amounts	*a = &s->v[i];

	if (s->to[i] == 0)
		s->from[i] = before->at;
	s->to[i] = after->at;
	a->at += after->at - before->at;
	a->tx += after->tx - before->tx;
	a->rx += after->rx - before->rx;
	a->tx_msgs += after->tx_msgs - before->tx_msgs;
	a->rx_msgs += after->rx_msgs - before->rx_msgs;
	for (int k = 0; k < STAGE_PARTIES; k++)
		a->waited[k] += after->waited[k] - before->waited[k];
}

static double
ms(uint64_t us)
{
	return (double)us / MS;
}

static double
seconds(uint64_t us)
{
	return (double)us / SEC;
}

static uint64_t
waited(const struct amounts *a)
{
	uint64_t	 sum = 0;

	for (int k = 0; k < STAGE_PARTIES; k++)
		sum += a->waited[k];
	return sum;
}

void
stages_record(FILE *f, const struct stages *s, enum stage i,
    const struct stage_owner *who)
{
	const struct amounts	*a = &s->v[i];

	if (s->to[i] == 0)
		return;
	fprintf(f, "{\"t_ms\":%.3f,\"party\":%u,\"run\":\"%s\","
	    "\"step\":\"%s\",\"stage\":\"%s\",\"from_ms\":%.3f,"
	    "\"dur_ms\":%.3f,\"tx_bytes\":%" PRIu64 ",\"rx_bytes\":%" PRIu64
	    ",\"tx_msgs\":%" PRIu64 ",\"rx_msgs\":%" PRIu64
	    ",\"wait_ms\":%.3f,\"waits_ms\":[", ms(s->to[i]), who->party,
	    who->run, who->step, names[i], ms(s->from[i]), ms(a->at), a->tx,
	    a->rx, a->tx_msgs, a->rx_msgs, ms(waited(a)));
	for (int k = 0; k < STAGE_PARTIES; k++)
		fprintf(f, "%s%.3f", k > 0 ? "," : "", ms(a->waited[k]));
	fprintf(f, "]}\n");
}

static void
metric(FILE *f, const char *name, uint64_t us)
{
	fprintf(f, "METRIC %s %.6f\n", name, seconds(us));
}

void
stages_table(FILE *f, const struct stages *s)
{
	const struct amounts	*a = s->v;

	fprintf(f, "%-17s %10s %10s %14s %14s %8s %8s\n", "stage", "ms",
	    "waiting", "bytes sent", "received", "messages", "received");
	for (int i = 0; i < STAGES; i++)
		if (s->to[i] != 0)
			fprintf(f, "%-17s %10.3f %10.3f %14" PRIu64 " %14"
			    PRIu64 " %8" PRIu64 " %8" PRIu64 "\n", names[i],
			    ms(a[i].at), ms(waited(&a[i])), a[i].tx, a[i].rx,
			    a[i].tx_msgs, a[i].rx_msgs);
	metric(f, "setup_time_s", a[STAGE_CONNECT].at + a[STAGE_KEY_SETUP].at);
	metric(f, "communication_time_s", a[STAGE_EXCHANGE].at);
	metric(f, "reveal_time_s", a[STAGE_REVEAL].at);
	metric(f, "compute_time_s", a[STAGE_SHARE_GENERATION].at +
	    a[STAGE_AGGREGATE].at);
	metric(f, "total_time_s", a[STAGE_TOTAL].at);
	fprintf(f, "Syqure step duration: %.3fs\n",
	    seconds(a[STAGE_TOTAL].at));
}

#include <stdlib.h>
#include <string.h>
#include <sys/time.h>		/* struct timeval; nothing here reads a clock */
#include <usrsctp.h>

#include "base/time.h"
#include "sctp/lib.h"
#include "sctp/out.h"
#include "sctp/pool.h"

enum {
	/*
	 * Time enough for a delayed SACK and a busy receiver. Only with the
	 * T3 fix: stock usrsctp halves cwnd once per RTO on a steady path.
	 */
	RTO_MIN_MS = 200, RTO_MIN_STOCK_MS = 1000,
	RTO_INITIAL_MS = 1000, RTO_MAX_MS = 10000,
	SACK_DELAY_MS = 20,
	SACK_PACKETS = 2,		/* more delays a small cwnd */
	FIRST_CWND = 10,		/* RFC 6928, in packets */
	CHUNKS = 65536,			/* 512 would end at 600 KiB */
	/*
	 * 0.9.5 counts the probes of a closed window as errors and as
	 * retransmissions even when they are answered, and gives up after some
	 * minutes: so it may not be the judge, assoc.c watches instead.
	 */
	TRIES = 30000, INIT_TRIES = 8,
	TICK_MS = 10, IDLE_MS = 1000,	/* with the stock library */
	SETTLE_TICKS = 64,		/* a socket's end takes some */
	TIME_BASE = 1000000,		/* second 0 has a meaning to usrsctp */
};

static bool		 started;
static unsigned		 users;
static uint64_t		 clock_now, fed;

int		 hotlink_sctp_gettimeofday(struct timeval *, void *);
int		 __wrap_sctp_userspace_thread_create(void *, void *);
int		 hotlink_sctp_patched(void);
void		 hotlink_sctp_advance(uint32_t);
uint32_t	 hotlink_sctp_next(void);
int		 hotlink_sctp_numbers(struct socket *, uint64_t *);
void		 hotlink_sctp_assure(struct socket *);
void		 hotlink_sctp_kick(struct socket *);
int		 hotlink_sctp_hurry(struct socket *);
void		 hotlink_sctp_work(void);
int		 hotlink_sctp_send2(struct socket *, uint16_t, uint32_t,
		     const void *, size_t, const void *, size_t);
void		 hotlink_sctp_input(void *, const void *, size_t);

int
hotlink_sctp_gettimeofday(struct timeval *tv, void *zone)
{
	(void)zone;
	tv->tv_sec = (time_t)(TIME_BASE + clock_now / SEC);
	tv->tv_usec = (suseconds_t)(clock_now % SEC);
	return 0;
}

/* The address and ASCONF worker: this process has one thread. */
int
__wrap_sctp_userspace_thread_create(void *thread, void *start)
{
	(void)thread;
	(void)start;
	return -1;
}

/* Stand-ins for what usrsctp_hook.c adds to our build of the library. */

__attribute__((weak)) int
hotlink_sctp_patched(void)
{
	return 0;
}

__attribute__((weak)) void
hotlink_sctp_advance(uint32_t ms)
{
	usrsctp_handle_timers(ms);
}

__attribute__((weak)) uint32_t
hotlink_sctp_next(void)
{
	return TICK_MS;
}

__attribute__((weak)) int
hotlink_sctp_numbers(struct socket *so, uint64_t *v)
{
	struct sctp_status	 st;
	socklen_t		 n = sizeof(st), nbuf = sizeof(int);
	int			 space = 0;

	memset(&st, 0, sizeof(st));
	if (usrsctp_getsockopt(so, IPPROTO_SCTP, SCTP_STATUS, &st, &n) < 0 ||
	    usrsctp_getsockopt(so, SOL_SOCKET, SO_SNDBUF, &space, &nbuf) < 0)
		return -1;
	memset(v, 0, LIB_NUMBERS * sizeof(*v));
	v[LIB_QUEUED] = (uint64_t)(st.sstat_unackdata + st.sstat_penddata) *
	    st.sstat_fragmentation_point;
	v[LIB_ROOM] = (uint64_t)space > v[LIB_QUEUED] ?
	    (uint64_t)space - v[LIB_QUEUED] : 0;
	v[LIB_FLIGHT] = (uint64_t)st.sstat_unackdata *
	    st.sstat_fragmentation_point;
	v[LIB_CWND] = st.sstat_primary.spinfo_cwnd;
	v[LIB_RTT] = (uint64_t)st.sstat_primary.spinfo_srtt * MS;
	v[LIB_RTO] = (uint64_t)st.sstat_primary.spinfo_rto * MS;
	v[LIB_ACKED] = v[LIB_QUEUED];
	v[LIB_WINDOW] = st.sstat_rwnd;
	v[LIB_OPEN] = st.sstat_state == SCTP_ESTABLISHED;
	v[LIB_UNSENT] = (uint64_t)st.sstat_penddata *
	    st.sstat_fragmentation_point;
	return 0;
}

__attribute__((weak)) void
hotlink_sctp_assure(struct socket *so)
{
	(void)so;
}

__attribute__((weak)) void
hotlink_sctp_kick(struct socket *so)
{
	(void)so;
}

__attribute__((weak)) int
hotlink_sctp_hurry(struct socket *so)
{
	(void)so;
	return 0;
}

__attribute__((weak)) int
hotlink_sctp_send2(struct socket *so, uint16_t stream, uint32_t ppid,
    const void *head, size_t headlen, const void *body, size_t bodylen)
{
	struct sctp_sndinfo	 info;
	uint8_t			*m = malloc(headlen + bodylen);
	ssize_t			 n;

	if (m == NULL)
		return -1;
	memset(&info, 0, sizeof(info));
	info.snd_sid = stream;
	info.snd_ppid = ppid;
	if (headlen > 0)
		memcpy(m, head, headlen);
	if (bodylen > 0)
		memcpy(m + headlen, body, bodylen);
	n = usrsctp_sendv(so, m, headlen + bodylen, NULL, 0, &info,
	    sizeof(info), SCTP_SENDV_SNDINFO, 0);
	free(m);
	return n == (ssize_t)(headlen + bodylen) ? 0 : -1;
}

__attribute__((weak)) void
hotlink_sctp_input(void *id, const void *p, size_t n)
{
	usrsctp_conninput(id, p, n, 0);
}

/* A library without our hook keeps a few hundred bytes per association. */
__attribute__((weak)) void
hotlink_sctp_work(void)
{
}

static void
expire(uint32_t ms)
{
	usrsctp_handle_timers(ms);
	hotlink_sctp_work();
}

static void
start(void)
{
	usrsctp_init_nothreads(0, out_packet, NULL);
	usrsctp_enable_crc32c_offload();
	usrsctp_sysctl_set_sctp_blackhole(2);
	usrsctp_sysctl_set_sctp_ecn_enable(0);
	usrsctp_sysctl_set_sctp_auth_enable(0);
	usrsctp_sysctl_set_sctp_asconf_enable(0);
	usrsctp_sysctl_set_sctp_auto_asconf(0);
	usrsctp_sysctl_set_sctp_nrsack_enable(0);
	usrsctp_sysctl_set_sctp_pktdrop_enable(0);
	usrsctp_sysctl_set_sctp_pr_enable(1);
	usrsctp_sysctl_set_sctp_reconfig_enable(1);
	usrsctp_sysctl_set_sctp_max_burst_default(0);
	usrsctp_sysctl_set_sctp_initial_cwnd(FIRST_CWND);
	usrsctp_sysctl_set_sctp_max_chunks_on_queue(CHUNKS);
	usrsctp_sysctl_set_sctp_delayed_sack_time_default(SACK_DELAY_MS);
	usrsctp_sysctl_set_sctp_sack_freq_default(SACK_PACKETS);
	usrsctp_sysctl_set_sctp_rto_initial_default(RTO_INITIAL_MS);
	usrsctp_sysctl_set_sctp_rto_max_default(RTO_MAX_MS);
	usrsctp_sysctl_set_sctp_init_rto_max_default(RTO_MAX_MS);
	usrsctp_sysctl_set_sctp_rto_min_default(lib_patched() ? RTO_MIN_MS :
	    RTO_MIN_STOCK_MS);
	usrsctp_sysctl_set_sctp_init_rtx_max_default(INIT_TRIES);
	usrsctp_sysctl_set_sctp_assoc_rtx_max_default(TRIES);
	usrsctp_sysctl_set_sctp_path_rtx_max_default(TRIES);
	usrsctp_sysctl_set_sctp_max_retran_chunk(0);
	started = true;
}

static void
on_upcall(struct socket *so, void *id, int flags)
{
	struct out	*o = out_find((uintptr_t)id);

	(void)so;
	(void)flags;
	if (o != NULL)
		o->woken = true;
}

static bool
set(struct socket *so, int level, int name, const void *p, size_t n)
{
	return usrsctp_setsockopt(so, level, name, p, (socklen_t)n) == 0;
}

static bool
set_path(struct socket *so, size_t mtu)
{
	struct sctp_paddrparams	 path;

	memset(&path, 0, sizeof(path));
	path.spp_address.ss_family = AF_CONN;
	path.spp_assoc_id = SCTP_FUTURE_ASSOC;
	path.spp_flags = SPP_PMTUD_DISABLE | SPP_HB_DISABLE;
	path.spp_pathmtu = (uint32_t)mtu;
	return set(so, IPPROTO_SCTP, SCTP_PEER_ADDR_PARAMS, &path,
	    sizeof(path));
}

static bool
set_events(struct socket *so)
{
	static const uint16_t	 want[] = {
		SCTP_ASSOC_CHANGE, SCTP_STREAM_RESET_EVENT,
	};
	struct sctp_event	 ev;

	for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
		memset(&ev, 0, sizeof(ev));
		ev.se_assoc_id = SCTP_ALL_ASSOC;
		ev.se_type = want[i];
		ev.se_on = 1;
		if (!set(so, IPPROTO_SCTP, SCTP_EVENT, &ev, sizeof(ev)))
			return false;
	}
	return true;
}

static bool
set_all(struct socket *so, const struct lib_conf *c)
{
	struct linger			 now = { 1, 0 };
	struct sctp_initmsg		 init;
	struct sctp_assoc_value		 reset;
	int				 snd = (int)c->sndbuf;
	int				 rcv = (int)c->rcvbuf, on = 1;
	uint32_t			 parts = (uint32_t)c->message;

	memset(&init, 0, sizeof(init));
	init.sinit_num_ostreams = LIB_STREAMS;
	init.sinit_max_instreams = LIB_STREAMS;
	memset(&reset, 0, sizeof(reset));
	reset.assoc_id = SCTP_ALL_ASSOC;
	reset.assoc_value = SCTP_ENABLE_RESET_STREAM_REQ;
	return usrsctp_set_non_blocking(so, 1) == 0 &&
	    set(so, SOL_SOCKET, SO_LINGER, &now, sizeof(now)) &&
	    set(so, SOL_SOCKET, SO_SNDBUF, &snd, sizeof(snd)) &&
	    set(so, SOL_SOCKET, SO_RCVBUF, &rcv, sizeof(rcv)) &&
	    set(so, IPPROTO_SCTP, SCTP_PARTIAL_DELIVERY_POINT, &parts,
	    sizeof(parts)) &&
	    set(so, IPPROTO_SCTP, SCTP_NODELAY, &on, sizeof(on)) &&
	    set(so, IPPROTO_SCTP, SCTP_RECVRCVINFO, &on, sizeof(on)) &&
	    set(so, IPPROTO_SCTP, SCTP_INITMSG, &init, sizeof(init)) &&
	    set(so, IPPROTO_SCTP, SCTP_ENABLE_STREAM_RESET, &reset,
	    sizeof(reset)) &&
	    set_path(so, c->mtu) && set_events(so);
}

static bool
connect_to(struct socket *so, uintptr_t id)
{
	struct sockaddr_conn	 sc;

	memset(&sc, 0, sizeof(sc));
	sc.sconn_family = AF_CONN;
	sc.sconn_port = htons(LIB_PORT);
	sc.sconn_addr = (void *)id;
	if (usrsctp_bind(so, (struct sockaddr *)&sc, sizeof(sc)) < 0)
		return false;
	return usrsctp_connect(so, (struct sockaddr *)&sc, sizeof(sc)) == 0 ||
	    errno == EINPROGRESS;
}

struct socket *
lib_open(const struct lib_conf *c, uintptr_t id)
{
	struct socket	*so;

	if (!started)
		start();
	so = usrsctp_socket(AF_CONN, SOCK_STREAM, IPPROTO_SCTP, NULL, NULL, 0,
	    NULL);
	if (so == NULL)
		return NULL;
	usrsctp_register_address((void *)id);
	users++;
	if (usrsctp_set_upcall(so, on_upcall, (void *)id) < 0 ||
	    !set_all(so, c) || !connect_to(so, id)) {
		lib_close(so, id);
		return NULL;
	}
	return so;
}

/*
 * With the last association the timers that end its socket run at once, since
 * nobody will call later; then the pool is empty and goes, too.
 */
void
lib_close(struct socket *so, uintptr_t id)
{
	usrsctp_close(so);
	usrsctp_deregister_address((void *)id);
	if (--users > 0)
		return;
	for (int i = 0; i < SETTLE_TICKS; i++)
		expire(TICK_MS);
	pool_trim();
}

void
lib_now(uint64_t now)
{
	uint64_t	 ms;

	clock_now = now;
	if (users == 0 || now < fed)
		fed = now;
	ms = (now - fed) / MS;
	fed += ms * MS;
	if (ms > 0)
		hotlink_sctp_advance(ms < INT32_MAX ? (uint32_t)ms :
		    INT32_MAX);
}

uint64_t
lib_time(void)
{
	return clock_now;
}

uint64_t
lib_when(const struct timeval *tv)
{
	return (uint64_t)(tv->tv_sec - TIME_BASE) * SEC +
	    (uint64_t)tv->tv_usec;
}

void
lib_expire(void)
{
	if (started)
		expire(0);
}

uint64_t
lib_next(uint64_t now, bool busy)
{
	uint32_t	 ms = hotlink_sctp_next();

	if (!lib_patched())
		return now + (busy ? TICK_MS : IDLE_MS) * MS;
	return ms == UINT32_MAX ? NEVER : fed + (uint64_t)ms * MS;
}

bool
lib_numbers(struct socket *so, uint64_t v[LIB_NUMBERS])
{
	return so != NULL && hotlink_sctp_numbers(so, v) == 0;
}

size_t
lib_chunk(struct socket *so)
{
	struct sctp_status	 st;
	socklen_t		 n = sizeof(st);

	memset(&st, 0, sizeof(st));
	if (usrsctp_getsockopt(so, IPPROTO_SCTP, SCTP_STATUS, &st, &n) < 0)
		return 0;
	return st.sstat_fragmentation_point;
}

void
lib_input(uintptr_t id, const void *p, size_t n)
{
	hotlink_sctp_input((void *)id, p, n);
}

void
lib_assure(struct socket *so)
{
	hotlink_sctp_assure(so);
}

void
lib_kick(struct socket *so)
{
	hotlink_sctp_kick(so);
}

void
lib_space(struct socket *so, size_t sndbuf)
{
	int	 n = (int)sndbuf;

	set(so, SOL_SOCKET, SO_SNDBUF, &n, sizeof(n));
}

bool
lib_hurry(struct socket *so)
{
	return hotlink_sctp_hurry(so) != 0;
}

bool
lib_send(struct socket *so, uint16_t stream, uint32_t ppid, const void *head,
    size_t headlen, const void *body, size_t bodylen)
{
	return hotlink_sctp_send2(so, stream, htonl(ppid), head, headlen, body,
	    bodylen) == 0;
}

bool
lib_send_how(struct socket *so, uint16_t stream, uint32_t ppid,
    const struct lib_how *how, const void *p, size_t n)
{
	static const uint16_t	 policies[] = {
		[LIB_RELIABLE]		= SCTP_PR_SCTP_NONE,
		[LIB_RETRANSMITS]	= SCTP_PR_SCTP_RTX,
		[LIB_LIFETIME_MS]	= SCTP_PR_SCTP_TTL,
	};
	struct sctp_sendv_spa	 spa;

	memset(&spa, 0, sizeof(spa));
	spa.sendv_flags = SCTP_SEND_SNDINFO_VALID | SCTP_SEND_PRINFO_VALID;
	spa.sendv_sndinfo.snd_sid = stream;
	spa.sendv_sndinfo.snd_ppid = htonl(ppid);
	spa.sendv_sndinfo.snd_flags = how->unordered ? SCTP_UNORDERED : 0;
	spa.sendv_prinfo.pr_policy = policies[how->limit];
	spa.sendv_prinfo.pr_value = how->value;
	return usrsctp_sendv(so, p, n, NULL, 0, &spa, sizeof(spa),
	    SCTP_SENDV_SPA, 0) == (ssize_t)n;
}

enum lib_reset
lib_reset(struct socket *so, uint16_t stream)
{
	union {
		struct sctp_reset_streams	 srs;
		uint8_t				 b[sizeof(struct
		    sctp_reset_streams) + sizeof(uint16_t)];
	} u;

	memset(&u, 0, sizeof(u));
	u.srs.srs_flags = SCTP_STREAM_RESET_OUTGOING;
	u.srs.srs_number_streams = 1;
	u.srs.srs_stream_list[0] = stream;
	if (set(so, IPPROTO_SCTP, SCTP_RESET_STREAMS, &u, sizeof(u)))
		return LIB_RESET_SENT;
	return errno == EALREADY || errno == EBUSY || errno == EAGAIN ?
	    LIB_RESET_LATER : LIB_RESET_NEVER;
}

/* HOTLINK_CC=newreno: a way to compare, and to do without our model. */
bool
lib_has_model(void)
{
	const char	*want = getenv("HOTLINK_CC");

	return lib_patched() && (want == NULL || strcmp(want, "newreno") != 0);
}

const char *
lib_cc(void)
{
	if (!lib_patched())
		return "stock";
	return lib_has_model() ? "bbr" : "newreno";
}

bool
lib_patched(void)
{
	return hotlink_sctp_patched() != 0;
}

const char *
lib_name(void)
{
	return lib_patched() ? "0.9.5.0 (patched)" : "unpatched";
}

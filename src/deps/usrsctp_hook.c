
/*
 * Appended to sctp_callout.c by usrsctp.edit, see there. sctp/lib.c has a
 * stand-in for each function, for a library without them.
 */
#include <netinet/sctp_var.h>
#include <netinet/sctp_sysctl.h>
#include <netinet/sctp_output.h>
#include <netinet/sctp_timer.h>
#include <netinet/sctputil.h>
#include <netinet/sctp_bsd_addr.h>

/* A message of a link and its header; sctp/pool.c keeps such pieces. */
#define HOTLINK_PIECE (65536 + 64)

int hotlink_sctp_patched(void);
void hotlink_sctp_advance(uint32_t);
uint32_t hotlink_sctp_next(void);
int hotlink_sctp_numbers(struct socket *, uint64_t *);
void hotlink_sctp_assure(struct socket *);
void hotlink_sctp_kick(struct socket *);
int hotlink_sctp_hurry(struct socket *);
void hotlink_sctp_work(void);
int hotlink_sctp_send2(struct socket *, uint16_t, uint32_t, const void *,
    size_t, const void *, size_t);
void hotlink_sctp_input(void *, const void *, size_t);
int hotlink_sctp_steer(struct socket *);
uint32_t hotlink_sctp_allow(struct socket *);
int hotlink_sctp_is_past(struct sctp_association *, struct sctp_tmit_chunk *);
int hotlink_sctp_spared(struct sctp_tmit_chunk *);
void hotlink_sctp_back(struct sctp_tmit_chunk *);
void hotlink_sctp_overdue(struct socket *);

/* In sctp/steer.c: what it is told of one association, and what it wants. */
void hotlink_sctp_acked(void *, const struct timeval *, uint32_t, uint32_t,
    int);
void hotlink_sctp_found(void *, const struct timeval *, uint32_t, uint32_t,
    int);
int hotlink_sctp_early(void *, const struct timeval *);
void hotlink_sctp_lost(void *, uint32_t);
uint32_t hotlink_sctp_update(void *, uint32_t);
void hotlink_sctp_timeout(void *);
uint32_t hotlink_sctp_window(void *, uint32_t);

/* In sctp/out.c: whether the peer keeps what it has acknowledged. */
int hotlink_sctp_keeps(void *);

int
hotlink_sctp_patched(void)
{
	return (1);
}

/* Time goes on; what became due waits for usrsctp_handle_timers(). */
void
hotlink_sctp_advance(uint32_t ms)
{
	ticks += sctp_msecs_to_ticks(ms);
}

/* Milliseconds until the next timer is due; UINT32_MAX: there is none. */
uint32_t
hotlink_sctp_next(void)
{
	sctp_os_timer_t *c;
	uint32_t left, next = UINT32_MAX;

	TAILQ_FOREACH(c, &SCTP_BASE_INFO(callqueue), tqe) {
		left = SCTP_UINT32_GE(ticks, c->c_time) ? 0 : c->c_time - ticks;
		if (left < next)
			next = left;
	}
	return (next == UINT32_MAX ? next : sctp_ticks_to_msecs(next));
}

static struct sctp_tcb *
hotlink_tcb(struct socket *so)
{
	struct sctp_inpcb *inp = (struct sctp_inpcb *)so->so_pcb;

	return (inp == NULL ? NULL : LIST_FIRST(&inp->sctp_asoc_list));
}

/*
 * Bytes that wait to be sent; those of chunks are not counted anywhere, so as
 * if all that were sent are full. Right about whether there are any.
 */
static uint32_t
hotlink_unsent(struct sctp_tcb *stcb, uint32_t queued)
{
	struct sctp_association *asoc = &stcb->asoc;
	uint32_t sent;

	if (TAILQ_EMPTY(&asoc->send_queue) && asoc->stream_queue_cnt == 0)
		return (asoc->sent_queue_retran_cnt > 0);
	sent = asoc->sent_queue_cnt * sctp_get_frag_point(stcb, asoc);
	return (queued > sent ? queued - sent : 1);
}

/* In the order of enum lib_number. */
int
hotlink_sctp_numbers(struct socket *so, uint64_t *v)
{
	struct sctp_tcb *stcb = hotlink_tcb(so);
	struct sctp_association *asoc;
	struct sctp_nets *net;
	uint32_t queued, limit;

	if (stcb == NULL || stcb->asoc.primary_destination == NULL)
		return (-1);
	asoc = &stcb->asoc;
	net = asoc->primary_destination;
	queued = asoc->total_output_queue_size -
	    asoc->chunks_on_out_queue * sizeof(struct sctp_data_chunk);
	limit = SCTP_SB_LIMIT_SND(so);
	v[0] = queued;
	v[1] = limit > queued + asoc->sb_send_resv &&
	    asoc->chunks_on_out_queue <
	    SCTP_BASE_SYSCTL(sctp_max_chunks_on_queue) ?
	    limit - queued - asoc->sb_send_resv : 0;
	v[2] = asoc->total_flight;
	v[3] = net->cwnd;
	v[4] = net->lastsa >= 80 ? (uint64_t)net->lastsa * 125 : net->rtt;
	v[5] = (uint64_t)net->RTO * 1000;
	v[6] = asoc->last_acked_seq;
	v[7] = asoc->peers_rwnd;
	v[8] = SCTP_GET_STATE(stcb) == SCTP_STATE_OPEN;
	v[9] = hotlink_unsent(stcb, queued);
	return (0);
}

/*
 * Nothing may be outstanding with no timer running: 0.9.5 can get there when
 * T3 expires and marks nothing, and then waits for ever.
 */
void
hotlink_sctp_assure(struct socket *so)
{
	struct sctp_tcb *stcb = hotlink_tcb(so);
	struct sctp_nets *net;

	if (stcb == NULL || TAILQ_EMPTY(&stcb->asoc.sent_queue) ||
	    (net = stcb->asoc.primary_destination) == NULL ||
	    SCTP_GET_STATE(stcb) < SCTP_STATE_OPEN)
		return;
	if (!SCTP_OS_TIMER_PENDING(&net->rxt_timer.timer))
		sctp_timer_start(SCTP_TIMER_TYPE_SEND, stcb->sctp_ep, stcb,
		    net);
}

/* There are slots again: send what may be sent. */
void
hotlink_sctp_kick(struct socket *so)
{
	struct sctp_tcb *stcb = hotlink_tcb(so);

	if (stcb != NULL)
		sctp_chunk_output(stcb->sctp_ep, stcb,
		    SCTP_OUTPUT_FROM_USR_SEND, SCTP_SO_NOT_LOCKED);
}

/*
 * The path is another one: what is outstanding was lost on the old one, and
 * T3, which doubled while that was dead, must not hold it up on the new one.
 * It expires now, and from then on as it was last measured. Zero: it has not
 * doubled.
 */
int
hotlink_sctp_hurry(struct socket *so)
{
	struct sctp_tcb *stcb = hotlink_tcb(so);
	struct sctp_nets *net;
	uint32_t rto;

	if (stcb == NULL || TAILQ_EMPTY(&stcb->asoc.sent_queue) ||
	    (net = stcb->asoc.primary_destination) == NULL ||
	    SCTP_GET_STATE(stcb) < SCTP_STATE_OPEN || net->lastsa == 0)
		return (0);
	rto = (uint32_t)((net->lastsa >> SCTP_RTT_SHIFT) + net->lastsv);
	if (rto < stcb->asoc.minrto)
		rto = stcb->asoc.minrto;
	if (rto >= net->RTO)
		return (0);
	sctp_timer_stop(SCTP_TIMER_TYPE_SEND, stcb->sctp_ep, stcb, net,
	    SCTP_FROM_SCTP_INDATA + SCTP_LOC_27);
	net->RTO = 1;
	sctp_timer_start(SCTP_TIMER_TYPE_SEND, stcb->sctp_ep, stcb, net);
	net->RTO = rto;
	return (1);
}

/* What the worker thread would do: addresses that went are forgotten. */
void
hotlink_sctp_work(void)
{
	sctp_iterator_worker();
}

/* How large a piece of memory for data may be, see usrsctp.edit. */
extern int hotlink_sctp_piece;

/* usrsctp_sendv() of two pieces: 0, or an errno and nothing was taken. */
int
hotlink_sctp_send2(struct socket *so, uint16_t sid, uint32_t ppid,
    const void *head, size_t headlen, const void *body, size_t bodylen)
{
	struct sctp_sndrcvinfo info;
	struct iovec iov[2];
	struct uio uio;
	int error;

	memset(&info, 0, sizeof(info));
	info.sinfo_stream = sid;
	info.sinfo_ppid = ppid;
	iov[0].iov_base = (void *)(uintptr_t)head;
	iov[0].iov_len = headlen;
	iov[1].iov_base = (void *)(uintptr_t)body;
	iov[1].iov_len = bodylen;
	memset(&uio, 0, sizeof(uio));
	uio.uio_iov = iov;
	uio.uio_iovcnt = 2;
	uio.uio_segflg = UIO_USERSPACE;
	uio.uio_rw = UIO_WRITE;
	uio.uio_resid = headlen + bodylen;
	hotlink_sctp_piece = HOTLINK_PIECE;
	error = sctp_lower_sosend(so, NULL, &uio, NULL, NULL, 0, &info);
	hotlink_sctp_piece = 0;
	return (error);
}

/* Is a packet one chunk of data? It may lie at any address. */
static int
hotlink_is_one(const uint8_t *p, size_t n)
{
	struct sctp_chunkhdr ch;

	if (n <= MCLBYTES)
		return (0);
	memcpy(&ch, p + sizeof(struct sctphdr), sizeof(ch));
	return (ch.chunk_type == SCTP_DATA &&
	    SCTP_SIZE32(ntohs(ch.chunk_length)) + sizeof(struct sctphdr) >= n);
}

void
hotlink_sctp_input(void *addr, const void *p, size_t n)
{
	hotlink_sctp_piece = hotlink_is_one(p, n) ? HOTLINK_PIECE : 0;
	usrsctp_conninput(addr, p, n, 0);
	hotlink_sctp_piece = 0;
}

/*
 * Congestion control of ours in place of a module of usrsctp's: the table of
 * an association is its own copy. The window handed over ends where the pace
 * says so, too; usrsctp then stops by itself and needs no refusal.
 */
static void
hotlink_set_window(struct sctp_nets *net)
{
	net->cwnd = hotlink_sctp_window(net->ro._l_addr.sconn.sconn_addr,
	    net->flight_size);
}

/* The usual one, in microseconds. */
static uint32_t
hotlink_rtt(struct sctp_nets *net)
{
	return ((uint32_t)net->lastsa * 125);
}

/* Called for a chunk that is acknowledged, and for one marked as missing. */
static void
hotlink_on_chunk(struct sctp_nets *net, struct sctp_tmit_chunk *chk)
{
	void *id = net->ro._l_addr.sconn.sconn_addr;

	if (chk->sent >= SCTP_DATAGRAM_RESEND)
		hotlink_sctp_lost(id, chk->send_size);
	else
		hotlink_sctp_acked(id, &chk->sent_rcv_time, hotlink_rtt(net),
		    chk->send_size, chk->snd_count < 2);
}

/*
 * Three reports call it missing, and still it may be only late: as long as
 * that is so it is not struck a third time.
 */
int
hotlink_sctp_spared(struct sctp_tmit_chunk *chk)
{
	struct sctp_nets *net = chk->whoTo;

	return (net != NULL && hotlink_sctp_early(
	    net->ro._l_addr.sconn.sconn_addr, &chk->sent_rcv_time));
}

/* As a third report does, with what comes of that. */
static void
hotlink_miss(struct sctp_tcb *stcb, struct sctp_tmit_chunk *chk)
{
	struct sctp_association *asoc = &stcb->asoc;
	struct sctp_tmit_chunk *next = TAILQ_FIRST(&asoc->send_queue);

	chk->sent = SCTP_DATAGRAM_RESEND;
	sctp_flight_size_decrease(chk);
	sctp_total_flight_decrease(stcb, chk);
	hotlink_on_chunk(chk->whoTo, chk);
	asoc->peers_rwnd += chk->send_size +
	    SCTP_BASE_SYSCTL(sctp_peer_chunk_oh);
	sctp_ucount_incr(asoc->sent_queue_retran_cnt);
	chk->rec.data.doing_fast_retransmit = 1;
	chk->rec.data.fast_retran_tsn = next == NULL ? asoc->sending_seq :
	    next->rec.data.tsn;
	if (chk->do_rtt) {
		chk->whoTo->rto_needed = 1;
		chk->do_rtt = 0;
	}
}

/*
 * No report need come any more: what was spared, and would not be now, is
 * missing by the time that has gone. What has a limit of copies waits for one.
 */
void
hotlink_sctp_overdue(struct socket *so)
{
	struct sctp_tcb *stcb = hotlink_tcb(so);
	struct sctp_tmit_chunk *chk;

	if (stcb == NULL || stcb->asoc.primary_destination == NULL)
		return;
	TAILQ_FOREACH(chk, &stcb->asoc.sent_queue, sctp_next)
		if (chk->sent == SCTP_DATAGRAM_RESEND - 1 &&
		    chk->whoTo != NULL && !chk->no_fr_allowed &&
		    !PR_SCTP_RTX_ENABLED(chk->flags) &&
		    !hotlink_sctp_spared(chk))
			hotlink_miss(stcb, chk);
	hotlink_set_window(stcb->asoc.primary_destination);
	sctp_chunk_output(stcb->sctp_ep, stcb, SCTP_OUTPUT_FROM_USR_SEND,
	    SCTP_SO_NOT_LOCKED);
}

/* It was marked as missing, and is acknowledged before it was sent again. */
void
hotlink_sctp_back(struct sctp_tmit_chunk *chk)
{
	if (chk->whoTo != NULL)
		hotlink_sctp_found(chk->whoTo->ro._l_addr.sconn.sconn_addr,
		    &chk->sent_rcv_time, hotlink_rtt(chk->whoTo),
		    chk->send_size, chk->snd_count < 2);
}

static void
hotlink_after_sack(struct sctp_tcb *stcb, struct sctp_association *asoc,
    int moved, int reneged, int will_exit)
{
	struct sctp_nets *net = asoc->primary_destination;

	net->cwnd = hotlink_sctp_update(net->ro._l_addr.sconn.sconn_addr,
	    net->flight_size);
}

static void
hotlink_after_fr(struct sctp_tcb *stcb, struct sctp_association *asoc)
{
	hotlink_set_window(asoc->primary_destination);
}

static void
hotlink_after_timeout(struct sctp_tcb *stcb, struct sctp_nets *net)
{
	hotlink_sctp_timeout(net->ro._l_addr.sconn.sconn_addr);
	hotlink_set_window(net);
}

static void
hotlink_no_change(struct sctp_tcb *stcb, struct sctp_nets *net)
{
}

int
hotlink_sctp_steer(struct socket *so)
{
	struct sctp_tcb *stcb = hotlink_tcb(so);
	struct sctp_cc_functions *cc;

	if (stcb == NULL)
		return (-1);
	cc = &stcb->asoc.cc_functions;
	cc->sctp_cwnd_update_after_sack = hotlink_after_sack;
	cc->sctp_cwnd_update_exit_pf = hotlink_no_change;
	cc->sctp_cwnd_update_after_fr = hotlink_after_fr;
	cc->sctp_cwnd_update_after_timeout = hotlink_after_timeout;
	cc->sctp_cwnd_update_tsn_acknowledged = hotlink_on_chunk;
	return (0);
}

/* Before anything is sent, for time has gone on: what is under way. */
uint32_t
hotlink_sctp_allow(struct socket *so)
{
	struct sctp_tcb *stcb = hotlink_tcb(so);

	if (stcb == NULL || stcb->asoc.primary_destination == NULL)
		return (0);
	hotlink_set_window(stcb->asoc.primary_destination);
	return (stcb->asoc.primary_destination->flight_size);
}

/*
 * What arrived behind a gap and holds up no FORWARD TSN for what is behind it:
 * since it would be given up if the peer forgot it again, or since the peer
 * does not forget. The messages of DATA that is not ordered need not be named
 * there; those of I-DATA do.
 */
int
hotlink_sctp_is_past(struct sctp_association *asoc,
    struct sctp_tmit_chunk *chk)
{
	struct timeval now;

	if ((chk->sent != SCTP_DATAGRAM_ACKED &&
	    chk->sent != SCTP_DATAGRAM_MARKED) || asoc->idata_supported)
		return (0);
	if ((chk->rec.data.rcv_flags & SCTP_DATA_UNORDERED) == 0)
		return (!PR_SCTP_ENABLED(chk->flags) && hotlink_sctp_keeps(
		    asoc->primary_destination->ro._l_addr.sconn.sconn_addr));
	if (PR_SCTP_RTX_ENABLED(chk->flags))
		return (chk->snd_count > chk->rec.data.timetodrop.tv_sec);
	if (!PR_SCTP_TTL_ENABLED(chk->flags))
		return (0);
	(void)SCTP_GETTIME_TIMEVAL(&now);
	return (timercmp(&now, &chk->rec.data.timetodrop, >));
}

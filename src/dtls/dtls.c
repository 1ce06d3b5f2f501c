/*
 * A connection: its states and timer, and what is done with each record.
 * conn.h has the rules by which the handshake believes what it hears.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/time.h"
#include "crypto/cert.h"
#include "crypto/hash.h"
#include "crypto/rng.h"
#include "dtls/conn.h"

enum {
	MTU = 1200, MTU_MIN = 256,
	RTO = 100 * MS, RTO_MAX = 3 * SEC,
	RESEND_GAP = 20 * MS,	/* between answers to repetitions */
	GIVE_UP = 30 * SEC,
	DOUBT = 5 * SEC,	/* some repetitions at the longest timeout */
	LAST_FLIGHT = 240 * SEC, /* how long it is kept: twice the MSL */
};

enum alert {
	CLOSE_NOTIFY = 0, HANDSHAKE_FAILURE = 40, BAD_CERTIFICATE = 42,
	NO_RENEGOTIATION = 100, WARNING = 1, FATAL = 2,
};

static const uint64_t	 SEQ_MAX = ((uint64_t)1 << 48) - 1;

static const struct role *
role(const struct dtls *d)
{
	return d->conf.client ? &client_role : &server_role;
}

static void
set_state(struct dtls *d, enum dtls_state s)
{
	static const char *const	 name[] = {
		[DTLS_HANDSHAKE] = "handshake", [DTLS_UP] = "up",
		[DTLS_CLOSED] = "closed", [DTLS_FAILED] = "failed",
	};

	assert(s > d->state && d->state != DTLS_CLOSED);
	d->state = s;
	log_debug("dtls: %s%s%s", name[s], d->why != NULL ? ": " : "",
	    d->why != NULL ? d->why : "");
}

/* What only the handshake needs. */
static void
release(struct dtls *d)
{
	reasm_fini(&d->in);
	digest_free(d->start);
	digest_free(d->script);
	digest_free(d->scratch);
	d->start = d->script = d->scratch = NULL;
	wipe(&d->ecdh, sizeof(d->ecdh));
	d->resend = NEVER;
}

void
conn_fail(struct dtls *d, const char *why)
{
	if (d->state == DTLS_FAILED || d->state == DTLS_CLOSED)
		return;
	d->why = why;
	set_state(d, DTLS_FAILED);
}

void
conn_up(struct dtls *d)
{
	d->step = STEP_DONE;
	release(d);
	set_state(d, DTLS_UP);
}

void
conn_start(struct dtls *d, uint64_t now, struct batch *tx)
{
	d->rto = d->conf.rto;
	d->resend = now + d->rto;
	flight_send(&d->out, &d->sender, d->conf.mtu, now, tx);
}

struct verdict
conn_certificate(struct dtls *d, struct pubkey *key, const struct message *m)
{
	struct rd	 der;
	uint8_t		 hash[32];
	const char	*why;

	if (m->type != CERTIFICATE || certificate_decode(&der, m->body,
	    m->n) == -1)
		return refuse("the peer's Certificate is malformed");
	if (der.n == 0)
		return refuse("the peer has no certificate");
	sha256(hash, der.p, der.n);
	if (!same_bytes(hash, d->conf.fingerprint, 32))
		return refuse("the peer's certificate has another fingerprint");
	why = x509_key(key, der.p, der.n);
	if (why != NULL)
		return refuse(why);
	sha256(hash, key->spki, key->spkilen);
	if (d->conf.key_id != NULL && !same_bytes(hash, d->conf.key_id, 32))
		return refuse("the peer's key is not the one expected");
	return good();
}

bool
conn_signed(const struct pubkey *key, const struct key_exchange *kx,
    const uint8_t *hash)
{
	enum digest_alg	 alg;
	bool		 rsa;

	if (scheme_read(kx->scheme, &alg, &rsa) == -1 ||
	    rsa != (key->kind == KEY_RSA))
		return false;
	return verify_hash(key, alg, hash, kx->sig, kx->siglen);
}

void
conn_say(struct dtls *d, struct wr *w, uint16_t epoch)
{
	struct span	 whole;

	assert(!wr_bad(w));
	whole = flight_done(&d->out, w, epoch);
	digest_add(d->script, whole.p, whole.n);
}

void
conn_hear(struct dtls *d, const struct message *m)
{
	keys_transcribe(d->script, m->type, m->seq, m->body, m->n);
}

/* Our Finished; and for a client, what the server's will have to be. */
void
conn_finished(struct dtls *d, uint16_t seq)
{
	struct wr	 w = flight_open(&d->out, FINISHED, seq);
	uint8_t		 verify[VERIFY_DATA];

	if (d->conf.client && keys_derive(&d->keys, d->suite, &d->sender.key,
	    &d->reader) == -1) {
		conn_fail(d, "out of memory");
		return;
	}
	if (d->conf.client)
		memset(&d->window, 0, sizeof(d->window));
	keys_finished(&d->keys, d->conf.client, d->script, verify);
	wr_bytes(&w, verify, sizeof(verify));
	conn_say(d, &w, 1);
	if (d->conf.client)
		keys_finished(&d->keys, false, d->script, d->expect);
}

static void
send_alert(struct dtls *d, enum alert level, enum alert what,
    struct batch *tx)
{
	bool		 sealed = d->state != DTLS_HANDSHAKE &&
	    d->step == STEP_DONE;
	struct dgram	*g = batch_add(tx, 2 + DTLS_OVERHEAD);
	struct span	 s;

	if (g == NULL)
		return;
	s.p = g->p + (sealed ? record_front(&d->sender.key) : RECORD_HEADER);
	s.n = 2;
	s.p[0] = (uint8_t)level;
	s.p[1] = (uint8_t)what;
	if (sealed)
		record_seal(&d->sender.key, CONTENT_ALERT, d->sender.seq[1]++,
		    &s);
	else
		record_wrap(CONTENT_ALERT, DTLS_1_2, d->sender.seq[0]++, &s);
	g->n = s.n;
}

static void
identify(struct dtls *d, size_t first, size_t n, uint8_t id[32])
{
	uint8_t	 hash[DIGEST_MAX];

	digest_reset(d->scratch);
	for (size_t i = first; i < first + n; i++)
		keys_transcribe(d->scratch, d->in.m[i].type, d->in.m[i].seq,
		    d->in.m[i].body, d->in.m[i].n);
	digest_get(d->scratch, DIGEST_SHA256, hash);
	memcpy(id, hash, 32);
}

static void
send_again(struct dtls *d, uint64_t now, struct batch *tx)
{
	if (d->out.n == 0 || now < d->out.last + RESEND_GAP)
		return;
	d->stats.retransmits++;
	flight_send(&d->out, &d->sender, d->conf.mtu, now, tx);
}

static void
judge(struct dtls *d, uint64_t now, size_t first, size_t n,
    const uint8_t id[32], struct batch *tx)
{
	struct verdict	 v = role(d)->take(d, now, first, n, tx);

	if (v.is == GOOD) {
		memcpy(d->flight_id, id, 32);
		d->doubted = NEVER;
		return;
	}
	d->stats.bad_records++;
	d->hint = v.why;
	if (v.is != REFUSED)
		return;
	if (memcmp(d->refused_id, id, 32) == 0 && d->doubted == NEVER)
		d->doubted = now + DOUBT;
	memcpy(d->refused_id, id, 32);
}

/* All of the peer's next flight is here, or of its last one again. */
static void
on_flight(struct dtls *d, uint64_t now, size_t first, size_t n,
    struct batch *tx)
{
	uint8_t	 id[32];

	identify(d, first, n, id);
	if (memcmp(id, d->flight_id, 32) == 0)
		send_again(d, now, tx);
	else if (d->redone < REDO_MAX) {
		d->redone++;
		judge(d, now, first, n, id, tx);
	}
	for (size_t i = first; i < first + n; i++)
		reasm_clear(&d->in, i);
}

static void
hear_plain(struct dtls *d, uint64_t now, const struct fragment *f,
    struct batch *tx)
{
	size_t	 first, n;

	if (d->step == STEP_FINISHED && !d->conf.client)
		return;			/* settled by the client's signature */
	if (d->conf.client && f->type == HELLO_VERIFY_REQUEST) {
		if (client_cookie(d, f))
			conn_start(d, now, tx);
		return;
	}
	if (!reasm_put(&d->in, f)) {
		d->stats.bad_records++;
		return;
	}
	n = role(d)->ready(d, &first);
	if (n > 0)
		on_flight(d, now, first, n, tx);
}

static void
on_finished(struct dtls *d, uint64_t now, const struct fragment *f,
    struct batch *tx)
{
	if (f->seq != d->expect_seq || f->off != 0 || f->n != f->total)
		return;
	if (f->n != VERIFY_DATA || !same_bytes(f->p, d->expect, f->n)) {
		send_alert(d, FATAL, HANDSHAKE_FAILURE, tx);
		conn_fail(d, "the peer's Finished is wrong");
		return;
	}
	role(d)->finished(d, now, tx);
}

/* Authentic, but it may be late, or the wish for another handshake. */
static void
hear_sealed(struct dtls *d, uint64_t now, const struct fragment *f,
    struct batch *tx)
{
	if (d->step == STEP_FINISHED && f->type == FINISHED)
		on_finished(d, now, f, tx);
	else if (d->step != STEP_DONE)
		d->stats.bad_records++;
	else if (f->type == FINISHED && now < d->out.last + LAST_FLIGHT)
		send_again(d, now, tx);
	else if ((f->type == HELLO_REQUEST || f->type == CLIENT_HELLO) &&
	    f->off == 0)
		send_alert(d, WARNING, NO_RENEGOTIATION, tx);
}

/* Every message or fragment in a record. */
static void
on_handshake(struct dtls *d, uint64_t now, const struct record *rec,
    struct batch *tx)
{
	struct rd	 r = rd_of(rec->body.p, rec->body.n);
	struct fragment	 f;

	while (r.n > 0 && d->state <= DTLS_UP) {
		if (fragment_next(&f, &r) == -1) {
			d->stats.bad_records++;
			return;
		}
		if (rec->epoch > 0)
			hear_sealed(d, now, &f, tx);
		else if (d->state == DTLS_HANDSHAKE)
			hear_plain(d, now, &f, tx);
	}
}

/* RFC 5246 7.2 and what has been added to it. */
static const char *
alert_text(uint8_t what)
{
#define ALERT(name)	"the peer's alert: " name
	static const char *const	 text[] = {
		[CLOSE_NOTIFY] = "the peer closed the connection",
		[10] = ALERT("unexpected_message"),
		[20] = ALERT("bad_record_mac"),
		[22] = ALERT("record_overflow"),
		[40] = ALERT("handshake_failure"),
		[42] = ALERT("bad_certificate"),
		[43] = ALERT("unsupported_certificate"),
		[44] = ALERT("certificate_revoked"),
		[45] = ALERT("certificate_expired"),
		[46] = ALERT("certificate_unknown"),
		[47] = ALERT("illegal_parameter"),
		[48] = ALERT("unknown_ca"),
		[49] = ALERT("access_denied"),
		[50] = ALERT("decode_error"),
		[51] = ALERT("decrypt_error"),
		[70] = ALERT("protocol_version"),
		[71] = ALERT("insufficient_security"),
		[80] = ALERT("internal_error"),
		[86] = ALERT("inappropriate_fallback"),
		[90] = ALERT("user_canceled"),
		[109] = ALERT("missing_extension"),
		[110] = ALERT("unsupported_extension"),
		[112] = ALERT("unrecognized_name"),
		[116] = ALERT("certificate_required"),
		[120] = ALERT("no_application_protocol"),
	};
#undef ALERT

	if (what < sizeof(text) / sizeof(text[0]) && text[what] != NULL)
		return text[what];
	return "the peer sent an alert";
}

/* Epoch 0 is anybody's: there an alert is a hint for when time runs out. */
static void
on_alert(struct dtls *d, const struct record *rec, struct batch *tx)
{
	uint8_t	 level, what;

	d->stats.alerts++;
	if (rec->body.n != 2)
		return;
	level = rec->body.p[0];
	what = rec->body.p[1];
	if (rec->epoch == 0) {
		if (d->hint == NULL)
			d->hint = alert_text(what);
		return;
	}
	if (what == CLOSE_NOTIFY) {
		if (d->step == STEP_DONE)
			send_alert(d, WARNING, CLOSE_NOTIFY, tx);
		set_state(d, DTLS_CLOSED);
	} else if (level == FATAL)
		conn_fail(d, alert_text(what));
}

/*
 * A record of epoch 1 came before what makes its key, or data before Finished
 * did. Kept as it is, to be looked at later.
 */
static void
keep_early(struct dtls *d, const struct record *rec)
{
	size_t	 n = RECORD_HEADER + rec->body.n;

	d->stats.early++;
	if (n > EARLY_BYTES - d->early_n || rec->header[0] == 0)
		return;
	memcpy(d->early + d->early_n, rec->header, n);
	d->early_n += n;
}

/* A kept record whose time has come; a type of 0 marks one taken before. */
static bool
take_early(struct dtls *d, struct record *rec)
{
	struct span	 s = { d->early, d->early_n };
	bool		 more = false;

	while (d->reader.aead != NULL && s.n > 0) {
		if (record_next(rec, &s) == -1)
			break;
		if (rec->type == 0)
			continue;
		if (rec->type != CONTENT_DATA || d->state != DTLS_HANDSHAKE) {
			rec->header[0] = 0;
			return true;
		}
		more = true;
	}
	if (d->reader.aead != NULL && !more)
		d->early_n = 0;
	return false;
}

static void
on_sealed(struct dtls *d, uint64_t now, struct record *rec, struct span *app,
    struct batch *tx)
{
	if (d->reader.aead == NULL ||
	    (rec->type == CONTENT_DATA && d->state == DTLS_HANDSHAKE)) {
		keep_early(d, rec);
		return;
	}
	if (!window_fresh(&d->window, rec->seq)) {
		d->stats.replays++;
		return;
	}
	if (!record_open(&d->reader, rec)) {
		d->stats.bad_records++;
		return;
	}
	window_mark(&d->window, rec->seq);
	switch (rec->type) {
	case CONTENT_DATA:
		flight_cut(&d->out, 0);	/* so the peer has our Finished */
		*app = rec->body;
		break;
	case CONTENT_HANDSHAKE:
		on_handshake(d, now, rec, tx);
		break;
	case CONTENT_ALERT:
		on_alert(d, rec, tx);
		break;
	}
}

static void
on_plain(struct dtls *d, uint64_t now, const struct record *rec,
    struct batch *tx)
{
	if (d->state != DTLS_HANDSHAKE) {
		if (rec->type == CONTENT_ALERT)
			d->stats.alerts++;
		return;
	}
	/* A ChangeCipherSpec says what a record's epoch says better. */
	if (rec->type == CONTENT_HANDSHAKE)
		on_handshake(d, now, rec, tx);
	else if (rec->type == CONTENT_ALERT)
		on_alert(d, rec, tx);
	else if (rec->type != CONTENT_CCS)
		d->stats.bad_records++;
}

bool
dtls_input(struct dtls *d, uint64_t now, struct span *datagram,
    struct span *app, struct batch *tx)
{
	struct record	 rec;

	app->p = NULL;
	app->n = 0;
	if (d->state == DTLS_CLOSED || d->state == DTLS_FAILED)
		return false;
	if (!take_early(d, &rec)) {
		if (datagram->n == 0)
			return false;
		if (record_next(&rec, datagram) == -1) {
			d->stats.bad_records++;
			datagram->n = 0;
			return false;
		}
	}
	if (rec.epoch == 1 && rec.version == DTLS_1_2)
		on_sealed(d, now, &rec, app, tx);
	else if (rec.epoch == 0)
		on_plain(d, now, &rec, tx);
	else
		d->stats.bad_records++;
	return true;
}

void
dtls_tick(struct dtls *d, uint64_t now, struct batch *tx)
{
	if (d->state != DTLS_HANDSHAKE)
		return;
	if (now >= earlier(d->give_up, d->doubted)) {
		if (d->doubted != NEVER)
			send_alert(d, FATAL, HANDSHAKE_FAILURE, tx);
		conn_fail(d, d->hint != NULL ? d->hint :
		    "the DTLS handshake timed out");
		return;
	}
	if (now < d->resend)
		return;
	if (d->out.sent > 0) {
		d->stats.retransmits++;
		d->rto = d->rto * 2 < RTO_MAX ? d->rto * 2 : RTO_MAX;
	}
	d->resend = now + d->rto;
	flight_send(&d->out, &d->sender, d->conf.mtu, now, tx);
}

uint64_t
dtls_deadline(const struct dtls *d)
{
	if (d->state != DTLS_HANDSHAKE)
		return NEVER;
	return earlier(d->resend, earlier(d->give_up, d->doubted));
}

void
dtls_seal(struct dtls *d, struct dgram *g)
{
	struct span	 s = { g->p, g->n };

	if (d->state != DTLS_UP || d->sender.seq[1] > SEQ_MAX) {
		g->n = 0;
		return;
	}
	record_seal(&d->sender.key, CONTENT_DATA, d->sender.seq[1]++, &s);
	g->p = s.p;
	g->n = s.n;
}

void
dtls_close(struct dtls *d, uint64_t now, struct batch *tx)
{
	(void)now;
	if (d->state == DTLS_CLOSED || d->state == DTLS_FAILED)
		return;
	if (d->state == DTLS_UP)
		send_alert(d, WARNING, CLOSE_NOTIFY, tx);
	set_state(d, DTLS_CLOSED);
}

/* RFC 8446 4.1.3: clients of TLS 1.3 take this ending for an attack. */
static bool
looks_downgraded(const uint8_t random[RANDOM])
{
	return memcmp(random + 24, "DOWNGRD", 7) == 0;
}

static void
make_random(struct dtls *d)
{
	uint8_t	*random = d->conf.client ? d->keys.client_random :
	    d->keys.server_random;

	do
		rng_bytes(d->conf.rng, random, RANDOM);
	while (looks_downgraded(random));
}

static void
set_conf(struct dtls *d, const struct dtls_conf *conf)
{
	d->conf = *conf;
	if (conf->key_id != NULL) {
		memcpy(d->key_id, conf->key_id, sizeof(d->key_id));
		d->conf.key_id = d->key_id;
	}
	if (conf->mtu == 0)
		d->conf.mtu = MTU;
	else if (conf->mtu < MTU_MIN)
		d->conf.mtu = MTU_MIN;
	if (conf->rto == 0)
		d->conf.rto = RTO;
	d->rto = d->conf.rto;
}

struct dtls *
dtls_new(const struct dtls_conf *conf, uint64_t now)
{
	struct dtls	*d = calloc(1, sizeof(*d));

	if (d == NULL)
		return NULL;
	d->start = digest_new();
	d->script = digest_new();
	d->scratch = digest_new();
	if (d->start == NULL || d->script == NULL || d->scratch == NULL) {
		dtls_free(d);
		return NULL;
	}
	set_conf(d, conf);
	make_random(d);
	d->give_up = now + GIVE_UP;
	d->doubted = NEVER;
	d->resend = NEVER;
	if (conf->client) {
		reasm_init(&d->in, 0, REASM_MESSAGES);
		d->step = STEP_FLIGHT;
		client_hello(d);
		d->resend = now;
	} else
		reasm_init(&d->in, 0, REASM_MESSAGES - 1);
	return d;
}

void
dtls_free(struct dtls *d)
{
	if (d == NULL)
		return;
	release(d);
	keys_drop(&d->reader);
	keys_drop(&d->sender.key);
	wipe(d, sizeof(*d));
	free(d);
}

enum dtls_state
dtls_state(const struct dtls *d)
{
	return d->state;
}

const char *
dtls_why(const struct dtls *d)
{
	return d->why;
}

const char *
dtls_suite(const struct dtls *d)
{
	return d->step == STEP_DONE ? d->suite->name : NULL;
}

void
dtls_stats(const struct dtls *d, struct dtls_stats *st)
{
	*st = d->stats;
}

int
dtls_export_srtp(const struct dtls *d, uint8_t *out, size_t n)
{
	if (d->state != DTLS_UP)
		return -1;
	keys_export(&d->keys, "EXTRACTOR-dtls_srtp", out, n);
	return 0;
}

/*
 * The far end's application in an interop test, on top of link.js. The near
 * end leads; a line of its stream says what follows:
 *
 *	echo N M	"ok" and a newline; then N bytes, to come back in
 *			messages of M bytes of payload
 *	bulk N KEY	N bytes of the pattern each way at the same time, and
 *			then "ok" or "bad OFFSET" and a newline
 *	info N		a line of JSON comes back: N; the sizes of the messages
 *			that came since it was asked last, as many as GOT;
 *			how many channels were closed, of any link; and of the
 *			channel that this end "opened" and the one it was
 *			"given": its connection, by number, and its role there
 *			in DTLS, and the channel's id
 *	channels N	what is sent from now on is spread over N channels
 *			more, of the same connection; with 0 they are closed.
 *			"ok" and a newline once they are open, or closed
 *	close WHICH	the channel is closed that this end "opened", or that
 *			it was "given", to send on
 *	unknown WHICH I	beside that, this end has a channel of id I that it
 *			does not tell the other end of, and sends a byte on it.
 *			"closed" and a newline once the other end closes it
 */
'use strict';

const BLOCK = 4096;
const GOT = 16;

/* Block k of the pattern: every block and every place in it differs. */
function block(key, k, out) {
	for (let i = 0; i < BLOCK; i++)
		out[i] = i * 31 + (i >> 8) * 7 + key * 17 & 255;
	for (let i = 0; i < 4; i++)
		out[i] = (k ^ key) >>> 24 - 8 * i;
}

class Service {
	constructor(link) {
		this.link = link;
		this.connections = new Map();
		this.reset();
		link.onmessage = n => this.got.length < GOT && this.got.push(n);
		link.onbytes = b => this.input(b);
		link.onrestart = () => this.reset();
	}
	reset() {
		this.line = '';
		this.job = null;
		this.got = [];
		this.queue = Promise.resolve();
		this.spread = [];	/* channels to send on, in turn */
		this.turn = 0;
	}
	send(bytes, piece) {
		this.queue = this.queue.then(() => {
			if (this.spread.length > 0)
				this.link.ours.dc = this.spread[
				    this.turn++ % this.spread.length];
			return this.link.send(bytes, piece);
		}).catch(e => this.link.party.log('send: ' + e));
		return this.queue;
	}
	session(which) {
		return which === 'opened' ? this.link.theirs : this.link.ours;
	}
	channel(which) {
		const { pc, dc, role } = this.session(which);
		const known = this.connections;

		if (!known.has(pc))
			known.set(pc, known.size);
		return { connection: known.get(pc), role, id: dc && dc.id };
	}
	info(asked) {
		this.say(JSON.stringify({ asked, got: this.got.splice(0),
			closes: this.link.party.closes,
			opened: this.channel('opened'),
			given: this.channel('given') }));
	}
	more(n) {
		const s = this.link.ours, how = this.link.party.conf.channel;
		const first = this.spread[0] || s.dc;
		const extra = [];

		for (let i = 0; i < n; i++) {
			const dc = s.pc.createDataChannel('hotlink-' + i,
			    how && { id: how.id + 2 * i });

			dc.bufferedAmountLowThreshold =
			    first.bufferedAmountLowThreshold;
			extra.push(new Promise((resolve, reject) => {
				dc.onopen = () => resolve(dc);
				dc.onerror = reject;
				if (dc.readyState === 'open')	/* libwebrtc */
					resolve(dc);
			}));
		}
		return Promise.all(extra).then(all => {
			this.spread = [first, ...all];
		});
	}
	fewer() {
		const [first, ...extra] = this.spread;

		this.spread = [];
		this.link.ours.dc = first;
		return Promise.all(extra.map(dc => new Promise(resolve => {
			dc.onclose = () => {
				this.link.party.closes++;
				resolve();
			};
			dc.close();
		})));
	}
	channels(n) {
		(n > 0 ? this.more(n) : this.fewer()).then(
		    () => this.say('ok'), e => this.say('bad ' + e));
	}
	unknown(which, id) {
		const dc = this.session(which).pc.createDataChannel('unknown',
		    { negotiated: true, id });
		const wrap = this.link.party.conf.wrap || (b => b);
		const send = () => dc.send(wrap(Uint8Array.of(0)));

		dc.onclose = () => this.say('closed');
		dc.onopen = send;
		if (dc.readyState === 'open') {
			dc.onopen = null;
			send();
		}
	}
	echo(n, piece) {
		this.job = new Echo(this, n, piece);
		this.say('ok');
	}
	say(text) {
		return this.send(new TextEncoder().encode(text + '\n'));
	}
	input(b) {
		let i = 0;

		while (i < b.length)
			if (this.job !== null) {
				i += this.job.take(b.subarray(i));
				if (this.job.done)
					this.job = null;
			} else {
				const c = String.fromCharCode(b[i++]);

				if (c !== '\n') {
					this.line += c;
					continue;
				}
				this.command(this.line.split(' '));
				this.line = '';
			}
	}
	command(word) {
		const n = Number(word[1]), v = Number(word[2]);

		if (word[0] === 'echo')
			this.echo(n, v);
		else if (word[0] === 'bulk')
			this.job = new Bulk(this, n, v);
		else if (word[0] === 'info')
			this.info(n);
		else if (word[0] === 'channels')
			this.channels(n);
		else if (word[0] === 'close')
			this.session(word[1]).dc.close();
		else if (word[0] === 'unknown')
			this.unknown(word[1], v);
	}
}

class Echo {
	constructor(service, n, piece) {
		this.service = service;
		this.bytes = new Uint8Array(n);
		this.at = 0;
		this.piece = piece;
	}
	get done() {
		return this.at === this.bytes.length;
	}
	take(b) {
		const n = Math.min(b.length, this.bytes.length - this.at);

		this.bytes.set(b.subarray(0, n), this.at);
		this.at += n;
		if (this.done)
			this.service.send(this.bytes, this.piece);
		return n;
	}
}

class Bulk {
	constructor(service, n, key) {
		this.service = service;
		this.n = n;
		this.key = key;
		this.at = 0;
		this.bad = -1;
		this.want = new Uint8Array(BLOCK);
		this.sent = this.run();
	}
	get done() {
		return this.at === this.n;
	}
	/* A message is of 15 blocks, less than the 65,535 bytes it may have. */
	async run() {
		const some = 15 * BLOCK;

		for (let off = 0; off < this.n; off += some) {
			const out = new Uint8Array(some);

			for (let k = 0; k < 15; k++)
				block(this.key + 1, off / BLOCK + k,
				    out.subarray(k * BLOCK, (k + 1) * BLOCK));
			await this.service.send(
			    out.subarray(0, Math.min(some, this.n - off)));
		}
	}
	take(b) {
		const n = Math.min(b.length, this.n - this.at);

		for (let i = 0; i < n; i++) {
			const j = (this.at + i) % BLOCK;

			if (j === 0)
				block(this.key, (this.at + i) / BLOCK,
				    this.want);
			if (b[i] !== this.want[j] && this.bad === -1)
				this.bad = this.at + i;
		}
		this.at += n;
		if (this.done)
			this.sent.then(() => this.service.say(
			    this.bad === -1 ? 'ok' : 'bad ' + this.bad));
		return n;
	}
}

if (typeof module !== 'undefined')
	module.exports = { Service };

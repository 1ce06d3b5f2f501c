/*
 * One party of hotlink in a page, or in node: the upstream protocol (dialect 0
 * of hotlink-wire(7)) over a WebSocket to a relay, and a peer connection per
 * session. Data goes over data channels only.
 *
 *	party = new Party({ url, me, RTCPeerConnection, WebSocket, ... })
 *	party.onlink = link => ...	a peer opened a link to us
 *	link.onbytes = bytes => ...	its stream, in order
 *	link.onmessage = size => ...	of each message, as it came
 *	link.onstate = () => ...
 *	await link.send(bytes)		waits while too much is queued
 *
 * A link of datagrams or RTP (stream.udp) has one session, theirs: what it shows
 * is its tracks, link.ontrack, and its datagrams, link.onbytes.
 */
'use strict';

const OPEN = 9, ACCEPT = 10, REJECT = 11, DATA = 12, CLOSE = 13, SIGNAL = 14;
const HIGH = 1 << 20, LOW = 256 << 10;	/* bytes queued in a channel */
const MESSAGE = 65535;			/* the longest, as upstream has it */
const HEAD = 21;			/* of a frame, before its path */
const HELD = 1024;			/* frames that came too early */
const PATIENCE = 5000;			/* ms for a connection to come up */
const SETTLE = 150;			/* ms from Accept to our offer */

const sleep = ms => new Promise(resolve => setTimeout(resolve, ms));

function newId() {
	let s = '';

	for (let i = 0; i < 8; i++)
		s += Math.floor(Math.random() * 65536).toString(16)
		    .padStart(4, '0');
	return s;
}

/* a@x/p/0_to_1/stream.tcp.request of theirs is b@x/p/1_to_0/... of ours. */
function ourPath(path, me) {
	const part = path.split('/');
	const dir = part[part.length - 2].split('_to_');

	part[0] = me;
	part[part.length - 2] = dir[1] + '_to_' + dir[0];
	return part.join('/');
}

function encodeFrame(path, seq, payload) {
	const frame = new Uint8Array(HEAD + path.length + payload.length);
	const view = new DataView(frame.buffer);

	frame.set([0x48, 0x4c, 0x4e, 0x4b, 1]);
	view.setUint16(5, path.length);
	view.setUint32(9, payload.length);
	view.setUint32(13, Math.floor(seq / 4294967296));
	view.setUint32(17, seq >>> 0);
	frame.set(path, HEAD);
	frame.set(payload, HEAD + path.length);
	return frame;
}

/* null: not a frame. */
function decodeFrame(b) {
	const view = new DataView(b.buffer, b.byteOffset, b.length);

	if (b.length < HEAD || view.getUint32(0) !== 0x484c4e4b || b[4] !== 1)
		return null;
	const start = HEAD + view.getUint16(5) + view.getUint16(7);
	const end = start + view.getUint32(9);

	if (end > b.length)
		return null;
	return {
		seq: view.getUint32(13) * 4294967296 + view.getUint32(17),
		payload: b.subarray(start, end)
	};
}

/* Which of theirs a description is of; a restart of ICE leaves it as it is. */
function connectionOf(sdp) {
	return (/^o=\S+ (\d+)/m.exec(sdp) || [])[1];
}

function bytesOf(base64) {
	const text = atob(base64), b = new Uint8Array(text.length);

	for (let i = 0; i < text.length; i++)
		b[i] = text.charCodeAt(i);
	return b;
}

/* Frames in the order of their numbers, each once. */
class Order {
	constructor(deliver) {
		this.next = 1;
		this.held = new Map();
		this.deliver = deliver;
	}
	take(seq, payload) {
		if (seq < this.next || this.held.size >= HELD)
			return;
		if (seq > this.next) {
			this.held.set(seq, payload.slice());
			return;
		}
		while (payload !== undefined) {
			this.next++;
			this.deliver(payload);
			payload = this.held.get(this.next);
			this.held.delete(this.next);
		}
	}
}

/*
 * A session and its peer connection. Who accepts the session makes the offer
 * and the channel; bytes go from its opener to who accepted it.
 */
class Session {
	constructor(link, sid, ours) {
		this.link = link;
		this.sid = sid;
		this.ours = ours;	/* we opened it, and answer */
		this.pc = null;
		this.dc = null;
		this.up = false;
		this.described = false;	/* their description was applied */
		this.early = [];
		this.told = 0;		/* candidates of theirs */
		this.offered = '';	/* the connection that was answered */
		this.role = '';		/* of ours in DTLS */
		this.limit = MESSAGE;
		this.born = Date.now();
		this.order = new Order(p => link.arrived(p));
	}
	/* It carries, or has not had its time to. */
	get works() {
		return this.up || Date.now() - this.born < PATIENCE;
	}
	/* A channel that is closing takes nothing, before it says so. */
	get takes() {
		return this.up && this.dc.readyState === 'open';
	}
	close() {
		const pc = this.pc;

		this.pc = this.dc = null;
		this.up = false;
		if (pc !== null)
			pc.close();
	}
	create() {
		const party = this.link.party;
		const pc = this.pc = new party.conf.RTCPeerConnection(
		    Object.assign({ bundlePolicy: 'max-bundle' },
		    party.conf.rtc || { iceServers: [] }));

		pc.onicecandidate = ev => {
			if (ev.candidate && ev.candidate.candidate &&
			    this.pc === pc)
				this.signal('ice_candidate', {
					candidate: ev.candidate.candidate,
					sdpMid: '', sdpMLineIndex: 0,
					usernameFragment: null
				});
		};
		pc.ontrack = ev => this.link.ontrack(ev.track);
		pc.ondatachannel = ev => this.adopt(ev.channel);
		pc.onconnectionstatechange = () => {
			if (this.pc === pc && pc.connectionState === 'failed')
				this.link.failed(this);
			this.link.changed();
		};
		return pc;
	}
	adopt(dc) {
		this.dc = dc;
		dc.binaryType = 'arraybuffer';
		dc.bufferedAmountLowThreshold = LOW;
		dc.onopen = () => {
			this.up = true;
			this.link.changed();
		};
		/* Who opened it opens another, or a new connection. */
		dc.onclose = () => {
			if (this.dc !== dc)
				return;		/* by us, with all else */
			this.link.party.closes++;
			this.up = false;
			this.born = 0;
			this.link.changed();
		};
		dc.onmessage = this.link.udp ? ev => {
			this.link.arrived(new Uint8Array(ev.data));
		} : ev => {
			const d = ev.data, b = ArrayBuffer.isView(d) ?
			    new Uint8Array(d.buffer, d.byteOffset, d.length) :
			    new Uint8Array(d);
			const f = decodeFrame(b);

			this.link.onmessage(b.length);
			if (f === null)
				this.link.party.bad++;
			else
				this.order.take(f.seq, f.payload);
		};
		if (dc.readyState === 'open')
			dc.onopen();
	}
	signal(kind, token) {
		this.link.party.say(SIGNAL, {
			sid: this.sid, knd: kind, tok: JSON.stringify(token)
		});
	}
	/*
	 * An offer that says active or passive leaves the other side no choice
	 * of a role: that is how a test wants one. Else who answers is active.
	 * A stack that takes no such offer may take such an answer of its own.
	 */
	decided(sdp, role) {
		return sdp.replace(/a=setup:\w+/g, 'a=setup:' + role);
	}
	async offer() {
		const pc = this.create();

		if (this.link.udp) {
			pc.addTransceiver('video', { direction: 'recvonly' });
			pc.addTransceiver('audio', { direction: 'recvonly' });
			this.adopt(pc.createDataChannel('hotlink-udp',
			    { ordered: false, maxRetransmits: 0 }));
		} else
			this.adopt(pc.createDataChannel('hotlink',
			    this.link.party.conf.channel));
		await pc.setLocalDescription(await pc.createOffer());
		const d = pc.localDescription;
		const want = this.link.party.conf.setup;

		this.signal('sdp_offer', {
			type: 'offer', sdp: want === 'active' ?
			    this.decided(d.sdp, 'active') : d.sdp
		});
	}
	async theirs(type, sdp) {
		const max = /a=max-message-size:(\d+)/.exec(sdp);

		this.told += sdp.split('a=candidate:').length - 1;
		if (max !== null && Number(max[1]) > 0)
			this.limit = Math.min(MESSAGE, Number(max[1]));
		await this.pc.setRemoteDescription({ type, sdp });
		this.described = true;
		for (const text of this.early.splice(0))
			await this.add(text);
	}
	async answer(sdp) {
		const party = this.link.party;
		const offer = connectionOf(sdp);

		if (this.pc !== null && offer !== this.offered) {
			await this.link.offeredAnew(this, sdp);
			return;
		}
		/* A repeated offer: what we said was lost, or is to come. */
		if (this.pc !== null) {
			if (this.answered !== undefined)
				this.signal('sdp_answer', this.answered);
			return;
		}
		this.offered = offer;
		const pc = this.create();

		const passive = party.conf.setup === 'passive';
		const munges = party.conf.answers === true;

		await this.theirs('offer', passive && !munges ?
		    this.decided(sdp, 'active') : sdp);
		const made = await pc.createAnswer();

		await pc.setLocalDescription(passive && munges ?
		    { type: 'answer', sdp: this.decided(made.sdp, 'passive') } :
		    made);
		const d = pc.localDescription;

		this.role = (/a=setup:(\w+)/.exec(d.sdp) || [])[1];
		this.answered = { type: 'answer', sdp: d.sdp };
		this.signal('sdp_answer', this.answered);
	}
	async answeredBy(sdp) {
		if (this.pc === null || this.described)
			return;
		this.role = /a=setup:active/.test(sdp) ? 'passive' : 'active';
		await this.theirs('answer', sdp);
	}
	async candidate(text) {
		this.told += text !== '';
		if (this.pc !== null && this.described)
			await this.add(text);
		else if (this.early.length < 64)
			this.early.push(text);
	}
	async add(text) {
		if (text === '')
			return;
		try {
			await this.pc.addIceCandidate(this.link.party.conf
			    .candidate ? this.link.party.conf.candidate(text) :
			    { candidate: text, sdpMLineIndex: 0 });
		} catch (e) {
			this.link.party.log('candidate ' + text + ': ' + e);
		}
	}
	async onsignal(m) {
		const tok = m.tok ? JSON.parse(m.tok) : {};

		if (m.knd === 'sdp_offer' && this.ours)
			await this.answer(tok.sdp);
		else if (m.knd === 'sdp_answer' && !this.ours)
			await this.answeredBy(tok.sdp);
		else if (m.knd === 'ice_candidate')
			await this.candidate(tok.candidate);
	}
}

/* A link to a peer: its session, in which we get, and ours, to send. */
class Link {
	constructor(party, peer, path) {
		this.party = party;
		this.peer = peer;
		this.path = ourPath(path, party.conf.me);
		this.pathBytes = new TextEncoder().encode(this.path);
		this.theirs = null;
		this.ours = null;
		this.trouble = '';	/* why it is not up, in words */
		this.udp = /\/stream\.udp\.request$/.test(path);
		this.onbytes = () => {};
		this.onmessage = () => {};
		this.ontrack = () => {};
		this.onstate = () => {};
		this.onrestart = () => {};
		this.begin();
	}
	begin() {
		if (this.ours !== null)
			this.ours.close();
		this.ours = new Session(this, newId(), true);
		this.accepted = false;
		this.seq = 0;
		this.rx = this.tx = 0;
		this.open();
	}
	/*
	 * Numbers that have begun cannot go on at another process. A session
	 * in which nothing was sent stays, or two ends would renew for ever.
	 */
	renew() {
		if (this.seq > 0) {
			this.begin();
			return;
		}
		this.ours.close();
		this.ours = new Session(this, this.ours.sid, true);
		this.accepted = false;
		this.rx = 0;
		this.open();
	}
	/*
	 * They have given up a connection that may look fine here. What was
	 * sent on it and did not arrive is lost: then all begins anew.
	 */
	async offeredAnew(s, sdp) {
		if (this.seq > 0)
			this.onrestart();
		this.renew();
		this.changed();
		if (this.ours.sid === s.sid)
			await this.ours.answer(sdp);
	}
	/* Open is said again until it is accepted. */
	async open() {
		const s = this.ours;

		if (this.udp)
			return;
		for (let wait = 1000; s === this.ours && !this.accepted;
		    wait = Math.min(2 * wait, 5000)) {
			this.party.say(OPEN, { sid: s.sid, pth: this.path,
			    to: this.peer });
			await sleep(wait);
		}
	}
	/* Another session of theirs: another process, and all is new. */
	accept(sid) {
		const known = this.theirs !== null;

		if (known && this.theirs.sid !== sid) {
			this.theirs.close();
			this.theirs = null;
			this.onrestart();
			this.renew();
		}
		this.party.say(ACCEPT, { sid });
		if (this.theirs !== null && this.theirs.works)
			return;
		/* The same again: its connection was lost, its numbers stay. */
		const s = new Session(this, sid, false);

		if (this.theirs !== null) {
			s.order = this.theirs.order;
			this.theirs.close();
		}
		this.theirs = s;
		this.offer(s);
	}
	async offer(s) {
		await sleep(SETTLE);
		if (s !== this.theirs || s.pc !== null)
			return;
		try {
			await s.offer();
		} catch (e) {
			this.party.log('offer: ' + e);
		}
	}
	/* Its opener opens it anew; what we opened we do. */
	failed(s) {
		if (s.up)
			this.trouble = 'The way that was in use no longer ' +
			    'answers: the agent is gone, or the network is ' +
			    'another.';
		else if (s.told === 0)
			this.trouble = 'The agent has told no address that ' +
			    'it can be reached at.';
		else
			this.trouble = 'Every pair of addresses was tried ' +
			    'and none answered: UDP is blocked on the way, ' +
			    'here or there. A TURN server could help.';
		s.close();
		if (s === this.ours) {
			this.onrestart();
			this.begin();
		}
	}
	refused(why) {
		if (why !== 'unknown session') {
			this.trouble = 'Our half of the link is refused: ' +
			    why + '.';
			this.changed();
		} else if (this.accepted) {
			this.accepted = false;
			this.open();
		}
	}
	get up() {
		return this.theirs !== null && this.theirs.up &&
		    (this.udp || this.ours.up);
	}
	changed() {
		if (this.up)
			this.trouble = '';
		this.onstate();
	}
	arrived(payload) {
		this.rx += payload.length;
		this.onbytes(payload);
	}
	/* The most that one message takes. */
	get most() {
		return this.ours.limit - HEAD - this.pathBytes.length;
	}
	async room() {
		const s = this.ours, dc = s.dc;

		while (s === this.ours && dc.readyState === 'open' &&
		    dc.bufferedAmount > HIGH)
			await new Promise(resolve => {
				dc.onbufferedamountlow = resolve;
				setTimeout(resolve, this.party.conf.poll || 50);
			});
	}
	async waitUp() {
		while (!this.ours.takes)
			await sleep(20);
	}
	/* Resolves once all of it is queued; each piece is one message. */
	async send(bytes, piece) {
		const s = this.ours, n = Math.min(piece || this.most, this.most);

		for (let i = 0; i < bytes.length; i += n) {
			while (s === this.ours && (!s.takes ||
			    s.dc.bufferedAmount > HIGH))
				await this.waitUp().then(() => this.room());
			if (s !== this.ours)
				throw new Error('the link began anew');
			const payload = bytes.subarray(i, i + n);
			const frame = encodeFrame(this.pathBytes, this.seq + 1,
			    payload);

			s.dc.send(this.party.conf.wrap ?
			    this.party.conf.wrap(frame) : frame);
			this.seq++;
			this.tx += payload.length;
		}
	}
}

class Party {
	constructor(conf) {
		this.conf = conf;
		this.links = new Map();		/* by peer and path */
		this.ws = null;
		this.bad = 0;
		this.closes = 0;	/* of channels, not with our connection */
		this.nextId = 1;
		this.timer = undefined;		/* to connect again */
		this.stopped = false;
		this.onlink = () => {};
		this.onrelay = () => {};
		this.log = conf.log || (() => {});
		this.connect(250);
	}
	connect(wait) {
		const sep = this.conf.url.includes('?') ? '&' : '?';
		const ws = this.ws = new this.conf.WebSocket(this.conf.url +
		    sep + 'user=' + encodeURIComponent(this.conf.me));

		ws.onopen = () => {
			wait = 250;
			this.onrelay(true);
			for (const l of this.links.values())
				this.resume(l);
		};
		ws.onmessage = ev => this.message(ev.data);
		ws.onerror = () => {};
		ws.onclose = () => {
			this.onrelay(false);
			if (!this.stopped)
				this.timer = setTimeout(() => this.connect(
				    Math.min(2 * wait, 5000)), wait);
		};
	}
	/* The relay may have forgotten us: say again what stands. */
	resume(l) {
		if (l.ours !== null && !l.udp)
			this.say(OPEN, { sid: l.ours.sid, pth: l.path,
			    to: l.peer });
		if (l.theirs !== null)
			this.say(ACCEPT, { sid: l.theirs.sid });
	}
	stop() {
		this.stopped = true;
		clearTimeout(this.timer);
		for (const l of this.links.values())
			for (const s of [l.ours, l.theirs])
				if (s !== null)
					s.close();
		this.ws.close();
	}
	say(typ, dat) {
		if (this.ws.readyState === 1)
			this.ws.send(JSON.stringify({
				id: String(this.nextId++), typ, dat
			}));
	}
	/* The link to a peer, by the path of the peer; opened if it is new. */
	link(peer, path) {
		const key = peer + ' ' + path;
		let l = this.links.get(key);

		if (l === undefined) {
			l = new Link(this, peer, path);
			this.links.set(key, l);
			this.onlink(l);
		}
		return l;
	}
	onOpen(m) {
		if (m.frm && /_to_\d+\/stream\.(tcp|udp)\.request$/.test(m.pth))
			this.link(m.frm, m.pth).accept(m.sid);
	}
	bySid(sid) {
		for (const l of this.links.values())
			for (const s of [l.ours, l.theirs])
				if (s !== null && s.sid === sid)
					return s;
		return null;
	}
	message(text) {
		let m;

		try {
			m = JSON.parse(text);
			this.act(m.typ, m.dat);
		} catch (e) {
			this.bad++;
			this.log('message: ' + e);
		}
	}
	act(typ, m) {
		if (typ === OPEN) {
			this.onOpen(m);
			return;
		}
		const s = m && m.sid ? this.bySid(m.sid) : null;

		if (s === null)
			return;
		if (typ === ACCEPT && s.ours) {
			s.link.accepted = true;
		} else if (typ === REJECT && s.ours) {
			s.link.refused(m.rsn || 'no reason given');
		} else if (typ === DATA && !s.ours && m.pay) {
			s.order.take(m.seq, bytesOf(m.pay));
		} else if (typ === CLOSE && !s.ours) {
			s.close();
		} else if (typ === SIGNAL) {
			s.onsignal(m).catch(e => {
				this.bad++;
				this.log(m.knd + ': ' + e);
			});
		}
	}
}

if (typeof module !== 'undefined')
	module.exports = { Party, sleep };

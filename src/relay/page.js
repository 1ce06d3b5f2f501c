/*
 * What link.js does, for people: whether WebRTC gets through from here, by
 * which addresses, and how fast.
 */
'use strict';

const TICK = 500;		/* ms */
const SHOWN = 120;		/* ticks in the plot */
const MEASURE = 10000;		/* ms */
const GATHER = 8000;		/* ms for STUN and TURN servers to answer */
const MIB = 1 << 20;
const CHUNK = new Uint8Array(60000);

const KINDS = {
	host: 'of this machine',
	srflx: 'as a STUN server sees it',
	prflx: 'as the other end sees it',
	relay: 'at a TURN server'
};

const byId = id => document.getElementById(id);
const rateText = v => v.toFixed(v < 10 ? 2 : 1) + ' MiB/s';
/* Firefox tells whole milliseconds. */
const tripText = ms => ms < 0.05 ? 'below 1 ms' : ms.toFixed(1) + ' ms';
let party = null, own = null, views = [];
let relay = 'none';		/* or trying, up, lost, refused, gone */

function text(tag, words, kind) {
	const e = document.createElement(tag);

	e.textContent = words;
	if (kind !== undefined)
		e.className = kind;
	return e;
}

/* In the middle of a sentence, whose an end of the pair is. */
const ENDS = {
	host: ['this machine\'s own address', 'the agent\'s own'],
	srflx: ['its address behind a NAT', 'the agent\'s behind a NAT'],
	prflx: ['its address behind a NAT', 'the agent\'s behind a NAT'],
	relay: ['a TURN server', 'a TURN server of the agent\'s']
};

/* Only what has changed, or a screen reader says it over and over. */
function put(e, words) {
	if (e.textContent !== words)
		e.textContent = words;
}

function endpoint(host, port) {
	if (!host)
		return 'hidden by the browser';
	return (host.includes(':') ? '[' + host + ']' : host) + ':' + port;
}

/* RFC 6544 4.5: such an address, of port 9, takes no connections. */
const onlyCalls = (protocol, port) => protocol === 'tcp' && Number(port) === 9;

function describe(c) {
	const protocol = c.protocol.toLowerCase();

	return endpoint(c.address || c.ip, c.port) + ' ' + c.candidateType +
	    ' ' + protocol + (onlyCalls(protocol, c.port) ? ', outgoing' : '');
}

/* To a TURN server: what we and it speak, and not what it speaks with others. */
function overText(c) {
	const how = c.candidateType === 'relay' ? c.relayProtocol : c.protocol;

	return how ? ', over ' + how.toUpperCase() : '';
}

/*
 * The addresses this browser finds for itself, without anybody to talk to:
 * that alone says whether UDP leaves the network here.
 */
class Own {
	constructor(rtc, out) {
		this.out = out;		/* servers not asked, and why */
		this.asked = rtc.iceServers.flatMap(s => s.urls);
		this.candidates = [];
		this.errors = new Map();	/* by URL */
		this.done = false;
		this.pc = new RTCPeerConnection(rtc);
		this.pc.onicecandidate = ev => this.add(ev.candidate);
		this.pc.onicecandidateerror = ev => {
			if (ev.url)
				this.errors.set(ev.url, ev.errorText ||
				    'error ' + ev.errorCode);
		};
		this.pc.createDataChannel('own');
		this.gather();
	}
	async gather() {
		try {
			await this.pc.setLocalDescription(
			    await this.pc.createOffer());
		} catch (e) {
			this.errors.set('', e.message);
		}
		this.timer = setTimeout(() => this.finish(), GATHER);
		this.show();
	}
	add(c) {
		if (c === null) {
			this.finish();
			return;
		}
		const f = c.candidate.split(' ');

		if (f.length < 8)
			return;
		this.candidates.push({ protocol: f[2].toLowerCase(),
			address: f[4], port: f[5], kind: f[7],
			candidateType: f[7], relayProtocol: c.relayProtocol });
		this.show();
	}
	finish() {
		if (this.done)
			return;
		this.done = true;
		this.stop();
		this.show();
	}
	stop() {
		clearTimeout(this.timer);
		this.pc.close();
	}
	of(kind) {
		return this.candidates.filter(c => c.kind === kind);
	}
	asks(scheme) {
		return this.asked.filter(u => u.startsWith(scheme)).length > 0;
	}
	/* Pairs of words and whether they are good, bad or neither. */
	findings() {
		const seen = this.of('srflx'), relayed = this.of('relay');
		const found = [];

		if (this.of('host').length > 0)
			found.push(['It uses addresses of this machine.' +
			    (this.of('host').some(c =>
			    c.address.endsWith('.local')) ? ' It hides them ' +
			    'behind names that end in .local, which only ' +
			    'machines of this network can find; an agent ' +
			    'elsewhere learns them when it is reached.' :
			    '')]);
		else if (this.done)
			found.push(['It uses no address of this machine: a ' +
			    'setting, an extension or a policy forbids it, ' +
			    'or there is no network.', 'no']);
		if (seen.length > 0)
			found.push(['UDP gets out: a STUN server sees ' +
			    endpoint(seen[0].address, seen[0].port) + '.']);
		else if (this.done && this.asks('stun:'))
			found.push(['No STUN server told another address: ' +
			    'UDP is blocked on the way, or this machine has ' +
			    'no NAT in front of it.', 'no']);
		if (relayed.length > 0)
			found.push(['A TURN server serves us' + [...new Set(
			    relayed.map(overText))].join(' and') + '.']);
		else if (this.done && this.asks('turn'))
			found.push(['No TURN server serves us.', 'no']);
		for (const [url, why] of this.out)
			found.push([url + ' is not used: ' + why + '.', 'no']);
		for (const [url, why] of this.errors)
			found.push([(url ? url + ': ' : '') + why, 'no']);
		return found;
	}
	show() {
		if (this !== own)	/* it was left meanwhile */
			return;
		byId('own').hidden = false;
		byId('findings').replaceChildren(...this.findings().map(
		    ([words, kind]) => text('li', words, kind)));
		byId('addresses').replaceChildren(...this.candidates.map(c => {
			const row = document.createElement('tr');

			row.append(text('td', KINDS[c.kind] || c.kind),
			    text('td', endpoint(c.address, c.port)),
			    text('td', c.protocol + (onlyCalls(c.protocol,
			    c.port) ? ', outgoing only' : '')));
			return row;
		}));
		judge();
	}
}

/* The candidates, the selected pair and its round trip, of one connection. */
async function examine(pc) {
	const found = { pc, ours: [], theirs: [], pair: '', ends: null,
		rtt: null };
	const stats = await pc.getStats();
	let pair = null;

	stats.forEach(s => {
		if (s.type === 'local-candidate')
			found.ours.push(describe(s));
		else if (s.type === 'remote-candidate')
			found.theirs.push(describe(s));
		else if (s.type === 'candidate-pair' && (s.selected ||
		    (s.nominated && s.state === 'succeeded')))
			pair = s;
	});
	const a = pair && stats.get(pair.localCandidateId);
	const b = pair && stats.get(pair.remoteCandidateId);

	if (a && b) {
		found.pair = describe(a) + '\nto ' + describe(b);
		found.ends = [a, b];
		if (pair.currentRoundTripTime !== undefined)
			found.rtt = 1000 * pair.currentRoundTripTime;
	}
	return found;
}

function way(f) {
	const kinds = f.ends.map(c => c.candidateType);
	const c = f.ends[1], at = endpoint(c.address || c.ip, c.port);

	return (kinds.includes('relay') ? 'Through a TURN server' :
	    'Directly') + overText(f.ends[0]) +
	    '. From ' + ENDS[kinds[0]][0] + ' to ' + ENDS[kinds[1]][1] +
	    ', ' + at + '.';
}

/* The next of 1, 2, 5, 10, 20, ... that is not below. */
function nice(v) {
	const p = Math.pow(10, Math.floor(Math.log10(v)));

	return [1, 2, 5, 10].map(m => m * p).find(m => m >= v * 0.999);
}

/* Two rates over the last minute, in the colours of the style sheet. */
class Plot {
	constructor(canvas) {
		this.canvas = canvas;
		this.g = canvas.getContext('2d');
	}
	fit() {
		const c = this.canvas, ratio = window.devicePixelRatio || 1;

		this.w = c.clientWidth;
		this.h = c.clientHeight;
		if (c.width !== Math.round(this.w * ratio) ||
		    c.height !== Math.round(this.h * ratio)) {
			c.width = Math.round(this.w * ratio);
			c.height = Math.round(this.h * ratio);
		}
		this.g.setTransform(ratio, 0, 0, ratio, 0, 0);
		this.g.clearRect(0, 0, this.w, this.h);
	}
	axes(most, colour) {
		const g = this.g, step = nice(most / 4);

		g.font = '12px system-ui, sans-serif';
		g.fillStyle = colour('--soft');
		g.strokeStyle = colour('--line');
		g.lineWidth = 1;
		g.setLineDash([]);
		for (let v = 0; v <= most; v += step) {
			const y = Math.round(this.y(v)) + 0.5;

			g.beginPath();
			g.moveTo(this.left, y);
			g.lineTo(this.w, y);
			g.stroke();
			g.textAlign = 'right';
			g.textBaseline = 'middle';
			g.fillText(String(Number(v.toPrecision(3))),
			    this.left - 6, y);
		}
		g.textBaseline = 'alphabetic';
		g.fillText('now', this.w - 4, this.h - 5);
		g.textAlign = 'left';
		g.fillText('MiB/s', 4, 14);
		g.fillText(SHOWN * TICK / 1000 + ' s ago', this.left,
		    this.h - 5);
	}
	y(v) {
		return this.h - 22 - (this.h - 42) * v / this.most;
	}
	line(values, style, dash) {
		const g = this.g, gap = (this.w - this.left) / (SHOWN - 1);

		g.strokeStyle = style;
		g.lineWidth = 2.5;
		g.setLineDash(dash);
		g.beginPath();
		values.forEach((v, i) => g.lineTo(this.w -
		    gap * (values.length - 1 - i), this.y(v)));
		g.stroke();
	}
	draw(rates) {
		const style = getComputedStyle(this.canvas);
		const colour = name => style.getPropertyValue(name).trim();

		this.most = nice(Math.max(1, ...rates.down, ...rates.up));
		this.left = 44;
		this.fit();
		this.axes(this.most, colour);
		this.line(rates.down, colour('--down'), []);
		this.line(rates.up, colour('--up'), [7, 4]);
	}
}

class View {
	constructor(link) {
		const copy = byId('link').content.cloneNode(true);

		this.link = link;
		this.root = copy.querySelector('section');
		this.root.querySelector('h2').textContent = 'Link with ' +
		    link.peer + ', ' + link.path.split('/').slice(1, -1)
		    .join('/');
		this.root.querySelector('.send').onclick = () => this.send();
		this.root.querySelector('.measure').hidden = link.udp;
		this.plot = new Plot(this.root.querySelector('canvas'));
		this.rates = { down: [], up: [] };
		this.last = { down: 0, up: 0, at: performance.now() };
		this.found = [null, null];
		byId('links').append(copy);
		link.onstate = () => this.show();
		link.ontrack = track => this.play(track);
		this.timer = setInterval(() => this.tick(), TICK);
		this.show();
	}
	stop() {
		clearInterval(this.timer);
	}
	get sessions() {
		return [this.link.theirs, this.link.ours];
	}
	cells(row) {
		return this.root.querySelector('tr.' + row)
		    .querySelectorAll('td');
	}
	/* RTP: one player, for what the agent sends of the two. */
	play(track) {
		const media = this.root.querySelector(track.kind);

		media.srcObject = new MediaStream([track]);
		track.onunmute = () => media.hidden = false;
	}
	/* What is known of the pair in use, and not of one before it. */
	get used() {
		return this.found.find((x, i) => x !== null && x.ends &&
		    this.sessions[i] !== null && this.sessions[i].pc === x.pc);
	}
	/* It changes all the time, and is no news. */
	trip() {
		const f = this.used;

		return this.link.up && f && f.rtt !== null ?
		    'The round trip is ' + tripText(f.rtt) + '.' : '';
	}
	/* Words, and yes, no or wait. */
	story() {
		const l = this.link, f = this.used;

		if (l.up && f)
			return ['yes', way(f)];
		if (l.up)
			return ['yes', 'Connected.'];
		if (l.trouble === '')
			return ['wait', 'Connecting; this takes up to half ' +
			    'a minute where much is blocked.'];
		return ['no', l.trouble + ' Trying again.'];
	}
	show() {
		this.sessions.forEach((s, i) => {
			put(this.cells('state')[i], s === null ||
			    s.pc === null ? 'not yet' : s.pc.connectionState +
			    (s.up ? ', open' : ''));
			put(this.cells('role')[i], s === null ? '' :
			    s.role || '');
		});
		put(this.root.querySelector('.story'), this.story()[1]);
		put(this.root.querySelector('.trip'), this.trip());
		if (!this.measuring)
			this.root.querySelector('.send').disabled =
			    !this.link.up;
		judge();
	}
	count() {
		const l = this.link, now = performance.now();
		const dc = l.ours === null ? null : l.ours.dc;
		const bytes = { down: l.rx,
			up: Math.max(0, l.tx - (dc ? dc.bufferedAmount : 0)) };
		const s = (now - this.last.at) / 1000 * MIB;

		for (const way of ['down', 'up']) {
			this.rates[way].push(Math.max(0, bytes[way] -
			    this.last[way]) / s);
			this.rates[way].splice(0, this.rates[way].length -
			    SHOWN);
		}
		this.last = Object.assign(bytes, { at: now });
		[bytes.down, bytes.up].forEach((n, i) => put(
		    this.cells('bytes')[i], n.toLocaleString('en')));
	}
	async tick() {
		this.count();
		const now = { down: this.rates.down.at(-1),
			up: this.rates.up.at(-1) };

		for (const way of ['down', 'up'])
			put(this.root.querySelector('figcaption .' + way +
			    ' b'), rateText(now[way]));
		this.plot.draw(this.rates);
		this.plot.canvas.setAttribute('aria-label', 'rates of the ' +
		    'last minute; now ' + rateText(now.down) +
		    ' from the agent, ' + rateText(now.up) + ' to it');
		for (const [i, x] of this.sessions.entries())
			if (x !== null && x.pc !== null)
				await this.look(x.pc, i);
		this.show();
	}
	async look(pc, i) {
		try {
			const f = this.found[i] = await examine(pc);

			for (const row of ['ours', 'theirs'])
				put(this.cells(row)[i], f[row].join('\n'));
			put(this.cells('pair')[i], f.pair);
			put(this.cells('rtt')[i], f.rtt === null ? '' :
			    tripText(f.rtt));
		} catch (e) {
			/* It was closed meanwhile. */
		}
	}
	/* What was measured, and what to do if it was nothing. */
	result(down, up) {
		const words = ['Agent to browser ' + rateText(down) +
		    ', browser to agent ' + rateText(up) + '.'];

		if (down === 0)
			words.push('Nothing came: nothing sends into the ' +
			    'link at the agent.');
		if (up < 0.01)
			words.push('Nothing was taken: nothing reads from ' +
			    'the link at the agent.');
		return words.join(' ');
	}
	async flood(until) {
		const l = this.link;

		/* A send that waits for ever ends with the measurement. */
		while (performance.now() < until)
			await Promise.race([l.send(CHUNK),
				sleep(until - performance.now())]);
	}
	async send() {
		const button = this.root.querySelector('.send');
		const out = this.root.querySelector('.measure output');
		const seen = () => ({ down: this.last.down,
			up: this.last.up, at: this.last.at });

		this.measuring = true;
		button.disabled = true;
		put(out, 'Sending as fast as the link takes it ...');
		this.count();
		const from = seen();

		try {
			await this.flood(from.at + MEASURE);
			this.count();
			const to = seen(), s = (to.at - from.at) / 1000 * MIB;

			put(out, this.result((to.down - from.down) / s,
			    (to.up - from.up) / s));
		} catch (e) {
			put(out, 'The link was lost on the way: ' + e.message);
		}
		this.measuring = false;
		this.show();
	}
}

/* The one answer at the top: the best that any link has to say. */
function judge() {
	const said = views.map(v => v.story().concat(v.link.peer, v.trip()));
	const best = ['yes', 'wait', 'no'].map(w => said.find(
	    s => s[0] === w)).find(s => s !== undefined);
	const heads = { yes: 'Yes', no: 'No, not to ', wait: 'Wait' };
	const hints = {
		none: 'Join the relay to find out.',
		trying: 'Connecting to the relay ...',
		lost: 'The connection to the relay is lost; trying again. ' +
		    'Links that are up stay up.',
		refused: 'The relay does not let us in. Is the address like ' +
		    'name@host.domain? Trying again.',
		gone: 'The relay does not answer any more. Trying again.',
		up: 'The relay is reached. Now an agent is to open a link to ' +
		    'us: see below for how.'
	};

	if (typeof RTCPeerConnection === 'undefined')
		tell('no', 'No', 'This browser has no WebRTC, or a setting, ' +
		    'an extension or a policy has switched it off.');
	else if (best !== undefined)
		tell(best[0], heads[best[0]] + (best[0] === 'yes' ?
		    ', to ' + best[2] : best[0] === 'no' ? best[2] : ''),
		    best[1], best[3]);
	else
		tell(/refused|gone/.test(relay) ? 'no' : 'wait', '',
		    hints[relay]);
}

function tell(kind, head, words, trip) {
	const v = byId('answer');

	byId('verdict').className = kind;
	put(byId('trip'), trip || '');
	if (v.textContent === head + words)
		return;
	v.replaceChildren(...head === '' ? [] : [text('b', head)], words);
}

/* Why RTCPeerConnection would refuse this server; or nothing. */
function refusal(server) {
	if (server.username === '' || server.credential === '')
		return 'it needs a user and a password';
	try {
		new RTCPeerConnection({ iceServers: [server] }).close();
	} catch (e) {
		return 'this browser does not understand it';
	}
	return '';
}

/* RTCPeerConnection refuses all of them for one: that is left out. */
function servers() {
	const username = byId('turn-user').value;
	const credential = byId('turn-pass').value;
	const out = new Map(), iceServers = [];

	for (const said of byId('ice').value.split(/[\s,]+/)) {
		const urls = /^(stuns?|turns?):/.test(said) ? said :
		    'stun:' + said;
		const server = urls.startsWith('turn') ?
		    { urls, username, credential } : { urls };
		const why = said === '' ? '' : refusal(server);

		if (why !== '')
			out.set(urls, why);
		else if (said !== '')
			iceServers.push(server);
	}
	return { out, iceServers };
}

function showTurn() {
	for (const p of document.querySelectorAll('.turn'))
		p.hidden = !/\bturns?:/.test(byId('ice').value);
}

function showHow() {
	byId('how').querySelector('pre').textContent =
	    'hotlink mark -c 0_to_1 -u alice@example.com -p ' +
	    (byId('me').value.trim().toLowerCase() || 'laptop@example.com') +
	    ' \\\n    -d ~/alice --ports 9100:9200 --path page\n' +
	    'nc 127.0.0.1 9100 </dev/zero >/dev/null';
}

/* What was seen and said of the last connection is not true of the next. */
function leave() {
	if (party !== null) {
		party.onrelay = () => {};	/* its end is not news */
		party.stop();
	}
	if (own !== null)
		own.stop();
	views.forEach(v => v.stop());
	party = own = null;
	views = [];
	relay = 'none';
	put(byId('relay'), 'not connected');
	byId('own').hidden = true;
	for (const list of ['findings', 'addresses', 'links'])
		byId(list).replaceChildren();
}

/* A socket that is refused does not say why, but others can be asked. */
async function whyRefused() {
	const asked = party;
	const there = await fetch('/healthz').then(r => r.ok, () => false);

	if (party === asked && /trying|refused|gone/.test(relay)) {
		relay = there ? 'refused' : 'gone';
		judge();
	}
}

function onRelay(up, me) {
	put(byId('relay'), up ? 'connected as ' + me : 'not connected');
	if (up)
		relay = 'up';
	else if (relay === 'up')
		relay = 'lost';
	else if (relay !== 'lost')
		whyRefused();
	judge();
}

function join(me, conf) {
	const secure = location.protocol === 'https:';
	const { iceServers, out } = servers();
	const rtc = { iceServers };

	leave();
	own = new Own(rtc, out);
	relay = 'trying';
	party = new Party(Object.assign({
		url: (secure ? 'wss://' : 'ws://') + location.host +
		    '/api/v1/events', me,
		RTCPeerConnection, WebSocket, rtc,
		log: text => console.log(text)
	}, conf));
	party.onrelay = up => onRelay(up, me);
	party.onlink = link => views.push(new View(link));
	judge();
	return party;
}

/* The relay's own servers, which it tells every party. */
async function askServers() {
	const r = await fetch('/', { cache: 'no-store' });
	const of = name => r.headers.get('X-Syft-Hotlink-' + name) || '';

	if (byId('ice').value !== '')
		return;
	byId('ice').value = of('Ice-Servers');
	byId('turn-user').value = of('Turn-User');
	byId('turn-pass').value = of('Turn-Pass');
	showTurn();
}

byId('join').onsubmit = ev => {
	ev.preventDefault();
	if (typeof RTCPeerConnection !== 'undefined')
		join(byId('me').value.trim().toLowerCase(), {});
};
byId('me').oninput = showHow;
byId('ice').oninput = showTurn;
showHow();
judge();
askServers().catch(() => {});

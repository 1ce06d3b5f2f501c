/* What link.js does, for people: state, candidates, pair, rates and a plot. */
'use strict';

const TICK = 500;		/* ms */
const SHOWN = 120;		/* ticks in the plot */
const CHUNK = new Uint8Array(60000);

const byId = id => document.getElementById(id);
let party = null;

function cells(view, row) {
	return view.querySelector('tr.' + row).querySelectorAll('td');
}

function address(c) {
	const a = c.address || c.ip || '';

	return (a.includes(':') ? '[' + a + ']' : a) + ':' + c.port + ' ' +
	    c.candidateType + ' ' + c.protocol;
}

/* The candidates, the selected pair and its round trip, of one connection. */
async function examine(pc) {
	const found = { ours: [], theirs: [], pair: '', rtt: '' };
	const stats = await pc.getStats();
	let pair = null;

	stats.forEach(s => {
		if (s.type === 'local-candidate')
			found.ours.push(address(s));
		else if (s.type === 'remote-candidate')
			found.theirs.push(address(s));
		else if (s.type === 'candidate-pair' && (s.selected ||
		    (s.nominated && s.state === 'succeeded')))
			pair = s;
	});
	if (pair !== null && stats.get(pair.localCandidateId)) {
		found.pair = address(stats.get(pair.localCandidateId)) +
		    ' to ' + address(stats.get(pair.remoteCandidateId));
		if (pair.currentRoundTripTime !== undefined)
			found.rtt = (1000 * pair.currentRoundTripTime)
			    .toFixed(1) + ' ms';
	}
	return found;
}

function plot(canvas, rates) {
	const g = canvas.getContext('2d'), w = canvas.width, h = canvas.height;
	const most = Math.max(1, ...rates.down, ...rates.up);

	g.clearRect(0, 0, w, h);
	g.fillStyle = '#555';
	g.fillText(most.toFixed(1) + ' MiB/s', 4, 12);
	for (const way of ['down', 'up']) {
		g.strokeStyle = way === 'down' ? '#06c' : '#d60';
		g.beginPath();
		rates[way].forEach((v, i) => g.lineTo(w * i / (SHOWN - 1),
		    h - 2 - (h - 18) * v / most));
		g.stroke();
	}
}

class View {
	constructor(link) {
		const copy = byId('link').content.cloneNode(true);

		this.link = link;
		this.root = copy.querySelector('section');
		this.root.querySelector('h2').textContent = link.peer + ', ' +
		    link.path;
		this.rates = { down: [], up: [] };
		this.last = { rx: 0, tx: 0, at: performance.now() };
		this.root.querySelector('.send').onclick = () => this.send();
		byId('links').append(copy);
		link.onstate = () => this.show();
		link.ontrack = track => this.play(track);
		this.root.querySelector('p').hidden = link.udp;
		setInterval(() => this.tick(), TICK);
		this.show();
	}
	/* RTP: one player, for what the agent sends of the two. */
	play(track) {
		const media = this.root.querySelector(track.kind);

		media.srcObject = new MediaStream([track]);
		track.onunmute = () => media.hidden = false;
	}
	show() {
		[this.link.theirs, this.link.ours].forEach((s, i) => {
			cells(this.root, 'state')[i].textContent =
			    s === null || s.pc === null ? 'not yet' :
			    s.pc.connectionState + (s.up ? ', open' : '');
			cells(this.root, 'role')[i].textContent =
			    s === null ? '' : s.role || '';
		});
	}
	async tick() {
		const l = this.link, now = performance.now();
		const s = (now - this.last.at) / 1000 * (1 << 20);
		const rate = { down: Math.max(0, l.rx - this.last.rx) / s,
			up: Math.max(0, l.tx - this.last.tx) / s };

		this.last = { rx: l.rx, tx: l.tx, at: now };
		[['down', l.rx], ['up', l.tx]].forEach(([way, n], i) => {
			this.rates[way].push(rate[way]);
			this.rates[way].splice(0,
			    this.rates[way].length - SHOWN);
			cells(this.root, 'bytes')[i].textContent = n;
			cells(this.root, 'rate')[i].textContent =
			    rate[way].toFixed(1);
		});
		plot(this.root.querySelector('canvas'), this.rates);
		this.show();
		for (const [i, x] of [l.theirs, l.ours].entries())
			if (x !== null && x.pc !== null)
				await this.look(x.pc, i);
	}
	async look(pc, i) {
		try {
			const f = await examine(pc);

			for (const row of ['ours', 'theirs'])
				cells(this.root, row)[i].textContent =
				    f[row].join('\n');
			for (const row of ['pair', 'rtt'])
				cells(this.root, row)[i].textContent = f[row];
		} catch (e) {
			/* It was closed meanwhile. */
		}
	}
	async send() {
		const button = this.root.querySelector('.send');
		const until = performance.now() + 10000;

		button.disabled = true;
		try {
			while (performance.now() < until)
				await this.link.send(CHUNK);
		} catch (e) {
			party.log(String(e));
		}
		button.disabled = false;
	}
}

function join(me, conf) {
	const secure = location.protocol === 'https:';
	const ice = byId('ice').value.split(',').map(s => s.trim())
	    .filter(s => s !== '');

	party = new Party(Object.assign({
		url: (secure ? 'wss://' : 'ws://') + location.host +
		    '/api/v1/events', me,
		RTCPeerConnection, WebSocket,
		rtc: { iceServers: ice.map(urls => ({ urls })) },
		log: text => console.log(text)
	}, conf));
	party.onrelay = up => {
		byId('relay').textContent = up ? 'connected as ' + me :
		    'not connected';
	};
	party.onlink = link => new View(link);
	return party;
}

byId('join').onsubmit = ev => {
	ev.preventDefault();
	if (party !== null)
		party.stop();
	byId('links').replaceChildren();
	join(byId('me').value.trim().toLowerCase(), {});
};

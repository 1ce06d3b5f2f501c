/*
 * usage: node webrtc.js libdatachannel|libwebrtc in|out PORT...
 *
 * One end of a tunnel that carries TCP connections through data channels, each
 * through a channel of its own of one peer connection, labelled with the place
 * of its port. in listens on its ports, out connects to them. Each writes its
 * description, a line of JSON, reads the other's, and says "up" when the
 * channels may be used. Modules come from $NODE_PATH.
 *
 * A connection is not read while more than HIGH bytes wait in its channel, and
 * a message is what one read gave, 64 KiB at most.
 */
'use strict';

const net = require('net');

const HIGH = 1 << 20, LOW = 1 << 18;

/*
 * A stack: describe() resolves to ours when all candidates are in it, accept()
 * takes theirs, open() makes a channel. A channel has onopen, ondata, onclose,
 * onlow, send(), waiting() and close().
 */
class LibDataChannel {
	constructor() {
		const nd = require('node-datachannel');

		this.pc = new nd.PeerConnection('bench', { iceServers: [] });
		this.whole = new Promise(done =>
			this.pc.onGatheringStateChange(state => {
				if (state === 'complete')
					done(this.pc.localDescription());
			}));
		this.pc.onDataChannel(dc => this.onchannel(this.wrap(dc)));
	}
	describe() {
		return this.whole;
	}
	accept(d) {
		this.pc.setRemoteDescription(d.sdp, d.type);
	}
	open(label) {
		return this.wrap(this.pc.createDataChannel(label));
	}
	wrap(dc) {
		const ch = {
			label: dc.getLabel(),
			send: b => dc.isOpen() &&
			    (dc.sendMessageBinary(b), true),
			waiting: () => dc.bufferedAmount(),
			close: () => dc.isOpen() && dc.close()
		};

		dc.setBufferedAmountLowThreshold(LOW);
		dc.onBufferedAmountLow(() => ch.onlow());
		dc.onMessage(b => ch.ondata(b));
		dc.onClosed(() => ch.onclose());
		dc.onOpen(() => ch.onopen());
		return ch;
	}
}

class LibWebRTC {
	constructor() {
		const { RTCPeerConnection } = require('@roamhq/wrtc');

		this.pc = new RTCPeerConnection();
		this.pc.ondatachannel = e => this.onchannel(this.wrap(e.channel));
	}
	async describe() {
		const whole = new Promise(done => {
			this.pc.onicegatheringstatechange = () => {
				if (this.pc.iceGatheringState === 'complete')
					done();
			};
		});

		await this.pc.setLocalDescription(this.pc.remoteDescription ?
		    await this.pc.createAnswer() : await this.pc.createOffer());
		await whole;
		return this.pc.localDescription;
	}
	accept(d) {
		return this.pc.setRemoteDescription(d);
	}
	open(label) {
		return this.wrap(this.pc.createDataChannel(label));
	}
	wrap(dc) {
		const ch = {
			label: dc.label,
			send: b => dc.readyState === 'open' &&
			    (dc.send(b), true),
			waiting: () => dc.bufferedAmount,
			close: () => dc.close(),
			silent: true	/* when it has room again */
		};

		dc.binaryType = 'arraybuffer';
		dc.onmessage = e => ch.ondata(Buffer.from(e.data));
		dc.onclose = () => ch.onclose();
		if (dc.readyState === 'open')	/* and says so never */
			setImmediate(() => ch.onopen());
		else
			dc.onopen = () => ch.onopen();
		return ch;
	}
}

/* A TCP connection and its channel, from when both are there. */
function join(socket, ch) {
	const look = () => ch.waiting() > LOW ? setTimeout(look, 1) :
	    socket.resume();

	socket.setNoDelay();
	socket.on('data', b => {
		if (!ch.send(b))
			socket.destroy();
		else if (ch.waiting() > HIGH) {
			socket.pause();
			if (ch.silent)
				setTimeout(look, 1);
		}
	});
	socket.on('error', () => {});
	socket.on('close', () => ch.close());
	ch.ondata = b => socket.write(b);
	ch.onlow = () => socket.resume();
	ch.onclose = () => socket.end();
}

function quiet(ch) {
	ch.ondata = ch.onlow = ch.onclose = ch.onopen = () => {};
	return ch;
}

const [name, side, ...ports] = process.argv.slice(2);
const stack = name === 'libwebrtc' ? new LibWebRTC() : new LibDataChannel();

function listen(port, i) {
	net.createServer({ pauseOnConnect: true }, socket => {
		const ch = quiet(stack.open(String(i)));

		ch.onopen = () => {
			join(socket, ch);
			socket.resume();
		};
	}).listen(port, '127.0.0.1');
}

/* The first channel is for the description to have one. */
stack.onchannel = ch => {
	quiet(ch);
	if (ch.label !== 'start')
		join(net.connect(ports[ch.label], '127.0.0.1'), ch);
};

function say(d) {
	console.log(JSON.stringify({ type: d.type, sdp: d.sdp }));
}

async function main() {
	const lines = require('readline').createInterface(process.stdin);
	const theirs = new Promise(done => lines.once('line', done));

	lines.on('close', () => process.exit(0));
	if (side === 'in') {
		const first = quiet(stack.open('start'));

		first.onopen = () => {
			ports.forEach(listen);
			console.log('up');
		};
		say(await stack.describe());
		await stack.accept(JSON.parse(await theirs));
	} else {
		await stack.accept(JSON.parse(await theirs));
		say(await stack.describe());
	}
}

main();

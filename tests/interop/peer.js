/*
 * usage: node peer.js STACK URL ME SETUP PEER PATH
 *
 * A party on a WebRTC stack of npm. The three have the interface of the
 * browsers; what differs is in the table. Modules come from $NODE_PATH.
 */
'use strict';

const dgram = require('dgram');
const { Party } = require('../../src/relay/link.js');
const { Service } = require('./service.js');
const WebSocket = require('ws');

const [stack, url, me, setup, peer, path] = process.argv.slice(2);

/* werift takes ids by its role in ICE, not in DTLS, if it is not told one. */
const base = setup === 'active' ? 0 : 1;

/*
 * werift asks a STUN server of the internet unless it is given another: this
 * one, which tells an IPv4 address its own (RFC 8489).
 */
function stunServer() {
	const s = dgram.createSocket('udp4');

	s.on('message', (m, from) => {
		const reply = Buffer.alloc(32);

		reply.writeUInt32BE(0x0101000c);	/* a success */
		m.copy(reply, 4, 4, 20);		/* of this request */
		reply.writeUInt32BE(0x00200008, 20);	/* XOR-MAPPED-ADDRESS */
		reply.writeUInt16BE(1, 24);
		reply.writeUInt16BE(from.port ^ 0x2112, 26);
		from.address.split('.').forEach((b, i) => {
			reply[28 + i] = Number(b) ^ reply[4 + i];
		});
		s.send(reply, from.port, from.address);
	});
	return new Promise(resolve => s.bind(0, '127.0.0.1', () =>
	    resolve('stun:127.0.0.1:' + s.address().port)));
}

const stacks = {
	libdatachannel() {
		const nd = require('node-datachannel/polyfill');

		return {
			RTCPeerConnection: nd.RTCPeerConnection,
			candidate: text => new nd.RTCIceCandidate({
				candidate: text, sdpMid: '0'
			}),
			poll: 2
		};
	},
	libwebrtc() {
		return {
			RTCPeerConnection:
			    require('@roamhq/wrtc').RTCPeerConnection
		};
	},
	async werift() {
		return {
			RTCPeerConnection: require('werift').RTCPeerConnection,
			rtc: {
				iceServers: [{ urls: await stunServer() }],
				iceAdditionalHostAddresses: []
			},
			answers: true,
			channel: { id: base },
			wrap: b => Buffer.from(b.buffer),
			poll: 2
		};
	}
};

function watch(party) {
	for (const l of party.links.values())
		console.error('rx', l.rx, 'tx', l.tx, 'bad', party.bad,
		    [l.theirs, l.ours].map(s => s && [s.up, s.order.next,
		    s.order.held.size, s.pc && s.pc.connectionState,
		    s.dc && s.dc.readyState,
		    s.dc && s.dc.bufferedAmount].join(' ')));
}

async function main() {
	const party = new Party(Object.assign({
		url, me, setup, WebSocket, log: text => console.error(text)
	}, await stacks[stack]()));

	party.onlink = link => new Service(link);
	party.link(peer, path);
	if (process.env.INTEROP_DEBUG)
		setInterval(watch, 1000, party).unref();
}

process.on('unhandledRejection', e => console.error('rejected:', e));
process.on('SIGTERM', () => process.exit(0));
main();

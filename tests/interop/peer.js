/*
 * usage: node peer.js STACK URL ME SETUP PEER PATH
 *
 * A party on a WebRTC stack of npm. The three have the interface of the
 * browsers; what differs is in the table. Modules come from $NODE_PATH.
 */
'use strict';

const { Party } = require('../../src/relay/link.js');
const { Service } = require('./service.js');
const WebSocket = require('ws');

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
	werift() {
		return {
			RTCPeerConnection: require('werift').RTCPeerConnection,
			rtc: { iceServers: [], iceAdditionalHostAddresses: [] },
			wrap: b => Buffer.from(b.buffer),
			poll: 2
		};
	}
};

const [stack, url, me, setup, peer, path] = process.argv.slice(2);

process.on('unhandledRejection', e => console.error('rejected:', e));
const party = new Party(Object.assign({
	url, me, setup, WebSocket, log: text => console.error(text)
}, stacks[stack]()));

party.onlink = link => new Service(link, async l => ({
	offered: l.theirs.role, answered: l.ours.role,
	limit: l.ours.limit
}));
party.link(peer, path);
if (process.env.INTEROP_DEBUG)
	setInterval(() => {
		for (const l of party.links.values())
			console.error('rx', l.rx, 'tx', l.tx, 'bad', party.bad,
			    [l.theirs, l.ours].map(s => s && [s.up, s.order.next,
			    s.order.held.size, s.pc && s.pc.connectionState,
			    s.dc && s.dc.readyState,
			    s.dc && s.dc.bufferedAmount].join(' ')));
	}, 1000).unref();
process.on('SIGTERM', () => process.exit(0));

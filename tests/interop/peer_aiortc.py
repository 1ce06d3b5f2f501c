"""usage: peer_aiortc.py URL ME SETUP PEER PATH

A party on aiortc, as src/relay/link.js is one in a browser, with the service
of service.js on top. aiortc has no candidates to trickle: they are in the
descriptions. It answers actively whatever the offer says."""
import asyncio, json, re, struct, sys, uuid

import websockets
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.sdp import candidate_from_sdp

OPEN, ACCEPT, REJECT, SIGNAL = 9, 10, 11, 14
HIGH, BLOCK = 1 << 20, 4096
URL, ME, SETUP, PEER, THEIR_PATH = sys.argv[1:6]


def reverse(path):
    part = path.split('/')
    a, b = part[-2].split('_to_')
    return '/'.join([ME] + part[1:-2] + [b + '_to_' + a, part[-1]])


PATH = reverse(THEIR_PATH).encode()


def block(key, k):
    return ((k ^ key).to_bytes(4, 'big') +
            bytes((i * 31 + (i >> 8) * 7 + key * 17) & 255
                  for i in range(4, BLOCK)))


def pattern(key, n):
    tail = block(key, 0)[4:]
    return b''.join((k ^ key).to_bytes(4, 'big') + tail
                    for k in range((n + BLOCK - 1) // BLOCK))[:n]


class Session:
    """A peer connection; who accepts the session makes the offer."""

    def __init__(self, link, sid):
        self.link, self.sid, self.role = link, sid, ''
        self.pc = self.dc = self.answered = None
        self.described, self.early = False, []
        self.next, self.held = 1, {}

    def create(self):
        self.pc = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self.pc.on('datachannel', self.adopt)

    def adopt(self, dc):
        self.dc = dc
        dc.on('message', self.message)

    def message(self, b):
        p, e, n, seq = struct.unpack('>HHIQ', b[5:21])
        self.held[seq] = b[21 + p + e:21 + p + e + n]
        while self.next in self.held:
            self.next += 1
            self.link.arrived(self.held.pop(self.next - 1))

    def signal(self, kind, kind_of, sdp):
        self.link.say(SIGNAL, sid=self.sid, knd=kind,
                      tok=json.dumps({'type': kind_of, 'sdp': sdp}))

    async def offer(self):
        self.create()
        self.adopt(self.pc.createDataChannel('hotlink'))
        await self.pc.setLocalDescription(await self.pc.createOffer())
        self.signal('sdp_offer', 'offer', self.pc.localDescription.sdp)

    async def theirs(self, kind, sdp):
        await self.pc.setRemoteDescription(RTCSessionDescription(sdp, kind))
        self.described = True
        for text in self.early:
            await self.candidate(text)

    async def answer(self, sdp):
        if self.pc is None:
            self.create()
            await self.theirs('offer', sdp)
            await self.pc.setLocalDescription(await self.pc.createAnswer())
            self.answered = self.pc.localDescription.sdp
            self.role = re.search(r'a=setup:(\w+)', self.answered).group(1)
        if self.answered:
            self.signal('sdp_answer', 'answer', self.answered)

    async def candidate(self, text):
        if not self.described:
            self.early.append(text)
        elif text and '.local' not in text:
            c = candidate_from_sdp(text.split(':', 1)[-1])
            c.sdpMLineIndex = 0
            await self.pc.addIceCandidate(c)

    async def act(self, kind, tok):
        if kind == 'sdp_offer':
            await self.answer(tok['sdp'])
        elif kind == 'sdp_answer' and not self.described:
            self.role = ('passive' if 'a=setup:active' in tok['sdp'] else
                         'active')
            await self.theirs('answer', tok['sdp'])
        elif kind == 'ice_candidate':
            await self.candidate(tok['candidate'])

    async def close(self):
        if self.pc is not None:
            await self.pc.close()


class Link:
    """The sessions with the peer, and the service."""

    def __init__(self):
        self.queue = None
        self.theirs = None
        self.ours = Session(self, uuid.uuid4().hex)
        self.reset()

    def reset(self):
        self.seq, self.buf, self.job = 0, b'', None
        self.out = asyncio.Queue()
        if self.queue:
            self.queue.cancel()
        self.queue = asyncio.ensure_future(self.sender(self.out))

    def say(self, typ, **dat):
        asyncio.ensure_future(self.ws.send(json.dumps(
            {'id': uuid.uuid4().hex[:6], 'typ': typ, 'dat': dat})))

    async def opening(self, s):
        while s is self.ours and not self.accepted:
            self.say(OPEN, sid=s.sid, pth=PATH.decode(), to=PEER)
            await asyncio.sleep(1)

    def open(self):
        self.accepted = False
        asyncio.ensure_future(self.opening(self.ours))

    async def accept(self, sid):
        if self.theirs and self.theirs.sid != sid:
            old = self.theirs, self.ours
            keep = self.seq == 0
            self.theirs = None
            self.ours = Session(self, old[1].sid if keep else uuid.uuid4().hex)
            self.reset()
            self.open()
            self.say(ACCEPT, sid=sid)
            for s in old:
                await s.close()
        else:
            self.say(ACCEPT, sid=sid)
        if self.theirs is None:
            self.theirs = Session(self, sid)
            await asyncio.sleep(0.15)
            await self.theirs.offer()

    async def sender(self, out):
        while True:
            data, piece = await out.get()
            for i in range(0, len(data), piece):
                await self.send(data[i:i + piece])

    async def send(self, payload):
        while True:
            dc = self.ours.dc
            if (dc and dc.readyState == 'open' and dc.bufferedAmount < HIGH):
                break
            await asyncio.sleep(0.005)
        self.seq += 1
        dc.send(b'HLNK\1' + struct.pack('>HHIQ', len(PATH), 0, len(payload),
                                        self.seq) + PATH + payload)

    def arrived(self, payload):
        self.buf += payload
        while self.buf:
            if self.job is None:
                line, end, rest = self.buf.partition(b'\n')
                if not end:
                    return
                self.buf = rest
                self.command(line.decode().split())
            elif len(self.buf) >= self.job[1]:
                job, self.job = self.job, None
                data, self.buf = self.buf[:job[1]], self.buf[job[1]:]
                self.finish(job, data)
            else:
                return

    def command(self, word):
        if word[0] == 'info':
            self.out.put_nowait((json.dumps({
                'offered': self.theirs.role, 'answered': self.ours.role,
                'limit': 65535}).encode() + b'\n', 60000))
            return
        self.job = word[0], int(word[1]), int(word[2])
        if word[0] == 'bulk':
            self.out.put_nowait((pattern(self.job[2] + 1, self.job[1]),
                                 15 * BLOCK))

    def finish(self, job, data):
        if job[0] == 'echo':
            self.out.put_nowait((data, job[2]))
        else:
            good = data == pattern(job[2], job[1])
            self.out.put_nowait((b'ok\n' if good else b'bad 0\n', 60000))

    async def message(self, m):
        dat = m.get('dat') or {}
        if m['typ'] == OPEN:
            await self.accept(dat['sid'])
            return
        for s in self.theirs, self.ours:
            if s is None or s.sid != dat.get('sid'):
                continue
            if m['typ'] == ACCEPT:
                self.accepted = True
            elif m['typ'] == SIGNAL and dat.get('tok'):
                await s.act(dat['knd'], json.loads(dat['tok']))


async def main():
    link = Link()
    async with websockets.connect(URL + '?user=' + ME, max_size=None) as ws:
        link.ws = ws
        link.open()
        async for text in ws:
            asyncio.ensure_future(link.message(json.loads(text)))


asyncio.run(main())

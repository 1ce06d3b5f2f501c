"""usage: peer_aiortc.py URL ME SETUP PEER PATH

A party on aiortc, as src/relay/link.js is one in a browser, with the service
of service.js on top. aiortc has no candidates to trickle: they are in the
descriptions. It takes no offer that decides the role in DTLS, so its own
answer is what is changed; and it takes the ids of channels by its role in
ICE, if it is not told one."""
import asyncio, json, re, struct, sys, uuid

import websockets
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.sdp import candidate_from_sdp

OPEN, ACCEPT, REJECT, CLOSE, SIGNAL = 9, 10, 11, 13, 14
HIGH, BLOCK, GOT = 1 << 20, 4096, 16
URL, ME, SETUP, PEER, THEIR_PATH = sys.argv[1:6]
FIRST_ID = 0 if SETUP == 'active' else 1


def reverse(path):
    part = path.split('/')
    a, b = part[-2].split('_to_')
    return '/'.join([ME] + part[1:-2] + [b + '_to_' + a, part[-1]])


def block(key, k):
    return ((k ^ key).to_bytes(4, 'big') +
            bytes((i * 31 + (i >> 8) * 7 + key * 17) & 255
                  for i in range(4, BLOCK)))


def pattern(key, n):
    tail = block(key, 0)[4:]
    return b''.join((k ^ key).to_bytes(4, 'big') + tail
                    for k in range((n + BLOCK - 1) // BLOCK))[:n]


class Session:
    """A peer connection; who accepts the session makes the offer. As the same
    session over again it goes on with the numbers of the old one."""
    connections = 0

    def __init__(self, link, sid, old=None):
        self.link, self.sid, self.role = link, sid, ''
        self.pc = self.dc = self.answered = None
        self.connection = None
        self.described, self.early = False, []
        self.next, self.held = (old.next, old.held) if old else (1, {})

    def create(self):
        self.pc = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self.connection = Session.connections
        Session.connections += 1
        self.pc.on('datachannel', self.adopt)

    def adopt(self, dc):
        self.dc = dc
        dc.on('message', self.message)
        dc.on('close', lambda: self.closed(dc))

    def closed(self, dc):
        """Not by us, with all else."""
        if self.dc is dc:
            self.link.party.closes += 1

    def ended(self):
        return self.dc is not None and self.dc.readyState in ('closing',
                                                              'closed')

    def message(self, b):
        self.link.message(len(b))
        p, e, n, seq = struct.unpack('>HHIQ', b[5:21])
        if seq >= self.next:
            self.held[seq] = b[21 + p + e:21 + p + e + n]
        while self.next in self.held:
            self.next += 1
            self.link.arrived(self.held.pop(self.next - 1))

    def signal(self, kind, kind_of, sdp):
        self.link.party.say(SIGNAL, sid=self.sid, knd=kind,
                            tok=json.dumps({'type': kind_of, 'sdp': sdp}))

    async def offer(self):
        self.create()
        self.adopt(self.pc.createDataChannel('hotlink', id=FIRST_ID))
        await self.pc.setLocalDescription(await self.pc.createOffer())
        sdp = self.pc.localDescription.sdp
        if SETUP == 'active':
            sdp = sdp.replace('a=setup:actpass', 'a=setup:active')
        self.signal('sdp_offer', 'offer', sdp)

    async def theirs(self, kind, sdp):
        await self.pc.setRemoteDescription(RTCSessionDescription(sdp, kind))
        self.described = True
        for text in self.early:
            await self.candidate(text)

    async def answer(self, sdp):
        if self.pc is None:
            self.create()
            await self.theirs('offer', sdp)
            made = await self.pc.createAnswer()
            if SETUP == 'passive':
                made = RTCSessionDescription(made.sdp.replace(
                    'a=setup:active', 'a=setup:passive'), 'answer')
            await self.pc.setLocalDescription(made)
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

    def channel(self):
        return {'connection': self.connection, 'role': self.role,
                'id': self.dc and self.dc.id}

    async def close(self):
        self.dc = None
        if self.pc is not None:
            await self.pc.close()


class Link:
    """The sessions of a path, and the service."""

    def __init__(self, party, path):
        self.party, self.path = party, reverse(path).encode()
        self.queue = self.theirs = None
        self.ours = Session(self, uuid.uuid4().hex)
        self.reset()
        self.open()

    def reset(self):
        self.seq, self.buf, self.job, self.got = 0, bytearray(), None, []
        self.extra, self.turn = [], 0
        self.out = asyncio.Queue()
        if self.queue:
            self.queue.cancel()
        self.queue = asyncio.ensure_future(self.sender(self.out))

    def message(self, size):
        if len(self.got) < GOT:
            self.got.append(size)

    async def opening(self, s):
        while s is self.ours and not self.accepted:
            self.party.say(OPEN, sid=s.sid, pth=self.path.decode(), to=PEER)
            await asyncio.sleep(1)

    def open(self):
        self.accepted = False
        asyncio.ensure_future(self.opening(self.ours))

    async def accept(self, sid):
        """Another session of theirs: another process, and all is new."""
        past = None
        old = []
        if self.theirs and self.theirs.sid != sid:
            old = [self.theirs, self.ours]
            keep = self.seq == 0
            self.theirs = None
            self.ours = Session(self, old[1].sid if keep else uuid.uuid4().hex)
            self.reset()
            self.open()
        elif self.theirs and self.theirs.ended():
            past, self.theirs = self.theirs, None
            old = [past]
        self.party.say(ACCEPT, sid=sid)
        if self.theirs is None:
            s = self.theirs = Session(self, sid, past)
            for o in old:
                await o.close()
            await asyncio.sleep(0.15)
            await s.offer()

    async def sender(self, out):
        while True:
            data, piece = await out.get()
            for i in range(0, len(data), piece):
                await self.send(data[i:i + piece])

    async def send(self, payload):
        while True:
            all = [self.ours.dc] + self.extra
            dc = all[self.turn % len(all)]
            if (dc and dc.readyState == 'open' and dc.bufferedAmount < HIGH):
                break
            await asyncio.sleep(0.005)
        self.seq += 1
        self.turn += 1
        dc.send(b'HLNK\1' + struct.pack('>HHIQ', len(self.path), 0,
                                        len(payload), self.seq) +
                self.path + payload)

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
                data = bytes(self.buf[:job[1]])
                del self.buf[:job[1]]
                self.finish(job, data)
            else:
                return

    def say_line(self, text):
        self.out.put_nowait((text.encode() + b'\n', 60000))

    async def channels(self, n):
        for dc in self.extra:
            dc.close()
        while any(dc.readyState != 'closed' for dc in self.extra):
            await asyncio.sleep(0.01)
        extra = [self.ours.pc.createDataChannel(
            'hotlink-%d' % i, id=FIRST_ID + 2 * i) for i in range(n)]
        for dc in extra:
            dc.on('close', self.party.closed)
            while dc.readyState != 'open':
                await asyncio.sleep(0.01)
        self.extra = extra
        self.say_line('ok')

    def session(self, which):
        return self.theirs if which == 'opened' else self.ours

    def unknown(self, s, i):
        dc = s.pc.createDataChannel('unknown', negotiated=True, id=i)
        dc.on('close', lambda: self.say_line('closed'))
        dc.send(b'\0')

    def info(self, asked):
        self.say_line(json.dumps({
            'asked': asked, 'got': self.got, 'closes': self.party.closes,
            'opened': self.theirs.channel(), 'given': self.ours.channel()}))
        self.got = []

    def command(self, word):
        if word[0] == 'info':
            self.info(int(word[1]))
        elif word[0] == 'channels':
            asyncio.ensure_future(self.channels(int(word[1])))
        elif word[0] == 'close':
            self.session(word[1]).dc.close()
        elif word[0] == 'unknown':
            self.unknown(self.session(word[1]), int(word[2]))
        else:
            self.job = word[0], int(word[1]), int(word[2])
        if word[0] == 'echo':
            self.say_line('ok')
        if word[0] == 'bulk':
            self.out.put_nowait((pattern(self.job[2] + 1, self.job[1]),
                                 15 * BLOCK))

    def finish(self, job, data):
        if job[0] == 'echo':
            self.out.put_nowait((data, job[2]))
        else:
            self.say_line('ok' if data == pattern(job[2], job[1]) else
                          'bad 0')


class Party:
    def __init__(self, ws):
        self.ws, self.links, self.closes = ws, {}, 0

    def closed(self):
        self.closes += 1

    def say(self, typ, **dat):
        asyncio.ensure_future(self.ws.send(json.dumps(
            {'id': uuid.uuid4().hex[:6], 'typ': typ, 'dat': dat})))

    def link(self, path):
        if path not in self.links:
            self.links[path] = Link(self, path)
        return self.links[path]

    async def message(self, m):
        dat = m.get('dat') or {}
        if m['typ'] == OPEN:
            await self.link(dat['pth']).accept(dat['sid'])
            return
        for l in self.links.values():
            for s in l.theirs, l.ours:
                if s is None or s.sid != dat.get('sid'):
                    continue
                if m['typ'] == ACCEPT:
                    l.accepted = True
                elif m['typ'] == SIGNAL and dat.get('tok'):
                    await s.act(dat['knd'], json.loads(dat['tok']))


async def main():
    async with websockets.connect(URL + '?user=' + ME, max_size=None) as ws:
        party = Party(ws)
        party.link(THEIR_PATH)
        async for text in ws:
            asyncio.ensure_future(party.message(json.loads(text)))


asyncio.run(main())

"""usage: media_aiortc.py URL ME SECONDS

A party on aiortc with a link of RTP: it accepts the agent's session, offers
VP8 both ways, decodes what comes and sends pictures of its own. Prints a line
of JSON after so many seconds of pictures: how many, and of how many packets,
both ways, libsrtp and rfc3711.py made the same, or not."""
import asyncio, json, sys, uuid

import aiortc.rtcdtlstransport
import pylibsrtp
import rfc3711
import websockets
from aiortc import (RTCConfiguration, RTCPeerConnection, RTCRtpSender,
                    RTCSessionDescription, VideoStreamTrack)
from aiortc.mediastreams import MediaStreamError
from aiortc.sdp import candidate_from_sdp

OPEN, ACCEPT, SIGNAL = 9, 10, 14
URL, ME, SECONDS = sys.argv[1], sys.argv[2], float(sys.argv[3])


class Twice(pylibsrtp.Session):
    """A direction of aiortc's: what libsrtp opens or seals is opened by the
    other, too. The keys are by OpenSSL's exporter."""
    count = {'srtp': 0, 'srtcp': 0, 'different': 0}

    def __init__(self, policy):
        super().__init__(policy)
        self.other = rfc3711.Opener(policy.key)

    def compare(self, name, sealed, clear):
        try:
            same = {'srtp': self.other.open_rtp,
                    'srtcp': self.other.open_rtcp}[name](sealed) == clear
        except ValueError:
            same = False
        self.count[name if same else 'different'] += 1

    def unprotect(self, data):
        clear = super().unprotect(data)
        self.compare('srtp', data, clear)
        return clear

    def unprotect_rtcp(self, data):
        clear = super().unprotect_rtcp(data)
        self.compare('srtcp', data, clear)
        return clear

    def protect(self, data):
        sealed = super().protect(data)
        self.compare('srtp', sealed, data)
        return sealed

    def protect_rtcp(self, data):
        sealed = super().protect_rtcp(data)
        self.compare('srtcp', sealed, data)
        return sealed


class Party:
    def __init__(self, ws):
        self.ws, self.pc, self.sid, self.frames = ws, None, None, 0
        self.done = asyncio.Event()

    async def say(self, typ, **dat):
        await self.ws.send(json.dumps(
            {'id': uuid.uuid4().hex[:6], 'typ': typ, 'dat': dat}))

    async def watch(self, track):
        end = None
        try:
            while end is None or asyncio.get_running_loop().time() < end:
                await track.recv()
                self.frames += 1
                if end is None:
                    end = asyncio.get_running_loop().time() + SECONDS
        except MediaStreamError:
            pass
        self.done.set()

    async def offer(self):
        self.pc = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        t = self.pc.addTransceiver(VideoStreamTrack(), direction='sendrecv')
        t.setCodecPreferences(
            [c for c in RTCRtpSender.getCapabilities('video').codecs
             if c.mimeType == 'video/VP8'])
        self.pc.createDataChannel('hotlink-rtp')
        self.pc.on('track', lambda track: asyncio.ensure_future(
            self.watch(track)))
        await self.pc.setLocalDescription(await self.pc.createOffer())
        await self.say(SIGNAL, sid=self.sid, knd='sdp_offer', tok=json.dumps(
            {'type': 'offer', 'sdp': self.pc.localDescription.sdp}))

    async def message(self, m):
        dat = m.get('dat') or {}
        if m['typ'] == OPEN:
            await self.say(ACCEPT, sid=dat['sid'])
            if self.sid is None:
                self.sid = dat['sid']
                await asyncio.sleep(0.15)
                await self.offer()
        elif m['typ'] == SIGNAL and dat.get('sid') == self.sid and \
                dat.get('tok'):
            tok = json.loads(dat['tok'])
            if dat['knd'] == 'sdp_answer' and \
                    self.pc.signalingState == 'have-local-offer':
                await self.pc.setRemoteDescription(
                    RTCSessionDescription(tok['sdp'], 'answer'))
            elif dat['knd'] == 'ice_candidate' and self.pc.remoteDescription:
                c = candidate_from_sdp(tok['candidate'].split(':', 1)[-1])
                c.sdpMLineIndex = 0
                await self.pc.addIceCandidate(c)

    async def run(self):
        async for text in self.ws:
            await self.message(json.loads(text))


async def main():
    rfc3711.vectors()
    aiortc.rtcdtlstransport.Session = Twice
    async with websockets.connect(URL + '?user=' + ME, max_size=None) as ws:
        p = Party(ws)
        job = asyncio.ensure_future(p.run())
        await asyncio.wait_for(p.done.wait(), 40 + SECONDS)
        # What it sends takes its time to be whole at the other end.
        await asyncio.sleep(1)
        job.cancel()
        print(json.dumps(dict(Twice.count, frames=p.frames)))
        await p.pc.close()


asyncio.run(main())

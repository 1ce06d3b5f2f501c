"""SRTP and SRTCP once more, from the text of RFC 3711 and on OpenSSL's AES:
what another implementation made is checked and decrypted by it. Run alone, it
tries the vectors of appendix B."""
import hashlib, hmac

from cryptography.hazmat.backends import default_backend
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

TAG, HEAD, ROUND = 10, 12, 1 << 16


def stream(key, iv, n):
    """4.1.1: AES-CM, from a block number of 16 bytes."""
    e = Cipher(algorithms.AES(key), modes.CTR(iv.to_bytes(16, 'big')),
               default_backend()).encryptor()
    return e.update(bytes(n))


def xor(a, b):
    return bytes(x ^ y for x, y in zip(a, b))


class Keys:
    """4.3: of RTP, or with label 3 of RTCP."""

    def __init__(self, master, label):
        key, salt = master[:16], int.from_bytes(master[16:30], 'big')
        self.cipher, self.auth, salt = (
            stream(key, (salt ^ ((label + i) << 48)) << 16, n)
            for i, n in enumerate((16, 20, 14)))
        self.salt = int.from_bytes(salt, 'big')

    def crypt(self, ssrc, index, data):
        iv = (self.salt << 16) ^ (ssrc << 64) ^ (index << 16)
        return xor(data, stream(self.cipher, iv, len(data)))

    def check(self, data, tag):
        want = hmac.new(self.auth, data, hashlib.sha1).digest()[:TAG]
        if not hmac.compare_digest(want, tag):
            raise ValueError('the tag is another')


class Opener:
    """One direction of a connection, from its master key and salt."""

    def __init__(self, master):
        self.rtp, self.rtcp = Keys(master, 0), Keys(master, 3)
        self.top = {}           # the highest index of a source

    def index(self, ssrc, seq):
        """3.3.1: the one that is nearest to the last."""
        top = self.top.get(ssrc, seq)
        return min((x for x in (top // ROUND * ROUND + seq + r * ROUND
                                for r in (-1, 0, 1)) if x >= 0),
                   key=lambda x: abs(x - top))

    def open_rtp(self, p):
        ssrc, seq = int.from_bytes(p[8:12], 'big'), p[2] << 8 | p[3]
        index = self.index(ssrc, seq)
        head = HEAD + 4 * (p[0] & 15)
        if p[0] & 16:
            head += 4 + 4 * int.from_bytes(p[head + 2:head + 4], 'big')
        self.rtp.check(p[:-TAG] + (index >> 16).to_bytes(4, 'big'), p[-TAG:])
        self.top[ssrc] = max(index, self.top.get(ssrc, 0))
        return p[:head] + self.rtp.crypt(ssrc, index, p[head:-TAG])

    def open_rtcp(self, p):
        """3.4: four bytes before the tag have E and the index."""
        self.rtcp.check(p[:-TAG], p[-TAG:])
        trailer = int.from_bytes(p[-TAG - 4:-TAG], 'big')
        if trailer >> 31 == 0:
            return p[:-TAG - 4]
        return p[:8] + self.rtcp.crypt(int.from_bytes(p[4:8], 'big'),
                                       trailer & 0x7fffffff, p[8:-TAG - 4])


def vectors():
    k = Keys(bytes(30), 0)
    k.cipher = bytes.fromhex('2b7e151628aed2a6abf7158809cf4f3c')
    k.salt = int('f0f1f2f3f4f5f6f7f8f9fafbfcfd', 16)
    s = k.crypt(0, 0, bytes(0x10000 * 16))
    assert s[:16].hex() == 'e03ead0935c95e80e166b16dd92b4eb4'
    assert s[16:32].hex() == 'd23513162b02d0f72a43a2fe4a5f97ab'
    assert s[0xfeff * 16:][:16].hex() == 'ec8cdf7398607cb0f2d21675ea9ea1e4'
    assert s[0xff00 * 16:][:16].hex() == '362b7c3c6773516318a077d7fc5073ae'
    k = Keys(bytes.fromhex('e1f97a0d3e018be0d64fa32c06de4139'
                           '0ec675ad498afeebb6960b3aabe6'), 0)
    assert k.cipher.hex() == 'c61e7a93744f39ee10734afe3ff7a087'
    assert k.salt == int('30cbbc08863d8c85d49db34a9ae1', 16)
    assert k.auth.hex()[:32] == 'cebe321f6ff7716b6fd4ab49af256a15'


if __name__ == '__main__':
    vectors()
    print('the vectors of RFC 3711 B.2 and B.3 hold')

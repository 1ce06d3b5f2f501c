"""Whether a NAT behaves as its name says (RFC 4787 4.1, 5; RFC 5780), asked
from the host behind it by plain datagrams.

usage: probe.py serve            on the public host: four sockets that answer
       probe.py ask              on the host: what the NAT is, one JSON line

A question names the socket that is to answer and where to; the answer is the
address that the question came from."""
import json, select, socket, struct, sys

PLACES = [('203.0.113.1', 7001), ('203.0.113.1', 7002),
          ('203.0.113.2', 7001), ('203.0.113.2', 7002)]
WAIT = 0.25
TRIES = 2


def opened(at):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.bind(at)
    return s


def serve():
    ss = [opened(p) for p in PLACES]
    print('ready', flush=True)
    while True:
        for s in select.select(ss, [], [])[0]:
            data, whence = s.recvfrom(2048)
            via, port = struct.unpack('!BH', data[:3])
            to = whence[0], port or whence[1]
            ss[via].sendto(data[:3] + json.dumps(whence).encode(), to)


def asked(s, to, via, port=0):
    """What socket `to` saw of s, answered by socket `via`; None: nothing."""
    q = struct.pack('!BH', via, port)
    for _ in range(TRIES):
        s.sendto(q, PLACES[to])
        while select.select([s], [], [], WAIT)[0]:
            data, whence = s.recvfrom(2048)
            if data[:3] == q and whence == PLACES[via]:
                return tuple(json.loads(data[3:]))
    return None


def mapping():
    with opened(('0.0.0.0', 0)) as s:
        seen = [asked(s, i, i) for i in range(4)]
        s.connect(PLACES[0])
        local = s.getsockname()
    if None in seen:
        return 'broken'
    if seen[0] == local:
        return 'none'
    if seen[0] != seen[2]:
        return 'endpoint-dependent'
    return 'endpoint-independent' if len(set(seen)) == 1 else \
        'address-dependent'


def filtering():
    """What of others than who was asked comes in."""
    with opened(('0.0.0.0', 0)) as s:
        if asked(s, 0, 3):
            return 'endpoint-independent'
    with opened(('0.0.0.0', 0)) as s:
        if asked(s, 0, 1):
            return 'address-dependent'
    return 'address-and-port-dependent'


def unasked():
    """Does something come in to a port that nothing was sent from?"""
    with opened(('0.0.0.0', 0)) as s, opened(('0.0.0.0', 0)) as quiet:
        q = struct.pack('!BH', 0, quiet.getsockname()[1])
        s.sendto(q, PLACES[0])
        return bool(select.select([quiet], [], [], WAIT)[0])


# By the names of lab.KINDS: mapping, filtering, and what comes in unasked.
NAMES = {
    'none': ('none', 'endpoint-independent', True),
    'endpoint': ('endpoint-independent', 'endpoint-independent', False),
    'address': ('endpoint-independent', 'address-dependent', False),
    'port': ('endpoint-independent', 'address-and-port-dependent', False),
    'symmetric': ('endpoint-dependent', 'address-and-port-dependent', False),
}


if __name__ == '__main__':
    if sys.argv[1] == 'serve':
        serve()
    print(json.dumps([mapping(), filtering(), unasked()]))

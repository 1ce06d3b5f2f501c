"""What applications do with the two ends of a link, for tests/live.

usage: drive.py ACTION ARGUMENT...

An end is PORT or HOST:PORT. Every action verifies every byte it is given and
exits 1 with the reason if something is not as it must be."""
import base64, hashlib, json, os, random, re, socket, struct, sys, threading, time

LIMIT = 30                      # seconds any one wait may take
MiB = 1 << 20


def content(seed, n):
    return random.Random(seed).randbytes(n)


def at(end):
    host, _, port = end.rpartition(':')
    return (host or '127.0.0.1', int(port))


def connect(end, limit=LIMIT):
    until = time.monotonic() + limit
    while True:
        try:
            return socket.create_connection(at(end), limit)
        except ConnectionRefusedError:
            if time.monotonic() > until:
                raise
            time.sleep(0.05)


def take(s, n):
    """n bytes, or fewer if the stream ends."""
    parts, left = [], n
    while left > 0:
        got = s.recv(min(left, 1 << 18))
        if not got:
            break
        parts.append(got)
        left -= len(got)
    return b''.join(parts)


def same(got, want, what):
    if got == want:
        return
    n = next((i for i, (a, b) in enumerate(zip(got, want)) if a != b),
             min(len(got), len(want)))
    raise AssertionError('%s: %d bytes of %d, first difference at %d' %
                         (what, len(got), len(want), n))


class Together:
    """Threads whose failures are this one's."""

    def __init__(self, *jobs):
        self.failures = []
        self.threads = [threading.Thread(target=self.run, args=job,
                                         daemon=True) for job in jobs]
        for t in self.threads:
            t.start()

    def run(self, f, *args):
        try:
            f(*args)
        except Exception as e:
            self.failures.append(e)

    def join(self, limit=90):
        until = time.monotonic() + limit
        for t in self.threads:
            t.join(max(0, until - time.monotonic()))
        if self.failures:
            raise self.failures[0]
        assert not any(t.is_alive() for t in self.threads), 'not in time'


def give(s, data, shut=False):
    s.sendall(data)
    if shut:
        s.shutdown(socket.SHUT_WR)


def expect(s, data, what, end=False):
    same(take(s, len(data)), data, what)
    if end:
        assert s.recv(1) == b'', what + ': more than was sent'


def both_ways(a, b, n, seed):
    up, down = content(seed, n), content(seed + 1, n)
    Together((give, a, up), (give, b, down), (expect, a, down, 'at a'),
             (expect, b, up, 'at b')).join()


def probe(end, times, wait=0.0):
    for _ in range(times):
        connect(end).close()
        time.sleep(wait)


def reset(s):
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
    s.close()


def ended_by_reset(s, limit=LIMIT):
    s.settimeout(limit)
    try:
        while s.recv(65536):
            pass
    except ConnectionResetError:
        return True
    return False


# Actions

def ports(n):
    found = []
    while len(found) < int(n):
        s = socket.socket()
        try:
            s.bind(('127.0.0.1', random.randrange(20000, 32000)))
        except OSError:
            continue
        found.append(s)
    print(*(s.getsockname()[1] for s in found))


def connects(end):
    socket.create_connection(at(end), 5).close()


def refused(end):
    try:
        socket.create_connection(at(end), 5).close()
    except ConnectionRefusedError:
        return
    raise AssertionError('somebody listens on ' + end)


def transfer(a, b, n='1000000'):
    """Both ways at once, on fresh connections that are then closed."""
    with connect(a) as sa, connect(b) as sb:
        both_ways(sa, sb, int(n), 1)


def late(a, b, seconds):
    """Bytes wait for the other application."""
    for first, second, seed in ((a, b, 3), (b, a, 4)):
        data = content(seed, MiB)
        s = connect(first)
        job = Together((give, s, data, True))
        time.sleep(float(seconds))
        t = connect(second)
        expect(t, data, 'late')
        job.join()
        close_both(s, t)


def close_both(s, t):
    """Either sends no more, and is told the same; so the link is free."""
    for x in (s, t):
        try:
            x.shutdown(socket.SHUT_WR)
        except OSError:
            pass
    for x in (s, t):
        x.settimeout(3)
        try:
            x.recv(1)
        except TimeoutError:
            pass                # dialect 0 tells nobody
        x.close()


def probes(a, b):
    probe(a, 20)
    probe(b, 20)
    sa, sb = connect(a), connect(b)
    jobs = Together((both_ways, sa, sb, 8 * MiB, 5), (probe, a, 20, 0.01),
                    (probe, b, 20, 0.01))
    jobs.join()
    probe(a, 20)
    both_ways(sa, sb, 100000, 7)
    close_both(sa, sb)


def half(a, b):
    """All is sent and ended before the other side answers and ends."""
    for first, second in ((a, b), (b, a)):
        ask, answer = content(8, 3 * MiB), content(9, 2 * MiB)
        s, t = connect(first), connect(second)
        job = Together((give, s, ask, True))
        expect(t, ask, 'request', end=True)
        job.join()
        time.sleep(0.2)
        job = Together((give, t, answer, True))
        expect(s, answer, 'answer', end=True)
        job.join()
        s.close()
        t.close()


def closing(a, b):
    """An end and its close right after the bytes overtake none of them."""
    for first, second in ((a, b), (b, a)) * 3:
        data = content(10, 2 * MiB)
        s, t = connect(first), connect(second)

        def all_at_once():
            give(s, data)
            s.close()
        job = Together((all_at_once,))
        time.sleep(0.1)
        expect(t, data, 'before the end', end=True)
        job.join()
        t.close()


def resets(a, b):
    for first, second in ((a, b), (b, a)):
        s, t = connect(first), connect(second)
        both_ways(s, t, 10000, 11)
        reset(s)
        assert ended_by_reset(t), 'an end, no reset'
        transfer(a, b, '5000')


def slow(a, b, c, d):
    """b does not read: a stops, c to d does not."""
    s, t = connect(a), connect(b)
    both_ways(s, t, 10, 12)
    data = content(13, 64 * MiB)
    s.settimeout(2)
    sent = 0
    try:
        while sent < len(data):
            sent += s.send(data[sent:sent + 65536])
    except TimeoutError:
        pass
    assert sent < len(data), 'nobody stopped the writer'
    transfer(c, d, str(16 * MiB))
    print('the writer was stopped after %d KiB' % (sent >> 10))
    expect(t, data[:sent], 'to the slow reader')
    s.settimeout(LIMIT)
    s.sendall(data[sent:sent + MiB])
    expect(t, data[sent:sent + MiB], 'after the wait')
    close_both(s, t)


def second(a, b):
    """One more waits for the end of the first's; a third is reset."""
    s, t = connect(a), connect(b)
    both_ways(s, t, 1000, 14)
    s2 = connect(a)
    s2.sendall(b'second')
    time.sleep(0.3)
    try:
        s3 = connect(a)
        s3.sendall(b'third')
        assert ended_by_reset(s3, 5), 'the third was not reset'
    except (ConnectionResetError, BrokenPipeError):
        pass
    both_ways(s, t, 100000, 15)
    t2 = connect(b)
    t2.settimeout(0.5)
    try:
        assert t2.recv(1) == None, 'the second was served too early'
    except TimeoutError:
        pass
    close_both(s, t)
    t2.settimeout(LIMIT)
    expect(t2, b'second', 'from the second')
    t2.sendall(b'answer')
    expect(s2, b'answer', 'to the second')
    close_both(s2, t2)


def pingpong(a, b, rounds):
    s, t = connect(a), connect(b)
    both_ways(s, t, 100, 16)
    took = []

    def answer():
        for _ in range(int(rounds)):
            got = take(t, 8)
            t.send(got[:4])
            t.send(got[4:])
    job = Together((answer,))
    for i in range(int(rounds)):
        data = content(i, 8)
        began = time.perf_counter()
        s.send(data[:4])
        s.send(data[4:])
        same(take(s, 8), data, 'round %d' % i)
        took.append(time.perf_counter() - began)
    job.join()
    took.sort()
    print('median %.3f ms' % (took[len(took) // 2] * 1000))
    close_both(s, t)


def paced(s, data, rate, until_flag):
    """About rate bytes per second; not done before the flag is there."""
    step, sent, began = 32768, 0, time.monotonic()
    while sent < len(data):
        if until_flag and not os.path.exists(until_flag) and \
                sent > len(data) * 3 // 4:
            time.sleep(0.05)
            continue
        s.sendall(data[sent:sent + step])
        sent += step
        ahead = sent / rate - (time.monotonic() - began)
        if ahead > 0:
            time.sleep(min(ahead, 0.2))


def through(a, b, n, rate, started, over):
    """Both ways for as long as the flag file over is not there, and a good
    bit more; started is made when the first bytes have arrived."""
    n, rate = int(n), float(rate)
    s, t = connect(a), connect(b)
    s.settimeout(90)
    t.settimeout(90)
    up, down = content(17, n), content(18, n)
    jobs = Together((paced, s, up, rate, over), (paced, t, down, rate, over))
    got = take(t, n // 10)
    took = take(s, n // 10)
    open(started, 'w').close()
    rest = Together((expect, t, up[len(got):], 'at b'),
                    (expect, s, down[len(took):], 'at a'))
    same(got, up[:len(got)], 'first at b')
    same(took, down[:len(took)], 'first at a')
    rest.join(110)
    jobs.join(5)
    close_both(s, t)


def side(end, mine, other, n, limit='60'):
    """One application of two that are not in one place, each within limit."""
    s = connect(end)
    s.settimeout(float(limit))
    job = Together((give, s, content(int(mine), int(n)), True))
    expect(s, content(int(other), int(n)), 'at ' + end, end=True)
    job.join()
    s.close()


def paced_side(end, mine, other, n, rate, began, over):
    """Likewise, at that rate, and not done before the flag over is there;
    began is made when the first bytes have arrived."""
    n = int(n)
    s = connect(end)
    s.settimeout(90)
    want = content(int(other), n)
    job = Together((paced, s, content(int(mine), n), float(rate), over))
    got = take(s, 1000)
    same(got, want[:len(got)], 'first at ' + end)
    open(began, 'w').close()
    expect(s, want[len(got):], 'at ' + end)
    job.join(5)
    s.shutdown(socket.SHUT_WR)
    assert s.recv(1) == b'', 'more than was sent'
    s.close()


def is_reset(end, least, most):
    """Bytes that nobody can carry: the connection is reset in that time."""
    s = connect(end)
    began = time.monotonic()
    s.sendall(b'nobody takes this')
    assert ended_by_reset(s, float(most)), 'an end, no reset'
    took = time.monotonic() - began
    assert took >= float(least), 'reset after %.2f s already' % took


def holds(end, b, flag, most):
    """A connection in use until the flag is made is then reset."""
    s, t = connect(end), connect(b)
    both_ways(s, t, 10000, 19)
    open(flag, 'w').close()
    began = time.monotonic()
    assert ended_by_reset(s, float(most)), 'an end, no reset'
    print('after %.2f s' % (time.monotonic() - began))
    reset(t)


FIELDS = {
    'mode': str, 'bench_strict': bool, 'started_ms': int, 'updated_ms': int,
    'tx_packets': int, 'tx_bytes': int, 'tx_p2p_packets': int,
    'tx_ws_packets': int, 'tx_avg_send_ms': float, 'tx_max_send_ms': int,
    'rx_packets': int, 'rx_bytes': int, 'rx_avg_write_ms': float,
    'rx_max_write_ms': int, 'p2p_offers': int, 'p2p_answers_ok': int,
    'p2p_answers_err': int, 'ws_fallbacks': int, 'strict_violations': int,
    'webrtc_connected': int, 'live': dict}
GROWING = [k for k, v in FIELDS.items() if v is int and
           k not in ('webrtc_connected',)]
LIVE = {'inbound': int, 'outbound_accepted': int, 'outbound_pending': int,
        'webrtc_connected': int, 'tcp_proxies': int, 'sessions_in': list,
        'sessions_out': list, 'proxies': list}
SESSION = {'sid': str, 'peer': str, 'channel': str, 'webrtc': str,
           'ws_reconnects': int, 'tx_bytes': int, 'rx_bytes': int,
           'retransmits': int, 'rtt_ms': float, 'mtu': int}
NULLABLE = ('offer_to_dc_open_ms', 'open_to_first_payload_ms',
            'first_payload_to_steady_state_ms', 'pair', 'idle_s')


def typed(o, fields, where):
    for k, t in fields.items():
        assert k in o, '%s: no %s' % (where, k)
        assert type(o[k]) is t, '%s: %s is %r' % (where, k, o[k])


def check_telemetry(t):
    typed(t, FIELDS, 'top')
    typed(t['live'], LIVE, 'live')
    for s in t['live']['sessions_in'] + t['live']['sessions_out']:
        typed(s, SESSION, 'session')
        assert len(s['sid']) == 8, s['sid']
        for k in NULLABLE:
            assert k in s, 'session: no ' + k
        assert s['webrtc'] in ('none', 'connecting', 'connected', 'error')
    for s in t['live']['sessions_out']:
        typed(s, {'status': str, 'seq': int}, 'session out')
        assert s['status'] in ('pending', 'accepted', 'rejected')
    for p in t['live']['proxies']:
        typed(p, {'port': int, 'from': str, 'to': str, 'connected': bool},
              'proxy')
    for k in NULLABLE[:3]:
        assert k in t, 'no ' + k


def watch(a, b, pid, *files):
    """Telemetry and threads while both directions are loaded."""
    s, t = connect(a), connect(b)
    done = []
    jobs = Together((both_ways, s, t, 48 * MiB, 20))
    last, reads, versions = {}, 0, 0
    until = time.monotonic() + LIMIT
    while time.monotonic() < until:
        done = [x for x in jobs.threads if not x.is_alive()]
        for f in files:
            with open(f) as x:
                text = x.read()
            now = json.loads(text)
            assert text.strip().count('\n') == 0, 'more than one line'
            check_telemetry(now)
            old = last.get(f, now)
            for k in GROWING:
                assert now[k] >= old[k], '%s: %s went back' % (f, k)
            versions += now['updated_ms'] != old['updated_ms']
            last[f] = now
            reads += 1
        tasks = os.listdir('/proc/%s/task' % pid)
        assert len(tasks) == 1, '%d threads' % len(tasks)
        if done and versions >= 3 * len(files):
            break
        time.sleep(0.002)
    jobs.join()
    assert versions >= len(files), 'never written anew'
    for f in files:
        assert list(last[f]) == sorted(last[f]), 'keys are not in order'
    close_both(s, t)
    print('%d reads of %d versions' % (reads, versions))


# The relay's wire

OPEN, ACCEPT, REJECT, DATA, CLOSE, SIGNAL = 9, 10, 11, 12, 13, 14


class Relayed:
    """A client of the relay that speaks JSON."""

    def __init__(self, relay, user):
        self.s = socket.create_connection(at(relay), LIMIT)
        self.buf = b''
        self.s.sendall(('GET /api/v1/events?user=%s HTTP/1.1\r\nHost: x\r\n'
                        'Connection: Upgrade\r\nUpgrade: websocket\r\n'
                        'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: '
                        'dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n' % user).encode())
        while b'\r\n\r\n' not in self.buf:
            got = self.s.recv(65536)
            assert got, 'the relay hung up'
            self.buf += got
        head, _, self.buf = self.buf.partition(b'\r\n\r\n')
        assert head.split()[1] == b'101', head
        assert self.recv()['typ'] == 0

    def send(self, typ, **dat):
        b = json.dumps({'id': 'a1', 'typ': typ, 'dat': dat}).encode()
        self.s.sendall((struct.pack('>BB4x', 0x81, 0x80 | len(b))
                        if len(b) < 126 else
                        struct.pack('>BBH4x', 0x81, 0xfe, len(b))
                        if len(b) < 65536 else
                        struct.pack('>BBQ4x', 0x81, 0xff, len(b))) + b)

    def need(self, n):
        while len(self.buf) < n:
            got = self.s.recv(1 << 18)
            if not got:
                raise EOFError('the relay hung up')
            self.buf += got

    def recv(self, limit=LIMIT):
        self.s.settimeout(limit)
        self.need(2)
        n, i = self.buf[1] & 127, 2
        if n >= 126:
            i = 4 if n == 126 else 10
            self.need(i)
            n = int.from_bytes(self.buf[2:i], 'big')
        self.need(i + n)
        b, self.buf = self.buf[i:i + n], self.buf[i + n:]
        return json.loads(b)

    def answer(self, sid, limit=1.0):
        """What came for that session, or None."""
        until = time.monotonic() + limit
        while time.monotonic() < until:
            try:
                m = self.recv(max(0.01, until - time.monotonic()))
            except TimeoutError:
                return None
            if m['dat'].get('sid') == sid:
                return m
        return None


def hostile(me, victim, path):
    """Opens that nobody may accept: how, sid, path, from, to."""
    owner, dirs = path.split('/', 1)

    def sid():
        return 'f00dfeed-0000-4000-8000-%012x' % random.randrange(1 << 48)
    return [
        ('dots', sid(), owner + '/../' + path, me, victim),
        ('absolute', sid(), '/' + path, me, victim),
        ('nul', sid(), path[:-7] + '\0' + path[-7:], me, victim),
        ('backslash', sid(), path.replace('/', '\\'), me, victim),
        ('empty part', sid(), path.replace('/', '//'), me, victim),
        ('huge', sid(), owner + '/' + 'x/' * 10000 + 'stream.tcp.request',
         me, victim),
        ('short sid', 'abc', path, me, victim),
        ('long sid', 'a' * 65, path, me, victim),
        ('odd sid', '../../etc/x', path, me, victim),
        ('a stranger', sid(), path, 'eve@x.io', victim),
        ("a stranger's path", sid(), 'eve@x.io/' + dirs, 'eve@x.io', victim),
        ('for somebody else', sid(), path, me, 'carl@x.io'),
        ('no such link', sid(), path.replace('0_to_1', '0_to_7'), me, victim),
    ]


def hostile_opens(relay, me, victim, path):
    """By way of an honest relay."""
    for how, sid, pth, frm, to in hostile(me, victim, path):
        c = Relayed(relay, frm)
        c.send(OPEN, sid=sid, pth=pth, to=to, frm=me)
        m = c.answer(sid, 0.5)
        assert m is None or m['typ'] != ACCEPT, (how, m)
        c.s.close()


def bad_offers(relay, me, victim):
    """A peer that accepts what the victim opens, and describes nonsense."""
    head = 'v=0\r\no=- %d 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n'
    section = 'm=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n'
    creds = 'a=ice-ufrag:EsAw\r\na=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1\r\n'
    sha256 = 'a=fingerprint:sha-256 ' + ':'.join(['AB'] * 32) + '\r\n'
    sha1 = 'a=fingerprint:sha-1 ' + ':'.join(['AB'] * 20) + '\r\n'
    whole = section + creds + sha256
    c = Relayed(relay, me)
    m = c.recv()
    while m['typ'] != OPEN:
        m = c.recv()
    sid = m['dat']['sid']
    c.send(ACCEPT, sid=sid)
    for i, body in enumerate([section + creds, section + creds + sha1,
                              whole + whole, section + sha256, 'm=audio',
                              whole + 'a=x:' + 'x' * MiB]):
        c.send(SIGNAL, sid=sid, knd='sdp_offer', adr=[], err='',
               tok=json.dumps({'type': 'offer', 'sdp': head % i + body}))
        time.sleep(0.3)         # of those in one turn the last is told
    for tok in '', '[', '{}', '{"sdp":7}', '"' + 'x' * 1000, '[' * 10000:
        c.send(SIGNAL, sid=sid, knd='sdp_offer', adr=[], err='', tok=tok)
    time.sleep(2)


class Peer:
    """A relay's end of one agent's WebSocket, in JSON."""

    def __init__(self, s):
        self.s, self.buf = s, b''
        while b'\r\n\r\n' not in self.buf:
            got = s.recv(65536)
            if not got:
                raise EOFError
            self.buf += got
        head, _, self.buf = self.buf.partition(b'\r\n\r\n')
        key = re.search(rb'(?i)sec-websocket-key: *(\S+)', head)[1]
        ok = base64.b64encode(hashlib.sha1(
            key + b'258EAFA5-E914-47DA-95CA-C5AB0DC85B11').digest())
        s.sendall(b'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket'
                  b'\r\nConnection: Upgrade\r\nX-Syft-Hotlink-Ice-Servers: '
                  b'\r\nSec-WebSocket-Accept: ' + ok + b'\r\n\r\n')
        self.said = []
        self.frames = Frames(self.said.append)
        self.frames.head = False
        self.frames.feed(self.buf)
        self.send(0, ver='1', msg='ok')

    def raw(self, b, op=1):
        n = len(b)
        self.s.sendall((bytes([0x80 | op, n]) if n < 126 else
                        struct.pack('>BBH', 0x80 | op, 126, n) if n < 65536
                        else struct.pack('>BBQ', 0x80 | op, 127, n)) + b)

    def send(self, typ, **dat):
        self.raw(json.dumps({'id': 'a1', 'typ': typ, 'dat': dat}).encode())

    def accepted(self, sid, limit):
        """Whether an Accept of it comes in that time."""
        until = time.monotonic() + limit
        while time.monotonic() < until:
            self.s.settimeout(max(0.01, until - time.monotonic()))
            try:
                got = self.s.recv(65536)
            except TimeoutError:
                break
            if not got:
                raise EOFError('the agent hung up')
            self.frames.feed(got)
            for b in self.said:
                m = json.loads(b)
                if m['typ'] == ACCEPT and m['dat']['sid'] == sid:
                    return True
        return False


BROKEN = [b'', b'{', b'[]', b'null', b'7', b'{"typ":9}', b'\0' * 100,
          b'{"id":"a","typ":9,"dat":null}', b'{"id":"a","typ":9,"dat":7}',
          b'{"id":7,"typ":"x","dat":{}}', b'{"id":"a","typ":99999,"dat":{}}',
          b'{"id":"a","typ":-1,"dat":{}}', b'[' * 100000,
          b'{"id":"a","typ":12,"dat":{"sid":"x","seq":-1,"pay":"????"}}',
          b'{"id":"a","typ":14,"dat":{"sid":[],"knd":{},"tok":1}}',
          b'{"id":"a","typ":9,"dat":{"sid":"\\ud800","pth":"\\u0000"}}']
BROKEN_BINARY = [b'', b'SB', b'SB\1\1', b'SB\2\1\x80', b'SB\1\7{}', b'XX\1\1',
                 b'SB\1\1\x83\xa2id', b'SB\1\1\xdf\xff\xff\xff\xff',
                 b'SB\1\1\x81\xa3dat\xc6\xff\xff\xff\xff',
                 b'SB\1\1' + b'\x91' * 100000]


def false_relay(out, victim, path):
    """A relay that passes on what no honest one would; out: what came of it,
    a line each."""
    me = path.split('/')[0]
    listener = socket.create_server(('127.0.0.1', 0))
    print('listening on 127.0.0.1:%d' % listener.getsockname()[1], flush=True)
    lines = []
    for step in range(3):
        while True:
            s, _ = listener.accept()
            try:
                p = Peer(s)
                break
            except (EOFError, TypeError):
                s.close()       # a look at /healthz
        if step == 0:
            for how, sid, pth, frm, to in hostile(me, victim, path):
                p.send(OPEN, sid=sid, pth=pth, frm=frm, to=to)
                lines.append('%s: %s' % (how, 'accepted' if
                                         p.accepted(sid, 0.2) else 'refused'))
            for b in BROKEN:
                p.raw(b)
            for b in BROKEN_BINARY:
                p.raw(b, 2)
            sid = 'f00dfeed-0000-4000-8000-000000000001'
            p.send(OPEN, sid=sid, pth=path, frm=me, to=victim)
            lines.append('the right one: ' + ('accepted' if
                         p.accepted(sid, 10) else 'refused'))
            p.send(OPEN, sid=sid, pth=path, frm='eve@x.io', to=victim)
            p.send(DATA, sid=sid, seq=1 << 40, pth=path, pay='eHh4')
            p.send(SIGNAL, sid=sid, knd='sdp_offer', tok='{"sdp":')
            p.send(SIGNAL, sid=sid, knd='ice_candidate', tok='[' * 50000)
            lines.append('its taker-over: ' + ('accepted' if
                         p.said.clear() or p.accepted(sid, 0.5) else
                         'refused'))
        elif step == 1:
            lines.append('it came back')
            try:
                p.raw(b'x' * ((8 << 20) + 1))
            except OSError:
                pass            # it does not wait for the end of it
        else:
            lines.append('it came back')
        s.close()
    with open(out, 'w') as f:
        f.write('\n'.join(lines) + '\n')


def steal(relay, me, victim, sid, path):
    """Somebody else's session: by its name alone."""
    c = Relayed(relay, me)
    for typ, more in ((OPEN, {'pth': path, 'to': victim}),
                      (ACCEPT, {}), (SIGNAL, {'knd': 'hlc_hello',
                                              'tok': '{"v":1}'}),
                      (DATA, {'seq': 1, 'pth': path, 'pay': 'eHh4'}),
                      (CLOSE, {})):
        c.send(typ, sid=sid, **more)
    m = c.answer(sid)
    assert m is None or m['typ'] != ACCEPT, m
    c.s.close()


def babble(relay, me, victim, path, times):
    """A party that says of itself, again and again, that it is another."""
    c = Relayed(relay, me)
    sid = 'hl1-' + 32 * 'b'
    c.send(OPEN, sid=sid, pth=path, to=victim, frm=me)
    m = c.answer(sid, 5.0)
    assert m is not None and m['typ'] == ACCEPT, m
    for i in range(int(times)):
        c.send(SIGNAL, sid=sid, knd='hlc_hello', tok=json.dumps(
            {'v': 1, 'instance': '%016x' % (i % 2 + 1), 'max_frame': 65536}))
    time.sleep(1)
    c.s.close()


# A relay's front that counts what types of messages cross it

class Frames:
    def __init__(self, seen):
        self.seen, self.buf, self.head = seen, b'', True

    def feed(self, data):
        self.buf += data
        if self.head:
            if b'\r\n\r\n' not in self.buf:
                return
            self.buf = self.buf.partition(b'\r\n\r\n')[2]
            self.head = False
        while len(self.buf) >= 2:
            op, n, i = self.buf[0] & 15, self.buf[1] & 127, 2
            if n >= 126:
                i = 4 if n == 126 else 10
                n = int.from_bytes(self.buf[2:i], 'big')
            mask = b'\0\0\0\0'
            if self.buf[1] & 128:
                mask = self.buf[i:i + 4]
                i += 4
            if len(self.buf) < i + n:
                return
            body, self.buf = self.buf[i:i + n], self.buf[i + n:]
            if op in (1, 2):
                key = int.from_bytes((mask * (n // 4 + 1))[:n], 'big')
                x = int.from_bytes(body, 'big') ^ key
                self.seen(x.to_bytes(n, 'big'))


def message_type(b):
    if b[:2] != b'SB':
        return json.loads(b)['typ']
    i = b.index(b'\xa3typ') + 4
    wide = {0xcc: 1, 0xcd: 2, 0xce: 4, 0xcf: 8}.get(b[i])
    return b[i] if wide is None else int.from_bytes(b[i + 1:i + 1 + wide],
                                                    'big')


def front(relay, out, sids=None):
    """Between agents and the relay; out: a line per type, rewritten; sids:
    the names of our kind of sessions, as they come."""
    l = socket.create_server(('127.0.0.1', 0))
    counts = {}

    def seen(message):
        t = message_type(message)
        counts[t] = counts.get(t, 0) + 1
        if sids and t == OPEN:
            with open(sids, 'ab') as f:
                f.write(re.search(b'hl1-[0-9a-f]{32}', message)[0] + b'\n')
        with open(out + '.tmp', 'w') as f:
            for k in sorted(counts):
                f.write('%d %d\n' % (k, counts[k]))
        os.rename(out + '.tmp', out)

    def pipe(a, b):
        frames = Frames(seen)
        try:
            while True:
                got = a.recv(65536)
                if not got:
                    break
                frames.feed(got)
                b.sendall(got)
        except OSError:
            pass
        for s in (a, b):
            try:
                s.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    print('listening on 127.0.0.1:%d' % l.getsockname()[1], flush=True)
    while True:
        a, _ = l.accept()
        b = socket.create_connection(at(relay), LIMIT)
        for x, y in ((a, b), (b, a)):
            threading.Thread(target=pipe, args=(x, y), daemon=True).start()


def udp_sockets(pid):
    """How many UDP sockets the process has."""
    inodes = set()
    for fam in ('udp', 'udp6'):
        with open('/proc/%s/net/%s' % (pid, fam)) as f:
            inodes |= {line.split()[9] for line in f.readlines()[1:]}
    n = 0
    for fd in os.listdir('/proc/%s/fd' % pid):
        try:
            to = os.readlink('/proc/%s/fd/%s' % (pid, fd))
        except OSError:
            continue
        n += to.startswith('socket:[') and to[8:-1] in inodes
    print(n)


# Links of datagrams

def udp(end, limit=5.0):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.bind(('127.0.0.1', 0))
    s.connect(at(end))
    s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
    s.settimeout(limit)
    return s


def heard(s, data):
    """It arrives, maybe behind others: greetings, and what was late."""
    while True:
        got = s.recv(65536)
        if len(got) == len(data):
            same(got, data, 'a datagram')
            return


def echoed(s, t, data):
    """From s to t and back; a lost one is sent again: they may be lost."""
    s.settimeout(1)
    t.settimeout(1)
    for _ in range(20):
        try:
            s.send(data)
            heard(t, data)
            t.send(data)
            heard(s, data)
            return
        except TimeoutError:
            continue
    raise AssertionError('%d bytes never came back' % len(data))


def datagrams(a, b, sizes):
    """Of every size, both ways, whole."""
    with udp(a) as s, udp(b) as t:
        t.send(b'')             # so that its agent knows where it is
        for n in sizes.split(','):
            echoed(s, t, content(21, int(n)))


def last_sender(a, b):
    """Answers go to who sent last."""
    with udp(a) as first, udp(a) as later, udp(b) as t:
        t.send(b'here')
        echoed(first, t, b'first')
        echoed(later, t, b'second')
        first.settimeout(0.2)
        try:
            raise AssertionError('the first got %r' % first.recv(65536))
        except TimeoutError:
            pass


def delivered(a, port):
    """To a receiver that never sends."""
    with udp(a) as s, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as t:
        t.bind(('127.0.0.1', int(port)))
        t.settimeout(0.5)
        for _ in range(40):
            s.send(b'to whom it concerns')
            try:
                same(t.recv(65536), b'to whom it concerns', 'delivered')
                return
            except TimeoutError:
                continue
    raise AssertionError('nothing was delivered')


def lonely(a):
    """Whoever listens or not, the sender is not told."""
    with udp(a) as s:
        for _ in range(20):
            s.send(b'anybody there')
            time.sleep(0.01)


def rtp_packet(seq, ssrc, n):
    return struct.pack('>BBHII', 0x80, 96, seq, seq * 90, ssrc) + bytes(n)


def rtp(a, b):
    """RTP from a, which b answers with RTCP, and the other way round; the
    reports go to who sends such, on a port of its own."""
    for x, y, ssrc in ((a, b, 7), (b, a, 8)):
        with udp(x) as media, udp(x) as control, udp(y) as t:
            report = struct.pack('>BBHI', 0x80, 201, 1, ssrc)
            answer = struct.pack('>BBHI', 0x80, 201, 1, ssrc + 100)
            t.send(rtp_packet(1, ssrc + 100, 10))
            t.send(answer)
            time.sleep(0.2)
            control.send(report)
            for seq in range(2, 52):
                media.send(rtp_packet(seq, ssrc, 1000))
                time.sleep(0.002)
            got, until = set(), time.monotonic() + 5
            while len(got) < 51 and time.monotonic() < until:
                p = t.recv(2000)
                if p == report:
                    got.add(0)
                elif len(p) == 1012:
                    n = struct.unpack('>H', p[2:4])[0]
                    same(p, rtp_packet(n, ssrc, 1000), 'a packet')
                    got.add(n)
            assert len(got) >= 50, '%d of 51 arrived' % len(got)
            t.send(answer)
            same(control.recv(100), answer, 'the answer')


def garbage(a):
    """What is no RTP, for whoever thinks that it is."""
    with udp(a) as s:
        for p in (b'', b'\x80', b'hello', b'\x40' * 20,
                  b'\x90\x60' + bytes(10), b'\x80\xc8\0\x09' + bytes(8)):
            s.send(p)


def resident(pid):
    with open('/proc/%s/status' % pid) as f:
        return next(int(x.split()[1]) for x in f if x.startswith('VmRSS'))


def flood(udp_a, udp_b, tcp_a, tcp_b, count, *pids):
    """A sender that knows no measure: what it does to a stream beside it,
    and to memory."""
    got, over, me = [0], threading.Event(), os.getpid()
    s, t = udp(udp_a, 0.2), udp(udp_b, 0.2)
    t.send(b'here')
    before = [resident(p) for p in pids]

    def hear():
        while not over.is_set():
            try:
                got[0] += len(t.recv(65536)) == 200
            except TimeoutError:
                pass
    job = Together((hear,))
    children = [os.fork() for _ in range(2) if os.getpid() == me]
    if os.getpid() != me:
        # 50 datagrams of 200 bytes in one call: UDP_SEGMENT is 103.
        s.setsockopt(socket.IPPROTO_UDP, 103, 200)
        data, began = bytes(200 * 50), time.monotonic()
        for _ in range(int(count) // 2 // 50):
            try:
                s.send(data)
            except OSError:
                pass
        took = time.monotonic() - began
        print('%d datagrams per second' % (int(count) // 2 / took),
              flush=True)
        os._exit(0)
    try:
        transfer(tcp_a, tcp_b, str(4 * MiB))
        most = max(resident(p) - b for p, b in zip(pids, before))
    finally:
        for child in children:
            os.waitpid(child, 0)
    most = max(most, *(resident(p) - b for p, b in zip(pids, before)))
    time.sleep(0.3)
    over.set()
    job.join()
    print('%d arrived, %d KiB more memory at most' % (got[0], most))
    assert got[0] > 0, 'no datagram arrived'
    assert most < 32 << 10, 'memory grew by %d KiB' % most


if __name__ == '__main__':
    try:
        {f.__name__: f for f in (
            ports, connects, refused, transfer, late, probes, half, closing,
            resets, slow, second, pingpong, through, side, paced_side,
            is_reset, holds, watch, hostile_opens, bad_offers, false_relay,
            steal, babble, front, udp_sockets, datagrams, last_sender,
            delivered, flood, lonely, rtp, garbage,
        )}[sys.argv[1]](*sys.argv[2:])
    except Exception as e:
        tb, where = e.__traceback__, []
        while tb:
            where.append(str(tb.tb_lineno))
            tb = tb.tb_next
        sys.exit('%s: %s (lines %s)' % (type(e).__name__, e,
                                        ' '.join(where)))

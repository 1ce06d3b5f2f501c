"""usage: datapath.py HOTLINK [_ [CSV [SVG]]]

See bench/datapath. Two agents in a network namespace each, joined by
tests/net/wire, and a relay beside the first. Every cell is loaded twice: with
messages of 1000 bytes every 2 ms, which tell the one-way latency and what gets
lost, and with as many as go, which tell throughput and what they cost."""
import json, os, shutil, signal, socket, struct, subprocess, sys, tempfile
import threading, time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)
HOTLINK = sys.argv[1]
WIRE = os.path.join(ROOT, 'build/out/tests/net/wire')
RTTS, LOSSES = (0, 20, 50), (0, 0.1, 1)         # ms, per cent
RATE = 'rate=100Mbit,queue=625000,ordered'      # 50 ms of it
SIZE, GAP = 1000, 0.002
PACED = float(os.environ.get('HOTLINK_DATAPATH_SECONDS', 4))
FULL = PACED
OFFERED = 95e6 / 8                              # bytes/s, of datagrams
PATHS = 'one stream', 'four streams', 'unordered', 'unordered once', 'SRTP'
RTP = {'kind': 'rtp', 'media': 'video', 'pt': 96, 'codec': 'VP8'}
procs = []


def start(*argv, **more):
    p = subprocess.Popen(argv, **more)
    procs.append(p)
    return p


def inside(pid, *argv):
    return ('nsenter', '-n', '-t', str(pid)) + argv


def run(*argv):
    subprocess.run(argv, check=True, capture_output=True)


def enter(pid):
    """This thread, for the sockets it makes from now on."""
    import ctypes
    with open('/proc/%d/ns/net' % pid) as f:
        if ctypes.CDLL(None, use_errno=True).setns(f.fileno(), 0) != 0:
            raise OSError('setns')


def cpu_of(p):
    with open('/proc/%d/stat' % p.pid) as f:
        field = f.read().rpartition(')')[2].split()
    return (int(field[11]) + int(field[12])) / os.sysconf('SC_CLK_TCK')


class World:
    """Everything anew for a round trip (ms) and a loss (per cent)."""

    def __init__(self, box, rtt, loss):
        self.box = box
        self.space = [start('unshare', '-n', 'sleep', '3600')
                      for _ in range(2)]
        time.sleep(0.5)
        for i, s in enumerate(self.space):
            run(*inside(s.pid, 'ip', 'link', 'set', 'lo', 'up'))
        rules = '%s,delay=%dus,loss=%g%%' % (RATE, rtt * 500, loss)
        ends = [x for s in self.space
                for x in (str(s.pid), 'cable', rules)]
        self.wire = start(WIRE, '-t', '1200', *ends,
                          stdout=subprocess.PIPE, text=True)
        if self.wire.stdout.readline().strip() != 'up':
            sys.exit('datapath: no wire')
        for i, s in enumerate(self.space):
            run(*inside(s.pid, 'ip', 'addr', 'add', '10.78.0.%d' % (i + 1),
                        'peer', '10.78.0.%d' % (2 - i), 'dev', 'cable'))
        start(*inside(self.space[0].pid, HOTLINK, 'relay', '-l',
                      '10.78.0.1:8080', '--open'),
              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.markers()
        self.agents = []
        for i, name in enumerate('ab'):
            log = open('%s/%s.log' % (box, name), 'w')
            self.agents.append(start(*inside(
                self.space[i].pid, HOTLINK, 'agent', '--strict', '-s',
                'http://10.78.0.1:8080', '-u', name + '@x.io', '-d',
                '%s/%s' % (box, name), '--bind', '10.78.0.%d' % (i + 1)),
                stderr=log))
        self.wait_up()

    def markers(self):
        udp = {'kind': 'datagram'}
        for k in range(7):
            more = {4: dict(udp, reliability='retransmits:65535'),
                    5: udp, 6: RTP}.get(k, {})
            for me, peer, d in ('a', 'b', '0_to_%d'), ('b', 'a', '%d_to_0'):
                at = '%s/%s/datasites/%s@x.io/shared/m/%s' % (
                    self.box, me, me, d % (k + 1))
                os.makedirs(at)
                m = dict(more, **{'from': me + '@x.io', 'to': peer + '@x.io',
                                  'port': 9100 + k})
                with open('%s/stream.%s' % (at, 'udp' if k > 3 else 'tcp'),
                          'w') as f:
                    json.dump(m, f)

    def wait_up(self):
        for _ in range(300):
            time.sleep(0.1)
            with open(self.box + '/a.log') as a, open(
                    self.box + '/b.log') as b:
                if all(x.read().count('carried by direct') == 7
                       for x in (a, b)):
                    return
        sys.exit('datapath: no direct path; see ' + self.box)

    def end(self):
        for p in reversed(procs):
            p.send_signal(signal.SIGTERM)
        for p in procs:
            try:
                p.wait(5)
            except subprocess.TimeoutExpired:
                p.kill()
        procs.clear()
        shutil.rmtree(self.box)


class Stream:
    """Messages in one or four TCP links, whole ones."""

    def __init__(self, w, links):
        self.send, self.recv = [], []
        for k in range(links):
            for i, socks in ((0, self.send), (1, self.recv)):
                with Inside(w.space[i].pid):
                    s = socket.create_connection(('127.0.0.1', 9100 + k))
                s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                socks.append(s)
        self.next = 0
        self.buf = [b''] * links

    def put(self, m):
        self.send[self.next].sendall(m)
        self.next = (self.next + 1) % len(self.send)

    def get(self, k):
        while len(self.buf[k]) < SIZE:
            got = self.recv[k].recv(1 << 18)
            if not got:
                return None
            self.buf[k] += got
        n = len(self.buf[k]) // SIZE * SIZE
        got, self.buf[k] = self.buf[k][:n], self.buf[k][n:]
        return [got[i:i + SIZE] for i in range(0, n, SIZE)]

    def close(self):
        for s in self.send + self.recv:
            s.close()
        time.sleep(0.3)


class Datagrams:
    def __init__(self, w, port, rtp):
        self.rtp, self.seq, self.recv, self.ssrc = rtp, 0, [], os.urandom(4)
        socks = []
        for i in range(2):
            with Inside(w.space[i].pid):
                s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
            s.connect(('127.0.0.1', port))
            socks.append(s)
        self.s, t = socks
        self.recv = [t]
        t.send(self.head(b'\2\2\2\2') + bytes(8))
        time.sleep(0.2)

    def head(self, ssrc):
        self.seq += 1
        return b'' if not self.rtp else struct.pack(
            '>HHI4s', 0x8060, self.seq & 0xffff, self.seq, ssrc)

    def put(self, m):
        h = self.head(self.ssrc)
        self.s.send(h + m[:SIZE - len(h)])

    def get(self, k):
        got = self.recv[0].recv(65536)
        return [got[12:] if self.rtp else got]

    def close(self):
        self.s.close()
        self.recv[0].close()


class Inside:
    def __init__(self, pid):
        self.pid = pid

    def __enter__(self):
        self.home = open('/proc/self/task/%d/ns/net' %
                         threading.get_native_id())
        enter(self.pid)

    def __exit__(self, *_):
        import ctypes
        ctypes.CDLL(None).setns(self.home.fileno(), 0)
        self.home.close()


def listen(load, took, count, over):
    def hear(k):
        load.recv[k].settimeout(0.2)
        while not over.is_set():
            try:
                got = load.get(k)
            except (TimeoutError, ConnectionError):
                continue
            t = time.monotonic()
            for m in got or ():
                if len(m) < 16:
                    continue
                count[0] += 1
                took.append(t - struct.unpack('>d', m[:8])[0])
    threads = [threading.Thread(target=hear, args=(k,), daemon=True)
               for k in range(len(load.recv))]
    for t in threads:
        t.start()
    return threads


def paced(load, seconds, gap):
    pad, began, n = bytes(SIZE - 8), time.monotonic(), 0
    while time.monotonic() < began + seconds:
        load.put(struct.pack('>d', time.monotonic()) + pad)
        n += 1
        ahead = began + n * gap - time.monotonic()
        if ahead > 0.0005:
            time.sleep(ahead)
    return n


def phase(load, seconds, gap, settle):
    took, count, over = [], [0], threading.Event()
    threads = listen(load, took, count, over)
    sent = paced(load, seconds, gap)
    time.sleep(settle)
    over.set()
    for t in threads:
        t.join()
    return sent, count[0], sorted(took)


def full(w, load, rtt):
    """Bytes per second at the receiver, and CPU seconds per GiB."""
    took, count, over = [], [0], threading.Event()
    threads = listen(load, took, count, over)
    stop = threading.Event()

    def push():
        pad = bytes(SIZE - 8)
        gap = SIZE / OFFERED
        began, n = time.monotonic(), 0
        while not stop.is_set():
            try:
                load.put(struct.pack('>d', time.monotonic()) + pad)
            except OSError:
                pass
            n += 1
            ahead = began + n * gap - time.monotonic()
            if ahead > 0.002:
                time.sleep(ahead)
    p = threading.Thread(target=push, daemon=True)
    p.start()
    time.sleep(1 + rtt / 100)           # slow start is not what is asked
    before, cpu, began = count[0], sum(map(cpu_of, w.agents)), \
        time.monotonic()
    time.sleep(FULL)
    n, t = count[0] - before, time.monotonic() - began
    cpu = sum(map(cpu_of, w.agents)) - cpu
    stop.set()
    time.sleep(0.2 + 2 * rtt / 1000)
    over.set()
    for x in threads:
        x.join()
    return n * SIZE / t, cpu / max(n * SIZE, 1) * (1 << 30)


def cell(w, path, rtt):
    load = Stream(w, 1) if path == PATHS[0] else \
        Stream(w, 4) if path == PATHS[1] else \
        Datagrams(w, 9104 + PATHS.index(path) - 2, path == 'SRTP')
    time.sleep(0.3)
    sent, got, took = phase(load, PACED, GAP, 1 + rtt / 50)
    rate, cpu = full(w, load, rtt)
    load.close()
    # What a full queue held must not be the next one's.
    time.sleep(1)

    def at(q):
        return took[min(len(took) - 1, int(len(took) * q))] * 1000 \
            if took else 0
    return {'mbit': rate * 8 / 1e6, 'p50': at(0.5), 'p99': at(0.99),
            'max': at(1), 'lost': 100 * (1 - got / sent), 'cpu': cpu}


def svg(rows, to):
    """A row of bars per condition: p99 latency, as far as 400 ms."""
    colours = '#4477aa', '#66ccee', '#228833', '#ccbb44', '#ee6677'
    out = ['<svg xmlns="http://www.w3.org/2000/svg" width="760" '
           'height="%d" font-family="sans-serif" font-size="11">' %
           (40 + 78 * 9)]
    for i, p in enumerate(PATHS):
        out.append('<rect x="%d" y="8" width="10" height="10" fill="%s"/>'
                   '<text x="%d" y="17">%s</text>' % (
                       120 + i * 120, colours[i], 134 + i * 120, p))
    for k, (rtt, loss, path, c) in enumerate(rows):
        y = 34 + (k // 5) * 78 + (k % 5) * 14
        if k % 5 == 0:
            out.append('<text x="4" y="%d">%d ms, %g %%</text>' %
                       (y + 36, rtt, loss))
        n = min(c['p99'], 400) * 1.3
        out.append('<rect x="110" y="%d" width="%.1f" height="12" '
                   'fill="%s"/><text x="%.1f" y="%d">%.1f ms, %.1f Mbit/s'
                   '</text>' % (y, n, colours[k % 5], 114 + n, y + 10,
                                c['p99'], c['mbit']))
    out.append('</svg>\n')
    with open(to, 'w') as f:
        f.write('\n'.join(out))


def main():
    if os.geteuid() != 0 or not os.path.exists('/dev/net/tun'):
        print('skip - datapath (needs root and /dev/net/tun)')
        return
    subprocess.run(['make', '-s', '-C', ROOT, 'build/out/tests/net/wire'],
                   check=True)
    rows = []
    try:
        print('%-7s %-5s %-15s %8s %8s %8s %8s %7s %8s' % (
            'rtt', 'loss', 'path', 'Mbit/s', 'p50 ms', 'p99 ms', 'max ms',
            'lost %', 'cpu/GiB'))
        for rtt in RTTS:
            for loss in LOSSES:
                w = World(tempfile.mkdtemp(prefix='hotlink-datapath.'),
                          rtt, loss)
                for path in PATHS:
                    c = cell(w, path, rtt)
                    rows.append((rtt, loss, path, c))
                    print('%-7d %-5g %-15s %8.1f %8.2f %8.2f %8.2f %7.2f '
                          '%8.1f' % (rtt, loss, path, c['mbit'], c['p50'],
                                     c['p99'], c['max'], c['lost'],
                                     c['cpu']), flush=True)
                w.end()
        if len(sys.argv) > 3:
            with open(sys.argv[3], 'w') as f:
                f.write('rtt_ms,loss_percent,path,mbit_s,p50_ms,p99_ms,'
                        'max_ms,lost_percent,cpu_s_per_gib\n')
                for rtt, loss, path, c in rows:
                    f.write('%d,%g,%s,%.1f,%.2f,%.2f,%.2f,%.3f,%.1f\n' % (
                        rtt, loss, path, c['mbit'], c['p50'], c['p99'],
                        c['max'], c['lost'], c['cpu']))
        if len(sys.argv) > 4:
            svg(rows, sys.argv[4])
    finally:
        for p in procs:
            p.kill()


main()

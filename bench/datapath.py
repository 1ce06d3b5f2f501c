"""usage: datapath.py HOTLINK [_ [CSV [SVG]]]

See bench/datapath. Two agents in a network namespace each, joined by
tests/net/wire, and a relay beside the first. Every cell is loaded twice: with
messages of 1000 bytes every 2 ms, which tell the one-way latency and what gets
lost, and with as many as go, which tell throughput and what they cost."""
import os, shutil, socket, struct, subprocess, sys, tempfile, threading, time

from common import ROOT, Failed, cpu_seconds, end_well, stop_all, wait_for
import spaces

HOTLINK = sys.argv[1]
RTTS, LOSSES = (0, 20, 50), (0, 0.1, 1)         # ms, per cent
RATE = 'rate=100Mbit,queue=625000,ordered'      # 50 ms of it
SIZE, GAP = 1000, 0.002
PACED = float(os.environ.get('HOTLINK_DATAPATH_SECONDS', 4))
FULL = PACED
OFFERED = 95e6 / 8                              # bytes/s, of datagrams
PATHS = 'one stream', 'four streams', 'unordered', 'unordered once', 'SRTP'
RTP = {'kind': 'rtp', 'media': 'video', 'pt': 96, 'codec': 'VP8'}


class World(spaces.Pair):
    """Everything anew for a round trip (ms) and a loss (per cent)."""

    def __init__(self, rtt, loss):
        self.box = tempfile.mkdtemp(prefix='hotlink-datapath.')
        super().__init__(HOTLINK, self.box, spaces.Spaces(
            '%s,delay=%dus,loss=%g%%' % (RATE, rtt * 500, loss)))
        self.markers()
        self.start()
        wait_for('a direct path (see %s)' % self.box, 30,
                 lambda: all(p.direct() == 7 for p in self.parties))

    def markers(self):
        udp = {'kind': 'datagram'}
        a, b = self.parties
        for k in range(7):
            more = {4: dict(udp, reliability='retransmits:65535'),
                    5: udp, 6: RTP}.get(k, {})
            name = 'stream.udp' if k > 3 else 'stream.tcp'
            for me, peer, d in (a, b, '0_to_%d'), (b, a, '%d_to_0'):
                me.mark(peer, d % (k + 1), 9100 + k, 9100 + k, name, **more)

    def cpu(self):
        return cpu_seconds([p.proc for p in self.parties])

    def end(self):
        stop_all()
        shutil.rmtree(self.box)


class Stream:
    """Messages in one or four TCP links, whole ones."""

    def __init__(self, w, links):
        self.send, self.recv = [], []
        for k in range(links):
            for i, socks in ((0, self.send), (1, self.recv)):
                s = w.net.socket(i)
                s.connect(('127.0.0.1', 9100 + k))
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
            s = w.net.socket(i, socket.SOCK_DGRAM)
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
    before, cpu, began = count[0], w.cpu(), time.monotonic()
    time.sleep(FULL)
    n, t = count[0] - before, time.monotonic() - began
    cpu = w.cpu() - cpu
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
    end_well()
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
                w = World(rtt, loss)
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
    except Failed as e:
        sys.exit('datapath: %s' % e)
    finally:
        stop_all()


main()

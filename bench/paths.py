"""usage: paths.py HOTLINK OUT

See bench/paths. Two agents in a network namespace each, joined by
tests/net/wire, and a relay beside the first; one strict link, loaded one way.
Every cell is a world of its own, so that none inherits a model of a path."""
import json, os, shutil, socket, subprocess, sys, tempfile, threading, time

from common import ROOT, Failed, end_well, stop_all, wait_for
import spaces

HOTLINK, OUT = sys.argv[1:3]
STOCK = os.path.join(ROOT, 'build/out/bench/stock')     # Debian's usrsctp
SECONDS = float(os.environ.get('HOTLINK_PATHS_SECONDS', 6))
SETTLE = 2                      # slow start is not what is asked
SHARED = 3 * SECONDS            # with TCP: CUBIC's cycle is long
RATE = 100                      # Mbit/s
QUEUES = 150, 625, 2500         # kB; 625 is 50 ms of it
RTTS = [int(x) for x in os.environ.get('HOTLINK_PATHS_RTTS',
                                       '20 50 100').split()]
CONTROLS = 'bbr', 'newreno'
CALLED = {'bbr': 'hotlink', 'newreno': 'usrsctp', 'cubic': 'cubic',
          'stock': 'usrsctp, unpatched', 'first': 'cubic, there before'}
PORT = 9100
TCP_CONGESTION = 13


class World(spaces.Pair):
    def __init__(self, control, rtt, loss, rate, queue):
        self.box = tempfile.mkdtemp(prefix='hotlink-paths.')
        rules = 'ordered,delay=%dus,loss=%g%%' % (rtt * 500, loss)
        if rate:
            rules += ',rate=%gMbit,queue=%d' % (rate, queue * 1000)
        net = spaces.Spaces(rules)
        for i in range(2):
            # What waits behind the wire waits in its queue, not here.
            subprocess.run([*net.wrap(i), 'ip', 'link', 'set', 'cable',
                            'txqueuelen', '10000'], check=True)
        super().__init__(HOTLINK, self.box, net,
                         STOCK if control == 'stock' else HOTLINK)
        for i, p in enumerate(self.parties):
            p.mark(self.parties[1 - i], ('0_to_1', '1_to_0')[i], PORT, PORT)
        self.start('env', 'HOTLINK_CC=' + control)
        wait_for('a direct path (see %s)' % self.box, 30,
                 lambda: all(p.direct() for p in self.parties))

    def end(self):
        stop_all()
        shutil.rmtree(self.box)


class Flow:
    """As many bytes as go, from one connected socket to another."""

    def __init__(self, to, by):
        self.to, self.by, self.n, self.over = to, by, 0, False
        by.settimeout(0.2)
        self.threads = [threading.Thread(target=f, daemon=True)
                        for f in (self.push, self.pull)]
        for t in self.threads:
            t.start()

    def push(self):
        block = bytes(1 << 18)
        try:
            while not self.over:
                self.to.send(block)
        except OSError:
            pass

    def pull(self):
        while not self.over:
            try:
                got = self.by.recv(1 << 20)
            except TimeoutError:
                continue
            except OSError:
                return
            if not got:
                return
            self.n += len(got)

    def stop(self):
        self.over = True
        for s in self.to, self.by:
            try:
                s.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        for t in self.threads:
            t.join()
        self.to.close()
        self.by.close()


def link(w):
    ends = [w.net.socket(i) for i in range(2)]
    for s in ends:
        s.connect(('127.0.0.1', PORT))
    return Flow(*ends)


def cubic(w, port):
    """A TCP flow of the kernel's through the same wire."""
    door, s = w.net.socket(1), w.net.socket(0)
    s.setsockopt(socket.IPPROTO_TCP, TCP_CONGESTION, b'cubic')
    door.bind((w.net.address[1], port))
    door.listen()
    s.connect((w.net.address[1], port))
    by, _ = door.accept()
    door.close()
    return Flow(s, by)


def rates(flows, settle, seconds):
    """Mbit/s of each."""
    time.sleep(settle)
    before, began = [f.n for f in flows], time.monotonic()
    time.sleep(seconds)
    took = time.monotonic() - began
    got = [(f.n - n) * 8 / took / 1e6 for f, n in zip(flows, before)]
    for f in flows:
        f.stop()
    return got


def tell(out, case, control, value):
    row = {'bench': 'paths', 'case': case, 'contestant': CALLED[control],
           'value': round(value, 2), 'unit': 'Mbit/s', 'run': 0}
    out.write(json.dumps(row) + '\n')
    out.flush()


def alone(out, rtts, losses, rate, stock=lambda rtt, loss: True):
    """stock: the cells that are Debian's usrsctp's, too, if it is there."""
    print('\none link, %s: Mbit/s with %s' % (
        '%d Mbit/s' % rate if rate else 'no limit of rate',
        ', '.join(CONTROLS + ('stock',))))
    for rtt in rtts:
        for loss in losses:
            got, controls = [], CONTROLS
            if os.access(STOCK, os.X_OK) and stock(rtt, loss):
                controls += 'stock',
            for control in controls:
                w = World(control, rtt, loss, rate, 625)
                got += rates([link(w)], SETTLE, SECONDS)
                w.end()
                tell(out, '%d ms, %g %%, %s' % (
                    rtt, loss, '%d Mbit/s' % rate if rate else 'no limit'),
                    control, got[-1])
            print('%4d ms %4g %%  %s  x %s' % (
                rtt, loss, ' '.join('%8.1f' % g for g in got), ' '.join(
                    '%.1f' % (got[0] / max(g, 0.01)) for g in got[1:])),
                  flush=True)


def shared(out):
    print('\nwith TCP CUBIC at %d Mbit/s, 50 ms: Mbit/s of the link, of TCP'
          % RATE)
    for queue in QUEUES:
        for control in CONTROLS + ('cubic',):
            w = World(control, 50, 0, RATE, queue)
            # The one that is there first has the advantage: half of the time.
            flows = [cubic(w, 9999)]
            time.sleep(SETTLE)
            flows.append(cubic(w, 9998) if control == 'cubic' else link(w))
            tcp, ours = rates(flows, 2 * SETTLE, SHARED)
            w.end()
            case = 'queue %d kB, beside %s' % (queue, '%s')
            tell(out, case % 'cubic', control, ours)
            tell(out, case % CALLED[control], 'first', tcp)
            print('%5d kB  %-8s %8.1f %8.1f' % (queue, control, ours, tcp),
                  flush=True)


def main():
    end_well()
    if os.geteuid() != 0 or not os.path.exists('/dev/net/tun'):
        print('skip - paths (needs root and /dev/net/tun)')
        return
    subprocess.run(['make', '-s', '-C', ROOT, 'build/out/tests/net/wire'],
                   check=True)
    os.makedirs(os.path.dirname(OUT) or '.', exist_ok=True)
    which = os.environ.get('HOTLINK_PATHS', 'alone free shared').split()
    try:
        with open(OUT, 'w') as out:
            if 'alone' in which:
                alone(out, RTTS, (0, 0.1, 1), RATE,
                      lambda rtt, loss: (rtt, loss) == (50, 0.1))
            if 'free' in which:
                alone(out, (40,), (0, 0.1), 0)
            if 'shared' in which:
                shared(out)
    except Failed as e:
        sys.exit('paths: %s' % e)
    finally:
        stop_all()


main()

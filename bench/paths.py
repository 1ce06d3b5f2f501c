"""usage: paths.py HOTLINK OUT

See bench/paths. Two agents in a network namespace each, joined by
tests/net/wire, and a relay beside the first; one strict link, loaded one way.
Every cell is a world of its own, so that none inherits a model of a path."""
import ctypes, json, os, shutil, signal, socket, subprocess, sys, tempfile
import threading, time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)
WIRE = os.path.join(ROOT, 'build/out/tests/net/wire')
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
libc = ctypes.CDLL(None, use_errno=True)
procs = []


def start(*argv, **more):
    p = subprocess.Popen(argv, **more)
    procs.append(p)
    return p


def inside(pid, *argv):
    return ('nsenter', '-n', '-t', str(pid)) + argv


def run(*argv):
    subprocess.run(argv, check=True, capture_output=True)


class Inside:
    """This thread is in a namespace, for the sockets it makes."""

    def __init__(self, pid):
        self.pid = pid

    def enter(self, path):
        with open(path) as f:
            if libc.setns(f.fileno(), 0) != 0:
                raise OSError(ctypes.get_errno(), 'setns')

    def __enter__(self):
        self.home = open('/proc/self/task/%d/ns/net' %
                         threading.get_native_id())
        self.enter('/proc/%d/ns/net' % self.pid)

    def __exit__(self, *_):
        libc.setns(self.home.fileno(), 0)
        self.home.close()


class World:
    def __init__(self, control, rtt, loss, rate, queue):
        self.box = tempfile.mkdtemp(prefix='hotlink-paths.')
        self.space = [start('unshare', '-n', 'sleep', '600')
                      for _ in range(2)]
        self.address = ['10.78.0.1', '10.78.0.2']
        time.sleep(0.3)
        rules = 'ordered,delay=%dus,loss=%g%%' % (rtt * 500, loss)
        if rate:
            rules += ',rate=%gMbit,queue=%d' % (rate, queue * 1000)
        ends = [x for s in self.space for x in (str(s.pid), 'cable', rules)]
        self.wire = start(WIRE, '-t', '300', *ends, stdout=subprocess.PIPE,
                          text=True)
        if self.wire.stdout.readline().strip() != 'up':
            raise SystemExit('paths: no wire')
        for i, s in enumerate(self.space):
            run(*inside(s.pid, 'ip', 'link', 'set', 'lo', 'up'))
            run(*inside(s.pid, 'ip', 'addr', 'add', self.address[i], 'peer',
                        self.address[1 - i], 'dev', 'cable'))
            # What waits behind the wire waits in its queue, not here.
            run(*inside(s.pid, 'ip', 'link', 'set', 'cable', 'txqueuelen',
                        '10000'))
        start(*inside(self.space[0].pid, HOTLINK, 'relay', '-l',
                      '10.78.0.1:8080', '--open'),
              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        env = dict(os.environ, HOTLINK_CC=control)
        program = STOCK if control == 'stock' else HOTLINK
        for i, name in enumerate('ab'):
            self.marker(i, name)
            with open('%s/%s.log' % (self.box, name), 'w') as log:
                start(*inside(self.space[i].pid, program, 'agent', '--strict',
                              '-s', 'http://10.78.0.1:8080', '-u',
                              name + '@x.io', '-d', self.box + '/' + name,
                              '--bind', self.address[i]),
                      stderr=log, env=env)
        self.wait_up()

    def marker(self, i, name):
        at = '%s/%s/datasites/%s@x.io/shared/m/%s' % (
            self.box, name, name, ('0_to_1', '1_to_0')[i])
        os.makedirs(at)
        with open(at + '/stream.tcp', 'w') as f:
            json.dump({'from': name + '@x.io', 'to': 'ba'[i] + '@x.io',
                       'port': PORT}, f)

    def wait_up(self):
        for _ in range(300):
            time.sleep(0.1)
            logs = [open('%s/%s.log' % (self.box, n)).read() for n in 'ab']
            if all('carried by direct' in x for x in logs):
                return
        raise SystemExit('paths: no direct path; see ' + self.box)

    def socket(self, i):
        with Inside(self.space[i].pid):
            return socket.socket(socket.AF_INET, socket.SOCK_STREAM)

    def end(self):
        for p in reversed(procs):
            p.send_signal(signal.SIGTERM)
        for p in procs:
            try:
                p.wait(5)
            except subprocess.TimeoutExpired:
                p.kill()
                p.wait()
        procs.clear()
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
    ends = [w.socket(i) for i in range(2)]
    for s in ends:
        s.connect(('127.0.0.1', PORT))
    return Flow(*ends)


def cubic(w, port):
    """A TCP flow of the kernel's through the same wire."""
    door, s = w.socket(1), w.socket(0)
    s.setsockopt(socket.IPPROTO_TCP, TCP_CONGESTION, b'cubic')
    door.bind((w.address[1], port))
    door.listen()
    s.connect((w.address[1], port))
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


def alone(out, rtts, losses, rate, controls=CONTROLS):
    print('\none link, %s: Mbit/s with %s' % (
        '%d Mbit/s' % rate if rate else 'no limit of rate',
        ', '.join(controls)))
    for rtt in rtts:
        for loss in losses:
            got = []
            for control in controls:
                w = World(control, rtt, loss, rate, 625)
                got += rates([link(w)], SETTLE, SECONDS)
                w.end()
                tell(out, '%d ms, %g %%, %s' % (
                    rtt, loss, '%d Mbit/s' % rate if rate else 'no limit'),
                    control, got[-1])
            print('%4d ms %4g %%  %s  x %.1f' % (
                rtt, loss, ' '.join('%8.1f' % g for g in got),
                got[0] / max(got[1], 0.01)), flush=True)


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
                alone(out, RTTS, (0, 0.1, 1), RATE)
            if 'free' in which:
                alone(out, (40,), (0, 0.1), 0, CONTROLS + (
                    ('stock',) if os.access(STOCK, os.X_OK) else ()))
            if 'shared' in which:
                shared(out)
    finally:
        for p in procs:
            p.kill()


main()

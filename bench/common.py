"""What the measuring scripts of bench/ share: results as lines of JSON,
processes with what they cost, and ports."""
import json, os, signal, socket, subprocess, sys, tempfile, time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)
PEERS = os.path.join(ROOT, 'build/bench/peers')
LOAD = os.path.join(ROOT, 'build/out/bench/load')
WIRE = os.path.join(ROOT, 'build/out/tests/net/wire')
OUT = os.environ.get('HOTLINK_BENCH_OUT')
QUICK = os.environ.get('HOTLINK_BENCH_QUICK', '0') not in ('', '0')
REPEAT = int(os.environ.get('HOTLINK_BENCH_REPEAT') or (1 if QUICK else 3))
TICK = os.sysconf('SC_CLK_TCK')
started = []


def emit(bench, case, contestant, value, unit, run):
    """One result: a line at the end of $HOTLINK_BENCH_OUT, if that is set."""
    if OUT:
        with open(OUT, 'a') as f:
            f.write(json.dumps({
                'bench': bench, 'case': case, 'contestant': contestant,
                'value': float('%.6g' % value), 'unit': unit,
                'run': run}) + '\n')


def progress(text=''):
    if sys.stderr.isatty():
        sys.stderr.write('\r\033[K' + text[:78])
        sys.stderr.flush()


def say(text):
    progress()
    print(text, flush=True)


def skip(what, why):
    """As the tests do; the report says it too."""
    say('skip - %s (%s)' % (what, why))
    if OUT:
        with open(OUT, 'a') as f:
            f.write(json.dumps({'skip': what, 'why': why}) + '\n')


class Failed(Exception):
    pass


def start(*argv, **more):
    p = subprocess.Popen(argv, **more)
    started.append(p)
    return p


def stop(procs):
    for p in procs:
        if p.poll() is None:
            p.send_signal(signal.SIGTERM)
    for p in procs:
        try:
            p.wait(5)
        except subprocess.TimeoutExpired:
            p.kill()
            p.wait()
        if p in started:
            started.remove(p)


def stop_all(*_):
    stop(list(reversed(started)))


def end_well():
    """A signal ends what was started, too."""
    for s in signal.SIGHUP, signal.SIGINT, signal.SIGTERM:
        signal.signal(s, lambda *_: sys.exit(1))


def sandbox():
    return tempfile.TemporaryDirectory(prefix='hotlink-bench.')


def wait_for(what, seconds, ready, procs=()):
    until = time.monotonic() + seconds
    while not ready():
        for p in procs:
            if p.poll() is not None:
                raise Failed('%s: a process ended (%d)' % (what, p.returncode))
        if time.monotonic() > until:
            raise Failed('%s: not in time' % what)
        time.sleep(0.02)


def stats():
    """pid -> (parent, ticks of it and of its children that have ended)"""
    all_ = {}
    for pid in filter(str.isdigit, os.listdir('/proc')):
        try:
            with open('/proc/%s/stat' % pid) as f:
                w = f.read().rpartition(')')[2].split()
        except OSError:
            continue
        all_[int(pid)] = int(w[1]), sum(map(int, w[11:15]))
    return all_


def family(pids):
    """These and all who descend from them."""
    all_, found = stats(), set(pids)
    more = True
    while more:
        more = {p for p, (up, _) in all_.items() if up in found} - found
        found |= more
    return {p: all_[p][1] for p in found if p in all_}


def cpu_seconds(procs):
    return sum(family([p.pid for p in procs]).values()) / TICK


def peak_rss(p):
    """Of the largest of the family, in MiB."""
    most = 0
    for pid in family([p.pid]):
        try:
            with open('/proc/%d/status' % pid) as f:
                for line in f:
                    if line.startswith('VmHWM'):
                        most = max(most, int(line.split()[1]))
        except OSError:
            pass
    return most / 1024


def listening():
    ports = set()
    for name in '/proc/net/tcp', '/proc/net/tcp6':
        try:
            with open(name) as f:
                ports |= {int(w[1].rpartition(':')[2], 16)
                          for w in map(str.split, f)
                          if len(w) > 3 and w[3] == '0A'}
        except OSError:
            pass
    return ports


next_port = 15000


def ports(n):
    """Below those of outgoing connections, and nobody listens there."""
    global next_port
    taken, got = listening(), []
    while len(got) < n:
        next_port += 1
        if next_port > 32000:
            raise Failed('no free ports from 15001 to 32000')
        if next_port not in taken:
            got.append(next_port)
    return got


def load(mode, links, seconds, size=None):
    """Starts bench/load; finish() gives its result."""
    argv = [LOAD, '-t', '%g' % seconds]
    if size:
        argv += ['-s', str(size)]
    p = start(*argv, mode, *links, stdout=subprocess.PIPE,
              stderr=subprocess.PIPE, text=True)
    return p


def going(p):
    if p.stdout.readline() != 'going\n':
        finish(p)


def finish(p):
    out, err = p.communicate(timeout=120)
    started.remove(p)
    lines = [x for x in out.splitlines() if x.startswith('{')]
    if p.returncode != 0 or not lines:
        raise Failed(err.strip() or 'load ended with %d' % p.returncode)
    return json.loads(lines[-1])


def spread(values, form='%.0f'):
    v = sorted(values)
    return ' / '.join(form % x for x in (v[0], v[len(v) // 2], v[-1]))


class Party:
    """hotlink agents and their markers; relay is where it listens."""

    def __init__(self, hotlink, box, relay, name, options=()):
        self.email = '%s@x.io' % name
        self.name, self.home = name, '%s/%s' % (box, self.email)
        self.argv = [hotlink, 'agent', '--strict', '-s', relay, '-u',
                     self.email, '-d', self.home, *options]
        self.log = '%s/%s.log' % (box, name)
        self.links, self.peers = 0, set()
        self.telemetry = ('%s/datasites/%s/.syftbox/hotlink_telemetry.json' %
                          (self.home, self.email))
        os.makedirs(self.home + '/datasites')

    def mark(self, peer, channel, port, peers_port, name='stream.tcp',
             **more):
        """more: further keys of the marker."""
        at = '%s/datasites/%s/shared/bench/%s' % (self.home, self.email,
                                                 channel)
        os.makedirs(at)
        self.links += 1
        self.peers.add(peer.email)
        with open(at + '/.new', 'w') as f:
            json.dump({'from': self.email, 'to': peer.email, 'ports': {
                self.email: port, peer.email: peers_port}, **more}, f)
        os.rename(at + '/.new', at + '/' + name)

    def start(self, *wrap):
        with open(self.log, 'w') as log:
            self.proc = start(*wrap, *self.argv, stderr=log)

    def up(self):
        """Every link is there, and a direct path to everybody."""
        try:
            with open(self.telemetry) as f:
                t = json.load(f)
        except (OSError, ValueError):
            return False
        return t['live']['outbound_accepted'] >= self.links and \
            t['webrtc_connected'] >= len(self.peers)

    def direct(self):
        """How often its log says that a link is carried directly."""
        with open(self.log) as f:
            return f.read().count('carried by direct')


def link(a, b, i):
    """A link between two parties; the ports of either side."""
    near, far = ports(2)
    a.mark(b, 'link%d/0_to_1' % i, near, far)
    b.mark(a, 'link%d/1_to_0' % i, far, near)
    return near, far


def relay(hotlink, box, at='127.0.0.1:0', wrap=()):
    """Starts one; its URL."""
    path = box + '/relay.out'
    with open(path, 'w') as out, open(box + '/relay.log', 'w') as err:
        p = start(*wrap, hotlink, 'relay', '-l', at, '--open', stdout=out,
                  stderr=err)

    def line():
        with open(path) as f:
            return f.read().partition('listening on ')[2].strip()
    wait_for('the relay', 10, line, [p])
    return 'http://' + line().split()[0]

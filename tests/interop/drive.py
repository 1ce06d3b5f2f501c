"""usage: drive.py [-n MIB] [-v] [PEER]...

Runs our agent against other WebRTC stacks through our relay, one cell for each
peer, address family and DTLS role of the peer; prints a line of JSON per cell
and a table at the end. Exits 1 if a cell failed. A peer that this machine
cannot have is skipped, with the reason. See tests/interop/run.

The peer is a party of its own that speaks the upstream protocol; its
application (service.js says how) does what we tell it through the link."""
import argparse, json, os, re, shutil, signal, socket, subprocess, sys
import tempfile, time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
BUILD = os.path.join(ROOT, 'build', 'interop')
HOTLINK = os.environ.get('HOTLINK', os.path.join(ROOT, 'hotlink'))
ME = 'us@x.io'
HEAD = 21                       # of a frame, before its path
SIZES = 1, 1200, 16384, 65535   # of messages; the first: of its payload
BLOCK = 4096
DIR = 'interop/0_to_1'        # of the marker
UP, STEP, BULK = 40, 30, 300    # seconds


class Lost(Exception):
    pass


def command_output(*argv):
    try:
        return subprocess.run(argv, capture_output=True, text=True,
                              timeout=60).stdout.strip()
    except OSError:
        return ''


def family_of(pid):
    """The process and all that it started: a browser leaves our group."""
    children = {}
    for p in os.listdir('/proc'):
        try:
            with open('/proc/%s/stat' % p) as f:
                parent = int(f.read().rpartition(')')[2].split()[1])
            children.setdefault(parent, []).append(int(p))
        except (OSError, ValueError, IndexError):
            pass
    found = [pid]
    for p in found:
        found += children.get(p, [])
    return found


def kill(pid, sig):
    try:
        os.kill(pid, sig)
    except ProcessLookupError:
        pass


def npm_version(name):
    path = os.path.join(BUILD, 'node_modules', name, 'package.json')
    try:
        with open(path) as f:
            return json.load(f)['version']
    except OSError:
        return None


def deb_version(name):
    return command_output('dpkg-query', '-f', '${Version}', '-W',
                          name) or None


# Roles of a peer in DTLS: as a test asks for it in both sessions, or as they
# come: passive where it offers, active where it answers.
NATURAL = 'natural'
ROLES = 'active', 'passive'


class Npm:
    def __init__(self, stack, package, roles=None):
        self.stack, self.package, self.roles = stack, package, roles

    def version(self):
        if not shutil.which('node'):
            return None, 'no node'
        v = npm_version(self.package)
        return v, None if v else 'no npm package ' + self.package

    def command(self, url, me, role):
        return ['node', os.path.join(HERE, 'peer.js'), self.stack, url, me,
                role]


class Browser:
    """A browser of Debian on the relay's page."""

    def __init__(self, package):
        self.package = package

    def version(self):
        if not shutil.which('node') or not npm_version('puppeteer-core'):
            return None, 'no node or no npm package puppeteer-core'
        v = deb_version(self.package)
        return v, None if v else 'no Debian package ' + self.package

    def command(self, url, me, role):
        return ['node', os.path.join(HERE, 'browser.js'), self.package, url,
                me, role]


class Pion:
    def version(self):
        v = deb_version('golang-github-pion-webrtc.v3-dev')
        if not v:
            return None, 'no Debian package golang-github-pion-webrtc.v3-dev'
        if not os.path.exists(os.path.join(BUILD, 'pion')):
            return None, 'pion peer was not built'
        return v, None

    def command(self, url, me, role):
        return [os.path.join(BUILD, 'pion'), url, me, role]


# This and werift take the parity of stream ids from the ICE role, which is
# wrong for an active offerer, and always answer actively.
class Aiortc:
    roles = [NATURAL]

    def version(self):
        v = deb_version('python3-aiortc')
        return v, None if v else 'no Debian package python3-aiortc'

    def command(self, url, me, role):
        return ['/usr/bin/python3', os.path.join(HERE, 'peer_aiortc.py'), url,
                me, role]


PEERS = {
    'chromium': Browser('chromium'),
    'firefox': Browser('firefox-esr'),
    'pion': Pion(),
    'aiortc': Aiortc(),
    'libwebrtc': Npm('libwebrtc', '@roamhq/wrtc'),
    'libdatachannel': Npm('libdatachannel', 'node-datachannel'),
    'werift': Npm('werift', 'werift', [NATURAL]),
}


def pattern(key, n):
    """As block() of service.js has it."""
    base = bytes((i * 31 + (i >> 8) * 7 + key * 17) & 255
                 for i in range(BLOCK))
    blocks = ((k ^ key).to_bytes(4, 'big') + base[4:]
              for k in range((n + BLOCK - 1) // BLOCK))
    return b''.join(blocks)[:n]


class Cell:
    """One run against one peer. Whatever it starts ends with it."""

    def __init__(self, name, family, role, conf):
        self.name, self.family, self.role, self.conf = name, family, role, conf
        self.peer = PEERS[name]
        self.email = name + '@x.io'
        self.box = tempfile.mkdtemp(prefix='hotlink-interop.')
        self.procs, self.logs = {}, {}
        self.sock = None
        self.want = (['passive', 'active'] if role == NATURAL else
                     [role, role])
        self.result = dict(peer=name, family='IPv%d' % family, role=role)

    def start(self, what, argv, env=None):
        log = open(os.path.join(self.box, what + '.log'), 'ab')
        self.procs[what] = subprocess.Popen(
            argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE if
            what == 'relay' else log, stderr=log, start_new_session=True,
            env=dict(os.environ, **env or {}))
        log.close()

    def end(self, what, sig=signal.SIGTERM):
        p = self.procs.pop(what, None)
        if p is None:
            return
        family = family_of(p.pid)
        for s in sig, signal.SIGKILL:
            kill(p.pid, s)
            try:
                p.wait(5)
                break
            except subprocess.TimeoutExpired:
                pass
        for pid in family[1:]:  # what it started and left
            kill(pid, signal.SIGKILL)
        if p.stdout:
            p.stdout.close()

    def close(self):
        self.drop()
        for what in list(self.procs):
            self.end(what)
        shutil.rmtree(self.box, ignore_errors=True)

    def start_relay(self):
        self.start('relay', [HOTLINK, 'relay', '-l', '127.0.0.1:0', '--page'])
        line = self.procs['relay'].stdout.readline().decode()
        self.at = line.split()[-1]

    def start_agent(self):
        self.start('agent', [
            HOTLINK, 'agent', '-s', 'http://' + self.at, '-u', ME,
            '-d', os.path.join(self.box, 'us'), '--strict', '-v',
            '--bind', self.conf.address[self.family]],
            {'SYFTBOX_HOTLINK_TCP_PROXY_CHUNK_SIZE': '1048576'})

    def start_peer(self):
        argv = self.peer.command('ws://' + self.at + '/api/v1/events',
                                 self.email, self.role)
        self.start('peer', argv + [ME, '%s/%s/stream.tcp.request' % (ME, DIR)],
                   {'NODE_PATH': os.path.join(BUILD, 'node_modules'),
                    'HOME': self.box, 'TMPDIR': self.box})

    def marker(self):
        with socket.socket() as s:
            s.bind(('127.0.0.1', 0))
            self.port = s.getsockname()[1]
        path = os.path.join(self.box, 'us', 'datasites', ME, DIR)
        os.makedirs(path)
        with open(os.path.join(path, 'stream.tcp'), 'w') as f:
            json.dump({'from': ME, 'to': self.email, 'ports':
                       {ME: self.port, self.email: self.port}}, f)
        self.path = self.email + '/interop/1_to_0/stream.tcp.request'

    def check(self):
        for what, p in self.procs.items():
            if p.poll() is not None:
                raise Lost('%s ended with status %d' % (what, p.returncode))

    def drop(self):
        if self.sock:
            self.sock.close()
        self.sock = None

    def connect(self, limit):
        until = time.monotonic() + limit
        self.drop()
        while True:
            try:
                self.sock = socket.create_connection(('127.0.0.1', self.port))
                self.sock.settimeout(limit)
                return
            except OSError as e:
                if time.monotonic() > until:
                    raise Lost('no connection to our agent: %s' % e)
            self.check()
            time.sleep(0.05)

    def take(self, n):
        parts = []
        while n > 0:
            b = self.sock.recv(min(n, 1 << 18))
            if not b:
                raise Lost('the stream ended')
            parts.append(b)
            n -= len(b)
        return b''.join(parts)

    def line(self):
        b = b''
        while not b.endswith(b'\n'):
            b += self.take(1)
        return b.decode().strip()

    def echo(self, size):
        """A message of this size each way."""
        piece = 1 if size == 1 else size - HEAD - len(self.path)
        data = pattern(size, piece)
        self.sock.sendall(b'echo %d %d\n' % (piece, piece))
        self.sock.sendall(data)
        if self.take(piece) != data:
            raise Lost('a message of %d bytes came back changed' % size)

    def link_up(self, limit):
        """Until the peer's application answers: a connection that began
        before is reset when the peer turns out to be another process."""
        until = time.monotonic() + limit
        while True:
            try:
                self.connect(until - time.monotonic())
                self.sock.settimeout(max(1, min(20, until -
                                                time.monotonic())))
                self.sock.sendall(b'info\n')
                info = json.loads(self.line())
                self.sock.settimeout(STEP)
                return info
            except (OSError, Lost, ValueError) as e:
                if time.monotonic() > until:
                    raise Lost('link not up in %d s: %s' % (limit, e))
            self.check()
            time.sleep(0.2)

    def bulk(self, n):
        """Both ways at the same time, verified at both ends."""
        key = 7
        up, down = pattern(key, n), pattern(key + 1, n)
        self.sock.setblocking(False)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        out = memoryview(b'bulk %d %d\n' % (n, key) + up)
        sent = got = 0
        began = time.monotonic()
        moved = began
        while sent < len(out) or got < n:
            now = time.monotonic()
            if now - moved > STEP or now - began > BULK:
                raise Lost('stuck after %d up, %d down of %d' %
                           (sent, got, n))
            before = sent, got
            if sent < len(out):
                try:
                    sent += self.sock.send(out[sent:sent + (1 << 18)])
                except BlockingIOError:
                    pass
            if got < n:
                try:
                    b = self.sock.recv(min(n - got, 1 << 18))
                    if not b:
                        raise Lost('the stream ended')
                    if b != down[got:got + len(b)]:
                        raise Lost('wrong bytes after %d' % got)
                    got += len(b)
                except BlockingIOError:
                    pass
            if before == (sent, got):
                time.sleep(0.001)
            else:
                moved = now
        self.sock.settimeout(STEP)
        said = self.line()
        if said != 'ok':
            raise Lost('the peer got: ' + said)
        return n / (time.monotonic() - began) / (1 << 20)

    def telemetry(self):
        path = os.path.join(self.box, 'us', 'datasites', ME, '.syftbox',
                            'hotlink_telemetry.json')
        with open(path) as f:
            return json.load(f)

    def steps(self):
        began = time.monotonic()
        yield 'link'
        self.marker()
        self.start_relay()
        self.start_agent()
        self.start_peer()
        info = self.link_up(UP)
        self.result['up_s'] = round(time.monotonic() - began, 2)
        self.result['roles'] = [info['offered'], info['answered']]
        yield 'roles'
        want = self.want
        if self.result['roles'] != want:
            raise Lost('DTLS roles of the peer are %s, not %s' %
                       (self.result['roles'], want))
        yield 'sizes'
        for size in SIZES:
            self.echo(size)
        yield 'bulk'
        self.result['mib_s'] = round(self.bulk(self.conf.mib << 20), 1)
        self.echo(1200)
        yield 'peer killed'
        self.end('peer', signal.SIGKILL)
        self.start_peer()
        began = time.monotonic()
        self.link_up(2 * UP)
        self.echo(65535)
        self.result['again_s'] = round(time.monotonic() - began, 2)
        yield 'agent killed'
        self.end('agent', signal.SIGKILL)
        self.start_agent()
        self.link_up(2 * UP)
        self.echo(65535)
        yield 'telemetry'
        time.sleep(1.2)         # it is written once a second
        t = self.telemetry()
        if t['tx_ws_packets'] or t['strict_violations']:
            raise Lost('not all went directly: %s' % {
                k: t[k] for k in ('tx_ws_packets', 'strict_violations')})

    def tails(self):
        for what in 'agent', 'peer':
            path = os.path.join(self.box, what + '.log')
            if os.path.exists(path):
                with open(path, errors='replace') as f:
                    for line in f.readlines()[-40:]:
                        print('  %s: %s' % (what, line.rstrip()[:300]),
                              file=sys.stderr)

    def run(self):
        step = ''
        try:
            for step in self.steps():
                pass
            self.result['result'] = 'ok'
        except (Lost, OSError, ValueError, KeyError) as e:
            self.result.update(result='failed', step=step,
                               why=str(e) or type(e).__name__)
            if self.conf.verbose:
                self.tails()
        finally:
            if self.conf.keep:
                print(self.box, file=sys.stderr)
                shutil.copytree(self.box, self.box + '.kept',
                                ignore_dangling_symlinks=True,
                                dirs_exist_ok=True)
            self.close()
        return self.result


def table(rows):
    head = ['peer', 'version', 'family', 'DTLS role', 'result', 'up',
            'again', 'MiB/s']
    body = [[r['peer'], r.get('version', '-'), r.get('family', '-'),
             r.get('role', '-'), r['result'] if r['result'] == 'ok' else
             '%s: %s' % (r['result'], r.get('why', '')),
             '%.1f s' % r['up_s'] if 'up_s' in r else '-',
             '%.1f s' % r['again_s'] if 'again_s' in r else '-',
             str(r.get('mib_s', '-'))] for r in rows]
    width = [max(len(row[i]) for row in [head] + body)
             for i in range(len(head))]
    for row in [head] + body:
        print('  '.join(c.ljust(w) for c, w in zip(row, width)).rstrip())


def upstream(version):
    """Without what Debian adds."""
    return re.sub(r'^\d+:|[-~+].*$', '', version)


def run_peer(name, conf):
    version, why = PEERS[name].version()
    if why:
        yield dict(peer=name, result='skip', why=why)
        return
    for family in conf.families:
        if not conf.address.get(family):
            yield dict(peer=name, version=upstream(version), result='skip',
                       family='IPv%d' % family, why='no such address here')
            continue
        for role in getattr(PEERS[name], 'roles', None) or ROLES:
            if conf.roles and role not in conf.roles:
                continue
            r = Cell(name, family, role, conf).run()
            r['version'] = upstream(version)
            yield r


def main():
    p = argparse.ArgumentParser()
    p.add_argument('-n', dest='mib', type=int, default=64)
    p.add_argument('-v', dest='verbose', action='store_true')
    p.add_argument('-k', dest='keep', action='store_true')
    p.add_argument('-4', dest='families', action='store_const', const=[4],
                   default=[4, 6])
    p.add_argument('-r', dest='roles', action='append',
                   choices=[NATURAL] + list(ROLES))
    p.add_argument('--ipv4')
    p.add_argument('--ipv6')
    p.add_argument('peer', nargs='*', choices=list(PEERS) + [[]])
    conf = p.parse_args()
    conf.address = {4: conf.ipv4, 6: conf.ipv6}
    for s in signal.SIGTERM, signal.SIGHUP, signal.SIGINT:
        signal.signal(s, lambda *_: sys.exit(1))
    rows = []
    for name in conf.peer or PEERS:
        for r in run_peer(name, conf):
            rows.append(r)
            print(json.dumps(r), flush=True)
    print()
    table(rows)
    sys.exit(any(r['result'] == 'failed' for r in rows))


main()

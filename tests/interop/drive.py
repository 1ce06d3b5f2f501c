"""usage: drive.py [-n MIB] [-o FILE] [-v] [PEER]...

Runs our agent against other WebRTC stacks through our relay, one cell for each
peer, address family and DTLS role of the peer; prints a line of JSON per cell,
in FILE too, for tests/interop/publish, and a table at the end. Exits 1 if a
cell failed. A peer that this machine cannot have is skipped, with the reason.
See tests/interop/run.

The peer is a party of its own that speaks the upstream protocol; its
application (service.js says how) does what we tell it through the link."""
import argparse, contextlib, fcntl, json, os, shutil, signal, socket
import subprocess, sys, tempfile, termios, time

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = HERE, os.path.join(HERE, '..', 'support')
from peers import BUILD, FAMILIES, PEERS, ROLES, ROOT  # noqa: E402
from peers import cell, upstream  # noqa: E402
import tables  # noqa: E402

HOTLINK = os.environ.get('HOTLINK', os.path.join(ROOT, 'hotlink'))
ME, IT = 'us@x.io', 'it@x.io'   # as long, so that messages are each way
HEAD = 21                       # of a frame, before its path
SIZES = 1, 1200, 16384, 65535   # of messages; the first: of its payload
BLOCK = 4096
LINKS = 'a', 'b', 'c'           # directories of the markers
CHANNELS = 3                    # more than one, of a connection
UNKNOWN = 60                    # id of one that only the peer has
WHICH = 'opened', 'given'       # the peer's channels of a link
UP, STEP, BULK = 40, 30, 300    # seconds
TOLD = 5                        # less than anybody takes who is not told


class Lost(Exception):
    pass


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


def pattern(key, n):
    """As block() of service.js has it."""
    base = bytes((i * 31 + (i >> 8) * 7 + key * 17) & 255
                 for i in range(BLOCK))
    blocks = ((k ^ key).to_bytes(4, 'big') + base[4:]
              for k in range((n + BLOCK - 1) // BLOCK))
    return b''.join(blocks)[:n]


class Stream:
    """A local connection to a link of our agent, whose far end is the
    application of the peer."""

    def __init__(self, key, port, path):
        self.key, self.port, self.path = key, port, path
        self.sock = None
        self.asked = self.came = 0

    def drop(self):
        if self.sock:
            self.sock.close()
        self.sock = None

    def connect(self, limit):
        self.drop()
        self.sock = socket.create_connection(('127.0.0.1', self.port))
        self.sock.settimeout(limit)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def take(self, n):
        parts = []
        while n > 0:
            b = self.sock.recv(min(n, 1 << 18))
            if not b:
                raise Lost('the stream ended')
            parts.append(b)
            n -= len(b)
            self.came += len(b)
        return b''.join(parts)

    def line(self):
        b = b''
        while not b.endswith(b'\n'):
            b += self.take(1)
        return b.decode().strip()

    def say(self, text):
        self.sock.sendall(text.encode() + b'\n')

    def ask(self, text):
        self.say(text)
        try:
            return self.line()
        except TimeoutError:
            raise Lost('no answer to: ' + text)

    def info(self):
        """An earlier connection may have asked, too: its answer comes first,
        because the stream goes on with the next connection."""
        self.asked = self.asked + 1
        self.say('info %d' % self.asked)
        while True:
            info = json.loads(self.line())
            if info['asked'] == self.asked:
                return info

    def message(self, payload):
        """The size of one with that payload, either way."""
        return HEAD + len(self.path) + payload

    def put(self, data):
        """Until all of it is where our agent will find it."""
        self.sock.sendall(data)
        until = time.monotonic() + STEP
        while any(fcntl.ioctl(self.sock, termios.TIOCOUTQ, bytes(4))):
            if time.monotonic() > until:
                raise Lost('our agent does not get %d bytes' % len(data))
            time.sleep(0.001)

    def echo(self, size, sending=contextlib.nullcontext()):
        """A message of this size each way."""
        piece = 1 if size == 1 else size - self.message(0)
        data = pattern(size, piece)
        if self.ask('echo %d %d' % (piece, piece)) != 'ok':
            raise Lost('the peer takes no %d bytes' % piece)
        with sending:
            self.put(data)
        if self.take(piece) != data:
            raise Lost('a message of %d bytes came back changed' % size)
        return self.message(piece)

    def begin(self, n):
        """n bytes each way at once; move() does what can be done now."""
        self.sock.setblocking(False)
        self.n, self.sent, self.got = n, 0, 0
        self.down = pattern(self.key + 1, n)
        self.out = memoryview(b'bulk %d %d\n' % (n, self.key) +
                              pattern(self.key, n))

    def done(self):
        return self.sent == len(self.out) and self.got == self.n

    def send_some(self):
        try:
            self.sent += self.sock.send(
                self.out[self.sent:self.sent + (1 << 18)])
        except BlockingIOError:
            pass

    def take_some(self):
        try:
            b = self.sock.recv(min(self.n - self.got, 1 << 18))
        except BlockingIOError:
            return
        if not b:
            raise Lost('the stream ended')
        if b != self.down[self.got:self.got + len(b)]:
            raise Lost('wrong bytes after %d' % self.got)
        self.got += len(b)

    def move(self):
        """True if anything moved."""
        before = self.sent, self.got
        if self.sent < len(self.out):
            self.send_some()
        if self.got < self.n:
            self.take_some()
        return before != (self.sent, self.got)

    def finish(self):
        self.sock.settimeout(STEP)
        said = self.line()
        if said != 'ok':
            raise Lost('the peer got: ' + said)


def bulk(streams, n):
    """Both ways at the same time, verified at both ends; MiB/s each way."""
    for s in streams:
        s.begin(n)
    began = moved = time.monotonic()
    while not all(s.done() for s in streams):
        now = time.monotonic()
        if now - moved > STEP or now - began > BULK:
            raise Lost('stuck after ' + ', '.join(
                '%d up, %d down of %d' % (s.sent, s.got, s.n)
                for s in streams))
        if any([s.move() for s in streams]):
            moved = now
        else:
            time.sleep(0.001)
    for s in streams:
        s.finish()
    return len(streams) * n / (time.monotonic() - began) / (1 << 20)


class Cell:
    """One run against one peer. Whatever it starts ends with it."""

    def __init__(self, name, family, role, conf):
        self.family, self.role, self.conf = family, role, conf
        self.peer = PEERS[name]
        self.box = tempfile.mkdtemp(prefix='hotlink-interop.')
        self.procs, self.streams = {}, []
        self.options = []               # more of our agent's
        self.some = max(conf.mib << 20, 1 << 20) // 16
        self.result = dict(cell=cell(name, family, role), peer=name,
                           family='IPv%d' % family, role=role)

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
        for s in self.streams:
            s.drop()
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
            '--connect-timeout', str(2 * UP),   # a browser takes its time
            '--bind', self.conf.address[self.family]] + self.options,
            {'SYFTBOX_HOTLINK_TCP_PROXY_CHUNK_SIZE': '1048576'})

    def start_peer(self):
        argv = self.peer.command('ws://' + self.at + '/api/v1/events',
                                 IT, self.role)
        self.start('peer', argv + [ME, '%s/%s' % (ME, self.path(LINKS[0]))],
                   {'NODE_PATH': os.path.join(BUILD, 'node_modules'),
                    'HOME': self.box, 'TMPDIR': self.box})

    @staticmethod
    def path(link):
        return 'interop/%s/0_to_1/stream.tcp.request' % link

    def marker(self, link):
        return os.path.join(self.box, 'us', 'datasites', ME, 'interop', link,
                            '0_to_1', 'stream.tcp')

    def make_stream(self, key, link):
        with socket.socket() as s:
            s.bind(('127.0.0.1', 0))
            port = s.getsockname()[1]
        os.makedirs(os.path.dirname(self.marker(link)))
        with open(self.marker(link), 'w') as f:
            json.dump({'from': ME, 'to': IT, 'ports': {ME: port, IT: port}},
                      f)
        return Stream(key, port, '%s/%s' % (ME, self.path(link)))

    def check(self):
        for what, p in self.procs.items():
            if p.poll() is not None:
                raise Lost('%s ended with status %d' % (what, p.returncode))

    def until(self, limit, what, cond):
        """What cond gives as soon as it is true."""
        until = time.monotonic() + limit
        why = ''
        while True:
            self.check()
            try:
                v = cond(max(1, min(20, until - time.monotonic())))
                if v:
                    return v
            except (OSError, Lost, ValueError) as e:
                why = ': %s' % e
            if time.monotonic() > until:
                raise Lost('%s within %d s%s' % (what, limit, why))
            time.sleep(0.1)

    def link_up(self, stream, limit):
        """Until the peer's application answers: a connection that began
        before is reset when the peer turns out to be another process."""
        def answers(left):
            stream.connect(left)
            return stream.info()
        info = self.until(limit, 'link not up', answers)
        stream.sock.settimeout(STEP)
        return info

    def telemetry(self):
        """What our agent tells of itself, once a second: after now."""
        path = os.path.join(self.box, 'us', 'datasites', ME, '.syftbox',
                            'hotlink_telemetry.json')
        asked = time.time()
        self.until(STEP, 'no telemetry',
                   lambda _: os.path.getmtime(path) > asked)
        with open(path) as f:
            return json.load(f)

    def all_up(self):
        """What our agent tells once each session has a pair."""
        def tells(_):
            t = self.telemetry()
            out = t['live']['sessions_out']
            return t if out and all(s['pair'] for s in out) else None
        return self.until(STEP, 'not all sessions are direct', tells)

    def all_direct(self):
        """No byte went over the relay, and the pairs are of this family."""
        t = self.all_up()
        if t['tx_ws_packets'] or t['strict_violations']:
            raise Lost('not all went directly: %s' % {
                k: t[k] for k in ('tx_ws_packets', 'strict_violations')})
        for s in t['live']['sessions_out']:
            for end in 'local', 'remote':
                if s['pair'][end].startswith('[') != (self.family == 6):
                    raise Lost('the pair is of another family: %s' %
                               s['pair'])

    @contextlib.contextmanager
    def agent_stopped(self):
        """What is sent to it meanwhile it finds together."""
        pid = self.procs['agent'].pid
        kill(pid, signal.SIGSTOP)
        try:
            os.waitid(os.P_PID, pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)
            yield
        finally:
            kill(pid, signal.SIGCONT)

    def one_message(self, size):
        """It is one at the peer, after that with a line of ours and before
        another. Where the agent's ring ends it has to cut what it sends: not
        three times running. How many messages the peer has sent."""
        for tries in range(1, 4):
            said = self.main.echo(size, self.agent_stopped())
            got = self.main.info()['got']
            if len(got) == 3 and got[1] == said:
                return 3 * tries
            if len(got) != 4:
                break
        raise Lost('a message of %d bytes came as %s' % (said, got[1:-1]))

    def sizes(self):
        """And as the peer sends them, since all it has sent was counted."""
        self.main.info()
        came = self.main.came
        before = self.telemetry()
        sent = sum(self.one_message(size) for size in SIZES)
        after = self.telemetry()
        got = [after[k] - before[k] for k in ('rx_packets', 'rx_bytes')]
        if got != [sent, self.main.came - came]:
            raise Lost('%d messages of the peer, %d bytes, came as %d, %d' %
                       (sent, self.main.came - came, *got))

    def log_says(self, text):
        """How many lines of our agent's have it."""
        with open(os.path.join(self.box, 'agent.log')) as f:
            return sum(text in line for line in f)

    def both_ways(self):
        self.result['mib_s'] = round(bulk([self.main], self.conf.mib << 20),
                                     1)
        self.main.echo(1200)

    def links(self):
        """Each has connections of its own."""
        for s in self.streams[1:]:
            self.link_up(s, UP)
        bulk(self.streams, self.some)
        for s in self.streams[1:]:
            s.drop()

    def channels(self):
        """Of one connection, to us; what comes on them is put in order."""
        before = self.main.info()['closes']
        for n in CHANNELS, 0, 1, 0:
            said = self.main.ask('channels %d' % n)
            if said != 'ok':
                raise Lost('%d more channels: %s' % (n, said))
            bulk([self.main], self.some)
        closes = self.main.info()['closes'] - before
        if closes != CHANNELS + 1:
            raise Lost('%d of %d channels were closed' %
                       (closes, CHANNELS + 1))

    def peer_closes(self, which):
        """The link comes back by itself, below the same local connection. It
        is quiet meanwhile: what comes on a channel that is closing is dropped
        by some stacks after they have acknowledged it."""
        before = self.main.info()
        self.main.say('close ' + which)
        time.sleep(1)
        self.main.sock.settimeout(UP)
        self.until(UP, 'the channel did not close', lambda _:
                   self.main.info()['closes'] > before['closes'])
        self.main.sock.settimeout(STEP)
        bulk([self.main], self.some)
        return before, self.main.info()

    @staticmethod
    def stays(before, after, *which):
        """Connection and channel. The agent opens the first channel that is
        free, and it is again when it was reset both ways, RFC 8831 6.7."""
        for w in which:
            if before[w] != after[w]:
                raise Lost('a channel that was %s: %s, then %s' %
                           (w, before[w], after[w]))

    def peer_closes_ours(self):
        """We open it again in the same connection."""
        self.stays(*self.peer_closes('given'), *WHICH)

    def peer_closes_its_own(self):
        """A connection in which we may not send is given up."""
        before, after = self.peer_closes('opened')
        self.stays(before, after, 'given')
        if before['opened']['connection'] == after['opened']['connection']:
            raise Lost('the connection without a channel was not given up')
        if not self.log_says('the peer closed the channel'):
            raise Lost('our agent did not notice')

    def we_close(self):
        """A channel that we were not told of, in either connection, and once
        more: its id is free again when the peer has answered our reset."""
        why = 'sctp: stream %d is reset: data, and nobody opened it' % UNKNOWN
        before, resets = self.main.info(), self.log_says(why)
        for which in 2 * WHICH:
            said = self.main.ask('unknown %s %d' % (which, UNKNOWN))
            if said != 'closed':
                raise Lost('a channel unknown to us: ' + said)
            resets += 1
            if self.log_says(why) != resets:
                raise Lost('it was not we who closed it')
        bulk([self.main], self.some)
        self.stays(before, self.main.info(), *WHICH)

    def we_end_a_link(self):
        """Its marker goes; its channels close, and others stay."""
        s = self.streams[1]
        self.link_up(s, STEP)
        closes = self.main.info()['closes']
        os.rename(self.marker(LINKS[1]), self.marker(LINKS[1]) + '.not')
        self.until(STEP, 'the link was not ended', lambda _: not s.sock.recv(1))
        self.main.echo(1200)
        self.until(TOLD, 'the peer saw no channel close',
                   lambda _: self.main.info()['closes'] > closes)
        os.rename(self.marker(LINKS[1]) + '.not', self.marker(LINKS[1]))
        self.link_up(s, UP)
        bulk([s], self.some)
        s.drop()

    def restart(self, what, start):
        self.end(what, signal.SIGKILL)
        start()
        began = time.monotonic()
        self.link_up(self.main, 2 * UP)
        self.main.echo(65535)
        bulk([self.main], self.some)
        return round(time.monotonic() - began, 2)

    def lite(self):
        """Started again, our agent only answers checks."""
        self.options = ['--ice-lite']
        self.restart('agent', self.start_agent)
        self.all_direct()
        checks = self.telemetry()['live']['checks']
        sent = sum(c['sent'] for c in checks)
        if sent or not any(c['heard'] for c in checks):
            raise Lost('a lite agent sent %d checks: %s' % (sent, checks))

    def steps(self):
        began = time.monotonic()
        yield 'link'
        self.streams = [self.make_stream(7 + 2 * i, link)
                        for i, link in enumerate(LINKS)]
        self.main = self.streams[0]
        self.start_relay()
        self.start_agent()
        self.start_peer()
        self.link_up(self.main, UP)
        self.result['up_s'] = round(time.monotonic() - began, 2)
        yield 'roles'
        # The first answer may have waited for the connection that it tells of.
        info = self.main.info()
        roles = [info[which]['role'] for which in WHICH]
        if roles != [self.role, self.role]:
            raise Lost('DTLS roles of the peer are %s and %s' % tuple(roles))
        # From the offer to the open channel, without the start of a peer.
        self.result['link_ms'] = self.telemetry()['offer_to_dc_open_ms']
        yield 'both ways'
        self.both_ways()
        yield 'sizes'
        self.sizes()
        yield 'several links'
        self.links()
        yield 'several channels'
        self.channels()
        yield 'peer closes a channel it opened'
        self.peer_closes_its_own()
        yield 'peer closes a channel it was given'
        self.peer_closes_ours()
        yield 'we close a channel'
        self.we_close()
        yield 'we end a link'
        self.we_end_a_link()
        yield 'telemetry'
        self.all_direct()
        yield 'peer killed'
        self.result['again_s'] = self.restart('peer', self.start_peer)
        yield 'agent killed'
        self.restart('agent', self.start_agent)
        yield 'telemetry'
        self.all_direct()
        yield 'agent lite'
        self.lite()

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
        began = time.monotonic()
        try:
            for step in self.steps():
                if self.conf.verbose:
                    print('  %s' % step, file=sys.stderr)
            self.result['ok'] = True
        except (Lost, OSError, ValueError, KeyError) as e:
            self.result.update(ok=False, step=step,
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
        self.result['took_s'] = round(time.monotonic() - began, 1)
        return self.result


RESULTS = {True: 'ok', False: 'failed', None: 'skip'}


def table(rows):
    head = ['peer', 'version', 'family', 'DTLS role', 'result', 'up',
            'again', 'MiB/s']
    body = [[r['peer'], r.get('version', '-'), r.get('family', '-'),
             r.get('role', '-'), RESULTS[r['ok']] +
             (': ' + r['why'] if 'why' in r else ''),
             '%.1f s' % r['up_s'] if 'up_s' in r else '-',
             '%.1f s' % r['again_s'] if 'again_s' in r else '-',
             str(r.get('mib_s', '-'))] for r in rows]
    width = [max(len(row[i]) for row in [head] + body)
             for i in range(len(head))]
    for row in [head] + body:
        print('  '.join(c.ljust(w) for c, w in zip(row, width)).rstrip())


def run_peer(name, conf):
    version, why = PEERS[name].version()
    if why:
        yield dict(cell=name, peer=name, ok=None, why=why)
        return
    for family in conf.families:
        if not conf.address.get(family):
            which = 'IPv%d' % family
            yield dict(cell='%s %s' % (name, which), peer=name, family=which,
                       version=upstream(version), ok=None,
                       why='no such address here')
            continue
        for role in ROLES:
            if conf.roles and role not in conf.roles:
                continue
            r = Cell(name, family, role, conf).run()
            r['version'] = upstream(version)
            yield r


def main():
    p = argparse.ArgumentParser()
    p.add_argument('-n', dest='mib', type=int, default=64)
    p.add_argument('-o', dest='out')
    p.add_argument('-v', dest='verbose', action='store_true')
    p.add_argument('-k', dest='keep', action='store_true')
    p.add_argument('-4', dest='families', action='store_const', const=[4],
                   default=FAMILIES)
    p.add_argument('-r', dest='roles', action='append',
                   choices=ROLES)
    p.add_argument('--ipv4')
    p.add_argument('--ipv6')
    p.add_argument('peer', nargs='*', choices=list(PEERS) + [[]])
    conf = p.parse_args()
    conf.address = {4: conf.ipv4, 6: conf.ipv6}
    for s in signal.SIGTERM, signal.SIGHUP, signal.SIGINT:
        signal.signal(s, lambda *_: sys.exit(1))
    rows, lines = [], tables.Lines(conf.out)
    lines.say(tables.made_with(HOTLINK, mib=conf.mib))
    for name in conf.peer or PEERS:
        for r in run_peer(name, conf):
            rows.append(r)
            lines.say(r)
    print()
    table(rows)
    sys.exit(any(r['ok'] is False for r in rows))


if __name__ == '__main__':
    main()

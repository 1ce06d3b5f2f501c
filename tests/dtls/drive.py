"""usage: run [--check] [-j N] [-s SEED] [-v] [WORD]...

DTLS alone: our engine (tests/dtls/pipe) against openssl(1) and GnuTLS, in both
roles, through a proxy (tests/dtls/proxy) that loses, reorders and doubles what
it is given. Prints a line of JSON for each cell and a table at the end; exits 1
if a cell failed. A peer that this machine does not have is skipped.

Of the matrix peer x role x certificate x suite x MTU x path every cell is run.
To them come the exceptions: cookies, last flights that are lost, what must be
refused by name, and handshakes that are asked for again. --check runs the
exceptions that take no time and a cover of the matrix, and says it in claims.
With WORDs only the cells whose names have all of them.

In a cell both ends show the suite, the SRTP profile and the same exported keys;
each has verified the other's certificate, ours by fingerprint; numbered lines
of all sizes have gone both ways, each arriving as it was sent, none more often
than it was sent; and no datagram was larger than the MTU."""
import argparse, asyncio, base64, fcntl, hashlib, hmac, json, os, re
import shutil, signal, socket, ssl, sys, tempfile, termios, time, zlib

HERE = os.path.dirname(os.path.abspath(__file__))
OUT = os.environ.get('HOTLINK_OUT',
                     os.path.join(HERE, '..', '..', 'build', 'out'))
PIPE = os.path.join(OUT, 'tests', 'dtls', 'pipe')
PROXY = os.path.join(OUT, 'tests', 'dtls', 'proxy')
LABEL, KEYS = 'EXTRACTOR-dtls_srtp', 60
LINES = 12                      # each way
AGAIN = 0.15                    # seconds until a line is sent again
UP, DATA, END = 35, 20, 5       # seconds
P384 = 24                       # RFC 8422 section 5.1.1
# Their certificate is of P-384, and that is their group. Ours is of P-256, as
# everybody's has to be (RFC 8827 section 6.5). GnuTLS takes it all the same;
# openssl takes no certificate of a curve that is not one of its groups (RFC
# 8422 section 5.1.1), but with P-256 behind P-384 it does. A server alone can
# put a group first, so of ours X25519 or P-256 is chosen then.
P384_TRICKS = 'only-p384', 'p384-first', 'only-sha384'

PATHS = {
    'clean': '',
    'loss': 'delay=2ms,loss=10%',
    'reorder': 'delay=2ms,jitter=8ms,reorder=25%,hold=15ms',
    'dup': 'delay=2ms,jitter=4ms,dup=50%',
    'all': 'delay=2ms,jitter=8ms,loss=10%,reorder=25%,hold=15ms,dup=25%',
}
MTUS = 256, 576, 1200, 1500
CERTS = 'ecdsa', 'rsa'
# What openssl makes the keys of; of the others there are some cells only.
KEYS_OF = {
    'ecdsa': ['ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1'],
    'rsa': ['rsa:2048'],
    'p384': ['ec', '-pkeyopt', 'ec_paramgen_curve:secp384r1'],
    'rsa4096': ['rsa:4096'],
    'other': ['ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1'],
}
SUITES = {
    # ours ends so, openssl's, GnuTLS's
    'aes': ('_WITH_AES_128_GCM_SHA256', 'AES128-GCM-SHA256', 'AES-128-GCM'),
    'chacha': ('_WITH_CHACHA20_POLY1305_SHA256', 'CHACHA20-POLY1305',
               'CHACHA20-POLY1305'),
}


class Lost(Exception):
    pass


def check(ok, why):
    if not ok:
        raise Lost(why)


class Process:
    """A program; all that it says is in said, as bytes."""

    def __init__(self, argv, env=None):
        self.argv, self.env, self.said = argv, env, b''
        self.changed = asyncio.Event()

    async def start(self):
        self.p = await asyncio.create_subprocess_exec(
            *self.argv, stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
            env=dict(os.environ, **self.env or {}))
        self.reader = asyncio.create_task(self.listen())

    async def listen(self):
        while True:
            b = await self.p.stdout.read(65536)
            self.said += b
            self.changed.set()
            if not b:
                return

    def text(self):
        return self.said.decode('latin-1')

    async def until(self, pattern, seconds, what):
        """The match, once it has said that."""
        end = time.monotonic() + seconds
        while True:
            self.changed.clear()
            m = re.search(pattern, self.text(), re.M)
            if m:
                return m
            left = end - time.monotonic()
            check(left > 0 and not self.reader.done(), what)
            try:
                await asyncio.wait_for(self.changed.wait(), left)
            except asyncio.TimeoutError:
                pass

    def write(self, data):
        try:
            self.p.stdin.write(data)
        except (BrokenPipeError, ConnectionResetError):
            pass

    def unread(self):
        """Bytes written that it has not taken yet."""
        pipe = self.p.stdin.transport.get_extra_info('pipe')
        n = fcntl.ioctl(pipe.fileno(), termios.FIONREAD, b'\0' * 4)
        return int.from_bytes(n, sys.byteorder)

    async def end(self, sig=signal.SIGTERM, patience=END):
        """Close what it reads; after a while, or at once, by a signal."""
        self.p.stdin.close()
        if patience:
            await self.ended(patience)
        for s in sig, signal.SIGKILL:
            if self.p.returncode is not None:
                break
            try:
                os.kill(self.p.pid, s)
            except ProcessLookupError:
                break
            await self.ended(2)
        await asyncio.wait([self.reader], timeout=1)

    async def ended(self, seconds):
        try:
            await asyncio.wait_for(self.p.wait(), seconds)
        except asyncio.TimeoutError:
            pass


def free_port():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.bind(('127.0.0.1', 0))
        return s.getsockname()[1]


def bound(port):
    with open('/proc/net/udp') as f:
        return any(line.split()[1].endswith(':%04X' % port)
                   for line in f if ':' in line)


class Openssl:
    """s_server and s_client. Their -mtu counts the headers of IPv4 and UDP."""
    program = 'openssl'
    echoes = None
    reneg = {'client': b'r\n', 'server': b'R\n'}    # by our role

    def __init__(self, cell, box):
        self.cell, self.box = cell, box

    def common(self):
        c, name = self.cell, self.box.cert(self.cell.cert)
        argv = ['-dtls1' if c.trick == 'dtls1' else '-dtls1_2', '-timeout', '-mtu', str(c.mtu + 28), '-CAfile',
                self.box.trusted(c), '-verify_return_error', '-keymatexport',
                LABEL, '-keymatexportlen', str(KEYS)]
        if c.trick != 'no-certificate' or c.we == 'client':
            argv += ['-cert', name + '.pem', '-key', name + '.key']
        profile = {'no-srtp': None, 'other-srtp': 'SRTP_AEAD_AES_128_GCM'}.get(
            c.trick, 'SRTP_AES128_CM_SHA1_80')
        argv += {'only-p384': ['-groups', 'P-384'],
                 'p384-first': ['-groups', 'P-384:P-256', '-serverpref'],
                 'only-sha384': ['-sigalgs', 'ECDSA+SHA384']}.get(c.trick, [])
        return argv + (['-use_srtp', profile] if profile else [])

    def cipher(self):
        kind = self.cell.signer()
        if self.cell.trick == 'dtls1':
            return ['-cipher', 'ALL:@SECLEVEL=0']
        if self.cell.trick == 'other-suite':
            return ['-cipher', 'ECDHE-%s-AES256-GCM-SHA384' % kind]
        return ['-cipher', 'ECDHE-%s-%s' % (kind, SUITES[self.cell.suite][1])]

    def server(self, port):
        argv = ['openssl', 's_server', '-accept', '127.0.0.1:%d' % port]
        if self.cell.trick == 'cookie':
            argv.append('-listen')
        if self.cell.trick != 'no-request':
            argv += ['-Verify', '1']
        return Process(argv + self.common() + self.cipher())

    def client(self, port):
        return Process(['openssl', 's_client', '-connect',
                        '127.0.0.1:%d' % port, '-verify', '1'] +
                       self.common() + self.cipher())

    async def verify(self, p, proxy):
        await p.until('Keying material: ([0-9A-F]+)', UP, 'no keys of theirs')
        kind = self.cell.signer()
        said = p.text()
        check('verify return:1' in said, 'we were not verified')
        check(re.search('(?i)cipher is ECDHE-%s-%s' % (kind,
              SUITES[self.cell.suite][1]), said), 'another suite of theirs')
        check('negotiated, profile=SRTP_AES128_CM_SHA1_80' in said,
              'another SRTP profile of theirs')

    def keys(self, p, proxy):
        return re.search('Keying material: ([0-9A-F]+)', p.text())[1].lower()


class Gnutls:
    """gnutls-serv, which echoes and shows no keys, and gnutls-cli."""
    program = 'gnutls-cli'
    reneg = {'server': b'^renegotiate^\n'}

    def __init__(self, cell, box):
        self.cell, self.box = cell, box
        self.echoes = 254 if cell.we == 'client' else None
        self.log = box.path('keys.%d' % cell.number)
        self.seen = box.path('seen.%d' % cell.number)

    def common(self):
        c, name = self.cell, self.box.cert(self.cell.cert)
        cipher, version = SUITES[c.suite][2], '1.2'
        if c.trick == 'other-suite':
            cipher = 'AES-256-GCM'
        if c.trick == 'dtls1':
            cipher, version = 'AES-128-CBC', '1.0'
        profile = {'no-srtp': None, 'other-srtp': 'SRTP_AES128_CM_HMAC_SHA1_32'}.get(
            c.trick, 'SRTP_AES128_CM_HMAC_SHA1_80')
        more = {'only-p384': ':-GROUP-ALL:+GROUP-SECP384R1',
                'only-sha384': ':-GROUP-ALL:+GROUP-SECP384R1:-SIGN-ALL:'
                '+SIGN-ECDSA-SHA384'}.get(c.trick, '')
        argv = ['--udp', '--mtu', str(c.mtu), '--priority',
                'NORMAL:-VERS-ALL:+VERS-DTLS%s:-CIPHER-ALL:+%s%s' % (
                    version, cipher, more),
                '--keymatexport', LABEL, '--keymatexportsize', str(KEYS)]
        if c.trick != 'no-certificate' or c.we == 'client':
            argv += ['--x509certfile', name + '.pem', '--x509keyfile',
                     name + '.key']
        return argv + (['--srtp-profiles', profile] if profile else [])

    def server(self, port):
        argv = ['gnutls-serv', '--echo', '-p', str(port), '--x509cafile',
                self.box.trusted(self.cell)]
        argv += {'no-request': ['-a']}.get(
            self.cell.trick, ['-r', '--verify-client-cert'])
        if self.cell.trick == 'no-cookie':
            argv.append('--nocookie')
        return Process(argv + self.common(), {'SSLKEYLOGFILE': self.log})

    def client(self, port):
        return Process(['gnutls-cli', '-p', str(port), '127.0.0.1',
                        '--insecure', '--inline-commands', '--save-cert',
                        self.seen] + self.common())

    async def verify(self, p, proxy):
        if self.cell.we == 'client':
            return              # it has, else it would not have finished
        await p.until('- Key material: ([0-9a-f]+)', UP, 'no keys of theirs')
        with open(self.seen) as f:
            check(ssl.PEM_cert_to_DER_cert(f.read()) == self.box.ours,
                  'they saw another certificate')
        check('(%s)' % SUITES[self.cell.suite][2] in p.text(),
              'another suite of theirs')
        check('SRTP profile: SRTP_AES128_CM_HMAC_SHA1_80' in p.text(),
              'another SRTP profile of theirs')

    def keys(self, p, proxy):
        if self.cell.we == 'server':
            return re.search('- Key material: ([0-9a-f]+)', p.text())[1]
        with open(self.log) as f:
            said = dict(re.findall('CLIENT_RANDOM (\w+) (\w+)', f.read()))
        client, server = (way['random'] for way in proxy)
        check(client in said, 'no keys of theirs')
        return export(bytes.fromhex(said[client]),
                      bytes.fromhex(client + server)).hex()


PEERS = {'openssl': Openssl, 'gnutls': Gnutls}


def export(master, randoms):
    """RFC 5705 with the PRF of RFC 5246 section 5 and SHA-256."""
    seed = LABEL.encode() + randoms
    a, out = seed, b''
    while len(out) < KEYS:
        a = hmac.digest(master, a, 'sha256')
        out += hmac.digest(master, a + seed, 'sha256')
    return out[:KEYS]


class Box:
    """What all cells share: certificates, made anew each time."""

    def __init__(self, path):
        self.dir = path

    def path(self, name):
        return os.path.join(self.dir, name)

    def cert(self, kind):
        return self.path(kind)

    def trusted(self, cell):
        return self.path('other.pem' if cell.trick == 'distrust'
                         else 'ours.pem')

    async def run(self, *argv):
        p = await asyncio.create_subprocess_exec(
            *argv, stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL)
        return (await p.communicate())[0]

    async def make(self):
        self.fingerprint = {}
        for kind, how in KEYS_OF.items():
            name = self.cert(kind)
            await self.run('openssl', 'req', '-x509', '-nodes', '-days', '9',
                           '-subj', '/CN=peer', '-newkey', *how, '-keyout',
                           name + '.key', '-out', name + '.pem')
            with open(name + '.pem') as f:
                der = ssl.PEM_cert_to_DER_cert(f.read())
            self.fingerprint[kind] = hashlib.sha256(der).hexdigest()
        self.ours = await self.run(PIPE, 'cert')
        with open(self.path('ours.pem'), 'w') as f:
            f.write(ssl.DER_cert_to_PEM_cert(self.ours))


def line(key, i, n):
    """Line i of n bytes, printable and recognised by its beginning."""
    head = '=%s%04d ' % (key, i)
    noise = b''
    while len(noise) < n:
        noise += base64.b64encode(hashlib.sha512(
            head.encode() + str(len(noise)).encode()).digest()[:63])
    return head.encode() + noise[:max(n - len(head) - 1, 0)] + b'\n'


class Flow:
    """Lines one way: each is sent until it has come. piece: who sends them
    back does so in parts of that size."""

    def __init__(self, key, source, sink, mtu, piece=None):
        sizes = 16, 60, mtu - 70, 100, mtu - 41
        self.key, self.source, self.sink = key, source, sink
        self.lines = [line(key, i, sizes[i % len(sizes)])
                      for i in range(LINES)]
        self.pieces = [[text[k:k + (piece or len(text))] for k in
                        range(0, len(text), piece or len(text))]
                       for text in self.lines]
        self.sent = [0] * LINES

    def arrived(self, i):
        return all(x in self.sink.said for x in self.pieces[i])

    async def run(self, until):
        for i, text in enumerate(self.lines):
            while not self.arrived(i):
                check(time.monotonic() < until and
                      not self.sink.reader.done(),
                      'line %s%d did not arrive' % (self.key, i))
                if self.source.unread() == 0:   # two would become one record
                    self.source.write(text)
                    self.sent[i] += 1
                await self.wait(i)

    async def wait(self, i):
        end = time.monotonic() + AGAIN
        while not self.arrived(i) and time.monotonic() < end:
            self.sink.changed.clear()
            try:
                await asyncio.wait_for(self.sink.changed.wait(),
                                       max(end - time.monotonic(), 0.001))
            except asyncio.TimeoutError:
                pass

    def judge(self):
        """Nothing but what was sent, and none of it more often."""
        said = self.sink.said
        pieces = [(x, n) for all_of, n in zip(self.pieces, self.sent)
                  for x in all_of]
        for x, n in sorted(pieces, key=lambda p: -len(p[0])):
            check(said.count(x) <= n, '%r came more often than sent' % x[:9])
            said = said.replace(x, b'')
        left = re.search(b'^=' + self.key.encode() + b'.*', said, re.M)
        check(not left, 'this was not sent: %r' % (left and left[0][:40]))


class Cell:
    def __init__(self, peer, we, cert, suite, mtu, path, trick=''):
        self.peer, self.we, self.cert, self.suite = peer, we, cert, suite
        self.mtu, self.path, self.trick = mtu, path, trick
        self.got = {}

    def name(self):
        return ' '.join(str(x) for x in (
            self.peer, 'we=' + self.we, self.cert, self.suite, self.mtu,
            self.path, self.trick) if x)

    def signer(self):
        """What the server's key makes of a suite's name; ours is ECDSA."""
        if self.we == 'client' and self.cert.startswith('rsa'):
            return 'RSA'
        return 'ECDSA'

    async def start(self, box, seed):
        """Our end, theirs, and the path between."""
        self.their = PEERS[self.peer](self, box)
        finger = box.fingerprint['other' if self.trick == 'fingerprint'
                                 else self.cert]
        ours = [PIPE, '-m', str(self.mtu), self.we]
        rules = ','.join(x for x in (PATHS[self.path], 'mtu=%d' % self.mtu)
                         if x)
        if self.we == 'client':
            port = free_port()
            self.them = self.their.server(port)
            await self.add(self.them)
            await self.ready(port)
        else:
            self.us = Process(ours + ['0', finger])
            await self.add(self.us)
            port = (await self.us.until(r'^port (\d+)', END, 'no port'))[1]
        self.seed = zlib.crc32(self.name().encode()) ^ seed
        lost = {'last-flight': ['-F', '2'], 'their-flight': ['-f', '2']}.get(
            self.trick, [])
        self.proxy = Process([PROXY, '-s', str(self.seed), *lost, str(port),
                              rules, rules])
        await self.add(self.proxy)
        port = (await self.proxy.until(r'^port (\d+)', END, 'no proxy'))[1]
        self.began = time.monotonic()
        if self.we == 'client':
            self.us = Process(ours + [port, finger])
            await self.add(self.us)
        else:
            self.them = self.their.client(int(port))
            await self.add(self.them)

    async def add(self, process):
        await process.start()
        self.processes.append(process)

    async def ready(self, port):
        for _ in range(200):
            if bound(port):
                return
            check(not self.them.reader.done(), 'their server ended')
            await asyncio.sleep(0.05)
        raise Lost('their server does not listen')

    async def up(self):
        m = await self.us.until('^(up|failed:) (.*)', UP, 'not up')
        check(m[1] == 'up', m[2])
        self.got['up_ms'] = int(1000 * (time.monotonic() - self.began))
        check(m[2] == 'TLS_ECDHE_' + self.signer() + SUITES[self.suite][0],
              'another suite of ours')
        await self.us.until('^keys [0-9a-f]+$', END, 'no keys of ours')

    async def data(self):
        until = time.monotonic() + DATA
        if self.their.echoes:
            flows = [Flow('e', self.us, self.us, self.mtu,
                          self.their.echoes)]
        else:
            flows = [Flow('u', self.us, self.them, self.mtu),
                     Flow('d', self.them, self.us, self.mtu)]
        await asyncio.gather(*(f.run(until) for f in flows))
        for f in flows:
            f.judge()
        self.got['lines'] = sum(len(f.lines) for f in flows) * \
            (2 if self.their.echoes else 1)

    async def finish(self):
        """End all; what the proxy and our end have counted."""
        await self.us.end()
        await self.proxy.end(patience=0)
        await self.them.end(patience=1 if self.we == 'server' else 0)
        ways = [json.loads(x) for x in re.findall('^{.*}$', self.proxy.text(),
                                                  re.M)]
        check(len(ways) == 2, 'the proxy failed')
        for name in 'lost', 'doubled', 'held', 'final_lost':
            self.got[name] = sum(way[name] for way in ways)
        ours, theirs = ways if self.we == 'client' else ways[::-1]
        self.got['their_big'] = theirs['big']
        stats = re.search('^stats (.*)', self.us.text(), re.M)
        check(stats, 'our end failed')
        for name, n in re.findall(r'(\w+)=(\d+)', stats[1]):
            self.got[name] = int(n)
        check(ours['big'] == 0, 'a datagram of ours is larger than the MTU')
        self.got['group'] = ours['group'] or theirs['group']
        return ways

    def is_refused(self):
        return self.trick in REFUSED and \
            (self.peer, self.we, self.trick) not in NOT_REFUSED

    def is_slow(self):
        return self.is_refused() and (self.trick, self.we) in SLOW

    def scenario(self):
        if self.is_refused():
            return refused
        return renegotiated if self.trick == 'renegotiate' else Cell.whole

    async def whole(self, box):
        await self.up()
        await self.their.verify(self.them, None)
        await self.data()
        ways = await self.finish()
        keys = re.search('^keys (.*)', self.us.text(), re.M)[1]
        check(keys == self.their.keys(self.them, ways),
              'the exported keys differ')
        check(self.trick not in ('only-p384', 'p384-first') or
              self.got['group'] == P384, 'another group than P-384')
        if self.trick in ('last-flight', 'their-flight'):
            check(self.got['final_lost'] == 2, 'no last flight was lost')
            check(self.trick != 'last-flight' or self.we == 'client' or
                  self.got['retransmits'] > 0, 'nothing was sent again')

    async def run(self, box, seed):
        self.processes = []
        try:
            await self.start(box, seed)
            await self.scenario()(self, box)
            self.why = None
        except Lost as e:
            self.why = str(e)
        finally:
            self.said = [p.text() for p in self.processes]
            for p in self.processes:
                await p.end(patience=0)

    def json(self):
        return json.dumps(dict(
            peer=self.peer, we=self.we, cert=self.cert, suite=self.suite,
            mtu=self.mtu, path=self.path, trick=self.trick, seed=self.seed,
            ok=self.why is None, **self.got,
            **({'why': self.why} if self.why else {})))


# What a handshake with that trick has to fail with, in a role of ours. Alerts
# before the keys are anybody's: they only say why when time has run out.
REFUSED = {
    'fingerprint': {
        role: "the peer's certificate has another fingerprint"
        for role in ('client', 'server')},
    'no-certificate': {'server': 'the peer has no certificate'},
    'no-request': {'client': 'the peer does not ask for our certificate'},
    'no-srtp': {'client': "the peer's ServerHello lacks use_srtp",
                'server': "the peer's ClientHello lacks use_srtp"},
    'other-srtp': {'client': "the peer's ServerHello lacks use_srtp",
                   'server': "the peer's use_srtp profiles lack 0x0001"},
    'other-suite': {'client': "the peer's alert: handshake_failure",
                    'server': 'the peer offers no cipher suite of ours'},
    'dtls1': {'server': 'the peer offers no DTLS 1.2'},
    'distrust': {'client': "the peer's alert: ",
                 'server': "the peer's alert: unknown_ca"},
    'only-sha384': {
        role: 'the peer does not verify ECDSA with SHA-256'
        for role in ('client', 'server')},
    'only-p384': {role: "the peer's alert: illegal_parameter"
                  for role in ('client', 'server')},
}
# And what they say of it, where they do before their own time runs out.
THEIR_WORDS = {
    ('openssl', 'only-p384'): 'wrong curve',
    ('openssl', 'only-sha384'): 'alert handshake failure',
    ('gnutls', 'only-sha384'): 'A TLS fatal alert has been received',
}
# Without a suite gnutls-serv says nothing; gnutls-cli looks at a certificate
# only after the handshake.
SILENT = 'the DTLS handshake timed out'
NOT_REFUSED = {('gnutls', 'server', 'distrust'),
               ('gnutls', 'client', 'only-p384'),
               ('gnutls', 'server', 'only-p384')}
# gnutls-cli asks on in spite of an alert.
DEAF = {('gnutls', 'server', 'only-sha384')}
SLOW = {('other-suite', 'client'), ('distrust', 'client'),
        ('distrust', 'server'), ('only-p384', 'client'),
        ('only-p384', 'server')}


async def refused(cell, box):
    m = await cell.us.until('^(up|failed:) (.*)', UP, 'neither up nor failed')
    check(m[1] == 'failed:', 'up, but should have been refused')
    silent = (cell.peer, cell.we, cell.trick) == ('gnutls', 'client',
                                                  'other-suite')
    check(m[2].startswith(SILENT if silent else
                          REFUSED[cell.trick][cell.we]), m[2])
    words = THEIR_WORDS.get((cell.peer, cell.trick))
    if words and (cell.peer, cell.we, cell.trick) not in DEAF:
        await cell.them.until(words, END, 'they do not say "%s"' % words)
    await cell.finish()
    cell.got['refused'] = m[2]


async def renegotiated(cell, box):
    """Another handshake is refused by a warning. Who asked may take it as an
    end, as openssl does; if not, the connection goes on."""
    await cell.up()
    await cell.data()
    if cell.peer == 'gnutls' and cell.we == 'client':
        cell.us.write(b'**REHANDSHAKE**\n')
        await cell.them.until('Sending rehandshake', END, 'nothing asked')
        await asyncio.sleep(0.2)
        more = Flow('r', cell.us, cell.us, 400, cell.their.echoes)
        await more.run(time.monotonic() + DATA)
    else:
        cell.them.write(cell.their.reneg[cell.we])
        if cell.peer == 'gnutls':
            await cell.them.until('No renegotiation is allowed', END,
                                  'not refused')
        else:
            await cell.us.until("failed: the peer's alert: handshake_failure",
                                END, 'their refusal to go on is unknown')
    ways = await cell.finish()
    ours, theirs = ways if cell.we == 'client' else ways[::-1]
    # theirs: the wish, beside a Finished; ours: the warning, beside a goodbye
    check(theirs['finals'] > 1, 'nothing asked')
    check(ours['alerts'] > (cell.peer == 'gnutls'), 'no warning')


def matrix():
    """Every cell; and of them a cover: each pair of axes has met."""
    kinds = [(p, w, c, s) for p in PEERS for w in ('client', 'server')
             for c in CERTS for s in SUITES]
    whole = [Cell(*k, mtu, path) for k in kinds for mtu in MTUS
             for path in PATHS]
    paths = list(PATHS)
    cover = [Cell(*k, MTUS[(i + i // 4) % 4], paths[(i + i // 5) % 5])
             for i, k in enumerate(kinds)]
    return whole, cover


def exceptions():
    def cell(peer, we, trick):
        cert = 'p384' if trick in P384_TRICKS else 'ecdsa'
        return Cell(peer, we, cert, 'aes', 1200, 'clean', trick)

    some = [cell('openssl', 'client', 'cookie'),
            cell('gnutls', 'client', 'no-cookie')]
    some += [Cell(p, we, c, 'aes', mtu, 'loss') for p in PEERS
             for we in ('client', 'server') for c in ('p384', 'rsa4096')
             for mtu in (256, 1200)]
    some += [cell('openssl', 'client', 'p384-first')]
    some += [cell('gnutls', we, 'only-p384') for we in ('client', 'server')]
    some += [cell(p, we, t) for p in PEERS for we in ('client', 'server')
             for t in ('last-flight', 'their-flight', 'renegotiate')]
    some += [cell(p, we, t) for t in REFUSED for we in REFUSED[t]
             for p in PEERS if (p, we, t) not in NOT_REFUSED]
    return some


def cells_for(args):
    whole, cover = matrix()
    some = exceptions()
    if args.check:
        some = cover + [c for c in some if not c.is_slow() and
                        (c.cert in CERTS or c.trick in P384_TRICKS)]
    else:                       # what takes longest first
        some = some[::-1] + whole
    some = [c for c in some if all(w in c.name().split() for w in args.words)]
    missing = {p for p, k in PEERS.items() if not shutil.which(k.program)}
    for p in sorted(missing):
        print('skip - DTLS against %s (no %s)' % (p, PEERS[p].program))
    return [c for c in some if c.peer not in missing]


def tell(cell, args):
    if args.check:
        print('%sok - DTLS with %s (%s)' % (
            'not ' if cell.why else '', cell.name(), cell.why or
            cell.got.get('refused') or 'up in %(up_ms)d ms' % cell.got))
    else:
        print(cell.json())
    if args.verbose or (cell.why and args.check):
        for p, said in zip(cell.processes, cell.said):
            print('  $', ' '.join(p.argv)[:400])
            print('\n'.join('  ' + x[:90] for x in said.split('\n')[-30:]))
    sys.stdout.flush()


def table(cells):
    """How many of each row's MTUs passed on each path, and all exceptions."""
    plain = [c for c in cells if not c.trick]
    kinds = sorted({(c.peer, c.we, c.cert, c.suite) for c in plain},
                   key=lambda k: (k[2] not in CERTS, k))
    if kinds:
        print('\n%-8s %-7s %-8s %-6s' % ('peer', 'we', 'cert', 'suite') +
              ''.join('%9s' % p for p in PATHS))
    for kind in kinds:
        row = '%-8s %-7s %-8s %-6s' % kind
        for path in PATHS:
            of = [c for c in plain if c.path == path and
                  (c.peer, c.we, c.cert, c.suite) == kind]
            row += '%9s' % (of and '%d/%d' % (
                sum(not c.why for c in of), len(of)) or '-')
        print(row)
    for c in cells:
        if c.trick:
            print('%-8s %-7s %-15s %s' % (
                c.peer, c.we, c.trick,
                c.why and 'LOST: ' + c.why or c.got.get('refused', 'ok')))


async def run_all(args):
    cells = cells_for(args)
    gate = asyncio.Semaphore(args.jobs)

    with tempfile.TemporaryDirectory() as path:
        box = Box(path)
        await box.make()

        async def one(number, cell):
            cell.number = number
            async with gate:
                await cell.run(box, args.seed)
            tell(cell, args)

        await asyncio.gather(*(one(i, c) for i, c in enumerate(cells)))
    cells.sort(key=lambda c: c.trick)   # stable: the matrix, then the rest
    if not args.check:
        table(cells)
    lost = sum(c.why is not None for c in cells)
    if not args.check:
        print('%d cells, %d lost, seed %d' % (len(cells), lost, args.seed))
    return 1 if lost else 0


def main():
    p = argparse.ArgumentParser(usage=__doc__[7:])
    p.add_argument('--check', action='store_true')
    p.add_argument('-j', dest='jobs', type=int, default=16)
    p.add_argument('-s', dest='seed', type=int, default=1)
    p.add_argument('-v', dest='verbose', action='store_true')
    p.add_argument('words', nargs='*')
    args = p.parse_args()
    if not shutil.which('openssl'):
        print('skip - DTLS against others (no openssl)')
        return 0
    return asyncio.run(run_all(args))


if __name__ == '__main__':
    sys.exit(main())

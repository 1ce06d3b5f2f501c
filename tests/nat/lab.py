"""A small Internet in network namespaces: one flat public network, hosts on
it and hosts behind NATs, and what runs there. All of it ends with the lab.

The public network is 203.0.113.0/24 and 2001:db8::/64; its own host, `net`,
is .1 and .2. A NAT's host is 10.N.0.2 behind a router that is .N."""
import contextlib, json, os, shutil, subprocess, sys, tempfile, threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
DRIVE = os.path.join(HERE, '..', 'live', 'drive.py')
TURNS = os.path.join(HERE, '..', '..', 'build', 'nat', 'usr', 'bin',
                     'turnserver')
USER, PASS = 'us', 'geheim'
STUN = ['--ice-server', 'stun:203.0.113.1:3478']
STUN_TOO = ['--ice-server', 'stun:203.0.113.2:3478']
TURN = ['--ice-server', 'turn:203.0.113.1:3478', '--turn-user', USER]
TURN_TCP = ['--ice-server', 'turn:203.0.113.1:3478?transport=tcp',
            '--turn-user', USER]
BYTES = 300000

# What a NAT does beyond giving its own address and keeping the port, which
# is endpoint-independent mapping as long as one host is behind it. `open` is
# what its host has lately sent from, or from and to; who is in it gets in.
# Port-restricted is what connection tracking does by itself.
OPEN = {
    'endpoint': ('inet_service', 'udp sport', 'udp dport'),
    'address': ('ipv4_addr . inet_service', 'ip daddr . udp sport',
                'ip saddr . udp dport'),
}
KINDS = ['none', 'endpoint', 'address', 'port', 'symmetric']
LONG = {
    'none': 'no NAT', 'endpoint': 'endpoint-independent filtering',
    'address': 'address-restricted', 'port': 'port-restricted',
    'symmetric': 'symmetric',
}


def rules(kind, inside, shift=''):
    """The router's ruleset. What nobody asked for ends in the input chain
    without a trace: an answer, or a connection that is tracked, would tell
    the other side or take the port from the host behind."""
    sets, learn, pass_in = '', '', ''
    if kind in OPEN:
        of, key, match = OPEN[kind]
        sets = 'set open { type %s; flags dynamic, timeout; timeout 60s; }' % of
        learn = 'iifname "lan" meta l4proto udp update @open { %s }' % key
        pass_in = 'iifname "wan" %s @open dnat to %s' % (match, inside)
    source = 'masquerade'
    if kind == 'symmetric':
        source += ' fully-random'
    udp = 'meta l4proto udp masquerade to :%s random' % shift if shift else ''
    return '''
    flush ruleset
    table ip nat {
        %s
        chain pre {
            type nat hook prerouting priority dstnat;
            %s
        }
        chain post {
            type nat hook postrouting priority srcnat;
            %s
            oifname "wan" %s
        }
        chain through {
            type filter hook forward priority filter;
            %s
            iifname "wan" ct state new ct status ! dnat drop
        }
        chain in {
            type filter hook input priority filter; policy drop;
            icmp type echo-request accept
        }
    }
    ''' % (sets, pass_in, 'oifname "wan" ' + udp if udp else '', source, learn)


BLOCKED = '''
flush ruleset
table inet firewall {
    chain in {
        type filter hook input priority filter;
        iifname != "lo" meta l4proto udp drop
    }
    chain out {
        type filter hook output priority filter;
        oifname != "lo" meta l4proto udp drop
    }
}
'''


class Space:
    """A network namespace, which lives as long as its keeper."""

    def __init__(self, lab, name):
        self.lab, self.name = lab, name
        self.keeper = subprocess.Popen(['unshare', '-n', 'sleep', '3600'])
        mine = os.readlink('/proc/self/ns/net')
        until = time.monotonic() + 10
        while self.link() in (None, mine):
            if time.monotonic() > until:
                raise RuntimeError('no network namespace')
            time.sleep(0.005)
        self.ip('link set lo up')

    def link(self):
        try:
            return os.readlink('/proc/%d/ns/net' % self.keeper.pid)
        except OSError:
            return None

    def inside(self, command):
        return ['nsenter', '-n', '-t', str(self.keeper.pid)] + command

    def run(self, command, text=None, check=True):
        r = subprocess.run(self.inside(command), input=text, text=True,
                           stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        if check and r.returncode:
            raise RuntimeError('%s: %s: %s' % (self.name, ' '.join(command),
                                               r.stdout.strip()))
        return r

    def ip(self, *lines):
        self.run(['ip', '-batch', '-'], '\n'.join(lines) + '\n')

    def nft(self, text):
        self.run(['nft', '-f', '-'], text)

    def await_link(self, device):
        """The kernel takes its time to say that a cable is in, and until then
        swallows what is sent."""
        until = time.monotonic() + 20
        while ' state UP ' not in self.run(['ip', '-o', 'link', 'show', 'dev',
                                            device]).stdout:
            if time.monotonic() > until:
                raise RuntimeError('%s: %s is not up' % (self.name, device))
            time.sleep(0.02)

    def sysctl(self, name, value):
        self.run(['sh', '-c', 'echo %s >/proc/sys/net/%s' % (value, name)])

    def forget_connections(self):
        """Every tracked connection: what a router's restart does."""
        code = ('import socket, struct\n'
                's = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 12)\n'
                's.send(struct.pack("=IHHII", 20, 0x102, 5, 1, 0) +'
                ' struct.pack(">BBH", 2, 0, 0))\n'
                'err = struct.unpack("=i", s.recv(4096)[16:20])[0]\n'
                'assert err == 0, err\n')
        self.run([sys.executable, '-c', code])


class Lab:
    def __init__(self, hotlink):
        self.hotlink = os.path.abspath(hotlink)
        self.box = tempfile.mkdtemp(prefix='hotlink-nat.')
        self.spaces, self.processes = {}, []
        self.turnserver = shutil.which('turnserver') or (
            TURNS if os.access(TURNS, os.X_OK) else None)
        with open(os.path.join(self.box, 'pass'), 'w') as f:
            f.write(PASS + '\n')
        self.lock, self.numbers, self.cables = threading.Lock(), 10, 0
        self.gaps = []
        threading.Thread(target=self.watch, daemon=True).start()

    def watch(self):
        """Notes when a nap took much longer than it should."""
        last = time.monotonic()
        while True:
            time.sleep(0.05)
            now = time.monotonic()
            if now - last > 0.2:
                self.gaps.append((now, now - last))
            last = now

    def stood_still(self, since):
        return max((gap for at, gap in self.gaps if at >= since), default=0)

    def __enter__(self):
        return self

    def __exit__(self, *what):
        for p in reversed(self.processes):
            self.stop(p)
        for s in self.spaces.values():
            s.keeper.kill()
            s.keeper.wait()
        shutil.rmtree(self.box, ignore_errors=True)

    def space(self, name):
        s = self.spaces[name] = Space(self, name)
        return s

    def start(self, space, command, log, env=None):
        """In the background; what it says goes to the log."""
        with open(log, 'a') as f:
            p = subprocess.Popen(
                space.inside(command), stdout=f, stderr=f,
                stdin=subprocess.DEVNULL, env=dict(os.environ, **(env or {})))
        self.processes.append(p)
        return p

    def stop(self, p):
        if p.poll() is None:
            p.terminate()
            try:
                p.wait(5)
            except subprocess.TimeoutExpired:
                p.kill()
                p.wait()
        if p in self.processes:
            self.processes.remove(p)

    # The network

    def internet(self):
        net = self.space('net')
        # Of its own address: a bridge without one takes that of a port, and
        # another with the ports that come and go, while others use the old.
        net.ip('link add net address 02:00:00:00:00:02 type bridge',
               'link set net up',
               'addr add 203.0.113.1/24 dev net',
               'addr add 203.0.113.2/24 dev net',
               'addr add 2001:db8::1/64 dev net nodad',
               'addr add 2001:db8::2/64 dev net nodad',
               # As on the Internet, what goes to a private address vanishes;
               # an error would end coturn's session.
               'neigh add 203.0.113.254 lladdr 02:00:00:00:00:01 dev net',
               'route add default via 203.0.113.254',
               'neigh add 2001:db8::fe lladdr 02:00:00:00:00:01 dev net',
               'route add default via 2001:db8::fe')
        net.sysctl('ipv4/ip_forward', 0)
        return net

    def plug(self, space, device, *addresses, mtu=1500):
        """A cable from a device of a space's to the public network."""
        with self.lock:
            self.cables += 1
            name = 'p%d' % self.cables
        self.spaces['net'].ip(
            'link add %s mtu %d type veth peer name %s mtu %d netns %d' %
            (name, mtu, device, mtu, space.keeper.pid),
            'link set %s master net' % name, 'link set %s up' % name)
        space.ip(*['addr add %s dev %s%s' % (
            a, device, ' nodad' if ':' in a else '') for a in addresses],
            'link set %s up' % device)
        self.spaces['net'].await_link(name)
        space.await_link(device)
        return name

    def number(self):
        """One that no other host has."""
        with self.lock:
            self.numbers += 1
            return self.numbers

    def public(self, name, families='46', **how):
        """A host on the public network."""
        s, n = self.space(name), self.number()
        s.addresses = [{'4': '203.0.113.%d/24', '6': '2001:db8::%d/64'}[f] % n
                       for f in families]
        if '6' not in families:
            s.sysctl('ipv6/conf/all/disable_ipv6', 1)
        self.plug(s, 'eth0', *s.addresses, **how)
        return s

    def router(self, name, kind, **how):
        """A NAT without a host: .n is its public address, 10.n.0.2 behind."""
        r = self.space(name)
        r.n, r.kind = self.number(), kind
        r.wan = '203.0.113.%d/24' % r.n
        r.cable = self.plug(r, 'wan', r.wan, **how)
        r.inside_address = '10.%d.0.2' % r.n
        r.sysctl('ipv4/ip_forward', 1)
        r.nft(rules(kind, r.inside_address))
        return r

    def attach(self, host, router, device='eth0'):
        router.ip('link add lan type veth peer name %s netns %d' %
                  (device, host.keeper.pid),
                  'addr add 10.%d.0.1/24 dev lan' % router.n,
                  'link set lan up')
        host.ip('addr add %s/24 dev %s' % (router.inside_address, device),
                'link set %s up' % device,
                'route add default via 10.%d.0.1' % router.n)
        router.await_link('lan')
        host.await_link(device)
        host.router = router

    def behind(self, name, kind, **how):
        """A host behind a NAT."""
        router, host = self.router(name + '-nat', kind, **how), \
            self.space(name)
        self.attach(host, router)
        return host

    # What runs there

    def wait(self, what, limit, condition):
        """What may be a function: it is said how things are at the end."""
        until = time.monotonic() + limit
        while not condition():
            if time.monotonic() > until:
                raise Failed('%s: not in %d s' % (
                    what() if callable(what) else what, limit))
            time.sleep(0.02)

    def relay(self):
        log = os.path.join(self.box, 'relay.log')
        self.start(self.spaces['net'],
                   [self.hotlink, 'relay', '-l', '[::]:8080', '--open'], log)
        self.wait('the relay listens', 10, lambda: says(log, 'listening on'))

    def coturn(self, *options, port=3478, ports=(50000, 50999),
               relays=('203.0.113.1', '2001:db8::1')):
        log = os.path.join(self.box, 'turn-%d.log' % port)
        p = self.start(self.spaces['net'], [
            self.turnserver, '-n', '-L', '203.0.113.1', '-L', '203.0.113.2',
            '-L', '2001:db8::1', *(x for at in relays for x in ('-E', at)),
            '-p', str(port),
            '--min-port', str(ports[0]), '--max-port', str(ports[1]),
            '--lt-cred-mech', '-u', USER + ':' + PASS, '-r', 'x.io',
            '--no-tls', '--no-dtls', '--no-cli', '--log-file', 'stdout',
            '--pidfile', os.path.join(self.box, 'turn-%d.pid' % port)] +
            list(options), log)
        self.wait('coturn listens', 10, lambda: ':%04X ' % port in
                  self.spaces['net'].run(['cat', '/proc/net/udp',
                                          '/proc/net/tcp']).stdout)
        return p

    def pair(self, name, a, b, port, servers=None):
        return Pair(self, name, a, b, port, servers)


class Failed(Exception):
    pass


def says(log, text):
    try:
        with open(log) as f:
            return text in f.read()
    except FileNotFoundError:
        return False


class Party:
    """An agent and where it lives; lines of its log are looked at by text."""

    def __init__(self, lab, space, name, other, way, port, other_port, server):
        self.lab, self.space, self.name = lab, space, name
        self.port, self.server = port, server
        self.root = os.path.join(lab.box, name)
        self.log = self.root + '.log'
        self.process = None
        me, peer = name + '@x.io', other + '@x.io'
        at = os.path.join(self.root, 'datasites', me, 'shared', 'run', '_mpc',
                          way)
        os.makedirs(at)
        with open(os.path.join(at, 'stream.tcp'), 'w') as f:
            json.dump({'from': me, 'to': peer,
                       'ports': {me: port, peer: other_port}}, f)
        self.me = me

    def start(self, *options, wrap=(), hotlink=None):
        if '--turn-user' in options:
            options += '--turn-pass-file', self.lab.box + '/pass'
        self.process = self.lab.start(self.space, list(wrap) + [
            hotlink or self.lab.hotlink, 'agent', '-s', self.server, '-u',
            self.me, '-d', self.root] + list(options), self.log)

    def says(self, text):
        return says(self.log, text)

    def lines(self, text):
        try:
            with open(self.log) as f:
                return [x.rstrip('\n') for x in f if text in x]
        except FileNotFoundError:
            return []

    def carried_by(self):
        """direct, relay, ws or nothing; and the types of the pair's ends."""
        by, types = 'nothing', None
        for line in self.lines(': '):
            if ': direct path up: ' in line:
                words = line.split(': ')[-1].split()
                types = words[0], words[2]
            elif ': carried by ' in line:
                by = line.split(': carried by ')[1].split()[0]
        if by == 'direct':
            return 'relay' if 'relay' in types else 'direct', types
        return ('ws' if by == 'relay' else by), None

    def telemetry(self):
        try:
            with open(os.path.join(self.root, 'datasites', self.me,
                                   '.syftbox',
                                   'hotlink_telemetry.json')) as f:
                return json.load(f)
        except (FileNotFoundError, ValueError):
            return {}

    def drive(self, *arguments):
        return subprocess.Popen(
            self.space.inside([sys.executable, DRIVE] + list(arguments)),
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


class Pair:
    """Two parties with a link. The first in the alphabet offers."""

    def __init__(self, lab, name, a, b, port, servers=None):
        servers = servers or ['http://203.0.113.1:8080'] * 2
        self.lab = lab
        self.a = Party(lab, a, 'a-' + name, 'b-' + name, '0_to_1', port,
                       port + 1, servers[0])
        self.b = Party(lab, b, 'b-' + name, 'a-' + name, '1_to_0', port + 1,
                       port, servers[1])

    def both(self):
        return self.a, self.b

    def start(self, *options, **how):
        self.began = time.monotonic()
        for p in self.both():
            p.start(*options, **how)

    def until(self, by, limit, types=None):
        """Both are carried so; the time since the start in ms."""
        def there():
            for i, p in enumerate(self.both()):
                got, ends = p.carried_by()
                if got != by or (types and not matches(ends, types[i])):
                    return False
            return True
        try:
            self.lab.wait('carried by ' + by, limit, there)
        except Failed as e:
            raise Failed('%s; it is %s' % (e, [p.carried_by() for p in
                                               self.both()]))
        return round((time.monotonic() - self.began) * 1000)

    def talk(self, n, limit=60):
        """Bytes both ways, each of them looked at."""
        ends = [self.a.drive('side', str(self.a.port), '1', '2', str(n)),
                self.b.drive('side', str(self.b.port), '2', '1', str(n))]
        finish(ends, limit)

    @contextlib.contextmanager
    def talking(self, n, rate, limit=120):
        """Likewise, but at that rate, and not over before the body is."""
        over = os.path.join(self.lab.box, self.a.name + '.over')
        began = [over + '.a', over + '.b']
        ends = [p.drive('paced_side', str(p.port), mine, other, str(n),
                        str(rate), began[i], over)
                for i, (p, mine, other) in enumerate(
                    ((self.a, '1', '2'), (self.b, '2', '1')))]
        try:
            self.lab.wait('bytes arrive', 30, lambda: all(
                os.path.exists(f) for f in began))
            yield
        except BaseException:
            for e in ends:
                e.kill()
                e.communicate()
            raise
        open(over, 'w').close()
        finish(ends, limit)

    def stop(self):
        for p in self.both():
            if p.process:
                self.lab.stop(p.process)

    def logs(self, n=12):
        for p in self.both():
            with contextlib.suppress(FileNotFoundError):
                with open(p.log) as f:
                    for line in f.readlines()[-n:]:
                        yield '%s: %s' % (p.name, line.rstrip('\n'))


def matches(ends, want):
    return ends is not None and all(
        e in w.split('|') for e, w in zip(ends, want))


def finish(ends, limit):
    until = time.monotonic() + limit
    for i, e in enumerate(ends):
        try:
            out, _ = e.communicate(timeout=max(0.1, until - time.monotonic()))
        except subprocess.TimeoutExpired:
            out = 'not in time'
            for other in ends:
                other.kill()
                other.communicate()
        if e.returncode != 0:
            for other in ends[i + 1:]:
                other.kill()
                other.communicate()
            raise Failed('transfer: ' + out.strip().split('\n')[-1])

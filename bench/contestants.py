"""Tunnels: what carries TCP from one process to another, in bench/tunnels.
Each has a process at either end and two links, a NEAR port where it listens
and a FAR one where it connects to (or, hotlink, listens too), as bench/load
takes them. What it needs and does not find it raises as Missing."""
import getpass, json, os, shutil, subprocess

from common import HERE, PEERS, Failed, Party, cpu_seconds, link, peak_rss, \
    listening, ports, start, stop, wait_for

LINKS = 2


class Missing(Exception):
    pass


def need(program, *places):
    found = shutil.which(program)
    for p in places:
        found = found or (p if os.access(p, os.X_OK) else None)
    if not found:
        raise Missing('no ' + program)
    return found


class Tunnel:
    """procs: those of the near end, then those of the far end."""
    procs = ()

    def __init__(self, box):
        self.box = '%s/%s' % (box, self.name.replace(' ', ''))
        os.makedirs(self.box)
        self.near, self.far = ports(LINKS), ports(LINKS)
        self.launch()

    def launch(self):
        try:
            self.begin()
            wait_for(self.name, 20,
                     lambda: listening().issuperset(self.near), self.procs)
        except (Failed, OSError) as e:
            self.end()
            raise Missing('%s; %s' % (e, self.last_words()))

    def links(self):
        return ['%d=@%d' % nf for nf in zip(self.near, self.far)]

    def log(self):
        return open(self.box + '/log', 'a')

    def last_words(self):
        try:
            with open(self.box + '/log') as f:
                return f.read().strip().rpartition('\n')[2]
        except OSError:
            return ''

    def cpu(self):
        return cpu_seconds(self.procs)

    def rss(self):
        """MiB of the larger end."""
        return max(map(peak_rss, self.procs))

    def end(self):
        stop(list(self.procs))

    def again(self):
        """It did not do what it is for; the next measurement finds another."""
        self.end()
        self.launch()


class Direct(Tunnel):
    """No tunnel: what the machine and the load itself can do."""
    name = 'none'

    def __init__(self, box):
        self.far = ports(LINKS)

    def launch(self):
        pass

    def links(self):
        return ['%d=@%d' % (p, p) for p in self.far]

    def rss(self):
        return 0


class Socat(Tunnel):
    """Two relays in a row, no encryption."""
    name = 'socat'

    def begin(self):
        socat, middle = need('socat'), ports(LINKS)
        self.procs = []
        for here, there in (self.near, middle), (middle, self.far):
            for at, to in zip(here, there):
                self.procs.append(start(
                    socat, '-b', '65536', 'TCP-LISTEN:%d,bind=127.0.0.1,'
                    'reuseaddr,nodelay,fork' % at,
                    'TCP:127.0.0.1:%d,nodelay' % to, stderr=self.log()))


class Ssh(Tunnel):
    """ssh -L of an sshd with keys that last as long as this does."""
    name = 'ssh'
    cipher = 'aes128-gcm@openssh.com'

    def begin(self):
        self.user = getpass.getuser()
        here = os.path.join(PEERS, 'sshd')
        sshd = need('/usr/sbin/sshd', here + '/usr/sbin/sshd')
        ssh, keygen = need('ssh'), need('ssh-keygen')
        for k in 'host', 'user':
            if os.path.exists('%s/%s' % (self.box, k)):
                continue
            subprocess.run([keygen, '-q', '-t', 'ed25519', '-N', '', '-f',
                            '%s/%s' % (self.box, k)], check=True)
        port, = ports(1)
        with open(self.box + '/sshd_config', 'w') as f:
            f.write('Port %d\nListenAddress 127.0.0.1\nHostKey %s/host\n'
                    'AuthorizedKeysFile %s/user.pub\nStrictModes no\n'
                    'UsePAM no\nPasswordAuthentication no\n'
                    'KbdInteractiveAuthentication no\nPidFile none\n'
                    'PermitRootLogin prohibit-password\nUseDNS no\n'
                    'Ciphers %s\nLogLevel ERROR\n' % (
                        port, self.box, self.box, self.cipher))
        env = dict(os.environ)
        if sshd.startswith(here):
            env['LD_LIBRARY_PATH'] = ':'.join(
                d for d, _, f in os.walk(here) if 'libwrap.so.0' in f)
        server = start(*self.apart(), sshd, '-D', '-e', '-f', self.box +
                       '/sshd_config', stderr=self.log(), env=env)
        self.procs = [server]
        wait_for('sshd', 10, lambda: port in listening(), [server])
        forward = []
        for n, f in zip(self.near, self.far):
            forward += ['-L', '127.0.0.1:%d:127.0.0.1:%d' % (n, f)]
        client = start(
            ssh, '-F', 'none', '-N', '-i', self.box + '/user', '-p',
            str(port), '-o', 'IdentitiesOnly=yes', '-o', 'BatchMode=yes',
            '-o', 'UserKnownHostsFile=%s/known' % self.box, '-o',
            'StrictHostKeyChecking=no', '-o', 'LogLevel=ERROR', '-o',
            'ExitOnForwardFailure=yes', '-c', self.cipher, *forward,
            self.user + '@127.0.0.1', stdin=subprocess.DEVNULL,
            stderr=self.log())
        self.procs = [client, server]


    def apart(self):
        """As root sshd wants a user and a directory that come with its
        package, and root's account may be locked: what it needs is there for
        it alone."""
        if os.geteuid() != 0:
            return ()
        with open('/etc/passwd') as old, \
                open(self.box + '/passwd', 'w') as new:
            new.write(old.read().rstrip('\n') + '\n')
            new.write('sshd:*:65533:65534::/run/sshd:/usr/sbin/nologin\n'
                      'bench:*:0:0::%s:/bin/sh\n' % self.box)
        self.user = 'bench'
        return ('unshare', '-m', 'sh', '-c',
                'mount --bind "$0" /etc/passwd && mount -t tmpfs none /run '
                '&& mkdir -m 755 /run/sshd && exec "$@"',
                self.box + '/passwd')


class Stunnel(Tunnel):
    """TLS 1.3 between two stunnels, a certificate that lasts as long."""
    name = 'stunnel'

    def begin(self):
        stunnel, openssl = need('stunnel4', '/usr/bin/stunnel'), need('openssl')
        subprocess.run([openssl, 'req', '-x509', '-newkey', 'ec', '-pkeyopt',
                        'ec_paramgen_curve:P-256', '-nodes', '-subj',
                        '/CN=bench', '-days', '2', '-keyout', self.box +
                        '/key', '-out', self.box + '/cert'], check=True,
                       capture_output=True)
        middle, self.procs = ports(LINKS), []
        for side, here, there, more in (
                ('near', self.near, middle, 'client = yes\nverifyChain = yes\n'
                 'CAfile = %s/cert\n' % self.box),
                ('far', middle, self.far, 'cert = %s/cert\nkey = %s/key\n' % (
                    self.box, self.box))):
            conf = '%s/%s.conf' % (self.box, side)
            with open(conf, 'w') as f:
                f.write('foreground = yes\npid =\ndebug = err\n'
                        'socket = l:TCP_NODELAY=1\n'
                        'socket = r:TCP_NODELAY=1\n'
                        'sslVersionMin = TLSv1.3\n'
                        'ciphersuites = TLS_AES_128_GCM_SHA256\n')
                for i, (at, to) in enumerate(zip(here, there)):
                    f.write('[link%d]\n%saccept = 127.0.0.1:%d\n'
                            'connect = 127.0.0.1:%d\n' % (i, more, at, to))
            self.procs.append(start(stunnel, conf, stdout=self.log(),
                                    stderr=self.log()))


class Channels(Tunnel):
    """Two processes of another WebRTC stack that tell each other how."""

    def begin(self):
        self.procs = [
            start(*self.program(side), *map(str, p), stdin=subprocess.PIPE,
                  stdout=subprocess.PIPE, stderr=self.log(), text=True,
                  env=dict(os.environ, NODE_PATH=PEERS + '/node_modules'))
            for side, p in (('in', self.near), ('out', self.far))]
        a, b = self.procs
        for one, other in (a, b), (b, a):
            line = one.stdout.readline()
            if not line:
                raise Failed('no description')
            other.stdin.write(line)
            other.stdin.flush()


class Npm(Channels):
    def program(self, side):
        if not os.path.isdir('%s/node_modules/%s' % (PEERS, self.package)):
            raise Missing('no %s; make bench-deps' % self.package)
        return need('node'), HERE + '/peers/webrtc.js', self.name, side


class LibDataChannel(Npm):
    name, package = 'libdatachannel', 'node-datachannel'


class LibWebRTC(Npm):
    name, package = 'libwebrtc', '@roamhq/wrtc'


class Pion(Channels):
    name = 'pion'

    def program(self, side):
        path = PEERS + '/pion'
        if not os.path.isfile(path):
            raise Missing('no build/bench/peers/pion; make bench-deps')
        return path, side


class Hotlink(Tunnel):
    """Two strict agents."""
    program = relay = None              # set once
    name, options = 'hotlink', ()

    def __init__(self, box, mtu=None):
        if mtu:
            self.name = 'hotlink mtu %d' % mtu
            self.options = '--mtu', str(mtu)
        self.box = '%s/%s' % (box, self.name.replace(' ', ''))
        self.parties = mesh(self.box, 2, self.options)
        self.ports = [link(*self.parties, i) for i in range(LINKS)]
        begin(self.parties)
        self.procs = [p.proc for p in self.parties]

    def links(self):
        return ['%d=%d' % p for p in self.ports]

    def again(self):
        raise Failed('%s: %s' % (self.name, 'see its logs'))


def mesh(box, n, options=()):
    name = os.path.basename(box)        # all are at one relay
    return [Party(Hotlink.program, box, Hotlink.relay, '%s-%d' % (name, i),
                  ('--bind', '127.0.0.1') + tuple(options))
            for i in range(n)]


def begin(parties):
    for p in parties:
        p.start()
    wait_for('links of ' + parties[0].name, 30,
             lambda: all(p.up() for p in parties),
             [p.proc for p in parties])

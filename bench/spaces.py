"""Two network namespaces joined by tests/net/wire, and two agents in them.
Needs to be root."""
import ctypes, os, socket, subprocess, threading, time

from common import WIRE, Failed, Party, relay, start

ADDRESS = '10.78.0.1', '10.78.0.2'


def possible():
    return os.geteuid() == 0 and os.path.exists('/dev/net/tun') and \
        os.access(WIRE, os.X_OK)


class Inside:
    """This thread is in a process' network, for the sockets it makes."""
    libc = ctypes.CDLL(None, use_errno=True)

    def __init__(self, pid):
        self.pid = pid

    def enter(self, f):
        if self.libc.setns(f.fileno(), 0) != 0:
            raise OSError(ctypes.get_errno(), 'setns')

    def __enter__(self):
        self.home = open('/proc/self/task/%d/ns/net' %
                         threading.get_native_id())
        with open('/proc/%d/ns/net' % self.pid) as f:
            self.enter(f)

    def __exit__(self, *_):
        with self.home:
            self.enter(self.home)


class Spaces:
    """rules: of either direction, as wire takes them."""
    address = ADDRESS

    def __init__(self, rules):
        self.procs = [start('unshare', '-n', 'sleep', '600') for _ in ADDRESS]
        time.sleep(0.3)
        ends = [x for p in self.procs for x in (str(p.pid), 'cable', rules)]
        self.wire = start(WIRE, '-t', '600', *ends, stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, text=True)
        if self.wire.stdout.readline().strip() != 'up':
            raise Failed('no wire between network namespaces')
        for i in range(2):
            for argv in (('link', 'set', 'lo', 'up'),
                         ('addr', 'add', ADDRESS[i], 'peer', ADDRESS[1 - i],
                          'dev', 'cable')):
                subprocess.run([*self.wrap(i), 'ip', *argv], check=True)

    def wrap(self, i):
        return 'nsenter', '-n', '-t', str(self.procs[i].pid)

    def socket(self, i, kind=socket.SOCK_STREAM):
        with Inside(self.procs[i].pid):
            return socket.socket(socket.AF_INET, kind)

    def rtt(self):
        """Milliseconds, of a connection that is refused."""
        took = []
        for _ in range(5):
            s, began = self.socket(0), time.monotonic()
            s.connect_ex((ADDRESS[1], 1))
            took.append((time.monotonic() - began) * 1000)
            s.close()
        return min(took)


class Pair:
    """An agent at either end of net, and a relay beside the first; program is
    what the agents run, if it is another."""

    def __init__(self, hotlink, box, net, program=None):
        self.net = net
        url = relay(hotlink, box, net.address[0] + ':0', net.wrap(0))
        self.parties = [Party(program or hotlink, box, url, n,
                              ('--bind', net.address[i]))
                        for i, n in enumerate(('alice', 'bob'))]

    def start(self, *wrap):
        for i, p in enumerate(self.parties):
            p.start(*self.net.wrap(i), *wrap)

"""usage: first_byte.py HOTLINK

See bench/first-byte. Between two namespaces, if that is possible, else on
loopback, where a round trip takes nothing."""
import os, socket, sys, threading, time

import contestants as c
import spaces
from common import QUICK, REPEAT, Failed, emit, end_well, link, progress, \
    sandbox, say, skip, spread, started, stop, stop_all, wait_for

DELAY_MS = 10           # one way
READY = 0.3             # hotlink takes a silent connection for a probe for 0.1
FRESH = 2 if QUICK else 6


class Loopback:
    address = ('127.0.0.1',) * 2

    def wrap(self, i):
        return ()

    def socket(self, i):
        return socket.socket(socket.AF_INET, socket.SOCK_STREAM)

    def rtt(self):
        return 0


class World(spaces.Pair):
    def __init__(self, hotlink, box, name):
        os.makedirs('%s/%s' % (box, name))
        self.began = len(started)
        super().__init__(hotlink, '%s/%s' % (box, name), spaces.Spaces(
            'ordered,delay=%dms' % DELAY_MS) if spaces.possible() else
            Loopback())

    def joined(self, log):
        def both():
            with open(log) as f:
                return f.read().count(' joined') >= 2
        wait_for('the agents at the relay', 10, both)

    def connect(self, i, port):
        """As soon as somebody listens."""
        until = time.monotonic() + 20
        while True:
            s = self.net.socket(i)
            s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if s.connect_ex(('127.0.0.1', port)) == 0:
                s.settimeout(20)
                return s
            s.close()
            if time.monotonic() > until:
                raise Failed('nobody listens at port %d' % port)
            time.sleep(0.0005)

    def end(self):
        stop(started[self.began:])


def take(s, out):
    try:
        if s.recv(1):
            out.append(time.monotonic())
    except OSError:
        pass


def first_byte(w, near, far, early=None, speaks=False):
    """ms until a byte has come through. early: the far side was there before;
    speaks: it has something to say too, so that it is no probe."""
    out, began = [], time.monotonic()
    b = early or w.connect(1, far)
    if speaks:
        b.sendall(b'2')
    t = threading.Thread(target=take, args=(b, out), daemon=True)
    t.start()
    if early:
        began = time.monotonic()
    a = w.connect(0, near)
    a.sendall(b'1')
    t.join(20)
    a.close()
    b.close()
    if not out:
        raise Failed('no first byte')
    return (out[0] - began) * 1000


def new_pair(hotlink, box, run):
    """From the markers' appearance, both agents connected to the relay."""
    w = World(hotlink, box, 'pair%d' % run)
    w.start()
    w.joined('%s/pair%d/relay.log' % (box, run))
    time.sleep(0.5)
    began = time.monotonic()
    near, far = link(*w.parties, 0)
    took = first_byte(w, near, far, speaks=True)
    emit('first byte', 'new pair from its markers', 'hotlink', took, 'ms', run)
    w.end()
    return took


def new_links(hotlink, box):
    """Of agents that are connected: links that were there and not used, with
    the far application ready and not, and links whose markers appear."""
    w = World(hotlink, box, 'links')
    ready = [link(*w.parties, i) for i in range(FRESH)]
    cold = [link(*w.parties, FRESH + i) for i in range(FRESH)]
    w.start()
    wait_for('the links', 30, lambda: all(p.up() for p in w.parties))
    rtt = w.net.rtt()
    took = {'new link': [], 'new link, far side silent': [],
            'new link from its markers': []}
    for near, far in ready:
        early = w.connect(1, far)
        time.sleep(READY)
        took['new link'].append(first_byte(w, near, far, early))
    for near, far in cold:
        took['new link, far side silent'].append(first_byte(w, near, far))
    for i in range(FRESH):
        time.sleep(0.2)
        near, far = link(*w.parties, 2 * FRESH + i)
        took['new link from its markers'].append(
            first_byte(w, near, far, speaks=True))
    w.end()
    for case, v in took.items():
        for run, t in enumerate(v):
            emit('first byte', case, 'hotlink', t, 'ms', run)
    emit('first byte', 'the path', 'RTT', rtt, 'ms', 0)
    return rtt, took


def main():
    end_well()
    hotlink = sys.argv[1]
    if not spaces.possible():
        skip('first byte over a wire of 20 ms, loopback instead',
             'needs root and /dev/net/tun')
    with sandbox() as box:
        try:
            progress('first byte of new links')
            rtt, took = new_links(hotlink, box)
            took['new pair from its markers'] = []
            for run in range(REPEAT):
                progress('first byte of a new pair, %d' % run)
                took['new pair from its markers'].append(
                    new_pair(hotlink, box, run))
        except Failed as e:
            sys.exit('first-byte: %s' % e)
        finally:
            stop_all()
    say('first byte, at a round trip of %.1f ms (min / median / max)' % rtt)
    for case, v in took.items():
        say('  %-28s %20s ms%s' % (
            case, spread(v, '%.1f'), '  %.1f round trips' % (
                sorted(v)[len(v) // 2] / rtt) if rtt else ''))


main()

"""What else networks are and do: families, small paths, bridges; and what
happens while a link is in use. Every one verifies every byte."""
import contextlib, os, re, subprocess, time

from lab import (BLOCKED, BYTES, STUN, TURN, TURN_TCP, USER, Failed, rules)

V4, V6 = 'http://203.0.113.1:8080', 'http://[2001:db8::1]:8080'
STUN6 = ['--ice-server', 'stun:[2001:db8::1]:3478']
TURN6 = ['--ice-server', 'turn:[2001:db8::1]:3478', '--turn-user', USER]
TURN6_TCP = [TURN6[0], TURN6[1] + '?transport=tcp', *TURN6[2:]]
MUCH, RATE = 12000000, 1500000
SCENES = []


def scene(name, *arguments):
    def keep(f):
        SCENES.append((name, lambda lab, cell, port:
                       f(lab, cell, port, *arguments)))
        return f
    return keep


@contextlib.contextmanager
def linked(lab, cell, port, a, b, *options, servers=None, start=True):
    cell.pair = pair = lab.pair('s%d' % port, a, b, port, servers)
    try:
        if start:
            pair.start(*options)
        yield pair
    finally:
        pair.stop()


def ends(pair):
    return [p.carried_by()[1] for p in pair.both()]


def connected(pair, want, limit=20, types=None, n=BYTES):
    ms = pair.until(want, limit, types)
    pair.talk(n)
    return {'path': want, 'ms': ms, 'types': ends(pair)}


def pair_says(pair, text):
    return any(p.says(text) for p in pair.both())


def same_connection(pair):
    """Nothing ended, nothing was opened again, nobody but the direct path
    carried anything."""
    for p in pair.both():
        for text in (': direct path failed', ': reset', ': carried by relay'):
            if p.says(text):
                raise Failed('%s: %s' % (p.name, p.lines(text)[-1]))


def not_reset(pair):
    for p in pair.both():
        if p.says(': reset'):
            raise Failed('%s: %s' % (p.name, p.lines(': reset')[-1]))


def ups(party):
    return len(party.lines(': direct path up: '))


# Families

def family(lab, cell, port, a, b, options, servers, want):
    hosts = [lab.public('%s%d' % (s, port), f) for s, f in zip('ab', (a, b))]
    with linked(lab, cell, port, *hosts, *options, servers=servers) as pair:
        return connected(pair, want, types=(('host', 'host'),) * 2
                         if want == 'direct' else None)


for _name, _a, _b, _sa, _sb, _want in (
        ('ipv6 6/6', '6', '6', V6, V6, 'direct'),
        ('ipv6 6/46', '6', '46', V6, V4, 'direct'),
        ('ipv6 46/6', '46', '6', V4, V6, 'direct'),
        ('ipv6 4/46', '4', '46', V4, V6, 'direct'),
        ('ipv6 46/46', '46', '46', V6, V4, 'direct'),
        ('ipv6 4/6', '4', '6', V4, V6, 'ws')):
    scene(_name, _a, _b, STUN + STUN6 + (
        ['--strict'] if _want == 'direct' else []), [_sa, _sb], _want)(family)


@scene('ipv6 4/6 turn-tcp')
def relayed46(lab, cell, port):
    """Over TCP whoever has IPv6 alone gets a relay address of IPv4."""
    hosts = [lab.public('%s%d' % (s, port), f) for s, f in zip('ab', '46')]
    with linked(lab, cell, port, *hosts, '--strict', *TURN6_TCP,
                servers=[V4, V6]) as pair:
        return connected(pair, 'relay')


# What most routers do where there is no NAT (RFC 6092).
ANSWERS = '''
table inet firewall {
    chain in {
        type filter hook input priority filter; policy drop;
        iifname lo accept
        meta l4proto ipv6-icmp accept
        ct state established,related accept
    }
}
'''


@scene('ipv6 6/6 firewalls')
def walled6(lab, cell, port):
    """Both let in answers only, so that both have to ask."""
    hosts = [lab.public('%s%d' % (s, port), '6') for s in 'ab']
    for h in hosts:
        h.nft(ANSWERS)
    with linked(lab, cell, port, *hosts, '--strict', *STUN6,
                servers=[V6, V6]) as pair:
        return connected(pair, 'direct', types=(('host', 'host'),) * 2)


# Whoever may talk with the public host alone.
ALONE = '''
table inet firewall {
    chain in {
        type filter hook input priority filter;
        iifname != "lo" ip saddr != 203.0.113.1 meta l4proto udp drop
        iifname != "lo" ip6 saddr != 2001:db8::1 meta l4proto udp drop
    }
}
'''


@scene('ipv6 6/6 turn')
def relayed6(lab, cell, port):
    hosts = [lab.public('%s%d' % (s, port), '6') for s in 'ab']
    for h in hosts:
        h.nft(ALONE)
    with linked(lab, cell, port, *hosts, '--strict', *TURN6,
                servers=[V6, V6]) as pair:
        return connected(pair, 'relay')


@scene('ipv6 6/6 turn-tcp')
def relayed6_alone(lab, cell, port):
    """The server has no relay address of IPv4, which is what is asked for
    over TCP at first."""
    lab.coturn(port=port, ports=(51560, 51599), relays=['2001:db8::1'])
    hosts = [lab.public('%s%d' % (s, port), '6') for s in 'ab']
    for h in hosts:
        h.nft(ALONE)
    with linked(lab, cell, port, *hosts, '--strict', '--ice-server',
                'turn:[2001:db8::1]:%d?transport=tcp' % port, '--turn-user',
                USER, servers=[V6, V6]) as pair:
        return connected(pair, 'relay')


# One server for two

@scene('one turn symmetric/symmetric', 'symmetric')
@scene('one turn port/symmetric', 'port')
def one_server(lab, cell, port, kind):
    """Only one end has a TURN server, and the other comes to it from a port
    that nobody could know."""
    a, b = lab.spaces['a-' + kind], lab.spaces['b-symmetric']
    with linked(lab, cell, port, a, b, start=False) as pair:
        pair.began = time.monotonic()
        pair.a.start('--strict', *TURN)
        pair.b.start('--strict', *STUN)
        return connected(pair, 'relay')


@scene('forwarded port symmetric/symmetric', 'symmetric', 'b-symmetric')
@scene('forwarded port symmetric/port', 'symmetric', 'b-port')
@scene('forwarded port port/symmetric', 'port', 'b-symmetric')
def forwarded(lab, cell, port, kind, other):
    """A router lets in what comes for one port; the agent behind it says so,
    and then it does not matter what the other is behind."""
    a = lab.behind('a%d' % port, kind)
    a.router.nft('''table ip nat {
        chain forwarded {
            type nat hook prerouting priority dstnat - 1;
            iifname "wan" udp dport 4900 dnat to %s
        }
    }''' % a.router.inside_address)
    with linked(lab, cell, port, a, lab.spaces[other], start=False) as pair:
        pair.began = time.monotonic()
        pair.a.start('--strict', '--udp-port', '4900', '--external-ip',
                     '%s/%s' % (a.router.wan.split('/')[0],
                                a.router.inside_address))
        pair.b.start('--strict', *STUN)
        return connected(pair, 'direct')


# A path that is narrower than its ends

def mtu_of(pair):
    return [{s.get('mtu') for s in p.telemetry().get('live', {}).get(
        'sessions_out', [])} for p in pair.both()]


@scene('mtu 1280 nat', '4', 1252)
@scene('mtu 1280 ipv6', '6', 1232)
def narrow(lab, cell, port, families, want):
    """What is too large vanishes in the middle, without a word."""
    if families == '4':
        a = lab.behind('a%d' % port, 'port', mtu=1280)
        a.router.nft('table ip silent { chain out { type filter hook output '
                     'priority filter; meta l4proto icmp drop; }; }')
    else:
        a = lab.public('a%d' % port, '6', mtu=1280)
    b = lab.public('b%d' % port, families)
    for h in (a, b):
        h.ip('link set eth0 gso_max_segs 1')
    v6 = families == '6'
    with linked(lab, cell, port, a, b, '--strict', *(STUN6 if v6 else STUN),
                servers=[V6, V6] if v6 else None) as pair:
        r = connected(pair, 'direct', n=3000000)
        lab.wait(lambda: 'telemetry says an MTU of %d: %s' %
                 (want, mtu_of(pair)), 6,
                 lambda: mtu_of(pair) == [{want}, {want}])
        return dict(r, mtu=want)


# Bridges

WALL = '''
table inet wall {
    chain in {
        type filter hook input priority filter; policy drop;
        iifname { lo, docker0 } accept
        ct state established,related accept
    }
}
'''


def docker(lab, port, side, containers=1, wall=True):
    """A host with a bridge, and containers on it that it masquerades. Without
    a firewall it takes what comes for the containers' ports too early for its
    own, which costs them the port, and is as good as a symmetric NAT."""
    host = lab.public('%s%d' % (side, port), '4')
    host.ip('link add docker0 type bridge',
            'addr add 172.17.0.1/16 dev docker0', 'link set docker0 up',
            'route add default via 203.0.113.254')
    host.sysctl('ipv4/ip_forward', 1)
    host.nft('''
        table ip nat {
            chain post {
                type nat hook postrouting priority srcnat;
                ip saddr 172.17.0.0/16 oifname != "docker0" masquerade
            }
        }''' + (WALL if wall else ''))
    inside = []
    for i in range(containers):
        c = lab.space('%s%d.%d' % (side, port, i))
        host.ip('link add v%d type veth peer name eth0 netns %d' %
                (i, c.keeper.pid), 'link set v%d master docker0' % i,
                'link set v%d up' % i)
        c.ip('addr add 172.17.0.%d/16 dev eth0' % (i + 2),
             'link set eth0 up', 'route add default via 172.17.0.1')
        inside.append(c)
    return inside


def checks(lab, party):
    return subprocess.run([lab.hotlink, 'telemetry', '--checks', party.root],
                          stdout=subprocess.PIPE, text=True,
                          timeout=10).stdout


def no_loopback(lab, pair):
    """No pair of candidates that either end knows of has a loopback one."""
    for p in pair.both():
        lab.wait('telemetry has the pair', 6,
                 lambda: ' selected ' in checks(lab, p))
        seen = checks(lab, p)
        if ' 127.' in seen or '[::1]' in seen:
            raise Failed('%s: a loopback candidate: %s' % (p.name, seen))


@scene('docker two hosts')
def two_bridges(lab, cell, port):
    """Two containers with the same address, which is no loopback one."""
    a, b = docker(lab, port, 'a')[0], docker(lab, port, 'b')[0]
    with linked(lab, cell, port, a, b, '--strict', *STUN) as pair:
        r = connected(pair, 'direct', types=(('srflx|prflx',) * 2,) * 2)
        no_loopback(lab, pair)
        return r


@scene('docker two hosts without a firewall')
def two_open_bridges(lab, cell, port):
    """Who comes first decides whether there is a direct path."""
    a = docker(lab, port, 'a', wall=False)[0]
    b = docker(lab, port, 'b', wall=False)[0]
    with linked(lab, cell, port, a, b, '--strict', *TURN) as pair:
        lab.wait('a path', 20, lambda: all(
            p.carried_by()[0] in ('direct', 'relay') for p in pair.both()))
        pair.talk(BYTES)
        return {'path': pair.a.carried_by()[0], 'types': ends(pair)}


@scene('docker one host')
def one_bridge(lab, cell, port):
    a, b = docker(lab, port, 'a', 2)
    with linked(lab, cell, port, a, b, '--strict', *STUN) as pair:
        r = connected(pair, 'direct', types=(('host', 'host'),) * 2)
        no_loopback(lab, pair)
        return r


@scene('docker twenty bridges', STUN, 'direct')
@scene('docker twenty bridges turn', TURN, 'relay')
@scene('docker twenty bridges excluded',
       STUN + ['--exclude-interface', 'br*'], 'direct')
def many_bridges(lab, cell, port, options, want):
    """Who runs containers, behind a NAT like others, has more addresses that
    lead nowhere than one that does; so has the other end."""
    kind = 'port' if want == 'direct' else 'symmetric'
    a, b = (lab.behind('%s%d' % (s, port), kind) for s in 'ab')
    for host in a, b:
        for i in range(20):
            host.ip('link add br%d type bridge' % i,
                    'addr add 172.%d.0.1/16 dev br%d' % (i + 16 + 40 *
                                                         (host is b), i),
                    'link set br%d up' % i)
    with linked(lab, cell, port, a, b, '--strict', *options) as pair:
        return connected(pair, want)


@scene('docker to nat')
def bridge_to_nat(lab, cell, port):
    a = docker(lab, port, 'a')[0]
    with linked(lab, cell, port, a, lab.spaces['b-port'], '--strict',
                *STUN) as pair:
        return connected(pair, 'direct', types=(('srflx|prflx',) * 2,) * 2)


# While it is in use

def moves(lab, pair, limit, want, change, before=0.0):
    """The bytes are under way, something changes, and they arrive on the path
    they must come to; how long that took, in ms."""
    with pair.talking(MUCH, RATE):
        time.sleep(before)
        began = time.monotonic()
        change()
        lab.wait(lambda: 'carried by %s after the change: %s' %
                 (want, [p.carried_by() for p in pair.both()]), limit,
                 lambda: all(p.carried_by()[0] == want for p in pair.both()))
        took = round((time.monotonic() - began) * 1000)
    if any(p.carried_by()[0] != want for p in pair.both()):
        raise Failed('became %s' % [p.carried_by() for p in pair.both()])
    return took


@scene('mid open ws early', STUN, 'ws', [], 3)
@scene('mid open ws late', STUN, 'ws', [], 40)
@scene('mid open turn early', TURN_TCP, 'relay', ['--strict'], 3)
@scene('mid open turn late', TURN_TCP, 'relay', ['--strict'], 50)
def opened(lab, cell, port, options, first, more, wait):
    """No UDP at first, and then there is: the link moves to a direct path."""
    a = lab.public('a%d' % port, '4')
    a.nft(BLOCKED)
    with linked(lab, cell, port, a, lab.spaces['b-port'], *options,
                *more) as pair:
        pair.until(first, 20)
        took = moves(lab, pair, 70, 'direct',
                     lambda: a.nft('flush ruleset'), wait)
        not_reset(pair)
        return {'path': '%s, then direct' % first, 'moved': took,
                'types': ends(pair)}


@scene('mid rebind port offerer', 0, False)
@scene('mid rebind port answerer', 1, False)
@scene('mid rebind address offerer', 0, True)
@scene('mid rebind address answerer', 1, True)
def rebound(lab, cell, port, side, address):
    """The NAT forgets its mappings and gives others, with the same address or
    another. Who is behind it hears nothing of it."""
    a = lab.behind('a%d' % port, 'port')
    b = lab.spaces['b-none']
    router = a.router
    with linked(lab, cell, port, *((a, b) if side == 0 else (b, a)),
                '--strict', *STUN) as pair:
        pair.until('direct', 20)
        other = pair.b if side == 0 else pair.a
        seen = ups(other)

        def change():
            router.nft(rules('port', router.inside_address,
                             shift='30000-39999'))
            if address:
                router.ip('addr del %s dev wan' % router.wan,
                          'addr add 203.0.113.%d/24 dev wan' % lab.number())
            router.forget_connections()
            lab.wait('the other end has another path', 25,
                     lambda: ups(other) > seen)
        took = moves(lab, pair, 25, 'direct', change, 1)
        same_connection(pair)
        return {'path': 'direct', 'moved': took, 'types': ends(pair)}


@scene('mid roam offerer', 0, 'public', 1)
@scene('mid roam answerer', 1, 'public', 1)
@scene('mid roam offerer at once', 0, 'public', 0)
@scene('mid roam answerer at once', 1, 'public', 0)
@scene('mid roam offerer to nat', 0, 'port', 1)
@scene('mid roam answerer to nat', 1, 'port', 1)
def roamed(lab, cell, port, side, to, gap):
    """The interface goes away, and another one comes in another network."""
    a = lab.public('a%d' % port, '4')
    b = lab.spaces['b-none']
    router = lab.router('r%d' % port, to) if to != 'public' else None
    with linked(lab, cell, port, *((a, b) if side == 0 else (b, a)),
                '--strict', *STUN) as pair:
        pair.until('direct', 20)
        mine = pair.both()[side]
        seen = ups(mine)

        def change():
            a.ip('link del eth0')
            time.sleep(gap)
            if router is None:
                lab.plug(a, 'wlan0', '203.0.113.%d/24' % lab.number())
            else:
                lab.attach(a, router, 'wlan0')
            lab.wait('another path', 20, lambda: ups(mine) > seen)
        took = moves(lab, pair, 20, 'direct', change, 1)
        same_connection(pair)
        return {'path': 'direct', 'moved': took, 'types': ends(pair)}


@scene('mid roam relayed')
def roamed_relayed(lab, cell, port):
    """What a TURN server gave to the old address is of no use in the new
    network, so there is another allocation."""
    a, b = lab.public('a%d' % port, '4'), lab.public('b%d' % port, '4')
    for h in (a, b):
        h.nft(ALONE)
    with linked(lab, cell, port, a, b, '--strict', *TURN) as pair:
        pair.until('relay', 20)
        seen = ups(pair.a)

        def change():
            a.ip('link del eth0')
            lab.plug(a, 'wlan0', '203.0.113.%d/24' % lab.number())
            lab.wait('another path', 20, lambda: ups(pair.a) > seen)
        took = moves(lab, pair, 20, 'relay', change, 1)
        # Not the same connection: the other end's relay carries less, which
        # is found out and takes a new one.
        not_reset(pair)
        return {'path': 'relay', 'moved': took, 'types': ends(pair)}


# Servers

def log_says(lab, party, *texts):
    for text in texts:
        lab.wait('the log says "%s"' % text, 15, lambda: party.says(text))


@scene('turn server wrong password')
def wrong_password(lab, cell, port):
    with open(os.path.join(lab.box, 'wrong%d' % port), 'w') as f:
        f.write('falsch\n')
    with linked(lab, cell, port, lab.spaces['a-none'], lab.spaces['b-none'],
                start=False) as pair:
        pair.a.process = lab.start(pair.a.space, [
            lab.hotlink, 'agent', '-s', V4, '-u', pair.a.me, '-d',
            pair.a.root, '--turn-pass-file', os.path.join(
                lab.box, 'wrong%d' % port)] + TURN, pair.a.log)
        log_says(lab, pair.a, 'turn:203.0.113.1:3478: the server '
                 'refuses the user name or the password')
        return {'path': 'none'}


def server(lab, cell, port, options, ports, says):
    """A server with a limit, and what is said about it."""
    at = 'turn:203.0.113.1:%d' % port
    lab.coturn(*options, port=port, ports=ports)
    with linked(lab, cell, port, lab.spaces['a-symmetric'],
                lab.spaces['b-symmetric'], '--ice-server', at, '--turn-user',
                USER) as pair:
        lab.wait('a log says "%s"' % says, 15,
                 lambda: pair_says(pair, at + ': ' + says))
        # The rest works without it.
        return dict(connected(pair, 'relay' if 'peer' not in says else 'ws'),
                    says=says)


scene('turn server quota', ['--user-quota=1'], (51000, 51099),
      'the user has as many allocations as the server allows')(server)
scene('turn server full', [], (51100, 51100),
      'the server has no relay address left')(server)
scene('turn server forbids', ['--denied-peer-ip=0.0.0.0-255.255.255.255'],
      (51200, 51299), 'a peer is refused: the server forbids it')(server)


@scene('turn server client killed')
def killed(lab, cell, port):
    """The server still has the allocation of the one before (437)."""
    a, b = lab.spaces['a-symmetric'], lab.spaces['b-symmetric']
    with linked(lab, cell, port, a, b, start=False) as pair:
        options = ['--strict', '--udp-port', str(port)] + TURN
        pair.began = time.monotonic()
        pair.a.start(*options)
        log_says(lab, pair.a, ': relays from ')
        pair.a.process.kill()
        pair.a.process.wait()
        pair.a.start(*options)
        pair.b.start('--strict', *STUN)
        return connected(pair, 'relay')


@scene('turn server restarted udp', 'udp', (51400, 51439), (51440, 51479))
@scene('turn server restarted tcp', 'tcp', (51480, 51519), (51520, 51559))
def restarted(lab, cell, port, transport, before, after):
    """In mid-transfer; the one that comes knows nothing of what was."""
    server = lab.coturn(port=port, ports=before)
    a, b = lab.public('a%d' % port, '4'), lab.public('b%d' % port, '4')
    for h in (a, b):
        h.nft(ALONE)
    with linked(lab, cell, port, a, b, '--strict', '--ice-server',
                'turn:203.0.113.1:%d?transport=%s' % (port, transport),
                '--turn-user', USER) as pair:
        pair.until('relay', 20)
        seen = [ups(p) for p in pair.both()]

        def change():
            lab.stop(server)
            lab.coturn(port=port, ports=after)
            lab.wait('another path', 35, lambda: all(
                ups(p) > n for p, n in zip(pair.both(), seen)))
        took = moves(lab, pair, 35, 'relay', change, 1)
        not_reset(pair)
        return {'path': 'relay', 'moved': took, 'types': ends(pair)}


@scene('turn server name udp', 'udp')
@scene('turn server name tcp', 'tcp')
def named(lab, cell, port, transport):
    """A name with several addresses, of both families, not all of which have
    a server."""
    hosts = os.path.join(lab.box, 'hosts%d' % port)
    with open(hosts, 'w') as f:
        f.write('203.0.113.251 turn.x.io\n203.0.113.1 turn.x.io\n'
                '2001:db8::251 turn.x.io\n2001:db8::1 turn.x.io\n')
    wrap = ['unshare', '-m', 'sh', '-c', 'mount --bind "$0" /etc/hosts && '
            'exec "$@"', hosts]
    spaces = [lab.public('%s%d' % (s, port), '46') for s in 'ab']
    for h in spaces:
        h.nft(ALONE)
    with linked(lab, cell, port, *spaces, start=False) as pair:
        pair.start('--strict', '--ice-server', 'turn:turn.x.io?transport=' +
                   transport, '--turn-user', USER, wrap=wrap)
        r = connected(pair, 'relay')
        if transport == 'udp':
            log_says(lab, pair.a, 'relays from 203.0.113.1:',
                     'relays from [2001:db8::1]:')
        return r


def renewed(lab, port):
    """From coturn's log: how often it refused a nonce, and when it last took
    each request; the numbers at the beginning are seconds."""
    with open(os.path.join(lab.box, 'turn-%d.log' % port)) as f:
        said = f.read()
    last = {m[2]: int(m[1]) for m in re.finditer(
        r'^(\d+): : session .* incoming packet (\w+) processed, success',
        said, re.M)}
    for method, at in (('REFRESH', 60), ('CREATE_PERMISSION', 45),
                       ('CHANNEL_BIND', 50)):
        if last.get(method, 0) < at:
            raise Failed('%s was not renewed: %s' % (method, last))
    stale = said.count('error 438: Stale nonce')
    if stale < 10:
        raise Failed('only %d nonces were refused' % stale)
    return stale


@scene('turn server twelve minutes udp', 'udp')
@scene('turn server twelve minutes tcp', 'tcp')
def long_run(lab, cell, port, how):
    """Allocations, permissions, channels and nonces end many times over, at
    a tenth of their lifetimes and ten times the speed: 72 s."""
    fast = os.environ.get('HOTLINK_FAST')
    if not fast:
        raise Failed('no HOTLINK_FAST: run by make nat')
    lab.coturn('--max-allocate-lifetime=60', '--permission-lifetime=30',
               '--channel-lifetime=60', '--stale-nonce=6', '-v', port=port,
               ports=(51300, 51349) if how == 'udp' else (51350, 51399))
    at = 'turn:203.0.113.1:%d' % port
    a, b = lab.public('a%d' % port, '4'), lab.public('b%d' % port, '4')
    for h in (a, b):
        h.nft(ALONE)
    with linked(lab, cell, port, a, b, start=False) as pair:
        pair.began = time.monotonic()
        for p in pair.both():
            # Haste makes a busy machine look like a path that shrank.
            p.start('--strict', '--mtu', '1200', '--connect-timeout', '100',
                    '--ice-server', at + '?transport=' + how,
                    '--turn-user', USER, hotlink=os.path.abspath(fast))
        ms = pair.until('relay', 20)
        with pair.talking(100000 * 72, 100000, 140):
            time.sleep(72)
        same_connection(pair)
        if [p.carried_by()[0] for p in pair.both()] != ['relay'] * 2:
            raise Failed('became %s' % [p.carried_by() for p in pair.both()])
        return {'path': 'relay', 'ms': ms, 'types': ends(pair),
                'stale nonces': renewed(lab, port)}

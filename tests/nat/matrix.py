"""The cells of the NAT matrix: what each one builds, runs and expects."""
import json, os, re, subprocess, sys, time

import probe
import scenes
from lab import (BLOCKED, BYTES, KINDS, STUN, STUN_TOO, TURN, TURN_TCP,
                 Failed)

# What the two ends of a path are called: who maps by the other end is seen
# from an address that no server told of (RFC 8445 7.3.1.3).
TYPES = {
    'none': 'host', 'endpoint': 'srflx|prflx', 'address': 'srflx|prflx',
    'port': 'srflx|prflx', 'symmetric': 'prflx',
}

# One end without UDP: to whom, and what carries the link with which server.
NO_UDP_TO = 'none', 'port', 'symmetric'
NO_UDP = {'stun': (STUN, 'ws'), 'turn': (TURN, 'ws'),
          'turn-tcp': (TURN_TCP, 'relay')}

# How many addresses of the NAT two STUN servers see one port at.
SEEN = {'none': 0, 'endpoint': 1, 'address': 1, 'port': 1, 'symmetric': 2}
# And what coturn's turnutils_natdiscovery(1) has to say (RFC 5780).
DISCOVERED = {
    'endpoint-independent': 'Endpoint Independent',
    'address-dependent': 'Address Dependent',
    'address-and-port-dependent': 'Address and Port Dependent',
    'endpoint-dependent': 'Address and Port Dependent',
    'none': 'Endpoint Independent',
}
STILL = 0.5


def possible(a, b):
    """Whoever checks ports must know them before, so a symmetric NAT, whose
    ports nobody can know, meets none that does."""
    checks = ('port', 'symmetric')
    return not ('symmetric' in (a, b) and a in checks and b in checks)


def expected(a, b, turn):
    return 'direct' if possible(a, b) else 'relay' if turn else 'ws'


class Cell:
    def __init__(self, name, job, *arguments):
        self.name, self.job, self.arguments = name, job, arguments
        self.result = {'cell': name}

    def run(self, lab, ports):
        """A machine that stands still for a moment, as virtual ones do, ends
        what has seconds to live. Then, and only then, there is another try,
        which the result says."""
        began = time.monotonic()
        self.once(lab, ports())
        still = lab.stood_still(began)
        if not self.result['ok'] and still > STILL:
            self.result = {'cell': self.name, 'again': '%s (the machine stood '
                           'still for %.1f s)' % (self.result['why'], still)}
            self.once(lab, ports())
        self.result['took'] = round(time.monotonic() - began, 1)

    def once(self, lab, port):
        try:
            self.result.update(self.job(lab, self, port, *self.arguments))
            self.result['ok'] = True
        except (Failed, RuntimeError, OSError) as e:
            self.result.update(ok=False, why=str(e))


def with_pair(lab, cell, port, a, b):
    cell.pair = lab.pair('c%d' % port, lab.spaces[a], lab.spaces[b], port)
    return cell.pair


def matrix_cell(lab, cell, port, a, b, turn):
    """Strict wherever there is a direct path, so that nothing else can have
    carried the bytes."""
    pair = with_pair(lab, cell, port, 'a-' + a, 'b-' + b)
    want = expected(a, b, turn)
    types = None
    if want == 'direct':
        types = (TYPES[a], TYPES[b]), (TYPES[b], TYPES[a])
    options = TURN if turn else STUN
    pair.start(*options, *(['--strict'] if want != 'ws' else []))
    try:
        ms = pair.until(want, 20, types)
        pair.talk(BYTES)
        ends = [p.carried_by() for p in pair.both()]
        if any(by != want for by, _ in ends):
            raise Failed('was %s, became %s' % (want, ends))
        return {'path': want, 'ms': ms, 'types': [t for _, t in ends]}
    finally:
        pair.stop()


def strict_cell(lab, cell, port, a, b):
    """Nothing is possible: a connection is reset, and the log says why."""
    pair = with_pair(lab, cell, port, a, b)
    pair.start('--strict', '--connect-timeout', '4', *STUN)
    try:
        lab.wait('the link', 20, lambda: all(p.says('link ') for p in
                                             pair.both()))
        out, _ = (e := pair.a.drive('is_reset', str(pair.a.port), '3', '30')
                  ).communicate()
        if e.returncode:
            raise Failed(out.strip())
        why = pair.a.lines(': reset: ')
        if not why or ' err=' not in why[-1]:
            raise Failed('no reason is named: %s' % why)
        if any(p.carried_by()[0] != 'nothing' for p in pair.both()):
            raise Failed('something carried it')
        return {'path': 'none', 'why': why[-1].split(' err=')[-1]}
    finally:
        pair.stop()


def probe_cell(lab, cell, port, host, kind):
    p = subprocess.run(lab.spaces[host].inside(
        [sys.executable, probe.__file__, 'ask']), stdout=subprocess.PIPE,
        text=True, timeout=30)
    got = tuple(json.loads(p.stdout or '[]'))
    if got != probe.NAMES[kind]:
        raise Failed('%s, not %s' % (got, probe.NAMES[kind]))
    return {'mapping': got[0], 'filtering': got[1]}


def reflexive(lab, party):
    """The addresses behind NATs that its peer told it of."""
    lines = [x.split() for x in scenes.checks(lab, party).splitlines()]
    return {x[5] for x in lines if len(x) > 5 and x[4] == 'srflx'}


def discovered(lab, host):
    """Mapping and filtering, by another's program."""
    tool = os.path.join(os.path.dirname(lab.turnserver),
                        'turnutils_natdiscovery')
    p = subprocess.run(lab.spaces[host].inside(
        [tool, '-m', '-f', '203.0.113.1']), stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True, timeout=60)
    return re.findall(r'^NAT with (.*) (?:Mapping|Filtering)!$', p.stdout,
                      re.M)


def seen_cell(lab, cell, port, kind):
    """How to find out what one's NAT is, as hotlink-nat(7) has it."""
    mapping, filtering, _ = probe.NAMES[kind]
    want = [DISCOVERED[mapping], DISCOVERED[filtering]]
    got = discovered(lab, 'a-' + kind)
    if got != want:
        raise Failed('turnutils_natdiscovery says %s, not %s' % (got, want))
    pair = with_pair(lab, cell, port, 'a-' + kind, 'b-none')
    pair.start('--strict', *STUN, *STUN_TOO)
    try:
        pair.until('direct', 20)
        lab.wait('the peer is told of %d addresses' % SEEN[kind], 8,
                 lambda: len(reflexive(lab, pair.b)) == SEEN[kind])
        return {'addresses': SEEN[kind]}
    finally:
        pair.stop()


def blocked_cell(lab, cell, port, b, options, want):
    """One end has no UDP at all."""
    pair = with_pair(lab, cell, port, 'no-udp', b)
    pair.start(*options)
    try:
        ms = pair.until(want, 20)
        pair.talk(BYTES)
        return {'path': want, 'ms': ms,
                'types': [p.carried_by()[1] for p in pair.both()]}
    finally:
        pair.stop()


def build(lab):
    lab.internet()
    for side in 'ab':
        for kind in KINDS:
            if kind == 'none':
                lab.public(side + '-none', '4')
            else:
                lab.behind('%s-%s' % (side, kind), kind)
    lab.public('no-udp', '4').nft(BLOCKED)
    lab.relay()
    lab.coturn()
    log = os.path.join(lab.box, 'probe.log')
    lab.start(lab.spaces['net'], [sys.executable, probe.__file__, 'serve'],
              log)
    lab.wait('the probe listens', 10, lambda: os.path.getsize(log) > 0)


def cells():
    for side in 'ab':
        for k in KINDS:
            yield Cell('probe %s-%s' % (side, k), probe_cell,
                       '%s-%s' % (side, k), k)
    for k in KINDS:
        yield Cell('seen ' + k, seen_cell, k)
    for turn, name in ((False, 'stun'), (True, 'turn')):
        for a in KINDS:
            for b in KINDS:
                yield Cell('%s %s/%s' % (name, a, b), matrix_cell, a, b, turn)
    for a in KINDS:
        for b in KINDS:
            if not possible(a, b):
                yield Cell('strict %s/%s' % (a, b), strict_cell, 'a-' + a,
                           'b-' + b)
    yield Cell('strict no-udp/none', strict_cell, 'no-udp', 'b-none')
    for b in NO_UDP_TO:
        for name, (options, want) in NO_UDP.items():
            yield Cell('no-udp %s %s' % (name, b), blocked_cell, 'b-' + b,
                       options, want)
    for name, job in scenes.SCENES:
        yield Cell(name, job)

"""usage: tunnels.py HOTLINK

See bench/tunnels. All contestants run all the time; each round measures all
of them in turn, beginning with another one, so that what disturbs the machine
disturbs all."""
import sys, time

import contestants as c
from common import QUICK, REPEAT, Failed, cpu_seconds, emit, end_well, \
    finish, going, link, load, peak_rss, progress, relay, sandbox, say, skip, \
    spread, stop_all

BULK = 0.8 if QUICK else 2.0            # seconds of one measurement
PING = 0.3
PINGS = 2 * REPEAT                      # which core wakes whom is luck
GIB = 1 << 30
SIZES = (64, '64 B'), (1024, '1 KiB'), (65536, '64 KiB')
MTUS = 1200, 1500, 9000
results = {}


def note(bench, case, who, value, unit, run):
    emit(bench, case, who, value, unit, run)
    results.setdefault((bench, case, who, unit), []).append(value)


def rounds(cells, n=REPEAT):
    """Every cell of every round, each round beginning elsewhere."""
    for run in range(n):
        k = run * len(cells) // n
        for cell in cells[k:] + cells[:k]:
            yield run, cell


def bulk(links, seconds=BULK):
    p = load('bulk', links, seconds)
    going(p)
    return finish(p)


def attempt(t, what, *args):
    """Somebody else's failure is said, and does not end the run; ours does."""
    try:
        return what(t, *args)
    except Failed as e:
        if isinstance(t, c.Hotlink) or isinstance(t, c.Direct):
            raise
        say('skip - %s, once (%s)' % (t.name, e))
        t.again()
        return None


def throughput(bench, case, who, links, procs, run):
    """MiB/s of all links, and CPU seconds per GiB."""
    before = cpu_seconds(procs)
    r = bulk(links)
    cpu = cpu_seconds(procs) - before
    note(bench, case, who, r['mib_s'], 'MiB/s', run)
    if procs:
        note(bench, case, who, cpu / sum(r['bytes']) * GIB, 's/GiB', run)
    return r


def one_link(tunnels):
    """Everybody, one link, one way."""
    for t in tunnels:
        progress('warming up %s' % t.name)
        attempt(t, lambda t: bulk(t.links()[:1], 0.3))
    for run, t in rounds(tunnels):
        progress('one link, round %d of %d: %s' % (run + 1, REPEAT, t.name))
        attempt(t, lambda t: throughput('throughput', 'one link', t.name,
                                        t.links()[:1], t.procs, run))
    say('one link, one way (min / median / max of %d)' % REPEAT)
    say('  %-18s %22s %8s %10s' % ('', 'MiB/s', 'CPU s', 'RSS of an'))
    say('  %-18s %22s %8s %10s' % ('', '', 'per GiB', 'end, MiB'))
    for t in tunnels:
        if ('throughput', 'one link', t.name, 'MiB/s') not in results:
            continue
        if t.procs:
            note('throughput', 'one link', t.name, t.rss(), 'MiB', 0)
        cpu = results.get(('throughput', 'one link', t.name, 's/GiB'))
        say('  %-18s %22s %8s %10s' % (
            t.name, spread(results['throughput', 'one link', t.name,
                                   'MiB/s']),
            '%.2f' % sorted(cpu)[len(cpu) // 2] if cpu else '',
            '%.1f' % t.rss() if t.procs else ''))


def three_parties(box):
    """The main job, and what H3 asks: several links and both ways at once."""
    p = c.mesh(box + '/three', 3)
    pairs = (0, 1), (0, 2), (1, 2)
    links = ['%d=%d' % link(p[i], p[j], k)
             for k, (i, j) in enumerate(pairs)]
    c.begin(p)
    procs = [x.proc for x in p]
    names = 'one link, 0 to 1', 'one link, 0 to 2', 'one link, 1 to 2'
    cells = [(n, [x]) for n, x in zip(names, links)]
    cells += [('all three at once', links),
              ('one link, both ways', [links[2] + ':both']),
              ('all three, both ways', [x + ':both' for x in links])]
    for k in links:
        bulk([k], 0.3)
    for run, (case, which) in rounds(cells):
        progress('three parties, round %d of %d: %s' % (run + 1, REPEAT, case))
        throughput('three parties', case, 'hotlink', which, procs, run)
    say('three parties, three agents, sum of all ways')
    for case, _ in cells:
        say('  %-22s %22s MiB/s  %s s/GiB' % (
            case, spread(results['three parties', case, 'hotlink', 'MiB/s']),
            spread(results['three parties', case, 'hotlink', 's/GiB'],
                   '%.2f')))
    for x in p:
        note('three parties', 'all three, both ways', 'hotlink',
             peak_rss(x.proc), 'MiB', 0)
    c.stop(procs)


def many_links(box):
    p = c.mesh(box + '/many', 2)
    links = ['%d=%d' % link(*p, i) for i in range(64)]
    c.begin(p)
    procs = [x.proc for x in p]
    cells = [(n, links[:n]) for n in (1, 8, 64)]
    for run, (n, which) in rounds(cells):
        progress('many links, round %d of %d: %d' % (run + 1, REPEAT, n))
        r = throughput('many links', '%d at once' % n, 'hotlink', which,
                       procs, run)
        note('many links', '%d at once' % n, 'hotlink',
             min(r['bytes']) / max(r['bytes']), 'least/most', run)
    say('links between two agents at once, sum')
    for n, _ in cells:
        case = '%d at once' % n
        say('  %-22s %22s MiB/s  least link / most %s' % (
            case, spread(results['many links', case, 'hotlink', 'MiB/s']),
            spread(results['many links', case, 'hotlink', 'least/most'],
                   '%.2f')))
    note('many links', 'all', 'hotlink', max(map(peak_rss, procs)), 'MiB', 0)
    c.stop(procs)


def ping_idle(t, size):
    p = load('ping', t.links()[1:2], PING, size)
    going(p)
    return finish(p)


def ping_loaded(t, size):
    """The bulk goes through the other link, and on until the ping is over."""
    b = load('bulk', t.links()[:1], PING + 0.5)
    going(b)
    time.sleep(0.2)
    r = ping_idle(t, size)
    r['mib_s'] = finish(b)['mib_s']
    return r


def latency(tunnels):
    """The other sizes only for those that might be near."""
    cells = []
    for size, name in SIZES:
        for t in tunnels:
            if size == 64 or t.name in ('none', 'socat', 'hotlink'):
                cells += [(t, size, name, False), (t, size, name, True)]
    for run, (t, size, name, loaded) in rounds(cells, PINGS):
        case = '%s %s' % (name, 'under bulk' if loaded else 'idle')
        progress('latency, round %d of %d: %s, %s' % (run + 1, PINGS, case,
                                                      t.name))
        r = attempt(t, ping_loaded if loaded else ping_idle, size)
        for q in ('p50', 'p99', 'p999', 'max') if r else ():
            if q != 'p999' or r['rounds'] >= 1000:
                note('latency', '%s %s' % (case, q), t.name, r[q + '_us'],
                     'us', run)
        if r and loaded:
            note('latency', case, t.name, r['mib_s'], 'MiB/s', run)
    say('round trips in us, median of %d runs: p50 / p99 / p99.9' % PINGS)
    for size, name in SIZES:
        for loaded in 'idle', 'under bulk':
            say('  %s, %s' % (name, loaded))
            for t in tunnels:
                row = [results.get(('latency', '%s %s %s' % (name, loaded, q),
                                    t.name, 'us'))
                       for q in ('p50', 'p99', 'p999')]
                if row[0]:
                    say('    %-18s %s' % (t.name, ' / '.join(
                        '%.0f' % sorted(x)[len(x) // 2]
                        if x and len(x) == len(row[0]) else '-'
                        for x in row)))


def contest(box):
    """Whoever is there."""
    tunnels = []
    for make in (c.Direct, c.Socat, c.Ssh, c.Stunnel, c.Hotlink,
                 c.LibDataChannel, c.LibWebRTC, c.Pion):
        progress('starting %s' % make.name)
        try:
            tunnels.append(make(box))
        except c.Missing as e:
            skip(make.name, str(e))
    return tunnels


def main():
    end_well()
    c.Hotlink.program = sys.argv[1]
    only = sys.argv[2:] or ('throughput', 'three', 'many', 'latency')
    with sandbox() as box:
        try:
            c.Hotlink.relay = relay(c.Hotlink.program, box)
            tunnels = contest(box) if {'throughput', 'latency'} & set(only) \
                else []
            if 'throughput' in only:
                fixed = [c.Hotlink(box, m) for m in MTUS]
                one_link(tunnels + fixed)
                for t in fixed:
                    t.end()
            if 'three' in only:
                three_parties(box)
            if 'many' in only:
                many_links(box)
            if 'latency' in only:
                latency(tunnels)
        except Failed as e:
            sys.exit('tunnels: %s' % e)
        finally:
            stop_all()


main()

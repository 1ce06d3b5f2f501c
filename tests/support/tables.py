"""The tables of a manual page that a program writes between two comments,
from lines of JSON that runs of a matrix left: the first has what each was made
with ("made"), each of the others a "cell", by name, and whether it is "ok"."""
import difflib, json, os, platform, re, statistics, subprocess, sys, time

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), '..', '..'))


class Bad(Exception):
    pass


def said(*command):
    """The first line of what it says."""
    try:
        return subprocess.run(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True, timeout=60).stdout.split('\n')[0].strip()
    except OSError:
        return ''


def made_with(hotlink, **others):
    """The first line of a run."""
    return {'made': {
        'date': time.strftime('%Y-%m-%d', time.gmtime()),
        'hotlink': said(hotlink, 'version').removeprefix('hotlink '),
        'commit': said('git', '-C', ROOT, 'describe', '--always', '--dirty'),
        'linux': platform.release().split('-')[0], **others}}


class Lines:
    """Where a run leaves its lines: printed, and in a file, if it has one."""

    def __init__(self, name):
        self.file = None
        if name:
            os.makedirs(os.path.dirname(name) or '.', exist_ok=True)
            self.file = open(name, 'w')

    def say(self, line):
        print(json.dumps(line), flush=True)
        if self.file:
            print(json.dumps(line), file=self.file, flush=True)


class Runs:
    def __init__(self, files):
        self.made, self.runs, self.counts = {}, [], set()
        for name in files:
            with open(name) as f:
                lines = [json.loads(x) for x in f]
            self.same(name, lines[0]['made'])
            self.runs.append({r['cell']: r for r in lines[1:]})

    def same(self, name, made):
        """One sentence says of all runs what they were made with."""
        for key in set(made) - {'date', 'commit'}:
            if self.made and self.made[key] != made[key]:
                raise Bad('%s: %s is %s, elsewhere %s' % (
                    name, key, made[key], self.made[key]))
        self.made = made

    def found(self, cell):
        """What each run found that has it; not one may have failed."""
        found = [run[cell] for run in self.runs if cell in run]
        if not found or not all(r['ok'] for r in found):
            raise Bad('%s: not run, or failed' % cell)
        self.counts.add(len(found))
        return found

    def median(self, cell, key):
        return statistics.median(r[key] for r in self.found(cell))

    def origin(self, command, others):
        """For the cells that were asked for until now."""
        few, many = min(self.counts), max(self.counts)
        runs = 'each once' if many == 1 else 'the median of %s runs' % (
            few if few == many else '%d to %d' % (few, many))
        return ['Found by', '.Ql ' + command,
                'on %s, %s, with hotlink %s,' % (
                    self.made['date'], runs, self.made['hotlink']),
                others % self.made]


class Nothing:
    """In place of runs, for the shape."""

    def median(self, cell, key):
        return 0

    def origin(self, command, others):
        return []


def row(*cells):
    return '.It ' + ' Ta '.join('"%s"' % c for c in cells)


def head(*cells):
    return '.It ' + ' Ta '.join('Em "%s"' % c for c in cells)


def columns(*widths):
    return '.Bl -column ' + ' '.join('"%s"' % ('x' * w) for w in widths)


class Page:
    """One of man/, and of it what this program wrote."""

    def __init__(self, name, program):
        self.name, self.path = name, os.path.join(ROOT, 'man', name)
        self.begin = '.\\" %s wrote this\n' % program
        self.end = '.\\" end of what %s wrote\n' % program
        with open(self.path) as f:
            self.text = f.read()
        where = [len(re.findall('(?m)^' + re.escape(x), self.text))
                 for x in (self.begin, self.end)]
        if where != [1, 1]:
            raise Bad('%s lacks the two comments of %s' % (name, program))

    def parts(self):
        before, rest = self.text.split(self.begin)
        inside, after = rest.split(self.end)
        return before, inside, after

    def replace(self, lines):
        before, _, after = self.parts()
        with open(self.path, 'w') as f:
            f.write(before + self.begin +
                    ''.join(x + '\n' for x in lines) + self.end + after)

    def differences(self, lines, number):
        """From lines, without what number matches in a cell, and without
        where they are from."""
        def shape(lines):
            lines = [re.sub(number, 'N', x) for x in lines]
            ends = [i for i, x in enumerate(lines) if x == '.Pp']
            return lines[:ends[-1] + 1] if ends else lines
        return difflib.unified_diff(
            shape(self.parts()[1].splitlines()), shape(lines), self.name,
            'as it has to be', lineterm='')


def main(arguments, page, latest, write, check):
    """Of a publisher: write(runs) gives the lines of the page, and check(page)
    what is wrong with it."""
    try:
        page = Page(*page)
        if arguments == ['--check']:
            found = list(check(page))
            print('\n'.join(found), end='\n' if found else '')
            return 1 if found else 0
        page.replace(list(write(arguments or [
            os.path.join(ROOT, 'build', latest)])))
    except (Bad, OSError) as e:
        sys.exit('publish: %s' % e)
    return 0

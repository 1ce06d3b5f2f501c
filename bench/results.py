"""The lines that make bench writes, for bench/report, bench/compare and
bench/charts: one of the machine, one per measurement, and one per thing that
was skipped."""
import json

MORE_IS_BETTER = 'MiB/s', 'Mbit/s', 'least/most', 'of the link'


class Bad(Exception):
    pass


class Results:
    """values: (bench, case, contestant, unit) -> {run: value}"""

    def __init__(self, path):
        self.about, self.values, self.skipped = {}, {}, []
        with open(path) as f:
            for number, line in enumerate(f, 1):
                if line.strip():
                    try:
                        self.line(json.loads(line))
                    except (ValueError, KeyError, TypeError,
                            AttributeError):
                        raise Bad('%s:%d: not a result' % (path, number))

    def line(self, o):
        if 'machine' in o:
            self.about = o
        elif 'skip' in o:
            self.skipped.append((o['skip'], o['why']))
        else:
            key = o['bench'], o['case'], o['contestant'], o['unit']
            self.values.setdefault(key, {})[int(o['run'])] = \
                float(o['value'])

    def of(self, *key):
        """run -> value; empty if it was not measured."""
        return self.values.get(key, {})

    def all(self, *key):
        return sorted(self.of(*key).values())

    def contestants(self, bench, case, unit):
        """In the order in which they were measured."""
        return list(dict.fromkeys(c for b, k, c, u in self.values
                                  if (b, k, u) == (bench, case, unit)))


def median(values):
    v = sorted(values)
    n = len(v)
    return (v[(n - 1) // 2] + v[n // 2]) / 2


def ratios(a, b):
    """Of the runs that both have."""
    return [a[r] / b[r] for r in a if r in b and b[r] > 0]


def digits(x):
    """Three that count."""
    return '%.0f' % x if abs(x) >= 100 else '%.1f' % x if abs(x) >= 10 \
        else '%.2f' % x

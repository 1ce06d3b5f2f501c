#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "rpc/when.h"

enum { DAY = 86400 };

/* Days since 1970 of a date in the Gregorian calendar; years start in March. */
static int64_t
days_of(int64_t y, int64_t m, int64_t d)
{
	int64_t	 era, year, day;

	y -= m <= 2;
	era = y / 400;
	year = y - era * 400;
	day = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
	return era * 146097 + year * 365 + year / 4 - year / 100 + day - 719468;
}

static int
month_days(int y, int m)
{
	static const int	 days[] = {
		31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31,
	};
	bool			 leap = y % 4 == 0 &&
				     (y % 100 != 0 || y % 400 == 0);

	return days[m - 1] + (m == 2 && leap);
}

/* n digits at *p, and then the character end if that is not NUL. */
static int
digits(const char **p, int n, char end)
{
	int	 v = 0;

	for (; n > 0; n--, (*p)++) {
		if (**p < '0' || **p > '9')
			return -1;
		v = v * 10 + (**p - '0');
	}
	if (end == '\0')
		return v;
	return *(*p)++ == end ? v : -1;
}

static int
parse_fraction(const char **p)
{
	int	 ms = 0, scale = 100;

	if (**p != '.')
		return 0;
	(*p)++;
	if (**p < '0' || **p > '9')
		return -1;
	for (; **p >= '0' && **p <= '9'; (*p)++, scale /= 10)
		ms += (**p - '0') * scale;
	return ms;
}

/* Seconds east of Greenwich; nothing may follow. */
static int
parse_zone(const char *p, int *east)
{
	int	 sign = *p == '-' ? -1 : 1, h, m;

	*east = 0;
	if (*p == 'Z' || *p == 'z')
		return p[1] == '\0' ? 0 : -1;
	if (*p != '+' && *p != '-')
		return -1;
	p++;
	h = digits(&p, 2, ':');
	m = h >= 0 ? digits(&p, 2, '\0') : -1;
	if (h < 0 || h > 23 || m < 0 || m > 59 || *p != '\0')
		return -1;
	*east = sign * (h * 3600 + m * 60);
	return 0;
}

int
when_parse(uint64_t *ms, const char *s)
{
	int	 y, mo, d, h, mi, sec, frac, east;
	int64_t	 t;

	if ((y = digits(&s, 4, '-')) < 1970 ||
	    (mo = digits(&s, 2, '-')) < 1 || mo > 12 ||
	    (d = digits(&s, 2, '\0')) < 1 || d > month_days(y, mo))
		return -1;
	if (*s != 'T' && *s != 't' && *s != ' ')
		return -1;
	s++;
	if ((h = digits(&s, 2, ':')) < 0 || h > 23 ||
	    (mi = digits(&s, 2, ':')) < 0 || mi > 59 ||
	    (sec = digits(&s, 2, '\0')) < 0 || sec > 60 ||
	    (frac = parse_fraction(&s)) < 0 || parse_zone(s, &east) < 0)
		return -1;
	t = days_of(y, mo, d) * DAY + h * 3600 + mi * 60 + sec - east;
	if (t < 0)
		return -1;
	*ms = (uint64_t)t * 1000 + (uint64_t)frac;
	return 0;
}

void
when_text(uint64_t ms, const char *zone, char buf[WHEN_TEXT])
{
	uint64_t	 s = ms / 1000;
	int64_t		 left = (int64_t)(s / DAY);
	int		 y = 1970, m = 1;

	/* Four centuries at once, then years and months one by one. */
	for (; left >= 146097; left -= 146097)
		y += 400;
	for (; left >= days_of(y + 1, 1, 1) - days_of(y, 1, 1); y++)
		left -= days_of(y + 1, 1, 1) - days_of(y, 1, 1);
	for (; left >= month_days(y, m); m++)
		left -= month_days(y, m);
	if (y > 9999)
		y = 9999;
	snprintf(buf, WHEN_TEXT, "%04d-%02d-%02dT%02d:%02d:%02d.%03d%s", y, m,
	    (int)left + 1, (int)(s % DAY / 3600), (int)(s % 3600 / 60),
	    (int)(s % 60), (int)(ms % 1000), zone);
}

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/time.h"
#include "cli/options.h"

enum { HELP_COLUMN = 28, MISUSE = 2, OPTIONS_MAX = 64 };

struct parse {
	const struct command	*c;
	uint64_t		 seen;	/* a bit for each option of the table */
	int			 used;	/* arguments the last one took */
};

struct unit {
	const char	*suffix;
	uint64_t	 factor;
};

static const struct unit	 no_units[] = { { "", 1 }, { NULL, 0 } };
static const struct unit	 sizes[] = {
	{ "", 1 },
	{ "k", 1 << 10 }, { "K", 1 << 10 }, { "KiB", 1 << 10 },
	{ "M", 1 << 20 }, { "MiB", 1 << 20 },
	{ "G", 1 << 30 }, { "GiB", 1 << 30 },
	{ NULL, 0 },
};
static const struct unit	 durations[] = {
	{ "", SEC }, { "s", SEC }, { "ms", MS },
	{ "m", 60ull * SEC }, { "h", 3600ull * SEC },
	{ NULL, 0 },
};

static uint64_t
unit_of(const struct unit *u, const char *suffix)
{
	for (; u->suffix != NULL; u++)
		if (strcmp(u->suffix, suffix) == 0)
			return u->factor;
	return 0;
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/*
 * Digits, perhaps a point and more digits, a unit. The fraction is cut off at
 * the unit of the result, and a factor of 1 has none.
 */
static int
scan(uint64_t *v, const char *s, const struct unit *units)
{
	uint64_t	 whole = 0, part = 0, scale = 1, factor;
	const char	*p = s;
	bool		 point = false;

	for (; is_digit(*p); p++) {
		if (whole > (UINT64_MAX - 9) / 10)
			return -1;
		whole = whole * 10 + (uint64_t)(*p - '0');
	}
	if (p == s)
		return -1;
	if (*p == '.') {
		point = true;
		for (p++; is_digit(*p); p++)
			if (scale < 1000000) {
				part = part * 10 + (uint64_t)(*p - '0');
				scale *= 10;
			}
	}
	factor = unit_of(units, p);
	if (factor == 0 || (point && (scale == 1 || factor == 1)) ||
	    whole > UINT64_MAX / factor - 1)
		return -1;
	*v = whole * factor + part * factor / scale;
	return 0;
}

int
option_number(uint64_t *v, const char *s)
{
	return scan(v, s, no_units);
}

int
option_size(uint64_t *v, const char *s)
{
	return scan(v, s, sizes);
}

int
option_duration(uint64_t *v, const char *s)
{
	return scan(v, s, durations);
}

int
options_misuse(const struct command *c, const char *fmt, ...)
{
	va_list	 ap;

	fprintf(stderr, "hotlink %s: ", c->name);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fprintf(stderr, " (hotlink %s -h tells more)\n", c->name);
	return MISUSE;
}

/* "-n, --frames N" */
static size_t
head_of(const struct option *o, char *buf, size_t cap)
{
	char	 letter[8] = "   ";
	int	 n;

	if (o->letter != '\0')
		snprintf(letter, sizeof(letter), "-%c,", o->letter);
	n = snprintf(buf, cap, "  %s --%s%s%s", letter, o->name,
	    o->arg != NULL ? " " : "", o->arg != NULL ? o->arg : "");
	return n > 0 ? (size_t)n : 0;
}

static void
print_help(const struct command *c)
{
	static const struct option	 self = {
		.letter = 'h', .name = "help", .help = "write this",
	};
	const struct option		*o;
	char				 head[128];

	printf("usage: hotlink %s", c->name);
	for (size_t i = 0; i < c->noptions; i++)
		if (c->options[i].required)
			printf(" --%s %s", c->options[i].name,
			    c->options[i].arg);
	printf(" [options]%s%s\n%s\n\n", c->operands != NULL ? " " : "",
	    c->operands != NULL ? c->operands : "", c->help);
	for (size_t i = 0; i <= c->noptions; i++) {
		o = i < c->noptions ? &c->options[i] : &self;
		if (head_of(o, head, sizeof(head)) >= HELP_COLUMN)
			printf("%s\n%*s", head, HELP_COLUMN, "");
		else
			printf("%-*s", HELP_COLUMN, head);
		printf("%s\n", o->help);
	}
}

/* A bound as one would write it: 64K, 0.1s, 65535. */
static const char *
bound_text(char *buf, size_t cap, enum option_kind kind, uint64_t v)
{
	static const struct unit	 whole[] = {
		{ "G", 1 << 30 }, { "M", 1 << 20 }, { "K", 1 << 10 },
		{ "", 1 },
	};
	const struct unit		*u = whole;

	if (kind == OPT_DURATION) {
		snprintf(buf, cap, "%.6gs", (double)v / SEC);
		return buf;
	}
	while (u->factor > 1 && (kind != OPT_SIZE || v == 0 ||
	    v % u->factor != 0))
		u++;
	snprintf(buf, cap, "%" PRIu64 "%s", v / u->factor, u->suffix);
	return buf;
}

static int
put_ranged(const struct command *c, const struct option *o, const char *value)
{
	static int	(*const scanner[])(uint64_t *, const char *) = {
		[OPT_NUMBER]	= option_number,
		[OPT_SIZE]	= option_size,
		[OPT_DURATION]	= option_duration,
	};
	static const char *const	 what[] = {
		[OPT_NUMBER]	= "number",
		[OPT_SIZE]	= "size",
		[OPT_DURATION]	= "duration",
	};
	uint64_t	 v;
	char		 min[32], max[32];

	if (scanner[o->kind](&v, value) == -1)
		return options_misuse(c, "option --%s: not a %s: %s", o->name,
		    what[o->kind], value);
	if (v < o->min || v > o->max)
		return options_misuse(c,
		    "option --%s: %s is not between %s and %s", o->name, value,
		    bound_text(min, sizeof(min), o->kind, o->min),
		    bound_text(max, sizeof(max), o->kind, o->max));
	*(uint64_t *)o->to = v;
	return OPTIONS_RUN;
}

static int
put_choice(const struct command *c, const struct option *o, const char *value)
{
	char	 all[128] = "";
	size_t	 n = 0;

	for (unsigned i = 0; o->choices[i] != NULL; i++) {
		if (strcmp(o->choices[i], value) == 0) {
			*(unsigned *)o->to = i;
			return OPTIONS_RUN;
		}
		if (n < sizeof(all))
			n += (size_t)snprintf(all + n, sizeof(all) - n,
			    "%s%s", i > 0 ? ", " : "", o->choices[i]);
	}
	return options_misuse(c, "option --%s: %s is not one of %s", o->name,
	    value, all);
}

static int
put(struct parse *p, const struct option *o, const char *value)
{
	const struct command	*c = p->c;
	struct option_list	*list;

	p->seen |= 1ull << (o - c->options);
	if (o->given != NULL)
		*o->given = true;
	switch (o->kind) {
	case OPT_FLAG:
		*(bool *)o->to = true;
		return OPTIONS_RUN;
	case OPT_TEXT:
		*(const char **)o->to = value;
		return OPTIONS_RUN;
	case OPT_LIST:
		list = o->to;
		if (list->n == OPTION_LIST_MAX)
			return options_misuse(c, "option --%s: more than %d",
			    o->name, OPTION_LIST_MAX);
		list->v[list->n++] = value;
		return OPTIONS_RUN;
	case OPT_NUMBER:
	case OPT_SIZE:
	case OPT_DURATION:
		return put_ranged(c, o, value);
	case OPT_CHOICE:
		return put_choice(c, o, value);
	}
	return MISUSE;
}

static const struct option *
find_name(const struct command *c, const char *name, size_t n)
{
	for (size_t i = 0; i < c->noptions; i++)
		if (strlen(c->options[i].name) == n &&
		    memcmp(c->options[i].name, name, n) == 0)
			return &c->options[i];
	return NULL;
}

static const struct option *
find_letter(const struct command *c, char letter)
{
	for (size_t i = 0; i < c->noptions; i++)
		if (c->options[i].letter == letter)
			return &c->options[i];
	return NULL;
}

/* "--name", "--name=value"; next: the argument after it, or NULL. */
static int
take_long(struct parse *p, const char *arg, const char *next)
{
	const struct command	*c = p->c;
	const char		*name = arg + 2, *equals = strchr(name, '=');
	size_t			 n = equals != NULL ? (size_t)(equals - name) :
				     strlen(name);
	const struct option	*o = find_name(c, name, n);

	if (o == NULL)
		return options_misuse(c, "unknown option --%.*s", (int)n, name);
	if (o->kind == OPT_FLAG)
		return equals == NULL ? put(p, o, NULL) : options_misuse(c,
		    "option --%s takes no value", o->name);
	if (equals != NULL)
		return put(p, o, equals + 1);
	if (next == NULL)
		return options_misuse(c, "option --%s needs a value", o->name);
	p->used = 2;
	return put(p, o, next);
}

/* "-v", "-vn5", "-n 5" */
static int
take_short(struct parse *p, const char *arg, const char *next)
{
	const struct command	*c = p->c;
	const struct option	*o;
	int			 status;

	for (const char *l = arg + 1; *l != '\0'; l++) {
		o = find_letter(c, *l);
		if (o == NULL)
			return options_misuse(c, "unknown option -%c", *l);
		if (o->kind != OPT_FLAG && l[1] != '\0')
			return put(p, o, l + 1);
		if (o->kind != OPT_FLAG && next == NULL)
			return options_misuse(c, "option -%c needs a value",
			    *l);
		if (o->kind != OPT_FLAG) {
			p->used = 2;
			return put(p, o, next);
		}
		status = put(p, o, NULL);
		if (status != OPTIONS_RUN)
			return status;
	}
	return OPTIONS_RUN;
}

static bool
asks_for_help(const char *arg)
{
	return strcmp(arg, "-h") == 0 || strcmp(arg, "--help") == 0;
}

static int
check_required(const struct command *c, uint64_t seen)
{
	for (size_t i = 0; i < c->noptions; i++)
		if (c->options[i].required && !(seen >> i & 1))
			return options_misuse(c, "option --%s is missing",
			    c->options[i].name);
	return OPTIONS_RUN;
}

/* One argument, perhaps with the next. */
static int
take(struct parse *p, const char *arg, const char *next)
{
	p->used = 1;
	if (asks_for_help(arg)) {
		print_help(p->c);
		return 0;
	}
	return arg[1] == '-' ? take_long(p, arg, next) :
	    take_short(p, arg, next);
}

int
options_parse(const struct command *c, int *argc, char **argv)
{
	struct parse	 p = { .c = c };
	int		 n = 0, status = OPTIONS_RUN;
	bool		 ended = false;

	assert(c->noptions <= OPTIONS_MAX);
	for (int i = 1; i < *argc && status == OPTIONS_RUN; i += p.used) {
		p.used = 1;
		if (ended || argv[i][0] != '-' || argv[i][1] == '\0')
			argv[n++] = argv[i];
		else if (strcmp(argv[i], "--") == 0)
			ended = true;
		else
			status = take(&p, argv[i],
			    i + 1 < *argc ? argv[i + 1] : NULL);
	}
	if (status == OPTIONS_RUN && n > 0 && c->operands == NULL)
		status = options_misuse(c, "unexpected argument %s", argv[0]);
	if (status == OPTIONS_RUN)
		status = check_required(c, p.seen);
	*argc = n;
	return status;
}

#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "mpc/report.h"

/* Stages in which a party computes, and whoever waits for it waits for that. */
static const bool	 computing[STAGES] = {
	[STAGE_SHARE_GENERATION] = true, [STAGE_AGGREGATE] = true,
	[STAGE_WRITE] = true,
};

/* Stages that begin before all are there. */
static const bool	 meeting[STAGES] = {
	[STAGE_CONNECT] = true, [STAGE_KEY_SETUP] = true,
};

enum cause { TRANSPORT, WAITING, COMPUTING, CAUSES };

static const char *const	 cause_name[CAUSES] = {
	"transport", "waiting", "computing",
};

enum { LONGEST_MS = 1000000000 };	/* eleven days */

static int
fail(char why[REPORT_WHY], const char *what)
{
	snprintf(why, REPORT_WHY, "%s", what);
	return -1;
}

/* Milliseconds, to microseconds; -1: none that makes sense. */
static int
take_ms(const json_t *v, double most, uint64_t *us)
{
	double	 ms = json_number_value(v);

	if (!json_is_number(v) || !(ms >= 0) || ms > most)
		return -1;
	*us = (uint64_t)(ms * MS + 0.5);
	return 0;
}

static int
take_count(const json_t *v, uint64_t *n)
{
	json_int_t	 i = json_integer_value(v);

	if (!json_is_integer(v) || i < 0)
		return -1;
	*n = (uint64_t)i;
	return 0;
}

static int
take_label(const json_t *v, char to[REPORT_LABEL])
{
	const char	*s = json_string_value(v);

	if (s == NULL || strlen(s) >= REPORT_LABEL)
		return -1;
	memcpy(to, s, strlen(s) + 1);
	for (char *c = to; *c != '\0'; c++)
		if (*c < ' ' || *c > '~')
			*c = '_';
	return 0;
}

static int
take_stage(const json_t *v, enum stage *stage)
{
	const char	*s = json_string_value(v);

	for (int i = 0; s != NULL && i < STAGES; i++)
		if (strcmp(s, stage_name((enum stage)i)) == 0) {
			*stage = (enum stage)i;
			return 0;
		}
	return -1;
}

struct record {
	char		 run[REPORT_LABEL], step[REPORT_LABEL];
	uint64_t	 party, from, to;
	enum stage	 stage;
	struct amounts	 a;
};

/* A record of somebody else's program may lack what is ours. */
static int
take_waits(const json_t *o, struct amounts *a)
{
	const json_t	*v = json_object_get(o, "waits_ms");

	if (v == NULL)
		return take_ms(json_object_get(o, "wait_ms"), LONGEST_MS,
		    &a->waited[0]);
	if (json_array_size(v) != STAGE_PARTIES)
		return -1;
	for (size_t i = 0; i < STAGE_PARTIES; i++)
		if (take_ms(json_array_get(v, i), LONGEST_MS, &a->waited[i]))
			return -1;
	return 0;
}

/* NULL, or the name of what is wrong. */
static const char *
take_record(const json_t *o, struct record *r)
{
	const json_t	*from = json_object_get(o, "from_ms");

	if (take_count(json_object_get(o, "party"), &r->party) ||
	    r->party >= STAGE_PARTIES)
		return "party";
	if (take_label(json_object_get(o, "run"), r->run))
		return "run";
	if (take_label(json_object_get(o, "step"), r->step))
		return "step";
	if (take_stage(json_object_get(o, "stage"), &r->stage))
		return "stage";
	if (take_ms(json_object_get(o, "t_ms"), 1e15, &r->to))
		return "t_ms";
	if (take_ms(json_object_get(o, "dur_ms"), LONGEST_MS, &r->a.at) ||
	    r->a.at > r->to)
		return "dur_ms";
	r->from = r->to - r->a.at;
	if (from != NULL && (take_ms(from, 1e15, &r->from) ||
	    r->from > r->to))
		return "from_ms";
	if (take_count(json_object_get(o, "tx_bytes"), &r->a.tx) ||
	    take_count(json_object_get(o, "rx_bytes"), &r->a.rx))
		return "tx_bytes or rx_bytes";
	if (take_count(json_object_get(o, "tx_msgs"), &r->a.tx_msgs) ||
	    take_count(json_object_get(o, "rx_msgs"), &r->a.rx_msgs))
		return "tx_msgs or rx_msgs";
	return take_waits(o, &r->a) ? "wait_ms or waits_ms" : NULL;
}

/* That of the record, made if it is the first. NULL with the reason. */
static struct report_step *
step_of(struct report *p, const struct record *r, char why[REPORT_WHY])
{
	struct report_step	*more, *s;

	for (size_t i = 0; i < p->n; i++) {
		s = &p->v[i];
		if (strcmp(s->run, r->run) == 0 &&
		    strcmp(s->step, r->step) == 0)
			return s;
	}
	if (p->n == REPORT_STEPS) {
		fail(why, "there are more steps than 256");
		return NULL;
	}
	more = realloc(p->v, (p->n + 1) * sizeof(*more));
	if (more == NULL) {
		fail(why, "out of memory");
		return NULL;
	}
	p->v = more;
	s = &more[p->n++];
	memset(s, 0, sizeof(*s));
	memcpy(s->run, r->run, sizeof(s->run));
	memcpy(s->step, r->step, sizeof(s->step));
	return s;
}

static int
add(struct report *p, const struct record *r, char why[REPORT_WHY])
{
	struct report_step	*s = step_of(p, r, why);
	struct stages		*g;

	if (s == NULL)
		return -1;
	g = &s->party[r->party];
	s->there[r->party] = true;
	if (g->to[r->stage] > r->to)
		return 0;
	g->v[r->stage] = r->a;
	g->from[r->stage] = r->from;
	g->to[r->stage] = r->to > 0 ? r->to : 1;
	return 0;
}

int
report_add(struct report *p, const char *line, size_t n, char why[REPORT_WHY])
{
	struct record	 r = { 0 };
	json_error_t	 e;
	json_t		*o = json_loadb(line, n, 0, &e);
	const char	*bad;
	int		 rc = -1;

	if (o == NULL) {
		snprintf(why, REPORT_WHY, "%d: %.200s", e.column, e.text);
		return -1;
	}
	bad = take_record(o, &r);
	if (bad != NULL)
		snprintf(why, REPORT_WHY, "no stage record: %s", bad);
	else
		rc = add(p, &r, why);
	json_decref(o);
	return rc;
}

static uint64_t
begin(const struct stages *s)
{
	uint64_t	 first = NEVER;

	for (int i = 0; i < STAGES; i++)
		if (s->to[i] != 0)
			first = earlier(first, s->from[i]);
	return first;
}

static uint64_t
end(const struct stages *s)
{
	uint64_t	 last = 0;

	for (int i = 0; i < STAGES; i++)
		if (s->to[i] > last)
			last = s->to[i];
	return last;
}

/* Parties of one step were there at the same time, by the same clock. */
static void
align(struct report_step *s)
{
	uint64_t	 latest = 0, soonest = NEVER, first = NEVER;

	for (int i = 0; i < STAGE_PARTIES; i++) {
		if (!s->there[i])
			continue;
		s->zero[i] = begin(&s->party[i]);
		first = earlier(first, s->zero[i]);
		soonest = earlier(soonest, end(&s->party[i]));
		if (s->zero[i] > latest)
			latest = s->zero[i];
	}
	s->apart = latest > soonest;
	for (int i = 0; i < STAGE_PARTIES && !s->apart; i++)
		s->zero[i] = first;
}

static int
by_begin(const void *a, const void *b)
{
	uint64_t	 x = NEVER, y = NEVER;

	for (int i = 0; i < STAGE_PARTIES; i++) {
		const struct report_step	*s = a, *t = b;

		x = earlier(x, begin(&s->party[i]));
		y = earlier(y, begin(&t->party[i]));
	}
	return (x > y) - (x < y);
}

void
report_done(struct report *p)
{
	for (size_t i = 0; i < p->n; i++)
		align(&p->v[i]);
	if (p->n > 1)
		qsort(p->v, p->n, sizeof(*p->v), by_begin);
}

void
report_free(struct report *p)
{
	free(p->v);
	p->v = NULL;
	p->n = 0;
}

static uint64_t
waited(const struct amounts *a)
{
	uint64_t	 sum = 0;

	for (int i = 0; i < STAGE_PARTIES; i++)
		sum += a->waited[i];
	return earlier(sum, a->at);
}

static double
ms(uint64_t us)
{
	return (double)us / MS;
}

static double
seconds(uint64_t us)
{
	return (double)us / SEC;
}

/* "  1043.120 /  488.290": in it, and of it waiting */
static void
cell(FILE *f, const struct report_step *s, int party, enum stage stage)
{
	const struct stages	*g = &s->party[party];

	if (!s->there[party])
		return;
	if (g->to[stage] == 0)
		fprintf(f, " %11s %10s", "-", "-");
	else
		fprintf(f, " %11.3f %10.3f", ms(g->v[stage].at),
		    ms(waited(&g->v[stage])));
}

static void
moved(FILE *f, const struct report_step *s, enum stage stage)
{
	uint64_t	 bytes = 0, msgs = 0;

	for (int i = 0; i < STAGE_PARTIES; i++) {
		bytes += s->party[i].v[stage].tx;
		msgs += s->party[i].v[stage].tx_msgs;
	}
	fprintf(f, " %14" PRIu64 " %9" PRIu64 "\n", bytes, msgs);
}

/* Who waited for whom, all stages together. */
static void
waits(FILE *f, const struct report_step *s)
{
	const uint64_t	*w;

	for (int i = 0; i < STAGE_PARTIES; i++)
		for (int k = 0; s->there[i] && k < STAGE_PARTIES; k++) {
			w = s->party[i].v[STAGE_TOTAL].waited;
			if (k != i && w[k] >= MS)
				fprintf(f, "party %d waited %.3f s for party "
				    "%d\n", i, seconds(w[k]), k);
		}
}

void
report_table(FILE *f, const struct report_step *s)
{
	fprintf(f, "run %s, step %s\n%-17s", *s->run != '\0' ? s->run : "-",
	    *s->step != '\0' ? s->step : "-", "stage, ms");
	for (int i = 0; i < STAGE_PARTIES; i++)
		if (s->there[i])
			fprintf(f, "     party %d    waiting", i);
	fprintf(f, " %14s %9s\n", "bytes sent", "messages");
	for (int k = 0; k < STAGES; k++) {
		fprintf(f, "%-17s", stage_name((enum stage)k));
		for (int i = 0; i < STAGE_PARTIES; i++)
			cell(f, s, i, (enum stage)k);
		moved(f, s, (enum stage)k);
	}
	waits(f, s);
	for (int i = 0; i < STAGE_PARTIES; i++)
		if (!s->there[i])
			fprintf(f, "party %d left no record\n", i);
	report_sentence(f, s);
}

static int
slowest(const struct report_step *s)
{
	uint64_t	 most = 0;
	int		 at = -1;

	for (int i = 0; i < STAGE_PARTIES; i++)
		if (s->there[i] && (at == -1 ||
		    s->party[i].v[STAGE_TOTAL].at > most)) {
			most = s->party[i].v[STAGE_TOTAL].at;
			at = i;
		}
	return at;
}

/* The dealer has little to do but wait: those who compute come first. */
static int
of_interest(const struct report_step *s)
{
	struct report_step	 others = *s;

	if (s->there[1] || s->there[2])
		others.there[0] = false;
	return slowest(&others);
}

static enum stage
dominating(const struct stages *g)
{
	int	 top = 0;

	for (int i = 1; i < STAGE_TOTAL; i++)
		if (g->v[i].at > g->v[top].at)
			top = i;
	return (enum stage)top;
}

static uint64_t
computed(const struct stages *g)
{
	uint64_t	 sum = 0;

	for (int i = 0; i < STAGE_TOTAL; i++)
		if (computing[i])
			sum += g->v[i].at;
	return sum;
}

/*
 * What the time of a stage was. Waiting for somebody who computed longer is
 * waiting; the rest of it was bytes that were on their way, as is sending.
 */
static void
split(const struct report_step *s, int party, enum stage stage,
    uint64_t part[CAUSES], int *for_whom)
{
	const struct amounts	*a = &s->party[party].v[stage];
	uint64_t		 late, more, most = 0,
				 own = computed(&s->party[party]);

	memset(part, 0, CAUSES * sizeof(*part));
	*for_whom = -1;
	for (int k = 0; k < STAGE_PARTIES; k++) {
		more = computed(&s->party[k]);
		more = more > own ? more - own : 0;
		late = meeting[stage] ? a->waited[k] :
		    earlier(a->waited[k], more);
		part[WAITING] += late;
		if (late > most) {
			most = late;
			*for_whom = k;
		}
	}
	if (stage == STAGE_CONNECT)
		part[WAITING] = a->at;
	part[WAITING] = earlier(part[WAITING], a->at);
	part[computing[stage] ? COMPUTING : TRANSPORT] =
	    a->at - part[WAITING];
}

static enum cause
largest(const uint64_t part[CAUSES])
{
	int	 top = 0;

	for (int i = 1; i < CAUSES; i++)
		if (part[i] > part[top])
			top = i;
	return (enum cause)top;
}

static unsigned
percent(uint64_t part, uint64_t of)
{
	return of == 0 ? 0 : (unsigned)((100 * part + of / 2) / of);
}

void
report_sentence(FILE *f, const struct report_step *s)
{
	int			 who = of_interest(s), whom;
	const struct stages	*g;
	uint64_t		 part[CAUSES];
	enum stage		 top;
	enum cause		 cause;

	if (who == -1)
		return;
	g = &s->party[who];
	top = dominating(g);
	split(s, who, top, part, &whom);
	cause = largest(part);
	fprintf(f, "%s dominates: %.3f of %.3f s of party %d (%u %%), %u %% "
	    "of it %s", stage_name(top), seconds(g->v[top].at),
	    seconds(g->v[STAGE_TOTAL].at), who,
	    percent(g->v[top].at, g->v[STAGE_TOTAL].at),
	    percent(part[cause], g->v[top].at), cause_name[cause]);
	if (cause == WAITING && whom != -1)
		fprintf(f, " for party %d", whom);
	if (cause == TRANSPORT && g->v[top].at > 0)
		fprintf(f, " at %.1f MiB/s both ways together",
		    (double)(g->v[top].tx + g->v[top].rx) / (1 << 20) /
		    seconds(g->v[top].at));
	fprintf(f, ".\n");
}

/* Of a picture, in its units. */
enum {
	LEFT = 190, RIGHT = 30, TOP = 70, PLOT = 900,
	LANE = 16, GAP = 26, STAGE_LANES = STAGE_TOTAL,
	PARTY = STAGE_LANES * LANE + GAP,
};

static const char *const	 color[STAGE_TOTAL] = {
	[STAGE_CONNECT] = "#7f7f7f", [STAGE_KEY_SETUP] = "#9467bd",
	[STAGE_SHARE_GENERATION] = "#8c564b", [STAGE_EXCHANGE] = "#1f77b4",
	[STAGE_AGGREGATE] = "#2ca02c", [STAGE_REVEAL] = "#ff7f0e",
	[STAGE_WRITE] = "#d62728",
};

static void
escape(FILE *f, const char *s)
{
	for (; *s != '\0'; s++)
		if (*s == '&' || *s == '<' || *s == '>' || *s == '"')
			fprintf(f, "&#%d;", *s);
		else
			putc(*s, f);
}

static uint64_t
span(const struct report_step *s)
{
	uint64_t	 last = 0;

	for (int i = 0; i < STAGE_PARTIES; i++)
		if (s->there[i] && end(&s->party[i]) - s->zero[i] > last)
			last = end(&s->party[i]) - s->zero[i];
	return last > 0 ? last : 1;
}

/*
 * Faint from the first time in the stage to the last; strong for as long as it
 * was worked in, and half as strong for as long as it was waited in.
 */
static void
bar(FILE *f, const struct report_step *s, int i, int stage, int y, uint64_t all)
{
	const struct stages	*g = &s->party[i];
	double			 scale = (double)PLOT / (double)all, x, w;
	uint64_t		 wait = waited(&g->v[stage]);

	x = LEFT + (double)(g->from[stage] - s->zero[i]) * scale;
	fprintf(f, "<rect x=\"%.2f\" y=\"%d\" width=\"%.2f\" height=\"%d\" "
	    "fill=\"%s\" opacity=\"0.15\"/>\n", x, y + 2,
	    (double)(g->to[stage] - g->from[stage]) * scale, LANE - 4,
	    color[stage]);
	w = (double)(g->v[stage].at - wait) * scale;
	fprintf(f, "<rect x=\"%.2f\" y=\"%d\" width=\"%.2f\" height=\"%d\" "
	    "fill=\"%s\"/>\n", x, y + 2, w, LANE - 4, color[stage]);
	fprintf(f, "<rect x=\"%.2f\" y=\"%d\" width=\"%.2f\" height=\"%d\" "
	    "fill=\"%s\" opacity=\"0.45\"/>\n", x + w, y + 2,
	    (double)wait * scale, LANE - 4, color[stage]);
}

static void
lane(FILE *f, const struct report_step *s, int i, int stage, int y,
    uint64_t all)
{
	const struct amounts	*a = &s->party[i].v[stage];

	fprintf(f, "<text x=\"%d\" y=\"%d\" text-anchor=\"end\">%s</text>\n",
	    LEFT - 8, y + 12, stage_name((enum stage)stage));
	if (s->party[i].to[stage] == 0)
		return;
	bar(f, s, i, stage, y, all);
	fprintf(f, "<title>%s of party %d: %.3f ms",
	    stage_name((enum stage)stage), i, ms(a->at));
	for (int k = 0; k < STAGE_PARTIES; k++)
		if (a->waited[k] > 0)
			fprintf(f, ", %.3f ms waiting for party %d",
			    ms(a->waited[k]), k);
	fprintf(f, "</title>\n");
}

static void
axis(FILE *f, int height, uint64_t all)
{
	double	 step = 1e-6;

	while (step * 10 < seconds(all))
		step *= 10;
	for (double at = 0; at <= seconds(all); at += step)
		fprintf(f, "<line x1=\"%.2f\" x2=\"%.2f\" y1=\"%d\" y2=\"%d\" "
		    "stroke=\"#ddd\"/><text x=\"%.2f\" y=\"%d\" "
		    "text-anchor=\"middle\">%g s</text>\n",
		    LEFT + at / seconds(all) * PLOT,
		    LEFT + at / seconds(all) * PLOT, TOP - 8, height,
		    LEFT + at / seconds(all) * PLOT, TOP - 14, at);
}

void
report_svg(FILE *f, const struct report_step *s)
{
	uint64_t	 all = span(s);
	int		 y = TOP, height = TOP + STAGE_PARTIES * PARTY;

	fprintf(f, "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" "
	    "height=\"%d\" font-family=\"sans-serif\" font-size=\"11\">\n"
	    "<rect width=\"100%%\" height=\"100%%\" fill=\"white\"/>\n"
	    "<text x=\"12\" y=\"20\" font-size=\"14\">", LEFT + PLOT + RIGHT,
	    height);
	escape(f, s->run);
	fprintf(f, " / ");
	escape(f, s->step);
	fprintf(f, "</text>\n<text x=\"12\" y=\"38\">");
	report_sentence(f, s);
	fprintf(f, "%s</text>\n", s->apart ? " The parties have no common "
	    "clock: each begins at 0." : "");
	axis(f, height, all);
	for (int i = 0; i < STAGE_PARTIES; i++, y += GAP) {
		fprintf(f, "<text x=\"12\" y=\"%d\" font-weight=\"bold\">"
		    "party %d</text>\n", y + 12, i);
		for (int k = 0; k < STAGE_TOTAL; k++, y += LANE) {
			fprintf(f, "<g>\n");
			lane(f, s, i, k, y, all);
			fprintf(f, "</g>\n");
		}
	}
	fprintf(f, "<text x=\"12\" y=\"54\">full: at work; half: waiting for "
	    "others; faint: from its first moment to its last</text>\n"
	    "</svg>\n");
}

static void
json_stage(FILE *f, const struct stages *g, int k)
{
	const struct amounts	*a = &g->v[k];

	fprintf(f, "{\"stage\":\"%s\",\"dur_ms\":%.3f,\"wait_ms\":%.3f,"
	    "\"waits_ms\":[%.3f,%.3f,%.3f],\"tx_bytes\":%" PRIu64
	    ",\"rx_bytes\":%" PRIu64 ",\"tx_msgs\":%" PRIu64
	    ",\"rx_msgs\":%" PRIu64 "}", stage_name((enum stage)k), ms(a->at),
	    ms(waited(a)), ms(a->waited[0]), ms(a->waited[1]),
	    ms(a->waited[2]), a->tx, a->rx, a->tx_msgs, a->rx_msgs);
}

static void
json_party(FILE *f, const struct stages *g, int i)
{
	const char	*comma = "";

	fprintf(f, "{\"party\":%d,\"stages\":[", i);
	for (int k = 0; k < STAGES; k++) {
		if (g->to[k] == 0)
			continue;
		fputs(comma, f);
		json_stage(f, g, k);
		comma = ",";
	}
	fprintf(f, "]}");
}

static void
json_text(FILE *f, const char *s)
{
	for (; *s != '\0'; s++)
		fprintf(f, *s == '"' || *s == '\\' ? "\\%c" : "%c", *s);
}

void
report_json(FILE *f, const struct report_step *s)
{
	const char	*comma = "";
	int		 who = of_interest(s), whom = -1;
	uint64_t	 part[CAUSES] = { 0 };
	enum stage	 top = STAGE_TOTAL;

	if (who != -1) {
		top = dominating(&s->party[who]);
		split(s, who, top, part, &whom);
	}
	fprintf(f, "{\"run\":\"");
	json_text(f, s->run);
	fprintf(f, "\",\"step\":\"");
	json_text(f, s->step);
	fprintf(f, "\",\"dominating\":{\"party\":%d,\"stage\":\"%s\","
	    "\"cause\":\"%s\"},\"parties\":[", who, stage_name(top),
	    cause_name[largest(part)]);
	for (int i = 0; i < STAGE_PARTIES; i++) {
		if (!s->there[i])
			continue;
		fputs(comma, f);
		json_party(f, &s->party[i], i);
		comma = ",";
	}
	fprintf(f, "]}\n");
}

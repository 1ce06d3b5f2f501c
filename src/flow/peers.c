#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/time.h"
#include "flow/peers.h"
#include "flow/progress.h"

static bool
has(people set, size_t i)
{
	return (set >> i & 1) != 0;
}

/* FNV-1a; to tell two beats of one party apart, not to resist anybody. */
static uint64_t
hash(const char *p, size_t n)
{
	uint64_t	 h = 0xcbf29ce484222325;

	while (n-- > 0)
		h = (h ^ (unsigned char)*p++) * 0x100000001b3;
	return h;
}

void
peers_init(struct peers *s, const char *run, uint64_t silence,
    const struct participant *who, size_t n, size_t me)
{
	memset(s, 0, sizeof(*s));
	s->run = run;
	s->silence = silence;
	for (size_t i = 0; i < n; i++) {
		s->p[i].email = who[i].email;
		s->p[i].changed = NEVER;
		if (i != me)
			s->all |= (people)1 << i;
	}
}

void
peers_free(struct peers *s)
{
	for (size_t i = 0; i < MAP_PEOPLE; i++)
		json_decref(s->p[i].state);
	memset(s, 0, sizeof(*s));
}

void
peers_beat(struct peers *s, size_t who, const char *text, size_t n,
    uint64_t now)
{
	struct peer	*p = &s->p[who];
	uint64_t	 h = hash(text, n);

	if (p->changed != NEVER && p->beat == h)
		return;
	p->beat = h;
	p->changed = now;
}

void
peers_state(struct peers *s, size_t who, const char *text, size_t n)
{
	json_t	*state = progress_parse(text, n);

	if (state == NULL || strcmp(progress_run(state), s->run) != 0) {
		json_decref(state);
		return;
	}
	json_decref(s->p[who].state);
	s->p[who].state = state;
}

void
peers_step(struct peers *s, size_t who, const char *text, size_t n)
{
	struct peer	*p = &s->p[who];

	if (p->state == NULL)
		p->state = progress_new(p->email, "", s->run, "");
	if (p->state != NULL)
		progress_merge(p->state, text, n);
}

people
peers_done(const struct peers *s, people set, const char *step)
{
	enum progress_status	 is;
	people			 done = 0;

	for (size_t i = 0; i < MAP_PEOPLE; i++) {
		if (!has(set, i) || s->p[i].state == NULL)
			continue;
		is = progress_step(s->p[i].state, step);
		if (is == PROGRESS_COMPLETED || is == PROGRESS_SHARED)
			done |= (people)1 << i;
	}
	return done;
}

/* When it is gone: it was there, and its run is not over. */
static uint64_t
gone_at(const struct peers *s, size_t i)
{
	const struct peer	*p = &s->p[i];

	if (!has(s->all, i) || p->changed == NEVER ||
	    (p->state != NULL && progress_over(p->state)))
		return NEVER;
	return p->changed + s->silence;
}

/* It is shown: what a party writes must not speak to the terminal. */
static void
clean(char *s)
{
	for (; *s != '\0'; s++)
		if (*s < ' ' || *s > '~')
			*s = '?';
}

static int
failed(const struct peers *s, char why[PEERS_WHY])
{
	const char	*step, *error;

	for (size_t i = 0; i < MAP_PEOPLE; i++) {
		if (!has(s->all, i) || s->p[i].state == NULL)
			continue;
		step = progress_failed(s->p[i].state, &error);
		if (step == NULL)
			continue;
		snprintf(why, PEERS_WHY, "%s failed in step '%.200s'%s%.*s",
		    s->p[i].email, step, *error != '\0' ? ": " : "",
		    PROGRESS_ERROR, error);
		return (int)i;
	}
	return MAP_NOBODY;
}

int
peers_lost(const struct peers *s, uint64_t now, char why[PEERS_WHY])
{
	const char	*step;
	int		 who = failed(s, why);

	for (size_t i = 0; who == MAP_NOBODY && i < MAP_PEOPLE; i++) {
		if (now < gone_at(s, i))
			continue;
		step = s->p[i].state != NULL ?
		    progress_current(s->p[i].state) : NULL;
		snprintf(why, PEERS_WHY, "%s is gone, nothing was heard of it "
		    "for %.3g s, in %s%.200s%s", s->p[i].email,
		    (double)(now - s->p[i].changed) / SEC, step != NULL ?
		    "step '" : "no step", step != NULL ? step : "",
		    step != NULL ? "'" : "");
		who = (int)i;
	}
	if (who != MAP_NOBODY)
		clean(why);
	return who;
}

uint64_t
peers_deadline(const struct peers *s)
{
	uint64_t	 at = NEVER;

	for (size_t i = 0; i < MAP_PEOPLE; i++)
		at = earlier(at, gone_at(s, i));
	return at;
}

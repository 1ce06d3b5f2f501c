/*
 * hotlink mpc: one of three parties that compute with secrets of two of them.
 */
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "cli/cmd.h"
#include "cli/options.h"
#include "crypto/hash.h"
#include "mpc/program.h"
#include "net/file.h"

enum {
	FILE_MAX_BYTES = 128 << 20,
	LABEL = 128,			/* of a record */
};

struct mpc {
	struct cp_setup	 setup;
	const char		*in_file, *out_file, *stages_file;
	struct program		 program;
	int64_t			*in;		/* owned */
	struct fe		*out;		/* owned, party.n elements */
	struct polys		*polys;		/* owned */
	struct rng		*rng;
	struct cp		 party;
};

static struct {
	uint64_t	 party, port_base, timeout;
	struct mpc	 mpc;
} mpc = { .timeout = 120 * SEC };

static const struct option	 options[] = {
	{ .letter = 'i', .name = "party", .arg = "0|1|2", .kind = OPT_NUMBER,
	    .help = "which one this is; 0 deals, 1 and 2 have inputs",
	    .required = true, .max = MPC_PARTIES - 1, .to = &mpc.party },
	{ .letter = 'p', .name = "port-base", .arg = "PORT",
	    .kind = OPT_NUMBER, .help = "its own, of the port plan",
	    .required = true, .min = 1, .max = 65535 - MPC_PARTIES,
	    .to = &mpc.port_base },
	{ .name = "direct", .kind = OPT_FLAG,
	    .help = "among each other, without links; one port for all",
	    .to = &mpc.mpc.setup.direct },
	{ .letter = 'm', .name = "mode", .arg = "MODE[,...]",
	    .kind = OPT_TEXT, .help = "smpc, mhe, he or mul:K",
	    .required = true, .to = &mpc.mpc.setup.modes },
	{ .name = "in", .arg = "FILE", .kind = OPT_TEXT,
	    .help = "its input, a JSON array of integers",
	    .to = &mpc.mpc.in_file },
	{ .name = "out", .arg = "FILE", .kind = OPT_TEXT,
	    .help = "where the result goes", .required = true,
	    .to = &mpc.mpc.out_file },
	{ .name = "stages", .arg = "FILE", .kind = OPT_TEXT,
	    .help = "where the times go, as lines of JSON",
	    .to = &mpc.mpc.stages_file },
	{ .name = "nodelay", .kind = OPT_FLAG,
	    .help = "send at once (TCP_NODELAY)",
	    .to = &mpc.mpc.setup.nodelay },
	{ .name = "coalesce", .kind = OPT_FLAG,
	    .help = "one write per message, not two",
	    .to = &mpc.mpc.setup.coalesce },
	{ .letter = 't', .name = "timeout", .arg = "TIME",
	    .kind = OPT_DURATION, .help = "longest wait; 120 s", .min = MS,
	    .max = 86400 * (uint64_t)SEC, .to = &mpc.timeout },
};

static const struct command	 command = {
	.name = "mpc", .help = "Compute with two parties' secrets, as one of "
	    "three.", .options = options,
	.noptions = sizeof(options) / sizeof(options[0]),
};

static int
complain(const char *what, const char *file, const char *why)
{
	fprintf(stderr, "hotlink mpc: %s%s%s: %s\n", what,
	    *what != '\0' ? " " : "", file, why);
	return STATUS_FAILED;
}

static int
take_numbers(struct mpc *m, const json_t *list)
{
	char		 why[96];
	const json_t	*v;
	size_t		 n = json_array_size(list);

	if (!json_is_array(list) || n == 0 || n > MPC_ELEMENTS) {
		snprintf(why, sizeof(why), "not an array of 1 to %d integers",
		    (int)MPC_ELEMENTS);
		return complain("--in", m->in_file, why);
	}
	m->in = calloc(n, sizeof(*m->in));
	if (m->in == NULL)
		return complain("--in", m->in_file, strerror(errno));
	for (m->setup.n = 0; m->setup.n < n; m->setup.n++) {
		v = json_array_get(list, m->setup.n);
		if (!json_is_integer(v)) {
			snprintf(why, sizeof(why), "element %zu is no "
			    "integer of 64 bits", m->setup.n);
			return complain("--in", m->in_file, why);
		}
		m->in[m->setup.n] = json_integer_value(v);
	}
	return STATUS_OK;
}

static int
read_input(struct mpc *m)
{
	char		 why[JSON_ERROR_TEXT_LENGTH + 32];
	json_error_t	 e;
	json_t		*list;
	size_t		 n;
	char		*text;
	int		 status;

	if (m->in_file == NULL)
		return options_misuse(&command, "option --in: mode %s "
		    "computes with what party %u has in a file",
		    m->setup.modes, m->setup.id);
	text = file_read(m->in_file, FILE_MAX_BYTES, &n);
	if (text == NULL)
		return complain("--in", m->in_file, strerror(errno));
	list = json_loadb(text, n, 0, &e);
	if (list == NULL) {
		snprintf(why, sizeof(why), "%d:%d: %s", e.line, e.column,
		    e.text);
		status = complain("--in", m->in_file, why);
	} else {
		status = take_numbers(m, list);
	}
	json_decref(list);
	wipe(text, n);
	free(text);
	return status;
}

/* All that needs no other party, and takes no time of the computation. */
static int
prepare(struct mpc *m)
{
	m->rng = rng_new();
	if (m->rng == NULL)
		return complain("", "random numbers", strerror(errno));
	if (m->setup.id != 0 && program_has_vectors(&m->program))
		return read_input(m);
	return STATUS_OK;
}

static int
prepare_polys(struct mpc *m)
{
	if (!program_has_polys(&m->program))
		return STATUS_OK;
	m->polys = polys_new(m->setup.id, m->rng);
	return m->polys != NULL ? STATUS_OK :
	    complain("--mode", m->setup.modes, "out of memory");
}

/* Decimal numbers, of which some may be longer than others can read. */
static char *
result_text(const struct mpc *m, size_t *size)
{
	char	 number[FE_TEXT], *text = NULL;
	FILE	*f = open_memstream(&text, size);
	bool	 bad;

	if (f == NULL)
		return NULL;
	putc('[', f);
	for (size_t i = 0; i < m->party.n; i++)
		fprintf(f, "%s%s", i > 0 ? "," : "",
		    fe_text(m->out[i], number));
	fputs("]\n", f);
	bad = ferror(f);
	if (fclose(f) == 0 && !bad)
		return text;
	free(text);
	return NULL;
}

static int
write_result(struct mpc *m)
{
	size_t	 n;
	char	*text;
	int	 rc;

	cp_stage(&m->party, STAGE_WRITE);
	text = result_text(m, &n);
	rc = text == NULL ? -1 : file_write(m->out_file, text, n, 0600);
	if (rc)
		cp_fail(&m->party, "%s: %s", m->out_file, strerror(errno));
	if (text != NULL)
		wipe(text, n);
	free(text);
	return rc;
}

static int
compute(struct mpc *m)
{
	struct cp	*p = &m->party;

	if (cp_open(p, &m->setup, m->rng))
		return -1;
	m->out = calloc(p->n + 1, sizeof(*m->out));
	if (m->out == NULL)
		return cp_fail(p, "no memory for %zu elements", p->n);
	if (program_run(&m->program, p, m->polys, m->in, m->out))
		return -1;
	return write_result(m);
}

/* Names others gave, of which only what is plain in JSON is kept. */
static const char *
label(const char *variable, char text[LABEL])
{
	const char	*s = getenv(variable);

	snprintf(text, LABEL, "%s", s != NULL ? s : "");
	for (char *c = text; *c != '\0'; c++)
		if (*c < ' ' || *c > '~' || *c == '"' || *c == '\\')
			*c = '_';
	return text;
}

static int
write_stages(const struct mpc *m)
{
	char			 run[LABEL], step[LABEL], *text = NULL;
	struct stage_owner	 who = { .party = m->setup.id };
	size_t			 n;
	FILE			*f = open_memstream(&text, &n);
	int			 rc = -1;

	if (f == NULL)
		return complain("--stages", m->stages_file, strerror(errno));
	who.run = label("BIOVAULT_FLOW_RUN_ID", run);
	who.step = label("BV_STEP_ID", step);
	for (int i = 0; i < STAGES; i++)
		stages_record(f, &m->party.stages, (enum stage)i, &who);
	if (fclose(f) == 0)
		rc = file_write(m->stages_file, text, n, 0600);
	free(text);
	return rc == 0 ? STATUS_OK :
	    complain("--stages", m->stages_file, strerror(errno));
}

static void
print_links(const struct cp *p)
{
	const struct cp_link	*l;
	struct wire_stats	 st;

	for (unsigned i = 0; i < MPC_PARTIES; i++) {
		l = &p->link[i];
		if (i == p->setup.id)
			continue;
		wires_stats(p->wires, i, &st);
		printf("party %u: %" PRIu64 " messages, %" PRIu64 " bytes "
		    "sent; %" PRIu64 " messages, %" PRIu64 " bytes received; "
		    "%" PRIu64 " turns; waited %.3f s\n", i, l->tx_msgs,
		    st.tx, l->rx_msgs, st.rx, l->turns,
		    (double)st.waited / SEC);
	}
}

/* Times are told of what failed, too: they say where it hung. */
static int
report(struct mpc *m, int rc)
{
	char	 why[MPC_WHY];
	int	 status = STATUS_OK;

	if (rc) {
		fprintf(stderr, "hotlink mpc: party %u: %s\n", m->setup.id,
		    cp_why(&m->party, why));
		status = STATUS_FAILED;
	}
	if (m->party.wires == NULL)
		return status;
	cp_stage(&m->party, STAGE_TOTAL);
	print_links(&m->party);
	stages_table(stdout, &m->party.stages);
	if (m->stages_file != NULL && write_stages(m) != STATUS_OK)
		status = STATUS_FAILED;
	return status;
}

static void
clear(struct mpc *m)
{
	if (m->in != NULL)
		wipe(m->in, m->setup.n * sizeof(*m->in));
	free(m->in);
	if (m->out != NULL)
		wipe(m->out, m->party.n * sizeof(*m->out));
	free(m->out);
	polys_free(m->polys);
	cp_close(&m->party);
	rng_free(m->rng);
}

int
cmd_mpc(int argc, char **argv)
{
	struct mpc	*m = &mpc.mpc;
	int		 status = options_parse(&command, &argc, argv);

	if (status != OPTIONS_RUN)
		return status;
	if (program_parse(&m->program, m->setup.modes))
		return options_misuse(&command, "option --mode: '%s' is not "
		    "smpc, mhe, he, mul:K, or %d of them with commas",
		    m->setup.modes, (int)PROGRAM_MODES);
	m->setup.id = (unsigned)mpc.party;
	m->setup.port_base = (uint16_t)mpc.port_base;
	m->setup.patience = mpc.timeout;
	status = prepare(m);
	if (status == STATUS_OK)
		status = prepare_polys(m);
	if (status == STATUS_OK)
		status = report(m, compute(m));
	clear(m);
	return status;
}

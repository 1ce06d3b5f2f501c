/*
 * Every setting is merged by one function, which also notes it for the line
 * that tells the operator what counts and why.
 */

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/time.h"
#include "cli/cmd.h"
#include "cli/settings.h"
#include "net/file.h"

#define FROM_FILE	"config file"
#define FROM_DEFAULT	"default"

struct merge {
	struct settings			*s;
	const struct agent_options	*o;
	const struct env_io		*io;
	bool				 named;	/* -c, or its variable */
};

static int
misuse(const struct merge *m, const char *fmt, ...)
    __attribute__((__format__(__printf__, 2, 3)));

static int
misuse(const struct merge *m, const char *fmt, ...)
{
	char	 line[512];
	va_list	 ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	m->io->say(m->io->arg, true, line);
	return STATUS_MISUSE;
}

static void
note(struct settings *s, const char *name, const char *source,
    const char *fmt, ...) __attribute__((__format__(__printf__, 4, 5)));

static void
note(struct settings *s, const char *name, const char *source,
    const char *fmt, ...)
{
	char	 value[SETTINGS_LIST];
	size_t	 n = strlen(s->line);
	va_list	 ap;

	va_start(ap, fmt);
	vsnprintf(value, sizeof(value), fmt, ap);
	va_end(ap);
	snprintf(s->line + n, sizeof(s->line) - n, "%s%s=%s (%s)",
	    n > 0 ? ", " : "", name, value,
	    source != NULL ? source : FROM_DEFAULT);
}

/* config.json */

/* -1: go on without it, as is right for a file that nobody named. */
static int
load_config(struct merge *m, const char *path)
{
	const char	*why;
	char		*text;
	size_t		 n;
	int		 ok;

	text = file_read(path, CONFIG_MAX, &n);
	if (text == NULL && errno == ENOENT && !m->named)
		return -1;
	if (text == NULL && m->named) {
		log_err("config file %s", path);
		return STATUS_FAILED;
	}
	if (text == NULL) {
		log_warn("config file %s", path);
		return -1;
	}
	ok = config_parse(&m->s->config, text, n, &why);
	free(text);
	if (ok == -1 && m->named) {
		log_errx("config file %s: %s", path, why);
		return STATUS_FAILED;
	}
	if (ok == -1) {
		log_warnx("config file %s: %s", path, why);
		config_init(&m->s->config, m->io);
		return -1;
	}
	snprintf(m->s->config_file, sizeof(m->s->config_file), "%s", path);
	return STATUS_OK;
}

static int
find_config(struct merge *m)
{
	char		 paths[CONFIG_CANDIDATES][CONFIG_PATH];
	const char	*variable = m->io->get(m->io->arg,
			    "SYFTBOX_CONFIG_PATH");
	size_t		 n = config_paths(m->o->config, m->io, paths);
	int		 status = -1;

	if (m->o->config != NULL && strlen(m->o->config) >= CONFIG_PATH)
		return misuse(m, "--config: too long");
	if (m->o->config == NULL && variable != NULL &&
	    strlen(variable) >= CONFIG_PATH)
		return misuse(m, "SYFTBOX_CONFIG_PATH: too long");
	m->named = m->o->config != NULL || (variable != NULL &&
	    *variable != '\0');
	for (size_t i = 0; i < n && status == -1; i++)
		status = load_config(m, paths[i]);
	if (status > STATUS_OK)
		return status;
	note(m->s, "config", m->o->config != NULL ? "--config" : m->named ?
	    "SYFTBOX_CONFIG_PATH" : NULL, "%s", status == STATUS_OK ?
	    m->s->config_file : "none");
	return config_env(&m->s->config, m->io) == 0 ? STATUS_OK :
	    STATUS_MISUSE;
}

/* An option, or what the environment or else the file gave. */
static struct said
choose(const char *option, const char *name, const char *value,
    const char *source)
{
	struct said	 s = { option, name };

	if (option != NULL)
		return s;
	s.value = value[0] != '\0' ? value : NULL;
	s.source = source;
	return s;
}

/* The defaults that the file's format has count if there is a file. */
static struct said
choose_party(const struct merge *m, const char *option, const char *name,
    const char *value, enum config_id id)
{
	const char	*source = m->s->config.source[id];

	if (source == NULL)
		source = "config file's default";
	if (m->s->config.source[id] == NULL && m->s->config_file[0] == '\0')
		value = "";
	return choose(option, name, value, source);
}

static int
merge_party(struct merge *m)
{
	struct settings			*s = m->s;
	const struct agent_options	*o = m->o;
	char				 email[EMAIL_MAX + 1];

	s->server = choose_party(m, o->server, "--server",
	    s->config.server_url, CONFIG_SERVER_URL);
	s->user = choose_party(m, o->user, "--user", s->config.email,
	    CONFIG_EMAIL);
	s->data_dir = choose_party(m, o->data_dir, "--data-dir",
	    s->config.data_dir, CONFIG_DATA_DIR);
	if (s->server.value == NULL)
		return misuse(m, "the relay is missing: give -s, "
		    "SYFTBOX_SERVER_URL or a config file");
	if (s->user.value == NULL)
		return misuse(m, "the party is missing: give -u, "
		    "SYFTBOX_EMAIL or a config file");
	if (s->data_dir.value == NULL)
		return misuse(m, "the directory that holds datasites is "
		    "missing: give -d, SYFTBOX_DATA_DIR or a config file");
	note(s, "server", s->server.source, "%s", s->server.value);
	snprintf(email, sizeof(email), "%s", s->user.value);
	email_lower(email);
	note(s, "user", s->user.source, "%s", email);
	note(s, "data-dir", s->data_dir.source, "%s", s->data_dir.value);
	return STATUS_OK;
}

/* Tokens */

static bool
from_file(const struct merge *m, enum config_id id)
{
	const char	*source = m->s->config.source[id];

	return source == NULL || strcmp(source, FROM_FILE) == 0;
}

/*
 * A file that nobody named was found by chance: its tokens are for the server
 * and the user it names, and are shown to no other.
 */
static bool
tokens_fit(const struct merge *m)
{
	return m->named || (m->o->server == NULL && m->o->user == NULL &&
	    from_file(m, CONFIG_SERVER_URL) && from_file(m, CONFIG_EMAIL));
}

static struct said
choose_token(const struct merge *m, const char *value, enum config_id id)
{
	if (from_file(m, id) && !tokens_fit(m))
		value = "";
	return choose(NULL, NULL, value, m->s->config.source[id]);
}

static int
merge_tokens(struct merge *m)
{
	struct settings	*s = m->s;
	bool		 by_option = m->o->token_file != NULL;

	s->access = choose_token(m, s->config.access_token,
	    CONFIG_ACCESS_TOKEN);
	s->refresh = choose_token(m, s->config.refresh_token,
	    CONFIG_REFRESH_TOKEN);
	s->keep = s->refresh.value != NULL &&
	    from_file(m, CONFIG_REFRESH_TOKEN);
	note(s, "token", by_option ? "--token-file" : s->access.source, "%s",
	    by_option || s->access.value != NULL ? "set" : "none");
	note(s, "refresh-token", s->refresh.source, "%s",
	    s->refresh.value != NULL ? "set" : "none");
	return STATUS_OK;
}

/* Mode, transport, dialect */

static int
merge_mode(struct merge *m)
{
	static const char *const	 mode[] = {
		[MODE_NORMAL] = "normal", [MODE_P2P_ONLY] = "p2p-only",
		[MODE_STRICT] = "strict",
	};
	static const char *const	 transport[] = {
		[TRANSPORT_AUTO] = "auto", [TRANSPORT_P2P] = "p2p",
		[TRANSPORT_WS] = "ws",
	};
	const struct env_value		*v = m->s->env.v;
	struct settings			*s = m->s;
	const char			*source = NULL;

	s->transport = (enum transport)m->o->transport;
	if (m->o->strict || v[ENV_STRICT].on) {
		s->mode = MODE_STRICT;
		source = m->o->strict ? "--strict" : v[ENV_STRICT].source;
	} else if (m->o->p2p_only || s->transport == TRANSPORT_P2P) {
		s->mode = MODE_P2P_ONLY;
		source = m->o->p2p_only ? "--p2p-only" : "--transport";
	} else if (v[ENV_P2P_ONLY].on) {
		s->mode = MODE_P2P_ONLY;
		source = v[ENV_P2P_ONLY].source;
	} else {
		s->mode = MODE_NORMAL;
		source = v[ENV_P2P_ONLY].source != NULL ?
		    v[ENV_P2P_ONLY].source : v[ENV_STRICT].source;
	}
	note(s, "mode", source, "%s", mode[s->mode]);
	note(s, "transport", m->o->transport_given ? "--transport" : NULL,
	    "%s", transport[s->transport]);
	s->dialect1 = v[ENV_DIALECT].on;
	note(s, "dialect", v[ENV_DIALECT].source, "%d", s->dialect1);
	s->verbose = m->o->verbose || v[ENV_DEBUG].on;
	note(s, "debug", m->o->verbose ? "--verbose" : v[ENV_DEBUG].source,
	    "%s", s->verbose ? "on" : "off");
	return STATUS_OK;
}

/* Addresses and numbers */

/* An IPv6 address may be in brackets, as the daemon needs it. 0 or -1. */
static int
parse_ip(struct addr *a, const char *text)
{
	char	 bare[ADDR_TEXT];
	size_t	 n = strlen(text);

	if (n < 2 || text[0] != '[' || text[n - 1] != ']')
		return addr_parse_ip(a, text);
	if (n - 2 >= sizeof(bare))
		return -1;
	memcpy(bare, text + 1, n - 2);
	bare[n - 2] = '\0';
	return addr_parse_ip(a, bare);
}

static int
merge_local(struct merge *m)
{
	const struct agent_options	*o = m->o;
	const struct env_value		*v = &m->s->env.v[ENV_TCP_BIND];
	struct said			 at = { o->tcp_bind, "--tcp-bind" };
	char				 text[ADDR_TEXT];

	if (o->tcp_bind == NULL)
		at = (struct said){ v->text, v->source };
	if (parse_ip(&m->s->tcp_bind, at.value) == -1)
		return misuse(m, "%s %s: not a numeric address without a port",
		    at.source, at.value);
	note(m->s, "tcp-bind", at.source, "%s",
	    addr_ip_text(&m->s->tcp_bind, text));
	note(m->s, "connect-timeout", o->timeout_given ? "--connect-timeout" :
	    NULL, "%g s", (double)o->connect_timeout / SEC);
	if (o->udp_port == 0)
		note(m->s, "udp-port", o->port_given ? "--udp-port" : NULL,
		    "any");
	else
		note(m->s, "udp-port", "--udp-port", "%u",
		    (unsigned)o->udp_port);
	note(m->s, "link-window", o->window_given ? "--link-window" : NULL,
	    "%llu", (unsigned long long)o->window);
	note(m->s, "memory", o->memory_given ? "--memory" : NULL, "%llu",
	    (unsigned long long)o->memory);
	if (o->mtu_given)
		note(m->s, "mtu", "--mtu", "%llu", (unsigned long long)o->mtu);
	return STATUS_OK;
}

static void
note_env(struct settings *s, enum env_id id)
{
	char	 text[64];

	note(s, env_name(id), s->env.v[id].source, "%s",
	    env_text(&s->env, id, text, sizeof(text)));
}

static int
merge_numbers(struct merge *m)
{
	struct settings		*s = m->s;
	const struct env_value	*v = s->env.v;

	s->chunk = (size_t)v[ENV_CHUNK_SIZE].number;
	s->stall = v[ENV_BACKPRESSURE_MS].number * MS;
	s->grace = v[ENV_FALLBACK_GRACE_MS].number * MS;
	note_env(s, ENV_CHUNK_SIZE);
	note_env(s, ENV_BACKPRESSURE_MS);
	note_env(s, ENV_FALLBACK_GRACE_MS);
	if (v[ENV_BUFFERED_HIGH].source == NULL) {
		note_env(s, ENV_BUFFERED_HIGH);
		return STATUS_OK;
	}
	/* Nothing at all would never move: one frame at a time. */
	s->high = (size_t)v[ENV_BUFFERED_HIGH].number;
	if (s->high == 0)
		s->high = s->chunk;
	note(s, env_name(ENV_BUFFERED_HIGH), v[ENV_BUFFERED_HIGH].source,
	    "%zu", s->high);
	return STATUS_OK;
}

/* ICE */

static bool
is_off(const char *s)
{
	return *s == '\0' || strcmp(s, "0") == 0 || strcmp(s, "off") == 0 ||
	    strcmp(s, "disabled") == 0;
}

static int
join(struct merge *m)
{
	const struct option_list	*l = &m->o->ice;
	char				*to = m->s->ice_list;
	size_t				 n = 0;

	for (size_t i = 0; i < l->n; i++) {
		n += (size_t)snprintf(to + n, SETTINGS_LIST - n, "%s%s",
		    i > 0 ? "," : "", l->v[i]);
		if (n >= SETTINGS_LIST)
			return misuse(m, "--ice-server: too many");
	}
	m->s->ice_servers = to;
	return STATUS_OK;
}

/* The password may still come from a file, which is not read here. */
static void
merge_turn(struct merge *m)
{
	const struct env_value	*v = m->s->env.v;
	const char		*user = m->o->turn_user;

	m->s->turn_user = user != NULL ? user :
	    v[ENV_TURN_USER].source != NULL ? v[ENV_TURN_USER].text : NULL;
	m->s->turn_pass = v[ENV_TURN_PASS].source != NULL ?
	    v[ENV_TURN_PASS].text : NULL;
	note(m->s, "turn-user", user != NULL ? "--turn-user" :
	    v[ENV_TURN_USER].source, "%s", m->s->turn_user != NULL ?
	    m->s->turn_user : "the relay's");
}

/* An empty list that somebody gave is a list: no servers. */
static int
merge_ice(struct merge *m)
{
	struct settings		*s = m->s;
	const struct env_value	*v = s->env.v;
	const char		*source = "the relay";
	int			 status = STATUS_OK;

	if (m->o->ice.n > 0) {
		source = "--ice-server";
		status = join(m);
	} else if (v[ENV_ICE_SERVERS].source != NULL) {
		source = v[ENV_ICE_SERVERS].source;
		s->ice_servers = v[ENV_ICE_SERVERS].text;
	} else if (v[ENV_STUN_SERVER].source != NULL) {
		source = v[ENV_STUN_SERVER].source;
		s->ice_servers = is_off(v[ENV_STUN_SERVER].text) ? "" :
		    v[ENV_STUN_SERVER].text;
	}
	if (status != STATUS_OK)
		return status;
	merge_turn(m);
	note(s, "ice-servers", source, "%s", s->ice_servers == NULL ?
	    "its list" : s->ice_servers[0] == '\0' ? "none" : s->ice_servers);
	note(s, "ice-lite", m->o->lite ? "--ice-lite" : NULL, "%s",
	    m->o->lite ? "on" : "off");
	return STATUS_OK;
}

/* A list that an option was given again and again for. */
static void
note_list(struct settings *s, const char *name, const char *option,
    const struct option_list *l, const char *none)
{
	char	 text[SETTINGS_LIST] = "";
	size_t	 n = 0;

	for (size_t i = 0; i < l->n && n < sizeof(text); i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%s",
		    i > 0 ? " " : "", l->v[i]);
	if (l->n > 0 || none != NULL)
		note(s, name, l->n > 0 ? option : NULL, "%s",
		    l->n > 0 ? text : none);
}

static int
merge_rest(struct merge *m)
{
	const struct agent_options	*o = m->o;

	note_list(m->s, "bind", "--bind", &o->bind,
	    o->interfaces.n > 0 ? NULL : "every interface");
	note_list(m->s, "interface", "--interface", &o->interfaces, NULL);
	note_list(m->s, "exclude-interface", "--exclude-interface",
	    &o->no_interfaces, NULL);
	note_list(m->s, "external-ip", "--external-ip", &o->external, NULL);
	note(m->s, "key", o->key != NULL ? "--key" : NULL, "%s",
	    o->key != NULL ? o->key : "fresh");
	note(m->s, "trust", o->pin != NULL ? "--pin" : o->ca != NULL ?
	    "--ca" : NULL, "%s", o->pin != NULL ? o->pin : o->ca != NULL ?
	    o->ca : "system");
	return STATUS_OK;
}

static int
check_switch(struct merge *m)
{
	const struct env_value	*v = &m->s->env.v[ENV_HOTLINK];

	if (v->on)
		return STATUS_OK;
	log_errx("%s is off: the agent does not start", v->source);
	return STATUS_FAILED;
}

/* For who measures, and looks whether it counts. */
static int
note_ways(struct merge *m)
{
	static const enum env_id	 ids[] = { ENV_AEAD, ENV_CC };

	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++)
		if (m->s->env.v[ids[i]].source != NULL)
			note_env(m->s, ids[i]);
	return STATUS_OK;
}

const char *
settings_origin(const struct settings *s, const struct said *v,
    const char *key, char *buf, size_t cap)
{
	if (strcmp(v->source, FROM_FILE) != 0)
		return v->source;
	snprintf(buf, cap, "config file %s: %s", s->config_file, key);
	return buf;
}

int
settings_read(struct settings *s, const struct agent_options *o,
    const struct env_io *env)
{
	static int	(*const part[])(struct merge *) = {
		check_switch, find_config, merge_party, merge_tokens,
		merge_mode, merge_local, merge_numbers, merge_ice, merge_rest,
		note_ways,
	};
	struct env_io	 io = *env;
	struct merge	 m = { .s = s, .o = o, .io = &io };
	int		 status = STATUS_OK;

	io.strict = o->strict;
	memset(s, 0, sizeof(*s));
	config_init(&s->config, &io);
	if (env_read(&s->env, &io) == -1)
		return STATUS_MISUSE;
	for (size_t i = 0; status == STATUS_OK &&
	    i < sizeof(part) / sizeof(part[0]); i++)
		status = part[i](&m);
	return status;
}

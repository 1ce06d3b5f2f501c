/* hotlink agent: its options, checked, and the agent made of them. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/agent.h"
#include "base/hex.h"
#include "base/log.h"
#include "base/time.h"
#include "cli/cmd.h"
#include "cli/identity.h"
#include "cli/options.h"
#include "cli/settings.h"
#include "crypto/cert.h"
#include "crypto/hash.h"
#include "crypto/rng.h"
#include "crypto/tls.h"
#include "net/file.h"
#include "net/udp.h"
#include "rpc/box.h"

#define SYSTEM_TRUST	"/etc/ssl/certs/ca-certificates.crt"

enum {
	CONNECT_TIMEOUT = 10 * SEC,
	/* Of a program for messages: the links wait for it meanwhile. */
	CMD_TIMEOUT = 2 * SEC,
	MTU_MIN = 576,			/* room for a packet of SCTP */
};

static struct agent_options	 args = {
	.connect_timeout = CONNECT_TIMEOUT, .window = 4 << 20,
	.memory = 32 << 20,
};

static const char *const	 transports[] = { "auto", "p2p", "ws", NULL };

static const struct option	 options[] = {
	{ .letter = 's', .name = "server", .arg = "URL", .kind = OPT_TEXT,
	    .help = "the relay: http(s):// or ws(s)://", .to = &args.server },
	{ .letter = 'u', .name = "user", .arg = "EMAIL", .kind = OPT_TEXT,
	    .help = "the local party", .to = &args.user },
	{ .letter = 'd', .name = "data-dir", .arg = "DIR", .kind = OPT_TEXT,
	    .help = "the directory that holds datasites",
	    .to = &args.data_dir },
	{ .letter = 'c', .name = "config", .arg = "FILE", .kind = OPT_TEXT,
	    .help = "a config.json for what no option gives",
	    .to = &args.config },
	{ .name = "token-file", .arg = "FILE", .kind = OPT_TEXT,
	    .help = "the bearer token for the relay", .to = &args.token_file },
	{ .name = "ca", .arg = "FILE", .kind = OPT_TEXT,
	    .help = "trust these certificates for the relay", .to = &args.ca },
	{ .name = "pin", .arg = "SHA256", .kind = OPT_TEXT,
	    .help = "know the relay by its key alone", .to = &args.pin },
	{ .name = "key", .arg = "FILE", .kind = OPT_TEXT,
	    .help = "keep the identity key there", .to = &args.key },
	{ .name = "strict", .kind = OPT_FLAG,
	    .help = "reset a link rather than use the relay",
	    .to = &args.strict },
	{ .name = "p2p-only", .kind = OPT_FLAG,
	    .help = "never fall back to the relay", .to = &args.p2p_only },
	{ .name = "transport", .arg = "KIND", .kind = OPT_CHOICE,
	    .help = "auto, p2p or ws", .choices = transports,
	    .to = &args.transport, .given = &args.transport_given },
	{ .name = "connect-timeout", .arg = "S", .kind = OPT_DURATION,
	    .help = "how long bytes wait for a path in strict mode (10)",
	    .min = 100 * MS, .max = 3600ull * SEC,
	    .to = &args.connect_timeout, .given = &args.timeout_given },
	{ .name = "ice-server", .arg = "URL", .kind = OPT_LIST,
	    .help = "stun:host[:port], turn:...; repeatable", .to = &args.ice },
	{ .name = "turn-user", .arg = "USER", .kind = OPT_TEXT,
	    .help = "for TURN servers", .to = &args.turn_user },
	{ .name = "turn-pass-file", .arg = "FILE", .kind = OPT_TEXT,
	    .help = "and the password", .to = &args.turn_pass_file },
	{ .name = "ice-lite", .kind = OPT_FLAG,
	    .help = "answer checks, send none: a public address",
	    .to = &args.lite },
	{ .name = "udp-port", .arg = "N", .kind = OPT_NUMBER,
	    .help = "of all direct paths (any)", .min = 0, .max = 65535,
	    .to = &args.udp_port, .given = &args.port_given },
	{ .name = "bind", .arg = "ADDR", .kind = OPT_LIST,
	    .help = "offer exactly this address; repeatable",
	    .to = &args.bind },
	{ .name = "interface", .arg = "NAME", .kind = OPT_LIST,
	    .help = "offer its addresses, no others; repeatable",
	    .to = &args.interfaces },
	{ .name = "exclude-interface", .arg = "NAME", .kind = OPT_LIST,
	    .help = "never offer its addresses; repeatable",
	    .to = &args.no_interfaces },
	{ .name = "external-ip", .arg = "PUBLIC/PRIVATE", .kind = OPT_LIST,
	    .help = "1:1 NAT: offer the one for the other; repeatable",
	    .to = &args.external },
	{ .name = "tcp-bind", .arg = "ADDR", .kind = OPT_TEXT,
	    .help = "where local ports listen (127.0.0.1)",
	    .to = &args.tcp_bind },
	{ .name = "link-window", .arg = "SIZE", .kind = OPT_SIZE,
	    .help = "bytes under way per link and direction (4M)",
	    .min = 64 << 10, .max = 256 << 20, .to = &args.window,
	    .given = &args.window_given },
	{ .name = "memory", .arg = "SIZE", .kind = OPT_SIZE,
	    .help = "for all links together (32M)", .min = 1 << 20,
	    .max = 4ull << 30, .to = &args.memory,
	    .given = &args.memory_given },
	{ .name = "mtu", .arg = "N", .kind = OPT_NUMBER,
	    .help = "bytes of a UDP payload (what the path carries)",
	    .min = MTU_MIN, .max = PEER_MTU_MOST, .to = &args.mtu,
	    .given = &args.mtu_given },
	{ .name = "messages", .kind = OPT_FLAG,
	    .help = "receive and answer messages, as msg sync --watch",
	    .to = &args.messages },
	{ .name = "spool", .arg = "DIR", .kind = OPT_TEXT,
	    .help = "and keep them there (messages below data-dir)",
	    .to = &args.spool },
	{ .name = "encrypt-cmd", .arg = "CMD", .kind = OPT_TEXT,
	    .help = "reads plain text, writes an envelope",
	    .to = &args.encrypt },
	{ .name = "decrypt-cmd", .arg = "CMD", .kind = OPT_TEXT,
	    .help = "reads an envelope, writes its plain text",
	    .to = &args.decrypt },
	{ .letter = 'v', .name = "verbose", .kind = OPT_FLAG,
	    .help = "log more", .to = &args.verbose },
};

static const struct command	 command = {
	.name = "agent", .help = "run one party's end of its links",
	.options = options, .noptions = sizeof(options) / sizeof(options[0]),
};

/* What the conf points to and main ends with. */
struct holds {
	struct settings		 settings;
	struct rng		*rng;
	struct cert		*cert;
	struct tls_trust	*trust;
	struct tls_client_conf	 tls;
	uint8_t			 pin[32];
	char			 email[EMAIL_MAX + 1];
	char			 root[4096];
	struct box		 box;
	char			 spool[4096];
	char			*token, *turn_pass;
};

static bool
is_mine(const struct addr *ip)
{
	struct addr	 mine[256];
	size_t		 n = net_addresses(NULL, mine, 256);

	/* All of 127/8 is. */
	return addr_ip_among(ip, mine, n) || addr_is_loopback(ip);
}

static int
set_bind(struct agent_conf *c, struct holds *h)
{
	(void)h;
	if (args.bind.n > AGENT_HOSTS)
		return options_misuse(&command, "--bind: more than %d",
		    AGENT_HOSTS);
	for (size_t i = 0; i < args.bind.n; i++)
		if (addr_parse_ip(&c->bind[c->nbind++], args.bind.v[i]) == -1)
			return options_misuse(&command,
			    "--bind %s: not a numeric address",
			    args.bind.v[i]);
	for (size_t i = 0; i < args.bind.n; i++)
		if (!is_mine(&c->bind[i]))
			log_warnx("--bind %s: no address of this host",
			    args.bind.v[i]);
	return OPTIONS_RUN;
}

/*
 * An interface that is not there may come, and a list of exclusions is written
 * for many hosts: so it is said and no more.
 */
static void
say_missing(const char *option, const struct option_list *l)
{
	for (size_t i = 0; i < l->n; i++)
		if (!net_has_interface(l->v[i]))
			log_warnx("--%s %s: there is no such interface",
			    option, l->v[i]);
}

static int
set_interfaces(struct agent_conf *c, struct holds *h)
{
	const struct option_list	*only = &args.interfaces;
	const struct option_list	*never = &args.no_interfaces;

	(void)h;
	if (args.bind.n > 0 && only->n + never->n > 0)
		return options_misuse(&command, "--bind names addresses, so "
		    "--%sinterface says nothing more: give one of the two",
		    only->n > 0 ? "" : "exclude-");
	c->interfaces = (struct net_filter){
		.only = only->v, .nonly = only->n,
		.never = never->v, .nnever = never->n,
	};
	say_missing("interface", only);
	say_missing("exclude-interface", never);
	return OPTIONS_RUN;
}

static bool
is_host(const struct addr *a)
{
	return !addr_is_any(a) && !addr_is_group(a) && !addr_is_linklocal(a);
}

/* What is wrong with "PUBLIC/PRIVATE"; NULL: nothing, it is in nat. */
static const char *
parse_external(struct ice_nat *nat, const char *text)
{
	const char	*slash = strchr(text, '/');
	char		 ip[ADDR_TEXT];
	size_t		 n = slash != NULL ? (size_t)(slash - text) : 0;

	if (n == 0 || n >= sizeof(ip))
		return "not PUBLIC/PRIVATE";
	memcpy(ip, text, n);
	ip[n] = '\0';
	memset(nat, 0, sizeof(*nat));
	if (addr_parse_ip(&nat->outside, ip) == -1)
		return "PUBLIC is no numeric address";
	if (addr_parse_ip(&nat->inside, slash + 1) == -1)
		return "PRIVATE is no numeric address";
	if (nat->outside.family != nat->inside.family)
		return "one is of IPv4, the other of IPv6";
	if (addr_same_ip(&nat->outside, &nat->inside))
		return "both are the same";
	if (!is_host(&nat->outside) || !is_host(&nat->inside))
		return "not the addresses of one host each";
	return NULL;
}

static int
set_external(struct agent_conf *c, struct holds *h)
{
	const char	*text, *why;
	struct ice_nat	*nat;

	(void)h;
	if (args.external.n > AGENT_HOSTS)
		return options_misuse(&command, "--external-ip: more than %d",
		    AGENT_HOSTS);
	for (size_t i = 0; i < args.external.n; i++) {
		text = args.external.v[i];
		nat = &c->nat[c->nnat];
		why = parse_external(nat, text);
		for (size_t k = 0; why == NULL && k < c->nnat; k++)
			if (addr_same_ip(&c->nat[k].inside, &nat->inside))
				why = "PRIVATE has another PUBLIC already";
		if (why != NULL)
			return options_misuse(&command, "--external-ip %s: %s",
			    text, why);
		c->nnat++;
	}
	for (size_t i = 0; i < c->nnat; i++)
		if (!is_mine(&c->nat[i].inside))
			log_warnx("--external-ip %s: PRIVATE is no address of "
			    "this host", args.external.v[i]);
	return OPTIONS_RUN;
}

static int
set_party(struct agent_conf *c, struct holds *h)
{
	const struct settings	*s = &h->settings;
	const char		*why;
	char			 from[CONFIG_PATH + 64];

	if (url_parse(&c->server, s->server.value, &why) == -1)
		return options_misuse(&command, "%s %s: %s",
		    settings_origin(s, &s->server, "server_url", from,
		    sizeof(from)), s->server.value, why);
	if (!email_valid(s->user.value))
		return options_misuse(&command, "%s %s: not an email",
		    settings_origin(s, &s->user, "email", from, sizeof(from)),
		    s->user.value);
	snprintf(h->email, sizeof(h->email), "%s", s->user.value);
	email_lower(h->email);
	c->email = h->email;
	if ((size_t)snprintf(h->root, sizeof(h->root), "%s/datasites",
	    s->data_dir.value) >= sizeof(h->root))
		return options_misuse(&command, "%s: too long",
		    s->data_dir.source);
	c->root = h->root;
	return OPTIONS_RUN;
}

static int
set_messages(struct agent_conf *c, struct holds *h)
{
	const struct settings	*s = &h->settings;

	if (!args.messages)
		return args.spool == NULL && args.encrypt == NULL &&
		    args.decrypt == NULL ? OPTIONS_RUN :
		    options_misuse(&command, "--spool, --encrypt-cmd and "
		    "--decrypt-cmd are for --messages");
	h->box = (struct box){
		.data_dir = s->data_dir.value, .me = h->email,
		.app = "biovault", .endpoint = "message",
		.encrypt = args.encrypt, .decrypt = args.decrypt,
		.timeout = CMD_TIMEOUT,
	};
	if ((size_t)snprintf(h->spool, sizeof(h->spool), "%s/messages",
	    s->data_dir.value) >= sizeof(h->spool))
		return options_misuse(&command, "%s: too long",
		    s->data_dir.source);
	c->messages = &h->box;
	c->spool = args.spool != NULL ? args.spool : h->spool;
	return OPTIONS_RUN;
}

/* For the relay, if its key is not known, and TURN servers over TLS. */
static bool
needs_trust(const struct agent_conf *c, const struct holds *h)
{
	const char	*ice = h->settings.ice_servers;

	return (c->server.tls && args.pin == NULL) ||
	    (ice != NULL && strstr(ice, "turns:") != NULL);
}

/* How the relay is known, and read even if nothing asks by TLS yet. */
static int
set_tls(struct agent_conf *c, struct holds *h)
{
	const char	*file = args.ca != NULL ? args.ca : SYSTEM_TRUST;
	char		*pem;
	size_t		 n;

	if (args.pin != NULL && hex_decode(h->pin, sizeof(h->pin), args.pin,
	    strlen(args.pin)) == -1)
		return options_misuse(&command,
		    "--pin %s: not 64 hexadecimal digits", args.pin);
	c->tls = &h->tls;
	if (args.pin != NULL)
		h->tls.pin = h->pin;
	if (args.ca == NULL && !needs_trust(c, h))
		return OPTIONS_RUN;
	pem = file_read(file, TLS_PEM_MAX, &n);
	if (pem == NULL) {
		log_err("%s: cannot read the trusted certificates", file);
		return STATUS_FAILED;
	}
	h->trust = tls_trust_new(pem, n);
	free(pem);
	if (h->trust == NULL) {
		log_errx("%s: no usable certificate in it", file);
		return STATUS_FAILED;
	}
	h->tls.trust = h->trust;
	return OPTIONS_RUN;
}

static int
set_token(struct agent_conf *c, struct holds *h)
{
	const struct settings	*s = &h->settings;
	size_t			 n;

	c->access_token = s->access.value;
	c->refresh_token = s->refresh.value;
	c->config = s->keep ? s->config_file : NULL;
	if (args.token_file == NULL)
		return OPTIONS_RUN;
	h->token = file_read(args.token_file, TOKEN_MAX, &n);
	if (h->token == NULL) {
		log_err("--token-file %s", args.token_file);
		return STATUS_FAILED;
	}
	h->token[strcspn(h->token, " \t\r\n")] = '\0';
	if (!token_safe(h->token)) {
		log_errx("--token-file %s: no token in it", args.token_file);
		return STATUS_FAILED;
	}
	c->access_token = h->token;
	return OPTIONS_RUN;
}

/* Both or neither: by options, or by the environment. */
static int
set_turn(struct agent_conf *c, struct holds *h)
{
	const char	*file = args.turn_pass_file;
	size_t		 n;

	c->turn_user = h->settings.turn_user;
	c->turn_pass = h->settings.turn_pass;
	if (file != NULL) {
		h->turn_pass = file_read(file, TOKEN_MAX, &n);
		if (h->turn_pass == NULL) {
			log_err("--turn-pass-file %s", file);
			return STATUS_FAILED;
		}
		h->turn_pass[strcspn(h->turn_pass, "\r\n")] = '\0';
		c->turn_pass = h->turn_pass;
	}
	if (c->turn_user == NULL || *c->turn_user == '\0' ||
	    c->turn_pass == NULL || *c->turn_pass == '\0')
		c->turn_user = c->turn_pass = NULL;
	if (c->turn_user == NULL && args.turn_user != NULL)
		log_warnx("--turn-user %s: there is no password for it",
		    args.turn_user);
	return OPTIONS_RUN;
}

static int
set_identity(struct agent_conf *c, struct holds *h)
{
	h->rng = rng_new();
	if (h->rng == NULL)
		fatal("no random numbers");
	h->cert = identity_load(args.key, h->rng);
	c->rng = h->rng;
	c->cert = h->cert;
	return h->cert != NULL ? OPTIONS_RUN : STATUS_FAILED;
}

/* Markers may come at any time, but only to a directory that can be read. */
static int
set_root(struct agent_conf *c, struct holds *h)
{
	if (file_make_directory(c->root) == 0)
		return OPTIONS_RUN;
	log_err("data directory (%s) %s: cannot be used",
	    h->settings.data_dir.source, c->root);
	return STATUS_FAILED;
}

static int
set_rest(struct agent_conf *c, struct holds *h)
{
	const struct settings	*s = &h->settings;

	c->mode = s->mode;
	c->transport = s->transport;
	c->dialect1 = s->dialect1;
	c->lite = args.lite;
	c->udp_port = (uint16_t)args.udp_port;
	c->tcp_bind = s->tcp_bind;
	c->ice_servers = s->ice_servers;
	c->connect_timeout = args.connect_timeout;
	c->grace = s->grace;
	c->stall = s->stall;
	c->window = args.window;
	c->memory = args.memory;
	c->chunk = s->chunk;
	c->high = s->high;
	c->mtu = args.mtu;
	return OPTIONS_RUN;
}

static int
set_all(struct agent_conf *c, struct holds *h)
{
	static int	(*const set[])(struct agent_conf *, struct holds *) = {
		set_rest, set_bind, set_interfaces, set_external, set_party,
		set_messages, set_tls, set_token, set_turn, set_identity,
		set_root,
	};
	int		 status = OPTIONS_RUN;

	for (size_t i = 0; status == OPTIONS_RUN &&
	    i < sizeof(set) / sizeof(set[0]); i++)
		status = set[i](c, h);
	return status;
}

static const char *
get_variable(void *arg, const char *name)
{
	(void)arg;
	return getenv(name);
}

static void
say_of_variable(void *arg, bool error, const char *line)
{
	(void)arg;
	if (error)
		options_misuse(&command, "%s", line);
	else
		log_warnx("%s", line);
}

static void
forget(struct holds *h)
{
	cert_free(h->cert);
	rng_free(h->rng);
	tls_trust_free(h->trust);
	if (h->token != NULL)
		wipe(h->token, strlen(h->token));
	free(h->token);
	if (h->turn_pass != NULL)
		wipe(h->turn_pass, strlen(h->turn_pass));
	free(h->turn_pass);
	wipe(&h->settings, sizeof(h->settings));
}

int
cmd_agent(int argc, char **argv)
{
	static const struct env_io	 environment = {
		.get = get_variable, .say = say_of_variable,
	};
	static struct agent_conf	 conf;
	static struct holds		 holds;
	int				 status;

	status = options_parse(&command, &argc, argv);
	if (status != OPTIONS_RUN)
		return status;
	status = settings_read(&holds.settings, &args, &environment);
	if (status == STATUS_OK) {
		log_level(holds.settings.verbose ? LOG_DEBUG : LOG_INFO);
		status = set_all(&conf, &holds);
	}
	if (status == OPTIONS_RUN) {
		log_info("settings: %s", holds.settings.line);
		status = agent_run(&conf);
	}
	forget(&holds);
	return status;
}

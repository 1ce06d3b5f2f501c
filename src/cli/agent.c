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
#include "crypto/cert.h"
#include "crypto/rng.h"
#include "crypto/tls.h"
#include "net/file.h"

#define SYSTEM_TRUST	"/etc/ssl/certs/ca-certificates.crt"

enum {
	TOKEN_MAX = 16 << 10,
	CONNECT_TIMEOUT = 10 * SEC,
};

static struct args {
	const char		*server, *user, *data_dir, *config, *token_file,
				*ca, *pin, *key, *tcp_bind;
	bool			 strict, p2p_only, lite, verbose;
	unsigned		 transport;
	uint64_t		 connect_timeout, udp_port, window, memory;
	struct option_list	 ice, bind;
	bool			 window_given;
} args = {
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
	    .to = &args.transport },
	{ .name = "connect-timeout", .arg = "S", .kind = OPT_DURATION,
	    .help = "how long bytes wait for a path in strict mode (10)",
	    .min = 100 * MS, .max = 3600ull * SEC,
	    .to = &args.connect_timeout },
	{ .name = "ice-server", .arg = "URL", .kind = OPT_LIST,
	    .help = "stun:host[:port]; repeatable", .to = &args.ice },
	{ .name = "ice-lite", .kind = OPT_FLAG,
	    .help = "answer checks, send none: a public address",
	    .to = &args.lite },
	{ .name = "udp-port", .arg = "N", .kind = OPT_NUMBER,
	    .help = "of all direct paths (any)", .min = 0, .max = 65535,
	    .to = &args.udp_port },
	{ .name = "bind", .arg = "ADDR", .kind = OPT_LIST,
	    .help = "offer exactly this address; repeatable",
	    .to = &args.bind },
	{ .name = "tcp-bind", .arg = "ADDR", .kind = OPT_TEXT,
	    .help = "where local ports listen (127.0.0.1)",
	    .to = &args.tcp_bind },
	{ .name = "link-window", .arg = "SIZE", .kind = OPT_SIZE,
	    .help = "bytes under way per link and direction (4M)",
	    .min = 64 << 10, .max = 256 << 20, .to = &args.window },
	{ .name = "memory", .arg = "SIZE", .kind = OPT_SIZE,
	    .help = "for all links together (32M)", .min = 1 << 20,
	    .max = 4ull << 30, .to = &args.memory },
	{ .letter = 'v', .name = "verbose", .kind = OPT_FLAG,
	    .help = "log more", .to = &args.verbose },
};

static const struct command	 command = {
	.name = "agent", .help = "run one party's end of its links",
	.options = options, .noptions = sizeof(options) / sizeof(options[0]),
};

/* What the conf points to and main ends with. */
struct holds {
	struct rng		*rng;
	struct cert		*cert;
	struct tls_trust	*trust;
	struct tls_client_conf	 tls;
	uint8_t			 pin[32];
	char			 email[EMAIL_MAX + 1];
	char			 root[4096];
	char			 ice[2048];
	char			*token;
};

static int
set_addresses(struct agent_conf *c)
{
	for (size_t i = 0; i < args.bind.n; i++) {
		if (c->nbind == AGENT_HOSTS)
			return options_misuse(&command,
			    "--bind: more than %d", AGENT_HOSTS);
		if (addr_parse_ip(&c->bind[c->nbind++], args.bind.v[i]) == -1)
			return options_misuse(&command,
			    "--bind %s: not a numeric address",
			    args.bind.v[i]);
	}
	if (addr_parse_ip(&c->tcp_bind, args.tcp_bind != NULL ? args.tcp_bind :
	    "127.0.0.1") == -1)
		return options_misuse(&command,
		    "--tcp-bind %s: not a numeric address", args.tcp_bind);
	return OPTIONS_RUN;
}

static int
set_party(struct agent_conf *c, struct holds *h)
{
	const char	*why;

	if (args.server == NULL)
		return options_misuse(&command, "-s is missing: the relay");
	if (args.user == NULL)
		return options_misuse(&command, "-u is missing: the party");
	if (args.data_dir == NULL)
		return options_misuse(&command, "-d is missing: the directory "
		    "that holds datasites");
	if (url_parse(&c->server, args.server, &why) == -1)
		return options_misuse(&command, "-s %s: %s", args.server, why);
	if (!email_valid(args.user))
		return options_misuse(&command, "-u %s: not an email",
		    args.user);
	snprintf(h->email, sizeof(h->email), "%s", args.user);
	email_lower(h->email);
	c->email = h->email;
	if ((size_t)snprintf(h->root, sizeof(h->root), "%s/datasites",
	    args.data_dir) >= sizeof(h->root))
		return options_misuse(&command, "-d: too long");
	c->root = h->root;
	return OPTIONS_RUN;
}

static int
set_ice(struct agent_conf *c, struct holds *h)
{
	size_t	 n = 0;

	for (size_t i = 0; i < args.ice.n; i++) {
		n += (size_t)snprintf(h->ice + n, sizeof(h->ice) - n, "%s%s",
		    i > 0 ? "," : "", args.ice.v[i]);
		if (n >= sizeof(h->ice))
			return options_misuse(&command,
			    "--ice-server: too many");
	}
	if (args.ice.n > 0)
		c->ice_servers = h->ice;
	return OPTIONS_RUN;
}

/* How the relay is known, if it is asked by TLS. */
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
	if (!c->server.tls)
		return OPTIONS_RUN;
	c->tls = &h->tls;
	if (args.pin != NULL) {
		h->tls.pin = h->pin;
		return OPTIONS_RUN;
	}
	pem = file_read(file, TLS_PEM_MAX, &n);
	if (pem == NULL) {
		log_warn("%s: cannot read the trusted certificates", file);
		return STATUS_FAILED;
	}
	h->trust = tls_trust_new(pem, n);
	free(pem);
	if (h->trust == NULL) {
		log_warnx("%s: no usable certificate in it", file);
		return STATUS_FAILED;
	}
	h->tls.trust = h->trust;
	return OPTIONS_RUN;
}

static int
set_token(struct agent_conf *c, struct holds *h)
{
	size_t	 n;

	if (args.token_file == NULL)
		return OPTIONS_RUN;
	h->token = file_read(args.token_file, TOKEN_MAX, &n);
	if (h->token == NULL) {
		log_warn("--token-file %s", args.token_file);
		return STATUS_FAILED;
	}
	h->token[strcspn(h->token, " \t\r\n")] = '\0';
	c->access_token = h->token;
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

static void
set_mode(struct agent_conf *c)
{
	c->transport = (enum transport)args.transport;
	c->mode = MODE_NORMAL;
	if (args.p2p_only || c->transport == TRANSPORT_P2P)
		c->mode = MODE_P2P_ONLY;
	if (args.strict)
		c->mode = MODE_STRICT;
	c->lite = args.lite;
	c->udp_port = (uint16_t)args.udp_port;
	c->connect_timeout = args.connect_timeout;
	c->window = args.window;
	c->memory = args.memory;
	c->dialect1 = true;
	c->grace = 1500 * MS;
	c->stall = 1500 * MS;
}

static int
set_all(struct agent_conf *c, struct holds *h)
{
	static int	(*const set[])(struct agent_conf *, struct holds *) = {
		set_party, set_ice, set_tls, set_token, set_identity,
	};
	int		 status;

	set_mode(c);
	status = set_addresses(c);
	for (size_t i = 0; status == OPTIONS_RUN &&
	    i < sizeof(set) / sizeof(set[0]); i++)
		status = set[i](c, h);
	return status;
}

int
cmd_agent(int argc, char **argv)
{
	static struct agent_conf	 conf;
	static struct holds		 holds;
	int				 status;

	status = options_parse(&command, &argc, argv);
	if (status != OPTIONS_RUN)
		return status;
	log_level(args.verbose ? LOG_DEBUG : LOG_INFO);
	status = set_all(&conf, &holds);
	if (status == OPTIONS_RUN)
		status = agent_run(&conf);
	cert_free(holds.cert);
	rng_free(holds.rng);
	tls_trust_free(holds.trust);
	free(holds.token);
	return status;
}

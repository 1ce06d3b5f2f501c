/* hotlink relay: the embedded rendezvous and fallback relay. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "cli/cmd.h"
#include "cli/options.h"
#include "crypto/hash.h"
#include "crypto/rng.h"
#include "crypto/tls.h"
#include "net/file.h"
#include "net/loop.h"
#include "relay/access.h"
#include "relay/auth.h"
#include "relay/relay.h"
#include "syft/server.h"

enum {
	AUTH_MAX = 1 << 20,	/* bytes of --auth: 10,000 users */
	PASS_MAX = 4 << 10,
	PEM_MAX = 256 << 10,	/* a chain, or a key */
};

struct settings {
	const char		*listen, *acl, *auth, *ice, *turn_user,
				*turn_pass, *cert, *key;
	bool			 open, page, verbose;
	struct relay_conf	 conf;
	struct auth		*users;
	char			*pass;
	struct tls_identity	*identity;
	struct rng		*rng;
};

static char *
read_file(const char *path, size_t max, size_t *n)
{
	char	*text = file_read(path, max, n);

	if (text == NULL)
		fatal("%s", path);
	return text;
}

static void
read_users(struct settings *s)
{
	size_t	 n, line;
	char	*text = read_file(s->auth, AUTH_MAX, &n);

	if ((s->users = auth_parse(text, n, &line)) == NULL)
		fatalx("%s: line %zu: not an email and a SHA-256 in hex",
		    s->auth, line);
	if (auth_is_empty(s->users))
		fatalx("--auth %s: names no user, so nobody could come in: "
		    "give lines of an email and the SHA-256 of its token",
		    s->auth);
	free(text);
	s->conf.door.auth = s->users;
}

static void
read_pass(struct settings *s)
{
	size_t	 n;

	s->pass = read_file(s->turn_pass, PASS_MAX, &n);
	s->pass[strcspn(s->pass, "\r\n")] = '\0';
	if (!door_text_ok(s->pass))
		fatalx("%s: not one line of text", s->turn_pass);
	s->conf.door.turn_pass = s->pass;
}

static void
read_identity(struct settings *s)
{
	size_t		 ncert, nkey;
	char		*cert = read_file(s->cert, PEM_MAX, &ncert),
			*key = read_file(s->key, PEM_MAX, &nkey);
	const char	*why = "out of memory";

	s->identity = tls_identity_new(cert, ncert, key, nkey, &why);
	if (s->identity == NULL)
		fatalx("%s, %s: %s", s->cert, s->key, why);
	if ((s->rng = rng_new()) == NULL)
		fatalx("relay: no random bytes");
	wipe(key, nkey);
	free(key);
	free(cert);
	s->conf.identity = s->identity;
	s->conf.rng = s->rng;
}

/* Every agent would say so; other clients may know more. Is one of TURN? */
static bool
say_servers(const char *list)
{
	struct server	 server;
	const char	*entry;
	size_t		 len;
	bool		 turn = false;

	while ((entry = server_next(&list, &len)) != NULL) {
		if (server_parse(&server, entry, len) == 0)
			turn |= server.turn;
		else
			log_warnx("--ice-servers %.*s: agents skip it: not "
			    SERVER_FORMS, (int)len, entry);
	}
	return turn;
}

/* What can be right later, or for other clients than ours. */
static void
say_doubts(const struct settings *s)
{
	if (s->acl != NULL && file_check_directory(s->acl) == -1)
		log_warn("--acl %s: nobody may open a session until it is "
		    "there", s->acl);
	if (say_servers(s->ice) && s->turn_user == NULL)
		log_warnx("--ice-servers %s: TURN servers are skipped without "
		    "--turn-user and --turn-pass-file", s->ice);
}

static void
prepare(struct settings *s)
{
	log_level(s->verbose ? LOG_DEBUG : LOG_INFO);
	if (s->auth != NULL)
		read_users(s);
	if (s->turn_pass != NULL)
		read_pass(s);
	if (s->cert != NULL)
		read_identity(s);
	s->conf.door.any_origin = s->open || s->auth != NULL;
	s->conf.door.page = s->page;
	s->conf.door.ice = s->ice;
	s->conf.door.turn_user = s->turn_user;
	say_doubts(s);
	if ((s->conf.access = access_new(s->acl)) == NULL)
		fatalx("relay: out of memory");
}

static void
release(struct settings *s)
{
	access_free(s->conf.access);
	auth_free(s->users);
	tls_identity_free(s->identity);
	rng_free(s->rng);
	if (s->pass != NULL)
		wipe(s->pass, strlen(s->pass));
	free(s->pass);
}

static int
serve(const struct settings *s)
{
	struct loop	*loop = loop_new();
	struct relay	*r;
	struct addr	 bound;
	char		 text[ADDR_TEXT];

	if (loop == NULL)
		fatal("relay");
	if ((r = relay_new(loop, &s->conf, &bound)) == NULL)
		fatal("%s", s->listen);
	printf("listening on %s\n", addr_text(&bound, text));
	fflush(stdout);
	loop_run(loop);
	relay_free(r);
	loop_free(loop);
	return STATUS_OK;
}

/* What the options say together; 0, or 2 after a message. */
static int
check(const struct command *c, struct settings *s)
{
	if (addr_parse(&s->conf.listen, s->listen) == -1)
		return options_misuse(c, "option --listen: not ADDR:PORT: %s",
		    s->listen);
	if (s->auth != NULL && s->open)
		return options_misuse(c, "options --auth and --open exclude "
		    "each other");
	if (s->auth != NULL && s->page)
		return options_misuse(c, "options --auth and --page exclude "
		    "each other: a browser has no token to show");
	if (s->auth == NULL && !s->open &&
	    !addr_is_loopback(&s->conf.listen))
		return options_misuse(c, "%s is not a loopback address: give "
		    "--auth FILE, or --open to let anyone be anyone",
		    s->listen);
	if ((s->turn_user == NULL) != (s->turn_pass == NULL))
		return options_misuse(c, "options --turn-user and "
		    "--turn-pass-file need each other");
	if ((s->cert == NULL) != (s->key == NULL))
		return options_misuse(c, "options --tls-cert and --tls-key "
		    "need each other");
	if (!door_text_ok(s->ice))
		return options_misuse(c, "option --ice-servers: not one line "
		    "of text");
	if (s->turn_user != NULL && !door_text_ok(s->turn_user))
		return options_misuse(c, "option --turn-user: not one line of "
		    "text");
	return 0;
}

int
cmd_relay(int argc, char **argv)
{
	struct settings		 s = { .ice = "" };
	const struct option	 options[] = {
		{ 'l', "listen", "ADDR:PORT", "where to listen; port 0: any",
		    OPT_TEXT, true, &s.listen, 0, 0, NULL, NULL },
		{ 'a', "acl", "ACLROOT", "directory of the syft.pub.yaml files",
		    OPT_TEXT, false, &s.acl, 0, 0, NULL, NULL },
		{ 0, "auth", "FILE", "emails and SHA-256 of their tokens",
		    OPT_TEXT, false, &s.auth, 0, 0, NULL, NULL },
		{ 0, "open", NULL, "let anyone be anyone, from anywhere",
		    OPT_FLAG, false, &s.open, 0, 0, NULL, NULL },
		{ 0, "tls-cert", "FILE", "speak TLS, with this chain (PEM)",
		    OPT_TEXT, false, &s.cert, 0, 0, NULL, NULL },
		{ 0, "tls-key", "FILE", "and its private key (PEM)",
		    OPT_TEXT, false, &s.key, 0, 0, NULL, NULL },
		{ 0, "ice-servers", "LIST", "URLs to tell clients, by commas",
		    OPT_TEXT, false, &s.ice, 0, 0, NULL, NULL },
		{ 0, "turn-user", "USER", "TURN user name to tell clients",
		    OPT_TEXT, false, &s.turn_user, 0, 0, NULL, NULL },
		{ 0, "turn-pass-file", "FILE", "its password",
		    OPT_TEXT, false, &s.turn_pass, 0, 0, NULL, NULL },
		{ 0, "page", NULL, "serve a page: WebRTC from a browser",
		    OPT_FLAG, false, &s.page, 0, 0, NULL, NULL },
		{ 'v', "verbose", NULL, "log what is refused, too",
		    OPT_FLAG, false, &s.verbose, 0, 0, NULL, NULL },
	};
	const struct command	 command = { "relay", NULL,
	    "Introduce agents to each other and carry what they cannot.",
	    options, sizeof(options) / sizeof(options[0]) };
	int			 status;

	status = options_parse(&command, &argc, argv);
	if (status != OPTIONS_RUN)
		return status;
	if ((status = check(&command, &s)) != 0)
		return status;
	prepare(&s);
	status = serve(&s);
	release(&s);
	return status;
}

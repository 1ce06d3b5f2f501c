#ifndef SYFT_CONFIG_H
#define SYFT_CONFIG_H

#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "syft/env.h"
#include "syft/key.h"

/*
 * config.json and bearer tokens (hotlink-protocol.md 1.4). Nothing here reads
 * a file: the caller does.
 */
enum {
	CONFIG_MAX = 256 << 10,		/* bytes of the file */
	CONFIG_PATH = 1024,
	CONFIG_URL = 1024,
	CONFIG_CANDIDATES = 2,
	TOKEN_MAX = 4096,
};

enum config_id {
	CONFIG_EMAIL, CONFIG_DATA_DIR, CONFIG_SERVER_URL, CONFIG_CLIENT_URL,
	CONFIG_CLIENT_TOKEN, CONFIG_REFRESH_TOKEN, CONFIG_ACCESS_TOKEN,
	CONFIG_IDS,
};

struct config {
	char		 email[EMAIL_MAX + 1];		/* lower case */
	char		 data_dir[CONFIG_PATH];
	char		 server_url[CONFIG_URL], client_url[CONFIG_URL];
	char		 client_token[TOKEN_MAX], refresh_token[TOKEN_MAX],
			 access_token[TOKEN_MAX];
	const char	*source[CONFIG_IDS];	/* NULL: default, or none */
};

/*
 * Where to look for the file: flag alone if given, else the variable alone if
 * set, else below $HOME. The first that exists is it. Returns how many.
 */
size_t		 config_paths(const char *flag, const struct env_io *,
		     char [CONFIG_CANDIDATES][CONFIG_PATH]);

/* Start from the defaults, then take the file, then the environment. */
void		 config_init(struct config *, const struct env_io *);
int		 config_parse(struct config *, const char *, size_t,
		     const char **why);
int		 config_env(struct config *, const struct env_io *);

/*
 * The file with another refresh token and everything else as it was, on the
 * heap. NULL: not an object, or out of memory.
 */
char		*config_rotated(const char *, size_t, const char *refresh);

/* What a token may consist of: it is part of a header line. */
bool		 token_safe(const char *);

/*
 * A JWT's claims, as far as they can be checked without a key: type, subject,
 * expiry. 0: good, 1: not a JWT but an opaque token, less: refused, see why;
 * TOKEN_EXPIRED: for that alone, which another clock may see otherwise.
 */
enum token_type { TOKEN_ACCESS, TOKEN_REFRESH };
enum { TOKEN_EXPIRED = -2 };

int		 token_check(const char *, enum token_type, const char *email,
		     uint64_t unix_time, const char **why);

/* POST /auth/refresh: its body, and its answer taken apart. 0 or -1. */
struct tokens {
	char		 access[TOKEN_MAX], refresh[TOKEN_MAX];
};

void		 token_refresh_request(struct wr *, const char *refresh);
int		 token_refresh_reply(struct tokens *, const char *, size_t);

/* The "error" text of a refusal's body, if it has one. 0 or -1. */
int		 reply_error(const char *, size_t, char *, size_t cap);

#endif

#include <sys/stat.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "base/log.h"
#include "cli/identity.h"
#include "crypto/cert.h"
#include "crypto/hash.h"
#include "net/file.h"

/* A key file: the P-256 private scalar, 64 hexadecimal digits and a newline. */
enum { SCALAR = 32, KEY_TEXT = 2 * SCALAR + 1, KEY_FILE_MAX = 4096 };

static struct cert *
parse(const char *file, char *text, size_t n)
{
	uint8_t		 scalar[SCALAR];
	struct cert	*cert = NULL;

	while (n > 0 && (text[n - 1] == '\n' || text[n - 1] == '\r'))
		n--;
	if (n == 2 * SCALAR && hex_decode(scalar, sizeof(scalar), text, n) == 0)
		cert = cert_from_scalar(scalar);
	if (cert == NULL)
		log_errx("key file %s: not one of hotlink", file);
	wipe(scalar, sizeof(scalar));
	return cert;
}

static int
save(const char *file, const struct cert *cert)
{
	uint8_t	 scalar[SCALAR];
	char	 text[KEY_TEXT + 1];
	int	 ok;

	cert_scalar(cert, scalar);
	hex_encode(text, scalar, sizeof(scalar));
	text[KEY_TEXT - 1] = '\n';
	ok = file_write(file, text, KEY_TEXT, 0600);
	if (ok == -1)
		log_err("key file %s: cannot write", file);
	wipe(scalar, sizeof(scalar));
	wipe(text, sizeof(text));
	return ok;
}

static struct cert *
make(const char *file, struct rng *rng)
{
	struct cert	*cert = cert_new(rng);

	if (cert == NULL)
		log_errx("out of memory");
	else if (file != NULL && save(file, cert) == -1) {
		cert_free(cert);
		return NULL;
	}
	return cert;
}

/* It is good all the same, but no secret. */
static void
check_mode(const char *file)
{
	struct stat	 st;

	if (stat(file, &st) == 0 && (st.st_mode & 077) != 0)
		log_warnx("key file %s: others may use it: chmod 600 %s", file,
		    file);
}

struct cert *
identity_load(const char *file, struct rng *rng)
{
	struct cert	*cert;
	char		*text;
	size_t		 n;

	if (file == NULL)
		return make(NULL, rng);
	text = file_read(file, KEY_FILE_MAX, &n);
	if (text == NULL) {
		if (errno == ENOENT)
			return make(file, rng);
		log_err("key file %s: cannot read", file);
		return NULL;
	}
	check_mode(file);
	cert = parse(file, text, n);
	wipe(text, n);
	free(text);
	return cert;
}

void
identity_text(const struct cert *cert, char text[65])
{
	uint8_t	 id[32];

	cert_key_id(cert, id);
	hex_encode(text, id, sizeof(id));
}

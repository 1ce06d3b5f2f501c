#include <stdio.h>

#include "base/log.h"
#include "cli/cmd.h"
#include "cli/identity.h"
#include "cli/options.h"
#include "crypto/cert.h"
#include "crypto/rng.h"

int
cmd_key(int argc, char **argv)
{
	static const struct command	 command = {
		.name = "key", .operands = "FILE",
		.help = "print the identity of a key file, made if missing",
	};
	struct rng	*rng;
	struct cert	*cert;
	char		 text[65];
	int		 status = options_parse(&command, &argc, argv);

	if (status != OPTIONS_RUN)
		return status;
	if (argc != 1)
		return options_misuse(&command, "give one key file");
	rng = rng_new();
	if (rng == NULL)
		fatal("no random numbers");
	cert = identity_load(argv[0], rng);
	if (cert != NULL) {
		identity_text(cert, text);
		printf("%s\n", text);
	}
	status = cert != NULL ? STATUS_OK : STATUS_FAILED;
	cert_free(cert);
	rng_free(rng);
	return status;
}

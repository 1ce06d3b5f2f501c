/*
 * hotlink version: what the program was built with, and which of the faster
 * ways this machine has.
 */
#include <stdio.h>

#include <jansson.h>

#include "base/crc.h"
#include "cli/cmd.h"
#include "cli/options.h"
#include "crypto/aead.h"
#include "net/resolve.h"
#include "net/udp.h"
#include "sctp/assoc.h"
#include "srtp/library.h"
#include "syft/yaml.h"

/* Asked of the kernel, for it may lack what the headers promise. */
static void
print_udp(void)
{
	struct udp	*u = udp_open(0);

	if (u == NULL) {
		printf("udp: no socket\n");
		return;
	}
	printf("udp: segmentation %s, receive offload %s, IPv6 %s\n",
	    udp_has_gso(u) ? "yes" : "no", udp_has_gro(u) ? "yes" : "no",
	    udp_port(u, 6) != 0 ? "yes" : "no");
	udp_close(u);
}

int
cmd_version(int argc, char **argv)
{
	const struct command	 command = { "version", NULL,
	    "Show the versions of hotlink and its libraries, and which fast "
	    "paths this machine gets.", NULL, 0 };
	int			 status = options_parse(&command, &argc, argv);

	if (status != OPTIONS_RUN)
		return status;
	printf("hotlink %s\n", VERSION);
	printf("BearSSL 0.6\n");	/* it cannot be asked */
	printf("usrsctp %s, congestion control %s\n", assoc_library(),
	    assoc_congestion_control());
	printf("%s\n", srtp_library());
	printf("jansson %s\n", jansson_version_str());
	printf("libyaml %s\n", yml_library());
	printf("c-ares %s\n", resolver_library());
	printf("aes: %s, chacha20 %s\n", aead_gcm_path(),
	    aead_chacha_path());
	printf("crc32c: %s\n", crc32c_path());
	print_udp();
	return STATUS_OK;
}

#include <srtp2/srtp.h>

#include "srtp/library.h"

const char *
srtp_library(void)
{
	return srtp_get_version_string();
}

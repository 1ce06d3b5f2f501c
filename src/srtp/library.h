#ifndef SRTP_LIBRARY_H
#define SRTP_LIBRARY_H

/* The library's name and version, as "libsrtp2 2.5.0". */
const char	*srtp_library(void);

#endif

# What a packager edits. The Makefile holds what is built and why.

VERSION = 0.1
PREFIX = /usr/local
MANPREFIX = $(PREFIX)/share/man

# For another machine give both, and where the libraries below are, as
# tests/arm/run does for 64-bit ARM. Which AES and CRC instructions there are is
# asked when it runs; clang needs -march=armv8-a+crc+crypto to know of them.
CC = cc
AR = ar
CPPFLAGS =
CFLAGS = -O2
LDFLAGS = -static

# Libraries built from pinned source by src/deps/build. To use other builds,
# point INC and LIB at them and empty DEPS; what does not come with our fixes
# works, slower, and "hotlink version" says so. With Debian's packages
# libbearssl-dev, libusrsctp-dev and libsrtp2-dev (whose libsrtp needs NSS and
# so cannot be static), leave LDFLAGS, DEPS and the three INC empty and set
#	BEARSSL_LIB = -lbearssl
#	USRSCTP_LIB = -l:libusrsctp.a
#	SRTP_LIB = -lsrtp2
# A shared libusrsctp starts its thread, which --wrap cannot keep it from.
DEPDIR = build/deps
DEPS = $(DEPDIR)/done
BEARSSL_INC = -I$(DEPDIR)/bearssl/inc
BEARSSL_LIB = $(DEPDIR)/bearssl/libbearssl.a
USRSCTP_INC = -I$(DEPDIR)/usrsctp/inc
USRSCTP_LIB = $(DEPDIR)/usrsctp/libusrsctp.a
SRTP_INC = -I$(DEPDIR)/srtp/inc
SRTP_LIB = $(DEPDIR)/srtp/libsrtp2.a

# Static archives from the distribution.
JSON_LIB = -ljansson
YAML_LIB = -lyaml
ARES_LIB = -lcares

# What a packager edits. The Makefile holds what is built and why.

VERSION = 0.1
PREFIX = /usr/local
MANPREFIX = $(PREFIX)/share/man

CC = cc
AR = ar
CPPFLAGS =
CFLAGS = -O2
LDFLAGS = -static

# Libraries built from pinned source by src/deps/build. To use other builds,
# point INC and LIB at them and empty DEPS; what does not come with our fixes
# works, slower, and "hotlink version" says so.
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

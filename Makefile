# hotlink: TCP links over WebRTC data channels. See README.md.
#
#   make          ./hotlink (needs the packages in place; names what is missing)
#   make demo     install what a build needs, build, run the main job
#   make check    install what the tests need, build, run every test
#   make bench lint install uninstall clean
#
# SAN=1 builds with ASan and UBSan in a directory of its own.

include config.mk

ifdef SAN
O = build/san
BIN = $(O)/hotlink
SANFLAGS = -g -O1 -fsanitize=address,undefined \
	-fno-sanitize-recover=undefined -fno-omit-frame-pointer
else
O = build/out
BIN = hotlink
endif

WARN = -Wall -Wextra -Wpedantic -Wshadow -Wstrict-prototypes \
	-Wmissing-prototypes -Wpointer-arith
COMPILE = $(CC) -std=c11 -D_POSIX_C_SOURCE=200809L -Isrc $(WARN) -MMD -MP \
	-ffile-prefix-map=$(CURDIR)=. -DVERSION=\"$(VERSION)\" \
	$(CPPFLAGS) $(CFLAGS) $(SANFLAGS) $(WERROR)

# One list per layer; a layer may use what src/layers says.
SRC_BASE = addr base64 batch crc hex log utf8
SRC_CRYPTO = hash rng aead cert digest ecdh prf sign x509 pem tls tls_id
SRC_NET = addresses clock file loop resolve sockaddr tcp udp watch
SRC_ICE = cand check consent gather ice pairs serve stun txn
SRC_DTLS = dtls client server flight keys message reassembly record
SRC_SCTP = assoc dcep lib out pool
SRC_SRTP = library
SRC_PEER = peer sdp
SRC_WS = frame http ws
SRC_SYFT = acl config env glob hlnk key marker msg msg_json msgpack yaml
SRC_SESSION = ring up down flow reorder legacy \
	carry direct held machine opening party ports receive send signal token
SRC_AGENT = agent bearer dial markers post proxy renew servers sockets \
	telemetry uplink url
SRC_RELAY = access auth door hub relay wire
SRC_CLI = agent burst frames identity key main options relay settings \
	telemetry version

SRC = $(SRC_BASE:%=base/%) $(SRC_CRYPTO:%=crypto/%) $(SRC_NET:%=net/%) \
	$(SRC_ICE:%=ice/%) $(SRC_DTLS:%=dtls/%) $(SRC_SCTP:%=sctp/%) \
	$(SRC_SRTP:%=srtp/%) $(SRC_PEER:%=peer/%) $(SRC_WS:%=ws/%) $(SRC_SYFT:%=syft/%) \
	$(SRC_SESSION:%=session/%) $(SRC_AGENT:%=agent/%) \
	$(SRC_RELAY:%=relay/%) $(SRC_CLI:%=cli/%)
OBJ = $(SRC:%=$(O)/src/%.o)

# A test program per module; tests/support is linked into each.
TEST_BASE = addr base64 bytes crc utf8
TEST_CRYPTO = primitives cert tls
TEST_NET = file loop resolve tcp udp watch
TEST_ICE = ice stun
TEST_DTLS = dtls message reassembly
TEST_SCTP = assoc dcep pool
TEST_PEER = peer sdp
TEST_WS = frame http open ws
TEST_SYFT = acl config env glob hlnk key marker msg msgpack yaml
TEST_SESSION = ports flow flow_sim legacy ring held opening party token
TEST_AGENT = post renew url
TEST_RELAY = door hub hub_hold
TEST_CLI = frames options settings
TEST = $(TEST_BASE:%=base/%) $(TEST_CRYPTO:%=crypto/%) $(TEST_NET:%=net/%) \
	$(TEST_ICE:%=ice/%) $(TEST_DTLS:%=dtls/%) $(TEST_SCTP:%=sctp/%) \
	$(TEST_PEER:%=peer/%) $(TEST_WS:%=ws/%) $(TEST_SYFT:%=syft/%) \
	$(TEST_SESSION:%=session/%) $(TEST_AGENT:%=agent/%) \
	$(TEST_RELAY:%=relay/%) $(TEST_CLI:%=cli/%)
# Scripts that drive the real binary.
LIVE = burst cli relay links relayed
SUPPORT = oom simnat simnet dtlspair
SUPPORT_OBJ = $(SUPPORT:%=$(O)/tests/support/%.o)
TESTS = $(TEST:%=$(O)/tests/%)
# Programs that live scripts use.
TOOLS = $(O)/tests/dtls/pipe

FUZZ = acl assoc candidate cert config dcep dtls flow hlnk marker msg msgpack \
	pem post sdp stun ws

LIBS = $(BEARSSL_LIB) $(USRSCTP_LIB) $(SRTP_LIB) $(JSON_LIB) $(YAML_LIB) \
	$(ARES_LIB)
# usrsctp's start of a thread and reading of the wall clock are ours to answer.
WRAP = -Wl,--wrap=sctp_userspace_thread_create
# c-ares' look-up of services needs NSS: net/resolve.c answers in its place.
WRAP += -Wl,--wrap=getservbyname -Wl,--wrap=getservbyport_r
OOM = -Wl,--wrap=malloc -Wl,--wrap=calloc -Wl,--wrap=realloc

all: $(BIN)

$(O)/libhotlink.a: $(OBJ)
	rm -f $@
	$(AR) qcD $@ $(OBJ)

$(DEPDIR)/done: src/deps/build src/deps/fetch src/deps/sums \
	src/deps/usrsctp.edit src/deps/usrsctp.flags src/deps/usrsctp_hook.c \
	src/deps/srtp_config.h
	@sh src/deps/install build --dry
	CC="$(CC)" AR="$(AR)" DEPCFLAGS="$(CFLAGS)" sh src/deps/build $(DEPDIR)

$(O)/src/crypto/%.o: INC = $(BEARSSL_INC)
$(O)/src/sctp/%.o: INC = $(USRSCTP_INC)
$(O)/src/srtp/%.o: INC = $(SRTP_INC)
$(O)/src/%.o: src/%.c config.mk | $(DEPS)
	@mkdir -p $(@D)
	$(COMPILE) $(INC) -c -o $@ $<

$(O)/tests/%.o: tests/%.c config.mk | $(DEPS)
	@mkdir -p $(@D)
	$(COMPILE) -Itests $(BEARSSL_INC) $(USRSCTP_INC) -c -o $@ $<

# cmocka has no static archive, so tests are linked dynamically.
$(TESTS) $(TOOLS): $(O)/tests/%: $(O)/tests/%.o $(SUPPORT_OBJ) $(O)/libhotlink.a
	$(CC) $(SANFLAGS) -o $@ $< $(SUPPORT_OBJ) $(O)/libhotlink.a $(LIBS) \
		$(WRAP) $(OOM) -lcmocka -lpthread -lm

hotlink: $(O)/libhotlink.a $(O)/src/main.o
	$(CC) $(LDFLAGS) -o $@ $(O)/src/main.o $(O)/libhotlink.a $(LIBS) \
		$(WRAP) -lpthread -lm -s -Wl,--build-id=none

$(O)/hotlink: $(O)/libhotlink.a $(O)/src/main.o
	$(CC) $(SANFLAGS) -o $@ $(O)/src/main.o $(O)/libhotlink.a $(LIBS) \
		$(WRAP) -lpthread -lm

packages-build packages-test:
	@sh src/deps/install $(@:packages-%=%)

tests: $(TESTS) $(TOOLS)

check: packages-test
	@$(MAKE) -s -j2 tests $(BIN) WERROR=-Werror
	@sh tests/run "$(O)" "$(TESTS)" \
		"tests/layers tests/style tests/man $(LIVE:%=tests/live/%)"

demo: packages-build
	@$(MAKE) -s -j2 $(BIN)
	@sh bench/idle
	@sh bench/burst-3party

lint: packages-test
	mandoc -Tlint -Wstyle man/*.[1-9]

clean:
	rm -rf build/out build/san hotlink

distclean: clean
	rm -rf build

-include $(OBJ:.o=.d) $(O)/src/main.d $(TESTS:=.d) $(TOOLS:=.d) $(SUPPORT_OBJ:.o=.d)

.PHONY: all check demo lint clean distclean tests packages-build packages-test

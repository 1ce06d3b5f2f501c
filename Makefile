# hotlink: TCP links over WebRTC data channels. See README.md.
#
#   make          ./hotlink (needs the packages in place; names what is missing)
#   make demo     install what a build needs, build, run the main job
#   make check    install what the tests need, build, run every test
#   make bench    measure: every script of bench/; make bench-deps first
#                 installs what else it measures beside hotlink
#   make check-arm   what has code for 64-bit ARM, built for it, under qemu;
#                 make arm-deps first installs the compiler and qemu
#   make nat      links between all kinds of NATs, and through what changes
#   make badpaths 16 MiB each way over every kind of bad path (root)
#   make interop  links to browsers and other stacks, which it installs
#   make fuzz     every parser under libFuzzer, FUZZ_SECONDS each
#   make lint     what clang, mandoc and, if there, shellcheck have to say
#   make reproducible   two builds in two places are the same bytes
#   make install uninstall clean distclean
#
# SAN=1 builds with ASan and UBSan in a directory of its own.

include config.mk

# SAN=fuzz, for make fuzz alone: the same for clang, with libFuzzer.
ifdef SAN
SANFLAGS = -g -O1 -fsanitize=address,undefined \
	-fno-sanitize-recover=undefined -fno-omit-frame-pointer
ifeq ($(SAN),fuzz)
O = build/fuzz
SANFLAGS += -fsanitize=fuzzer-no-link
FUZZ_MAIN = -fsanitize=fuzzer
else
O = build/san
endif
BIN = $(O)/hotlink
else
O = build/out
BIN = hotlink
endif

WARN = -Wall -Wextra -Wpedantic -Wshadow -Wstrict-prototypes \
	-Wmissing-prototypes -Wpointer-arith
COMPILE = $(CC) -std=c11 -D_POSIX_C_SOURCE=200809L -Isrc $(WARN) -MMD -MP \
	-ffile-prefix-map=$(CURDIR)=. -DVERSION=\"$(VERSION)\" \
	$(CPPFLAGS) $(CFLAGS) $(SANFLAGS) $(WERROR)

# One list per layer; a layer may use what tests/layers says.
SRC_BASE = addr base64 batch crc hex log utf8 dgq
SRC_CRYPTO = hash rng aead gcm gcm_aesni gcm_armv8 gcm_vaes256 gcm_vaes512 \
	gcm_x86 cert digest ecdh prf sign x509 pem tls tls_id
SRC_NET = addresses clock file loop notify resolve sockaddr spawn tcp udp \
	watch daemon listening process wires dgram netwatch multicast linger \
	source
SRC_ICE = cand check consent gather ice pairs serve stun txn turn probe \
	change mdns report
SRC_DTLS = dtls client server flight keys message reassembly record
SRC_SCTP = assoc dcep lib out pool bbr steer packet reorder stall
SRC_SRTP = library guard rtp
SRC_PEER = early fmtp peer sdp tracks mtu
SRC_WS = frame http ws
SRC_SYFT = acl config env glob hlnk key marker msg msg_json msgpack object \
	server yaml
SRC_SESSION = ring up down flow reorder legacy carry direct held machine \
	opening party ports receive send signal token datagram media budget \
	haste
SRC_AGENT = agent bearer dial markers post proxy renew servers sockets \
	telemetry uplink url messages names chatter datagrams framed relays \
	network tell leave
SRC_RELAY = access auth door hub page relay wire
SRC_RPC = access acks box envelope follow message post rpc spool store sync \
	when
SRC_SCENARIO = env files job parse plan run show vars
SRC_FLOW = audit check map ports spec tree peers progress place task files \
	run
SRC_MPC = cp field multiply prg program report schedule stages sum vector
SRC_CLI = acks actions agent burst env frames identity key main options \
	relay settings telemetry version devstack flow_report flow_run mpc \
	flow flow_audit flow_check flow_people mark run msg msg_rows \
	msg_send msg_sync

SRC = $(SRC_BASE:%=base/%) $(SRC_CRYPTO:%=crypto/%) $(SRC_NET:%=net/%) \
	$(SRC_ICE:%=ice/%) $(SRC_DTLS:%=dtls/%) $(SRC_SCTP:%=sctp/%) \
	$(SRC_SRTP:%=srtp/%) $(SRC_PEER:%=peer/%) $(SRC_WS:%=ws/%) $(SRC_SYFT:%=syft/%) \
	$(SRC_SESSION:%=session/%) $(SRC_AGENT:%=agent/%) \
	$(SRC_RELAY:%=relay/%) $(SRC_RPC:%=rpc/%) \
	$(SRC_SCENARIO:%=scenario/%) $(SRC_FLOW:%=flow/%) $(SRC_MPC:%=mpc/%) \
	$(SRC_CLI:%=cli/%)
OBJ = $(SRC:%=$(O)/src/%.o)

# A test program per module; tests/support is linked into each.
TEST_BASE = addr base64 bytes crc utf8 dgq
TEST_CRYPTO = primitives cert tls gcm
TEST_NET = file loop notify resolve spawn tcp udp watch listening process \
	icmp impair udp_faults multicast linger source
TEST_ICE = ice probe rules stun turn change report mdns named hostile crowd \
	unknown refusals
TEST_DTLS = dtls message reassembly browsers doubt recut random refusals
TEST_SCTP = assoc rules dcep pool windows hostile bbr path once reorder
TEST_PEER = peer sdp hostile
TEST_WS = frame http open ws
TEST_SYFT = acl config env glob hlnk key marker msg msgpack server yaml
TEST_SESSION = ports flow flow_ends flow_sim legacy ring held leave opening party \
	restart token datagram media mtu roam channels badpath refused budget \
	sharing haste trickle
TEST_SRTP = rtp guard
TEST_AGENT = framed post relays renew url servers chatter
TEST_RELAY = door hub hub_hold
TEST_RPC = acks envelope message rpc spool when
TEST_SCENARIO = files parse plan
TEST_FLOW = audit check map ports progress task files
TEST_MPC = cp field modes report
TEST_CLI = frames options settings
TEST = $(TEST_BASE:%=base/%) $(TEST_CRYPTO:%=crypto/%) $(TEST_NET:%=net/%) \
	$(TEST_ICE:%=ice/%) $(TEST_DTLS:%=dtls/%) $(TEST_SCTP:%=sctp/%) \
	$(TEST_SRTP:%=srtp/%) $(TEST_PEER:%=peer/%) $(TEST_WS:%=ws/%) $(TEST_SYFT:%=syft/%) \
	$(TEST_SESSION:%=session/%) $(TEST_AGENT:%=agent/%) \
	$(TEST_RELAY:%=relay/%) $(TEST_RPC:%=rpc/%) \
	$(TEST_SCENARIO:%=scenario/%) $(TEST_FLOW:%=flow/%) \
	$(TEST_MPC:%=mpc/%) $(TEST_CLI:%=cli/%)
# Scripts that drive the real binary; first what agents do together.
# The longest first: they run beside each other.
LIVE_AGENTS = life links relayed paths markers hostile two-hosts turn udp \
	turn-errors ffmpeg mtu roam ice badpaths addresses
LIVE = agent-conf acks binary burst cli env relay devstack flow flow_run \
	mark mpc run msg dtls bench
SUPPORT = oom simnat simnet dtlspair icmp impair
SUPPORT_OBJ = $(SUPPORT:%=$(O)/tests/support/%.o)
TESTS = $(TEST:%=$(O)/tests/%)
MAN = hotlink.1 hotlink-agent.1 hotlink-burst.1 hotlink-env.1 \
	hotlink-relay.1 hotlink-telemetry.1 hotlink-telemetry.5 \
	hotlink-wire.7 hotlink-nat.7 hotlink-internals.7 hotlink-devstack.1 \
	hotlink-flow.1 \
	hotlink-flow.5 hotlink-mark.1 hotlink-mpc.1 hotlink-run.1 \
	hotlink-scenario.5 hotlink-marker.5 hotlink-acks.1 hotlink-msg.1 \
	hotlink-messages.5
# What bench/all runs; bench/README says what each measures.
BENCH = idle start burst-3party mpc acks tunnels
SCRIPTS = $(BENCH:%=bench/%) bench/datapath bench/paths tests/nat/setup \
	tests/interop/mdns src/deps/build src/deps/fetch src/deps/install \
	src/deps/usrsctp.edit tests/layers tests/man tests/reproducible \
	tests/run tests/style tests/fuzz/run tests/live/binary \
	src/deps/srtp.edit bench/all bench/setup bench/first-byte \
	bench/publish tests/interop/setup tests/interop/lib.sh \
	tests/live/bench tests/arm/run tests/arm/libraries
# These and lib.sh call one another, and set one another's variables; and much
# of what they do is to skip, or to fail, unless all before it went well.
LIVE_SCRIPTS = tests/dtls/run tests/interop/media tests/interop/media_lossy \
	tests/interop/run tests/live/acks tests/live/agent-conf \
	tests/live/burst tests/live/cli tests/live/dtls tests/live/env \
	tests/live/ffmpeg tests/live/flow tests/live/ice tests/live/life \
	tests/live/links tests/live/mark tests/live/msg tests/live/mtu \
	tests/live/paths tests/live/relay tests/live/relayed tests/live/roam \
	tests/live/turn tests/live/turn-errors tests/live/two-hosts \
	tests/live/udp
LIVE_LAX = SC2015,SC2034,SC2119,SC2154,SC2317
# Programs that live scripts use.
TOOLS = $(O)/tests/dtls/pipe $(O)/tests/net/wire $(O)/tests/dtls/proxy

FUZZ = acks envelope message rpc acl assoc candidate cert config dcep dtls \
	flow hlnk marker msg msgpack pem post sdp stun ws scenario spec rtp \
	progress turn framed stages mdns source server
FUZZERS = $(FUZZ:%=$(O)/tests/fuzz/%)
# What calls a target where there is no libFuzzer.
FUZZ_MAIN ?= $(O)/tests/fuzz/main.o
FUZZ_SECONDS = 5

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
	src/deps/srtp_config.h src/deps/srtp.edit
	@sh src/deps/install build --dry
	CC="$(CC)" AR="$(AR)" DEPCFLAGS="$(CFLAGS)" sh src/deps/build $(DEPDIR)

$(O)/src/crypto/%.o: INC = $(BEARSSL_INC)
$(O)/src/sctp/%.o: INC = $(USRSCTP_INC)
# Their arrays have to become registers: -O2 leaves them in memory, 2.5 x slower.
$(O)/src/crypto/gcm_aesni.o $(O)/src/crypto/gcm_armv8.o \
	$(O)/src/crypto/gcm_vaes256.o $(O)/src/crypto/gcm_vaes512.o: \
	CFLAGS += -O3
$(O)/src/srtp/%.o: INC = $(SRTP_INC)
$(O)/src/relay/page.o: src/relay/page.html src/relay/page.css \
	src/relay/page.js src/relay/link.js
$(O)/src/%.o: src/%.c config.mk | $(DEPS)
	@mkdir -p $(@D)
	$(COMPILE) $(INC) -c -o $@ $<

$(O)/tests/%.o: tests/%.c config.mk | $(DEPS)
	@mkdir -p $(@D)
	$(COMPILE) -Itests $(BEARSSL_INC) $(USRSCTP_INC) -c -o $@ $<

# A kernel that answers what a test wants it to.
$(O)/tests/net/udp_faults: WRAP += -Wl,--wrap=sendmmsg -Wl,--wrap=sendmsg \
	-Wl,--wrap=setsockopt -Wl,--wrap=getsockopt

# Others that run when the loop lets them, and a clock that stands.
$(O)/tests/net/loop: WRAP += -Wl,--wrap=sched_yield -Wl,--wrap=clock_now

# Numbers that chance would never draw.
$(O)/tests/dtls/random: WRAP += -Wl,--wrap=rng_bytes

# cmocka has no static archive, so tests are linked dynamically.
$(TESTS) $(TOOLS): $(O)/tests/%: $(O)/tests/%.o $(SUPPORT_OBJ) $(O)/libhotlink.a
	$(CC) $(SANFLAGS) -o $@ $< $(SUPPORT_OBJ) $(O)/libhotlink.a $(LIBS) \
		$(WRAP) $(OOM) -lcmocka -lpthread -lm

# What make bench needs to be compiled.
BENCH_TOOLS = $(O)/bench/load $(O)/bench/cpu
$(O)/bench/%.o: bench/%.c config.mk | $(DEPS)
	@mkdir -p $(@D)
	$(COMPILE) $(BEARSSL_INC) -c -o $@ $<

# hotlink with usrsctp as it is in Debian, if it is there (libusrsctp-dev).
STOCK_LIB = $(wildcard $(shell $(CC) -print-file-name=libusrsctp.a))
STOCK = $(STOCK_LIB:%=$(O)/bench/stock)
$(O)/bench/stock: $(O)/libhotlink.a $(O)/src/main.o
	@mkdir -p $(@D)
	$(CC) $(LDFLAGS) $(SANFLAGS) -o $@ $(O)/src/main.o $(O)/libhotlink.a \
		$(LIBS:$(USRSCTP_LIB)=$(STOCK_LIB)) $(WRAP) -lpthread -lm

$(BENCH_TOOLS): $(O)/bench/%: $(O)/bench/%.o $(O)/libhotlink.a
	$(CC) $(SANFLAGS) -o $@ $< $(O)/libhotlink.a $(LIBS) $(WRAP) -lpthread -lm

$(FUZZERS): $(O)/tests/fuzz/%: $(O)/tests/fuzz/%.o $(O)/libhotlink.a \
	$(FUZZ_MAIN:-%=)
	$(CC) $(SANFLAGS) -o $@ $< $(FUZZ_MAIN) $(O)/libhotlink.a $(LIBS) \
		$(WRAP) -lpthread -lm

hotlink: $(O)/libhotlink.a $(O)/src/main.o
	$(CC) $(LDFLAGS) -o $@ $(O)/src/main.o $(O)/libhotlink.a $(LIBS) \
		$(WRAP) -lpthread -lm -s -Wl,--build-id=none

$(O)/hotlink: $(O)/libhotlink.a $(O)/src/main.o
	$(CC) $(SANFLAGS) -o $@ $(O)/src/main.o $(O)/libhotlink.a $(LIBS) \
		$(WRAP) -lpthread -lm

# hotlink with a clock that runs faster.
$(O)/tests/nat/fast: $(O)/tests/nat/fast.o $(O)/libhotlink.a $(O)/src/main.o
	$(CC) $(LDFLAGS) $(SANFLAGS) -o $@ $(O)/tests/nat/fast.o \
		$(O)/src/main.o $(O)/libhotlink.a $(LIBS) $(WRAP) \
		-Wl,--wrap=clock_now -Wl,--wrap=ppoll -lpthread -lm

packages-build packages-test packages-arm:
	@sh src/deps/install $(@:packages-%=%)

tests: $(TESTS) $(TOOLS) fuzzers

fuzzers: $(FUZZERS)

check: packages-test
	@$(MAKE) -s -j2 tests $(BIN) WERROR=-Werror
	@HOTLINK=./$(BIN) sh tests/run "$(O)" "$(TESTS)" "tests/layers \
		tests/style tests/man tests/fuzz/run $(LIVE_AGENTS:%=tests/live/%) \
		$(LIVE:%=tests/live/%)"

demo: packages-build
	@$(MAKE) -s -j2 $(BIN)
	@sh bench/idle ./$(BIN)
	@rm -rf $(O)/demo
	@./$(BIN) run --strict --sandbox $(O)/demo \
		bench/scenarios/burst-3party.yaml

bench: packages-test
	@$(MAKE) -s -j2 $(BIN) $(BENCH_TOOLS) $(STOCK) $(O)/tests/net/wire
	@sh bench/all ./$(BIN)

# Not part of check: it needs a second compiler. Speed is not qemu's to tell.
check-arm: packages-build
	@$(MAKE) -s -j2 $(BIN)
	@HOTLINK=./$(BIN) sh tests/arm/run

arm-deps: packages-arm

# What hotlink is compared with: as with make interop, what cannot be had is
# named, and left out by make bench.
bench-deps:
	@sh bench/setup

fuzz: packages-test
	@$(MAKE) -s -j2 SAN=fuzz CC=clang fuzzers
	@HOTLINK_OUT=build/fuzz sh tests/fuzz/run $(FUZZ_SECONDS)

# Not part of check: it needs browsers, Go, node and half an hour. INTEROP="-n 8
# pion" is less of it; tests/interop/publish puts the matrix into
# hotlink-wire(7). All parts run, whatever is lost in one.
interop: packages-build packages-test
	@$(MAKE) -s -j2 $(BIN) $(O)/tests/net/wire $(O)/tests/dtls/pipe \
	    $(O)/tests/dtls/proxy
	@sh tests/interop/setup
	@lost=; \
	tests/interop/run -o build/interop/latest.jsonl $(INTEROP) || \
		lost="$$lost run"; \
	for part in page media mdns media_lossy; do \
		tests/interop/$$part || lost="$$lost $$part"; \
	done; \
	HOTLINK=./$(BIN) sh tests/live/ffmpeg || lost="$$lost ffmpeg"; \
	HOTLINK_OUT=$(O) tests/dtls/run || lost="$$lost dtls"; \
	[ -z "$$lost" ] || { echo "lost in:$$lost" >&2; exit 1; }

# DTLS alone against openssl and GnuTLS: every cell, in a minute. INTEROP_DTLS
# is for tests/dtls/run, e.g. "-s 2 gnutls 256".
interop-dtls: packages-test
	@$(MAKE) -s -j2 $(O)/tests/dtls/pipe $(O)/tests/dtls/proxy
	@HOTLINK_OUT=$(O) tests/dtls/run $(INTEROP_DTLS)

# Not part of check: it needs root, network namespaces and a few minutes.
# NAT="-j 8 mid" is less of it; tests/nat/publish puts all of it into
# hotlink-nat(7).
nat: packages-build
	@$(MAKE) -s -j2 $(BIN) $(O)/tests/nat/fast
	@sh tests/nat/setup
	@HOTLINK=./$(BIN) HOTLINK_FAST=$(O)/tests/nat/fast \
		tests/nat/run -o build/nat/latest.jsonl $(NAT)

# The full size of what check does with less: a minute, nearly all of waiting.
badpaths: packages-test
	@$(MAKE) -s -j2 tests $(BIN)
	@HOTLINK=./$(BIN) HOTLINK_OUT=$(O) BADPATH_BYTES=16777216 \
		BADPATH_MBIT=8 sh tests/live/badpaths

# Objects alone: what a warning costs is in the compiling.
lint: packages-test
	@$(MAKE) -s -j2 O=build/lint CC=clang WERROR=-Werror objects
	@sh tests/man
	@if command -v shellcheck >/dev/null; then \
		shellcheck -s sh -x -P SCRIPTDIR $(SCRIPTS) && \
		shellcheck -s sh -x -P SCRIPTDIR -e $(LIVE_LAX) $(LIVE_SCRIPTS); \
	else echo "no shellcheck"; fi

objects: $(OBJ) $(O)/src/main.o $(TESTS:=.o) $(TOOLS:=.o) $(SUPPORT_OBJ) \
	$(FUZZERS:=.o) $(O)/tests/fuzz/main.o $(O)/tests/nat/fast.o

reproducible: packages-build
	@sh tests/reproducible

install: $(BIN)
	mkdir -p $(DESTDIR)$(PREFIX)/bin
	cp $(BIN) $(DESTDIR)$(PREFIX)/bin/hotlink
	chmod 755 $(DESTDIR)$(PREFIX)/bin/hotlink
	for m in $(MAN); do d=$(DESTDIR)$(MANPREFIX)/man$${m##*.}; \
		mkdir -p $$d && cp man/$$m $$d/ && chmod 644 $$d/$$m || exit 1; done

uninstall:
	rm -f $(DESTDIR)$(PREFIX)/bin/hotlink
	for m in $(MAN); do \
		rm -f $(DESTDIR)$(MANPREFIX)/man$${m##*.}/$$m; done

clean:
	rm -rf build/out build/san build/fuzz build/lint hotlink

distclean: clean
	rm -rf build

-include $(OBJ:.o=.d) $(O)/src/main.d $(TESTS:=.d) $(TOOLS:=.d) \
	$(SUPPORT_OBJ:.o=.d) $(FUZZERS:=.d) $(O)/tests/nat/fast.d
-include $(BENCH_TOOLS:=.d)

.PHONY: all arm-deps badpaths bench bench-deps check check-arm clean demo \
	distclean fuzz fuzzers install interop interop-dtls lint nat objects \
	packages-arm packages-build packages-test reproducible tests uninstall

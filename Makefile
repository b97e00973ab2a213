# spangate: the gate through which traces leave.
#
#   make            build build/release/spangate           make demo          see spans go through the gate
#   make deps       install the packages that are missing  make check         unit, scenario and fuzz-corpus tests, under 10 minutes
#   make lint       formatting, layers, sizes, analysers   make check-system  the real binary: kill -9, real sockets, minutes
#   make bench      speeds beside their targets            make interop       real OpenTelemetry SDKs from their registries
#   make eval CORPUS=dir    recall, precision and leaks of the detectors on labelled and generated texts (SEED=1)
#   make eval-sql CORPUS=dir  literals that survive and names that are lost in SQL
#   make fuzz F=batch TIME=60                              make check SAN=address|undefined|thread
#   make cover | valgrind | fmt | docs | certs | install | deb | dist | clean
#
# Variables: V=1 shows commands; B=dir builds elsewhere; CC=clang; SAN=address builds with ASan and UBSan under clang.

B        ?= build
SAN      ?=
ifneq ($(SAN),)
CC       := clang
FLAVOUR  := san-$(SAN)
else ifeq ($(origin CC),default)
CC       := gcc
FLAVOUR  := release
else
FLAVOUR  := release-$(notdir $(CC))
endif
O        := $(B)/$(FLAVOUR)
GEN      := $(B)/gen
Q        := $(if $(V),,@)
PKGS     := libevent libevent_openssl libevent_pthreads libnghttp2 libcurl libpcre2-8 libprotobuf-c yaml-0.1 jansson \
            libdeflate libisal libzstd lmdb libssl libcrypto libxxhash libmaxminddb sqlite3
ARCH     := $(shell uname -m)

# Packages that are missing are installed before anything is read from pkg-config; nothing is printed when none is.
NEEDS    := $(if $(filter-out clean help deps,$(or $(MAKECMDGOALS),all)),$(if $(filter lint,$(MAKECMDGOALS))$(SAN)$(filter fuzz,$(MAKECMDGOALS)),all,$(if \
            $(filter-out all libs install deb dist,$(or $(MAKECMDGOALS),all)),test,build)))
ifneq ($(NEEDS),)
ifneq ($(shell packaging/deps $(NEEDS) && echo ok),ok)
$(error packages are missing)
endif
endif

comma    := ,
PKG_CF   := $(shell pkg-config --cflags $(PKGS))
PKG_LD   := $(shell pkg-config --libs $(PKGS))

WARN     := -Wall -Wextra -Wformat=2 -Wconversion -Wswitch-enum -Wshadow -Wvla -Wimplicit-fallthrough -Werror
HARDEN   := -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3 -fstack-protector-strong -fstack-clash-protection -ftrivial-auto-var-init=zero \
            -fno-strict-overflow -fno-delete-null-pointer-checks -fPIE $(if $(findstring clang,$(CC)),-enable-trivial-auto-var-init-zero-knowing-it-will-be-removed-from-clang) $(if $(filter x86_64,$(ARCH)),-fcf-protection=full)
LDHARD   := -pie -Wl,-z,relro,-z,now,-z,noexecstack,--as-needed
OPT      := -O2
ifeq ($(SAN),address)
HARDEN   := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
LDHARD   := -fsanitize=address,undefined
OPT      := -O1
else ifeq ($(SAN),fuzzer)
HARDEN   := -DFUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
LDHARD   := -fsanitize=address,undefined
OPT      := -O1
else ifneq ($(SAN),)
HARDEN   := -fsanitize=$(SAN) -fno-sanitize-recover=all -fno-omit-frame-pointer
LDHARD   := -fsanitize=$(SAN)
OPT      := -O1
endif
VERSION  := $(shell sed -n 's/^\#\# \([0-9][0-9.]*\).*/\1/p' CHANGELOG.md 2>/dev/null | head -1)
CFLAGS   += -std=c17 -g $(OPT) $(WARN) $(HARDEN) $(COVER) -pthread
CPPFLAGS += -D_GNU_SOURCE -DSPANGATE_VERSION='"$(or $(VERSION),0)"' -Iinclude -I$(GEN) $(PKG_CF)
LDLIBS   += $(PKG_LD) -lm
ifeq ($(ARCH),x86_64)
CPPFLAGS += -DHAVE_IPSEC_MB
LDLIBS   += -lIPSec_MB
endif

# Layers, lowest first; a test links its own and those below. tests/lint/layers checks the includes against the same order.
LAYERS   := base codec policies net ingress egress flow audit control
DIR_base := proxy/base
DIR_codec := proxy/codec
DIR_policies := policies/engine policies/detect policies/scan policies/action
DIR_net  := proxy/net
DIR_ingress := proxy/ingress
DIR_egress := proxy/egress
DIR_flow := proxy/flow
DIR_audit := proxy/audit
DIR_control := proxy/control proxy/cli
PROTOS   := $(wildcard proxy/codec/proto/*.proto)
PBC      := $(PROTOS:proxy/codec/proto/%.proto=$(GEN)/%.pb-c.c)
srcs      = $(foreach d,$(DIR_$(1)),$(wildcard $(d)/*.c))
objs      = $(patsubst %.c,$(O)/obj/%.o,$(call srcs,$(1)))
LIBS     := $(foreach l,$(LAYERS),$(O)/lib$(l).a)
below     = $(if $(filter $(1),$(firstword $(2))),$(1),$(firstword $(2)) $(call below,$(1),$(wordlist 2,99,$(2))))
rev       = $(if $(1),$(call rev,$(wordlist 2,99,$(1))) $(firstword $(1)))
libs_for  = $(foreach l,$(call rev,$(call below,$(1),$(LAYERS))),$(O)/lib$(l).a)
BIN      := $(O)/spangate

.PHONY: all libs deps demo check check-unit check-fuzz check-system interop valgrind fuzz bench eval eval-sql eval-merkle cover lint fmt docs certs install deb dist clean help
.DELETE_ON_ERROR:
.SECONDARY:
all: $(BIN) # HAVE_BIN: it links
help: ; @sed -n '2,/^$$/s/^# \{0,1\}//p' Makefile

$(GEN)/%.pb-c.c $(GEN)/%.pb-c.h: proxy/codec/proto/%.proto
	@mkdir -p $(GEN); $(if $(V),,echo "  PROTOC  $<";) protoc-c -Iproxy/codec/proto --c_out=$(GEN) $<
$(O)/obj/%.o: %.c $(PBC)
	@mkdir -p $(@D); $(if $(V),,echo "  CC      $<")
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<
$(O)/obj/policies/engine/packs.o: $(wildcard policies/packs/*.yaml)
$(O)/obj/proxy/audit/doc_html.o: proxy/audit/report.css
$(O)/obj/gen/%.pb-c.o: $(GEN)/%.pb-c.c
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(filter-out -W%,$(CFLAGS)) -w -MMD -MP -c -o $@ $<
define layer
$(O)/lib$(1).a: $(call objs,$(1)) $(if $(filter codec,$(1)),$(PBC:$(GEN)/%.c=$(O)/obj/gen/%.o))
	@mkdir -p $$(@D)
	$$(Q)rm -f $$@; ar rcs $$@ $$^
endef
$(foreach l,$(LAYERS),$(eval $(call layer,$(l))))
$(BIN): $(O)/obj/proxy/main.o $(call libs_for,control)
	@$(if $(V),,echo "  LINK    $@")
	$(Q)$(CC) $(CFLAGS) $(LDHARD) -o $@ $^ $(LDLIBS)

# Unit tests: tests/unit/<layer>/test_<module>.c, linked with tests/support (its files named <layer>_*.c belong to that layer and those above).
UNIT     := $(wildcard tests/unit/*/test_*.c)
UNITBIN  := $(UNIT:tests/unit/%.c=$(O)/unit/%)
support   = $(foreach l,$(call below,$(1),$(LAYERS)),$(patsubst %.c,$(O)/obj/%.o,$(wildcard tests/support/$(l)_*.c)))
define unit
$(O)/unit/$(1): $(O)/obj/tests/unit/$(1).o $(call support,$(firstword $(subst /, ,$(1)))) $(call libs_for,$(firstword $(subst /, ,$(1))))
	@mkdir -p $$(@D); $(if $(V),,echo "  TEST-LD $$@")
	$$(Q)$$(CC) $$(CFLAGS) $$(LDHARD) -o $$@ $$^ $$(LDLIBS) $$(shell pkg-config --libs check)
endef
$(foreach u,$(UNIT:tests/unit/%.c=%),$(eval $(call unit,$(u))))
$(O)/obj/tests/%.o: CPPFLAGS += -I. -Itests/support

libs: $(LIBS)
check-unit: $(UNITBIN)
	@tests/support/run-unit $(O)/unit $(UNITBIN)

# Fuzz targets: tests/fuzz/fuzz_<F>.c; replayed by check, run by libFuzzer with `make fuzz F=... TIME=...`.
FUZZERS  := $(patsubst tests/fuzz/fuzz_%.c,%,$(wildcard tests/fuzz/fuzz_*.c))
FUZZBIN  := $(FUZZERS:%=$(O)/fuzz/%)
FUZZDEPS := $(patsubst %.c,$(O)/obj/%.o,tests/fuzz/fuzz.c $(filter-out tests/support/base_suite.c,$(wildcard tests/support/base_*.c tests/support/codec_*.c tests/support/flow_*.c)))
$(O)/fuzz/%: $(O)/obj/tests/fuzz/fuzz_%.o $(O)/obj/tests/fuzz/replay.o $(FUZZDEPS) $(call libs_for,control)
	@mkdir -p $(@D); $(if $(V),,echo "  FUZZ-LD $@")
	$(Q)$(CC) $(CFLAGS) $(LDHARD) -o $@ $^ $(LDLIBS)
check-fuzz: $(FUZZBIN)
	@tests/support/run-unit $(O) $(FUZZBIN)
ifeq ($(SAN),fuzzer)
$(O)/libfuzzer/%: $(O)/obj/tests/fuzz/fuzz_%.o $(FUZZDEPS) $(call libs_for,control)
	@mkdir -p $(@D); $(if $(V),,echo "  FUZZ-LD $@")
	$(Q)$(CC) $(CFLAGS) -fsanitize=fuzzer,address,undefined -o $@ $^ $(LDLIBS)
endif
TIME     ?= 60
fuzz:
	@test -n "$(F)" || { echo "usage: make fuzz F=<one of: $(FUZZERS)> TIME=<seconds>"; exit 2; }
	@$(MAKE) --no-print-directory $(O)/fuzz/$(F) && $(MAKE) --no-print-directory SAN=fuzzer $(B)/san-fuzzer/libfuzzer/$(F)
	@mkdir -p $(B)/corpus/$(F) && $(O)/fuzz/$(F) --seeds $(B)/corpus/$(F)
	$(B)/san-fuzzer/libfuzzer/$(F) -max_total_time=$(TIME) -timeout=10 -rss_limit_mb=4096 -print_final_stats=1 $(B)/corpus/$(F)
# Benchmarks: in-process figures, then the whole gate over loopback mTLS.
$(O)/bench/%: $(O)/obj/tests/bench/%.o $(O)/obj/tests/support/codec_tree.o $(O)/obj/tests/support/policies_patterns.o $(O)/obj/tests/support/policies_walk.o $(call libs_for,control)
	@mkdir -p $(@D); $(if $(V),,echo "  LINK    $@")
	$(Q)$(CC) $(CFLAGS) $(LDHARD) -o $@ $^ $(LDLIBS)
# Detection as it will be judged: labelled texts, values of our own making (SEED), a million decoys, through the whole pure path.
SEED     ?= 1
$(O)/eval/filter: $(O)/obj/tests/eval/filter.o $(call libs_for,control)
	@mkdir -p $(@D); $(if $(V),,echo "  LINK    $@")
	$(Q)$(CC) $(CFLAGS) $(LDHARD) -o $@ $^ $(LDLIBS)
eval-sql: $(O)/eval/filter
	@tests/eval/sql.py --filter $(O)/eval/filter --corpus "$(CORPUS)" $(EVAL_ARGS)
eval: $(O)/eval/filter
	@tests/eval/eval.py --filter $(O)/eval/filter --corpus "$(CORPUS)" --seed $(SEED) $(EVAL_ARGS)
# A gate that records nothing, to measure against: the product's objects, and a file that the linker puts before some of their functions.
NOAUDIT  := $(O)/bench-noaudit/spangate
$(NOAUDIT): $(O)/obj/tests/bench/no_audit.o $(O)/obj/proxy/main.o $(call libs_for,control)
	@mkdir -p $(@D); $(if $(V),,echo "  LINK    $@")
	$(Q)$(CC) $(CFLAGS) $(LDHARD) $(patsubst %,-Wl$(comma)--wrap=%,gate_record record_delivery flow_post_note journal_post) -o $@ $^ $(LDLIBS)
bench: $(O)/bench/bench $(O)/bench/bench_audit $(O)/bench/make_log $(BIN) $(NOAUDIT)
	@$(O)/bench/bench && $(O)/bench/bench_audit && tests/bench/gate.py --noaudit $(NOAUDIT) $(BIN) && tests/bench/report.py $(BIN)
# Merkle proofs against the vectors of transparency-dev/merkle, a folder outside of this tree.
eval-merkle: $(O)/bench/eval_merkle
	@test -d "$(CORPUS)" || { echo "eval-merkle: CORPUS=$(CORPUS) is not there; give the folder of the vectors"; exit 2; }
	@$(O)/bench/eval_merkle $(CORPUS)
# What CI runs: everything that takes seconds. Last line: "N passed, N failed" over all parts.
check: $(UNITBIN) $(FUZZBIN) $(BIN) $(NOAUDIT)
	@tests/support/run-check $(O) $(UNITBIN) $(FUZZBIN)
# The real binary for minutes: kill -9 in ROUNDS rounds, canaries.
ROUNDS   ?= 20
AUDIT_ROUNDS ?= 500
check-system: $(BIN) $(O)/unit/audit/test_verify $(O)/unit/audit/test_crash
	@SPANGATE=$(BIN) tests/system/20-canary.py && SPANGATE=$(BIN) tests/system/10-crash.py $(ROUNDS) && SPANGATE=$(BIN) tests/system/53-kills.py $(ROUNDS) && \
	SPANGATE=$(BIN) tests/system/40-audit.py $(AUDIT_ROUNDS) && SPANGATE_TEST_ROUNDS=10 $(O)/unit/audit/test_verify && SPANGATE_TEST_ROUNDS=10 $(O)/unit/audit/test_crash
demo: $(BIN)
	@$(BIN) demo
certs: $(BIN)
	@certs/make $(BIN) $(B)/certs
# What counts allocations, and what takes minutes without it, is left out.
valgrind: $(UNITBIN)
	@for t in $(filter-out %_oracle %finder %emit %detectors,$(UNITBIN)); do for c in normal malformed limits; do CK_RUN_CASE=$$c CK_TIMEOUT_MULTIPLIER=30 \
	    valgrind -q --suppressions=tests/support/valgrind.supp --error-exitcode=1 --leak-check=full $$t >/dev/null || exit 1; done; echo "ok   $$t"; done
cover:
	@$(MAKE) --no-print-directory B=$(B)/cover COVER="--coverage -fprofile-update=atomic" check-unit; tests/support/cover.py $(B)/cover
PREFIX   ?= /usr/local
install: $(BIN)
	install -D -m 755 $(BIN) $(DESTDIR)$(PREFIX)/bin/spangate
	install -d $(DESTDIR)$(PREFIX)/share/spangate $(DESTDIR)$(PREFIX)/share/man/man1
	install -m 644 policies/packs/*.yaml $(DESTDIR)$(PREFIX)/share/spangate
	$(BIN) man > $(DESTDIR)$(PREFIX)/share/man/man1/spangate.1
	for k in gateway policy test; do $(BIN) config schema --kind $$k > $(DESTDIR)$(PREFIX)/share/spangate/$$(echo $$k | sed 's/test/policy-test/').schema.json || exit 1; done
# A package of the binary, and the sources as one file; both in $(B).
deb: $(BIN)
	@packaging/deb $(BIN) $(VERSION) $(B)
dist:
	@git archive --format=tar --prefix=spangate-$(VERSION)/ HEAD | gzip -9n > $(B)/spangate-$(VERSION).tar.gz && echo $(B)/spangate-$(VERSION).tar.gz
interop: $(BIN) $(O)/bench/make_log
	@packaging/deps interop
	@SPANGATE=$(BIN) tests/interop/run.py && SPANGATE=$(BIN) tests/interop/clients.py && SPANGATE=$(BIN) tests/interop/backend.py && SPANGATE=$(BIN) tests/interop/editor.py && SPANGATE=$(BIN) tests/interop/audit.py && SPANGATE=$(BIN) tests/interop/oscal.py
# References printed from the tables of the program.
docs: $(BIN)
	@mkdir -p $(B)/docs; $(BIN) man --format markdown > $(B)/docs/cli.md && $(BIN) man --configuration > $(B)/docs/configuration.md && \
	$(BIN) man --detectors > $(B)/docs/detectors.md && $(BIN) man --codes > $(B)/docs/codes.md && \
	for k in gateway policy test; do $(BIN) config schema --kind $$k > $(B)/docs/$$(echo $$k | sed 's/test/policy-test/').schema.json || exit 1; done && echo "$(B)/docs: $$(ls $(B)/docs | tr '\n' ' ')"
deps: ; @packaging/deps all
lint: ; @tests/lint/run
fmt: ; @clang-format -i $$(git ls-files -co --exclude-standard '*.c' '*.h')
clean: ; rm -rf $(B)
print-cppflags: ; @echo $(filter-out -DSPANGATE_VERSION%,$(CPPFLAGS))
-include $(shell find $(O)/obj -name '*.d' 2>/dev/null)

# SPDX-License-Identifier: Apache-2.0
# The front door; CMake does the building. `make help` lists the targets.
JOBS   ?= $(shell nproc 2>/dev/null || echo 2)
PREFIX ?= /usr/local
BUILD  = MAKEFLAGS=--no-print-directory cmake --build build -j $(JOBS)
export JOBS RUNS

.DEFAULT_GOAL = all
.PHONY: all configure demo test gate test-all asan tsan mean stress valgrind conformance format \
        format-check tidy bench bench-compare instructions spikes guide abi deb install \
        uninstall clean help

all: configure ## build the library, examples, benches and tests into build/
	@grep '^kiosk: ' build/configure.log || true
	@$(BUILD)

configure:
	@{ command -v cmake && command -v cc && command -v pkg-config; } >/dev/null \
	    || scripts/setup.sh demo
	@mkdir -p build
	@cmake -S . -B build -DCMAKE_INSTALL_PREFIX=$(PREFIX) >build/configure.log 2>&1 \
	    || { cat build/configure.log; exit 1; }

demo: ## install what is missing, build, and start the example store on port 6380
	@scripts/setup.sh demo
	@$(MAKE) --no-print-directory configure
	@$(BUILD) --target examples
	@scripts/demo.sh

test: ## install what is missing, then everything a change must pass
	@scripts/setup.sh test
	@scripts/gate.sh

gate: ## the same without installing anything
	@scripts/gate.sh

test-all: ## the gate, the other pairs of compiler and sanitizer, mean build, valgrind, aarch64, ...
	@scripts/setup.sh long
	@scripts/gate.sh all

asan: ## tests with gcc and clang under AddressSanitizer and UBSan
	@scripts/gate.sh asan-gcc asan-clang

tsan: ## tests with gcc and clang under ThreadSanitizer
	@scripts/gate.sh tsan-gcc tsan-clang

mean: ## tests with every queue, wheel and pool at its smallest
	@scripts/gate.sh mean

stress: ## everything at once, 10 minutes each in release, TSan, mean: SECONDS=600
	@SECONDS_EACH=$(or $(SECONDS),600) scripts/gate.sh stress

valgrind: ## tests under valgrind
	@scripts/gate.sh valgrind

conformance: configure ## run the conformance cases and write docs/conformance.md
	@$(BUILD)
	@ctest --test-dir build --no-tests=error --output-on-failure \
	    -R '^conformance/' -E '^conformance/table$$'
	@tests/conformance/run.sh build/tests/conformance/results docs/conformance.md write

format: ## rewrite the C files in the project's form
	@scripts/format.sh

format-check: ## say which C files are not in that form
	@scripts/gate.sh format

tidy: ## clang-tidy and the style rules
	@scripts/gate.sh analyzer style

bench: configure ## measure everything: a table, and build/bench/results.jsonl
	@$(BUILD) --target bench
	@scripts/bench.sh $(WORKLOADS)

instructions: configure ## count those of the hottest paths: bench/instructions.txt
	@$(BUILD) --target bench
	@scripts/instructions.sh

bench-compare: configure ## the same beside a commit: REV=main [WORKLOADS="ring skynet"] [RUNS=7]
	@$(BUILD) --target bench
	@scripts/bench-compare.sh $(REV) $(WORKLOADS)

spikes: ## build the experiments under spikes/
	@for dir in spikes/*/; do \
	    test ! -f "$$dir/Makefile" || $(MAKE) --no-print-directory -C "$$dir" || exit 1; done

guide: ## weave the pages of docs/guide/ from its programs
	@scripts/guide.sh docs/guide

abi: configure ## accept the binary interface as it is: docs/install.md says when
	@$(BUILD) --target kiosk
	@scripts/abi.sh write build/lib/libkiosk.so

deb: ## the Debian packages, into build/deb/; lintian has the last word
	@scripts/setup.sh deb
	@scripts/deb.sh

install: configure ## build and install into PREFIX (default /usr/local), or below DESTDIR
	@grep '^kiosk: no man' build/configure.log || true
	@$(BUILD) --target installed
	@cmake --install build --prefix $(PREFIX)
	@test -n "$(DESTDIR)" || test "$$(id -u)" -ne 0 || ldconfig

uninstall: ## take away what the latest `make install` put there
	@xargs -r -d '\n' -a build/install_manifest.txt printf '$(DESTDIR)%s\0' | xargs -r -0 rm -f

clean: ## remove build/
	@rm -rf build

help: ## this list
	@if [ -t 1 ]; then on=$$(printf '\033[36m'); off=$$(printf '\033[0m'); fi; \
	awk -v on="$$on" -v off="$$off" -F ':.*## ' \
	    '/^[a-z-]+:.*## / { printf "  %s%-13s%s %s\n", on, $$1, off, $$2 }' Makefile

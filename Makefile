# Everything that is done with this repository. `make` alone lists it.
# CI runs `make test` and nothing else.

SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
export MAKE

CARGO ?= cargo
PYTHON ?= python3
# The Python that the tests ask for second opinions (pkilint, cryptography).
export TEGATA_PYTHON ?= $(CURDIR)/.venv/bin/python

# The features under which everything of the core is built. `make features` builds the other combinations.
FEATURES := tegata/testing,tegata/aws-lc
COMBINATIONS := none aws-lc testing

CSR ?=
OUT ?= demo-out
NAME ?=
FUZZ_SECONDS ?= 600
CRASH_SECONDS ?= 600
POWER_CUTS ?= 3000

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# --- use it --------------------------------------------------------------------------------------------------------

.PHONY: demo
demo: setup-build ## a CA, a device and its certificate's life: `make demo`, `make demo CSR=my.csr OUT=folder`
	$(CARGO) run --quiet -p tegata-quickstart -- $(if $(CSR),--csr '$(CSR)') --out '$(OUT)'

# --- check it ------------------------------------------------------------------------------------------------------

.PHONY: setup
setup: ## install what is missing on this machine (Debian, as root) or name it
	@tools/setup.sh all

.PHONY: setup-build
setup-build:
	@tools/setup.sh build

.PHONY: test
test: setup ## set up, then every check and every test
	@tools/steps.sh lint licenses test-rust test-default doc features fuzz-short demo-check \
		+ test-node test-python test-c test-kotlin test-c-cross test-twine-cross

.PHONY: test-rust
test-rust: ## the Rust tests with all features, the examples in the documentation included
	$(CARGO) test --workspace --features $(FEATURES)

.PHONY: test-default
test-default: ## the core's own tests as most users build it: ring alone
	$(CARGO) test -p tegata --lib

.PHONY: lint
lint: ## format, clippy, layers, file lengths, a test for each requirement, generated lists
	$(CARGO) fmt --all --check
	$(CARGO) fmt --manifest-path twine/cross/Cargo.toml --check
	$(CARGO) clippy --workspace --all-targets --features $(FEATURES) -- -D warnings
	$(PYTHON) tools/check-layers.py --self-test
	$(PYTHON) tools/check-layers.py
	$(PYTHON) tools/requirements-coverage.py --self-test
	$(PYTHON) tools/requirements-coverage.py
	$(PYTHON) tools/operations.py --self-test
	$(PYTHON) tools/operations.py --check
	$(PYTHON) tools/error-codes.py --check

.PHONY: doc
doc: ## the reference documentation, warnings refused
	RUSTDOCFLAGS='-D warnings' $(CARGO) doc --workspace --no-deps --features $(FEATURES)

.PHONY: features
features: ## build the core with each combination of features
	for features in $(COMBINATIONS); do \
		echo "features: $$features"; \
		$(CARGO) clippy --quiet -p tegata --lib --no-default-features \
			$$([ $$features = none ] || echo --features $$features) -- -D warnings; \
	done

.PHONY: test-c
test-c: ## the C library: installed elsewhere, C11 and C++17, sanitizers and valgrind
	bindings-c/test.sh

.PHONY: test-c-cross
test-c-cross: ## the C library for devices on aarch64 and armv7, in qemu
	bindings-c/test-device.sh

.PHONY: test-twine-cross
test-twine-cross: ## the TWINE cipher on a Cortex-M3, a Cortex-M0 and on aarch64 with NEON, in qemu
	twine/test-cross.sh

.PHONY: test-python
test-python: ## the Python wheel in an empty environment: types, scenarios, callbacks
	bindings-python/test.sh

.PHONY: test-node
test-node: ## the Node.js package: built, packed, installed elsewhere and tested there
	bindings-node/test.sh

.PHONY: test-kotlin
test-kotlin: ## the Kotlin jar on a bare classpath: scenarios, callbacks, coroutines; Swift as generated
	bindings-kotlin/test.sh

.PHONY: licenses
licenses: ## licences, bans and sources of all dependencies
	$(PYTHON) tools/licenses.py

.PHONY: deny
deny: ## the same with cargo-deny, installed if missing (takes minutes)
	$(CARGO) deny --version >/dev/null 2>&1 || $(CARGO) install --locked cargo-deny
	$(CARGO) deny check licenses bans sources

.PHONY: fuzz-short
fuzz-short: ## fuzz each target for 10 seconds
	FUZZ_SECONDS=10 tools/fuzz.sh

.PHONY: demo-check
demo-check: ## the demo into a temporary folder, its output checked with openssl
	tools/check-demo.sh

# --- long runs -----------------------------------------------------------------------------------------------------

.PHONY: fuzz
fuzz: ## fuzz each target for FUZZ_SECONDS=600, with AddressSanitizer if nightly Rust is there
	FUZZ_SECONDS=$(FUZZ_SECONDS) tools/fuzz.sh --keep $$(rustc +nightly --version >/dev/null 2>&1 && echo --asan)

.PHONY: crash
crash: ## kill the store again and again for CRASH_SECONDS=600 and look for what is lost
	TEGATA_CRASH_SECONDS=$(CRASH_SECONDS) $(CARGO) test -p tegata --features testing --test crash -- --ignored --nocapture

.PHONY: power
power: ## cut the power at POWER_CUTS=3000 points of recorded runs and look for what is lost
	TEGATA_POWER_CUTS=$(POWER_CUTS) $(CARGO) test -p tegata --features testing,postgres --test power --test power_postgres -- --nocapture

.PHONY: bench
bench: ratios ## the figures: the ratios, then the criterion benches
	$(CARGO) bench -p tegata-benches

.PHONY: ratios
ratios: ## us against the floor in one run: `make ratios NAME=issue`, or all of them
	$(CARGO) run --release --quiet -p tegata-benches --bin ratios -- $(NAME)

.PHONY: clean
clean: ## remove what was built
	$(CARGO) clean
	rm -rf .venv .venv-python bindings-node/node_modules '$(OUT)' demo-out-* core/fuzz/artifacts

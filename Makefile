# Everything happens in .venv, made on first use. `make demo` and `make test` are all a newcomer needs.
PYTHON ?= $(firstword $(foreach p,python3.11 python3.12 python3.13 python3,$(shell command -v $(p) 2>/dev/null)))
VENV := .venv
BIN := $(VENV)/bin
# durable_rules is C source without a wheel, and does not import on Python 3.13.
CC_FOUND := $(shell command -v cc || command -v gcc || command -v clang)
PY_OK := $(shell $(PYTHON) -c 'import sys; print(sys.version_info < (3, 13))' 2>/dev/null)
comma := ,
# What the container installs: durable_rules needs a compiler, so it is not among it.
LOCKED := --extra all
DURABLE := $(if $(CC_FOUND),$(if $(filter True,$(PY_OK)),durable,),)

# Seconds for each target of `make fuzz`.
SECONDS ?= 60
FUZZ := rules overlay patterns notes texts soql html bodies render settings terminal

.PHONY: help demo test test-all torture fuzz check lock sbom audit deploy-check image-check bench wheel-test clean
help: ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/'

$(VENV)/ready: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --upgrade 'pip>=25.1'
	@$(if $(DURABLE),,echo "No C compiler (or Python 3.13): installing without durable_rules; rules run on the python engine.")
	$(BIN)/pip install --quiet --group dev --editable '.[all$(if $(DURABLE),$(comma)durable,)]'
	@touch $@

demo: $(VENV)/ready ## the whole loop on the built-in sandbox CRM
	$(BIN)/crmrules demo

test: $(VENV)/ready ## the fast loop, under 3 minutes
	$(BIN)/pytest -q -n 2 -m 'not slow and not torture'

test-all: $(VENV)/ready ## everything, load and kill tests included
	$(BIN)/pytest -q -n 2 -m 'not torture'

torture: $(VENV)/ready ## the long run: every sequence, kill and sweep; hours, before a release
	$(BIN)/pytest -q -n 2 -m torture

fuzz: $(VENV)/ready ## hostile bytes for every reader of files and texts; SECONDS=60 for each
	$(BIN)/pip install --quiet --group fuzz
	@for target in $(FUZZ); do \
		echo "$$target: $(SECONDS) s"; mkdir -p .fuzz; \
		$(BIN)/python tests/hostile/fuzz.py $$target $(SECONDS) .fuzz > .fuzz/$$target.log 2>&1 \
			|| { tail -40 .fuzz/$$target.log; echo "The input is in .fuzz."; exit 1; }; \
		grep number_of_executed .fuzz/$$target.log; \
	done

check: $(VENV)/ready ## format, lint, types, import contracts, rules
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/bandit --quiet --recursive --severity-level medium src connectors
	$(BIN)/crmrules rules check

# Tools of their own environment: what they need must not change what the tests see.
$(VENV)/tools/ready: pyproject.toml $(VENV)/ready
	$(PYTHON) -m venv $(VENV)/tools
	$(VENV)/tools/bin/pip install --quiet --upgrade 'pip>=25.1'
	$(VENV)/tools/bin/pip install --quiet --group supply --group deploy
	@touch $@

lock: $(VENV)/tools/ready ## pin what the container installs and is built with, with hashes: deploy/docker/*.lock
	$(VENV)/tools/bin/uv pip compile --quiet --upgrade --generate-hashes --no-emit-index-url --no-header \
		--no-annotate --python-version 3.11 $(LOCKED) pyproject.toml --output-file deploy/docker/requirements.lock
	$(PYTHON) -c 'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["build-system"]["requires"], sep="\n")' \
		| $(VENV)/tools/bin/uv pip compile --quiet --upgrade --generate-hashes --no-emit-index-url --no-header \
		--no-annotate --python-version 3.11 - --output-file deploy/docker/build.lock

sbom: $(VENV)/tools/ready ## dist/sbom.json (CycloneDX) from the lock, validated
	bash .ci/sbom

audit: $(VENV)/tools/ready ## ask the advisory database about the lock; needs to reach it
	bash .ci/audit

deploy-check: $(VENV)/tools/ready ## every file of deploy/ through the tool that reads it, offline
	bash .ci/deploy-check

image-check: $(VENV)/ready ## build the container without an engine and use it as a cluster would; as root, some minutes
	bash .ci/image-check

bench: $(VENV)/ready ## ratios of one run: engines, evaluation, memory
	$(BIN)/pip install --quiet --group bench
	$(BIN)/python benchmarks/run.py

wheel-test: $(VENV)/ready ## build the wheel and test it alone, without development packages
	bash .ci/wheel-test

clean: ## remove everything made here
	rm -rf $(VENV) dist build crmrules-demo .pytest_cache .mypy_cache .ruff_cache .hypothesis .fuzz .sfdx

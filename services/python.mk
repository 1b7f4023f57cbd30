# What the services in Python share: each runs and tests alone, without a platform. A service's Makefile names its module.
PYTHON ?= python3
BIN    := .venv/bin
SETS   := $(sort $(basename $(wildcard requirements*.in)))

.venv/.installed: requirements-dev.txt
	@test -x $(BIN)/pip || $(PYTHON) -m venv .venv
	@$(BIN)/pip install --quiet --require-hashes --no-deps -r requirements-dev.txt
	@touch $@

.PHONY: test
test: .venv/.installed ## Types and tests
	@$(BIN)/mypy
	@$(BIN)/pytest

.PHONY: run
run: .venv/.installed ## Serve on port 8080
	@exec $(BIN)/python -m $(MODULE)

.PHONY: lock
lock: .venv/.installed ## Resolve the locks anew (hashes, no registry hosts)
	@$(BIN)/pip install --quiet uv
	@for set in $(SETS); do $(BIN)/uv pip compile --quiet --universal --python-version 3.11 \
	  --generate-hashes --no-header --no-emit-index-url --no-emit-find-links $$set.in -o $$set.txt; done

# What the services in Python share: each runs and tests alone, without a platform. A service's Makefile names its module.
# A service of the shop says SHOPKIT := yes: it sees the library, and its tests have Postgres, NATS and Redis;
# what Debian packages they need besides, it names in DEBIAN. STORES (postgres nats redis) and modules BESIDE it run with it
# in `make run`, where the environment does not name others.
PYTHON ?= python3
BIN    := .venv/bin
SETS   := $(sort $(basename $(wildcard requirements*.in)))
LIB    := $(patsubst %/,%,$(dir $(lastword $(MAKEFILE_LIST))))/_lib

ifdef SHOPKIT
export PYTHONPATH := $(LIB)$(if $(PYTHONPATH),:$(PYTHONPATH))
export MYPYPATH   := $(LIB)
PROGRAMS := programs
endif

$(BIN)/uv: $(LIB)/uv.txt
	@test -x $(BIN)/pip || $(PYTHON) -m venv .venv
	@$(BIN)/pip install --quiet --require-hashes --no-deps -r $<
	@touch $@

.venv/.installed: requirements-dev.txt $(BIN)/uv
	@$(BIN)/uv pip sync --quiet --python $(BIN)/python --require-hashes requirements-dev.txt $(LIB)/uv.txt
	@touch $@

.PHONY: programs
programs: ## Install the servers that tests start (Debian; as root), without letting Debian start them
	@$(LIB)/programs.sh $(DEBIAN)

.PHONY: test
test: .venv/.installed $(PROGRAMS) ## Types and tests
	@$(BIN)/mypy
	@$(BIN)/pytest

.PHONY: run
run: .venv/.installed $(if $(STORES),$(PROGRAMS)) ## Serve on port 8080, with the stores that it needs
	@exec $(BIN)/python -m $(if $(STORES),shopkit.testing.alone )$(MODULE) $(STORES) $(BESIDE:%=--beside=%)

.PHONY: lock
lock: $(BIN)/uv ## Resolve the locks anew (hashes, no registry hosts)
	@for set in $(SETS); do $(BIN)/uv pip compile --quiet --universal --python-version 3.11 \
	  --generate-hashes --no-header --no-emit-index-url --no-emit-find-links $$set.in -o $$set.txt; done

ifdef SHOPKIT
.PHONY: contracts
contracts: .venv/.installed ## Write openapi.json and asyncapi.yaml anew; the diff is the change of the interface
	@CONTRACTS=write $(BIN)/pytest --no-cov --quiet tests/test_contracts.py

ifdef MODULE
ENGINE ?= podman
.PHONY: containerfile
containerfile: ## Show what `make image` builds
	@sed 's/{service}/$(MODULE)/g; s/{debian}/$(DEBIAN)/g' $(LIB)/../Containerfile.python

.PHONY: image
image: ## Build the service's image with a container engine: ENGINE=podman or docker
	@$(MAKE) --no-print-directory containerfile | $(ENGINE) build --tag $(MODULE) --file - $(LIB)/..
endif
endif

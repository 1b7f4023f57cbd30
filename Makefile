# Each target is one honest command; see README.md.
SHELL := /bin/bash
.DEFAULT_GOAL := help

PYTHON      ?= python3
VENV        ?= .venv
BIN         := $(VENV)/bin
ENVIRONMENT ?= local
INVENTORY   := inventories/$(ENVIRONMENT)
PLAY        := $(BIN)/ansible-playbook -i $(INVENTORY)
export ANSIBLE_CONFIG := $(CURDIR)/ansible.cfg
export PATH := $(CURDIR)/$(BIN):$(PATH)

.PHONY: help
help: ## Show the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | column -ts "$$(printf '\t')"

$(VENV)/.runtime: requirements/runtime.txt
	@test -x $(BIN)/pip || $(PYTHON) -m venv $(VENV) || { apt-get install -y python3-venv && $(PYTHON) -m venv --clear $(VENV); }
	@echo "Installing the locked Python packages into $(VENV)"
	@$(BIN)/pip install --quiet --require-hashes --no-deps -r requirements/runtime.txt
	@touch $@

$(VENV)/.dev: requirements/dev.txt requirements/dashboards.txt $(VENV)/.runtime
	@echo "Installing the locked development packages into $(VENV)"
	@$(BIN)/pip install --quiet --require-hashes --no-deps -r requirements/dev.txt -r requirements/dashboards.txt
	@touch $@

.PHONY: venv
venv: $(VENV)/.runtime ## Install the locked runtime packages into .venv

.PHONY: dev
dev: $(VENV)/.dev ## Install the locked development packages into .venv

.PHONY: site
site: venv ## Raise the platform of ENVIRONMENT (default: local)
	@$(PLAY) playbooks/site.yml $(ARGS)

.PHONY: verify
verify: venv ## Ask the running platform whether all is well
	@$(PLAY) playbooks/verify.yml $(ARGS)

.PHONY: destroy
destroy: venv ## Remove the platform of ENVIRONMENT and leave the host as it was
	@$(PLAY) playbooks/destroy.yml $(if $(filter local,$(ENVIRONMENT)),-e confirm=local) $(ARGS)

.PHONY: lint
lint: dev ## ansible-lint (production), ruff, mypy, yamllint
	@$(BIN)/python tests/run.py lint

.PHONY: unit
unit: dev ## Unit tests
	@$(BIN)/python tests/run.py unit

.PHONY: test
test: dev ## Every test: lint, unit, bundle, integration, end to end, role scenarios
	@$(BIN)/python tests/run.py all

.PHONY: test-slow
test-slow: dev ## The tests that take minutes each: remediation of nodes, leaks, servers and clusters of others, no network, interruptions, upgrade, backup
	@GANTRY_TEST_MINUTES=$${GANTRY_TEST_MINUTES:-180} $(BIN)/python tests/run.py slow

.PHONY: sanity
sanity: dev ## ansible-test sanity on the built collection (minutes; its tools come from PyPI)
	@$(BIN)/pytest -s -m sanity tests/collection/test_sanity.py

.PHONY: bench
bench: dev ## Measure against kubectl and kubernetes.core; writes .platform/bench.json
	@PYTHONPATH=collections:. $(BIN)/python -m tests.benchmarks

.PHONY: soak
soak: dev ## Twelve faults under peak load on the shop of ENVIRONMENT, which must be up; then an audit
	@GANTRY_E2E_INVENTORY=$(INVENTORY) $(BIN)/pytest -s --timeout=5400 -m soak tests/e2e/test_soak.py

.PHONY: shop
shop: ## The whole shop on this machine without a platform: real stores, every service, customers, four faults, an audit
	@$(MAKE) --no-print-directory -C services/_lib .venv/.installed programs
	@$(MAKE) --no-print-directory -C services/shopapi build
	@$(MAKE) --no-print-directory -C services/traffic installed
	@PYTHONPATH=.:services/_lib services/_lib/.venv/bin/python -m tests.shop.local $(ARGS)

.PHONY: audit
audit: venv ## Whether the books of the shop of ENVIRONMENT agree: orders, events, charges, stock, mails
	@PYTHONPATH=collections:. $(BIN)/python -m tests.shop.audit --kubeconfig .platform/$(ENVIRONMENT)/kubeconfig $(ARGS)

.PHONY: lock
lock: dev ## Resolve the Python locks anew (hashes, no registry hosts)
	@$(BIN)/pip install --quiet uv
	@for set in runtime dev dashboards checkov; do $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --no-emit-find-links --no-header requirements/$$set.in -o requirements/$$set.txt; done

.PHONY: aws-schema
aws-schema: dev ## Write the schema of the AWS provider anew, of what terraform/ uses
	@PYTHONPATH=collections:. $(BIN)/python -m tests.tools.aws_schema

.PHONY: docs
docs: dev ## Write the pages of docs/roles from the argument specs
	@PYTHONPATH=collections:. $(BIN)/python -m tests.tools.role_pages

.PHONY: dashboards
dashboards: dev ## Render dashboards/ to dashboards/json
	@$(BIN)/python -m dashboards.generate

.PHONY: collection
collection: venv ## Build the collection's artefact
	@$(BIN)/ansible-galaxy collection build --force --output-path dist

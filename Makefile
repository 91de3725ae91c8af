# `make help` says what there is. Everything sets itself up: Python 3.11 or later with pip or venv is all that must be there;
# Java 17 and npm let tables live in AWS's own DynamoDB Local.

SAM_VERSION := 1.170.0
UV_VERSION  := 0.13.9
CHECKOV_VERSION := 3.3.30

# uv from the PATH, else a private one; `pip --target` works where the system forbids installing into itself.
UV := $(shell command -v uv || echo .cache/uv/bin/uv)
SAM = SAM_CLI_TELEMETRY=0 PIP_NO_DEPS=1 AWS_DEFAULT_REGION=$${AWS_DEFAULT_REGION:-eu-central-1} \
      $(UV) tool run --from aws-sam-cli==$(SAM_VERSION) sam
# An environment of its own, like the SAM CLI: its pins are not ours. It asks nobody.
CHECKOV = $(UV) tool run --from checkov==$(CHECKOV_VERSION) checkov --skip-download
RUN := $(UV) run --frozen
GUIDE = SAM="env $(SAM)" PYTHONPATH=functions $(RUN) python -m infra.deploy
# The pictures of measurements have tests, too, and matplotlib a group of its own.
TEST := $(RUN) --group plots pytest
PARALLEL := -n auto --dist worksteal
PURE := tests/unit/core
STORIES := tests/browser/stories
ARGS ?=
EXAMPLES ?= 10000
RESULT ?= .cache/bench/bench.json
SEEDS ?= 1000

.DEFAULT_GOAL := help
.PHONY: help run demo org bench plots bench-org bench-page chaos test browser screens simulate mutants mutation fuzz rules check fix lock build bundle deploy doctor canary destroy

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' Makefile

run: | $(UV) ## the whole product on this machine (ARGS="--help" lists its options)
	$(RUN) python -m infra.local $(ARGS)

demo: | $(UV) ## a story over HTTP against the running stack, told as a table
	$(RUN) python -m infra.local.demo $(ARGS)

org: | $(UV) ## the emulated Salesforce org alone, for any client (ARGS="--help" lists its options; /connect says how)
	$(RUN) python -m infra.local.org --proxy-port 8101 --password emulated1 --security-token TOKEN $(ARGS)

bench: | $(UV) ## what the sync costs, beside its peers and the limits (QUICK=1: small; ARGS="--lines inbound")
	PYTHONPATH=functions:.:tests $(RUN) python -m infra.bench $(if $(QUICK),--quick) $(ARGS)

plots: | $(UV) ## draw what `make bench` found into docs/measured (RESULT=.cache/bench/bench.json)
	PYTHONPATH=functions:.:tests $(RUN) --group plots python -m infra.bench.plots $(RESULT) $(ARGS)

bench-org: | $(UV) ## how fast the emulated org answers on one core, and what a million tasks take (ARGS="--tasks 0")
	$(RUN) python -m infra.bench.org $(ARGS)

bench-page: | $(UV) ## what a cold load of the Command Center takes, and how fast it answers with 5,000 reminders
	$(RUN) python -m infra.bench.page $(ARGS)

chaos: | $(UV) ## kill the functions 50 times under load on both sides: nothing lost, nothing doubled (ARGS="--seed 7")
	$(RUN) python -m infra.local.chaos $(ARGS)

# Four calls: the core's own tests must reach every branch of the pure half; then the rest; then, with the machine to itself because its
# promises are seconds, the story of a working day; and what mostly waits, two at a time: that story with faults planted, and beside it the
# stories told in the browser, all on one stack.
test: | $(UV) ## all tests (ARGS="-k name" picks some)
ifeq ($(strip $(ARGS)),)
	$(TEST) $(PURE) --cov=functions/reminders --cov-report=term --cov-fail-under=100
	$(TEST) $(PARALLEL) $(PURE:%=--ignore=%) --ignore=tests/e2e --ignore=$(STORIES)
	$(TEST) tests/e2e --ignore=tests/e2e/test_demo_faults.py
	$(TEST) -n 2 --dist loadgroup $(STORIES) tests/e2e/test_demo_faults.py
else
	$(TEST) $(PARALLEL) $(ARGS)
endif

browser: | $(UV) ## what people do on the page, in a real Chromium (part of `make test`)
	$(RUN) pytest tests/browser -n auto --dist loadgroup $(ARGS)

screens: | $(UV) ## take the pictures in docs/screens again
	PYTHONPATH=functions:.:tests $(RUN) python tests/browser/screens.py

simulate: | $(UV) ## the whole sync in a deterministic simulation, SEEDS=1000 runs of days each (ARGS="--seed 7": one, made short)
	PYTHONPATH=functions:.:tests $(RUN) python -m simulation.simulate --seeds $(SEEDS) $(ARGS)

mutants: | $(UV) ## plant one bug at a time: each must be killed by an invariant of the simulation (ARGS=no-lease: that one)
	PYTHONPATH=functions:.:tests $(RUN) python -m simulation.mutants $(ARGS)

mutation: | $(UV) ## change the pure core in every small way: its own tests must notice (ARGS="--max-children 1")
	$(RUN) --group mutation python -m infra.mutation $(ARGS)

fuzz: | $(UV) ## hostile requests, made up from the API's own documentation and from real messages (EXAMPLES=10000 each)
	EXAMPLES=$(EXAMPLES) $(RUN) pytest tests/property $(PARALLEL) $(ARGS)

rules: | $(UV) ## every rule of the specification, and the tests that hold it
	@$(RUN) python -m infra.rules

check: | $(UV) ## format, lint, types, lock files, template, spelling
	$(RUN) ruff format --check .
	$(RUN) ruff check .
	$(RUN) mypy
	$(UV) lock --check
	$(UV) export --frozen --quiet $(EXPORT) | diff -u functions/requirements.txt - || \
	    { echo "functions/requirements.txt is stale: make lock" >&2; exit 1; }
	$(RUN) cfn-lint
	$(CHECKOV) -f template.yaml --config-file infra/checkov.yaml
	$(RUN) codespell

fix: | $(UV) ## format, and fix what the linter can
	$(RUN) ruff format .
	$(RUN) ruff check --fix .

lock: | $(UV) ## lock dependencies, and export what the functions carry
	$(UV) lock
	$(UV) export --frozen --quiet $(EXPORT) --output-file functions/requirements.txt

build: | $(UV) ## build what is deployed (needs Python 3.13: on the PATH, pyenv's, or uv's)
	$(SAM) validate --lint
	path="$$($(RUN) python -m infra.bundle --path)" && PATH="$$path" $(SAM) build --config-file infra/samconfig.toml

bundle: | $(UV) ## what each dependency in the build weighs, and whether that is more than it may
	$(RUN) python -m infra.bundle $(ARGS)

deploy: build ## from nothing to a running service, asking for what it needs; again at any time (ARGS="--stack second")
	$(GUIDE) deploy $(ARGS)

doctor: | $(UV) ## check AWS, the org, the sign-in, permissions, addresses, alarms; say what to do about what is wrong
	$(GUIDE) doctor $(ARGS)

canary: | $(UV) ## send one reminder to Salesforce and back, and clean up (ARGS="--local .local/stack.json": on the local stack)
	$(GUIDE) canary $(ARGS)

destroy: | $(UV) ## take the service away; data stays (ARGS=--data deletes it, too)
	$(GUIDE) destroy $(ARGS)

# zeep, with lxml, is for simple-salesforce's client of the Metadata API, which no function loads (salesforce/rest_only).
EXPORT := --no-dev --no-emit-project --no-header --no-annotate --prune zeep

.cache/uv/bin/uv:
	@mkdir -p .cache
	python3 -m pip install --quiet --target .cache/uv uv==$(UV_VERSION) || \
	    { python3 -m venv .cache/uv && .cache/uv/bin/pip install --quiet uv==$(UV_VERSION); }

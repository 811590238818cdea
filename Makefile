# Everything here sets up what it needs: `make run` and `make test` work on a
# machine that has Python 3.13, make and git. `make help` lists the targets.

# The first of these that is there; name another with PYTHON=.
PYTHON ?= $(firstword $(foreach name,python3.13 python3,$(shell command -v $(name))))

# Settings of `run` and `stripe-test-charges`, as variables: make hands what is
# given on its command line on to the commands' environment.
#   ONCE=1 KEEP=1 STUDIOS=file ORDERS=file PORT=4566 STRIPE_PORT=4242 REGION=us-east-1
# Settings of `deploy`:
STACK ?= pps-refunds
PARAMETERS ?=

UV := .tools/uv/bin/uv
BIN := .venv/bin
ENVIRONMENT := .venv/.synced
SAM := AWS_DEFAULT_REGION=$${AWS_DEFAULT_REGION:-us-east-1} SAM_CLI_TELEMETRY=0 .tools/sam/bin/sam

.DEFAULT_GOAL := help
.PHONY: help setup run test faults check lint types template openapi openapi-check fmt build bench load lock deploy \
	stripe-test-charges match verify-ledger clean

help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 22

setup: $(ENVIRONMENT) ## Make the Python environment
	@$(BIN)/python -m infra.local install-tools

run: $(ENVIRONMENT) ## Start the local stack and refund the demo order (ONCE=1 ends after it)
	@$(BIN)/python -m infra.local run

test: $(ENVIRONMENT) ## Run all tests, on the real template with IAM enforced
	@$(BIN)/pytest -n 2

.PHONY: unit
unit: $(ENVIRONMENT) ## Run the pure tests in half a minute: no stack, fewer examples, none that is marked slow
	@$(BIN)/pytest tests/unit -n 2 -q -m "not slow" --hypothesis-profile=quick

faults: export RUNS ?= 2000
faults: export SEED ?= 1
faults: $(ENVIRONMENT) ## Stop every flow at every call, and let weather pass over it (RUNS=2000 SEED=1)
	@$(BIN)/python -m infra.local install-tools
	@$(BIN)/pytest tests/faults -n 2 -q

check: lint types template openapi-check test ## Everything that must pass: lint, types, template, API description, tests

lint: $(ENVIRONMENT) ## Check style and spelling
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/codespell

types: $(ENVIRONMENT) ## Check types
	@$(BIN)/mypy .

template: setup ## Check the template
	@$(BIN)/cfn-lint template.yaml
	@$(SAM) validate --lint

openapi: $(ENVIRONMENT) ## Write the API's description, docs/openapi.json, from the code
	@$(BIN)/python -m infra.build.openapi

openapi-check: $(ENVIRONMENT) ## Check that docs/openapi.json is what the code says
	@$(BIN)/python -m infra.build.openapi --check

fmt: $(ENVIRONMENT) ## Format the code and fix what can be fixed
	@$(BIN)/ruff check --fix-only --quiet .
	@$(BIN)/ruff format .

build: $(ENVIRONMENT) ## Build the functions into build/ (ARCH=arm64|x86_64, this machine's by default)
	@$(BIN)/python -m infra.build.functions

bench: $(ENVIRONMENT) ## Measure start-up, package size and what one refund and lists of orders consume
	@$(BIN)/python -m tests.bench

load: $(ENVIRONMENT) ## Send refunds as fast as they go, then again with workers killed (REFUNDS, AT_ONCE, SEED)
	@$(BIN)/python -m tests.load

# COMPILE takes an .in file and writes the .txt beside it: hashes, and no index address.
COMPILE = $(UV) pip compile --quiet --universal --python-version 3.13 --generate-hashes \
	--no-emit-index-url --no-annotate

lock: $(ENVIRONMENT) ## Lock all requirements anew
	@for file in requirements/*.in functions/*/requirements.in; do \
		echo "$$file" && $(COMPILE) "$$file" -o "$${file%.in}.txt" || exit 1; \
	done

deploy: setup ## Deploy to AWS for arm64 (STACK=name PARAMETERS="Name=value ..."), see docs/deploy.md
	@$(BIN)/python -m infra.build.functions --arch arm64
	@$(SAM) deploy --template-file template.yaml --stack-name $(STACK) --resolve-s3 \
		--capabilities CAPABILITY_IAM --no-fail-on-empty-changeset \
		--parameter-overrides Architecture=arm64 $(PARAMETERS)

stripe-test-charges: $(ENVIRONMENT) ## Make test charges for the demo's orders at STRIPE_API_BASE
	@$(BIN)/python -m infra.local stripe-test-charges

match: $(ENVIRONMENT) ## Match Stripe with refunds, payouts and ledgers now
	@$(BIN)/python -m infra.operate.match

verify-ledger: $(ENVIRONMENT) ## Verify a studio's chain of ledger entries
	@$(BIN)/python -m infra.operate.verify_ledger

dead-letters: $(ENVIRONMENT) ## Show the messages that were put aside, see docs/operations.md
	@$(BIN)/python -m infra.operate.dead_letters show

clean: ## Remove all that make made
	rm -rf build .local .venv .tools .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(UV): requirements/uv.txt
	@test -n "$(PYTHON)" && "$(PYTHON)" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 13))' || \
		{ echo "error: Python 3.13 is needed, name it with PYTHON=" >&2; exit 1; }
	@echo "uv ..."
	@"$(PYTHON)" -m venv --clear .tools/uv
	@.tools/uv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@

$(ENVIRONMENT): requirements/dev.txt $(UV)
	@echo "Python environment ..."
	@$(UV) venv --quiet --allow-existing --python .tools/uv/bin/python .venv
	@$(UV) pip sync --quiet --require-hashes --python .venv $<
	@touch $@

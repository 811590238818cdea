# Each target sets up what it needs. `make run` and `make test` work on a machine
# that has Python 3.13, make and git. `make help` lists the targets.

# The first of these that exists. Set PYTHON= to use another.
PYTHON ?= $(firstword $(foreach name,python3.13 python3,$(shell command -v $(name))))

# Settings of `run` and `stripe-test-charges`. Make puts the variables of its
# command line into the environment of its commands.
#   ONCE=1 KEEP=1 STUDIOS=file ORDERS=file PORT=4566 STRIPE_PORT=4242 REGION=us-east-1
# Settings of `deploy`:
STACK ?= pps-refunds
PARAMETERS ?=
# Arguments of `operate` and of the operations with a target of their own:
ARGS ?=

# A run starts hundreds of Python processes. Without bytecode on disk each compiles all modules again,
# so Python writes it even where the environment says otherwise.
export PYTHONDONTWRITEBYTECODE :=

UV := .tools/uv/bin/uv
BIN := .venv/bin
ENVIRONMENT := .venv/.synced
SAM := AWS_DEFAULT_REGION=$${AWS_DEFAULT_REGION:-us-east-1} SAM_CLI_TELEMETRY=0 .tools/sam/bin/sam

.DEFAULT_GOAL := help
.PHONY: help setup run test faults check page-check page-schema screenshots lint types template \
	openapi openapi-check fmt build bench load lock deploy stripe-test-charges operate game-day \
	dead-letters reconcile resume verify-ledger clean

##@ First

help: ## List the targets
	@awk 'BEGIN { FS = ":.*## " } { gsub(/\$$\$$/, "$$") } /^##@ / { printf "\n%s\n", substr($$0, 5) } \
		/^[a-z-]+:.*## / { printf "  %-20s  %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(ENVIRONMENT) ## Create the Python environments
	@$(BIN)/python -m infra.local install-tools

run: $(ENVIRONMENT) ## Start the local stack and show the demo (ONCE=1 stops after it)
	@$(BIN)/python -m infra.local run

test: setup ## Run all tests, on the deployed template with IAM enforced
	@$(BIN)/pytest -n 4 --dist worksteal

##@ Test and check

.PHONY: unit
unit: $(ENVIRONMENT) ## Run the pure tests without a stack, with fewer examples, and none that is marked slow
	@$(BIN)/pytest tests/unit -n 2 -q -m "not slow" --hypothesis-profile=quick

.PHONY: explore
explore: setup ## Search for inputs that break a rule: ten times as many examples and more, others each time
	@$(BIN)/pytest tests/unit -n 2 -q -m hypothesis --hypothesis-profile=explore
	@EXAMPLES=60 $(BIN)/pytest tests/e2e/test_fuzz.py -n 2 -q

.PHONY: deploy-test
deploy-test: $(ENVIRONMENT) ## Deploy, change and delete a second stack on the local engine
	@$(BIN)/pytest tests/e2e/test_deploy.py -m deploys -q

faults: export RUNS ?= 2000
faults: export SEED ?= 1
faults: export STEP ?= 1
faults: $(ENVIRONMENT) ## Crash every flow at every point, then run it in bad weather (RUNS=2000 SEED=1 STEP=1)
	@$(BIN)/python -m infra.local install-tools
	@$(BIN)/pytest tests/faults -n 2 -q

check: lint types template openapi-check page-check test ## Run everything that must pass: lint, types, template, API description, page, tests

lint: $(ENVIRONMENT) ## Check style and spelling, and that no file has a secret
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/codespell
	@$(BIN)/python -m infra.build.secret_scan

.PHONY: secrets
secrets: $(ENVIRONMENT) ## Look for secrets in all commits, too
	@$(BIN)/python -m infra.build.secret_scan --history

types: $(ENVIRONMENT) ## Check types
	@$(BIN)/mypy .

template: setup ## Check the templates, and the stack against policies (infra/build/policy_exceptions.yaml)
	@$(BIN)/cfn-lint template.yaml infra/stacks/*.yaml
	@$(SAM) validate --lint
	@$(BIN)/python -m infra.build.template_policies

openapi: $(ENVIRONMENT) ## Write docs/openapi.json and docs/roles.md from the code
	@$(BIN)/python -m infra.build.openapi

openapi-check: $(ENVIRONMENT) ## Check docs/openapi.json and docs/roles.md against the code
	@$(BIN)/python -m infra.build.openapi --check

page-check: setup ## Check the page: types, format, its own logic, its API types, its size
	@$(BIN)/python -m infra.build.check_dashboard

page-schema: setup ## Write the page's API types from docs/openapi.json
	@$(BIN)/python -m infra.build.check_dashboard --write-schema

fmt: $(ENVIRONMENT) ## Format the code and apply automatic fixes
	@$(BIN)/ruff check --fix-only --quiet .
	@$(BIN)/ruff format .

##@ Build and measure

build: setup ## Build the functions and the page into build/ (ARCH=arm64|x86_64; default: this machine's)
	@$(BIN)/python -m infra.build.functions
	@$(BIN)/python -m infra.build.dashboard

screenshots: $(ENVIRONMENT) ## Take the pictures in docs/pictures/, while `make run` runs
	@$(BIN)/python -m tests.browser.screenshots

bench: $(ENVIRONMENT) ## Measure starts, packages, refunds, settlements, lists, the page and a restore (PARTS="starts refunds" measures some)
	@$(BIN)/python -m tests.bench

.PHONY: scale
scale: $(ENVIRONMENT) ## Simulate payouts, anchors, resume and reconcile for up to 100,000 studios, and write docs/scale.md (SAMPLE=100)
	@$(BIN)/python -m infra.local install-tools
	@$(BIN)/python -m tests.scale

load: $(ENVIRONMENT) ## Send refunds at full speed, then again while workers are killed (REFUNDS, AT_ONCE, SEED)
	@$(BIN)/python -m tests.load

# COMPILE locks an .in file with hashes and without the index's address.
COMPILE = $(UV) pip compile --quiet --universal --python-version 3.13 --generate-hashes \
	--no-emit-index-url --no-annotate

lock: $(ENVIRONMENT) ## Update the locks of all requirements
	@for file in requirements/*.in functions/*/requirements.in; do \
		echo "$$file" && $(COMPILE) "$$file" -o "$${file%.in}.txt" || exit 1; \
	done

##@ Deploy and operate

deploy: setup ## Deploy to AWS (REGION=name STACK=name PARAMETERS="Name=value ..." YES=1 CHANGED=1), see docs/deploy.md
	@$(BIN)/python -m infra.operate deploy --stack $(STACK) \
		$(if $(REGION),--region $(REGION)) $(if $(YES),--yes) $(if $(CHANGED),--allow-changes) $(PARAMETERS)
	@$(BIN)/python -m infra.operate alarms --stack $(STACK)

.PHONY: smoke
smoke: $(ENVIRONMENT) ## Refund $$100.00 through a stack in Stripe's test mode (STACK=name; without it the local stack)
	@$(BIN)/python -m infra.operate smoke $(if $(filter command line environment,$(origin STACK)),--stack $(STACK)) $(ARGS)

stripe-test-charges: $(ENVIRONMENT) ## Charge the demo's orders at STRIPE_API_BASE, in test mode
	@$(BIN)/python -m infra.local stripe-test-charges

operate: $(ENVIRONMENT) ## Operate a stack: ARGS="OPERATION --stack NAME" (ARGS=--help lists operations), see docs/operations.md
	@$(BIN)/python -m infra.operate $(ARGS)

game-day: $(ENVIRONMENT) ## Play a bad day on the running local stack (DAY=stripe-down), see docs/operations.md
	@$(BIN)/python -m tests.game_days $(DAY)

dead-letters: $(ENVIRONMENT) ## Show the messages that could not be processed
	@$(BIN)/python -m infra.operate dead-letters show $(ARGS)

reconcile: $(ENVIRONMENT) ## Compare Stripe with the books now
	@$(BIN)/python -m infra.operate reconcile $(ARGS)

resume: $(ENVIRONMENT) ## Resume all interrupted work now
	@$(BIN)/python -m infra.operate resume $(ARGS)

verify-ledger: $(ENVIRONMENT) ## Verify all ledgers and compare them with their anchors
	@$(BIN)/python -m infra.operate verify-ledger $(ARGS)

##@ Clean up

clean: ## Delete everything that make created
	rm -rf build .local .venv .tools dashboard/node_modules dashboard/browser/node_modules .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(UV): requirements/uv.txt
	@test -n "$(PYTHON)" && "$(PYTHON)" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 13))' || \
		{ echo "error: Python 3.13 is needed. Name it with PYTHON=." >&2; exit 1; }
	@echo "uv ..."
	@"$(PYTHON)" -m venv --clear .tools/uv
	@.tools/uv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@

$(ENVIRONMENT): requirements/dev.txt $(UV)
	@echo "Python environment ..."
	@$(UV) venv --quiet --allow-existing --python .tools/uv/bin/python .venv
	@$(UV) pip sync --quiet --require-hashes --python .venv $<
	@touch $@

# `make` alone lists what it can do: the text after ## of each target.
SHELL := bash
.DEFAULT_GOAL := help

PYTHON ?= python3
# Tests wait for real parts: one process more than there are cores.
WORKERS ?= $(shell expr $$(nproc) + 1)
ARGS ?=

# What was compiled once, tests with their assertions too, is read by the runs that follow.
export PYTHONDONTWRITEBYTECODE :=

VENV := .venv
RUN := $(VENV)/bin/python
PYTEST := $(RUN) -m pytest
MANAGE := $(RUN) manage.py
INSTALLED := $(VENV)/.installed
PARTS := postgresql mosquitto redis nginx caddy
# Where the marked tests are (a test of the house keeps the first two there): nobody reads all files to find a few.
FAULTS := -o testpaths=tests/faults
WALKS := -o testpaths='tests/e2e tests/unit/web'
BOTH = -o testpaths="$$(grep -rl --include='*.py' 'mark\.both_databases' tests | tr '\n' ' ')"

.PHONY: help setup parts parts-and-browser demo test faults soak communities probes mutants mutation e2e check messages bench

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(INSTALLED) ## Create .venv with the locked dependencies

$(INSTALLED): requirements/dev.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo 'Python 3.11 or newer is needed.' >&2; exit 1; }
	@PYTHON=$(PYTHON) tools/system-packages python3-venv
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/pip install --quiet --quiet --disable-pip-version-check --require-hashes --requirement $<
	@# The checkout itself is on the path of .venv: nothing to build, nothing to install again after an edit.
	@echo '$(CURDIR)' > "$$($(RUN) -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/cercollettiva.pth"
	@touch $@

parts:
	@tools/system-packages $(PARTS)

parts-and-browser:
	@tools/system-packages $(PARTS) chromium

demo: setup ## Start it all on an invented community (PORT=8001, ARGS="--speed 60")
	@$(MANAGE) demo $(ARGS)

# Three runs, each to its end; faults come by themselves, because they count seconds, and two at a time, because they wait
# most of it; the soak of three minutes waits beside them. Nothing selected (5) is fine when ARGS did the selecting.
test: setup parts ## Run the tests: PostgreSQL, what also runs on SQLite, faults (ARGS="-k plant" for some)
	@failed=0; \
	run() { "$$@" || { code=$$?; [ $$code -eq 5 ] && [ -n "$${ARGS:-}" ]; } || failed=1; }; \
	run $(PYTEST) -n $(WORKERS) --dist worksteal -m '(not faults or fuzz) and not e2e' $(ARGS); \
	export CER_TEST_DATABASE=sqlite; \
	run $(PYTEST) $(BOTH) -n $(WORKERS) --dist worksteal -m 'both_databases and not faults and not e2e' $(ARGS); \
	export CER_TEST_DATABASE=postgresql; \
	log=$$(mktemp); $(PYTEST) $(FAULTS) -m soak $(ARGS) > "$$log" 2>&1 & soak=$$!; \
	if grep -rqs --include='*.py' 'mark\.faults' tests; then run $(PYTEST) $(FAULTS) -n 2 --dist load -m 'faults and not fuzz and not soak and not e2e' $(ARGS); fi; \
	run wait $$soak; cat "$$log"; rm "$$log"; \
	exit $$failed

# The figures of reliability are for 60 seconds a fault. CER_FUZZ_SEED=... repeats a run of the fuzzer.
faults: export CER_FAULT_SECONDS ?= 60
faults: setup parts ## Kill real parts under load for longer than `make test` does: about a quarter of an hour
	$(PYTEST) $(FAULTS) -s -m 'faults and not soak and not e2e' $(ARGS)

soak: setup parts ## Half an hour of meters, pages and sockets: nothing lost, nothing grows; writes docs/soak.json
	$(RUN) -m bench.soak $(ARGS) > docs/soak.json

communities: export SETTLEMENT_COMMUNITIES ?= 10000
communities: setup ## Settle ten thousand random communities: about three minutes
	$(PYTEST) -s tests/unit/domain/settlement/test_properties.py $(ARGS)

probes: export CER_ALL_PROBES := 1
probes: export CER_FUZZ_EXAMPLES ?= 102
probes: setup parts ## Ask the API twenty thousand questions, about the other community and whatever else: minutes
	$(PYTEST) tests/access/test_api_matrix.py tests/integration/api/test_fuzz.py $(ARGS)

mutants: setup parts ## Plant faults in a copy of the code: each must be caught by the tests
	$(RUN) tools/mutants $(ARGS)

mutation: export SETTLEMENT_COMMUNITIES ?= 40
mutation: export CER_TEST_DATABASE := sqlite
mutation: setup ## Change each line that decides on money, one at a time: how many the tests notice; half an hour
	$(VENV)/bin/mutmut run $(ARGS)
	@$(RUN) tools/mutation-report > docs/mutation.md

e2e: setup parts-and-browser ## Walk through the pages in a real Chromium; pictures in var/pages
	rm -rf var/pages
	$(PYTEST) $(WALKS) -n auto --dist loadfile --no-loadscope-reorder -m e2e $(ARGS)

# In memory: a check leaves no database behind.
check: export DATABASE_URL := sqlite://:memory:
check: setup ## Check style, types, the direction of imports, migrations, templates, configuration, secrets
	$(VENV)/bin/ruff check
	$(VENV)/bin/ruff format --check
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports
	$(MANAGE) makemigrations --check --dry-run
	@if [ -n "$$(find cercollettiva -path '*/templates/*' -name '*.html' -print -quit)" ]; then \
		echo 'djlint'; $(VENV)/bin/djlint --profile django --lint --quiet cercollettiva; \
	fi
	$(MANAGE) check
	$(RUN) tools/scan-secrets

messages: setup ## Compile the translations (needs gettext)
	cd cercollettiva && ../$(RUN) ../manage.py compilemessages

bench: setup parts-and-browser ## Measure the data path on a private broker and database; prints JSON
	@$(RUN) -m bench $(ARGS)

# Every target does its own set-up. Where python3 is too old, name another: make demo PYTHON=python3.12
PYTHON ?= python3
PORT ?= 8000
BIN := .venv/bin
PYTEST := $(BIN)/python -m pytest
.DEFAULT_GOAL := help
# Compiled modules are kept, whatever the shell says: each of the eight processes starts in half the time.
unexport PYTHONDONTWRITEBYTECODE
.PHONY: help demo demo-reset test lint fmt bench simulate services-test faults soak messages lock screenshots

help:  ## List the commands
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## */\t/' | expand -t 16

demo: .venv/.run .venv/.catalogues  ## Start everything with a demonstration department (PORT=8000); Ctrl-C stops it
	@$(BIN)/python -m vqflow.serve --demo --port $(PORT)

demo-reset: .venv/.run  ## Delete the demonstration's data
	@$(BIN)/python -m vqflow.serve --reset

test: .venv/.dev .venv/.catalogues  ## The whole suite on real PostgreSQL and Valkey, in a browser where Chromium is found
	$(PYTEST) -n 2 --no-loadscope-reorder -m "not fault" $(ARGS)

# Production's environment, so that `check --deploy` sees what production sees. Nothing is contacted.
LINT_ENV := HTTPS=true ALLOWED_HOSTS=vqflow.example PUBLIC_URL=https://vqflow.example \
	DATABASE_URL=postgresql://lint@127.0.0.1:9/lint REDIS_URL=redis://127.0.0.1:9 EMAIL_URL=smtp://127.0.0.1:9 \
	SECRET_KEY=$$($(BIN)/python -c "import secrets; print(secrets.token_urlsafe(64))")

lint: .venv/.dev .venv/.catalogues  ## Style, types, directions between layers, migrations, templates, deployment checks
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	@# H015: line breaks after headings. H043: a button in a form that has no type submits it, which is meant.
	$(BIN)/djlint templates --lint --quiet --profile=django --ignore=H015,H043 --extend-exclude=templates/jinja2
	$(BIN)/djlint templates/jinja2 --lint --quiet --profile=jinja --ignore=H015,H043
	@# No database answers here: that the history of migrations cannot be compared with one is no news.
	$(LINT_ENV) $(BIN)/python -W ignore::RuntimeWarning manage.py makemigrations --check --dry-run
	$(LINT_ENV) $(BIN)/python manage.py check --deploy --fail-level WARNING

fmt: .venv/.dev  ## Format the code
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

bench: .venv/.dev .venv/.catalogues  ## Measure against the goals and write var/bench.json (ONLY=web,search for parts, EXAMINATIONS=340000 for a longer past)
	$(BIN)/python -m tests.benchmarks $(if $(ONLY),--only $(ONLY)) $(if $(EXAMINATIONS),--examinations $(EXAMINATIONS))

SETUP := scheduling/simulation/setups/one_camera.toml
simulate: .venv/.run  ## Months of a department by chance (SETUP=file AGAINST=file ARGS="--weeks 4"): docs/simulation.md
	$(BIN)/python -m scheduling.simulation --setup $(SETUP) $(if $(AGAINST),--against $(AGAINST)) $(ARGS)

# The journeys that reach every server, and the statements written by hand; what else there is `make test` has seen.
ON_SERVERS := $(addprefix tests/journeys/test_,main_job.py two_schedulers.py find.py worklist.py patient_pages.py) \
	tests/scheduling/test_worklist.py tests/scheduling/test_related_rows.py
services-test: .venv/.dev .venv/.catalogues  ## The main job on this machine's own PostgreSQL and Redis, as production runs it
	VQFLOW_TEST_SERVERS=machine $(PYTEST) $(ON_SERVERS) $(ARGS)

faults: .venv/.dev .venv/.catalogues  ## Kill servers while work is in flight, the short round
	$(PYTEST) -m fault tests/faults $(ARGS)

soak: .venv/.dev .venv/.catalogues  ## Kill servers while work is in flight, the long round
	VQFLOW_SOAK=1 $(PYTEST) -m fault tests/faults --timeout 3600 $(ARGS)

screenshots: .venv/.dev .venv/.catalogues  ## Take the pictures of the README anew
	VQFLOW_SCREENSHOTS=docs/screenshots VQFLOW_REQUIRE_BROWSER=1 $(PYTEST) -m journey tests/journeys $(ARGS)

messages: .venv/.run  ## New sentences for patients and reports into every catalogue; says what is to translate (docs/languages.md)
	@$(BIN)/python -m vqflow.catalogues messages

COMPILE := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header $(if $(UPGRADE),--upgrade)
lock: .venv/.run  ## Renew the locks from pyproject.toml (UPGRADE=1 takes newer versions)
	$(COMPILE) pyproject.toml -o requirements.lock
	$(COMPILE) --group dev -c requirements.lock -o requirements-dev.lock
	echo uv | $(COMPILE) --no-annotate - -o requirements-uv.lock

.venv/.uv: requirements-uv.lock
	@$(PYTHON) -c "import sys; sys.version_info >= (3, 11) or sys.exit('VQFlow needs Python 3.11 or newer; $(PYTHON) is Python %d.%d. Name another: make PYTHON=python3.12' % tuple(sys.version_info[:2]))"
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-uv.lock
	@touch $@

.venv/.run: .venv/.uv requirements.lock
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements.lock
	@touch $@

.venv/.dev: .venv/.run requirements-dev.lock
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements-dev.lock
	@touch $@

.venv/.catalogues: .venv/.run $(wildcard */locale/*/LC_MESSAGES/django.po)
	@$(BIN)/python -m vqflow.catalogues compile
	@touch $@

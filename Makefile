# Yearline. `make` lists what can be done; the README says more.
SHELL := /bin/bash
.DEFAULT_GOAL := help

PYTHON3 ?= python3
PORT ?= 8000
HOST ?= 127.0.0.1
export PORT HOST

# An environment of your own: make test PYTHON=/path/to/python. Without one, .venv is made and kept up to date.
ifdef PYTHON
ENV := @true
ENV_DEV := @true
else
PYTHON := .venv/bin/python
ENV := @$(PYTHON3) config/bootstrap.py
ENV_DEV := @$(PYTHON3) config/bootstrap.py --dev
endif

# Asked by the shell when a command runs, not by make before: until then .venv may not exist.
SCRIPTS = "$$($(PYTHON) -c 'import sysconfig; print(sysconfig.get_path("scripts"))')"

.PHONY: help
help: ## list these targets
	@echo "Yearline: annual sales planning. Two commands: make run, make test."
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-14s %s\n", $$1, $$2}'

.PHONY: run
run: ## start everything on this machine: make run PORT=8123
	$(ENV)
	@$(PYTHON) config/assets.py
	@exec $(PYTHON) -m config.run


# What the linters import needs settings, and none of their answers.
LINT := DATABASE_URL=postgres://none REDIS_URL=redis://none SECRET_KEY=lint DEBUG=1 EMBEDDED=0

.PHONY: test
test: lint ## check and test everything, browser tests included
	@$(PYTHON) config/assets.py
	@$(PYTHON) -m tests.chromium
	$(PYTHON) -m pytest -n 2 --dist worksteal -m "not crash and not fuzz and not thorough" --cov --cov-report=term:skip-covered

.PHONY: test-fast
test-fast: ## only the tests that need no browser, without coverage, until the first failure
	$(ENV_DEV)
	@$(PYTHON) -m pytest -n 2 -x -m "not browser and not crash and not fuzz and not thorough"

.PHONY: lint
lint: ## linters, formatters, import contracts and types
	$(ENV_DEV)
	$(PYTHON) -m ruff check .
	$(PYTHON) -m ruff format --check .
	git ls-files -z 'templates/*.html' | xargs -0 $(SCRIPTS)/djade --check --target-version 5.2
	$(SCRIPTS)/lint-imports
	$(LINT) $(PYTHON) -m mypy .

.PHONY: format
format: ## format code and templates
	$(ENV_DEV)
	$(PYTHON) -m ruff check --fix .
	$(PYTHON) -m ruff format .
	git ls-files -z 'templates/*.html' | xargs -0 $(SCRIPTS)/djade --target-version 5.2 || true

.PHONY: fuzz
fuzz: ## send the API what its schema allows, and what it forbids
	$(ENV_DEV)
	$(PYTHON) -m pytest tests/fuzz -m fuzz -p no:randomly

.PHONY: thorough
thorough: ## ask everything as everybody, in every language, where make test asks as the most telling ones
	$(ENV_DEV)
	@$(PYTHON) config/assets.py
	$(PYTHON) -m pytest -n 2 --dist worksteal -m thorough

.PHONY: crash
crash: ## kill processes at many points and look for damage
	$(ENV_DEV)
	$(PYTHON) -m pytest -m crash

.PHONY: bench
bench: export DEALS ?= 100000
bench: ## measure the night, the pages and the API against their floors: make bench DEALS=3000
	$(ENV_DEV)
	@$(PYTHON) config/assets.py
	@$(PYTHON) -m bench

.PHONY: bench-scale
bench-scale: ## measure a night for ten thousand, a hundred thousand and a million deals
	$(ENV_DEV)
	@$(PYTHON) -m bench.scale

.PHONY: bench-forecast
bench-forecast: ## score the forecast and its peers on a real history and on invented ones
	$(ENV_DEV)
	@$(PYTHON) -m bench.forecast

.PHONY: bench-season
bench-season: ## score the learnt season against last year's shares, the mean of years and an even split
	$(ENV_DEV)
	@$(PYTHON) bench/season.py
.PHONY: bench-alerts
bench-alerts: ## simulate what the warnings find and what they make up
	$(ENV_DEV)
	@$(PYTHON) bench/alerts.py

.PHONY: schema
schema: ## write the API's description anew: config/openapi.yaml
	$(ENV_DEV)
	@$(LINT) $(PYTHON) manage.py spectacular --validate --fail-on-warn --file config/openapi.yaml

.PHONY: messages
messages: ## bring new strings into the catalogues
	$(ENV_DEV)
	@$(LINT) $(PYTHON) manage.py messages

.PHONY: clean
clean: ## remove what was made, except the data in var/postgres
	rm -rf .venv node_modules tests/chromium/node_modules static/vendor htmlcov .coverage* var/static var/chromium var/test-* var/log
	rm -rf .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.PHONY: env
env: ## make .venv with everything for development
	$(ENV_DEV)

.PHONY: assets
assets: ## bring the third-party front-end files into static/vendor
	$(ENV)
	@$(PYTHON) config/assets.py

LOCK := -m uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url
.PHONY: lock
lock: ## compile the locked requirements anew from pyproject.toml
	$(ENV_DEV)
	$(PYTHON) $(LOCK) pyproject.toml -o requirements.txt
	$(PYTHON) $(LOCK) pyproject.toml --group dev -o requirements-dev.txt
	$(PYTHON) $(LOCK) --group installer -o requirements-installer.txt
	$(PYTHON) $(LOCK) --group node -o requirements-node.txt
	npm install --package-lock-only

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

.PHONY: help
help: ## list these targets
	@echo "Yearline: annual sales planning. Two commands: make run, make test."
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

.PHONY: run
run: ## start everything on this machine: make run PORT=8123
	$(ENV)
	@$(PYTHON) config/assets.py
	@exec $(PYTHON) -m config.run

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

# Everything a fresh Debian machine needs beyond python3, make and a package index is installed here.
# Lint and types: `make check`. What runs long: `benchmarks/`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
TIPDESK := $(BIN)/tipdesk
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

.PHONY: run install test check train lock clean

run: install ## Set up, train the starter model if none is published, serve on 127.0.0.1:8000
	@$(TIPDESK) models show champion >/dev/null 2>&1 || $(TIPDESK) train --publish
	@$(TIPDESK) serve

install: $(VENV)/.installed ## Set up alone

test: $(VENV)/.installed-dev ## Set up, then every test
	@tests/install.sh
	$(BIN)/python -m pytest

check: $(VENV)/.installed-dev ## Lint, format, types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

train: install ## Train on data/corpus and publish
	$(TIPDESK) train --publish

lock: $(VENV)/.installed-dev ## Renew both lock files from pyproject.toml
	$(BIN)/uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 --generate-hashes \
	  --no-header --no-annotate --no-emit-index-url --upgrade --output-file requirements-dev.lock
	$(BIN)/uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes \
	  --no-header --no-annotate --no-emit-index-url --constraint requirements-dev.lock --output-file requirements.lock

clean: ## Remove the environment and caches; what was written at run time (var/) stays
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' \
	  || { echo "Python 3.11 to 3.13 is needed, $$($(PYTHON) --version) found; set PYTHON=/path/to/python3.11"; exit 1; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null \
	  || { [ "$$(id -u)" = 0 ] && apt-get update -qq && apt-get install -qq -y python3-venv >/dev/null; } \
	  || { echo "Python's venv is missing: install the package python3-venv, then run make again"; exit 1; }
	@echo "setting up $(VENV) (mostly downloads)"
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: requirements.lock pyproject.toml | $(BIN)/python
	@$(PIP) install --require-hashes -r requirements.lock
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.installed-dev: requirements-dev.lock $(VENV)/.installed
	@$(PIP) install --require-hashes -r requirements-dev.lock
	@touch $@

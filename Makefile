# `make` lists the targets.
PYTHON ?= python3
VENV := .venv
PEERS := .venv-peers
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
DEV_STAMP := $(VENV)/.installed-dev

.DEFAULT_GOAL := help
.PHONY: help demo run test check fix peers bench clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(STAMP): pyproject.toml
	@echo "Installing crawltui into $(VENV) (this happens once)…"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "crawltui needs Python 3.11 or newer: make PYTHON=/path/to/python3.12"; exit 2; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade 'pip>=25.1'
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

$(DEV_STAMP): $(STAMP)
	@echo "Installing what the tests and checks need (this happens once)…"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --group dev
	@touch $@

demo: $(STAMP) ## crawl the built-in demo site (no network needed)
	@$(BIN)/crawltui demo

run: $(STAMP) ## crawl a site: make run URL=https://example.org/
	@test -n "$(URL)" || { echo "Name a site: make run URL=https://example.org/"; exit 2; }
	@$(BIN)/crawltui "$(URL)"

# One process more than there are CPUs: many tests wait for a clock or for another process.
# tests/conftest.py says which files are first.
test: $(DEV_STAMP) ## run the whole test suite
	@PYTEST_XDIST_AUTO_NUM_WORKERS=$$(( $$(getconf _NPROCESSORS_ONLN) + 1 )) $(BIN)/python -m pytest -n auto --dist loadfile --no-loadscope-reorder

check: $(DEV_STAMP) ## format, lint, types, architecture
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

fix: $(DEV_STAMP) ## mend what can be mended by itself
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

peers: ## install the crawlers that bench compares with (network)
	@test -x $(PEERS)/bin/python || $(PYTHON) -m venv $(PEERS)
	@$(PEERS)/bin/python -m pip install --quiet --disable-pip-version-check scrapy 'crawlee[parsel]'

bench: $(DEV_STAMP) ## measure whole crawls, beside the peers that are installed
	@$(BIN)/python -m benchmarks --peers-python $(or $(wildcard $(PEERS)/bin/python),$(BIN)/python) $(BENCH)

clean: ## remove the environment and what the tools left behind
	rm -rf $(VENV) $(PEERS) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis dist build
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

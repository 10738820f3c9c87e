# Aimwell. `make demo` and `make test` need Python 3.11+ and make; each sets up .venv by itself and skips what is done.
PYTHON ?= python3
BIN := .venv/bin
DEMO ?= demo-shop
SPARK ?= auto
JOBS ?= 2
PEOPLE ?= 100000
SEEDS ?= 20
.DEFAULT_GOAL := help
.PHONY: help setup demo loop test test-spark check bench docs deep clean

help: ## Show what can be made
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  \1\t/'

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed; set PYTHON=/path/to/python3"; exit 1; }
	$(PYTHON) -m venv .venv

.venv/.demo: $(BIN)/python pyproject.toml constraints.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[demo]'
	@touch $@

.venv/.test: $(BIN)/python pyproject.toml constraints.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[demo,spark,test]'
	@touch $@

.venv/.check: $(BIN)/python pyproject.toml constraints.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[demo,spark,test,check]'
	@touch $@

.venv/.bench: $(BIN)/python pyproject.toml constraints.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[demo,spark,bench]'
	@touch $@

setup: .venv/.check ## Install everything for working on Aimwell

demo: .venv/.demo ## Make a shop from real data, plan a campaign, write the report
	$(BIN)/aimwell demo $(DEMO)
	$(BIN)/python src/aimwell/promote/verify_plan.py $(DEMO)/plan

loop: .venv/.demo ## Play a year of campaigns in simulated shops, Aimwell beside other policies (PEOPLE=100000 SEEDS=20: an hour)
	$(BIN)/python benchmarks/loop.py --people $(PEOPLE) --seeds $(SEEDS)

test: .venv/.test ## Run the tests, JOBS at a time; those on Spark only in small part, and where Java 17 is (SPARK=all|none for others)
	$(BIN)/python -m pytest --spark=none --numprocesses=$(JOBS) --dist=loadfile
ifneq ($(SPARK),none)
	$(BIN)/python -m pytest --spark=$(SPARK) -m 'spark and not deep'
endif

test-spark: .venv/.test ## Run the tests on a real Spark cluster; needs Java 17
	$(BIN)/python -m pytest --spark=all -m 'spark and not deep'

check: .venv/.check ## Lint, types, import contracts, docs drift
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python tools/write_docs.py --check

docs: .venv/.check ## Write the generated reference pages
	$(BIN)/python tools/write_docs.py

deep: .venv/.test ## Run the full-size guarantee tests (hours)
	$(BIN)/python -m pytest -m deep

bench: .venv/.bench ## Run every benchmark, rivals in the same run
	$(BIN)/python benchmarks/run.py

clean: ## Delete .venv and the demo shop
	rm -rf .venv $(DEMO)

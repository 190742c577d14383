# The project's commands. `make help` lists them; each sets up what it needs in .venv first.
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.DEFAULT_GOAL := help
.PHONY: help demo test test-fast lint types imports check bench wheel clean

help: ## List the commands
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

$(READY): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[dev]'
	touch $@

setup: $(READY) ## Install the package and its tools into .venv, at the tested versions

demo: $(READY) ## Pretrain on synthetic data, score every frame, print tau and rho (minutes, no downloads)
	$(BIN)/python -m maesum.train +experiment=rand_stride +scale=demo

test: $(READY) ## Run all tests
	$(BIN)/python -m pytest -n $${TEST_PROCESSES:-2}

test-fast: $(READY) ## Run the tests that take seconds
	$(BIN)/python -m pytest -n $${TEST_PROCESSES:-2} -m 'not slow'

lint: $(READY) ## Check style with ruff
	$(BIN)/ruff check . && $(BIN)/ruff format --check .

types: $(READY) ## Check types with mypy
	$(BIN)/mypy

imports: $(READY) ## Check that dependencies point one way
	$(BIN)/lint-imports

check: lint types imports test ## Everything that CI runs

bench: $(READY) ## Measure this project beside the usual way; results go to benchmarks/results
	$(BIN)/python -m benchmarks

wheel: $(READY) ## Build the wheel into dist
	$(BIN)/python -m build --wheel

clean: ## Remove what can be rebuilt
	rm -rf $(VENV) dist build .cache .pytest_cache .ruff_cache .mypy_cache .hypothesis

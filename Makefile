# The project's commands. `make help` lists them; each sets up what it needs in .venv first.
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
TABLES := table1a,table1b,table1c,table1d,table1e,table2a,table2b,table3,a1,a2,a3,a4

.DEFAULT_GOAL := help
.PHONY: help setup demo demo-tables reproduce summarize docs pins audit reliability test test-fast test-lowest lint types imports check bench wheel clean

help: ## List the commands
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

$(READY): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	touch $@

setup: $(READY) ## Install the package and its tools into .venv, at the tested versions

demo: $(READY) ## Pretrain on synthetic data, score every frame, print tau and rho (minutes, no downloads)
	$(BIN)/python -m maesum.train +experiment=rand_stride +scale=demo

test: $(READY) ## Run all tests
	$(BIN)/python -m pytest -n $${TEST_PROCESSES:-2}

test-fast: $(READY) ## Run the tests that take seconds
	$(BIN)/python -m pytest -n $${TEST_PROCESSES:-2} -m 'not slow'

test-lowest: ## Run all tests with the lowest versions that pyproject.toml allows, set up in .venv-lowest
	$(PYTHON) -m venv .venv-lowest
	.venv-lowest/bin/python -m pip install --quiet uv
	.venv-lowest/bin/uv pip install --quiet --python .venv-lowest/bin/python --resolution lowest-direct --editable '.[dev]'
	.venv-lowest/bin/python -m pytest -n $${TEST_PROCESSES:-2}

lint: $(READY) ## Check style with ruff
	$(BIN)/ruff check . && $(BIN)/ruff format --check .

types: $(READY) ## Check types with mypy
	$(BIN)/mypy

imports: $(READY) ## Check that dependencies point one way
	$(BIN)/lint-imports

check: lint types imports test ## Everything that CI runs

summarize: $(READY) ## Summarise a video: make summarize VIDEO=my.mp4
	@test -n "$(VIDEO)" || { echo "usage: make summarize VIDEO=my.mp4"; exit 2; }
	$(BIN)/python -m maesum.summarize "video=$(VIDEO)"

demo-tables: $(READY) ## Every table of the paper at demo scale, on synthetic data
	OMP_NUM_THREADS=1 $(BIN)/python -m maesum.sweep 'sweep=[$(TABLES)]' +scale=demo parallel=2
	$(BIN)/python -m maesum.report 'sweep=[$(TABLES)]' +scale=demo

reproduce: $(READY) ## Every table with the data at hand; says first what it needs and costs (ARGS="trainer=gpu")
	$(BIN)/python -m maesum.sweep 'sweep=[$(TABLES)]' plan=true $(ARGS)
	status=0; $(BIN)/python -m maesum.sweep 'sweep=[$(TABLES)]' $(ARGS) || status=$$?; \
	$(BIN)/python -m maesum.report 'sweep=[$(TABLES)]' $(filter-out parallel=%,$(ARGS)); exit $$status

docs: $(READY) ## Write docs/methods.md anew (ARGS="runs/jobs" adds the results of the runs in that folder)
	$(BIN)/python -m docs.methods $(ARGS) > docs/methods.md.new && mv docs/methods.md.new docs/methods.md

pins: $(READY) ## Look every pinned version up for Python 3.10 to 3.13
	$(BIN)/python -m tests.reliability.pins

audit: $(READY) ## Look the pinned versions up in the database of advisories (says so where it cannot be reached)
	$(BIN)/python -m tests.reliability.audit

reliability: $(READY) ## Twenty kill trials and damaged inputs of every format, as a table
	$(BIN)/python -m tests.reliability

bench: $(READY) ## Measure this project beside the usual way; results go to benchmarks/results
	$(BIN)/python -m benchmarks

wheel: $(READY) ## Build the wheel into dist
	$(BIN)/python -m build --wheel

clean: ## Remove what can be rebuilt
	rm -rf $(VENV) .venv-lowest dist build .cache .pytest_cache .ruff_cache .mypy_cache .hypothesis

# Everything a person needs is a target; Python 3.11 and pip are enough for demo and test.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
TOOL ?= .venv-contract-tool
AIRFLOW ?= .venv-airflow

.PHONY: help demo test check format build bench contract-tool airflow docs lock clean programmes
.DEFAULT_GOAL := help

help: ## show these targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

$(VENV)/.run-installed: requirements.lock pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.dev-installed: requirements-dev.lock pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

demo: $(VENV)/.run-installed ## synthetic extracts, then a whole run on them
	@start=$$(date +%s); \
	$(BIN)/copd-strat demo; status=$$?; \
	echo "make demo took $$(( $$(date +%s) - start )) seconds"; exit $$status

test: check ## everything this machine can run; says at its end what it could not
	@start=$$(date +%s); \
	$(BIN)/pytest -n 2 --dist loadfile $(PYTEST_ARGS); status=$$?; \
	echo "make test took $$(( $$(date +%s) - start )) seconds"; exit $$status

check: $(VENV)/.dev-installed ## style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(VENV)/.dev-installed ## rewrite the code in the house style
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

contract-tool: $(VENV)/.dev-installed ## does another tool of the standard count what our contracts count?
	@test -x $(TOOL)/bin/datacontract || $(PYTHON) -m venv $(TOOL)
	$(TOOL)/bin/pip install --quiet --disable-pip-version-check -r tests/contract_tool/requirements.txt
	$(BIN)/python tests/contract_tool/contract_tool.py $(TOOL)/bin/python

airflow: ## does a real Airflow parse the DAG of deploy/airflow?
	@test -x $(AIRFLOW)/bin/airflow || $(PYTHON) -m venv $(AIRFLOW)
	$(AIRFLOW)/bin/pip install --quiet --disable-pip-version-check -r deploy/airflow/requirements.txt
	$(AIRFLOW)/bin/python tests/deploy/airflow_side.py

programmes: $(VENV)/.dev-installed ## 200 simulated clinics without effect, 200 with one: what does 'evaluate' report?
	$(BIN)/python tests/evaluation/simulated_programmes.py

docs: $(VENV)/.dev-installed ## the documentation as a small site in site/, built strictly
	$(BIN)/mkdocs build --quiet --strict

build: $(VENV)/.dev-installed ## sdist and wheel in dist/
	$(BIN)/python -m build --no-isolation --outdir dist .

bench: $(VENV)/.run-installed ## 100,000 patients: CPU time against a bare scan, peak memory
	$(BIN)/python benchmarks/bench_night.py

lock: ## renew both lock files (needs uv)
	uv pip compile -q pyproject.toml --group build --generate-hashes --python-version 3.11 \
	  --no-header --no-annotate -o requirements.lock
	uv pip compile -q pyproject.toml --group build --group dev --generate-hashes --python-version 3.11 \
	  --no-header --no-annotate -o requirements-dev.lock

clean: ## remove what the demo and the tools wrote
	rm -rf demo build dist site .pytest_cache .mypy_cache .ruff_cache .hypothesis

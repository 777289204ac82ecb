# Everything a person needs is a target; Python 3.11 and pip are enough for demo and test.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
TOOL ?= .venv-contract-tool
AIRFLOW ?= .venv-airflow
SUPPLY ?= .venv-supply
PEERS ?= .venv-peers

.PHONY: help demo test slow check format build bench bench-england contract-tool airflow docs lock clean programmes peers fuzz kills damage older nights mutation sbom audit
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

test: $(VENV)/.dev-installed ## everything this machine can run; says at its end what it could not
	@start=$$(date +%s); \
	$(BIN)/pytest -n 2 --dist loadfile --no-loadscope-reorder -m "not slow" $(PYTEST_ARGS); status=$$?; \
	echo "make test took $$(( $$(date +%s) - start )) seconds"; exit $$status

slow: $(VENV)/.dev-installed ## the tests that take as long as all others of their folder
	$(BIN)/pytest -n 2 --dist loadfile --no-loadscope-reorder -m slow $(PYTEST_ARGS)

check: $(VENV)/.dev-installed ## style and types, which 'make test' checks too
	$(BIN)/pytest -q tests/structure/test_structure_style.py

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

$(PEERS)/.installed: tests/evaluation/peer_requirements.txt
	@test -x $(PEERS)/bin/python || $(PYTHON) -m venv $(PEERS)
	$(PEERS)/bin/pip install --quiet --disable-pip-version-check -r tests/evaluation/peer_requirements.txt
	@touch $@

peers: $(VENV)/.dev-installed $(PEERS)/.installed ## do lifelines, scikit-survival, dcurves say of the same people what we say?
	$(BIN)/python tests/evaluation/peer_packages.py $(PEERS)/bin/python

docs: $(VENV)/.dev-installed ## the documentation as a small site in site/, built strictly
	$(BIN)/mkdocs build --quiet --strict

build: $(VENV)/.dev-installed ## sdist and wheel in dist/
	$(BIN)/python -m build --no-isolation --outdir dist .

bench: $(VENV)/.run-installed ## nights of 20,000 and 200,000 patients against a bare scan, and other tools
	$(BIN)/python benchmarks/bench.py

bench-england: $(VENV)/.run-installed ## 1.4 million patients with 1 GB for the engine; takes hours and 40 GB
	$(BIN)/python benchmarks/bench.py --patients 1400000 --memory 1GB

# Programs of hours, not of every day; FUZZ, KILLS, DAMAGE, OLDER, NIGHTS and MUTATION hand them options (--help).
fuzz: $(VENV)/.dev-installed ## 10,000 mutated inputs for every reader, from a seed
	PYTHONPATH=tests $(BIN)/python tests/trust/fuzz.py $(FUZZ)

kills: $(VENV)/.dev-installed ## a night killed, and its disk failing, at every moment (needs a C compiler)
	PYTHONPATH=tests $(BIN)/python tests/trust/kills.py $(KILLS)

damage: $(VENV)/.dev-installed ## every file of the last runs damaged in turn: what do the commands say?
	PYTHONPATH=tests $(BIN)/python tests/trust/damage.py $(DAMAGE)

older: $(VENV)/.dev-installed ## a night on an older program's run, which lacks one thing after the other
	PYTHONPATH=tests $(BIN)/python tests/trust/older.py $(OLDER)

nights: $(VENV)/.dev-installed ## the same people sent in other ways, on other machines: the same bytes
	PYTHONPATH=tests $(BIN)/python tests/trust/nights.py $(NIGHTS)

mutation: $(VENV)/.dev-installed ## would the tests notice if the program were a little wrong?
	$(BIN)/python tests/mutation/mutation.py $(MUTATION)

$(SUPPLY)/.installed: tests/supply/requirements.txt
	@test -x $(SUPPLY)/bin/python || $(PYTHON) -m venv $(SUPPLY)
	$(SUPPLY)/bin/pip install --quiet --disable-pip-version-check -r tests/supply/requirements.txt
	@touch $@

sbom: $(SUPPLY)/.installed ## what the program is made of, as CycloneDX, in dist/ (no network)
	@mkdir -p dist
	$(SUPPLY)/bin/cyclonedx-py requirements requirements.lock --pyproject pyproject.toml \
	  --output-reproducible --output-format JSON --output-file dist/copd-strat.cdx.json

audit: $(SUPPLY)/.installed ## known faults of locked dependencies (asks the public advisories)
	$(SUPPLY)/bin/pip-audit --strict --disable-pip --require-hashes -r requirements.lock

lock: ## renew both lock files (needs uv)
	uv pip compile -q pyproject.toml --group build --generate-hashes --python-version 3.11 \
	  --no-header --no-annotate -o requirements.lock
	uv pip compile -q pyproject.toml --group build --group dev --generate-hashes --python-version 3.11 \
	  --no-header --no-annotate -o requirements-dev.lock

clean: ## remove what the demo and the tools wrote
	rm -rf $(SUPPLY) $(AIRFLOW) $(PEERS) demo build dist site .pytest_cache .mypy_cache .ruff_cache .hypothesis

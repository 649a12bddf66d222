# Every target sets up its own virtual environment on first use.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SF ?= 1

.PHONY: run test test-all lint bench clean

$(VENV)/.ready: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable ".[dev]"
	touch $@

run: $(VENV)/.ready ## the main job: TPC-H SF 1, SQL and DataFrames, and the classifier query
	$(BIN)/pyflare demo

test: $(VENV)/.ready
	$(BIN)/python -m pytest -q

test-all: $(VENV)/.ready ## also draws new random examples
	PYFLARE_FUZZ=1 $(BIN)/python -m pytest -q

lint: $(VENV)/.ready
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	PYTHONPATH=. $(BIN)/lint-imports

bench: $(VENV)/.ready ## TPC-H beside DuckDB, answers compared
	$(BIN)/pyflare tpch generate --sf $(SF) --out data/tpch-sf$(SF)
	$(BIN)/pyflare tpch run --data data/tpch-sf$(SF) --peers duckdb --runs 7
	$(BIN)/pyflare tpch run --data data/tpch-sf$(SF) --peers duckdb --runs 7 --schema doubles

clean:
	rm -rf $(VENV) data build

# Two commands for a newcomer: `make demo` and `make test`. Both set up .venv by themselves.
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/pip --disable-pip-version-check --quiet

.PHONY: install dev demo serve test bench-medium lint types ci lock clean

install: .venv/.installed
dev: .venv/.dev

.venv/bin/python:
	$(PYTHON) -m venv .venv

.venv/.installed: requirements.lock pyproject.toml | .venv/bin/python
	$(PIP) install --require-hashes --only-binary=:all: -r requirements.lock
	$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

.venv/.dev: requirements-dev.lock .venv/.installed
	$(PIP) install --require-hashes --only-binary=:all: -r requirements-dev.lock
	@touch $@

# Practice tenant, server, app and both exports over real HTTP; ends by itself.
demo: install
	$(BIN)/waybill demo

# A server with the practice tenant that keeps running, with curl lines to paste.
serve: install
	$(BIN)/waybill demo --keep-serving

test: dev
	$(BIN)/pytest -n 2 --dist loadfile

# Rows, seconds and peak memory of the heaviest reports on the medium practice tenant; about a minute.
bench-medium: install
	$(BIN)/python benchmarks/medium_reports.py

lint: dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: dev
	$(BIN)/mypy

ci:
	bash .ci/run

# Lock files are made anew with uv (a developer's tool, not needed to install).
lock:
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url --group runtime pyproject.toml -o requirements.lock
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url --group runtime --group demo -c requirements.lock pyproject.toml -o requirements-demo.lock
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url --group runtime --group demo --group dev -c requirements-demo.lock pyproject.toml -o requirements-dev.lock

clean:
	rm -rf .venv demo-data waybill-data

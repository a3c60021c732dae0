# Two commands for a newcomer: `make demo` and `make test`. Both set up .venv by themselves.
PYTHON ?= python3
BIN := .venv/bin
BENCH := .venv-bench/bin
PIP := $(BIN)/pip --disable-pip-version-check --quiet

.PHONY: install dev demo serve test campaign bench bench-quick lint types ci lock clean

install: .venv/.installed
dev: .venv/.dev node/node_modules/.installed

.venv/bin/python:
	$(PYTHON) -m venv .venv

.venv/.installed: requirements.lock pyproject.toml | .venv/bin/python
	$(PIP) install --require-hashes --only-binary=:all: -r requirements.lock
	$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

# Microsoft's SDKs are some 45,000 files: compiling them all ahead takes longer than using the few we need.
.venv/.demo: requirements-demo.lock .venv/.installed
	$(PIP) install --no-compile --require-hashes --only-binary=:all: -r requirements-demo.lock
	@touch $@

.venv/.dev: requirements-dev.lock .venv/.demo
	$(PIP) install --no-compile --require-hashes --only-binary=:all: -r requirements-dev.lock
	@touch $@

# The storage emulator, the JavaScript clients and, where there is none, a Node to run them.
node/node_modules/.installed: node/package-lock.json node/requirements.lock node/install.py | .venv/bin/python
	$(BIN)/python node/install.py
	@touch $@

# All five systems on a practice tenant, over TLS, with Microsoft's own clients; ends by itself.
demo:
	@$(MAKE) --no-print-directory -j2 .venv/.demo node/node_modules/.installed
	$(BIN)/python demo/run.py

# A server with the practice tenant that keeps running, with curl lines to paste.
serve: install
	$(BIN)/waybill demo --keep-serving

# pip and npm work side by side.
test:
	@$(MAKE) --no-print-directory -j2 dev
	$(BIN)/pytest -n 2 --dist loadfile

# The peers have an environment of their own: pyarrow imports pandas where it finds it, which no user pays for.
# All is compiled, as an installation is, but the 45,000 files of Microsoft's SDKs of which a client uses few.
.venv-bench/.installed: requirements-bench.lock pyproject.toml
	$(PYTHON) -m venv .venv-bench
	$(BENCH)/pip --disable-pip-version-check --quiet install --no-compile --require-hashes --only-binary=:all: -r requirements-bench.lock
	$(BENCH)/pip --disable-pip-version-check --quiet install --no-deps --no-build-isolation --editable .
	$(BENCH)/python -m compileall -q -j 0 -x '/msgraph(_beta)?/generated/' .venv-bench/lib src
	@touch $@

# Every case of docs/performance.md against its peers and its physical limit; under an hour. Quick: smaller, some minutes.
# A case that fails costs no other its figures: the page is made of what there is, and make fails at the end.
bench: .venv-bench/.installed
	@$(BENCH)/python -m benchmarks run; ran=$$?; $(BENCH)/python -m benchmarks page && exit $$ran

bench-quick: .venv-bench/.installed
	$(BENCH)/python -m benchmarks run --quick

# kill -9 during a personal-data export of 2,000 files and 1 GiB, several times; minutes.
campaign: dev
	$(BIN)/pytest -n 0 -s tests/crash/campaign_personal_data.py

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
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url --group runtime --group demo --group bench -c requirements-dev.lock pyproject.toml -o requirements-bench.lock

clean:
	rm -rf .venv .venv-bench node/node_modules demo-data waybill-data

# Two commands set everything up on a machine with Python 3.11 or newer, pip and make: `make demo` and `make test`.

# Say which Python to take by: make test PYTHON=/path/to/python. Otherwise it is the first of these that is recent enough.
PYTHON ?= python3 python3.13 python3.12 python3.11 python
RECENT := import sys; sys.exit(sys.version_info < (3, 11))

VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
THREADS := OMP_NUM_THREADS=1

.PHONY: help demo test test-docs test-app test-slow docs page clean

help:
	@echo "make demo       install, count the cells in the bundled sample images, tell where the report is"
	@echo "make test       lint, types, import rules and tests"
	@echo "make test-docs  the longer pages of the documentation, every command of which is run"
	@echo "make test-app   the page of cytally app in a browser (Debian's chromium), and its server killed and asked at random"
	@echo "make test-slow  the tests that take minutes each"
	@echo "make docs       build the documentation into site/"
	@echo "make page       check and build the page of cytally app (needs Node 20 and npm)"
	@echo "make clean      remove .venv and everything that was built"

demo: $(VENV)/.installed
	$(BIN)/cytally demo

test: $(VENV)/.installed-test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(THREADS) $(BIN)/python -m pytest -n 2

test-docs: $(VENV)/.installed-test
	$(THREADS) $(BIN)/python -m pytest -n 2 -m slow tests/docs

# A browser on a busy machine may miss a moment: what failed is tried once more, alone.
test-app: $(VENV)/.installed-test
	$(THREADS) $(BIN)/python -m pytest -m slow tests/app || $(THREADS) $(BIN)/python -m pytest -m slow tests/app --last-failed

test-slow: $(VENV)/.installed-test
	$(BIN)/python -m pytest -m slow

docs: $(VENV)/.installed-test
	$(BIN)/mkdocs build --strict

# What is built is committed, so that only those who change the page need npm.
page: frontend/node_modules/.package-lock.json
	cd frontend && npm run check && npm run build

frontend/node_modules/.package-lock.json: frontend/package.json frontend/package-lock.json
	cd frontend && npm install --no-audit --no-fund

clean:
	rm -rf $(VENV) frontend/node_modules site build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find src tests docs scripts -name __pycache__ -type d -prune -exec rm -rf {} +

# The stamps remember what was installed: pip runs again only when pyproject.toml has changed.
$(BIN)/python:
	@for python in $(PYTHON); do \
	    if "$$python" -c '$(RECENT)' 2>/dev/null; then exec "$$python" -m venv $(VENV); fi; \
	done; \
	echo "No Python 3.11 or newer found; install one, or run: make PYTHON=/path/to/python" >&2; exit 1

$(VENV)/.installed: pyproject.toml | $(BIN)/python
	@echo "Installing cytally into $(VENV) (some minutes the first time) ..."
	$(PIP) install -e .
	@touch $@

$(VENV)/.installed-test: pyproject.toml | $(BIN)/python
	@echo "Installing cytally and its test tools into $(VENV) (some minutes the first time) ..."
	$(PIP) install -e '.[test]'
	@touch $@ $(VENV)/.installed

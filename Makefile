# Foyer: `make run` to use it, `make test` to trust it.
.DEFAULT_GOAL := help
.PHONY: help run test test-all coverage check lint types sandbox bench evidence image chromium
MAKEFLAGS += --no-print-directory

PYTHON ?= python3
PY := .venv/bin/python
SANDBOX_PORT ?= 3001

help:
	@echo "make run      start Foyer here (PORT=8000, SANDBOX_PORT=3001)"
	@echo "make test     what every change must pass: all tests, of matrices and browser tests a third"
	@echo "make test-all every test"
	@echo "make coverage the same, and what was run of each file"
	@echo "make check    lint and types"
	@echo "make lint     style, templates, migrations, deployment settings"
	@echo "make types    mypy --strict"
	@echo "make sandbox  the stand-in alone; ARGS='--users 10000' (ARGS=--help lists them)"
	@echo "make bench    print the figures"
	@echo "make evidence try all that is promised, for an hour, and write docs/evidence.md (ARGS=kills: one part)"
	@echo "make image    build the container image foyer"

$(PY):
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("Foyer needs Python 3.11 or newer; set PYTHON=... to one.")'
	$(PYTHON) -m venv .venv

# The stamps make a second run fast: pip is asked only when the pinned list has changed. Python compiles what is used, when it is used.
.venv/base: requirements/base.txt | $(PY)
	$(PY) -m pip install --quiet --disable-pip-version-check --no-compile --require-hashes -r $<
	@touch $@

.venv/dev: requirements/dev.txt | $(PY)
	$(PY) -m pip install --quiet --disable-pip-version-check --no-compile --require-hashes -r $<
	@touch $@ .venv/base

run: .venv/base
	@exec $(PY) -m dashboard.run

sandbox: .venv/base
	@exec $(PY) -m dashboard.sandbox --port $(SANDBOX_PORT) $(ARGS)

# One worker more than processors, because tests often wait for the processes that they start.
export PYTEST_XDIST_AUTO_NUM_WORKERS ?= $(shell expr $$(getconf _NPROCESSORS_ONLN) + 1)
# Without reordering, because the browser's tests must stay last.
PYTEST := $(PY) -m pytest -n auto --dist loadgroup --no-loadscope-reorder

test: .venv/dev chromium
	$(PYTEST) $(ARGS)

test-all: export TESTS := all
test-all: test

# By itself: counting lines makes every process of the tests slower by half.
coverage: .venv/dev chromium
	$(PYTEST) --cov --cov-report=term $(ARGS)

chromium:
	@command -v chromium-headless-shell >/dev/null || command -v chromium >/dev/null || \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		apt-get update -qq && apt-get install -y -qq chromium-headless-shell; \
	else \
		echo "The browser tests need Chromium: sudo apt-get install chromium-headless-shell, or chromium"; exit 1; \
	fi

check: lint types

# As in production, with values that only this check sees.
lint: export SECRET_KEY := not-used-by-anybody-0123456789-abcdefghijklmnopqrstuvwxyz
lint: export ANYTHINGLLM_URL := http://anythingllm.invalid:3001
lint: export DEBUG := false
lint: export HTTPS := true
lint: export DATA_DIR := $(CURDIR)/.venv/lint-data
lint: .venv/dev
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m djlint templates --lint
	$(PY) manage.py makemigrations --check --dry-run
	$(PY) manage.py check --deploy --fail-level WARNING

types: .venv/dev
	$(PY) -m mypy

bench: .venv/dev
	$(PY) -m bench $(ARGS)

evidence: .venv/dev chromium
	$(PY) -m evidence.page $(ARGS)

image:
	docker build -t foyer .

# Kontor. `make run` opens the shop, `make test` runs everything; both set up what they need.
PYTHON ?= python3
PY := .venv/bin/python
export PORT STANDIN_PORT VERBOSE

.PHONY: help setup run test chaos format lint types bench lock messages clean clean-data

help:           ## what there is
	@grep -E '^[a-z-]+: .*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):[^#]*## */  make \1\t/' | expand -t 22

setup:          ## virtual environment, libraries, database, demo shop; only what has changed
	@$(PYTHON) scripts/setup.py

run: setup      ## open the shop on http://127.0.0.1:8000 (PORT=8001 for another port); Ctrl-C stops everything
	@exec $(PY) -m scripts.run

test-setup:
	@$(PYTHON) scripts/setup.py --test

test: test-setup ## everything: format, lint, types, import contracts, all tests on SQLite and PostgreSQL
	@$(PY) -m scripts.test

chaos: test-setup ## everything that may fail, fails, in full: kills, crashes, floods; writes var/chaos/report.md (two hours)
	@$(PY) -m scripts.chaos

format: test-setup ## put the code into the house's form
	@$(PY) -m ruff format .
	@$(PY) -m ruff check --fix .

lint: test-setup ## what can be said without running anything
	@$(PY) -m scripts.test --only lint

types: test-setup ## mypy alone
	@$(PY) -m mypy

bench: test-setup ## measure, and write bench/results.json
	@$(PY) -m bench.run

lock: test-setup ## pin the libraries of requirements/*.in anew, with hashes
	@$(PY) -m scripts.lock

messages: setup ## compile the translations
	@$(PY) -m scripts.messages

clean:          ## remove what can be made again, but not the shop's data
	rm -rf .venv node_modules .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache var/test-templates

clean-data:     ## forget the shop: database, pictures, mails; the next `make run` begins anew
	rm -rf var

# Every target does its own set-up on a fresh machine: Python 3.11+ with venv, make and git are enough.
.DEFAULT_GOAL := help
SHELL := bash
ONLY ?=
SCALE ?= 1
PYTHON ?= python3
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: help run test long coverage check messages pictures bench prove interop lock clean

help: ## List what make can do
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

# A stamp names the lock it was made from, so a changed lock re-installs and an unchanged one costs nothing.
.venv/run.stamp: requirements/run.txt core/pyproject.toml server/pyproject.toml
	@test -x .venv/bin/python || $(PYTHON) -m venv .venv
	@.venv/bin/pip install --quiet --require-hashes -r requirements/run.txt
	@.venv/bin/pip install --quiet --no-deps --no-build-isolation -e core -e server
	@touch $@

.venv/dev.stamp: requirements/dev.txt .venv/run.stamp
	@.venv/bin/pip install --quiet --require-hashes -r requirements/dev.txt
	@touch $@

run: .venv/run.stamp ## Start Cairn with demonstration data on http://127.0.0.1:8000 (PORT=, DATABASE_URL=, PUBLIC_URL=, DATA_DIR=, TLS_CERT=, TLS_KEY=)
	@exec .venv/bin/cairn-server run

test: .venv/dev.stamp ## Run every test: the library, then the server on SQLite and on PostgreSQL
	@.venv/bin/python -m pytest core/tests -n 2
	@# By themselves: the library's tests close the network for their process, and the campaigns open one.
	@.venv/bin/python -m pytest prove -n 2
	@.venv/bin/python server/tests/databases.py -n 2

long: .venv/dev.stamp ## Look at every page of the desk too, and start several machines: minutes that `make test` leaves out
	@CAIRN_LONG=1 .venv/bin/python -m pytest server/tests/browser/test_every_page.py server/tests/browser/test_assessing.py server/tests/journeys/test_several_machines.py -q -n 2

coverage: .venv/dev.stamp ## Run the library's tests and fail if a line or a branch of it is not reached
	@# Watching every branch doubles the time, so this is a target of its own.
	@.venv/bin/python -m coverage run --branch --source=cairn --data-file=.coverage -m pytest core/tests -q -n 0
	@.venv/bin/python -m coverage report --data-file=.coverage

check: .venv/dev.stamp ## Format, lint, types, imports, migrations, documentation, licences
	@# Without its cache: ruff's own does not notice a neighbour that changes how imports are sorted.
	.venv/bin/ruff format --no-cache --check .
	.venv/bin/ruff check --no-cache .
	.venv/bin/mypy core/src
	.venv/bin/mypy server/src
	.venv/bin/lint-imports
	.venv/bin/cairn-server makemigrations --check --dry-run
	.venv/bin/python -m pytest docs -q -n 2
	.venv/bin/python requirements/licences.py
	@# Locks carry hashes and no addresses: whoever installs chooses where from.
	@! grep -nE 'https?://|file:' requirements/*.txt interop/package-lock.json

messages: .venv/run.stamp ## Bring the catalogues of other languages up to date with the source, and list what they lack
	@.venv/bin/python -m messages update
	@.venv/bin/python -m messages missing

pictures: .venv/dev.stamp interop/node_modules/.stamp ## Take the pictures of the learners' tutorial again, from the demonstration
	@CAIRN_PICTURES=docs/pictures/learner .venv/bin/python -m pytest server/tests/journeys/test_wanting_to_showing.py -q -n 0 -k sqlite

bench: .venv/dev.stamp ## Measure against limits and peers, one JSON object a line (ONLY=prefix)
	@.venv/bin/python -m bench $(ONLY)

prove: .venv/dev.stamp ## Run the long campaigns, one JSON object a line (ONLY=prefix SCALE=0.01)
	@.venv/bin/python -m prove $(ONLY) --scale $(SCALE)

interop: .venv/dev.stamp interop/node_modules/.stamp ## Let other implementations verify ours, and ours theirs (ONLY=prefix)
	@.venv/bin/python interop/run.py $(ONLY)

interop/node_modules/.stamp: interop/package-lock.json
	@cd interop && npm ci --silent --ignore-scripts --no-audit --no-fund
	@touch $@

lock: .venv/dev.stamp ## Compile the hashed lock files from the two pyproject.toml files
	.venv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-emit-package opencairn \
	  core/pyproject.toml server/pyproject.toml requirements/build.in -o requirements/run.txt
	.venv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header -c requirements/run.txt \
	  requirements/dev.in -o requirements/dev.txt

clean: ## Remove what the other targets made; var/ (your data) stays
	rm -rf .venv interop/node_modules .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .prove

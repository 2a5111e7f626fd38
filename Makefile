# The two commands are `make demo` and `make test`; each does its own set-up on a machine with Python 3.11+, git and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
export DIALPLAN_DATA ?= data

.PHONY: demo test check docs lock clean install install-dev

demo: install
	$(BIN)/dialplan call +15550100001 --from +15550107788 --seed $(if $(ONCE),,--stay) \
		--script verticals/healthcare/conversations/book_a_visit.yaml \
		--show "SELECT id, starts_at, doctor FROM slots WHERE patient_id = 1 ORDER BY id"

test: install-dev
	.ci/check

check: test

install: $(VENV)/.installed
install-dev: $(VENV)/.installed-dev

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

# Versions come from the lock with their hashes; our own package is then put on the path without touching them.
$(VENV)/.installed: requirements.lock pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps --editable .
	touch $@

$(VENV)/.installed-dev: requirements-dev.lock pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements-dev.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps --editable .
	touch $@ $(VENV)/.installed

# The pages of docs/reference that are made from the code.
docs: install-dev
	$(BIN)/python -m dialplan.cli.reference

# The second lock is for the image: the server with telemetry and local embeddings, without the rehearsal extra.
lock: | $(VENV)/.installed-dev
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --no-annotate \
		--python-version 3.11 --extra rehearsal --extra telemetry --group build pyproject.toml -o requirements.lock
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --no-annotate \
		--python-version 3.11 --extra telemetry --extra knowledge --group build -c requirements.lock pyproject.toml -o requirements-server.lock
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --no-annotate \
		--python-version 3.11 --extra rehearsal --extra telemetry --group build --group dev -c requirements.lock pyproject.toml -o requirements-dev.lock

clean:
	rm -rf $(VENV) data

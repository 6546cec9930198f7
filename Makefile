# maildesk: `make demo` shows it, `make test` proves it. Both need python3 (3.11 or newer) and make, nothing else.

PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.installed

.PHONY: help demo test lint lock bench faults mutations pictures servers format

help:
	@echo "make demo      a day of a complaints desk, played on this machine; leaves demo/index.html"
	@echo "make test      lint, and the tests against real mail and database servers"
	@echo "make lint      ruff and mypy"
	@echo "make format    what ruff can put right by itself"
	@echo "make bench     the figures of README.md, measured here"
	@echo "make faults    breaks it in every way we know, and counts (N=2000 mails, KILLS=100)"
	@echo "make mutations takes out what makes each promise true, and demands that a test fails"
	@echo "make pictures  the pictures of README.md, drawn by Chromium"
	@echo "make lock      deploy/requirements.lock made anew from pyproject.toml"

$(STAMP): deploy/requirements.lock pyproject.toml
	@echo "Making .venv (the first time only)"
	@sh deploy/make-venv.sh "$(PYTHON)"
	@touch $@

demo: $(STAMP)
	@$(BIN)/maildesk demo

servers:
	@sh deploy/install-test-servers.sh

lint: $(STAMP)
	@$(BIN)/ruff check --no-cache .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

format: $(STAMP)
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

test: $(STAMP) servers lint
	@$(BIN)/python -m pytest -n 2

bench: $(STAMP) servers
	@$(BIN)/python tests/bench/run.py

faults: $(STAMP) servers
	@$(BIN)/python tests/faults/run.py --mails $(or $(N),2000) --kills $(or $(KILLS),100)

mutations: $(STAMP) servers
	@$(BIN)/python tests/faults/mutations.py

pictures: $(STAMP)
	@$(BIN)/python tests/pictures.py

lock: $(STAMP)
	@command -v uv >/dev/null || [ -x $(BIN)/uv ] || $(BIN)/python -m pip install -q --no-input uv
	@PATH="$$PATH:$(BIN)" uv pip compile pyproject.toml --all-extras --group dev --group build --universal --upgrade \
		--generate-hashes --no-emit-index-url --no-annotate --no-header --quiet --output-file deploy/requirements.lock

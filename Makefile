# The two commands of a newcomer are `make run` and `make test`; everything below installs what it needs first.
PY := .venv/bin/python
ARGS ?=

.PHONY: run test check format install lock

run:            ## the default experiment; ARGS="experiment=slider induction=definition" passes overrides
	@sh requirements/install run
	@$(PY) -m experiments.run $(ARGS)

test:           ## the whole test suite
	@sh requirements/install dev
	@$(PY) -m pytest $(ARGS)

check:          ## style, types and the direction of imports
	@sh requirements/install dev
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy
	$(PY) -m pyright
	.venv/bin/lint-imports

format:         ## rewrite the sources in the project's style
	@sh requirements/install dev
	$(PY) -m ruff check --fix .
	$(PY) -m ruff format .

install:        ## make install EXTRA=anthropic: one provider's package
	@sh requirements/install $(or $(EXTRA),run)

lock:           ## renew the pinned requirements from pyproject.toml (needs uv)
	sh requirements/lock

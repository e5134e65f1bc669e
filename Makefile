# Every recipe first makes the environment `.venv` where it is missing, half made or out of date.
SHELL := /bin/bash
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

PYTHON ?=
WORKERS ?= 3
ARGS ?=
BIN := .venv/bin
INSTALLED := .venv/.installed
# A worker a core, each with one thread, since more would wait for each other, and one for tests
# that wait themselves: for processes, a browser, the pause of a client.
# What is compiled is kept, whatever is set: tests start some sixty processes.
ONE_THREAD := OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 MKL_NUM_THREADS=1 POLARS_MAX_THREADS=1

.PHONY: help demo test ui lint bench lock docs clean
# An environment knows its folder by its absolute path: in a moved or copied one it is made anew.
ifneq "$(shell cat $(INSTALLED) 2>/dev/null)" "$(CURDIR)"
.PHONY: $(INSTALLED)
endif

help: ## this list
	@grep -hE '^[a-z]+:.*## ' Makefile | sed -E 's/^([a-z]+):.*## /  make \1 #/' | column -t -s '#'

demo: $(INSTALLED) ## run the bundled demo study, from points to a published database
	@$(BIN)/streetview demo $(ARGS)

test: $(INSTALLED) ## run all tests; some: make test ARGS='-k points'
	@$(ONE_THREAD) PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder $(ARGS)

ui: $(INSTALLED) ## open Dagster's UI, with schedules and sensors
	@$(BIN)/streetview ui $(ARGS)

lint: $(INSTALLED) ## style, types and the floors of the architecture
	@failed=0; set -x; \
	$(BIN)/ruff check . || failed=1; \
	$(BIN)/ruff format --check . || failed=1; \
	$(BIN)/mypy streetview_assets || failed=1; \
	$(BIN)/lint-imports || failed=1; \
	{ set +x; } 2>/dev/null; exit $$failed

bench: $(INSTALLED) ## measure each stage beside the plain way and the limit
	@$(BIN)/python streetview_assets_tests/benchmarks/stage_table.py $(ARGS)

lock: $(INSTALLED) ## write the hashes of all that the image installs anew
	@PYTHON=$(BIN)/python bash docker/lock $(ARGS)

docs: $(INSTALLED) ## write the reference pages anew and build the site; ARGS=serve shows it
	@BIN=$(BIN) bash docs/build $(ARGS)

clean: ## remove the environment and all caches; data/ stays
	@rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	@find streetview_assets streetview_assets_tests -name __pycache__ -type d -prune -exec rm -rf {} +

$(INSTALLED): pyproject.toml constraints.txt .ci/install
	@bash .ci/install $(PYTHON)

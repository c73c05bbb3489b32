# `make demo` and `make test` are all that a newcomer needs: each sets up .venv by itself.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
CLIENTS := .cache/clients
GPU_PYTHON := $(or $(wildcard $(BIN)/python),$(PYTHON))

# The files of tests/slurm share two beds, in this order: a lab's whole life on one, everything else on the other.
LAB_TESTS := tests/slurm/test_main_job.py tests/slurm/test_what_goes_wrong.py
BACKEND_TESTS := $(filter-out $(LAB_TESTS),$(sort $(wildcard tests/slurm/test_*.py)))

# One worker a CPU: `auto` would count a hyperthreaded core once. Idle workers take over tests that wait behind a long one.
# Slow tests wait for processes a good part of their time: one worker more keeps the CPUs busy.
PYTEST := $(BIN)/pytest --dist=worksteal -n
SLOW_WORKERS = $(shell echo $$(($$(nproc) + 1)))

# pip compiles one file after the other; here all CPUs do, without the packages' own tests. Some packages bring files that no
# Python compiles.
INSTALL := $(BIN)/python -m pip install --quiet --no-compile --editable
COMPILE := { $(BIN)/python -m compileall -qq -j 0 -x '/tests?/' $(VENV)/lib || true; }

.PHONY: help demo docs test test-slow test-all test-slurm gpu-check check static format lint types contracts wheel
.PHONY: slurm-labs slurm-backend bundles clients fix clean

help:
	@sed -n 's/^\([a-z-]*\):.*## */make \1: /p' $(MAKEFILE_LIST)

demo: $(VENV)/trainer.stamp ## real experiments on this machine through a real MCP client, in a few minutes
	$(BIN)/labhand demo

test: $(VENV)/dev.stamp ## the fast tests, in less than five minutes on two cores
	$(PYTEST) logical -m "not slow"

test-slow: $(VENV)/dev.stamp ## the tests that train, kill, build or drive programs; real clients only after `make clients`
	$(PYTEST) $(SLOW_WORKERS) -m slow

test-all: $(VENV)/dev.stamp ## every test, in one go
	$(PYTEST) $(SLOW_WORKERS)

test-slurm: $(VENV)/dev.stamp ## what needs SkyPilot and sixteen GPUs, on a Slurm whose GPUs are pretended; needs root
	@$(MAKE) --no-print-directory --jobs=2 --keep-going --output-sync slurm-labs slurm-backend

# The beds run side by side, since their tests wait a lot. Each file leaves nothing behind for the next one on its bed.
slurm-labs: $(VENV)/dev.stamp
	LABHAND_BED=.cache/beds/labs $(BIN)/python -m tests.slurm.bed run $(BIN)/pytest $(LAB_TESTS)

slurm-backend: $(VENV)/dev.stamp
	LABHAND_BED=.cache/beds/backend $(BIN)/python -m tests.slurm.bed run $(BIN)/pytest $(BACKEND_TESTS)

# Nothing is downloaded, so that it needs no internet and takes the machine's own PyTorch. For an interpreter without labhand
# an environment is made that has all of its packages, and a copy of labhand: experiments can't follow a link out of it.
gpu-check: ## labhand on this machine's GPU, in less than eight minutes and without internet; writes gpu-check.json
	@if $(GPU_PYTHON) -c 'import labhand.trainer' 2>/dev/null; then exec $(GPU_PYTHON) -m benchmarks.gpu_check $(GPU_CHECK); fi; \
	$(GPU_PYTHON) -m venv --clear --without-pip .cache/gpu-check && mkdir -p .cache/gpu-check/package/labhand && \
	cp -R server tools trainer prompts .cache/gpu-check/package/labhand/ && \
	{ $(GPU_PYTHON) -Pc 'import sys; print("\n".join(sys.path))'; echo '$(CURDIR)/.cache/gpu-check/package'; } \
	  > "$$(.cache/gpu-check/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/labhand.pth" && \
	exec .cache/gpu-check/bin/python -m benchmarks.gpu_check $(GPU_CHECK)

check: export REQUIRE_CLIENTS := 1
check: clients static test test-slow ## all that needs neither GPUs nor Slurm

static: format lint types contracts ## what can be checked without running the code

format: $(VENV)/dev.stamp
	$(BIN)/ruff format --check

lint: $(VENV)/dev.stamp
	$(BIN)/ruff check

types: $(VENV)/dev.stamp
	$(BIN)/mypy
	$(BIN)/pyright

contracts: $(VENV)/dev.stamp
	$(BIN)/lint-imports

wheel: $(VENV)/dev.stamp ## build the wheel into dist/, for `uv tool install` and pipx
	rm -rf build dist/labhand-*.whl
	$(BIN)/python -m build --wheel --outdir dist

bundles: wheel ## build the MCPB bundle into dist/ from that wheel
	$(BIN)/python plugins/build_bundles.py dist/labhand-*.whl

clients: $(CLIENTS)/stamp ## install Claude Code, the Inspector and the conformance suite, for their tests

docs: $(VENV)/dev.stamp ## write the reference pages from the code
	$(BIN)/python docs/generate.py

fix: $(VENV)/dev.stamp ## format the code, and mend what ruff can mend
	$(BIN)/ruff format
	$(BIN)/ruff check --fix

clean: ## remove what this file made
	rm -rf $(VENV) .cache build dist *.egg-info

# Debian's python3 may come without ensurepip: its pip then puts one into the environment.
$(BIN)/python:
	$(PYTHON) -m venv $(VENV) || { $(PYTHON) -m venv --clear --without-pip $(VENV) && \
	  $(PYTHON) -m pip --python $(BIN)/python install --quiet pip; }
	$(BIN)/python -m pip install --quiet --upgrade pip

$(VENV)/trainer.stamp: pyproject.toml | $(BIN)/python
	$(INSTALL) '.[trainer,climbmix]' && $(COMPILE)
	@touch $@

$(VENV)/dev.stamp: pyproject.toml | $(BIN)/python
	$(INSTALL) '.[trainer,dev]' && $(COMPILE)
	@touch $@ $(VENV)/trainer.stamp

# Node comes from the dev extra, the same one on every machine. Of the scripts that packages bring only one runs: it puts
# Claude Code's binary for this machine in its place.
$(CLIENTS)/stamp: tests/clients/package.json tests/clients/package-lock.json $(VENV)/dev.stamp
	@mkdir -p $(CLIENTS)
	cp tests/clients/package.json tests/clients/package-lock.json $(CLIENTS)/
	$(BIN)/npm ci --prefix $(CLIENTS) --ignore-scripts --no-audit --no-fund --loglevel=error
	cd $(CLIENTS) && $(CURDIR)/$(BIN)/node node_modules/@anthropic-ai/claude-code/install.cjs
	@touch $@

# The one menu. `make` alone lists it. PYTHON=... chooses the interpreter (3.11 or later).

VENV ?= .venv
PY := $(VENV)/bin/python
BIN := $(VENV)/bin
TMP_DIR := $(VENV)/tmp

# seconds after which all tests under way are ended: for one that hangs, not for a machine that is slow
LIMIT ?= 3600
LANES ?= 2
MPI_RANKS ?= 4
SEEDS ?= 10000
JOBS ?= 1

.DEFAULT_GOAL := help
.PHONY: help demo test check bench clean unit mpi e2e proof
.DELETE_ON_ERROR:

help: ## this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/  make \1\t\2/' | expand -t 16

demo: $(VENV)/.ready ## install into .venv, run the default workflow on 4 ranks, then a small study with its report
	@echo '$$ $(PY) -m hpcd4p run -n 4'
	@$(PY) -m hpcd4p run -n 4
	@rm -rf results/demo results/demo.h5
	@echo; echo '$$ $(PY) -m hpcd4p sweep configs/demo.toml'
	@$(PY) -m hpcd4p sweep configs/demo.toml
	@echo; echo '$$ $(PY) -m hpcd4p report results/demo.h5'
	@$(PY) -m hpcd4p report results/demo.h5

test: ## check, then every test; at the end what was skipped, why, and what to install
	@rm -rf $(TMP_DIR)/skipped
	@$(MAKE) --no-print-directory check
	@$(MAKE) --no-print-directory unit
	@$(MAKE) --no-print-directory mpi
	@$(PY) tests/skipped.py $(TMP_DIR)/skipped

check: $(VENV)/.ready-test ## ruff, mypy, import contracts
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --cache-dir $(TMP_DIR)/imports

unit: $(VENV)/.ready-test $(VENV)/.ready-mpich ## all tests but those under mpirun, two parts at a time (LANES)
	$(PY) -m tests.parts --lanes $(LANES) --limit $(LIMIT) --skipped-to=$(TMP_DIR)/skipped

mpi: $(VENV)/.ready-test ## the tests that run under mpirun
	@if [ -d tests/mpi ]; then \
	  set -x; timeout -k 10 $(LIMIT) sh tests/mpirun.sh $(PY) $(MPI_RANKS) \
	    -m pytest -q --only-mpi --skipped-to=$(TMP_DIR)/skipped tests/mpi; \
	fi

proof: $(VENV)/.ready-test ## the long proof by simulation: an hour or two of one core (SEEDS, JOBS)
	$(PY) -m tests.sim.proof --seeds $(SEEDS) --jobs $(JOBS)

bench: $(VENV)/.ready-bench ## the figures of the README, each a ratio measured in this run
	$(PY) -m hpcd4p.bench

clean: ## remove .venv, caches and what is in results/
	if [ -d results ]; then find results -mindepth 1 -maxdepth 1 ! -name README.md -exec rm -rf {} +; fi
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis \
	  .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# One environment, filled as far as the target needs. The first line finds an interpreter that works.
$(VENV)/bin/python:
	@for py in $(PYTHON) python3 python3.14 python3.13 python3.12 python3.11; do \
	  if $$py -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then found=$$py; break; fi; \
	done; \
	if [ -z "$$found" ]; then echo 'make: no Python >= 3.11 found; say make PYTHON=/path/to/python3' >&2; exit 1; fi; \
	echo "$$found -m venv $(VENV)"; \
	$$found -m venv $(VENV) || { rm -rf $(VENV); \
	  echo 'make: the venv module does not work; on Debian: apt-get install python3-venv' >&2; exit 1; }
	@mkdir -p $(TMP_DIR)

INSTALL = $(PY) -m pip install --quiet --disable-pip-version-check -c constraints.txt
# an editable install leaves the sources uncompiled; where nobody may write bytecode later (a shared read-only
# folder, PYTHONDONTWRITEBYTECODE), each rank would compile them anew at each start: 25 ms of a core
COMPILE = $(PY) -m compileall -q hpcd4p

$(VENV)/.ready: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(INSTALL) -e '.[wheels,plot]'
	@$(COMPILE)
	@touch $@

$(VENV)/.ready-test: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(INSTALL) -e '.[wheels,test]'
	@$(COMPILE)
	@touch $@ $(VENV)/.ready

# MPICH has an environment of its own: mpi4py takes the MPI that it finds first
$(VENV)/.ready-mpich: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(PY) -m venv $(VENV)/mpich
	$(VENV)/mpich/bin/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[mpich]'
	@touch $@

$(VENV)/.ready-bench: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(INSTALL) -e '.[wheels,bench]'
	@$(COMPILE)
	@touch $@ $(VENV)/.ready

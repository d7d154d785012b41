# Targets for people; everything runs in a local virtual environment that the first target makes.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
PHOTOS ?=
RELEASES ?=

.PHONY: demo test check lock clean

$(STAMP): pyproject.toml requirements.lock
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.11")'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --requirement requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	touch $@

demo: $(STAMP)  ## run the main job on real photos (PHOTOS=~/Pictures: on your own; RELEASES=yes: you hold the releases)
	@$(BIN)/countenance demo $(if $(PHOTOS),--photos "$(PHOTOS)") $(if $(RELEASES),--i-have-releases)

test: $(STAMP)  ## run the tests
	$(BIN)/python -m pytest -n auto

check: $(STAMP)  ## formatter, linter, types, import contracts
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

lock:  ## pin the newest versions that pyproject.toml allows
	rm -rf $(VENV)-lock && $(PYTHON) -m venv $(VENV)-lock
	$(VENV)-lock/bin/python -m pip install --quiet --upgrade pip
	$(VENV)-lock/bin/python -m pip install --quiet ".[demo]" --group dev
	$(VENV)-lock/bin/python -m pip freeze --exclude countenance > requirements.lock
	rm -rf $(VENV)-lock

clean:
	rm -rf $(VENV) demo-data

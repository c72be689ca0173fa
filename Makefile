# Everything runs in .venv, made from PyPI; where a ROS 2 is sourced, that one is used instead of the wheels.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

TEXT ?= the quick brown fox
SEED ?= 7
ANGLE ?= 60
MAX_CER ?= 0.05

ifdef ROS_DISTRO
ROS_EXTRA :=
VENV_FLAGS := --system-site-packages
else
ROS_EXTRA := ros,
VENV_FLAGS :=
endif

# torch and its vision library have to be of one release: these two are tested together.
TORCH_PIN := torch==2.14.1 torchvision==0.29.1
PROJECTS := pyproject.toml research/pyproject.toml setup.py
ALL_EXTRAS := depth,desktop,midi,print,realsense,rerun,test,web,dev
ALL_RESEARCH := research[train,fit,plots]
# A release is built and listed with the versions and hashes in locks/, of Python 3.11 on Linux, x86-64. Everything comes
# as a wheel but empy, which has none, and our own packages, which are not locked.
COMPILE := $(VENV)-lock/bin/uv pip compile - --quiet --upgrade --generate-hashes --no-annotate --no-header --python-version 3.11 \
	--python-platform x86_64-manylinux_2_28 --only-binary :all: --no-binary empy \
	$(foreach own,fingertip-contact fingertip-research,--no-binary $(own) --no-emit-package $(own))

# Gigabytes on disk that an environment takes, measured; pip unpacks for minutes before it finds out. $(call require_gb,N)
define require_gb
@free=$$(df -Pk . | awk 'NR == 2 { print int($$4 / 1048576) }'); test "$$free" -ge $(1) || { echo "error: $(VENV) takes $(1) GB of disk, and $$free GB are free in $(CURDIR); free some, or clone elsewhere" >&2; exit 2; }
endef

# The shell reads them from its environment, so that any character in them is safe.
export TEXT SEED ANGLE MAX_CER

.PHONY: help demo env test test-fast test-jazzy lint docs sbom lock env-locked clean
# Delete a half-built environment.
.DELETE_ON_ERROR:

help:
	@echo "make demo       [TEXT=... SEED=7 ANGLE=60 MAX_CER=0.05]   simulated hands type, the real nodes read the text"
	@echo "make test       set up everything, run all tests"
	@echo "make test-fast  the tests without ROS, torch and rendering: under two minutes"
	@echo "make test-jazzy the tests of ROS with the wheels of Jazzy, in $(VENV)-jazzy"
	@echo "make lint       ruff, mypy, codespell, import contracts, documentation"
	@echo "make docs       build the documentation into site/"
	@echo "make sbom       list every installed dependency with version and licence: out/sbom.cdx.json (CycloneDX)"
	@echo "make env        set up $(VENV) with all extras"
	@echo "make env-locked the same with the versions and hashes of a release: locks/ (Python 3.11)"
	@echo "make lock       write locks/ anew, with the newest versions"
	@echo "make clean      remove $(VENV) and all build outputs"

demo: $(VENV)/.demo
	@$(BIN)/fingertip-contact demo --text "$$TEXT" --seed "$$SEED" --angle "$$ANGLE" --max-cer "$$MAX_CER"

env: $(VENV)/.all

test: $(VENV)/.all
	$(BIN)/fingertip-contact models pull hands
	$(BIN)/python -m pytest

test-fast: $(VENV)/.fast
	$(BIN)/fingertip-contact models pull hands
	$(BIN)/python -m pytest -m "not slow and not ros and not torch"

test-jazzy: $(VENV)-jazzy/.done
	$(VENV)-jazzy/bin/fingertip-contact models pull hands
	$(VENV)-jazzy/bin/python -m pytest -m "ros and not torch" test/nodes test/ros

lint: $(VENV)/.all
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/codespell
	$(BIN)/lint-imports --no-logo
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

docs: $(VENV)/.all
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

# The tool has an environment of its own, so that the list does not hold it.
sbom: $(VENV)/.all
	$(PYTHON) -m venv $(VENV)-sbom
	$(VENV)-sbom/bin/pip install -q cyclonedx-bom==7.5.0
	@mkdir -p out
	$(VENV)-sbom/bin/cyclonedx-py environment --output-reproducible --of JSON -o out/sbom.cdx.json $(BIN)/python

lock:
	$(PYTHON) -m venv $(VENV)-lock
	$(VENV)-lock/bin/pip install -q uv==0.13.9
	printf '%s\n' pip setuptools wheel | $(COMPILE) -o locks/build.txt
	printf '%s\n' $(TORCH_PIN) ".[ros,$(ALL_EXTRAS)]" "./$(ALL_RESEARCH)" | $(COMPILE) -c locks/build.txt -o locks/release.txt

env-locked:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' || { echo "error: locks/ holds the versions for Python 3.11; use make env-locked PYTHON=/path/to/python3.11" >&2; exit 2; }
	$(call require_gb,8)
	$(PYTHON) -m venv --clear $(VENV)
	$(BIN)/python -m pip install -q --require-hashes --no-deps -r locks/build.txt
	$(BIN)/python -m pip install -q --require-hashes --no-deps --no-build-isolation -r locks/release.txt
	$(BIN)/python -m pip install -q --no-deps --no-build-isolation -e . -e research
	$(BIN)/python -m pip check
	@touch $(VENV)/.demo $(VENV)/.fast $(VENV)/.all

clean:
	rm -rf $(VENV) $(VENV)-jazzy $(VENV)-lock $(VENV)-sbom build install log site *.egg-info research/build research/*.egg-info

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || { echo "error: $(PYTHON) is missing or older than 3.10; use make PYTHON=/path/to/python3.10" >&2; exit 2; }
	@echo "Setting up $(VENV) from PyPI ..."
	$(PYTHON) -m venv $(VENV_FLAGS) $(VENV)
	$(BIN)/python -m pip install -q --upgrade pip

$(VENV)-jazzy/.done: $(PROJECTS)
	$(PYTHON) -m venv $(VENV)-jazzy
	$(VENV)-jazzy/bin/python -m pip install -q -e ".[ros-jazzy,print,test,web]" -e research
	@touch $@

$(VENV)/.demo: $(PROJECTS) | $(BIN)/python
	$(BIN)/python -m pip install -q -e ".[$(ROS_EXTRA)print]" -e research
	@touch $@

$(VENV)/.fast: $(PROJECTS) | $(BIN)/python
	$(BIN)/python -m pip install -q -e ".[print,test,web]" -e "research[plots]"
	@touch $@

$(VENV)/.all: $(PROJECTS) | $(BIN)/python
	$(call require_gb,8)
	$(BIN)/python -m pip install -q $(TORCH_PIN) -e ".[$(ROS_EXTRA)$(ALL_EXTRAS)]" -e "$(ALL_RESEARCH)"
	@touch $@ $(VENV)/.demo $(VENV)/.fast

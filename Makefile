# make demo shows the whole job; make test runs every check. Both set up what they need, once, in .venv.

PYTHON ?= python3
VENV   ?= .venv
BIN     = $(VENV)/bin
INSTALL = $(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable

# An engine with CloudFormation; it pins what iotagg does not, so it has an environment of its own.
ENGINE  = $(VENV)-engine

.PHONY: demo demo-cloud engine test check check-templates docs test-pythons test-one sameness fuzz clean

demo: $(VENV)/ready-demo
	@$(BIN)/iotagg demo

demo-cloud: $(VENV)/ready-cloud
	@$(BIN)/iotagg demo --cloud

# An account that is none, until Ctrl-C: for docs/deploy-tutorial.md.
engine: $(ENGINE)/ready
	@echo "In a moment the engine answers at http://127.0.0.1:4566; Ctrl-C ends it."
	@BIND_HOST=127.0.0.1 GATEWAY_PORT=4566 LOG_LEVEL=WARNING $(ENGINE)/bin/ministack

test: export IOTAGG_TEST_MINISTACK = $(CURDIR)/$(ENGINE)/bin/ministack
# Most tests of the cloud wait for an engine more than they work, so there are more of them than cores.
test: check $(ENGINE)/ready
	$(BIN)/python -m pytest -n auto --dist worksteal tests/unit --cov
	$(BIN)/python -m pytest -n 4 --dist worksteal --ignore tests/unit

check: $(VENV)/ready-test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# What a scanner for security has to say of the templates: nothing that is not explained in them. It is large, and so on
# its own.
check-templates: $(VENV)/ready-test $(VENV)-checkov/ready
	$(BIN)/python -m iotagg.deployment.template build
	$(VENV)-checkov/bin/checkov --directory build/templates --framework cloudformation --skip-download --compact --quiet

$(VENV)-checkov/ready: | $(BIN)/pip
	$(PYTHON) -m venv $(VENV)-checkov
	$(VENV)-checkov/bin/pip install --quiet --disable-pip-version-check checkov==3.3.30
	@touch $@

# Is a file read alike by the compiled scanner and by Python alone? Ten million lines take half an hour.
sameness: LINES = 10_000_000
sameness: SEED = 1
sameness: $(VENV)/ready-test
	$(BIN)/python -m tests.sameness --lines $(LINES) --seed $(SEED)

# The same question, put by a fuzzer that looks for lines which take new branches. It wants clang.
fuzz: SECONDS = 300
fuzz: $(VENV)-fuzz/ready
	$(VENV)-fuzz/bin/python -m tests.sameness.fuzzing --seconds $(SECONDS)

$(VENV)-fuzz/ready: setup.cfg pyproject.toml constraints.txt | $(BIN)/pip
	$(PYTHON) -m venv $(VENV)-fuzz
	$(VENV)-fuzz/bin/pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable . hypothesis atheris==3.0.0
	@touch $@

docs: $(VENV)/ready-test
	$(BIN)/python -m docs.make_reference
	$(BIN)/python -m docs.make_stack_reference

# The tests that need no AWS, on every other Python that is found on the path or under pyenv. What AWS does does not
# depend on Python; the packages for Lambda are run under its Python by the tests themselves.
test-pythons:
	@used=$$($(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2])'); \
	for version in 3.11 3.12 3.13 3.14; do \
	    [ $$version = $$used ] && continue; \
	    for python in python$$version $${PYENV_ROOT:-$$HOME/.pyenv}/versions/$$version.*/bin/python; do \
	        if $$python -c pass 2>/dev/null; then \
	            $(MAKE) --no-print-directory PYTHON=$$python VENV=.venv-$$version test-one || exit 1; \
	            break; \
	        fi; \
	    done; \
	done

test-one: $(VENV)/ready-one
	$(BIN)/python -m pytest -n auto --quiet tests/unit tests/stores tests/pipeline tests/cli -k 'not dynamodb and not cloud'

$(VENV)/ready-demo: setup.cfg pyproject.toml constraints.txt | $(BIN)/pip
	$(INSTALL) '.[plot]'
	@touch $@

$(VENV)/ready-cloud: setup.cfg pyproject.toml constraints.txt | $(BIN)/pip
	$(INSTALL) '.[local,plot]'
	@touch $@

$(VENV)/ready-test: setup.cfg pyproject.toml constraints.txt | $(BIN)/pip
	$(INSTALL) '.[test]'
	@touch $@

$(VENV)/ready-one: setup.cfg pyproject.toml constraints.txt | $(BIN)/pip
	$(INSTALL) '.[test-core]'
	@touch $@

$(ENGINE)/ready: tests/engine-requirements.txt | $(BIN)/pip
	$(PYTHON) -m venv $(ENGINE)
	$(ENGINE)/bin/pip install --quiet --disable-pip-version-check --requirement $<
	@touch $@

$(BIN)/pip:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	    { echo "iotagg needs Python 3.11 or newer: make PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) || \
	    { rm -rf $(VENV); echo "Python's venv module is missing; on Debian: apt install python3-venv" >&2; exit 1; }

clean:
	rm -rf .venv .venv-* build dist *.egg-info .coverage .hypothesis .mypy_cache .pytest_cache .ruff_cache

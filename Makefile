# make demo shows the whole job; make test runs every check. Both set up what they need, once, in .venv.

PYTHON ?= python3
VENV   ?= .venv
BIN     = $(VENV)/bin
INSTALL = $(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable

# What compiles for other machines is large, and only packages and wheels need it.
RELEASE  = $(CURDIR)/$(VENV)-release
# An editable installation holds the compiled scanner; it is made anew when that would be another.
DECLARED = setup.py setup.cfg pyproject.toml constraints.txt $(wildcard iotagg/core/scanner/*.[ch])

# An engine with CloudFormation; it pins what iotagg does not, so it has an environment of its own.
ENGINE  = $(VENV)-engine

# Where make can, it prints what is done side by side one after the other.
IN_TURN = $(if $(filter output-sync,$(.FEATURES)),--output-sync)

.PHONY: demo demo-cloud bench engine test test-core check check-templates check-dependencies check-headers docs test-pythons test-one scanners wheel sameness fuzz fuzz-planted hostile chaos soak clean

demo: $(VENV)/ready-demo
	@$(BIN)/iotagg demo

demo-cloud: $(VENV)/ready-cloud
	@$(BIN)/iotagg demo --cloud

# An account that is none, until Ctrl-C: for docs/deploy-tutorial.md.
engine: $(ENGINE)/ready
	@echo "In a moment the engine answers at http://127.0.0.1:4566; Ctrl-C ends it."
	@BIND_HOST=127.0.0.1 GATEWAY_PORT=4566 LOG_LEVEL=WARNING $(ENGINE)/bin/ministack

# Measures, beside others, and writes docs/performance.md: BENCH='summarize --sizes 10,100' measures a part of it.
BENCH ?= --write
bench: $(VENV)/ready-bench
	$(BIN)/python -m bench $(BENCH)

test: export IOTAGG_TEST_MINISTACK = $(CURDIR)/$(ENGINE)/bin/ministack
# Some images switch byte code off; hundreds of processes would then each compile the same modules.
test: export PYTHONDONTWRITEBYTECODE =
# What became of each test, of both runs: those that docs/guarantees.md names have to pass, skipped is not enough.
test: export IOTAGG_TEST_OUTCOMES = $(CURDIR)/.pytest_cache/outcomes
# Most tests of the cloud wait for an engine more than they work, so there are more of them than cores.
# What comes first is done side by side: mypy has work for one core, and to install an engine is to wait.
test:
	@rm -f $(IOTAGG_TEST_OUTCOMES)
	@$(MAKE) --no-print-directory --jobs=3 $(IN_TURN) check test-core $(ENGINE)/ready
	$(BIN)/python -m pytest -n 3 --dist worksteal --ignore tests/unit
	$(BIN)/python -m tests.project.guaranteed $(IOTAGG_TEST_OUTCOMES)

test-core: $(VENV)/ready-test
	$(BIN)/python -m pytest -n auto --dist worksteal tests/unit --cov

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

# Are flaws known in the versions that are installed? The database of flaws is asked over the network.
check-dependencies: $(VENV)-audit/ready
	$(VENV)-audit/bin/pip-audit --requirement constraints.txt --no-deps --disable-pip --progress-spinner off $(AUDIT)

# Do all kinds of answers have the headers that a browser is to have? Where not, header_rules.yaml says why.
check-headers: $(VENV)/ready-test $(VENV)-audit/ready
	@$(BIN)/python -m tests.web.told_headers > $(VENV)-audit/headers.json
	@$(VENV)-audit/bin/drheader compare bulk --merge --rules-file tests/web/header_rules.yaml $(VENV)-audit/headers.json

$(VENV)-audit/ready: | $(BIN)/pip
	$(PYTHON) -m venv $(VENV)-audit
	$(VENV)-audit/bin/pip install --quiet --disable-pip-version-check pip-audit==2.10.1 drheader==2.0.0
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

# And does that fuzzer find bugs that are there? Half an hour.
fuzz-planted: $(VENV)-fuzz/ready
	$(VENV)-fuzz/bin/python -m tests.sameness.fuzzing_planted

$(VENV)-fuzz/ready: setup.cfg pyproject.toml constraints.txt | $(BIN)/pip
	$(PYTHON) -m venv $(VENV)-fuzz
	$(VENV)-fuzz/bin/pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable . hypothesis atheris==3.0.0
	@touch $@

# Hostile input for every parser: ten million cases take a quarter of an hour on two cores.
hostile: CASES = 10_000_000
hostile: SEED = 1
hostile: JOBS = 2
hostile: $(VENV)/ready-test
	$(BIN)/python -m tests.hostile --cases $(CASES) --seed $(SEED) --jobs $(JOBS)

# The whole pipeline over simulated services under faults: a hundred thousand schedules take more than half an hour on
# two cores, and all orders of two workers and one fault follow. SOAK=--write puts what was found into docs/guarantees.md.
soak: SCHEDULES = 100000
soak: SEED = 1
soak: $(VENV)/ready-test
	$(BIN)/python -m tests.simulation --schedules $(SCHEDULES) --seed $(SEED) $(SOAK)
	$(BIN)/python -m tests.simulation --exhaustive $(SOAK)

# Processes that are killed all the time, over a database and in the cloud: ten minutes each, and a few to end. CHAOS=--write
# puts what was found into docs/guarantees.md.
chaos: MINUTES = 10
chaos: SEED = 1
chaos: $(VENV)/ready-test
	$(BIN)/python -m tests.chaos --store sqlite --minutes $(MINUTES) --seed $(SEED) $(CHAOS)
	$(BIN)/python -m tests.chaos --store roto --minutes $(MINUTES) --seed $(SEED) $(CHAOS)

docs: $(VENV)/ready-test
	$(BIN)/python -m docs.make_reference
	$(BIN)/python -m docs.make_stack_reference
	$(BIN)/python -m docs.make_api_reference

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

# The compiled scanner, into the clone: for this machine, and for both processors that iotagg deploy may be told.
scanners: $(RELEASE)/ready
	$(RELEASE)/bin/python setup.py --quiet build_ext --inplace

# What is released, into dist: the sources, and a wheel for each processor, which holds the other one's scanner too. They
# run with every glibc since 2.17, which auditwheel checks.
wheel: $(RELEASE)/ready
	rm -rf build dist
	$(RELEASE)/bin/python -m build --sdist --no-isolation
	@for machine in x86_64 aarch64; do \
	    compiler="$(RELEASE)/bin/python -m ziglang cc -target $$machine-linux-gnu.2.17"; \
	    rm -rf build; \
	    env CC="$$compiler" LDSHARED="$$compiler -shared -s" _PYTHON_HOST_PLATFORM=linux-$$machine \
	        $(RELEASE)/bin/python -m build --wheel --no-isolation \
	        -C--build-option=--plat-name=manylinux_2_17_$$machine || exit 1; \
	done
	@for wheel in dist/*.whl; do \
	    $(RELEASE)/bin/auditwheel show $$wheel 2>/dev/null | tr '\n' ' ' | \
	        grep -o '^ *iotagg.* is consistent with the following platform tag: "manylinux_2_17_[a-z0-9_]*"' || exit 1; \
	done

$(RELEASE)/ready: | $(BIN)/pip
	$(PYTHON) -m venv $(RELEASE)
	$(RELEASE)/bin/pip install --quiet --disable-pip-version-check auditwheel==6.8.2 build==1.6.1 setuptools==84.2.1 \
	    ziglang==0.17.1
	@touch $@

$(VENV)/ready-demo: $(DECLARED) | $(BIN)/pip
	$(INSTALL) '.[plot,web]'
	@touch $@

$(VENV)/ready-cloud: $(DECLARED) | $(BIN)/pip
	$(INSTALL) '.[local,plot]'
	@touch $@

$(VENV)/ready-bench: $(DECLARED) bench/requirements.txt | $(BIN)/pip
	$(INSTALL) '.[bench]' --constraint bench/requirements.txt
	@touch $@

# Of what the tests need, a small part is ever imported, and byte code is made of that alone.
$(VENV)/ready-test: $(DECLARED) | $(BIN)/pip
	$(INSTALL) '.[test]' --no-compile
	@touch $@

$(VENV)/ready-one: $(DECLARED) | $(BIN)/pip
	$(INSTALL) '.[test-core]'
	@touch $@

$(ENGINE)/ready: tests/engine-requirements.txt | $(BIN)/pip
	$(PYTHON) -m venv $(ENGINE)
	$(ENGINE)/bin/pip install --quiet --disable-pip-version-check --no-compile --requirement $<
	@touch $@

$(BIN)/pip:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	    { echo "iotagg needs Python 3.11 or newer: make PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) || \
	    { rm -rf $(VENV); echo "Python's venv module is missing; on Debian: apt install python3-venv" >&2; exit 1; }

clean:
	rm -rf .venv .venv-* build dist *.egg-info .coverage .hypothesis .mypy_cache .pytest_cache .ruff_cache

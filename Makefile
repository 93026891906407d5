# make demo: runs the README's study, serially and then on embedded Spark.   make test: runs all tests;
# make test-fast: those that need neither Spark nor a training.
# make test-search: those of the search alone, with another Python than 3.11 and without our agents.
# make test-peers: those of the model SB3, without TensorFlow.   make faults: breaks studies, and writes what came of it.
# make fuzz: has the commands read damaged files, and writes what came of it.
# Each makes .venv with Python 3.11 and installs the pinned requirements first.

PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
PEERS := .venv-peers
SPARK4 := .venv-spark4
SEARCH := .venv-search
OTHERS := $(wildcard $(foreach version,3.13 3.12 3.10,/usr/bin/python$(version) /usr/local/bin/python$(version) $(HOME)/.pyenv/versions/$(version).*/bin/python))
OTHER_PYTHON ?= $(firstword $(OTHERS))

.PHONY: demo test test-fast test-peers test-spark4 test-search check format benchmark faults fuzz clean

demo: $(VENV)/installed
	$(BIN)/python optimize.py config/optim_dqn.json --seed 1
	$(BIN)/python optimize.py config/optim_dqn.json --seed 1 --parallelized --plevel 2

test: check
	$(BIN)/python -m pytest -n 2 --dist loadfile

test-fast: $(VENV)/installed
	$(BIN)/python -m pytest -n 2 --dist loadfile -m "not slow"

test-peers: $(PEERS)/installed
	$(PEERS)/bin/python -m pytest tests/models/test_sb3.py
	$(PEERS)/bin/python -m pytest tests/models/test_model_contract.py -k SB3
	$(PEERS)/bin/python -m pytest tests/test_docs.py -k other_agents

test-spark4: $(SPARK4)/installed
	$(SPARK4)/bin/python -m pytest -n 2 --dist loadfile tests/executors

test-search:
ifeq ($(OTHER_PYTHON),)
	@echo "no Python 3.10, 3.12 or 3.13 was found: nothing is tested; set OTHER_PYTHON=/path/to/python"
else
	@echo "installing the search alone, with $(OTHER_PYTHON), into $(SEARCH)"
	@rm -rf $(SEARCH)
	@$(OTHER_PYTHON) -m venv $(SEARCH)
	@$(SEARCH)/bin/python -m pip install --quiet --disable-pip-version-check . $$(sed -n '/^# Development/,$$s/^\(pytest[^ =]*\|hypothesis\)==.*/\1/p' requirements.txt)
	$(SEARCH)/bin/python -m pytest -n 2 --dist loadfile
endif

check: $(VENV)/installed
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

format: $(VENV)/installed
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

benchmark: $(VENV)/installed $(PEERS)/installed
	$(BIN)/python scripts/benchmark_all.py --peer-python $(PEERS)/bin/python

faults: $(VENV)/installed
	$(BIN)/python scripts/fault_injection.py --rounds 300

fuzz: $(VENV)/installed
	$(BIN)/python scripts/fuzz.py --inputs 10000

clean:
	rm -rf $(VENV) $(PEERS) $(SPARK4) $(SEARCH) .pytest_cache .mypy_cache .ruff_cache .hypothesis *.egg-info

$(VENV)/installed: requirements.txt requirements-extras.txt setup.py
	@command -v $(PYTHON) >/dev/null || { echo "error: Python 3.11 is needed; set PYTHON=/path/to/python3.11"; exit 2; }
	@echo "installing the requirements into $(VENV): once, about two minutes"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt -r requirements-extras.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

$(SPARK4)/installed: requirements.txt requirements-extras.txt
	@echo "installing the requirements with PySpark 4 into $(SPARK4)"
	@$(PYTHON) -m venv $(SPARK4)
	@$(SPARK4)/bin/python -m pip install --quiet --disable-pip-version-check -r requirements.txt -r requirements-extras.txt
	@$(SPARK4)/bin/python -m pip install --quiet --disable-pip-version-check pyspark==4.0.1
	@$(SPARK4)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

$(PEERS)/installed: scripts/peers-requirements.txt
	$(PYTHON) -m venv $(PEERS)
	$(PEERS)/bin/python -m pip install --quiet --disable-pip-version-check -r scripts/peers-requirements.txt
	$(PEERS)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps -e .
	@touch $@

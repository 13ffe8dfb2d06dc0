# One command lists the others: `make help`. Nothing but Python 3.11+ and make is needed beforehand.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
UV := $(shell command -v uv 2>/dev/null)

.PHONY: help demo up test check format lock bench wheel clean

help:  ## what can be made
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 10

demo: $(VENV)/run  ## play the whole story on this machine, in the browser
	@$(BIN)/midwatch demo

up: $(VENV)/run  ## start bot and worker in one process (the practice workspace unless Slack tokens are set)
	@$(BIN)/midwatch up

test: $(VENV)/dev  ## run every test; what is missing on this machine is skipped with its reason
	$(BIN)/python -m pytest

check: $(VENV)/dev  ## lint, types and import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/dev  ## lay the code out
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(VENV)/dev  ## measure, each figure beside its floor
	$(BIN)/python -m benchmarks

lock:  ## resolve the dependencies anew (needs uv)
	uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-annotate pyproject.toml -o requirements.lock
	uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-annotate pyproject.toml --group dev -o requirements-dev.lock

wheel: $(VENV)/dev  ## build the wheel into dist/
	@$(build)

clean:  ## remove what was made here
	rm -rf $(VENV) dist build .mypy_cache .ruff_cache .import_linter_cache

# The lock is installed with its hashes; the project itself is installed in place.
$(VENV)/run: requirements.lock pyproject.toml
	@$(call install,requirements.lock)
	@touch $@

$(VENV)/dev: requirements-dev.lock pyproject.toml
	@$(call install,requirements-dev.lock)
	@touch $@ $(VENV)/run

ifdef UV
install = echo "installing (uv) ..." && ([ -x $(BIN)/python ] || uv venv --quiet --python $(PYTHON) $(VENV)) && \
	uv pip install --quiet --python $(BIN)/python --require-hashes -r $(1) && \
	uv pip install --quiet --python $(BIN)/python --no-deps -e .
build = uv build --quiet --wheel --out-dir dist .
else
install = echo "installing ..." && ([ -x $(BIN)/python ] || $(PYTHON) -m venv $(VENV)) && \
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $(1) && \
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps -e .
build = $(BIN)/python -m pip wheel --quiet --no-deps --wheel-dir dist .
endif

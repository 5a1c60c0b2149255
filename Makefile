# Two commands: `make book` and `make test`. Each makes what it needs and reuses what is there.
.DELETE_ON_ERROR:
.PHONY: book test serve lint types lock clean browser rar

PYTHON ?= python3
BIN := .venv/bin
ENVIRONMENT := .venv/.made-from-lock

book: $(ENVIRONMENT)
	$(BIN)/python -m vmp.book

test: $(ENVIRONMENT) browser rar lint types
	$(BIN)/python -m vmp.book
	$(BIN)/python -m pytest

serve: $(ENVIRONMENT)  ## the built book on http://127.0.0.1:8000, which the webcam needs
	$(BIN)/python -m http.server --bind 127.0.0.1 --directory build/book 8000

lint: $(ENVIRONMENT)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(ENVIRONMENT)
	$(BIN)/mypy

# --- the environment: uv, bootstrapped by pip into .tools, which a distribution's locked Python allows ---

.tools/bin/uv:
	@command -v $(PYTHON) >/dev/null || { echo "There is no $(PYTHON) here. vmp needs Python 3.11 or newer"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "vmp needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) --version). Try: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@$(PYTHON) -m pip --version >/dev/null || \
	  { echo "vmp needs pip to begin with. On Debian: apt-get install python3-pip"; exit 1; }
	PIP_ROOT_USER_ACTION=ignore $(PYTHON) -m pip install --quiet --disable-pip-version-check --target .tools uv

$(ENVIRONMENT): requirements.lock pyproject.toml | .tools/bin/uv
	.tools/bin/uv venv --quiet --allow-existing --python "$$(command -v $(PYTHON))" .venv
	.tools/bin/uv pip sync --python $(BIN)/python --require-hashes requirements.lock
	.tools/bin/uv pip install --quiet --python $(BIN)/python --no-deps --editable .
	@touch $@

lock: .tools/bin/uv  ## after a change of the dependencies in pyproject.toml
	.tools/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
	  --no-annotate --all-extras pyproject.toml --output-file requirements.lock > /dev/null

# --- the browser tests drive Debian's Chromium ---

browser:
	@command -v chromium >/dev/null || command -v chromium-browser >/dev/null || \
	  { [ "$$(id -u)" = 0 ] && apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq install -y chromium >/dev/null; } || \
	  { echo "The browser tests need Chromium. On Debian: sudo apt-get install chromium"; exit 1; }

# --- HMDB-51 is published as RAR archives, which bsdtar and unar read ---

rar:
	@{ command -v bsdtar && command -v unar; } >/dev/null || \
	  { [ "$$(id -u)" = 0 ] && apt-get -qq update && \
	    DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends libarchive-tools unar >/dev/null; } || \
	  { echo "The tests need bsdtar and unar. On Debian: sudo apt-get install libarchive-tools unar"; exit 1; }

clean:
	rm -rf build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis

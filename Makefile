# Two commands matter: `make book` and `make test`; before a change lands, `make check slow`. Needed: make and Python 3.11 to 3.13; all else goes into .venv.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/ready
CORES := -n auto --dist loadfile --no-loadscope-reorder  # a file stays in one process; chapters, none of them long, come last

WAITING := $(CORES:auto=$(shell echo $$(( $$(nproc 2>/dev/null || echo 2) * 3 / 2 ))))  # more than cores: browsers wait in between

.PHONY: book pdf test check pages slow notebooks address studies lint wheel clean

book: $(READY)  # pages are built only from outputs that passed on exactly these sources
	$(BIN)/python tools/stamp.py || $(BIN)/pytest --nbval $(CORES) book tests/book/test_notebooks.py
	$(BIN)/jupyter-book build . --all -n -W --keep-going
	@echo "Open _build/html/index.html in a browser."

pdf: book  # _build/book.pdf, with Chromium
	$(BIN)/python tools/pdf.py

test: $(READY)  # mathematics and outputs; chapters that passed on exactly these sources are not executed again
	$(BIN)/pytest --nbval --stamped $(CORES) -m "not slow and not check"

check: test lint pages

pages: $(READY)  # pages, browser, report, files, streaming
	$(BIN)/pytest $(WAITING) -m "check and not slow" tests

slow: $(READY)  # what takes minutes, and two threads
	$(BIN)/pytest $(WAITING) -m slow tests
# two chapters: two processes with two threads each wait for each other, and threads that spin take ten times as long
	OMP_NUM_THREADS=2 OMP_WAIT_POLICY=PASSIVE $(BIN)/pytest --nbval $(addprefix book/,noise.ipynb scale.ipynb)

notebooks: $(READY)  # run all chapters again, write their outputs and the plain copies
	$(BIN)/python tools/notebooks.py
	$(BIN)/python tools/bookmap.py

address: $(READY)  # after a change of the address in _config.yml, or of the version
	$(BIN)/python tools/public.py
	$(BIN)/python tools/plain.py

studies: $(READY)  # make all stored results again, on all cores; can be interrupted
	$(BIN)/python tools/studies.py

lint: $(READY)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

wheel:  # the module as one file, in dist/; needs setuptools and nothing else (`make book` puts it beside the pages)
	$(or $(wildcard $(BIN)/python),$(PYTHON)) tools/pack.py

clean:
	rm -rf .venv _build build dist

$(READY): requirements.txt constraints.txt pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=...")'
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet -r requirements.txt -c constraints.txt
	touch $@

# Every target sets up what it needs first (scripts/setup.sh), so that each works on a fresh machine.

.DEFAULT_GOAL := help
.PHONY: help setup build demo test test-editors bench bench-rust wheel vsix lint docs clean

help:
	@echo 'make demo          build brrr into .venv and show what it does'
	@echo 'make test          everything: lints, Rust tests, Python tests on 3.11 to 3.13, planted faults, editor parts'
	@echo 'make test-editors  the editors themselves: VS Code in a browser, Neovim, Helix, Emacs; installs them, takes minutes'
	@echo 'make bench         kernels, start-up and calls against C, Numba and CPython (QUICK=1: a short run)'
	@echo 'make bench-rust    the steps of the compiler and a call, one by one, from Rust'
	@echo 'make wheel         wheels in dist/, checked in an empty environment without LLVM'
	@echo 'make vsix          the VS Code extension in dist/'
	@echo 'make lint          formatting, clippy, freshness of generated docs'
	@echo 'make docs          generate the tables in docs/ and README.md, and the output in docs/command-line.md, again'
	@echo 'make build         only build into .venv'
	@echo 'make clean         remove what was built here'
	@echo
	@echo 'PYTHON=/path/to/python3 chooses the interpreter of .venv; BRRR_NO_INSTALL=1 forbids apt-get.'

setup:
	@scripts/setup.sh build

build: setup
	@scripts/build.sh

demo: build
	@.venv/bin/python examples/demo.py

test:
	@scripts/test.sh

test-editors:
	@scripts/editors.sh

bench:
	@scripts/setup.sh build bench
	@scripts/build.sh
	@scripts/bench.sh

bench-rust:
	@scripts/setup.sh build
	@scripts/build.sh
	@scripts/bench-rust.sh

wheel: setup
	@scripts/wheel.sh

vsix:
	@scripts/vsix.sh

lint: setup
	@scripts/test.sh --lint

docs: setup
	@.venv/bin/python scripts/docs.py

clean:
	@scripts/clean.sh

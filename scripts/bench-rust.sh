#!/usr/bin/env bash
# Micro-benchmarks of the compiler's steps (parse, bind, check, lower, emit, load) and of a call, from Rust. Arguments go to divan: names of
# benchmarks, `--sample-count 50`.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

python=${PYTHON:-.venv/bin/python}
# The interpreter's own library, if it has one that can be opened; packages are those of its environment.
variables='import sysconfig; a, b = sysconfig.get_config_vars("LIBDIR", "INSTSONAME"); print(f"{a}/{b}")'
library=$("$python" -c "$variables")
packages=$("$python" -c 'import sysconfig; print(sysconfig.get_path("platlib"))')
export PYO3_PYTHON=$(realpath -s "$python") BRRR_CACHE_DIR=
cargo bench --quiet --locked -p brrr-core --features llvm --bench front --bench back -- "$@"
[ ! -e "$library" ] || export BRRR_LIBPYTHON=$library
PYTHONPATH=${PYTHONPATH:-$ROOT/crates/py/python}:$packages cargo bench --quiet --locked -p brrr-py --bench dispatch -- "$@"

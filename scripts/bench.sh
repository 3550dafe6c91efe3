#!/usr/bin/env bash
# Measures brrr against C, Numba, Pythran and CPython; tables on stdout, JSON and plots in benchmarks/results.
#
#   QUICK=1: few rounds, to see that it works; RECORD=1: docs/benchmarks.md and docs/images are written anew.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

make_venv .venv-bench "$(choose_python)" scripts/requirements-bench.txt
results=benchmarks/results
mkdir -p "$results"
for kernels in kernels arrays; do
    flags=(-O3 -march=native -ffp-contract=off -shared -fPIC "benchmarks/$kernels.c" -lm)
    clang-19 "${flags[@]}" -o "$results/$kernels.so"
    gcc "${flags[@]}" -o "$results/$kernels-gcc.so"
done
fast=(-O3 -march=native -ffast-math -fPIC)
clang-19 "${fast[@]}" -fveclib=libmvec -shared benchmarks/fastmath.c -lm -o "$results/fastmath.so"
# Linked apart: gcc would have such a library switch off denormal numbers for the whole process.
gcc "${fast[@]}" -c benchmarks/fastmath.c -o "$results/fastmath-gcc.o"
gcc -shared "$results/fastmath-gcc.o" -lm -o "$results/fastmath-gcc.so"
quietly "Pythran compiles the kernels" .venv-bench/bin/python benchmarks/pythran_peer.py "$results/pythran"

# The package that was built for .venv serves here too: same interpreter, same extension.
export PYTHONPATH=$ROOT/crates/py/python
python=.venv-bench/bin/python
options=()
# What is measured is compiled here and now.
export BRRR_CACHE_DIR=
# What the code is worth, not when it comes; start-up is measured as users have it.
export BRRR_TIER=full
[ -z "${QUICK:-}" ] || options=(--quick)
[ "$(cut -d ' ' -f 1 /proc/loadavg | cut -d . -f 1)" -eq 0 ] || say "  this machine is busy: load $(cut -d ' ' -f 1 /proc/loadavg)"
say "  kernels"
"$python" benchmarks/measure_kernels.py "$ROOT/$results" "${options[@]}" >"$results/kernels.json"
say "  kernels over arrays"
"$python" benchmarks/measure_arrays.py "$ROOT/$results" "${options[@]}" >"$results/arrays.json"
say "  fastmath"
"$python" benchmarks/measure_fastmath.py "$ROOT/$results" "${options[@]}" >"$results/fastmath.json"
say "  bounds checks"
scripts/build-faults.sh
faulty=$(.venv-faults/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
PYTHONPATH=$faulty "$python" benchmarks/measure_checks.py "${options[@]}" >"$results/checks.json"
say "  start-up"
# As users have it: the package's bytecode is kept.
unset PYTHONDONTWRITEBYTECODE
BRRR_TIER=auto "$python" benchmarks/measure_startup.py "${options[@]}" >"$results/startup.json"
say "  calls"
"$python" benchmarks/measure_calls.py "${options[@]}" >"$results/calls.json"
say "  compile time, memory"
"$python" benchmarks/measure_size.py "${options[@]}" >"$results/size.json"
say "  threads"
"$python" benchmarks/measure_threads.py "$ROOT/$results" "${options[@]}" >"$results/threads.json"
"$python" benchmarks/report.py "$results" ${RECORD:+--record}

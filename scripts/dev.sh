#!/usr/bin/env bash
# A quick build for the work on brrr itself: the LLVM library and the extension in the working profile, put beside the Python
# package of this checkout. `PYTHONPATH=crates/py/python` then finds them, whichever environment runs.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

python=${PYTHON:-.venv/bin/python}
package=crates/py/python/brrr
cargo build --quiet --locked -p brrr-llvm
PYO3_PYTHON=$(realpath -s "$python") cargo build --quiet --locked -p brrr-py ${FEATURES:+--features "$FEATURES"}
put "$TARGET/debug/libbrrr_llvm.so" $package/_llvm.so
put "$TARGET/debug/lib_brrr.so" "$package/_brrr$("$python" -c 'import sysconfig; print(sysconfig.get_config_var("EXT_SUFFIX"))')"

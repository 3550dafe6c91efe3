#!/usr/bin/env bash
# Builds brrr with its planted faults compiled in, into .venv-faults: a wheel and a library of their own, so that nothing of it
# can reach .venv.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

python=$(choose_python) || die "no Python: run make setup"
make_venv .venv-faults "$python" scripts/requirements-test.txt
stamp=$(sources_stamp Cargo.toml Cargo.lock pyproject.toml .cargo crates/core crates/llvm crates/py)
[ "$(cat .venv-faults/.brrr-built 2>/dev/null)" = "$stamp" ] && exit 0

# The working profile: nothing here is measured, and its dependencies stand compiled for the Rust tests already.
wheels=$ROOT/build/faults
rm -rf "$wheels"
quietly "LLVM library with faults" cargo build --quiet --locked -p brrr-llvm --features brrr-core/faults
quietly "extension with faults" .venv/bin/maturin build --quiet --profile dev --locked --compatibility linux \
    --features brrr-core/faults -i .venv-faults/bin/python --out "$wheels"
quietly "into .venv-faults" .venv-faults/bin/python -m pip install --quiet --force-reinstall --no-deps "$wheels"/*.whl
package=$(.venv-faults/bin/python -c 'import importlib.util as u; print(u.find_spec("brrr").submodule_search_locations[0])')
put "$TARGET/debug/libbrrr_llvm.so" "$package/_llvm.so"
printf '%s' "$stamp" >.venv-faults/.brrr-built

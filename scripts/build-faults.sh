#!/usr/bin/env bash
# Builds the extension with its planted faults compiled in, into .venv-faults. They are planted in the IR, so the LLVM library is
# the ordinary one; a wheel, not an editable install, keeps them away from .venv.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

python=$(choose_python) || die "no Python: run make setup"
make_venv .venv-faults "$python" scripts/requirements-test.txt
stamp=$(sources_stamp Cargo.toml Cargo.lock pyproject.toml .cargo crates/core crates/py)
[ "$(cat .venv-faults/.brrr-built 2>/dev/null)" = "$stamp" ] && exit 0

# The working profile: nothing here is measured, and its dependencies stand compiled for the Rust tests already.
wheels=$ROOT/build/faults
rm -rf "$wheels"
# Its scripts are of no use here, but maturin wants the folder.
mkdir -p build/data
quietly "extension with faults" .venv/bin/maturin build --quiet --profile dev --locked --compatibility linux \
    --features faults -i .venv-faults/bin/python --out "$wheels"
quietly "into .venv-faults" .venv-faults/bin/python -m pip install --quiet --force-reinstall --no-deps "$wheels"/*.whl
printf '%s' "$stamp" >.venv-faults/.brrr-built

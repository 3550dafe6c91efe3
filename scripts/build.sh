#!/usr/bin/env bash
# Builds brrr into .venv: the LLVM library, the extension, the command, the language server. Quick when nothing has changed.
#
#   scripts/build.sh [--all]     --all: into .venv-3.x of every other supported CPython that is installed, too
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

[ -x .venv/bin/python ] || die ".venv is missing: run make setup"

build_llvm
build_programs

stamp=$(sources_stamp Cargo.toml Cargo.lock pyproject.toml .cargo crates/core crates/py)

install_into() { # install_into FOLDER: an editable install; the extensions of several versions stand side by side
    local folder=$1 made
    # Made from the same sources, and the extension is still where it was put.
    made=$(cat "$folder/.brrr-built" 2>/dev/null || true)
    if [ "$made" = "$stamp" ] && "$folder/bin/python" -c 'import brrr' 2>/dev/null; then return 0; fi
    quietly "extension into $folder (maturin develop)" env VIRTUAL_ENV="$ROOT/$folder" \
        .venv/bin/maturin develop --quiet --release --locked
    printf '%s' "$stamp" >"$folder/.brrr-built"
}

install_into .venv

# An installation that was made before may have older ones.
for program in brrr brrr-lsp; do put "build/data/scripts/$program" ".venv/bin/$program"; done

if [ "${1:-}" = --all ]; then
    for version in $VERSIONS; do
        folder=$(venv_of "$version")
        [ "$folder" = .venv ] && continue
        if python=$(find_python "$version"); then
            make_venv "$folder" "$python" scripts/requirements-test.txt
            install_into "$folder"
        else
            say "  Python $version is not installed: left out"
        fi
    done
fi

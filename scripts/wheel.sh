#!/usr/bin/env bash
# Release wheels with LLVM inside, for every supported CPython that is installed, into dist/; then a check of each.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

build_llvm
build_programs

rm -rf dist/*.whl build/wheels
for version in $VERSIONS; do
    if python=$(find_python "$version"); then
        quietly "wheel for Python $version" .venv/bin/maturin build --quiet --release --locked --compatibility linux \
            -i "$python" --out build/wheels
    else
        say "  Python $version is not installed: no wheel"
    fi
done
mkdir -p dist
for wheel in build/wheels/*.whl; do
    .venv/bin/python scripts/tag_wheel.py "$wheel" dist
done
for version in $VERSIONS; do
    wheel=$(ls dist/*-cp"${version/./}"-cp*.whl 2>/dev/null) || continue
    scripts/check_wheel.sh "$wheel" "$(find_python "$version")"
done
say "" "Wheels:"
ls -sh1 dist/*.whl

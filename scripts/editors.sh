#!/usr/bin/env bash
# The tests in real editors: VS Code's workbench (code-server in Chromium), Neovim, Helix, Emacs.
#
# Everything it needs comes by name from npm, PyPI and Debian, and what is not a Debian package goes into build/editors. An editor that
# cannot be had is skipped by name, with the reason. Screenshots land in tests/output/editors.
#
#   scripts/editors.sh [vscode|others]...    both by default
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

TOOLS=$ROOT/build/editors
OUTPUT=$ROOT/tests/output/editors
CODE_SERVER=4.100.3
PLAYWRIGHT=1.65.1
BASEDPYRIGHT=1.40.2
PYTEST="$ROOT/.venv/bin/python -m pytest -q"
parts=${*:-vscode others}
skipped=()
failed=0

# install PACKAGE...: Debian's packages that are not there yet.
install() {
    local package missing=()
    for package in "$@"; do
        [ "$(dpkg-query -W -f '${db:Status-Abbrev}' "$package" 2>/dev/null)" = "ii " ] || missing+=("$package")
    done
    [ ${#missing[@]} -gt 0 ] || return 0
    command -v apt-get >/dev/null || { say "  not a Debian system: ${missing[*]} cannot be installed"; return 1; }
    [ $((${BRRR_NO_INSTALL:-0})) -eq 0 ] || { say "  BRRR_NO_INSTALL forbids to install ${missing[*]}"; return 1; }
    local as_root=()
    [ "$(id -u)" -eq 0 ] || as_root=(sudo -n)
    quietly "apt-get update" "${as_root[@]}" apt-get update -q || return 1
    quietly "apt-get install ${missing[*]}" "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get install -q -y --no-install-recommends "${missing[@]}"
}

# made NAME VERSION COMMAND...: does the command once for each version.
made() {
    local name=$1 version=$2
    shift 2
    [ "$(cat "$TOOLS/.made-$name" 2>/dev/null)" = "$version" ] && return 0
    "$@" || return 1
    printf '%s' "$version" >"$TOOLS/.made-$name"
}

# VS Code's workbench from the npm registry. Its install script downloads; what that does is done here by hand.
code_server() {
    mkdir -p "$TOOLS/code-server"
    cd "$TOOLS/code-server"
    rm -rf node_modules package-lock.json
    printf '{"private": true}\n' >package.json
    npm install "code-server@$CODE_SERVER" "playwright-core@$PLAYWRIGHT" --ignore-scripts
    cd node_modules/code-server/lib/vscode
    npm install --omit=dev --ignore-scripts
    (cd extensions && npm install --omit=dev --ignore-scripts)
    # The headers of the Node.js that runs.
    npm_config_nodedir=$(dirname "$(dirname "$(node -p process.execPath)")")
    export npm_config_nodedir
    npm rebuild --foreground-scripts @vscode/spdlog native-watchdog kerberos @parcel/watcher @vscode/deviceid
    npm rebuild --foreground-scripts node-pty || true
    mkdir -p node_modules/@vscode/ripgrep/bin
    ln -sf /usr/bin/rg node_modules/@vscode/ripgrep/bin/rg
    ln -sfn node_modules node_modules.asar
    ln -sf code-linux.sh bin/remote-cli/code-server
    ln -sf browser-linux.sh bin/helpers/browser.sh
    cd ../../../..
    npm rebuild --foreground-scripts argon2 --build-from-source
    node_modules/.bin/code-server --version
}

vscode() {
    say "" "== VS Code: code-server $CODE_SERVER and playwright-core $PLAYWRIGHT (npm), Chromium (Debian), basedpyright $BASEDPYRIGHT (PyPI)"
    install chromium build-essential libkrb5-dev ripgrep fonts-dejavu-core fonts-noto-color-emoji || return 1
    made code-server "$CODE_SERVER $PLAYWRIGHT $(node --version)" quietly "code-server, a minute or two" bash -ec "$(declare -f code_server)
        TOOLS=$TOOLS CODE_SERVER=$CODE_SERVER PLAYWRIGHT=$PLAYWRIGHT; code_server" || return 1
    made basedpyright "$BASEDPYRIGHT" quietly "basedpyright" "$ROOT/.venv/bin/python" -m pip install --quiet \
        --target "$TOOLS/basedpyright" --upgrade "basedpyright==$BASEDPYRIGHT" || return 1
    if [ -z "${BRRR_VSIX:-}" ]; then
        scripts/vsix.sh || return 1
        BRRR_VSIX=$(ls "$ROOT"/dist/*.vsix)
    fi
    export BRRR_VSIX BRRR_EDITORS=$TOOLS/code-server BRRR_OUTPUT=$OUTPUT BRRR_PYTHON=${BRRR_PYTHON:-$ROOT/.venv/bin/python}
    export BRRR_BASEDPYRIGHT=$TOOLS/basedpyright
    rm -rf "$OUTPUT"
    node --test --test-reporter=spec --test-concurrency=1 tests/editors/vscode/*.test.mjs
}

# A Debian 13 in a folder, for Debian 12's Neovim has no hints, its Emacs none either, and Helix is not in it.
debian() {
    local folder=$1
    debootstrap --variant=minbase --include=ca-certificates trixie "$folder" || return 1
    cp -L /etc/resolv.conf "$folder/etc/resolv.conf"
    chroot "$folder" apt-get update -q
    chroot "$folder" env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends neovim hx emacs-nox python3-minimal
}

others() {
    local folder=$TOOLS/trixie server=$ROOT/editors/vscode/server
    say "" "== Neovim, Helix and Emacs (Debian 13's, by debootstrap into build/editors), tmux (Debian)"
    if [ "$(id -u)" -ne 0 ] || ! unshare --mount true 2>/dev/null; then
        skipped+=("Neovim, Helix, Emacs: they run in a Debian of their own, which only root can enter")
        return 0
    fi
    install debootstrap tmux || return 1
    if [ "$(cat "$TOOLS/.made-trixie" 2>/dev/null)" != 1 ]; then
        rm -rf --one-file-system "$folder"
        mkdir -p "$TOOLS"
        made trixie 1 quietly "Debian 13, a minute or two" bash -ec "$(declare -f debian); debian $folder" || return 1
    fi
    [ -x "$server/brrr-lsp" ] || scripts/vsix.sh || return 1
    BRRR_DEBIAN=$folder BRRR_SERVER=${BRRR_SERVER:-$server} $PYTEST tests/editors
}

scripts/setup.sh build editors
[ -x .venv/bin/brrr-lsp ] || scripts/build.sh
mkdir -p "$TOOLS"
for part in $parts; do
    case $part in
        vscode | others) "$part" || failed=1 ;;
        *) die "editors.sh does not know $part" ;;
    esac
done
say "" "== not tried here"
for text in "${skipped[@]}" \
    "Kakoune, Vim, Sublime Text, Zed, JetBrains: documented in docs/editors.md; the last three are in no registry that Debian, npm or PyPI is" \
    "the Python extension of VS Code: it is in no such registry; an extension of the tests' own answers for it"; do
    say "  $text"
done
[ -d "$OUTPUT" ] && say "screenshots: $OUTPUT"
exit "$failed"

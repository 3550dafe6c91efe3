#!/usr/bin/env bash
# Packs the VS Code extension, with the language server inside, into dist/.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
scripts/setup.sh build editors
quietly "language server (cargo build -p brrr-lsp)" cargo build --quiet --release --locked -p brrr-lsp
mkdir -p dist editors/vscode/bin
put "$TARGET/release/brrr-lsp" editors/vscode/bin/brrr-lsp
cd editors/vscode
quietly "npm ci" npm ci --silent
quietly "build" npm run --silent build
quietly "pack" npx --no-install vsce package --no-dependencies --target linux-x64 --out "$ROOT/dist/"
ls "$ROOT"/dist/*.vsix

#!/usr/bin/env bash
# Packs the VS Code extension into dist/. It runs the brrr-lsp of the workspace's .venv, so no server is inside.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
scripts/setup.sh editors
mkdir -p dist
cd editors/vscode
quietly "npm ci" npm ci --silent
quietly "build and pack" npm run --silent package -- --out "$ROOT/dist/"
ls "$ROOT"/dist/*.vsix

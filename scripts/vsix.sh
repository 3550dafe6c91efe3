#!/usr/bin/env bash
# Packs the VS Code extension for this platform into dist/, with the language server, the command `brrr` and LLVM inside.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
scripts/setup.sh build editors
build_llvm
build_programs
server=editors/vscode/server
mkdir -p dist "$server"
for program in brrr brrr-lsp; do put "build/data/scripts/$program" "$server/$program"; done
put crates/py/python/brrr/_llvm.so "$server/_llvm.so"
put LICENSE-THIRD-PARTY "$server/LICENSE-THIRD-PARTY"
cd editors/vscode
rm -f "$ROOT"/dist/*.vsix
quietly "npm ci" npm ci --silent
platform=$(node -p 'process.platform + "-" + process.arch')
quietly "build and pack" npm run --silent package -- --target "$platform" --out "$ROOT/dist/"
ls "$ROOT"/dist/*.vsix

#!/usr/bin/env bash
# Removes what the other scripts made. A target folder outside the checkout (CARGO_TARGET_DIR) stays.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
rm -rf --one-file-system build dist .venv .venv-* target .pytest_cache tests/output editors/vscode/node_modules editors/vscode/out editors/vscode/server
rm -f crates/py/python/brrr/*.so editors/vscode/*.vsix
find crates/py/python tests benchmarks examples scripts -name __pycache__ -prune -exec rm -rf {} + 2>/dev/null || true

#!/usr/bin/env bash
# The whole test suite. Every part runs, whatever failed before it; the exit status says whether all passed.
#
#   scripts/test.sh              everything
#   scripts/test.sh --lint       formatting, clippy, generated docs
#   scripts/test.sh --editors    the language server and the VS Code extension
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

only=${1:-}
results=()
failures=()
failed=0
# The lines with which pytest, nextest, cargo, rustc and Node's runner name a failure and its cause.
FAILURES='^(FAILED|ERROR) |^E   |^ +(FAIL|SIG[A-Z]+|TIMEOUT|ABORT) \[|panicked at|^error(\[|:)|^not ok |^Diff in '
started=$SECONDS

logs=$(mktemp -d)
trap 'rm -rf "$logs"' EXIT

# part TEXT COMMAND...: runs one part, with its output, and remembers how it went.
part() {
    local text=$1 start=$SECONDS log="$logs/${#results[@]}"
    shift
    say "" "== $text"
    if "$@" 2>&1 | tee "$log"; then
        results+=("passed  $(printf '%4d s' $((SECONDS - start)))  $text")
    else
        results+=("FAILED  $(printf '%4d s' $((SECONDS - start)))  $text")
        failed=1
        failures+=("$text" "$log")
    fi
}

# What went wrong stands above, in long; once more in short, where whoever sees only the end finds it.
summary() {
    local at
    for ((at = 0; at < ${#failures[@]}; at += 2)); do
        say "" "== failed: ${failures[at]}"
        grep -aE "$FAILURES" "${failures[at + 1]}" | tail -n 40 || tail -n 20 "${failures[at + 1]}"
    done
    say "" "== summary, $((SECONDS - started)) s"
    printf '%s\n' "${results[@]}"
    exit "$failed"
}

lints() {
    part "cargo fmt" cargo fmt --all --check
    part "clippy" cargo clippy --quiet --locked --workspace --all-targets -- -D warnings
    part "clippy, all features" cargo clippy --quiet --locked -p brrr-core -p brrr-llvm --all-targets --all-features -- -D warnings
    part "generated docs are fresh" .venv/bin/python scripts/docs.py --check
}

rust_tests() {
    # A minute of mutated texts, of which nothing may panic.
    export BRRR_ROBUST_SECONDS=${BRRR_ROBUST_SECONDS:-60}
    # brrr-py is an extension module: only an interpreter can load it, so Python tests it.
    local tests=(--workspace --exclude brrr-py --features brrr-core/llvm --locked)
    if cargo nextest --version >/dev/null 2>&1; then
        cargo nextest run --cargo-quiet "${tests[@]}" --no-fail-fast --status-level fail --final-status-level fail
    else
        cargo test --quiet "${tests[@]}" --no-fail-fast
    fi
}

# What measures time, or needs both cores for itself: nothing else may run meanwhile.
TIMED=(tests/api/test_{polls,tiers,resume,large,recursion,compiling}.py)

PYTEST=(-m pytest -q --ignore tests/lsp --ignore tests/cli --ignore tests/test_faults.py)

side_by_side() ( # side_by_side VERSION...: all but TIMED, at once; what they print comes one after the other
    # The programs about NumPy run in full on the first Python, and for so long on the others.
    export BRRR_NUMPY_SECONDS=${BRRR_NUMPY_SECONDS:-15}
    outputs=$(mktemp -d)
    running=()
    # What has ended cannot be killed: that is not how the part went.
    trap 'kill "${running[@]}" 2>/dev/null || true; rm -rf "$outputs"' EXIT
    for version in "$@"; do
        "$(venv_of "$version")/bin/python" "${PYTEST[@]}" tests "${TIMED[@]/#/--ignore=}" >"$outputs/$version" 2>&1 &
        running+=($!)
    done
    failed=0
    for at in "${!running[@]}"; do
        wait "${running[at]}" || failed=1
    done
    for version in "$@"; do
        say "Python $version:"
        cat "$outputs/$version"
    done
    return "$failed"
)

one_by_one() ( # one_by_one VERSION...: TIMED
    failed=0
    for version in "$@"; do
        say "Python $version:"
        "$(venv_of "$version")/bin/python" "${PYTEST[@]}" "${TIMED[@]}" || failed=1
    done
    return "$failed"
)

planted_faults() {
    # Without planted faults pytest would skip them all and call that a success.
    .venv-faults/bin/python -c 'from brrr._brrr import faults; assert len(faults()) >= 45' &&
        .venv-faults/bin/python -m pytest -q tests/test_faults.py
}

language_server() {
    BRRR_LSP=$ROOT/.venv/bin/brrr-lsp .venv/bin/python -m pytest -q tests/lsp
}

command_line() {
    # A minute of mutated files, of which none may end it.
    export BRRR_CLI_FUZZ_SECONDS=${BRRR_CLI_FUZZ_SECONDS:-60}
    BRRR_CLI=$ROOT/.venv/bin/brrr .venv/bin/python -m pytest -q tests/cli
}

extension() {
    (
        cd editors/vscode
        quietly "npm ci" npm ci --silent && npm run --silent lint && npm run --silent build && npm test --silent
    )
}

editors() {
    part "Node for the editor parts" scripts/setup.sh editors
    part "language server over its protocol" language_server
    part "VS Code extension: lint, build, tests" extension
}

if [ "$only" = --lint ]; then
    lints
    summary
fi
scripts/setup.sh build
if [ "$only" = --editors ]; then
    say "Runs the language server over its protocol and the tests of the VS Code extension; no real editor is started."
    scripts/build.sh
    editors
    summary
fi

part "build" scripts/build.sh --all
[ "$failed" -eq 0 ] || summary
lints
part "Rust tests" rust_tests
# So many random functions on each Python, the same ones everywhere: about a minute.
export BRRR_FUZZ_FUNCTIONS=${BRRR_FUZZ_FUNCTIONS:-1000}
others=()
for version in $VERSIONS; do
    folder=$(venv_of "$version")
    [ -e "$folder/.brrr-built" ] || { results+=("absent          Python $version: not installed"); continue; }
    [ "$folder" = .venv ] || others+=("$version")
    "$folder/bin/python" -c 'import test.test_int' 2>/dev/null ||
        results+=("absent          CPython's own tests on $version: not installed (Debian and Ubuntu: libpython3-testsuite)")
done
part "Python tests on $(python_version .venv/bin/python)" .venv/bin/python "${PYTEST[@]}" tests
if [ "${#others[@]}" -gt 0 ]; then
    part "Python tests on ${others[*]}, side by side" side_by_side "${others[@]}"
    part "Python tests on ${others[*]} that measure time" one_by_one "${others[@]}"
fi
part "command line" command_line
part "build with planted faults" scripts/build-faults.sh
part "planted faults are found" planted_faults
editors
summary

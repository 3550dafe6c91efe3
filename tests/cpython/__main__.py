"""`python -m tests.cpython [--write-docs] [module...]`: status 1 if something is not as stated in `known.py`."""

from __future__ import annotations

import argparse
import sys
import time

from tests.cpython import runner
from tests.cpython.known import MODULES


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.cpython", description="CPython's own tests of numbers, run through brrr.")
    parser.add_argument("modules", nargs="*", metavar="module", help=f"one of {', '.join(MODULES)}; all by default")
    parser.add_argument("--write-docs", action="store_true", help="renew the section of this CPython in docs/cpython-tests.md")
    parser.add_argument("--refusals", action="store_true", help="list what brrr refused, and why")
    options = parser.parse_args()
    if unknown := set(options.modules) - set(MODULES):
        parser.error(f"no such module: {', '.join(sorted(unknown))}")
    if options.write_docs and options.modules:
        parser.error("--write-docs needs every module")
    started = time.monotonic()
    reports = runner.run_all(options.modules or list(MODULES), lambda text: print(text, flush=True))
    if options.refusals:
        refused = {text.strip(): why for report in reports for run in report.runs.values() for text, why in run.refusals.items()}
        for text, why in sorted(refused.items()):
            print(f"refused: {text!r}: {why}")
    print("\n" + runner.module_table(reports))
    problems = [f"{report.module}: {one}" for report in reports for one in report.problems()]
    print("\n".join(problems))
    absent = [report for report in reports if report.absent]
    for report in absent:
        print(f"absent: {report.module}: {report.absent}")
    present = len(reports) - len(absent)
    print(f"{present} modules, {len(absent)} absent, {len(problems)} problems, {time.monotonic() - started:.0f} s")
    if options.write_docs and not absent:
        runner.write_docs(reports)
        print(f"{runner.DOCS.relative_to(runner.ROOT)} written")
    # Nothing done is no success.
    return 1 if problems or not present else 0


if __name__ == "__main__":
    sys.exit(main())

"""`python -m tests.fuzz [--seed N] [--functions N | --seconds S | --forever] [--jobs N]`."""

from __future__ import annotations

import argparse
import os
import sys
import time

from tests import table
from tests.fuzz.check import Options, Totals
from tests.fuzz.engine import Engine
from tests.fuzz.worker import Source


# How a reason of a row shows in CPython; of others any exit of the row will do.
SHOWN = {"int over 64 bits": {"int over 64 bits"}, "division by zero": {"ZeroDivisionError"}, "negative shift count": {"ValueError"},
         "negative exponent": {"result of another type", "ZeroDivisionError"}, "always": {"always"}}


def main() -> int:
    """0 if nothing differs, 1 if something does; the smallest program found is printed as a Markdown case."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description="Random functions under brrr and CPython.")
    parser.add_argument("--seed", type=int, default=None, help="the same seed makes the same programs (default: the time)")
    until = parser.add_mutually_exclusive_group()
    until.add_argument("--functions", type=int, help="how many functions")
    until.add_argument("--seconds", type=float, default=20.0, help="how long to go on (default: 20)")
    until.add_argument("--forever", action="store_true", help="until something differs or Ctrl-C")
    parser.add_argument("--first", type=int, default=0, help="the number of the first program (default: 0)")
    parser.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)), help="processes (default: one a core)")
    parser.add_argument("--timeout", type=float, default=30.0, help="seconds until a function counts as hanging")
    parser.add_argument("--forced", type=float, default=0.15, help="share of the functions whose exits are forced (default: 0.15)")
    parser.add_argument("--arrays", type=float, default=None, help="share of the functions that are about arrays (default: 0.25)")
    parser.add_argument("--groups", type=float, default=None, help="share of the others that are groups of functions (default: 0.15)")
    parser.add_argument("--table", action="store_true", help="the programs of the table on edge values, instead of random ones")
    chosen = parser.parse_args()
    seed = chosen.seed if chosen.seed is not None else time.time_ns() % 10**9
    options = Options(instrumented=0.35, forced=chosen.forced)
    engine = Engine(chosen.jobs, timeout=chosen.timeout, options=options)
    source = Source("constructs+operands+calls+joined+literals") if chosen.table else Source("random", seed, chosen.arrays, chosen.groups)
    start = shown = time.monotonic()
    terminal = sys.stderr.isatty()

    def go_on(totals: Totals) -> bool:
        nonlocal shown
        now = time.monotonic()
        if now - shown > (0.5 if terminal else 30):
            shown = now
            text = f"{now - start:.0f} s, {totals.functions / (now - start):.0f} functions/s: {totals}"
            print(f"\r{text}\x1b[K" if terminal else text, end="" if terminal else "\n", file=sys.stderr, flush=True)
        if chosen.forever or chosen.table:
            return True
        return totals.functions < chosen.functions if chosen.functions else now - start < chosen.seconds

    print(source if chosen.table else f"seed {seed}", flush=True)
    found = None
    try:
        found = engine.search(source, go_on, chosen.first)
        if found:
            print("\na difference; making it smaller", file=sys.stderr)
            print(engine.shrink(found, 60).markdown())
    except KeyboardInterrupt:
        print(file=sys.stderr)
    finally:
        engine.stop()
    seconds = time.monotonic() - start
    if not found:
        print(coverage(engine.totals))
    print(f"{engine.totals}, {seconds:.0f} s, {engine.totals.functions / seconds:.0f} functions/s: "
          f"{'a difference' if found else 'no difference'}")
    return 1 if found else 0


def coverage(totals: Totals) -> str:
    """What of the table and of the language was used, and what was not."""
    rows = [*table.rows(), *table.numpy_rows()]
    kinds = sorted({one for row in table.rows() if row.name in table.ARITHMETIC for one in row.params} | {"bool"})
    wanted = {(name, (left, right)) for name in (*table.ARITHMETIC, *table.COMPARISONS) for left in kinds for right in kinds}
    exits = [(row.name, one) for row in rows for one in row.leaves]
    taken = {(name, one) for name, one in exits if any(name == other and SHOWN.get(one, {reason}) & {reason}
                                                       for other, reason in totals.reasons)}
    parts = [
        ("rows", len(totals.rows), len(rows), sorted({f"{row.name}({', '.join(row.params)})" for row in set(rows) - totals.rows})),
        ("pairs of operand types", len(wanted & totals.pairs), len(wanted),
         [f"{left} {name} {right}" for name, (left, right) in sorted(wanted - totals.pairs)]),
        ("reasons to leave of operations", len(taken), len(set(exits)), [f"{name} ({one})" for name, one in sorted(set(exits) - taken)]),
    ]
    lines = [f"{text}: {found} of {all_}" + _left_out(rest) for text, found, all_, rest in parts]
    lines.append("exits: " + ", ".join(sorted({reason for _, reason in totals.reasons})))
    if totals.refused:
        lines.append("refused: " + ", ".join(f"{code} {count}" for code, count in totals.refused.most_common()))
    lines.append("constructs: " + ", ".join(f"{name} {count}" for name, count in sorted(totals.constructs.items())))
    return "\n".join(lines)


def _left_out(names: list[str]) -> str:
    shown = ", ".join(names[:40]) + (f" and {len(names) - 40} more" if len(names) > 40 else "")
    return f"; not {shown}" if names else ""


if __name__ == "__main__":
    sys.exit(main())

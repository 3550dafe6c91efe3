"""`python -m tests.fuzz [--seed N] [--seconds S | --count N | --forever]`."""

from __future__ import annotations

import argparse
import sys
import time

from tests.fuzz.engine import Engine
from tests.fuzz.generate import Generator


def main() -> int:
    """0 if nothing differs, 1 if something does; the smallest program found is printed as a Markdown case."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description="Random functions under brrr and CPython.")
    parser.add_argument("--seed", type=int, default=None, help="the same seed makes the same programs (default: the time)")
    until = parser.add_mutually_exclusive_group()
    until.add_argument("--seconds", type=float, default=20.0, help="how long to go on (default: 20)")
    until.add_argument("--count", type=int, help="how many functions")
    until.add_argument("--forever", action="store_true", help="until something differs or Ctrl-C")
    parser.add_argument("--timeout", type=float, default=20.0, help="seconds until a function counts as hanging")
    chosen = parser.parse_args()
    seed = chosen.seed if chosen.seed is not None else time.time_ns() % 10**9
    engine = Engine(timeout=chosen.timeout)
    start = shown = time.monotonic()

    def go_on(totals) -> bool:
        nonlocal shown
        now = time.monotonic()
        if sys.stderr.isatty() and now - shown > 0.5:
            shown = now
            print(f"\r{now - start:.0f} s: {totals}", end="", file=sys.stderr, flush=True)
        if chosen.forever:
            return True
        return totals.functions < chosen.count if chosen.count else now - start < chosen.seconds

    print(f"seed {seed}", flush=True)
    found = None
    try:
        found = engine.search(Generator(seed).programs(), go_on)
        if found:
            print("\na difference; making it smaller", file=sys.stderr)
            print(engine.shrink(found).markdown())
    except KeyboardInterrupt:
        print(file=sys.stderr)
    finally:
        engine.stop()
    print(f"{engine.totals}, {time.monotonic() - start:.1f} s: {'a difference' if found else 'no difference'}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())

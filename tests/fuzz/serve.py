"""The process in which programs run.

`python -m tests.fuzz.serve PLACE` reads pickled requests from standard input and answers each. It writes the number of the program
it is at to the file `PLACE`, for whoever finds it dead or hanging.
"""

from __future__ import annotations

import os
import resource
import sys
import traceback

from tests.fuzz.check import Checker, Finding
from tests.fuzz.worker import Answer, read, write
from tests.program import Program

# Bytes of address space beyond what the process starts with: a huge int is then a MemoryError.
MOST_MEMORY = 1 << 30


def main() -> None:
    """Serves until standard input ends."""
    source, answers = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    with open("/proc/self/statm") as sizes:
        limit = int(sizes.read().split()[0]) * resource.getpagesize() + MOST_MEMORY
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    place = os.open(sys.argv[1], os.O_WRONLY)
    opened = {}
    while (request := read(source)) is not None:
        *what, options = request
        checker = Checker(options)
        finding = None
        if isinstance(what[0], Program):
            os.pwrite(place, b"%20d" % 0, 0)
            finding = _examine(checker, what[0], None)
        else:
            if what[0] not in opened:
                opened[what[0]] = what[0].open()
            program_of, _ = opened[what[0]]
            for number in what[1]:
                os.pwrite(place, b"%20d" % number, 0)
                finding = _examine(checker, program_of(number), number)
                if finding:
                    break
        write(answers, Answer(checker.totals, finding))


def _examine(checker: Checker, one: Program, number: int | None) -> Finding | None:
    try:
        return checker.examine(one, number)
    except Exception:
        return Finding(one, None, [f"the harness failed: {traceback.format_exc()}"])


if __name__ == "__main__":
    main()

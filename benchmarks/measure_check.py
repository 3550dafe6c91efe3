"""How long `brrr check` takes: `python benchmarks/measure_check.py [PATH_OF_BRRR]`.

Makes 1 000 files with 100 000 lines and 8 000 functions in a temporary folder, each file with brrr functions, some of which have something
to be said about, and checks them with a release build. Prints medians of several runs, and the time of `brrr --version` beside them, which is
what starting costs. `--json` prints the same as data.
"""

import argparse
import json
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FILES = 1000
LINES = 100_000

KERNELS = [
    """
@brrr
def total_{n}(count: int, step: float = 0.5) -> float:
    \"\"\"A sum in order.\"\"\"
    result = 0.0
    for i in range(count):
        result += i * step
        if result > 1e12:
            break
    return result
""",
    """
@brrr
def smooth_{n}(a: "float64[:, ::1]", out: "float64[:, ::1]"):
    rows, columns = a.shape
    for i in range(1, rows - 1):
        for j in range(1, columns - 1):
            out[i, j] = 0.25 * (a[i - 1, j] + a[i + 1, j] + a[i, j - 1] + a[i, j + 1])
    return out
""",
    """
@brrr
def collatz_{n}(limit):
    longest = 0
    for start in range(1, limit):
        x, steps = start, 0
        while x != 1:
            x = x // 2 if x % 2 == 0 else 3 * x + 1
            steps += 1
        longest = max(longest, steps)
    return longest, math.sqrt(longest)
""",
    """
class Tools{n}:
    @staticmethod
    @brrr
    def power(base: int, exponent: int, modulus: int) -> int:
        result = 1
        while exponent > 0:
            if exponent & 1:
                result = result * base % modulus
            base = base * base % modulus
            exponent >>= 1
        return result
""",
    """
def plain_{n}(path, *names, **options):
    with open(path) as file:
        lines = [line.strip() for line in file if line]
    return {{name: options.get(name, lines) for name in names}}
""",
]
MISTAKE = """
@brrr
def mistaken_{n}(n):
    return [i * i for i in range(n)]
"""


def make(folder: Path) -> tuple[int, int]:
    """Writes the files; the numbers of lines and of brrr functions."""
    rng = random.Random(1)
    lines = functions = 0
    for number in range(FILES):
        parts = ["import math\n\nfrom brrr import brrr\n"]
        count = 3
        at = 0
        while count < LINES * (number + 1) // FILES - lines:
            text = (MISTAKE if rng.random() < 0.02 else rng.choice(KERNELS)).format(n=at)
            functions += "@brrr" in text
            parts.append(text)
            count += text.count("\n")
            at += 1
        path = folder / f"package{number % 20}" / f"module_{number}.py"
        path.parent.mkdir(exist_ok=True)
        path.write_text("".join(parts))
        lines += count
    return lines, functions


def seconds(command: list, folder: Path, runs: int) -> list[float]:
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        ran = subprocess.run(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        times.append(time.perf_counter() - start)
        assert ran.returncode in (0, 1) and not ran.stderr, ran
    return times


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program", nargs="?", type=Path, default=ROOT / ".venv" / "bin" / "brrr")
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    program = arguments.program.resolve()
    folder = Path(tempfile.mkdtemp(prefix="brrr-check-"))
    try:
        lines, functions = make(folder)
        cases = {
            "start (--version)": [program, "--version"],
            "check, all cores": [program, "check", "--isolated"],
            "check, one thread": [program, "check", "--isolated", "-j", "1"],
            "check, concise": [program, "check", "--isolated", "--output-format", "concise"],
            "check, JSON": [program, "check", "--isolated", "--output-format", "json"],
        }
        found = {name: seconds(command, folder, arguments.runs) for name, command in cases.items()}
    finally:
        shutil.rmtree(folder)
    if arguments.json:
        print(json.dumps({"files": FILES, "lines": lines, "functions": functions, "cores": os.cpu_count(), "seconds": found}))
        return 0
    print(f"{FILES} files, {lines} lines, {functions} brrr functions; {os.cpu_count()} cores, {arguments.runs} runs")
    print("| | median | least | most |\n|---|---|---|---|")
    for name, times in found.items():
        print(f"| {name} | {statistics.median(times):.3f} s | {min(times):.3f} s | {max(times):.3f} s |")
    return 0


if __name__ == "__main__":
    sys.exit(main())

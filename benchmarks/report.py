"""From the measured JSON files to tables: `report.py RESULTS` prints them.

`--record` writes docs/benchmarks.md, and the tables between the markers of README.md and docs/start-up.md, too.
"""

import json
import math
import platform
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import plots
from kernels import CHECKED

ROOT = Path(__file__).resolve().parent.parent
# Below this the call from Python is what is timed: the compiler replaced the loop by a formula.
CLOSED_FORM = plots.CLOSED_FORM


# Where brrr is behind C or Numba, and why: below the table, for those that are behind in the run that it shows.
BEHIND = 1.05
REASONS = {
    "sum_loop": "a formula gives the sum of each block of 2**14 turns, so that polls keep coming and sums over 64 bits are seen; C and "
    "Numba compute one for all turns, and wrap",
    "multiples": "most runs of the inner loop are of one turn or two, and each asks whether there is fuel for it and whether the sum fits",
    "modular_power": "turns are counted, for polls, beside the shift that ends the loop (a third of the difference), each run of 30 "
    "turns begins with a test that no product leaves 64 bits (a fifth), and C leaves out "
    "the last reduction of the square",
    "norms": "in twelve runs C, Numba and brrr took between 1.39 and 1.66 ms each, one independently of the other: 1.50, 1.52 and 1.54 ms in the mean; their loops are the same instructions",
    "histogram_float": "whether a float is an index each turn finds out for itself; C does not ask, and cuts off eight floats at once",
}


def reasons(rows):
    """Why kernels are behind that are, in the run."""
    found = []
    for row in rows:
        peers = [one for one in (row["c"], row["numba"]) if one]
        if row["kernel"] in REASONS and row["brrr"] and row["brrr"] > BEHIND * min(peers):
            found.append(f"- `{row['kernel']}`: {REASONS[row['kernel']]}.")
    return ["Behind C or Numba by more than 5 %:", "", *found] if found else []


def table(header, rows):
    """A Markdown table that reads well as text."""
    cells = [header, *rows]
    widths = [max(len(row[at]) for row in cells) for at in range(len(header))]
    lines = ["| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths)) + " |" for row in cells]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(lines)


def with_notes(text, notes):
    return "\n".join([text, "", *notes]) if notes else text


def refusal(name, text):
    return f"- `{name}` is refused: {text.splitlines()[0]}"


def ratio(value):
    return f"{value:.2f}" if value < 10 else f"{value:,.0f}"


def mean(values):
    return math.exp(sum(map(math.log, values)) / len(values))


def is_timed(row, peer):
    """What was timed is work, and not the call of a formula; kernels over arrays have none."""
    return bool(row.get(peer)) and ("dependent" in row or row[peer] >= CLOSED_FORM)


def time_of(row, peer, wrong):
    """Milliseconds of a peer; what it says if it gives another result; nothing if it takes no such function."""
    if peer not in row:
        return "refused"
    value = row[peer]
    return wrong if value is None else f"{value * 1e3:,.2f}" if is_timed(row, peer) else "closed form"


def spread(row):
    """Half of what lies between the quartiles of brrr's times."""
    if not row["brrr"] or not row["quartiles"]:
        return ""
    low, high = row["quartiles"]
    return f"{(high - low) / 2 / row['brrr'] * 100:.1f} %"


def kernels(rows):
    lines, to_c, to_numba, to_cpython = [], [], [], []
    for row in rows:
        c = row["c"]
        closed = c < CLOSED_FORM
        if not closed:
            to_c.append(row["brrr"] / c)
        wrong = row["numba"] is None
        to_numba.append(None if wrong else row["numba"] / row["brrr"])
        to_cpython.append(row["cpython"] / row["brrr"])
        times = [time_of(row, peer, "wrong") for peer in ("c", "gcc", "brrr")]
        others = [time_of(row, peer, "wrong") for peer in ("numba", "pythran", "cpython")]
        lines.append([
            row["kernel"], *times, spread(row), *others, "" if closed else ratio(to_c[-1]),
            # A Numba that found the closed form is not slower by any useful ratio.
            "" if wrong else "closed form" if row["numba"] < CLOSED_FORM <= row["brrr"] else ratio(to_numba[-1]),
            ratio(to_cpython[-1]),
        ])  # fmt: skip
    useful = [one for row, one in zip(rows, to_numba) if one and row["numba"] >= CLOSED_FORM and row["brrr"] >= CLOSED_FORM]
    gap = [""] * 7
    lines.append(["geometric mean", *gap, ratio(mean(to_c)), ratio(mean(useful)), ratio(mean(to_cpython))])
    checked = [row["brrr"] / row["c"] for row in rows if row["kernel"] in CHECKED and row["c"] >= CLOSED_FORM]
    lines.append(["of the checked int kernels", *gap, ratio(mean(checked)), "", ""])
    times = ["C, ms", "gcc, ms", "brrr, ms", "spread", "Numba, ms", "Pythran, ms", "CPython, ms"]
    header = ["kernel", *times, "brrr / C", "Numba / brrr", "CPython / brrr"]
    return with_notes(table(header, lines), reasons(rows))


def arrays(rows):
    """The table of the kernels over arrays, and below it what brrr refused or did not do in compiled code alone."""
    lines, notes = [], []
    # Data-dependent indices cannot be checked before the loop; what that costs is a figure of its own.
    means = {
        "geometric mean, indices known before the loop": [row for row in rows if not row["dependent"]],
        "of indices that are values": [row for row in rows if row["dependent"]],
        "of all": rows,
    }

    def ratios(row):
        own, numba = row["brrr"], row["numba"]
        return own and own / row["c"], own and numba and numba / own

    def shown(value):
        return "" if value is None else ratio(value)

    for row in rows:
        own = [time_of(row, peer, "refused") for peer in ("c", "gcc", "brrr")]
        others = [time_of(row, peer, "differs") for peer in ("numba", "pythran")]
        lines.append([row["kernel"], *own, spread(row), *others, *map(shown, ratios(row))])
        if row["refused"]:
            notes.append(refusal(row["kernel"], row["refused"]))
        if row["exits"]:
            notes.append(f"- `{row['kernel']}` left compiled code {sum(row['exits'].values())} times")
    for text, chosen in means.items():
        found = [[one for one in column if one] for column in zip(*map(ratios, chosen))]
        if all(found):
            lines.append([text, *[""] * 6, *(ratio(mean(column)) for column in found)])
    header = ["kernel", "C, ms", "gcc, ms", "brrr, ms", "spread", "Numba, ms", "Pythran, ms", "brrr / C", "Numba / brrr"]
    return with_notes(table(header, lines), [*notes, *([""] if notes else []), *reasons(rows)])


def checks(rows):
    lines = [
        [row["kernel"], f"{row['checked'] * 1e3:.2f}", f"{row['unchecked'] * 1e3:.2f}", cost(row["checked"] / row["unchecked"])]
        for row in rows
    ]
    for text, dependent in (("geometric mean, indices known before the loop", False), ("of indices that are values", True)):
        if found := [row["checked"] / row["unchecked"] for row in rows if row["dependent"] == dependent]:
            lines.append([text, "", "", cost(mean(found))])
    return table(["kernel", "checked, ms", "unchecked, ms", "cost"], lines)


def cost(ratio):
    return f"{(ratio - 1) * 100:+.1f} %"


def startup(found):
    names = {"import": "import", "first": "first function: decoration and call", "second": "second function"}
    rows = [[text, *(f"{found[peer][step]:.1f}" for peer in ("brrr", "kept", "numba"))] for step, text in names.items()]
    rows.append(["of the first: opening the LLVM library", f"{found['llvm']['open']:.1f}", "", ""])
    return table(["fresh process, ms", "brrr", "brrr, code kept on disk", "Numba"], rows)


def calls(found):
    def time(value):
        return "refused" if isinstance(value, str) else f"{value:.0f}"

    rows = [[f"`{case}`", *(time(one[peer]) for peer in ("brrr", "cpython", "numba"))] for case, one in found.items()]
    notes = [refusal(case, one["brrr"]) for case, one in found.items() if isinstance(one["brrr"], str)]
    return with_notes(table(["one call, ns, loop included", "brrr", "Python function", "Numba"], rows), notes)


def both(found):
    """Geometric means over the kernels of both tables."""
    rows = [row for row in found["kernels"] + found["arrays"] if row["brrr"]]
    to_c = [row["brrr"] / row["c"] for row in rows if is_timed(row, "c")]
    to_numba = [row["brrr"] / row["numba"] for row in rows if is_timed(row, "numba") and is_timed(row, "brrr")]
    to_pythran = [row["brrr"] / row["pythran"] for row in rows if is_timed(row, "pythran") and is_timed(row, "brrr")]
    return table(
        ["over all kernels, geometric mean", "ratio", "kernels"],
        [
            ["brrr / C", ratio(mean(to_c)), str(len(to_c))],
            ["brrr / Numba", ratio(mean(to_numba)), str(len(to_numba))],
            *([["brrr / Pythran", ratio(mean(to_pythran)), str(len(to_pythran))]] if to_pythran else []),
        ],
    )


def size(found):
    def time(value):
        return f"over {found['patience'] * 1e3:,.0f}" if value is None else f"{value * 1e3:,.1f}"

    rows = [[f"{row['lines']:,}", *(time(row[peer]) for peer in ("quick", "full", "numba"))] for row in found["rows"]]
    memory = found["memory"]
    return (
        table(["lines", "brrr, quick tier, ms", "brrr, full tier, ms", "Numba, ms"], rows)
        + f"\n\n{memory['functions']:,} small functions, each compiled for one signature, take {memory['first']:.0f} MB in brrr; dropped, and as many "
        f"compiled again: {memory['again']:.0f} MB."
    )


def threads(found):
    rows = [
        ["a long loop in each of two threads", *(ratio(found["run"][peer]) for peer in ("brrr", "numba", "c"))],
        ["a function compiled in each of two threads", *(ratio(found["compile"][peer]) for peer in ("brrr", "numba")), ""],
    ]
    alone, beside = (found["beside"][name] * 1e9 for name in ("alone", "beside"))
    return (
        table(["at once, as against one after the other", "brrr", "Numba", "C"], rows)
        + f"\n\nA call of `add(2, 3)` takes {alone:.0f} ns alone, {beside:.0f} ns while another thread is in a long loop of brrr's."
    )


def fast_kernels(rows):
    def cells(row):
        times = [f"{row[peer] * 1e3:.2f}" for peer in ("c", "gcc", "brrr", "numba", "exact", "numba_exact")]
        return [row["kernel"], *times, ratio(row["brrr"] / row["c"]), ratio(row["numba"] / row["brrr"]), ratio(row["exact"] / row["brrr"])]

    means = [ratio(mean([row[one] / row[other] for row in rows])) for one, other in (("brrr", "c"), ("numba", "brrr"), ("exact", "brrr"))]
    fast = ["C, ms", "gcc, ms", "brrr, ms", "Numba, ms"]
    header = ["kernel", *fast, "brrr without, ms", "Numba without, ms", "brrr / C", "Numba / brrr", "without / with"]
    return table(header, [*map(cells, rows), ["geometric mean", *[""] * 6, *means]])


def fast_errors(rows):
    def number(value):
        return f"{value:g}" if 1e-3 <= abs(value) < 1e6 or not value else f"{value:.0e}"

    def cells(row):
        of = [row.get(dtype) for dtype in ("float64", "float32")]
        shown = [cell for one in of for cell in ([f"{one['most']:.2f}", f"{one['usual']:.2f}", f"{one['rounded'] * 100:.1f} %"] if one else [""] * 3)]
        return [f"`{row['function']}`", " to ".join(map(number, row["domain"])), *shown]

    of_each = ["most", "99.9 % below", "rounded correctly"]
    header = ["function", "arguments", *(f"{dtype}: {text}" for dtype in ("float64", "float32") for text in of_each)]
    return table(header, map(cells, rows))


def write_fastmath(found):
    """The tables of docs/fastmath.md."""
    page = ROOT / "docs" / "fastmath.md"
    write_between(page, fast_errors(found["errors"]), "errors: benchmarks/measure_fastmath.py", "errors")
    write_between(page, fast_kernels(found["kernels"]), "speed: benchmarks/measure_fastmath.py", "speed")


def peers(found):
    """The short table of README.md."""
    names = {
        "sum_loop": "`foo(10_000_000)`",
        "mandelbrot": "Mandelbrot",
        "logistic": "logistic map",
        "collatz": "Collatz",
        "gcd_sum": "greatest common divisors",
        "primes": "primes by division",
        "lcg": "random numbers modulo 2**64",
        "modular_power": "powers modulo a prime",
        "fib": "`fib(32)`, recursive",
    }

    def time(value):
        return "wrong" if value is None else "a formula" if value < CLOSED_FORM else f"{value * 1e3:,.1f} ms"

    rows = [
        [names[row["kernel"]], *(time(row[peer]) for peer in ("brrr", "numba", "c", "cpython"))]
        for row in found["kernels"]
        if row["kernel"] in names
    ]
    start, call = found["startup"], found["calls"]["add(2, 3)"]
    rows += [
        ["import", *(f"{start[peer]['import']:.1f} ms" for peer in ("brrr", "numba")), "", ""],
        ["first function, compilation included", *(f"{start[peer]['first']:.1f} ms" for peer in ("brrr", "numba")), "", ""],
        ["first function, code kept on disk", f"{start['kept']['first']:.1f} ms", "", "", ""],
        ["call of `add(2, 3)`", *(f"{call[peer]:.0f} ns" for peer in ("brrr", "numba")), "", f"{call['cpython']:.0f} ns"],
        ["an int over 64 bits", "exact", "wraps", "undefined", "exact"],
    ]
    return table(["", "brrr", "Numba", "C", "CPython"], rows)


def opening(found):
    """The table of docs/start-up.md."""
    own, kept, library = found["startup"]["brrr"], found["startup"]["kept"], found["startup"]["llvm"]["open"]
    rows = [
        ["`import brrr`, LLVM apart (as it is)", f"{own['import']:.1f}"],
        ["opening `_llvm.so`: what the import would cost in addition", f"{library:.1f}"],
        ["first function, opening included", f"{own['first']:.1f}"],
        ["second function", f"{own['second']:.1f}"],
        ["first function, code kept on the disk, the library not opened", f"{kept['first']:.1f}"],
        ["second function, code kept on the disk", f"{kept['second']:.1f}"],
    ]
    return table(["fresh process, median", "ms"], rows)


def write_between(path, text, begin="figures: make bench RECORD=1", end="figures"):
    """Replaces what stands between the two markers of a file."""
    begin, end = f"<!-- {begin} -->", f"<!-- end of the {end} -->"
    before, rest = path.read_text().split(begin)
    path.write_text(f"{before}{begin}\n{text}\n{end}{rest.split(end)[1]}")


def machine():
    info = Path("/proc/cpuinfo").read_text()
    model = next(line.split(":")[1].strip() for line in info.splitlines() if line.startswith("model name"))
    clang = subprocess.run(["clang-19", "--version"], capture_output=True, text=True, check=True).stdout.split("version ")[1]
    gcc = subprocess.run(["gcc", "-dumpfullversion"], capture_output=True, text=True, check=True)
    return (
        f"{model}, {info.count('processor')} cores; CPython {platform.python_version()}; "
        f"clang {clang.split()[0]} for C (`clang -O3 -march=native -ffp-contract=off`); "
        f"gcc {gcc.stdout.strip()}, same flags; Numba {version('numba')} (llvmlite {version('llvmlite')}); Pythran {version('pythran')} by gcc; {platform.platform(terse=True)}."
    )


MEASURED = ("kernels", "arrays", "fastmath", "checks", "startup", "calls", "size", "threads")
PLOTS = """![Time of each kernel against C](images/speed.png)

![Time from the start of a process to the first result](images/first-result.png)

![Time from the start of a process to the result, by the work in the call](images/break-even.png)"""
SIZE_PLOT = "![Compilation against size](images/compile-time.png)"


def main(results, record):
    found = {name: json.loads((results / f"{name}.json").read_text()) for name in MEASURED}
    sections = (
        "## In pictures",
        PLOTS,
        both(found),
        "## Kernels",
        "Medians, by turns in one process, after compilation; results compared first. The spread is half the distance of the quartiles of "
        "brrr's times. `benchmarks/measure_kernels.py`, functions in `benchmarks/kernels.py`.",
        kernels(found["kernels"]),
        "## Kernels over arrays",
        "Medians, by turns in one process, after compilation; results and arrays compared first. `benchmarks/measure_arrays.py`, functions in "
        "`benchmarks/arrays.py`.",
        arrays(found["arrays"]),
        "## With `fastmath=True`",
        "Kernels of their own, which count in no mean above. C with `-ffast-math` (clang with `-fveclib=libmvec`), Numba with its `fastmath=True`; medians by "
        "turns in one process; results compared to a relative error of 1e-11. Bounds of the errors are in [fastmath.md](fastmath.md). "
        "`benchmarks/measure_fastmath.py`, functions in `benchmarks/fastmath.py`.",
        fast_kernels(found["fastmath"]["kernels"]),
        "## Bounds checks",
        "The same kernels, and the same with the tests of indices left out, which no release can do: by turns in one process. "
        "`benchmarks/measure_checks.py`.",
        checks(found["checks"]),
        "## Start-up",
        "Medians of fresh processes, files cached by the system. `benchmarks/measure_startup.py`.",
        startup(found["startup"]),
        "## Calls",
        "Medians over fresh processes. `benchmarks/measure_calls.py`.",
        calls(found["calls"]),
        "## Compile time and memory",
        "Processor time of the first call of functions with loops, branches and checked ints, the compiler already warm; medians of fresh "
        "processes. `benchmarks/measure_size.py`.",
        size(found["size"]),
        SIZE_PLOT,
        "## Threads",
        "How many times as fast, wall-clock time, medians. Numba with `nogil=True`. `benchmarks/measure_threads.py`.",
        threads(found["threads"]),
    )
    text = "\n\n".join(sections) + "\n"
    print(f"\n{machine()}\n\n{text}")
    if record:
        intro = f"# Benchmarks\n\nMeasured by `make bench RECORD=1`. Ratios carry over to other machines, times do not.\n\n{machine()}\n\n"
        (ROOT / "docs" / "benchmarks.md").write_text(intro + text)
        write_between(ROOT / "README.md", peers(found))
        write_between(ROOT / "docs" / "start-up.md", opening(found))
        write_fastmath(found["fastmath"])
    plots.draw(found, ROOT / "docs" / "images" if record else results)
    (results / "benchmarks.txt").write_text(text)


if __name__ == "__main__":
    main(Path(sys.argv[1]), "--record" in sys.argv)

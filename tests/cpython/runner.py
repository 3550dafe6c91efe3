"""Modules of CPython's tests, run plain and through brrr, and the tables about them.

Enters: names of modules. Leaves: a `Report` for each, and Markdown. Each run is a process of its own, so that a crash is a
result; tests that do not pass in the plain run either are left out of the comparison.
"""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from tests.cpython.known import KNOWN, MODULES

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs" / "cpython-tests.md"
WAYS = ("operations", "expressions")
# Far beyond what a busy machine needs.
SECONDS = 600


@dataclass
class Run:
    """One module, run one way."""

    absent: str = ""
    # Why there are no results: a crash, a timeout, an error at import.
    broken: str = ""
    seconds: float = 0.0
    tests: dict[str, dict] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(("compiled", "left", "interpreted", "other"), 0))
    operations: dict[str, dict] = field(default_factory=dict)
    taken: list[str] = field(default_factory=list)
    refusals: dict[str, str] = field(default_factory=dict)
    different: int = 0
    differences: list[str] = field(default_factory=list)


def _passed(test: dict) -> bool:
    """Whether a test passed. The tests that a conversion of a large int to text takes no quadratic time skip themselves half way where
    the machine converts it in less than they can measure: a matter of the machine, and of no operation."""
    return test["outcome"] == "passed" or _too_quick(test)


def _too_quick(test: dict) -> bool:
    return test["outcome"] == "skipped" and '"slow" conversion took only' in test["text"]


@dataclass
class Report:
    """One module: the plain run, and a run for each way."""

    module: str
    plain: Run
    runs: dict[str, Run]

    @property
    def absent(self) -> str:
        return self.plain.absent

    def names(self) -> list[str]:
        """The tests that count: those that pass plain."""
        return [name for name, one in self.plain.tests.items() if _passed(one)]

    def not_passed(self, way: str) -> dict[str, str]:
        """The tests that pass plain and not this way, with what they say."""
        run = self.runs[way]
        found = {}
        for name in self.names():
            one = run.tests.get(name, {"outcome": "missing", "text": run.broken})
            if not _passed(one):
                found[name] = f"{one['outcome']}: {one['text']}"
        return found

    def with_compiled(self, way: str) -> int:
        """How many of the tests did an operation in compiled code."""
        tests = self.runs[way].tests
        return sum(1 for name in self.names() if tests.get(name, {}).get("compiled"))

    def cut_short(self) -> bool:
        """Whether a test skipped itself half way, so that fewer operations ran than where the machine is slower."""
        return any(_too_quick(one) for run in self.runs.values() for one in run.tests.values())

    def problems(self) -> list[str]:
        """What has to be mended: everything that is not as stated in `known`."""
        found = [f"plain run: {self.plain.broken}"] if self.plain.broken else []
        failed: dict[str, str] = {}
        for way, run in self.runs.items():
            if run.broken:
                found.append(f"{way}: {run.broken}")
            found += [f"{way}: {one}" for one in run.differences]
            failed = {name: f"{way}: {text}" for name, text in self.not_passed(way).items()} | failed
        for name, text in failed.items():
            if f"{self.module}.{name}" not in KNOWN:
                found.append(f"{name} does not pass\n{text}")
        for name in self.names():
            if f"{self.module}.{name}" in KNOWN and name not in failed:
                found.append(f"{name} passes, but is named in known.py")
        return found


def run_one(module: str, way: str) -> Run:
    package = ROOT / "crates" / "py" / "python"
    environment = dict(os.environ, PYTHONHASHSEED="0")
    environment.pop("BRRR_DISABLE", None)
    with tempfile.TemporaryDirectory() as folder:
        file = os.path.join(folder, "report.json")
        command = [sys.executable, "-m", "tests.cpython.worker", module, way, file]
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, (str(ROOT), environment.get("PYTHONPATH", ""), _found(package))))
        try:
            done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=SECONDS, check=False,
                                  stdin=subprocess.DEVNULL, errors="replace")
        except subprocess.TimeoutExpired:
            return Run(broken=f"no result within {SECONDS} s")
        if done.returncode != 0 or not os.path.exists(file):
            return Run(broken=f"the process ended with status {done.returncode}\n{done.stderr[-3000:]}")
        with open(file, encoding="utf-8") as text:
            return Run(**json.load(text))


def _found(package: Path) -> str:
    """The package of this checkout, where it is not installed."""
    try:
        import brrr
    except ImportError:
        return str(package)
    return str(Path(brrr.__file__).resolve().parents[1])


def run_all(modules: list[str], say=lambda text: None) -> list[Report]:
    """Reports in the order of the names; two processes at a time."""

    def report(module: str) -> Report:
        plain = run_one(module, "plain")
        runs = {} if plain.absent or plain.broken else {way: run_one(module, way) for way in WAYS}
        made = Report(module, plain, runs)
        say(line(made))
        return made

    # The longest first: they would otherwise end alone.
    order = sorted(modules, key=lambda one: (one not in ("test_math", "test_long", "test_range"), one))
    with ThreadPoolExecutor(2) as pool:
        made = dict(zip(order, pool.map(report, order)))
    return [made[one] for one in modules]


# Tables ---------------------------------------------------------------------------------------------------------------


def line(report: Report) -> str:
    """One line for a terminal."""
    if report.absent:
        return f"{report.module:<20} absent: {report.absent}"
    if report.plain.broken:
        return f"{report.module:<20} {report.plain.broken}"
    tests, parts = len(report.names()), []
    for way, run in report.runs.items():
        counts = run.counts
        parts.append(
            f"{way}: {tests - len(report.not_passed(way))} passed, {len(report.not_passed(way))} not; {counts['compiled']:,} compiled, "
            f"{counts['left']:,} left, {counts['interpreted']:,} by CPython, {run.different} different ({run.seconds:.1f} s)"
        )
    return f"{report.module:<20} {tests:>4} tests  " + "  |  ".join(parts)


def module_table(reports: list[Report]) -> str:
    rows = [
        "| module | tests | pass | with compiled operations | operations compiled | left | by CPython | expressions compiled | left | by CPython |",
        "|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for report in reports:
        if report.absent:
            rows.append(f"| {report.module} | absent |  |  |  |  |  |  |  |  |")
            continue
        tests = len(report.names())
        passed = tests - len(set().union(*(report.not_passed(way) for way in WAYS)))
        cells = [tests, passed, report.with_compiled("operations")]
        for way in WAYS:
            cells += [report.runs[way].counts[one] for one in ("compiled", "left", "interpreted")]
        rows.append(f"| `{report.module}` | " + " | ".join(f"{one:,}" for one in cells) + " |")
    return "\n".join(rows) + "\n"


def operation_name(text: str) -> str:
    """What a table calls the operation of a function's text."""
    body = ast.parse(text).body[0].body
    first = body[0]
    if isinstance(first, ast.AugAssign):
        return f"`{ast.unparse(first).split()[1]}`"
    if len(body) > 1:
        return "`for` over `range`" if "for i in range(" in text and text.startswith("def f(") else "functions of the tests"
    value = first.value
    if isinstance(value, ast.Call):
        of_math = isinstance(value.func, ast.Attribute) and ast.unparse(value.func.value) == "math"
        return f"`.{value.func.attr}`" if isinstance(value.func, ast.Attribute) and not of_math else f"`{ast.unparse(value.func)}`"
    if isinstance(value, ast.Attribute):
        return f"`.{value.attr}`"
    if isinstance(value, ast.Compare):
        return "`" + " ".join(ast.unparse(ast.Compare(ast.Name("a"), [one], [ast.Name("b")]))[2:-2] for one in value.ops) + "`"
    if isinstance(value, ast.BinOp):
        return f"`{ast.unparse(ast.BinOp(ast.Name('a'), value.op, ast.Name('b')))[2:-2]}`"
    if isinstance(value, ast.UnaryOp):
        return "`not`" if isinstance(value.op, ast.Not) else f"`{ast.unparse(ast.UnaryOp(value.op, ast.Name('a')))[:-1]}` (unary)"
    if isinstance(value, ast.BoolOp):
        return "`and`" if isinstance(value.op, ast.And) else "`or`"
    return "`if else`" if isinstance(value, ast.IfExp) else "functions of the tests"


def operation_table(reports: list[Report]) -> str:
    totals: dict[str, list[int]] = {}
    for report in reports:
        for text, counts in report.runs["operations"].operations.items() if report.runs else ():
            row = totals.setdefault(operation_name(text), [0, 0, 0])
            for place, key in enumerate(("compiled", "left", "interpreted")):
                row[place] += counts[key]
    rows = ["| operation | compiled | left | by CPython |", "|---|---:|---:|---:|"]
    for name, row in sorted(totals.items()):
        if any(row):
            rows.append(f"| {name.replace('|', chr(92) + '|')} | " + " | ".join(f"{one:,}" for one in row) + " |")
    return "\n".join(rows) + "\n"


def failures(reports: list[Report]) -> str:
    """Each test that does not pass, with its reason."""
    rows = []
    for report in reports:
        for name in sorted(set().union(*(report.not_passed(way) for way in report.runs))) if report.runs else ():
            reason = KNOWN.get(f"{report.module}.{name}", "not known yet")
            rows.append(f"- `{report.module}.{name}`: {reason}\n")
    return "".join(rows)


INTRODUCTION = """# CPython's own tests through brrr

CPython proves its numbers by the tests in its `test` package. `python -m tests.cpython` runs those of the modules below through
brrr: it replaces the operations in them, arithmetic, comparisons, augmented assignments, calls of builtins and of `math` and
`operator`, methods of numbers, ranges and whole functions, by functions under `@brrr`; once one function for each operation, and
once one for each expression. The rest of the tests, and all that they assert, is CPython's.

The results of brrr decide whether a test passes, its exceptions included, and each is also compared with the plain operation to
the bit. **Tests** are those that pass on this interpreter without brrr; tests that CPython itself runs only on demand, for they take minutes,
are left out. **Compiled** are operations that ran in compiled code to
their end, **left** those that took the side exit (a value over 64 bits, an exception), **by CPython** those that brrr gave to the
original function: operands over 64 bits, subclasses of numbers, what it refuses. Operations on other objects (strings, lists)
are not counted. `python -m tests.cpython --write-docs` writes this page, one interpreter at a time.
"""


def section(reports: list[Report]) -> str:
    version = "{}.{}.{}".format(*sys.version_info)
    named = failures(reports)
    return (
        f"\n## CPython {version}\n\n{module_table(reports)}\n"
        + (f"Not passing:\n\n{named}\n" if named else "Every one of these tests passes.\n\n")
        + f"### Operations on {version}\n\n{operation_table(reports)}"
    )


def published() -> dict[str, str]:
    """The sections of the page by version, `3.12`; the introduction has the key ``."""
    if not DOCS.exists():
        return {}
    parts = re.split(r"\n(?=## CPython )", DOCS.read_text(encoding="utf-8"))
    found = {"": parts[0]}
    for part in parts[1:]:
        found[".".join(part.split()[2].split(".")[:2])] = "\n" + part
    return found


def write_docs(reports: list[Report]) -> None:
    sections = published()
    sections.pop("", None)
    sections["{}.{}".format(*sys.version_info)] = section(reports).rstrip("\n") + "\n"
    ordered = sorted(sections.items(), key=lambda pair: [int(one) for one in pair[0].split(".")])
    DOCS.write_text(INTRODUCTION + "".join(text.rstrip("\n") + "\n" for _, text in ordered), encoding="utf-8")


def stale(reports: list[Report]) -> str:
    """In what the page claims more than these reports say, or nothing. A few operations may be missing, and nothing is said of how many
    ran in a module that was cut short."""
    text = published().get("{}.{}".format(*sys.version_info))
    if text is None:
        return "has no section for this version of CPython"
    if f"## CPython {'{}.{}.{}'.format(*sys.version_info)}\n" not in text:
        return ""  # Another patch release has other tests.
    old, new = (_cells(part) for part in (text, section(reports)))
    if old.keys() != new.keys():
        return f"has other modules: {sorted(old.keys() ^ new.keys())}"
    cut_short = {report.module for report in reports if report.cut_short()}
    for module, now in new.items():
        before = old[module]
        if before[:2] != now[:2]:
            return f"says of {module} {before[:2]} (tests, pass), but it is {now[:2]}"
        if module in cut_short:
            continue
        for place, what in ((2, "tests with compiled operations"), (3, "compiled operations"), (6, "compiled expressions")):
            if now[place] < before[place] - before[place] // 20:
                return f"says {before[place]:,} {what} of {module}, but it is {now[place]:,}"
    return ""


def _cells(text: str) -> dict[str, list[int]]:
    table = text.partition("### Operations")[0]
    return {
        name: [int(one.replace(",", "")) for one in cells.split("|")]
        for name, cells in re.findall(r"^\| `(\w+)` \| (.*) \|$", table, re.MULTILINE)
    }


assert set(key.partition(".")[0] for key in KNOWN) <= set(MODULES)

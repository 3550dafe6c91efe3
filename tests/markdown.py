"""Cases written in Markdown: text to `Case`s. README.md describes the format.

The static half of a case (types, diagnostics, IR) is checked by `crates/core/tests/cases.rs`; what is needed to run its
calls is read here.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, field
from pathlib import Path

FOLDER = Path(__file__).parent / "cases"
BLOCKS = ("py", "ir", "llvm", "calls")
_LEAVES = re.compile(r" *(\d+)(?: x(\d+))? *")
_REFUSED = re.compile(r"refused: \[([a-z-]+)\]")
_DIAGNOSTIC = re.compile(r"(error|warning): \[([a-z-]+)\]")


class Malformed(ValueError):
    """A case that does not follow the format."""


@dataclass
class Call:
    """One line of a `calls` block."""

    text: str
    # How often each line leaves compiled code.
    leaves: dict[int, int]
    interpreted: bool
    line: int
    # The codes with which brrr refuses the call.
    refused: tuple[str, ...] = ()

    @property
    def function(self) -> str:
        """The name of the function called."""
        return self.text.split("(", 1)[0].strip()


@dataclass
class Case:
    """One heading."""

    path: Path
    title: str
    line: int
    source: str = ""
    calls: list[Call] = field(default_factory=list)
    llvm: list[str] = field(default_factory=list)
    diagnostics: list[tuple[int, str, str]] = field(default_factory=list)

    @property
    def name(self) -> str:
        """What pytest shows: topic, file and heading."""
        return f"{self.path.parent.name}/{self.path.stem}: {self.title}"

    @property
    def refused(self) -> bool:
        """True if the block states an error: decorating raises it."""
        return any(severity == "error" for _, severity, _ in self.diagnostics)


def load(folder: Path = FOLDER) -> list[Case]:
    """All cases below a folder."""
    cases = [case for path in sorted(folder.glob("*/*.md")) for case in parse(path, path.read_text())]
    names = [case.name for case in cases]
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise Malformed(f"two cases of one name: {', '.join(sorted(twice))}")
    return cases


def parse(path: Path, text: str) -> list[Case]:
    """The cases of one file."""
    cases: list[Case] = []
    block: list[str] | None = None
    kind, start, seen = "", 0, set()
    for number, line in enumerate(text.splitlines(), 1):
        if block is not None and line.strip() != "```":
            block.append(line)
        elif block is not None:
            _finish(cases[-1], kind, block, start)
            block = None
        elif line.startswith("```"):
            kind, start, block = line[3:].strip(), number, []
            if kind not in BLOCKS or not cases or kind in seen:
                raise Malformed(f"{path}:{number}: block `{kind}` out of place, unknown, or there twice")
            seen.add(kind)
        elif line.startswith("## "):
            cases.append(Case(path, line[3:].strip(), number))
            seen = set()
    if block is not None:
        raise Malformed(f"{path}:{start}: block without an end")
    for case in cases:
        if not case.source:
            raise Malformed(f"{path}:{case.line}: no `py` block")
        if not case.calls and not case.diagnostics and "# revealed:" not in case.source:
            raise Malformed(f"{path}:{case.line}: the case states nothing")
    return cases


def _finish(case: Case, kind: str, lines: list[str], start: int) -> None:
    if kind == "py":
        case.source = "\n".join(lines) + "\n"
        for number, line in enumerate(lines, 1):
            found = _DIAGNOSTIC.findall(line.partition("#")[2])
            case.diagnostics += [(number, severity, slug) for severity, slug in found]
    elif kind == "llvm":
        case.llvm = [line.strip() for line in lines if line.strip()]
    elif kind == "calls":
        for number, line in enumerate(lines, start + 1):
            if line.strip():
                case.calls.append(_call(case, line, number))


def _call(case: Case, line: str, number: int) -> Call:
    text, _, comment = line.partition("#")
    comment = comment.strip()
    leaves, interpreted, refused = {}, comment == "interpreted", ()
    if comment.startswith("leaves: ") and all(matches := [_LEAVES.fullmatch(one) for one in comment[8:].split(",")]):
        leaves = {int(match[1]): int(match[2] or 1) for match in matches}
    elif match := _REFUSED.fullmatch(comment):
        refused = (match[1],)
    elif comment and not interpreted:
        raise Malformed(f"{case.path}:{number}: what does `# {comment}` mean?")
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except SyntaxError as error:
        raise Malformed(f"{case.path}:{number}: {error}") from None
    if not (isinstance(tree, ast.Call) and isinstance(tree.func, ast.Name)):
        raise Malformed(f"{case.path}:{number}: not the call of a function")
    return Call(text.strip(), leaves, interpreted, number, refused)

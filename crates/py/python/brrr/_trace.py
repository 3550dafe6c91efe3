"""What a run saw, for the editor: under `BRRR_TRACE_TYPES=1` a process leaves the signatures and exits that its functions met.

Enters: the functions that are decorated, then the end of the process. Leaves: `.brrr/types.json` in the project of each function's
file: the nearest folder above it with a `pyproject.toml` or a `.git`, else the file's own. Calls are not slowed: everything that is
written down is counted anyway, and looked at once, at the end. A problem here is never a problem of the program.
"""

from __future__ import annotations

import ast
import atexit
import inspect
import json
import os
import tempfile
import textwrap
from pathlib import Path
from typing import Any

FOLDER, FILE = ".brrr", "types.json"

_functions: list[Any] = []


def watched(decorator: Any) -> Any:
    """The decorator, which notes what it decorates."""

    def brrr(*args: Any, **options: Any) -> Any:
        made = decorator(*args, **options)
        return noted(made) if hasattr(made, "signatures") else lambda function: noted(made(function))

    brrr.__doc__ = decorator.__doc__
    atexit.register(write)
    return brrr


def noted(function: Any) -> Any:
    # In fallback mode, it may be the plain function.
    if hasattr(function, "signatures"):
        _functions.append(function)
    return function


def write() -> None:
    """Adds what was seen to what earlier runs have seen of the same texts."""
    projects: dict[Path, list[dict[str, Any]]] = {}
    for function in _functions:
        try:
            found = seen(function)
        except Exception:
            continue
        if found is not None:
            projects.setdefault(found[0], []).append(found[1])
    for project, new in projects.items():
        try:
            add(project, new)
        except OSError:
            # A folder that cannot be written to, most likely.
            continue


def seen(function: Any) -> tuple[Path, dict[str, Any]] | None:
    """The project of a function and what was seen of it, if it was called."""
    stats = function.stats()
    if not stats["calls"]:
        return None
    original = function.original_func
    path = Path(inspect.getsourcefile(original) or "").resolve()
    if not path.is_file():
        return None
    project = next((one for one in path.parents if (one / "pyproject.toml").exists() or (one / ".git").exists()), path.parent)
    return project, {
        "path": path.relative_to(project).as_posix(),
        "name": original.__name__,
        "text": f"{text_hash(text_of(original)):x}",
        "line": inspect.getsourcelines(original)[1],
        "calls": stats["calls"],
        "signatures": [one.partition(") ->")[0].removeprefix("(") for one in function.signatures],
        "exits": {str(line): count for line, count in stats["exits"].items()},
    }


def text_of(function: Any) -> str:
    """A function's lines, from the first decorator with its indentation to the end of the last statement."""
    lines, _ = inspect.getsourcelines(function)
    dedented = textwrap.dedent("".join(lines))
    (definition,) = ast.parse(dedented).body
    removed = len(lines[0].encode()) - len(dedented.split("\n", 1)[0].encode()) - 1
    last = lines[definition.end_lineno - 1].encode()[: definition.end_col_offset + max(removed, 0)]
    return "".join(lines[: definition.end_lineno - 1]) + last.decode()


def text_hash(text: str) -> int:
    """FNV-1a, as the editor computes it."""
    value = 0xCBF29CE484222325
    for byte in text.encode():
        value = ((value ^ byte) * 0x100000001B3) & (2**64 - 1)
    return value


def add(project: Path, new: list[dict[str, Any]]) -> None:
    folder = project / FOLDER
    folder.mkdir(exist_ok=True)
    ignore = folder / ".gitignore"
    if not ignore.exists():
        ignore.write_text("*\n")
    key = lambda one: (one["path"], one["name"])  # noqa: E731
    known: dict[Any, dict[str, Any]] = {}
    try:
        for one in json.loads((folder / FILE).read_text())["functions"]:
            known[key(one)] = one
    except (OSError, ValueError, KeyError, TypeError):
        # There is none yet, or it is damaged.
        known = {}
    for one in new:
        before = known.get(key(one))
        if before is not None and before.get("text") == one["text"]:
            # The function may have moved since.
            moved = one["line"] - before.get("line", one["line"])
            earlier = {str(int(line) + moved): count for line, count in before["exits"].items()}
            one = {
                **one,
                "calls": before["calls"] + one["calls"],
                "signatures": list(dict.fromkeys([*before["signatures"], *one["signatures"]])),
                "exits": {line: earlier.get(line, 0) + one["exits"].get(line, 0) for line in {**earlier, **one["exits"]}},
            }
        known[key(one)] = one
    handle, scratch = tempfile.mkstemp(dir=folder)
    with os.fdopen(handle, "w") as file:
        json.dump({"functions": list(known.values())}, file, indent=1)
    os.replace(scratch, folder / FILE)

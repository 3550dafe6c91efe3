"""`brrr check` on files that nobody would write: `python -m tests.cli.fuzz --seconds 3600`.

Enters: Python files, the standard library's among them, with brrr functions put into them. They are mutated (bytes, lines, blocks, encodings,
line ends, NULs, depth), written in folders of many, and checked by the built program. Leaves: nothing, or the first file that makes
it panic, crash, hang, contradict itself, or say something about places that do not exist. The sequence depends on the seed alone.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import time
from pathlib import Path

from tests.cli.conftest import PATIENCE, ROOT, program

BATCH = 60
FORMATS = ("full", "concise", "json", "github", "sarif")
PIECES = [
    b"\x00", b"\xff", b"\xfe\xff", b"\xef\xbb\xbf", b"\xed\xa0\x80", b"\r", b"\r\n", b"\n\n", b"\t", b"\f", b"\\\n", b"'''", b'"""', b"'", b"(", b")",
    b"[", b"]", b"{", b"}", b":", b";", b"#", b"@brrr\n", b"@brrr(overflow='wrap')\n", b"def f(a, b=1):\n", b"    return a\n", b"lambda: ",
    b"# brrr: ignore[BRRR208]", b"# brrr: ignore[", b"# brrr: ignore", b"# brrr: ignore[,\xc3\xa9]", b"# coding: latin-1\n", b"# coding: utf-16\n",
    b"from brrr import brrr\n", b"import brrr as b\n", "🙂é\u202e\u200d".encode(), "\u3000".encode(), b"1e999", b"0x", b"9" * 400, b"f'{a!r:{b}}'",
    b"match a:\n    case (1, *x):\n", b"async ", b"await ", b"yield ", b"with a:\n", b"try:\n", b"else:\n", b"-> int", b":=", b"**", b"//", b"...",
]


def seeds() -> list[bytes]:
    """The standard library, the tests' own cases, examples."""
    library = Path(sysconfig.get_path("stdlib"))
    files = [path for path in sorted(library.glob("*.py")) if path.stat().st_size < 60_000]
    files += sorted((ROOT / "examples").glob("*.py")) + sorted((ROOT / "benchmarks").glob("*.py"))
    texts = [path.read_bytes() for path in files]
    for case in sorted((ROOT / "tests" / "cases").rglob("*.md")):
        parts = case.read_bytes().split(b"```py\n")[1:]
        texts += [b"from brrr import brrr\n\n" + part.split(b"```")[0] for part in parts]
    assert len(texts) > 100
    return texts


def decorated(text: bytes) -> bytes:
    """With every function under the decorator."""
    lines = [b"from brrr import brrr\n"]
    for line in text.splitlines(keepends=True):
        stripped = line.lstrip()
        if stripped.startswith(b"def "):
            lines.append(line[: len(line) - len(stripped)] + b"@brrr\n")
        lines.append(line)
    return b"".join(lines)


def deep(rng: random.Random) -> bytes:
    """Nested as deep as nobody nests."""
    depth = rng.choice([50, 99, 101, 1000, 20_000])
    shape = rng.randrange(6)
    head = b"from brrr import brrr\n@brrr\ndef f(a):\n"
    if shape == 0:
        return head + b"    return " + b"(" * depth + b"a" + b")" * rng.choice([depth, depth - 1]) + b"\n"
    if shape == 1:
        return head + b"".join(b" " * (at + 4) + b"if a:\n" for at in range(min(depth, 3000))) + b" " * (min(depth, 3000) + 4) + b"a = 1\n"
    if shape == 2:
        return head + b"    return " + rng.choice([b"-", b"not ", b"a + ", b"a ** ", b"a if a else ", b"a.b[", b"lambda: "]) * depth + b"a\n"
    if shape == 3:
        return head + b"    x = '" + b"x" * (depth * 20) + b"'; y = " + b"1 + " * rng.choice([10, 5000]) + b"1\n    return y\n"
    if shape == 4:
        return head + b"    if a: pass\n" + b"    elif a: pass\n" * min(depth, 3000) + b"    return a\n"
    return head * min(depth, 300)


def mutated(rng: random.Random, texts: list[bytes]) -> bytes:
    if rng.random() < 0.05:
        return deep(rng)
    text = bytearray(rng.choice(texts))
    if rng.random() < 0.9:
        text = bytearray(decorated(bytes(text)))
    for _ in range(rng.choice([0, 1, 1, 2, 4, 16, 64])):
        at = rng.randrange(len(text) + 1)
        kind = rng.randrange(8)
        if kind == 0 and text:
            text[min(at, len(text) - 1)] = rng.randrange(256)
        elif kind == 1:
            text[at:at] = rng.choice(PIECES)
        elif kind == 2:
            del text[at : at + rng.choice([1, 1, 5, 80])]
        elif kind == 3:
            length = rng.choice([10, 200, 2000])
            text[at:at] = text[at : at + length]
        elif kind == 4:
            other = rng.choice(texts)
            start = rng.randrange(len(other) + 1)
            text[at:at] = other[start : start + rng.choice([20, 300])]
        elif kind == 5:
            lines = bytes(text).splitlines(keepends=True)
            rng.shuffle(lines) if len(lines) < 200 and rng.random() < 0.2 else lines.sort(key=lambda _: rng.random() < 0.02)
            text = bytearray(b"".join(lines))
        elif kind == 6:
            text = text[:at]
        else:
            text[at:at] = rng.choice(PIECES) * rng.choice([1, 3, 100])
    made = bytes(text)
    end = rng.random()
    if end < 0.05:
        made = made.replace(b"\n", b"\r\n")
    elif end < 0.08:
        made = made.replace(b"\n", b"\r")
    elif end < 0.1:
        made = made.replace(b"\n", b" ")
    elif end < 0.12:
        made = made.decode("latin-1").encode("utf-16")
    if rng.random() < 0.05:
        made = b"\xef\xbb\xbf" + made
    return made[: 1 << 20]


def strange(folder: Path, rng: random.Random) -> None:
    """Entries that are no files."""
    (folder / "folder.py").mkdir()
    (folder / "loop").symlink_to(folder)
    (folder / "self.py").symlink_to("self.py")
    os.mkfifo(folder / "pipe.py")
    if rng.random() < 0.5:
        (folder / "pyproject.toml").write_bytes(mutated(rng, [b"[tool.brrr]\nselect = ['ALL']\nexclude = ['x']\nhints = true\n"]))


def broken(path: Path, arguments: list[str], folder: Path, files: dict[str, bytes]) -> str | None:
    """What is wrong with a run; nothing if all is well."""
    try:
        ran = subprocess.run([path, *arguments], cwd=folder, capture_output=True, timeout=PATIENCE, stdin=subprocess.DEVNULL)
    except subprocess.TimeoutExpired:
        return "it hangs"
    said = ran.stderr.decode(errors="replace")
    if ran.returncode not in (0, 1, 2) or "panicked" in said or "defect of brrr" in said:
        return f"exit code {ran.returncode}: {said[-2000:]}"
    if ran.returncode == 2 and "BRRR803" not in said and "cannot read" not in said:
        return f"it failed: {said[-2000:]}"
    form = arguments[arguments.index("--output-format") + 1] if "--output-format" in arguments else "full"
    if form in ("json", "sarif") and ran.stdout:
        try:
            value = json.loads(ran.stdout)
        except ValueError as error:
            return f"not JSON: {error}"
        if form == "json":
            for one in value:
                lines = files[one["path"]].count(b"\n") + files[one["path"]].count(b"\r") + 1
                start, end = (one["start"]["line"], one["start"]["column"]), (one["end"]["line"], one["end"]["column"])
                if not (1, 1) <= start <= end or end[0] > lines:
                    return f"a place that does not exist: {one}"
    return None


def culprit(path: Path, arguments: list[str], files: dict[str, bytes]) -> str:
    """The one file of a batch that does it; the whole batch if none does alone."""
    for name, data in files.items():
        with tempfile.TemporaryDirectory() as scratch:
            (Path(scratch) / name).write_bytes(data)
            if problem := broken(path, arguments, Path(scratch), {name: data}):
                kept = Path(tempfile.gettempdir()) / f"brrr-fuzz-{name}"
                kept.write_bytes(data)
                return f"{problem}\nthe file is kept: {kept}"
    return "only together with the others"


def run(seconds: float, seed: int, path: Path, report: bool = False) -> int:
    """Checks batches until the time is over; the number of files. AssertionError with the culprit if something is wrong."""
    rng = random.Random(seed)
    texts = seeds()
    end = time.monotonic() + seconds
    shown = time.monotonic()
    count = 0
    while time.monotonic() < end:
        files = {f"f{at}.py": mutated(rng, texts) for at in range(BATCH)}
        folder = Path(tempfile.mkdtemp(prefix="brrr-fuzz-"))
        try:
            for name, data in files.items():
                (folder / name).write_bytes(data)
            strange(folder, rng)
            arguments = ["check", "--output-format", FORMATS[count // BATCH % len(FORMATS)], *rng.choice([[], ["--hints"], ["--diff"], ["--isolated"]])]
            if problem := broken(path, arguments, folder, files):
                raise AssertionError(f"seed {seed}, {arguments}: {problem}\n{culprit(path, arguments, files)}")
            # Fixing changes what is fixed and nothing else, and a second time nothing.
            if rng.random() < 0.2:
                for _ in range(2):
                    if problem := broken(path, ["check", "--isolated", "--fix", "-q"], folder, files):
                        raise AssertionError(f"seed {seed}, --fix: {problem}\n{culprit(path, ['check', '--isolated', '--fix'], files)}")
                again = subprocess.run([path, "check", "--isolated", "--diff"], cwd=folder, capture_output=True)
                assert again.stdout == b"", f"seed {seed}: fixes are not settled: {again.stdout[:2000]!r}"
        finally:
            shutil.rmtree(folder)
        count += BATCH
        if report and time.monotonic() - shown > 30:
            shown = time.monotonic()
            print(f"{count} files, {end - shown:.0f} s to go", flush=True)
    return count


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    arguments = parser.parse_args()
    print(f"seed {arguments.seed}")
    count = run(arguments.seconds, arguments.seed, program(), report=True)
    print(f"{count} files, nothing wrong")
    return 0


if __name__ == "__main__":
    sys.exit(main())

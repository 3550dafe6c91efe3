"""`brrr bench`: one function against CPython.

Enters: the file, the function's name, its arguments as text, seconds, `json` or `text`, `color` or `plain`. Leaves: medians, and exit code 0
if the results are equal, 1 if they differ, 2 if there is nothing to measure. CPython's side is a process of its own, where the
decorator does nothing, so that functions that call each other are all plain there. The two sides take turns.
"""

from __future__ import annotations

import copy
import importlib.util
import json
import math
import os
import pickle
import statistics
import struct
import subprocess
import sys
import traceback
from contextlib import suppress
from pathlib import Path
from time import perf_counter
from typing import Any, Callable

# Results whose arguments are fresh for each call are timed one by one; others in batches that last so long.
_BATCH = 0.002
_FEWEST = 3


class _Refusal(Exception):
    """There is nothing to measure; the text says why."""


def _load(file: str, name: str) -> tuple[dict[str, Any], Any]:
    """The file as a module, and the function in it."""
    path = Path(file).resolve()
    if not path.is_file():
        raise _Refusal(f"cannot read {file}")
    sys.path.insert(0, str(path.parent))
    # The name under which other modules import it, so that there is one of it.
    module_name = path.stem if path.stem.isidentifier() and path.stem not in sys.modules else "_brrr_bench_target"
    spec = importlib.util.spec_from_file_location(module_name, path)
    if spec is None or spec.loader is None:
        raise _Refusal(f"{file} is no Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[module_name] = module
    spec.loader.exec_module(module)
    found: Any = module
    for part in name.split("."):
        try:
            found = getattr(found, part)
        except AttributeError:
            raise _Refusal(f"{file} has no `{name}`") from None
    if not callable(found):
        raise _Refusal(f"`{name}` is no function")
    return vars(module), found


def _arguments(text: str, namespace: dict[str, Any]) -> tuple[Any, ...]:
    names: dict[str, Any] = {"math": math}
    try:
        import numpy

        names |= {"np": numpy, "numpy": numpy}
    except ImportError:
        pass
    try:
        value = eval(text, names | namespace)
    except Exception as error:
        raise _Refusal(f"--args {text!r}: {type(error).__name__}: {error}") from None
    return value if isinstance(value, tuple) else (value,)


def _outcome(function: Callable[..., Any], arguments: tuple[Any, ...]) -> tuple[Any, ...]:
    """What a call does, as data that can be compared: the result or the exception, and the arguments after it."""
    try:
        ended = ("returns", _data(function(*arguments)))
    except Exception as error:
        ended = ("raises", type(error).__name__, str(error))
    return (*ended, _data(arguments))


def _data(value: Any) -> Any:
    """A value with its type, bit for bit; NaN is NaN whatever its bits."""
    kind = f"{type(value).__module__}.{type(value).__qualname__}"
    if isinstance(value, float) and type(value) is float:
        return (kind, "nan" if value != value else struct.pack("<d", value))
    if type(value) is complex:
        return (kind, _data(value.real), _data(value.imag))
    if type(value) in (tuple, list):
        return (kind, [_data(one) for one in value])
    if hasattr(value, "dtype") and hasattr(value, "tobytes"):
        number = value
        if value.dtype.kind in "fc":
            # Every NaN becomes the same one.
            number = value.copy()
            parts = (number.real, number.imag) if value.dtype.kind == "c" and getattr(number, "ndim", 0) else (number,)
            for part in parts:
                if getattr(part, "ndim", 0):
                    part[part != part] = math.nan
                elif part != part:
                    number = type(value)(math.nan)
        return (kind, str(value.dtype), getattr(value, "shape", ()), number.tobytes())
    return (kind, repr(value))


def _is_immutable(value: Any) -> bool:
    if type(value) is tuple:
        return all(map(_is_immutable, value))
    return value is None or type(value) in (int, float, bool, complex, str, bytes)


class _Timer:
    """Calls of one function, timed in batches of fresh arguments."""

    def __init__(self, function: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
        self.function, self.arguments = function, arguments
        self.fixed = _is_immutable(arguments)
        self.number = 1

    def run(self) -> float:
        """Seconds of one call."""
        function, number = self.function, self.number
        arguments = self.arguments if self.fixed else copy.deepcopy(self.arguments)
        start = perf_counter()
        try:
            if number == 1:
                function(*arguments)
            else:
                for _ in range(number):
                    function(*arguments)
        except Exception:
            number = 1
        taken = perf_counter() - start
        if self.fixed and taken < _BATCH / 2 and self.number == number:
            # Too short to be timed: from now on more at once. A first estimate may be far off.
            self.number = max(number + 1, min(number * 100, int(number * _BATCH / max(taken, 1e-9))))
            return self.run()
        return taken / number


def _serve() -> int:
    """CPython's side: reads requests from standard input, answers on what was standard output."""
    answers = os.fdopen(os.dup(1), "wb")
    # What the file prints is not to be mixed with answers.
    os.dup2(2, 1)
    requests = sys.stdin.buffer

    def answer(value: Any) -> None:
        pickle.dump(value, answers)
        answers.flush()

    file, name, arguments = pickle.load(requests)
    try:
        _, function = _load(file, name)
    except BaseException as error:
        answer(("refused", f"{type(error).__name__}: {error}"))
        return 2
    function = getattr(function, "py_func", function)
    answer(("outcome", _outcome(function, copy.deepcopy(arguments))))
    timer = _Timer(function, arguments)
    while pickle.load(requests):
        answer(timer.run())
    return 0


class _Peer:
    """The process of CPython's side."""

    def __init__(self, file: str, name: str, arguments: tuple[Any, ...]) -> None:
        try:
            request = pickle.dumps((file, name, arguments))
        except Exception as error:
            raise _Refusal(f"the arguments cannot be given to another process: {error}") from None
        code = "import sys\nfrom brrr._bench import _serve\nsys.exit(_serve())"
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-c", code],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=os.environ | {"BRRR_DISABLE": "1", "PYTHONPATH": os.pathsep.join(filter(None, [str(Path(__file__).parents[1]), os.environ.get("PYTHONPATH")]))},
        )
        assert self.process.stdin is not None and self.process.stdout is not None
        self.requests, self.answers = self.process.stdin, self.process.stdout
        self.requests.write(request)
        self.requests.flush()
        kind, self.outcome = self._read()
        if kind == "refused":
            raise _Refusal(f"without brrr the file does not run: {self.outcome}")

    def _read(self) -> Any:
        try:
            return pickle.load(self.answers)
        except EOFError:
            raise _Refusal(f"CPython's process ended with {self.process.wait()}") from None

    def run(self) -> float:
        pickle.dump(True, self.requests)
        self.requests.flush()
        return self._read()

    def end(self) -> None:
        self.process.kill()
        self.process.wait()
        self.requests.close()
        self.answers.close()


def _time(seconds: float) -> str:
    for unit, scale in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if seconds >= scale:
            return f"{seconds / scale:.4g} {unit}"
    return f"{seconds / 1e-9:.4g} ns"


def _spread(times: list[float]) -> tuple[float, float]:
    """The quartiles."""
    if len(times) < 2:
        return times[0], times[0]
    low, _, high = statistics.quantiles(times, n=4, method="inclusive")
    return low, high


def _shown(outcome: tuple[Any, ...], value: Any) -> str:
    if outcome[0] == "raises":
        return f"raises {outcome[1]}: {outcome[2]}"
    text = repr(value)
    return text if len(text) <= 200 else f"{text[:197]}..."


def _measure(file: str, name: str, text: str, seconds: float) -> dict[str, Any]:
    from brrr import BrrrError, brrr

    namespace, function = _load(file, name)
    if not hasattr(function, "py_func"):
        function = brrr(function)
    arguments = _arguments(text, namespace)
    peer = _Peer(file, name, arguments)
    try:
        first = copy.deepcopy(arguments)
        start = perf_counter()
        try:
            value: Any = function(*first)
            ended: tuple[Any, ...] = ("returns", _data(value))
        except BrrrError as error:
            raise _Refusal(str(error)) from None
        except Exception as error:
            value, ended = error, ("raises", type(error).__name__, str(error))
        first_call = perf_counter() - start
        outcome = (*ended, _data(first))
        report: dict[str, Any] = {
            "function": name,
            "args": text,
            "equal": outcome == peer.outcome,
            "result": _shown(outcome, value),
            "first_call_seconds": first_call,
        }
        if not report["equal"]:
            report["difference"] = _difference(outcome, peer.outcome)
            return report
        # What is timed is the code that stays.
        for signature in function.signatures:
            with suppress(TypeError):
                function.compile(signature[1 : signature.rindex(") -> ")])
        ours = _Timer(function, arguments)
        mine: list[float] = []
        theirs: list[float] = []
        spent = [0.0, 0.0]
        while min(len(mine), len(theirs)) < _FEWEST or min(spent) < seconds:
            for at, (side, times) in enumerate(((ours, mine), (peer, theirs))):
                if len(times) >= _FEWEST and spent[at] >= seconds:
                    continue
                start = perf_counter()
                times.append(side.run())
                spent[at] += perf_counter() - start
            if len(mine) >= 1 and max(spent) > 20 * seconds:
                break
        for side, times in (("brrr", mine), ("cpython", theirs)):
            low, high = _spread(times)
            report[side] = {"median": statistics.median(times), "low": low, "high": high, "runs": len(times)}
        report["speedup"] = report["cpython"]["median"] / report["brrr"]["median"]
        stats = function.stats()
        report["exits"] = {str(line): count for line, count in stats.get("exits", {}).items()}
        report["signatures"] = list(function.signatures)
        return report
    finally:
        peer.end()


def _difference(ours: tuple[Any, ...], theirs: tuple[Any, ...]) -> str:
    if ours[0] != theirs[0] or ours[0] == "raises":
        return f"brrr: {ours[:-1]}, CPython: {theirs[:-1]}"
    return "the arguments after the call differ" if ours[1] == theirs[1] else f"brrr: {ours[1]}, CPython: {theirs[1]}"


def _print(report: dict[str, Any], color: bool) -> None:
    def strong(text: str) -> str:
        return f"\x1b[1m{text}\x1b[0m" if color else text

    print(strong(f"{report['function']}{report['args'] if report['args'].startswith('(') else '(' + report['args'] + ')'}"))
    if not report["equal"]:
        print(f"  the results differ: {report['difference']}")
        return
    print(f"  result      {report['result']}, the same as CPython's")
    for side, label in (("brrr", "brrr"), ("cpython", "CPython")):
        one = report[side]
        spread = f"quartiles {_time(one['low'])} to {_time(one['high'])}, {one['runs']} runs"
        print(f"  {label:<10}  {_time(one['median']):<10}  {spread}")
    print(f"  first call  {_time(report['first_call_seconds'])}, compilation included")
    speedup = report["speedup"]
    print(strong(f"  speed       {speedup:,.0f}x CPython" if speedup >= 100 else f"  speed       {speedup:.3g}x CPython"))
    if report["exits"]:
        lines = ", ".join(f"line {line} ({count} times)" for line, count in report["exits"].items())
        print(f"  left compiled code on {lines}")


def main() -> int:
    """The command; its arguments are those that the program `brrr` gives."""
    file, name, text, seconds, form, look, *save = sys.argv[1:]
    if os.environ.get("BRRR_DISABLE", "") not in ("", "0"):
        print("brrr: BRRR_DISABLE is set: there is nothing to measure", file=sys.stderr)
        return 2
    # The first call is to be one that compiles.
    os.environ["BRRR_CACHE_DIR"] = ""
    try:
        report = _measure(file, name, text, float(seconds))
    except _Refusal as refusal:
        print(f"brrr: {refusal}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 2
    except BaseException:
        # The user's file, or the refusal of the function, which draws itself.
        traceback.print_exc()
        return 2
    for path in save:
        try:
            with open(path, "w", encoding="utf-8") as out:
                json.dump(report, out)
        except OSError as error:
            print(f"brrr: cannot write {path}: {error.strerror}", file=sys.stderr)
            return 2
    if form == "json":
        print(json.dumps(report))
    else:
        _print(report, look == "color")
    return 0 if report["equal"] else 1

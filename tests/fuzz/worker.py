"""The process in which brrr runs programs, so that a crash or a hang is a finding and not the end.

`python -m tests.fuzz.worker` reads pickled `Program`s from standard input and answers each with a list of `Observed` (one a
call, and one more for a rebound `range`), or with a string: why the program could not be run.
"""

from __future__ import annotations

import os
import pickle
import selectors
import struct
import subprocess
import sys
import traceback
from pathlib import Path

from tests import oracle, program

ROOT = Path(__file__).parents[2]
_LENGTH = struct.Struct("<Q")


class Died(Exception):
    """The process ended, or did not answer in time."""


class Worker:
    """The other end: starts the process, and starts it again when it has died."""

    def __init__(self, environment: dict[str, str] | None = None, timeout: float = 20.0):
        self.environment = environment or {}
        self.timeout = timeout
        self.process: subprocess.Popen | None = None

    def send(self, one: program.Program) -> None:
        """Begins to run a program; `receive` gives what happened."""
        if self.process is None:
            environment = {**os.environ, **self.environment}
            self.process = subprocess.Popen(
                [sys.executable, "-m", "tests.fuzz.worker"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                stderr=subprocess.PIPE, cwd=ROOT, env=environment)
            os.set_blocking(self.process.stderr.fileno(), False)
        try:
            _write(self.process.stdin, one)
        except BrokenPipeError:
            pass  # `receive` finds out why.

    def receive(self) -> list[oracle.Observed] | str:
        """The answer to the last program sent; raises `Died`."""
        process = self.process
        with selectors.DefaultSelector() as selector:
            selector.register(process.stdout, selectors.EVENT_READ)
            if not selector.select(self.timeout):
                self.stop()
                raise Died(f"no answer within {self.timeout:.0f} s")
        answer = _read(process.stdout)
        if answer is None:
            status = process.wait()
            said = (process.stderr.read() or b"").decode(errors="replace").strip()
            self.stop()
            raise Died(f"the process ended with status {status}: {said[-600:]}")
        process.stderr.read()  # Warnings must not fill the pipe.
        return answer

    def run(self, one: program.Program) -> list[oracle.Observed] | str:
        """Runs a program and waits for the answer."""
        self.send(one)
        return self.receive()

    def stop(self) -> None:
        """Ends the process."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
                stream.close()
            self.process = None


def _write(stream, value) -> None:
    data = pickle.dumps(value)
    stream.write(_LENGTH.pack(len(data)) + data)
    stream.flush()


def _read(stream):
    header = stream.read(_LENGTH.size)
    if len(header) < _LENGTH.size:
        return None
    data = stream.read(_LENGTH.unpack(header)[0])
    return pickle.loads(data)


def execute(one: program.Program) -> list[oracle.Observed] | str:
    """Runs a program under brrr, in this process."""
    from brrr import brrr

    file = program.filename("fuzz")
    try:
        namespace = program.execute(one.text, file, brrr)
        function = namespace[one.name]
        observed = [oracle.observe(function, args, {}, file) for args in one.calls]
        if one.rebinds_range and one.calls:
            namespace["range"] = program.backwards
            observed.append(oracle.observe(function, one.calls[-1], {}, file))
    except BaseException:
        return traceback.format_exc(limit=-3)
    return observed


def main() -> None:
    """Serves until standard input ends."""
    source, answers = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    import warnings

    warnings.simplefilter("ignore")
    while (one := _read(source)) is not None:
        _write(answers, execute(one))


if __name__ == "__main__":
    main()

"""The processes in which programs run, so that a crash or a hang is a finding and not the end; seen from outside."""

from __future__ import annotations

import os
import pickle
import struct
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tests.fuzz.check import Finding, Totals

ROOT = Path(__file__).parents[2]
_LENGTH = struct.Struct("<Q")


@dataclass(frozen=True)
class Source:
    """Where programs come from: `random` from a seed, or one of `edges.SOURCES`."""

    kind: str
    seed: int = 0
    # Share of the random programs that are about arrays; the generator's own if None.
    arrays: float | None = None
    # Share of the others that are groups of functions.
    groups: float | None = None

    def open(self):
        """A function from numbers to programs, and how many there are; None for no end."""
        if self.kind == "random":
            from tests.fuzz.generate import Generator

            shares = {"arrays": self.arrays, "groups": self.groups}
            generator = Generator(self.seed, **{name: share for name, share in shares.items() if share is not None})
            return generator.program, None
        from tests import edges

        programs = [one for kind in self.kind.split("+") for one in edges.SOURCES[kind]()]
        return programs.__getitem__, len(programs)


@dataclass
class Answer:
    """What a worker did of a request."""

    totals: Totals
    finding: Finding | None


class Died(Exception):
    """The process ended, or did not answer in time."""


class Worker:
    """The other end: starts the process, and starts it again when it has died."""

    def __init__(self, environment: dict[str, str] | None = None):
        self.environment = environment or {}
        self.process: subprocess.Popen | None = None
        self.place = tempfile.NamedTemporaryFile(prefix="brrr-fuzz-")

    def send(self, request) -> None:
        """Begins a request: `(source, numbers, options)` or `(program, options)`; `receive` gives the answer."""
        if self.process is None:
            environment = {**os.environ, **self.environment}
            self.process = subprocess.Popen(
                [sys.executable, "-m", "tests.fuzz.serve", self.place.name], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                stderr=subprocess.PIPE, cwd=ROOT, env=environment)
            os.set_blocking(self.process.stderr.fileno(), False)
        try:
            write(self.process.stdin, request)
        except BrokenPipeError:
            pass  # `receive` finds out why.

    def at(self) -> int:
        """The number of the program it is at, or was when it died."""
        with open(self.place.name, "rb") as place:
            return int(place.read(20) or b"0")

    def receive(self) -> Answer:
        """Waits for the answer to the last request; raises `Died`."""
        process = self.process
        answer = read(process.stdout)
        if answer is None:
            status = process.wait()
            said = (process.stderr.read() or b"").decode(errors="replace").strip()
            self.stop()
            raise Died(f"the process ended with status {status}: {said[-600:]}")
        process.stderr.read()  # Warnings must not fill the pipe.
        return answer

    def stop(self) -> None:
        """Ends the process."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
                stream.close()
            self.process = None


def write(stream, value) -> None:
    """Sends a value."""
    data = pickle.dumps(value)
    stream.write(_LENGTH.pack(len(data)) + data)
    stream.flush()


def read(stream):
    """Receives a value; None if the other end is gone."""
    header = stream.read(_LENGTH.size)
    if len(header) < _LENGTH.size:
        return None
    data = stream.read(_LENGTH.unpack(header)[0])
    return pickle.loads(data)

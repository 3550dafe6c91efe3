"""Runs programs in worker processes until one differs, and makes what differs small."""

from __future__ import annotations

import dataclasses
import selectors
import time

from tests.fuzz import shrink
from tests.fuzz.check import Finding, Options, Totals
from tests.fuzz.worker import Died, Source, Worker
from tests.program import Program

# Programs of one request: some hundred milliseconds.
BATCH = 12


class Engine:
    """Worker processes, and what they have done so far."""

    def __init__(self, jobs: int = 1, environment: dict[str, str] | None = None, timeout: float = 20.0, options: Options | None = None):
        self.workers = [Worker(environment) for _ in range(jobs)]
        self.timeout = timeout
        self.options = options or Options()
        self.totals = Totals()

    def search(self, source: Source, go_on=lambda totals: True, first: int = 0, batch: int = BATCH,
               end: int | None = None) -> Finding | None:
        """Runs programs from number `first` on, up to number `end`, until one differs, there are no more, or `go_on(totals)` is false."""
        program_of, count = source.open()
        count = end if count is None else count
        upcoming = first
        busy: dict[Worker, float] = {}
        at: dict[Worker, int] = {}
        with selectors.DefaultSelector() as selector:
            while True:
                for worker in self.workers:
                    if worker not in busy and (count is None or upcoming < count) and go_on(self.totals):
                        behind = upcoming + batch if count is None else min(upcoming + batch, count)
                        worker.send((source, range(upcoming, behind), self.options))
                        selector.register(worker.process.stdout, selectors.EVENT_READ, worker)
                        busy[worker], at[worker], upcoming = time.monotonic(), -1, behind
                if not busy:
                    return None
                for key, _ in selector.select(1.0):
                    worker = key.data
                    selector.unregister(key.fileobj)
                    del busy[worker]
                    try:
                        answer = worker.receive()
                    except Died as error:
                        return Finding(program_of(worker.at()), None, [f"brrr: {error}"])
                    self.totals.add(answer.totals)
                    if answer.finding:
                        self._give_up(busy)
                        return answer.finding
                for worker, since in list(busy.items()):
                    if worker.at() != at[worker]:
                        busy[worker], at[worker] = time.monotonic(), worker.at()
                    elif time.monotonic() - since > self.timeout:
                        self._give_up(busy)
                        return Finding(program_of(at[worker]), None, [f"brrr: no answer within {self.timeout:.0f} s"])

    @staticmethod
    def _give_up(busy) -> None:
        for worker in busy:
            worker.stop()

    def examine(self, one: Program) -> Finding | None:
        """Runs one program; not counted."""
        worker = self.workers[0]
        # All of it: no share of the programs.
        worker.send((one, dataclasses.replace(self.options, instrumented=1.0, forced=1.0 if self.options.forced else 0.0)))
        with selectors.DefaultSelector() as selector:
            selector.register(worker.process.stdout, selectors.EVENT_READ)
            if not selector.select(self.timeout):
                worker.stop()
                return Finding(one, None, [f"brrr: no answer within {self.timeout:.0f} s"])
        try:
            return worker.receive().finding
        except Died as error:
            return Finding(one, None, [f"brrr: {error}"])

    def shrink(self, finding: Finding, seconds: float = 20.0) -> Finding:
        """A smaller program that still differs; the same one if there is none."""
        return shrink.shrink(finding, self.examine, seconds)

    def stop(self) -> None:
        """Ends the processes."""
        for worker in self.workers:
            worker.stop()

"""One test module in a process of its own: `python -m tests.cpython.worker MODULE plain|operations|expressions FILE`.

Enters: the name of a module of the `test` package, and how to run it. Leaves: JSON in FILE: the outcome of every test with its
traceback, how many operations ran in it compiled, and the totals. A module that is not installed, or that refuses to be
imported (`SkipTest`), gives its reason under `absent`.
"""

from __future__ import annotations

import importlib.util
import json
import random
import sys
import time
import types
import unittest


class Result(unittest.TestResult):
    """Outcomes by name; a test of which a subtest fails has failed."""

    def __init__(self, counts):
        super().__init__()
        self.counts = counts
        self.tests: dict[str, dict] = {}

    def startTest(self, test):
        super().startTest(test)
        random.seed(1)
        self.before = self.counts()
        self.current = self.tests[name_of(test)] = {"outcome": "passed", "text": ""}

    def stopTest(self, test):
        super().stopTest(test)
        self.current["compiled"] = self.counts() - self.before

    def _set(self, outcome, text=""):
        self.current["outcome"] = outcome
        self.current["text"] += text

    def addError(self, test, err):
        super().addError(test, err)
        # Errors in setUpClass have no test of their own.
        if name_of(test) not in self.tests:
            self.current = self.tests[name_of(test)] = {"outcome": "", "text": "", "compiled": 0}
        self._set("failed", self._exc_info_to_string(err, test))

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self._set("failed", self._exc_info_to_string(err, test))

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        if err is not None:
            self._set("failed", f"{subtest}: {self._exc_info_to_string(err, test)}")

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        if name_of(test) not in self.tests:
            self.current = self.tests[name_of(test)] = {"outcome": "", "text": "", "compiled": 0}
        self._set("skipped", reason)

    def addUnexpectedSuccess(self, test):
        super().addUnexpectedSuccess(test)
        self._set("failed", "unexpected success")


def name_of(test) -> str:
    """`Class.method`, the same in every way to run the module."""
    parts = test.id().split(".")
    return ".".join(parts[-2:]) if isinstance(test, unittest.TestCase) and len(parts) > 1 else test.id()


def load(name: str, way: str, registry) -> types.ModuleType:
    """The test module, changed unless it is to run plain."""
    spec = importlib.util.find_spec(name)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    source = spec.loader.get_source(name)
    if way == "plain":
        code = compile(source, spec.origin, "exec", dont_inherit=True)
    else:
        from tests.cpython.transform import transform

        tree, namespace = transform(source, spec.origin, registry, way == "expressions")
        vars(module).update(namespace)
        code = compile(tree, spec.origin, "exec", dont_inherit=True)
    exec(code, vars(module))
    return module


def run(name: str, way: str) -> dict:
    full = f"test.{name}"
    try:
        found = importlib.util.find_spec(full)
    except ModuleNotFoundError:
        found = None
    if found is None:
        return {"absent": "not installed (Debian and Ubuntu: libpython3-testsuite)"}
    from test import support

    # As in a run of CPython's own runner without `-u`: tests that want minutes of processor time are skipped.
    support.use_resources = ()
    registry = None
    if way != "plain":
        from tests.cpython.operations import Registry

        registry = Registry()
        if way == "expressions":
            from brrr import _brrr

            # Compiled code is entered again at the first loop header after each exit, however little that pays.
            _brrr.eager(True)
    random.seed(1)
    started = time.perf_counter()
    try:
        module = load(full, way, registry)
    except unittest.SkipTest as skip:
        return {"absent": str(skip)}
    result = Result(lambda: registry.counts().compiled if registry else 0)
    unittest.defaultTestLoader.loadTestsFromModule(module).run(result)
    report = {"tests": result.tests, "seconds": time.perf_counter() - started}
    if registry is not None:
        report.update(summary(registry))
    return report


def summary(registry) -> dict:
    return {
        "counts": vars(registry.counts()),
        "taken": sorted(one.__name__ for one in registry.taken),
        "operations": {text: vars(one.counts()) for text, one in registry.operations.items()},
        "refusals": registry.refusals,
        "different": registry.different,
        "differences": registry.differences,
    }


if __name__ == "__main__":
    module, way, file = sys.argv[1:]
    if way not in ("plain", "operations", "expressions"):
        sys.exit(f"no such way to run a module: {way}")
    report = run(module, way)
    with open(file, "w", encoding="utf-8") as out:
        json.dump(report, out)

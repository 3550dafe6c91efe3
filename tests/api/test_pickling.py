"""Pickles and copies of functions under the decorator, and the libraries that send them to other processes."""

import copy
import os
import pathlib
import pickle
import subprocess
import sys

import pytest

from brrr import BrrrError, BrrrWarning, brrr
from tests import oracle, program
from tests.api import functions


def scaled(k):
    @brrr(overflow="wrap")
    def f(x):
        return x * k

    return f


def test_by_reference():
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        assert pickle.loads(pickle.dumps([functions.add], protocol))[0] is functions.add
        assert pickle.loads(pickle._dumps(functions.add, protocol)) is functions.add


def test_local_functions_are_refused_as_functions_are():
    def plain():
        pass

    f = scaled(3)
    for one in (f, f.original_func, plain):
        with pytest.raises((AttributeError, pickle.PicklingError)) as caught:
            pickle.dumps(one)
        message = str(caught.value).replace(repr(one), "").replace(repr(getattr(one, "original_func", None)), "")
        assert one.__qualname__ in message


def test_copies_are_the_function_itself():
    f = scaled(3)
    assert copy.copy(f) is f and copy.deepcopy(f) is f and copy.deepcopy({"f": [f]})["f"][0] is f


# By value.

@pytest.fixture
def cloudpickle():
    return pytest.importorskip("cloudpickle")


def test_a_closure(cloudpickle):
    f = scaled(3)
    f.note = [1, 2]
    f.__doc__ = "Scales."
    again = cloudpickle.loads(cloudpickle.dumps(f))
    assert type(again) is type(f) and again is not f
    assert again(5) == 15 and again(2.5) == 7.5 and again(2**62) == -(2**62)
    assert again.note == [1, 2] and again.__doc__ == "Scales." and again.__module__ == f.__module__
    assert again.__wrapped__ is again.original_func and again.__qualname__ == f.__qualname__
    assert again.stats()["compiled"] == 3 and f.stats()["calls"] == 0
    assert f.stats()["calls"] == 0 and cloudpickle.loads(cloudpickle.dumps(again))(2) == 6


def test_by_reference_where_it_can_be(cloudpickle):
    assert cloudpickle.loads(cloudpickle.dumps(functions.add)) is functions.add
    cloudpickle.register_pickle_by_value(functions)
    try:
        again = cloudpickle.loads(cloudpickle.dumps(functions.add))
        assert again is not functions.add and again(1, 2) == 3 and again(1) == 11
    finally:
        cloudpickle.unregister_pickle_by_value(functions)


def test_without_the_file(cloudpickle, tmp_path):
    """The text travels with the function: exceptions, continuations and diagnostics have it."""
    file = program.filename("api")
    text = "def make(k):\n    @brrr\n    def f(x, y):\n        t = x * k\n        return t // y\n    return f\n"
    f = program.execute(text, file, brrr)["make"](3)
    dumped = cloudpickle.dumps(f)
    program.forget(file)
    again = cloudpickle.loads(dumped)
    assert again(7, 2) == 10
    assert oracle.outcome(again, (1, 0), {}) == oracle.outcome(f.original_func, (1, 0), {})
    assert again(2**70, 1) == 3 * 2**70 and again(2**62, 5) == 3 * 2**62 // 5
    with pytest.raises(BrrrError, match="BRRR701"):
        again("text", 1)
    dumped = cloudpickle.dumps(cloudpickle.loads(cloudpickle.dumps(again)))
    assert cloudpickle.loads(dumped)(7, 2) == 10
    # In a process that has never seen the text.
    path = tmp_path / "function.pickle"
    path.write_bytes(dumped)
    code = f"import pickle\nf = pickle.load(open({str(path)!r}, 'rb'))\nprint(f(7, 2), f(2**62, 5), f.stats()['compiled'])\n"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert run.stdout == f"10 {3 * 2**62 // 5} 1\n", run.stderr


def test_functions_that_refer_to_themselves(cloudpickle):
    def outer():
        seen = (3, 4)

        @brrr
        def f(n):
            return n * seen[1]

        def g(n):
            return f(n) + len(known)

        known = [f, g]
        f.known = known
        return f

    again = cloudpickle.loads(cloudpickle.dumps(outer()))
    assert again(5) == 20 and again.known[0] is again and again.known[1](5) == 22


def test_arrays_and_globals_travel(cloudpickle):
    numpy = pytest.importorskip("numpy")
    text = "import math\n@brrr\ndef f(i):\n    return table[i] * SCALE + math.sqrt(4.0)\n"
    namespace = program.execute(text, program.filename("api"), brrr)
    namespace.update(table=numpy.arange(5.0), SCALE=2)
    f = namespace["f"]
    assert f(3) == 8.0
    f.__module__ = f.original_func.__module__ = "__main__"
    again = cloudpickle.loads(cloudpickle.dumps(f))
    namespace["SCALE"] = 100
    assert again(3) == 8.0 and again.stats()["compiled"] == 1 and f(3) == 302.0


def test_options_travel(cloudpickle):
    def make():
        @brrr(fallback=True)
        def f(x):
            return [x, k]

        k = 1
        return f

    with pytest.warns(BrrrWarning):
        f = make()
    with pytest.warns(BrrrWarning):
        assert cloudpickle.loads(cloudpickle.dumps(f))(3) == [3, 1]
    assert "with.overflow" not in cloudpickle.loads(cloudpickle.dumps(scaled(2))).inspect_llvm("int")


def test_disabled_in_the_other_process(cloudpickle, tmp_path):
    path = tmp_path / "function.pickle"
    path.write_bytes(cloudpickle.dumps(scaled(4)))
    code = f"import pickle\nf = pickle.load(open({str(path)!r}, 'rb'))\nprint(type(f).__name__, f(2.5))\n"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, env={**os.environ, "BRRR_DISABLE": "1"})
    assert run.stdout == "function 10.0\n", run.stderr


# Other processes.

MAIN = """
import sys
from brrr import brrr

SCALE = 3

@brrr
def work(n, by=2):
    t = 0
    for i in range(n):
        t += i * by + SCALE
    return t

def closure(k):
    @brrr
    def f(n):
        return n * k + SCALE
    return f

EXPECTED = [work.original_func(n) for n in range(20)]

if __name__ == "__main__":
"""


def run_main(tmp_path, body: str, timeout=240, **environment) -> str:
    """Runs a program whose functions stand in `__main__`."""
    path = tmp_path / "main_of_test.py"
    path.write_text(MAIN + "".join(f"    {line}\n" for line in body.splitlines()))
    search = [str(pathlib.Path(__file__).parents[2]), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(search), **environment}
    run = subprocess.run([sys.executable, path], capture_output=True, text=True, timeout=timeout, env=environment)
    assert run.returncode == 0, run.stderr[-3000:]
    return run.stdout


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_multiprocessing(tmp_path, method):
    out = run_main(tmp_path, f"""
import functools, multiprocessing, concurrent.futures
context = multiprocessing.get_context({method!r})
with context.Pool(2) as pool:
    assert pool.map(work, range(20)) == EXPECTED
    assert pool.map(functools.partial(work, by=0), range(4)) == [0, 3, 6, 9]
with concurrent.futures.ProcessPoolExecutor(2, mp_context=context) as pool:
    assert list(pool.map(work, range(20))) == EXPECTED
process = context.Process(target=work, args=(10,))
process.start()
process.join()
assert process.exitcode == 0
print("done")
""")
    assert out == "done\n"


def test_joblib(tmp_path):
    pytest.importorskip("joblib")
    out = run_main(tmp_path, """
import joblib
for backend in ("loky", "threading", "multiprocessing"):
    run = joblib.Parallel(n_jobs=2, backend=backend)
    assert run(joblib.delayed(work)(n) for n in range(20)) == EXPECTED
    if backend != "multiprocessing":
        assert run(joblib.delayed(closure(k))(10) for k in range(5)) == [3, 13, 23, 33, 43]
assert joblib.hash(work) == joblib.hash(work)
print("done")
""")
    assert out == "done\n"


def test_dask(tmp_path):
    pytest.importorskip("distributed")
    out = run_main(tmp_path, """
import distributed, dask
with distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster:
    with distributed.Client(cluster) as client:
        assert client.gather(client.map(work, range(20))) == EXPECTED
        closures = [client.submit(closure(k), 10) for k in range(5)]
        assert client.gather(closures) == [3, 13, 23, 33, 43]
        from tests.api import functions
        assert client.submit(functions.add, 1, b=5).result() == 6
        assert client.run(lambda: __import__("brrr") is not None)
        try:
            client.submit(work, "text").result()
        except TypeError as error:
            assert type(error).__name__ == "BrrrError" and error.diagnostics[0].code == "BRRR701"
assert dask.delayed(work)(10).compute(scheduler="threads") == EXPECTED[10]
print("done")
""")
    assert out.endswith("done\n")


@pytest.mark.skipif(sys.version_info[:2] > (3, 13), reason="Ray is not there yet")
def test_ray(tmp_path):
    pytest.importorskip("ray")
    out = run_main(tmp_path, """
import ray
ray.init(num_cpus=2, include_dashboard=False, logging_level="error", log_to_driver=False)
remote = ray.remote(lambda f, n: f(n))
assert ray.get([remote.remote(work, n) for n in range(20)]) == EXPECTED
assert ray.get([remote.remote(closure(k), 10) for k in range(5)]) == [3, 13, 23, 33, 43]
ray.shutdown()
print("done")
""", RAY_USAGE_STATS_ENABLED="0")
    assert out.endswith("done\n")

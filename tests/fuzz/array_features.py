"""What of NumPy the build at hand compiles, found out by trying, as `features` does for the language."""

from __future__ import annotations

from functools import cache

from tests import arrays
from tests.fuzz.features import works
from tests.values import Text

# A feature: the body of a function of `a`, an array of 3 float64, `b`, one of 2 by 3, and `i`, which is 1.
BODIES = {
    "load": "return a[i]", "load negative": "return a[-1] + a[-i]", "load 2": "return b[i, 2]", "load chained": "return b[i][2]",
    "store": "a[i] = 2.5", "store int": "a[i] = i * 300\n    return a[i]", "store 2": "b[i, 2] = a[0]", "store chained": "b[i][2] = 1", "augmented": "a[i] += 1", "augmented 2": "b[i, i] *= a[i]",
    "swap": "a[0], a[1] = a[1], a[0]", "len": "return len(a)", "shape": "return b.shape[1] + a.shape[0]", "shape unpack": "x, y = b.shape\n    return x * y",
    "shape whole": "return b.shape", "ndim": "return b.ndim", "size": "return b.size", "itemsize": "return b.itemsize", "nbytes": "return b.nbytes",
    "strides": "return b.strides", "dtype": "return a.dtype == np.float64", "dtype variable": "c = a.dtype\n    return np.zeros(3, c)", "dtype itemsize": "return a[i].dtype.itemsize",
    "isinstance": "return isinstance(a[i], np.floating)",
    "row": "c = b[i]\n    return c[0]", "column": "c = b[:, i]\n    return c[0]", "slice": "c = a[1:]\n    return c[0]", "slice bounds": "c = a[i:-1]\n    return len(c)",
    "slice step": "c = a[::2]\n    return c[1]", "slice reversed": "c = a[::-1]\n    return c[0]", "slice downwards": "c = a[5 * i:-9:-1]\n    return c", "slice 2": "c = b[1:, ::2]\n    return c[0, 1]",
    "row slice": "c = b[i, 1:]\n    return c[1]", "transpose": "c = b.T\n    return c[2, 1]", "ellipsis": "c = b[...]\n    return c[0, 0]",
    "for": "x = 0.0\n    for y in a:\n        x += y\n    return x", "for rows": "x = 0.0\n    for y in b:\n        x += y[0]\n    return x",
    "enumerate": "x = 0.0\n    for k, y in enumerate(a):\n        x += y * k\n    return x",
    "enumerate start": "x = 0.0\n    for k, y in enumerate(a, 2):\n        x += y * k\n    return x",
    "zip": "x = 0.0\n    for y, z in zip(a, a):\n        x += y * z\n    return x", "reversed": "x = 0.0\n    for y in reversed(a):\n        x = x * 2 + y\n    return x",
    "ndindex": "x = 0.0\n    for j, k in np.ndindex(b.shape):\n        x += b[j, k]\n    return x",
    "ndenumerate": "x = 0.0\n    for (j, k), y in np.ndenumerate(b):\n        x += y * j\n    return x",
    "ndindex_starred": "x = 0.0\n    for j, k in np.ndindex(*b.shape):\n        x += b[j, k]\n    return x",
    "while": "k = 0\n    while k < len(a) and a[k] < 9:\n        k += 1\n    return k",
    "zeros": "c = np.zeros(3)\n    c[i] = a[i]\n    return c", "zeros dtype": "return np.zeros(3, np.int8)", "zeros keyword": "return np.zeros(3, dtype=np.float32)",
    "zeros 2": "return np.zeros((2, len(a)))", "zeros shape": "return np.zeros(b.shape, np.int64)", "ones": "return np.ones(i)", "empty": "return np.empty(0)",
    "full": "return np.full(3, 2.5)", "arange": "return np.arange(3)", "arange bounds": "return np.arange(1, 7, 2)", "arange float": "return np.arange(0.5, 3)",
    "linspace": "return np.linspace(0, 1, 5)", "eye": "return np.eye(3)", "zeros_like": "return np.zeros_like(b)", "ones_like": "return np.ones_like(a)",
    "empty_like": "c = np.empty_like(a)\n    for k in range(len(c)):\n        c[k] = 1\n    return c", "full_like": "return np.full_like(a, 7)", "copy": "return a.copy()",
    "astype": "return a.astype(np.float32)", "reshape": "return b.reshape(3, 2)", "reshape flat": "return b.reshape(-1)",
    "zeros list": "return np.zeros([2, i])", "array list": "return np.array([a[i], 1.5])", "array nested": "return np.array([[1, i], [i, 2]])", "array": "return np.array(b)",
    "asarray": "return np.asarray(b)", "astype same": "return b.astype(np.float64, copy=False)", "reshape F": "return b.reshape(-1, order='F')", "reshape 1": "return b.reshape(1, -1)",
    "ravel": "return b.ravel()", "flatten F": "return b.flatten('F')", "like shape": "return np.zeros_like(b, shape=3)",
    "transpose method": "return b.transpose(1, 0)", "swapaxes": "return b.swapaxes(0, 1)", "item index": "return b.item(i)", "item 2": "return b.item(i, 2)", "truth": "return bool(a[:1])",
    "return array": "return a", "return row": "return b[i]", "return slice": "return a[1:]", "return transpose": "return b.T", "return tuple": "return a, a[i]",
    "int8": "return np.int8(i)", "float32": "return np.float32(a[i])", "uint64": "return np.uint64(i)", "complex64": "return np.complex64(a[i])",
    "int": "return int(a[i])", "float": "return float(a[i])", "bool": "return bool(a[i])", "round": "return round(a[i])", "divmod": "return divmod(a[i], 2)",
    "min": "return min(a[i], a[0])", "max": "return max(a[i], 3)", "if": "if a[i] > 0 and a[0]:\n        return 1\n    return 2", "pi": "return np.pi * a[i]",
    "math": "return math.floor(a[i]) + math.sqrt(a[i])", "is none": "return a is None", "item": "return a[i].item()",
}
# Functions of NumPy, by the number of their operands.
FUNCTIONS = {
    1: ("sqrt", "abs", "absolute", "fabs", "floor", "ceil", "trunc", "rint", "sign", "isnan", "isinf", "isfinite", "signbit", "square", "negative",
        "positive", "conjugate", "real", "imag", "reciprocal", "logical_not", "bitwise_not", "invert", "exp", "log", "sin", "cos", "tan", "tanh", "log1p", "expm1", "cbrt",
        "round"),
    2: ("minimum", "maximum", "fmin", "fmax", "copysign", "hypot", "arctan2", "power", "mod", "remainder", "fmod", "floor_divide", "add", "subtract",
        "multiply", "divide", "logical_and", "logical_or", "bitwise_and", "left_shift", "nextafter"),
}


@cache
def has() -> frozenset[str]:
    """The features that the build compiles; none without NumPy."""
    if not arrays.present():
        return frozenset()
    return frozenset(name for name, body in BODIES.items() if works(*trial(body)))


@cache
def functions(operands: int) -> tuple[str, ...]:
    """The functions of NumPy that the build compiles."""
    call = "np.{}(a[0])" if operands == 1 else "np.{}(a[0], a[1])"
    return tuple(name for name in FUNCTIONS[operands] if works(*trial("return " + call.format(name))))


def trial(body: str) -> tuple[str, tuple]:
    """A module's text and a call for a body."""
    call = (Text("np.array([0.5, 1.5, 2.5])"), Text("np.arange(6.0).reshape(2, 3).copy()"), 1)
    return f"import math\nimport numpy as np\n@brrr\ndef f(a, b, i):\n    {body}\n", call

"""NumPy's values as the tests compare, write and make them. NumPy is imported when the first of them is asked for.

Enters: scalars and arrays. Leaves: forms of them that `==` compares to the bit, and what of a call's arguments and results is one
piece of memory. The sign and payload of NaN are left out.
"""

from __future__ import annotations

import importlib.util
import struct
import sys
from functools import cache
from typing import Any

# The dtypes that compiled code has, by NumPy's names.
DTYPES = ("bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float32", "float64", "complex64", "complex128")
# Dimensions that compiled code takes.
MOST_DIMENSIONS = 8
# An array of more elements is not written out.
MOST_SHOWN = 60


@cache
def present() -> bool:
    """True if NumPy is installed."""
    return importlib.util.find_spec("numpy") is not None


def is_scalar(value: object) -> bool:
    """True for a scalar of NumPy; `np.float64` is a `float`, too."""
    numpy = sys.modules.get("numpy")
    return numpy is not None and isinstance(value, numpy.generic)


def is_array(value: object) -> bool:
    """True for an array of any class."""
    numpy = sys.modules.get("numpy")
    return numpy is not None and isinstance(value, numpy.ndarray)


def scalar_name(kind: type) -> str:
    """The name of a scalar's type as the table of operators has it: `bool_` is not Python's `bool`."""
    return "bool_" if kind.__name__ == "bool" else kind.__name__


def fits(value) -> bool:
    """True if compiled code holds the scalar or array."""
    numpy = sys.modules["numpy"]
    if isinstance(value, numpy.generic):
        return type(value) in _scalar_types()
    return (type(value) is numpy.ndarray and value.dtype.type in _scalar_types() and value.dtype.isnative and value.flags.aligned
            and value.ndim <= MOST_DIMENSIONS)


def is_refused(value) -> bool:
    """True if compiled code may refuse the array with an error of its own: it is not aligned, or in another byte order."""
    numpy = sys.modules["numpy"]
    return type(value) is numpy.ndarray and not (value.dtype.isnative and value.flags.aligned)


@cache
def _scalar_types() -> frozenset[type]:
    import numpy

    return frozenset(numpy.dtype(name).type for name in DTYPES)


@cache
def converted(types: tuple[type, ...]) -> list[tuple[str, ...]]:
    """The operands' types after NumPy's conversions, with Python's numbers weak."""
    import numpy

    weak = {bool: numpy.bool_(False), int: 0, float: 0.0, complex: 0j}
    if not all(one in weak or one in _scalar_types() for one in types) or (complex in types and numpy.float64 in types):
        # A complex takes a float64 for a float; what it does not know is left to the interpreter.
        return []
    common = numpy.result_type(*(weak.get(one, numpy.dtype(one)) for one in types))
    return [(scalar_name(kind.type),) * len(types) for kind in (common, numpy.result_type(common, numpy.float64))]


# Forms that are compared ----------------------------------------------------------------------------------------------


def encode(value, contents: bool = True) -> tuple[str, Any]:
    """Type and value of a scalar or an array; of an array without `contents` only what it is."""
    if not is_array(value):
        return (f"np.{scalar_name(type(value))}", _scalar(value))
    flags = value.flags
    form = (value.dtype.str, value.shape, value.strides, flags.writeable, flags.owndata)
    return (_class_name(value), (*form, _contents(value) if contents else None))


def _class_name(value) -> str:
    kind = type(value)
    return kind.__name__ if kind.__name__ == "ndarray" else f"{kind.__module__}.{kind.__qualname__}"


def _scalar(value):
    kind = value.dtype.kind
    if kind == "c":
        return (_scalar(value.real), _scalar(value.imag))
    if kind == "f":
        return "nan" if value != value else value.tobytes().hex()
    if kind == "b":
        return bool(value)
    return int(value) if kind in "iu" else repr(value)


def _contents(value):
    if value.dtype.hasobject or value.dtype.kind not in "biufc":
        return repr(value.tolist())
    return plain(value).tobytes()


def plain(value):
    """A copy in C order, in which every NaN is the same one."""
    numpy = sys.modules["numpy"]
    made = numpy.array(value, order="C", subok=False, copy=True)
    if made.dtype.kind == "c":
        parts = made.reshape(-1).view(made.real.dtype)
        parts[numpy.isnan(parts)] = numpy.nan
    elif made.dtype.kind == "f":
        made[numpy.isnan(made)] = numpy.nan
    return made


def show(encoded: tuple[str, Any]) -> str:
    """The readable form of an encoded scalar or array."""
    kind, payload = encoded
    if kind.startswith("np."):
        return f"{kind}({_shown_scalar(kind, payload)})"
    numpy = sys.modules["numpy"]
    dtype, shape, strides, writeable, owndata, contents = payload
    if isinstance(contents, bytes):
        elements = numpy.frombuffer(contents, dtype).reshape(shape)
        with numpy.printoptions(floatmode="unique", threshold=MOST_SHOWN):
            contents = numpy.array2string(elements, separator=", ").replace("\n", "")
    words = f"{kind} {numpy.dtype(dtype)}{list(shape)} strides {strides}"
    return f"{words}{'' if writeable else ', read-only'}{'' if owndata else ', a view'}: {contents}"


def _shown_scalar(kind: str, payload) -> str:
    if isinstance(payload, tuple):
        part = "np.float32" if kind == "np.complex64" else "np.float64"
        return ", ".join(_shown_scalar(part, one) for one in payload)
    if kind in ("np.float32", "np.float64") and payload != "nan":
        return repr(struct.unpack("<f" if kind == "np.float32" else "<d", bytes.fromhex(payload))[0])
    return str(payload)


def written(value) -> str:
    """A scalar as a program writes it; `inf` and `nan` are names there."""
    name = f"np.{scalar_name(type(value))}"
    if value.dtype.kind == "c":
        return f"{name}(complex({_number(float(value.real))}, {_number(float(value.imag))}))"
    return f"{name}({_number(value.item())})"


def _number(value) -> str:
    return repr(value) if value == value else "nan"


def close(left: tuple[str, Any], right: tuple[str, Any], most: int) -> bool:
    """True if two encoded values differ by at most so many units in the last place of their floats."""
    (kind, one), (other_kind, other) = left, right
    if kind != other_kind or one == other:
        return left == right
    if kind == "tuple":
        return len(one) == len(other) and all(close(a, b, most) for a, b in zip(one, other))
    if kind in ("np.complex64", "np.complex128"):
        part = "np.float32" if kind == "np.complex64" else "np.float64"
        return all(close((part, a), (part, b), most) for a, b in zip(one, other))
    if kind in ("np.float32", "np.float64"):
        if "nan" in (one, other):
            return False
        width = "f" if kind == "np.float32" else "d"
        return abs(_place(one, width) - _place(other, width)) <= most
    if kind == "ndarray":
        return one[:-1] == other[:-1] and _close_contents(one, other, most)
    return False


def _place(bits: str, width: str) -> int:
    """The number of a float among all floats in their order."""
    number = struct.unpack("<i" if width == "f" else "<q", bytes.fromhex(bits))[0]
    # Minus zero is the one below zero.
    return number if number >= 0 else -1 - (number & (2**31 - 1 if width == "f" else 2**63 - 1))


def _close_contents(one: tuple, other: tuple, most: int) -> bool:
    numpy = sys.modules["numpy"]
    dtype = numpy.dtype(one[0])
    if dtype.kind not in "fc":
        return False
    part = numpy.dtype(f"f{dtype.itemsize // (2 if dtype.kind == 'c' else 1)}").type
    name = f"np.{part.__name__}"
    pairs = zip(numpy.frombuffer(one[-1], part), numpy.frombuffer(other[-1], part))
    return all(close((name, _scalar(a)), (name, _scalar(b)), most) for a, b in pairs)


# Memory ---------------------------------------------------------------------------------------------------------------


def within(values) -> list:
    """The arrays among values and in the tuples among them."""
    found = []
    for value in values:
        if type(value) is tuple:
            found += within(value)
        elif is_array(value):
            found.append(value)
    return found


def root(array):
    """The array that the memory belongs to, as far as it is an array's."""
    while is_array(array.base):
        array = array.base
    return array


def after(arguments) -> tuple:
    """What the array arguments are after a call, and what the memory around them holds."""
    arrays = within(arguments)
    around: list = []
    for array in arrays:
        owner = root(array)
        if owner is not array and not any(owner is one for one in (*around, *arrays)):
            around.append(owner)
    return tuple(encode(one) for one in (*arrays, *around))


def relations(result, arguments) -> tuple:
    """For each array of a result: which object it is, the memory of which argument it uses, and what its base is."""
    numpy = sys.modules.get("numpy")
    given, returned = within(arguments), within([result])
    found = []
    for at, one in enumerate(returned):
        same = _index(given, one)
        shared = next(((number, _address(one) - _address(argument)) for number, argument in enumerate(given)
                       if one.size and numpy.may_share_memory(one, argument)), None)
        found.append((same, _index(returned[:at], one), shared, _base(one, given)))
    return tuple(found)


def _base(one, given):
    base = one.base
    if base is None:
        return None
    if (number := _index(given, base)) is not None:
        return number
    if (number := next((k for k, argument in enumerate(given) if argument.base is base), None)) is not None:
        return f"base of {number}"
    return encode(base, contents=False) if is_array(base) else type(base).__name__


def _index(arrays, one) -> int | None:
    return next((number for number, array in enumerate(arrays) if array is one), None)


def _address(array) -> int:
    return array.__array_interface__["data"][0]

"""Operations as functions: the text of each, compiled by brrr, beside the same text in plain CPython.

Enters: the text of an operation over the names of its operands, and operands. Leaves: what the compiled function gives or
raises. Operands that are no numbers go to the plain function, as do numbers of a type that this build of brrr does not take.
Every result of brrr is compared with the plain one, to the bit; what differs is kept in `Registry.differences`.
"""

from __future__ import annotations

import builtins
import linecache
import struct
import types
from dataclasses import dataclass

from brrr import BrrrError, brrr

PARAMETERS = "abcdefghij"
# An operand is tried as a tuple up to this length: each shape is a signature of its own.
LONGEST_TUPLE = 6
# Differences beyond these are counted only.
MOST_DIFFERENCES = 50


def function_text(expression: str, arity: int) -> str:
    """The function that gives an expression over its first `arity` parameters."""
    return f"def f({', '.join(PARAMETERS[:arity])}):\n    return {expression}\n"


def augmented_text(operator: str) -> str:
    """`a += b` as a function."""
    return f"def f(a, b):\n    a {operator}= b\n    return a\n"


def loop_text(arguments: str, arity: int) -> str:
    """The first turns of a loop over a range, folded into a number that depends on their order."""
    return (
        f"def f({', '.join(PARAMETERS[:arity])}):\n"
        "    turns = 0\n    mixed = 7\n"
        f"    for i in range({arguments}):\n"
        "        if turns == 20:\n            break\n"
        "        turns += 1\n        mixed = (mixed * 31 + i % 1000003) % 1000003\n"
        "    else:\n        mixed = -1 - mixed\n"
        "    return mixed\n"
    )


@dataclass
class Counts:
    """Operations by who did them. Those in the first three had numbers as operands."""

    compiled: int = 0  # compiled code, to its end
    left: int = 0  # began in compiled code and left it: CPython did it or raised
    interpreted: int = 0  # CPython's own: an int over 64 bits, a subclass, an operation or a type that brrr refuses
    other: int = 0  # operands that are no numbers

    def __iadd__(self, more: Counts) -> Counts:
        for name, value in vars(more).items():
            setattr(self, name, getattr(self, name) + value)
        return self


class Operation:
    """One operation: called like the plain function, it gives what the compiled one gives."""

    def __init__(self, registry: Registry, text: str, name: str, namespace: dict):
        self.registry = registry
        self.text = text
        self.plain = namespace[name]
        self.scalars = registry.scalars
        self.others = 0
        # Numbers that brrr was not asked about, and calls that it refused.
        self.withheld = 0
        self.refused = 0
        try:
            self.compiled = brrr(self.plain)
        except BrrrError as error:
            self.compiled = None
            registry.refuse(text, error)

    def __call__(self, *args, **kwargs):
        if kwargs or self.compiled is None or not self.scalars.issuperset(map(type, args)):
            # Not the common case: the order of the questions decides what is counted.
            if kwargs or not are_numbers(args):
                self.others += 1
                return self.plain(*args, **kwargs)
            if self.compiled is None or not self.registry.takes(args):
                self.withheld += 1
                return self.plain(*args)
        try:
            value = self.compiled(*args)
        except BrrrError as error:
            # A refusal runs nothing: CPython does the operation.
            self.refused += 1
            self.registry.refuse(self.text, error)
            return self.plain(*args)
        except Exception as error:
            self.registry.check_raised(self, args, error)
            raise
        try:
            expected = self.plain(*args)
        except Exception as error:
            self.registry.differs(self, args, f"{type(error).__name__}: {error}", show(value))
        else:
            if expected is not value and not same(expected, value):
                self.registry.differs(self, args, show(expected), show(value))
        return value

    def counts(self) -> Counts:
        if self.compiled is None:
            return Counts(interpreted=self.withheld, other=self.others)
        stats = self.compiled.stats()
        rest = stats["calls"] - stats["compiled"]
        left = min(rest - self.refused, sum(stats["exits"].values()))
        return Counts(stats["compiled"], left, rest - left + self.withheld, self.others)


class Registry:
    """Every operation of one test module."""

    def __init__(self):
        self.operations: dict[str, Operation] = {}
        self.differences: list[str] = []
        self.different = 0
        self.refusals: dict[str, str] = {}
        self.scalars: set[type] = set()
        self.taken = {one for one in (int, float, bool, type(None), complex, tuple) if self._is_taken(one)}
        self.scalars |= self.taken - {tuple}

    def _is_taken(self, kind: type) -> bool:
        """True if this build of brrr takes arguments of the type."""
        probe = self.operation("def f(a):\n    return a\n")
        value = (1, 2.0) if kind is tuple else None if kind is type(None) else kind(1)
        try:
            return probe.compiled(value) == value
        except BrrrError:
            return False

    def takes(self, args: tuple) -> bool:
        """True if brrr is asked about these numbers: types that it takes, and their subclasses, which it must know to leave alone."""
        for one in args:
            if type(one) is tuple:
                if tuple not in self.taken or len(one) > LONGEST_TUPLE or not self.takes(one):
                    return False
            elif type(one) not in self.taken and not any(isinstance(one, kind) for kind in self.taken):
                return False
        return True

    def refuse(self, text: str, error: BrrrError) -> None:
        found = error.diagnostics[0] if error.diagnostics else None
        self.refusals.setdefault(text, str(error) if found is None else f"{found.code} {found.message}")

    def operation(self, text: str, name: str = "f", namespace: dict | None = None) -> Operation:
        """The operation of a text; the same text gives the same one."""
        found = self.operations.get(text)
        if found is None:
            file = f"<operation {len(self.operations)}>"
            linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)
            names = {} if namespace is None else namespace
            own: dict = {}
            exec(compile(text, file, "exec", dont_inherit=True), names, own)
            found = self.operations[text] = Operation(self, text, name, own)
        return found

    def check_raised(self, operation: Operation, args: tuple, raised: Exception) -> None:
        found = f"{type(raised).__name__}: {raised}"
        try:
            expected = show(operation.plain(*args))
        except Exception as error:
            if type(error) is type(raised) and str(error) == str(raised):
                return
            expected = f"{type(error).__name__}: {error}"
        self.differs(operation, args, expected, found)

    def differs(self, operation: Operation, args: tuple, expected: str, found: str) -> None:
        self.different += 1
        if len(self.differences) < MOST_DIFFERENCES:
            operands = ", ".join(show(one) for one in args)
            self.differences.append(f"{operation.text.strip()!r} of ({operands}): CPython {expected}, brrr {found}")

    def counts(self) -> Counts:
        total = Counts()
        for one in self.operations.values():
            total += one.counts()
        return total


def are_numbers(args: tuple) -> bool:
    """True for numbers, None, and tuples of them."""
    return all(one is None or isinstance(one, (int, float, complex)) or type(one) is tuple and are_numbers(one) for one in args)


def show(value: object) -> str:
    text = f"<int of {value.bit_length()} bits>" if type(value) is int and value.bit_length() > 4000 else repr(value)
    return f"{text} ({type(value).__name__})"


def same(one: object, other: object) -> bool:
    """True if type and value are equal, to the bit; the sign and payload of NaN are left out."""
    if type(one) is not type(other):
        return False
    if type(one) is int:
        return one == other
    if type(one) is float:
        return struct.pack("d", one) == struct.pack("d", other) or (one != one and other != other)
    if type(one) is complex:
        return same(one.real, other.real) and same(one.imag, other.imag)
    if type(one) is tuple:
        return len(one) == len(other) and all(map(same, one, other))
    if type(one) is types.GeneratorType:
        # Two that have just been made by one function, with the same arguments.
        return one.gi_code is other.gi_code and dict(one.gi_frame.f_locals) == dict(other.gi_frame.f_locals)
    return one is other or one == other or (one != one and other != other)


class Proxy:
    """A function of CPython as a value: calls go to the operation for their number of arguments.

    An instance, not a function, so that it binds to nothing as an attribute of a class, as a built-in function does.
    """

    def __init__(self, registry: Registry, original: object, path: str, namespace: dict):
        self._registry = registry
        self._original = original
        self._path = path
        self._namespace = namespace
        self._by_shape: dict = {}
        self.__doc__ = getattr(original, "__doc__", None)

    def __call__(self, *args, **kwargs):
        shape = (len(args), *kwargs)
        operation = self._by_shape.get(shape)
        if operation is None:
            operation = self._by_shape[shape] = self._operation(len(args), tuple(kwargs))
        return operation(*args, *kwargs.values())

    def _operation(self, positional: int, keywords: tuple[str, ...]):
        arity = positional + len(keywords)
        if arity > len(PARAMETERS):
            original, count = self._original, positional
            return lambda *args: original(*args[:count], **dict(zip(keywords, args[count:])))
        written = [*PARAMETERS[:positional], *(f"{key}={one}" for key, one in zip(keywords, PARAMETERS[positional:]))]
        return self._registry.operation(function_text(f"{self._path}({', '.join(written)})", arity), namespace=self._namespace)

    def __getattr__(self, name):
        return getattr(self._original, name)

    def __repr__(self):
        return repr(self._original)


class ModuleProxy(types.ModuleType):
    """`math` or `operator` with functions that run through brrr."""

    def __init__(self, registry: Registry, module: types.ModuleType):
        super().__init__(module.__name__)
        name = module.__name__
        for key, value in vars(module).items():
            if name == "operator" and key in OPERATOR_FUNCTIONS:
                expression = OPERATOR_FUNCTIONS[key]
                value = registry.operation(function_text(expression, 1 if key in UNARY_FUNCTIONS else 2))
            elif name == "math" and isinstance(value, types.BuiltinFunctionType):
                value = Proxy(registry, value, f"math.{key}", {"math": module})
            setattr(self, key, value)


OPERATOR_FUNCTIONS = {
    "add": "a + b", "sub": "a - b", "mul": "a * b", "truediv": "a / b", "floordiv": "a // b", "mod": "a % b", "pow": "a ** b",
    "lshift": "a << b", "rshift": "a >> b", "and_": "a & b", "or_": "a | b", "xor": "a ^ b", "neg": "-a", "pos": "+a",
    "invert": "~a", "inv": "~a", "abs": "abs(a)", "not_": "not a", "lt": "a < b", "le": "a <= b", "eq": "a == b",
    "ne": "a != b", "gt": "a > b", "ge": "a >= b", "truth": "bool(a)",
}
UNARY_FUNCTIONS = ("neg", "pos", "invert", "inv", "abs", "not_", "truth")


def builtin_proxy(registry: Registry, name: str) -> Proxy:
    return Proxy(registry, getattr(builtins, name), name, {})

from collections.abc import Callable
from types import CodeType, MethodType
from typing import Any, Generic, Literal, ParamSpec, TypedDict, TypeVar, overload

_P = ParamSpec("_P")
_R = TypeVar("_R", covariant=True)

__version__: str
__all__ = ["BrrrError", "BrrrWarning", "Diagnostic", "Function", "brrr"]

_Type = type[int] | type[float] | type[bool] | type[None] | str | None
_Signature = _Type | tuple[_Type, ...]

class _Stats(TypedDict):
    calls: int
    compiled: int
    exits: dict[int, int]
    compile_seconds: float
    cache: Literal["hit", "miss", "off"]
    tiers: dict[str, Literal["quick", "full"]]
    tier_problems: dict[str, str]
    moves: int
    fastmath: Literal["off", "vectors", "scalar"]

class Function(Generic[_P, _R]):
    """A function under the decorator: called as the plain function is, by compiled code."""

    __name__: str
    __qualname__: str
    __module__: str
    __doc__: str | None
    __defaults__: tuple[Any, ...] | None
    __kwdefaults__: dict[str, Any] | None
    __annotations__: dict[str, Any]
    __code__: CodeType
    __dict__: dict[str, Any]
    @property
    def __globals__(self) -> dict[str, Any]: ...
    @property
    def __closure__(self) -> tuple[Any, ...] | None: ...
    @property
    def __wrapped__(self) -> Callable[_P, _R]: ...
    @property
    def original_func(self) -> Callable[_P, _R]: ...
    @property
    def py_func(self) -> Callable[_P, _R]: ...
    @property
    def signatures(self) -> list[str]: ...
    def __call__(self, *args: _P.args, **kwargs: _P.kwargs) -> _R: ...
    @overload
    def __get__(self, instance: None, owner: type | None = None, /) -> Function[_P, _R]: ...
    @overload
    def __get__(self, instance: object, owner: type | None = None, /) -> MethodType: ...
    def compile(self, *types: _Type) -> None: ...
    def inspect_types(self, signature: _Signature = None) -> str: ...
    def inspect_llvm(self, signature: _Signature = None, optimized: bool = True) -> str: ...
    def inspect_asm(self, signature: _Signature = None) -> str: ...
    def stats(self) -> _Stats: ...

class _Decorator:
    @overload
    def __call__(  # type: ignore[overload-overlap]
        self, function: staticmethod[_P, _R], /
    ) -> staticmethod[_P, _R]: ...
    @overload
    def __call__(self, function: Callable[_P, _R], /) -> Function[_P, _R]: ...

@overload
def brrr(  # type: ignore[overload-overlap]
    function: staticmethod[_P, _R],
    /,
    *,
    overflow: Literal["exact", "wrap"] = "exact",
    fastmath: bool = False,
    fallback: bool = False,
    cache: bool = True,
) -> staticmethod[_P, _R]: ...
@overload
def brrr(
    function: Callable[_P, _R],
    /,
    *,
    overflow: Literal["exact", "wrap"] = "exact",
    fastmath: bool = False,
    fallback: bool = False,
    cache: bool = True,
) -> Function[_P, _R]: ...
@overload
def brrr(
    *,
    overflow: Literal["exact", "wrap"] = "exact",
    fastmath: bool = False,
    fallback: bool = False,
    cache: bool = True,
) -> _Decorator: ...

class Position:
    line: int
    column: int

class Label:
    path: str
    start: Position
    end: Position
    message: str

class Edit:
    start: Position
    end: Position
    replacement: str

class Fix:
    message: str
    applicability: Literal["machine-applicable", "maybe-incorrect"]
    edits: list[Edit]

class Diagnostic:
    code: str
    slug: str
    severity: Literal["error", "warning", "hint"]
    message: str
    path: str | None
    start: Position | None
    end: Position | None
    help: str | None
    labels: list[Label]
    notes: list[str]
    fixes: list[Fix]

class BrrrError(TypeError):
    diagnostics: list[Diagnostic]
    def __init__(self, text: str = "", diagnostics: list[Diagnostic] = ...) -> None: ...

class BrrrWarning(UserWarning): ...

def load_ipython_extension(shell: Any) -> None: ...
def unload_ipython_extension(shell: Any) -> None: ...

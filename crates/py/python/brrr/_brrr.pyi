from typing import Literal, TypedDict

from brrr import Function as Function
from brrr import brrr as brrr

__version__: str

class _Operator(TypedDict):
    name: str
    params: list[str]
    result: str
    leaves: list[str]
    doc: str
    example: str
    internal: bool

def operators() -> list[_Operator]: ...
def faults() -> list[str]: ...
def tier(name: Literal["auto", "quick", "full", "eager"] | None = None, /) -> Literal["auto", "quick", "full", "eager"]: ...

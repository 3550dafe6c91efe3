"""Tests that are known not to pass under brrr, each with its reason.

A key is `module.Class.method`. A test that is named here and passes is a failure of the suite, as is one that does not pass and
is not named. `python -m tests.cpython` prints what there is to name.
"""

from __future__ import annotations

# Modules of the `test` package, and what they are about.
MODULES = {
    "test_augassign": "augmented assignment",
    "test_binop": "binary operators",
    "test_bool": "bool",
    "test_builtin": "builtin functions",
    "test_cmath": "complex functions, compared by `math`",
    "test_compare": "comparisons",
    "test_complex": "complex",
    "test_float": "float",
    "test_fractions": "fractions beside numbers",
    "test_int": "int",
    "test_long": "int, large values",
    "test_math": "`math`",
    "test_numeric_tower": "hashes and comparisons across types",
    "test_operator": "operators as functions",
    "test_pow": "powers",
    "test_range": "range",
    "test_unary": "unary operators",
}

KNOWN: dict[str, str] = {}

"""NumPy's functions are refused where they give a float16, and nowhere else."""

from __future__ import annotations

from itertools import product

import pytest

from tests import numpy_edges, oracle, program, table

np = pytest.importorskip("numpy")
FUNCTIONS = sorted({(row.name, len(row.params)) for row in table.numpy_rows() if row.kind == "call" and row.name.startswith("np.")})
VALUES = [dtype(1) for dtype in (np.bool_, np.int8, np.uint8, np.int16, np.uint64, np.float32, np.complex64)] + [True, 1, 1.0, 1j]


@pytest.mark.parametrize("name, operands", FUNCTIONS)
def test_refused_where_numpy_gives_a_float16(name, operands):
    names = ["a", "b", "c"][:operands]
    text = f"import numpy as np\n@brrr\ndef f({', '.join(names)}):\n    return {name}({', '.join(names)})\n"
    file = program.filename("half")
    function = program.execute(text, file, __import__("brrr").brrr)["f"]
    for values in product(VALUES, repeat=operands):
        try:
            with np.errstate(all="ignore"):
                gives_half = getattr(np, name.removeprefix("np."))(*values).dtype == np.float16
        except Exception:
            continue
        try:
            oracle.observe(function, values, {}, file)
            refused = ()
        except oracle.Refused as error:
            refused = error.codes
        assert list(refused) == ["half-float"] * gives_half, (values, refused)

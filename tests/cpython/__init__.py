"""CPython's own tests of numbers, run through brrr.

The tests come from the `test` package of the interpreter that runs. `transform` replaces the operations in a test module by
calls of small functions, `operations` holds those functions and compiles them, `worker` runs one module in a process of its
own, `runner` compares with the untransformed module and makes the tables, `known` names what is known not to pass.

    python -m tests.cpython                        # every module
    python -m tests.cpython test_int test_math     # some
    python -m tests.cpython --write-docs           # renew docs/cpython-tests.md for this interpreter
"""

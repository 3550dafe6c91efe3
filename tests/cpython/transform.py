"""A test module's tree with its operations replaced by calls of compiled functions.

Enters: the text of a module. Leaves: its tree, in which every operation on values is a call `compiled_N(operands)`, and the
operations by those names. Operands are evaluated once and in the order of the original. Two depths: one function for each
operation, or one for each expression whose leaves are names and numbers.

Not replaced: what has no operands yet (a negative literal), chained comparisons and `and`, `or`, `if else` of anything but names
and numbers (their operands are evaluated on demand), targets that are not names, and `is` with anything but None.
"""

from __future__ import annotations

import ast
import builtins
import textwrap

from tests.cpython.operations import (
    PARAMETERS,
    ModuleProxy,
    Registry,
    are_numbers,
    augmented_text,
    builtin_proxy,
    function_text,
    loop_text,
)

# Builtins that a compiled function may call. Classes are replaced where they are called, functions as values too.
FUNCTIONS = ("abs", "divmod", "max", "min", "pow", "round", "sum", "any", "all", "len")
CLASSES = ("int", "float", "bool", "complex")
METHODS = ("bit_length", "bit_count", "is_integer", "conjugate", "as_integer_ratio")
ATTRIBUTES = ("real", "imag", "numerator", "denominator")
MODULES = ("math", "operator")
AUGMENTED = {
    ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.FloorDiv: "//", ast.Mod: "%", ast.Pow: "**",
    ast.LShift: "<<", ast.RShift: ">>", ast.BitAnd: "&", ast.BitOr: "|", ast.BitXor: "^",
}


def is_number(node: ast.expr) -> bool:
    """True for a numeric literal, which may be negative."""
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        node = node.operand
        return isinstance(node, ast.Constant) and type(node.value) in (int, float, complex)
    return isinstance(node, ast.Constant) and type(node.value) in (int, float, complex, bool, type(None))


def is_leaf(node: ast.expr) -> bool:
    return is_number(node) or isinstance(node, ast.Name)


def bound_names(tree: ast.AST) -> set[str]:
    """Every name that is bound anywhere in the module: what is bound here is not taken for the builtin."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            found.add(node.id)
        elif isinstance(node, ast.arg):
            found.add(node.arg)
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            found.add(node.name)
        elif isinstance(node, ast.alias):
            found.add(node.asname or node.name.partition(".")[0])
    return found


class Transformer(ast.NodeTransformer):
    """Replaces the operations of a tree. `namespace` is what the changed module needs in its globals."""

    def __init__(self, registry: Registry, tree: ast.Module, source: str, deep: bool):
        self.registry = registry
        self.source = source
        self.deep = deep
        bound = bound_names(tree)
        self.functions = {one for one in FUNCTIONS if one not in bound}
        self.classes = {one for one in CLASSES if one not in bound}
        self.range = "range" not in bound
        self.namespace: dict[str, object] = {}
        self._names: dict[str, str] = {}

    # Names of what is put into the module ----------------------------------------------------------------------------

    def _name(self, key: str, make) -> str:
        name = self._names.get(key)
        if name is None:
            name = self._names[key] = f"compiled_{len(self._names)}"
            self.namespace[name] = make()
        return name

    def _call(self, text: str, operands: list[ast.expr], place: ast.AST) -> ast.expr:
        name = self._name(text, lambda: self.registry.operation(text))
        return ast.copy_location(ast.Call(ast.Name(name, ast.Load()), operands, []), place)

    # Expressions ------------------------------------------------------------------------------------------------------

    def _parts(self, node: ast.expr) -> list[str | tuple[str, int]] | None:
        """The fields that hold the operands of an operation, in the order of evaluation; None for what is no operation."""
        if isinstance(node, ast.BinOp) and not isinstance(node.op, ast.MatMult):
            return ["left", "right"]
        if isinstance(node, ast.UnaryOp):
            return None if is_number(node) else ["operand"]
        if isinstance(node, ast.Compare):
            return self._compare_parts(node)
        if isinstance(node, ast.BoolOp):
            return [("values", i) for i in range(len(node.values))] if all(map(is_leaf, node.values)) else None
        if isinstance(node, ast.IfExp):
            return ["test", "body", "orelse"] if all(map(is_leaf, (node.test, node.body, node.orelse))) else None
        if isinstance(node, ast.Attribute):
            return ["value"] if node.attr in ATTRIBUTES and isinstance(node.ctx, ast.Load) else None
        if isinstance(node, ast.Call):
            return self._call_parts(node)
        return None

    def _compare_parts(self, node: ast.Compare):
        operands = (node.left, *node.comparators)
        if len(operands) > 2 and not all(map(is_leaf, operands)):
            return None
        for one, right in zip(node.ops, node.comparators):
            if isinstance(one, (ast.Is, ast.IsNot)) and not (isinstance(right, ast.Constant) and right.value is None):
                return None
            if isinstance(one, (ast.In, ast.NotIn)):
                # Only a tuple of numbers: what else can be searched is no value of a compiled function.
                return ["left"] if len(operands) == 2 and isinstance(right, ast.Tuple) and all(map(is_number, right.elts)) else None
        return ["left", *(("comparators", i) for i in range(len(node.comparators)))]

    def _call_parts(self, node: ast.Call):
        if any(isinstance(one, ast.Starred) for one in node.args) or any(one.arg is None for one in node.keywords):
            return None
        arguments: list = [("args", i) for i in range(len(node.args))]
        if isinstance(node.func, ast.Name):
            if node.func.id == "isinstance":
                kinds = node.args[1] if len(node.args) == 2 else None
                known = isinstance(kinds, ast.Name) and kinds.id in self.classes
                return [("args", 0)] if known else None
            if node.func.id not in self.functions | self.classes:
                return None
            return arguments + [("keywords", i) for i in range(len(node.keywords))]
        if isinstance(node.func, ast.Attribute) and node.func.attr in METHODS and not node.keywords:
            return ["func", *arguments]
        return None

    def _pure(self, node: ast.expr) -> bool:
        """True if a tree has only operations over names and numbers: nothing can tell when its leaves are evaluated."""
        if is_leaf(node):
            return True
        parts = self._parts(node)
        return parts is not None and all(self._pure(_get(node, part)) for part in parts)

    def _lift(self, node: ast.expr) -> ast.expr | None:
        """The call that does the operation, or None."""
        if self._parts(node) is None:
            return None
        operands: list[ast.expr] = []
        parameters: dict[str, str] = {}

        def parameter(child: ast.expr) -> ast.expr:
            key = child.id if isinstance(child, ast.Name) else f"#{len(operands)}"
            if key not in parameters:
                parameters[key] = PARAMETERS[len(operands)] if len(operands) < len(PARAMETERS) else ""
                operands.append(self.visit(child))
            return ast.Name(parameters[key], ast.Load())

        def rewritten(node: ast.expr) -> ast.expr:
            copy = _copy(node)
            for part in self._parts(node):
                child = _get(node, part)
                if is_number(child):
                    continue
                inner = self.deep and not is_leaf(child) and self._pure(child)
                _set(copy, part, rewritten(child) if inner else parameter(child))
            return copy

        expression = rewritten(node)
        if len(operands) > len(PARAMETERS):
            return None
        text = function_text(ast.unparse(ast.fix_missing_locations(expression)), len(operands))
        return self._call(text, operands, node)

    def _expression(self, node: ast.expr) -> ast.expr:
        lifted = self._lift(node)
        return self.generic_visit(node) if lifted is None else lifted

    visit_BinOp = visit_UnaryOp = visit_Compare = visit_BoolOp = visit_IfExp = visit_Attribute = _expression

    def visit_Call(self, node: ast.Call) -> ast.expr:
        name = node.func.id if isinstance(node.func, ast.Name) else None
        plain = not node.keywords and not any(isinstance(one, ast.Starred) for one in node.args)
        if name == "range" and self.range and plain and 1 <= len(node.args) <= 3:
            return self._range(node)
        return self._expression(node)

    def _range(self, node: ast.Call) -> ast.expr:
        """`range(...)`, after a compiled loop over the same one: it raises what the range raises."""
        name = self._name(f"range {len(node.args)}", lambda: RangeCheck(self.registry, len(node.args)))
        arguments = [self.visit(one) for one in node.args]
        return ast.copy_location(ast.Call(ast.Name(name, ast.Load()), arguments, []), node)

    def visit_Name(self, node: ast.Name) -> ast.expr:
        if isinstance(node.ctx, ast.Load) and node.id in self.functions:
            name = self._name(f"builtin {node.id}", lambda: builtin_proxy(self.registry, node.id))
            return ast.copy_location(ast.Name(name, ast.Load()), node)
        return node

    # Patterns hold constants, not operations.
    def visit_MatchValue(self, node):
        return node

    def visit_MatchMapping(self, node):
        return node

    # Statements -------------------------------------------------------------------------------------------------------

    def visit_AugAssign(self, node: ast.AugAssign) -> ast.stmt:
        operator = AUGMENTED.get(type(node.op))
        if operator is None or not isinstance(node.target, ast.Name):
            return self.generic_visit(node)
        old = ast.copy_location(ast.Name(node.target.id, ast.Load()), node.target)
        call = self._call(augmented_text(operator), [old, self.visit(node.value)], node)
        return ast.copy_location(ast.Assign([node.target], call), node)

    def visit_Import(self, node: ast.Import):
        added = []
        for alias in node.names:
            if alias.name in MODULES:
                name = self._module(alias.name)
                target = ast.Name(alias.asname or alias.name, ast.Store())
                added.append(ast.copy_location(ast.Assign([target], ast.Name(name, ast.Load())), node))
        return [node, *added]

    def visit_ImportFrom(self, node: ast.ImportFrom):
        if node.level or node.module not in MODULES or any(alias.name == "*" for alias in node.names):
            return node
        name = self._module(node.module)
        return [
            node,
            *(
                ast.copy_location(
                    ast.Assign(
                        [ast.Name(alias.asname or alias.name, ast.Store())],
                        ast.Attribute(ast.Name(name, ast.Load()), alias.name, ast.Load()),
                    ),
                    node,
                )
                for alias in node.names
            ),
        ]

    def _module(self, name: str) -> str:
        return self._name(f"module {name}", lambda: ModuleProxy(self.registry, __import__(name)))

    def visit_Module(self, node: ast.Module) -> ast.Module:
        """Functions of the module are offered to brrr as they stand, too."""
        body = []
        for statement in node.body:
            offered = None
            if isinstance(statement, ast.FunctionDef) and not statement.decorator_list and _takes_plain_names(statement):
                text = textwrap.dedent(ast.get_source_segment(self.source, statement)) + "\n"
                name = self._name(f"whole {statement.name}", lambda: WholeFunction(self.registry, statement.name, text))
                value = ast.Call(ast.Name(name, ast.Load()), [ast.Name(statement.name, ast.Load())], [])
                offered = ast.copy_location(ast.Assign([ast.Name(statement.name, ast.Store())], value), statement)
            changed = self.visit(statement)
            body += changed if isinstance(changed, list) else [changed]
            if offered is not None:
                body.append(offered)
        node.body = body
        return node


class RangeCheck:
    """`range`, after the first turns of a compiled loop over the same one."""

    def __init__(self, registry: Registry, arity: int):
        self.operation = registry.operation(loop_text(", ".join(PARAMETERS[:arity]), arity))
        self.registry = registry

    def __call__(self, *args):
        if are_numbers(args):
            self.operation(*args)
        return range(*args)


class WholeFunction:
    """Decorates a function of the test module: the compiled function where brrr takes it, else the changed one."""

    def __init__(self, registry: Registry, name: str, text: str):
        self.registry = registry
        self.name = name
        self.text = text

    def __call__(self, changed):
        # Its globals are the module's; its own name is bound to it there afterwards.
        operation = self.registry.operation(self.text, self.name, changed.__globals__)
        if operation.compiled is None:
            del self.registry.operations[self.text]
            return changed
        operation.plain = changed
        return operation


def _takes_plain_names(node: ast.FunctionDef) -> bool:
    arguments = node.args
    return not (arguments.vararg or arguments.kwarg or arguments.kwonlyargs)


def _get(node: ast.AST, part):
    """The operand in a field, or at a place in a field that is a list."""
    if part == "func":
        return node.func.value
    if isinstance(part, tuple):
        value = getattr(node, part[0])[part[1]]
        return value.value if isinstance(value, ast.keyword) else value
    return getattr(node, part)


def _set(node: ast.AST, part, value: ast.expr) -> None:
    if part == "func":
        node.func = ast.Attribute(value, node.func.attr, ast.Load())
    elif not isinstance(part, tuple):
        setattr(node, part, value)
    elif part[0] == "keywords":
        node.keywords[part[1]] = ast.keyword(node.keywords[part[1]].arg, value)
    else:
        getattr(node, part[0])[part[1]] = value


def _copy(node: ast.AST) -> ast.AST:
    """A copy of a node with lists of its own."""
    fields = {name: list(value) if isinstance(value, list) else value for name, value in ast.iter_fields(node)}
    return type(node)(**fields)


def transform(source: str, file: str, registry: Registry, deep: bool) -> tuple[ast.Module, dict[str, object]]:
    """The changed tree of a module, and what its globals must hold."""
    tree = ast.parse(source, file)
    transformer = Transformer(registry, tree, source, deep)
    return ast.fix_missing_locations(transformer.visit(tree)), transformer.namespace


assert all(hasattr(builtins, one) for one in (*FUNCTIONS, *CLASSES))

"""Magics for IPython and Jupyter: `%load_ext brrr` gives `%%brrr` and `%brrr_ir`.

Enters: the text of a cell, or the name of a function. Leaves: functions under the decorator, and what the compiler made of them.
Nothing here is imported before it is asked for.
"""

import ast
import html
import re

from IPython.core.error import UsageError
from IPython.core.magic import Magics, cell_magic, line_magic, magics_class
from IPython.core.magic_arguments import argument, magic_arguments, parse_argstring
from IPython.display import display

from brrr._brrr import Function, brrr
from brrr._errors import BrrrError

_OPTIONS = {"overflow": str, "fallback": bool, "fastmath": bool, "cache": bool}

# The name under which a cell finds the decorator, whatever its own names mean.
_DECORATOR = "__brrr_decorator__"


class Text:
    """A text of the compiler: as it is in a terminal, coloured in a notebook."""

    def __init__(self, text, pattern):
        self.text = text.rstrip("\n")
        self._pattern = pattern

    def __repr__(self):
        return self.text

    def _repr_html_(self):
        parts, end = [], 0
        for match in re.finditer(self._pattern, self.text, re.MULTILINE):
            start, stop = match.span()
            parts.append(html.escape(self.text[end:start]))
            color = _COLORS[match.lastgroup]
            parts.append(f'<span style="color: {color}">{html.escape(self.text[start:stop])}</span>')
            end = stop
        parts.append(html.escape(self.text[end:]))
        return f'<pre style="font-family: monospace; line-height: 1.25; max-height: 40em; overflow: auto">{"".join(parts)}</pre>'


# On white and on black.
_COLORS = {"comment": "#2a8a2a", "head": "#3a6fd8", "label": "#b08000", "name": "#1a8f9c", "word": "#3a6fd8"}
_TYPES = r"(?P<head>^\w+\(.*\) -> .*$)|(?P<comment># .*$)"
_LLVM = r"(?P<comment>;.*$)|(?P<label>^[\w.]+:)|(?P<name>[%@][\w.]+)|(?P<word>\b(?:define|declare|ret|br|phi|call|load|store)\b)"
_ASSEMBLY = r"(?P<comment>#.*$)|(?P<label>^[\w.]+:)|(?P<name>%\w+)|(?P<word>^\t[a-z]\w*)"


def _decorate(tree):
    """Puts the decorator on the functions of a cell that have it not yet; returns the names of all."""
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    for node in functions:
        if not any(_is_brrr(one) for one in node.decorator_list):
            # Where the function begins, so that its text is found from there.
            name = ast.Name(_DECORATOR, ast.Load())
            node.decorator_list.append(ast.copy_location(name, node))
    return dict.fromkeys(node.name for node in functions)


def _is_brrr(node):
    node = node.func if isinstance(node, ast.Call) else node
    return (node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", None)) == "brrr"


def _options(line):
    """Options of the decorator, as in `overflow=wrap fallback=True`."""
    options = {}
    for part in line.replace(",", " ").split():
        name, equals, value = part.partition("=")
        if not equals or name not in _OPTIONS:
            raise UsageError(f"%%brrr takes options of the decorator, as in `%%brrr overflow=wrap`, and not `{part}`")
        value = value.strip("\"'")
        if _OPTIONS[name] is bool:
            if value not in ("True", "False"):
                raise UsageError(f"`{name}` is True or False, and not `{value}`")
            options[name] = value == "True"
        else:
            options[name] = value
    return options


def _types(function):
    """The source with the types of its names, for each signature that there is."""
    if function.signatures:
        return "\n\n".join(function.inspect_types(_parameters(one)).rstrip() for one in function.signatures)
    try:
        return function.inspect_types().rstrip()
    except BrrrError:
        # The types are not known before a call.
        return f"{function.__name__}: its annotations do not say all types; a call does"


def _parameters(signature):
    """`int, float` of `(int, float) -> float`."""
    return signature.rpartition(" -> ")[0].strip()[1:-1]


@magics_class
class BrrrMagics(Magics):
    """The magics of brrr."""

    @cell_magic("brrr")
    def brrr_cell(self, line, cell):
        """Compile every function of the cell, run it, and show the types.

        Options of the decorator may follow: `%%brrr overflow=wrap`.
        """
        shell = self.shell
        options = _options(line)
        # The line of the magic stays a line, so that numbers are those of the cell.
        text = "\n" + shell.transform_cell(cell)
        name = shell.compile.cache(text, shell.execution_count, raw_code="\n" + cell)
        tree = shell.transform_ast(ast.parse(text, filename=name))
        names = _decorate(tree)
        last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
        namespace = shell.user_ns
        namespace[_DECORATOR] = brrr(**options) if options else brrr
        try:
            exec(shell.compile(tree, name, "exec"), namespace)
            if last is not None:
                exec(shell.compile(ast.Interactive([last]), name, "single"), namespace)
        finally:
            namespace.pop(_DECORATOR, None)
        functions = [namespace.get(one) for one in names]
        shown = [_types(one) for one in functions if isinstance(one, Function)]
        if shown:
            display(Text("\n\n".join(shown), _TYPES))

    @magic_arguments()
    @argument("function", help="the function")
    @argument("--stage", "-s", choices=["types", "llvm", "llvm-opt", "asm"], default="llvm-opt",
              help="the types of names, LLVM IR before or after optimisation, or assembly")
    @argument("--types", "-t", help='the types of the arguments, as in "int, float64[::1]"; those of its calls else')
    @line_magic("brrr_ir")
    def brrr_ir(self, line):
        """Show what the compiler has made of a function."""
        arguments = parse_argstring(self.brrr_ir, line)
        function = self.shell.ev(arguments.function)
        if not isinstance(function, Function):
            if not callable(function):
                raise UsageError(f"`{arguments.function}` is no function")
            function = brrr(function)
        types = arguments.types and arguments.types.strip("\"'")
        if arguments.stage == "types":
            text, pattern = function.inspect_types(types) if types else _types(function), _TYPES
        elif arguments.stage == "asm":
            text, pattern = function.inspect_asm(types), _ASSEMBLY
        else:
            text, pattern = function.inspect_llvm(types, optimized=arguments.stage == "llvm-opt"), _LLVM
        display(Text(text, pattern))


def load(shell):
    """Registers the magics."""
    shell.register_magics(BrrrMagics)


def unload(shell):
    """Takes them away."""
    for kind, name in (("cell", "brrr"), ("line", "brrr_ir")):
        shell.magics_manager.magics[kind].pop(name, None)

//! What names outside a function mean.
//!
//! Enters: what binds names, the file for the editor ([`crate::syntax`]) or the live function for the decorator
//! (`crates/py`). Leaves: an [`Env`], which answers for every name and every attribute of a module. The binder cannot tell
//! who filled it. What it relied on it writes down as guards, paths such as `range` or `math.sqrt`, which are checked again
//! whenever other code may have run.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use rustpython_parser::ast::Constant;
use rustpython_parser::ast::bigint::BigInt;

use crate::types::Type;

/// What one name, or one attribute of a module, means.
#[derive(Clone, Debug, PartialEq)]
pub enum Outside {
    /// A function or type of Python's that compiled code knows, by its one name: `abs`, `math.sqrt`.
    Function(&'static str),
    /// A module that compiled code knows: `math`, and `np` for NumPy.
    Module(&'static str),
    /// A scalar of NumPy, such as `np.True_`: as if its type, by this function's name, was called with this constant.
    Scalar(&'static str, Constant),
    /// A function that compiled code can call, if it can be compiled itself.
    Callee(Callee),
    /// A constant, as if it was written in place of the name.
    Constant(Constant),
    /// A value of any type of compiled code that every call reads anew: a hidden argument. The editor may know the type.
    Variable(Option<Type>),
    /// A module of the user, in words; its attributes are told as paths.
    Namespace(String),
    /// Bound nowhere: NameError or AttributeError, unless it comes to be bound before the call.
    Missing,
    /// Bound, but the file does not tell to what; the live function will.
    Untold,
    /// Something that compiled code cannot use, in words: `a list`.
    Other(String),
}

/// A function of the user's that compiled code can call.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Callee {
    /// Which: whoever fills an [`Env`] can tell by it.
    pub key: FunctionKey,
    /// Its name.
    pub name: String,
}

impl Callee {
    /// The function of a name in the file of a path.
    #[must_use]
    pub fn in_file(path: &str, name: &str) -> Self {
        Self { key: FunctionKey(hash_of(&format!("{path}\n{name}"))), name: name.to_owned() }
    }
}

/// FNV-1a of a text.
pub(crate) fn hash_of(text: &str) -> u64 {
    let hash = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    text.bytes().fold(0xcbf2_9ce4_8422_2325, hash)
}

/// The number by which whoever fills an [`Env`] knows a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct FunctionKey(pub u64);

/// The names outside one function.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Env {
    /// Names and paths (`math.sqrt`) that mean something else than in a module that binds nothing.
    names: BTreeMap<String, Outside>,
    /// CPython leaves out `assert` statements: it runs with `-O`.
    pub without_asserts: bool,
}

impl Env {
    /// Says what a name, or a path, means.
    pub fn insert(&mut self, path: impl Into<String>, means: Outside) {
        self.names.insert(path.into(), means);
    }

    /// Everything that has been said, in the order of names and paths.
    pub fn entries(&self) -> impl Iterator<Item = (&str, &Outside)> {
        self.names.iter().map(|(path, means)| (path.as_str(), means))
    }

    /// What has been said about a name or a path.
    #[must_use]
    pub fn get(&self, path: &str) -> Option<&Outside> {
        self.names.get(path)
    }

    /// The names and paths about which something has been said.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.names.keys().map(String::as_str)
    }

    /// The name under which a module is known here.
    #[must_use]
    pub fn name_of_module(&self, module: &'static str) -> Option<&str> {
        let is = |&(path, means): &(&String, &Outside)| *means == Outside::Module(module) && !path.contains('.');
        self.names.iter().find(is).map(|(path, _)| path.as_str())
    }

    /// What a name means: what was said about it, else what it means among Python's builtins.
    #[must_use]
    pub fn meaning(&self, name: &str) -> Outside {
        self.names.get(name).cloned().unwrap_or_else(|| builtin(name))
    }

    /// What an attribute of a name or a path means; `None` if it stands for no module.
    #[must_use]
    pub fn attribute(&self, path: &str, attribute: &str) -> Option<Outside> {
        let told = || self.names.get(&format!("{path}.{attribute}")).cloned();
        match self.meaning(path) {
            Outside::Module(module) => Some(told().unwrap_or_else(|| member(module, attribute))),
            Outside::Namespace(_) => Some(told().unwrap_or(Outside::Untold)),
            _ => None,
        }
    }
}

/// What a name means that nothing but Python's builtins binds.
#[must_use]
pub fn builtin(name: &str) -> Outside {
    match (BUILTINS.iter().find(|known| **known == name), OTHER_BUILTINS.contains(&name)) {
        (Some(known), _) => Outside::Function(known),
        (None, true) => Outside::Other(format!("Python's `{name}`")),
        (None, false) => Outside::Missing,
    }
}

/// The constant of an int in hexadecimal digits, which may have a sign.
#[must_use]
pub fn int(digits: &str) -> Option<Constant> {
    BigInt::parse_bytes(digits.as_bytes(), 16).map(Constant::Int)
}

/// A module that compiled code knows, by the name under which its functions have rows.
#[must_use]
pub fn module(name: &str) -> Option<&'static str> {
    match name {
        "math" => Some("math"),
        "numpy" => Some("np"),
        _ => None,
    }
}

/// What an attribute of a known module means.
#[must_use]
pub fn member(module: &str, attribute: &str) -> Outside {
    use std::f64::consts::{E, PI, TAU};
    let constant = match attribute {
        "True_" | "False_" if module == "np" => {
            return Outside::Scalar("np.bool_", Constant::Bool(attribute == "True_"));
        }
        "newaxis" if module == "np" => return Outside::Constant(Constant::None),
        "pi" => PI,
        "e" => E,
        "tau" if module == "math" => TAU,
        "euler_gamma" if module == "np" => 0.577_215_664_901_532_9,
        "inf" => f64::INFINITY,
        "nan" => f64::NAN,
        _ if module == "np" => {
            let known = function_of(module, attribute);
            return known.map_or_else(|| Outside::Other(format!("`{attribute}` of NumPy")), Outside::Function);
        }
        _ => return function_of(module, attribute).map_or(Outside::Missing, Outside::Function),
    };
    Outside::Constant(Constant::Float(constant))
}

/// The one name of a function of a known module, or of a builtin (`builtins`), if compiled code knows it.
#[must_use]
pub fn function_of(module: &str, name: &str) -> Option<&'static str> {
    let all = match module {
        "builtins" => return BUILTINS.iter().copied().find(|known| *known == name),
        "math" => MATH,
        "np" => {
            let name = NUMPY_TYPES.iter().find(|(other, _)| *other == name).map_or(name, |(_, own)| own);
            return NUMPY.iter().copied().find(|known| known.strip_prefix("np.") == Some(name));
        }
        _ => return None,
    };
    all.iter().copied().find(|known| known.split_once('.').is_some_and(|(_, own)| own == name))
}

/// The builtins that compiled code knows.
pub fn functions_of_builtins() -> impl Iterator<Item = &'static str> {
    BUILTINS.iter().copied()
}

/// The functions of `math`, by which `from math import *` binds them.
pub fn functions_of_math() -> impl Iterator<Item = &'static str> {
    MATH.iter().filter_map(|known| Some(known.split_once('.')?.1))
}

/// The functions and types of NumPy.
pub fn functions_of_numpy() -> impl Iterator<Item = &'static str> {
    NUMPY.iter().copied()
}

/// The names of the constants of `math`.
pub const CONSTANTS_OF_MATH: &[&str] = &["pi", "e", "tau", "inf", "nan"];

/// Functions and types of `builtins` that calls can be compiled for.
const BUILTINS: &[&str] = &[
    "abs",
    "all",
    "any",
    "bool",
    "complex",
    "divmod",
    "enumerate",
    "float",
    "int",
    "isinstance",
    "len",
    "max",
    "min",
    "pow",
    "range",
    "reversed",
    "round",
    "sum",
    "tuple",
    "type",
    "zip",
];

/// The functions of CPython's `math`.
const MATH: &[&str] = &[
    "math.acos",
    "math.acosh",
    "math.asin",
    "math.asinh",
    "math.atan",
    "math.atan2",
    "math.atanh",
    "math.cbrt",
    "math.ceil",
    "math.comb",
    "math.copysign",
    "math.cos",
    "math.cosh",
    "math.degrees",
    "math.dist",
    "math.erf",
    "math.erfc",
    "math.exp",
    "math.exp2",
    "math.expm1",
    "math.fabs",
    "math.factorial",
    "math.floor",
    "math.fma",
    "math.fmod",
    "math.frexp",
    "math.fsum",
    "math.gamma",
    "math.gcd",
    "math.hypot",
    "math.isclose",
    "math.isfinite",
    "math.isinf",
    "math.isnan",
    "math.isqrt",
    "math.lcm",
    "math.ldexp",
    "math.lgamma",
    "math.log",
    "math.log10",
    "math.log1p",
    "math.log2",
    "math.modf",
    "math.nextafter",
    "math.perm",
    "math.pow",
    "math.prod",
    "math.radians",
    "math.remainder",
    "math.sin",
    "math.sinh",
    "math.sqrt",
    "math.sumprod",
    "math.tan",
    "math.tanh",
    "math.trunc",
    "math.ulp",
];

/// The functions of NumPy that take scalars or make arrays, and the types of its scalars.
const NUMPY: &[&str] = &[
    "np.abs",
    "np.absolute",
    "np.acos",
    "np.acosh",
    "np.add",
    "np.arange",
    "np.arccos",
    "np.arccosh",
    "np.arcsin",
    "np.arcsinh",
    "np.arctan",
    "np.arctan2",
    "np.arctanh",
    "np.around",
    "np.asin",
    "np.asinh",
    "np.atan",
    "np.atan2",
    "np.atanh",
    "np.bitwise_and",
    "np.bitwise_count",
    "np.bitwise_invert",
    "np.bitwise_left_shift",
    "np.bitwise_not",
    "np.bitwise_or",
    "np.bitwise_right_shift",
    "np.bitwise_xor",
    "np.bool_",
    "np.cbrt",
    "np.ceil",
    "np.clip",
    "np.complex128",
    "np.complex64",
    "np.conj",
    "np.conjugate",
    "np.copy",
    "np.copysign",
    "np.cos",
    "np.cosh",
    "np.deg2rad",
    "np.degrees",
    "np.divide",
    "np.empty",
    "np.empty_like",
    "np.equal",
    "np.exp",
    "np.exp2",
    "np.expm1",
    "np.eye",
    "np.fabs",
    "np.float32",
    "np.float64",
    "np.floor",
    "np.floor_divide",
    "np.fmax",
    "np.fmin",
    "np.fmod",
    "np.full",
    "np.full_like",
    "np.gcd",
    "np.greater",
    "np.greater_equal",
    "np.heaviside",
    "np.hypot",
    "np.identity",
    "np.int16",
    "np.int32",
    "np.int64",
    "np.int8",
    "np.invert",
    "np.isfinite",
    "np.isinf",
    "np.isnan",
    "np.lcm",
    "np.ldexp",
    "np.left_shift",
    "np.less",
    "np.less_equal",
    "np.linspace",
    "np.log",
    "np.log10",
    "np.log1p",
    "np.log2",
    "np.logaddexp",
    "np.logical_and",
    "np.logical_not",
    "np.logical_or",
    "np.logical_xor",
    "np.maximum",
    "np.minimum",
    "np.mod",
    "np.multiply",
    "np.ndindex",
    "np.negative",
    "np.nextafter",
    "np.not_equal",
    "np.ones",
    "np.ones_like",
    "np.positive",
    "np.pow",
    "np.power",
    "np.rad2deg",
    "np.radians",
    "np.reciprocal",
    "np.remainder",
    "np.reshape",
    "np.right_shift",
    "np.rint",
    "np.round",
    "np.sign",
    "np.signbit",
    "np.sin",
    "np.sinh",
    "np.sqrt",
    "np.square",
    "np.subtract",
    "np.tan",
    "np.tanh",
    "np.true_divide",
    "np.trunc",
    "np.uint16",
    "np.uint32",
    "np.uint64",
    "np.uint8",
    "np.zeros",
    "np.zeros_like",
];

/// Other names of NumPy's types, on platforms where a C `long` has 64 bits.
const NUMPY_TYPES: &[(&str, &str)] = &[
    ("bool", "bool_"),
    ("byte", "int8"),
    ("short", "int16"),
    ("intc", "int32"),
    ("int_", "int64"),
    ("intp", "int64"),
    ("long", "int64"),
    ("ubyte", "uint8"),
    ("ushort", "uint16"),
    ("uintc", "uint32"),
    ("uint", "uint64"),
    ("uintp", "uint64"),
    ("ulong", "uint64"),
    ("single", "float32"),
    ("double", "float64"),
    ("csingle", "complex64"),
    ("cdouble", "complex128"),
];

/// Every other name of `builtins`, so that the editor can tell them from names that are bound nowhere.
const OTHER_BUILTINS: &[&str] = &[
    "__build_class__",
    "__debug__",
    "__import__",
    "__name__",
    "__file__",
    "__doc__",
    "__spec__",
    "aiter",
    "anext",
    "ascii",
    "bin",
    "breakpoint",
    "bytearray",
    "bytes",
    "callable",
    "chr",
    "classmethod",
    "compile",
    "copyright",
    "credits",
    "delattr",
    "dict",
    "dir",
    "eval",
    "exec",
    "exit",
    "filter",
    "format",
    "frozenset",
    "getattr",
    "globals",
    "hasattr",
    "hash",
    "help",
    "hex",
    "id",
    "input",
    "issubclass",
    "iter",
    "license",
    "list",
    "locals",
    "map",
    "memoryview",
    "next",
    "object",
    "oct",
    "open",
    "ord",
    "print",
    "property",
    "quit",
    "repr",
    "set",
    "setattr",
    "slice",
    "sorted",
    "staticmethod",
    "str",
    "super",
    "vars",
    "ArithmeticError",
    "AssertionError",
    "AttributeError",
    "BaseException",
    "BaseExceptionGroup",
    "BlockingIOError",
    "BrokenPipeError",
    "BufferError",
    "BytesWarning",
    "ChildProcessError",
    "ConnectionAbortedError",
    "ConnectionError",
    "ConnectionRefusedError",
    "ConnectionResetError",
    "DeprecationWarning",
    "EOFError",
    "Ellipsis",
    "EncodingWarning",
    "EnvironmentError",
    "Exception",
    "ExceptionGroup",
    "FileExistsError",
    "FileNotFoundError",
    "FloatingPointError",
    "FutureWarning",
    "GeneratorExit",
    "IOError",
    "ImportError",
    "ImportWarning",
    "IndentationError",
    "IndexError",
    "InterruptedError",
    "IsADirectoryError",
    "KeyError",
    "KeyboardInterrupt",
    "LookupError",
    "MemoryError",
    "ModuleNotFoundError",
    "NameError",
    "NotADirectoryError",
    "NotImplemented",
    "NotImplementedError",
    "OSError",
    "OverflowError",
    "PendingDeprecationWarning",
    "PermissionError",
    "ProcessLookupError",
    "PythonFinalizationError",
    "RecursionError",
    "ReferenceError",
    "ResourceWarning",
    "RuntimeError",
    "RuntimeWarning",
    "StopAsyncIteration",
    "StopIteration",
    "SyntaxError",
    "SyntaxWarning",
    "SystemError",
    "SystemExit",
    "TabError",
    "TimeoutError",
    "TypeError",
    "UnboundLocalError",
    "UnicodeDecodeError",
    "UnicodeEncodeError",
    "UnicodeError",
    "UnicodeTranslateError",
    "UnicodeWarning",
    "UserWarning",
    "ValueError",
    "Warning",
    "ZeroDivisionError",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_mean_what_was_said_else_what_python_has() {
        let mut env = Env::default();
        assert_eq!(env.meaning("abs"), Outside::Function("abs"));
        assert_eq!(env.meaning("nowhere"), Outside::Missing);
        assert_eq!(env.meaning("print"), Outside::Other("Python's `print`".to_owned()));
        assert_eq!(env.attribute("m", "sqrt"), None);
        env.insert("m", Outside::Module("math"));
        assert_eq!(env.attribute("m", "sqrt"), Some(Outside::Function("math.sqrt")));
        assert_eq!(env.attribute("m", "nothing"), Some(Outside::Missing));
        env.insert("m.sqrt", Outside::Untold);
        assert_eq!(env.attribute("m", "sqrt"), Some(Outside::Untold));
        assert_eq!(function_of("builtins", "abs"), Some("abs"));
        assert_eq!(function_of("math", "math.sqrt"), None);
    }
}

//! What names outside a function mean.
//!
//! Enters: what binds names, the file for the editor ([`crate::syntax`]) or the live function for the decorator
//! (`crates/py`). Leaves: an [`Env`], which answers for every name and every attribute of a module. The binder cannot tell
//! who filled it. What it relied on it writes down as guards, paths such as `range` or `math.sqrt`, which are checked again
//! whenever other code may have run.

mod names;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use rustpython_parser::ast::Constant;
use rustpython_parser::ast::bigint::BigInt;

use crate::types::Type;
use names::{BUILTINS, MATH, NUMPY, NUMPY_CLASSES, NUMPY_DTYPES, NUMPY_TYPES, OTHER_BUILTINS};

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
    /// A tuple that holds functions, and otherwise constants: as if it was written in place of the name.
    Tuple(Vec<Outside>),
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

impl Outside {
    /// The functions of the user's that it is, or holds.
    #[must_use]
    pub fn callees(&self) -> Vec<&Callee> {
        match self {
            Self::Callee(callee) => vec![callee],
            Self::Tuple(parts) => parts.iter().flat_map(Self::callees).collect(),
            Self::Function(_)
            | Self::Module(_)
            | Self::Scalar(..)
            | Self::Constant(_)
            | Self::Variable(_)
            | Self::Namespace(_)
            | Self::Missing
            | Self::Untold
            | Self::Other(_) => Vec::new(),
        }
    }

    /// A tuple of these; `None` if one of them cannot stand in it.
    #[must_use]
    pub fn tuple(parts: Vec<Self>) -> Option<Self> {
        let can_stand = |part: &Self| match part {
            Self::Function(_) | Self::Callee(_) | Self::Tuple(_) | Self::Scalar(..) => true,
            Self::Constant(constant) => !matches!(constant, Constant::Str(_) | Constant::Bytes(_) | Constant::Ellipsis),
            Self::Module(_)
            | Self::Variable(_)
            | Self::Namespace(_)
            | Self::Missing
            | Self::Untold
            | Self::Other(_) => false,
        };
        parts.iter().all(can_stand).then_some(Self::Tuple(parts))
    }
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
            let known = function_of(module, attribute).map(Outside::Function).or_else(|| within_numpy(attribute));
            return known.unwrap_or_else(|| Outside::Other(format!("`{attribute}` of NumPy")));
        }
        _ => return function_of(module, attribute).map_or(Outside::Missing, Outside::Function),
    };
    Outside::Constant(Constant::Float(constant))
}

/// A module within NumPy, by its name there. NumPy imports most of them when they are asked for.
#[must_use]
pub fn within_numpy(name: &str) -> Option<Outside> {
    const MODULES: &[&str] = &[
        "char",
        "core",
        "ctypeslib",
        "dtypes",
        "emath",
        "exceptions",
        "f2py",
        "fft",
        "lib",
        "linalg",
        "ma",
        "matlib",
        "polynomial",
        "random",
        "rec",
        "strings",
        "testing",
        "typing",
    ];
    MODULES.contains(&name).then(|| Outside::Other(format!("the module `numpy.{name}`")))
}

/// The one name of a function of a known module, or of a builtin (`builtins`), if compiled code knows it.
#[must_use]
pub fn function_of(module: &str, name: &str) -> Option<&'static str> {
    let all = match module {
        "builtins" => return BUILTINS.iter().copied().find(|known| *known == name),
        "math" => MATH,
        "np" => {
            let name = NUMPY_TYPES.iter().find(|(other, _)| *other == name).map_or(name, |(_, own)| own);
            let mut all = functions_of_numpy().chain(classes_of_numpy()).chain(NUMPY_DTYPES.iter().copied());
            return all.find(|known| known.strip_prefix("np.") == Some(name));
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

/// The class of NumPy's dtypes, and the classes of which arrays and scalars are instances, but for those of one dtype.
pub fn classes_of_numpy() -> impl Iterator<Item = &'static str> {
    NUMPY_CLASSES.iter().copied().chain(NUMPY_DTYPES.first().copied())
}

/// The names of the constants of `math`.
pub const CONSTANTS_OF_MATH: &[&str] = &["pi", "e", "tau", "inf", "nan"];

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

//! The functions of glibc's vector library, libmvec, as functions with the option `fastmath` call them in loops.
//!
//! All of it is data: which of them a machine has, [`crate::runtime::vectors`] finds out, a request says, and so the key of code on the disk.
//! Their names are those of the vector ABI of x86-64: `_ZGV`, the instruction set, `N`, how many lanes, `v` for each operand, `_`, and the name of
//! the scalar function.

use serde::{Deserialize, Serialize};

/// The functions by their names for float64, and how many operands they have; those for float32 have an `f` behind the name.
pub const FUNCTIONS: [(&str, usize); 25] = [
    ("acos", 1),
    ("acosh", 1),
    ("asin", 1),
    ("asinh", 1),
    ("atan", 1),
    ("atan2", 2),
    ("atanh", 1),
    ("cbrt", 1),
    ("cos", 1),
    ("cosh", 1),
    ("erf", 1),
    ("erfc", 1),
    ("exp", 1),
    ("exp2", 1),
    ("expm1", 1),
    ("hypot", 2),
    ("log", 1),
    ("log10", 1),
    ("log1p", 1),
    ("log2", 1),
    ("pow", 2),
    ("sin", 1),
    ("sinh", 1),
    ("tan", 1),
    ("tanh", 1),
];

/// The instruction sets that the library has versions for, and the float64 that a register has: SSE, AVX2, AVX-512.
pub const SETS: [(char, u32); 3] = [('b', 2), ('d', 4), ('e', 8)];

/// What stands in front of the name of a scalar function for which LLVM may take a vector version, so that it takes it for no function
/// that it knows.
pub const SCALAR: &str = "brrr.";

/// A set of these functions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Vectors(u32);

impl Vectors {
    /// All of them.
    pub const ALL: Self = Self((1 << FUNCTIONS.len()) - 1);
    /// None of them.
    pub const NONE: Self = Self(0);

    /// Those for which this holds.
    pub fn of(mut is_there: impl FnMut(&str, usize) -> bool) -> Self {
        let bits = FUNCTIONS.iter().enumerate().filter(|(_, (name, operands))| is_there(name, *operands));
        Self(bits.fold(0, |all, (at, _)| all | 1 << at))
    }

    /// True if the function of this name is among them, for float64 or float32.
    #[must_use]
    pub fn has(self, name: &str) -> bool {
        position(name).is_some_and(|at| self.0 & 1 << at != 0)
    }

    /// True if there is none.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }
}

fn position(name: &str) -> Option<usize> {
    let of = |name: &str| FUNCTIONS.iter().position(|one| one.0 == name);
    // No name of the table is another one with an `f` behind it but that of the same function: `erf` comes first.
    of(name).or_else(|| name.strip_suffix('f').and_then(of))
}

/// The name of the version for a set of instructions, of a function by its name for float64 or float32.
#[must_use]
pub fn symbol(set: char, lanes: u32, operands: usize, name: &str) -> String {
    format!("_ZGV{set}N{lanes}{}_{name}", "v".repeat(operands))
}

/// True of the name of a version that the library may have: what object code may ask for.
#[must_use]
pub fn is_symbol(symbol: &str) -> bool {
    let Some((_, name)) = symbol.strip_prefix("_ZGV").and_then(|rest| rest.split_once('_')) else { return false };
    let Some(at) = position(name) else { return false };
    let is_single = FUNCTIONS[at].0 != name;
    SETS.iter().any(|&(set, lanes)| {
        self::symbol(set, if is_single { 2 * lanes } else { lanes }, FUNCTIONS[at].1, name) == symbol
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_vector_abi() {
        assert_eq!(symbol('d', 4, 1, "exp"), "_ZGVdN4v_exp");
        assert_eq!(symbol('b', 4, 2, "powf"), "_ZGVbN4vv_powf");
        for good in ["_ZGVdN4v_exp", "_ZGVbN4vv_powf", "_ZGVeN8v_erf", "_ZGVdN8v_erff"] {
            assert!(is_symbol(good), "{good}");
        }
        for bad in ["exp", "_ZGVdN8v_exp", "_ZGVdN4vv_exp", "_ZGVdN4v_system", "_ZGVcN4v_exp", "_ZGV", "_ZGVdN4v_"] {
            assert!(!is_symbol(bad), "{bad}");
        }
    }

    #[test]
    fn sets_hold_what_is_there() {
        let some = Vectors::of(|name, operands| name == "pow" && operands == 2 || name == "erf");
        assert!(some.has("pow") && some.has("powf") && some.has("erf") && some.has("erff"));
        assert!(!some.has("exp") && !some.has("erfc") && !some.is_empty());
        assert!(Vectors::NONE.is_empty());
    }
}

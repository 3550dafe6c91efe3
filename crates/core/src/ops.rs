//! The table of operators.
//!
//! One row says everything about an operation on operands of given types: its result, when it leaves compiled code, how it is
//! lowered, its documentation, an example. The checker, lowering, hover, the support table of the README, the fuzzer and the
//! differential tests all read it. An overload is another row; a new way of lowering is one more [`Recipe`].
//!
//! What has no row is not done in compiled code: the statement takes its side exit and the interpreter does it, or raises.

use std::sync::atomic::{AtomicU8, Ordering};

use serde::{Deserialize, Serialize};

pub use numpy::Element;
pub use recipe::{Kind, Leave, Passed, Predicate, Recipe, Rounding};

use self::names::Names;
use crate::types::Type::{self, Bool, Complex, Float, Int, Low, Nat, None as NoneType};

/// Index of a row in [`TABLE`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct OpId(pub u16);

/// One row.
#[derive(Clone, Copy, Debug)]
pub struct Op {
    /// Python's spelling; rows of one name are overloads. Functions have their names (`abs`, `math.sqrt`), methods and
    /// attributes a dot in front (`.bit_length`, `.real`). Names that end with a dot are the compiler's own.
    pub name: &'static str,
    /// Types of the operands, exactly.
    pub params: &'static [Type],
    /// Type of the result.
    pub result: Type,
    /// The conditions under which it cannot finish in registers.
    pub leaves_if: &'static [Leave],
    /// How it is lowered.
    pub recipe: Recipe,
    /// One sentence for hover and the support table.
    pub doc: &'static str,
    /// An expression that uses this row; empty for the compiler's own rows.
    pub example: &'static str,
    /// The first CPython 3.x that has it.
    pub since: u8,
}

const OVERFLOW: &[Leave] = &[Leave::Overflow];
const ZERO: &[Leave] = &[Leave::ZeroDivision];
const NEVER: &[Leave] = &[];

macro_rules! rows {
    ($($name:literal ($($param:ident),*) -> $result:ident, $leaves:expr, $recipe:expr, $doc:literal, $example:literal
       $(, since $since:literal)?;)*) => {
        &[$(Op {
            name: $name, params: &[$($param),*], result: $result, leaves_if: $leaves, recipe: $recipe,
            doc: $doc, example: $example, since: 0 $(+ $since)?,
        }),*]
    };
}

pub mod array;
mod calls;
mod complex;
mod math;
mod names;
mod nat;
pub mod vectors;
#[macro_use]
mod numpy;
mod recipe;
pub mod ufunc;

/// All rows.
pub static TABLE: &[Op] = &ALL;

static ALL: [Op; COUNT] = joined(PARTS);

const PARTS: &[&[&[Op]]] = &[
    &[OPERATORS, nat::ROWS, complex::ROWS, calls::ROWS, math::ROWS, array::ROWS, array::ELEMENTS, array::INTO],
    numpy::PARTS,
    ufunc::PARTS,
];
const COUNT: usize = count(PARTS);

const fn count(groups: &[&[&[Op]]]) -> usize {
    let (mut all, mut group) = (0, 0);
    while group < groups.len() {
        let mut part = 0;
        while part < groups[group].len() {
            all += groups[group][part].len();
            part += 1;
        }
        group += 1;
    }
    all
}

const fn joined<const N: usize>(groups: &[&[&[Op]]]) -> [Op; N] {
    let mut all = [groups[0][0][0]; N];
    let (mut group, mut at) = (0, 0);
    while group < groups.len() {
        let parts = groups[group];
        let mut part = 0;
        while part < parts.len() {
            let mut row = 0;
            while row < parts[part].len() {
                all[at] = parts[part][row];
                (row, at) = (row + 1, at + 1);
            }
            part += 1;
        }
        group += 1;
    }
    all
}

/// Operators, and what the compiler itself needs.
const OPERATORS: &[Op] = rows! {
    "+" (Int, Int) -> Int, OVERFLOW, Recipe::AddInt, "Sum.", "2 + 3";
    "+" (Float, Float) -> Float, NEVER, Recipe::AddFloat, "Sum; an int beside a float is converted.", "2.5 + 1";
    "-" (Int, Int) -> Int, OVERFLOW, Recipe::SubInt, "Difference.", "2 - 3";
    "-" (Float, Float) -> Float, NEVER, Recipe::SubFloat, "Difference.", "2.5 - 1";
    "*" (Int, Int) -> Int, OVERFLOW, Recipe::MulInt, "Product.", "6 * 7";
    "*" (Float, Float) -> Float, NEVER, Recipe::MulFloat, "Product.", "2.5 * 4";
    "/" (Int, Int) -> Float, ZERO, Recipe::DivInt, "Quotient, correctly rounded.", "7 / 2";
    "/" (Float, Float) -> Float, ZERO, Recipe::DivFloat, "Quotient.", "7.5 / 2";
    "//" (Int, Int) -> Int, &[Leave::ZeroDivision, Leave::Overflow], Recipe::FloorDivInt, "Quotient rounded down.", "-7 // 2";
    "//" (Float, Float) -> Float, ZERO, Recipe::FloorDivFloat, "Quotient rounded down.", "-7.5 // 2";
    "%" (Int, Int) -> Int, ZERO, Recipe::ModInt, "Remainder with the sign of the divisor.", "-7 % 3";
    "%" (Float, Float) -> Float, ZERO, Recipe::ModFloat, "Remainder with the sign of the divisor.", "-7.5 % 3";
    "**" (Int, Int) -> Int, &[Leave::Overflow, Leave::NegativeExponent], Recipe::PowInt,
        "Power; a negative exponent known only at run time leaves compiled code, for the result is a float.", "3 ** 4";
    "**" (Float, Float) -> Float, &[Leave::PowDomain], Recipe::PowFloat, "Power, libm's.", "2.5 ** 0.5";
    "**-" (Float, Float) -> Float, &[Leave::PowDomain], Recipe::PowFloat,
        "Power of an int to a negative literal, a float.", "2 ** -1";
    "<<" (Int, Int) -> Int, &[Leave::Overflow, Leave::NegativeShift], Recipe::ShlInt, "Left shift.", "3 << 4";
    ">>" (Int, Int) -> Int, &[Leave::NegativeShift], Recipe::ShrInt, "Right shift, rounding down.", "-9 >> 1";
    "&" (Int, Int) -> Int, NEVER, Recipe::And, "Bitwise and.", "12 & 10";
    "&" (Bool, Bool) -> Bool, NEVER, Recipe::And, "Logical and of two bools.", "True & False";
    "|" (Int, Int) -> Int, NEVER, Recipe::Or, "Bitwise or.", "12 | 10";
    "|" (Bool, Bool) -> Bool, NEVER, Recipe::Or, "Logical or of two bools.", "True | False";
    "^" (Int, Int) -> Int, NEVER, Recipe::Xor, "Bitwise exclusive or.", "12 ^ 10";
    "^" (Bool, Bool) -> Bool, NEVER, Recipe::Xor, "Logical exclusive or of two bools.", "True ^ True";
    "-" (Int) -> Int, OVERFLOW, Recipe::NegInt, "Negation.", "-(5)";
    "-" (Float) -> Float, NEVER, Recipe::NegFloat, "Negation.", "-(2.5)";
    "+" (Int) -> Int, NEVER, Recipe::Same, "The number itself; a bool becomes an int.", "+(5)";
    "+" (Float) -> Float, NEVER, Recipe::Same, "The number itself.", "+(2.5)";
    "~" (Int) -> Int, NEVER, Recipe::InvertInt, "Bitwise complement.", "~5";
    "~" (Bool) -> Int, &[Leave::Always], Recipe::Leave,
        "Complement of a bool: left to the interpreter, which warns since Python 3.12.", "~True";
    "<" (Int, Int) -> Bool, NEVER, Recipe::CompareInt(Predicate::Lt), "Less than.", "2 < 3";
    "<" (Float, Float) -> Bool, NEVER, Recipe::CompareFloat(Predicate::Lt), "Less than.", "2.0 < 3.0";
    "<" (Int, Float) -> Bool, NEVER, Recipe::CompareIntFloat(Predicate::Lt), "Less than, exact.", "2 < 3.5";
    "<" (Float, Int) -> Bool, NEVER, Recipe::CompareFloatInt(Predicate::Lt), "Less than, exact.", "2.5 < 3";
    "<=" (Int, Int) -> Bool, NEVER, Recipe::CompareInt(Predicate::Le), "At most.", "2 <= 3";
    "<=" (Float, Float) -> Bool, NEVER, Recipe::CompareFloat(Predicate::Le), "At most.", "2.0 <= 3.0";
    "<=" (Int, Float) -> Bool, NEVER, Recipe::CompareIntFloat(Predicate::Le), "At most, exact.", "2 <= 3.5";
    "<=" (Float, Int) -> Bool, NEVER, Recipe::CompareFloatInt(Predicate::Le), "At most, exact.", "2.5 <= 3";
    "==" (Int, Int) -> Bool, NEVER, Recipe::CompareInt(Predicate::Eq), "Equal.", "2 == 3";
    "==" (Float, Float) -> Bool, NEVER, Recipe::CompareFloat(Predicate::Eq), "Equal.", "2.0 == 3.0";
    "==" (Int, Float) -> Bool, NEVER, Recipe::CompareIntFloat(Predicate::Eq), "Equal, exact.", "3 == 3.0";
    "==" (Float, Int) -> Bool, NEVER, Recipe::CompareFloatInt(Predicate::Eq), "Equal, exact.", "3.0 == 3";
    "!=" (Int, Int) -> Bool, NEVER, Recipe::CompareInt(Predicate::Ne), "Unequal.", "2 != 3";
    "!=" (Float, Float) -> Bool, NEVER, Recipe::CompareFloat(Predicate::Ne), "Unequal.", "2.0 != 3.0";
    "!=" (Int, Float) -> Bool, NEVER, Recipe::CompareIntFloat(Predicate::Ne), "Unequal, exact.", "3 != 3.0";
    "!=" (Float, Int) -> Bool, NEVER, Recipe::CompareFloatInt(Predicate::Ne), "Unequal, exact.", "3.0 != 3";
    ">" (Int, Int) -> Bool, NEVER, Recipe::CompareInt(Predicate::Gt), "Greater than.", "2 > 3";
    ">" (Float, Float) -> Bool, NEVER, Recipe::CompareFloat(Predicate::Gt), "Greater than.", "2.0 > 3.0";
    ">" (Int, Float) -> Bool, NEVER, Recipe::CompareIntFloat(Predicate::Gt), "Greater than, exact.", "2 > 3.5";
    ">" (Float, Int) -> Bool, NEVER, Recipe::CompareFloatInt(Predicate::Gt), "Greater than, exact.", "2.5 > 3";
    ">=" (Int, Int) -> Bool, NEVER, Recipe::CompareInt(Predicate::Ge), "At least.", "2 >= 3";
    ">=" (Float, Float) -> Bool, NEVER, Recipe::CompareFloat(Predicate::Ge), "At least.", "2.0 >= 3.0";
    ">=" (Int, Float) -> Bool, NEVER, Recipe::CompareIntFloat(Predicate::Ge), "At least, exact.", "2 >= 3.5";
    ">=" (Float, Int) -> Bool, NEVER, Recipe::CompareFloatInt(Predicate::Ge), "At least, exact.", "2.5 >= 3";
    "==" (NoneType, NoneType) -> Bool, NEVER, Recipe::Constant(true), "None is equal to None.", "None == None";
    "==" (NoneType, Int) -> Bool, NEVER, Recipe::Constant(false), "None is equal to no number.", "None == 2";
    "==" (NoneType, Float) -> Bool, NEVER, Recipe::Constant(false), "None is equal to no number.", "None == 2.5";
    "==" (Int, NoneType) -> Bool, NEVER, Recipe::Constant(false), "No number is equal to None.", "2 == None";
    "==" (Float, NoneType) -> Bool, NEVER, Recipe::Constant(false), "No number is equal to None.", "2.5 == None";
    "!=" (NoneType, NoneType) -> Bool, NEVER, Recipe::Constant(false), "None is equal to None.", "None != None";
    "!=" (NoneType, Int) -> Bool, NEVER, Recipe::Constant(true), "None is equal to no number.", "None != 2";
    "!=" (NoneType, Float) -> Bool, NEVER, Recipe::Constant(true), "None is equal to no number.", "None != 2.5";
    "!=" (Int, NoneType) -> Bool, NEVER, Recipe::Constant(true), "No number is equal to None.", "2 != None";
    "!=" (Float, NoneType) -> Bool, NEVER, Recipe::Constant(true), "No number is equal to None.", "2.5 != None";
    "not" (Bool) -> Bool, NEVER, Recipe::Not, "Logical negation of the truth value.", "not 0";
    "truth." (Bool) -> Bool, NEVER, Recipe::Same, "A bool is its own truth value.", "";
    "truth." (Int) -> Bool, NEVER, Recipe::TruthInt, "An int is true unless it is zero.", "";
    "truth." (Float) -> Bool, NEVER, Recipe::TruthFloat, "A float is true unless it is zero; NaN is true.", "";
    "truth." (NoneType) -> Bool, NEVER, Recipe::Constant(false), "None is false.", "";
    "is.None." (NoneType) -> Bool, NEVER, Recipe::Constant(true), "None is None.", "";
    "is.None." (Bool) -> Bool, NEVER, Recipe::Constant(false), "A bool is not None.", "";
    "is.None." (Int) -> Bool, NEVER, Recipe::Constant(false), "An int is not None.", "";
    "is.None." (Float) -> Bool, NEVER, Recipe::Constant(false), "A float is not None.", "";
    "is.True." (NoneType) -> Bool, NEVER, Recipe::Constant(false), "None is not True.", "";
    "is.True." (Bool) -> Bool, NEVER, Recipe::Same, "There is one True.", "";
    "is.True." (Int) -> Bool, NEVER, Recipe::Constant(false), "An int is not True.", "";
    "is.True." (Float) -> Bool, NEVER, Recipe::Constant(false), "A float is not True.", "";
    "is.False." (NoneType) -> Bool, NEVER, Recipe::Constant(false), "None is not False.", "";
    "is.False." (Bool) -> Bool, NEVER, Recipe::Not, "There is one False.", "";
    "is.False." (Int) -> Bool, NEVER, Recipe::Constant(false), "An int is not False.", "";
    "is.False." (Float) -> Bool, NEVER, Recipe::Constant(false), "A float is not False.", "";
    "is.long." (NoneType, Int) -> Bool, NEVER, Recipe::Constant(false), "None has no length.", "";
    "is.long." (Bool, Int) -> Bool, NEVER, Recipe::Constant(false), "A bool has no length.", "";
    "is.long." (Int, Int) -> Bool, NEVER, Recipe::Constant(false), "An int has no length.", "";
    "is.long." (Nat, Int) -> Bool, NEVER, Recipe::Constant(false), "An int has no length.", "";
    "is.long." (Float, Int) -> Bool, NEVER, Recipe::Constant(false), "A float has no length.", "";
    "is.long." (Complex, Int) -> Bool, NEVER, Recipe::Constant(false), "A complex has no length.", "";
    "is.longer." (NoneType, Int) -> Bool, NEVER, Recipe::Constant(false), "None has no length.", "";
    "is.longer." (Bool, Int) -> Bool, NEVER, Recipe::Constant(false), "A bool has no length.", "";
    "is.longer." (Int, Int) -> Bool, NEVER, Recipe::Constant(false), "An int has no length.", "";
    "is.longer." (Nat, Int) -> Bool, NEVER, Recipe::Constant(false), "An int has no length.", "";
    "is.longer." (Float, Int) -> Bool, NEVER, Recipe::Constant(false), "A float has no length.", "";
    "is.longer." (Complex, Int) -> Bool, NEVER, Recipe::Constant(false), "A complex has no length.", "";
    "same." (Float, Float) -> Bool, &[Leave::Identity], Recipe::SameFloat, "Equal floats, or one object.", "";
    "index." (Int) -> Int, NEVER, Recipe::Same, "An argument of range; a bool counts as an int.", "";
    "step." (Int) -> Int, &[Leave::ZeroStep], Recipe::NonZero, "The step of a range.", "";
    "count." (Int, Int, Int) -> Int, NEVER, Recipe::RangeCount, "Turns of a range, unsigned.", "";
    "up." (Int) -> Int, NEVER, Recipe::StepUp, "Next value of a range with step 1.", "";
    "down." (Int) -> Int, NEVER, Recipe::StepDown, "Next value of a range with step -1, or the turns that remain.", "";
    "advance." (Int, Int) -> Int, NEVER, Recipe::WrappingAdd, "Next value of a range with any step.", "";
    "probe." () -> NoneType, &[Leave::Probe], Recipe::Probe, "An entry point, where a test may force the side exit.", "";
};

impl Recipe {
    /// True if it changes more than its target.
    #[must_use]
    pub const fn has_effect(self) -> bool {
        matches!(self, Self::Store)
    }

    /// True if it is arithmetic of floats, and nothing else depends on how it is rounded: `fastmath` is about these.
    #[must_use]
    pub const fn is_arithmetic_of_floats(self) -> bool {
        match self {
            Self::AddFloat | Self::SubFloat | Self::MulFloat | Self::DivFloat | Self::NegFloat => true,
            Self::Degrees | Self::Radians | Self::AddComplex | Self::SubComplex | Self::MulComplex => true,
            Self::Scalar(element) => matches!(
                element,
                Element::Add
                    | Element::Sub
                    | Element::Mul
                    | Element::Div
                    | Element::Neg
                    | Element::Degrees
                    | Element::Radians
                    | Element::Square
                    | Element::Reciprocal
            ),
            _ => false,
        }
    }

    /// True if the interpreter may be asked for the result.
    #[must_use]
    pub const fn asks_host(self) -> bool {
        matches!(self, Self::Host | Self::HostOver(_) | Self::RoundFloat)
    }
}

impl OpId {
    /// The row.
    #[must_use]
    pub fn row(self) -> &'static Op {
        &TABLE[self.0 as usize]
    }
}

impl Op {
    /// True if the operation can take its side exit.
    #[must_use]
    pub const fn leaves(&self) -> bool {
        !self.leaves_if.is_empty()
    }

    /// True if operands of these types fit.
    #[must_use]
    pub fn takes(&self, mut operands: impl ExactSizeIterator<Item = Option<Type>>) -> bool {
        match (self.recipe, self.params) {
            (Recipe::HostOver(_), &[widest]) => operands.all(|one| one.is_some_and(|one| is_number_up_to(one, widest))),
            _ => {
                operands.len() == self.params.len() && operands.zip(self.params).all(|(one, &param)| one == Some(param))
            }
        }
    }

    /// True for rows that no user writes: the compiler's own, and the forms of int rows for ints without a sign and for low bits.
    #[must_use]
    pub fn is_internal(&self) -> bool {
        self.name.ends_with('.') || self.params.iter().any(|one| matches!(one, Nat | Low))
    }
}

/// True for a number that is no wider than a type of numbers.
fn is_number_up_to(one: Type, widest: Type) -> bool {
    rank(one).is_some_and(|rank_of_one| Some(rank_of_one) <= rank(widest))
}

/// The place of a type of numbers among int, float, complex.
#[must_use]
pub const fn rank(one: Type) -> Option<u8> {
    match one {
        Bool | Int | Nat => Some(0),
        Float => Some(1),
        Complex => Some(2),
        Type::Unbound
        | NoneType
        | Low
        | Type::Scalar(_)
        | Type::Object
        | Type::Pointer
        | Type::Tuple(_)
        | Type::Array(_)
        | Type::Function(_) => None,
    }
}

/// The rows of each name.
static NAMES: Names<COUNT> = Names::of(&ALL);

/// The minor version of the CPython that compiled code is for.
static PYTHON: AtomicU8 = AtomicU8::new(u8::MAX);

/// Says for which CPython 3.x compiled code is; without it, for the newest. Rows that this one does not have are left out.
pub fn set_python(minor: u8) {
    PYTHON.store(minor, Ordering::Relaxed);
}

/// The minor version of the CPython that compiled code is for.
#[must_use]
pub fn python() -> u8 {
    PYTHON.load(Ordering::Relaxed)
}

/// The rows of a name.
pub fn overloads(name: &str) -> impl Iterator<Item = OpId> {
    rows(name)
}

fn rows(name: &str) -> impl Iterator<Item = OpId> {
    let python = python();
    of_name(name).filter(move |op| op.row().since <= python)
}

/// The same for every CPython.
fn of_name(name: &str) -> impl Iterator<Item = OpId> {
    NAMES.candidates(name).map(OpId).filter(move |op| op.row().name == name)
}

/// A name of the table that is equal to this one.
#[must_use]
pub fn name(name: &str) -> Option<&'static str> {
    of_name(name).next().map(|op| op.row().name)
}

/// True if there is a row of this name with so many operands.
#[must_use]
pub fn takes(name: &str, operands: usize) -> bool {
    rows(name).any(|op| op.row().params.len() == operands)
}

/// True if the result of rows of this name may be the very object that an operand is.
#[must_use]
pub fn may_give_operand(name: &str, operands: usize) -> bool {
    let whole = ["+", "abs", "int", "float", "complex", "round", "math.floor", "math.ceil", "math.trunc"];
    let parts = [".real", ".numerator", ".conjugate"];
    operands > 0 && (operands == 1 || name == "round") && (whole.contains(&name) || parts.contains(&name))
}

/// The row for a name and operand types, after the conversions that Python makes: a bool counts as an int, an int beside one
/// without a sign as one of those, an int where only a float will do as a float, a real number where only a complex will do as a
/// complex. `None` if there is no such row: Python raises, or does something compiled code does not.
#[must_use]
pub fn resolve(name: &str, operands: &[Type]) -> Option<OpId> {
    if name == "same." {
        // Objects of other types than these are one only if they are equal.
        return find(name, operands).or_else(|| resolve("==", operands));
    }
    let has = |wanted: Type| operands.contains(&wanted);
    let converted = |convert: fn(Type) -> Type| operands.iter().map(|&one| convert(one)).collect::<Vec<_>>();
    let as_int = || find(name, &converted(|one| if one == Bool { Int } else { one }));
    let as_nat = || {
        let all = || converted(|one| if matches!(one, Bool | Int) { Nat } else { one });
        has(Nat).then(|| find(name, &all())).flatten()
    };
    // A method is that of the type.
    let is_method = name.starts_with('.');
    // Ints that do not fit i64 stay ints where there are rows for ints.
    let nat_is_float = has(Float) || !takes_only(name, operands.len(), &[Bool, Int]);
    let to_float = |from: Type, to: Type| match from {
        Bool => matches!(to, Int | Float),
        Int => to == Float,
        Nat => to == Float && nat_is_float,
        _ => false,
    };
    // Equality is exact.
    let is_equality = matches!(name, "==" | "!=");
    let complex_is_exact = !is_equality || !operands.iter().any(|one| matches!(one, Bool | Int | Nat));
    let may_be_complex = complex_is_exact && (has(Complex) || !takes_only(name, operands.len(), &[Bool, Int, Float]));
    let to_complex = |from: Type, to: Type| may_be_complex && to == Complex && matches!(from, Bool | Int | Nat | Float);
    let fits = |converts: &dyn Fn(Type, Type) -> bool| {
        rows(name).filter(|_| !is_method).find(|op| {
            let params = op.row().params;
            let pairs = || operands.iter().zip(params);
            params.len() == operands.len() && pairs().all(|(&from, &to)| from == to || converts(from, to))
        })
    };
    // What has rows for i64 only takes the value as one, if it fits.
    let narrowed = || {
        let all = || converted(|one| if matches!(one, Bool | Nat) { Int } else { one });
        has(Nat).then(|| find(name, &all())).flatten()
    };
    let exact = find(name, operands).or_else(as_int).or_else(as_nat).or_else(narrowed);
    exact.or_else(|| fits(&to_float)).or_else(|| fits(&to_complex))
}

/// The row of exactly these operands.
#[must_use]
pub fn find(name: &str, params: &[Type]) -> Option<OpId> {
    rows(name).find(|op| op.row().params == params)
}

/// True if there is a row of this name for so many operands, all of these types.
fn takes_only(name: &str, operands: usize, types: &[Type]) -> bool {
    let only = |op: OpId| op.row().params.len() == operands && op.row().params.iter().all(|one| types.contains(one));
    rows(name).any(only)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(name: &str, operands: &[Type]) -> Option<&'static Op> {
        resolve(name, operands).map(OpId::row)
    }

    #[test]
    fn rows_are_unique() {
        for (at, op) in TABLE.iter().enumerate() {
            assert_eq!(resolve(op.name, op.params), Some(OpId(at as u16)), "{} {:?}", op.name, op.params);
        }
    }

    #[test]
    fn operands_are_converted_as_python_does() {
        assert_eq!(row("+", &[Bool, Bool]).map(|op| op.result), Some(Int));
        assert_eq!(row("&", &[Bool, Bool]).map(|op| op.result), Some(Bool));
        assert_eq!(row("&", &[Bool, Int]).map(|op| op.result), Some(Int));
        assert_eq!(row("+", &[Bool, Float]).map(|op| op.params), Some(&[Float, Float][..]));
        assert_eq!(row("<", &[Bool, Float]).map(|op| op.params), Some(&[Int, Float][..]));
        assert_eq!(row("**-", &[Int, Int]).map(|op| op.result), Some(Float));
        assert!(row("&", &[Int, Float]).is_none());
        assert!(row("<<", &[Float, Float]).is_none());
        assert!(row("+", &[NoneType, Int]).is_none());
        assert!(row("index.", &[Float]).is_none());
    }

    #[test]
    fn methods_are_those_of_the_type() {
        assert_eq!(row(".bit_length", &[Bool]).map(|op| op.params), Some(&[Int][..]));
        assert!(row(".bit_length", &[Float]).is_none());
        assert_eq!(row("math.sqrt", &[Int]).map(|op| op.params), Some(&[Float][..]));
        assert_eq!(row("math.ldexp", &[Int, Bool]).map(|op| op.params), Some(&[Float, Int][..]));
        assert!(row("math.sqrt", &[NoneType]).is_none());
        assert!(takes("math.log", 2) && !takes("math.log", 3));
    }

    #[test]
    fn what_users_write_has_an_example() {
        for op in TABLE.iter().filter(|op| !op.is_internal()) {
            assert!(!op.example.is_empty() && !op.doc.is_empty(), "{}", op.name);
        }
    }
}

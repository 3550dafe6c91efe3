//! The table of operators.
//!
//! One row says everything about an operation on operands of given types: its result, when it leaves compiled code, how it is
//! lowered, its documentation, an example. The checker, lowering, hover, the support table of the README, the fuzzer and the
//! differential tests all read it. An overload is another row; a new way of lowering is one more [`Recipe`].
//!
//! What has no row is not done in compiled code: the statement takes its side exit and the interpreter does it, or raises.

use serde::{Deserialize, Serialize};

use crate::types::Type::{self, Bool, Complex, Float, Int, Low, Nat, None as NoneType};

/// Index of a row in [`TABLE`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct OpId(pub u16);

/// One row.
#[derive(Debug)]
pub struct Op {
    /// Python's spelling; rows of one name are overloads. Names with a dot are the compiler's own.
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
}

/// Why an operation leaves compiled code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leave {
    /// The int does not fit 64 bits.
    Overflow,
    /// ZeroDivisionError.
    ZeroDivision,
    /// ValueError: negative shift count.
    NegativeShift,
    /// `int ** negative int` is a float in Python.
    NegativeExponent,
    /// OverflowError, ZeroDivisionError, or a complex result of a float power.
    PowDomain,
    /// ValueError: the step of a range is zero.
    ZeroStep,
    /// The int is negative.
    Negative,
    /// TypeError: elements of tuples that have no order.
    Order,
    /// OverflowError: the magnitude of a complex.
    Magnitude,
    /// A test wants it.
    Probe,
    /// Two NaN, which may be one object or two.
    Identity,
    /// Always: Python warns here, or the value is not one of compiled code.
    Always,
}

impl Leave {
    /// As the support table and the editor say it.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::Overflow => "int over 64 bits",
            Self::ZeroDivision => "division by zero",
            Self::NegativeShift => "negative shift count",
            Self::NegativeExponent => "negative exponent",
            Self::PowDomain => "overflow, zero to a negative power, complex result",
            Self::ZeroStep => "step of zero",
            Self::Negative => "negative int",
            Self::Order => "elements without an order",
            Self::Magnitude => "magnitude over the largest float",
            Self::Probe => "when a test wants it",
            Self::Identity => "two NaN that may be one object",
            Self::Always => "always",
        }
    }
}

/// An ordering or equality test.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Predicate {
    /// `<`
    Lt,
    /// `<=`
    Le,
    /// `==`
    Eq,
    /// `!=`
    Ne,
    /// `>`
    Gt,
    /// `>=`
    Ge,
}

/// How a row is lowered: data, so that the table needs no LLVM.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recipe {
    /// i64 addition that leaves on overflow.
    AddInt,
    /// i64 subtraction that leaves on overflow.
    SubInt,
    /// i64 multiplication that leaves on overflow.
    MulInt,
    /// The correctly rounded quotient of two i64.
    DivInt,
    /// Floor division of i64.
    FloorDivInt,
    /// Modulo of i64 with the sign of the divisor.
    ModInt,
    /// i64 power by squaring.
    PowInt,
    /// i64 left shift that leaves if bits are lost.
    ShlInt,
    /// i64 arithmetic right shift by any count.
    ShrInt,
    /// Bitwise and, of i64 or i1.
    And,
    /// Bitwise or, of i64 or i1.
    Or,
    /// Bitwise exclusive or, of i64 or i1.
    Xor,
    /// i64 negation that leaves on overflow.
    NegInt,
    /// Bitwise complement of i64.
    InvertInt,
    /// The operand itself.
    Same,
    /// f64 addition.
    AddFloat,
    /// f64 subtraction.
    SubFloat,
    /// f64 multiplication.
    MulFloat,
    /// f64 division that leaves on zero.
    DivFloat,
    /// CPython's floor division of floats.
    FloorDivFloat,
    /// CPython's modulo of floats.
    ModFloat,
    /// libm's `pow`, which leaves where CPython raises or turns complex.
    PowFloat,
    /// f64 negation.
    NegFloat,
    /// i64 comparison.
    CompareInt(Predicate),
    /// f64 comparison.
    CompareFloat(Predicate),
    /// Exact comparison of an i64 with an f64.
    CompareIntFloat(Predicate),
    /// Exact comparison of an f64 with an i64.
    CompareFloatInt(Predicate),
    /// f64 equality that leaves if both are NaN.
    SameFloat,
    /// Negation of i1.
    Not,
    /// i64 unequal to zero.
    TruthInt,
    /// f64 unequal to zero; NaN is true.
    TruthFloat,
    /// A constant `bool`.
    Constant(bool),
    /// i64 that leaves if it is zero.
    NonZero,
    /// Turns of `range(start, stop, step)` as an unsigned count.
    RangeCount,
    /// The next value of an iterator that is known not to overflow: `x + 1`.
    StepUp,
    /// The next value of an iterator that is known not to overflow: `x - 1`.
    StepDown,
    /// i64 addition modulo 2**64, for the value behind the last one of a range.
    WrappingAdd,
    /// Leaves if whoever entered the code says so.
    Probe,
    /// The side exit.
    Leave,
    /// u64 addition that leaves on overflow.
    AddNat,
    /// u64 subtraction that leaves on overflow.
    SubNat,
    /// u64 multiplication that leaves on overflow.
    MulNat,
    /// The correctly rounded quotient of two u64.
    DivNat,
    /// u64 division.
    FloorDivNat,
    /// u64 remainder.
    ModNat,
    /// u64 remainder by a positive i64, which is one.
    ModNatInt,
    /// u64 left shift that leaves if bits are lost.
    ShlNat,
    /// u64 right shift by any count.
    ShrNat,
    /// Negation of a u64 as an i64; leaves on overflow.
    NegNat,
    /// Complement of a u64 as an i64; leaves on overflow.
    InvertNat,
    /// u64 comparison.
    CompareNat(Predicate),
    /// Exact comparison of a u64 with an i64.
    CompareNatInt(Predicate),
    /// Exact comparison of an i64 with a u64.
    CompareIntNat(Predicate),
    /// Exact comparison of a u64 with an f64.
    CompareNatFloat(Predicate),
    /// Exact comparison of an f64 with a u64.
    CompareFloatNat(Predicate),
    /// An i64 as a u64; leaves if it is negative.
    NatOfInt,
    /// Addition modulo 2**64.
    AddLow,
    /// Subtraction modulo 2**64.
    SubLow,
    /// Multiplication modulo 2**64.
    MulLow,
    /// Negation modulo 2**64.
    NegLow,
    /// Left shift modulo 2**64.
    ShlLow,
    /// Power modulo 2**64.
    PowLow,
    /// Bitwise and of low bits with a mask, which the result fits.
    Mask,
    /// Complex addition.
    AddComplex,
    /// Complex subtraction.
    SubComplex,
    /// Complex multiplication.
    MulComplex,
    /// CPython's complex division.
    DivComplex,
    /// Complex negation.
    NegComplex,
    /// Equality of complex numbers, or its negation.
    EqualComplex(bool),
    /// Exact equality of a complex and an i64, or its negation; the complex is the operand with this number.
    EqualComplexInt(bool, u8),
    /// A complex unequal to zero.
    TruthComplex,
    /// CPython's magnitude of a complex.
    AbsComplex,
    /// The real part.
    Real,
    /// The imaginary part.
    Imag,
    /// The complex conjugate.
    Conjugate,
    /// A complex of two floats.
    ComplexOf,
    /// A bool that leaves if it is true.
    LeaveIf,
    /// Equality of complex numbers; leaves if a part is NaN.
    SameComplex,
}

const OVERFLOW: &[Leave] = &[Leave::Overflow];
const ZERO: &[Leave] = &[Leave::ZeroDivision];
const NEVER: &[Leave] = &[];
const NAN: &[Leave] = &[Leave::Identity];
const MAGNITUDE: &[Leave] = &[Leave::Magnitude];

macro_rules! rows {
    ($($name:literal ($($param:ident),*) -> $result:ident, $leaves:expr, $recipe:expr, $doc:literal, $example:literal;)*) => {
        &[$(Op {
            name: $name, params: &[$($param),*], result: $result, leaves_if: $leaves, recipe: $recipe,
            doc: $doc, example: $example,
        }),*]
    };
}

/// All rows.
pub static TABLE: &[Op] = rows! {
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
    "same." (Int, Int) -> Bool, NEVER, Recipe::CompareInt(Predicate::Eq), "Equal ints.", "";
    "same." (Float, Float) -> Bool, &[Leave::Identity], Recipe::SameFloat, "Equal floats, or one object.", "";
    "same." (Int, Float) -> Bool, NEVER, Recipe::CompareIntFloat(Predicate::Eq), "Equal, exact.", "";
    "same." (Float, Int) -> Bool, NEVER, Recipe::CompareFloatInt(Predicate::Eq), "Equal, exact.", "";
    "same." (NoneType, NoneType) -> Bool, NEVER, Recipe::Constant(true), "None is None.", "";
    "same." (NoneType, Int) -> Bool, NEVER, Recipe::Constant(false), "None is no number.", "";
    "same." (NoneType, Float) -> Bool, NEVER, Recipe::Constant(false), "None is no number.", "";
    "same." (Int, NoneType) -> Bool, NEVER, Recipe::Constant(false), "No number is None.", "";
    "same." (Float, NoneType) -> Bool, NEVER, Recipe::Constant(false), "No number is None.", "";
    "index." (Int) -> Int, NEVER, Recipe::Same, "An argument of range; a bool counts as an int.", "";
    "step." (Int) -> Int, &[Leave::ZeroStep], Recipe::NonZero, "The step of a range.", "";
    "truth." (Nat) -> Bool, NEVER, Recipe::TruthInt, "An int is true unless it is zero.", "";
    "truth." (Complex) -> Bool, NEVER, Recipe::TruthComplex, "A complex is true unless it is zero.", "";
    "count." (Int, Int, Int) -> Int, NEVER, Recipe::RangeCount, "Turns of a range, unsigned.", "";
    "up." (Int) -> Int, NEVER, Recipe::StepUp, "Next value of a range with step 1.", "";
    "down." (Int) -> Int, NEVER, Recipe::StepDown, "Next value of a range with step -1, or the turns that remain.", "";
    "advance." (Int, Int) -> Int, NEVER, Recipe::WrappingAdd, "Next value of a range with any step.", "";
    "is.None." (Nat) -> Bool, NEVER, Recipe::Constant(false), "An int is not None.", "";
    "is.True." (Nat) -> Bool, NEVER, Recipe::Constant(false), "An int is not True.", "";
    "is.False." (Nat) -> Bool, NEVER, Recipe::Constant(false), "An int is not False.", "";
    "is.None." (Complex) -> Bool, NEVER, Recipe::Constant(false), "A complex is not None.", "";
    "is.True." (Complex) -> Bool, NEVER, Recipe::Constant(false), "A complex is not True.", "";
    "is.False." (Complex) -> Bool, NEVER, Recipe::Constant(false), "A complex is not False.", "";
    "==" (NoneType, Nat) -> Bool, NEVER, Recipe::Constant(false), "None is equal to no number.", "";
    "==" (Nat, NoneType) -> Bool, NEVER, Recipe::Constant(false), "No number is equal to None.", "";
    "==" (NoneType, Complex) -> Bool, NEVER, Recipe::Constant(false), "None is equal to no number.", "None == 2j";
    "==" (Complex, NoneType) -> Bool, NEVER, Recipe::Constant(false), "No number is equal to None.", "2j == None";
    "!=" (NoneType, Nat) -> Bool, NEVER, Recipe::Constant(true), "None is equal to no number.", "";
    "!=" (Nat, NoneType) -> Bool, NEVER, Recipe::Constant(true), "No number is equal to None.", "";
    "!=" (NoneType, Complex) -> Bool, NEVER, Recipe::Constant(true), "None is equal to no number.", "None != 2j";
    "!=" (Complex, NoneType) -> Bool, NEVER, Recipe::Constant(true), "No number is equal to None.", "2j != None";
    "same." (Complex, Complex) -> Bool, NAN, Recipe::SameComplex, "Equal as elements of tuples.", "";
    "+" (Complex, Complex) -> Complex, NEVER, Recipe::AddComplex, "Sum.", "2j + 1";
    "-" (Complex, Complex) -> Complex, NEVER, Recipe::SubComplex, "Difference.", "2j - 1";
    "*" (Complex, Complex) -> Complex, NEVER, Recipe::MulComplex, "Product.", "2j * 1.5";
    "/" (Complex, Complex) -> Complex, ZERO, Recipe::DivComplex, "Quotient.", "2j / 1.5";
    "-" (Complex) -> Complex, NEVER, Recipe::NegComplex, "Negation.", "-2j";
    "+" (Complex) -> Complex, NEVER, Recipe::Same, "The number.", "+2j";
    "==" (Complex, Complex) -> Bool, NEVER, Recipe::EqualComplex(true), "Equal.", "2j == 2j";
    "==" (Complex, Int) -> Bool, NEVER, Recipe::EqualComplexInt(true, 0), "Equal, exact.", "2j == 2";
    "==" (Int, Complex) -> Bool, NEVER, Recipe::EqualComplexInt(true, 1), "Equal, exact.", "2 == 2j";
    "!=" (Complex, Complex) -> Bool, NEVER, Recipe::EqualComplex(false), "Unequal.", "2j != 2j";
    "!=" (Complex, Int) -> Bool, NEVER, Recipe::EqualComplexInt(false, 0), "Unequal, exact.", "2j != 2";
    "!=" (Int, Complex) -> Bool, NEVER, Recipe::EqualComplexInt(false, 1), "Unequal, exact.", "2 != 2j";
    "+" (Nat, Nat) -> Nat, OVERFLOW, Recipe::AddNat, "Sum.", "";
    "-" (Nat, Nat) -> Nat, OVERFLOW, Recipe::SubNat, "Difference.", "";
    "*" (Nat, Nat) -> Nat, OVERFLOW, Recipe::MulNat, "Product.", "";
    "/" (Nat, Nat) -> Float, ZERO, Recipe::DivNat, "Quotient, correctly rounded.", "";
    "//" (Nat, Nat) -> Nat, ZERO, Recipe::FloorDivNat, "Quotient rounded down.", "";
    "%" (Nat, Nat) -> Nat, ZERO, Recipe::ModNat, "Remainder.", "";
    "%" (Nat, Int) -> Int, &[Leave::ZeroDivision, Leave::Negative], Recipe::ModNatInt, "Remainder.", "";
    "<<" (Nat, Int) -> Nat, &[Leave::Overflow, Leave::NegativeShift], Recipe::ShlNat, "Left shift.", "";
    ">>" (Nat, Int) -> Nat, &[Leave::NegativeShift], Recipe::ShrNat, "Right shift.", "";
    "nat>>." (Nat, Int) -> Int, &[Leave::NegativeShift], Recipe::ShrNat, "Right shift by one or more.", "";
    "&" (Nat, Nat) -> Nat, NEVER, Recipe::And, "Bitwise and.", "";
    "&" (Nat, Int) -> Nat, NEVER, Recipe::And, "Bitwise and; a negative int has ones above.", "";
    "&" (Int, Nat) -> Nat, NEVER, Recipe::And, "Bitwise and; a negative int has ones above.", "";
    "|" (Nat, Nat) -> Nat, NEVER, Recipe::Or, "Bitwise or.", "";
    "^" (Nat, Nat) -> Nat, NEVER, Recipe::Xor, "Bitwise exclusive or.", "";
    "-" (Nat) -> Int, OVERFLOW, Recipe::NegNat, "Negation.", "";
    "+" (Nat) -> Nat, NEVER, Recipe::Same, "The number.", "";
    "~" (Nat) -> Int, OVERFLOW, Recipe::InvertNat, "Bitwise complement.", "";
    "<" (Nat, Nat) -> Bool, NEVER, Recipe::CompareNat(Predicate::Lt), "Less than.", "";
    "<" (Nat, Int) -> Bool, NEVER, Recipe::CompareNatInt(Predicate::Lt), "Less than.", "";
    "<" (Int, Nat) -> Bool, NEVER, Recipe::CompareIntNat(Predicate::Lt), "Less than.", "";
    "<" (Nat, Float) -> Bool, NEVER, Recipe::CompareNatFloat(Predicate::Lt), "Less than.", "";
    "<" (Float, Nat) -> Bool, NEVER, Recipe::CompareFloatNat(Predicate::Lt), "Less than.", "";
    "<=" (Nat, Nat) -> Bool, NEVER, Recipe::CompareNat(Predicate::Le), "At most.", "";
    "<=" (Nat, Int) -> Bool, NEVER, Recipe::CompareNatInt(Predicate::Le), "At most.", "";
    "<=" (Int, Nat) -> Bool, NEVER, Recipe::CompareIntNat(Predicate::Le), "At most.", "";
    "<=" (Nat, Float) -> Bool, NEVER, Recipe::CompareNatFloat(Predicate::Le), "At most.", "";
    "<=" (Float, Nat) -> Bool, NEVER, Recipe::CompareFloatNat(Predicate::Le), "At most.", "";
    "==" (Nat, Nat) -> Bool, NEVER, Recipe::CompareNat(Predicate::Eq), "Equal.", "";
    "==" (Nat, Int) -> Bool, NEVER, Recipe::CompareNatInt(Predicate::Eq), "Equal.", "";
    "==" (Int, Nat) -> Bool, NEVER, Recipe::CompareIntNat(Predicate::Eq), "Equal.", "";
    "==" (Nat, Float) -> Bool, NEVER, Recipe::CompareNatFloat(Predicate::Eq), "Equal.", "";
    "==" (Float, Nat) -> Bool, NEVER, Recipe::CompareFloatNat(Predicate::Eq), "Equal.", "";
    "!=" (Nat, Nat) -> Bool, NEVER, Recipe::CompareNat(Predicate::Ne), "Unequal.", "";
    "!=" (Nat, Int) -> Bool, NEVER, Recipe::CompareNatInt(Predicate::Ne), "Unequal.", "";
    "!=" (Int, Nat) -> Bool, NEVER, Recipe::CompareIntNat(Predicate::Ne), "Unequal.", "";
    "!=" (Nat, Float) -> Bool, NEVER, Recipe::CompareNatFloat(Predicate::Ne), "Unequal.", "";
    "!=" (Float, Nat) -> Bool, NEVER, Recipe::CompareFloatNat(Predicate::Ne), "Unequal.", "";
    ">" (Nat, Nat) -> Bool, NEVER, Recipe::CompareNat(Predicate::Gt), "Greater than.", "";
    ">" (Nat, Int) -> Bool, NEVER, Recipe::CompareNatInt(Predicate::Gt), "Greater than.", "";
    ">" (Int, Nat) -> Bool, NEVER, Recipe::CompareIntNat(Predicate::Gt), "Greater than.", "";
    ">" (Nat, Float) -> Bool, NEVER, Recipe::CompareNatFloat(Predicate::Gt), "Greater than.", "";
    ">" (Float, Nat) -> Bool, NEVER, Recipe::CompareFloatNat(Predicate::Gt), "Greater than.", "";
    ">=" (Nat, Nat) -> Bool, NEVER, Recipe::CompareNat(Predicate::Ge), "At least.", "";
    ">=" (Nat, Int) -> Bool, NEVER, Recipe::CompareNatInt(Predicate::Ge), "At least.", "";
    ">=" (Int, Nat) -> Bool, NEVER, Recipe::CompareIntNat(Predicate::Ge), "At least.", "";
    ">=" (Nat, Float) -> Bool, NEVER, Recipe::CompareNatFloat(Predicate::Ge), "At least.", "";
    ">=" (Float, Nat) -> Bool, NEVER, Recipe::CompareFloatNat(Predicate::Ge), "At least.", "";
    "leave_if." (Bool) -> Bool, &[Leave::Order], Recipe::LeaveIf, "Leaves if it comes to elements without an order.", "";
    "nat." (Int) -> Nat, &[Leave::Negative], Recipe::NatOfInt, "An int without a sign.", "";
    "+" (Low, Low) -> Low, NEVER, Recipe::AddLow, "Sum modulo 2**64.", "";
    "-" (Low, Low) -> Low, NEVER, Recipe::SubLow, "Difference modulo 2**64.", "";
    "*" (Low, Low) -> Low, NEVER, Recipe::MulLow, "Product modulo 2**64.", "";
    "-" (Low) -> Low, NEVER, Recipe::NegLow, "Negation modulo 2**64.", "";
    "+" (Low) -> Low, NEVER, Recipe::Same, "The number.", "";
    "~" (Low) -> Low, NEVER, Recipe::InvertInt, "Bitwise complement.", "";
    "&" (Low, Low) -> Low, NEVER, Recipe::And, "Bitwise and.", "";
    "|" (Low, Low) -> Low, NEVER, Recipe::Or, "Bitwise or.", "";
    "^" (Low, Low) -> Low, NEVER, Recipe::Xor, "Bitwise exclusive or.", "";
    "<<" (Low, Int) -> Low, &[Leave::NegativeShift], Recipe::ShlLow, "Left shift modulo 2**64.", "";
    "**" (Low, Int) -> Low, &[Leave::NegativeExponent], Recipe::PowLow, "Power modulo 2**64.", "";
    "&" (Low, Int) -> Int, NEVER, Recipe::Mask, "The bits of a mask, which is not negative.", "";
    "&" (Int, Low) -> Int, NEVER, Recipe::Mask, "The bits of a mask, which is not negative.", "";
    "&" (Low, Nat) -> Nat, NEVER, Recipe::Mask, "The bits of a mask.", "";
    "&" (Nat, Low) -> Nat, NEVER, Recipe::Mask, "The bits of a mask.", "";
    "probe." () -> NoneType, &[Leave::Probe], Recipe::Probe, "An entry point, where a test may force the side exit.", "";
};

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

    /// True for rows that no user writes: the compiler's own, and the forms of int rows for ints without a sign and for low bits.
    #[must_use]
    pub fn is_internal(&self) -> bool {
        self.name.ends_with('.') || self.params.iter().any(|one| matches!(one, Nat | Low))
    }
}

/// The row for a name and operand types, after the conversions that Python makes: a bool counts as an int, an int beside one
/// without a sign as one of those, an int beside a float as a float, a real number beside a complex as a complex. `None` if there is
/// no such row: Python raises, or does something compiled code does not.
#[must_use]
pub fn resolve(name: &str, operands: &[Type]) -> Option<OpId> {
    let has = |wanted: Type| operands.contains(&wanted);
    let converted = |convert: fn(Type) -> Type| operands.iter().map(|&one| convert(one)).collect::<Vec<_>>();
    let exact = find(name, operands);
    let as_int = || find(name, &converted(|one| if one == Bool { Int } else { one }));
    let as_nat =
        || has(Nat).then(|| find(name, &converted(|one| if matches!(one, Bool | Int) { Nat } else { one }))).flatten();
    let is_equality = matches!(name, "==" | "!=");
    let as_float = || {
        // Ints are not made floats where there are rows for ints.
        let real = operands.iter().all(|one| matches!(one, Bool | Int | Nat | Float));
        let fits = real && !is_equality && (has(Float) || !has_int_row(name, operands.len()));
        fits.then(|| find(name, &vec![Float; operands.len()])).flatten()
    };
    let as_complex = || {
        let numbers = operands.iter().all(|one| matches!(one, Bool | Int | Nat | Float | Complex));
        let inexact = is_equality && has(Nat);
        let fits = numbers && !inexact && (has(Complex) || !has_real_row(name, operands.len()));
        fits.then(|| find(name, &vec![Complex; operands.len()])).flatten()
    };
    exact.or_else(as_int).or_else(as_nat).or_else(as_float).or_else(as_complex)
}

fn has_int_row(name: &str, operands: usize) -> bool {
    TABLE.iter().any(|op| op.name == name && op.params.len() == operands && op.params.contains(&Int))
}

fn has_real_row(name: &str, operands: usize) -> bool {
    let real = |op: &Op| op.params.iter().all(|one| matches!(one, Bool | Int | Float));
    TABLE.iter().any(|op| op.name == name && op.params.len() == operands && real(op))
}

/// The row of exactly these operands.
#[must_use]
pub fn find(name: &str, params: &[Type]) -> Option<OpId> {
    let at = TABLE.iter().position(|op| op.name == name && op.params == params)?;
    u16::try_from(at).ok().map(OpId)
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
            assert_eq!(find(op.name, op.params), Some(OpId(at as u16)), "{} {:?}", op.name, op.params);
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
    fn what_users_write_has_an_example() {
        for op in TABLE.iter().filter(|op| !op.is_internal()) {
            assert!(!op.example.is_empty() && !op.doc.is_empty(), "{}", op.name);
        }
    }
}

//! Rows of NumPy's scalars: operators on operands of one dtype, conversions between dtypes and from Python's numbers.
//!
//! Which dtype the operands of an operation are converted to is decided in `check/promote`; a row has one dtype for all of its
//! operands. Ints have a fixed width and wrap, floats follow IEEE, and nothing warns.
//!
//! Conversions are rows of the compiler's own, named after the dtype that they give. `as.int8.` is NumPy's cast, which always has
//! a result: ints wrap, and of floats that do not fit it is what the instructions of x86-64 give. `into.int8.` leaves where the
//! value does not fit: it is how Python's numbers become scalars, and how scalars are stored in arrays of ints with a sign.

use super::{Kind, Leave, Op, Predicate, Recipe, Rounding};
use crate::types::{Dtype, Type};

/// An operation on scalars of one dtype; the row says which.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Element {
    /// Sum; of bools their disjunction.
    Add,
    /// Difference.
    Sub,
    /// Product; of bools their conjunction.
    Mul,
    /// Quotient of floats or complex numbers.
    Div,
    /// Quotient rounded down; of ints by zero it is zero.
    FloorDiv,
    /// Remainder with the sign of the divisor; of ints by zero it is zero.
    Mod,
    /// Power; leaves on a negative exponent of an int. Of complex numbers by NumPy's function, which multiplies for whole exponents.
    Pow,
    /// Left shift; zero if the count is negative or not less than the width.
    Shl,
    /// Right shift; as if all bits were shifted out if the count is negative or not less than the width.
    Shr,
    /// Bitwise and.
    And,
    /// Bitwise or.
    Or,
    /// Bitwise exclusive or.
    Xor,
    /// Negation, which wraps.
    Neg,
    /// Bitwise complement; of a bool its negation.
    Invert,
    /// Absolute value, which wraps; magnitude of a complex.
    Abs,
    /// Comparison; of complex numbers by their real parts first.
    Compare(Predicate),
    /// Order of complex numbers as NumPy's functions have it: where an imaginary part is NaN, only equal real parts are in order.
    Ordered(Predicate),
    /// Equality; leaves if both are NaN, which may be one object.
    Same,
    /// Unequal to zero.
    Truth,
    /// Conversion that always has a result.
    Cast,
    /// Conversion that leaves where the value does not fit; the fraction of a float is cut off.
    Fit,
    /// A float as the nearest int of Python's, of two as near the even one.
    RoundEven,
    /// A float as the nearest whole float in some direction.
    Whole(Rounding),
    /// Rounded to so many decimal digits, as NumPy does: scaled, rounded to even, scaled back.
    RoundTo,
    /// Square root by instruction.
    Sqrt,
    /// A function of libm's, by its names for float64 and float32.
    Call([&'static str; 2]),
    /// A helper on a complex number, by its names for complex128 and complex64.
    CallComplex([&'static str; 2]),
    /// Power of floats by NumPy's function, which takes the exponents 2, 1/2 and -1 on their own.
    Power,
    /// A float times 180 / pi.
    Degrees,
    /// A float times pi / 180.
    Radians,
    /// A float with the sign of another.
    CopySign,
    /// The number times itself.
    Square,
    /// -1, 0 or 1; a complex divided by its magnitude.
    Sign,
    /// One over the number; of an int as the cast of the float.
    Reciprocal,
    /// Remainder with the sign of the dividend; of ints by zero it is zero.
    Fmod,
    /// The lesser; of equal ones the second; NaN if one is.
    Least,
    /// The greater; of equal ones the second; NaN if one is.
    Greatest,
    /// The lesser; of NaN and a number the number.
    LeastNumber,
    /// The greater; of NaN and a number the number.
    GreatestNumber,
    /// Not less than the second, then not greater than the third.
    Clip,
    /// A test of a float, or of the parts of a complex.
    Is(Kind),
    /// The sign bit of a float.
    SignBit,
    /// The step function of Heaviside.
    Heaviside,
    /// The logarithm of the sum of two exponentials.
    LogAddExp,
    /// Greatest common divisor.
    Gcd,
    /// Least common multiple, which wraps.
    Lcm,
    /// A float times a power of two.
    Ldexp,
    /// Ones in the magnitude of an int.
    BitCount,
    /// The real part.
    Real,
    /// The imaginary part.
    Imag,
    /// The complex conjugate.
    Conjugate,
    /// Zero.
    Nothing,
    /// The int 1.
    Unit,
    /// True.
    Always,
}

impl Element {
    /// A rough cost: an addition is 1.
    #[must_use]
    pub const fn cost(self) -> u64 {
        match self {
            Self::LogAddExp => 80,
            Self::CallComplex(_) => 100,
            Self::Pow | Self::Power | Self::Call(_) | Self::Gcd | Self::Lcm | Self::Ldexp | Self::RoundTo => 40,
            Self::FloorDiv | Self::Mod | Self::Fmod => 20,
            Self::Div | Self::Reciprocal | Self::Sqrt => 8,
            Self::Add
            | Self::Sub
            | Self::Mul
            | Self::Shl
            | Self::Shr
            | Self::And
            | Self::Or
            | Self::Xor
            | Self::Neg
            | Self::Invert
            | Self::Abs
            | Self::Compare(_)
            | Self::Ordered(_)
            | Self::Same
            | Self::Truth
            | Self::Cast
            | Self::Fit
            | Self::RoundEven
            | Self::Whole(_)
            | Self::Degrees
            | Self::Radians
            | Self::CopySign
            | Self::Square
            | Self::Sign
            | Self::Least
            | Self::Greatest
            | Self::LeastNumber
            | Self::GreatestNumber
            | Self::Clip
            | Self::Is(_)
            | Self::SignBit
            | Self::Heaviside
            | Self::BitCount
            | Self::Real
            | Self::Imag
            | Self::Conjugate
            | Self::Nothing
            | Self::Unit
            | Self::Always => 1,
        }
    }
}

pub(super) const BOOL: Type = Type::Scalar(Dtype::Bool);
pub(super) const I8: Type = Type::Scalar(Dtype::Int8);
pub(super) const I16: Type = Type::Scalar(Dtype::Int16);
pub(super) const I32: Type = Type::Scalar(Dtype::Int32);
pub(super) const I64: Type = Type::Scalar(Dtype::Int64);
pub(super) const U8: Type = Type::Scalar(Dtype::UInt8);
pub(super) const U16: Type = Type::Scalar(Dtype::UInt16);
pub(super) const U32: Type = Type::Scalar(Dtype::UInt32);
pub(super) const U64: Type = Type::Scalar(Dtype::UInt64);
pub(super) const F32: Type = Type::Scalar(Dtype::Float32);
pub(super) const F64: Type = Type::Scalar(Dtype::Float64);
pub(super) const C64: Type = Type::Scalar(Dtype::Complex64);
pub(super) const C128: Type = Type::Scalar(Dtype::Complex128);

const NEVER: &[Leave] = &[];
const NEGATIVE: &[Leave] = &[Leave::NegativeExponent];
const RANGE: &[Leave] = &[Leave::Range];
const OVERFLOW: &[Leave] = &[Leave::Overflow];
const NOT_AN_INT: &[Leave] = &[Leave::NotAnInt];
const NAN: &[Leave] = &[Leave::Identity];

/// Rows whose texts may be put together and whose recipes are [`Element`]s.
macro_rules! elements {
    ($($name:expr, [$($param:expr),*] => $result:expr, $leaves:expr, $element:ident $(($of:expr))?, $doc:expr, $example:expr;)*) => {
        &[$(elements!(@row $name, [$($param),*], $result, $leaves, Recipe::Scalar($crate::ops::Element::$element $(($of))?), $doc, $example)),*]
    };
    (@row $name:expr, [$($param:expr),*], $result:expr, $leaves:expr, $recipe:expr, $doc:expr, $example:expr) => {
        Op {
            name: $name, params: &[$($param),*], result: $result, leaves_if: $leaves, recipe: $recipe, doc: $doc,
            example: $example, since: 0,
        }
    };
}

/// The same, of any recipes.
macro_rules! plain {
    ($($name:expr, [$($param:expr),*] => $result:expr, $leaves:expr, $recipe:expr, $doc:expr, $example:expr;)*) => {
        &[$(elements!(@row $name, [$($param),*], $result, $leaves, $recipe, $doc, $example)),*]
    };
}

/// `np.int8(5) + np.int8(3)`
macro_rules! two {
    ($of:literal, $left:literal, $operator:literal, $right:literal) => {
        concat!("np.", $of, "(", $left, ") ", $operator, " np.", $of, "(", $right, ")")
    };
}

macro_rules! comparisons {
    ($of:literal, $ty:expr, $left:literal, $right:literal) => {
        elements! {
            "<", [$ty, $ty] => BOOL, NEVER, Compare(Predicate::Lt), "Less than.", two!($of, $left, "<", $right);
            "<=", [$ty, $ty] => BOOL, NEVER, Compare(Predicate::Le), "At most.", two!($of, $left, "<=", $right);
            "==", [$ty, $ty] => BOOL, NEVER, Compare(Predicate::Eq), "Equal.", two!($of, $left, "==", $right);
            "!=", [$ty, $ty] => BOOL, NEVER, Compare(Predicate::Ne), "Unequal.", two!($of, $left, "!=", $right);
            ">", [$ty, $ty] => BOOL, NEVER, Compare(Predicate::Gt), "Greater than.", two!($of, $left, ">", $right);
            ">=", [$ty, $ty] => BOOL, NEVER, Compare(Predicate::Ge), "At least.", two!($of, $left, ">=", $right);
        }
    };
}

macro_rules! bits {
    ($of:literal, $ty:expr, $left:literal, $right:literal) => {
        elements! {
            "&", [$ty, $ty] => $ty, NEVER, And, "Bitwise and.", two!($of, $left, "&", $right);
            "|", [$ty, $ty] => $ty, NEVER, Or, "Bitwise or.", two!($of, $left, "|", $right);
            "^", [$ty, $ty] => $ty, NEVER, Xor, "Bitwise exclusive or.", two!($of, $left, "^", $right);
            "~", [$ty] => $ty, NEVER, Invert, "Bitwise complement.", concat!("~np.", $of, "(", $left, ")");
        }
    };
}

macro_rules! ints {
    ($of:literal, $ty:expr, $left:literal, $right:literal, $power:expr) => {
        elements! {
            "+", [$ty, $ty] => $ty, NEVER, Add, "Sum, which wraps.", two!($of, $left, "+", $right);
            "-", [$ty, $ty] => $ty, NEVER, Sub, "Difference, which wraps.", two!($of, $right, "-", $left);
            "*", [$ty, $ty] => $ty, NEVER, Mul, "Product, which wraps.", two!($of, $left, "*", $right);
            "//", [$ty, $ty] => $ty, NEVER, FloorDiv, "Quotient rounded down; zero if the divisor is zero.", two!($of, $left, "//", $right);
            "%", [$ty, $ty] => $ty, NEVER, Mod, "Remainder with the sign of the divisor; zero if that is zero.", two!($of, $left, "%", $right);
            "**", [$ty, $ty] => $ty, $power, Pow, "Power, which wraps.", two!($of, $left, "**", $right);
            "<<", [$ty, $ty] => $ty, NEVER, Shl, "Left shift; zero if all bits are shifted out.", two!($of, $left, "<<", $right);
            ">>", [$ty, $ty] => $ty, NEVER, Shr, "Right shift, rounding down.", two!($of, $left, ">>", $right);
            "-", [$ty] => $ty, NEVER, Neg, "Negation, which wraps.", concat!("-np.", $of, "(", $left, ")");
            "abs", [$ty] => $ty, NEVER, Abs, "Absolute value, which wraps.", concat!("abs(np.", $of, "(", $left, "))");
        }
    };
}

macro_rules! floats {
    ($of:literal, $ty:expr) => {
        elements! {
            "+", [$ty, $ty] => $ty, NEVER, Add, "Sum.", two!($of, "2.5", "+", "0.5");
            "-", [$ty, $ty] => $ty, NEVER, Sub, "Difference.", two!($of, "2.5", "-", "0.5");
            "*", [$ty, $ty] => $ty, NEVER, Mul, "Product.", two!($of, "2.5", "*", "0.5");
            "/", [$ty, $ty] => $ty, NEVER, Div, "Quotient, by zero as IEEE has it.", two!($of, "2.5", "/", "0.5");
            "//", [$ty, $ty] => $ty, NEVER, FloorDiv, "Quotient rounded down, by zero as IEEE has it.", two!($of, "-7.5", "//", "2");
            "%", [$ty, $ty] => $ty, NEVER, Mod, "Remainder with the sign of the divisor.", two!($of, "-7.5", "%", "2");
            "**", [$ty, $ty] => $ty, NEVER, Pow, "Power, libm's.", two!($of, "2.5", "**", "0.5");
            "-", [$ty] => $ty, NEVER, Neg, "Negation.", concat!("-np.", $of, "(2.5)");
            "abs", [$ty] => $ty, NEVER, Abs, "Absolute value.", concat!("abs(np.", $of, "(-2.5))");
            "same.", [$ty, $ty] => Type::Bool, NAN, Same, "Equal floats, or one object.", "";
            "round", [$ty] => Type::Int, NOT_AN_INT, RoundEven, "The nearest int of Python's, of two as near the even one.",
                concat!("round(np.", $of, "(2.5))");
        }
    };
}

macro_rules! complexes {
    ($of:literal, $ty:expr, $part:expr) => {
        elements! {
            "+", [$ty, $ty] => $ty, NEVER, Add, "Sum.", two!($of, "2j", "+", "1");
            "-", [$ty, $ty] => $ty, NEVER, Sub, "Difference.", two!($of, "2j", "-", "1");
            "*", [$ty, $ty] => $ty, NEVER, Mul, "Product.", two!($of, "2j", "*", "1.5");
            "/", [$ty, $ty] => $ty, NEVER, Div, "Quotient.", two!($of, "2j", "/", "1.5");
            "**", [$ty, $ty] => $ty, NEVER, Pow, "Power, libm's; by whole exponents below 100 the product.", two!($of, "2j", "**", "3");
            "-", [$ty] => $ty, NEVER, Neg, "Negation.", concat!("-np.", $of, "(2j)");
            "abs", [$ty] => $part, NEVER, Abs, "Magnitude.", concat!("abs(np.", $of, "(3 + 4j))");
            "same.", [$ty, $ty] => Type::Bool, NAN, Same, "Equal complex numbers, or one object.", "";
            "np.less", [$ty, $ty] => BOOL, NEVER, Ordered(Predicate::Lt), "Less than.", concat!("np.less(np.", $of, "(2j), np.", $of, "(1))");
            "np.less_equal", [$ty, $ty] => BOOL, NEVER, Ordered(Predicate::Le), "At most.", concat!("np.less_equal(np.", $of, "(2j), np.", $of, "(1))");
            "np.greater", [$ty, $ty] => BOOL, NEVER, Ordered(Predicate::Gt), "Greater than.", concat!("np.greater(np.", $of, "(2j), np.", $of, "(1))");
            "np.greater_equal", [$ty, $ty] => BOOL, NEVER, Ordered(Predicate::Ge), "At least.", concat!("np.greater_equal(np.", $of, "(2j), np.", $of, "(1))");
        }
    };
}

/// What every scalar has; `$truthful` if it is an instance of Python's float or complex.
macro_rules! common {
    ($of:literal, $ty:expr, $is_float:literal, $is_complex:literal, $example:literal) => {
        plain! {
            "truth.", [$ty] => Type::Bool, NEVER, Recipe::Scalar(Element::Truth), "Unequal to zero.", "";
            "bool", [$ty] => Type::Bool, NEVER, Recipe::Scalar(Element::Truth), "Truth value: unequal to zero; NaN is true.",
                concat!("bool(np.", $of, "(", $example, "))");
            "is.None.", [$ty] => Type::Bool, NEVER, Recipe::Constant(false), "A scalar is not None.", "";
            "is.True.", [$ty] => Type::Bool, NEVER, Recipe::Constant(false), "A scalar of NumPy is not Python's True.", "";
            "is.False.", [$ty] => Type::Bool, NEVER, Recipe::Constant(false), "A scalar of NumPy is not Python's False.", "";
            "is.long.", [$ty, Type::Int] => Type::Bool, NEVER, Recipe::Constant(false), "A scalar has no length.", "";
            "is.longer.", [$ty, Type::Int] => Type::Bool, NEVER, Recipe::Constant(false), "A scalar has no length.", "";
            "isinstance.int.", [$ty] => Type::Bool, NEVER, Recipe::Constant(false), "A scalar of NumPy is no int.", "";
            "isinstance.bool.", [$ty] => Type::Bool, NEVER, Recipe::Constant(false), "A scalar of NumPy is no bool.", "";
            "isinstance.float.", [$ty] => Type::Bool, NEVER, Recipe::Constant($is_float), "Of NumPy's scalars float64 is a float.", "";
            "isinstance.complex.", [$ty] => Type::Bool, NEVER, Recipe::Constant($is_complex), "Of NumPy's scalars complex128 is complex.", "";
            "==", [$ty, Type::None] => Type::Bool, NEVER, Recipe::Constant(false), "No number is equal to None.",
                concat!("np.", $of, "(", $example, ") == None");
            "==", [Type::None, $ty] => Type::Bool, NEVER, Recipe::Constant(false), "None is equal to no number.",
                concat!("None == np.", $of, "(", $example, ")");
            "!=", [$ty, Type::None] => Type::Bool, NEVER, Recipe::Constant(true), "No number is equal to None.",
                concat!("np.", $of, "(", $example, ") != None");
            "!=", [Type::None, $ty] => Type::Bool, NEVER, Recipe::Constant(true), "None is equal to no number.",
                concat!("None != np.", $of, "(", $example, ")");
            concat!("np.", $of), [$ty] => $ty, NEVER, Recipe::Same, concat!("The number as ", $of, "."),
                concat!("np.", $of, "(", $example, ")");
        }
    };
}

/// A scalar as one of Python's numbers.
macro_rules! to_python {
    (real $of:literal, $ty:expr, $int:expr) => {
        elements! {
            "float", [$ty] => Type::Float, NEVER, Cast, "The number as a float of Python's.", concat!("float(np.", $of, "(3))");
            "complex", [$ty] => Type::Complex, NEVER, Cast, "The number as a complex of Python's.", concat!("complex(np.", $of, "(3))");
            "int", [$ty] => Type::Int, $int, Fit, "The number as an int of Python's, rounded towards zero.", concat!("int(np.", $of, "(3))");
        }
    };
    (int $of:literal, $ty:expr, $int:expr) => {
        elements! {
            "index.", [$ty] => Type::Int, $int, Fit, "An argument of range, an index.", "";
            "round", [$ty] => Type::Int, $int, Fit, "The number as an int of Python's.", concat!("round(np.", $of, "(3))");
            "+", [$ty] => $ty, NEVER, Cast, "The number itself.", concat!("+np.", $of, "(3)");
            "same.", [$ty, $ty] => Type::Bool, NEVER, Same, "Equal.", "";
        }
    };
}

macro_rules! casts {
    ($name:literal, $to:expr, [$($from:expr),*]) => {
        elements! { $($name, [$from] => $to, NEVER, Cast, "A number as this dtype.", "";)* }
    };
}

macro_rules! fits {
    ($name:literal, $to:expr, [$($from:expr),*]) => {
        elements! { $($name, [$from] => $to, RANGE, Fit, "A number as this dtype, if it fits.", "";)* }
    };
}

macro_rules! casts_to_real {
    ($name:literal, $to:expr) => {
        casts!(
            $name,
            $to,
            [Type::Bool, Type::Int, Type::Nat, Type::Float, BOOL, I8, I16, I32, I64, U8, U16, U32, U64, F32, F64]
        )
    };
}

macro_rules! casts_to_complex {
    ($name:literal, $to:expr) => {
        casts!(
            $name,
            $to,
            [
                Type::Bool,
                Type::Int,
                Type::Nat,
                Type::Float,
                Type::Complex,
                BOOL,
                I8,
                I16,
                I32,
                I64,
                U8,
                U16,
                U32,
                U64,
                F32,
                F64,
                C64,
                C128
            ]
        )
    };
}

/// The parts that [`super::TABLE`] is joined from.
pub(super) const PARTS: &[&[Op]] = &[
    elements! {
        "+", [BOOL, BOOL] => BOOL, NEVER, Add, "Disjunction.", two!("bool_", "True", "+", "True");
        "*", [BOOL, BOOL] => BOOL, NEVER, Mul, "Conjunction.", two!("bool_", "True", "*", "False");
        "abs", [BOOL] => BOOL, NEVER, Cast, "The bool itself.", "abs(np.bool_(True))";
        "same.", [BOOL, BOOL] => Type::Bool, NEVER, Same, "Equal.", "";
    },
    bits!("bool_", BOOL, "True", "False"),
    ints!("int8", I8, "100", "7", NEGATIVE),
    ints!("int16", I16, "-30000", "7", NEGATIVE),
    ints!("int32", I32, "-2000000000", "7", NEGATIVE),
    ints!("int64", I64, "-9000000000000000000", "7", NEGATIVE),
    ints!("uint8", U8, "200", "7", NEVER),
    ints!("uint16", U16, "60000", "7", NEVER),
    ints!("uint32", U32, "4000000000", "7", NEVER),
    ints!("uint64", U64, "18000000000000000000", "7", NEVER),
    bits!("int8", I8, "100", "7"),
    bits!("int16", I16, "-30000", "7"),
    bits!("int32", I32, "-2000000000", "7"),
    bits!("int64", I64, "-9000000000000000000", "7"),
    bits!("uint8", U8, "200", "7"),
    bits!("uint16", U16, "60000", "7"),
    bits!("uint32", U32, "4000000000", "7"),
    bits!("uint64", U64, "18000000000000000000", "7"),
    floats!("float32", F32),
    floats!("float64", F64),
    complexes!("complex64", C64, F32),
    complexes!("complex128", C128, F64),
    comparisons!("bool_", BOOL, "False", "True"),
    comparisons!("int8", I8, "-5", "7"),
    comparisons!("int16", I16, "-5", "7"),
    comparisons!("int32", I32, "-5", "7"),
    comparisons!("int64", I64, "-5", "7"),
    comparisons!("uint8", U8, "200", "7"),
    comparisons!("uint16", U16, "200", "7"),
    comparisons!("uint32", U32, "200", "7"),
    comparisons!("uint64", U64, "200", "7"),
    comparisons!("float32", F32, "2.5", "0.5"),
    comparisons!("float64", F64, "2.5", "0.5"),
    comparisons!("complex64", C64, "2j", "1"),
    comparisons!("complex128", C128, "2j", "1"),
    MIXED,
    common!("bool_", BOOL, false, false, "True"),
    common!("int8", I8, false, false, "3"),
    common!("int16", I16, false, false, "3"),
    common!("int32", I32, false, false, "3"),
    common!("int64", I64, false, false, "3"),
    common!("uint8", U8, false, false, "3"),
    common!("uint16", U16, false, false, "3"),
    common!("uint32", U32, false, false, "3"),
    common!("uint64", U64, false, false, "3"),
    common!("float32", F32, false, false, "2.5"),
    common!("float64", F64, true, false, "2.5"),
    common!("complex64", C64, false, false, "2.5j"),
    common!("complex128", C128, false, true, "2.5j"),
    to_python!(real "bool_", BOOL, NEVER),
    to_python!(real "int8", I8, NEVER),
    to_python!(real "int16", I16, NEVER),
    to_python!(real "int32", I32, NEVER),
    to_python!(real "int64", I64, NEVER),
    to_python!(real "uint8", U8, NEVER),
    to_python!(real "uint16", U16, NEVER),
    to_python!(real "uint32", U32, NEVER),
    to_python!(real "uint64", U64, OVERFLOW),
    to_python!(real "float32", F32, NOT_AN_INT),
    to_python!(real "float64", F64, NOT_AN_INT),
    to_python!(int "int8", I8, NEVER),
    to_python!(int "int16", I16, NEVER),
    to_python!(int "int32", I32, NEVER),
    to_python!(int "int64", I64, NEVER),
    to_python!(int "uint8", U8, NEVER),
    to_python!(int "uint16", U16, NEVER),
    to_python!(int "uint32", U32, NEVER),
    to_python!(int "uint64", U64, OVERFLOW),
    elements! {
        "complex", [C64] => Type::Complex, NEVER, Cast, "The number as a complex of Python's.", "complex(np.complex64(2j))";
        "complex", [C128] => Type::Complex, NEVER, Cast, "The number as a complex of Python's.", "complex(np.complex128(2j))";
        "+", [F32] => F32, NEVER, Cast, "The number itself.", "+np.float32(2.5)";
        "+", [F64] => F64, NEVER, Cast, "The number itself.", "+np.float64(2.5)";
        "+", [C64] => C64, NEVER, Cast, "The number itself.", "+np.complex64(2j)";
        "+", [C128] => C128, NEVER, Cast, "The number itself.", "+np.complex128(2j)";
    },
    casts_to_real!("as.bool.", BOOL),
    casts!("as.bool.", BOOL, [Type::Complex, C64, C128]),
    casts_to_real!("as.int8.", I8),
    casts_to_real!("as.int16.", I16),
    casts_to_real!("as.int32.", I32),
    casts_to_real!("as.int64.", I64),
    casts_to_real!("as.uint8.", U8),
    casts_to_real!("as.uint16.", U16),
    casts_to_real!("as.uint32.", U32),
    casts_to_real!("as.uint64.", U64),
    casts_to_real!("as.float32.", F32),
    casts_to_real!("as.float64.", F64),
    casts_to_complex!("as.complex64.", C64),
    casts_to_complex!("as.complex128.", C128),
    fits!("into.int8.", I8, [Type::Int, Type::Nat, Type::Float, I16, I32, I64, U8, U16, U32, U64, F32, F64]),
    fits!("into.int16.", I16, [Type::Int, Type::Nat, Type::Float, I32, I64, U16, U32, U64, F32, F64]),
    fits!("into.int32.", I32, [Type::Int, Type::Nat, Type::Float, I64, U32, U64, F32, F64]),
    fits!("into.int64.", I64, [Type::Nat, Type::Float, U64, F32, F64]),
    fits!("into.uint8.", U8, [Type::Int, Type::Nat, Type::Float]),
    fits!("into.uint16.", U16, [Type::Int, Type::Nat, Type::Float]),
    fits!("into.uint32.", U32, [Type::Int, Type::Nat, Type::Float]),
    fits!("into.uint64.", U64, [Type::Int, Type::Float]),
];

/// Exact comparisons of ints of which one has no sign.
const MIXED: &[Op] = elements! {
    "<", [I64, U64] => BOOL, NEVER, Compare(Predicate::Lt), "Less than, exact.", "np.int64(-5) < np.uint64(7)";
    "<", [U64, I64] => BOOL, NEVER, Compare(Predicate::Lt), "Less than, exact.", "np.uint64(7) < np.int64(-5)";
    "<=", [I64, U64] => BOOL, NEVER, Compare(Predicate::Le), "At most, exact.", "np.int64(-5) <= np.uint64(7)";
    "<=", [U64, I64] => BOOL, NEVER, Compare(Predicate::Le), "At most, exact.", "np.uint64(7) <= np.int64(-5)";
    "==", [I64, U64] => BOOL, NEVER, Compare(Predicate::Eq), "Equal, exact.", "np.int64(-5) == np.uint64(7)";
    "==", [U64, I64] => BOOL, NEVER, Compare(Predicate::Eq), "Equal, exact.", "np.uint64(7) == np.int64(-5)";
    "!=", [I64, U64] => BOOL, NEVER, Compare(Predicate::Ne), "Unequal, exact.", "np.int64(-5) != np.uint64(7)";
    "!=", [U64, I64] => BOOL, NEVER, Compare(Predicate::Ne), "Unequal, exact.", "np.uint64(7) != np.int64(-5)";
    ">", [I64, U64] => BOOL, NEVER, Compare(Predicate::Gt), "Greater than, exact.", "np.int64(-5) > np.uint64(7)";
    ">", [U64, I64] => BOOL, NEVER, Compare(Predicate::Gt), "Greater than, exact.", "np.uint64(7) > np.int64(-5)";
    ">=", [I64, U64] => BOOL, NEVER, Compare(Predicate::Ge), "At least, exact.", "np.int64(-5) >= np.uint64(7)";
    ">=", [U64, I64] => BOOL, NEVER, Compare(Predicate::Ge), "At least, exact.", "np.uint64(7) >= np.int64(-5)";
    "same.", [I64, U64] => Type::Bool, NEVER, Same, "Equal, exact.", "";
    "same.", [U64, I64] => Type::Bool, NEVER, Same, "Equal, exact.", "";
};

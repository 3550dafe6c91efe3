//! Rows of NumPy's functions on scalars, and how each takes its arguments.
//!
//! A function that is an operator under another name has no rows of its own. Of the others there is a row for each dtype that
//! NumPy has a loop for, but for float16. Where NumPy's loop on complex numbers rounds as the machine has it, the interpreter's own
//! function is called.

use super::numpy::{BOOL, C64, C128, F32, F64, I8, I16, I32, I64, U8, U16, U32, U64};
use super::{Kind, Leave, Op, Recipe, Rounding};
use crate::types::Type;

/// How a function takes its arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// As an operator does, whose rows it has.
    Operator(&'static str),
    /// In their common dtype; a bool as an int8 where there is no row for bools.
    Common,
    /// As floats, of the least width that has the ints.
    Floats,
    /// A float or complex as it is, anything else as a float64.
    Number,
    /// By their truth values, whose operator this is.
    Truth(&'static str),
    /// A number, and an int.
    WithInt,
}

/// How a function of NumPy takes so many arguments; `None` if there is no such function.
#[must_use]
pub fn way(function: &str, arguments: usize) -> Option<Way> {
    use Way::{Common, Floats, Number, Operator, Truth, WithInt};
    let (wanted, way) = match function {
        "np.negative" => (1, Operator("-")),
        "np.positive" => (1, Operator("+")),
        "np.absolute" | "np.abs" => (1, Operator("abs")),
        "np.invert" | "np.bitwise_not" | "np.bitwise_invert" => (1, Operator("~")),
        "np.add" => (2, Operator("+")),
        "np.subtract" => (2, Operator("-")),
        "np.multiply" => (2, Operator("*")),
        "np.divide" | "np.true_divide" => (2, Operator("/")),
        "np.floor_divide" => (2, Operator("//")),
        "np.remainder" | "np.mod" => (2, Operator("%")),
        "np.power" | "np.pow" => (2, Operator("**")),
        "np.left_shift" | "np.bitwise_left_shift" => (2, Operator("<<")),
        "np.right_shift" | "np.bitwise_right_shift" => (2, Operator(">>")),
        "np.bitwise_and" => (2, Operator("&")),
        "np.bitwise_or" => (2, Operator("|")),
        "np.bitwise_xor" => (2, Operator("^")),
        "np.less" => (2, Operator("<")),
        "np.less_equal" => (2, Operator("<=")),
        "np.equal" => (2, Operator("==")),
        "np.not_equal" => (2, Operator("!=")),
        "np.greater" => (2, Operator(">")),
        "np.greater_equal" => (2, Operator(">=")),
        "np.logical_not" => (1, Truth("~")),
        "np.logical_and" => (2, Truth("&")),
        "np.logical_or" => (2, Truth("|")),
        "np.logical_xor" => (2, Truth("^")),
        "np.isnan" | "np.isinf" | "np.isfinite" | "np.signbit" => (1, Number),
        "np.square" | "np.sign" | "np.floor" | "np.ceil" | "np.trunc" | "np.reciprocal" | "np.conjugate"
        | "np.conj" | "np.bitwise_count" => (1, Common),
        "np.round" | "np.around" if arguments == 1 => (1, Common),
        "np.minimum" | "np.maximum" | "np.fmin" | "np.fmax" | "np.fmod" | "np.gcd" | "np.lcm" => (2, Common),
        "np.clip" => (3, Common),
        "np.ldexp" | "np.round" | "np.around" => (2, WithInt),
        "np.arctan2" | "np.atan2" | "np.hypot" | "np.copysign" | "np.nextafter" | "np.heaviside" | "np.logaddexp" => {
            (2, Floats)
        }
        "np.sqrt" | "np.exp" | "np.exp2" | "np.expm1" | "np.log" | "np.log2" | "np.log10" | "np.log1p" | "np.sin"
        | "np.cos" | "np.tan" | "np.arcsin" | "np.asin" | "np.arccos" | "np.acos" | "np.arctan" | "np.atan"
        | "np.sinh" | "np.cosh" | "np.tanh" | "np.arcsinh" | "np.asinh" | "np.arccosh" | "np.acosh" | "np.arctanh"
        | "np.atanh" | "np.cbrt" | "np.fabs" | "np.rint" | "np.degrees" | "np.rad2deg" | "np.radians"
        | "np.deg2rad" => (1, Floats),
        _ => return None,
    };
    (wanted == arguments).then_some(way)
}

/// The name under which a function has its rows.
#[must_use]
pub fn with_rows(function: &str) -> &str {
    match function {
        "np.asin" => "np.arcsin",
        "np.acos" => "np.arccos",
        "np.atan" => "np.arctan",
        "np.atan2" => "np.arctan2",
        "np.asinh" => "np.arcsinh",
        "np.acosh" => "np.arccosh",
        "np.atanh" => "np.arctanh",
        "np.rad2deg" => "np.degrees",
        "np.deg2rad" => "np.radians",
        "np.around" => "np.round",
        "np.conj" => "np.conjugate",
        own => own,
    }
}

const NEVER: &[Leave] = &[];
const RANGE: &[Leave] = &[Leave::Range];
const WARNING: &[Leave] = &[Leave::Warning];

/// Rows of both floats. The examples are of float32 and float64.
macro_rules! reals {
    ($($name:literal, $element:ident $(($of:expr))?, $doc:literal, $arg:literal;)*) => {
        elements! { $(
            $name, [F32] => F32, NEVER, $element $(($of))?, $doc, concat!($name, "(np.float32(", $arg, "))");
            $name, [F64] => F64, NEVER, $element $(($of))?, $doc, concat!($name, "(np.float64(", $arg, "))");
        )* }
    };
}

macro_rules! pairs {
    ($($name:literal, $element:ident $(($of:expr))?, $doc:literal, $left:literal, $right:literal;)*) => {
        elements! { $(
            $name, [F32, F32] => F32, NEVER, $element $(($of))?, $doc,
                concat!($name, "(np.float32(", $left, "), np.float32(", $right, "))");
            $name, [F64, F64] => F64, NEVER, $element $(($of))?, $doc,
                concat!($name, "(np.float64(", $left, "), np.float64(", $right, "))");
        )* }
    };
}

macro_rules! tests {
    ($($name:literal, $element:ident $(($of:expr))?, $doc:literal;)*) => {
        elements! { $(
            $name, [F32] => BOOL, NEVER, $element $(($of))?, $doc, concat!($name, "(np.float32(-2.5))");
            $name, [F64] => BOOL, NEVER, $element $(($of))?, $doc, concat!($name, "(np.float64(-2.5))");
        )* }
    };
    (complex $($name:literal, $element:ident $(($of:expr))?, $doc:literal;)*) => {
        elements! { $(
            $name, [C64] => BOOL, NEVER, $element $(($of))?, $doc, concat!($name, "(np.complex64(2.5j))");
            $name, [C128] => BOOL, NEVER, $element $(($of))?, $doc, concat!($name, "(np.complex128(2.5j))");
        )* }
    };
}

/// Functions of complex numbers.
macro_rules! complexes {
    ($of:literal, $ty:expr, $part:expr) => {
        elements! {
            "np.minimum", [$ty, $ty] => $ty, NEVER, Least, "The lesser, by the real parts first; NaN if one is.", concat!("np.minimum(np.", $of, "(2j), np.", $of, "(1))");
            "np.maximum", [$ty, $ty] => $ty, NEVER, Greatest, "The greater, by the real parts first; NaN if one is.", concat!("np.maximum(np.", $of, "(2j), np.", $of, "(1))");
            "np.fmin", [$ty, $ty] => $ty, NEVER, LeastNumber, "The lesser; of NaN and a number the number.", concat!("np.fmin(np.", $of, "(2j), np.", $of, "(1))");
            "np.fmax", [$ty, $ty] => $ty, NEVER, GreatestNumber, "The greater; of NaN and a number the number.", concat!("np.fmax(np.", $of, "(2j), np.", $of, "(1))");
            "np.clip", [$ty, $ty, $ty] => $ty, NEVER, Clip, "Within bounds.", concat!("np.clip(np.", $of, "(3j), np.", $of, "(0), np.", $of, "(1))");
            "np.square", [$ty] => $ty, NEVER, Square, "The square.", concat!("np.square(np.", $of, "(1 + 2j))");
            "np.sign", [$ty] => $ty, NEVER, Sign, "The number divided by its magnitude; zero of zero, NaN of NaN.", concat!("np.sign(np.", $of, "(3 + 4j))");
            "np.reciprocal", [$ty] => $ty, NEVER, Reciprocal, "One over the number.", concat!("np.reciprocal(np.", $of, "(3 + 4j))");
            "np.rint", [$ty] => $ty, NEVER, Whole(Rounding::Even), "Each part rounded, of two as near to the even one.", concat!("np.rint(np.", $of, "(2.5 + 1.5j))");
            "np.round", [$ty] => $ty, NEVER, Whole(Rounding::Even), "Each part rounded, of two as near to the even one.", concat!("np.round(np.", $of, "(2.5 + 1.5j))");
            "np.round", [$ty, Type::Int] => $ty, RANGE, RoundTo, "Each part rounded to so many decimal digits.", concat!("np.round(np.", $of, "(2.25 + 1.75j), 1)");
            "np.sqrt", [$ty] => $ty, NEVER, CallComplex(["brrr_csqrt", "brrr_csqrtf"]), "Square root.", concat!("np.sqrt(np.", $of, "(2.5j))");
            "np.exp", [$ty] => $ty, NEVER, CallComplex(["brrr_cexp", "brrr_cexpf"]), "Exponential.", concat!("np.exp(np.", $of, "(2.5j))");
            "np.exp2", [$ty] => $ty, NEVER, CallComplex(["brrr_cexp2", "brrr_cexp2f"]), "Power of two.", concat!("np.exp2(np.", $of, "(2.5j))");
            "np.expm1", [$ty] => $ty, NEVER, CallComplex(["brrr_cexpm1", "brrr_cexpm1f"]), "Exponential minus one.", concat!("np.expm1(np.", $of, "(0.5j))");
            "np.log", [$ty] => $ty, NEVER, CallComplex(["brrr_clog", "brrr_clogf"]), "Natural logarithm.", concat!("np.log(np.", $of, "(2.5j))");
            "np.log2", [$ty] => $ty, NEVER, CallComplex(["brrr_clog2", "brrr_clog2f"]), "Logarithm to base 2.", concat!("np.log2(np.", $of, "(2.5j))");
            "np.log10", [$ty] => $ty, NEVER, CallComplex(["brrr_clog10", "brrr_clog10f"]), "Logarithm to base 10.", concat!("np.log10(np.", $of, "(2.5j))");
            "np.sin", [$ty] => $ty, NEVER, CallComplex(["brrr_csin", "brrr_csinf"]), "Sine.", concat!("np.sin(np.", $of, "(2.5j))");
            "np.cos", [$ty] => $ty, NEVER, CallComplex(["brrr_ccos", "brrr_ccosf"]), "Cosine.", concat!("np.cos(np.", $of, "(2.5j))");
            "np.tan", [$ty] => $ty, NEVER, CallComplex(["brrr_ctan", "brrr_ctanf"]), "Tangent.", concat!("np.tan(np.", $of, "(2.5j))");
            "np.arcsin", [$ty] => $ty, NEVER, CallComplex(["brrr_casin", "brrr_casinf"]), "Arc sine.", concat!("np.arcsin(np.", $of, "(0.5j))");
            "np.arccos", [$ty] => $ty, NEVER, CallComplex(["brrr_cacos", "brrr_cacosf"]), "Arc cosine.", concat!("np.arccos(np.", $of, "(0.5j))");
            "np.arctan", [$ty] => $ty, NEVER, CallComplex(["brrr_catan", "brrr_catanf"]), "Arc tangent.", concat!("np.arctan(np.", $of, "(0.5j))");
            "np.sinh", [$ty] => $ty, NEVER, CallComplex(["brrr_csinh", "brrr_csinhf"]), "Hyperbolic sine.", concat!("np.sinh(np.", $of, "(2.5j))");
            "np.cosh", [$ty] => $ty, NEVER, CallComplex(["brrr_ccosh", "brrr_ccoshf"]), "Hyperbolic cosine.", concat!("np.cosh(np.", $of, "(2.5j))");
            "np.tanh", [$ty] => $ty, NEVER, CallComplex(["brrr_ctanh", "brrr_ctanhf"]), "Hyperbolic tangent.", concat!("np.tanh(np.", $of, "(0.5j))");
            "np.arcsinh", [$ty] => $ty, NEVER, CallComplex(["brrr_casinh", "brrr_casinhf"]), "Inverse hyperbolic sine.", concat!("np.arcsinh(np.", $of, "(2.5j))");
            "np.arccosh", [$ty] => $ty, NEVER, CallComplex(["brrr_cacosh", "brrr_cacoshf"]), "Inverse hyperbolic cosine.", concat!("np.arccosh(np.", $of, "(2.5j))");
            "np.arctanh", [$ty] => $ty, NEVER, CallComplex(["brrr_catanh", "brrr_catanhf"]), "Inverse hyperbolic tangent.", concat!("np.arctanh(np.", $of, "(0.5j))");
        }
    };
    (asked $of:literal, $ty:expr, $part:expr) => {
        plain! {
            "np.abs", [$ty] => $part, WARNING, Recipe::Host, "Magnitude.", concat!("np.abs(np.", $of, "(3 + 4j))");
            "np.log1p", [$ty] => $ty, WARNING, Recipe::Host, "Logarithm of one plus the number.", concat!("np.log1p(np.", $of, "(0.5j))");
            "np.multiply", [$ty, $ty] => $ty, WARNING, Recipe::Host, "Product.", concat!("np.multiply(np.", $of, "(2j), np.", $of, "(1.5))");
        }
    };
}

/// Functions that keep the dtype.
macro_rules! kept {
    (all $of:literal, $ty:expr) => {
        elements! {
            "np.minimum", [$ty, $ty] => $ty, NEVER, Least, "The lesser; NaN if one is.", concat!("np.minimum(np.", $of, "(3), np.", $of, "(1))");
            "np.maximum", [$ty, $ty] => $ty, NEVER, Greatest, "The greater; NaN if one is.", concat!("np.maximum(np.", $of, "(3), np.", $of, "(1))");
            "np.fmin", [$ty, $ty] => $ty, NEVER, LeastNumber, "The lesser; of NaN and a number the number.", concat!("np.fmin(np.", $of, "(3), np.", $of, "(1))");
            "np.fmax", [$ty, $ty] => $ty, NEVER, GreatestNumber, "The greater; of NaN and a number the number.", concat!("np.fmax(np.", $of, "(3), np.", $of, "(1))");
            "np.clip", [$ty, $ty, $ty] => $ty, NEVER, Clip, "Within bounds.", concat!("np.clip(np.", $of, "(3), np.", $of, "(0), np.", $of, "(1))");
        }
    };
    (number $of:literal, $ty:expr) => {
        elements! {
            "np.square", [$ty] => $ty, NEVER, Square, "The square.", concat!("np.square(np.", $of, "(3))");
            "np.sign", [$ty] => $ty, NEVER, Sign, "-1, 0 or 1; NaN of NaN.", concat!("np.sign(np.", $of, "(3))");
            "np.reciprocal", [$ty] => $ty, NEVER, Reciprocal, "One over the number.", concat!("np.reciprocal(np.", $of, "(3))");
            "np.conjugate", [$ty] => $ty, NEVER, Cast, "The number itself.", concat!("np.conjugate(np.", $of, "(3))");
            "np.fmod", [$ty, $ty] => $ty, NEVER, Fmod, "Remainder with the sign of the dividend.", concat!("np.fmod(np.", $of, "(7), np.", $of, "(3))");
            "np.round", [$ty, Type::Int] => $ty, RANGE, RoundTo, "Rounded to so many decimal digits.", concat!("np.round(np.", $of, "(127), -1)");
        }
    };
    (float $of:literal, $ty:expr) => {
        elements! {
            "np.floor", [$ty] => $ty, NEVER, Whole(Rounding::Floor), "Rounded down.", concat!("np.floor(np.", $of, "(2.5))");
            "np.ceil", [$ty] => $ty, NEVER, Whole(Rounding::Ceil), "Rounded up.", concat!("np.ceil(np.", $of, "(2.5))");
            "np.trunc", [$ty] => $ty, NEVER, Whole(Rounding::Trunc), "Rounded towards zero.", concat!("np.trunc(np.", $of, "(2.5))");
            "np.round", [$ty] => $ty, NEVER, Whole(Rounding::Even), "Rounded, of two as near to the even one.", concat!("np.round(np.", $of, "(2.5))");
            "np.ldexp", [$ty, I64] => $ty, NEVER, Ldexp, "The number times a power of two.", concat!("np.ldexp(np.", $of, "(2.5), 3)");
        }
    };
    (whole $of:literal, $ty:expr) => {
        elements! {
            "np.floor", [$ty] => $ty, NEVER, Cast, "The number itself.", concat!("np.floor(np.", $of, "(3))");
            "np.ceil", [$ty] => $ty, NEVER, Cast, "The number itself.", concat!("np.ceil(np.", $of, "(3))");
            "np.trunc", [$ty] => $ty, NEVER, Cast, "The number itself.", concat!("np.trunc(np.", $of, "(3))");
        }
    };
    (int $of:literal, $ty:expr) => {
        elements! {
            "np.round", [$ty] => $ty, NEVER, Cast, "The number itself.", concat!("np.round(np.", $of, "(3))");
            "np.gcd", [$ty, $ty] => $ty, NEVER, Gcd, "Greatest common divisor.", concat!("np.gcd(np.", $of, "(12), np.", $of, "(18))");
            "np.lcm", [$ty, $ty] => $ty, NEVER, Lcm, "Least common multiple, which wraps.", concat!("np.lcm(np.", $of, "(4), np.", $of, "(6))");
            "np.bitwise_count", [$ty] => U8, NEVER, BitCount, "Ones in the magnitude.", concat!("np.bitwise_count(np.", $of, "(37))");
            ".bit_count", [$ty] => Type::Int, NEVER, BitCount, "Ones in the magnitude.", concat!("np.", $of, "(37).bit_count()");
            ".is_integer", [$ty] => Type::Bool, NEVER, Always, "An int is a whole number.", concat!("np.", $of, "(3).is_integer()");
            ".numerator", [$ty] => $ty, NEVER, Cast, "The number itself.", concat!("np.", $of, "(3).numerator");
            ".denominator", [$ty] => Type::Int, NEVER, Unit, "One.", concat!("np.", $of, "(3).denominator");
        }
    };
    (part $of:literal, $ty:expr) => {
        elements! {
            ".real", [$ty] => $ty, NEVER, Cast, "The number itself.", concat!("np.", $of, "(3).real");
            ".imag", [$ty] => $ty, NEVER, Nothing, "Zero.", concat!("np.", $of, "(3).imag");
            ".conjugate", [$ty] => $ty, NEVER, Cast, "The number itself.", concat!("np.", $of, "(3).conjugate()");
        }
    };
}

macro_rules! whole_ints {
    ($($of:literal $ty:expr, $leaves:expr;)*) => {
        elements! { $(
            ".item", [$ty] => Type::Int, $leaves, Fit, "The number as an int of Python's.", concat!("np.", $of, "(3).item()");
        )* }
    };
}

/// The parts that [`super::TABLE`] is joined from.
pub(super) const PARTS: &[&[Op]] = &[
    reals! {
        "np.sqrt", Sqrt, "Square root; NaN of a negative number.", "2.5";
        "np.cbrt", Call(["cbrt", "cbrtf"]), "Cube root.", "2.5";
        "np.exp", Call(["exp", "expf"]), "Exponential.", "2.5";
        "np.exp2", Call(["exp2", "exp2f"]), "Power of two.", "2.5";
        "np.expm1", Call(["expm1", "expm1f"]), "Exponential minus one.", "0.5";
        "np.log", Call(["log", "logf"]), "Natural logarithm.", "2.5";
        "np.log2", Call(["log2", "log2f"]), "Logarithm to base 2.", "2.5";
        "np.log10", Call(["log10", "log10f"]), "Logarithm to base 10.", "2.5";
        "np.log1p", Call(["log1p", "log1pf"]), "Logarithm of one plus the number.", "0.5";
        "np.sin", Call(["sin", "sinf"]), "Sine.", "2.5";
        "np.cos", Call(["cos", "cosf"]), "Cosine.", "2.5";
        "np.tan", Call(["tan", "tanf"]), "Tangent.", "2.5";
        "np.arcsin", Call(["asin", "asinf"]), "Arc sine.", "0.5";
        "np.arccos", Call(["acos", "acosf"]), "Arc cosine.", "0.5";
        "np.arctan", Call(["atan", "atanf"]), "Arc tangent.", "0.5";
        "np.sinh", Call(["sinh", "sinhf"]), "Hyperbolic sine.", "2.5";
        "np.cosh", Call(["cosh", "coshf"]), "Hyperbolic cosine.", "2.5";
        "np.tanh", Call(["tanh", "tanhf"]), "Hyperbolic tangent.", "0.5";
        "np.arcsinh", Call(["asinh", "asinhf"]), "Inverse hyperbolic sine.", "2.5";
        "np.arccosh", Call(["acosh", "acoshf"]), "Inverse hyperbolic cosine.", "2.5";
        "np.arctanh", Call(["atanh", "atanhf"]), "Inverse hyperbolic tangent.", "0.5";
        "np.fabs", Abs, "Absolute value as a float.", "-2.5";
        "np.rint", Whole(Rounding::Even), "Rounded, of two as near to the even one.", "2.5";
        "np.degrees", Degrees, "From radians to degrees.", "2.5";
        "np.radians", Radians, "From degrees to radians.", "90";
    },
    pairs! {
        "np.power", Power, "Power, libm's; squares, roots and reciprocals are exact.", "2.5", "0.5";
        "np.arctan2", Call(["atan2", "atan2f"]), "Arc tangent of y/x, in the right quadrant.", "1", "-2";
        "np.hypot", Call(["hypot", "hypotf"]), "Length of a vector.", "3", "4";
        "np.nextafter", Call(["nextafter", "nextafterf"]), "The next float towards another.", "1", "2";
        "np.copysign", CopySign, "Magnitude of one, sign of the other.", "2.5", "-1";
        "np.heaviside", Heaviside, "0 below zero, 1 above, the second number at zero.", "0", "0.5";
        "np.logaddexp", LogAddExp, "Logarithm of the sum of two exponentials.", "1", "2";
    },
    tests! {
        "np.isnan", Is(Kind::Nan), "True for NaN.";
        "np.isinf", Is(Kind::Infinite), "True for an infinity.";
        "np.isfinite", Is(Kind::Finite), "True unless NaN or an infinity.";
        "np.signbit", SignBit, "True for what has a negative sign, zero included.";
    },
    tests! {
        complex
        "np.isnan", Is(Kind::Nan), "True if a part is NaN.";
        "np.isinf", Is(Kind::Infinite), "True if a part is infinite.";
        "np.isfinite", Is(Kind::Finite), "True unless a part is NaN or infinite.";
    },
    complexes!("complex64", C64, F32),
    complexes!("complex128", C128, F64),
    complexes!(asked "complex64", C64, F32),
    complexes!(asked "complex128", C128, F64),
    kept!(all "bool_", BOOL),
    kept!(whole "bool_", BOOL),
    kept!(part "bool_", BOOL),
    kept!(all "int8", I8),
    kept!(number "int8", I8),
    kept!(whole "int8", I8),
    kept!(int "int8", I8),
    kept!(part "int8", I8),
    kept!(all "int16", I16),
    kept!(number "int16", I16),
    kept!(whole "int16", I16),
    kept!(int "int16", I16),
    kept!(part "int16", I16),
    kept!(all "int32", I32),
    kept!(number "int32", I32),
    kept!(whole "int32", I32),
    kept!(int "int32", I32),
    kept!(part "int32", I32),
    kept!(all "int64", I64),
    kept!(number "int64", I64),
    kept!(whole "int64", I64),
    kept!(int "int64", I64),
    kept!(part "int64", I64),
    kept!(all "uint8", U8),
    kept!(number "uint8", U8),
    kept!(whole "uint8", U8),
    kept!(int "uint8", U8),
    kept!(part "uint8", U8),
    kept!(all "uint16", U16),
    kept!(number "uint16", U16),
    kept!(whole "uint16", U16),
    kept!(int "uint16", U16),
    kept!(part "uint16", U16),
    kept!(all "uint32", U32),
    kept!(number "uint32", U32),
    kept!(whole "uint32", U32),
    kept!(int "uint32", U32),
    kept!(part "uint32", U32),
    kept!(all "uint64", U64),
    kept!(number "uint64", U64),
    kept!(whole "uint64", U64),
    kept!(int "uint64", U64),
    kept!(part "uint64", U64),
    kept!(all "float32", F32),
    kept!(number "float32", F32),
    kept!(float "float32", F32),
    kept!(part "float32", F32),
    kept!(all "float64", F64),
    kept!(number "float64", F64),
    kept!(float "float64", F64),
    kept!(part "float64", F64),
    whole_ints! {
        "int8" I8, NEVER; "int16" I16, NEVER; "int32" I32, NEVER; "int64" I64, NEVER;
        "uint8" U8, NEVER; "uint16" U16, NEVER; "uint32" U32, NEVER; "uint64" U64, &[Leave::Overflow];
    },
    elements! {
        "np.bitwise_count", [BOOL] => U8, NEVER, BitCount, "One or zero.", "np.bitwise_count(np.bool_(True))";
        "np.conjugate", [C64] => C64, NEVER, Conjugate, "Complex conjugate.", "np.conjugate(np.complex64(2j))";
        "np.conjugate", [C128] => C128, NEVER, Conjugate, "Complex conjugate.", "np.conjugate(np.complex128(2j))";
        ".conjugate", [C64] => C64, NEVER, Conjugate, "Complex conjugate.", "np.complex64(2j).conjugate()";
        ".conjugate", [C128] => C128, NEVER, Conjugate, "Complex conjugate.", "np.complex128(2j).conjugate()";
        ".real", [C64] => F32, NEVER, Real, "Real part.", "np.complex64(2j).real";
        ".real", [C128] => F64, NEVER, Real, "Real part.", "np.complex128(2j).real";
        ".imag", [C64] => F32, NEVER, Imag, "Imaginary part.", "np.complex64(2j).imag";
        ".imag", [C128] => F64, NEVER, Imag, "Imaginary part.", "np.complex128(2j).imag";
        ".item", [BOOL] => Type::Bool, NEVER, Truth, "The bool as Python's.", "np.bool_(True).item()";
        ".item", [F32] => Type::Float, NEVER, Cast, "The number as a float of Python's.", "np.float32(2.5).item()";
        ".item", [F64] => Type::Float, NEVER, Cast, "The number as a float of Python's.", "np.float64(2.5).item()";
        ".item", [C64] => Type::Complex, NEVER, Cast, "The number as a complex of Python's.", "np.complex64(2j).item()";
        ".item", [C128] => Type::Complex, NEVER, Cast, "The number as a complex of Python's.", "np.complex128(2j).item()";
        ".is_integer", [F32] => Type::Bool, NEVER, Is(Kind::Whole), "True for a whole number.", "np.float32(2).is_integer()";
        ".is_integer", [F64] => Type::Bool, NEVER, Is(Kind::Whole), "True for a whole number.", "np.float64(2).is_integer()";
    },
];

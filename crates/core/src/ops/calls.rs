//! Rows of builtin functions, methods and attributes of numbers.

use super::{Kind, Leave, Op, Recipe, Rounding};
use crate::types::Type::{Bool, Complex, Float, Int, Nat, None as NoneType};

const NEVER: &[Leave] = &[];
const OVERFLOW: &[Leave] = &[Leave::Overflow];
const NOT_AN_INT: &[Leave] = &[Leave::NotAnInt];

pub(super) const ROWS: &[Op] = rows! {
    "abs" (Int) -> Int, OVERFLOW, Recipe::AbsInt, "Absolute value.", "abs(-3)";
    "abs" (Float) -> Float, NEVER, Recipe::AbsFloat, "Absolute value.", "abs(-2.5)";
    "bool" (Bool) -> Bool, NEVER, Recipe::Same, "Truth value.", "bool(True)";
    "bool" (Int) -> Bool, NEVER, Recipe::TruthInt, "Truth value: unequal to zero.", "bool(3)";
    "bool" (Float) -> Bool, NEVER, Recipe::TruthFloat, "Truth value: unequal to zero; NaN is true.", "bool(0.5)";
    "bool" (NoneType) -> Bool, NEVER, Recipe::Constant(false), "Truth value of None.", "bool(None)";
    "int" (Int) -> Int, NEVER, Recipe::Same, "The int itself; a bool becomes 0 or 1.", "int(True)";
    "int" (Float) -> Int, NOT_AN_INT, Recipe::ToInt(Rounding::Trunc), "Rounded towards zero.", "int(-2.5)";
    "float" (Float) -> Float, NEVER, Recipe::Same, "The float itself; an int becomes the nearest float.", "float(3)";
    "round" (Int) -> Int, NEVER, Recipe::Same, "The int itself.", "round(7)";
    "round" (Float) -> Int, NOT_AN_INT, Recipe::ToInt(Rounding::Even), "The nearest int, of two as near the even one.", "round(2.5)";
    "round" (Int, Int) -> Int, OVERFLOW, Recipe::Helper("brrr_round_int"),
        "Rounded to a multiple of a power of ten, of two as near to the even one.", "round(1250, -2)";
    "round" (Float, Int) -> Float, &[Leave::Domain], Recipe::RoundFloat,
        "Rounded to so many decimal digits, of two as near to the even one.", "round(2.675, 2)";
    "pow" (Int, Int, Int) -> Int, &[Leave::ZeroDivision, Leave::NoInverse], Recipe::Helper("brrr_pow_mod"),
        "Power modulo the third argument; a negative exponent takes the inverse.", "pow(3, 200, 1000)";
    "isinstance.int." (Int) -> Bool, NEVER, Recipe::Constant(true), "An int is an int.", "";
    "isinstance.int." (Bool) -> Bool, NEVER, Recipe::Constant(true), "A bool is an int.", "";
    "isinstance.int." (Float) -> Bool, NEVER, Recipe::Constant(false), "A float is no int.", "";
    "isinstance.int." (NoneType) -> Bool, NEVER, Recipe::Constant(false), "None is no int.", "";
    "isinstance.bool." (Bool) -> Bool, NEVER, Recipe::Constant(true), "A bool is a bool.", "";
    "isinstance.bool." (Int) -> Bool, NEVER, Recipe::Constant(false), "An int is no bool.", "";
    "isinstance.bool." (Float) -> Bool, NEVER, Recipe::Constant(false), "A float is no bool.", "";
    "isinstance.bool." (NoneType) -> Bool, NEVER, Recipe::Constant(false), "None is no bool.", "";
    "isinstance.float." (Float) -> Bool, NEVER, Recipe::Constant(true), "A float is a float.", "";
    "isinstance.float." (Int) -> Bool, NEVER, Recipe::Constant(false), "An int is no float.", "";
    "isinstance.float." (Bool) -> Bool, NEVER, Recipe::Constant(false), "A bool is no float.", "";
    "isinstance.float." (NoneType) -> Bool, NEVER, Recipe::Constant(false), "None is no float.", "";
    "isinstance.complex." (Float) -> Bool, NEVER, Recipe::Constant(false), "A float is not complex.", "";
    "isinstance.complex." (Int) -> Bool, NEVER, Recipe::Constant(false), "An int is not complex.", "";
    "isinstance.complex." (Bool) -> Bool, NEVER, Recipe::Constant(false), "A bool is not complex.", "";
    "isinstance.complex." (NoneType) -> Bool, NEVER, Recipe::Constant(false), "None is not complex.", "";
    "isinstance.int." (Nat) -> Bool, NEVER, Recipe::Constant(true), "An int is an int.", "";
    "isinstance.int." (Complex) -> Bool, NEVER, Recipe::Constant(false), "A complex is no int.", "";
    "isinstance.bool." (Nat) -> Bool, NEVER, Recipe::Constant(false), "An int is no bool.", "";
    "isinstance.bool." (Complex) -> Bool, NEVER, Recipe::Constant(false), "A complex is no bool.", "";
    "isinstance.float." (Nat) -> Bool, NEVER, Recipe::Constant(false), "An int is no float.", "";
    "isinstance.float." (Complex) -> Bool, NEVER, Recipe::Constant(false), "A complex is no float.", "";
    "isinstance.complex." (Nat) -> Bool, NEVER, Recipe::Constant(false), "An int is not complex.", "";
    "isinstance.complex." (Complex) -> Bool, NEVER, Recipe::Constant(true), "A complex is complex.", "";
    "range.len." (Int, Int, Int) -> Int, OVERFLOW, Recipe::Helper("brrr_range_len"), "Turns of a range.", "";
    "range.sum." (Int, Int, Int) -> Int, OVERFLOW, Recipe::Helper("brrr_range_sum"), "Sum of a range, in closed form.", "";
    "range.start." (Int, Int) -> Int, OVERFLOW, Recipe::AddInt, "Sum of a range from a start.", "";
    "range.start." (Float, Int) -> Float, &[Leave::Always], Recipe::Leave, "Sum of a range from a float: step by step.", "";
    "range.any." (Int, Int, Int) -> Bool, NEVER, Recipe::Call("brrr_range_any"), "True if a range has a number that is not zero.", "";
    "range.all." (Int, Int, Int) -> Bool, NEVER, Recipe::Call("brrr_range_all"), "True unless a range has the number zero.", "";
    "range.min." (Int, Int, Int) -> Int, &[Leave::Empty], Recipe::Helper("brrr_range_min"), "Least number of a range.", "";
    "range.max." (Int, Int, Int) -> Int, &[Leave::Empty], Recipe::Helper("brrr_range_max"), "Greatest number of a range.", "";
    "sum.int." (Int, Int) -> Int, OVERFLOW, Recipe::AddInt, "A step of a sum of ints.", "";
    "modf.fraction." (Float) -> Float, NEVER, Recipe::Call("brrr_fraction"), "What is behind the point.", "";
    "modf.whole." (Float) -> Float, NEVER, Recipe::Call("trunc"), "What is before the point.", "";
    "frexp.fraction." (Float) -> Float, NEVER, Recipe::Call("brrr_mantissa"), "The number scaled to 0.5 and above, below 1.", "";
    "frexp.exponent." (Float) -> Int, NEVER, Recipe::Call("brrr_exponent"), "The power of two of that scale.", "";
    "ratio.numerator." (Int) -> Int, NEVER, Recipe::Same, "The int itself.", "";
    "ratio.numerator." (Float) -> Int, NOT_AN_INT, Recipe::Helper("brrr_numerator"), "Numerator of the exact ratio.", "";
    "ratio.denominator." (Int) -> Int, NEVER, Recipe::One, "One.", "";
    "ratio.denominator." (Float) -> Int, NOT_AN_INT, Recipe::Helper("brrr_denominator"), "Denominator of the exact ratio.", "";
    ".bit_length" (Int) -> Int, NEVER, Recipe::BitLength, "Bits of the magnitude.", "(37).bit_length()";
    ".bit_count" (Int) -> Int, NEVER, Recipe::BitCount, "Ones in the magnitude.", "(37).bit_count()";
    ".is_integer" (Int) -> Bool, NEVER, Recipe::Constant(true), "An int is a whole number.", "(3).is_integer()", since 12;
    ".is_integer" (Float) -> Bool, NEVER, Recipe::Is(Kind::Whole), "True for a whole number.", "(2.0).is_integer()";
    ".conjugate" (Int) -> Int, NEVER, Recipe::Same, "The number itself; a bool becomes an int.", "(3).conjugate()";
    ".conjugate" (Float) -> Float, NEVER, Recipe::Same, "The number itself.", "(2.5).conjugate()";
    ".real" (Int) -> Int, NEVER, Recipe::Same, "The number itself; a bool becomes an int.", "(3).real";
    ".real" (Float) -> Float, NEVER, Recipe::Same, "The number itself.", "(2.5).real";
    ".imag" (Int) -> Int, NEVER, Recipe::Zero, "Zero.", "(3).imag";
    ".imag" (Float) -> Float, NEVER, Recipe::Zero, "Zero.", "(2.5).imag";
    ".numerator" (Int) -> Int, NEVER, Recipe::Same, "The int itself; a bool becomes an int.", "(3).numerator";
    ".denominator" (Int) -> Int, NEVER, Recipe::One, "One.", "(3).denominator";
};

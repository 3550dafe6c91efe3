//! Rows of complex numbers.

use super::{Leave, Op, Recipe};
use crate::types::Type::{Bool, Complex, Float, Int, None as NoneType};

const NEVER: &[Leave] = &[];
const ZERO: &[Leave] = &[Leave::ZeroDivision];
const MAGNITUDE: &[Leave] = &[Leave::Magnitude];
const POWER: &[Leave] = &[Leave::PowDomain];
const NAN: &[Leave] = &[Leave::Identity];

pub(super) const ROWS: &[Op] = rows! {
    "truth." (Complex) -> Bool, NEVER, Recipe::TruthComplex, "A complex is true unless it is zero.", "";
    "is.None." (Complex) -> Bool, NEVER, Recipe::Constant(false), "A complex is not None.", "";
    "is.True." (Complex) -> Bool, NEVER, Recipe::Constant(false), "A complex is not True.", "";
    "is.False." (Complex) -> Bool, NEVER, Recipe::Constant(false), "A complex is not False.", "";
    "==" (NoneType, Complex) -> Bool, NEVER, Recipe::Constant(false), "None is equal to no number.", "None == 2j";
    "==" (Complex, NoneType) -> Bool, NEVER, Recipe::Constant(false), "No number is equal to None.", "2j == None";
    "!=" (NoneType, Complex) -> Bool, NEVER, Recipe::Constant(true), "None is equal to no number.", "None != 2j";
    "!=" (Complex, NoneType) -> Bool, NEVER, Recipe::Constant(true), "No number is equal to None.", "2j != None";
    "same." (Complex, Complex) -> Bool, NAN, Recipe::SameComplex, "Equal as elements of tuples.", "";
    "+" (Complex, Complex) -> Complex, NEVER, Recipe::AddComplex, "Sum.", "2j + 1";
    "-" (Complex, Complex) -> Complex, NEVER, Recipe::SubComplex, "Difference.", "2j - 1";
    "*" (Complex, Complex) -> Complex, NEVER, Recipe::MulComplex, "Product.", "2j * 1.5";
    "/" (Complex, Complex) -> Complex, ZERO, Recipe::DivComplex, "Quotient.", "2j / 1.5";
    "**" (Complex, Complex) -> Complex, POWER, Recipe::Host, "Power.", "2j ** 2.5";
    "**-" (Complex, Complex) -> Complex, POWER, Recipe::Host, "Power with a negative literal.", "2j ** -2";
    "-" (Complex) -> Complex, NEVER, Recipe::NegComplex, "Negation.", "-2j";
    "+" (Complex) -> Complex, NEVER, Recipe::Same, "The number.", "+2j";
    "==" (Complex, Complex) -> Bool, NEVER, Recipe::EqualComplex(true), "Equal.", "2j == 2j";
    "==" (Complex, Int) -> Bool, NEVER, Recipe::EqualComplexInt(true, 0), "Equal, exact.", "2j == 2";
    "==" (Int, Complex) -> Bool, NEVER, Recipe::EqualComplexInt(true, 1), "Equal, exact.", "2 == 2j";
    "!=" (Complex, Complex) -> Bool, NEVER, Recipe::EqualComplex(false), "Unequal.", "2j != 2j";
    "!=" (Complex, Int) -> Bool, NEVER, Recipe::EqualComplexInt(false, 0), "Unequal, exact.", "2j != 2";
    "!=" (Int, Complex) -> Bool, NEVER, Recipe::EqualComplexInt(false, 1), "Unequal, exact.", "2 != 2j";
    "abs" (Complex) -> Float, MAGNITUDE, Recipe::AbsComplex, "Magnitude.", "abs(3 + 4j)";
    ".real" (Complex) -> Float, NEVER, Recipe::Real, "Real part.", "(3 + 4j).real";
    ".imag" (Complex) -> Float, NEVER, Recipe::Imag, "Imaginary part.", "(3 + 4j).imag";
    ".conjugate" (Complex) -> Complex, NEVER, Recipe::Conjugate, "Complex conjugate.", "(3 + 4j).conjugate()";
    "complex" (Complex) -> Complex, NEVER, Recipe::Same, "The number as a complex.", "complex(2.5)";
    "complex" (Float, Float) -> Complex, NEVER, Recipe::ComplexOf, "A complex of two parts.", "complex(3, 4.5)";
};

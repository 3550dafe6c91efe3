//! Rows of the module `math`.

use super::{Kind, Leave, Op, Recipe, Rounding};
use crate::types::Type::{Bool, Float, Int};

const NEVER: &[Leave] = &[];
const DOMAIN: &[Leave] = &[Leave::Domain];
const NOT_AN_INT: &[Leave] = &[Leave::NotAnInt];
const NATURAL: &[Leave] = &[Leave::Negative, Leave::Overflow];
const OVERFLOW: &[Leave] = &[Leave::Overflow];

pub(super) const ROWS: &[Op] = rows! {
    "math.acos" (Float) -> Float, DOMAIN, Recipe::Checked("acos"), "Arc cosine.", "math.acos(0.5)";
    "math.acosh" (Float) -> Float, DOMAIN, Recipe::Checked("acosh"), "Inverse hyperbolic cosine.", "math.acosh(2.5)";
    "math.asin" (Float) -> Float, DOMAIN, Recipe::Checked("asin"), "Arc sine.", "math.asin(0.5)";
    "math.asinh" (Float) -> Float, DOMAIN, Recipe::Checked("asinh"), "Inverse hyperbolic sine.", "math.asinh(2.5)";
    "math.atan" (Float) -> Float, DOMAIN, Recipe::Checked("atan"), "Arc tangent.", "math.atan(0.5)";
    "math.atan2" (Float, Float) -> Float, DOMAIN, Recipe::Checked("atan2"), "Arc tangent of y/x, in the right quadrant.", "math.atan2(1.0, -2.0)";
    "math.atanh" (Float) -> Float, DOMAIN, Recipe::Checked("atanh"), "Inverse hyperbolic tangent.", "math.atanh(0.5)";
    "math.cbrt" (Float) -> Float, DOMAIN, Recipe::Checked("cbrt"), "Cube root.", "math.cbrt(2.0)";
    "math.ceil" (Int) -> Int, NEVER, Recipe::Same, "The int itself.", "math.ceil(3)";
    "math.ceil" (Float) -> Int, NOT_AN_INT, Recipe::ToInt(Rounding::Ceil), "Rounded up.", "math.ceil(2.5)";
    "math.comb" (Int, Int) -> Int, NATURAL, Recipe::Helper("brrr_comb"), "Ways to choose k of n.", "math.comb(10, 3)";
    "math.copysign" (Float, Float) -> Float, NEVER, Recipe::CopySign, "Magnitude of one, sign of the other.", "math.copysign(2.5, -0.0)";
    "math.cos" (Float) -> Float, DOMAIN, Recipe::Checked("cos"), "Cosine.", "math.cos(2.5)";
    "math.cosh" (Float) -> Float, DOMAIN, Recipe::Checked("cosh"), "Hyperbolic cosine.", "math.cosh(2.5)";
    "math.degrees" (Float) -> Float, NEVER, Recipe::Degrees, "From radians to degrees.", "math.degrees(2.5)";
    "math.erf" (Float) -> Float, NEVER, Recipe::Call("erf"), "Error function.", "math.erf(0.5)";
    "math.erfc" (Float) -> Float, NEVER, Recipe::Call("erfc"), "Complementary error function.", "math.erfc(0.5)";
    "math.exp" (Float) -> Float, DOMAIN, Recipe::Checked("exp"), "Exponential.", "math.exp(2.5)";
    "math.exp2" (Float) -> Float, DOMAIN, Recipe::Checked("exp2"), "Power of two.", "math.exp2(2.5)";
    "math.expm1" (Float) -> Float, DOMAIN, Recipe::Checked("expm1"), "Exponential minus one.", "math.expm1(0.5)";
    "math.fabs" (Float) -> Float, NEVER, Recipe::AbsFloat, "Absolute value as a float.", "math.fabs(-2.5)";
    "math.factorial" (Int) -> Int, NATURAL, Recipe::Helper("brrr_factorial"), "Product of the first n numbers.", "math.factorial(10)";
    "math.floor" (Int) -> Int, NEVER, Recipe::Same, "The int itself.", "math.floor(3)";
    "math.floor" (Float) -> Int, NOT_AN_INT, Recipe::ToInt(Rounding::Floor), "Rounded down.", "math.floor(-2.5)";
    "math.fma" (Float, Float, Float) -> Float, DOMAIN, Recipe::Checked("fma"), "x * y + z, rounded once.", "math.fma(2.0, 3.0, 0.5)", since 13;
    "math.fmod" (Float, Float) -> Float, DOMAIN, Recipe::Checked("fmod"), "Remainder with the sign of x.", "math.fmod(-7.5, 2.0)";
    "math.gamma" (Float) -> Float, DOMAIN, Recipe::Host, "Gamma function.", "math.gamma(2.5)";
    "math.gcd" (Int) -> Int, OVERFLOW, Recipe::AbsInt, "The magnitude of the one argument.", "math.gcd(-12)";
    "math.gcd" (Int, Int) -> Int, OVERFLOW, Recipe::Helper("brrr_gcd"), "Greatest common divisor, of any number of arguments.", "math.gcd(12, 18)";
    "math.hypot" (Float) -> Float, NEVER, Recipe::AbsFloat, "Length of a vector.", "math.hypot(-2.5)";
    "math.hypot" (Float, Float) -> Float, DOMAIN, Recipe::Host, "Length of a vector.", "math.hypot(2.5, 0.5)";
    "math.hypot" (Float, Float, Float) -> Float, DOMAIN, Recipe::Host, "Length of a vector.", "math.hypot(2.5, 0.5, 1.5)";
    "math.hypot" (Float, Float, Float, Float) -> Float, DOMAIN, Recipe::Host, "Length of a vector.", "math.hypot(2.5, 0.5, 1.5, 1.0)";
    "math.isclose" (Float, Float) -> Bool, NEVER, Recipe::IsClose, "True if two numbers agree to 9 digits.", "math.isclose(1.0, 1.0000000001)";
    "math.isclose" (Float, Float, Float, Float) -> Bool, &[Leave::Negative], Recipe::IsClose,
        "True if two numbers are as near as the tolerances say.", "math.isclose(1.0, 1.1, rel_tol=0.2, abs_tol=0.0)";
    "math.isfinite" (Float) -> Bool, NEVER, Recipe::Is(Kind::Finite), "True unless NaN or an infinity.", "math.isfinite(2.5)";
    "math.isinf" (Float) -> Bool, NEVER, Recipe::Is(Kind::Infinite), "True for an infinity.", "math.isinf(2.5)";
    "math.isnan" (Float) -> Bool, NEVER, Recipe::Is(Kind::Nan), "True for NaN.", "math.isnan(2.5)";
    "math.isqrt" (Int) -> Int, &[Leave::Negative], Recipe::Helper("brrr_isqrt"), "Square root rounded down.", "math.isqrt(17)";
    "math.lcm" (Int) -> Int, OVERFLOW, Recipe::AbsInt, "The magnitude of the one argument.", "math.lcm(-12)";
    "math.lcm" (Int, Int) -> Int, OVERFLOW, Recipe::Helper("brrr_lcm"), "Least common multiple, of any number of arguments.", "math.lcm(12, 18)";
    "math.ldexp" (Float, Int) -> Float, DOMAIN, Recipe::Helper("brrr_ldexp"), "x times a power of two.", "math.ldexp(2.5, 3)";
    "math.lgamma" (Float) -> Float, DOMAIN, Recipe::Host, "Logarithm of the gamma function.", "math.lgamma(2.5)";
    "math.log" (Float) -> Float, DOMAIN, Recipe::Log("log"), "Natural logarithm.", "math.log(2.5)";
    "math.log" (Float, Float) -> Float, DOMAIN, Recipe::LogBase, "Logarithm to a base.", "math.log(2.5, 10.0)";
    "math.log10" (Float) -> Float, DOMAIN, Recipe::Log("log10"), "Logarithm to base 10.", "math.log10(2.5)";
    "math.log1p" (Float) -> Float, DOMAIN, Recipe::Checked("log1p"), "Logarithm of one plus x.", "math.log1p(0.5)";
    "math.log2" (Float) -> Float, DOMAIN, Recipe::Log("log2"), "Logarithm to base 2.", "math.log2(2.5)";
    "math.nextafter" (Float, Float) -> Float, NEVER, Recipe::Call("nextafter"), "The next float towards another.", "math.nextafter(1.0, 2.0)";
    "math.nextafter" (Float, Float, Int) -> Float, DOMAIN, Recipe::Host, "The float so many steps towards another.",
        "math.nextafter(1.0, 2.0, steps=3)", since 12;
    "math.perm" (Int) -> Int, NATURAL, Recipe::Helper("brrr_factorial"), "Ways to order n.", "math.perm(10)";
    "math.perm" (Int, Int) -> Int, NATURAL, Recipe::Helper("brrr_perm"), "Ways to choose k of n in order.", "math.perm(10, 3)";
    "math.pow" (Float, Float) -> Float, DOMAIN, Recipe::PowFloat, "Power of floats, libm's.", "math.pow(2.5, 0.5)";
    "math.radians" (Float) -> Float, NEVER, Recipe::Radians, "From degrees to radians.", "math.radians(90.0)";
    "math.remainder" (Float, Float) -> Float, DOMAIN, Recipe::Checked("remainder"), "Difference from the nearest multiple of y.", "math.remainder(7.5, 2.0)";
    "math.sin" (Float) -> Float, DOMAIN, Recipe::Checked("sin"), "Sine.", "math.sin(2.5)";
    "math.sinh" (Float) -> Float, DOMAIN, Recipe::Checked("sinh"), "Hyperbolic sine.", "math.sinh(2.5)";
    "math.sqrt" (Float) -> Float, DOMAIN, Recipe::Sqrt, "Square root.", "math.sqrt(2.0)";
    "math.tan" (Float) -> Float, DOMAIN, Recipe::Checked("tan"), "Tangent.", "math.tan(2.5)";
    "math.tanh" (Float) -> Float, DOMAIN, Recipe::Checked("tanh"), "Hyperbolic tangent.", "math.tanh(2.5)";
    "math.trunc" (Int) -> Int, NEVER, Recipe::Same, "The int itself.", "math.trunc(3)";
    "math.trunc" (Float) -> Int, NOT_AN_INT, Recipe::ToInt(Rounding::Trunc), "Rounded towards zero.", "math.trunc(-2.5)";
    "math.ulp" (Float) -> Float, NEVER, Recipe::Call("brrr_ulp"), "Value of the least bit.", "math.ulp(2.5)";
};

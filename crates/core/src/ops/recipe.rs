//! What a row of the table says beside its types: why it leaves compiled code, and how it is lowered.
//!
//! All of it is data, so that the table needs no LLVM; `lower` matches it exhaustively.

use super::Element;

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
    /// ValueError or OverflowError: outside the domain of the function, or the result is too large.
    Domain,
    /// ValueError or OverflowError: NaN, an infinity, or an int that does not fit 64 bits.
    NotAnInt,
    /// ValueError: the argument is negative; or an int that has to be taken without a sign.
    Negative,
    /// TypeError: elements of tuples that have no order.
    Order,
    /// OverflowError: the magnitude of a complex.
    Magnitude,
    /// ValueError: there is no inverse.
    NoInverse,
    /// ValueError: the range is empty.
    Empty,
    /// IndexError.
    OutOfBounds,
    /// A test wants it.
    Probe,
    /// Two NaN, which may be one object or two.
    Identity,
    /// OverflowError: the number is out of the bounds of the dtype; or NaN.
    Range,
    /// A warning of NumPy's, where warnings are errors.
    Warning,
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
            Self::Domain => "argument out of domain, result out of range",
            Self::NotAnInt => "NaN, infinity, int over 64 bits",
            Self::Negative => "negative argument",
            Self::Order => "elements without an order",
            Self::Magnitude => "magnitude over the largest float",
            Self::NoInverse => "no modular inverse",
            Self::Empty => "empty range",
            Self::OutOfBounds => "index out of bounds",
            Self::Probe => "when a test wants it",
            Self::Identity => "two NaN that may be one object",
            Self::Range => "out of the bounds of the dtype",
            Self::Warning => "warning made an error",
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

impl Predicate {
    /// The one for the operands the other way round: `a < b` is `b > a`.
    #[must_use]
    pub const fn swapped(self) -> Self {
        match self {
            Self::Lt => Self::Gt,
            Self::Le => Self::Ge,
            Self::Eq => Self::Eq,
            Self::Ne => Self::Ne,
            Self::Gt => Self::Lt,
            Self::Ge => Self::Le,
        }
    }

    /// The ordering that says the same as `!=` of what goes up, or down, to the other operand and has not passed it.
    #[must_use]
    pub const fn ordered(self, is_up: bool) -> Self {
        match self {
            Self::Ne if is_up => Self::Lt,
            Self::Ne => Self::Gt,
            Self::Lt | Self::Le | Self::Eq | Self::Gt | Self::Ge => self,
        }
    }

    /// The one that holds where this one does not, of ints: floats may have no order.
    #[must_use]
    pub const fn negated(self) -> Self {
        match self {
            Self::Lt => Self::Ge,
            Self::Le => Self::Gt,
            Self::Eq => Self::Ne,
            Self::Ne => Self::Eq,
            Self::Gt => Self::Le,
            Self::Ge => Self::Lt,
        }
    }
}

/// How a float becomes a whole number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rounding {
    /// Down.
    Floor,
    /// Up.
    Ceil,
    /// Towards zero.
    Trunc,
    /// To the nearest, of two as near to the even one.
    Even,
}

/// What a float is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// NaN.
    Nan,
    /// An infinity.
    Infinite,
    /// Neither.
    Finite,
    /// A whole number.
    Whole,
}

/// How the interpreter's function takes the numbers that a row has as operands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Passed {
    /// Each as an argument.
    Each,
    /// As one tuple.
    Tuple,
    /// As two tuples of the same length.
    Halves,
    /// As one tuple, and the last one behind it.
    Start,
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
    /// i64 absolute value that leaves on overflow.
    AbsInt,
    /// f64 absolute value.
    AbsFloat,
    /// f64 with the sign of another.
    CopySign,
    /// Zero of the result's type.
    Zero,
    /// The int 1.
    One,
    /// f64 to i64, which leaves where the int does not fit and on NaN.
    ToInt(Rounding),
    /// A test of an f64.
    Is(Kind),
    /// Bits of the magnitude of an i64.
    BitLength,
    /// Ones in the magnitude of an i64.
    BitCount,
    /// Square root by instruction, which leaves on a negative operand.
    Sqrt,
    /// f64 times 180 / pi.
    Degrees,
    /// f64 times pi / 180.
    Radians,
    /// `math.isclose` with both tolerances.
    IsClose,
    /// A logarithm of libm's, which leaves unless the operand is positive.
    Log(&'static str),
    /// The quotient of two natural logarithms.
    LogBase,
    /// A function of libm's that leaves on NaN from numbers and on an infinity from finite ones.
    Checked(&'static str),
    /// A function of libm's, or a helper, that always has a result.
    Call(&'static str),
    /// A helper that writes its result through a last argument and gives 0, or gives 1: it leaves.
    Helper(&'static str),
    /// The interpreter's own function, called with the same arguments as objects; it leaves if that raises.
    Host,
    /// The same with any number of operands, of any types of numbers. The one parameter of such a row is the widest type that an
    /// operand may have.
    HostOver(Passed),
    /// f64 rounded to so many decimal digits: by a helper, and by the interpreter where 128 bits do not do.
    RoundFloat,
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
    /// A u64 as an i64; leaves if it does not fit.
    IntOfNat,
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
    /// An operation on scalars of NumPy, of the dtype of the row.
    Scalar(Element),
    /// An index into so many elements, the negative ones from the end; leaves if there is no such element.
    Index,
    /// An index that is not negative; leaves if there is no such element.
    Bound,
    /// The lesser of two i64.
    Least,
    /// A length, or 1 instead of 0.
    Filled,
    /// i64 subtraction, cut to what fits.
    SubCut,
    /// i64 addition that is known to fit.
    AddKnown,
    /// i64 multiplication that is known to fit.
    MulKnown,
    /// The address of an element by its number; the last operand, a constant, is its size in bytes.
    Locate,
    /// An address so many bytes further.
    Move,
    /// Whether two arrays are one object.
    SameObject,
    /// The address of an array object's first element.
    Data,
    /// The length of a dimension of an array object; the dimension is a constant.
    Length,
    /// The stride of a dimension of an array object, in bytes; the dimension is a constant.
    Stride,
    /// The stride of a part of an array, in bytes, or 0 if all strides of the array are that.
    PartStride,
    /// Reads an element.
    Load,
    /// Writes an element.
    Store,
}

//! Scalars of NumPy, by the formulas of its `scalarmath.c.src` and `npy_math_internal.h.src`.
//!
//! Ints wrap, floats follow IEEE. What C does without a branch is done without one here, so that loops over arrays are vectorised:
//! selects stand for the branches of the originals.

use inkwell::types::{BasicTypeEnum, FloatType, IntType};
use inkwell::values::{BasicValueEnum, FloatValue, IntValue};
use inkwell::{FloatPredicate, IntPredicate};

use super::super::{Loaded, Lowerer};
use super::ufunc::number_first;
use super::{Leaving, MULTIPLIED_OUT, ordered, signed, unsigned};
use crate::ops::{Element, Op, Predicate};
use crate::types::{Dtype, Kind, Type};

/// A number by its dtype; the dtypes of Python's numbers are those of the same machine types.
#[derive(Clone, Copy)]
pub(super) enum Number<'ctx> {
    /// A bool or an int.
    Int(Dtype, IntValue<'ctx>),
    Float(Dtype, FloatValue<'ctx>),
    Complex(Dtype, Pair<'ctx>),
}

pub(super) type Pair<'ctx> = (FloatValue<'ctx>, FloatValue<'ctx>);

fn number(value: Loaded<'_>) -> Number<'_> {
    match value {
        Loaded::Bool(bit) => Number::Int(Dtype::Bool, bit),
        Loaded::Int(int) => Number::Int(Dtype::Int64, int),
        Loaded::Nat(int) => Number::Int(Dtype::UInt64, int),
        Loaded::Float(float) => Number::Float(Dtype::Float64, float),
        Loaded::Complex(real, imag) => Number::Complex(Dtype::Complex128, (real, imag)),
        Loaded::Scalar(dtype, BasicValueEnum::IntValue(int)) => Number::Int(dtype, int),
        Loaded::Scalar(dtype, BasicValueEnum::FloatValue(float)) => Number::Float(dtype, float),
        Loaded::ScalarComplex(dtype, real, imag) => Number::Complex(dtype, (real, imag)),
        Loaded::Scalar(..)
        | Loaded::Unit(_)
        | Loaded::Low(_)
        | Loaded::Object(_)
        | Loaded::Pointer(_)
        | Loaded::Tagged(..) => panic!("a number was verified"),
    }
}

/// The dtype of the machine type of a result.
fn dtype_of(one: Type) -> Dtype {
    match one {
        Type::Scalar(dtype) => dtype,
        Type::Bool => Dtype::Bool,
        Type::Int => Dtype::Int64,
        Type::Nat => Dtype::UInt64,
        Type::Float => Dtype::Float64,
        Type::Complex => Dtype::Complex128,
        Type::Unbound
        | Type::None
        | Type::Low
        | Type::Object
        | Type::Pointer
        | Type::Tuple(_)
        | Type::Array(_)
        | Type::Function(_) => {
            panic!("a row on numbers was verified")
        }
    }
}

/// The type of the parts of a complex dtype.
pub(super) const fn part_of(dtype: Dtype) -> Dtype {
    match dtype {
        Dtype::Complex64 => Dtype::Float32,
        _ => Dtype::Float64,
    }
}

impl<'ctx> Lowerer<'ctx, '_> {
    /// The result of an operation on scalars.
    pub(super) fn element(&mut self, element: Element, row: &Op, args: &[Loaded<'ctx>], exit: Leaving) -> Loaded<'ctx> {
        let numbers = args.iter().map(|&arg| number(arg)).collect::<Vec<_>>();
        let result = match (element, numbers.as_slice()) {
            (Element::Cast, &[value]) => self.cast(value, dtype_of(row.result), row.params[0]),
            (Element::Fit, &[value]) => Number::Int(dtype_of(row.result), self.fit(value, dtype_of(row.result), exit)),
            (Element::Truth, &[value]) => Number::Int(Dtype::Bool, self.truth(value)),
            (Element::Compare(predicate), &[left, right]) => {
                Number::Int(Dtype::Bool, self.ordered(predicate, left, right))
            }
            (Element::Ordered(predicate), &[left, right]) => {
                Number::Int(Dtype::Bool, self.ordered_without_nan(predicate, left, right))
            }
            (Element::Same, &[left, right]) => Number::Int(Dtype::Bool, self.same(left, right, exit)),
            (Element::Unit, _) => Number::Int(Dtype::Int64, self.b.int(1)),
            (Element::Always, _) => Number::Int(Dtype::Bool, self.b.bool(true)),
            (Element::Nothing, &[value]) => self.zero(value),
            (Element::RoundTo, &[value, Number::Int(_, digits)]) => self.round_to(value, digits, exit),
            (Element::Ldexp, &[Number::Float(dtype, value), Number::Int(_, count)]) => {
                Number::Float(dtype, self.scaled(dtype, value, count))
            }
            (Element::Clip, &[Number::Complex(..), ..]) => self.clipped_complex(&numbers),
            (Element::Clip, &[value, low, high]) => {
                let raised = self.extreme(Predicate::Ge, value, low, true);
                self.extreme(Predicate::Le, raised, high, true)
            }
            (
                Element::Least | Element::Greatest | Element::LeastNumber | Element::GreatestNumber,
                &[left @ Number::Complex(..), right],
            ) => self.extreme_complex(element, left, right),
            (Element::Least, &[left, right]) => self.extreme(Predicate::Lt, left, right, true),
            (Element::Greatest, &[left, right]) => self.extreme(Predicate::Gt, left, right, true),
            (Element::LeastNumber, &[left, right]) => {
                self.extreme(number_first(Predicate::Le, left), left, right, false)
            }
            (Element::GreatestNumber, &[left, right]) => {
                self.extreme(number_first(Predicate::Ge, left), left, right, false)
            }
            (_, &[Number::Int(dtype, value)]) => self.int_1(element, row, dtype, value),
            (_, &[Number::Float(dtype, value)]) => self.float_1(element, dtype, value, exit),
            (_, &[Number::Complex(dtype, value)]) => self.complex_1(element, dtype, value),
            (_, &[Number::Int(dtype, left), Number::Int(_, right)]) => {
                Number::Int(dtype, self.int_2(element, dtype, left, right, exit))
            }
            (_, &[Number::Float(dtype, left), Number::Float(_, right)]) => {
                Number::Float(dtype, self.float_2(element, dtype, left, right))
            }
            (_, &[Number::Complex(dtype, left), Number::Complex(_, right)]) => {
                Number::Complex(dtype, self.complex_2(element, dtype, left, right))
            }
            _ => panic!("operands of one dtype were verified"),
        };
        match (row.result, result) {
            (Type::Scalar(dtype), Number::Int(_, int)) => Loaded::Scalar(dtype, int.into()),
            (Type::Scalar(dtype), Number::Float(_, float)) => Loaded::Scalar(dtype, float.into()),
            (Type::Scalar(dtype), Number::Complex(_, (real, imag))) => Loaded::ScalarComplex(dtype, real, imag),
            (Type::Bool, Number::Int(_, bit)) => Loaded::Bool(bit),
            (_, Number::Int(_, int)) => Loaded::Int(int),
            (_, Number::Float(_, float)) => Loaded::Float(float),
            (_, Number::Complex(_, (real, imag))) => Loaded::Complex(real, imag),
        }
    }

    pub(super) fn int_type(&self, dtype: Dtype) -> IntType<'ctx> {
        self.b.register(dtype).into_int_type()
    }

    pub(super) fn float_type(&self, dtype: Dtype) -> FloatType<'ctx> {
        self.b.register(dtype).into_float_type()
    }

    pub(super) fn float_function(&self, name: &str, args: &[FloatValue<'ctx>]) -> FloatValue<'ctx> {
        let ty: BasicTypeEnum<'ctx> = args[0].get_type().into();
        let args = args.iter().map(|&arg| arg.into()).collect::<Vec<_>>();
        self.b.intrinsic(name, &[ty], &args).into_float_value()
    }

    // Conversions.

    /// NumPy's cast. An int of Python's becomes a float32 by way of a float.
    fn cast(&self, value: Number<'ctx>, to: Dtype, from: Type) -> Number<'ctx> {
        let value = match value {
            Number::Int(dtype, int) if matches!(from, Type::Int | Type::Nat) && !to.is_int() && to != Dtype::Bool => {
                Number::Float(Dtype::Float64, self.b.int_as_float(int, self.b.f64, dtype.kind() == Kind::Signed))
            }
            other => other,
        };
        match to.kind() {
            Kind::Bool => Number::Int(to, self.truth(value)),
            Kind::Signed | Kind::Unsigned => Number::Int(to, self.cast_to_int(value, to)),
            Kind::Float => Number::Float(to, self.cast_to_float(value, self.float_type(to))),
            Kind::Complex => {
                let ty = self.float_type(part_of(to));
                let parts = match value {
                    Number::Complex(_, (real, imag)) => (self.b.resized(real, ty), self.b.resized(imag, ty)),
                    Number::Int(..) | Number::Float(..) => (self.cast_to_float(value, ty), ty.const_zero()),
                };
                Number::Complex(to, parts)
            }
        }
    }

    fn cast_to_float(&self, value: Number<'ctx>, ty: FloatType<'ctx>) -> FloatValue<'ctx> {
        match value {
            Number::Int(dtype, int) => self.b.int_as_float(int, ty, dtype.kind() == Kind::Signed),
            Number::Float(_, float) | Number::Complex(_, (float, _)) => self.b.resized(float, ty),
        }
    }

    pub(super) fn cast_to_int(&self, value: Number<'ctx>, to: Dtype) -> IntValue<'ctx> {
        let ty = self.int_type(to);
        match value {
            Number::Int(from, int) => self.resized_int(int, from, ty),
            Number::Float(_, float) | Number::Complex(_, (float, _)) => match to {
                Dtype::UInt64 => self.cast_to_u64(float),
                Dtype::Int64 | Dtype::UInt32 => {
                    let wide = self.cut_off(float, self.b.i64);
                    self.resized_int(wide, Dtype::Int64, ty)
                }
                _ => {
                    let wide = self.cut_off(float, self.b.context.i32_type());
                    self.resized_int(wide, Dtype::Int32, ty)
                }
            },
        }
    }

    pub(super) fn resized_int(&self, int: IntValue<'ctx>, from: Dtype, ty: IntType<'ctx>) -> IntValue<'ctx> {
        let (has, wanted) = (int.get_type().get_bit_width(), ty.get_bit_width());
        match from.kind() {
            _ if has == wanted => int,
            _ if has > wanted => self.b.narrow(int, ty),
            Kind::Signed => self.b.widen_signed(int, ty),
            _ => self.b.widen(int, ty),
        }
    }

    /// `cvttsd2si`: a float that does not fit gives the least int.
    fn cut_off(&self, float: FloatValue<'ctx>, ty: IntType<'ctx>) -> IntValue<'ctx> {
        let bits = ty.get_bit_width();
        let (low, high) = self.bounds(float.get_type(), bits, true);
        let fits = self.b.and(self.b.fcompare(low.0, float, low.1), self.b.fcompare(FloatPredicate::OLT, float, high));
        let least = ty.const_int(1 << (bits - 1), false);
        self.b.select(fits, self.b.float_as_int(float, ty, true), least)
    }

    /// What compilers make of a conversion to u64: below 2**63 that to i64, from there on that of the rest.
    fn cast_to_u64(&self, float: FloatValue<'ctx>) -> IntValue<'ctx> {
        let half = float.get_type().const_float(9_223_372_036_854_775_808.0);
        let above = self.b.fcompare(FloatPredicate::OGE, float, half);
        let rest = self.cut_off(self.b.fsub(float, half), self.b.i64);
        let rest = self.b.xor(rest, self.b.int(i64::MIN));
        self.b.select(above, rest, self.cut_off(float, self.b.i64))
    }

    /// The floats between which the whole part fits an int: the lower one with the test against it, the upper one excluded.
    fn bounds(
        &self,
        ty: FloatType<'ctx>,
        bits: u32,
        is_signed: bool,
    ) -> ((FloatPredicate, FloatValue<'ctx>), FloatValue<'ctx>) {
        let power = |exponent: u32| f64::from(exponent).exp2();
        let digits = if ty == self.b.f64 { 53 } else { 24 };
        let low = match is_signed {
            false => (FloatPredicate::OGT, -1.0),
            // Where the float below the least int has a fraction it is cut off, too.
            true if bits <= digits => (FloatPredicate::OGT, -power(bits - 1) - 1.0),
            true => (FloatPredicate::OGE, -power(bits - 1)),
        };
        let high = power(if is_signed { bits - 1 } else { bits });
        ((low.0, ty.const_float(low.1)), ty.const_float(high))
    }

    /// The value as an int of a dtype; leaves if it does not fit.
    fn fit(&mut self, value: Number<'ctx>, to: Dtype, exit: Leaving) -> IntValue<'ctx> {
        let (ty, is_signed) = (self.int_type(to), to.kind() == Kind::Signed);
        let bits = ty.get_bit_width();
        match value {
            Number::Float(_, float) | Number::Complex(_, (float, _)) if is_signed && ty == self.b.i64 => {
                let float = self.b.resized(float, self.b.f64);
                self.cut_off_or_leave(float, exit)
            }
            Number::Float(_, float) | Number::Complex(_, (float, _)) => {
                let (low, high) = self.bounds(float.get_type(), bits, is_signed);
                let fits =
                    self.b.and(self.b.fcompare(low.0, float, low.1), self.b.fcompare(FloatPredicate::OLT, float, high));
                self.leave_if(self.b.not(fits), exit);
                self.b.float_as_int(float, ty, is_signed)
            }
            Number::Int(from, int) => {
                let has = int.get_type().get_bit_width();
                let from_signed = from.kind() == Kind::Signed;
                let narrow = self.resized_int(int, from, ty);
                let fits_always = match (from_signed, is_signed) {
                    (true, true) | (false, false) => has <= bits,
                    (false, true) => has < bits,
                    (true, false) => false,
                };
                if !fits_always && !self.loops.proof.fits {
                    // What comes back the same, and has no sign that the other has not, fits.
                    let back = self.resized_int(narrow, to, int.get_type());
                    let mut lost = self.b.compare(IntPredicate::NE, back, int);
                    if from_signed != is_signed {
                        let zero = int.get_type().const_zero();
                        let sign = match from_signed {
                            true => self.b.compare(IntPredicate::SLT, int, zero),
                            false => self.b.compare(IntPredicate::SLT, narrow, ty.const_zero()),
                        };
                        lost = self.b.or(lost, sign);
                    }
                    self.leave_if(lost, exit);
                }
                narrow
            }
        }
    }

    fn truth(&self, value: Number<'ctx>) -> IntValue<'ctx> {
        let nonzero = |part: FloatValue<'ctx>| self.b.fcompare(FloatPredicate::UNE, part, part.get_type().const_zero());
        match value {
            Number::Int(Dtype::Bool, bit) => bit,
            Number::Int(_, int) => self.b.compare(IntPredicate::NE, int, int.get_type().const_zero()),
            Number::Float(_, float) => nonzero(float),
            Number::Complex(_, (real, imag)) => self.b.or(nonzero(real), nonzero(imag)),
        }
    }

    // Comparisons.

    pub(super) fn ordered(&self, predicate: Predicate, left: Number<'ctx>, right: Number<'ctx>) -> IntValue<'ctx> {
        match (left, right) {
            (Number::Int(Dtype::Int64, int), Number::Int(Dtype::UInt64, nat)) => {
                self.compare_nat_int(predicate.swapped(), nat, int)
            }
            (Number::Int(Dtype::UInt64, nat), Number::Int(Dtype::Int64, int)) => {
                self.compare_nat_int(predicate, nat, int)
            }
            (Number::Int(dtype, left), Number::Int(_, right)) => match dtype.kind() {
                Kind::Signed => self.b.compare(signed(predicate), left, right),
                _ => self.b.compare(unsigned(predicate), left, right),
            },
            (Number::Float(_, left), Number::Float(_, right)) => self.b.fcompare(ordered(predicate), left, right),
            (Number::Complex(_, left), Number::Complex(_, right)) => self.ordered_complex(predicate, left, right),
            _ => panic!("operands of one dtype were verified"),
        }
    }

    /// By the real parts; if they are equal, by the imaginary ones.
    fn ordered_complex(&self, predicate: Predicate, left: Pair<'ctx>, right: Pair<'ctx>) -> IntValue<'ctx> {
        let real = |predicate| self.b.fcompare(predicate, left.0, right.0);
        let imag = |predicate| self.b.fcompare(predicate, left.1, right.1);
        let by_parts = |strict, last| {
            let tie = self.b.and(real(FloatPredicate::OEQ), imag(last));
            self.b.or(real(strict), tie)
        };
        match predicate {
            Predicate::Lt => by_parts(FloatPredicate::OLT, FloatPredicate::OLT),
            Predicate::Le => by_parts(FloatPredicate::OLT, FloatPredicate::OLE),
            Predicate::Gt => by_parts(FloatPredicate::OGT, FloatPredicate::OGT),
            Predicate::Ge => by_parts(FloatPredicate::OGT, FloatPredicate::OGE),
            Predicate::Eq => self.b.and(real(FloatPredicate::OEQ), imag(FloatPredicate::OEQ)),
            Predicate::Ne => self.b.or(real(FloatPredicate::UNE), imag(FloatPredicate::UNE)),
        }
    }

    pub(super) fn ordered_without_nan(
        &self,
        predicate: Predicate,
        left: Number<'ctx>,
        right: Number<'ctx>,
    ) -> IntValue<'ctx> {
        let outcome = self.ordered(predicate, left, right);
        let (Number::Complex(_, one), Number::Complex(_, other)) = (left, right) else { return outcome };
        let ordered = self.b.fcompare(FloatPredicate::ORD, one.1, other.1);
        self.b.and(outcome, ordered)
    }

    fn same(&mut self, left: Number<'ctx>, right: Number<'ctx>, exit: Leaving) -> IntValue<'ctx> {
        let unordered = |left, right| self.b.fcompare(FloatPredicate::UNO, left, right);
        let unknown = match (left, right) {
            (Number::Float(_, left), Number::Float(_, right)) => Some(unordered(left, right)),
            (Number::Complex(_, left), Number::Complex(_, right)) => {
                Some(self.b.or(unordered(left.0, right.0), unordered(left.1, right.1)))
            }
            _ => None,
        };
        let equal = self.ordered(Predicate::Eq, left, right);
        if let Some(unknown) = unknown {
            self.leave_if(unknown, exit);
        }
        equal
    }

    // Ints.

    fn int_1(&self, element: Element, row: &Op, dtype: Dtype, value: IntValue<'ctx>) -> Number<'ctx> {
        let ty = value.get_type();
        let (zero, one) = (ty.const_zero(), ty.const_int(1, false));
        let result = match (element, dtype.kind()) {
            (Element::Neg, _) => self.b.sub(zero, value),
            (Element::Invert, _) => self.b.not(value),
            (Element::Abs, Kind::Signed) => self.magnitude_of(value),
            (Element::Abs, _) => value,
            (Element::Square, _) => self.b.mul(value, value),
            (Element::Sign, kind) => {
                let negative = self.b.compare(IntPredicate::SLT, value, zero);
                let below = if kind == Kind::Signed { ty.const_all_ones() } else { one };
                let positive = self.b.select(self.b.compare(IntPredicate::EQ, value, zero), zero, one);
                self.b.select(negative, below, positive)
            }
            (Element::Reciprocal, kind) => {
                let float = self.b.int_as_float(value, self.b.f64, kind == Kind::Signed);
                let over = self.b.fdiv(self.b.float(1.0), float);
                self.cast_to_int(Number::Float(Dtype::Float64, over), dtype)
            }
            (Element::BitCount, kind) => {
                let magnitude = if kind == Kind::Signed { self.magnitude_of(value) } else { value };
                let count = self.b.intrinsic("llvm.ctpop", &[ty.into()], &[magnitude.into()]).into_int_value();
                let to = dtype_of(row.result);
                return Number::Int(to, self.resized_int(count, Dtype::UInt64, self.int_type(to)));
            }
            _ => panic!("an operation on one int was verified"),
        };
        Number::Int(dtype, result)
    }

    fn int_2(
        &mut self,
        element: Element,
        dtype: Dtype,
        left: IntValue<'ctx>,
        right: IntValue<'ctx>,
        exit: Leaving,
    ) -> IntValue<'ctx> {
        match element {
            Element::Add if dtype == Dtype::Bool => self.b.or(left, right),
            Element::Mul if dtype == Dtype::Bool => self.b.and(left, right),
            Element::Add => self.b.add(left, right),
            Element::Sub => self.b.sub(left, right),
            Element::Mul => self.b.mul(left, right),
            Element::And => self.b.and(left, right),
            Element::Or => self.b.or(left, right),
            Element::Xor => self.b.xor(left, right),
            Element::Shl | Element::Shr => self.shifted(element, dtype, left, right),
            Element::FloorDiv | Element::Mod => self.divided(element, dtype, left, right),
            Element::Pow => self.int_power(dtype, left, right, exit),
            Element::Fmod => self.remainder(dtype, left, right),
            Element::Gcd | Element::Lcm => self.multiple(element, dtype, left, right),
            _ => panic!("an operation on two ints was verified"),
        }
    }

    /// As if the value had bits without end: a count that is negative counts as a large one.
    fn shifted(&self, element: Element, dtype: Dtype, value: IntValue<'ctx>, count: IntValue<'ctx>) -> IntValue<'ctx> {
        let ty = value.get_type();
        let width = ty.const_int(ty.get_bit_width().into(), false);
        let most = self.b.sub(width, ty.const_int(1, false));
        let near = self.b.compare(IntPredicate::ULT, count, width);
        let count = self.b.select(near, count, most);
        match (element, dtype.kind()) {
            (Element::Shl, _) => self.b.select(near, self.b.shl(value, count), ty.const_zero()),
            (_, Kind::Signed) => self.b.shr(value, count),
            _ => self.b.select(near, self.b.shr_unsigned(value, count), ty.const_zero()),
        }
    }

    /// Division by zero gives zero, that of the least int by -1 the least int.
    fn divided(&self, element: Element, dtype: Dtype, left: IntValue<'ctx>, right: IntValue<'ctx>) -> IntValue<'ctx> {
        let ty = left.get_type();
        let (zero, one) = (ty.const_zero(), ty.const_int(1, false));
        let by_zero = self.b.compare(IntPredicate::EQ, right, zero);
        let is_mod = element == Element::Mod;
        if dtype.kind() != Kind::Signed {
            let divisor = self.b.select(by_zero, one, right);
            let result = if is_mod { self.b.rem_unsigned(left, divisor) } else { self.b.div_unsigned(left, divisor) };
            return self.b.select(by_zero, zero, result);
        }
        // The instruction traps at -1 for one dividend: dividing by 1 leaves no rest, either, and the quotient is negated.
        let by_minus_one = self.b.compare(IntPredicate::EQ, right, ty.const_all_ones());
        let divisor = self.b.select(self.b.or(by_zero, by_minus_one), one, right);
        let rest = self.b.rem(left, divisor);
        let inexact = self.b.compare(IntPredicate::NE, rest, zero);
        let signs_differ = self.b.compare(IntPredicate::SLT, self.b.xor(rest, divisor), zero);
        let down = self.b.and(inexact, signs_differ);
        if is_mod {
            return self.b.select(down, self.b.add(rest, divisor), rest);
        }
        let quotient = self.b.div(left, divisor);
        let quotient = self.b.select(down, self.b.sub(quotient, one), quotient);
        let quotient = self.b.select(by_minus_one, self.b.sub(zero, left), quotient);
        self.b.select(by_zero, zero, quotient)
    }

    /// Powers wrap, so they are those of the low bits of 64.
    fn int_power(
        &mut self,
        dtype: Dtype,
        base: IntValue<'ctx>,
        exponent: IntValue<'ctx>,
        exit: Leaving,
    ) -> IntValue<'ctx> {
        let ty = base.get_type();
        if let Some(constant) = exponent.get_zero_extended_constant().filter(|&constant| constant <= MULTIPLIED_OUT) {
            let (mut power, mut square, mut rest) = (ty.const_int(1, false), base, constant);
            while rest > 0 {
                if rest % 2 == 1 {
                    power = self.b.mul(power, square);
                }
                rest /= 2;
                if rest > 0 {
                    square = self.b.mul(square, square);
                }
            }
            return power;
        }
        if dtype.kind() == Kind::Signed {
            let negative = self.b.compare(IntPredicate::SLT, exponent, ty.const_zero());
            self.leave_if(negative, exit);
        }
        let wide = |value| self.resized_int(value, dtype, self.b.i64);
        let args = [wide(base).into(), wide(exponent).into()];
        let power = self.b.call("brrr_int_pow_wrapping", self.b.i64.into(), &args, true).into_int_value();
        self.resized_int(power, Dtype::Int64, ty)
    }

    // Floats.

    fn float_1(&mut self, element: Element, dtype: Dtype, value: FloatValue<'ctx>, exit: Leaving) -> Number<'ctx> {
        match element {
            Element::Neg => Number::Float(dtype, self.b.fneg(value)),
            Element::Abs => Number::Float(dtype, self.float_function("llvm.fabs", &[value])),
            Element::RoundEven => {
                let whole = self.float_function("llvm.roundeven", &[value]);
                Number::Int(Dtype::Int64, self.fit(Number::Float(dtype, whole), Dtype::Int64, exit))
            }
            Element::Is(kind) => Number::Int(Dtype::Bool, self.is_kind(kind, value)),
            Element::SignBit => Number::Int(Dtype::Bool, self.sign_bit(dtype, value)),
            _ => Number::Float(dtype, self.float_function_1(element, dtype, value)),
        }
    }

    fn float_2(
        &self,
        element: Element,
        dtype: Dtype,
        left: FloatValue<'ctx>,
        right: FloatValue<'ctx>,
    ) -> FloatValue<'ctx> {
        match element {
            Element::Add => self.b.fadd(left, right),
            Element::Sub => self.b.fsub(left, right),
            Element::Mul => self.b.fmul(left, right),
            Element::Div => self.b.fdiv(left, right),
            Element::FloorDiv => self.floored(left, right).0,
            Element::Mod => self.floored(left, right).1,
            Element::Pow => {
                let name = if dtype == Dtype::Float32 { "powf" } else { "pow" };
                self.libm_power(name, left, right)
            }
            _ => self.float_function_2(element, dtype, left, right),
        }
    }

    /// `npy_divmod`: the quotient rounded down, and the remainder.
    fn floored(&self, left: FloatValue<'ctx>, right: FloatValue<'ctx>) -> (FloatValue<'ctx>, FloatValue<'ctx>) {
        let ty = left.get_type();
        let (zero, one, half) = (ty.const_zero(), ty.const_float(1.0), ty.const_float(0.5));
        let fmod = self.b.frem(left, right);
        let by_zero = self.b.fcompare(FloatPredicate::OEQ, right, zero);
        let exact = self.b.fdiv(self.b.fsub(left, fmod), right);
        let inexact = self.b.fcompare(FloatPredicate::UNE, fmod, zero);
        let negative = |value| self.b.fcompare(FloatPredicate::OLT, value, zero);
        let down = self.b.and(inexact, self.b.xor(negative(right), negative(fmod)));
        let moved = self.b.select(down, self.b.fadd(fmod, right), fmod);
        let rest = self.b.select(inexact, moved, self.float_function("llvm.copysign", &[zero, right]));
        let quotient = self.b.select(down, self.b.fsub(exact, one), exact);
        let floor = self.float_function("llvm.floor", &[quotient]);
        let cut = self.b.fcompare(FloatPredicate::OGT, self.b.fsub(quotient, floor), half);
        let rounded = self.b.select(cut, self.b.fadd(floor, one), floor);
        let plain = self.b.fdiv(left, right);
        let nonzero = self.b.fcompare(FloatPredicate::UNE, quotient, zero);
        let signed_zero = self.float_function("llvm.copysign", &[zero, plain]);
        let quotient = self.b.select(nonzero, rounded, signed_zero);
        (self.b.select(by_zero, plain, quotient), self.b.select(by_zero, fmod, rest))
    }
}

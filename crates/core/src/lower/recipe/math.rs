//! Recipes of builtin functions, methods and the module `math`.

use std::mem::offset_of;

use inkwell::values::{BasicMetadataValueEnum, FloatValue, IntValue, PointerValue};
use inkwell::{FloatPredicate, IntPredicate};

use super::{Leaving, Loaded, Lowerer};
use crate::abi::{HOST_OVER_WORDS, Services, host_over_words};
use crate::ops::{Kind, OpId, Rounding};
use crate::types::Type;

impl<'ctx> Lowerer<'ctx, '_> {
    fn float_intrinsic(&self, name: &str, value: FloatValue<'ctx>) -> FloatValue<'ctx> {
        self.b.intrinsic(name, &[self.b.f64.into()], &[value.into()]).into_float_value()
    }

    pub(super) fn fabs(&self, value: FloatValue<'ctx>) -> FloatValue<'ctx> {
        self.float_intrinsic("llvm.fabs", value)
    }

    pub(super) fn abs_int(&mut self, value: IntValue<'ctx>, exit: Leaving) -> IntValue<'ctx> {
        let negated = self.checked("llvm.ssub.with.overflow", self.b.int(0), value, exit);
        let negative = self.b.compare(IntPredicate::SLT, value, self.b.int(0));
        self.b.select(negative, negated, value)
    }

    /// The magnitude as an unsigned number, which is there for the least int, too.
    fn magnitude(&self, value: IntValue<'ctx>) -> IntValue<'ctx> {
        let args = [value.into(), self.b.bool(false).into()];
        self.b.intrinsic("llvm.abs", &[self.b.i64.into()], &args).into_int_value()
    }

    /// The magnitude of an int of this type.
    pub(super) fn magnitude_of_int(&self, one: Type, value: IntValue<'ctx>) -> IntValue<'ctx> {
        if one == Type::Nat { value } else { self.magnitude(value) }
    }

    pub(super) fn bit_length(&self, magnitude: IntValue<'ctx>) -> IntValue<'ctx> {
        let args = [magnitude.into(), self.b.bool(false).into()];
        let leading = self.b.intrinsic("llvm.ctlz", &[self.b.i64.into()], &args).into_int_value();
        self.b.sub(self.b.int(64), leading)
    }

    pub(super) fn bit_count(&self, magnitude: IntValue<'ctx>) -> IntValue<'ctx> {
        self.b.intrinsic("llvm.ctpop", &[self.b.i64.into()], &[magnitude.into()]).into_int_value()
    }

    pub(super) fn rounded(&mut self, rounding: Rounding, value: FloatValue<'ctx>, exit: Leaving) -> IntValue<'ctx> {
        let whole = match rounding {
            Rounding::Floor => self.float_intrinsic("llvm.floor", value),
            Rounding::Ceil => self.float_intrinsic("llvm.ceil", value),
            Rounding::Even => self.float_intrinsic("llvm.roundeven", value),
            Rounding::Trunc => value,
        };
        self.cut_off_or_leave(whole, exit)
    }

    /// The whole part of a float; leaves if it does not fit. The processor has the least int for what does not, NaN among it, which is one
    /// comparison where that with both bounds would be two.
    pub(super) fn cut_off_or_leave(&mut self, float: FloatValue<'ctx>, exit: Leaving) -> IntValue<'ctx> {
        let int = self.b.float_to_int_or_least(float);
        if self.loops.proof.fits {
            return int;
        }
        let suspect = self.b.compare(IntPredicate::EQ, int, self.b.int(i64::MIN));
        let (look, stay) = (self.b.block("least"), self.b.block(""));
        self.b.branch_unlikely(suspect, look, stay);
        self.b.at_end(look);
        let least = self.b.float(-9_223_372_036_854_775_808.0);
        self.leave_if(self.b.fcompare(FloatPredicate::UNE, float, least), exit);
        self.b.jump(stay);
        self.b.at_end(stay);
        int
    }

    pub(super) fn is(&self, kind: Kind, value: FloatValue<'ctx>) -> IntValue<'ctx> {
        let infinity = self.b.float(f64::INFINITY);
        match kind {
            Kind::Nan => self.b.fcompare(FloatPredicate::UNO, value, value),
            Kind::Infinite => self.b.fcompare(FloatPredicate::OEQ, self.fabs(value), infinity),
            Kind::Finite => self.b.fcompare(FloatPredicate::OLT, self.fabs(value), infinity),
            Kind::Whole => {
                let finite = self.b.fcompare(FloatPredicate::OLT, self.fabs(value), infinity);
                let whole = self.b.fcompare(FloatPredicate::OEQ, self.float_intrinsic("llvm.trunc", value), value);
                self.b.and(finite, whole)
            }
        }
    }

    /// The instruction rounds correctly, as libm's function does.
    pub(super) fn sqrt(&mut self, value: FloatValue<'ctx>, exit: Leaving) -> FloatValue<'ctx> {
        let negative = self.b.fcompare(FloatPredicate::OLT, value, self.b.float(0.0));
        self.leave_if_at_once_or_late(negative, exit);
        self.float_intrinsic("llvm.sqrt", value)
    }

    /// Leaves if the condition holds; where checks are made behind the block of turns, takes note of it.
    pub(super) fn leave_if_at_once_or_late(&mut self, condition: IntValue<'ctx>, exit: Leaving) {
        if self.loops.proof.late {
            self.found_late(condition);
        } else {
            self.leave_if(condition, exit);
        }
    }

    /// libm's `pow`; a result that is not finite from finite operands is where CPython raises or turns complex.
    pub(super) fn pow_float(
        &mut self,
        base: FloatValue<'ctx>,
        exponent: FloatValue<'ctx>,
        exit: Leaving,
    ) -> FloatValue<'ctx> {
        let power = self.libm_power("pow", base, exponent);
        let finite = |value: FloatValue<'ctx>| {
            self.b.fcompare(FloatPredicate::OLT, self.fabs(value), self.b.float(f64::INFINITY))
        };
        let operands = self.b.and(finite(base), finite(exponent));
        let lost = self.b.and(operands, self.b.not(finite(power)));
        self.leave_if_at_once_or_late(lost, exit);
        power
    }

    /// `m_log` of CPython: what is not positive is out of the domain, NaN is passed on.
    pub(super) fn log(&mut self, function: &str, value: FloatValue<'ctx>, exit: Leaving) -> FloatValue<'ctx> {
        let outside = self.b.fcompare(FloatPredicate::OLE, value, self.b.float(0.0));
        self.leave_if_at_once_or_late(outside, exit);
        self.libm(function, &[value])
    }

    /// `math_1` and `math_2` of CPython: NaN from numbers is a ValueError, an infinity from finite numbers an OverflowError or a
    /// ValueError. The hot path asks only whether the result is finite.
    pub(super) fn checked_call(&mut self, function: &str, args: &[Loaded<'ctx>], exit: Leaving) -> FloatValue<'ctx> {
        let floats = args.iter().map(|arg| arg.float()).collect::<Vec<_>>();
        let result = self.libm(function, &floats);
        if self.checks_what_is_given()
            && let Some(holds) = self.is_in_domain(function, &floats)
        {
            self.found_late(self.b.not(holds));
            return result;
        }
        let finite = self.is(Kind::Finite, result);
        // Of infinities and NaN, the copy with checks knows whether they are what is wanted.
        if self.loops.proof.late {
            self.found_late(self.b.not(finite));
            return result;
        }
        let (look, stay) = (self.b.block("special"), self.b.block(""));
        self.b.branch_unlikely(self.b.not(finite), look, stay);
        self.b.at_end(look);
        let all = |of: &dyn Fn(FloatValue<'ctx>) -> IntValue<'ctx>| {
            floats.iter().fold(self.b.bool(true), |all, &value| self.b.and(all, of(value)))
        };
        let numbers = all(&|value| self.b.not(self.is(Kind::Nan, value)));
        let finite = all(&|value| self.is(Kind::Finite, value));
        let invalid = self.b.and(self.is(Kind::Nan, result), numbers);
        let overflow = self.b.and(self.is(Kind::Infinite, result), finite);
        let leaves = self.b.or(invalid, overflow);
        self.leave_if(leaves, exit);
        self.b.jump(stay);
        self.b.at_end(stay);
        result
    }

    /// That a function of these operands raises nothing, or more; `None` if only its result tells.
    fn is_in_domain(&self, function: &str, args: &[FloatValue<'ctx>]) -> Option<IntValue<'ctx>> {
        use FloatPredicate::{OGE, OGT, OLE, OLT};
        let (value, magnitude) = (args[0], self.fabs(args[0]));
        let is = |one, predicate, bound| self.b.fcompare(predicate, one, self.b.float(bound));
        Some(match function {
            "exp" | "expm1" => is(value, OLE, 709.0),
            "exp2" => is(value, OLE, 1023.0),
            "sinh" | "cosh" => is(magnitude, OLE, 709.0),
            "sin" | "cos" | "tan" => is(magnitude, OLT, f64::INFINITY),
            "acos" | "asin" => is(magnitude, OLE, 1.0),
            "atanh" => is(magnitude, OLT, 1.0),
            "acosh" => is(value, OGE, 1.0),
            "log1p" => is(value, OGT, -1.0),
            "asinh" | "atan" | "atan2" | "cbrt" | "tanh" => self.b.bool(true),
            _ => return None,
        })
    }

    /// `math_isclose_impl` of CPython, step by step.
    pub(super) fn is_close(
        &mut self,
        [a, b, relative, absolute]: [FloatValue<'ctx>; 4],
        exit: Leaving,
    ) -> IntValue<'ctx> {
        let zero = self.b.float(0.0);
        let negative = |value| self.b.fcompare(FloatPredicate::OLT, value, zero);
        let wrong = self.b.or(negative(relative), negative(absolute));
        self.leave_if(wrong, exit);
        let equal = self.b.fcompare(FloatPredicate::OEQ, a, b);
        let infinite = self.b.or(self.is(Kind::Infinite, a), self.is(Kind::Infinite, b));
        let apart = self.fabs(self.b.fsub(b, a));
        let within = |most: FloatValue<'ctx>| self.b.fcompare(FloatPredicate::OLE, apart, most);
        let of_b = within(self.fabs(self.b.fmul(relative, b)));
        let of_a = within(self.fabs(self.b.fmul(relative, a)));
        let near = self.b.or(self.b.or(of_b, of_a), within(absolute));
        self.b.or(equal, self.b.and(self.b.not(infinite), near))
    }

    /// A function of libm's, or a helper, that always has a result.
    pub(super) fn pure_call(&self, function: &str, args: &[Loaded<'ctx>], result: Type) -> Loaded<'ctx> {
        let passed = args.iter().map(|arg| self.passed(*arg)).collect::<Vec<_>>();
        match result {
            Type::Float if args.iter().all(|arg| matches!(arg, Loaded::Float(_))) && !args.is_empty() => {
                let floats = args.iter().map(|arg| arg.float()).collect::<Vec<_>>();
                Loaded::Float(self.libm(function, &floats))
            }
            Type::Float => Loaded::Float(self.b.call(function, self.b.f64.into(), &passed, true).into_float_value()),
            _ => {
                let word = self.b.call(function, self.b.i64.into(), &passed, true).into_int_value();
                self.of_payload(result, [Some(word), None])
            }
        }
    }

    fn passed(&self, arg: Loaded<'ctx>) -> BasicMetadataValueEnum<'ctx> {
        match arg {
            Loaded::Float(value) => value.into(),
            Loaded::Bool(bit) => self.b.widen(bit, self.b.i64).into(),
            other => other.int().into(),
        }
    }

    /// A helper that writes the payload of its result, or says that it has none.
    pub(super) fn helper(
        &mut self,
        function: &str,
        args: &[Loaded<'ctx>],
        result: Type,
        exit: Leaving,
    ) -> Loaded<'ctx> {
        let written = self.scratch();
        let mut passed = args.iter().map(|arg| self.passed(*arg)).collect::<Vec<_>>();
        passed.push(written.into());
        let failed = self.b.call(function, self.b.i8.into(), &passed, false).into_int_value();
        self.leave_if(self.b.compare(IntPredicate::NE, failed, self.b.i8.const_zero()), exit);
        let payload = self.b.load(self.b.i64, written).into_int_value();
        self.of_payload(result, [Some(payload), None])
    }

    /// The interpreter's own function: the arguments go as payloads, of the types of the row.
    pub(super) fn host(&mut self, op: OpId, args: &[Loaded<'ctx>], exit: Leaving) -> Loaded<'ctx> {
        let words = self.boxes(args.len().max(1));
        let payload = args.iter().flat_map(|arg| self.to_tagged(*arg).1).flatten();
        for (at, word) in payload.enumerate() {
            self.b.store(self.b.element(words, at), word);
        }
        self.ask_host(op, words, exit)
    }

    /// The interpreter's function of a row on any number of operands: how many, then a tag and two words for each.
    pub(super) fn host_over(&mut self, op: OpId, args: &[Loaded<'ctx>], exit: Leaving) -> Loaded<'ctx> {
        let words = self.boxes(host_over_words(args.len()));
        self.b.store(words, self.b.int(args.len() as i64));
        for (at, &arg) in args.iter().enumerate() {
            let (tag, payload) = self.to_tagged(arg);
            let place = 1 + HOST_OVER_WORDS * at;
            self.b.store(self.b.element(words, place), self.b.widen(tag, self.b.i64));
            for (at, word) in payload.into_iter().flatten().enumerate() {
                self.b.store(self.b.element(words, place + 1 + at), word);
            }
        }
        self.ask_host(op, words, exit)
    }

    /// Calls the interpreter's function of a row; its operands are in memory.
    fn ask_host(&mut self, op: OpId, words: PointerValue<'ctx>, exit: Leaving) -> Loaded<'ctx> {
        let written = self.wide_scratch();
        let row = self.b.i64.const_int(op.0.into(), false);
        let passed = [row.into(), words.into(), written.into()];
        let failed = self.b.service(offset_of!(Services, host), self.b.i8.into(), &passed).into_int_value();
        self.leave_if(self.b.compare(IntPredicate::NE, failed, self.b.i8.const_zero()), exit);
        let word = |at| Some(self.b.load(self.b.i64, self.b.element(written, at)).into_int_value());
        let result = op.row().result;
        self.of_payload(result, [word(0), (result.words() > 1).then(|| word(1)).flatten()])
    }

    /// Rounding to decimal digits: the helper does it where 128 bits hold what is between, else the interpreter.
    pub(super) fn round_float(&mut self, op: OpId, args: &[Loaded<'ctx>], exit: Leaving) -> FloatValue<'ctx> {
        let written = self.scratch();
        let passed = [args[0].float().into(), args[1].int().into(), written.into()];
        let failed = self.b.call("brrr_round_float", self.b.i8.into(), &passed, false).into_int_value();
        let rounded = self.b.load(self.b.f64, written).into_float_value();
        let (quick, slow, after) = (self.b.current(), self.b.block("round.slow"), self.b.block("round.after"));
        let fails = self.b.compare(IntPredicate::NE, failed, self.b.i8.const_zero());
        self.b.branch_unlikely(fails, slow, after);
        self.b.at_end(slow);
        let asked = self.host(op, args, exit).float();
        let slow = self.b.current();
        self.b.jump(after);
        self.b.at_end(after);
        self.b.phi((rounded, quick), (asked, slow))
    }
}

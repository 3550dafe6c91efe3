//! Chains: expressions of ints whose intermediates may leave 64 bits while the result fits.
//!
//! The usual path is in 64 bits. Where an intermediate overflows, the whole chain is done again in a cold block, in 128 bits: its
//! operands stand in their slots as they stood at its start. Only an intermediate beyond 128 bits, or a result beyond 64, leaves.

use std::collections::HashMap;

use inkwell::IntPredicate;
use inkwell::values::IntValue;

use super::{Loaded, Lowerer};
use crate::ir::{ExitId, LocalId, Operand, Statement, Value};
use crate::loops::plan::Proof;
use crate::ops::Recipe;
use crate::types::Type;

impl<'ctx> Lowerer<'ctx, '_> {
    /// Lowers the statements of a chain: its parts, then its end. What is proven of each holds on the usual path.
    pub(super) fn chain(&mut self, statements: &[Statement], proofs: &[Proof]) {
        let Some((end, parts)) = statements.split_last() else { return };
        let (aside, after) = (self.b.block("wide"), self.b.block("wide.after"));
        self.overflow_to = Some(aside);
        for (part, &proof) in parts.iter().zip(proofs) {
            self.loops.proof = proof;
            self.statement(part);
        }
        self.overflow_to = None;
        self.loops.proof = proofs.last().copied().unwrap_or_default();
        self.statement(end);
        self.loops.proof = Proof::default();
        self.b.jump(after);
        self.b.at_end(aside);
        let mut wide = Wide { values: HashMap::new(), narrow: Vec::new() };
        parts.iter().for_each(|part| self.wide_part(part, &mut wide));
        let result = self.wide_end(end, &wide);
        self.write(end.target, Loaded::Int(result));
        self.b.jump(after);
        self.b.at_end(after);
    }

    fn wide_part(&mut self, part: &Statement, wide: &mut Wide<'ctx>) {
        let value = match &part.value {
            Value::Create(_) | Value::Call(_) | Value::Given(_) => panic!("ints of a chain were verified"),
            Value::Convert(operand) => {
                wide.narrow.push(part.target);
                self.wide_operand(*operand, wide)
            }
            Value::Op { op, args, exit } => {
                let (left, right) = (self.wide_operand(args[0], wide), self.wide_operand(args[1], wide));
                match op.row().recipe {
                    Recipe::AddInt => self.wide_checked("llvm.sadd.with.overflow", left, right, *exit),
                    Recipe::SubInt => self.wide_checked("llvm.ssub.with.overflow", left, right, *exit),
                    Recipe::MulInt if args.iter().all(|&arg| wide.is_narrow(arg)) => self.b.mul(left, right),
                    _ => self.wide_product(left, right, *exit),
                }
            }
        };
        wide.values.insert(part.target, value);
    }

    /// The result, which fits 64 bits.
    fn wide_end(&mut self, end: &Statement, wide: &Wide<'ctx>) -> IntValue<'ctx> {
        let Value::Op { op, args, exit } = &end.value else { panic!("a chain ends with an operation") };
        let left = self.wide_operand(args[0], wide);
        match op.row().recipe {
            Recipe::ShrInt => {
                let count = self.narrow_operand(args[1], wide, *exit);
                self.leave_if_negative(count, *exit);
                let most = self.b.intrinsic("llvm.umin", &[self.b.i64.into()], &[count.into(), self.b.int(127).into()]);
                let count = self.b.widen(most.into_int_value(), self.b.i128);
                let shifted = self.b.shr(left, count);
                self.fits(shifted, *exit)
            }
            recipe => {
                let right = self.narrow_operand(args[1], wide, *exit);
                let zero = self.b.compare(IntPredicate::EQ, right, self.b.int(0));
                self.leave_if(zero, *exit);
                let (low, high) = self.halves(left);
                let helper = if recipe == Recipe::ModInt { "brrr_wide_mod" } else { "brrr_wide_floor_div" };
                let result = self.scratch();
                let args = [low.into(), high.into(), right.into(), result.into()];
                let failed = self.b.call(helper, self.b.i8.into(), &args, false).into_int_value();
                let unfit = self.b.compare(IntPredicate::NE, failed, self.b.i8.const_zero());
                self.leave_if(unfit, *exit);
                self.b.load(self.b.i64, result).into_int_value()
            }
        }
    }

    /// An operand in 128 bits.
    fn wide_operand(&self, operand: Operand, wide: &Wide<'ctx>) -> IntValue<'ctx> {
        if let Operand::Local(id) = operand
            && let Some(&value) = wide.values.get(&id)
        {
            return value;
        }
        match self.operand(operand) {
            Loaded::Bool(bit) => self.b.widen(bit, self.b.i128),
            other => self.b.widen_signed(other.int(), self.b.i128),
        }
    }

    /// An operand of the end that may be an intermediate, in 64 bits; leaves if it does not fit.
    fn narrow_operand(&mut self, operand: Operand, wide: &Wide<'ctx>, exit: Option<ExitId>) -> IntValue<'ctx> {
        let value = self.wide_operand(operand, wide);
        self.fits(value, exit)
    }

    fn fits(&mut self, value: IntValue<'ctx>, exit: Option<ExitId>) -> IntValue<'ctx> {
        let narrow = self.b.narrow(value, self.b.i64);
        let again = self.b.widen_signed(narrow, self.b.i128);
        let lost = self.b.compare(IntPredicate::NE, again, value);
        self.leave_if(lost, exit);
        narrow
    }

    fn wide_checked(
        &mut self,
        name: &str,
        left: IntValue<'ctx>,
        right: IntValue<'ctx>,
        exit: Option<ExitId>,
    ) -> IntValue<'ctx> {
        let pair = self.b.intrinsic(name, &[self.b.i128.into()], &[left.into(), right.into()]);
        let overflow = self.b.part(pair, 1);
        self.leave_if(overflow, exit);
        self.b.part(pair, 0)
    }

    fn wide_product(&mut self, left: IntValue<'ctx>, right: IntValue<'ctx>, exit: Option<ExitId>) -> IntValue<'ctx> {
        let ((a, b), (c, d)) = (self.halves(left), self.halves(right));
        let result = self.wide_scratch();
        let args = [a.into(), b.into(), c.into(), d.into(), result.into()];
        let failed = self.b.call("brrr_wide_mul", self.b.i8.into(), &args, false).into_int_value();
        let overflow = self.b.compare(IntPredicate::NE, failed, self.b.i8.const_zero());
        self.leave_if(overflow, exit);
        self.b.load(self.b.i128, result).into_int_value()
    }

    /// The low and the high 64 bits.
    fn halves(&self, value: IntValue<'ctx>) -> (IntValue<'ctx>, IntValue<'ctx>) {
        let high = self.b.shr(value, self.b.i128.const_int(64, false));
        (self.b.narrow(value, self.b.i64), self.b.narrow(high, self.b.i64))
    }
}

/// The intermediates of a chain in 128 bits.
struct Wide<'ctx> {
    values: HashMap<LocalId, IntValue<'ctx>>,
    /// Those that are conversions, and so fit 64 bits.
    narrow: Vec<LocalId>,
}

impl Wide<'_> {
    /// True if the operand fits 64 bits: the product of two such fits 128.
    fn is_narrow(&self, operand: Operand) -> bool {
        match operand {
            Operand::Local(id) => !self.values.contains_key(&id) || self.narrow.contains(&id),
            Operand::Constant(constant) => constant.ty() == Type::Int,
        }
    }
}

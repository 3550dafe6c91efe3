//! What a statement of a turn makes of intervals, and which of its checks a test can take away.

use super::{ANY, Known, Search};
use crate::ir::{BlockId, Constant, Operand, Statement, Value};
use crate::loops::plan::{NOT_NEGATIVE, Node, Proof};
use crate::loops::select::comes_back;
use crate::ops::{Element, Recipe};
use crate::types::{Dtype, Type};

impl Search<'_> {
    /// The interval of a statement's value. In the last round what is proven of it is noted.
    pub(super) fn value(&mut self, statement: &Statement, at: (BlockId, usize)) -> Known {
        let (op, args) = match &statement.value {
            Value::Convert(operand) => return self.operand(*operand),
            Value::Create(_) | Value::Call(_) | Value::Given(_) => return self.unknown(false),
            Value::Op { op, args, .. } => (op.row(), args),
        };
        let not_negative = |known: Known| known.fixed.0 >= 0;
        match (op.recipe, args.as_slice()) {
            (Recipe::Same, &[only]) => self.operand(only),
            // Iterators of the compiler's own do not overflow.
            (Recipe::StepUp | Recipe::StepDown, &[only]) => {
                let (only, step) = (self.operand(only), if op.recipe == Recipe::StepUp { 1 } else { -1 });
                let step = self.fixed((step, step), true);
                if only.bounded { self.add(only, step) } else { self.unknown(false) }
            }
            (Recipe::AddInt, &[left, right]) => {
                let (left, right) = (self.operand(left), self.operand(right));
                if !left.bounded || !right.bounded {
                    return self.unknown(not_negative(left) && not_negative(right));
                }
                let sum = self.add(left, right);
                self.fits(sum, at)
            }
            (Recipe::SubInt, &[left, right]) => {
                let (left, right) = (self.operand(left), self.operand(right));
                if !left.bounded || !right.bounded {
                    return self.unknown(false);
                }
                let difference = self.sub(left, right);
                self.fits(difference, at)
            }
            (Recipe::SubCut, &[left, right]) => {
                let (left, right) = (self.operand(left), self.operand(right));
                if left.bounded && right.bounded { self.sub(left, right) } else { self.unknown(false) }
            }
            (Recipe::NegInt, &[only]) => {
                let (zero, only) = (self.fixed((0, 0), true), self.operand(only));
                if !only.bounded {
                    return self.unknown(false);
                }
                let difference = self.sub(zero, only);
                self.fits(difference, at)
            }
            (Recipe::MulInt, &[left, right]) => {
                let (left, right) = (self.operand(left), self.operand(right));
                self.product(left, right, at)
            }
            (Recipe::ShlInt, &[left, Operand::Constant(Constant::Int(count))]) if (0..=62).contains(&count) => {
                let (left, right) = (self.operand(left), self.fixed((1 << count, 1 << count), true));
                self.product(left, right, at)
            }
            (Recipe::ShrInt, &[left, Operand::Constant(Constant::Int(count))]) if count >= 0 => {
                let left = self.operand(left);
                self.towards_zero(left)
            }
            (Recipe::FloorDivInt, &[left, right]) => {
                let (left, right) = (self.operand(left), self.operand(right));
                let proof = self.division(left, right, at);
                if proof.divisor_not_negative { self.towards_zero(left) } else { self.unknown(false) }
            }
            (Recipe::ModInt, &[left, right]) => {
                let (left, right) = (self.operand(left), self.operand(right));
                let proof = self.division(left, right, at);
                if right.bounded && proof.divisor_positive {
                    let fixed = (0, right.fixed.1.saturating_sub(1).max(0));
                    let node = self.node(Node::Rest(right.node));
                    Known { node, bounded: true, fixed, hopeful: true }
                } else {
                    self.unknown(proof.divisor_not_negative)
                }
            }
            (Recipe::And, &[left, right]) => {
                let (left, right) = (self.operand(left), self.operand(right));
                let mask = |known: Known| known.bounded && known.fixed.0 >= 0 && known.fixed.1 < i64::MAX;
                match (mask(left), mask(right)) {
                    (_, true) => self.fixed((0, right.fixed.1), true),
                    (true, false) => self.fixed((0, left.fixed.1), true),
                    (false, false) => self.unknown(not_negative(left) || not_negative(right)),
                }
            }
            (Recipe::Mask, &[left, right]) => {
                // One of them is the mask, the other one low bits, of which nothing is known.
                let mask = [self.operand(left), self.operand(right)].into_iter().find(|one| not_negative(*one));
                match mask.map(|mask| mask.fixed) {
                    Some((_, high)) if high < i64::MAX => self.fixed((0, high), true),
                    Some(_) => self.unknown(true),
                    None => self.unknown(false),
                }
            }
            (Recipe::BitLength | Recipe::BitCount, _) => self.fixed((0, 64), true),
            (Recipe::Index | Recipe::Bound, &[index, length]) => {
                let (index, length) = (self.operand(index), self.operand(length));
                if op.recipe == Recipe::Index && index.fixed.1 < 0 {
                    return self.within_from_end(index, length, at);
                }
                self.within(index, length, at)
            }
            (Recipe::Scalar(Element::Fit), [_]) if op.result == Type::Int => match op.params {
                // So small that a table has a place for each of them; a test for what is wider would mostly fail.
                [Type::Scalar(Dtype::Bool)] => self.fixed((0, 1), true),
                [Type::Scalar(Dtype::UInt8)] => self.fixed((0, u8::MAX.into()), true),
                [Type::Scalar(Dtype::UInt16 | Dtype::UInt32 | Dtype::UInt64)] => self.unknown(true),
                _ => self.unknown(false),
            },
            (Recipe::Scalar(Element::Fit), &[only]) => {
                if let ([Type::Int], Type::Scalar(to)) = (op.params, op.result) {
                    let known = self.operand(only);
                    self.fits_dtype((only, known), to, at);
                }
                self.unknown(false)
            }
            (Recipe::AbsInt, _) => self.unknown(true),
            (Recipe::Or | Recipe::Xor, &[left, right]) => {
                let (left, right) = (self.operand(left), self.operand(right));
                self.unknown(not_negative(left) && not_negative(right))
            }
            _ => self.unknown(false),
        }
    }

    fn product(&mut self, left: Known, right: Known, at: (BlockId, usize)) -> Known {
        let not_negative = left.fixed.0 >= 0 && right.fixed.0 >= 0;
        if !left.bounded || !right.bounded {
            return self.unknown(not_negative);
        }
        let node = self.node(Node::Mul(left.node, right.node));
        let fixed = if not_negative {
            (left.fixed.0.saturating_mul(right.fixed.0), left.fixed.1.saturating_mul(right.fixed.1))
        } else if left.node == right.node {
            NOT_NEGATIVE
        } else {
            ANY
        };
        let hopeful = left.hopeful && right.hopeful || left.node == right.node;
        self.fits(Known { node, bounded: true, fixed, hopeful }, at)
    }

    pub(super) fn towards_zero(&mut self, value: Known) -> Known {
        if !value.bounded {
            return self.unknown(value.fixed.0 >= 0);
        }
        let node = self.node(Node::WithZero(value.node));
        Known { node, fixed: (value.fixed.0.min(0), value.fixed.1.max(0)), ..value }
    }

    /// Notes that the check of a statement goes if its value is in the interval.
    pub(super) fn fits(&mut self, value: Known, at: (BlockId, usize)) -> Known {
        if self.last {
            self.plan.computed.push(value.node);
            self.plan.proofs.entry(at).or_default().fits = true;
            self.plan.gains += 1;
        }
        value
    }

    /// Notes that an int needs no check as one of a dtype if its interval is within that: of a value that each turn converts, or that is
    /// the same in all turns, for what does not fit there ends the loop anyway. Intervals of ints that turns write are often wider than
    /// the smallest dtypes, and then nothing else would be proven.
    fn fits_dtype(&mut self, (operand, value): (Operand, Known), to: Dtype, at: (BlockId, usize)) {
        let Some((low, high)) = to.range().filter(|_| self.last && value.bounded) else { return };
        let holds = (low..=high).contains(&value.fixed.0) && (low..=high).contains(&value.fixed.1);
        let is_same = operand.local().is_none_or(|local| !self.written.contains(&local));
        if !holds && !is_same && (to.size() < 4 || !self.is_always_done(at.0)) {
            return;
        }
        if !holds {
            self.plan.at_least.extend((low > i64::MIN).then_some((value.node, low)));
            if let Some(beyond) = high.checked_add(1) {
                let beyond = self.node(Node::Fixed(beyond, i64::MAX));
                self.plan.below.push((value.node, beyond));
            }
        }
        self.plan.proofs.entry(at).or_default().fits = true;
        self.plan.gains += 1;
    }

    /// True if each turn comes through a block.
    fn is_always_done(&self, block: BlockId) -> bool {
        self.order.first().is_some_and(|&header| !comes_back(self.function, header, self.order, &[block]))
    }

    /// Notes that the check of an index goes if all its values are within the length.
    fn within(&mut self, index: Known, length: Known, at: (BlockId, usize)) -> Known {
        if !index.bounded || !length.bounded {
            return self.unknown(true);
        }
        if self.last {
            if !self.plan.at_least.contains(&(index.node, 0)) {
                self.plan.at_least.push((index.node, 0));
            }
            if !self.plan.below.contains(&(index.node, length.node)) {
                self.plan.below.push((index.node, length.node));
            }
            self.plan.proofs.entry(at).or_default().within = true;
            self.plan.gains += 1;
        }
        Known { fixed: (index.fixed.0.max(0), index.fixed.1.max(0)), hopeful: true, ..index }
    }

    /// Notes that the check of an index that is always negative goes if none of its values is beyond the length.
    fn within_from_end(&mut self, index: Known, length: Known, at: (BlockId, usize)) -> Known {
        if !index.bounded || !length.bounded {
            return self.unknown(true);
        }
        let place = self.add(index, length);
        if self.last {
            if !self.plan.at_least.contains(&(place.node, 0)) {
                self.plan.at_least.push((place.node, 0));
            }
            self.plan.proofs.entry(at).or_default().from_end = true;
            self.plan.gains += 1;
        }
        Known { fixed: NOT_NEGATIVE, hopeful: true, ..place }
    }

    /// Notes the signs of the operands of `//` and `%`.
    fn division(&mut self, left: Known, right: Known, at: (BlockId, usize)) -> Proof {
        let mut proof = Proof::default();
        // These are shifts and masks, whatever the dividend is.
        if right.fixed.0 == right.fixed.1 && right.fixed.0 > 0 && right.fixed.0.count_ones() == 1 {
            proof.divisor_positive = true;
            proof.divisor_not_negative = true;
            return proof;
        }
        let mut demanded = Vec::new();
        let mut demand = |known: Known, least: i64| {
            let holds = known.fixed.0 >= least;
            let may = holds || known.bounded && known.hopeful && !self.whatever;
            if may && !holds {
                demanded.push((known.node, least));
            }
            may
        };
        proof.divisor_positive = demand(right, 1);
        proof.divisor_not_negative = proof.divisor_positive || right.fixed.0 >= 0;
        proof.dividend_not_negative = proof.divisor_not_negative && demand(left, 0);
        proof.fits = proof.divisor_not_negative;
        if self.last && proof.divisor_not_negative {
            // A constant divisor needs no test, but its sign says what rounding down has to correct.
            self.plan.gains += usize::from(proof.dividend_not_negative || right.fixed.0 != right.fixed.1);
            self.plan.at_least.append(&mut demanded);
            self.plan.proofs.insert(at, proof);
        }
        proof
    }
}

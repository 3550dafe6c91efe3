//! Functions as values.

use super::operation::Site;
use super::{Specialiser, Waiting};
use crate::check::dtype::{self, Attribute};
use crate::check::flow::{Arg, Call, Step, Target};
use crate::check::{function, instance};
use crate::ir::{Constant, Operand, Tree, Value};
use crate::types::{FunctionType, Shape, Type, TypeSet};

impl Specialiser<'_> {
    /// The one of Python's own functions that a call calls, if it does.
    pub(super) fn builtin_of(&self, at: &Waiting, call: &Call) -> Option<FunctionType> {
        let Target::Value(called) = call.target else { return None };
        match self.types(called, &at.state).single()? {
            Type::Function(one) => one.builtin_name().map(|_| one),
            _ => None,
        }
    }

    /// The operation that a call of one of Python's own functions is, with what it works on; `None` if compiled code does not do it.
    pub(super) fn packed(
        &mut self,
        at: &mut Waiting,
        step: &Step,
        one: FunctionType,
        call: &Call,
    ) -> Option<(&'static str, Vec<Arg>)> {
        let (name, args) = function::operation(one, call)?;
        let is_packed = args.iter().any(|arg| arg.var() == Some(call.packed));
        let tuple = Step { target: call.packed, ..step.clone() };
        (!is_packed || self.display(at, &tuple, &call.args)).then_some((name, args))
    }

    /// Does a call of one of Python's own functions that gives a pair; false if compiled code does not.
    pub(super) fn pair(&mut self, at: &mut Waiting, step: &Step, name: &str, args: &[Arg]) -> bool {
        let Some((rows, _)) = function::parts(name) else { return false };
        let operands =
            args.iter().map(|&arg| match (self.operand(arg, &at.state), self.types(arg, &at.state).single()) {
                (_, Some(Type::Unbound)) => None,
                (Tree::Leaf(operand), Some(one)) => Some((operand, one)),
                _ => None,
            });
        let Some(operands) = operands.collect::<Option<Vec<_>>>() else { return false };
        let site = Site { block: at.block, state: &at.state, entry: step.entry, span: step.span };
        let parts = rows.map(|row| self.compute(&site, row, &operands));
        let [Some((first, one)), Some((second, other))] = parts else { return false };
        let Some(shape) = Shape::new(&[one.into(), other.into()]) else { return false };
        let types = TypeSet::of(Type::Tuple(shape));
        let target = self.place(step.target, types);
        self.push_copies(at.block, &target, &Tree::Tuple(vec![Tree::Leaf(first), Tree::Leaf(second)]), step.span);
        at.state.insert(step.target, types);
        true
    }

    /// Does an operation with a function among its operands; false if compiled code does not.
    pub(super) fn on_functions(&mut self, at: &mut Waiting, step: &Step, name: &str, args: &[Arg]) -> bool {
        let types = args.iter().map(|&arg| self.types(arg, &at.state).single()).collect::<Option<Vec<_>>>();
        let Some(types) = types.filter(|types| function::is_among(types)) else { return false };
        let Some(answer) = function::answer(name, &types) else { return false };
        self.known(at, step, answer);
        true
    }

    /// Writes what types have decided.
    pub(super) fn known(&mut self, at: &mut Waiting, step: &Step, constant: Constant) {
        let target = self.leaf(step.target, &Vec::new(), constant.ty().into());
        self.push(at.block, target, Value::Convert(Operand::Constant(constant)), step.span);
        at.state.insert(step.target, constant.ty().into());
    }

    /// Does what the type of a scalar of NumPy, or of a value that a class is asked of, decides; false if it is something else.
    pub(super) fn by_type(&mut self, at: &mut Waiting, step: &Step, name: &str, args: &[Arg]) -> bool {
        let [Some(one)] = args.iter().map(|&arg| self.types(arg, &at.state).single()).collect::<Vec<_>>()[..] else {
            return false;
        };
        match dtype::attribute(name, one) {
            Some(Attribute::Dtype(dtype)) => {
                at.state.insert(step.target, Type::Function(dtype).into());
            }
            Some(Attribute::Constant(constant)) => self.known(at, step, constant),
            None => match instance::answer(name, one) {
                Some(answer) => self.known(at, step, Constant::Bool(answer)),
                None => return false,
            },
        }
        true
    }
}

//! Functions as values.

use super::{Specialiser, Waiting};
use crate::check::flow::{Arg, Call, Step, Target};
use crate::check::function;
use crate::ir::{Constant, Operand, Value};
use crate::types::{FunctionType, Type};

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

    /// Does an operation with a function among its operands; false if compiled code does not.
    pub(super) fn on_functions(&mut self, at: &mut Waiting, step: &Step, name: &str, args: &[Arg]) -> bool {
        let types = args.iter().map(|&arg| self.types(arg, &at.state).single()).collect::<Option<Vec<_>>>();
        let Some(types) = types.filter(|types| function::is_among(types)) else { return false };
        let Some(answer) = function::answer(name, &types) else { return false };
        let target = self.leaf(step.target, &Vec::new(), Type::Bool.into());
        self.push(at.block, target, Value::Convert(Operand::Constant(Constant::Bool(answer))), step.span);
        at.state.insert(step.target, Type::Bool.into());
        true
    }
}

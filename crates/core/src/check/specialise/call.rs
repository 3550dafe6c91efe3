//! Calls of other functions, and what a function needs to be called.

use super::{Specialiser, State, Waiting};
use crate::check::flow::{Arg, Call, EntryId, Hidden, Step, Target, VarId};
use crate::check::program::{Handed, Passed};
use crate::ir::{self, BlockId, Called, LocalId, Operand, Terminator, Tree, Value};
use crate::source::Span;
use crate::types::{Type, TypeSet};

/// How it goes on behind a call.
pub(super) enum After {
    /// In the same block.
    Here,
    /// In blocks of their own, for each type that it gives.
    Spread,
}

impl Specialiser<'_> {
    /// Makes the exit at the start of a function that is called; `state` are the types there.
    pub(super) fn callable(&mut self, state: &State) {
        let Some(gives) = self.gives() else { return };
        let exit = self.exit(EntryId(0), state);
        let options = self.calling.as_ref().map(|calling| calling.options).unwrap_or_default();
        self.function.called = Some(Called { gives, exit, is_recursive: false, restarts: false, options });
    }

    /// Does a call, and says how it goes on; `None` if it cannot be compiled.
    pub(super) fn call(&mut self, at: &mut Waiting, step: &Step, call: &Call) -> Option<After> {
        let operands = call.operands();
        let first_cell = operands.len() - call.cells.len();
        let types = operands.iter().enumerate().map(|(number, &arg)| match self.types(arg, &at.state) {
            types if types.is_empty() && number >= first_cell => Some(Type::Unbound),
            types => types.single(),
        });
        let types = types.collect::<Option<Vec<_>>>()?;
        let calling = self.calling.as_mut()?;
        let found = calling.calls.find_settled(call, step.span, &types)?;
        let handed = calling.calls.handed(found.instance);
        let handed = handed.into_iter().map(|one| self.handed_down(one, &at.state)).collect::<Option<Vec<_>>>()?;
        let calling = self.calling.as_mut()?;
        let params = calling.calls.params(found.instance);
        let callee = match calling.members.iter().position(|&one| one == found.instance) {
            Some(known) => known,
            None => {
                calling.members.push(found.instance);
                calling.members.len() - 1
            }
        };
        // What is called is none of the arguments.
        let operands = match call.target {
            Target::Known(_) => &operands[..],
            Target::Value(_) => &operands[1..],
        };
        let args = found.args.iter().map(|one| match one {
            Passed::Operand(at_operand) => self.operand(operands[*at_operand], &at.state),
            Passed::Default(_, tree) => tree.clone(),
            // The callee's own hidden arguments are the first of what is handed down.
            Passed::Hidden(_, number) => handed[*number].clone(),
            Passed::Rest(_, all) => {
                Tree::Tuple(all.iter().map(|&at_operand| self.operand(operands[at_operand], &at.state)).collect())
            }
        });
        let args = args.collect::<Vec<_>>();
        let args = args.into_iter().zip(&params).map(|(tree, &one)| as_passed(tree, one)).chain(handed).collect();
        let again = self.exit(step.entry, &at.state);
        // The pin has no value yet.
        at.state.remove(&step.target);
        let pin = self.flow.variables[step.target.0 as usize].name.clone();
        let exit = self.exit_pending(call.after, &at.state, Some(pin));
        let done = self.intermediate(Type::None);
        self.push(
            at.block,
            done,
            Value::Call(Box::new(ir::Call { callee: callee as u32, args, again, exit })),
            step.span,
        );
        if let Some(tagged) = found.gives.mixed() {
            self.either(at, step, tagged, found.gives);
            return Some(After::Spread);
        }
        let target = self.place(step.target, found.gives);
        for (leaf, local) in (0..).zip(target.in_frame()) {
            self.push(at.block, local, Value::Given(leaf), step.span);
        }
        self.open(at.block, &target);
        at.state.insert(step.target, found.gives);
        Some(After::Here)
    }

    /// What a function that is called is given of what this one was given, or of the variables of this one.
    fn handed_down(&mut self, one: Handed, state: &State) -> Option<Tree<Operand>> {
        if self.flow.cells_key == Some(one.of) {
            let variable = Arg::Var(VarId(one.index as u32));
            return self.lent(variable, one.one, state);
        }
        // What it may have written is not what it was given.
        if self.flow.owner == Some(one.of) && self.flow.writes.contains(&VarId(one.index as u32)) {
            let is_it = |hidden: &&Hidden| hidden.cell.is_some_and(|cell| cell.outer.0 as usize == one.index);
            let variable = Arg::Var(self.flow.hidden.iter().find(is_it)?.variable);
            return self.lent(variable, one.one, state);
        }
        let is_it = |(of, outer, _): &&(_, VarId, _)| *of == one.of && outer.0 as usize == one.index;
        if let Some(&(.., here)) = self.flow.further.iter().find(is_it) {
            return self.lent(Arg::Var(here), one.one, state);
        }
        self.handed.iter().find(|(known, _)| *known == one).map(|(_, tree)| tree.clone())
    }

    /// A variable as a function within a function has it, which wants this type.
    fn lent(&mut self, variable: Arg, wanted: Type, state: &State) -> Option<Tree<Operand>> {
        let found = self.types(variable, state).single()?;
        let local = |one: Type| match one {
            Type::Function(function) => function.as_local(),
            _ => None,
        };
        match (local(found), local(wanted), wanted) {
            _ if found == wanted => Some(self.operand(variable, state)),
            // A function is its type: it says how it is handed on.
            (Some(found), Some(as_wanted), Type::Function(function))
                if found.cells.is_none() && found.callee == as_wanted.callee =>
            {
                Some(Tree::Function(function))
            }
            _ => None,
        }
    }

    /// Goes on behind a call that gives a scalar or one of several compounds: once for each type.
    fn either(&mut self, at: &Waiting, step: &Step, tagged: TypeSet, gives: TypeSet) {
        let subject = self.intermediate_of(tagged);
        let wholes = gives.apart().into_iter().map(|(says, one)| (says, one, self.place(step.target, one.into())));
        let wholes = wholes.collect::<Vec<_>>();
        let locals = wholes.iter().map(|(.., whole)| whole.in_frame()).collect::<Vec<_>>();
        // Several may have locals in common.
        let received = match locals.as_slice() {
            [_] => locals.clone(),
            several => several.iter().map(|own| own.iter().map(|&one| self.like(one)).collect()).collect(),
        };
        for (leaf, &local) in (0..).zip([subject].iter().chain(received.iter().flatten())) {
            self.push(at.block, local, Value::Given(leaf), step.span);
        }
        let mut arms = Vec::new();
        for one in tagged.iter() {
            let block = self.block(&at.context);
            arms.push((one, block));
            if let Some(which) = wholes.iter().position(|(says, ..)| *says == one) {
                let (_, compound, whole) = &wholes[which];
                let each = locals[which].iter().zip(&received[which]).filter(|(local, from)| local != from);
                each.for_each(|(&local, &from)| {
                    self.push(block, local, Value::Convert(Operand::Local(from)), step.span)
                });
                self.open(block, whole);
                self.go_on(at, step, block, (*compound).into());
                continue;
            }
            for known in self.place(step.target, one.into()).leaves() {
                self.push(block, known, Value::Convert(Operand::Local(subject)), step.span);
            }
            self.go_on(at, step, block, one.into());
        }
        self.end(at.block, Terminator::Switch { subject, arms });
    }

    /// A new local of the same types.
    fn like(&mut self, local: LocalId) -> LocalId {
        self.intermediate_of(self.function.local(local).types)
    }

    /// A value that the function returns, as a call gives it.
    pub(super) fn given_back(
        &mut self,
        block: BlockId,
        value: Tree<Operand>,
        types: TypeSet,
    ) -> (Tree<Operand>, TypeSet) {
        match self.gives() {
            Some(gives) if gives != types && gives.is_held() => (self.widened(block, &value, types, gives), gives),
            // Which of both it is the lowering says.
            Some(gives) if gives.mixed().is_some() && types.compounds().is_empty() => (value, types),
            Some(gives) => {
                let all = gives.apart().into_iter().map(|(_, one)| TypeSet::of(one));
                match all.into_iter().find(|one| one.includes(types)) {
                    Some(gives) => (self.widened(block, &value, types, gives), gives),
                    None => (value, types),
                }
            }
            None => (value, types),
        }
    }

    fn gives(&self) -> Option<TypeSet> {
        self.calling.as_ref().and_then(|calling| calling.gives)
    }

    fn widened(&mut self, block: BlockId, value: &Tree<Operand>, types: TypeSet, to: TypeSet) -> Tree<Operand> {
        match (value, types.single(), to.single()) {
            (Tree::Tuple(parts), Some(Type::Tuple(from)), Some(Type::Tuple(to))) => {
                let elements = parts.iter().zip(from.elements()).zip(to.elements());
                Tree::Tuple(elements.map(|((part, &types), &to)| self.widened(block, part, types, to)).collect())
            }
            (&Tree::Leaf(operand), ..) if types != to => {
                let local = self.intermediate_of(to);
                self.push(block, local, Value::Convert(operand), Span::default());
                Tree::Leaf(Operand::Local(local))
            }
            _ => value.clone(),
        }
    }
}

/// A value as a parameter of this type holds it: functions within functions as they are handed on.
fn as_passed(tree: Tree<Operand>, one: Type) -> Tree<Operand> {
    match (tree, one) {
        (Tree::Function(_), Type::Function(function)) => Tree::Function(function),
        (Tree::Tuple(parts), Type::Tuple(shape)) => {
            let each = parts.into_iter().zip(shape.elements());
            Tree::Tuple(
                each.map(|(part, types)| types.single().map_or(part.clone(), |one| as_passed(part, one))).collect(),
            )
        }
        (tree, _) => tree,
    }
}

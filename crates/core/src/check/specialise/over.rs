//! Functions over tuples: taken apart into operations on the elements, or done by the interpreter.

use std::collections::BTreeMap;

use super::operation::{Scalar, Site};
use super::tuple::{Item, leaf};
use super::{Specialiser, Waiting};
use crate::check::flow::{Arg, Step};
use crate::check::{over, tuple};
use crate::ir::{BlockId, Constant, LocalId, Operand, Terminator, Tree, Value};
use crate::source::Span;
use crate::types::{Type, TypeSet};

impl Specialiser<'_> {
    /// A function of a tuple, and of what else it takes, that is done without a branch.
    pub(super) fn over_tuple(&mut self, site: &Site<'_>, name: &str, items: &[Item]) -> Option<Item> {
        let (Tree::Tuple(parts), types) = items.first()? else { return None };
        if !items.iter().all(|&(_, types)| tuple::is_plain(types)) {
            return None;
        }
        let all = parts.iter().cloned().zip(tuple::elements(*types)?.iter().copied()).collect::<Vec<Item>>();
        let bool_of = |value| (Operand::Constant(Constant::Bool(value)), Type::Bool);
        match (name, items) {
            ("any" | "all", [_]) => {
                let (fold, mut answer) = if name == "any" { ("|", bool_of(false)) } else { ("&", bool_of(true)) };
                for item in &all {
                    let truth = match &item.0 {
                        Tree::Tuple(parts) => bool_of(!parts.is_empty()),
                        Tree::Array(..) | Tree::Function(_) => return None,
                        Tree::Leaf(one) => self.compute(site, "truth.", &[(*one, item.1.single()?)])?,
                    };
                    answer = self.compute(site, fold, &[answer, truth])?;
                }
                Some(leaf(answer))
            }
            ("in.", [_, wanted]) => {
                let mut answer = bool_of(false);
                for item in &all {
                    let equal = self.equal(site, item, wanted)?;
                    answer = self.compute(site, "|", &[answer, equal])?;
                }
                Some(leaf(answer))
            }
            (".count", [_, wanted]) => {
                let mut count = (Operand::Constant(Constant::Int(0)), Type::Int);
                for item in &all {
                    let equal = self.equal(site, item, wanted)?;
                    count = self.compute(site, "+", &[count, equal])?;
                }
                Some(leaf(count))
            }
            ("sum" | "math.prod", [_, start]) => self.folded(site, name, scalars(&all)?, scalar(start)?).map(leaf),
            ("math.fsum" | "math.hypot*", [_]) => self.asked(site, name, &scalars(&all)?).map(leaf),
            ("math.dist" | "math.sumprod", [_, (Tree::Tuple(others), types)]) if others.len() == all.len() => {
                let others = others.iter().cloned().zip(tuple::elements(*types)?.iter().copied());
                let both = all.into_iter().chain(others).collect::<Vec<_>>();
                self.asked(site, name, &scalars(&both)?).map(leaf)
            }
            _ => None,
        }
    }

    /// A sum or a product from a start on.
    fn folded(&mut self, site: &Site<'_>, name: &str, mut all: Vec<Scalar>, start: Scalar) -> Option<Scalar> {
        match (all.is_empty(), start.0) {
            (true, Operand::Constant(_)) => return Some(start),
            // The very object that it starts from.
            (true, Operand::Local(_)) => return None,
            (false, _) => {}
        }
        match over::step(name, all.iter().chain([&start]).map(|&(_, one)| one)) {
            Some(step) => all.into_iter().try_fold(start, |before, next| self.compute(site, step, &[before, next])),
            None => {
                all.push(start);
                self.asked(site, name, &all)
            }
        }
    }

    /// What the interpreter's own function gives.
    fn asked(&mut self, site: &Site<'_>, name: &str, all: &[Scalar]) -> Option<Scalar> {
        let op = over::row(name, all.iter().map(|&(_, one)| one))?;
        let target = self.intermediate(op.row().result);
        let args = all.iter().map(|&(operand, _)| operand).collect();
        let exit = op.row().leaves().then(|| self.exit(site.entry, site.state));
        self.push(site.block, target, Value::Op { op, args, exit }, site.span);
        Some((Operand::Local(target), op.row().result))
    }

    /// Operations that go on in several blocks: with the type of the element that is found, or chosen. `None` if the step is something
    /// else, or compiled code does not do it.
    pub(super) fn spread(&mut self, at: &Waiting, step: &Step, name: &str, args: &[Arg]) -> Option<()> {
        let plain = || args.iter().all(|&arg| tuple::is_plain(self.types(arg, &at.state)));
        match name {
            "[]" => self.element(at, step, args, false),
            "at." => self.element(at, step, args, true),
            "min" | "max" | ".index" if !plain() => None,
            "min" | "max" => self.extreme(at, step, name, *args.first()?),
            ".index" => self.index(at, step, *args.first()?, *args.get(1)?),
            _ => None,
        }
    }

    /// What follows a step that ends in this block, with the types of its result.
    pub(super) fn go_on(&mut self, at: &Waiting, step: &Step, block: BlockId, types: TypeSet) {
        let mut state = at.state.clone();
        state.insert(step.target, types);
        let (to, there) = self.version(at.flow, at.step + 1, at.context.clone(), &state);
        self.convert_edge(block, &state, &there);
        self.end(block, Terminator::Jump(to));
    }

    /// The first element that no later one is less, or greater, than. For each type that the chosen one may have so far there is a
    /// block.
    fn extreme(&mut self, at: &Waiting, step: &Step, name: &str, value: Arg) -> Option<()> {
        let elements = tuple::elements(self.types(value, &at.state))?;
        let Tree::Tuple(parts) = self.operand(value, &at.state) else { return None };
        let better = if name == "min" { "<" } else { ">" };
        let all_compare =
            |at: usize| elements[..at].iter().all(|&before| tuple::has_order(better, elements[at], before));
        if elements.is_empty() || !(1..elements.len()).all(all_compare) {
            return None;
        }
        let mut chosen = BTreeMap::<TypeSet, Tree<LocalId>>::new();
        for &types in elements {
            chosen.entry(types).or_insert_with(|| self.intermediates(types));
        }
        self.push_copies(at.block, &chosen[&elements[0]], &parts[0], step.span);
        let mut here = BTreeMap::from([(elements[0], at.block)]);
        for (part, &types) in parts.iter().zip(elements).skip(1) {
            let taken = self.block(&at.context);
            self.push_copies(taken, &chosen[&types], part, step.span);
            let mut after = BTreeMap::from([(types, self.block(&at.context))]);
            self.end(taken, Terminator::Jump(after[&types]));
            for (before, block) in here {
                let site = Site { block, state: &at.state, entry: step.entry, span: step.span };
                let known = chosen[&before].clone().map(&mut Operand::Local);
                let (condition, _) = self.ordered(&site, better, &(part.clone(), types), &(known, before))?;
                let kept = match after.get(&before) {
                    Some(&kept) => kept,
                    None => self.block(&at.context),
                };
                after.insert(before, kept);
                self.end(block, Terminator::Branch { condition, then_block: taken, else_block: kept });
            }
            here = after;
        }
        for (types, block) in here {
            let target = self.place(step.target, types);
            let known = chosen[&types].clone().map(&mut Operand::Local);
            self.push_copies(block, &target, &known, Span::default());
            self.go_on(at, step, block, types);
        }
        Some(())
    }

    /// The place of the first element that is equal; leaves if there is none.
    fn index(&mut self, at: &Waiting, step: &Step, value: Arg, wanted: Arg) -> Option<()> {
        let elements = tuple::elements(self.types(value, &at.state))?;
        let Tree::Tuple(parts) = self.operand(value, &at.state) else { return None };
        let wanted = (self.operand(wanted, &at.state), self.types(wanted, &at.state));
        let target = self.leaf(step.target, &Vec::new(), Type::Int.into());
        let found = self.block(&at.context);
        let mut block = at.block;
        for (place, (part, &types)) in parts.into_iter().zip(elements).enumerate() {
            let site = Site { block, state: &at.state, entry: step.entry, span: step.span };
            let (condition, _) = self.equal(&site, &(part, types), &wanted)?;
            let (here, next) = (self.block(&at.context), self.block(&at.context));
            let number = Operand::Constant(Constant::Int(place as i64));
            self.push(here, target, Value::Convert(number), step.span);
            self.end(here, Terminator::Jump(found));
            self.end(block, Terminator::Branch { condition, then_block: here, else_block: next });
            block = next;
        }
        let exit = self.exit(step.entry, &at.state);
        self.end(block, Terminator::Leave(exit));
        self.go_on(at, step, found, Type::Int.into());
        Some(())
    }

    /// Locals for an intermediate value of these types.
    fn intermediates(&mut self, types: TypeSet) -> Tree<LocalId> {
        match types.single() {
            Some(Type::Tuple(shape)) => {
                Tree::Tuple(shape.elements().iter().map(|&part| self.intermediates(part)).collect())
            }
            Some(one) => Tree::Leaf(self.intermediate(one)),
            None => Tree::Leaf(self.intermediate(Type::None)),
        }
    }
}

/// The scalars of a tuple without tuples in it.
fn scalars(all: &[Item]) -> Option<Vec<Scalar>> {
    all.iter().map(scalar).collect()
}

fn scalar((tree, types): &Item) -> Option<Scalar> {
    match tree {
        Tree::Leaf(operand) => Some((*operand, types.single()?)),
        Tree::Tuple(_) | Tree::Array(..) | Tree::Function(_) => None,
    }
}

//! Operations on tuples: taken apart into operations on their elements.

use super::operation::{Scalar, Site};
use super::{Specialiser, Waiting};
use crate::check::flow::{self, Arg, Step};
use crate::check::tuple::{self, Index};
use crate::ir::{Constant, Operand, Terminator, Tree};
use crate::types::{Shape, Type, TypeSet};

/// A value with its types, taken apart.
pub(super) type Item = (Tree<Operand>, TypeSet);

impl Specialiser<'_> {
    /// Makes a tuple; false if an element is unbound or the tuple is too large.
    pub(super) fn display(&mut self, at: &mut Waiting, step: &Step, args: &[Arg]) -> bool {
        let elements = args.iter().map(|&arg| self.types(arg, &at.state)).collect::<Vec<_>>();
        if elements.iter().any(|types| types.iter().any(Type::has_local_functions)) {
            return false;
        }
        let Some(shape) = Shape::new(&elements) else { return false };
        let sources = Tree::Tuple(args.iter().map(|&arg| self.operand(arg, &at.state)).collect());
        let types = TypeSet::of(Type::Tuple(shape));
        let target = self.place(step.target, types);
        self.push_copies(at.block, &target, &sources, step.span);
        at.state.insert(step.target, types);
        true
    }

    /// Does an operation with a tuple among its operands; false if compiled code does not.
    pub(super) fn on_tuples(&mut self, at: &mut Waiting, step: &Step, name: &str, args: &[Arg]) -> bool {
        let items =
            args.iter().map(|&arg| (self.operand(arg, &at.state), self.types(arg, &at.state))).collect::<Vec<_>>();
        let site = Site { block: at.block, state: &at.state, entry: step.entry, span: step.span };
        let Some((value, types)) = self.tuple_value(&site, name, &items) else { return false };
        let target = self.place(step.target, types);
        self.push_copies(at.block, &target, &value, step.span);
        at.state.insert(step.target, types);
        true
    }

    /// A slice of a tuple.
    pub(super) fn tuple_part(
        &mut self,
        at: &mut Waiting,
        step: &Step,
        (parts, types): (&[Tree<Operand>], TypeSet),
        items: &[flow::Item],
    ) -> bool {
        let (Some(taken), Some(types)) = (tuple::slice(parts.len(), items), tuple::part(types, items)) else {
            return false;
        };
        let value = Tree::Tuple(taken.into_iter().map(|at| parts[at].clone()).collect());
        let target = self.place(step.target, types);
        self.push_copies(at.block, &target, &value, step.span);
        at.state.insert(step.target, types);
        true
    }

    /// `np.ndindex(n)`: the lengths of one dimension; false if that is no length.
    pub(super) fn one_length(&mut self, at: &mut Waiting, step: &Step, (length, one): Scalar) -> bool {
        let Some(shape) = tuple::one_length(one) else { return false };
        let site = Site { block: at.block, state: &at.state, entry: step.entry, span: step.span };
        let checked = self.as_index(&site, length).filter(|&length| {
            // A negative one is ValueError.
            self.compute(&site, "nat.", &[(length, Type::Int)]).is_some()
        });
        let Some(length) = checked else { return false };
        let target = self.place(step.target, shape);
        self.push_copies(at.block, &target, &Tree::Tuple(vec![Tree::Leaf(length)]), step.span);
        at.state.insert(step.target, shape);
        true
    }

    fn tuple_value(&mut self, site: &Site<'_>, name: &str, items: &[Item]) -> Option<Item> {
        let bool_of = |value: bool| (Tree::Leaf(Operand::Constant(Constant::Bool(value))), Type::Bool.into());
        match (name, items) {
            ("[]", [(Tree::Tuple(parts), types), (Tree::Leaf(Operand::Constant(index)), _)]) => {
                let at = tuple::constant_index(*index, parts.len())?;
                Some((parts[at].clone(), tuple::elements(*types)?[at]))
            }
            (
                "unpack.",
                [
                    (Tree::Tuple(parts), types),
                    (Tree::Leaf(Operand::Constant(Constant::Int(count))), _),
                    (Tree::Leaf(Operand::Constant(Constant::Int(at))), _),
                ],
            ) => {
                let at = usize::try_from(*at).ok().filter(|_| parts.len() as i64 == *count)?;
                if parts.is_empty() {
                    return Some((Tree::Leaf(Operand::Constant(Constant::None)), Type::None.into()));
                }
                Some((parts.get(at)?.clone(), *tuple::elements(*types)?.get(at)?))
            }
            ("len", [(Tree::Tuple(parts), _)]) => {
                Some((Tree::Leaf(Operand::Constant(Constant::Int(parts.len() as i64))), Type::Int.into()))
            }
            ("unpack.star.", [(Tree::Tuple(parts), types), ..]) => {
                let constants = constants(items);
                let part = tuple::around(*types, &constants)?;
                let at = tuple::constant_index((*constants.get(2)?)?, parts.len());
                let none = Tree::Leaf(Operand::Constant(Constant::None));
                Some((if constants[1] == Some(Constant::Int(0)) { none } else { parts.get(at?)?.clone() }, part))
            }
            ("over." | "starred.", [whole @ (Tree::Tuple(_), _)]) => Some(whole.clone()),
            ("lengths.", [(Tree::Tuple(parts), types)]) => {
                let mut all = Vec::with_capacity(parts.len());
                for part in parts {
                    let Tree::Leaf(length) = part else { return None };
                    let length = (self.as_index(site, *length)?, Type::Int);
                    // A negative one is ValueError.
                    self.compute(site, "nat.", &[length])?;
                    all.push(Tree::Leaf(length.0));
                }
                Some((Tree::Tuple(all), tuple::lengths(*types)?))
            }
            ("indices.", [(Tree::Tuple(parts), _)]) => {
                let mut product = (Operand::Constant(Constant::Int(1)), Type::Int);
                for length in parts.iter().flat_map(Tree::leaves) {
                    product = self.compute(site, "*", &[product, (length, Type::Int)])?;
                }
                Some(leaf(product))
            }
            ("origin.", [(Tree::Tuple(parts), types)]) => {
                let zero = Tree::Leaf(Operand::Constant(Constant::Int(0)));
                Some((Tree::Tuple(vec![zero; parts.len()]), *types))
            }
            ("next.", [(Tree::Tuple(lengths), types), (Tree::Tuple(index), _)]) => {
                Some((Tree::Tuple(self.next_index(site, lengths, index)?), *types))
            }
            ("shortest.", all) => {
                let types = all.iter().map(|&(_, types)| types).collect::<Vec<_>>();
                let length = i64::try_from(tuple::shortest(&types)?).ok()?;
                Some((Tree::Leaf(Operand::Constant(Constant::Int(length))), Type::Int.into()))
            }
            ("truth.", [(Tree::Tuple(parts), _)]) => Some(bool_of(!parts.is_empty())),
            ("+", [(Tree::Tuple(left), left_types), (Tree::Tuple(right), right_types)]) => {
                let parts = left.iter().chain(right).cloned().collect();
                Some((Tree::Tuple(parts), tuple::joined(*left_types, *right_types)?))
            }
            ("*", [one, other]) => {
                let constants = constants(items);
                let (at, count) = tuple::times(&[one.1, other.1], &constants)?;
                // Once is the same object.
                let (Tree::Tuple(parts), types) = items[at].clone() else { return None };
                let types = tuple::repeated(types, count).filter(|_| count != 1)?;
                let length = tuple::elements(types)?.len();
                Some((Tree::Tuple(parts.into_iter().cycle().take(length).collect()), types))
            }
            ("tuple", [whole @ (Tree::Tuple(_), _)]) => Some(whole.clone()),
            ("==" | "same.", [left, right]) => self.equal(site, left, right).map(leaf),
            ("!=", [left, right]) => {
                let equal = self.equal(site, left, right)?;
                self.compute(site, "not", &[equal]).map(leaf)
            }
            ("<" | "<=" | ">" | ">=", [(Tree::Tuple(_), _), (Tree::Tuple(_), _)]) => {
                self.ordered(site, name, &items[0], &items[1]).map(leaf)
            }
            ("range.in.", [(Tree::Tuple(_), _), ..]) => Some(bool_of(false)),
            _ => match tuple::constant_answer(name, items.first()?.1, &constants(items)) {
                Some(answer) => Some(bool_of(answer)),
                None => self.over_tuple(site, name, items),
            },
        }
    }

    /// The index behind one in C's order: the last one counts on, and where one has come to its length it is 0 again, and the one before it
    /// counts on. Behind the last index of all, the first one is beyond its length.
    fn next_index(
        &mut self,
        site: &Site<'_>,
        lengths: &[Tree<Operand>],
        index: &[Tree<Operand>],
    ) -> Option<Vec<Tree<Operand>>> {
        let mut next = Vec::with_capacity(index.len());
        let mut by = (Operand::Constant(Constant::Int(1)), Type::Int);
        for (at, (length, index)) in lengths.iter().zip(index).enumerate().rev() {
            let (Tree::Leaf(length), Tree::Leaf(index)) = (length, index) else { return None };
            let counted = self.compute(site, "plus.", &[(*index, Type::Int), by])?;
            if at == 0 {
                next.push(Tree::Leaf(counted.0));
                break;
            }
            by = self.compute(site, "==", &[counted, (*length, Type::Int)])?;
            let goes_on = self.compute(site, "not", &[by])?;
            next.push(Tree::Leaf(self.compute(site, "times.", &[counted, goes_on])?.0));
        }
        next.reverse();
        Some(next)
    }

    /// Equal as CPython compares elements: identical or equal. Whether a NaN is identical is not known here, so it leaves.
    pub(super) fn equal(&mut self, site: &Site<'_>, left: &Item, right: &Item) -> Option<Scalar> {
        let constant = |value| Some((Operand::Constant(Constant::Bool(value)), Type::Bool));
        // NumPy's scalars compare otherwise, and whether they are one object is not known.
        if !tuple::is_plain(left.1) || !tuple::is_plain(right.1) {
            return None;
        }
        match (&left.0, &right.0) {
            (Tree::Leaf(one), Tree::Leaf(other)) => {
                let (one, other) = ((*one, left.1.single()?), (*other, right.1.single()?));
                self.compute(site, "same.", &[one, other]).or_else(|| self.compute(site, "==", &[one, other]))
            }
            (Tree::Tuple(one), Tree::Tuple(other)) if one.len() == other.len() => {
                let (types, others) = (tuple::elements(left.1)?, tuple::elements(right.1)?);
                let mut all: Option<Scalar> = None;
                for at in 0..one.len() {
                    let both = self.equal(site, &(one[at].clone(), types[at]), &(other[at].clone(), others[at]))?;
                    all = Some(match all {
                        Some(all) => self.compute(site, "&", &[all, both])?,
                        None => both,
                    });
                }
                all.or_else(|| constant(true))
            }
            (Tree::Array(..), _) | (_, Tree::Array(..)) => None,
            (Tree::Function(one), Tree::Function(other)) => constant(one == other),
            (Tree::Function(_), _) | (_, Tree::Function(_)) => constant(false),
            (Tree::Tuple(_), Tree::Tuple(_)) | (Tree::Leaf(_), Tree::Tuple(_)) | (Tree::Tuple(_), Tree::Leaf(_)) => {
                constant(false)
            }
        }
    }

    /// The first elements that differ decide; if none do, the lengths.
    pub(super) fn ordered(&mut self, site: &Site<'_>, name: &str, left: &Item, right: &Item) -> Option<Scalar> {
        let (Tree::Tuple(one), Tree::Tuple(other)) = (&left.0, &right.0) else {
            let (Tree::Leaf(one), Tree::Leaf(other)) = (&left.0, &right.0) else { return None };
            let ordered = self.compute(site, name, &[(*one, left.1.single()?), (*other, right.1.single()?)]);
            // The first elements that differ give the result, and scalars of NumPy give bools of their own.
            return ordered.filter(|&(_, result)| result == Type::Bool);
        };
        let (types, others) = (tuple::elements(left.1)?, tuple::elements(right.1)?);
        let by_length = match name {
            "<" => one.len() < other.len(),
            "<=" => one.len() <= other.len(),
            ">" => one.len() > other.len(),
            _ => one.len() >= other.len(),
        };
        // So far all are equal, and so far one has decided for the answer true.
        let mut equal: Scalar = (Operand::Constant(Constant::Bool(true)), Type::Bool);
        let mut result: Scalar = (Operand::Constant(Constant::Bool(false)), Type::Bool);
        for at in 0..one.len().min(other.len()) {
            let (a, b) = ((one[at].clone(), types[at]), (other[at].clone(), others[at]));
            let same = self.equal(site, &a, &b)?;
            let differ = self.compute(site, "not", &[same])?;
            let first = self.compute(site, "&", &[equal, differ])?;
            match self.ordered(site, name, &a, &b) {
                Some(decided) => {
                    let decided = self.compute(site, "&", &[first, decided])?;
                    result = self.compute(site, "|", &[result, decided])?;
                }
                // They have no order: TypeError, if it comes to them.
                None => drop(self.compute(site, "leave_if.", &[first])?),
            }
            equal = self.compute(site, "&", &[equal, same])?;
        }
        let by_length = (Operand::Constant(Constant::Bool(by_length)), Type::Bool);
        let by_length = self.compute(site, "&", &[equal, by_length])?;
        self.compute(site, "|", &[result, by_length])
    }

    /// An element whose index is known at run time only: a branch for each, which goes on with that element's types. `None` if
    /// it is something else.
    /// With `is_within` the index is known to be one of an element.
    pub(super) fn element(&mut self, at: &Waiting, step: &Step, args: &[Arg], is_within: bool) -> Option<()> {
        let &[tuple, index] = args else { return None };
        let elements = tuple::elements(self.types(tuple, &at.state))?;
        let (Tree::Tuple(parts), Tree::Leaf(index)) = (self.operand(tuple, &at.state), self.operand(index, &at.state))
        else {
            return None;
        };
        let one = self.types(args[1], &at.state).single()?;
        if tuple::index_type(one) != Index::Variable || matches!(index, Operand::Constant(_)) {
            return None;
        }
        let mut block = at.block;
        if is_within && parts.is_empty() {
            return None;
        }
        for (place, (part, &types)) in parts.iter().zip(elements).enumerate() {
            let arm = self.block(&at.context);
            if is_within && place + 1 == parts.len() {
                // There is no other.
                self.end(block, Terminator::Jump(arm));
            }
            let numbers = match is_within {
                true if place + 1 == parts.len() => Vec::new(),
                true => vec![place as i64],
                false => vec![place as i64, place as i64 - parts.len() as i64],
            };
            for number in numbers {
                let site = Site { block, state: &at.state, entry: step.entry, span: step.span };
                let number = (Operand::Constant(Constant::Int(number)), Type::Int);
                let equal = self.compute(&site, "==", &[(index, one), number])?;
                let (condition, _) = match equal.1 {
                    Type::Bool => equal,
                    _ => self.compute(&site, "truth.", &[equal])?,
                };
                let next = self.block(&at.context);
                self.end(block, Terminator::Branch { condition, then_block: arm, else_block: next });
                block = next;
            }
            let target = self.place(step.target, types);
            self.push_copies(arm, &target, part, step.span);
            self.go_on(at, step, arm, types);
        }
        if !is_within {
            let exit = self.exit(step.entry, &at.state);
            self.end(block, Terminator::Leave(exit));
        }
        Some(())
    }
}

/// The operands that are constants.
fn constants(items: &[Item]) -> Vec<Option<Constant>> {
    let constant = |(tree, _): &Item| match tree {
        Tree::Leaf(Operand::Constant(constant)) => Some(*constant),
        Tree::Leaf(Operand::Local(_)) | Tree::Tuple(_) | Tree::Array(..) | Tree::Function(_) => None,
    };
    items.iter().map(constant).collect()
}

pub(super) fn leaf((operand, one): Scalar) -> Item {
    (Tree::Leaf(operand), one.into())
}

//! What reads elements of an array without brackets: the truth and the number of its only one, `item`, the parts of complex ones,
//! unpacking with a starred name; and whether arrays are one object.

use super::array::Parts;
use super::operation::{Scalar, Site};
use super::{Specialiser, Waiting};
use crate::check::array;
use crate::check::axes;
use crate::check::flow::{Arg, EntryId, Step};
use crate::ir::{Constant, Operand, Tree};
use crate::ops;
use crate::types::{ArrayType, Kind, Layout, Type, TypeSet};

impl Specialiser<'_> {
    /// Does an operation that reads elements; `None` if it is another one, or there is no compiled form.
    pub(super) fn of_elements(
        &mut self,
        site: &Site<'_>,
        name: &str,
        parts: &Parts,
        others: &[Tree<Operand>],
    ) -> Option<(Tree<Operand>, TypeSet)> {
        let array = parts.array;
        match (name, others) {
            // Of one element and several dimensions there is no number.
            ("float" | "int" | "complex", []) if array.ndim > 0 => None,
            ("truth." | "bool" | "float" | "int" | "complex" | ".item", []) => {
                let element = self.only_element(site, parts)?;
                let name = if name == "bool" { "truth." } else { name };
                let (value, one) = self.compute(site, name, &[element])?;
                Some((Tree::Leaf(value), one.into()))
            }
            (".item", indices) => {
                let element = self.element_with(site, parts, indices)?;
                let (value, one) = self.compute(site, name, &[element])?;
                Some((Tree::Leaf(value), one.into()))
            }
            (".real" | ".imag", []) if array.dtype.kind() == Kind::Complex => {
                let part = array::part(array)?;
                let half = (Operand::Constant(Constant::Int(part.dtype.size().into())), Type::Int);
                let data = match name {
                    ".imag" => self.compute(site, "move.", &[(parts.data, Type::Pointer), half])?.0,
                    _ => parts.data,
                };
                let view = self.with_strides(site, parts, part)?;
                Some((Parts { data, ..view }.tree(), Type::Array(part).into()))
            }
            (".real", []) => Some((parts.clone().tree(), Type::Array(array).into())),
            (".transpose" | ".swapaxes", written) => {
                let constant = |axis: &Tree<Operand>| match axis {
                    Tree::Leaf(Operand::Constant(axis)) => Some(*axis),
                    _ => None,
                };
                let written = written.iter().map(constant).collect::<Option<Vec<_>>>()?;
                let order = axes::order(name, parts.lengths.len(), &written)?;
                let turned = axes::viewed(array, &order);
                let from = match turned.layout {
                    Layout::Strided => {
                        self.with_strides(site, parts, ArrayType { layout: Layout::Strided, ..array })?
                    }
                    Layout::C | Layout::F => parts.clone(),
                };
                let strides = order.iter().filter_map(|&axis| from.strides.get(axis).copied()).collect();
                let lengths = order.iter().map(|&axis| from.lengths[axis]).collect();
                Some((Parts { array: turned, lengths, strides, ..from }.tree(), Type::Array(turned).into()))
            }
            _ => None,
        }
    }

    /// Whether two values are one object, of arrays or functions; false if this is not known of them.
    pub(super) fn same_object(&mut self, at: &mut Waiting, step: &Step, args: &[Arg]) -> bool {
        let trees = args.iter().map(|&arg| self.operand(arg, &at.state)).collect::<Vec<_>>();
        match trees.as_slice() {
            [Tree::Array(one, leaves), Tree::Array(other, others)] => {
                if one.view || other.view {
                    return false;
                }
                let site = Site { block: at.block, state: &at.state, entry: step.entry, span: step.span };
                let objects = [(leaves[0], Type::Object), (others[0], Type::Object)];
                let Some((is, _)) = self.compute(&site, "is.object.", &objects) else { return false };
                self.bind(at, step, &Tree::Leaf(is), Type::Bool.into());
                true
            }
            [Tree::Array(..), _] | [_, Tree::Array(..)] => {
                self.known(at, step, Constant::Bool(false));
                true
            }
            _ => self.on_functions(at, step, "is.same.", args),
        }
    }

    /// What an unpacking with a starred name takes of an array that has at least so many elements or parts: one of the first, or, where the
    /// index is negative, of the last.
    pub(super) fn around(
        &mut self,
        site: &Site<'_>,
        parts: &Parts,
        least: Operand,
        at: Constant,
    ) -> Option<(Tree<Operand>, TypeSet)> {
        let int = |value: i64| Operand::Constant(Constant::Int(value));
        if least == int(0) {
            return Some((Tree::Leaf(Operand::Constant(Constant::None)), Type::None.into()));
        }
        let Constant::Int(at) = at else { return None };
        let length = *parts.lengths.first()?;
        let too_few = self.compute(site, "<", &[(length, Type::Int), (least, Type::Int)])?;
        self.compute(site, "leave_if.", &[too_few])?;
        let index = match at {
            0.. => int(at),
            _ => self.plus(site, length, int(at))?,
        };
        self.known_item(site, parts, index)
    }

    /// The parts as an array of another type of the same memory has them.
    fn with_strides(&mut self, site: &Site<'_>, parts: &Parts, array: ArrayType) -> Option<Parts> {
        let mut strides = Vec::new();
        for at in (0..parts.lengths.len()).filter(|_| array.has_strides()) {
            strides.push(self.stride(site, parts, at)?);
        }
        Some(Parts { array, strides, ..parts.clone() })
    }

    /// The element of an array that has one; of others it leaves.
    fn only_element(&mut self, site: &Site<'_>, parts: &Parts) -> Option<Scalar> {
        self.is_done_once(site.entry).then_some(())?;
        if !parts.lengths.is_empty() {
            let one = Operand::Constant(Constant::Int(1));
            let size = self.product(site, one, &parts.lengths)?;
            let differs = self.compute(site, "!=", &[(size, Type::Int), (one, Type::Int)])?;
            self.compute(site, "leave_if.", &[differs])?;
        }
        self.compute(site, ops::array::load(parts.array.dtype), &[(parts.data, Type::Pointer)])
    }

    /// The element with one index for each dimension, or with one number in C's order.
    fn element_with(&mut self, site: &Site<'_>, parts: &Parts, indices: &[Tree<Operand>]) -> Option<Scalar> {
        self.is_done_once(site.entry).then_some(())?;
        let mut given = Vec::with_capacity(indices.len());
        for index in indices {
            let Tree::Leaf(index) = index else { return None };
            given.push(self.as_index(site, *index)?);
        }
        let place = match given.as_slice() {
            [number] if parts.lengths.len() != 1 => self.numbered(site, parts, *number)?,
            all if all.len() == parts.lengths.len() => {
                let all = all.iter().copied().map(Some).collect::<Vec<_>>();
                self.address_of(site, parts, &all)?
            }
            _ => return None,
        };
        self.compute(site, ops::array::load(parts.array.dtype), &[(place, Type::Pointer)])
    }

    /// The address of the element with a number in C's order.
    fn numbered(&mut self, site: &Site<'_>, parts: &Parts, number: Operand) -> Option<Operand> {
        let one = Operand::Constant(Constant::Int(1));
        let size = self.product(site, one, &parts.lengths)?;
        let mut rest = self.checked(site, number, size)?;
        let mut starts = Vec::with_capacity(parts.lengths.len());
        for (at, &length) in parts.lengths.iter().enumerate().rev() {
            if at == 0 {
                starts.push(rest);
                break;
            }
            // There are elements, so that no length is zero.
            let both = [(rest, Type::Int), (length, Type::Int)];
            starts.push(self.compute(site, "%", &both)?.0);
            rest = self.compute(site, "//", &both)?.0;
        }
        starts.reverse();
        self.offset(site, parts, &starts)
    }

    /// True if nothing of the statement is done again: with calls in it, a continuation evaluates what has no pin once more.
    fn is_done_once(&self, entry: EntryId) -> bool {
        let own = &self.flow.entries[entry.0 as usize];
        let same = |one: &&crate::check::flow::EntryPoint| one.statement == own.statement && one.point == own.point;
        self.flow.entries.iter().filter(same).count() == 1
    }
}

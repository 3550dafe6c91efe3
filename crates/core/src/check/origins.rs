//! Which parameters' very objects a variable may hold.
//!
//! Copies, tuples and their elements give an object on: whatever is computed is a new one. What compiled code gives back, to the caller or to the
//! interpreter at an exit, must be the same object where CPython has the same object.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::creation;
use super::flow::{Arg, Call, End, Flow, Item, Step, StepKind, VarId};
use crate::ir::{Constant, Origin};
use crate::ops;
use crate::types::Type;

/// For each variable, the parameters whose objects it may have to do with, by their place in `parameters`, and how.
#[derive(Debug)]
pub struct Origins(HashMap<VarId, Vec<(u32, Ties)>>);

/// How a variable may have to do with the object of a parameter: a set of the constants below.
type Ties = u8;
/// It is that object.
const ITSELF: Ties = 1;
/// It is a tuple that holds that object, or a part of it.
const HOLDER: Ties = 2;
/// It is an object that the parameter, a tuple, holds, or a new tuple of such.
const PART: Ties = 4;

/// How a step makes its target from one of its sources.
#[derive(Clone, Copy, Debug)]
enum Way {
    /// It is the same object.
    Same,
    /// It is the same number, or a part of it that may be the same object: never of NumPy's scalars.
    Number,
    /// It is a tuple that has the source among its items.
    Holder,
    /// It is an item, or, of a range of them and of what is no tuple, the whole.
    Item,
    /// It is a new tuple with items of this one.
    Items,
    /// The same; but a tuple beside an empty one, or once, is itself. Of a number it is another one.
    Sum,
}

impl Way {
    /// What is known of the target where this is known of the source.
    fn carry(self, ties: Ties, parameter: Type) -> Ties {
        let is_tuple = matches!(parameter, Type::Tuple(_));
        let (itself, holder, part) = (ties & ITSELF, ties & HOLDER, ties & PART);
        // Of a parameter that is a tuple, its items.
        let items = if is_tuple && itself != 0 { PART } else { 0 };
        match self {
            Self::Same => ties,
            Self::Number => {
                if matches!(parameter, Type::Scalar(_)) {
                    0
                } else {
                    itself
                }
            }
            Self::Holder => {
                if ties == 0 {
                    0
                } else {
                    HOLDER
                }
            }
            Self::Item => {
                let held = if holder == 0 { 0 } else { ITSELF | HOLDER | if is_tuple { PART } else { 0 } };
                held | part | if is_tuple { items } else { itself }
            }
            Self::Items => holder | part | items,
            Self::Sum => holder | part | items | if is_tuple { itself } else { 0 },
        }
    }
}

impl Origins {
    /// Follows the copies.
    #[must_use]
    pub fn of(
        flow: &Flow,
        parameters: impl Iterator<Item = (VarId, Type)>,
        given_back: &dyn Fn(&Call) -> Vec<(usize, bool)>,
    ) -> Self {
        let mut targets = HashMap::<VarId, Vec<(VarId, Way)>>::new();
        let steps = || flow.blocks.iter().flat_map(|block| &block.steps);
        let gives_back = |step: &&Step| matches!(&step.kind, StepKind::Call(call) if call.gives_back);
        let whole = steps().filter(gives_back).map(|step| step.target).collect::<BTreeSet<_>>();
        let mut note = |sources: &[Arg], target: VarId, way: Way| {
            for source in sources.iter().filter_map(|source| source.var()) {
                targets.entry(source).or_default().push((target, way));
            }
        };
        for step in steps() {
            match &step.kind {
                StepKind::Copy(source) | StepKind::Keep(source) => note(&[*source], step.target, Way::Same),
                StepKind::Tuple(sources) => note(sources, step.target, Way::Holder),
                // The real part of a scalar of NumPy is the scalar; whatever else is computed of it is another one.
                StepKind::Op(name @ (".real" | ".numerator"), args) if ops::may_give_operand(name, args.len()) => {
                    note(&args[..1], step.target, Way::Same);
                }
                StepKind::Op(name, args) if ops::may_give_operand(name, args.len()) => {
                    note(&args[..1], step.target, Way::Number);
                }
                StepKind::Op("tuple" | "over." | "elements.", args) => note(&args[..1], step.target, Way::Same),
                // What a function within the function has returned, or written.
                StepKind::Op("[]", args) if args[0].var().is_some_and(|one| whole.contains(&one)) => {
                    note(&args[..1], step.target, Way::Item);
                    note(&args[..1], step.target, Way::Same);
                }
                StepKind::Op("[]" | "unpack." | "unpack.star." | "at." | "min" | "max", args) => {
                    note(&args[..1], step.target, Way::Item);
                }
                StepKind::Op("+" | "+=" | "*" | "*=", args) => note(args, step.target, Way::Sum),
                StepKind::Item(source, items) => {
                    note(&[*source], step.target, Way::Items);
                    // A slice of a tuple may be the whole, which is the tuple itself; one with another step is a new tuple.
                    if is_run(items) {
                        note(&[*source], step.target, Way::Same);
                    }
                }
                StepKind::Call(call) => {
                    let args = call.args.iter().copied().chain(call.keywords.iter().map(|&(_, arg)| arg));
                    let all = args.chain(call.cells.iter().map(|one| Arg::Var(one.here))).collect::<Vec<_>>();
                    for (at, is_whole) in given_back(call) {
                        note(&[all[at]], step.target, if is_whole { Way::Same } else { Way::Items });
                    }
                }
                // An array may be given back as it is.
                StepKind::Create(creation) => {
                    if creation::may_be_given(creation.function, creation.copy) {
                        note(&[creation.args[0].1], step.target, Way::Same);
                    }
                }
                StepKind::Place(..)
                | StepKind::Hold(_)
                | StepKind::Function(_)
                | StepKind::Op(..)
                | StepKind::Leave(_) => {}
            }
        }
        let mut origins = HashMap::<VarId, Vec<(u32, Ties)>>::new();
        for (parameter, (variable, one)) in (0..).zip(parameters) {
            let mut waiting = vec![(variable, ITSELF)];
            while let Some((variable, ties)) = waiting.pop() {
                let known = origins.entry(variable).or_default();
                if known.last().is_none_or(|last| last.0 != parameter) {
                    known.push((parameter, 0));
                }
                let Some((_, known)) = known.last_mut() else { continue };
                let all = *known | ties;
                if all != *known {
                    *known = all;
                    let followed = targets.get(&variable).into_iter().flatten();
                    waiting.extend(followed.map(|(target, way)| (*target, way.carry(all, one))));
                }
            }
        }
        Self(origins)
    }

    /// Parameters whose object, or part of it, a `return` may give back.
    #[must_use]
    pub fn returned(&self, flow: &Flow) -> Vec<Origin> {
        let ends = flow.blocks.iter().flat_map(|block| match block.end {
            // Its own value, and what it has written.
            End::Return(..) if !flow.writes.is_empty() => {
                block.steps.last().map_or_else(Vec::new, |step| step.reads().collect())
            }
            End::Return(arg, ..) => arg.var().into_iter().collect(),
            End::Jump(_) | End::Branch(..) => Vec::new(),
        });
        let mut all = BTreeMap::<u32, Ties>::new();
        for &(parameter, ties) in ends.filter_map(|variable| self.0.get(&variable)).flatten() {
            *all.entry(parameter).or_default() |= ties;
        }
        // What a tuple holds that is made is not looked for: its numbers are equal ones.
        all.into_iter().map(origin).filter(|one| one.is_whole || one.is_part).collect()
    }

    /// The same by the names of what a continuation knows.
    #[must_use]
    pub fn named(self, flow: &Flow) -> BTreeMap<String, Vec<Origin>> {
        let variable = |id: VarId| &flow.variables[id.0 as usize];
        let in_frame = self.0.into_iter().filter(|(id, _)| variable(*id).in_frame);
        in_frame.map(|(id, origins)| (variable(id).name.clone(), origins.into_iter().map(origin).collect())).collect()
    }
}

/// A parameter, and what a variable may have to do with its object.
fn origin((parameter, ties): (u32, Ties)) -> Origin {
    let [is_whole, is_part, is_holder] = [ITSELF, PART, HOLDER].map(|one| ties & one != 0);
    Origin { parameter, is_whole, is_part, is_holder }
}

/// True for one slice without a step, or with step 1.
fn is_run(items: &[Item]) -> bool {
    matches!(items, [Item::Slice([_, _, Arg::Constant(Constant::None | Constant::Int(1) | Constant::Bool(true))])])
}

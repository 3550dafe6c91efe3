//! The same code for other functions as values.
//!
//! A function as a value has no word in machine code: what is made for one serves for another that does the same. Enters: a function of
//! the IR. Leaves: what whoever runs the code reads of it, with the other functions: parameters, results and exit records.

use super::{Called, Exit, Function, Live, Tree};
use crate::types::{FunctionType, Type};

impl Function {
    /// The same for other functions.
    #[must_use]
    pub fn renamed(&self, other: &dyn Fn(FunctionType) -> FunctionType) -> Self {
        let types = |all: &[Type]| all.iter().map(|one| one.renamed(other)).collect::<Vec<_>>();
        let live = |live: &Live| Live { name: live.name.clone(), value: live.value.renamed(other) };
        let exit = |exit: &Exit| Exit { live: exit.live.iter().map(live).collect(), ..exit.clone() };
        Self {
            params: types(&self.params),
            compounds: types(&self.compounds),
            result: self.result.renamed(other),
            called: self.called.as_ref().map(|called| Called { gives: called.gives.renamed(other), ..called.clone() }),
            exits: self.exits.iter().map(exit).collect(),
            ..self.clone()
        }
    }
}

impl<T: Copy> Tree<T> {
    fn renamed(&self, other: &dyn Fn(FunctionType) -> FunctionType) -> Self {
        match self {
            Self::Function(one) => Self::Function(other(*one)),
            Self::Tuple(parts) => Self::Tuple(parts.iter().map(|part| part.renamed(other)).collect()),
            Self::Leaf(_) | Self::Array(..) => self.clone(),
        }
    }
}

//! What tuples are made of.

use std::collections::HashSet;
use std::fmt;
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Type, TypeSet};

/// The element types of a tuple; equal shapes are one allocation, which is never freed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Shape(&'static Elements);

/// The elements behind a [`Shape`].
type Elements = Vec<TypeSet>;

/// Leaves of one tuple, at the most: what is larger stays with the interpreter.
pub const MOST_LEAVES: usize = 32;

impl Shape {
    /// The shape of these elements; `None` if they have more than [`MOST_LEAVES`] leaves, or one may be unbound or is no value.
    #[must_use]
    pub fn new(elements: &[TypeSet]) -> Option<Self> {
        static SHAPES: Mutex<Option<HashSet<&'static Elements>>> = Mutex::new(None);
        let values = elements.iter().all(|types| {
            let internal = [Type::Unbound, Type::Low, Type::Object, Type::Pointer];
            !types.is_empty() && types.is_held() && !internal.into_iter().any(|one| types.contains(one))
        });
        if !values || elements.iter().map(|types| types.leaves()).sum::<usize>() > MOST_LEAVES {
            return None;
        }
        let mut shapes = SHAPES.lock().unwrap_or_else(PoisonError::into_inner);
        let shapes = shapes.get_or_insert_default();
        let elements = elements.to_vec();
        if let Some(known) = shapes.get(&elements) {
            return Some(Self(known));
        }
        let made: &'static Elements = Box::leak(Box::new(elements));
        shapes.insert(made);
        Some(Self(made))
    }

    /// What each element may hold.
    #[must_use]
    pub fn elements(self) -> &'static [TypeSet] {
        self.0
    }

    /// The scalars that the tuple is made of, depth first.
    #[must_use]
    pub fn leaves(self) -> usize {
        self.0.iter().map(|types| types.leaves()).sum()
    }
}

impl fmt::Debug for Shape {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.0, formatter)
    }
}

impl Serialize for Shape {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Shape {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let elements = Elements::deserialize(deserializer)?;
        Self::new(&elements).ok_or_else(|| serde::de::Error::custom("no shape of a tuple"))
    }
}

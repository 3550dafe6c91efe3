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

    /// The shape of a place that holds tuples of both; `None` if there is none.
    #[must_use]
    pub fn join(self, other: Self) -> Option<Self> {
        if self.0.len() != other.0.len() {
            return None;
        }
        let elements = self.0.iter().zip(other.0).map(|(one, other)| one.join(*other));
        Self::new(&elements.collect::<Vec<_>>())
    }

    /// The scalars that the tuple is made of, depth first.
    #[must_use]
    pub fn leaves(self) -> usize {
        self.0.iter().map(|types| types.leaves()).sum()
    }
}

/// Shapes that a name may hold: of several lengths, or with elements of which no one place holds both.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ShapeSet(&'static [Shape]);

/// Shapes of one set, at the most: beyond, nothing is known of them.
pub const MOST_SHAPES: usize = 4;

impl ShapeSet {
    /// The set of one shape.
    #[must_use]
    pub fn of(one: Shape) -> Self {
        Self::new(vec![one]).unwrap_or(Self(&[]))
    }

    fn new(mut all: Vec<Shape>) -> Option<Self> {
        static SETS: Mutex<Option<HashSet<&'static [Shape]>>> = Mutex::new(None);
        if all.len() > MOST_SHAPES {
            return None;
        }
        all.sort_unstable();
        let mut sets = SETS.lock().unwrap_or_else(PoisonError::into_inner);
        let sets = sets.get_or_insert_default();
        if let Some(known) = sets.get(all.as_slice()) {
            return Some(Self(known));
        }
        let made: &'static [Shape] = Box::leak(all.into_boxed_slice());
        sets.insert(made);
        Some(Self(made))
    }

    /// The shapes of both, those that one place can hold as one; `None` if they are too many.
    #[must_use]
    pub fn join(self, other: Self) -> Option<Self> {
        let mut all = self.0.to_vec();
        for &one in other.0 {
            // Whether one place can hold two shapes depends on lengths and kinds only, so at most one of them is joined.
            match all.iter_mut().find_map(|known| known.join(one).map(|joined| (known, joined))) {
                Some((known, joined)) => *known = joined,
                None => all.push(one),
            }
        }
        Self::new(all)
    }

    /// The shapes but for one; `None` if nothing remains.
    #[must_use]
    pub fn without(self, one: Shape) -> Option<Self> {
        let rest = self.0.iter().copied().filter(|&other| other != one).collect::<Vec<_>>();
        if rest.is_empty() { None } else { Self::new(rest) }
    }

    /// The shapes.
    #[must_use]
    pub const fn all(self) -> &'static [Shape] {
        self.0
    }
}

impl Serialize for ShapeSet {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for ShapeSet {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let all = Vec::<Shape>::deserialize(deserializer)?;
        Self::new(all).ok_or_else(|| serde::de::Error::custom("no set of shapes"))
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

//! The types of values, and what a call or a place in a program knows about them.
//!
//! [`Type`] is the type of one value; [`TypeSet`] is what a name may hold where paths join. A set of one type is held in
//! registers as it is, a set of several as a tagged value.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The type of one value. The discriminant is its tag in machine code ([`crate::abi`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[repr(u8)]
pub enum Type {
    /// No value: the name is not bound. Reading it is UnboundLocalError.
    Unbound = 0,
    /// `None`.
    None = 1,
    /// `bool`, i1.
    Bool = 2,
    /// `int` that fits 64 bits, i64.
    Int = 3,
    /// `float`, f64.
    Float = 4,
}

impl Type {
    /// Every type, in the order of the tags.
    pub const ALL: [Self; 5] = [Self::Unbound, Self::None, Self::Bool, Self::Int, Self::Float];

    /// The tag of this type in machine code.
    #[must_use]
    pub const fn tag(self) -> u8 {
        self as u8
    }

    /// The type of a tag.
    #[must_use]
    pub fn from_tag(tag: u64) -> Option<Self> {
        Self::ALL.get(usize::try_from(tag).ok()?).copied()
    }

    /// As Python writes it: `int`, `float`, `bool`, `None`.
    #[must_use]
    pub const fn python(self) -> &'static str {
        match self {
            Self::Unbound => "unbound",
            Self::None => "None",
            Self::Bool => "bool",
            Self::Int => "int",
            Self::Float => "float",
        }
    }

    /// As the machine holds it: `i64`, `f64`, `bool`, `None`.
    #[must_use]
    pub const fn machine(self) -> &'static str {
        match self {
            Self::Int => "i64",
            Self::Float => "f64",
            Self::Unbound | Self::None | Self::Bool => self.python(),
        }
    }

    /// The type that users write as text, in an annotation or to `compile()`.
    #[must_use]
    pub fn from_python(text: &str) -> Option<Self> {
        match text {
            "None" => Some(Self::None),
            "bool" => Some(Self::Bool),
            "int" => Some(Self::Int),
            "float" => Some(Self::Float),
            _ => None,
        }
    }
}

/// A set of types: everything a name may hold at one place. The empty set is a place that is never reached.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct TypeSet(u8);

impl TypeSet {
    /// No type: never reached.
    pub const EMPTY: Self = Self(0);

    /// The set of one type.
    #[must_use]
    pub const fn of(one: Type) -> Self {
        Self(1 << one as u8)
    }

    /// The join of two paths.
    #[must_use]
    pub const fn join(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// True if `one` is a member.
    #[must_use]
    pub const fn contains(self, one: Type) -> bool {
        self.0 & (1 << one as u8) != 0
    }

    /// True if every member of `other` is a member.
    #[must_use]
    pub const fn includes(self, other: Self) -> bool {
        other.0 & !self.0 == 0
    }

    /// This set without one type.
    #[must_use]
    pub const fn without(self, one: Type) -> Self {
        Self(self.0 & !(1 << one as u8))
    }

    /// True if no path reaches.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The one member, if there is exactly one.
    #[must_use]
    pub fn single(self) -> Option<Type> {
        let mut members = self.iter();
        let first = members.next()?;
        members.next().is_none().then_some(first)
    }

    /// True if the value needs a tag.
    #[must_use]
    pub const fn is_tagged(self) -> bool {
        self.0.count_ones() > 1
    }

    /// The members in the order of their tags.
    pub fn iter(self) -> impl Iterator<Item = Type> {
        Type::ALL.into_iter().filter(move |&one| self.contains(one))
    }

    /// As Python writes it, `int | float`.
    #[must_use]
    pub fn python(self) -> String {
        self.text(Type::python)
    }

    /// As the machine holds it, `i64 | f64`.
    #[must_use]
    pub fn machine(self) -> String {
        self.text(Type::machine)
    }

    fn text(self, name: impl Fn(Type) -> &'static str) -> String {
        if self.is_empty() {
            return "never".to_owned();
        }
        self.iter().map(name).collect::<Vec<_>>().join(" | ")
    }
}

impl From<Type> for TypeSet {
    fn from(one: Type) -> Self {
        Self::of(one)
    }
}

impl FromIterator<Type> for TypeSet {
    fn from_iter<I: IntoIterator<Item = Type>>(types: I) -> Self {
        types.into_iter().fold(Self::EMPTY, |set, one| set.join(Self::of(one)))
    }
}

impl fmt::Debug for TypeSet {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.machine())
    }
}

/// The types of the arguments of one call, in the order of the parameters.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Signature {
    /// One type a parameter.
    pub params: Vec<Type>,
}

impl Signature {
    /// As users read it: `(int, float) -> float`.
    #[must_use]
    pub fn python(&self, result: TypeSet) -> String {
        let params = self.params.iter().map(|one| one.python()).collect::<Vec<_>>().join(", ");
        format!("({params}) -> {}", result.python())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_join_and_print() {
        let number = TypeSet::of(Type::Int).join(Type::Float.into());
        assert_eq!(number.python(), "int | float");
        assert_eq!(number.machine(), "i64 | f64");
        assert!(number.is_tagged() && number.single().is_none());
        assert_eq!(number.without(Type::Int).single(), Some(Type::Float));
        assert_eq!(TypeSet::EMPTY.python(), "never");
    }

    #[test]
    fn tags_round_trip() {
        for one in Type::ALL {
            assert_eq!(Type::from_tag(one.tag().into()), Some(one));
        }
        assert_eq!(Type::from_tag(99), None);
    }
}

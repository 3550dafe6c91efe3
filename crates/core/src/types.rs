//! The types of values, and what a call or a place in a program knows about them.
//!
//! [`Type`] is the type of one value; [`TypeSet`] is what a name may hold where paths join. A set of one type is held in
//! registers as it is, a set of several as a tagged value. A tuple is no value of the machine: it is taken apart into the
//! values of its elements, its leaves, wherever it goes. An array is taken apart, too: into the object that owns its memory,
//! where its first element lies, its lengths and strides. Of a function nothing remains: its type says all.

mod array;
mod dtype;
mod function;
mod shape;

use std::fmt;

use serde::{Deserialize, Serialize};

pub use array::{ArrayType, Layout, MOST_DIMENSIONS};
pub use dtype::{Dtype, Kind};
pub use function::{FunctionSet, FunctionType, FunctionValue, LocalFunction};
pub use shape::{MOST_LEAVES, MOST_SHAPES, Shape, ShapeSet};

/// The type of one value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Type {
    /// No value: the name is not bound. Reading it is UnboundLocalError.
    Unbound,
    /// `None`.
    None,
    /// `bool`, i1.
    Bool,
    /// `int` that fits 64 bits, i64.
    Int,
    /// `float`, f64.
    Float,
    /// `int` of 0 to 2**64 - 1, u64: what masks of 64 bits give, and literals beyond i64.
    Nat,
    /// `complex`, two f64.
    Complex,
    /// The low 64 bits of an `int` of any size: an intermediate of which nothing else is needed.
    Low,
    /// A scalar of NumPy, in its machine type.
    Scalar(Dtype),
    /// A leaf of an array: the object that owns its memory, a borrowed reference.
    Object,
    /// A leaf of an array: an address.
    Pointer,
    /// `tuple` of a fixed length.
    Tuple(Shape),
    /// `numpy.ndarray`.
    Array(ArrayType),
    /// A function, which has no word.
    Function(FunctionType),
}

impl Type {
    /// Every type of one machine value, in the order of the tags.
    pub const SCALARS: [Self; 10 + Dtype::ALL.len()] = {
        let first =
            [Self::Unbound, Self::None, Self::Bool, Self::Int, Self::Float, Self::Nat, Self::Complex, Self::Low];
        let mut all = [Self::Unbound; 10 + Dtype::ALL.len()];
        let mut at = 0;
        while at < first.len() {
            all[at] = first[at];
            at += 1;
        }
        all[8] = Self::Object;
        all[9] = Self::Pointer;
        at = 0;
        while at < Dtype::ALL.len() {
            all[10 + at] = Self::Scalar(Dtype::ALL[at]);
            at += 1;
        }
        all
    };

    /// The tag of this type in machine code ([`crate::abi`]); tuples, arrays and functions have none.
    #[must_use]
    pub const fn tag(self) -> Option<u8> {
        match self {
            Self::Unbound => Some(0),
            Self::None => Some(1),
            Self::Bool => Some(2),
            Self::Int => Some(3),
            Self::Float => Some(4),
            Self::Nat => Some(5),
            Self::Complex => Some(6),
            Self::Low => Some(7),
            Self::Object => Some(8),
            Self::Pointer => Some(9),
            Self::Scalar(dtype) => Some(10 + dtype as u8),
            Self::Tuple(_) | Self::Array(_) | Self::Function(_) => None,
        }
    }

    /// The type of a tag.
    #[must_use]
    pub fn from_tag(tag: u64) -> Option<Self> {
        Self::SCALARS.get(usize::try_from(tag).ok()?).copied()
    }

    /// Words of a frame that a value takes without its tag.
    #[must_use]
    pub fn words(self) -> usize {
        match self {
            Self::Complex => 2,
            Self::Unbound | Self::None | Self::Bool | Self::Int | Self::Float | Self::Nat | Self::Low => 1,
            Self::Object | Self::Pointer => 1,
            Self::Scalar(dtype) => dtype.words(),
            Self::Array(array) => array.words(),
            Self::Tuple(shape) => shape.elements().iter().map(|types| types.words()).sum(),
            Self::Function(_) => 0,
        }
    }

    /// As Python writes it: `int`, `float`, `bool`, `None`, `tuple[int, float]`.
    #[must_use]
    pub fn python(self) -> String {
        match self {
            Self::Unbound => "unbound".to_owned(),
            Self::None => "None".to_owned(),
            Self::Bool => "bool".to_owned(),
            Self::Int | Self::Nat | Self::Low => "int".to_owned(),
            Self::Float => "float".to_owned(),
            Self::Complex => "complex".to_owned(),
            Self::Object | Self::Pointer => "object".to_owned(),
            Self::Scalar(dtype) => dtype.scalar_name().to_owned(),
            Self::Array(array) => array.text(),
            Self::Tuple(shape) => tuple_text(shape, TypeSet::python),
            Self::Function(function) => match function.as_dtype() {
                Some(dtype) => format!("dtype[{}]", dtype.name()),
                None => format!("function {}", function.name()),
            },
        }
    }

    /// As the machine holds it: `i64`, `f64`, `bool`, `None`.
    #[must_use]
    pub fn machine(self) -> String {
        match self {
            Self::Int => "i64".to_owned(),
            Self::Float => "f64".to_owned(),
            Self::Nat => "u64".to_owned(),
            Self::Low => "low64".to_owned(),
            Self::Tuple(shape) => tuple_text(shape, TypeSet::machine),
            Self::Pointer => "pointer".to_owned(),
            Self::Unbound
            | Self::None
            | Self::Bool
            | Self::Complex
            | Self::Object
            | Self::Scalar(_)
            | Self::Array(_)
            | Self::Function(_) => self.python(),
        }
    }

    /// The type that users write as text, in an annotation or to `compile()`.
    #[must_use]
    pub fn from_python(text: &str) -> Option<Self> {
        match text.trim() {
            "None" => Some(Self::None),
            "bool" => Some(Self::Bool),
            "int" => Some(Self::Int),
            "float" => Some(Self::Float),
            "complex" => Some(Self::Complex),
            "bool_" => Some(Self::Scalar(Dtype::Bool)),
            text => {
                let scalar = Dtype::from_name(text).map(Self::Scalar);
                if let Some(found) = scalar.or_else(|| ArrayType::from_text(text).map(Self::Array)) {
                    return Some(found);
                }
                let inner = text.strip_prefix("tuple").or_else(|| text.strip_prefix("Tuple"))?;
                let inner = inner.trim_start().strip_prefix('[')?.strip_suffix(']')?;
                let parts = if inner.trim() == "()" { Vec::new() } else { split_types(inner) };
                let elements = parts.into_iter().map(|part| Self::from_python(part).map(TypeSet::of));
                Shape::new(&elements.collect::<Option<Vec<_>>>()?).map(Self::Tuple)
            }
        }
    }
}

fn tuple_text(shape: Shape, text: impl Fn(TypeSet) -> String) -> String {
    let elements = shape.elements().iter().map(|&types| text(types)).collect::<Vec<_>>();
    if elements.is_empty() { "tuple[()]".to_owned() } else { format!("tuple[{}]", elements.join(", ")) }
}

/// The types in a text, `int, tuple[int, float]`, taken apart at the commas outside of brackets.
#[must_use]
pub fn split_types(text: &str) -> Vec<&str> {
    let mut depth = 0_usize;
    let parts = text.split(|one: char| {
        match one {
            '[' | '(' => depth += 1,
            ']' | ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        one == ',' && depth == 0
    });
    parts.map(str::trim).filter(|part| !part.is_empty()).collect()
}

/// A set of types: everything a name may hold at one place. The empty set is a place that is never reached.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct TypeSet {
    /// A bit for the tag of each scalar.
    scalars: u32,
    compound: Option<Compound>,
}

/// The tuples, arrays or functions in a set.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
enum Compound {
    /// Tuples of these shapes.
    Tuples(ShapeSet),
    /// Tuples of more shapes, or too large ones.
    AnyTuple,
    /// Arrays of this type.
    Array(ArrayType),
    /// Arrays of several types.
    AnyArray,
    /// These functions.
    Functions(FunctionSet),
    /// Functions of which nothing more is known.
    AnyFunction,
    /// Several of these kinds.
    Any,
}

impl Compound {
    fn join(self, other: Self) -> Self {
        match (self, other) {
            (left, right) if left == right => left,
            (Self::Tuples(left), Self::Tuples(right)) => left.join(right).map_or(Self::AnyTuple, Self::Tuples),
            (Self::Tuples(_) | Self::AnyTuple, Self::Tuples(_) | Self::AnyTuple) => Self::AnyTuple,
            (Self::Array(_) | Self::AnyArray, Self::Array(_) | Self::AnyArray) => Self::AnyArray,
            (Self::Functions(left), Self::Functions(right)) => {
                left.join(right).map_or(Self::AnyFunction, Self::Functions)
            }
            (Self::Functions(_) | Self::AnyFunction, Self::Functions(_) | Self::AnyFunction) => Self::AnyFunction,
            (
                Self::Tuples(_)
                | Self::AnyTuple
                | Self::Array(_)
                | Self::AnyArray
                | Self::Functions(_)
                | Self::AnyFunction
                | Self::Any,
                _,
            ) => Self::Any,
        }
    }

    /// The one type of all values, if there is one.
    fn member(self) -> Option<Type> {
        match self {
            Self::Tuples(set) => match set.all() {
                &[one] => Some(Type::Tuple(one)),
                _ => None,
            },
            Self::Array(array) => Some(Type::Array(array)),
            Self::Functions(set) => match set.all() {
                &[one] => Some(Type::Function(one)),
                _ => None,
            },
            Self::AnyTuple | Self::AnyArray | Self::AnyFunction | Self::Any => None,
        }
    }

    /// All types of its values, if they are known.
    fn members(self) -> Option<Vec<Type>> {
        match self {
            Self::Functions(set) => Some(set.all().iter().copied().map(Type::Function).collect()),
            Self::Tuples(set) => Some(set.all().iter().copied().map(Type::Tuple).collect()),
            Self::Array(array) => Some(vec![Type::Array(array)]),
            Self::AnyTuple | Self::AnyArray | Self::AnyFunction | Self::Any => None,
        }
    }
}

impl TypeSet {
    /// No type: never reached.
    pub const EMPTY: Self = Self { scalars: 0, compound: None };

    /// A tuple of which nothing more is known.
    pub const ANY_TUPLE: Self = Self { scalars: 0, compound: Some(Compound::AnyTuple) };

    /// The set of one type.
    #[must_use]
    pub fn of(one: Type) -> Self {
        match one {
            Type::Tuple(shape) => Self { scalars: 0, compound: Some(Compound::Tuples(ShapeSet::of(shape))) },
            Type::Array(array) => Self { scalars: 0, compound: Some(Compound::Array(array)) },
            Type::Function(function) => {
                Self { scalars: 0, compound: Some(Compound::Functions(FunctionSet::of(function))) }
            }
            _ => Self { scalars: bit(one), compound: None },
        }
    }

    /// The join of two paths. Tuples that one place can hold join by element; arrays of different types do not.
    #[must_use]
    pub fn join(self, other: Self) -> Self {
        let compound = match (self.compound, other.compound) {
            (same, None) | (None, same) => same,
            (Some(left), Some(right)) => Some(left.join(right)),
        };
        Self { scalars: self.scalars | other.scalars, compound }
    }

    /// True if `one` is a member.
    #[must_use]
    pub fn contains(self, one: Type) -> bool {
        match one {
            Type::Tuple(shape) => {
                matches!(self.compound, Some(Compound::Tuples(set)) if set.all().contains(&shape))
            }
            Type::Array(_) => self.compound.and_then(Compound::member) == Some(one),
            Type::Function(function) => {
                matches!(self.compound, Some(Compound::Functions(set)) if set.all().contains(&function))
            }
            _ => self.scalars & bit(one) != 0,
        }
    }

    /// True if every member of `other` is a member, or can be held as one.
    #[must_use]
    pub fn includes(self, other: Self) -> bool {
        self.join(other) == self
    }

    /// This set without one type.
    #[must_use]
    pub fn without(self, one: Type) -> Self {
        match one {
            Type::Tuple(shape) => match self.compound {
                Some(Compound::Tuples(set)) => Self { compound: set.without(shape).map(Compound::Tuples), ..self },
                _ => self,
            },
            Type::Array(_) if self.contains(one) => Self { compound: None, ..self },
            Type::Array(_) => self,
            Type::Function(function) => match self.compound {
                Some(Compound::Functions(set)) => {
                    Self { compound: set.without(function).map(Compound::Functions), ..self }
                }
                _ => self,
            },
            _ => Self { scalars: self.scalars & !bit(one), ..self },
        }
    }

    /// True if no path reaches.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.scalars == 0 && self.compound.is_none()
    }

    /// The one member, if there is exactly one.
    #[must_use]
    pub fn single(self) -> Option<Type> {
        match self.compound {
            None if self.scalars.count_ones() == 1 => Type::from_tag(self.scalars.trailing_zeros().into()),
            Some(compound) if self.scalars == 0 => compound.member(),
            None | Some(_) => None,
        }
    }

    /// True if the value needs a tag.
    #[must_use]
    pub const fn is_tagged(self) -> bool {
        self.scalars.count_ones() > 1
    }

    /// True if a place can hold every value of the set: scalars, tagged if need be, or tuples of one shape, or arrays of one type, or
    /// one function.
    #[must_use]
    pub fn is_held(self) -> bool {
        match self.compound {
            None => true,
            Some(Compound::Tuples(set)) => self.scalars == 0 && set.all().len() == 1,
            Some(Compound::Array(_)) => self.scalars == 0,
            Some(Compound::Functions(set)) => self.scalars == 0 && set.all().len() == 1,
            Some(Compound::AnyTuple | Compound::AnyArray | Compound::AnyFunction | Compound::Any) => false,
        }
    }

    /// True if there are tuples, arrays or functions of which nothing more is known.
    #[must_use]
    pub fn has_any(self) -> bool {
        self.compound.is_some_and(|compound| compound.members().is_none())
    }

    /// The tuples, arrays and functions of the set, whatever they are.
    #[must_use]
    pub fn compounds(self) -> Self {
        Self { scalars: 0, compound: self.compound }
    }

    /// What goes from one function to another apart, if a place does not hold the set and all of it is known: each tuple, array or
    /// function, by the type whose tag says that it is this one. No value has one of these.
    #[must_use]
    pub fn apart(self) -> Vec<(Type, Type)> {
        const SAYS: [Type; MOST_SHAPES] = [Type::Unbound, Type::Low, Type::Object, Type::Pointer];
        let all = match self.compound {
            Some(compound @ (Compound::Tuples(_) | Compound::Array(_))) => compound.members().unwrap_or_default(),
            Some(compound) => compound.member().into_iter().collect(),
            None => Vec::new(),
        };
        let is_apart = self.scalars != 0 || all.len() > 1;
        if is_apart { SAYS.into_iter().zip(all).collect() } else { Vec::new() }
    }

    /// Of a set that goes [apart](Self::apart), what a tag is needed for: the scalars, and what says which of the others it is.
    #[must_use]
    pub fn mixed(self) -> Option<Self> {
        let others = self.apart();
        let says = others.iter().map(|&(says, _)| says.into()).fold(Self { compound: None, ..self }, Self::join);
        (!others.is_empty()).then_some(says)
    }

    /// The scalars that a value of the set is made of.
    #[must_use]
    pub fn leaves(self) -> usize {
        match self.compound {
            Some(Compound::Tuples(set)) => set.all().iter().map(|shape| shape.leaves()).max().unwrap_or(0),
            Some(Compound::Array(array)) => array.leaves(),
            Some(Compound::Functions(_)) => 0,
            None | Some(Compound::AnyTuple | Compound::AnyArray | Compound::AnyFunction | Compound::Any) => 1,
        }
    }

    /// Words of a frame that a value takes: of one type its payload, of several a tag and the largest payload.
    #[must_use]
    pub fn words(self) -> usize {
        match self.single() {
            Some(one) => one.words(),
            None if self.mixed().is_some() => self.in_frame().into_iter().map(Self::words).sum(),
            None => 1 + self.iter().map(Type::words).max().unwrap_or(0),
        }
    }

    /// The scalars that stand in a frame for a value, depth first: of an array that has an object, that object.
    #[must_use]
    pub fn in_frame(self) -> Vec<Self> {
        match self.single() {
            Some(Type::Tuple(shape)) => shape.elements().iter().flat_map(|types| types.in_frame()).collect(),
            Some(Type::Array(array)) if array.view => {
                let numbers = std::iter::repeat_n(Self::of(Type::Int), array.leaves() - 2);
                [Type::Object.into(), Type::Pointer.into()].into_iter().chain(numbers).collect()
            }
            Some(Type::Array(_)) => vec![Type::Object.into()],
            Some(Type::Function(_)) => Vec::new(),
            _ => match self.mixed() {
                Some(tagged) => {
                    let others = self.apart().into_iter().flat_map(|(_, one)| Self::of(one).in_frame());
                    [tagged].into_iter().chain(others).collect()
                }
                None => vec![self],
            },
        }
    }

    /// The members: scalars in the order of their tags, then the tuples, the array, or the functions.
    pub fn iter(self) -> impl Iterator<Item = Type> {
        let compound = self.compound.and_then(Compound::members).unwrap_or_default();
        Type::SCALARS.into_iter().filter(move |&one| self.scalars & bit(one) != 0).chain(compound)
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

    fn text(self, name: impl Fn(Type) -> String) -> String {
        if self.is_empty() {
            return "never".to_owned();
        }
        let mut names = Vec::new();
        let any = match self.compound {
            Some(Compound::AnyTuple) => Some("tuple"),
            Some(Compound::AnyArray) => Some("array"),
            Some(Compound::AnyFunction) => Some("function"),
            Some(Compound::Any) => Some("tuple | array"),
            None | Some(Compound::Tuples(_) | Compound::Array(_) | Compound::Functions(_)) => None,
        };
        for name in self.iter().map(name).chain(any.map(str::to_owned)) {
            // Several machine types are one type of Python.
            if !names.contains(&name) {
                names.push(name);
            }
        }
        names.join(" | ")
    }
}

const fn bit(one: Type) -> u32 {
    match one.tag() {
        Some(tag) => 1 << tag,
        None => 0,
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
    /// One type a parameter; the elements of tuples have one type each.
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
        for one in Type::SCALARS {
            assert_eq!(one.tag().and_then(|tag| Type::from_tag(tag.into())), Some(one));
        }
        assert_eq!(Type::from_tag(99), None);
    }

    #[test]
    fn tuples_join_by_element() {
        let pair = |one: Type, two: Type| TypeSet::of(Type::Tuple(Shape::new(&[one.into(), two.into()]).unwrap()));
        let joined = pair(Type::Int, Type::Int).join(pair(Type::Float, Type::Int));
        assert_eq!(joined.python(), "tuple[int | float, int]");
        assert!(joined.includes(pair(Type::Int, Type::Int)) && !joined.includes(pair(Type::None, Type::Int)));
        assert!(joined.is_held() && joined.single().is_some() && !joined.is_tagged());
        assert_eq!((joined.leaves(), joined.words()), (2, 3));
        let empty = TypeSet::of(Type::Tuple(Shape::new(&[]).unwrap()));
        let several = joined.join(empty);
        assert!(!several.is_held() && several.single().is_none() && !several.has_any());
        assert!(
            several.includes(joined) && several.includes(empty) && several.without(empty.single().unwrap()) == joined
        );
        assert_eq!(several.iter().count(), 2);
        // Which of both it is, and the leaves of both.
        assert_eq!((several.apart().len(), several.in_frame().len(), several.words()), (2, 3, 5));
        let nested = pair(Type::Tuple(Shape::new(&[]).unwrap()), Type::Int);
        assert_eq!(nested.join(joined).join(empty), joined.join(empty).join(nested));
        assert_eq!(nested.join(joined).apart().len(), 2);
        let longer =
            (3..6).map(|length| TypeSet::of(Type::Tuple(Shape::new(&vec![Type::Int.into(); length]).unwrap())));
        assert_eq!(longer.fold(several, TypeSet::join).python(), "tuple");
        assert!(!joined.join(Type::None.into()).is_held());
    }

    #[test]
    fn annotations_of_tuples_are_read() {
        let read = |text| Type::from_python(text).map(Type::python);
        assert_eq!(read("tuple[int, tuple[float, bool]]").as_deref(), Some("tuple[int, tuple[float, bool]]"));
        assert_eq!(read("tuple[()]").as_deref(), Some("tuple[()]"));
        assert_eq!(read("complex").as_deref(), Some("complex"));
        assert_eq!(read("tuple[int, ...]"), None);
        assert_eq!(split_types("int, tuple[int, float]"), ["int", "tuple[int, float]"]);
    }
}

//! Functions as values: which function it is, is the type.
//!
//! A function has no word at run time. Where a value of such a type is called, compiled code knows what it calls. The objects of NumPy's
//! dtypes are values of the same kind: which dtype it is, is the type.

use std::cmp::Ordering;
use std::collections::HashSet;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Dtype, Shape, Type, TypeSet};
use crate::outside::{self, Callee, FunctionKey};

/// The type of one function. Equal ones are one allocation, which is never freed; whoever makes them bounds their number.
#[derive(Clone, Copy)]
pub struct FunctionType(&'static Entry);

/// What is known of a function.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum FunctionValue {
    /// One of Python's own or NumPy's, by the name under which it has rows.
    Builtin(String),
    /// One of the user's.
    Callee(Callee),
    /// One that a function makes while it runs.
    Local(LocalFunction),
}

/// A function within a function, as the one around it holds it, or as it hands it on.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct LocalFunction {
    /// Which: the key tells what it does, and for which function around it.
    pub callee: Callee,
    /// Where its definition stands, as [`crate::check::flow::Flow`] names places.
    pub place: String,
    /// It is made within a loop: several may live at one time.
    pub is_remade: bool,
    /// The types of what it has of the function around it, where it is handed on; `None` where these are at hand.
    pub cells: Option<Vec<Type>>,
}

struct Entry {
    value: FunctionValue,
    /// Where whoever knows the function has its object; 0 if there is none, or none any more.
    place: AtomicUsize,
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

impl Eq for Entry {}

impl Hash for Entry {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.value.hash(state);
    }
}

impl FunctionType {
    /// The type of a function.
    #[must_use]
    pub fn new(value: FunctionValue) -> Self {
        static ENTRIES: Mutex<Option<HashSet<&'static Entry>>> = Mutex::new(None);
        let entry = Entry { value, place: AtomicUsize::new(0) };
        let mut entries = ENTRIES.lock().unwrap_or_else(PoisonError::into_inner);
        let entries = entries.get_or_insert_default();
        if let Some(known) = entries.get(&entry) {
            return Self(known);
        }
        let made: &'static Entry = Box::leak(Box::new(entry));
        entries.insert(made);
        Self(made)
    }

    /// The type of one of Python's own functions.
    #[must_use]
    pub fn builtin(name: &str) -> Self {
        Self::new(FunctionValue::Builtin(name.to_owned()))
    }

    /// The type of the object of a dtype, such as `np.dtype("float64")`.
    #[must_use]
    pub fn dtype(dtype: Dtype) -> Self {
        Self::new(FunctionValue::Builtin(format!("np.dtype.{}", dtype.name())))
    }

    /// The dtype, if it is the object of one.
    #[must_use]
    pub fn as_dtype(self) -> Option<Dtype> {
        match &self.0.value {
            FunctionValue::Builtin(name) => Dtype::from_name(name.strip_prefix("np.dtype.")?),
            FunctionValue::Callee(_) | FunctionValue::Local(_) => None,
        }
    }

    /// The dtype that NumPy makes of it: it is the object of one, the class of its scalars, or a class of Python's numbers.
    #[must_use]
    pub fn to_dtype(self) -> Option<Dtype> {
        self.as_dtype().or_else(|| match self.builtin_name()? {
            "bool" => Some(Dtype::Bool),
            "int" => Some(Dtype::Int64),
            "float" => Some(Dtype::Float64),
            "complex" => Some(Dtype::Complex128),
            name => Dtype::from_constructor(name),
        })
    }

    /// The type of one of the user's functions.
    #[must_use]
    pub fn callee(callee: &Callee) -> Self {
        Self::new(FunctionValue::Callee(callee.clone()))
    }

    /// Its name among those that have rows, if it is one of Python's own.
    #[must_use]
    pub fn builtin_name(self) -> Option<&'static str> {
        match &self.0.value {
            FunctionValue::Builtin(name) => {
                let (module, own) = name.split_once('.').unwrap_or(("builtins", name));
                outside::function_of(module, own)
            }
            FunctionValue::Callee(_) | FunctionValue::Local(_) => None,
        }
    }

    /// The function, if it was made by a function while it runs.
    #[must_use]
    pub fn as_local(self) -> Option<&'static LocalFunction> {
        match &self.0.value {
            FunctionValue::Local(local) => Some(local),
            FunctionValue::Callee(_) | FunctionValue::Builtin(_) => None,
        }
    }

    /// The function, if it is one of the user's.
    #[must_use]
    pub fn as_callee(self) -> Option<&'static Callee> {
        match &self.0.value {
            FunctionValue::Callee(callee) => Some(callee),
            FunctionValue::Builtin(_) | FunctionValue::Local(_) => None,
        }
    }

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match &self.0.value {
            FunctionValue::Builtin(name) => name,
            FunctionValue::Callee(callee) => &callee.name,
            FunctionValue::Local(local) => &local.callee.name,
        }
    }

    /// Where whoever knows the function has its object; 0 if there is none.
    #[inline(always)]
    #[must_use]
    pub fn place(self) -> usize {
        self.0.place.load(Relaxed)
    }

    /// Says where the object is, or with 0 that it is gone.
    pub fn set_place(self, place: usize) {
        self.0.place.store(place, Relaxed);
    }

    fn order(self) -> (Option<FunctionKey>, &'static str, Option<&'static LocalFunction>) {
        let local = self.as_local();
        let callee = self.as_callee().or(local.map(|local| &local.callee));
        (callee.map(|callee| callee.key), self.name(), local)
    }
}

impl PartialEq for FunctionType {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self.0, other.0)
    }
}

impl Eq for FunctionType {}

impl Hash for FunctionType {
    fn hash<H: Hasher>(&self, state: &mut H) {
        std::ptr::from_ref(self.0).hash(state);
    }
}

impl PartialOrd for FunctionType {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for FunctionType {
    fn cmp(&self, other: &Self) -> Ordering {
        let ((key, name, local), (other_key, other_name, other_local)) = (self.order(), other.order());
        let parts = |local: Option<&'static LocalFunction>| local.map(|one| (&one.place, one.is_remade, &one.cells));
        (key, name).cmp(&(other_key, other_name)).then_with(|| parts(local).cmp(&parts(other_local)))
    }
}

impl fmt::Debug for FunctionType {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "function {}", self.name())
    }
}

impl Type {
    /// Whether it is, or holds, a function that a function makes while it runs.
    #[must_use]
    pub fn has_local_functions(self) -> bool {
        match self {
            Self::Function(one) => one.as_local().is_some(),
            Self::Tuple(shape) => shape.elements().iter().any(|types| types.iter().any(Self::has_local_functions)),
            _ => false,
        }
    }
}

impl Serialize for FunctionType {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.value.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for FunctionType {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        FunctionValue::deserialize(deserializer).map(Self::new)
    }
}

impl Type {
    /// The same with other functions.
    #[must_use]
    pub fn renamed(self, other: &dyn Fn(FunctionType) -> FunctionType) -> Self {
        match self {
            Self::Function(one) => Self::Function(other(one)),
            Self::Tuple(shape) => {
                let elements = shape.elements().iter().map(|types| types.renamed(other)).collect::<Vec<_>>();
                Shape::new(&elements).map_or(self, Self::Tuple)
            }
            _ => self,
        }
    }
}

impl TypeSet {
    /// The same with other functions.
    #[must_use]
    pub fn renamed(self, other: &dyn Fn(FunctionType) -> FunctionType) -> Self {
        match self.has_any() {
            true => self,
            false => self.iter().map(|one| one.renamed(other)).collect(),
        }
    }
}

/// Functions that a name may hold, in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FunctionSet(&'static [FunctionType]);

/// Functions of one set, at the most: beyond, nothing is known of them.
const MOST: usize = 8;

impl FunctionSet {
    /// The set of one function.
    #[must_use]
    pub fn of(one: FunctionType) -> Self {
        Self::new(vec![one]).unwrap_or(Self(&[]))
    }

    fn new(all: Vec<FunctionType>) -> Option<Self> {
        static SETS: Mutex<Option<HashSet<&'static [FunctionType]>>> = Mutex::new(None);
        if all.len() > MOST {
            return None;
        }
        let mut sets = SETS.lock().unwrap_or_else(PoisonError::into_inner);
        let sets = sets.get_or_insert_default();
        if let Some(known) = sets.get(all.as_slice()) {
            return Some(Self(known));
        }
        let made: &'static [FunctionType] = Box::leak(all.into_boxed_slice());
        sets.insert(made);
        Some(Self(made))
    }

    /// The functions of both; `None` if they are too many.
    #[must_use]
    pub fn join(self, other: Self) -> Option<Self> {
        let mut all = self.0.iter().chain(other.0).copied().collect::<Vec<_>>();
        all.sort_unstable();
        all.dedup();
        Self::new(all)
    }

    /// The functions but for one; `None` if nothing remains.
    #[must_use]
    pub fn without(self, one: FunctionType) -> Option<Self> {
        let rest = self.0.iter().copied().filter(|&other| other != one).collect::<Vec<_>>();
        if rest.is_empty() { None } else { Self::new(rest) }
    }

    /// The functions.
    #[must_use]
    pub const fn all(self) -> &'static [FunctionType] {
        self.0
    }
}

impl Serialize for FunctionSet {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for FunctionSet {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let all = Vec::<FunctionType>::deserialize(deserializer)?;
        Self::new(all).ok_or_else(|| serde::de::Error::custom("no set of functions"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_is_its_type() {
        let sine = FunctionType::builtin("math.sin");
        assert_eq!(sine, FunctionType::builtin("math.sin"));
        assert_ne!(sine, FunctionType::builtin("math.cos"));
        assert_eq!(sine.builtin_name(), Some("math.sin"));
        let objects = Dtype::ALL.map(FunctionType::dtype);
        for (one, dtype) in objects.into_iter().zip(Dtype::ALL) {
            assert_eq!((one.as_dtype(), one.to_dtype()), (Some(dtype), Some(dtype)));
            assert_eq!(one.builtin_name(), Some(one.name()));
            let class = FunctionType::builtin(&format!("np.{}", dtype.scalar_name()));
            assert_eq!((class.as_dtype(), class.to_dtype()), (None, Some(dtype)));
        }
        let own = FunctionType::callee(&Callee::in_file("a.py", "f"));
        assert_eq!((own.name(), own.builtin_name()), ("f", None));
    }

    #[test]
    fn sets_are_bounded() {
        let one = |at: usize| FunctionSet::of(FunctionType::callee(&Callee::in_file("a.py", &format!("f{at}"))));
        let eight = (0..8).map(one).reduce(|all, next| all.join(next).unwrap()).unwrap();
        assert_eq!(eight.all().len(), 8);
        assert_eq!(eight.join(one(3)), Some(eight));
        assert_eq!(eight.join(one(8)), None);
        assert_eq!(one(1).without(one(1).all()[0]), None);
    }
}

//! Calls that make arrays: what they take, and the type of what comes out.
//!
//! NumPy itself makes the array, at run time; here its type is told from the types of the arguments. Where that cannot be done the
//! call has no compiled form.

use crate::types::{ArrayType, Dtype, Layout, MOST_DIMENSIONS, Type};

/// A function or method that makes an array.
#[derive(Debug)]
pub struct Maker {
    /// `numpy.zeros`; methods of arrays have a dot in front.
    pub name: &'static str,
    /// Its parameters; of a method the first is the array. `dtype` and `order` are taken as they are written.
    pub names: &'static [&'static str],
    /// The first so many can be given by position.
    pub positional: usize,
    /// The first so many must be given.
    pub required: usize,
}

macro_rules! makers {
    ($($name:literal [$($param:literal),*] $positional:literal $required:literal;)*) => {
        &[$(Maker { name: $name, names: &[$($param),*], positional: $positional, required: $required }),*]
    };
}

/// The methods of arrays that make arrays.
pub fn methods() -> impl Iterator<Item = &'static str> {
    MAKERS.iter().map(|maker| maker.name).filter(|name| name.starts_with('.'))
}

/// Those that compiled code knows, with the parameters that make sense there.
pub const MAKERS: &[Maker] = makers! {
    "np.zeros" ["shape", "dtype", "order"] 3 1;
    "np.ones" ["shape", "dtype", "order"] 3 1;
    "np.empty" ["shape", "dtype", "order"] 3 1;
    "np.full" ["shape", "fill_value", "dtype", "order"] 4 2;
    "np.zeros_like" ["a", "dtype", "order"] 3 1;
    "np.ones_like" ["a", "dtype", "order"] 3 1;
    "np.empty_like" ["prototype", "dtype", "order"] 3 1;
    "np.full_like" ["a", "fill_value", "dtype", "order"] 4 2;
    "np.arange" ["start", "stop", "step", "dtype"] 4 1;
    "np.linspace" ["start", "stop", "num", "endpoint", "dtype"] 4 2;
    "np.eye" ["N", "M", "k", "dtype", "order"] 5 1;
    "np.identity" ["n", "dtype"] 2 1;
    "np.copy" ["a", "order"] 2 1;
    "np.reshape" ["a", "shape", "order"] 3 2;
    ".copy" ["self", "order"] 2 1;
    ".astype" ["self", "dtype", "order"] 3 2;
    ".reshape" ["self", "shape", "order"] 2 2;
    ".flatten" ["self", "order"] 2 1;
    ".ravel" ["self", "order"] 2 1;
};

/// The maker of this name.
#[must_use]
pub fn maker(name: &str) -> Option<&'static Maker> {
    MAKERS.iter().find(|maker| maker.name == name)
}

/// The arguments of a call, as far as types tell.
#[derive(Debug)]
pub struct Given<'a> {
    /// The name of each argument's parameter, and its type.
    pub args: &'a [(&'static str, Type)],
    /// The argument `dtype`.
    pub dtype: Option<Dtype>,
    /// The argument `order`.
    pub order: Option<char>,
}

impl Given<'_> {
    fn arg(&self, name: &str) -> Option<Type> {
        self.args.iter().find(|(known, _)| *known == name).map(|&(_, one)| one)
    }

    fn array(&self) -> Option<ArrayType> {
        match self.args.first()?.1 {
            Type::Array(array) => Some(array),
            _ => None,
        }
    }
}

/// The type of the array that a call makes; `None` if the types do not tell.
#[must_use]
pub fn result(name: &str, given: &Given<'_>) -> Option<ArrayType> {
    let new = |dtype: Dtype, ndim: u8, layout: Layout| {
        let layout = if ndim < 2 { Layout::C } else { layout };
        Some(ArrayType { dtype, ndim, layout, writable: true, view: false })
    };
    let layout = match given.order {
        None | Some('C' | 'K' | 'A') => Layout::C,
        Some('F') => Layout::F,
        Some(_) => return None,
    };
    let value = given.arg("fill_value").map(dtype_of);
    match name {
        "np.zeros" | "np.ones" | "np.empty" => {
            new(given.dtype.unwrap_or(Dtype::Float64), dimensions(given.arg("shape")?)?, layout)
        }
        "np.full" => new(given.dtype.or(value?)?, dimensions(given.arg("shape")?)?, layout),
        "np.zeros_like" | "np.ones_like" | "np.empty_like" | "np.full_like" => {
            // The dtype is the array's; a value is converted to it.
            let array = given.array()?;
            if name == "np.full_like" {
                value??;
            }
            new(given.dtype.unwrap_or(array.dtype), array.ndim, kept(array, given.order)?)
        }
        "np.arange" => {
            let numbers = given.args.iter().map(|&(_, one)| dtype_of(one));
            let all = numbers.collect::<Option<Vec<_>>>()?;
            let weak = given.args.iter().all(|(_, one)| matches!(one, Type::Int | Type::Bool | Type::Float));
            let dtype = match (given.dtype, weak) {
                (Some(dtype), _) => dtype,
                (None, true) if all.contains(&Dtype::Float64) => Dtype::Float64,
                (None, true) => Dtype::Int64,
                (None, false) => return None,
            };
            (dtype != Dtype::Bool).then(|| new(dtype, 1, Layout::C))?
        }
        "np.linspace" => {
            let real = |one: Type| matches!(one, Type::Int | Type::Bool | Type::Float | Type::Scalar(Dtype::Float64));
            (real(given.arg("start")?) && real(given.arg("stop")?)).then_some(())?;
            new(given.dtype.unwrap_or(Dtype::Float64), 1, Layout::C)
        }
        "np.eye" | "np.identity" => new(given.dtype.unwrap_or(Dtype::Float64), 2, layout),
        "np.copy" => new(given.array()?.dtype, given.array()?.ndim, kept(given.array()?, given.order)?),
        ".copy" => {
            let array = given.array()?;
            let layout = if given.order.is_none() { Layout::C } else { kept(array, given.order)? };
            new(array.dtype, array.ndim, layout)
        }
        ".astype" => new(given.dtype?, given.array()?.ndim, kept(given.array()?, given.order)?),
        "np.reshape" | ".reshape" => {
            let array = given.array()?;
            // Of an array without gaps it is a view, else a copy or a view.
            let known = array.layout == Layout::C && matches!(given.order, None | Some('C'));
            let ndim = known.then(|| dimensions(given.arg("shape")?)).flatten()?;
            Some(ArrayType { ndim, ..array }.as_object())
        }
        ".flatten" => matches!(given.order, None | Some('C')).then(|| new(given.array()?.dtype, 1, Layout::C))?,
        ".ravel" => {
            let array = given.array()?;
            let known = array.layout == Layout::C && matches!(given.order, None | Some('C'));
            known.then(|| ArrayType { ndim: 1, ..array }.as_object())
        }
        _ => None,
    }
}

/// The layout of a copy that keeps that of the array, as far as possible, if `order` does not say otherwise.
fn kept(array: ArrayType, order: Option<char>) -> Option<Layout> {
    match order {
        Some('C') => Some(Layout::C),
        Some('F') => Some(Layout::F),
        Some('A') => Some(if array.layout == Layout::F { Layout::F } else { Layout::C }),
        None | Some('K') if array.layout != Layout::Strided => Some(array.layout),
        None | Some('K') if array.ndim < 2 => Some(Layout::C),
        _ => None,
    }
}

/// The dimensions of an array of this shape.
fn dimensions(shape: Type) -> Option<u8> {
    match shape {
        Type::Int => Some(1),
        Type::Scalar(dtype) if dtype.is_int() => Some(1),
        Type::Tuple(shape) => {
            let is_length = |one: Type| match one {
                Type::Int => true,
                Type::Scalar(dtype) => dtype.is_int(),
                _ => false,
            };
            let all = shape.elements().iter().all(|types| types.single().is_some_and(is_length));
            let count = u8::try_from(shape.elements().len()).ok()?;
            (all && count <= MOST_DIMENSIONS).then_some(count)
        }
        _ => None,
    }
}

/// The dtype of an array of such values.
fn dtype_of(one: Type) -> Option<Dtype> {
    match one {
        Type::Bool => Some(Dtype::Bool),
        Type::Int => Some(Dtype::Int64),
        Type::Float => Some(Dtype::Float64),
        Type::Complex => Some(Dtype::Complex128),
        Type::Scalar(dtype) => Some(dtype),
        Type::Unbound
        | Type::None
        | Type::Nat
        | Type::Low
        | Type::Object
        | Type::Pointer
        | Type::Tuple(_)
        | Type::Array(_)
        | Type::Function(_) => None,
    }
}

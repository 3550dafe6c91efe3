//! Calls that make arrays: what they take, and the type of what comes out.
//!
//! NumPy itself makes the array, at run time; here its type is told from the types of the arguments. Where that cannot be done the
//! call has no compiled form.

use crate::types::{ArrayType, Dtype, Kind, Layout, MOST_DIMENSIONS, Type};

/// A function or method that makes an array.
#[derive(Debug)]
pub struct Maker {
    /// `numpy.zeros`; methods of arrays have a dot in front.
    pub name: &'static str,
    /// Its parameters; of a method the first is the array. `dtype`, `order` and `copy` are taken as they are written.
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
    "np.zeros_like" ["a", "dtype", "order", "shape"] 3 1;
    "np.ones_like" ["a", "dtype", "order", "shape"] 3 1;
    "np.empty_like" ["prototype", "dtype", "order", "shape"] 3 1;
    "np.full_like" ["a", "fill_value", "dtype", "order", "shape"] 4 2;
    "np.array" ["object", "dtype", "order"] 2 1;
    "np.asarray" ["a", "dtype", "order"] 3 1;
    "np.ascontiguousarray" ["a", "dtype"] 2 1;
    "np.asfortranarray" ["a", "dtype"] 2 1;
    "np.arange" ["start", "stop", "step", "dtype"] 4 1;
    "np.linspace" ["start", "stop", "num", "endpoint", "dtype"] 4 2;
    "np.eye" ["N", "M", "k", "dtype", "order"] 5 1;
    "np.identity" ["n", "dtype"] 2 1;
    "np.copy" ["a", "order"] 2 1;
    "np.reshape" ["a", "shape", "order"] 3 2;
    "np.ravel" ["a", "order"] 2 1;
    ".copy" ["self", "order"] 2 1;
    ".astype" ["self", "dtype", "order", "copy"] 3 2;
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
    /// The argument `copy`.
    pub copy: Option<bool>,
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

/// The type of the array that a call makes; `None` if the types do not tell. Where more than the types decides how the elements lie, it
/// is how they lie mostly: an array that turns out to be of another type leaves.
#[must_use]
pub fn result(name: &str, given: &Given<'_>) -> Option<ArrayType> {
    if is_given(name, given) {
        return given.array();
    }
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
            let dtype = given.dtype.unwrap_or(array.dtype);
            match given.arg("shape") {
                None | Some(Type::None) => new(dtype, array.ndim, kept(array, given.order)?),
                Some(shape) => {
                    let ndim = dimensions(shape)?;
                    // Only an array of as many dimensions tells how those of the new one lie.
                    let keeps = ndim == array.ndim || !matches!(given.order, None | Some('K'));
                    new(dtype, ndim, if keeps { kept(array, given.order)? } else { Layout::C })
                }
            }
        }
        "np.arange" => new(given.dtype.or_else(|| in_steps(given))?, 1, Layout::C),
        "np.linspace" => {
            let spaced = evenly_spaced(given.arg("start")?, given.arg("stop")?);
            new(given.dtype.or(spaced)?, 1, Layout::C)
        }
        "np.eye" | "np.identity" => new(given.dtype.unwrap_or(Dtype::Float64), 2, layout),
        "np.copy" => new(given.array()?.dtype, given.array()?.ndim, kept(given.array()?, given.order)?),
        "np.array" | "np.asarray" => match given.array() {
            Some(array) => new(given.dtype.unwrap_or(array.dtype), array.ndim, kept(array, given.order)?),
            None => {
                let (dtype, lengths) = nested(given.args.first()?.1)?;
                let ndim = u8::try_from(lengths.len()).ok().filter(|&ndim| ndim <= MOST_DIMENSIONS)?;
                new(given.dtype.unwrap_or(dtype), ndim, layout)
            }
        },
        "np.ascontiguousarray" | "np.asfortranarray" => {
            let array = given.array()?;
            let layout = if name == "np.asfortranarray" { Layout::F } else { Layout::C };
            new(given.dtype.unwrap_or(array.dtype), array.ndim.max(1), layout)
        }
        ".copy" => {
            let array = given.array()?;
            let layout = if given.order.is_none() { Layout::C } else { kept(array, given.order)? };
            new(array.dtype, array.ndim, layout)
        }
        ".astype" => new(given.dtype?, given.array()?.ndim, kept(given.array()?, given.order)?),
        "np.reshape" | ".reshape" => reshaped(given.array()?, dimensions(given.arg("shape")?)?, given.order),
        ".flatten" => new(given.array()?.dtype, 1, Layout::C),
        "np.ravel" | ".ravel" => {
            let array = given.array()?;
            let is_one_run = match given.order {
                None | Some('C') => array.layout == Layout::C,
                Some('F') => is_of_fortran(array),
                Some(_) => array.layout != Layout::Strided,
            };
            match is_one_run {
                true => Some(ArrayType { ndim: 1, layout: Layout::C, ..array }.as_object()),
                false => new(array.dtype, 1, Layout::C),
            }
        }
        _ => None,
    }
}

/// The type of an array of NumPy's own memory.
const fn new(dtype: Dtype, ndim: u8, layout: Layout) -> Option<ArrayType> {
    let layout = if ndim < 2 { Layout::C } else { layout };
    Some(ArrayType { dtype, ndim, layout, writable: true, view: false })
}

/// True if a call may give the array that it is given, and not a new one.
#[must_use]
pub fn may_be_given(name: &str, copy: Option<bool>) -> bool {
    match name {
        ".astype" => copy == Some(false),
        "np.asarray" | "np.ascontiguousarray" | "np.asfortranarray" => true,
        _ => false,
    }
}

/// True if the types tell that a call gives the array that it is given.
#[must_use]
pub fn is_given(name: &str, given: &Given<'_>) -> bool {
    let Some(array) = given.array().filter(|_| may_be_given(name, given.copy)) else { return false };
    let order = match name {
        // Those two have one dimension at least.
        "np.ascontiguousarray" | "np.asfortranarray" if array.ndim == 0 => return false,
        "np.ascontiguousarray" => Some('C'),
        "np.asfortranarray" => Some('F'),
        _ => given.order,
    };
    let fits = match order {
        None | Some('K') => true,
        Some('C') => array.layout == Layout::C,
        Some('F') => is_of_fortran(array),
        Some(_) => array.layout != Layout::Strided,
    };
    // Without a dtype, `astype` converts to the usual one.
    fits && given.dtype.map_or(name != ".astype", |dtype| dtype == array.dtype)
}

/// True if the elements lie in Fortran's order, whatever the lengths.
fn is_of_fortran(array: ArrayType) -> bool {
    array.layout == Layout::F || array.layout == Layout::C && array.ndim < 2
}

/// The type of an array with other dimensions: a view where the types tell that it can be one, else mostly a copy.
fn reshaped(array: ArrayType, ndim: u8, order: Option<char>) -> Option<ArrayType> {
    let of_fortran = match order {
        None | Some('C') => false,
        Some('F') => true,
        Some('A') => array.layout == Layout::F,
        Some(_) => return None,
    };
    let layout = if of_fortran && ndim > 1 { Layout::F } else { Layout::C };
    let is_one_run = if of_fortran { is_of_fortran(array) } else { array.layout == Layout::C };
    if is_one_run {
        return Some(ArrayType { ndim, layout, ..array }.as_object());
    }
    match array.ndim {
        // Any dimensions can be made of one stride.
        1 if ndim > 0 => Some(ArrayType { ndim, ..array }.as_object()),
        _ => new(array.dtype, ndim, layout),
    }
}

/// The dtype of `np.arange` of these arguments: what holds them and an int, too.
fn in_steps(given: &Given<'_>) -> Option<Dtype> {
    let numbers = given.args.iter().filter(|(_, one)| *one != Type::None);
    numbers.map(|&(_, one)| dtype_of(one)).try_fold(Dtype::Int64, |all, one| Some(all.promote(one?)))
}

/// The dtype of `np.linspace` between two numbers: that of NumPy's scalars among them, and no ints.
fn evenly_spaced(start: Type, stop: Type) -> Option<Dtype> {
    let scalar = |one: Type| match one {
        Type::Scalar(dtype) => Some(dtype),
        _ => None,
    };
    let is_complex = dtype_of(start)?.kind().max(dtype_of(stop)?.kind()) == Kind::Complex;
    let strong = match (scalar(start), scalar(stop)) {
        (Some(one), Some(other)) => one.promote(other),
        (Some(one), None) | (None, Some(one)) => one,
        (None, None) => Dtype::Bool,
    };
    let float = if strong.kind() < Kind::Float { Dtype::Float64 } else { strong };
    Some(match float {
        Dtype::Float32 if is_complex => Dtype::Complex64,
        Dtype::Float64 if is_complex => Dtype::Complex128,
        same => same,
    })
}

/// The dtype and the lengths of an array of numbers in tuples, which all are as long as those beside them.
fn nested(one: Type) -> Option<(Dtype, Vec<usize>)> {
    let Type::Tuple(shape) = one else { return Some((dtype_of(one)?, Vec::new())) };
    let parts = shape.elements().iter().map(|types| nested(types.single()?)).collect::<Option<Vec<_>>>()?;
    let Some((_, inner)) = parts.first() else { return Some((Dtype::Float64, vec![0])) };
    parts.iter().all(|(_, lengths)| lengths == inner).then_some(())?;
    let dtype = parts.iter().map(|&(dtype, _)| dtype).reduce(Dtype::promote)?;
    Some((dtype, std::iter::once(parts.len()).chain(inner.iter().copied()).collect()))
}

/// The layout of a copy that keeps that of the array, as far as possible, if `order` does not say otherwise. A part of an array mostly has
/// its longest stride first, as all of C's order have.
const fn kept(array: ArrayType, order: Option<char>) -> Option<Layout> {
    match order {
        Some('C') => Some(Layout::C),
        Some('F') => Some(Layout::F),
        None | Some('K' | 'A') => Some(match array.layout {
            Layout::F => Layout::F,
            Layout::C | Layout::Strided => Layout::C,
        }),
        Some(_) => None,
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

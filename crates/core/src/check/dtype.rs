//! Dtypes as values: which one it is, is the type, as of functions ([`FunctionType::as_dtype`]).
//!
//! Enters: an operation and the types of its operands. Leaves: what they decide. All is known when the function is compiled.

use crate::ir::Constant;
use crate::types::{Dtype, FunctionType, Type};

/// The dtype that an argument `dtype` of this type gives: none if it stands for the usual one.
#[must_use]
pub fn given(one: Type) -> Option<Option<Dtype>> {
    match one {
        Type::Function(one) => one.to_dtype().map(Some),
        Type::None => Some(None),
        _ => None,
    }
}

/// What an attribute gives that the type decides.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Attribute {
    /// The object of a dtype.
    Dtype(FunctionType),
    /// A number.
    Constant(Constant),
}

impl Attribute {
    /// The type of what it gives.
    #[must_use]
    pub fn ty(self) -> Type {
        match self {
            Self::Dtype(one) => Type::Function(one),
            Self::Constant(constant) => constant.ty(),
        }
    }
}

/// The attribute of a scalar of NumPy, as far as the type decides it.
#[must_use]
pub fn attribute(name: &str, one: Type) -> Option<Attribute> {
    let Type::Scalar(dtype) = one else { return None };
    let number = match name {
        ".dtype" => return Some(Attribute::Dtype(FunctionType::dtype(dtype))),
        ".itemsize" | ".nbytes" => dtype.size().into(),
        ".size" => 1,
        ".ndim" => 0,
        _ => return None,
    };
    Some(Attribute::Constant(Constant::Int(number)))
}

/// What an operation on the object of a dtype gives: outside, whether it is one; inside, whether the types decide it.
#[must_use]
pub fn answer(name: &str, operands: &[Type]) -> Option<Option<Constant>> {
    let object = |one: &Type| match one {
        Type::Function(one) => one.as_dtype(),
        _ => None,
    };
    let dtype = operands.iter().find_map(object)?;
    let same = |one: bool| Some(Constant::Bool(one));
    match (name, operands) {
        (".itemsize", [_]) => Some(Some(Constant::Int(dtype.size().into()))),
        (".ndim", [_]) => Some(Some(Constant::Int(0))),
        ("==" | "same.", [one, other]) => Some(equal(*one, *other).and_then(same)),
        ("!=", [one, other]) => Some(equal(*one, *other).and_then(|equal| same(!equal))),
        // There may be several objects of one dtype.
        ("is.same.", [one, other]) => Some(if object(one) == object(other) { None } else { same(false) }),
        _ => None,
    }
}

/// Whether two values are equal, one of which is the object of a dtype: NumPy makes a dtype of the other one.
fn equal(one: Type, other: Type) -> Option<bool> {
    let made = |one: Type| match one {
        Type::Function(one) => match one.to_dtype() {
            Some(dtype) => Some(Some(dtype)),
            // No dtype is made of another function of Python's own; the user's may have an attribute `dtype`.
            None => one.builtin_name().map(|_| None),
        },
        Type::None => Some(Some(Dtype::Float64)),
        _ => None,
    };
    Some(made(one)? == made(other)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dtype_is_equal_to_what_it_is_made_of() {
        let of = |name: &str| Type::Function(FunctionType::builtin(name));
        let double = of("np.dtype.float64");
        let equal = |other: Type| (answer("==", &[double, other]), answer("!=", &[other, double]));
        let known = |is: bool| (Some(Some(Constant::Bool(is))), Some(Some(Constant::Bool(!is))));
        for same in [double, of("np.float64"), of("float"), Type::None] {
            assert_eq!(equal(same), known(true), "{same:?}");
        }
        for other in [of("np.dtype.float32"), of("np.int64"), of("int"), of("math.sin")] {
            assert_eq!(equal(other), known(false), "{other:?}");
        }
        assert_eq!(equal(Type::Int), (Some(None), Some(None)));
        assert_eq!(answer("==", &[of("float"), of("np.float64")]), None);
    }
}

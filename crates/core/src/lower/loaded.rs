//! Values in registers: what a local, an operand or a row's result is while instructions are built.

use inkwell::values::{BasicValueEnum, FloatValue, IntValue, PointerValue};

use crate::types::{Dtype, Type};

/// A value in registers.
#[derive(Clone, Copy)]
pub(super) enum Loaded<'ctx> {
    /// `None`, or an unbound name: nothing but its type.
    Unit(Type),
    Bool(IntValue<'ctx>),
    Int(IntValue<'ctx>),
    Nat(IntValue<'ctx>),
    Low(IntValue<'ctx>),
    Float(FloatValue<'ctx>),
    Complex(FloatValue<'ctx>, FloatValue<'ctx>),
    /// A scalar of NumPy: an int of its width, of one bit for a bool, or a float of its width.
    Scalar(Dtype, BasicValueEnum<'ctx>),
    /// A complex scalar of NumPy, of two floats of its width.
    ScalarComplex(Dtype, FloatValue<'ctx>, FloatValue<'ctx>),
    /// An object.
    Object(PointerValue<'ctx>),
    /// An address.
    Pointer(PointerValue<'ctx>),
    /// Tag (i8) and payload (i64, twice).
    Tagged(IntValue<'ctx>, Payload<'ctx>),
}

/// The words of a payload; what is missing is undefined.
pub(super) type Payload<'ctx> = [Option<IntValue<'ctx>>; 2];

impl<'ctx> Loaded<'ctx> {
    pub(super) fn int(self) -> IntValue<'ctx> {
        self.bits()
    }

    /// An int of any kind, or a bool.
    pub(super) fn bits(self) -> IntValue<'ctx> {
        match self {
            Self::Int(value) | Self::Nat(value) | Self::Low(value) | Self::Bool(value) => value,
            Self::Scalar(_, BasicValueEnum::IntValue(value)) => value,
            Self::Unit(_)
            | Self::Float(_)
            | Self::Complex(..)
            | Self::Scalar(..)
            | Self::ScalarComplex(..)
            | Self::Object(_)
            | Self::Pointer(_)
            | Self::Tagged(..) => panic!("an int or a bool was verified"),
        }
    }

    /// The same bits as a value of the row's result type, where that is an int or a bool.
    pub(super) fn of_type(self, one: Type) -> Self {
        match one {
            Type::Bool => Self::Bool(self.bits()),
            Type::Int => Self::Int(self.bits()),
            Type::Nat => Self::Nat(self.bits()),
            Type::Low => Self::Low(self.bits()),
            Type::Scalar(dtype) if matches!(self, Self::Bool(_) | Self::Int(_)) => {
                Self::Scalar(dtype, self.bits().into())
            }
            Type::Unbound
            | Type::None
            | Type::Float
            | Type::Complex
            | Type::Scalar(_)
            | Type::Object
            | Type::Pointer
            | Type::Tuple(_)
            | Type::Array(_)
            | Type::Function(_) => self,
        }
    }

    pub(super) fn pointer(self) -> PointerValue<'ctx> {
        match self {
            Self::Object(pointer) | Self::Pointer(pointer) => pointer,
            Self::Unit(_)
            | Self::Bool(_)
            | Self::Int(_)
            | Self::Nat(_)
            | Self::Low(_)
            | Self::Float(_)
            | Self::Complex(..)
            | Self::Scalar(..)
            | Self::ScalarComplex(..)
            | Self::Tagged(..) => panic!("an address was verified"),
        }
    }

    pub(super) fn float(self) -> FloatValue<'ctx> {
        match self {
            Self::Float(value) | Self::Scalar(_, BasicValueEnum::FloatValue(value)) => value,
            Self::Unit(_)
            | Self::Bool(_)
            | Self::Int(_)
            | Self::Nat(_)
            | Self::Low(_)
            | Self::Complex(..)
            | Self::Scalar(..)
            | Self::ScalarComplex(..)
            | Self::Object(_)
            | Self::Pointer(_)
            | Self::Tagged(..) => panic!("a float was verified"),
        }
    }

    pub(super) fn complex(self) -> (FloatValue<'ctx>, FloatValue<'ctx>) {
        match self {
            Self::Complex(real, imag) | Self::ScalarComplex(_, real, imag) => (real, imag),
            Self::Unit(_)
            | Self::Bool(_)
            | Self::Int(_)
            | Self::Nat(_)
            | Self::Low(_)
            | Self::Float(_)
            | Self::Scalar(..)
            | Self::Object(_)
            | Self::Pointer(_)
            | Self::Tagged(..) => panic!("a complex was verified"),
        }
    }
}

//! Rows that arrays are taken apart into: the compiler's own, on addresses, lengths and elements.

use super::{Leave, Op, Recipe};
use crate::types::Dtype;
use crate::types::Type::{self, Bool, Int, None as NoneType, Object, Pointer};

const NEVER: &[Leave] = &[];
const OUT_OF_BOUNDS: &[Leave] = &[Leave::OutOfBounds];

const B1: Type = Type::Scalar(Dtype::Bool);
const I8: Type = Type::Scalar(Dtype::Int8);
const I16: Type = Type::Scalar(Dtype::Int16);
const I32: Type = Type::Scalar(Dtype::Int32);
const I64: Type = Type::Scalar(Dtype::Int64);
const U8: Type = Type::Scalar(Dtype::UInt8);
const U16: Type = Type::Scalar(Dtype::UInt16);
const U32: Type = Type::Scalar(Dtype::UInt32);
const U64: Type = Type::Scalar(Dtype::UInt64);
const F32: Type = Type::Scalar(Dtype::Float32);
const F64: Type = Type::Scalar(Dtype::Float64);
const C64: Type = Type::Scalar(Dtype::Complex64);
const C128: Type = Type::Scalar(Dtype::Complex128);

macro_rules! elements {
    ($($load:literal $dtype:ident)*) => {
        rows! {
            $($load (Pointer) -> $dtype, NEVER, Recipe::Load, "The element at an address.", "";
              "store." (Pointer, $dtype) -> NoneType, NEVER, Recipe::Store, "Writes an element.", "";)*
        }
    };
}

/// Elements at addresses.
pub(super) const ELEMENTS: &[Op] = elements! {
    "load.bool." B1 "load.int8." I8 "load.int16." I16 "load.int32." I32 "load.int64." I64
    "load.uint8." U8 "load.uint16." U16 "load.uint32." U32 "load.uint64." U64
    "load.float32." F32 "load.float64." F64 "load.complex64." C64 "load.complex128." C128
};

/// The name of the row that loads an element.
#[must_use]
pub const fn load(dtype: Dtype) -> &'static str {
    match dtype {
        Dtype::Bool => "load.bool.",
        Dtype::Int8 => "load.int8.",
        Dtype::Int16 => "load.int16.",
        Dtype::Int32 => "load.int32.",
        Dtype::Int64 => "load.int64.",
        Dtype::UInt8 => "load.uint8.",
        Dtype::UInt16 => "load.uint16.",
        Dtype::UInt32 => "load.uint32.",
        Dtype::UInt64 => "load.uint64.",
        Dtype::Float32 => "load.float32.",
        Dtype::Float64 => "load.float64.",
        Dtype::Complex64 => "load.complex64.",
        Dtype::Complex128 => "load.complex128.",
    }
}

macro_rules! into {
    ($($name:literal $dtype:ident)*) => { rows! { $($name ($dtype) -> $dtype, NEVER, Recipe::Same, "The value itself.", "";)* } };
}
pub(super) const INTO: &[Op] = into! {
    "into.bool." B1 "into.int8." I8 "into.int16." I16 "into.int32." I32 "into.int64." I64
    "into.uint8." U8 "into.uint16." U16 "into.uint32." U32 "into.uint64." U64
    "into.float32." F32 "into.float64." F64 "into.complex64." C64 "into.complex128." C128
};

/// Indices, addresses, lengths.
pub(super) const ROWS: &[Op] = rows! {
    "at." (Int, Int) -> Int, OUT_OF_BOUNDS, Recipe::Index, "An index into so many elements; a negative one counts from the end.", "";
    "bound." (Int, Int) -> Int, OUT_OF_BOUNDS, Recipe::Bound, "An index into so many elements, which is not negative.", "";
    "least." (Int, Int) -> Int, NEVER, Recipe::Least, "The lesser of two lengths.", "";
    "filled." (Int) -> Int, NEVER, Recipe::Filled, "A length, or 1 of a dimension without elements: what strides count it for.", "";
    "cut." (Int, Int) -> Int, NEVER, Recipe::SubCut, "A difference, or the end of 64 bits that it is beyond.", "";
    "plus." (Int, Int) -> Int, NEVER, Recipe::AddKnown, "A sum that is known to fit.", "";
    "times." (Int, Int) -> Int, NEVER, Recipe::MulKnown, "A product that is known to fit.", "";
    "element." (Pointer, Int, Int) -> Pointer, NEVER, Recipe::Locate,
        "The address of the element with a number, of so many bytes each.", "";
    "move." (Pointer, Int) -> Pointer, NEVER, Recipe::Move, "An address so many bytes further.", "";
    "is.object." (Object, Object) -> Bool, NEVER, Recipe::SameObject, "Two arrays are one object.", "";
    "data." (Object) -> Pointer, NEVER, Recipe::Data, "Where an array's first element lies.", "";
    "length." (Object, Int) -> Int, NEVER, Recipe::Length, "The length of a dimension of an array.", "";
    "stride." (Object, Int) -> Int, NEVER, Recipe::Stride, "The stride of a dimension of an array, in bytes.", "";
    "part.stride." (Object, Int) -> Int, NEVER, Recipe::PartStride, "The stride of a part of an array that its lengths tell, in bytes.", "";
    "slice.start." (Int, Int, Int) -> Int, NEVER, Recipe::Call("brrr_slice_start"), "Where a slice starts: bound, length, step.", "";
    "slice.stop." (Int, Int, Int) -> Int, NEVER, Recipe::Call("brrr_slice_stop"), "Where a slice stops: bound, length, step.", "";
    "slice.first." (Int, Int) -> Int, NEVER, Recipe::Call("brrr_slice_first"), "Where a slice without a start starts: length, step.", "";
    "slice.last." (Int, Int) -> Int, NEVER, Recipe::Call("brrr_slice_last"), "Where a slice without a stop stops: length, step.", "";
    "slice.length." (Int, Int, Int) -> Int, NEVER, Recipe::Call("brrr_slice_length"), "Elements of a slice: start, stop, step.", "";
    "slice.step." (Int, Int) -> Int, NEVER, Recipe::Call("brrr_slice_step"), "By what a slice multiplies a stride: elements, step.", "";
};

/// The name of the rows that make of a value what an array of this dtype holds, as NumPy's assignment does.
#[must_use]
pub const fn into(dtype: Dtype) -> &'static str {
    match dtype {
        Dtype::Bool => "into.bool.",
        Dtype::Int8 => "into.int8.",
        Dtype::Int16 => "into.int16.",
        Dtype::Int32 => "into.int32.",
        Dtype::Int64 => "into.int64.",
        Dtype::UInt8 => "into.uint8.",
        Dtype::UInt16 => "into.uint16.",
        Dtype::UInt32 => "into.uint32.",
        Dtype::UInt64 => "into.uint64.",
        Dtype::Float32 => "into.float32.",
        Dtype::Float64 => "into.float64.",
        Dtype::Complex64 => "into.complex64.",
        Dtype::Complex128 => "into.complex128.",
    }
}

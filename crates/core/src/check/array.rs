//! What operations on arrays give, by types alone: shared by inference and specialisation.

use super::axes;
use super::choose::{Operand, choose};
use super::flow::{Arg, Item};
use super::promote;
use crate::ir::Constant;
use crate::types::{ArrayType, Dtype, FunctionType, Kind, Layout, Shape, Type, TypeSet};

/// What happens to one dimension, or where a new one comes in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pick {
    /// One index: the dimension goes. The item with this number has it.
    At(usize),
    /// A part of the dimension: the item with this number has the bounds.
    Slice(usize),
    /// All of the dimension.
    Whole,
    /// A new dimension of length 1.
    New,
}

/// What happens to each dimension of an array; `None` if there are too many indices.
#[must_use]
pub fn picks(array: ArrayType, items: &[Item]) -> Option<Vec<Pick>> {
    let used = items.iter().filter(|item| matches!(item, Item::At(_) | Item::Slice(_))).count();
    let rest = usize::from(array.ndim).checked_sub(used)?;
    let mut picks = Vec::new();
    let mut has_ellipsis = false;
    for (at, item) in items.iter().enumerate() {
        match item {
            Item::At(_) => picks.push(Pick::At(at)),
            Item::Slice(bounds) if bounds.iter().all(|bound| is_none(*bound)) => picks.push(Pick::Whole),
            Item::Slice(_) => picks.push(Pick::Slice(at)),
            Item::NewAxis => picks.push(Pick::New),
            // IndexError: there can be one only.
            Item::Ellipsis if has_ellipsis => return None,
            Item::Ellipsis => {
                has_ellipsis = true;
                picks.extend(std::iter::repeat_n(Pick::Whole, rest));
            }
        }
    }
    if !has_ellipsis {
        picks.extend(std::iter::repeat_n(Pick::Whole, rest));
    }
    Some(picks)
}

/// The type of what is picked: an element, or a view. A view is made even of all dimensions if `...` stands among the items.
#[must_use]
pub fn picked(array: ArrayType, items: &[Item], picks: &[Pick]) -> Option<Type> {
    let ndim = picks.iter().filter(|pick| !matches!(pick, Pick::At(_))).count();
    if ndim == 0 && !items.iter().any(|item| matches!(item, Item::Ellipsis)) {
        return Some(Type::Scalar(array.dtype));
    }
    let ndim = u8::try_from(ndim).ok().filter(|&ndim| ndim <= crate::types::MOST_DIMENSIONS)?;
    let layout = layout(array.layout, items, picks, ndim);
    Some(Type::Array(ArrayType { ndim, layout, view: true, ..array }))
}

/// How the elements of a view lie: without gaps if it is one run of the array's memory whatever the bounds are.
fn layout(layout: Layout, items: &[Item], picks: &[Pick], ndim: u8) -> Layout {
    if ndim == 0 {
        return Layout::C;
    }
    let is_run = |pick: &Pick| match *pick {
        Pick::Whole => true,
        Pick::Slice(at) => matches!(&items[at], Item::Slice([_, _, step]) if is_unit(*step)),
        Pick::At(_) | Pick::New => false,
    };
    // The slowest dimensions come first, of one index each, then at most one part, then whole dimensions.
    let one_run = |picks: &mut dyn Iterator<Item = &Pick>| {
        let mut rest = picks.skip_while(|pick| matches!(pick, Pick::At(_)));
        rest.next().is_none_or(is_run) && rest.all(|pick| *pick == Pick::Whole)
    };
    match layout {
        Layout::C if one_run(&mut picks.iter()) => Layout::C,
        Layout::F if one_run(&mut picks.iter().rev()) => {
            if ndim == 1 {
                Layout::C
            } else {
                Layout::F
            }
        }
        Layout::C | Layout::F | Layout::Strided => Layout::Strided,
    }
}

fn is_none(bound: Arg) -> bool {
    matches!(bound, Arg::Constant(Constant::None))
}

fn is_unit(step: Arg) -> bool {
    matches!(step, Arg::Constant(Constant::None | Constant::Int(1)))
}

/// Whether a value of this type is an index, or a bound of a slice. A bool is none: NumPy takes it for a mask.
#[must_use]
pub fn is_index(one: Type) -> bool {
    match one {
        Type::Int | Type::Nat => true,
        Type::Scalar(dtype) => dtype.is_int(),
        Type::Unbound
        | Type::None
        | Type::Bool
        | Type::Float
        | Type::Complex
        | Type::Low
        | Type::Object
        | Type::Pointer
        | Type::Tuple(_)
        | Type::Array(_)
        | Type::Function(_) => false,
    }
}

/// The indices that a tuple in the brackets stands for, as types; `None` if it has others.
#[must_use]
pub fn tuple_of_indices(one: Type) -> Option<usize> {
    let Type::Tuple(shape) = one else { return None };
    let all = shape.elements().iter().all(|types| types.single().is_some_and(is_index));
    all.then(|| shape.elements().len())
}

/// The type of an element or part, with the types of what stands in the brackets told by `types`.
#[must_use]
pub fn item(array: ArrayType, items: &[Item], types: &impl Fn(Arg) -> TypeSet) -> Option<Type> {
    if let [Item::At(only)] = items
        && let Some(count) = types(*only).iter().find_map(tuple_of_indices)
    {
        let all = vec![Item::At(*only); count];
        return picked(array, &all, &picks(array, &all)?);
    }
    let fits = |item: &Item| match item {
        Item::At(index) => types(*index).iter().any(is_index),
        Item::Slice(bounds) => {
            bounds.iter().all(|&bound| types(bound).iter().any(|one| one == Type::None || is_index(one)))
        }
        Item::Ellipsis | Item::NewAxis => true,
    };
    if !items.iter().all(fits) {
        return None;
    }
    picked(array, items, &picks(array, items)?)
}

/// The type of an array's transpose: a view.
#[must_use]
pub const fn transposed(array: ArrayType) -> ArrayType {
    let layout = match array.layout {
        Layout::C if array.ndim < 2 => Layout::C,
        Layout::C => Layout::F,
        Layout::F => Layout::C,
        Layout::Strided => Layout::Strided,
    };
    ArrayType { layout, view: true, ..array }
}

/// A tuple of as many ints as the array has dimensions.
#[must_use]
pub fn ints(array: ArrayType) -> Option<Type> {
    Shape::new(&vec![Type::Int.into(); array.ndim.into()]).map(Type::Tuple)
}

/// Attributes of arrays.
pub const ATTRIBUTES: &[&str] = &[".shape", ".ndim", ".size", ".dtype", ".strides", ".itemsize", ".nbytes", ".T"];

/// What an operation with an array among its operands gives; empty if compiled code does not do it.
#[must_use]
pub fn result(name: &str, operands: &[Operand]) -> TypeSet {
    let types = operands.iter().map(|&(one, _)| one).collect::<Vec<_>>();
    let types = types.as_slice();
    let found = match (name, types) {
        ("load.", [Type::Array(array), _]) => Some(Type::Scalar(array.dtype)),
        ("into.", [Type::Array(array), from]) => {
            let stored = promote::operation(crate::ops::array::into(array.dtype), &[(*from, None)]);
            stored.map(|_| Type::Scalar(array.dtype))
        }
        ("store.", [Type::Array(_), _, _]) => Some(Type::None),
        // Of a part of an array there is no object that could be compared.
        ("is.same.", [Type::Array(one), Type::Array(other)]) => (!one.view && !other.view).then_some(Type::Bool),
        ("is.same.", [_, _]) => Some(Type::Bool),
        ("len", [Type::Array(array)]) if array.ndim > 0 => Some(Type::Int),
        ("over.", [Type::Array(array)]) if array.ndim > 0 => Some(types[0]),
        ("elements.", [Type::Array(_)]) => Some(types[0]),
        ("at.", [Type::Array(array), Type::Int]) => first(*array),
        ("unpack.", [Type::Array(array), _, _]) if array.ndim > 0 => first(*array),
        ("unpack.star.", [Type::Array(array), _, _]) if array.ndim > 0 => match operands[1].1 {
            Some(Constant::Int(0)) => Some(Type::None),
            _ => first(*array),
        },
        ("shortest.", all) if all.iter().all(|&one| has_length(one)) => Some(Type::Int),
        (".ndim" | ".size" | ".itemsize" | ".nbytes", [Type::Array(_)]) => Some(Type::Int),
        (".shape" | ".strides", [Type::Array(array)]) => ints(*array),
        (".dtype", [Type::Array(array)]) => Some(Type::Function(FunctionType::dtype(array.dtype))),
        (".T", [Type::Array(array)]) => Some(Type::Array(transposed(*array))),
        (".real", [Type::Array(array)]) if array.dtype.kind() != Kind::Complex => Some(types[0]),
        (".real" | ".imag", [Type::Array(array)]) => part(*array).map(Type::Array),
        (".transpose" | ".swapaxes", [Type::Array(array), ..]) => {
            let written = operands[1..].iter().map(|&(_, constant)| constant).collect::<Option<Vec<_>>>();
            let order = written.and_then(|written| axes::order(name, array.ndim.into(), &written));
            order.map(|order| Type::Array(axes::viewed(*array, &order)))
        }
        ("truth." | "bool", [Type::Array(_)]) => Some(Type::Bool),
        (".item", [Type::Array(array), indices @ ..]) if indices.iter().all(|&index| is_index(index)) => {
            let count = indices.len();
            (count < 2 || count == usize::from(array.ndim)).then(|| number(name, array.dtype)).flatten()
        }
        // Of more dimensions it raises, or is to.
        ("float" | "int", [Type::Array(array)]) if array.ndim == 0 && array.dtype.kind() != Kind::Complex => {
            number(name, array.dtype)
        }
        ("complex", [Type::Array(array)]) if array.ndim == 0 => number(name, array.dtype),
        (_, [Type::Array(_), ..]) if name.starts_with("is.") || name.starts_with("isinstance.") => Some(Type::Bool),
        _ => None,
    };
    found.map(TypeSet::of).unwrap_or_default()
}

/// The type of Python's number that a row makes of a scalar.
fn number(name: &str, dtype: Dtype) -> Option<Type> {
    choose(name, &[(Type::Scalar(dtype), None)], false).map(|choice| choice.op.row().result)
}

/// The type of a view of the real, or the imaginary, parts of complex elements.
#[must_use]
pub fn part(array: ArrayType) -> Option<ArrayType> {
    let dtype = match array.dtype {
        Dtype::Complex64 => Dtype::Float32,
        Dtype::Complex128 => Dtype::Float64,
        _ => return None,
    };
    let layout = if array.ndim == 0 { Layout::C } else { Layout::Strided };
    Some(ArrayType { dtype, layout, view: true, ..array })
}

/// What one index gives.
fn first(array: ArrayType) -> Option<Type> {
    let one = [Item::At(Arg::Constant(Constant::Int(0)))];
    picked(array, &one, &picks(array, &one)?)
}

/// True for what can be gone over: tuples, and arrays of one dimension at least.
fn has_length(one: Type) -> bool {
    match one {
        Type::Tuple(_) => true,
        Type::Array(array) => array.ndim > 0,
        _ => false,
    }
}

/// True if NumPy would work through whole arrays: what this does not do is refused, not left to the interpreter.
#[must_use]
pub fn is_whole(name: &str, operands: &[TypeSet]) -> bool {
    const OPERATORS: [&str; 21] = [
        "+", "-", "*", "/", "//", "%", "**", "**-", "<<", ">>", "&", "|", "^", "~", "@", "<", "<=", "==", "!=", ">",
        ">=",
    ];
    const FUNCTIONS: [&str; 8] = ["abs", "sum", "min", "max", "any", "all", "divmod", "in."];
    let has_array = operands.iter().any(|types| types.iter().any(|one| matches!(one, Type::Array(_))));
    has_array && (OPERATORS.contains(&name) || FUNCTIONS.contains(&name) || name.starts_with("np."))
}

//! Operations whose operands' types tell that they are refused, not left to the interpreter.

use super::{Types, part, read};
use crate::check::array;
use crate::check::flow::{Arg, Item, Step, StepKind};
use crate::diagnostic::{Code, Diagnostic};
use crate::types::{Type, TypeSet};

const ELEMENT: &str = "write `x[()]`, the element of an array `x` without dimensions";

/// What to say where NumPy would work through a whole array.
pub(super) fn whole_array(step: &Step, types: &Types) -> Option<Diagnostic> {
    let set = |arg: &Arg| read(*arg, types).without(Type::Unbound);
    let is_array = |set: TypeSet| set.iter().any(|one| matches!(one, Type::Array(_)));
    let is_single = |set: TypeSet| set.iter().any(|one| matches!(one, Type::Array(array) if array.ndim == 0));
    let of_index = |set: TypeSet| match is_single(set) {
        true => (
            "an array as an index cannot be compiled".to_owned(),
            "write `k.item()` for an array `k` without dimensions",
        ),
        false => ("an array of indices or a mask cannot be compiled".to_owned(), "write a loop over the indices"),
    };
    let (message, help) = match &step.kind {
        StepKind::Op("into.", args) if is_single(set(args.get(1)?)) => {
            ("an element cannot be set to an array".to_owned(), ELEMENT)
        }
        StepKind::Op("into.", args) if is_array(set(args.get(1)?)) => {
            ("an element cannot be set to an array".to_owned(), "write the elements one by one")
        }
        StepKind::Op("[]", args) if args.iter().all(|arg| is_array(set(arg))) => of_index(set(args.get(1)?)),
        StepKind::Op(".imag", args) if is_array(set(args.first()?)) => (
            "`.imag` of an array of real elements cannot be compiled".to_owned(),
            "write `np.zeros_like(a)`; `.imag` of complex elements is compiled",
        ),
        StepKind::Op(name, args) => {
            let sets = args.iter().map(set).collect::<Vec<_>>();
            array::is_whole(name, &sets).then_some(())?;
            let name = match *name {
                "**-" => "**",
                "in." => "in",
                same => same,
            };
            let arrays = sets.iter().filter(|set| is_array(**set)).map(|set| format!("`{}`", set.python()));
            let message =
                format!("`{name}` on a whole array, {}, cannot be compiled", arrays.collect::<Vec<_>>().join(" and "));
            let only_single = sets.iter().all(|&set| is_single(set) || !is_array(set));
            (
                message,
                if only_single { ELEMENT } else { "write a loop over the elements: `for i in range(len(a)): ...`" },
            )
        }
        StepKind::Place(_, items) if items.iter().flat_map(Item::args).any(|arg| is_array(set(&arg))) => {
            of_index(items.iter().flat_map(Item::args).map(|arg| set(&arg)).find(|&set| is_array(set))?)
        }
        StepKind::Place(value, items) => {
            is_array(part(*value, items, types)).then_some(())?;
            (
                "assigning to a part of an array cannot be compiled".to_owned(),
                "write a loop over the elements of the part",
            )
        }
        StepKind::Item(value, items) => {
            let indices = items.iter().flat_map(Item::args);
            let index = indices.into_iter().map(|arg| set(&arg)).find(|&set| is_array(set));
            of_index(index.filter(|_| is_array(set(value)))?)
        }
        StepKind::Copy(_)
        | StepKind::Keep(_)
        | StepKind::Tuple(_)
        | StepKind::Leave(_)
        | StepKind::Create(_)
        | StepKind::Call(_)
        | StepKind::Function(_)
        | StepKind::Hold(_) => return None,
    };
    Some(Diagnostic::new(Code::WholeArray, message, step.span, "the whole array at once").help(help))
}

/// What to say where it is not known whether two values are one object.
pub(super) fn identity(step: &Step, types: &Types) -> Option<Diagnostic> {
    let StepKind::Op("is.same.", args) = &step.kind else { return None };
    let all_are = |is: fn(Type) -> bool| {
        let mut sets = args.iter().map(|arg| read(*arg, types).without(Type::Unbound));
        sets.all(|set| set.iter().any(is))
    };
    let (message, label, help) = if all_are(|one| matches!(one, Type::Array(_))) {
        (
            "`is` of a part of an array cannot be compiled",
            "a part that compiled code has made has no object",
            "compare the arrays that the parts are of, or keep in a variable which one it is",
        )
    } else if all_are(|one| matches!(one, Type::Function(one) if one.as_dtype().is_some())) {
        (
            "`is` between equal dtypes cannot be compiled",
            "there may be several objects of one dtype",
            "compare with `==`",
        )
    } else {
        return None;
    };
    Some(Diagnostic::new(Code::Identity, message, step.span, label).help(help))
}

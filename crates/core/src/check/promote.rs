//! NumPy's promotion: the row for an operation on its scalars, and how operands and stored values are converted.
//!
//! Enters: a name and operands, of which one is a scalar of NumPy. Leaves: a row, whose operands are of one dtype, and for each
//! operand the row that converts it. Python's numbers are weak (NEP 50): beside a scalar they take its dtype, or the least of their
//! own kind that goes with it, and an int that does not fit raises OverflowError, which is an exit. Comparisons are exact instead.

use std::cmp::Reverse;

use super::choose::{Choice, Operand};
use crate::ir::Constant;
use crate::ops::ufunc::{self, Way};
use crate::ops::{self, OpId};
use crate::types::{Dtype, Kind, Type};

/// True if an operation is NumPy's: by its name, or since one of its operands is a scalar.
#[must_use]
pub fn is_numpy(name: &str, operands: &[Operand]) -> bool {
    operands.iter().any(|(one, _)| matches!(one, Type::Scalar(_)))
        || name.starts_with("np.")
        || name.starts_with("into.")
}

/// The row for an operation with scalars of NumPy among its operands. `None` if there is none: NumPy raises, or does what compiled
/// code does not.
#[must_use]
pub fn operation(name: &str, operands: &[Operand]) -> Option<Choice> {
    let types = operands.iter().map(|&(one, _)| one).collect::<Vec<_>>();
    let row = |name: &str, types: &[Type]| ops::find(name, types).map(|op| Choice { op, constant: None });
    let exact = || row(name, &types);
    if name.starts_with("np.") {
        return constructed(name, operands).or_else(|| function(name, operands));
    }
    match (name, operands) {
        ("truth.", _) => exact(),
        // A float of Python's is rounded to one, whatever tells the digits.
        ("round", &[(first, _), _]) if !matches!(first, Type::Scalar(_)) => None,
        (_, &[operand]) if name.starts_with("into.") => stored(name, operand),
        // Python's complex numbers take floats, and float64 is one.
        (_, &[(Type::Complex, _), (Type::Scalar(Dtype::Float64), _)])
            if binary(name).is_some() || is_comparison(name) =>
        {
            row(name, &[Type::Complex, Type::Complex])
        }
        (_, &[left, right]) if is_comparison(name) => comparison(name, left, right, false).or_else(exact),
        // Complex scalars have no such method.
        ("round", &[(Type::Scalar(one), _), _]) if one.kind() == Kind::Complex => None,
        ("round", &[(Type::Scalar(_), _), _]) => function("np.round", operands),
        // Python's own numbers take a number of digits as an index.
        ("round", &[(one, _), (Type::Scalar(digits), _)]) => match one {
            Type::Float if digits.is_int() => row("round", &[Type::Float, Type::Int]),
            Type::Bool | Type::Int if digits.is_int() => row("round", &[Type::Int, Type::Int]),
            _ => None,
        },
        (_, &[left, right]) => match binary(name) {
            Some(name) => arithmetic(name, left, right),
            None => exact().or_else(|| by_parameters(name, operands)),
        },
        _ => exact().or_else(|| by_parameters(name, operands)),
    }
}

/// `into.int8.` and the like: the row that makes an element of an array from a value that is stored in it, as NumPy does. `None` if
/// NumPy raises.
fn stored(name: &str, (from, constant): Operand) -> Option<Choice> {
    let dtype = Dtype::from_name(name.strip_prefix("into.")?.strip_suffix('.')?)?;
    let op = match from {
        Type::Scalar(one) if one == dtype => ops::find(name, &[from]),
        // These are taken as ints of Python's are; all others are cast.
        Type::Scalar(one) if dtype.kind() == Kind::Signed && (one.is_int() || one.kind() == Kind::Float) => {
            fit(dtype, from).or_else(|| cast(dtype, from))
        }
        _ => conversion((from, constant), Type::Scalar(dtype)),
    };
    op.map(|op| Choice { op, constant: None })
}

/// The row that converts an operand to a parameter's type, as NumPy's constructors do: Python's ints have to fit, scalars are cast.
#[must_use]
pub fn conversion((from, constant): Operand, to: Type) -> Option<OpId> {
    match (from, to) {
        (Type::Scalar(_), Type::Float) => ops::find("float", &[from]),
        (Type::Scalar(_), Type::Int) => ops::find("index.", &[from]),
        (Type::Scalar(_), Type::Complex) => ops::find("complex", &[from]),
        (Type::Int | Type::Nat, Type::Scalar(dtype)) if dtype.is_int() => {
            let fits = constant.is_some_and(|constant| holds(dtype, constant));
            if fits { cast(dtype, from) } else { fit(dtype, from).or_else(|| cast(dtype, from)) }
        }
        (Type::Float, Type::Scalar(dtype)) if dtype.is_int() => fit(dtype, from),
        (_, Type::Scalar(dtype)) => cast(dtype, from),
        _ => None,
    }
}

/// The row `as.int8.` and the like.
fn cast(dtype: Dtype, from: Type) -> Option<OpId> {
    ops::find(&format!("as.{}.", dtype.name()), &[from])
}

/// The row `into.int8.` and the like; there is none where every value fits.
fn fit(dtype: Dtype, from: Type) -> Option<OpId> {
    ops::find(&format!("into.{}.", dtype.name()), &[from])
}

/// True if an int of this dtype can have this value.
fn holds(dtype: Dtype, constant: Constant) -> bool {
    let value = match constant {
        Constant::Bool(value) => i128::from(value),
        Constant::Int(value) => i128::from(value),
        Constant::Nat(value) => i128::from(value),
        Constant::None | Constant::Float(_) | Constant::Complex(..) => return false,
    };
    let bits = 8 * dtype.size();
    match dtype.kind() {
        Kind::Signed => (-(1_i128 << (bits - 1))..1 << (bits - 1)).contains(&value),
        Kind::Unsigned => (0..1_i128 << bits).contains(&value),
        Kind::Bool | Kind::Float | Kind::Complex => false,
    }
}

/// The dtype that operands have in common; `None` if one is no number. Python's numbers have dtypes of their own only among
/// themselves: bool, int64, float64, complex128.
fn common(operands: &[Operand]) -> Option<Dtype> {
    let strong = operands.iter().filter_map(|&(one, _)| match one {
        Type::Scalar(dtype) => Some(dtype),
        _ => None,
    });
    let mut strong = strong.collect::<Vec<_>>();
    // Of three dtypes the widest kind takes up the others one by one: what two ints have in common may be more than a float32 holds.
    strong.sort_by_key(|dtype| Reverse(dtype.kind()));
    let strong = strong.into_iter().reduce(Dtype::promote);
    let mut dtype = strong;
    for &(one, _) in operands {
        let beside = dtype.unwrap_or(Dtype::Bool);
        dtype = Some(match (one, beside.kind()) {
            (Type::Scalar(_) | Type::Bool, _) => beside,
            (Type::Int, Kind::Bool) => Dtype::Int64,
            (Type::Nat, Kind::Bool) => strong.map(|_| Dtype::Int64)?,
            (Type::Int | Type::Nat, _) => beside,
            (Type::Float, Kind::Bool | Kind::Signed | Kind::Unsigned) => Dtype::Float64,
            (Type::Float, Kind::Float | Kind::Complex) => beside,
            (Type::Complex, _) if matches!(beside, Dtype::Float32 | Dtype::Complex64) => Dtype::Complex64,
            (Type::Complex, _) => Dtype::Complex128,
            _ => return None,
        });
    }
    dtype
}

/// The dtype of an array that is made of a number; of an int of 64 bits without a sign it is another one than uint64
/// is for NumPy.
const fn own_dtype(one: Type) -> Option<Dtype> {
    match one {
        Type::Scalar(dtype) => Some(dtype),
        Type::Bool => Some(Dtype::Bool),
        Type::Int => Some(Dtype::Int64),
        Type::Float => Some(Dtype::Float64),
        Type::Complex => Some(Dtype::Complex128),
        _ => None,
    }
}

/// The name of the rows of a binary operator.
fn binary(name: &str) -> Option<&str> {
    match name {
        // For scalars a negative literal is an exponent as any other; sums have no rules of their own.
        "**-" => Some("**"),
        "sum.int." => Some("+"),
        "+" | "-" | "*" | "/" | "//" | "%" | "**" | "<<" | ">>" | "&" | "|" | "^" => Some(name),
        _ => None,
    }
}

fn arithmetic(name: &str, left: Operand, right: Operand) -> Option<Choice> {
    let dtype = match (name, common(&[left, right])?) {
        ("/", dtype) if dtype.is_int() || dtype == Dtype::Bool => Dtype::Float64,
        ("//" | "%" | "**" | "<<" | ">>", Dtype::Bool) => Dtype::Int8,
        (_, dtype) => dtype,
    };
    let op = ops::find(name, &[Type::Scalar(dtype); 2])?;
    Some(Choice { op, constant: None })
}

fn is_comparison(name: &str) -> bool {
    matches!(name, "<" | "<=" | "==" | "!=" | ">" | ">=" | "same.")
}

/// Ints are compared by their values, whatever their dtypes; everything else in the common dtype.
fn comparison(name: &str, left: Operand, right: Operand, by_function: bool) -> Option<Choice> {
    let dtype = common(&[left, right])?;
    // Beside a bool an int has to fit 64 bits with a sign.
    let both = [left.0, right.0];
    if both.contains(&Type::Nat) && both.contains(&Type::Scalar(Dtype::Bool)) {
        return None;
    }
    // Where neither operand is of the common dtype, or a bool comes first, NumPy's function compares, not the scalar.
    let has_common = [left.0, right.0].contains(&Type::Scalar(dtype));
    let is_of_scalar = has_common && left.0 != Type::Scalar(Dtype::Bool) && !by_function;
    let name = match name {
        _ if is_of_scalar || dtype.kind() != Kind::Complex => name,
        "<" => "np.less",
        "<=" => "np.less_equal",
        ">" => "np.greater",
        ">=" => "np.greater_equal",
        _ => name,
    };
    // An int as large as need be; a constant that fits the other operand is no larger than that.
    let wide = |(one, constant): Operand, other: Type| match (one, other) {
        (Type::Scalar(Dtype::UInt64) | Type::Nat, _) => Some(Dtype::UInt64),
        (Type::Scalar(dtype), _) if dtype.is_int() || dtype == Dtype::Bool => Some(Dtype::Int64),
        (Type::Int, Type::Scalar(Dtype::UInt64)) if constant.is_some_and(|value| holds(Dtype::UInt64, value)) => {
            Some(Dtype::UInt64)
        }
        (Type::Int | Type::Bool, _) => Some(Dtype::Int64),
        _ => None,
    };
    let fits = |(one, constant): Operand| match one {
        Type::Int | Type::Nat => constant.is_some_and(|value| holds(dtype, value)),
        _ => true,
    };
    let is_exact = |one: Type| one != Type::Scalar(Dtype::UInt64) || dtype == Dtype::UInt64;
    let narrow = fits(left) && fits(right) && is_exact(left.0) && is_exact(right.0);
    let dtypes = match (wide(left, right.0), wide(right, left.0)) {
        (Some(left), Some(right)) if !narrow => [left, right],
        _ => [dtype; 2],
    };
    let op = ops::find(name, &dtypes.map(Type::Scalar))?;
    Some(Choice { op, constant: None })
}

/// `np.int8(x)`: the row of the dtype, to which any number is converted.
fn constructed(name: &str, operands: &[Operand]) -> Option<Choice> {
    let dtype = Dtype::from_constructor(name)?;
    let [operand] = operands else { return None };
    conversion(*operand, Type::Scalar(dtype))?;
    ops::find(name, &[Type::Scalar(dtype)]).map(|op| Choice { op, constant: None })
}

/// The row for a function of NumPy.
fn function(name: &str, operands: &[Operand]) -> Option<Choice> {
    let row = |name: &str, types: &[Type]| ops::find(name, types).map(|op| Choice { op, constant: None });
    let own = ufunc::with_rows(name);
    let all = |dtype: Dtype| vec![Type::Scalar(dtype); operands.len()];
    let is_complex = || common(operands).map(|dtype| dtype.kind() == Kind::Complex);
    match (ufunc::way(name, operands.len())?, operands) {
        // NumPy's loops over complex numbers round in other places than its scalars do.
        (Way::Operator("*"), _) if is_complex()? => row("np.multiply", &all(common(operands)?)),
        (Way::Operator("abs"), _) if is_complex()? => row("np.abs", &all(common(operands)?)),
        (Way::Operator(operator), &[left, right]) if is_comparison(operator) => comparison(operator, left, right, true),
        (Way::Operator("**"), _) if common(operands)?.kind() == Kind::Float => row("np.power", &all(common(operands)?)),
        (Way::Operator(operator), &[left, right]) => arithmetic(operator, left, right),
        (Way::Operator(operator), _) => row(operator, &all(common(operands)?)),
        (Way::Truth(operator), _) => {
            let are_numbers = operands.iter().all(|&operand| common(&[operand]).is_some());
            row(operator, &all(Dtype::Bool)).filter(|_| are_numbers)
        }
        (Way::Common, &[(first, _), low, high]) => {
            // The number that is clipped becomes an array first, whose dtype is not weak.
            let clipped = own_dtype(first)?;
            let dtype = common(&[(Type::Scalar(clipped), None), low, high])?;
            // A bound of Python's that no int of that dtype is beyond counts for nothing, which shows where the other bound may be beyond.
            let counts = |&(bound, constant): &Operand| match (bound, constant) {
                (Type::Int, Some(Constant::Int(value))) => [value.checked_sub(1), value.checked_add(1)]
                    .into_iter()
                    .all(|one| one.is_some_and(|one| holds(clipped, Constant::Int(one)))),
                (one, _) => !matches!(one, Type::Int | Type::Nat),
            };
            let all_count = dtype == clipped || !clipped.is_int() || [low, high].iter().all(counts);
            row(own, &all(dtype)).filter(|_| all_count)
        }
        (Way::Common, _) => {
            let dtype = common(operands)?;
            // The least int that there is a loop for.
            let as_int =
                dtype == Dtype::Bool && matches!(own, "np.square" | "np.reciprocal" | "np.conjugate" | "np.fmod");
            row(own, &all(if as_int { Dtype::Int8 } else { dtype }))
        }
        (Way::Floats, _) => row(own, &all(float(operands)?)),
        (Way::Number, &[(one, _)]) => {
            let dtype = match one {
                Type::Scalar(dtype) if matches!(dtype.kind(), Kind::Float | Kind::Complex) => dtype,
                Type::Complex => Dtype::Complex128,
                _ => common(operands).map(|_| Dtype::Float64)?,
            };
            row(own, &all(dtype))
        }
        (Way::WithInt, &[number, count]) if own == "np.ldexp" => {
            // An int of Python's counts as an int32 here.
            let is_count = match count {
                (Type::Scalar(Dtype::UInt64), _) => false,
                (Type::Scalar(dtype), _) => dtype.is_int() || dtype == Dtype::Bool,
                (Type::Int, Some(value)) => holds(Dtype::Int32, value),
                (one, _) => one == Type::Bool,
            };
            // Beside a small dtype an int of Python's is a small one, too.
            let is_weak = matches!((number.0, count.0), (Type::Bool | Type::Int, Type::Scalar(_)));
            row(own, &[Type::Scalar(float(&[number])?), Type::Scalar(Dtype::Int64)]).filter(|_| is_count && !is_weak)
        }
        (Way::WithInt, &[number, digits]) => {
            let dtype = common(&[number])?;
            let is_int = match digits.0 {
                Type::Scalar(dtype) => dtype.is_int(),
                one => one == Type::Int,
            };
            row(own, &[Type::Scalar(dtype), Type::Int]).filter(|_| is_int)
        }
        (Way::Number | Way::WithInt, _) => None,
    }
}

/// True if a function of NumPy gives a float16 for operands of some types.
#[must_use]
pub fn may_give_half(name: &str, operands: usize) -> bool {
    matches!(ufunc::way(name, operands), Some(Way::Floats)) || matches!(ufunc::with_rows(name), "np.ldexp" | "np.round")
}

/// True if a function of NumPy gives a float16.
#[must_use]
pub fn gives_half(name: &str, operands: &[Operand]) -> bool {
    let halved = |numbers: &[Operand]| common(numbers).is_some() && float(numbers).is_none();
    match (ufunc::way(name, operands.len()), operands) {
        (Some(Way::Floats), _) => halved(operands),
        (Some(Way::WithInt), &[number, (count, _)]) if name == "np.ldexp" => {
            let is_count = match count {
                Type::Scalar(dtype) => dtype.is_int() || dtype == Dtype::Bool,
                one => matches!(one, Type::Bool | Type::Int),
            };
            // An int of Python's is as small as there is a loop for beside a dtype of ints.
            let is_weak = number.0 == Type::Int && matches!(count, Type::Scalar(dtype) if dtype.is_int());
            is_count && (is_weak || halved(&[number]))
        }
        (Some(Way::Common), &[(one, _)]) if ufunc::with_rows(name) == "np.round" => {
            matches!(one, Type::Bool | Type::Scalar(Dtype::Bool))
        }
        _ => false,
    }
}

/// The float in which a function works; `None` for float16.
fn float(operands: &[Operand]) -> Option<Dtype> {
    let of = |dtype: Dtype| match dtype {
        Dtype::Bool | Dtype::Int8 | Dtype::UInt8 => None,
        Dtype::Int16 | Dtype::UInt16 | Dtype::Float32 => Some(Dtype::Float32),
        Dtype::Int32 | Dtype::Int64 | Dtype::UInt32 | Dtype::UInt64 | Dtype::Float64 => Some(Dtype::Float64),
        complex => Some(complex),
    };
    let ints = operands.iter().map(|&(one, _)| match one {
        Type::Scalar(dtype) if dtype.is_int() || dtype == Dtype::Bool => Some(of(dtype)),
        _ => None,
    });
    // Of ints each goes to the float of its own.
    match ints.collect::<Option<Vec<_>>>() {
        Some(ints) => ints.into_iter().flatten().reduce(Dtype::promote),
        None => of(common(operands)?),
    }
}

/// Functions of `math` take what is a float, or an int, to `__float__` and `__index__`.
fn by_parameters(name: &str, operands: &[Operand]) -> Option<Choice> {
    let floats = ["modf.fraction.", "modf.whole.", "frexp.fraction.", "frexp.exponent."].contains(&name);
    // These ask for Python's own type, or for a method that scalars lack.
    let strict = matches!((name, operands), ("math.ldexp", [_, (Type::Scalar(_), _)]));
    if !(floats || name.starts_with("math.")) || strict {
        return None;
    }
    let kinds = |to: Type| {
        move |&(one, _): &Operand| match (one, to) {
            (Type::Scalar(dtype), Type::Float) => dtype.kind() != Kind::Complex,
            (Type::Scalar(dtype), Type::Int) => dtype.is_int(),
            (Type::Bool | Type::Int, Type::Float) => true,
            (Type::Nat, Type::Float) => true,
            (Type::Bool, Type::Int) => true,
            (one, to) => one == to,
        }
    };
    if matches!(name, "math.trunc") {
        let float = operands.iter().all(|&(one, _)| one == Type::Scalar(Dtype::Float64));
        let op = float.then(|| ops::find(name, &[Type::Float])).flatten()?;
        return Some(Choice { op, constant: None });
    }
    let fits = |op: &OpId| {
        let params = op.row().params;
        params.len() == operands.len() && params.iter().zip(operands).all(|(&to, operand)| kinds(to)(operand))
    };
    // What takes floats takes ints as floats, too: `math.floor` rounds them.
    let found = ops::overloads(name).filter(fits);
    let op = found.max_by_key(|op| op.row().params.iter().filter(|&&one| one == Type::Float).count())?;
    Some(Choice { op, constant: None })
}

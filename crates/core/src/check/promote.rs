//! NumPy's promotion: the row for an operation on its scalars, and how operands and stored values are converted.
//!
//! Enters: a name and operands, of which one is a scalar of NumPy. Leaves: a row, whose operands are of one dtype, and for each
//! operand the row that converts it. Python's numbers are weak (NEP 50): beside a scalar they take its dtype, or the least of their
//! own kind that goes with it, and an int that does not fit raises OverflowError, which is an exit. Comparisons are exact instead.

use super::choose::{Choice, Operand};
use crate::ir::Constant;
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
    match (name, operands) {
        ("truth.", _) => exact(),
        (_, &[operand]) if name.starts_with("into.") => stored(name, operand),
        // Python's complex numbers take floats, and float64 is one.
        (_, &[(Type::Complex, _), (Type::Scalar(Dtype::Float64), _)])
            if binary(name).is_some() || is_comparison(name) =>
        {
            row(name, &[Type::Complex, Type::Complex])
        }
        (_, &[left, right]) if is_comparison(name) => comparison(name, left, right).or_else(exact),
        (_, &[left, right]) => match binary(name) {
            Some(name) => arithmetic(name, left, right),
            None => exact().or_else(|| by_parameters(name, operands)),
        },
        _ => exact().or_else(|| constructed(name, operands)).or_else(|| by_parameters(name, operands)),
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

/// The dtype that two operands have in common; `None` if one is no number.
fn common(left: Type, right: Type) -> Option<Dtype> {
    let beside = |dtype: Dtype, other: Type| {
        Some(match (other, dtype.kind()) {
            (Type::Bool, _) => dtype,
            (Type::Int | Type::Nat, Kind::Bool) => Dtype::Int64,
            (Type::Int | Type::Nat, _) => dtype,
            (Type::Float, Kind::Bool | Kind::Signed | Kind::Unsigned) => Dtype::Float64,
            (Type::Float, Kind::Float | Kind::Complex) => dtype,
            (Type::Complex, _) if matches!(dtype, Dtype::Float32 | Dtype::Complex64) => Dtype::Complex64,
            (Type::Complex, _) => Dtype::Complex128,
            _ => return None,
        })
    };
    match (left, right) {
        (Type::Scalar(left), Type::Scalar(right)) => Some(left.promote(right)),
        (Type::Scalar(dtype), other) | (other, Type::Scalar(dtype)) => beside(dtype, other),
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
    let dtype = match (name, common(left.0, right.0)?) {
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
fn comparison(name: &str, left: Operand, right: Operand) -> Option<Choice> {
    let dtype = common(left.0, right.0)?;
    // Where neither operand is of the common dtype, or a bool comes first, NumPy's function compares, not the scalar.
    let is_of_scalar = [left.0, right.0].contains(&Type::Scalar(dtype)) && left.0 != Type::Scalar(Dtype::Bool);
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

//! `isinstance`: tests that types decide.
//!
//! Enters: the call. Leaves: an operation for each class, with rows in the table for Python's own classes; for NumPy's the rule stands here.

use rustpython_parser::ast::{self, Expr};

use super::bind::Binder;
use super::flow::Arg;
use crate::ir::Constant;
use crate::ops;
use crate::outside::Outside;
use crate::syntax::span;
use crate::types::{Dtype, Kind, Type};

macro_rules! tests {
    ($($class:literal)*) => {
        &[$(concat!("isinstance.np.", $class, ".")),*]
    };
}

/// The tests for NumPy's classes.
const NUMPY: &[&str] = tests! {
    "bool_" "int8" "int16" "int32" "int64" "uint8" "uint16" "uint32" "uint64"
    "float32" "float64" "complex64" "complex128" "generic" "number" "integer" "signedinteger" "unsignedinteger"
    "inexact" "floating" "complexfloating" "ndarray"
};

/// The test for a class of NumPy.
fn numpy_test(class: &str) -> Option<&'static str> {
    let is_it = |test: &&&str| test.strip_prefix("isinstance.").and_then(|test| test.strip_suffix('.')) == Some(class);
    NUMPY.iter().find(is_it).copied()
}

/// True for a test for a class of NumPy.
#[must_use]
pub fn is_of_numpy(name: &str) -> bool {
    NUMPY.contains(&name)
}

/// Whether a value of this type is an instance of a class of NumPy; `None` if the operation asks for something else.
#[must_use]
pub fn answer(name: &str, one: Type) -> Option<bool> {
    let class = name.strip_prefix("isinstance.np.")?.strip_suffix('.')?;
    match one {
        Type::Scalar(dtype) => Some(is_of(dtype, class)),
        Type::Array(_) => Some(class == "ndarray"),
        Type::None
        | Type::Bool
        | Type::Int
        | Type::Nat
        | Type::Float
        | Type::Complex
        | Type::Tuple(_)
        | Type::Function(_) => Some(false),
        Type::Unbound | Type::Low | Type::Object | Type::Pointer => None,
    }
}

/// Whether the scalars of a dtype are of a class.
fn is_of(dtype: Dtype, class: &str) -> bool {
    match class {
        "generic" => true,
        "number" => dtype.kind() != Kind::Bool,
        "integer" => dtype.is_int(),
        "signedinteger" => dtype.kind() == Kind::Signed,
        "unsignedinteger" => dtype.kind() == Kind::Unsigned,
        "inexact" => matches!(dtype.kind(), Kind::Float | Kind::Complex),
        "floating" => dtype.kind() == Kind::Float,
        "complexfloating" => dtype.kind() == Kind::Complex,
        _ => dtype.scalar_name() == class,
    }
}

impl Binder<'_> {
    /// `isinstance(x, int)`, `isinstance(x, (int, float))`, `isinstance(x, int | float)`: the types are known at compile time.
    pub(super) fn is_instance(&mut self, call: &ast::ExprCall) -> Arg {
        let place = span(call);
        let ([value, classes], true) = (call.args.as_slice(), call.keywords.is_empty()) else {
            let args = self.operands(call).unwrap_or_default();
            return self.leaving("call.", args, place);
        };
        let value = self.expression(value);
        let mut names = Vec::new();
        if !self.classes(classes, &mut names) {
            return self.refuse_type(classes);
        }
        let mut answer = None;
        for name in names {
            let one = self.op(name, vec![value], place);
            answer = Some(match answer {
                Some(before) => self.op("|", vec![before, one], place),
                None => one,
            });
        }
        // An empty tuple has no type.
        answer.unwrap_or(Arg::Constant(Constant::Bool(false)))
    }

    /// Collects the rows that ask for types; false if something else is there.
    pub(super) fn classes(&mut self, expression: &Expr, names: &mut Vec<&'static str>) -> bool {
        match expression {
            Expr::Name(name) if self.local(name.id.as_str()).is_none() => {
                let means = self.env.meaning(name.id.as_str());
                self.class(name.id.as_str(), &means, names)
            }
            Expr::Attribute(attribute) => match self.member(attribute) {
                Some((path, means)) => self.class(&path, &means, names),
                None => false,
            },
            Expr::Tuple(tuple) => tuple.elts.iter().all(|one| self.classes(one, names)),
            Expr::BinOp(ast::ExprBinOp { left, op: ast::Operator::BitOr, right, .. }) => {
                let either = [left, right];
                // `None` stands for its type here, though not alone.
                let is_none =
                    |one: &Expr| matches!(one, Expr::Constant(constant) if constant.value == ast::Constant::None);
                if either.iter().all(|one| is_none(one)) || either.iter().any(|one| matches!(&***one, Expr::Tuple(_))) {
                    return false;
                }
                either.into_iter().all(|one| match is_none(one) {
                    true => {
                        names.push("isinstance.None.");
                        true
                    }
                    false => self.classes(one, names),
                })
            }
            // `type(None)`.
            Expr::Call(ast::ExprCall { func, args, keywords, .. }) => {
                let (Expr::Name(name), [Expr::Constant(only)], []) = (&**func, args.as_slice(), keywords.as_slice())
                else {
                    return false;
                };
                let is_type = self.local(name.id.as_str()).is_none()
                    && self.env.meaning(name.id.as_str()) == Outside::Function("type");
                if is_type && only.value == ast::Constant::None {
                    self.guard(name.id.as_str());
                    names.push("isinstance.None.");
                    return true;
                }
                false
            }
            _ => false,
        }
    }

    /// Collects the test for one class.
    fn class(&mut self, path: &str, means: &Outside, names: &mut Vec<&'static str>) -> bool {
        let Outside::Function(class) = means else { return false };
        let test = ops::name(&format!("isinstance.{class}.")).or_else(|| numpy_test(class));
        let Some(test) = test else { return false };
        self.guard(path);
        names.push(test);
        true
    }
}

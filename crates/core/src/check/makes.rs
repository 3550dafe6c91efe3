//! Calls that make arrays to steps: a part of [`super::bind`] like [`super::call`].

use rustpython_parser::ast::{self, CmpOp, Expr};

use super::bind::Binder;
use super::creation::Maker;
use super::flow::{Arg, Creation, DtypeArg, StepKind};
use crate::diagnostic::{Code, Fix, nearest};
use crate::ir::Constant;
use crate::outside::Outside;
use crate::source::Span;
use crate::syntax::span;
use crate::types::{Dtype, FunctionType};

impl Binder<'_> {
    /// A call of a function or method that makes an array. What does not fit its parameters leaves, so that NumPy raises.
    pub(super) fn creation(&mut self, maker: &'static Maker, receiver: Option<&Expr>, call: &ast::ExprCall) -> Arg {
        let place = span(call);
        let starred = call.args.iter().any(|argument| matches!(argument, Expr::Starred(_)))
            || call.keywords.iter().any(|keyword| keyword.arg.is_none());
        if starred {
            return self.refuse_as(Code::StarredArgument, place);
        }
        let mut creation =
            Creation { function: maker.name, args: Vec::new(), positional: 0, dtype: None, order: None, copy: None };
        let mut taken = Vec::new();
        if let Some(receiver) = receiver {
            let value = self.expression(receiver);
            creation.args.push((maker.names[0], value));
            taken.push(maker.names[0]);
        }
        // `a.reshape(2, 3)` is `a.reshape((2, 3))`.
        let lengths = maker.name == ".reshape" && call.args.len() > 1;
        if lengths {
            let parts = call.args.iter().map(|argument| self.expression(argument)).collect();
            let shape = self.tuple(parts, place);
            creation.args.push(("shape", shape));
            taken.push("shape");
        } else {
            let first = taken.len();
            let positional = call.args.iter().enumerate().map(|(at, argument)| (maker.names.get(first + at), argument));
            for (name, argument) in positional {
                let Some(&name) = name.filter(|_| taken.len() < maker.positional) else {
                    return self.does_not_fit(call);
                };
                if !self.given(&mut creation, name, argument) {
                    return self.refuse_argument(argument, name);
                }
                taken.push(name);
            }
        }
        creation.positional = creation.args.len();
        for keyword in &call.keywords {
            let name = keyword.arg.as_deref().unwrap_or_default();
            let Some(&name) = maker.names.iter().find(|known| **known == name) else {
                return self.refuse_keyword(keyword, maker.name, "leave it out");
            };
            if taken.contains(&name) {
                return self.does_not_fit(call);
            }
            if !self.given(&mut creation, name, &keyword.value) {
                return self.refuse_argument(&keyword.value, name);
            }
            taken.push(name);
        }
        // `np.arange(stop=n)` has no start.
        let has_stop = maker.name == "np.arange" && taken.contains(&"stop");
        if !has_stop && !maker.names[..maker.required].iter().all(|name| taken.contains(name)) {
            return self.does_not_fit(call);
        }
        if maker.name == "np.arange" {
            only_stop(&mut creation);
        }
        let target = self.temporary();
        self.step(target, StepKind::Create(Box::new(creation)), place);
        Arg::Var(target)
    }

    /// TypeError in Python.
    fn does_not_fit(&mut self, call: &ast::ExprCall) -> Arg {
        let args = self.operands(call).unwrap_or_default();
        self.leaving("call.", args, span(call))
    }

    fn refuse_argument(&mut self, argument: &Expr, name: &str) -> Arg {
        let near = (name == "dtype").then(|| dtype_meant(argument)).flatten();
        let help = match (name, near) {
            (_, Some((near, _))) => &*format!("is it `{near}`?"),
            ("dtype", None) => "write a dtype by name, such as `np.float64`, `float` or \"int32\", or `a.dtype`",
            ("copy", None) => "write `True` or `False`",
            _ => "write \"C\" or \"F\"",
        };
        let what = format!("`{}` as the `{name}` of an array", self.file.slice(span(argument)));
        let why = match argument {
            _ if near.is_some() => "no dtype of compiled code",
            Expr::Constant(_) => "no dtype of compiled code",
            _ => "known at run time only",
        };
        self.refuse_with(Code::ArrayArgument, span(argument), &what, why, help);
        if let (Some((near, at)), Some(said)) = (near, self.diagnostics.last_mut()) {
            said.fixes.push(Fix::new(format!("write `{near}`"), at, near).maybe());
        }
        Arg::Constant(Constant::None)
    }

    /// Takes an argument; false if it is a dtype or an order that only the running program could tell.
    fn given(&mut self, creation: &mut Creation, name: &'static str, argument: &Expr) -> bool {
        match name {
            "dtype" => match self.dtype(argument) {
                Some(dtype) => creation.dtype = dtype,
                None => return false,
            },
            "order" => match argument {
                Expr::Constant(ast::ExprConstant { value: ast::Constant::Str(order), .. })
                    if matches!(order.as_str(), "C" | "F" | "K" | "A") =>
                {
                    creation.order = order.chars().next();
                }
                _ => return false,
            },
            "copy" => match argument {
                Expr::Constant(ast::ExprConstant { value: ast::Constant::Bool(copy), .. }) => {
                    creation.copy = Some(*copy)
                }
                _ => return false,
            },
            "shape" => {
                let value = self.listed(argument, false);
                creation.args.push((name, value));
            }
            _ => {
                let is_data = matches!(creation.function, "np.array" | "np.asarray");
                let value = if is_data { self.listed(argument, true) } else { self.expression(argument) };
                creation.args.push((name, value));
            }
        }
        true
    }

    /// A list that NumPy only reads, which is a tuple to it; with those within it, or not.
    fn listed(&mut self, argument: &Expr, deep: bool) -> Arg {
        let parts = match argument {
            Expr::List(list) => &list.elts,
            Expr::Tuple(tuple) if deep => &tuple.elts,
            _ => return self.expression(argument),
        };
        if parts.iter().any(|part| matches!(part, Expr::Starred(_))) {
            return self.expression(argument);
        }
        let parts = parts.iter().map(|part| if deep { self.listed(part, true) } else { self.expression(part) });
        let parts = parts.collect();
        self.tuple(parts, span(argument))
    }

    /// A dtype; `Some(None)` for `None`, which stands for the usual one.
    fn dtype(&mut self, argument: &Expr) -> Option<Option<DtypeArg>> {
        if let Expr::Constant(constant) = argument {
            return match &constant.value {
                ast::Constant::Str(name) => Dtype::from_text(name).map(|dtype| Some(DtypeArg::Known(dtype))),
                ast::Constant::None => Some(None),
                _ => None,
            };
        }
        let (path, means) = match argument {
            Expr::Name(name) if self.local(name.id.as_str()).is_some() => {
                return Some(Some(DtypeArg::Of(self.expression(argument))));
            }
            Expr::Call(call) if self.is_call_of_dtype(call) => {
                return Some(Some(DtypeArg::Of(self.expression(argument))));
            }
            Expr::Name(name) => {
                let name = crate::syntax::identifier(name.id.as_str());
                let means = self.env.meaning(&name);
                (name, means)
            }
            Expr::Attribute(attribute) => match self.member(attribute) {
                Some(found) => found,
                None if attribute.attr.as_str() == "dtype" => {
                    return Some(Some(DtypeArg::Of(self.expression(argument))));
                }
                None => return None,
            },
            _ => return None,
        };
        let function = match means {
            Outside::Function(function) => function,
            // Only a run tells.
            Outside::Untold => return Some(Some(DtypeArg::Of(self.expression(argument)))),
            _ => return None,
        };
        let dtype = FunctionType::builtin(function).to_dtype()?;
        self.guard(&path);
        Some(Some(DtypeArg::Known(dtype)))
    }

    /// `np.dtype(x)`, of what the source tells.
    pub(super) fn dtype_object(&mut self, call: &ast::ExprCall) -> Arg {
        let ([argument], []) = (call.args.as_slice(), call.keywords.as_slice()) else {
            return self.refuse_call(call, None);
        };
        let dtype = match (argument, self.dtype(argument)) {
            (_, Some(None)) => Dtype::Float64,
            (_, Some(Some(DtypeArg::Known(dtype)))) => dtype,
            // What is an object already stays it.
            (Expr::Attribute(_) | Expr::Call(_), Some(Some(DtypeArg::Of(value)))) => return value,
            (_, Some(Some(DtypeArg::Of(_))) | None) => return self.refuse_call(call, None),
        };
        self.function_value(FunctionType::dtype(dtype), span(call))
    }

    /// True for `np.dtype(x)`.
    fn is_call_of_dtype(&self, call: &ast::ExprCall) -> bool {
        let means = match &*call.func {
            Expr::Name(name) if self.local(name.id.as_str()).is_none() => {
                self.env.meaning(&crate::syntax::identifier(name.id.as_str()))
            }
            Expr::Attribute(attribute) => match self.member(attribute) {
                Some((_, means)) => means,
                None => return false,
            },
            _ => return false,
        };
        means == Outside::Function("np.dtype")
    }

    /// An operand of a comparison: beside a dtype, a text that NumPy makes a dtype of.
    pub(super) fn compared(&mut self, operator: CmpOp, one: &Expr, beside: &Expr) -> Arg {
        let is_dtype = match beside {
            Expr::Attribute(attribute) => attribute.attr.as_str() == "dtype" && self.member(attribute).is_none(),
            Expr::Call(call) => self.is_call_of_dtype(call),
            _ => false,
        };
        match one {
            Expr::Constant(ast::ExprConstant { value: ast::Constant::Str(text), .. })
                if is_dtype && matches!(operator, CmpOp::Eq | CmpOp::NotEq) =>
            {
                match Dtype::from_text(text) {
                    Some(dtype) => self.function_value(FunctionType::dtype(dtype), span(one)),
                    None => self.expression(one),
                }
            }
            _ => self.expression(one),
        }
    }
}

/// The one argument of `np.arange(n)` is the stop.
fn only_stop(creation: &mut Creation) {
    let starts = creation.args.iter().filter(|(name, _)| matches!(*name, "start" | "stop")).count();
    let none = |arg: Arg| matches!(arg, Arg::Constant(Constant::None));
    if let ([(name @ "start", value), ..], 1) = (creation.args.as_mut_slice(), starts)
        && !none(*value)
    {
        *name = "stop";
    }
}

/// The name of a dtype that was most likely meant by a text or an attribute, and its place.
fn dtype_meant(argument: &Expr) -> Option<(&'static str, Span)> {
    let (written, end) = match argument {
        Expr::Attribute(attribute) => (attribute.attr.as_str(), span(argument).end),
        Expr::Constant(ast::ExprConstant { value: ast::Constant::Str(text), .. }) => {
            (text.as_str(), span(argument).end.checked_sub(1)?)
        }
        _ => return None,
    };
    let near = nearest(written, Dtype::ALL.into_iter().map(Dtype::name))?;
    Some((near, Span::new(end.checked_sub(written.len() as u32)?, end)))
}

//! Names from outside, attributes and calls: the part of [`super::bind`] that knows what Python's functions take.
//!
//! A name from outside is a constant, or a function that is called; what was relied on becomes a guard. A call whose arguments
//! fit becomes an operation of the table, named after the function; `min` and the like are taken apart into comparisons. A call
//! that CPython would refuse is a step without a row: the statement leaves, and CPython raises.

use rustpython_parser::ast::{self, Expr};

use super::axes;
use super::bind::Binder;
use super::creation;
use super::flow::{Arg, Hidden, StepKind, Target, VarId};
use super::function;
use crate::diagnostic::{Code, Diagnostic};
use crate::ir::Constant;
use crate::ops;
use crate::outside::Outside;
use crate::source::Span;
use crate::syntax::{identifier, span};
use crate::types::{Dtype, FunctionType, Type};

/// The parameters of a function that takes keywords or has defaults.
struct Parameters {
    function: &'static str,
    names: &'static [&'static str],
    /// The first so many cannot be given by keyword.
    positional_only: usize,
    /// The first so many can be given by position.
    positional: usize,
    /// The first so many have no default.
    required: usize,
}

macro_rules! parameters {
    ($($function:literal [$($name:literal),*] $only:literal $positional:literal $required:literal;)*) => {
        &[$(Parameters {
            function: $function, names: &[$($name),*], positional_only: $only, positional: $positional, required: $required,
        }),*]
    };
}

/// As `inspect.signature` gives them. A function that is not here takes positional arguments, as many as its rows have.
const PARAMETERS: &[Parameters] = parameters! {
    "bool" ["x"] 1 1 0;
    "float" ["x"] 1 1 0;
    "int" ["x", "base"] 1 2 0;
    "pow" ["base", "exp", "mod"] 0 3 2;
    "round" ["number", "ndigits"] 0 2 1;
    "sum" ["iterable", "start"] 1 2 1;
    "np.round" ["a", "decimals"] 0 2 1;
    "np.around" ["a", "decimals"] 0 2 1;
    "np.clip" ["a", "a_min", "a_max"] 0 3 3;
    "math.isclose" ["a", "b", "rel_tol", "abs_tol"] 0 2 2;
    "math.log" ["x", "base"] 2 2 1;
    "math.nextafter" ["x", "y", "steps"] 2 2 2;
    "math.perm" ["n", "k"] 2 2 1;
    "math.prod" ["iterable", "start"] 1 1 1;
};

/// The parameters of a function that can only be given by name.
#[must_use]
pub fn keywords(function: &str) -> &'static [&'static str] {
    let known = PARAMETERS.iter().find(|known| known.function == function);
    known.map_or(&[], |known| &known.names[known.positional..])
}

/// Attributes of numbers; what else has a dot in front is a method.
const ATTRIBUTES: &[&str] = &[".real", ".imag", ".numerator", ".denominator"];

/// The attributes of numbers and arrays.
pub(super) fn attributes() -> impl Iterator<Item = &'static str> {
    ATTRIBUTES.iter().chain(super::array::ATTRIBUTES).copied()
}

/// The methods of numbers, tuples and arrays.
pub(super) fn methods() -> impl Iterator<Item = &'static str> {
    let rows = ops::TABLE.iter().map(|row| row.name).filter(|name| name.starts_with('.') && !ATTRIBUTES.contains(name));
    rows.chain([".as_integer_ratio", ".count", ".index"]).chain(axes::METHODS).chain(creation::methods())
}

const NONE: Arg = Arg::Constant(Constant::None);

impl Binder<'_> {
    /// Notes that the meaning of a name was taken as given.
    pub(super) fn guard(&mut self, path: &str) {
        if !self.flow.guards.iter().any(|known| known == path) {
            self.flow.guards.push(path.to_owned());
        }
    }

    /// The variable of a value from outside that comes as a hidden argument.
    pub(super) fn hidden(&mut self, path: &str, told: Option<Type>) -> VarId {
        if let Some(known) = self.flow.hidden.iter().find(|known| known.path == path) {
            return known.variable;
        }
        let variable = self.variable(format!(".{path}"), false);
        self.flow.hidden.push(Hidden { path: path.to_owned(), variable, told, cell: None });
        variable
    }

    /// The value of a name that is no local.
    pub(super) fn outside(&mut self, name: &str, place: Span) -> Arg {
        let name = crate::syntax::identifier(name);
        let means = self.env.meaning(&name);
        let value = self.outside_value(&name, means, place);
        if let Some(variable) = value.var().filter(|one| self.flow.hidden.iter().any(|hidden| hidden.variable == *one))
        {
            self.flow.reads.push((variable, place));
        }
        value
    }

    fn outside_value(&mut self, path: &str, means: Outside, place: Span) -> Arg {
        let refused = match means {
            Outside::Constant(constant) if !matches!(constant, ast::Constant::Str(_)) => {
                self.guard(path);
                return self.constant(&constant, place);
            }
            Outside::Scalar(class, value) => {
                self.guard(path);
                let value = self.constant(&value, place);
                return self.op(class, vec![value], place);
            }
            Outside::Variable(told) => return Arg::Var(self.hidden(path, told)),
            Outside::Function(name) if function::is_value(name) => {
                self.guard(path);
                return self.function_value(FunctionType::builtin(name), place);
            }
            Outside::Callee(callee) => {
                self.guard(path);
                return self.function_value(FunctionType::callee(&callee), place);
            }
            Outside::Tuple(parts) if parts.iter().all(Self::is_written_out) => {
                self.guard(path);
                return self.written_out(&parts, place);
            }
            Outside::Missing => {
                self.guard(path);
                self.undefined(path, place);
                return self.leaving("name.", Vec::new(), place);
            }
            Outside::Untold => {
                let message = format!("what `{path}` is, only the running program can tell");
                let diagnostic = Diagnostic::new(Code::UnknownName, message, place, "its type is not known here");
                let help = "a number that the module assigns once is known to the editor, too";
                self.diagnostics.push(diagnostic.help(help));
                return self.leaving("name.", Vec::new(), place);
            }
            other => other,
        };
        self.refuse_name(path, &refused, place)
    }

    /// True for what stands in a tuple from outside as if it was written there.
    fn is_written_out(means: &Outside) -> bool {
        match means {
            Outside::Function(name) => function::is_value(name),
            Outside::Callee(_) | Outside::Constant(_) | Outside::Scalar(..) => true,
            Outside::Tuple(parts) => parts.iter().all(Self::is_written_out),
            Outside::Module(_)
            | Outside::Variable(_)
            | Outside::Namespace(_)
            | Outside::Missing
            | Outside::Untold
            | Outside::Other(_) => false,
        }
    }

    /// A tuple from outside that holds functions, as the display of its elements.
    fn written_out(&mut self, parts: &[Outside], place: Span) -> Arg {
        let elements = parts.iter().map(|part| match part {
            Outside::Function(name) => self.function_value(FunctionType::builtin(name), place),
            Outside::Callee(callee) => self.function_value(FunctionType::callee(callee), place),
            Outside::Constant(constant) => self.constant(constant, place),
            Outside::Scalar(class, value) => {
                let value = self.constant(value, place);
                self.op(class, vec![value], place)
            }
            Outside::Tuple(inner) => self.written_out(inner, place),
            Outside::Module(_)
            | Outside::Variable(_)
            | Outside::Namespace(_)
            | Outside::Missing
            | Outside::Untold
            | Outside::Other(_) => self.leaving("name.", Vec::new(), place),
        });
        let elements = elements.collect();
        self.tuple(elements, place)
    }

    /// A function as a value.
    pub(super) fn function_value(&mut self, one: FunctionType, place: Span) -> Arg {
        let target = self.temporary();
        self.step(target, StepKind::Function(one), place);
        Arg::Var(target)
    }

    /// An operation that has no row: the statement always leaves.
    pub(super) fn leaving(&mut self, name: &'static str, args: Vec<Arg>, place: Span) -> Arg {
        self.op(name, args, place)
    }

    /// What `module.name` or `package.module.name` means, and its path; `None` if this is an attribute of something else.
    pub(super) fn member(&self, attribute: &ast::ExprAttribute) -> Option<(String, Outside)> {
        let path = match &*attribute.value {
            Expr::Name(name) if self.local(name.id.as_str()).is_none() => crate::syntax::identifier(name.id.as_str()),
            Expr::Attribute(inner) => self.member(inner)?.0,
            _ => return None,
        };
        let attribute = crate::syntax::identifier(attribute.attr.as_str());
        let means = self.env.attribute(&path, &attribute)?;
        Some((format!("{path}.{attribute}"), means))
    }

    /// `x.real`, `math.pi`.
    pub(super) fn attribute(&mut self, attribute: &ast::ExprAttribute) -> Arg {
        let place = span(attribute);
        if let Some((path, means)) = self.member(attribute) {
            return self.outside_value(&path, means, place);
        }
        let dotted = format!(".{}", attribute.attr);
        let known = ops::name(&dotted).filter(|known| ATTRIBUTES.contains(known));
        match known.or_else(|| super::array::ATTRIBUTES.iter().copied().find(|known| *known == dotted)) {
            Some(name) => {
                let value = self.expression(&attribute.value);
                self.op(name, vec![value], place)
            }
            // The name itself is unknown: it may come to be a module.
            None if self.is_untold(&attribute.value) => self.expression(&attribute.value),
            None => self.refuse_attribute(attribute),
        }
    }

    /// True for a name from outside, or an attribute of one, of which nothing is known before the call.
    fn is_untold(&self, value: &Expr) -> bool {
        let means = match value {
            Expr::Name(name) if self.local(name.id.as_str()).is_none() => {
                self.env.meaning(&crate::syntax::identifier(name.id.as_str()))
            }
            Expr::Attribute(inner) => match self.member(inner) {
                Some((_, means)) => means,
                None => return self.is_untold(&inner.value),
            },
            _ => return false,
        };
        matches!(means, Outside::Missing | Outside::Untold)
    }

    /// A call as a value.
    pub(super) fn call(&mut self, call: &ast::ExprCall) -> Arg {
        if let Some((path, target)) = self.target(call) {
            return self.call_of_function(call, &path, target);
        }
        let (path, means) = match &*call.func {
            Expr::Name(name) if self.local(name.id.as_str()).is_none() => {
                let name = crate::syntax::identifier(name.id.as_str());
                let means = self.env.meaning(&name);
                (name, means)
            }
            Expr::Attribute(attribute) => match self.member(attribute) {
                Some(found) => found,
                None => return self.method(call, attribute),
            },
            _ => return self.refuse_call(call, None),
        };
        let function = match means {
            Outside::Function(function) => function,
            Outside::Missing if path.contains('.') => {
                self.guard(&path);
                self.no_attribute(&path, span(&*call.func));
                let args = self.operands(call).unwrap_or_default();
                return self.leaving("name.", args, span(call));
            }
            // Known when the function is called, if it is bound by then.
            Outside::Missing => return self.call_of_missing(call, &path),
            Outside::Untold => {
                let message = format!("what `{path}` is, only the running program can tell");
                let diagnostic = Diagnostic::new(Code::UnknownName, message, span(&*call.func), "not known here");
                let help = "a function that is defined in this file is known to the editor, too";
                self.diagnostics.push(diagnostic.help(help));
                let args = self.operands(call).unwrap_or_default();
                return self.leaving("name.", args, span(call));
            }
            Outside::Constant(_)
            | Outside::Scalar(..)
            | Outside::Module(_)
            | Outside::Variable(_)
            | Outside::Tuple(_)
            | Outside::Callee(_) => {
                return self.refuse_call(call, None);
            }
            Outside::Namespace(what) | Outside::Other(what) => return self.refuse_call(call, Some(&what)),
        };
        let before = self.diagnostics.len();
        let value = self.function(function, call);
        if self.diagnostics.len() == before || !self.diagnostics[before..].iter().any(Diagnostic::is_error) {
            self.guard(&path);
        }
        value
    }

    /// A call of a function of the user's.
    fn call_of_function(&mut self, call: &ast::ExprCall, path: &str, target: Target) -> Arg {
        // What is called is looked up before the arguments.
        let target = match target {
            Target::Known(callee) => Target::Known(callee),
            Target::Value(_) => Target::Value(self.function_or_value(&call.func, true)),
        };
        let Some(operands) = self.operands(call) else { return NONE };
        let (args, by_name) = operands.split_at(call.args.len());
        let names = call.keywords.iter().filter_map(|keyword| keyword.arg.as_ref());
        let keywords = names.map(|name| identifier(name.as_str())).zip(by_name.iter().copied()).collect();
        if !path.is_empty() {
            self.guard(path);
        }
        self.made_call(target, args.to_vec(), keywords, span(call))
    }

    /// A call of a name that is bound nowhere so far: the function itself, or one that is defined behind it.
    fn call_of_missing(&mut self, call: &ast::ExprCall, path: &str) -> Arg {
        self.guard(path);
        if path != self.flow.name {
            self.undefined(path, span(&*call.func));
        }
        let args = self.operands(call).unwrap_or_default();
        self.leaving("name.", args, span(call))
    }

    fn function(&mut self, function: &'static str, call: &ast::ExprCall) -> Arg {
        let place = span(call);
        if let Some(maker) = creation::maker(function) {
            return self.creation(maker, None, call);
        }
        if let Some(method) = axes::method(function) {
            return self.turned(method, None, call);
        }
        match function {
            "range" => return self.refuse_call(call, None),
            "isinstance" => return self.is_instance(call),
            "np.dtype" => return self.dtype_object(call),
            _ if function.starts_with("np.") => return self.numpy_function(function, call),
            "len" | "sum" | "any" | "all" | "min" | "max" => {
                if let Some(value) = self.over_range(function, call) {
                    return value;
                }
            }
            _ => {}
        }
        if let Some(value) = self.over_display(function, call) {
            return value;
        }
        if let Some(value) = self.over_tuple(function, call) {
            return value;
        }
        if matches!(function, "min" | "max") {
            return self.extreme(function, call);
        }
        let taken_apart = matches!(function, "pow" | "len" | "divmod" | "math.modf" | "math.frexp");
        if ops::name(function).is_none() && !taken_apart {
            return self.refuse_call(call, None);
        }
        let args = match self.arguments(function, call) {
            Some(Ok(args)) => args,
            Some(Err(args)) => return self.leaving("call.", args, place),
            None => return NONE,
        };
        let given = args.iter().flatten().copied().collect::<Vec<_>>();
        match (function, args.as_slice()) {
            ("bool", [None]) => Arg::Constant(Constant::Bool(false)),
            ("int", [None, None]) => Arg::Constant(Constant::Int(0)),
            ("float", [None]) => Arg::Constant(Constant::Float(0.0)),
            ("pow", [Some(base), Some(exponent), None | Some(Arg::Constant(Constant::None))]) => {
                self.power(*base, *exponent, place)
            }
            ("len", [Some(value)]) => self.op("len", vec![*value], place),
            ("divmod", [Some(left), Some(right)]) => {
                let parts = ["//", "%"].map(|name| self.op(name, vec![*left, *right], place));
                self.tuple(parts.to_vec(), place)
            }
            ("math.modf", [Some(value)]) => self.parts(["modf.fraction.", "modf.whole."], *value, place),
            ("math.frexp", [Some(value)]) => self.parts(["frexp.fraction.", "frexp.exponent."], *value, place),
            ("round", [Some(number), Some(Arg::Constant(Constant::None))]) => self.op(function, vec![*number], place),
            ("math.perm", [Some(number), Some(Arg::Constant(Constant::None))]) => {
                self.op(function, vec![*number], place)
            }
            ("math.isclose", [Some(a), Some(b), relative, absolute]) if relative.is_some() || absolute.is_some() => {
                let (usual, none) = (Arg::Constant(Constant::Float(1e-9)), Arg::Constant(Constant::Float(0.0)));
                self.op(function, vec![*a, *b, relative.unwrap_or(usual), absolute.unwrap_or(none)], place)
            }
            ("math.gcd", []) => Arg::Constant(Constant::Int(0)),
            ("math.lcm", []) => Arg::Constant(Constant::Int(1)),
            ("math.hypot", []) => Arg::Constant(Constant::Float(0.0)),
            ("math.hypot", [_, _, _, _, _, ..]) => {
                let all = self.tuple(given, place);
                self.op("math.hypot*", vec![all], place)
            }
            // Python takes these step by step, too.
            ("math.gcd" | "math.lcm", [Some(first), Some(second), rest @ ..]) => {
                let value = self.op(function, vec![*first, *second], place);
                rest.iter().flatten().fold(value, |value, next| self.op(function, vec![value, *next], place))
            }
            _ if ops::takes(function, given.len()) => self.op(function, given, place),
            _ => self.leaving("call.", given, place),
        }
    }

    /// A function of NumPy on scalars, or one of their types.
    fn numpy_function(&mut self, function: &'static str, call: &ast::ExprCall) -> Arg {
        let place = span(call);
        let takes_keywords = PARAMETERS.iter().any(|known| known.function == function);
        if let Some(keyword) = call.keywords.first().filter(|_| !takes_keywords) {
            return self.refuse_keyword(keyword, function, "write the function with the numbers alone");
        }
        let args = match self.arguments(function, call) {
            Some(Ok(args)) => args,
            Some(Err(args)) => return self.leaving("call.", args, place),
            None => return NONE,
        };
        let is_none = |arg: &Option<Arg>| matches!(arg, Some(Arg::Constant(Constant::None)));
        let (function, args) = match (function, args.as_slice()) {
            // A bound that is None is none.
            ("np.clip", [value, low, high]) if is_none(low) && !is_none(high) => ("np.minimum", vec![*value, *high]),
            ("np.clip", [value, low, high]) if is_none(high) && !is_none(low) => ("np.maximum", vec![*value, *low]),
            _ => (function, args),
        };
        let given = args.into_iter().flatten().collect::<Vec<_>>();
        let is_type = Dtype::from_constructor(function).is_some();
        match given.len() {
            // Zero, as of Python's types.
            0 if is_type => self.op(function, vec![Arg::Constant(Constant::Bool(false))], place),
            1 if is_type => self.op(function, given, place),
            count if ops::ufunc::way(function, count).is_some() => self.op(function, given, place),
            _ => self.leaving("call.", given, place),
        }
    }

    fn power(&mut self, base: Arg, exponent: Arg, place: Span) -> Arg {
        let negative = matches!(exponent, Arg::Constant(Constant::Int(exponent)) if exponent < 0);
        self.op(if negative { "**-" } else { "**" }, vec![base, exponent], place)
    }

    /// The tuple of the results of two rows.
    fn parts(&mut self, names: [&'static str; 2], value: Arg, place: Span) -> Arg {
        let parts = names.map(|name| self.op(name, vec![value], place));
        self.tuple(parts.to_vec(), place)
    }

    /// `x.bit_length()`.
    fn method(&mut self, call: &ast::ExprCall, attribute: &ast::ExprAttribute) -> Arg {
        let dotted = format!(".{}", attribute.attr);
        if dotted == ".as_integer_ratio" && call.args.is_empty() && call.keywords.is_empty() {
            let value = self.expression(&attribute.value);
            return self.parts(["ratio.numerator.", "ratio.denominator."], value, span(call));
        }
        let of_tuple = [".count", ".index"].into_iter().find(|known| *known == dotted);
        if let (Some(name), [wanted], true) = (of_tuple, call.args.as_slice(), call.keywords.is_empty())
            && !matches!(wanted, Expr::Starred(_))
        {
            let value = self.expression(&attribute.value);
            let wanted = self.expression(wanted);
            return self.op(name, vec![value, wanted], span(call));
        }
        if let Some(maker) = creation::maker(&dotted) {
            return self.creation(maker, Some(&attribute.value), call);
        }
        if let Some(name) = axes::METHODS.into_iter().find(|known| *known == dotted) {
            return self.turned(name, Some(&attribute.value), call);
        }
        let Some(name) = ops::name(&dotted).filter(|known| !ATTRIBUTES.contains(known)) else {
            return self.refuse_call(call, None);
        };
        let value = self.expression(&attribute.value);
        let Some(mut args) = self.operands(call) else { return NONE };
        args.insert(0, value);
        // Of an array, an element.
        let takes = ops::takes(name, args.len()) || name == ".item";
        match call.keywords.is_empty() && takes {
            true => self.op(name, args, span(call)),
            false => self.leaving("call.", args, span(call)),
        }
    }

    /// The arguments in the order of the parameters; as they came if they do not fit, so that CPython raises. `None` if the call
    /// is refused.
    pub(super) fn arguments(
        &mut self,
        function: &str,
        call: &ast::ExprCall,
    ) -> Option<Result<Vec<Option<Arg>>, Vec<Arg>>> {
        let operands = self.operands(call)?;
        let (given, by_name) = operands.split_at(call.args.len());
        let Some(known) = PARAMETERS.iter().find(|known| known.function == function) else {
            let slots = given.iter().copied().map(Some).collect();
            return Some(if by_name.is_empty() { Ok(slots) } else { Err(operands) });
        };
        if given.len() > known.positional {
            return Some(Err(operands));
        }
        let mut slots = given.iter().copied().map(Some).collect::<Vec<_>>();
        slots.resize(known.names.len(), None);
        for (keyword, &value) in call.keywords.iter().zip(by_name) {
            let at = known.names.iter().position(|name| keyword.arg.as_deref() == Some(*name));
            match at.filter(|&at| at >= known.positional_only && slots[at].is_none()) {
                Some(at) => slots[at] = Some(value),
                None => return Some(Err(operands)),
            }
        }
        Some(if slots[..known.required].iter().all(Option::is_some) { Ok(slots) } else { Err(operands) })
    }

    /// All arguments in the order in which they are evaluated; `None` if there are some that cannot be told apart.
    pub(super) fn operands(&mut self, call: &ast::ExprCall) -> Option<Vec<Arg>> {
        let starred = call.args.iter().find(|argument| matches!(argument, Expr::Starred(_))).map(span);
        let doubled = call.keywords.iter().find(|keyword| keyword.arg.is_none()).map(|keyword| span(&keyword.value));
        if let Some(place) = starred.or(doubled) {
            self.refuse_as(Code::StarredArgument, place);
            return None;
        }
        let values = call.args.iter().chain(call.keywords.iter().map(|keyword| &keyword.value));
        let values = values.collect::<Vec<_>>();
        Some(values.into_iter().map(|value| self.function_or_value(value, true)).collect())
    }

    /// `min` and `max` of several arguments: the first one that no later one is less, or greater, than. Which one it is
    /// decides the type, and where NaN is among them the order decides.
    fn extreme(&mut self, function: &str, call: &ast::ExprCall) -> Arg {
        let place = span(call);
        if let Some(keyword) = call.keywords.first() {
            return self.refuse_keyword(keyword, function, "compare in a conditional expression: `a if a > b else b`");
        }
        let Some(args) = self.operands(call) else { return NONE };
        if args.len() < 2 {
            return self.leaving("call.", args, place);
        }
        self.extreme_of(function, &args, place)
    }
}

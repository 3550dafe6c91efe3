//! Names from outside, attributes and calls: the part of [`super::bind`] that knows what Python's functions take.
//!
//! A name from outside is a constant, or a function that is called; what was relied on becomes a guard. A call whose arguments
//! fit becomes an operation of the table, named after the function; `min` and the like are taken apart into comparisons. A call
//! that CPython would refuse is a step without a row: the statement leaves, and CPython raises.

use rustpython_parser::ast::{self, Expr};

use super::bind::Binder;
use super::flow::{Arg, End, StepKind};
use crate::diagnostic::{Code, Diagnostic};
use crate::ir::Constant;
use crate::ops;
use crate::outside::Outside;
use crate::source::Span;
use crate::syntax::span;
use crate::types::Dtype;

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

const NONE: Arg = Arg::Constant(Constant::None);

impl Binder<'_> {
    /// Notes that the meaning of a name was taken as given.
    pub(super) fn guard(&mut self, path: &str) {
        if !self.flow.guards.iter().any(|known| known == path) {
            self.flow.guards.push(path.to_owned());
        }
    }

    /// The value of a name that is no local.
    pub(super) fn outside(&mut self, name: &str, place: Span) -> Arg {
        let name = crate::syntax::identifier(name);
        let means = self.env.meaning(&name);
        self.outside_value(&name, means, place)
    }

    fn outside_value(&mut self, path: &str, means: Outside, place: Span) -> Arg {
        let what = match means {
            Outside::Constant(constant) => {
                self.guard(path);
                return self.constant(&constant, place);
            }
            Outside::Scalar(class, value) => {
                self.guard(path);
                let value = self.constant(&value, place);
                return self.op(class, vec![value], place);
            }
            Outside::Missing => {
                self.guard(path);
                let message = format!("`{path}` is bound nowhere");
                let diagnostic = Diagnostic::new(Code::UnknownName, message, place, "NameError in Python");
                self.diagnostics.push(diagnostic.help("bind the name before the function is called"));
                return self.leaving("name.", Vec::new(), place);
            }
            Outside::Untold => {
                let message = format!("what `{path}` is, only the running program can tell");
                let diagnostic = Diagnostic::new(Code::UnknownName, message, place, "its type is not known here");
                let help = "a number that the module assigns once is known to the editor, too";
                self.diagnostics.push(diagnostic.help(help));
                return self.leaving("name.", Vec::new(), place);
            }
            Outside::Function(function) => format!("the function `{function}`"),
            Outside::Module(module) => format!("the module `{module}`"),
            Outside::Other(what) => what,
        };
        let message = format!("`{path}` is {what} and cannot be compiled as a value");
        let diagnostic = Diagnostic::new(Code::Name, message, place, "defined outside the function");
        let help = "numbers from outside are compiled; pass anything else as an argument, as far as it is a number";
        self.diagnostics.push(diagnostic.help(help));
        NONE
    }

    /// An operation that has no row: the statement always leaves.
    fn leaving(&mut self, name: &'static str, args: Vec<Arg>, place: Span) -> Arg {
        self.op(name, args, place)
    }

    /// What `module.name` means, and its path; `None` if this is an attribute of something else.
    fn member(&self, attribute: &ast::ExprAttribute) -> Option<(String, Outside)> {
        let Expr::Name(name) = &*attribute.value else { return None };
        if self.local(name.id.as_str()).is_some() {
            return None;
        }
        let (name, attribute) = (crate::syntax::identifier(name.id.as_str()), attribute.attr.as_str());
        let means = self.env.attribute(&name, attribute)?;
        Some((format!("{name}.{attribute}"), means))
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
            // One word about a chain of attributes is enough.
            None => self.refuse(place, "an attribute", "pass the value as an argument"),
        }
    }

    /// A call as a value.
    pub(super) fn call(&mut self, call: &ast::ExprCall) -> Arg {
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
                let message = format!("this CPython has no `{path}`");
                let diagnostic = Diagnostic::new(Code::UnknownName, message, span(call), "AttributeError in Python");
                self.diagnostics.push(diagnostic.help("the documentation says since which version it is there"));
                let args = self.operands(call).unwrap_or_default();
                return self.leaving("name.", args, span(call));
            }
            Outside::Constant(_) | Outside::Scalar(..) | Outside::Missing | Outside::Untold | Outside::Module(_) => {
                return self.refuse_call(call, None);
            }
            Outside::Other(what) => return self.refuse_call(call, Some(&what)),
        };
        let before = self.diagnostics.len();
        let value = self.function(function, call);
        if self.diagnostics.len() == before || !self.diagnostics[before..].iter().any(Diagnostic::is_error) {
            self.guard(&path);
        }
        value
    }

    fn function(&mut self, function: &'static str, call: &ast::ExprCall) -> Arg {
        let place = span(call);
        match function {
            "range" => return self.refuse_call(call, None),
            "isinstance" => return self.is_instance(call),
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
            let help = "write the function with the numbers alone";
            return self.refuse(span(keyword), &format!("a keyword of `{function}`"), help);
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

    /// `sum((a, b))` and the like: a tuple or list that is written there is taken apart. `None` if there is none.
    fn over_display(&mut self, function: &str, call: &ast::ExprCall) -> Option<Arg> {
        let ([display, rest @ ..], place) = (call.args.as_slice(), span(call)) else { return None };
        let elements = match display {
            Expr::Tuple(tuple) => &tuple.elts,
            Expr::List(list) => &list.elts,
            _ => return None,
        };
        let folded = matches!(function, "sum" | "math.prod");
        let takes = match function {
            "len" | "any" | "all" | "min" | "max" => rest.is_empty() && call.keywords.is_empty(),
            "sum" => rest.len() + call.keywords.len() <= 1,
            "math.prod" => rest.is_empty() && call.keywords.len() <= 1,
            _ => false,
        };
        let is_start = |keyword: &ast::Keyword| folded && keyword.arg.as_deref() == Some("start");
        let starred = elements.iter().any(|element| matches!(element, Expr::Starred(_)));
        if !takes || starred || !call.keywords.iter().all(is_start) {
            return None;
        }
        let values = elements.iter().map(|element| self.expression(element)).collect::<Vec<_>>();
        let start = rest.first().or(call.keywords.first().map(|keyword| &keyword.value));
        let start = start.map(|start| self.expression(start));
        let bool_of = |value| Arg::Constant(Constant::Bool(value));
        Some(match function {
            "len" => {
                // Nothing is done with them, but a name among them has to have a value.
                values.iter().for_each(|&value| self.check_bound(value, place));
                Arg::Constant(Constant::Int(values.len() as i64))
            }
            "any" | "all" => {
                let truths = values.iter().map(|&value| self.op("truth.", vec![value], place)).collect::<Vec<_>>();
                let (name, none) = if function == "any" { ("|", false) } else { ("&", true) };
                let fold = |before, next| self.op(name, vec![before, next], place);
                truths.into_iter().reduce(fold).unwrap_or(bool_of(none))
            }
            "sum" => {
                // From CPython 3.12 on the sum of floats is compensated, and left to the interpreter.
                let name = if ops::python() < 12 { "+" } else { "sum.int." };
                let start = start.unwrap_or(Arg::Constant(Constant::Int(0)));
                values.into_iter().fold(start, |sum, next| self.op(name, vec![sum, next], place))
            }
            "math.prod" => {
                let start = start.unwrap_or(Arg::Constant(Constant::Int(1)));
                values.into_iter().fold(start, |product, next| self.op("*", vec![product, next], place))
            }
            _ => self.extreme_of(function, &values, place),
        })
    }

    /// `x.bit_length()`.
    fn method(&mut self, call: &ast::ExprCall, attribute: &ast::ExprAttribute) -> Arg {
        let dotted = format!(".{}", attribute.attr);
        if dotted == ".as_integer_ratio" && call.args.is_empty() && call.keywords.is_empty() {
            let value = self.expression(&attribute.value);
            return self.parts(["ratio.numerator.", "ratio.denominator."], value, span(call));
        }
        let Some(name) = ops::name(&dotted).filter(|known| !ATTRIBUTES.contains(known)) else {
            return self.refuse_call(call, None);
        };
        let value = self.expression(&attribute.value);
        let Some(mut args) = self.operands(call) else { return NONE };
        args.insert(0, value);
        match call.keywords.is_empty() && ops::takes(name, args.len()) {
            true => self.op(name, args, span(call)),
            false => self.leaving("call.", args, span(call)),
        }
    }

    /// The arguments in the order of the parameters; as they came if they do not fit, so that CPython raises. `None` if the call
    /// is refused.
    fn arguments(&mut self, function: &str, call: &ast::ExprCall) -> Option<Result<Vec<Option<Arg>>, Vec<Arg>>> {
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
    fn operands(&mut self, call: &ast::ExprCall) -> Option<Vec<Arg>> {
        let starred = call.args.iter().find(|argument| matches!(argument, Expr::Starred(_))).map(span);
        let doubled = call.keywords.iter().find(|keyword| keyword.arg.is_none()).map(|keyword| span(&keyword.value));
        if let Some(place) = starred.or(doubled) {
            self.refuse(place, "a starred expression", "write each value");
            return None;
        }
        let values = call.args.iter().chain(call.keywords.iter().map(|keyword| &keyword.value));
        let values = values.collect::<Vec<_>>();
        Some(values.into_iter().map(|value| self.expression(value)).collect())
    }

    /// `min` and `max` of several arguments: the first one that no later one is less, or greater, than. Which one it is
    /// decides the type, and where NaN is among them the order decides.
    fn extreme(&mut self, function: &str, call: &ast::ExprCall) -> Arg {
        let place = span(call);
        if let Some(keyword) = call.keywords.first() {
            return self.refuse(span(keyword), "a keyword of `min` or `max`", "compare in a conditional expression");
        }
        let Some(args) = self.operands(call) else { return NONE };
        if args.len() < 2 {
            return self.leaving("call.", args, place);
        }
        self.extreme_of(function, &args, place)
    }

    fn extreme_of(&mut self, function: &str, values: &[Arg], place: Span) -> Arg {
        let Some((&first, rest)) = values.split_first() else { return self.leaving("call.", Vec::new(), place) };
        let chosen = self.temporary();
        self.step(chosen, StepKind::Copy(first), place);
        for &next in rest {
            let name = if function == "min" { "<" } else { ">" };
            let better = self.op(name, vec![next, Arg::Var(chosen)], place);
            let better = self.op("truth.", vec![better], place);
            let (take, after) = (self.block(), self.block());
            self.finish(End::Branch(better, take, after));
            self.enter(take);
            self.step(chosen, StepKind::Copy(next), place);
            self.finish(End::Jump(after));
            self.enter(after);
        }
        Arg::Var(chosen)
    }

    /// `isinstance(x, int)`, `isinstance(x, (int, float))`, `isinstance(x, int | float)`: the types are known at compile time.
    fn is_instance(&mut self, call: &ast::ExprCall) -> Arg {
        let place = span(call);
        let ([value, classes], true) = (call.args.as_slice(), call.keywords.is_empty()) else {
            let args = self.operands(call).unwrap_or_default();
            return self.leaving("call.", args, place);
        };
        let value = self.expression(value);
        let mut names = Vec::new();
        if !self.classes(classes, &mut names) {
            let help = "the types that can be asked for are `int`, `float`, `bool` and `complex`";
            return self.refuse(span(classes), "this as a type", help);
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
                let Outside::Function(class) = self.env.meaning(name.id.as_str()) else { return false };
                let Some(row) = ops::name(&format!("isinstance.{class}.")) else { return false };
                self.guard(name.id.as_str());
                names.push(row);
                true
            }
            Expr::Tuple(tuple) => tuple.elts.iter().all(|one| self.classes(one, names)),
            Expr::BinOp(ast::ExprBinOp { left, op: ast::Operator::BitOr, right, .. }) => {
                self.classes(left, names) && self.classes(right, names)
            }
            _ => false,
        }
    }

    /// `len(range(...))` and the like: one operation on the ends of the range. `None` if there is no range in it.
    fn over_range(&mut self, function: &str, call: &ast::ExprCall) -> Option<Arg> {
        let name = ops::name(&format!("range.{function}."))?;
        let (range, start) = match call.args.as_slice() {
            [range] => (range, None),
            [range, start] if function == "sum" => (range, Some(start)),
            _ => return None,
        };
        let Expr::Call(inner) = range else { return None };
        let is_range = matches!(&*inner.func, Expr::Name(name) if self.local(name.id.as_str()).is_none()
            && self.env.meaning(name.id.as_str()) == Outside::Function("range"));
        if !is_range {
            return None;
        }
        let place = span(call);
        let [first, stop, step] = self.range(range)?;
        let ends = [first, stop, step].map(|end| self.op("index.", vec![end], place));
        let step = self.op("step.", vec![ends[2]], place);
        let mut keywords = call.keywords.iter();
        let start = match (start, keywords.next()) {
            (Some(start), None) => Some(self.expression(start)),
            (None, Some(keyword)) if function == "sum" && keyword.arg.as_deref() == Some("start") => {
                Some(self.expression(&keyword.value))
            }
            (None, None) => None,
            _ => {
                let args = call.keywords.iter().map(|keyword| &keyword.value).chain(start);
                let args = args.collect::<Vec<_>>().into_iter().map(|value| self.expression(value)).collect();
                return Some(self.leaving("call.", args, place));
            }
        };
        let value = self.op(name, vec![ends[0], ends[1], step], place);
        Some(match start {
            // Exact for ints: the order of the additions does not matter, only what is beyond 64 bits on the way.
            Some(start) => self.op("range.start.", vec![start, value], place),
            None => value,
        })
    }

    fn refuse_call(&mut self, call: &ast::ExprCall, what: Option<&str>) -> Arg {
        let (name, help) = match &*call.func {
            Expr::Name(name) if name.id.as_str() == "range" => (
                "range".to_owned(),
                "`range` can stand only behind the `in` of a `for`, or within `len`, `sum` and the like",
            ),
            Expr::Name(name) => (name.id.to_string(), "write the computation in place of the call"),
            Expr::Attribute(attribute) => (attribute.attr.to_string(), "write the computation in place of the call"),
            _ => ("this".to_owned(), "write the computation in place of the call"),
        };
        let message = format!("the call of `{name}` cannot be compiled");
        let label = what.map_or_else(|| "not supported".to_owned(), |what| format!("{what}: not supported"));
        self.diagnostics.push(Diagnostic::new(Code::Call, message, span(call), label).help(help));
        for argument in &call.args {
            if !matches!(argument, Expr::Starred(_)) {
                self.expression(argument);
            }
        }
        NONE
    }
}

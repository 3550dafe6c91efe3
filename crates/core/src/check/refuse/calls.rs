//! Calls and names from outside that cannot be compiled.

use rustpython_parser::ast::{self, Constant, Expr};

use super::{NONE, fixes, words};
use crate::check::bind::Binder;
use crate::check::flow::Arg;
use crate::diagnostic::{Code, Diagnostic, nearest};
use crate::outside::{self, Outside};
use crate::source::Span;
use crate::syntax::{identifier, span};

/// Builtins by what is wrong with them, and what to do instead.
const BUILTINS: &[(&[&str], &str, &str)] = &[
    (
        &["sorted"],
        "makes a list",
        "sort in the caller: `np.sort(a)`; two numbers are in order as `min(a, b), max(a, b)`",
    ),
    (
        &["list", "dict", "set", "frozenset", "bytearray", "memoryview"],
        "makes an object that compiled code does not have",
        "write a tuple for a few values, and an array for many: `np.zeros(n)`",
    ),
    (&["map", "filter", "iter", "next", "aiter", "anext"], "works on iterators", "write the loop"),
    (
        &["str", "repr", "ascii", "format", "chr", "bin", "hex", "oct", "bytes"],
        "makes text",
        "return the number, and make text of it in the caller",
    ),
    (&["ord"], "reads text", "pass the number as an argument, or text as an array of code points"),
    (&["input", "open"], "reads from outside", "read in the caller, and pass the numbers"),
    (&["hash", "id"], "asks for an object", "use the number itself"),
    (
        &["getattr", "setattr", "delattr", "hasattr", "callable", "issubclass", "super", "object", "property"],
        "works on objects",
        "pass the values that are needed as arguments",
    ),
    (
        &["eval", "exec", "compile", "globals", "locals", "vars", "dir", "__import__"],
        "works on the interpreter's own state",
        "do it in the caller, and pass the numbers",
    ),
    (
        &["breakpoint", "help", "exit", "quit"],
        "stops for somebody at the terminal",
        "run with `BRRR_DISABLE=1` to debug",
    ),
    (&["slice"], "makes an object", "write it in brackets: `a[start:stop]`"),
];

/// Methods by the objects that have them, and what to do instead.
const METHODS: &[(&[&str], &str, &str)] = &[
    (
        &["sort"],
        "changes the order of all elements at once",
        "sort in the caller, `a.sort()`, or write the loop that swaps elements",
    ),
    (
        &["append", "extend", "insert", "pop", "remove", "clear", "reverse", "popleft", "appendleft"],
        "changes the length of a list, or its order",
        "make an array that is long enough, `np.zeros(n)`, and count how many elements are in use",
    ),
    (
        &["keys", "values", "items", "get", "setdefault", "update", "add", "discard", "union", "intersection"],
        "is a method of dicts or sets",
        "use an array with small ints as indices, or look things up in the caller",
    ),
    (
        &[
            "split",
            "join",
            "strip",
            "format",
            "replace",
            "upper",
            "lower",
            "startswith",
            "endswith",
            "encode",
            "decode",
        ],
        "is a method of text",
        "keep text in the caller",
    ),
    (
        &[
            "sum",
            "mean",
            "std",
            "var",
            "min",
            "max",
            "prod",
            "dot",
            "argmin",
            "argmax",
            "argsort",
            "cumsum",
            "cumprod",
            "any",
            "all",
            "clip",
            "round",
            "trace",
            "nonzero",
            "ptp",
            "take",
            "put",
            "repeat",
            "tobytes",
            "view",
            "squeeze",
            "searchsorted",
        ],
        "works through a whole array",
        "write a loop over the elements: `for x in a:`, or call it in the caller",
    ),
    (
        &["fill"],
        "writes to a whole array",
        "write the loop: `for i in range(len(a)): a[i] = x`, or `for index in np.ndindex(a.shape): a[index] = x`",
    ),
    (&["tolist"], "makes a list", "return the array, and call it in the caller"),
];

fn entry(table: &[(&[&'static str], &'static str, &'static str)], name: &str) -> Option<(&'static str, &'static str)> {
    let row = table.iter().find(|(names, ..)| names.contains(&name))?;
    Some((row.1, row.2))
}

impl Binder<'_> {
    /// The names that can be meant: locals, names from outside that were told, and builtins that compiled code knows.
    fn nearest(&self, name: &str) -> Option<String> {
        let locals = self.local_names();
        let builtins = outside::functions_of_builtins().map(|name| -> &str { name });
        let outside = self.env.names().filter(|known| !known.contains('.'));
        let known = locals.chain(outside).chain(builtins).filter(|known| !known.starts_with('.'));
        nearest(name, known).map(str::to_owned)
    }

    /// What is said of a name that is bound nowhere.
    pub(in crate::check) fn undefined(&mut self, name: &str, place: Span) {
        if self.is_refused(name) {
            return;
        }
        if name.contains('.') {
            return self.no_attribute(name, place);
        }
        let message = format!("`{name}` is bound nowhere");
        let diagnostic = Diagnostic::new(Code::Undefined, message, place, "NameError in Python");
        let of_module = |module: &'static str| {
            let means = outside::member(module, name);
            matches!(means, Outside::Function(_) | Outside::Constant(_)).then_some(module)
        };
        let diagnostic = if let Some(module) = self.module_by_name(name) {
            let import = if module == name { format!("import {module}") } else { format!("import {module} as {name}") };
            let fix = fixes::import(self.file, self.first, &import);
            diagnostic.help(format!("write `{import}` at the top of the file")).fix(fix.maybe())
        } else if let Some(module) = of_module("math").or_else(|| of_module("np")) {
            let (path, import) = match self.env.name_of_module(module) {
                Some(own) => (format!("{own}.{name}"), None),
                None if module == "math" => (format!("math.{name}"), Some("import math")),
                None => (format!("np.{name}"), Some("import numpy as np")),
            };
            let fix = fixes::qualified(self.file, self.first, place, &path, import);
            let first = import.map_or(String::new(), |import| format!(", with `{import}` at the top of the file"));
            diagnostic.help(format!("write `{path}`{first}")).fix(fix)
        } else if let Some(near) = self.nearest(name) {
            diagnostic.help(format!("is it `{near}`?")).fix(fixes::rename(place, &near))
        } else {
            diagnostic.help("bind the name before the function is called")
        };
        self.diagnostics.push(diagnostic);
    }

    /// What is said of an attribute that a module does not have.
    pub(in crate::check) fn no_attribute(&mut self, path: &str, place: Span) {
        let (module, name) = path.rsplit_once('.').unwrap_or(("", path));
        let prefix = format!("{module}.");
        let told =
            self.env.names().filter_map(|known| known.strip_prefix(&prefix)).filter(|known| !known.contains('.'));
        let of_math = match self.env.meaning(module) {
            Outside::Module("math") => outside::functions_of_math().chain(["pi", "e", "tau", "inf", "nan"]).collect(),
            _ => Vec::new(),
        };
        let near = nearest(name, told.chain(of_math)).map(str::to_owned);
        let message = format!("`{module}` has no `{name}`");
        let diagnostic = Diagnostic::new(Code::UnknownName, message, place, "AttributeError in Python");
        let at = Span::new(place.end - name.len() as u32, place.end);
        self.diagnostics.push(match near {
            Some(near) => diagnostic.help(format!("is it `{module}.{near}`?")).fix(fixes::rename(at, &near)),
            None => diagnostic.help("the documentation says since which version of Python it is there"),
        });
    }

    /// The module that a name usually stands for.
    fn module_by_name(&self, name: &str) -> Option<&'static str> {
        let module = match name {
            "math" => "math",
            "np" | "numpy" => "numpy",
            _ => return None,
        };
        Some(module)
    }

    /// Refuses a name from outside as a value.
    pub(in crate::check) fn refuse_name(&mut self, path: &str, means: &Outside, place: Span) -> Arg {
        if self.is_refused(path.split('.').next().unwrap_or(path)) {
            return NONE;
        }
        let (code, what, why, help) = match means {
            Outside::Function(function) => self.function_words(function),
            Outside::Module(_) | Outside::Namespace(_) => self.module_words(),
            Outside::Constant(Constant::Str(_)) => string_words(),
            Outside::Other(what) => self.other_words(path, what),
            _ => (Code::Name, "something else".to_owned(), "defined outside the function", NUMBERS.to_owned()),
        };
        let message = format!("`{path}` is {what} and cannot be compiled as a value");
        self.diagnostics.push(Diagnostic::new(code, message, place, why).help(help));
        NONE
    }

    fn function_words(&self, function: &str) -> (Code, String, &'static str, String) {
        let call = format!("call it where it stands, `{function}(...)`; functions that give numbers can be values");
        (Code::FunctionValue, format!("the function `{function}`"), "it gives no number", call)
    }

    fn module_words(&self) -> (Code, String, &'static str, String) {
        let help = "write what is needed of it, such as `math.pi`";
        (Code::ModuleValue, "a module".to_owned(), "a module, where a number is expected", help.to_owned())
    }

    fn other_words(&self, path: &str, what: &str) -> (Code, String, &'static str, String) {
        let class = what.strip_prefix("an object of type `").and_then(|rest| rest.strip_suffix('`'));
        let kind = class.or_else(|| what.strip_prefix("a ")).unwrap_or(what);
        let words = |code, why, help: &str| (code, what.to_owned(), why, help.to_owned());
        match kind {
            "list" => {
                let help = "write a tuple if it never changes, or pass an array: `np.array(...)`";
                words(Code::OutsideList, "a list, defined outside of the function", help)
            }
            "dict" => {
                let help = "look the value up in the caller and pass it; small ints as keys can be indices of a tuple or an array";
                words(Code::OutsideDict, "a dict, defined outside of the function", help)
            }
            "set" | "frozenset" => {
                let help = "write a tuple: `in` takes it as well";
                words(Code::OutsideSet, "a set, defined outside of the function", help)
            }
            "str" => string_words(),
            _ if what.starts_with("Python's `") => {
                let (why, help) = entry(BUILTINS, path).unwrap_or(("needs objects", "use it in the caller"));
                words(Code::Builtin, why, help)
            }
            _ if what.starts_with("the function `") || kind == "lambda" => {
                (Code::FunctionValue, what.to_owned(), "a function, where a number is expected", "call it".to_owned())
            }
            _ if what.starts_with("the module `") => self.module_words(),
            _ if what.ends_with("` of NumPy") => words(
                Code::Library,
                "has no compiled form",
                "the reference lists what is compiled of NumPy; use this in the caller and pass the result",
            ),
            _ => words(Code::Name, "defined outside the function", NUMBERS),
        }
    }

    /// Refuses a call; the arguments are looked at.
    pub(in crate::check) fn refuse_call(&mut self, call: &ast::ExprCall, what: Option<&str>) -> Arg {
        if let Some(diagnostic) = self.call_refusal(call, what) {
            self.diagnostics.push(diagnostic);
        }
        for argument in
            call.args.iter().filter(|argument| !matches!(argument, Expr::Starred(_) | Expr::GeneratorExp(_)))
        {
            let before = self.diagnostics.len();
            self.expression(argument);
            // What only the call is there for goes with it.
            let goes =
                |code| matches!(code, Code::List | Code::Dict | Code::Set | Code::String | Code::Bytes | Code::FString);
            let mut at = 0;
            self.diagnostics.retain(|one| {
                at += 1;
                at <= before || !goes(one.code)
            });
        }
        match self.missing_base(call) {
            // It may be bound by then, which the guard tells; or the interpreter says that it is not.
            Some(base) => {
                self.guard(&base);
                self.leaving("name.", Vec::new(), span(call))
            }
            None => NONE,
        }
    }

    /// The name that is bound nowhere so far, of which an attribute is called.
    fn missing_base(&self, call: &ast::ExprCall) -> Option<String> {
        let Expr::Attribute(attribute) = &*call.func else { return None };
        let Expr::Name(base) = &*attribute.value else { return None };
        let name = identifier(base.id.as_str());
        let is_missing = self.local(base.id.as_str()).is_none() && self.env.meaning(&name) == Outside::Missing;
        is_missing.then_some(name)
    }

    fn call_refusal(&mut self, call: &ast::ExprCall, what: Option<&str>) -> Option<Diagnostic> {
        let place = span(call);
        let written = self.file.slice(span(&*call.func));
        let message = format!("the call of `{written}` cannot be compiled");
        let plain = |code, why: &str, help: &str| Some(Diagnostic::new(code, message.clone(), place, why).help(help));
        match &*call.func {
            Expr::Name(name) => {
                let name = identifier(name.id.as_str());
                if self.is_refused(&name) {
                    return None;
                }
                if let Some(builtin) = what.and_then(|what| what.strip_prefix("Python's `")) {
                    let builtin = builtin.trim_end_matches('`');
                    if builtin == "print" {
                        let help = "return what is to be seen, and print it in the caller; `BRRR_DISABLE=1` runs everything in \
                                    the interpreter";
                        return plain(Code::Print, "writes text", help);
                    }
                    let (why, help) = match entry(BUILTINS, builtin) {
                        Some(words) => words,
                        None if builtin.ends_with("Error")
                            || builtin.ends_with("Warning")
                            || builtin == "Exception" =>
                        {
                            ("makes an exception object", "raise it where it is made: `raise ValueError(...)`")
                        }
                        None => ("needs objects", "use it in the caller"),
                    };
                    return plain(Code::Builtin, why, help);
                }
                match self.local(&name) {
                    Some(_) => plain(
                        Code::Call,
                        "a variable is called",
                        "call a function by its own name; what a variable holds is known at run time only",
                    ),
                    None => self.refuse_call_of_name(call, &name, what, &message),
                }
            }
            Expr::Attribute(attribute) => self.method_refusal(attribute, place, what, &message),
            Expr::Lambda(_) => Some(self.refusal(Code::Lambda, span(&*call.func))),
            _ => plain(Code::Call, "what is called is known at run time only", "call a function by its name"),
        }
    }

    fn refuse_call_of_name(
        &mut self,
        call: &ast::ExprCall,
        name: &str,
        what: Option<&str>,
        message: &str,
    ) -> Option<Diagnostic> {
        let diagnostic = |code, why: &str| Diagnostic::new(code, message, span(call), why);
        let value = "write the computation in place of the call";
        Some(match self.env.meaning(name) {
            Outside::Missing => {
                let before = self.diagnostics.len();
                self.undefined(name, span(&*call.func));
                // Whatever it would be, the call is refused.
                let said = self.diagnostics.drain(before..).next()?;
                let mut refused = diagnostic(Code::Call, "the name is bound nowhere");
                refused.help = said.help;
                refused.fixes = said.fixes;
                refused
            }
            Outside::Function("range") => diagnostic(Code::Call, "stands for a loop, and has no value of its own")
                .help("`range` can stand behind the `in` of a `for`, and within `len`, `sum` and the like"),
            Outside::Function("map" | "filter" | "enumerate" | "zip" | "reversed") => {
                diagnostic(Code::Builtin, "works on iterators")
                    .help("`enumerate`, `zip` and `reversed` can stand behind the `in` of a `for`")
            }
            Outside::Constant(_) | Outside::Scalar(..) | Outside::Tuple(_) => {
                diagnostic(Code::Call, "a constant is called, TypeError in Python").help("leave the brackets out")
            }
            Outside::Module(_) | Outside::Namespace(_) => {
                diagnostic(Code::Call, "a module is called, TypeError in Python").help("name a function of the module")
            }
            _ => {
                let why = what.map_or_else(|| "not supported".to_owned(), |what| format!("{what}: not supported"));
                diagnostic(Code::Call, &why).help(value)
            }
        })
    }

    fn method_refusal(
        &mut self,
        attribute: &ast::ExprAttribute,
        place: Span,
        what: Option<&str>,
        message: &str,
    ) -> Option<Diagnostic> {
        let name = attribute.attr.as_str();
        let at = Span::new(span(attribute).end - name.len() as u32, span(attribute).end);
        let library = |base: &str| {
            let known: Vec<_> = match self.env.meaning(base) {
                Outside::Module("math") => outside::functions_of_math().collect(),
                Outside::Module("np") => {
                    outside::functions_of_numpy().filter_map(|known| known.strip_prefix("np.")).collect()
                }
                _ => Vec::new(),
            };
            nearest(name, known.into_iter())
        };
        let from_outside = match &*attribute.value {
            Expr::Name(base) if self.local(base.id.as_str()).is_none() => {
                let base = identifier(base.id.as_str());
                let means = self.env.meaning(&base);
                Some((base, means))
            }
            Expr::Attribute(base) => self.member(base),
            _ => None,
        };
        if let Some((base, means)) = from_outside {
            if self.is_refused(base.split('.').next().unwrap_or(&base)) {
                return None;
            }
            let module = match &means {
                Outside::Module(_) | Outside::Namespace(_) => true,
                Outside::Other(what) => what.starts_with("the module `"),
                _ => what.is_some(),
            };
            if module {
                let diagnostic = Diagnostic::new(Code::Library, message, place, "has no compiled form");
                return Some(match library(&base) {
                    Some(near) => diagnostic.help(format!("is it `{base}.{near}`?")).fix(fixes::rename(at, near)),
                    None if base.ends_with("random") || name == "random" => {
                        diagnostic.help("draw the numbers in the caller, and pass them as an array: `rng.random(n)`")
                    }
                    None if base == "time" => diagnostic.help("measure in the caller"),
                    None => {
                        diagnostic.help("write a loop that computes it, or call it in the caller and pass the result")
                    }
                });
            }
            if means == Outside::Missing {
                self.undefined(&base, span(&*attribute.value));
                return None;
            }
        }
        let diagnostic = |why: &str| {
            Diagnostic::new(Code::MethodCall, format!("the method `.{name}()` cannot be compiled"), place, why)
        };
        let known = super::super::call::methods().map(|known| known.trim_start_matches('.'));
        let value = &*attribute.value;
        if let Some((why, help)) = entry(METHODS, name) {
            return Some(diagnostic(why).help(help));
        }
        let before = self.diagnostics.len();
        self.expression(value);
        // What the method is of may be what is wrong.
        if self.diagnostics[before..].iter().any(Diagnostic::is_error) {
            return None;
        }
        let diagnostic = diagnostic("neither numbers nor arrays have it here");
        Some(match nearest(name, known) {
            Some(near) => diagnostic.help(format!("is it `.{near}()`?")).fix(fixes::rename(at, near)),
            None => diagnostic.help("call it in the caller, and pass the result"),
        })
    }

    /// Refuses a keyword that the compiled form of a function does not take.
    pub(in crate::check) fn refuse_keyword(&mut self, keyword: &ast::Keyword, function: &str, help: &str) -> Arg {
        let Some(name) = &keyword.arg else {
            return self.refuse_as(Code::StarredArgument, span(keyword));
        };
        let what = format!("the keyword `{name}` of `{function}`");
        self.refuse_with(Code::Keyword, span(keyword), &what, "not taken by compiled code", help)
    }

    /// Refuses a type that cannot be asked for.
    pub(in crate::check) fn refuse_type(&mut self, classes: &Expr) -> Arg {
        let words = words::of(Code::TypeTest);
        let what = format!("`isinstance` with `{}`", self.file.slice(span(classes)));
        self.refuse_with(Code::TypeTest, span(classes), &what, words.why, words.instead)
    }
}

const NUMBERS: &str =
    "numbers, tuples of them and arrays are compiled from outside; pass what is needed as an argument";

fn string_words() -> (Code, String, &'static str, String) {
    let help = "use an int for a choice among a few, and keep text in the caller";
    (Code::OutsideString, "a string".to_owned(), "a string, defined outside of the function", help.to_owned())
}

//! Annotations that no argument of compiled code can have.
//!
//! Enters: an annotation that is no type of compiled code. Leaves: a warning where it is clear that calls with such arguments are
//! refused, or that it was meant to be another one. Of what may stand for anything, a name of the module's say, nothing is said.

use rustpython_parser::ast::{self, Constant, Expr};

use crate::check::bind::Binder;
use crate::diagnostic::{Code, Diagnostic, Fix, nearest};
use crate::outside::Outside;
use crate::syntax::{identifier, span};
use crate::types::{Dtype, Type};

/// Builtin types, and what to pass in place of them.
const REFUSED: &[(&[&str], &str)] = &[
    (&["list"], "pass an array, made in the caller by `np.array(...)`, and annotate it as `\"float64[:]\"`"),
    (&["dict"], "look values up in the caller; small ints as keys can be the indices of an array"),
    (&["set", "frozenset"], "pass a tuple or an array: `in` takes them as well"),
    (&["str"], "use an int for a choice among a few, and keep text in the caller"),
    (&["bytes", "bytearray", "memoryview"], "pass it as an array: `np.frombuffer(data, np.uint8)`"),
];

impl Binder<'_> {
    /// Warns of the annotation of a parameter.
    pub(in crate::check) fn doubt_annotation(&mut self, parameter: &str, annotation: &Expr) {
        let place = span(annotation);
        let said = match annotation {
            Expr::Name(name) => self.refused_type(name.id.as_str()),
            Expr::Subscript(inner) => match &*inner.value {
                Expr::Name(name) => self.refused_type(name.id.as_str()),
                _ => None,
            },
            Expr::Constant(ast::ExprConstant { value: Constant::Str(text), .. }) => {
                if let Some(near) = array_meant(text) {
                    let message = format!("parameter `{parameter}` is annotated `{text}`, which is no type");
                    let diagnostic = Diagnostic::new(Code::Annotated, message, place, "taken as if it was not there");
                    let fix = Fix::new(format!("write `{near}`"), place, format!("\"{near}\"")).maybe();
                    self.diagnostics.push(diagnostic.help(format!("is it `{near}`?")).fix(fix));
                    return;
                }
                self.refused_type(text.split('[').next().unwrap_or(text).trim())
            }
            _ => None,
        };
        let Some(help) = said else { return };
        let message = match annotation {
            Expr::Constant(ast::ExprConstant { value: Constant::Str(text), .. }) => text.as_str(),
            _ => self.file.slice(place),
        };
        let message = format!("parameter `{parameter}` is annotated `{message}`, which cannot be compiled");
        self.diagnostics.push(Diagnostic::new(Code::Annotated, message, place, "calls with it are refused").help(help));
    }

    /// What to pass in place of a builtin type that no argument can have.
    fn refused_type(&self, name: &str) -> Option<&'static str> {
        let name = identifier(name);
        let (_, help) = REFUSED.iter().find(|(names, _)| names.contains(&name.as_str()))?;
        let is_builtin = matches!(self.env.meaning(&name), Outside::Other(what) if what.starts_with("Python's `"));
        is_builtin.then_some(*help)
    }
}

/// The type of an array that was most likely meant by a text that is none.
fn array_meant(text: &str) -> Option<String> {
    let (name, dimensions) = text.split_once('[')?;
    let (constant, name) = match name.trim().strip_prefix("const ") {
        Some(name) => ("const ", name.trim()),
        None => ("", name.trim()),
    };
    let dimensions = dimensions.trim().trim_end_matches(']');
    if dimensions.is_empty() || !dimensions.chars().all(|one| matches!(one, ':' | '1' | ',' | ' ')) {
        return None;
    }
    let name = name.strip_prefix("np.").unwrap_or(name);
    let name = match Dtype::from_text(name) {
        Some(dtype) => dtype.name(),
        None => nearest(name, Dtype::ALL.into_iter().map(Dtype::name))?,
    };
    let count = dimensions.trim().trim_end_matches(',').split(',').count();
    let parts = dimensions.split(',').map(str::trim).take(count).collect::<Vec<_>>();
    let as_written = format!("{constant}{name}[{}]", parts.join(", "));
    let plain = format!("{constant}{name}[{}]", vec![":"; count].join(", "));
    [as_written, plain].into_iter().find(|one| matches!(Type::from_python(one), Some(Type::Array(_))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_that_are_nearly_types_of_arrays() {
        let meant = |text| array_meant(text);
        assert_eq!(meant("flot64[:]").as_deref(), Some("float64[:]"));
        assert_eq!(meant("float64[:, ::1").as_deref(), Some("float64[:, ::1]"));
        assert_eq!(meant("np.float64[:]").as_deref(), Some("float64[:]"));
        assert_eq!(meant("np.int32[:]").as_deref(), Some("int32[:]"));
        assert_eq!(meant("float64[::1, ::1]").as_deref(), Some("float64[:, :]"));
        assert_eq!(meant("const int33[:]").as_deref(), Some("const int32[:]"));
        assert_eq!(meant("int[:]").as_deref(), Some("int64[:]"));
        assert_eq!(meant("list[:]"), None);
        assert_eq!(meant("tuple[int, int]"), None);
        assert_eq!(meant("float64"), None);
    }
}

//! What is said to users about their code, and **the table of codes**.
//!
//! A [`Diagnostic`] is inert data; [`crate::report`], the language server and the Python exception draw it.
//! Numbers are never reused. Ranges: 0xx decorator and syntax, 1xx types, 2xx constructs, 3xx calls and modules, 4xx numbers,
//! 5xx arrays, 6xx performance, 7xx specialisation, 8xx configuration, 9xx internal.

use crate::source::Span;

/// How grave a diagnostic is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// The function is not compiled.
    Error,
    /// The function is compiled; a statement of it always runs in the interpreter, or always raises.
    Warning,
}

impl Severity {
    /// `error`, `warning`.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
        }
    }
}

/// A place with a remark.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// The place.
    pub span: Span,
    /// The remark; says what at the primary label, why at the others.
    pub text: String,
}

/// One thing said about a program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// The row of the table of codes.
    pub code: Code,
    /// Stands alone; lower case, no full stop, backticks round code.
    pub message: String,
    /// The first is the primary one.
    pub labels: Vec<Label>,
    /// What to write instead.
    pub help: Option<String>,
}

impl Diagnostic {
    /// A diagnostic with its primary label.
    #[must_use]
    pub fn new(code: Code, message: impl Into<String>, span: Span, label: impl Into<String>) -> Self {
        let labels = vec![Label { span, text: label.into() }];
        Self { code, message: message.into(), labels, help: None }
    }

    /// Adds what to write instead.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Adds a secondary label.
    #[must_use]
    pub fn label(mut self, span: Span, text: impl Into<String>) -> Self {
        self.labels.push(Label { span, text: text.into() });
        self
    }

    /// The place of the primary label.
    #[must_use]
    pub fn span(&self) -> Span {
        self.labels.first().map(|label| label.span).unwrap_or_default()
    }

    /// Errors stop compilation, warnings do not.
    #[must_use]
    pub fn is_error(&self) -> bool {
        self.code.severity() == Severity::Error
    }
}

macro_rules! codes {
    ($($name:ident = $number:literal, $slug:literal, $severity:ident, $summary:literal,
       fails: $fails:literal, passes: $passes:literal;)*) => {
        /// The table of codes: the number is part of what users rely on.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code { $(#[doc = $summary] $name = $number),* }

        impl Code {
            /// Every code.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// The speaking name.
            #[must_use]
            pub const fn slug(self) -> &'static str { match self { $(Self::$name => $slug),* } }

            /// How grave it is.
            #[must_use]
            pub const fn severity(self) -> Severity { match self { $(Self::$name => Severity::$severity),* } }

            /// One sentence.
            #[must_use]
            pub const fn summary(self) -> &'static str { match self { $(Self::$name => $summary),* } }

            /// A file that has this diagnostic; empty if only a running program can.
            #[must_use]
            pub const fn fails(self) -> &'static str { match self { $(Self::$name => $fails),* } }

            /// The same, put right.
            #[must_use]
            pub const fn passes(self) -> &'static str { match self { $(Self::$name => $passes),* } }
        }
    };
}

impl Code {
    /// As users see it: `BRRR201`.
    #[must_use]
    pub fn text(self) -> String {
        format!("BRRR{:03}", self as u16)
    }
}

codes! {
    Syntax = 1, "syntax", Error, "The function is not valid Python.",
        fails: "from brrr import brrr\n\n@brrr\ndef f(a):\n    return a +\n",
        passes: "from brrr import brrr\n\n@brrr\ndef f(a):\n    return a + 1\n";
    NotAFunction = 2, "not-a-function", Error, "Only functions written with `def` can be compiled.",
        fails: "from brrr import brrr\n\n@brrr\nasync def f(a):\n    return a\n",
        passes: "from brrr import brrr\n\n@brrr\ndef f(a):\n    return a\n";
    NoSource = 3, "no-source", Error, "The source of the function cannot be found.", fails: "", passes: "";
    SourceChanged = 4, "source-changed", Error, "The file has changed since the function was loaded.", fails: "", passes: "";
    TooLarge = 5, "too-large", Error, "The function is too large or too deeply nested.", fails: "", passes: "";
    OperandTypes = 101, "operand-types", Warning, "The operation has no compiled form for these types.",
        fails: "from brrr import brrr\n\n@brrr\ndef f(a: float):\n    return a << 1\n",
        passes: "from brrr import brrr\n\n@brrr\ndef f(a: int):\n    return a << 1\n";
    Unbound = 102, "unbound-name", Warning, "The name has no value when it is read.",
        fails: "from brrr import brrr\n\n@brrr\ndef f():\n    a = b + 1\n    b = 2\n    return a\n",
        passes: "from brrr import brrr\n\n@brrr\ndef f():\n    b = 2\n    a = b + 1\n    return a\n";
    WholeArray = 104, "whole-array", Error, "The operation works on a whole array.",
        fails: "from brrr import brrr\n\n@brrr\ndef f(a: \"float64[:]\"):\n    return a + 1.0\n",
        passes: "from brrr import brrr\n\n@brrr\ndef f(a: \"float64[:]\"):\n    for i in range(len(a)):\n        a[i] = a[i] + 1.0\n";
    Statement = 201, "unsupported-statement", Error, "The statement cannot be compiled.",
        fails: "from brrr import brrr\n\n@brrr\ndef f(a):\n    with a:\n        return 1\n",
        passes: "from brrr import brrr\n\n@brrr\ndef f(a):\n    return 1\n";
    Expression = 202, "unsupported-expression", Error, "The expression cannot be compiled.",
        fails: "from brrr import brrr\n\n@brrr\ndef f(n):\n    xs = [i for i in range(n)]\n    return n\n",
        passes: "from brrr import brrr\n\n@brrr\ndef f(n):\n    total = 0\n    for i in range(n):\n        total += i\n    return total\n";
    Target = 203, "unsupported-target", Error, "The target of the assignment cannot be compiled.",
        fails: "from brrr import brrr\n\n@brrr\ndef f(a, b):\n    a, *b = 1, 2\n    return a, b\n",
        passes: "from brrr import brrr\n\n@brrr\ndef f(a, b):\n    a, b = 1, 2\n    return a\n";
    Iterable = 204, "unsupported-iterable", Error, "The loop goes over something that cannot be compiled.",
        fails: "from brrr import brrr\n\n@brrr\ndef f(n):\n    for x in {1, n}:\n        pass\n    return 0\n",
        passes: "from brrr import brrr\n\n@brrr\ndef f(n):\n    for x in (1, n):\n        pass\n    return 0\n";
    Parameter = 205, "unsupported-parameter", Error, "The kind of parameter cannot be compiled.",
        fails: "from brrr import brrr\n\n@brrr\ndef f(**numbers):\n    return 0\n",
        passes: "from brrr import brrr\n\n@brrr\ndef f(*numbers, scale=1):\n    return sum(numbers) * scale\n";
    Method = 206, "method-with-self", Error, "A method with `self` cannot be compiled.",
        fails: "from brrr import brrr\n\nclass A:\n    @brrr\n    def f(self, a):\n        return a\n",
        passes: "from brrr import brrr\n\nclass A:\n    @staticmethod\n    @brrr\n    def f(a):\n        return a\n";
    Pattern = 207, "unsupported-pattern", Error, "The pattern of the `match` cannot be compiled.",
        fails: "from brrr import brrr\n\n@brrr\ndef f(a):\n    match a:\n        case {\"x\": 1}:\n            return 1\n    return 0\n",
        passes: "from brrr import brrr\n\n@brrr\ndef f(a):\n    match a:\n        case 1 | 2:\n            return 1\n    return 0\n";
    Call = 301, "unsupported-call", Error, "The call cannot be compiled.",
        fails: "from brrr import brrr\n\n@brrr\ndef f(a):\n    return print(a)\n",
        passes: "from brrr import brrr\n\n@brrr\ndef f(a):\n    return a\n";
    Name = 302, "unsupported-name", Error, "The name from outside the function cannot be compiled.",
        fails: "from brrr import brrr\n\nSCALES = [3, 4]\n\n@brrr\ndef f(a):\n    return a * SCALES\n",
        passes: "from brrr import brrr\n\n@brrr\ndef f(a, scale=3):\n    return a * scale\n";
    UnknownName = 303, "unknown-name", Warning, "What the name from outside means is not known before the call.",
        fails: "from brrr import brrr\n\n@brrr\ndef f(a):\n    return a * SCALE\n",
        passes: "from brrr import brrr\n\nSCALE = 3\n\n@brrr\ndef f(a):\n    return a * SCALE\n";
    Literal = 401, "large-literal", Warning, "The int does not fit 64 bits.",
        fails: "from brrr import brrr\n\n@brrr\ndef f(a):\n    return a + 18446744073709551616\n",
        passes: "from brrr import brrr\n\n@brrr\ndef f(a):\n    return a + 1844674407370955161\n";
    ArgumentType = 701, "argument-type", Error, "The type of an argument cannot be compiled.", fails: "", passes: "";
    Backend = 901, "backend", Error, "The compiler could not make machine code.", fails: "", passes: "";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_slugs_are_unique() {
        let mut slugs = Code::ALL.iter().map(|code| code.slug()).collect::<Vec<_>>();
        slugs.sort_unstable();
        slugs.dedup();
        assert_eq!(slugs.len(), Code::ALL.len());
        assert_eq!(Code::Statement.text(), "BRRR201");
        assert_eq!(Code::Syntax.text(), "BRRR001");
    }
}

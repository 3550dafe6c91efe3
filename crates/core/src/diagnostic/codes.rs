//! **The table of codes**: what a diagnostic can be about.
//!
//! A row has a number, which is part of what users rely on and is never used again, a speaking name, a severity and one
//! sentence. Its page, `pages/<slug>.md`, explains it and has two programs, one that has the diagnostic and one that is put
//! right; tests run both. `brrr explain`, the documentation, the editor's links and SARIF's rules are made from it.
//!
//! Ranges: 0xx decorator and syntax, 1xx types, 2xx constructs, 3xx calls and names, 4xx numbers, 5xx arrays, 6xx performance
//! (hints), 7xx specialisation, 8xx configuration, 9xx internal.

use super::Severity;

macro_rules! codes {
    ($($name:ident = $number:literal, $slug:literal, $severity:ident, $summary:literal;)*) => {
        /// A row of the table of codes.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code { $(#[doc = $summary] $name = $number),* }

        impl Code {
            /// Every code, in the order of their numbers.
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

            /// The page about it, Markdown without a title: the explanation, then the examples under headings of their own.
            #[must_use]
            pub const fn page(self) -> &'static str {
                match self { $(Self::$name => include_str!(concat!("pages/", $slug, ".md"))),* }
            }
        }
    };
}

codes! {
    Syntax = 1, "syntax", Error, "The function is not valid Python.";
    NotAFunction = 2, "not-a-function", Error, "Only functions written with `def` can be compiled.";
    NoSource = 3, "no-source", Error, "The source of the function cannot be found.";
    SourceChanged = 4, "source-changed", Error, "The file has changed since the function was loaded.";
    TooLarge = 5, "too-large", Error, "The function is too large or too deeply nested.";
    Option = 6, "decorator-option", Error, "The decorator does not take the option.";
    OperandTypes = 101, "operand-types", Warning, "The operation has no compiled form for these types.";
    Unbound = 102, "unbound-name", Warning, "The name has no value when it is read.";
    WholeArray = 104, "whole-array", Error, "The operation works on a whole array.";
    Half = 105, "half-float", Error, "NumPy gives a float16, which compiled code does not have.";
    Statement = 201, "unsupported-statement", Error, "The statement cannot be compiled.";
    Expression = 202, "unsupported-expression", Error, "The expression cannot be compiled.";
    Target = 203, "unsupported-target", Error, "The target of the assignment cannot be compiled.";
    Iterable = 204, "unsupported-iterable", Error, "The loop goes over something that cannot be compiled.";
    Parameter = 205, "unsupported-parameter", Error, "The kind of parameter cannot be compiled.";
    Method = 206, "method-with-self", Error, "A method with `self` cannot be compiled.";
    // 207, `unsupported-pattern`, is taken apart into 237 to 239.
    With = 208, "with-statement", Error, "`with` cannot be compiled.";
    Try = 209, "try-statement", Error, "`try` cannot be compiled.";
    Import = 210, "local-import", Error, "An `import` inside of a function cannot be compiled.";
    Class = 211, "local-class", Error, "A class inside of a function cannot be compiled.";
    Nested = 212, "local-function", Error, "The function inside of a function cannot be compiled.";
    Global = 213, "global-statement", Error, "Writing a global variable cannot be compiled.";
    Nonlocal = 214, "nonlocal-statement", Error, "Writing a variable of an enclosing function cannot be compiled.";
    Async = 215, "async-code", Error, "`async` and `await` cannot be compiled.";
    Deleted = 216, "deleted-target", Error, "Only names can be deleted.";
    TypeAlias = 217, "type-statement", Error, "A `type` statement cannot be compiled.";
    Yield = 218, "yield-expression", Error, "`yield` cannot be compiled.";
    Lambda = 219, "lambda", Error, "The lambda cannot be compiled.";
    List = 220, "list-display", Error, "A list cannot be compiled.";
    Dict = 221, "dict-display", Error, "A dict cannot be compiled.";
    Set = 222, "set-display", Error, "A set cannot be compiled.";
    Comprehension = 223, "list-comprehension", Error, "A list comprehension cannot be compiled.";
    Generator = 224, "generator-expression", Error, "A generator expression cannot be compiled.";
    String = 225, "string", Error, "A string cannot be compiled.";
    Bytes = 226, "bytes", Error, "Bytes cannot be compiled.";
    FString = 227, "f-string", Error, "An f-string cannot be compiled.";
    Attribute = 228, "attribute", Error, "The attribute cannot be compiled.";
    StarredValue = 229, "starred-value", Error, "A starred value cannot be compiled.";
    Ellipsis = 230, "ellipsis", Error, "`...` as a value cannot be compiled.";
    Identity = 231, "identity", Error, "`is` between numbers cannot be compiled.";
    Membership = 232, "chained-membership", Error, "`in` within a chain of comparisons cannot be compiled.";
    AttributeTarget = 233, "attribute-target", Error, "Assignment to an attribute cannot be compiled.";
    StarredTarget = 234, "starred-target", Error, "A starred name that is read cannot be compiled.";
    Unpacking = 235, "unpacking-mismatch", Error, "There are not as many names as values.";
    RangeArguments = 236, "range-arguments", Error, "`range` takes one to three arguments by position.";
    MappingPattern = 237, "mapping-pattern", Error, "A mapping pattern cannot be compiled.";
    ClassPattern = 238, "class-pattern", Error, "The class pattern cannot be compiled.";
    StarredPattern = 239, "starred-pattern", Error, "A starred name in a pattern cannot be compiled.";
    Call = 301, "unsupported-call", Error, "The call cannot be compiled.";
    Name = 302, "unsupported-name", Error, "The name from outside the function cannot be compiled.";
    UnknownName = 303, "unknown-name", Warning, "What the name from outside means is not known before the call.";
    Print = 304, "print-call", Error, "`print` cannot be compiled.";
    Undefined = 305, "undefined-name", Warning, "The name is bound nowhere.";
    Builtin = 306, "unsupported-builtin", Error, "The builtin cannot be compiled.";
    MethodCall = 307, "unsupported-method", Error, "The method cannot be compiled.";
    FunctionValue = 308, "function-value", Error, "A function as a value cannot be compiled.";
    ModuleValue = 309, "module-value", Error, "A module as a value cannot be compiled.";
    OutsideList = 310, "outside-list", Error, "A list from outside the function cannot be compiled.";
    OutsideDict = 311, "outside-dict", Error, "A dict from outside the function cannot be compiled.";
    OutsideSet = 312, "outside-set", Error, "A set from outside the function cannot be compiled.";
    OutsideString = 313, "outside-string", Error, "A string from outside the function cannot be compiled.";
    Library = 314, "unsupported-function", Error, "The function of the module cannot be compiled.";
    Keyword = 315, "keyword-argument", Error, "The keyword cannot be compiled.";
    StarredArgument = 316, "starred-argument", Error, "A starred argument cannot be compiled.";
    TypeTest = 317, "type-test", Error, "The type cannot be asked for.";
    Literal = 401, "large-literal", Warning, "The int does not fit 64 bits.";
    Quotient = 402, "quotient-to-int", Hint, "A quotient of ints goes through a float.";
    ArrayArgument = 501, "array-argument", Error, "The dtype or the order of an array has to be written out.";
    NotVectorised = 601, "not-vectorised", Hint, "The loop computes one turn at a time.";
    Tagged = 602, "tagged-value", Hint, "The name may hold values of several types.";
    Conversion = 603, "conversion", Hint, "An int is converted to a float at every turn.";
    Vectorised = 604, "vectorised", Hint, "The loop computes several turns at once.";
    Formula = 605, "loop-formula", Hint, "The loop is computed without its turns.";
    Checked = 606, "checked-turns", Hint, "The operation is checked at every turn of the loop.";
    Inlined = 607, "inlined-call", Hint, "The function is written out in place of its call.";
    NotInlined = 608, "not-inlined", Hint, "The call stays a call.";
    Left = 609, "left-compiled-code", Hint, "Runs have left compiled code here.";
    ArgumentType = 701, "argument-type", Error, "The type of an argument cannot be compiled.";
    Annotated = 702, "annotated-type", Warning, "The annotation is no type that can be compiled.";
    UnusedIgnore = 801, "unused-ignore", Warning, "The comment ignores what is not there.";
    InvalidIgnore = 802, "invalid-ignore", Warning, "The comment does not say what is to be ignored.";
    Configuration = 803, "configuration", Error, "The configuration is wrong.";
    Backend = 901, "backend", Error, "The compiler could not make machine code.";
}

/// A program of a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Example {
    /// The text of a file.
    pub text: &'static str,
    /// True if checking the file is not enough: the program has to run.
    pub runs: bool,
}

impl Code {
    /// As users see it: `BRRR201`.
    #[must_use]
    pub fn text(self) -> String {
        format!("BRRR{:03}", self as u16)
    }

    /// The code of a text such as `BRRR201`, `brrr201`, `201`, or a slug.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let number = text.strip_prefix("BRRR").or_else(|| text.strip_prefix("brrr")).unwrap_or(text);
        let number = number.parse::<u16>().ok().filter(|_| number.len() == 3);
        Self::ALL.iter().copied().find(|code| Some(*code as u16) == number || code.slug() == text)
    }

    /// The page's first part: what it means, and why it is so. Markdown.
    #[must_use]
    pub fn explanation(self) -> &'static str {
        let page = self.page();
        page.split_once("\n## ").map_or(page, |(explanation, _)| explanation).trim_end()
    }

    /// A program that has this diagnostic; none for what has no program of its own, such as a broken installation.
    #[must_use]
    pub fn fails(self) -> Option<Example> {
        self.example(0)
    }

    /// The same, put right.
    #[must_use]
    pub fn passes(self) -> Option<Example> {
        self.example(1)
    }

    fn example(self, at: usize) -> Option<Example> {
        let block = self.page().split("\n```python").nth(at + 1)?;
        let (tag, rest) = block.split_once('\n')?;
        let (text, _) = rest.split_once("\n```")?;
        Some(Example { text: rest.get(..=text.len())?, runs: tag.trim() == "run" })
    }
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
        assert!(Code::ALL.is_sorted(), "rows stand in the order of their numbers");
        assert_eq!(Code::Statement.text(), "BRRR201");
        assert_eq!(Code::Syntax.text(), "BRRR001");
    }

    #[test]
    fn codes_are_found_by_number_and_by_slug() {
        for text in ["BRRR001", "brrr001", "001", "syntax"] {
            assert_eq!(Code::parse(text), Some(Code::Syntax), "{text}");
        }
        for text in ["BRRR999", "1", "0001", "", "BRRR", "Syntax", "BRRRsyntax"] {
            assert_eq!(Code::parse(text), None, "{text}");
        }
    }

    #[test]
    fn pages_have_their_parts() {
        for &code in Code::ALL {
            let (page, slug) = (code.page(), code.slug());
            assert!(code.explanation().len() > 60 && !code.explanation().contains("```python"), "{slug}");
            assert!(page.ends_with('\n') && !page.starts_with('#') && !page.contains("\n\n\n"), "{slug}");
            assert!(code.summary().ends_with('.'), "{slug}");
            assert_eq!(code.fails().is_some(), code.passes().is_some(), "{slug}");
            for example in code.fails().into_iter().chain(code.passes()) {
                assert!(example.text.contains("brrr") && example.text.ends_with('\n'), "{slug}: {example:?}");
            }
            let widest = page.lines().map(|line| line.chars().count()).max();
            assert!(widest.is_some_and(|width| width <= 130), "{slug}");
        }
        let without = Code::ALL.iter().filter(|code| code.fails().is_none()).map(|code| code.slug());
        assert_eq!(
            without.collect::<Vec<_>>(),
            [
                "unsupported-statement",
                "unsupported-expression",
                "not-inlined",
                "left-compiled-code",
                "configuration",
                "backend"
            ]
        );
    }
}

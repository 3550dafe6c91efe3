//! A live function to its source.
//!
//! Enters: a Python function. Leaves: the lines it was made from, parsed; and the answer whether these lines are
//! still what its code object was compiled from. The file is never read as a whole, unless `linecache` does.

use std::ffi::{CStr, CString, c_int};
use std::fs::File;
use std::io::{BufRead, BufReader};

use brrr_core::compile::Prepared;
use brrr_core::diagnostic::{Code, Diagnostic};
use brrr_core::syntax;
use pyo3::exceptions::PyWarning;
use pyo3::ffi;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyCode, PyFunction, PyList, PyModule, PyString, PyTuple};

use crate::convert::characters;
use crate::decorate::LAMBDA;
use crate::errors::{Bare, Refusal};
use crate::outside::names_in;

/// `co_flags`: the code object takes `*args`, `**kwargs`.
const CO_VARARGS: u32 = 0x04;
const CO_VARKEYWORDS: u32 = 0x08;
/// `co_flags`: its function is a coroutine or an asynchronous generator.
const CO_ASYNC: u32 = 0x280;
/// `co_flags`: everything that `from __future__ import` sets.
const CO_FUTURES: u32 = 0x1FE_0000;
/// `cf_flags` of a text that is UTF-8, whatever its first lines say.
const PYCF_SOURCE_IS_UTF8: c_int = 0x100;
const PYCF_IGNORE_COOKIE: c_int = 0x800;
/// As the interpreter was started: `-O` takes asserts out.
const OPTIMIZATION: c_int = -1;

/// What a code object says about parameters.
#[derive(Debug)]
pub struct Parameters {
    /// Names in the order of the source, keyword-only ones last; interned.
    pub names: Vec<Py<PyString>>,
    /// The first so many are positional.
    pub positional: usize,
    /// The first so many cannot be given by keyword.
    pub positional_only: usize,
    /// There is `*args` behind them.
    pub variadic: bool,
    /// There is `**kwargs`.
    pub doubled: bool,
}

impl Parameters {
    /// All but `**kwargs`: what a signature has a type for.
    pub const fn slots(&self) -> usize {
        self.names.len() + self.variadic as usize
    }
}

/// True for `async def`.
///
/// # Errors
/// If the object lacks what code objects have.
pub fn is_async(code: &Bound<'_, PyAny>) -> PyResult<bool> {
    Ok(code.getattr("co_flags")?.extract::<u32>()? & CO_ASYNC != 0)
}

/// Reads the parameters of a code object.
///
/// # Errors
/// If the object lacks what code objects have.
pub fn parameters(code: &Bound<'_, PyAny>) -> PyResult<Parameters> {
    let count = |name: &str| code.getattr(name)?.extract::<usize>();
    let flags: u32 = code.getattr("co_flags")?.extract()?;
    let positional = count("co_argcount")?;
    let all = positional + count("co_kwonlyargcount")?;
    let names = code.getattr("co_varnames")?.cast_into::<PyTuple>()?;
    let names = names.iter().take(all).map(|name| Ok(name.cast_into::<PyString>()?.unbind()));
    Ok(Parameters {
        names: names.collect::<PyResult<_>>()?,
        positional,
        positional_only: count("co_posonlyargcount")?,
        variadic: flags & CO_VARARGS != 0,
        doubled: flags & CO_VARKEYWORDS != 0,
    })
}

/// The place of a function: path and first line.
///
/// # Errors
/// If the object lacks what code objects have.
pub fn place(code: &Bound<'_, PyAny>) -> PyResult<(String, u32)> {
    let path = characters(&code.getattr("co_filename")?);
    let line: i64 = code.getattr("co_firstlineno")?.extract()?;
    Ok((path, u32::try_from(line).unwrap_or(0)))
}

/// The source from the function's first line on.
pub struct Lines<'py> {
    /// The file, as the code object names it.
    pub path: String,
    /// The number of the first line.
    pub first_line: u32,
    /// That line and those that follow, with their line breaks.
    pub rest: Box<dyn Iterator<Item = String> + 'py>,
}

/// Finds the source of a function.
///
/// # Errors
/// The refusal if there is none; a Python exception from a loader.
pub fn lines<'py>(function: &Bound<'py, PyFunction>) -> PyResult<Result<Lines<'py>, Refusal>> {
    let code = function.getattr("__code__")?;
    let (path, first_line) = place(&code)?;
    let first = (first_line as usize).saturating_sub(1);
    if first_line > 0
        && !py_has_linecache(function.py())?
        && let Some(rest) = plain_file(&path, first)
    {
        return Ok(Ok(Lines { path, first_line, rest }));
    }
    let all = file_lines(function, &code, &path)?;
    if first_line == 0 || first >= all.len() {
        return Ok(Err(no_source(&path, first_line, &code)?));
    }
    let rest = (first..).map_while(move |at| all.get_item(at).ok()?.extract::<String>().ok());
    Ok(Ok(Lines { path, first_line, rest: Box::new(rest) }))
}

/// The name that a function has in its text: lambdas are read as functions of one line.
pub fn written_name(name: &str) -> &str {
    if name == LAMBDA { "_lambda" } else { name }
}

/// The text of a lambda as a function of one line; `None` if it cannot be told.
///
/// # Errors
/// If memory runs out.
pub fn lambda<'py>(code: &Bound<'py, PyAny>, lines: Lines<'py>) -> PyResult<Option<Lines<'py>>> {
    let Lines { path, first_line, mut rest } = lines;
    let Some(line) = rest.next() else { return Ok(None) };
    let read = code.py().import(intern!(code.py(), "brrr._lambda"))?.getattr(intern!(code.py(), "text"))?;
    let text = read.call1((code, line))?.extract::<Option<String>>()?;
    Ok(text.map(|text| Lines { path, first_line, rest: Box::new(std::iter::once(text)) }))
}

/// True if somebody uses `linecache`: then it may hold the lines, or know better than the disk.
fn py_has_linecache(py: Python<'_>) -> PyResult<bool> {
    py.import(intern!(py, "sys"))?.getattr(intern!(py, "modules"))?.contains(intern!(py, "linecache"))
}

/// The lines of a file on disk from line `first` (from 0) on, without `linecache`, whose import takes longer than all else that
/// decoration does. `None` if the file needs what `linecache` knows: loaders, other encodings, lone carriage returns.
fn plain_file(path: &str, first: usize) -> Option<Box<dyn Iterator<Item = String>>> {
    let mut reader = BufReader::new(File::open(path).ok()?);
    let mut line = String::new();
    for at in 0..first {
        line.clear();
        if reader.read_line(&mut line).ok()? == 0
            || at < 2 && line.starts_with('#') && line.contains("coding") && !line.contains("utf-8")
        {
            return None;
        }
    }
    let mut next = move || {
        let mut line = String::new();
        reader.read_line(&mut line).ok().filter(|&read| read > 0)?;
        if line.ends_with("\r\n") {
            line.truncate(line.len() - 2);
            line.push('\n');
        }
        Some(line)
    };
    let mut head = next().filter(|head| !head.contains('\r'))?;
    if first == 0 && head.starts_with('\u{feff}') {
        head.remove(0);
    }
    Some(Box::new(std::iter::once(head).chain(std::iter::from_fn(next))))
}

/// The lines of the file, or of what the prompt, a notebook or a test put into `linecache`.
fn file_lines<'py>(
    function: &Bound<'py, PyFunction>,
    code: &Bound<'py, PyAny>,
    path: &str,
) -> PyResult<Bound<'py, PyList>> {
    let py = function.py();
    let linecache = py.import(intern!(py, "linecache"))?;
    // From 3.13 on the prompt keeps its source under the code object.
    if let Ok(of_code) = linecache.getattr(intern!(py, "_getlines_from_code")) {
        let found = of_code.call1((code,))?;
        if let Ok(list) = found.cast_into::<PyList>()
            && !list.is_empty()
        {
            return Ok(list);
        }
    }
    linecache.call_method1(intern!(py, "checkcache"), (path,))?;
    let globals = function.getattr(intern!(py, "__globals__"))?;
    let found = linecache.call_method1(intern!(py, "getlines"), (path, globals))?;
    Ok(found.cast_into::<PyList>().unwrap_or_else(|_| PyList::empty(py)))
}

fn no_source(path: &str, line: u32, code: &Bound<'_, PyAny>) -> PyResult<Refusal> {
    let name = characters(&code.getattr("co_name")?);
    let help = match path {
        "<stdin>" | "<string>" if code.py().version_info() < (3, 13) => {
            "the prompt and `python -c` keep no source before CPython 3.13: write the function into a file, use a notebook \
             or IPython, or CPython 3.13"
        }
        _ if path.starts_with('<') => {
            "brrr reads the source: write the function into a file, or put its text into `linecache` under the name that \
             was given to `compile()`"
        }
        _ => "brrr reads the source: keep the `.py` file beside the program, with the lines it was loaded from",
    };
    Ok(Refusal::Bare(Bare {
        code: Code::NoSource,
        message: format!("the source of `{name}` cannot be found"),
        help: help.to_owned(),
        place: Some((path.to_owned(), line)),
    }))
}

/// Compares the text kept at decoration with the code object, by compiling it again under the same conditions. What may
/// differ is where the code stands; what it does may not.
///
/// # Errors
/// The refusal `BRRR004` if they differ; a Python exception if memory runs out.
pub fn verify(function: &Bound<'_, PyFunction>, prepared: &Prepared) -> PyResult<Option<Refusal>> {
    let py = function.py();
    let code = function.getattr("__code__")?;
    let text = wrapped(prepared.text(), &code)?;
    let flags: u32 = code.getattr("co_flags")?.extract()?;
    let known = fingerprint(&code)?;
    for imports in possible_imports(function, &code)? {
        let text = if imports.is_empty() { text.clone() } else { format!("import {}\n{text}", imports.join(", ")) };
        let again = match compile(py, &text, prepared.source().path(), flags) {
            Ok(None) => None,
            Ok(Some(module)) => {
                find(&module, PyString::new(py, written_name(&characters(&code.getattr("co_name")?))).as_any())?
            }
            Err(error) if error.is_instance_of::<pyo3::exceptions::PySyntaxError>(py) => None,
            Err(error) => return Err(error),
        };
        if let Some(again) = again
            && fingerprint(&again)?.eq(&known)?
        {
            return Ok(None);
        }
    }
    let diagnostic = Diagnostic::new(
        Code::SourceChanged,
        format!("the source of `{}` is not what Python loaded", prepared.name()),
        prepared.name_span(),
        "these lines give other bytecode than the function has",
    )
    .help(
        "load the module again; if an import hook rewrites it, as pytest does with asserts, keep functions under brrr out of \
         its reach",
    );
    Ok(Some(Refusal::InSource(prepared.source().clone(), vec![diagnostic])))
}

/// CPython compiles calls such as `math.sqrt(x)` in another way where an `import` at the top of the file binds the name. The lines
/// of the function do not tell, so every choice is tried, for up to three modules; the likeliest first.
fn possible_imports(function: &Bound<'_, PyFunction>, code: &Bound<'_, PyAny>) -> PyResult<Vec<Vec<String>>> {
    let globals = function.getattr("__globals__")?;
    let names = names_in(code)?;
    let is_module = |name: &String| globals.get_item(name).is_ok_and(|found| found.is_instance_of::<PyModule>());
    let modules = names.into_iter().filter(is_module).take(3).collect::<Vec<_>>();
    let chosen = |set: usize| {
        let numbered = modules.iter().enumerate().filter(move |(at, _)| set & 1 << at != 0);
        numbered.map(|(_, name)| name.clone()).collect::<Vec<_>>()
    };
    Ok((0..1 << modules.len()).rev().map(chosen).collect())
}

/// Python's own compiler, which has said its warnings already when it made the function. `None` if the text cannot be one of Python's.
fn compile<'py>(py: Python<'py>, text: &str, path: &str, flags: u32) -> PyResult<Option<Bound<'py, PyAny>>> {
    // No text that Python compiles has a zero byte.
    let Ok(text) = CString::new(text) else { return Ok(None) };
    // CPython's parser takes stack by the depth of the text, and this thread may have little: the function was made elsewhere.
    let made = || syntax::with_stack(|| compiled(py, &text, path, flags)).map(Some);
    let is_imported = py.import("sys")?.getattr("modules")?.contains("warnings")?;
    // To import `warnings` takes as long as all the rest; until somebody does, this list alone decides.
    let filters = py.import("_warnings").and_then(|module| module.getattr("filters"));
    if let (false, Ok(filters)) = (is_imported, filters.and_then(|filters| Ok(filters.cast_into::<PyList>()?))) {
        let ignore = ("ignore", py.None(), py.get_type::<PyWarning>(), py.None(), 0).into_pyobject(py)?;
        filters.insert(0, &ignore)?;
        let made = made();
        if let Some(at) = filters.iter().position(|one| one.is(&ignore)) {
            filters.del_item(at)?;
        }
        return made;
    }
    let warnings = py.import("warnings")?;
    let silence = warnings.call_method0("catch_warnings")?;
    silence.call_method0("__enter__")?;
    let ignored = warnings.call_method1("simplefilter", ("ignore",));
    let made = ignored.and_then(|_| made());
    silence.call_method1("__exit__", (py.None(), py.None(), py.None()))?;
    made
}

/// What `compile(text, path, "exec", flags, dont_inherit=True)` does. Called by its name, it would make the hundred classes of `ast` first,
/// to find out that the text is none of these: that takes longer than all else that is done with a function before LLVM.
fn compiled<'py>(py: Python<'py>, text: &CStr, path: &str, flags: u32) -> PyResult<Bound<'py, PyAny>> {
    let path = PyString::new(py, path);
    let flags = (flags & CO_FUTURES) as c_int | PYCF_SOURCE_IS_UTF8 | PYCF_IGNORE_COOKIE;
    let mut flags = ffi::PyCompilerFlags { cf_flags: flags, cf_feature_version: c_int::from(py.version_info().minor) };
    // SAFETY: the text, the path and the flags live through the call, and the GIL is held; what comes back is a new reference, or null with
    // an exception.
    unsafe {
        let made =
            ffi::Py_CompileStringObject(text.as_ptr(), path.as_ptr(), ffi::Py_file_input, &raw mut flags, OPTIMIZATION);
        Bound::from_owned_ptr_or_err(py, made)
    }
}

/// The function's lines, made a module of their own. The class around it is rebuilt, for names such as `__x` depend on it,
/// and free variables are bound one level up.
fn wrapped(own: &str, code: &Bound<'_, PyAny>) -> PyResult<String> {
    let free = code.getattr("co_freevars")?.extract::<Vec<String>>()?;
    let qualname = characters(&code.getattr("co_qualname")?);
    let class = qualname.rsplit('.').nth(1).filter(|outer| *outer != "<locals>");
    let names =
        free.iter().filter(|name| name.as_str() != "__class__").map(String::as_str).collect::<Vec<_>>().join(", ");
    let (head, depth) = match (names.is_empty(), class) {
        (true, None) if own.starts_with([' ', '\t', '\x0c']) => ("if 1:\n".to_owned(), 1),
        (true, None) => (String::new(), 0),
        (true, Some(class)) => (format!("class {class}:\n"), 1),
        (false, None) => (format!("def _({names}):\n"), 1),
        (false, Some(class)) => (format!("def _({names}):\n class {class}:\n"), 2),
    };
    let indent = own.bytes().take_while(|&byte| byte == b' ').count();
    let fits = indent >= depth || depth < 2 && own.starts_with('\t');
    let mut text = head;
    if fits {
        text.push_str(own);
    } else {
        // Too little indent for the lines above it: generated code, or tabs. Only a multi-line string could tell.
        text.extend(own.lines().map(|line| format!("{:depth$}{line}\n", "")));
    }
    text.push('\n');
    Ok(text)
}

/// The first code object of that name, in the order of the source.
fn find<'py>(code: &Bound<'py, PyAny>, name: &Bound<'py, PyAny>) -> PyResult<Option<Bound<'py, PyAny>>> {
    for constant in code.getattr("co_consts")?.cast_into::<PyTuple>()?.iter() {
        if !constant.is_instance_of::<PyCode>() {
            continue;
        }
        if constant.getattr("co_name")?.eq(name)? {
            return Ok(Some(constant));
        }
        if let Some(found) = find(&constant, name)? {
            return Ok(Some(found));
        }
    }
    Ok(None)
}

/// What a code object does, without where it stands. `repr` tells `1`, `1.0`, `True` and `-0.0` apart.
fn fingerprint<'py>(code: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyTuple>> {
    let py = code.py();
    let constants = code.getattr("co_consts")?.cast_into::<PyTuple>()?;
    let constants = constants.iter().map(|one| match one.is_instance_of::<PyCode>() {
        true => Ok(fingerprint(&one)?.into_any()),
        false => Ok(one.repr()?.into_any()),
    });
    let constants = PyList::new(py, constants.collect::<PyResult<Vec<_>>>()?)?;
    let part = |name: &str| code.getattr(name);
    PyTuple::new(
        py,
        [
            part("co_code")?,
            constants.into_any(),
            part("co_names")?,
            part("co_varnames")?,
            part("co_freevars")?,
            part("co_argcount")?,
            part("co_posonlyargcount")?,
            part("co_kwonlyargcount")?,
        ],
    )
}

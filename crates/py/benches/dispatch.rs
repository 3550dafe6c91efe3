//! Calls of functions under the decorator, from Rust: what `PyObject_Vectorcall` of them takes, without an interpreter's loop around.
//!
//! The Python library is opened at run time, for the extension is the one that is installed: `make bench-rust` builds it in release mode and
//! says where it is. `BRRR_LIBPYTHON` names the library; without it there is nothing to measure.

use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::sync::OnceLock;

use divan::{Bencher, black_box};
use libloading::os::unix::{Library, RTLD_GLOBAL, RTLD_NOW};

type Object = *mut c_void;

/// What of Python's API is called.
struct Python {
    vectorcall: unsafe extern "C" fn(Object, *const Object, usize, Object) -> Object,
    release: unsafe extern "C" fn(Object),
    forget: unsafe extern "C" fn(),
    attribute: unsafe extern "C" fn(Object, *const c_char) -> Object,
    module: Object,
    _library: Library,
}

// SAFETY: benchmarks run on the thread that has set up the interpreter, which holds the GIL to its end.
unsafe impl Send for Python {}
// SAFETY: as above.
unsafe impl Sync for Python {}

/// The functions, and Python functions of the same text.
const PROGRAM: &CStr = c"
from brrr import brrr
import linecache
text = '''
def nothing(): return 1
def ints(a, b): return a + b
def floats(a, b): return a * b
def five(a, b, c, d, e): return a + b * c
def first(x): return x[0]
'''
linecache.cache['<benchmark>'] = len(text), None, text.splitlines(keepends=True), '<benchmark>'
plain, compiled = {'__name__': 'plain'}, {}
exec(compile(text, '<benchmark>', 'exec'), plain)
arguments = {'nothing': (), 'ints': (2, 3), 'floats': (2.5, 3.5), 'five': (1, 2.0, True, 4, 5.0)}
try:
    import numpy
    arguments['first'] = (numpy.arange(10.0),)
except ImportError:
    pass
for name, args in arguments.items():
    globals()['plain_' + name], globals()['brrr_' + name] = plain[name], brrr(plain[name])
    for _ in range(3):
        assert globals()['brrr_' + name](*args) == plain[name](*args)
    for number, one in enumerate(args):
        globals()[f'{name}_{number}'] = one
    globals()[f'{name}_count'] = len(args)
    globals()['brrr_' + name].compile(*map(lambda one: type(one) if type(one).__module__ == 'builtins' else 'float64[::1]', args))
";

fn python() -> Option<&'static Python> {
    static PYTHON: OnceLock<Option<Python>> = OnceLock::new();
    PYTHON.get_or_init(|| std::env::var_os("BRRR_LIBPYTHON").map(open)).as_ref()
}

fn open(path: std::ffi::OsString) -> Python {
    // SAFETY: Python's library, whose functions have these types in every version; the interpreter is set up once, by this thread.
    unsafe {
        let library = Library::open(Some(path), RTLD_NOW | RTLD_GLOBAL).expect("Python's library");
        let set_up = *library.get::<unsafe extern "C" fn(c_int)>(b"Py_InitializeEx\0").expect("a function");
        let run =
            *library.get::<unsafe extern "C" fn(*const c_char) -> c_int>(b"PyRun_SimpleString\0").expect("a function");
        let import = *library
            .get::<unsafe extern "C" fn(*const c_char) -> Object>(b"PyImport_ImportModule\0")
            .expect("a function");
        let vectorcall = *library.get(b"PyObject_Vectorcall\0").expect("a function");
        let release = *library.get(b"Py_DecRef\0").expect("a function");
        let forget = *library.get(b"PyErr_Clear\0").expect("a function");
        let attribute = *library.get(b"PyObject_GetAttrString\0").expect("a function");
        set_up(0);
        assert_eq!(run(PROGRAM.as_ptr()), 0, "the program runs");
        let module = import(c"__main__".as_ptr());
        Python { vectorcall, release, forget, attribute, module, _library: library }
    }
}

impl Python {
    /// What a name stands for; null if it stands for nothing.
    fn get(&self, name: &str) -> Object {
        let name = CString::new(name).expect("a name");
        // SAFETY: the module lives as long as the interpreter.
        unsafe {
            let found = (self.attribute)(self.module, name.as_ptr());
            (self.forget)();
            found
        }
    }
}

fn main() {
    if python().is_none() {
        println!("dispatch: BRRR_LIBPYTHON names no library of Python's; `make bench-rust` does");
        return;
    }
    divan::main();
}

const CASES: [&str; 5] = ["nothing", "ints", "floats", "five", "first"];

#[divan::bench(args = CASES)]
fn brrr(bencher: Bencher<'_, '_>, case: &str) {
    call(bencher, "brrr", case);
}

#[divan::bench(args = CASES)]
fn python_function(bencher: Bencher<'_, '_>, case: &str) {
    call(bencher, "plain", case);
}

fn call(bencher: Bencher<'_, '_>, kind: &str, case: &str) {
    let Some(python) = python() else { return };
    let function = python.get(&format!("{kind}_{case}"));
    if function.is_null() {
        return;
    }
    let args = (0..5).map(|number| python.get(&format!("{case}_{number}"))).take_while(|one| !one.is_null());
    let args = args.collect::<Vec<_>>();
    bencher.bench_local(|| {
        // SAFETY: function and arguments are held; what is given is released.
        unsafe {
            let given = (python.vectorcall)(black_box(function), args.as_ptr(), args.len(), std::ptr::null_mut());
            (python.release)(given);
        }
    });
}

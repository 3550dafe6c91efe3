//! One run of compiled code, from its entry to its return: what the code may ask for meanwhile.
//!
//! Made on the stack for each run by whoever enters the code. Everything but the pointers is made when it is first needed, so
//! that a short call pays for a few stores.

use std::ptr::{null, null_mut};
use std::sync::Arc;

use brrr_core::{abi, load};
use pyo3::ffi::PyObject;

use crate::arrays::Made;
use crate::binding::Specialisation;
use crate::callable::Callable;
use crate::calls::Came;
use crate::host;
use crate::poll::Watch;
use crate::probes;

/// One run. The head is what compiled code sees.
#[repr(C)]
pub struct Running {
    /// What compiled code sees.
    pub head: abi::Activation,
    /// The function that was called.
    pub callable: *mut Callable,
    /// The code that runs; owned by the callable.
    pub specialisation: *const Specialisation,
    /// The objects of its arguments, the hidden ones last.
    pub args: *const *mut PyObject,
    /// What polls know; null until the first one. A run that has polled may have released the GIL: what needs the interpreter
    /// calls [`crate::poll::hold`] first.
    pub watch: *mut Watch,
    /// The arrays that the run has made; null until the first one.
    pub made: *mut Made,
    /// How many more calls than at first may be nested.
    pub granted: i64,
    /// The memory of the code, held from when Python code may run for the first time: other code may take its place. Null before.
    pub pinned: *const load::Code,
    /// What a called function has come to, until its caller has left; mostly null.
    kept: *mut Came,
}

impl Running {
    /// A run that is about to begin.
    #[inline(always)]
    pub const fn new(
        callable: *mut Callable,
        specialisation: *const Specialisation,
        args: *const *mut PyObject,
    ) -> Self {
        Self {
            head: abi::Activation::new(&raw const SERVICES),
            callable,
            specialisation,
            args,
            watch: null_mut(),
            made: null_mut(),
            granted: 0,
            pinned: null(),
            kept: null_mut(),
        }
    }

    /// True if the run has asked for nothing that is to be looked after when it is over.
    #[inline(always)]
    pub const fn is_untouched(&self) -> bool {
        self.watch.is_null() && self.made.is_null() && self.pinned.is_null()
    }

    /// Holds the code, which other code may replace while Python code runs, or another thread. What may run any calls this first; until
    /// then the code that runs is the one that calls enter.
    #[inline]
    pub fn pin(&mut self) {
        if self.pinned.is_null() {
            // SAFETY: the callable that is called owns the specialisation.
            let memory = unsafe { (*self.specialisation).memory() };
            self.pinned = memory.map_or(null(), Arc::into_raw);
        }
    }

    /// The code has returned: lets go of it.
    pub fn unpin(&mut self) {
        let pinned = std::mem::replace(&mut self.pinned, null());
        if !pinned.is_null() {
            // SAFETY: it was made by `Arc` above, and is this run's own.
            drop(unsafe { Arc::from_raw(pinned) });
        }
    }

    /// Keeps what a called function has come to.
    pub fn keep(&mut self, kept: Came) {
        let before = self.take_kept();
        debug_assert!(before.is_none(), "each caller takes it");
        self.kept = Box::into_raw(Box::new(kept));
    }

    /// What a called function has come to.
    pub fn take_kept(&mut self) -> Option<Came> {
        let kept = std::mem::replace(&mut self.kept, null_mut());
        // SAFETY: it was made by `Box` above, and is nobody else's.
        (!kept.is_null()).then(|| *unsafe { Box::from_raw(kept) })
    }

    /// As compiled code takes it.
    #[inline(always)]
    pub const fn activation(&mut self) -> *mut abi::Activation {
        (&raw mut *self).cast()
    }
}

static SERVICES: abi::Services = abi::Services {
    poll: crate::poll::poll,
    host,
    create: crate::arrays::create,
    leave: crate::calls::leave,
    deeper: crate::calls::deeper,
    mark: crate::arrays::mark,
    settle: crate::arrays::settle,
    sweep: crate::arrays::sweep,
    probe,
};

/// Calls the interpreter's own function of a row.
extern "C" fn host(activation: *mut abi::Activation, function: u64, args: *const u64, result: *mut u64) -> u8 {
    // SAFETY: compiled code passes its activation, the head of a `Running`, a row that it was made from, as many payloads as
    // that row has parameters, and room for one. The GIL is taken here if a poll has released it; the next one releases it again.
    unsafe {
        crate::poll::hold(activation.cast::<Running>());
        (*activation.cast::<Running>()).pin();
        u8::from(host::call(function, args, result).is_none())
    }
}

/// Forces the side exit at the visit that a test has chosen.
extern "C" fn probe(_: *mut abi::Activation) -> u8 {
    probes::visit().into()
}

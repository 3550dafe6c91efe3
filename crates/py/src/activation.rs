//! One run of compiled code, from its entry to its return: what the code may ask for meanwhile.
//!
//! Made on the stack for each run by whoever enters the code. Everything but the pointers is made when it is first needed, so
//! that a short call pays for a few stores.

use brrr_core::abi;

use crate::callable::Callable;
use crate::host;
use crate::specialise::Specialisation;

/// One run. The head is what compiled code sees.
#[repr(C)]
pub struct Running {
    head: abi::Activation,
    /// The function that was called.
    pub callable: *mut Callable,
    /// The code that runs; owned by the callable.
    pub specialisation: *const Specialisation,
}

impl Running {
    /// A run that is about to begin.
    #[inline(always)]
    pub const fn new(callable: *mut Callable, specialisation: *const Specialisation) -> Self {
        Self { head: abi::Activation { services: &raw const SERVICES }, callable, specialisation }
    }

    /// As compiled code takes it.
    #[inline(always)]
    pub const fn activation(&mut self) -> *mut abi::Activation {
        (&raw mut *self).cast()
    }
}

static SERVICES: abi::Services = abi::Services { poll, host, probe };

/// Between two polls.
const FUEL: i64 = 1 << 14;

extern "C" fn poll(_: *mut abi::Activation) -> i64 {
    FUEL
}

/// Calls the interpreter's own function of a row.
extern "C" fn host(_: *mut abi::Activation, function: u64, args: *const u64, result: *mut u64) -> u8 {
    // SAFETY: compiled code passes a row that it was made from, as many payloads as that row has parameters, and room for one;
    // the thread holds the GIL while it runs.
    u8::from(unsafe { host::call(function, args, result) }.is_none())
}

/// No exit is forced.
extern "C" fn probe(_: *mut abi::Activation) -> u8 {
    0
}

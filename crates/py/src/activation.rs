//! One run of compiled code, from its entry to its return: what the code may ask for meanwhile.
//!
//! Made on the stack for each run by whoever enters the code. Everything but the pointers is made when it is first needed, so
//! that a short call pays for a few stores.

use brrr_core::abi;

use crate::callable::Callable;
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

/// No row is done by the interpreter, so none asks.
extern "C" fn host(_: *mut abi::Activation, _: u64, _: *const u64, _: *mut u64) -> u8 {
    1
}

/// No exit is forced.
extern "C" fn probe(_: *mut abi::Activation) -> u8 {
    0
}

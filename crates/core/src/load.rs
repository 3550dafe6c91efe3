//! Object code to an entry.

use crate::abi::Entry;

/// Loaded machine code; unmapped when dropped.
#[derive(Debug)]
pub struct Code {
    entry: Entry,
}

impl Code {
    /// Maps object code, resolves its symbols, makes it executable.
    ///
    /// # Errors
    /// If the bytes are not an object that brrr made for this machine, or memory runs out.
    pub fn load(_object: &[u8]) -> Result<Self, String> {
        todo!()
    }

    /// The entry; valid as long as `self` lives.
    #[must_use]
    pub const fn entry(&self) -> Entry {
        self.entry
    }
}

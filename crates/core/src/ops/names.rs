//! The rows of each name, found without anything that is made when the process begins.
//!
//! Enters: the table. Leaves: chains through it, made by the compiler: rows whose names have a hash in common.

use super::Op;

const CHAINS: usize = 1 << 10;
const NO_ROW: u16 = u16::MAX;

/// Chains of rows.
#[derive(Debug)]
pub(super) struct Names<const ROWS: usize> {
    /// The first row of each chain.
    first: [u16; CHAINS],
    /// The row behind each row.
    next: [u16; ROWS],
}

impl<const ROWS: usize> Names<ROWS> {
    pub(super) const fn of(table: &[Op; ROWS]) -> Self {
        assert!(ROWS < NO_ROW as usize, "rows have numbers of two bytes");
        let mut names = Self { first: [NO_ROW; CHAINS], next: [NO_ROW; ROWS] };
        // From the last one on, so that chains have the order of the table.
        let mut at = ROWS;
        while at > 0 {
            at -= 1;
            let chain = chain(table[at].name);
            names.next[at] = names.first[chain];
            names.first[chain] = at as u16;
        }
        names
    }

    /// The numbers of the rows that may have this name, all that have it among them, in the order of the table.
    pub(super) fn candidates(&self, name: &str) -> impl Iterator<Item = u16> {
        let first = Some(self.first[chain(name)]);
        let row = |number: u16| (number != NO_ROW).then_some(number);
        std::iter::successors(first.and_then(row), move |&at| row(self.next[at as usize]))
    }
}

/// The chain of a name: FNV-1a.
const fn chain(name: &str) -> usize {
    let bytes = name.as_bytes();
    let (mut hash, mut at) = (0x811c_9dc5_u32, 0);
    while at < bytes.len() {
        hash = (hash ^ bytes[at] as u32).wrapping_mul(0x0100_0193);
        at += 1;
    }
    (hash ^ hash >> 16) as usize % CHAINS
}

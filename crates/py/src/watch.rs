//! What the guards of a specialisation come down to at each call: words of memory that still are what they were.
//!
//! Enters: where these words are, and the objects that they are part of ([`Places`]). Leaves: [`Watch`], which is asked at each call. A
//! namespace is one word, its version, however many names are looked up in it, and by however many functions of a unit; a function that is
//! called is its code object. Where a word is another one, the guards themselves are looked at, and if they hold, the words are
//! what they are now.

use std::cell::Cell;

use pyo3::ffi::{self, PyObject};
use pyo3::prelude::*;

use crate::guards::{Held, version_at};

const _: () = assert!(size_of::<usize>() == size_of::<u64>(), "an address is one word");

/// A word that never is what it was.
static CHANGED: u64 = 0;

/// A word of memory.
#[derive(Debug)]
struct Word {
    at: Cell<*const u64>,
    seen: Cell<u64>,
}

impl Word {
    /// One that nobody has looked at: no address is the complement of another, and no version.
    ///
    /// # Safety
    /// There is a word.
    unsafe fn new(at: *const u64) -> Self {
        // SAFETY: as the caller promises.
        Self { at: Cell::new(at), seen: Cell::new(unsafe { !at.read() }) }
    }

    fn forget(&self) {
        self.seen.set(!CHANGED);
        self.at.set(&raw const CHANGED);
    }
}

/// Where words are.
#[derive(Debug, Default)]
pub struct Places {
    words: Vec<*const u64>,
    held: Vec<Held>,
    /// Something has no word that tells of its changes.
    is_blind: bool,
}

impl Places {
    /// A word that is part of an object: an address, or one that the same objects have no second time.
    ///
    /// # Safety
    /// The word is there as long as the object is, which is alive; the thread holds the GIL.
    pub unsafe fn add(&mut self, word: *const u64, part_of: *mut PyObject) {
        if !self.words.contains(&word) {
            self.words.push(word);
            if !self.held.iter().any(|held| held.get() == part_of) {
                // SAFETY: as the caller promises.
                let object = unsafe { Bound::from_borrowed_ptr(Python::assume_attached(), part_of) };
                self.held.push(Held::new(&object));
            }
        }
    }

    /// A word that is there as long as the watch is asked.
    pub fn add_own(&mut self, word: *const u64) {
        self.words.push(word);
    }

    /// All of a dict.
    ///
    /// # Safety
    /// The dict is null or alive, and the thread holds the GIL.
    pub unsafe fn add_dict(&mut self, dict: *mut PyObject) {
        // SAFETY: as the caller promises; the version is part of the dict.
        unsafe {
            match (!dict.is_null()).then(|| version_at(dict)).flatten() {
                Some(word) => self.add(word, dict),
                None => self.is_blind = true,
            }
        }
    }

    /// The type of an object.
    ///
    /// # Safety
    /// The object is null or alive, and the thread holds the GIL.
    pub unsafe fn add_type(&mut self, object: *mut PyObject) {
        if object.is_null() {
            self.is_blind = true;
        } else {
            // SAFETY: as the caller promises.
            unsafe { self.add((&raw const (*object).ob_type).cast(), object) };
        }
    }

    /// The code object of a function.
    ///
    /// # Safety
    /// The function is alive, and the thread holds the GIL.
    pub unsafe fn add_code(&mut self, function: *mut PyObject) {
        let function = function.cast::<ffi::PyFunctionObject>();
        // SAFETY: as the caller promises; this is the layout of functions.
        unsafe { self.add((&raw const (*function).func_code).cast(), function.cast()) };
    }
}

/// Words that are compared at each call.
#[derive(Debug, Default)]
pub struct Watch {
    words: Box<[Word]>,
    held: Box<[Held]>,
    /// Words are not remembered.
    is_blind: Cell<bool>,
    /// How often the guards were looked at.
    looks: Cell<u64>,
}

impl Watch {
    /// Words that nobody has looked at yet. If it is `blind`, or some of them are not known, they never are what they were.
    pub fn new(py: Python<'_>, places: Places, blind: bool) -> Self {
        let is_blind = blind || places.is_blind;
        if is_blind {
            places.held.iter().for_each(|held| held.clear(py));
            // SAFETY: it is static.
            let word = unsafe { Word::new(&raw const CHANGED) };
            return Self { words: Box::new([word]), is_blind: Cell::new(true), ..Self::default() };
        }
        // SAFETY: the objects that the words are part of are held.
        let words = places.words.into_iter().map(|word| unsafe { Word::new(word) }).collect();
        Self { words, held: places.held.into(), ..Self::default() }
    }

    /// True if every word is what it was when the guards were last found to hold.
    ///
    /// # Safety
    /// The thread holds the GIL, and what owns the words that no object has is alive.
    #[inline(always)]
    pub unsafe fn is_unchanged(&self) -> bool {
        // SAFETY: what the words are part of is held; when that is given up, there are others in their place.
        self.words.iter().all(|word| unsafe { word.at.get().read() == word.seen.get() })
    }

    /// Has the guards looked at, and remembers the words as they stood before that if they hold.
    ///
    /// # Safety
    /// As [`Self::is_unchanged`].
    pub unsafe fn look(&self, guards: impl FnOnce() -> bool) -> bool {
        let (Some(first), false) = (self.words.first(), self.is_blind.get()) else { return guards() };
        let look = self.looks.get() + 1;
        self.looks.set(look);
        // SAFETY: as above.
        let now = |word: &Word| unsafe { word.at.get().read() };
        self.words.iter().for_each(|word| word.seen.set(now(word)));
        // The first one says that nothing is known until the guards have been looked at.
        let seen = first.seen.get();
        first.seen.set(!seen);
        if !guards() {
            return false;
        }
        // Python code that ran meanwhile may have had a look of its own, which is the one that counts.
        if self.looks.get() == look {
            first.seen.set(seen);
        }
        true
    }

    /// Nothing is what it was from now on.
    pub fn forget(&self) {
        self.is_blind.set(true);
        self.words.iter().for_each(Word::forget);
    }

    /// Everything that is held.
    pub fn held(&self) -> impl Iterator<Item = &Held> {
        self.held.iter()
    }

    /// Gives up the references.
    pub fn clear(&self, py: Python<'_>) {
        self.forget();
        self.held().for_each(|held| held.clear(py));
    }
}

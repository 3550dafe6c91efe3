//! Object code to an entry: the one place that knows the object format and executable memory.
//!
//! Enters: ELF object code for x86-64 that `emit` made. Leaves: [`Code`], mapped, linked, executable, never writable at the
//! same time. No LLVM is needed: an object that was kept costs some tens of microseconds to load.

use std::collections::HashMap;
use std::io;
use std::ptr;

use object::read::elf::ElfFile64;
use object::{Object, ObjectSection, ObjectSymbol, RelocationFlags, RelocationTarget, SectionIndex, SectionKind, elf};

use crate::abi::{ENTRY_SYMBOL, Entry};
use crate::runtime;

/// Loaded machine code; unmapped when dropped.
#[derive(Debug)]
pub struct Code {
    memory: Mapping,
    entry: usize,
}

// SAFETY: the memory is written before the value exists and never after.
unsafe impl Send for Code {}
// SAFETY: as above; running code needs no exclusive access.
unsafe impl Sync for Code {}

impl Code {
    /// Maps object code, resolves its symbols, makes it executable.
    ///
    /// # Errors
    /// If the bytes are not an object that brrr made for this machine, or memory runs out.
    pub fn load(object: &[u8]) -> Result<Self, String> {
        let file = ElfFile64::<object::Endianness>::parse(object).map_err(|error| error.to_string())?;
        let layout = Layout::of(&file)?;
        let mut memory = Mapping::new(layout.size)?;
        let image = memory.bytes();
        for (section, &offset) in
            file.sections().filter_map(|section| Some((section.index(), layout.sections.get(&section.index())?)))
        {
            let section = file.section_by_index(section).map_err(|error| error.to_string())?;
            let data = section.data().map_err(|error| error.to_string())?;
            image[offset..offset + data.len()].copy_from_slice(data);
        }
        layout.write_slots(image);
        relocate(&file, &layout, &mut memory)?;
        let symbol = file.symbols().find(|symbol| symbol.name() == Ok(ENTRY_SYMBOL)).ok_or("no entry in the object")?;
        let entry = layout.address(&symbol).ok_or("the entry has no code")?;
        memory.make_executable()?;
        Ok(Self { memory, entry })
    }

    /// The entry; valid as long as `self` lives.
    #[must_use]
    pub fn entry(&self) -> Entry {
        // SAFETY: the offset is that of the entry's first instruction in memory that is mapped while `self` lives.
        unsafe { std::mem::transmute::<*const u8, Entry>(self.memory.start.add(self.entry)) }
    }

    /// Size of the mapping in bytes.
    #[must_use]
    pub const fn size(&self) -> usize {
        self.memory.size
    }
}

/// Where each section stands in the mapping; behind them, for each outside symbol, its address and a jump to it.
struct Layout {
    sections: HashMap<SectionIndex, usize>,
    slots: HashMap<String, (usize, usize)>,
    size: usize,
}

/// An address, then `jmp [rip - 14]` to it, padded.
const SLOT: usize = 16;

impl Layout {
    fn of(file: &ElfFile64<'_>) -> Result<Self, String> {
        let mut sections = HashMap::new();
        let mut size = 0_usize;
        for section in file.sections() {
            let loads = matches!(
                section.kind(),
                SectionKind::Text
                    | SectionKind::ReadOnlyData
                    | SectionKind::ReadOnlyString
                    | SectionKind::ReadOnlyDataWithRel
            );
            let wanted = loads && section.size() > 0 && section.name() != Ok(".eh_frame");
            if wanted {
                let align = (section.align() as usize).clamp(1, 4096);
                size = size.next_multiple_of(align);
                sections.insert(section.index(), size);
                size += section.size() as usize;
            }
        }
        size = size.next_multiple_of(SLOT);
        let mut slots = HashMap::new();
        for symbol in file.symbols().filter(|symbol| symbol.is_undefined()) {
            let name = symbol.name().map_err(|error| error.to_string())?;
            if name.is_empty() {
                continue;
            }
            let address = runtime::address(name);
            let address = address.ok_or_else(|| format!("the object wants `{name}`, which brrr does not have"))?;
            slots.insert(name.to_owned(), (size, address));
            size += SLOT;
        }
        Ok(Self { sections, slots, size: size.max(1) })
    }

    fn write_slots(&self, image: &mut [u8]) {
        for &(offset, address) in self.slots.values() {
            image[offset..offset + 8].copy_from_slice(&address.to_le_bytes());
            image[offset + 8..offset + 14].copy_from_slice(&[0xff, 0x25, 0xf2, 0xff, 0xff, 0xff]);
        }
    }

    /// Offset of a defined symbol in the mapping.
    fn address<'a>(&self, symbol: &impl ObjectSymbol<'a>) -> Option<usize> {
        let section = self.sections.get(&symbol.section_index()?)?;
        Some(section + symbol.address() as usize)
    }
}

fn relocate(file: &ElfFile64<'_>, layout: &Layout, memory: &mut Mapping) -> Result<(), String> {
    let base = memory.start as u64;
    for (index, &section_offset) in &layout.sections {
        let section = file.section_by_index(*index).map_err(|error| error.to_string())?;
        for (at, relocation) in section.relocations() {
            let RelocationTarget::Symbol(target) = relocation.target() else {
                return Err("a relocation without a symbol".to_owned());
            };
            let RelocationFlags::Elf { r_type } = relocation.flags() else {
                return Err("a relocation of another format".to_owned());
            };
            let symbol = file.symbol_by_index(target).map_err(|error| error.to_string())?;
            let slot = symbol.name().ok().and_then(|name| layout.slots.get(name));
            let local = layout.address(&symbol);
            let offset = section_offset + at as usize;
            let place = base + offset as u64;
            let addend = relocation.addend().cast_unsigned();
            // The table of addresses is in the mapping itself, so that everything is within reach of 32 bits.
            let value = match (r_type, slot, local) {
                (elf::R_X86_64_64, Some(&(_, address)), _) => Wide((address as u64).wrapping_add(addend)),
                (elf::R_X86_64_64, None, Some(local)) => Wide(base.wrapping_add(local as u64).wrapping_add(addend)),
                (elf::R_X86_64_PC32 | elf::R_X86_64_PLT32, Some(&(slot, _)), _) => {
                    Near((base + slot as u64 + 8).wrapping_add(addend).wrapping_sub(place))
                }
                (elf::R_X86_64_PC32 | elf::R_X86_64_PLT32, None, Some(local)) => {
                    Near((base + local as u64).wrapping_add(addend).wrapping_sub(place))
                }
                (
                    elf::R_X86_64_GOTPCREL | elf::R_X86_64_GOTPCRELX | elf::R_X86_64_REX_GOTPCRELX,
                    Some(&(slot, _)),
                    _,
                ) => Near((base + slot as u64).wrapping_add(addend).wrapping_sub(place)),
                _ => return Err(format!("a relocation of type {r_type} that brrr does not make")),
            };
            let image = memory.bytes();
            let target = image.get_mut(offset..).ok_or("a relocation outside its section")?;
            match value {
                Wide(value) => write(target, &value.to_le_bytes())?,
                Near(value) => {
                    let near = i32::try_from(value.cast_signed()).map_err(|_| "a relocation out of reach")?;
                    write(target, &near.to_le_bytes())?;
                }
            }
        }
    }
    Ok(())
}

/// The value of a relocation: 64 bits, or 32 relative to its place.
enum Relocated {
    Wide(u64),
    Near(u64),
}
use Relocated::{Near, Wide};

fn write(target: &mut [u8], value: &[u8]) -> Result<(), String> {
    let target = target.get_mut(..value.len()).ok_or("a relocation outside its section")?;
    target.copy_from_slice(value);
    Ok(())
}

/// Anonymous memory, writable until it is made executable.
#[derive(Debug)]
struct Mapping {
    start: *mut u8,
    size: usize,
}

impl Mapping {
    fn new(size: usize) -> Result<Self, String> {
        // SAFETY: a fresh private mapping touches no memory of ours.
        let start = unsafe {
            libc::mmap(
                ptr::null_mut(),
                size,
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_PRIVATE | libc::MAP_ANONYMOUS,
                -1,
                0,
            )
        };
        if start == libc::MAP_FAILED {
            return Err(format!("no memory for machine code: {}", io::Error::last_os_error()));
        }
        Ok(Self { start: start.cast(), size })
    }

    fn bytes(&mut self) -> &mut [u8] {
        // SAFETY: the mapping has this size, is writable until `make_executable`, and is borrowed exclusively.
        unsafe { std::slice::from_raw_parts_mut(self.start, self.size) }
    }

    fn make_executable(&mut self) -> Result<(), String> {
        // SAFETY: the range is the mapping.
        let failed = unsafe { libc::mprotect(self.start.cast(), self.size, libc::PROT_READ | libc::PROT_EXEC) };
        if failed == 0 {
            Ok(())
        } else {
            Err(format!("memory cannot be made executable: {}", io::Error::last_os_error()))
        }
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: the mapping is ours, and no entry outlives it.
        unsafe { libc::munmap(self.start.cast(), self.size) };
    }
}

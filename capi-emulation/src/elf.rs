//! A look at a shared library before the dynamic linker maps it. A file that is shorter than its own headers say would be
//! mapped all the same, and end the process with a bus error when the missing part is touched; and of a library for another
//! processor the linker says that there is no such file.
//!
//! Layout: System V ABI, "Object Files" (64-bit, little-endian).

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;

const HEADER: usize = 64;
const PROGRAM_HEADER: usize = 56;
const PT_LOAD: u32 = 1;
const EM_X86_64: u64 = 62;

fn u16_at(bytes: &[u8], at: usize) -> u64 {
    u16::from_le_bytes([bytes[at], bytes[at + 1]]) as u64
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    let mut word = [0; 8];
    word.copy_from_slice(&bytes[at..at + 8]);
    u64::from_le_bytes(word)
}

/// Why a 64-bit ELF file cannot be loaded: it is for another processor, or lacks bytes that its program headers say it has. Of
/// files that cannot be read or are of another kind nothing is said: the dynamic linker refuses them in its own words.
pub fn complaint(path: &Path) -> Option<String> {
    let file = File::open(path).ok()?;
    let length = file.metadata().ok()?.len();
    let mut header = [0; HEADER];
    if file.read_exact_at(&mut header, 0).is_err() || header[..6] != *b"\x7fELF\x02\x01" {
        return None;
    }
    let machine = u16_at(&header, 18);
    if machine != EM_X86_64 {
        return Some(format!("built for another processor architecture (ELF machine {machine})"));
    }
    let (table, size, count) = (u64_at(&header, 32), u16_at(&header, 54), u16_at(&header, 56));
    if size as usize != PROGRAM_HEADER {
        return None;
    }
    let is_whole = (0..count).all(|i| {
        let mut entry = [0; PROGRAM_HEADER];
        if file.read_exact_at(&mut entry, table.saturating_add(i * size)).is_err() {
            return false;
        }
        let kind = u32::from_le_bytes([entry[0], entry[1], entry[2], entry[3]]);
        let (offset, in_file) = (u64_at(&entry, 8), u64_at(&entry, 32));
        kind != PT_LOAD || offset.saturating_add(in_file) <= length
    });
    if is_whole { None } else { Some("file too short".to_owned()) }
}

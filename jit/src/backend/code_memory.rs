//! Executable memory.
//!
//! One range of addresses is reserved when the JIT starts, near the program if possible, so that calls of the VM's functions are
//! short. Blocks are cut from it first-fit and given back when a trace is dropped.
//!
//! Pages are either executable or writable, never both: to write a block its pages become writable for that time. This is safe
//! because compiled code runs and is written only by the thread that holds the GIL: another thread may be in the middle of a trace, in a
//! call that has let go of the GIL, but it does not come back before it has the GIL again. The mapping is private, so a forked child has its own copy.

use std::sync::{Arc, Mutex, MutexGuard};

use super::CompileError;

/// Blocks begin at multiples of this.
const ALIGN: usize = 64;
const PAGE: usize = 4096;
/// A distance that certainly fits 32 bits.
const REACH: usize = 0x7fff_0000;

/// A reserved range of memory for code; clones share it.
#[derive(Clone)]
pub struct CodeMemory {
    shared: Arc<Shared>,
}

struct Shared {
    base: usize,
    size: usize,
    state: Mutex<State>,
}

struct State {
    /// Free ranges by offset: start and length, ascending, never adjacent.
    free: Vec<(usize, usize)>,
    used: usize,
}

impl CodeMemory {
    /// Reserves `limit` bytes.
    ///
    /// # Errors
    /// Where the system refuses.
    pub fn new(limit: usize) -> Result<CodeMemory, CompileError> {
        let size = limit.max(PAGE).next_multiple_of(PAGE);
        let base = reserve(size)?;
        let state = Mutex::new(State { free: vec![(0, size)], used: 0 });
        Ok(CodeMemory { shared: Arc::new(Shared { base, size, state }) })
    }

    /// Can all code call this address directly?
    pub fn reaches(&self, address: usize) -> bool {
        let end = self.shared.base + self.shared.size;
        address.abs_diff(self.shared.base) < REACH && address.abs_diff(end) < REACH
    }

    /// Bytes in use, and bytes there are.
    pub fn usage(&self) -> (usize, usize) {
        (self.shared.lock().used, self.shared.size)
    }

    /// Copies code into a block of its own. `externals` are the positions of 32-bit distances to fixed addresses.
    ///
    /// # Errors
    /// When the memory is used up.
    pub fn install(&self, code: &[u8], externals: &[(usize, usize)]) -> Result<CodeBlock, CompileError> {
        let size = code.len().max(1).next_multiple_of(ALIGN);
        let offset = self.shared.allocate(size)?;
        let block = CodeBlock { memory: self.clone(), offset, len: code.len(), size };
        let mut bytes = code.to_vec();
        for &(at, target) in externals {
            let from = block.address() + at + 4;
            let distance =
                i32::try_from(target as i64 - from as i64).map_err(|_| CompileError::Memory("a call out of reach"))?;
            bytes[at..at + 4].copy_from_slice(&distance.to_le_bytes());
        }
        // SAFETY: the block is new: nobody runs it.
        unsafe { self.shared.write(offset, &bytes)? };
        Ok(block)
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    fn allocate(&self, size: usize) -> Result<usize, CompileError> {
        let mut state = self.lock();
        let found = state.free.iter().position(|&(_, len)| len >= size);
        let i = found.ok_or(CompileError::Memory("the memory for code is used up"))?;
        let (start, len) = state.free[i];
        if len == size {
            state.free.remove(i);
        } else {
            state.free[i] = (start + size, len - size);
        }
        state.used += size;
        Ok(start)
    }

    fn release(&self, offset: usize, size: usize) {
        let mut state = self.lock();
        state.used -= size;
        let i = state.free.partition_point(|&(start, _)| start < offset);
        state.free.insert(i, (offset, size));
        // Neighbours grow together.
        if i + 1 < state.free.len() && state.free[i].0 + state.free[i].1 == state.free[i + 1].0 {
            state.free[i].1 += state.free[i + 1].1;
            state.free.remove(i + 1);
        }
        if i > 0 && state.free[i - 1].0 + state.free[i - 1].1 == state.free[i].0 {
            state.free[i - 1].1 += state.free[i].1;
            state.free.remove(i);
        }
    }

    /// Writes into a block.
    ///
    /// # Safety
    /// The range belongs to the caller's block, the GIL is held, and no thread is at an instruction that is being overwritten.
    unsafe fn write(&self, offset: usize, bytes: &[u8]) -> Result<(), CompileError> {
        let first = offset & !(PAGE - 1);
        let last = (offset + bytes.len()).next_multiple_of(PAGE);
        let pages = (self.base + first) as *mut libc::c_void;
        // SAFETY: pages of our own mapping.
        if unsafe { libc::mprotect(pages, last - first, libc::PROT_READ | libc::PROT_WRITE) } != 0 {
            return Err(CompileError::Memory("memory for code cannot be written"));
        }
        // SAFETY: writable now; the caller's promise says that the range is ours.
        unsafe { core::ptr::copy_nonoverlapping(bytes.as_ptr(), (self.base + offset) as *mut u8, bytes.len()) };
        // SAFETY: as above.
        if unsafe { libc::mprotect(pages, last - first, libc::PROT_READ | libc::PROT_EXEC) } != 0 {
            // Giving rights back joins ranges, which takes no memory; it does not fail.
            return Err(CompileError::Memory("memory for code cannot be made executable"));
        }
        Ok(())
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        // SAFETY: our own mapping; blocks hold the memory alive, so there are none.
        unsafe { libc::munmap(self.base as *mut libc::c_void, self.size) };
    }
}

/// Where code near an address of the program could lie. In front of it; or, where the program is at the bottom of the addresses, as far
/// behind it as calls reach: the program break grows upwards from its end.
fn places(here: usize, size: usize) -> impl Iterator<Item = usize> {
    let step = 64 << 20;
    let whole = size.next_multiple_of(step);
    let distances = move || (1..16).map(move |i| whole + i * step);
    let front = distances().filter_map(move |distance| here.checked_sub(distance));
    let behind = distances().filter_map(move |distance| Some(here + REACH.checked_sub(distance)?));
    front.chain(behind).map(|place| place & !(PAGE - 1))
}

/// Reserves addresses without access, in reach of the program if possible.
fn reserve(size: usize) -> Result<usize, CompileError> {
    let hints = places(reserve as *const () as usize, size).chain([0]);
    let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE;
    for hint in hints {
        // SAFETY: without MAP_FIXED nothing that exists is replaced.
        let got = unsafe { libc::mmap(hint as *mut libc::c_void, size, libc::PROT_NONE, flags, -1, 0) };
        if got == libc::MAP_FAILED {
            continue;
        }
        if hint == 0 || got as usize == hint {
            return Ok(got as usize);
        }
        // SAFETY: just mapped.
        unsafe { libc::munmap(got, size) };
    }
    Err(CompileError::Memory("the system gives no memory for code"))
}

/// A piece of executable memory; dropping it gives it back.
pub struct CodeBlock {
    memory: CodeMemory,
    offset: usize,
    len: usize,
    size: usize,
}

impl CodeBlock {
    pub fn address(&self) -> usize {
        self.memory.shared.base + self.offset
    }

    pub fn len(&self) -> usize {
        self.len
    }

    /// The code.
    pub fn bytes(&self) -> &[u8] {
        // SAFETY: the block's own bytes, readable except while some block is written, which happens on this thread.
        unsafe { core::slice::from_raw_parts(self.address() as *const u8, self.len) }
    }

    /// Replaces some bytes.
    ///
    /// # Errors
    /// When memory cannot be made writable.
    ///
    /// # Safety
    /// The GIL is held, the bytes are whole instructions, and no thread is in the middle of them.
    pub unsafe fn overwrite(&mut self, at: usize, bytes: &[u8]) -> Result<(), CompileError> {
        assert!(at + bytes.len() <= self.len);
        // SAFETY: within the block; the caller's promise.
        unsafe { self.memory.shared.write(self.offset + at, bytes) }
    }
}

impl Drop for CodeBlock {
    fn drop(&mut self) {
        self.memory.shared.release(self.offset, self.size);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_come_and_go() {
        let memory = CodeMemory::new(16 * PAGE).expect("memory");
        let code = vec![0xc3; 1000];
        let mut blocks = Vec::new();
        while let Ok(block) = memory.install(&code, &[]) {
            blocks.push(block);
        }
        assert_eq!(blocks.len(), 16 * PAGE / 1024);
        assert_eq!(memory.usage(), (16 * PAGE, 16 * PAGE));
        // Every other one, then the rest: in the end everything is one piece again.
        let mut keep = false;
        blocks.retain(|_| {
            keep = !keep;
            keep
        });
        assert!(memory.install(&vec![0xc3; 2000], &[]).is_err());
        drop(blocks);
        assert_eq!(memory.usage().0, 0);
        assert!(memory.install(&vec![0xc3; 16 * PAGE], &[]).is_ok());
    }

    #[test]
    fn programs_anywhere_have_code_in_reach() {
        let size = 32 << 20;
        for here in [0x140_0000, 0x5555_5640_0000] {
            let place = places(here, size).next().expect("a place");
            let furthest = here.abs_diff(place).max(here.abs_diff(place + size));
            // The program itself extends to both sides of the function that asks.
            assert!(furthest + (32 << 20) < REACH && furthest > 64 << 20, "{place:x} for {here:x}");
        }
    }

    #[test]
    fn code_runs_and_is_not_writable() {
        let memory = CodeMemory::new(PAGE).expect("memory");
        // mov eax, 7; ret
        let block = memory.install(&[0xb8, 7, 0, 0, 0, 0xc3], &[]).expect("memory");
        // SAFETY: the bytes are such a function.
        let seven = unsafe { core::mem::transmute::<usize, extern "sysv64" fn() -> u32>(block.address()) };
        assert_eq!(seven(), 7);
        let maps = std::fs::read_to_string("/proc/self/maps").expect("maps");
        let writable = maps.lines().filter(|line| line.split_whitespace().nth(1).is_some_and(|p| p.starts_with("rwx")));
        assert_eq!(writable.count(), 0);
    }
}

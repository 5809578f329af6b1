//! Where a pickle is read from: memory, or a file by blocks.
//!
//! A file may hold more than the pickle, so no more may be taken from it than the pickle needs. A file with `peek` is looked
//! at in large blocks; what was used of a block is skipped with `read` when the block is used up or the pickle ends. Other
//! files are read piece by piece, where a frame is one piece.

use rpy_vm::protocol::buffer::{Buffer, flags};
use rpy_vm::protocol::{call, number};
use rpy_vm::types::bytearray::PyByteArray;
use rpy_vm::types::bytes::PyBytes;
use rpy_vm::types::int::PyInt;
use rpy_vm::types::memoryview::PyMemoryView;
use rpy_vm::{ObjRef, PyErr, PyObject, PyResult, PyStruct, Ref, exc};

use super::unpickling_error;

/// How much is asked of `peek`.
const PREFETCH: usize = 128 * 1024;
/// Memory is provided in steps of this size before the data is seen to be there.
const STEP: usize = 1 << 20;

/// What keeps the current block alive.
enum Block {
    Bytes(Ref<PyBytes>),
    Buffer(Buffer),
    Joined(Vec<u8>),
}

impl Block {
    fn of(object: &PyObject) -> PyResult<Block> {
        match object.downcast_exact::<PyBytes>() {
            Some(bytes) => Ok(Block::Bytes(bytes.to_ref())),
            None => Buffer::get(object, flags::CONTIG_RO).map(Block::Buffer),
        }
    }

    fn bytes(&self) -> &[u8] {
        match self {
            Block::Bytes(bytes) => bytes.as_bytes(),
            Block::Buffer(buffer) => buffer.bytes(),
            Block::Joined(bytes) => bytes,
        }
    }
}

/// The methods of a file.
pub struct File {
    pub read: ObjRef,
    pub readline: ObjRef,
    pub readinto: Option<ObjRef>,
    pub peek: Option<ObjRef>,
}

/// A block of data with a position, and the file it came from.
pub struct Input {
    /// The current block's memory: kept in place by `block`.
    data: *const u8,
    len: usize,
    at: usize,
    /// How far the file has been read, as a position in the block: behind `at` where the block was peeked at.
    consumed: usize,
    block: Option<Block>,
    pub file: Option<File>,
}

impl Default for Input {
    fn default() -> Input {
        Input { data: core::ptr::dangling(), len: 0, at: 0, consumed: 0, block: None, file: None }
    }
}

#[cold]
fn truncated() -> PyErr {
    unpickling_error("pickle data was truncated")
}

impl Input {
    /// Reads from a file.
    pub fn of_file(file: File) -> Input {
        Input { file: Some(file), ..Input::default() }
    }

    /// The block begins anew with some object's bytes.
    pub fn set_data(&mut self, data: &PyObject) -> PyResult<()> {
        let block = Block::of(data)?;
        self.set_block(block);
        Ok(())
    }

    fn set_block(&mut self, block: Block) {
        let bytes = block.bytes();
        (self.data, self.len) = (bytes.as_ptr(), bytes.len());
        self.at = 0;
        self.consumed = self.len;
        // Whatever the old block's end runs, the new one is in place.
        drop(self.block.replace(block));
    }

    /// The next `n` bytes, which are in the block.
    #[inline(always)]
    fn take(&mut self, n: usize) -> &[u8] {
        debug_assert!(n <= self.len - self.at);
        // SAFETY: `block` keeps `len` bytes at `data` in place; the caller has checked that `n` are left. Contents may change
        // only while other code runs, which does not happen while the slice is in use.
        let bytes = unsafe { core::slice::from_raw_parts(self.data.add(self.at), n) };
        self.at += n;
        bytes
    }

    /// The next `n` bytes.
    #[inline(always)]
    pub fn read(&mut self, n: usize) -> PyResult<&[u8]> {
        if n > self.len - self.at {
            self.refill(n)?;
        }
        Ok(self.take(n))
    }

    /// The next byte; `EOFError` if there is none.
    #[inline(always)]
    pub fn opcode(&mut self) -> PyResult<u8> {
        if self.at == self.len {
            self.refill(1).map_err(|e| match super::UNPICKLING_ERROR.peek() {
                Some(class) if e.object().ty().as_object().is(class) => exc::eof_error("Ran out of input"),
                _ => e,
            })?;
        }
        Ok(self.take(1)[0])
    }

    /// The next bytes as an array.
    #[inline(always)]
    pub fn array<const N: usize>(&mut self) -> PyResult<[u8; N]> {
        let mut array = [0; N];
        array.copy_from_slice(self.read(N)?);
        Ok(array)
    }

    /// The rest of a line, without its end.
    pub fn line(&mut self) -> PyResult<&[u8]> {
        // SAFETY: as in `take`.
        let rest = unsafe { core::slice::from_raw_parts(self.data.add(self.at), self.len - self.at) };
        if let Some(n) = memchr::memchr(b'\n', rest) {
            let line = self.take(n + 1);
            return Ok(&line[..n]);
        }
        self.skip_consumed()?;
        let Some(file) = &self.file else { return Err(truncated()) };
        let line = call::call_noargs(&file.readline.clone())?;
        self.set_data(&line)?;
        let len = self.len;
        match self.take(len).split_last() {
            Some((b'\n', line)) => Ok(line),
            _ => Err(truncated()),
        }
    }

    /// Advances the file over what was used of a block that was only peeked at.
    pub fn skip_consumed(&mut self) -> PyResult<()> {
        if self.at > self.consumed
            && let Some(file) = &self.file
        {
            let count = self.at - self.consumed;
            call::call_one(&file.read.clone(), PyInt::from_usize(count).as_object())?;
            self.consumed = self.at;
        }
        Ok(())
    }

    /// Makes the next `n` bytes the beginning of the block.
    #[cold]
    #[inline(never)]
    fn refill(&mut self, n: usize) -> PyResult<()> {
        if self.file.is_none() {
            return Err(truncated());
        }
        self.skip_consumed()?;
        if n < PREFETCH && self.peek()? && n <= self.len {
            return Ok(());
        }
        if n <= STEP {
            let data = self.file_read(n)?;
            self.set_data(&data)?;
        } else {
            // A count in a pickle is not trusted with memory.
            let mut joined = Vec::new();
            while joined.len() < n {
                let data = self.file_read((n - joined.len()).min(STEP.max(joined.len())))?;
                let block = Block::of(&data)?;
                let bytes = block.bytes();
                if bytes.is_empty() {
                    return Err(truncated());
                }
                joined.try_reserve(bytes.len()).map_err(|_| exc::memory_error())?;
                joined.extend_from_slice(bytes);
            }
            self.set_block(Block::Joined(joined));
        }
        if self.len < n { Err(truncated()) } else { Ok(()) }
    }

    /// Looks at the next block without reading it. False if the file cannot.
    fn peek(&mut self) -> PyResult<bool> {
        let Some(peek) = self.file.as_ref().and_then(|file| file.peek.clone()) else { return Ok(false) };
        match call::call_one(&peek, PyInt::from_usize(PREFETCH).as_object()) {
            Ok(data) => {
                self.set_data(&data)?;
                self.consumed = 0;
                Ok(true)
            }
            Err(e) if e.matches(exc::NotImplementedError()) => {
                if let Some(file) = &mut self.file {
                    file.peek = None;
                }
                Ok(false)
            }
            Err(e) => Err(e),
        }
    }

    fn file_read(&mut self, n: usize) -> PyResult<ObjRef> {
        match &self.file {
            Some(file) => call::call_one(&file.read.clone(), PyInt::from_usize(n).as_object()),
            None => Err(truncated()),
        }
    }

    /// The next `n` bytes as a `bytes` object. From a file they are read without a detour where possible.
    pub fn read_bytes(&mut self, n: usize) -> PyResult<Ref<PyBytes>> {
        if n <= self.len - self.at {
            return PyBytes::try_new(self.take(n));
        }
        if self.file.is_none() {
            return Err(truncated());
        }
        PyBytes::try_new(self.read_bytearray(n)?.as_bytes())
    }

    /// The next `n` bytes as a `bytearray`.
    pub fn read_bytearray(&mut self, n: usize) -> PyResult<Ref<PyByteArray>> {
        let left = self.len - self.at;
        if n <= left || self.file.is_none() {
            return PyByteArray::try_new(self.read(n)?);
        }
        let array = PyByteArray::try_new(self.take(left))?;
        self.skip_consumed()?;
        while array.len() < n {
            let start = array.len();
            let count = (n - start).min(STEP.max(start));
            match self.file.as_ref().and_then(|file| file.readinto.clone()) {
                Some(readinto) => {
                    array.resize(start + count)?;
                    // SAFETY: the array is ours alone until the view is handed out below.
                    let memory = unsafe { array.as_bytes_mut() };
                    memory[start..].fill(0);
                    let whole = PyMemoryView::from_object(array.as_object())?;
                    let part =
                        rpy_vm::protocol::sequence::slice(whole.as_object(), start as isize, (start + count) as isize)?;
                    let seen = call::call_one(&readinto, &part)?;
                    // Views that the file kept are cut off; one that it handed on keeps the array from changing its size.
                    if let Some(part) = part.downcast_ref::<PyMemoryView>() {
                        part.release_view()?;
                    }
                    whole.release_view()?;
                    let seen = number::as_isize(&seen, Some(exc::OverflowError()))?;
                    if seen < 0 {
                        return Err(exc::value_error("readinto() returned negative size"));
                    }
                    if (seen as usize) < count {
                        return Err(truncated());
                    }
                }
                None => {
                    let data = self.file_read(count)?;
                    let Some(bytes) = data.downcast_ref::<PyBytes>() else {
                        let ty = rpy_vm::protocol::object::repr(data.ty().as_object())?;
                        return Err(exc::value_error(format!(
                            "read() returned non-bytes object ({})",
                            ty.to_string_lossy()
                        )));
                    };
                    if bytes.len() < count {
                        return Err(truncated());
                    }
                    array.extend_from_slice(&bytes.as_bytes()[..count])?;
                }
            }
        }
        Ok(array)
    }

    /// A frame begins: it is read as one block, and its bytes are still to be used.
    pub fn frame(&mut self, n: usize) -> PyResult<()> {
        self.read(n)?;
        self.at -= n;
        Ok(())
    }
}

//! `_bz2`, `_lzma` and `_zstd`: incremental compression and decompression by three libraries that work alike.
//!
//! Each library is a [`Coder`], a thing that is given input and room for output and says how much of both it used.
//! [`Decoder`] makes of it what the decompressor classes have in common.

pub mod bz2;
pub mod lzma;
pub mod zstd;

use core::mem::MaybeUninit;

/// The first room for output.
const FIRST_ROOM: usize = 16 * 1024;
/// The greatest room for output at a time.
const GREATEST_ROOM: usize = 1 << 26;

/// How far one call of a library got.
pub struct Step {
    /// Bytes of input used.
    pub read: usize,
    /// Bytes of output made.
    pub written: usize,
    /// Nothing more will come: the stream is at its end, or all that was to be flushed has been.
    pub done: bool,
}

/// A compressing or decompressing library.
pub trait Coder {
    /// What can be wrong.
    type Error;
    /// What is to be done with the input.
    type Action: Copy;

    /// Calls the library once.
    ///
    /// # Errors
    /// The library's.
    ///
    /// # Safety of implementors
    /// The first `written` bytes of the output are initialised.
    fn step(&mut self, input: &[u8], output: &mut [MaybeUninit<u8>], action: Self::Action)
    -> Result<Step, Self::Error>;
}

/// Makes room at the end of `out`.
fn room(out: &mut Vec<u8>, size: usize) -> &mut [MaybeUninit<u8>] {
    out.reserve(size);
    let spare = out.spare_capacity_mut();
    let size = size.min(spare.len());
    &mut spare[..size]
}

/// Compresses all of `input`. With `until_done`, goes on until the library says so.
///
/// # Errors
/// The library's.
pub fn compress<C: Coder>(
    coder: &mut C,
    input: &[u8],
    action: C::Action,
    until_done: bool,
) -> Result<Vec<u8>, C::Error> {
    let (mut out, mut used, mut size) = (Vec::new(), 0, FIRST_ROOM);
    loop {
        let step = coder.step(&input[used..], room(&mut out, size), action)?;
        // SAFETY: the coder has written that many bytes.
        unsafe { out.set_len(out.len() + step.written) };
        used += step.read;
        if if until_done { step.done } else { used == input.len() } {
            return Ok(out);
        }
        size = (size * 2).min(GREATEST_ROOM);
    }
}

/// The state of a decompressor object.
pub struct Decoder<C> {
    pub coder: C,
    /// Input given but not used yet.
    pending: Vec<u8>,
    /// What followed the end of the stream.
    pub unused: Vec<u8>,
    pub eof: bool,
    pub needs_input: bool,
    /// The library has reported an error; not every library may be called again after that.
    pub failed: bool,
}

impl<C: Coder> Decoder<C> {
    pub fn new(coder: C) -> Decoder<C> {
        Decoder { coder, pending: Vec::new(), unused: Vec::new(), eof: false, needs_input: true, failed: false }
    }

    /// Decompresses what there is, but to no more than `limit` bytes. Not to be called after the end.
    ///
    /// # Errors
    /// The library's. Pending input is dropped.
    pub fn decompress(&mut self, data: &[u8], action: C::Action, limit: Option<usize>) -> Result<Vec<u8>, C::Error> {
        let pending = core::mem::take(&mut self.pending);
        let joined;
        let input: &[u8] = if pending.is_empty() {
            data
        } else {
            joined = [&pending[..], data].concat();
            &joined
        };
        let (mut out, mut used, mut size) = (Vec::new(), 0, FIRST_ROOM);
        loop {
            let wanted = limit.map_or(size, |limit| size.min(limit - out.len()));
            let space = room(&mut out, wanted);
            let given = space.len();
            let result = self.coder.step(&input[used..], space, action);
            let step = result.inspect_err(|_| {
                self.failed = true;
                self.needs_input = false;
            })?;
            // SAFETY: the coder has written that many bytes.
            unsafe { out.set_len(out.len() + step.written) };
            used += step.read;
            if step.done {
                self.eof = true;
                break;
            }
            // Output first: with its room used up, the library may hold back more.
            if step.written == given {
                if limit == Some(out.len()) {
                    break;
                }
                size = (size * 2).min(GREATEST_ROOM);
            } else if used == input.len() {
                break;
            }
        }
        let rest = &input[used..];
        if self.eof {
            self.needs_input = false;
            self.unused = rest.to_vec();
        } else {
            self.needs_input = rest.is_empty() && limit != Some(out.len());
            self.pending = rest.to_vec();
        }
        Ok(out)
    }

    /// Forgets pending input.
    pub fn reset(&mut self) {
        self.pending.clear();
        self.unused.clear();
        self.eof = false;
        self.needs_input = true;
        self.failed = false;
    }
}

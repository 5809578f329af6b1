//! What a multibyte codec is: steps that decode or encode one character, and the loops around them.

use rpy_vm::object::Ref;
use rpy_vm::runtime::codecs::errors::{Decoder, Encoder, Replacement};
use rpy_vm::types::str::{PyStr, StrBuilder};
use rpy_vm::{PyErr, PyResult, PyStruct};

/// What a codec remembers between steps: eight bytes, which `getstate` shows.
pub type State = [u8; 8];

/// Why a step does not succeed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fail {
    /// The first bytes, or the first characters, mean nothing.
    Illegal(usize),
    /// There may be more to it.
    TooFew,
}

/// A codec. Steps are given what is left, which is not empty, and answer how much they took.
pub trait Codec: Sync {
    /// One step of decoding.
    ///
    /// # Errors
    /// As `Fail` says; nothing has been written or remembered then.
    fn decode(&self, state: &mut State, input: &[u8], out: &mut StrBuilder) -> Result<usize, Fail>;

    /// One step of encoding: `c`, perhaps together with the character behind it. `flush`: nothing follows the end.
    ///
    /// # Errors
    /// As `Fail` says; nothing has been written or remembered then.
    fn encode(
        &self,
        state: &mut State,
        c: u32,
        next: Option<u32>,
        flush: bool,
        out: &mut Vec<u8>,
    ) -> Result<usize, Fail>;

    /// Prepares for encoding or decoding from the start.
    fn init(&self, state: &mut State) {
        *state = [0; 8];
    }

    /// Ends the text: back to the state it started in.
    fn finish(&self, _state: &mut State, _out: &mut Vec<u8>) {}

    /// As [`Codec::init`], for a decoder that is reset.
    fn reset(&self, state: &mut State) {
        self.init(state);
    }
}

/// A codec with its name.
#[derive(Clone, Copy)]
pub struct Named {
    pub name: &'static str,
    pub codec: &'static dyn Codec,
}

const ILLEGAL: &str = "illegal multibyte sequence";
const INCOMPLETE: &str = "incomplete multibyte sequence";

impl Named {
    /// Decodes as much as there is; how many bytes. With `last` all of them, or it is an error.
    ///
    /// # Errors
    /// `UnicodeDecodeError`; what an error handler raises.
    pub fn decode(
        self,
        state: &mut State,
        input: &[u8],
        errors: Option<&str>,
        last: bool,
    ) -> PyResult<(Ref<PyStr>, usize)> {
        let mut decoder = Decoder::new(self.name, errors, input);
        let mut at = 0;
        while at < decoder.input.len() {
            let (from, reason) = match self.codec.decode(state, &decoder.input[at..], &mut decoder.out) {
                Ok(taken) => {
                    at += taken;
                    continue;
                }
                Err(Fail::Illegal(n)) => (n.min(decoder.input.len() - at), ILLEGAL),
                Err(Fail::TooFew) if last => (decoder.input.len() - at, INCOMPLETE),
                Err(Fail::TooFew) => break,
            };
            at = decoder.error(at, at + from, reason)?;
        }
        Ok((decoder.finish()?, at))
    }

    /// Encodes as much as there is; how many characters. With `flush` no character is kept back; with `end` the state goes back to
    /// what it was at the start.
    ///
    /// # Errors
    /// `UnicodeEncodeError`; what an error handler raises.
    pub fn encode(
        self,
        state: &mut State,
        text: &PyStr,
        errors: Option<&str>,
        flush: bool,
        end: bool,
    ) -> PyResult<(Vec<u8>, usize)> {
        let mut out = Vec::new();
        out.try_reserve(text.len()).map_err(|_| rpy_vm::exc::memory_error())?;
        let mut encoder = Encoder::new(self.name, errors, text);
        let len = text.len();
        let mut at = 0;
        while at < len {
            let next = (at + 1 < len).then(|| text.char_at(at + 1));
            let (n, reason) = match self.codec.encode(state, text.char_at(at), next, flush, &mut out) {
                Ok(taken) => {
                    at += taken;
                    continue;
                }
                Err(Fail::Illegal(n)) => (n, ILLEGAL),
                Err(Fail::TooFew) if flush => (len - at, INCOMPLETE),
                Err(Fail::TooFew) => break,
            };
            let (replacement, next) = encoder.error(at, at + n, reason)?;
            match replacement {
                Replacement::Bytes(bytes) => out.extend_from_slice(&bytes),
                Replacement::Text(text) if text.is_empty() => {}
                Replacement::Text(text) => out.extend_from_slice(&self.encode(state, &text, None, true, false)?.0),
            }
            at = next;
        }
        if end {
            self.codec.finish(state, &mut out);
        }
        Ok((out, at))
    }

    /// The exception for characters that were kept back too long.
    pub fn overflow(self, text: &PyStr, start: usize) -> PyErr {
        rpy_vm::exc::unicode_encode_error(self.name, text.as_object(), start, text.len(), "pending buffer overflow")
    }
}

/// Appends a two-byte code.
#[inline]
pub fn push_code(out: &mut Vec<u8>, code: u16) {
    out.extend_from_slice(&code.to_be_bytes());
}

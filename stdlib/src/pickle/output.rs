//! Where a pickle is written: a buffer, cut into frames from protocol 4 on, that empties itself into a file if there is one.
//!
//! A frame begins with room for its header, which is filled in when the frame ends. Frames end where they have grown to
//! [`FRAME_TARGET`]; byte strings of at least that size stand between frames and go to the file directly.

use rpy_vm::protocol::call;
use rpy_vm::types::bytes::PyBytes;
use rpy_vm::{ObjRef, PyObject, PyResult, PyStruct, exc};

use super::opcode::Op;

/// Shorter frames are written without a header.
const FRAME_MIN: usize = 4;
/// Frames end at this size.
pub const FRAME_TARGET: usize = 64 * 1024;
/// Opcode and length.
const FRAME_HEADER: usize = 9;
/// No frame is open.
const NO_FRAME: usize = usize::MAX;

/// The buffer.
pub struct Output {
    bytes: Vec<u8>,
    /// Where the open frame's header lies.
    frame: usize,
    framing: bool,
    /// The file's `write` method.
    file: Option<ObjRef>,
}

impl Output {
    /// For a file's `write` method, or in memory.
    pub fn new(file: Option<ObjRef>) -> Output {
        Output { bytes: Vec::with_capacity(512), frame: NO_FRAME, framing: false, file }
    }

    /// From now on, what is written is framed.
    pub fn start_framing(&mut self) {
        self.framing = true;
    }

    /// Appends bytes.
    #[inline]
    pub fn write(&mut self, data: &[u8]) {
        if self.framing && self.frame == NO_FRAME {
            self.frame = self.bytes.len();
            self.bytes.extend_from_slice(&[0; FRAME_HEADER]);
        }
        self.bytes.extend_from_slice(data);
    }

    /// Appends an instruction without arguments.
    #[inline]
    pub fn op(&mut self, op: Op) {
        self.write(&[op as u8]);
    }

    /// Appends an instruction with its arguments.
    #[inline]
    pub fn op_with<const N: usize>(&mut self, op: Op, argument: [u8; N]) {
        self.op(op);
        self.bytes.extend_from_slice(&argument);
    }

    /// Ends the open frame.
    fn commit_frame(&mut self) {
        if self.frame == NO_FRAME {
            return;
        }
        let start = core::mem::replace(&mut self.frame, NO_FRAME);
        let len = self.bytes.len() - start - FRAME_HEADER;
        if len >= FRAME_MIN {
            self.bytes[start] = Op::Frame as u8;
            self.bytes[start + 1..start + FRAME_HEADER].copy_from_slice(&(len as u64).to_le_bytes());
        } else {
            self.bytes.drain(start..start + FRAME_HEADER);
        }
    }

    /// Called between objects: the place where a full frame may end.
    #[inline]
    pub fn boundary(&mut self) -> PyResult<()> {
        if self.frame != NO_FRAME && self.bytes.len() - self.frame - FRAME_HEADER >= FRAME_TARGET {
            self.commit_frame();
            return self.flush();
        }
        Ok(())
    }

    /// Hands what there is to the file.
    fn flush(&mut self) -> PyResult<()> {
        let Some(write) = &self.file else { return Ok(()) };
        let bytes = PyBytes::try_new(&self.bytes)?;
        self.bytes.clear();
        call::call_one(write, bytes.as_object())?;
        Ok(())
    }

    /// Appends an instruction with counted data. Large data stands outside of frames; a file gets it as `object` (or a copy).
    pub fn payload(&mut self, header: &[u8], data: &[u8], object: Option<&PyObject>) -> PyResult<()> {
        if data.len() < FRAME_TARGET {
            self.write(header);
            self.bytes.extend_from_slice(data);
            return Ok(());
        }
        self.commit_frame();
        let framing = core::mem::replace(&mut self.framing, false);
        self.write(header);
        if self.file.is_some() {
            self.flush()?;
            let copy;
            let object = match object {
                Some(object) => object,
                None => {
                    copy = PyBytes::try_new(data)?;
                    copy.as_object()
                }
            };
            if let Some(write) = &self.file {
                call::call_one(write, object)?;
            }
        } else {
            self.bytes.try_reserve(data.len()).map_err(|_| exc::memory_error())?;
            self.bytes.extend_from_slice(data);
        }
        self.framing = framing;
        Ok(())
    }

    /// Ends the pickle: the file has it all, or else the bytes are the result.
    pub fn finish(mut self) -> PyResult<Vec<u8>> {
        self.commit_frame();
        self.flush()?;
        Ok(self.bytes)
    }
}

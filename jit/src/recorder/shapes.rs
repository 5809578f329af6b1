//! Instances of one class whose attributes lie in different ways.
//!
//! A shape is guarded where an attribute is used. Where a class has many of them (attributes that are set in another order, or later than
//! the others), each such guard would be followed by a side trace for each shape, and each of those by others. So an instruction that
//! has met several shapes asks the runtime instead, which finds the attribute in any.

use std::cell::RefCell;
use std::rc::Rc;

use rpy_vm::jit_hooks::{self, Registers};
use rpy_vm::object::refs::PyStruct;
use rpy_vm::object::shape::Shape;

use super::{Abort, Recorder};
use crate::hash::FastMap;
use crate::ir::Value;

use smallvec::SmallVec;

/// So many shapes of a class are told apart at one instruction.
const MOST: usize = 2;

/// The attrs words that instructions have met: by their code objects, and by their addresses and those of the instances' classes; and the
/// classes, without another one.
pub type Shapes = Rc<RefCell<FastMap<usize, FastMap<(usize, usize), SmallVec<[usize; MOST]>>>>>;

impl Recorder {
    /// Has the instruction met too many shapes to guard this one, of `object`? Not where it is known anyway.
    pub(super) fn has_many_shapes(&mut self, at: Registers<'_>, object: Value, shape: &Shape) -> Result<bool, Abort> {
        if self.attrs_word(object)?.is_const() {
            return Ok(false);
        }
        Ok(self.has_met_many(at, shape.ty() as usize, shape.word(), MOST))
    }

    /// Has the instruction met so many words, and this one is another? `of`: the class whose words these are, or 0.
    pub(super) fn has_met_many(&mut self, at: Registers<'_>, of: usize, word: usize, most: usize) -> bool {
        // SAFETY: a live frame.
        let code = unsafe { (*at.frame).code() };
        jit_hooks::watch(code);
        let mut shapes = self.shapes.borrow_mut();
        let of_code = shapes.entry(code.as_object().as_ptr() as usize).or_default();
        let met = of_code.entry((at.instr as usize, of)).or_default();
        if !met.contains(&word) {
            if met.len() >= most {
                return true;
            }
            met.push(word);
        }
        false
    }
}

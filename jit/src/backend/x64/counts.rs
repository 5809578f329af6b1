//! Reference counts. The object's last reference is given back out of line, by a call that destroys no register.

use dynasmrt::dynasm;

use super::asm::{Alu, Cond, Map, Mem, Rm, SCRATCH};
use super::emit::Emitter;
use super::exits::Cold;
use crate::backend::CompileError;
use crate::ir::Inst;
use rpy_vm::layout;

type Done = Result<(), CompileError>;

impl Emitter<'_> {
    fn load_count(&mut self, object: u8) {
        self.asm.op32(Map::One, 0x8b, SCRATCH, Rm::Mem(Mem::at(object, layout::OB_REFCNT as i32)));
    }

    fn store_count(&mut self, object: u8) {
        self.asm.op32(Map::One, 0x89, SCRATCH, Rm::Mem(Mem::at(object, layout::OB_REFCNT as i32)));
    }

    pub fn incref(&mut self, _inst: &Inst) -> Done {
        let object = self.reg()?;
        let done = self.asm.label();
        self.load_count(object);
        self.asm.alu_imm(Alu::Cmp, Rm::Reg(SCRATCH), layout::IMMORTAL_REFCNT as i32, 4);
        self.asm.jcc_short(Cond::AE, done);
        dynasm!(self.asm.d ; .arch x64 ; inc eax);
        self.store_count(object);
        self.asm.bind(done);
        Ok(())
    }

    /// One reference less, unless the object is immortal; the flags say whether it was the last one.
    pub fn count_down(&mut self, object: u8, immortal: dynasmrt::DynamicLabel) {
        self.load_count(object);
        dynasm!(self.asm.d ; .arch x64 ; test eax, eax);
        self.asm.jcc_short(Cond::S, immortal);
        dynasm!(self.asm.d ; .arch x64 ; dec eax);
        self.store_count(object);
    }

    pub fn decref(&mut self, _inst: &Inst) -> Done {
        let object = self.reg()?;
        let (dead, done) = (self.asm.label(), self.asm.label());
        self.count_down(object, done);
        self.asm.jcc(Cond::E, dead);
        self.asm.bind(done);
        self.cold.push(Cold::Dealloc { here: dead, back: done, object });
        Ok(())
    }

    pub fn close_word(&mut self, _inst: &Inst) -> Done {
        let word = self.reg()?;
        let (dead, done) = (self.asm.label(), self.asm.label());
        self.test_borrowed(word);
        self.asm.jcc_short(Cond::NE, done);
        self.count_down(word, done);
        self.asm.jcc(Cond::E, dead);
        self.asm.bind(done);
        self.cold.push(Cold::Dealloc { here: dead, back: done, object: word });
        Ok(())
    }

    pub fn close_shared(&mut self, _inst: &Inst) -> Done {
        let word = self.reg()?;
        let done = self.asm.label();
        self.test_borrowed(word);
        self.asm.jcc_short(Cond::NE, done);
        self.count_down(word, done);
        self.asm.bind(done);
        Ok(())
    }
}

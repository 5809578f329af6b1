//! Nodes of a chain that wait in variables: `t = a * b; u = t + c; return u - a`.
//!
//! A variable of an inlined frame may hold a node, which its readers take into bigger expressions. Where the frame returns, it ends with
//! the frame, and needs not exist: what numpy would have told of it, it tells of the expression that contains it. In all other cases it is
//! computed when the chain is, as an array of its own, which the expressions behind it use.

use rpy_vm::jit_hooks::Registers;

use super::super::ends::Ends;
use super::super::state::{Hold, Sym};
use super::super::{Abort, Done, Recorder};
use super::arrays::is_array;
use super::chain::{COMPUTE, Chain};
use super::plan::Plan;
use crate::ir::Value;
use crate::numpy::fuse::{Sequence, Site, Target};

impl Recorder {
    /// Can a word go into a variable while nodes wait?
    pub(super) fn may_keep_in_variable(&self) -> bool {
        self.frames.len() > 1 && self.frames.last().is_some_and(|frame| frame.home.is_none())
    }

    /// `STORE_FAST` while nodes wait: what the variable held ends when they are computed.
    ///
    /// # Safety
    /// The registers are those of a live machine, at an instruction that stores into this variable.
    pub(in crate::recorder) unsafe fn store_waiting(&mut self, at: Registers<'_>, index: usize) -> Done {
        let frame = self.frames.len() - 1;
        let lender = Hold::Slot { frame: frame as u8, slot: index as u16 };
        let is_lent = |sym: &Sym| matches!(sym, Sym::Obj { hold, .. } if *hold == lender);
        let held = self.frames[frame].slots[index];
        let top = self.peek_raw(1)?;
        if self.frames.iter().flat_map(|frame| &frame.slots).any(is_lent) || matches!(top, Sym::Null | Sym::Memory) {
            return Err(COMPUTE);
        }
        // SAFETY: a local of the real frame.
        let real = unsafe { (*(*at.frame).local(index)).opt() };
        let mut ends = Ends::default();
        if let Some(real) = real {
            self.expect_end(&mut ends, held, real)?;
            // Python code may run then.
            if ends.last().next().is_some() && !is_array(real) {
                return Err(COMPUTE);
            }
        }
        self.pop()?;
        self.frames[frame].slots[index] = top;
        if let Sym::Lazy(node) = held
            && !self.is_contained(node)
        {
            return Err(COMPUTE);
        }
        self.chain.ends.extend(ends);
        Ok(())
    }

    /// Needs the node not be computed by itself, because what is in the picture contains it, or because numpy would tell nothing of it?
    fn is_contained(&self, node: u16) -> bool {
        let mut reached = vec![false; self.chain.nodes.len()];
        self.roots().into_iter().for_each(|root| reached[root as usize] = true);
        // What a node contains was made before it.
        for outer in (0..reached.len()).rev() {
            if reached[outer] {
                self.chain.nodes[outer].inner().for_each(|inner| reached[inner as usize] = true);
            }
        }
        reached[node as usize] || !self.is_step(node)
    }

    /// Before a return: takes nodes out of the variables that end with the frame, if what is still there contains them.
    ///
    /// # Safety
    /// The registers are those of a live machine, at a `RETURN_VALUE`.
    pub(super) unsafe fn leave_variables(&mut self, at: Registers<'_>) -> Done {
        // SAFETY: a live frame.
        if !self.may_keep_in_variable() || unsafe { !(*at.frame).frame_obj.is_null() } {
            return Ok(());
        }
        let frame = self.frames.len() - 1;
        let locals = self.frames[frame].locals;
        let variables: Vec<usize> =
            (0..locals).filter(|&slot| matches!(self.frames[frame].slots[slot], Sym::Lazy(_))).collect();
        if variables.is_empty() {
            return Ok(());
        }
        // Nobody looks at them later.
        self.expect_frame_end()?;
        // The last ones first: they contain others.
        for &slot in variables.iter().rev() {
            let Sym::Lazy(node) = core::mem::replace(&mut self.frames[frame].slots[slot], Sym::Null) else { continue };
            if !self.is_contained(node) {
                self.frames[frame].slots[slot] = Sym::Lazy(node);
            }
        }
        Ok(())
    }

    /// The nodes in variables, in the order in which they were made.
    fn in_variables(&self) -> Vec<u16> {
        let locals = self.frames.iter().flat_map(|frame| &frame.slots[..frame.locals]);
        let mut nodes: Vec<u16> =
            locals.filter_map(|sym| if let Sym::Lazy(node) = sym { Some(*node) } else { None }).collect();
        nodes.sort_unstable();
        nodes.dedup();
        nodes
    }

    /// Do nodes wait that are neither in variables nor among these?
    pub(super) fn others_wait(&self, except: &[u16]) -> bool {
        let variables = self.in_variables();
        self.roots().iter().any(|root| !except.contains(root) && !variables.contains(root))
    }

    /// Ends the chain: computes the nodes in variables, before `last` is computed. What they have become is to replace them.
    pub(super) fn compute_variables(&mut self, last: u16) -> Result<(Chain, Vec<(u16, Value)>), Abort> {
        let variables: Vec<u16> = self.in_variables().into_iter().filter(|&node| node != last).collect();
        let all: Vec<u16> = variables.iter().copied().chain([last]).collect();
        let are_steps = variables.iter().all(|&node| self.is_step(node));
        if self.in_variables().contains(&last) || !are_steps || !Plan::fit(&self.chain.nodes, &all) {
            return Err(COMPUTE);
        }
        let chain = core::mem::take(&mut self.chain);
        let Some((snapshot, start)) = chain.start else { return Err(COMPUTE) };
        let lets_go = self.may_let_go(&chain, all.len());
        let mut done = Vec::with_capacity(variables.len());
        for node in variables {
            let plan = Plan::of(&chain.nodes, node, &done, 0).ok_or(COMPUTE)?;
            let sequence = Sequence::of(done.len(), usize::MAX);
            let site = Site::new(plan.expression, plan.operands, start, Target::New, sequence, lets_go);
            done.push((node, self.emit_fused(site, &plan.words, &plan.numbers, snapshot)?));
        }
        Ok((chain, done))
    }
}

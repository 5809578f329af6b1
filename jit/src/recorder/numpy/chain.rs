//! Chains of operations on arrays, which are computed as one ([`crate::numpy::fuse`]).
//!
//! An operation whose operands are understood computes nothing: its result is a node ([`Sym::Lazy`]), which the next operation may take
//! into a bigger expression. Where a node is wanted as an object (it is stored, returned, passed on), a call computes it.
//!
//! From the first node to that call nothing has an effect: [`Recorder::emit`] sees to it. So every guard in between, and the one that
//! asks whether the call has done its work, may lead back to the first operation's instruction, from which the interpreter executes
//! everything anew ([`Recorder::snapshot`]). What would have an effect computes the nodes first.

use rpy_vm::interp::opcode::*;
use rpy_vm::jit_hooks::Registers;

use super::super::ends::{Ends, Release};
use super::super::state::{Hold, Sym};
use super::super::{Abort, Done, Recorder};
use super::arrays::is_array;
use super::plan::{Node, Operand, Part, Plan};
use super::ufuncs::is_where;
use crate::ir::call::CallEffect;
use crate::ir::{Effect, Inst, Op, Scalar, SnapshotId, Ty, Value};
use crate::numpy::fuse::cut::Cut;
use crate::numpy::fuse::reduce::Reduction;
use crate::numpy::fuse::run::BIG;
use crate::numpy::fuse::{self, Sequence, Site, Source, Target, own};
use crate::numpy::loops::Loop;
use crate::runtime::table;

/// Nodes that may wait at a time: on the stack, and in variables.
const MOST_ROOTS: usize = 6;

/// The nodes that wait.
#[derive(Clone, Default)]
pub struct Chain {
    /// Before the first of them.
    pub(super) start: Option<(SnapshotId, usize)>,
    pub(super) nodes: Vec<Node>,
    /// What the operations' operands have owned, and what variables held before nodes.
    pub(super) ends: Ends,
    /// Are they so big that other threads are to run while they are computed?
    pub(super) is_big: bool,
    /// Were operands borrowed from memory since it began?
    borrows: bool,
}

impl Chain {
    pub fn is_empty(&self) -> bool {
        self.start.is_none()
    }

    /// Where what is guarded leads to.
    pub fn snapshot(&self) -> Option<SnapshotId> {
        self.start.map(|(snapshot, _)| snapshot)
    }
}

/// What the nodes' end is asked for.
pub(super) const COMPUTE: Abort = Abort("an expression that has to be computed first");

impl Recorder {
    // ---- nodes ----

    /// Is the operation part of an expression that numpy has to compute, as experience tells?
    pub(super) fn is_hopeless(&mut self) -> bool {
        let ip = self.top().ip;
        self.chain.is_empty() && fuse::is_hopeless(ip)
    }

    /// A number as a double that becomes the same number of type `scalar`.
    pub(super) fn as_double(&mut self, operand: super::Operand, scalar: Scalar) -> Result<Option<Value>, Abort> {
        let real = operand.real;
        let value = self.convert(operand, scalar)?;
        match scalar.ty() {
            Ty::Float => Ok(Some(value)),
            Ty::Bool => {
                let value = self.op(Op::BoolToInt, &[value])?;
                Ok(Some(self.op(Op::IntToFloat, &[value])?))
            }
            _ if scalar == Scalar::U64 => Ok(None),
            _ => {
                if scalar.bits() > 32 {
                    self.guard_exact(value, real)?;
                }
                Ok(Some(self.op(Op::IntToFloat, &[value])?))
            }
        }
    }

    /// Adds a node, of so many bytes this time. Its operands are still on the stack.
    pub(super) fn chain_node(
        &mut self,
        name: &'static str,
        step: Loop,
        operands: Vec<Operand>,
        output: Scalar,
        bytes: usize,
    ) -> Done {
        let mut waiting = self.roots_below(operands.len());
        waiting.retain(|&root| self.is_step(root));
        self.begin_chain(bytes)?;
        self.chain.nodes.push(Node::Step { name, step, operands, output });
        waiting.push((self.chain.nodes.len() - 1) as u16);
        // Should they have to be computed one by one.
        if waiting.len() > MOST_ROOTS || !Plan::fit(&self.chain.nodes, &waiting) {
            self.chain.nodes.pop();
            self.forget_if_empty();
            return Err(COMPUTE);
        }
        Ok(())
    }

    /// Adds a part of an array, of so many bytes this time. Array and key are still on the stack.
    pub(super) fn chain_part(&mut self, part: Part, bytes: usize) -> Done {
        self.begin_chain(bytes)?;
        self.chain.nodes.push(Node::Part(part));
        Ok(())
    }

    fn begin_chain(&mut self, bytes: usize) -> Done {
        if !self.chain.is_empty() {
            self.chain.borrows |= self.borrows();
            return Ok(());
        }
        self.chain.is_big = bytes >= BIG;
        if self.chain.is_big {
            self.has_big_arrays = true;
            // Other threads may look at frames, and replace what operands were borrowed from.
            self.make_frames()?;
            self.disturb()?;
        }
        let snapshot = self.snapshot();
        let ip = self.top().ip;
        self.chain.start = Some((snapshot, ip));
        Ok(())
    }

    /// Does the picture borrow from memory?
    fn borrows(&self) -> bool {
        let is_fragile = |sym: &Sym| matches!(sym, Sym::Obj { hold: Hold::Fragile, .. });
        self.frames.iter().flat_map(|frame| &frame.slots).any(is_fragile)
    }

    /// Is the node an operation?
    pub(super) fn is_step(&self, node: u16) -> bool {
        matches!(self.chain.nodes[node as usize], Node::Step { .. })
    }

    /// Takes back the last node, which nothing has replaced yet.
    pub(super) fn forget_node(&mut self) {
        let replaced = self.roots().contains(&(self.chain.nodes.len().wrapping_sub(1) as u16));
        if !replaced {
            self.chain.nodes.pop();
            self.forget_if_empty();
        }
    }

    fn forget_if_empty(&mut self) {
        if self.chain.nodes.is_empty() {
            self.chain = Chain::default();
        }
    }

    /// Replaces operands by the last node; what they owned ends once it is computed.
    pub(super) fn chain_result(&mut self, count: usize, ends: Ends) -> Done {
        let node = (self.chain.nodes.len() - 1) as u16;
        for _ in 0..count {
            self.pop()?;
        }
        self.push(Sym::Lazy(node));
        self.chain.ends.extend(ends);
        Ok(())
    }

    /// The nodes that are in the picture, in the order in which they were made: of two that contain each other, the inner one first.
    pub(super) fn roots(&self) -> Vec<u16> {
        self.roots_below(0)
    }

    /// Those that are somewhere else than in so many words on top.
    fn roots_below(&self, words: usize) -> Vec<u16> {
        let last = self.frames.len() - 1;
        let below = |frame: usize, slots: usize| if frame == last { slots.saturating_sub(words) } else { slots };
        let frames = self.frames.iter().enumerate();
        let slots = frames.flat_map(|(i, frame)| &frame.slots[..below(i, frame.slots.len())]);
        let mut roots: Vec<u16> =
            slots.filter_map(|sym| if let Sym::Lazy(node) = sym { Some(*node) } else { None }).collect();
        roots.sort_unstable();
        roots.dedup();
        roots
    }

    // ---- instructions ----

    /// Can an instruction be recorded while nodes wait?
    ///
    /// # Safety
    /// The registers are those of a live machine, at an instruction of this kind.
    pub(in crate::recorder) unsafe fn keeps_chain(&self, at: Registers<'_>, base: u8, arg: usize) -> bool {
        // SAFETY: the real operands.
        let real = |n: usize| unsafe { self.real(at, n).ok() };
        match base {
            NOP
            | NOT_TAKEN
            | CACHE
            | EXTENDED_ARG
            | LOAD_FAST
            | LOAD_FAST_BORROW
            | LOAD_FAST_LOAD_FAST
            | LOAD_FAST_BORROW_LOAD_FAST_BORROW
            | LOAD_CONST
            | LOAD_SMALL_INT
            | PUSH_NULL
            | LOAD_GLOBAL
            | LOAD_DEREF => true,
            BINARY_OP if arg == super::super::arith::operator::SUBSCRIPT => self.is_part(real(2), real(1)),
            BINARY_OP | COMPARE_OP | BUILD_SLICE | BUILD_TUPLE => true,
            STORE_SUBSCR => self.lazy_at(3).is_some() && self.is_part(real(2), real(1)),
            UNARY_NEGATIVE => true,
            STORE_FAST | STORE_FAST_LOAD_FAST => self.may_keep_in_variable(),
            // SAFETY: passed on.
            LOAD_ATTR => {
                real(1).is_some_and(|object| !is_array(object)) || unsafe { self.is_asked_for_method(at, arg) }
            }
            CALL => real(arg + 2).is_some_and(|callable| {
                crate::numpy::see(callable.ty()).is_some_and(|numpy| numpy.is_ufunc(callable))
                    || is_where(callable)
                    || self.is_reduction(callable, arg)
            }),
            _ => false,
        }
    }

    /// May an instruction be emitted while nodes wait?
    pub(in crate::recorder) fn fits_chain(&self, inst: &Inst) -> bool {
        let Some(start) = self.chain.snapshot() else { return true };
        let is_harmless = match inst.op.effect() {
            Effect::Pure | Effect::Load | Effect::Guard | Effect::Checked => true,
            Effect::Call => inst.call.is_some_and(|id| match self.builder.trace.call(id).effect {
                CallEffect::Pure => true,
                CallEffect::Writes(0) => inst.ty != Ty::Obj,
                CallEffect::Writes(_) | CallEffect::New(_) | CallEffect::Any => false,
            }),
            Effect::Alloc | Effect::Store | Effect::Count | Effect::Control => false,
        };
        is_harmless && inst.snapshot.is_none_or(|snapshot| snapshot == start)
    }

    /// Records an instruction; nodes that wait are computed first if it has to be so.
    ///
    /// # Safety
    /// The registers are those of a live machine, at an instruction of this kind.
    pub(in crate::recorder) unsafe fn record_chained(
        &mut self,
        at: Registers<'_>,
        op: u8,
        base: u8,
        arg: usize,
    ) -> Done {
        // SAFETY: passed on.
        unsafe {
            if !self.chain.is_empty() {
                let before = (self.frames.clone(), self.chain.clone());
                match self.record_lifted(at, op, base, arg, false) {
                    Ok(()) => return Ok(()),
                    Err(why) if why.0 == super::super::CONTRADICTION => return Err(why),
                    Err(_) => {}
                }
                (self.frames, self.chain) = before;
                self.is_unchanged = false;
                self.detour = None;
                self.detail = None;
                self.compute_chain(at, base, arg)?;
            }
            self.record_lifted(at, op, base, arg, true)
        }
    }

    // ---- computing ----

    /// Computes the nodes that wait, before an instruction.
    ///
    /// # Safety
    /// The registers are those of a live machine, at an instruction of this kind.
    pub(in crate::recorder) unsafe fn compute_chain(&mut self, at: Registers<'_>, base: u8, arg: usize) -> Done {
        if base == RETURN_VALUE {
            // SAFETY: passed on.
            unsafe { self.leave_variables(at)? };
        }
        let roots = self.roots();
        let chain = core::mem::take(&mut self.chain);
        let Some((snapshot, start)) = chain.start else { return Ok(()) };
        let lets_go = self.may_let_go(&chain, roots.len());
        let (steps, parts): (Vec<u16>, Vec<u16>) =
            roots.into_iter().partition(|&root| matches!(chain.nodes[root as usize], Node::Step { .. }));
        let mut done: Vec<(u16, Value)> = Vec::new();
        for (i, &root) in steps.iter().enumerate() {
            let mut plan = Plan::of(&chain.nodes, root, &done, 1).ok_or(Abort("an expression with many operands"))?;
            let args = &mut plan.words;
            let mut target = Target::New;
            // A view keeps its array, whose elements stay.
            if i + 1 == steps.len() && parts.is_empty() {
                // SAFETY: passed on.
                let dying = unsafe { self.dying_array(at, base, arg, root)? };
                if let Some((object, word)) = dying {
                    target = Target::Reused(place(args, object, word));
                } else if let Some(owned) =
                    chain.ends.last().find_map(|value| args.iter().position(|&array| array == value))
                {
                    target = Target::Reused(owned as u8);
                }
            }
            let sequence = Sequence::of(i, steps.len());
            let site = Site::new(plan.expression, plan.operands, start, target, sequence, lets_go);
            let value = self.emit_fused(site, &plan.words, &plan.numbers, snapshot)?;
            done.push((root, value));
        }
        for root in parts {
            let Node::Part(part) = chain.nodes[root as usize] else { continue };
            // It fails only where memory is short: what was computed so far may stay then.
            let value = self.call_runtime(table::ARRAY_PART, &[part.array, part.key])?;
            self.emit(Inst::new(Op::GuardNonNull, &[value]).at(snapshot))?;
            done.push((root, value));
        }
        self.replace_nodes(&done)?;
        self.snapshot = None;
        self.release_all(chain.ends)?;
        Ok(())
    }

    /// Puts what was computed where the nodes were. No more guards lead back.
    pub(super) fn replace_nodes(&mut self, done: &[(u16, Value)]) -> Done {
        let mut taken = Vec::with_capacity(done.len());
        for frame in 0..self.frames.len() {
            for slot in 0..self.frames[frame].slots.len() {
                let Sym::Lazy(node) = self.frames[frame].slots[slot] else { continue };
                let Some(&(_, value)) = done.iter().find(|(known, _)| *known == node) else { continue };
                if taken.contains(&node) {
                    self.op(Op::Incref, &[value])?;
                }
                taken.push(node);
                self.frames[frame].slots[slot] = Sym::Obj { value, hold: Hold::Owned };
            }
        }
        Ok(())
    }

    /// Computes the last node, with nothing else waiting but in variables, into an array that is an operand of it, and gives `end` back,
    /// the right operand's. False if something else waits.
    pub(super) fn chain_update(&mut self, target: Value, end: Release) -> Result<bool, Abort> {
        let last = (self.chain.nodes.len() - 1) as u16;
        let inner: Vec<u16> = self.chain.nodes[last as usize].inner().collect();
        if self.others_wait(&inner) {
            return Err(COMPUTE);
        }
        let (chain, done) = self.compute_variables(last)?;
        let Some((snapshot, start)) = chain.start else { return Err(COMPUTE) };
        let plan = Plan::of(&chain.nodes, last, &done, 0).ok_or(COMPUTE)?;
        let Some(place) = plan.words.iter().position(|&array| array == target) else { return Err(COMPUTE) };
        let lets_go = self.may_let_go(&chain, done.len() + 1);
        let (target, sequence) = (Target::Update(place as u8, None), Sequence::of(done.len(), done.len() + 1));
        let site = Site::new(plan.expression, plan.operands, start, target, sequence, lets_go);
        let value = self.emit_fused(site, &plan.words, &plan.numbers, snapshot)?;
        self.pop()?;
        self.replace_nodes(&done)?;
        self.snapshot = None;
        // It is the target, once more.
        self.op(Op::CloseShared, &[value])?;
        self.release_all(chain.ends)?;
        self.release(end)?;
        Ok(true)
    }

    /// Computes the node below array and key, with nothing else waiting but in variables, into a part of an array with such elements; the
    /// words on top, and what they own, end.
    pub(super) fn chain_store(
        &mut self,
        array: Value,
        cut: &'static Cut,
        scalar: Scalar,
        words: usize,
        ends: Ends,
    ) -> Done {
        let root = self.lazy_at(words).filter(|&root| !self.others_wait(&[root])).ok_or(COMPUTE)?;
        let Node::Step { output, .. } = self.chain.nodes[root as usize] else { return Err(COMPUTE) };
        let cast = if output == scalar { None } else { Some(own::cast(output, scalar).ok_or(COMPUTE)?) };
        let (mut chain, done) = self.compute_variables(root)?;
        let mut plan = Plan::of(&chain.nodes, root, &done, 1).ok_or(COMPUTE)?;
        if let Some(cast) = cast {
            let last = plan.expression.steps.last().ok_or(COMPUTE)?.slot;
            plan.expression.push("cast", cast, &[(Source::Slot(last), output)], scalar, &[]);
        }
        let target = Target::Update(plan.argument(array), Some(cut));
        let Some((snapshot, start)) = chain.start else { return Err(COMPUTE) };
        let lets_go = self.may_let_go(&chain, done.len() + 1);
        let sequence = Sequence::of(done.len(), done.len() + 1);
        let site = Site::new(plan.expression, plan.operands, start, target, sequence, lets_go);
        let value = self.emit_fused(site, &plan.words, &plan.numbers, snapshot)?;
        for _ in 0..words {
            self.pop()?;
        }
        self.replace_nodes(&done)?;
        self.snapshot = None;
        // It is the array, once more.
        self.op(Op::CloseShared, &[value])?;
        chain.ends.extend(ends);
        self.release_all(chain.ends)
    }

    /// Reduces what is on top: a node, with nothing else waiting but in variables, or an array of such elements while none does. What
    /// owned operands of nodes ends with [`Recorder::end_chain`].
    pub(super) fn reduce(&mut self, scalar: Scalar, reduction: Reduction) -> Result<Value, Abort> {
        let (chain, done, plan) = match self.peek(1)? {
            Sym::Obj { value, .. } if self.chain.is_empty() => {
                let chain = Chain { start: Some((self.snapshot(), self.top().ip)), ..Chain::default() };
                (chain, Vec::new(), Plan::of_array(value, None, scalar))
            }
            Sym::Lazy(root) if !self.others_wait(&[root]) => {
                let (chain, done) = self.compute_variables(root)?;
                let plan = match chain.nodes[root as usize] {
                    Node::Part(part) => Plan::of_array(part.array, Some(part.cut), scalar),
                    Node::Step { .. } => Plan::of(&chain.nodes, root, &done, 0).ok_or(COMPUTE)?,
                };
                (chain, done, plan)
            }
            _ => return Err(COMPUTE),
        };
        let Some((snapshot, start)) = chain.start else { return Err(COMPUTE) };
        let (target, sequence) = (Target::Reduced(reduction), Sequence::of(done.len(), done.len() + 1));
        let site = Site::new(plan.expression, plan.operands, start, target, sequence, false);
        let value = self.emit_fused(site, &plan.words, &plan.numbers, snapshot)?;
        self.replace_nodes(&done)?;
        self.chain.ends = chain.ends;
        self.snapshot = None;
        Ok(value)
    }

    /// Gives back what the operands of the computed nodes have owned.
    pub(super) fn end_chain(&mut self) -> Done {
        let ends = core::mem::take(&mut self.chain.ends);
        self.release_all(ends)
    }

    /// May other threads run while so many nodes are computed? They may do anything, and look at the frames: what operands were borrowed
    /// from may be gone before the next node is computed, but for what was owned when the chain began.
    pub(super) fn may_let_go(&self, chain: &Chain, count: usize) -> bool {
        chain.is_big
            && (count == 1 || !chain.borrows)
            && self.frames[1..].iter().all(|frame| frame.address.is_some())
            && !self.borrows()
    }

    /// Calls what computes an expression, whose result is an object of which the trace owns a reference.
    pub(super) fn emit_fused(
        &mut self,
        site: &'static Site,
        words: &[Value],
        numbers: &[Value],
        snapshot: SnapshotId,
    ) -> Result<Value, Abort> {
        self.fused.push(site.describe());
        let mut args = vec![self.trace().ptr(site as *const Site as usize)];
        args.extend_from_slice(words);
        args.extend_from_slice(numbers);
        let value = if site.lets_go {
            self.call_announced(table::FUSED.destroying(), &args, snapshot)?
        } else {
            let only_looks = matches!(site.target, Target::New | Target::Reduced(_));
            let callee = if only_looks { table::FUSED.looking() } else { table::FUSED };
            self.call_runtime(callee, &args)?
        };
        self.emit(Inst::new(Op::GuardNonNull, &[value]).at(snapshot))?;
        Ok(value)
    }

    /// The array in the variable that an instruction is about to assign the expression's value to, which then ends, and the word that
    /// holds it. Nothing in the picture may have borrowed it from there.
    unsafe fn dying_array(
        &mut self,
        at: Registers<'_>,
        base: u8,
        arg: usize,
        root: u16,
    ) -> Result<Option<(Value, Value)>, Abort> {
        let index = match base {
            STORE_FAST => arg,
            STORE_FAST_LOAD_FAST | STORE_FAST_STORE_FAST => arg >> 4,
            _ => return Ok(None),
        };
        // SAFETY: a local of the real frame.
        let old = unsafe { *(*at.frame).local(index) };
        // SAFETY: its word.
        let is_candidate =
            !old.is_borrowed() && unsafe { old.opt() }.is_some_and(|old| is_array(old) && old.refcount() == 1);
        if !is_candidate || self.peek_raw(1)? != Sym::Lazy(root) {
            return Ok(None);
        }
        let frame = self.frames.len() - 1;
        let lender = Hold::Slot { frame: frame as u8, slot: index as u16 };
        let is_lent = |sym: &Sym| matches!(sym, Sym::Obj { hold, .. } if *hold == lender);
        if self.frames.iter().flat_map(|frame| &frame.slots).any(is_lent) {
            return Ok(None);
        }
        Ok(match self.frames[frame].slots[index] {
            Sym::Memory => {
                let word = self.load_word(index)?;
                Some((self.op(Op::Untag, &[word])?, word))
            }
            Sym::Obj { value, hold: Hold::Owned } => Some((value, value)),
            _ => None,
        })
    }
}

/// The place of an object among the arguments, where `word` takes its place.
fn place(args: &mut Vec<Value>, object: Value, word: Value) -> u8 {
    let place = args.iter().position(|&known| known == object).unwrap_or_else(|| {
        args.push(object);
        args.len() - 1
    });
    args[place] = word;
    place as u8
}

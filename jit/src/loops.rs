//! The table of loops: which backward jumps have compiled code, and which have failed.

use std::collections::HashMap;

use crate::executor::Executor;
use crate::recorder::{Heads, LoopKey};

/// What is known of a backward jump.
pub enum Loop {
    Compiled(Box<Executor>),
    /// Recordings came to nothing so often.
    Failed(u32),
}

/// All loops.
#[derive(Default)]
pub struct Loops {
    by_jump: HashMap<LoopKey, Loop>,
    /// The compiled loop at each head.
    by_head: HashMap<usize, LoopKey>,
    /// The jumps and heads of each code object, which is told by its address.
    by_code: HashMap<usize, Vec<(LoopKey, usize)>>,
    compiled: usize,
    /// The first exit of each trace and the loop it belongs to, in ascending order.
    traces: Vec<(usize, LoopKey)>,
    exits: usize,
}

impl Loops {
    /// The number that the next trace's first exit gets.
    pub fn next_exit(&self) -> usize {
        self.exits
    }

    /// A trace with so many exits was compiled for a loop, with [`Loops::next_exit`].
    pub fn add_exits(&mut self, key: LoopKey, count: usize) {
        self.traces.push((self.exits, key));
        self.exits += count;
    }

    /// The loop to which an exit belongs.
    pub fn owner(&self, exit: usize) -> LoopKey {
        self.traces[self.traces.partition_point(|&(first, _)| first <= exit) - 1].1
    }

    pub fn get_mut(&mut self, key: LoopKey) -> Option<&mut Loop> {
        self.by_jump.get_mut(&key)
    }

    /// The compiled loop of a jump.
    pub fn executor(&mut self, key: LoopKey) -> Option<*mut Executor> {
        match self.by_jump.get_mut(&key) {
            Some(Loop::Compiled(executor)) => Some(&raw mut **executor),
            _ => None,
        }
    }

    /// How many loops are compiled.
    pub fn compiled(&self) -> usize {
        self.compiled
    }

    /// Attaches compiled code to a jump of `code`.
    pub fn insert(&mut self, key: LoopKey, head: usize, code: usize, executor: Executor) {
        self.by_jump.insert(key, Loop::Compiled(Box::new(executor)));
        self.by_head.insert(head, key);
        self.by_code.entry(code).or_default().push((key, head));
        self.compiled += 1;
    }

    /// Counts a failure; how many there have been. A compiled loop stays.
    pub fn failed(&mut self, key: LoopKey) -> u32 {
        match self.by_jump.entry(key).or_insert(Loop::Failed(0)) {
            Loop::Failed(n) => {
                *n += 1;
                *n
            }
            Loop::Compiled(_) => 0,
        }
    }

    /// The code object at this address is gone.
    pub fn forget(&mut self, code: usize) {
        for (key, head) in self.by_code.remove(&code).unwrap_or_default() {
            if let Some(Loop::Compiled(_)) = self.by_jump.remove(&key) {
                self.compiled -= 1;
            }
            self.by_head.remove(&head);
        }
    }
}

impl Heads for Loops {
    fn at(&self, instr: *mut u16) -> Option<(LoopKey, usize)> {
        let key = *self.by_head.get(&(instr as usize))?;
        match self.by_jump.get(&key) {
            Some(Loop::Compiled(executor)) => Some((key, executor.depth())),
            _ => None,
        }
    }
}

//! The table of loops, by their heads: which have compiled code, and how often others have failed.
//!
//! Several backward jumps may lead to one head (`continue`); they are one loop.

use crate::early::Look;
use crate::executor::Executor;
use crate::hash::FastMap;
use crate::recorder::{Heads, LoopKey};
use crate::starts::Starts;

/// Recordings of a loop that came to nothing, and what was seen of it before.
#[derive(Clone, Copy, Default)]
pub struct Failures {
    /// Those that met something that cannot be recorded.
    pub failed: u32,
    /// Those that began in the loop's last round.
    pub left: u32,
    /// A recorded round could not be followed by another one like it.
    pub contradicted: bool,
    pub look: Look,
}

/// What is known of a loop.
enum Loop {
    Compiled(Box<Executor>),
    Failed(Failures),
}

/// What the table says of a loop.
pub enum Found {
    Compiled(*mut Executor),
    Failed(Failures),
    Unknown,
}

/// Whose exit it is.
#[derive(Clone, Copy)]
pub struct ExitOwner {
    pub executor: *mut Executor,
    pub part: usize,
    /// Its position in the part.
    pub exit: usize,
}

/// Entries of the cache in front of the table.
const RECENT: usize = 256;

/// All loops.
pub struct Loops {
    by_head: FastMap<LoopKey, Loop>,
    /// Compiled loops that were entered lately, by bits of their heads.
    recent: Box<[(LoopKey, *mut Executor); RECENT]>,
    /// The loops of each code object, which is told by its address.
    by_code: FastMap<usize, Vec<LoopKey>>,
    compiled: usize,
    /// Compiled loops in whose place there is another one: their code may be running.
    replaced: Vec<Box<Executor>>,
    /// The owners of all exits, by number. Those of loops that are gone stay, and nobody asks for them.
    exits: Vec<ExitOwner>,
    /// Where side traces start.
    pub starts: Starts,
}

impl Default for Loops {
    fn default() -> Loops {
        Loops {
            by_head: FastMap::default(),
            recent: Box::new([(0, core::ptr::null_mut()); RECENT]),
            by_code: FastMap::default(),
            compiled: 0,
            replaced: Vec::new(),
            exits: Vec::new(),
            starts: Starts::default(),
        }
    }
}

impl Loops {
    /// The number that the next trace's first exit gets.
    pub fn next_exit(&self) -> usize {
        self.exits.len()
    }

    /// A trace of a loop was compiled with [`Loops::next_exit`], as the part of this number, with so many exits.
    pub fn add_exits(&mut self, executor: *mut Executor, part: usize, count: usize) {
        self.exits.extend((0..count).map(|exit| ExitOwner { executor, part, exit }));
    }

    /// Whose exit this is.
    pub fn owner(&self, exit: usize) -> ExitOwner {
        self.exits[exit]
    }

    /// What is known of the loop at this head.
    #[inline]
    pub fn find(&mut self, key: LoopKey) -> Found {
        let recent = &mut self.recent[key / 2 % RECENT];
        if recent.0 == key {
            return Found::Compiled(recent.1);
        }
        match self.by_head.get_mut(&key) {
            Some(Loop::Compiled(executor)) => {
                *recent = (key, &raw mut **executor);
                Found::Compiled(recent.1)
            }
            Some(Loop::Failed(failures)) => Found::Failed(*failures),
            None => Found::Unknown,
        }
    }

    /// The compiled loop at this head.
    pub fn executor(&mut self, key: LoopKey) -> Option<*mut Executor> {
        match self.find(key) {
            Found::Compiled(executor) => Some(executor),
            _ => None,
        }
    }

    /// How many loops are compiled.
    pub fn compiled(&self) -> usize {
        self.compiled
    }

    /// Attaches compiled code to a loop of `code`.
    pub fn insert(&mut self, key: LoopKey, code: usize, mut executor: Box<Executor>) {
        self.recent[key / 2 % RECENT] = (key, &raw mut *executor);
        match self.by_head.insert(key, Loop::Compiled(executor)) {
            None => self.by_code.entry(code).or_default().push(key),
            Some(Loop::Failed(_)) => {}
            Some(Loop::Compiled(old)) => {
                self.replaced.push(old);
                return;
            }
        }
        self.compiled += 1;
    }

    /// Notes a failure of a loop of `code`; what there has been. A compiled loop stays.
    pub fn failed(&mut self, key: LoopKey, code: usize, change: impl FnOnce(&mut Failures)) -> Failures {
        let loop_ = self.by_head.entry(key).or_insert_with(|| {
            self.by_code.entry(code).or_default().push(key);
            Loop::Failed(Failures::default())
        });
        match loop_ {
            Loop::Failed(failures) => {
                change(failures);
                *failures
            }
            Loop::Compiled(_) => Failures::default(),
        }
    }

    /// The code object at this address is gone.
    pub fn forget(&mut self, code: usize) {
        self.starts.forget(code);
        for key in self.by_code.remove(&code).unwrap_or_default() {
            let recent = &mut self.recent[key / 2 % RECENT];
            if recent.0 == key {
                *recent = (0, core::ptr::null_mut());
            }
            if let Some(Loop::Compiled(_)) = self.by_head.remove(&key) {
                self.compiled -= 1;
            }
        }
    }
}

impl Heads for Loops {
    fn at(&self, instr: *mut u16) -> Option<(LoopKey, usize)> {
        let key = instr as LoopKey;
        match self.by_head.get(&key) {
            Some(Loop::Compiled(executor)) => Some((key, executor.depth())),
            _ => None,
        }
    }
}

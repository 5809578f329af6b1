//! The table of loops, by their heads: which have compiled code, and how often others have failed.
//!
//! Several backward jumps may lead to one head (`continue`); they are one loop.

use core::ops::Range;

use crate::early::Look;
use crate::executor::Executor;
use crate::hash::FastMap;
use crate::numbers::Numbers;
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
    /// Compiled loops in whose place there is another one, by their code objects: their code may be running.
    replaced: FastMap<usize, Vec<Box<Executor>>>,
    /// The owners of all exits, by number. Those of loops that are gone stay until the number is given out again, and nobody asks for them.
    exits: Vec<ExitOwner>,
    numbers: Numbers,
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
            replaced: FastMap::default(),
            exits: Vec::new(),
            numbers: Numbers::default(),
            starts: Starts::default(),
        }
    }
}

impl Loops {
    /// Numbers for a trace with so many exits at most.
    pub fn take_exits(&mut self, count: usize) -> Range<usize> {
        let range = self.numbers.take(count);
        let nobody = ExitOwner { executor: core::ptr::null_mut(), part: 0, exit: 0 };
        self.exits.resize(self.exits.len().max(range.end), nobody);
        range
    }

    /// Numbers of [`Loops::take_exits`] that no code has.
    pub fn give_exits(&mut self, numbers: Range<usize>) {
        self.numbers.give(numbers);
    }

    /// A trace of a loop was compiled with these numbers, as the part of this number.
    pub fn add_exits(&mut self, executor: *mut Executor, part: usize, numbers: &Range<usize>) {
        for (exit, number) in numbers.clone().enumerate() {
            self.exits[number] = ExitOwner { executor, part, exit };
        }
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
                self.replaced.entry(code).or_default().push(old);
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

    /// The compiled loops of the code object at this address.
    pub fn of_code(&self, code: usize) -> impl Iterator<Item = &Executor> {
        let present = self.by_code.get(&code).into_iter().flatten().filter_map(|key| match self.by_head.get(key) {
            Some(Loop::Compiled(executor)) => Some(&**executor),
            _ => None,
        });
        present.chain(self.replaced.get(&code).into_iter().flatten().map(|executor| &**executor))
    }

    /// The code object at this address is gone. What was compiled of it is for the caller to drop, once nobody refers to the table: what it
    /// kept alive may end in Python code.
    #[must_use]
    pub fn forget(&mut self, code: usize) -> Vec<Box<Executor>> {
        self.starts.forget(code);
        let mut gone = self.replaced.remove(&code).unwrap_or_default();
        for key in self.by_code.remove(&code).unwrap_or_default() {
            let recent = &mut self.recent[key / 2 % RECENT];
            if recent.0 == key {
                *recent = (0, core::ptr::null_mut());
            }
            if let Some(Loop::Compiled(executor)) = self.by_head.remove(&key) {
                self.compiled -= 1;
                gone.push(executor);
            }
        }
        gone.iter().flat_map(|executor| executor.exit_numbers()).for_each(|numbers| self.numbers.give(numbers));
        gone
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

//! Nodes of a chain, and the expressions that they make.
//!
//! A node that several others use is computed once in an expression.

use crate::ir::{Scalar, Value};
use crate::numpy::fuse::cut::Cut;
use crate::numpy::fuse::{Expression, MOST_ARRAYS, MOST_NUMBERS, MOST_OPERANDS, MOST_STEPS, Source, own};
use crate::numpy::loops::Loop;

/// What an operand of a node is.
#[derive(Clone, Copy, Debug)]
pub(super) enum Input {
    Array(Value),
    /// A double.
    Number(Value),
    Node(u16),
}

/// An operand of a node.
#[derive(Clone, Copy, Debug)]
pub(super) struct Operand {
    pub input: Input,
    /// What it holds, and what the node wants.
    pub from: Scalar,
    pub to: Scalar,
}

/// What has not been computed yet.
#[derive(Clone, Debug)]
pub(super) enum Node {
    /// An operation.
    Step { name: &'static str, step: Loop, operands: Vec<Operand>, output: Scalar },
    /// A part of an array: the operand of an operation, or a view if it is wanted as an object.
    Part(Part),
}

/// A part of an array.
#[derive(Clone, Copy, Debug)]
pub(super) struct Part {
    pub array: Value,
    /// A constant, of which `cut` is made.
    pub key: Value,
    pub cut: &'static Cut,
}

impl Node {
    /// Other nodes that it contains.
    pub fn inner(&self) -> impl Iterator<Item = u16> {
        let operands = if let Node::Step { operands, .. } = self { &operands[..] } else { &[] };
        operands.iter().filter_map(|operand| if let Input::Node(node) = operand.input { Some(node) } else { None })
    }
}

/// An expression, and what it is called with.
#[derive(Default)]
pub(super) struct Plan {
    pub expression: Expression,
    /// Arrays that are arguments, and which of them the operands are, or are parts of.
    pub words: Vec<Value>,
    pub operands: Vec<(u8, Option<&'static Cut>)>,
    pub numbers: Vec<Value>,
    /// How often each node is still to be used, and the scratch memory of those that are there.
    uses: Vec<u16>,
    slots: Vec<Option<u8>>,
}

impl Plan {
    /// The place of an array among the arguments.
    pub fn argument(&mut self, array: Value) -> u8 {
        let known = self.words.iter().position(|&known| known == array);
        known.unwrap_or_else(|| {
            self.words.push(array);
            self.words.len() - 1
        }) as u8
    }

    /// An array, or a part of one, as an operand.
    fn array(&mut self, array: Value, cut: Option<&'static Cut>, scalar: Scalar) -> Option<Source> {
        let argument = self.argument(array);
        let known = self.operands.iter().position(|&known| known == (argument, cut));
        let place = known.unwrap_or_else(|| {
            self.operands.push((argument, cut));
            self.expression.arrays.push(scalar);
            self.operands.len() - 1
        });
        // One object is of one type.
        (self.expression.arrays[place] == scalar).then_some(Source::Array(place as u8))
    }

    /// Adds a node; its result is used once more. Nodes that are computed already are arrays.
    fn add(&mut self, nodes: &[Node], number: u16, done: &[(u16, Value)]) -> Option<Source> {
        let Node::Step { name, step, operands, output } = &nodes[number as usize] else { return None };
        if let Some(&(_, value)) = done.iter().find(|(known, _)| *known == number) {
            return self.array(value, None, *output);
        }
        if let Some(slot) = self.slots[number as usize] {
            return Some(Source::Slot(slot));
        }
        let mut inputs = Vec::with_capacity(operands.len());
        for &Operand { input, from, to } in operands {
            let source = match input {
                Input::Node(inner) => match &nodes[inner as usize] {
                    Node::Part(part) => self.array(part.array, Some(part.cut), from)?,
                    Node::Step { .. } => self.add(nodes, inner, done)?,
                },
                Input::Array(value) => self.array(value, None, from)?,
                Input::Number(value) => {
                    let is_same = |&(i, known): &(usize, &Value)| *known == value && self.expression.numbers[i] == to;
                    let known = self.numbers.iter().enumerate().find(is_same).map(|(i, _)| i);
                    let place = known.unwrap_or_else(|| {
                        self.numbers.push(value);
                        self.expression.numbers.push(to);
                        self.numbers.len() - 1
                    });
                    Source::Number(place as u8)
                }
            };
            let is_cast = from != to && !matches!(input, Input::Number(_));
            let source = if is_cast { self.push("cast", own::cast(from, to)?, &[(source, from)], to)? } else { source };
            inputs.push((source, to));
        }
        let source = self.push(name, *step, &inputs, *output)?;
        for operand in operands {
            if let Input::Node(inner) = operand.input {
                self.uses[inner as usize] = self.uses[inner as usize].saturating_sub(1);
            }
        }
        if let Source::Slot(slot) = source {
            self.slots[number as usize] = Some(slot);
        }
        Some(source)
    }

    /// Adds a step. What is to be used again stays where it is.
    fn push(&mut self, name: &'static str, step: Loop, inputs: &[(Source, Scalar)], output: Scalar) -> Option<Source> {
        let slots = self.slots.iter().zip(&self.uses);
        let kept: Vec<u8> = slots.filter_map(|(slot, &uses)| slot.filter(|_| uses > 0)).collect();
        (self.expression.steps.len() < MOST_STEPS).then(|| self.expression.push(name, step, inputs, output, &kept))
    }

    /// Counts how often the nodes in this one are used.
    fn count(&mut self, nodes: &[Node], number: u16, done: &[(u16, Value)]) {
        if done.iter().any(|(known, _)| *known == number) {
            return;
        }
        for inner in nodes[number as usize].inner() {
            self.uses[inner as usize] += 1;
            if self.uses[inner as usize] == 1 {
                self.count(nodes, inner, done);
            }
        }
    }

    /// Of a node, if it has room for it and so many arguments more, where some nodes have been computed.
    pub fn of(nodes: &[Node], number: u16, done: &[(u16, Value)], more: usize) -> Option<Plan> {
        let mut plan = Plan { uses: vec![0; nodes.len()], slots: vec![None; nodes.len()], ..Plan::default() };
        plan.count(nodes, number, done);
        plan.add(nodes, number, done)?;
        let fits = plan.words.len() + more <= MOST_ARRAYS
            && plan.operands.len() <= MOST_OPERANDS
            && plan.numbers.len() <= MOST_NUMBERS;
        fits.then_some(plan)
    }

    /// Can nodes be computed one after the other, each of them told the results of those before, and an array that it may overwrite?
    pub fn fit(nodes: &[Node], roots: &[u16]) -> bool {
        // Values that are not of the trace.
        let stand_in = |root: u16| Value::of_inst((u16::MAX as usize) << 8 | usize::from(root));
        let mut done: Vec<(u16, Value)> = Vec::with_capacity(roots.len());
        roots.iter().all(|&root| {
            let fits = Plan::of(nodes, root, &done, 1).is_some();
            done.push((root, stand_in(root)));
            fits
        })
    }

    /// Of an array, or a part of one, as it is.
    pub fn of_array(array: Value, cut: Option<&'static Cut>, scalar: Scalar) -> Plan {
        let mut plan = Plan::default();
        // It is the only one.
        let _ = plan.array(array, cut, scalar);
        plan
    }
}

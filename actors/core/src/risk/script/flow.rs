//! Who reads whose output.

use std::{ops::Range, rc::Rc};

use super::Command;

/// Steps spent on pipes for one text: a compound command reads or feeds everything in the one beside it.
const BUDGET: usize = 64 * 1024;

/// Where a pipeline stands.
#[derive(Debug, Default)]
pub(super) struct Stage {
    /// Number of the first command of the present element.
    first: usize,
    /// What the present element reads, if it follows a pipe.
    piped: Option<Rc<[usize]>>,
    /// What it reads otherwise: the input of the compound command around it.
    inherited: Rc<[usize]>,
}

/// The pipelines of one script.
#[derive(Debug, Default)]
pub(super) struct Pipes {
    stage: Stage,
    /// For every command: whether its output goes into a pipe already.
    feeding: Vec<bool>,
    /// For every command: whether its input is a pipe's and not that of the compound command it is in.
    fed: Vec<bool>,
    spent: usize,
}

impl Pipes {
    pub(super) const fn is_full(&self) -> bool {
        self.spent > BUDGET
    }

    const fn spend(&mut self, steps: usize) -> bool {
        self.spent = self.spent.saturating_add(steps);
        !self.is_full()
    }

    fn reads(&self) -> Rc<[usize]> {
        Rc::clone(self.stage.piped.as_ref().unwrap_or(&self.stage.inherited))
    }

    /// Notes down the next command and gives what it reads.
    pub(super) fn add(&mut self) -> Vec<usize> {
        self.feeding.push(false);
        self.fed.push(self.stage.piped.is_some());
        let reads = self.reads();
        if self.spend(reads.len()) { reads.to_vec() } else { reads.last().copied().into_iter().collect() }
    }

    /// Ends the present element; the next one reads it.
    pub(super) fn pipe(&mut self) {
        let end = self.feeding.len();
        let first = if self.spend(end - self.stage.first) { self.stage.first } else { end.saturating_sub(1) };
        let is_open = |number: &usize| self.feeding.get(*number) == Some(&false);
        self.stage.piped = Some((first..end).filter(is_open).collect());
        self.feeding.get_mut(first..end).unwrap_or_default().fill(true);
        self.stage.first = end;
    }

    /// Ends the pipeline.
    pub(super) fn end(&mut self) {
        self.stage.first = self.feeding.len();
        self.stage.piped = None;
    }

    /// Begins a compound command, which is one element of the present pipeline.
    pub(super) fn enter(&mut self) -> Stage {
        let inside = Stage { first: self.feeding.len(), piped: None, inherited: self.reads() };
        std::mem::replace(&mut self.stage, inside)
    }

    /// Ends a compound command.
    pub(super) fn leave(&mut self, outer: Stage) {
        self.stage = outer;
    }

    /// Lets the commands of a range read another one, unless they are fed by a pipe.
    pub(super) fn feed(&mut self, commands: &mut [Command], range: Range<usize>, source: usize) {
        if !self.spend(range.len()) {
            return;
        }
        for number in range {
            if let (Some(false), Some(command)) = (self.fed.get(number), commands.get_mut(number)) {
                command.reads.push(source);
            }
        }
    }
}

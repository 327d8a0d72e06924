//! Reads a log from its first byte to its last, in constant memory, and stops at the first thing that is wrong.
//!
//! Each line vouches for the one before it. So the log alone cannot vouch for its last line, nor for lines cut off
//! after it, nor for itself if all of it was written anew: that takes what somebody else remembers, see [`Expect`].

use std::io::{self, BufRead, Read as _};

use serde::Serialize;

use super::{
    Chain, Fault, FaultKind, MAX_LINE,
    format::{place, too_long},
    leaf,
    tree::Tree,
};
use crate::id::{Digest, Seq};

/// The hash that the database holds for a number; an error ends the verification without a verdict.
pub type LeafOf<'a> = Box<dyn FnMut(Seq) -> io::Result<Option<Digest>> + 'a>;

/// What is known about the log from elsewhere.
#[derive(Default)]
pub struct Expect<'a> {
    /// Each line must be the one that the database holds under its number.
    pub leaf_of: Option<LeafOf<'a>>,
    /// How far the log goes.
    pub head: Head,
    /// Lines before this one are taken as given: they are counted and hashed, nothing else. What is read may then
    /// begin at any line up to this one, instead of at the first.
    pub since: Option<Seq>,
}

/// How far a log is known to go. With number 0 it is known to be empty.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Head {
    /// Nothing is known.
    #[default]
    Unknown,
    /// The log has this line; others may follow. For what is known to be on disk while the server may add to it.
    Reaches(Seq, Digest),
    /// The log ends with this line.
    Is(Seq, Digest),
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// How many whole lines are in order, up to the end or the first fault.
    pub lines: u64,
    /// The number of the first of them.
    pub first_seq: Option<Seq>,
    /// The number of the last of them.
    pub last_seq: Option<Seq>,
    /// The hash of the last of them; all zeros if there is none.
    pub head: Digest,
    /// The root of the RFC 6962 tree over them, in base64.
    pub root_base64: String,
    /// Whether all is well.
    pub verdict: Verdict,
}

/// Whether a log is what it should be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Nothing is wrong.
    Intact,
    /// Nothing is wrong but that the last write broke off: there are bytes after the last newline.
    TornTail {
        /// How many.
        bytes: u64,
    },
    /// Something is wrong; no line after it was looked at.
    Broken(Fault),
}

/// Verifies a log. An error means that it could not be read or compared, and says nothing about the log.
pub fn verify(mut reader: impl BufRead, expect: Expect<'_>) -> io::Result<Report> {
    let mut walk = Walk { expect, chain: Chain::default(), tree: Tree::default(), first: None };
    let verdict = match walk.run(&mut reader) {
        Ok(verdict) => verdict,
        Err(Stop::Fault(fault)) => Verdict::Broken(Fault { line: walk.tree.size() + 1, ..fault }),
        Err(Stop::Io(error)) => return Err(error),
    };
    Ok(walk.report(verdict))
}

enum Stop {
    Fault(Fault),
    Io(io::Error),
}

impl From<Fault> for Stop {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

struct Walk<'a> {
    expect: Expect<'a>,
    chain: Chain,
    tree: Tree,
    first: Option<Seq>,
}

impl Walk<'_> {
    fn run(&mut self, reader: &mut impl BufRead) -> Result<Verdict, Stop> {
        let mut line = Vec::new();
        loop {
            line.clear();
            // One byte more than a line may have: either that is its newline, or the line is too long.
            reader.take(MAX_LINE as u64 + 1).read_until(b'\n', &mut line)?;
            match line.split_last() {
                Some((b'\n', text)) => self.step(text)?,
                Some(_) if line.len() > MAX_LINE => return Err(too_long().into()),
                torn => {
                    self.end()?;
                    let bytes = line.len() as u64;
                    return Ok(torn.map_or(Verdict::Intact, |_| Verdict::TornTail { bytes }));
                }
            }
        }
    }

    fn step(&mut self, line: &[u8]) -> Result<(), Stop> {
        if self.first.is_none() {
            self.begin(line)?;
        }
        let (seq, leaf) = (self.chain.next, leaf(line));
        if self.expect.since.is_none_or(|since| seq >= since) {
            self.compare_to_neighbour(line)?;
            self.compare_to_database(seq, leaf)?;
        }
        self.compare_to_head(seq, leaf)?;
        self.first = self.first.or(Some(seq));
        self.tree.push(leaf);
        self.chain = Chain::after(seq, leaf);
        Ok(())
    }

    /// Only who asked for a part of the log may be given a part.
    fn begin(&mut self, line: &[u8]) -> Result<(), Fault> {
        let Some(since) = self.expect.since else { return Ok(()) };
        let place = place(line)?;
        if place.seq > since.max(Seq(1)) {
            return Err(at(place.seq, FaultKind::WrongSeq, format!("{since} or less"), place.seq.to_string()));
        }
        if let (true, Ok(head)) = (place.seq > Seq(1), Digest::parse(place.prev)) {
            self.chain = Chain { head, next: place.seq };
        }
        Ok(())
    }

    fn compare_to_neighbour(&self, line: &[u8]) -> Result<(), Fault> {
        let place = place(line)?;
        let Chain { head, next } = self.chain;
        if place.seq != next {
            return Err(at(place.seq, FaultKind::WrongSeq, next.to_string(), place.seq.to_string()));
        }
        if place.prev != head.hex() {
            return Err(at(next, FaultKind::BrokenChain, head.hex(), place.prev));
        }
        Ok(())
    }

    fn compare_to_database(&mut self, seq: Seq, leaf: Digest) -> Result<(), Stop> {
        let Some(leaf_of) = &mut self.expect.leaf_of else { return Ok(()) };
        let stored = leaf_of(seq)?;
        if stored == Some(leaf) {
            return Ok(());
        }
        let expected = stored.map_or_else(|| "no line of this number".to_owned(), |stored| stored.hex());
        Err(at(seq, FaultKind::NotAsStored, expected, leaf.hex()).into())
    }

    fn compare_to_head(&self, seq: Seq, leaf: Digest) -> Result<(), Fault> {
        match self.expect.head {
            Head::Is(last, _) if seq > last => {
                Err(at(seq, FaultKind::TooMany, format!("the end after line {last}"), "another line"))
            }
            Head::Is(last, head) | Head::Reaches(last, head) if seq == last && leaf != head => {
                Err(at(seq, FaultKind::NotTheHead, head.hex(), leaf.hex()))
            }
            Head::Unknown | Head::Is(..) | Head::Reaches(..) => Ok(()),
        }
    }

    fn end(&self) -> Result<(), Fault> {
        let known = match self.expect.head {
            Head::Unknown => Seq(0),
            Head::Is(last, _) | Head::Reaches(last, _) => last,
        };
        // Whoever asks from a line on has seen the one before it.
        let seen = self.expect.since.map_or(0, |since| since.0.saturating_sub(1));
        let (wanted, last) = (known.max(Seq(seen)), self.chain.last());
        if last >= wanted {
            return Ok(());
        }
        Err(at(last.next(), FaultKind::TooFew, format!("lines up to {wanted}"), format!("the end after line {last}")))
    }

    fn report(self, verdict: Verdict) -> Report {
        Report {
            lines: self.tree.size(),
            first_seq: self.first,
            last_seq: self.first.map(|_| self.chain.last()),
            head: self.chain.head,
            root_base64: self.tree.root_base64(),
            verdict,
        }
    }
}

fn at(seq: Seq, what: FaultKind, expected: impl Into<String>, found: impl Into<String>) -> Fault {
    Fault { seq: Some(seq), ..Fault::new(what, expected, found) }
}

#[cfg(test)]
mod tests;

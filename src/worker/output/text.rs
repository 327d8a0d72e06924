//! Makes sendable text of a stream of bytes: secrets masked, invalid UTF-8 replaced, the middle left out.
//!
//! A secret must not slip through because it was cut in two. So text is only cut where masking both parts says the
//! same as masking the whole, and where what comes next, whatever it is, would not be part of a secret that has begun;
//! enough is held back to see that. The limit cuts masked text.

use std::borrow::Cow;
use std::collections::VecDeque;

use super::CHUNK;

/// An unfinished line is held back up to here.
const HOLD: usize = 8 << 10;
/// Nothing is held back beyond this, whatever it is.
const HOLD_AT_MOST: usize = 64 << 10;
/// What follows a cut inside a line, so that a secret there is whole in one of the parts.
const LOOK_AHEAD: usize = HOLD / 2;
/// Bytes before the kept end that are read along, so that a secret which begins there is recognised.
const LOOK_BACK: usize = 16 << 10;
/// Where the kept end may begin: with what was read along before it, and as much again to find a place in.
const LEAD: usize = 2 * LOOK_BACK;
/// Places that are tried as a cut, again and again while more text comes.
const TRIES: usize = 8;
/// Places that are tried where there is no later chance: more than the longest key has lines.
const TRIES_AT_LAST: usize = 128;
/// Stands for what comes next: long enough for any pattern, and the end of any quotation.
const WHAT_FOLLOWS: &str = "whatfollowswhatfollowswhatfollows'\"";

/// How much a stream was.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::worker) struct Amount {
    /// Bytes written by the command.
    pub(in crate::worker) bytes: u64,
    /// Bytes that were not sent.
    pub(in crate::worker) left_out: u64,
}

type Mask = fn(&str) -> Cow<'_, str>;

/// One stream on its way.
pub(super) struct Text {
    mask: Mask,
    /// What is kept of each end.
    half: usize,
    bytes: u64,
    pending: Vec<u8>,
    /// How much of it was looked at in vain: looking is dear.
    looked_at: usize,
    head_left: usize,
    /// What came after the first half was full.
    tail: Option<Tail>,
}

struct Tail {
    masked: String,
    raw: VecDeque<u8>,
    dropped: usize,
}

impl Text {
    pub(super) const fn new(limit: usize, mask: Mask) -> Self {
        let half = limit / 2;
        Self { mask, half, bytes: 0, pending: Vec::new(), looked_at: 0, head_left: half, tail: None }
    }

    /// Takes bytes; gives text as soon as there is much of it.
    pub(super) fn push(&mut self, bytes: &[u8]) -> String {
        self.bytes += bytes.len() as u64;
        if let Some(tail) = &mut self.tail {
            tail.push(bytes, self.half);
            return String::new();
        }
        self.pending.extend_from_slice(bytes);
        if self.pending.len() < CHUNK.max(self.looked_at + HOLD) { String::new() } else { self.flush() }
    }

    /// Gives the text that can be told from what follows.
    pub(super) fn flush(&mut self) -> String {
        if self.tail.is_some() || self.pending.len() == self.looked_at {
            return String::new();
        }
        let rest = self.pending.split_off(border(&self.pending, self.mask));
        let ready = std::mem::replace(&mut self.pending, rest);
        self.looked_at = self.pending.len();
        self.give(masked(&ready, self.mask))
    }

    /// Gives what is left after the last byte.
    pub(super) fn close(mut self) -> (String, Amount) {
        let rest = std::mem::take(&mut self.pending);
        let mut text = if self.tail.is_none() { self.give(masked(&rest, self.mask)) } else { String::new() };
        let mut left_out = 0;
        if let Some(tail) = self.tail.take() {
            let (end, dropped) = tail.close(self.half, self.mask);
            if dropped > 0 {
                text.push_str(&format!("\n[… {dropped} bytes left out …]\n"));
            }
            text.push_str(&end);
            left_out = dropped as u64;
        }
        (text, Amount { bytes: self.bytes, left_out })
    }

    /// Passes masked text on until the first half is full; the rest begins the tail.
    fn give(&mut self, mut masked: String) -> String {
        if masked.len() <= self.head_left {
            self.head_left -= masked.len();
            return masked;
        }
        let rest = masked.split_off(masked.floor_char_boundary(self.head_left));
        let raw = std::mem::take(&mut self.pending).into();
        self.tail = Some(Tail { masked: rest, raw, dropped: 0 });
        masked
    }
}

impl Tail {
    fn push(&mut self, bytes: &[u8], half: usize) {
        self.raw.extend(bytes);
        let surplus = self.raw.len().saturating_sub(half + LEAD);
        self.raw.drain(..surplus);
        self.dropped += surplus;
    }

    /// Gives the last half and how much went missing before it.
    fn close(mut self, half: usize, mask: Mask) -> (String, usize) {
        if self.dropped > 0 {
            let begin = beginning(self.raw.make_contiguous(), mask);
            self.raw.drain(..begin);
            self.dropped += begin + self.masked.len();
            self.masked.clear();
        }
        self.masked.push_str(&masked(self.raw.make_contiguous(), mask));
        let end = self.masked.split_off(self.masked.ceil_char_boundary(self.masked.len().saturating_sub(half)));
        (end, self.dropped + self.masked.len())
    }
}

fn masked(bytes: &[u8], mask: Mask) -> String {
    mask(&String::from_utf8_lossy(bytes)).into_owned()
}

/// Where `pending` may be cut: at the end of a line, or within one that cannot be waited for any longer; 0 is nowhere.
fn border(pending: &[u8], mask: Mask) -> usize {
    let line = pending.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    let is_forced = pending.len() >= HOLD_AT_MOST;
    let is_long = is_forced || pending.len() - line > HOLD;
    let (limit, blanks): (usize, &[u8]) =
        if is_long { (character_start(pending, pending.len() - LOOK_AHEAD), b"\n \t,;") } else { (line, b"\n") };
    let tries = if is_forced { TRIES_AT_LAST } else { TRIES };
    if limit == 0 {
        return 0;
    }
    let after_blank = |at: &usize| pending.get(at - 1).is_some_and(|byte| blanks.contains(byte));
    let places = (1..=limit).rev().filter(after_blank).take(tries).chain([limit]);
    safe_cut(pending, places, mask).unwrap_or(if is_forced { limit } else { 0 })
}

/// Where the kept end of a long text begins: not within a secret.
fn beginning(text: &[u8], mask: Mask) -> usize {
    let (lead, _) = text.split_at_checked(LEAD).unwrap_or((text, &[]));
    let after_blank = |at: &usize| lead.get(at - 1).is_some_and(|byte| b"\n \t,;".contains(byte));
    let anywhere = character_start(lead, LOOK_BACK);
    let places = (LOOK_BACK..lead.len()).filter(after_blank).take(TRIES_AT_LAST).chain([anywhere]);
    safe_cut(lead, places, mask).unwrap_or(lead.len())
}

/// The first place that cuts no secret in two: none that is there, none that has only begun.
fn safe_cut(text: &[u8], mut places: impl Iterator<Item = usize>, mask: Mask) -> Option<usize> {
    let whole = masked(text, mask);
    places.find(|at| {
        let Some((before, after)) = text.split_at_checked(*at) else { return false };
        let alone = masked(before, mask);
        masked(&[before, WHAT_FOLLOWS.as_bytes()].concat(), mask) == format!("{alone}{WHAT_FOLLOWS}")
            && alone + &masked(after, mask) == whole
    })
}

/// The place itself, or before it where a UTF-8 character begins.
fn character_start(text: &[u8], at: usize) -> usize {
    let continues = |at: &usize| text.get(*at).is_some_and(|byte| byte & 0xC0 == 0x80);
    (at.saturating_sub(3)..=at).rev().find(|at| !continues(at)).unwrap_or(at)
}

#[cfg(test)]
mod tests;

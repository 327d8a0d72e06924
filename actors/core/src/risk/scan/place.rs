//! Where a text stands in the command as it was given.

use std::ops::Range;

use crate::risk::script::{Piece, Word};

#[derive(Debug, Clone, Copy)]
pub(super) struct Spot {
    place: Place,
    pub(super) depth: usize,
}

#[derive(Debug, Clone, Copy)]
enum Place {
    /// Byte for byte, from this offset.
    At(usize),
    /// Somewhere within, after quotes were removed.
    Within([usize; 2]),
}

impl Spot {
    pub(super) const fn whole() -> Self {
        Self { place: Place::At(0), depth: 0 }
    }

    /// A text that was put together from what stands here.
    pub(super) const fn within(self, span: [usize; 2]) -> Self {
        Self { place: Place::Within(span), depth: self.depth + 1 }
    }

    /// A text that stands from this offset of the command on.
    pub(super) const fn from(self, offset: usize) -> Self {
        Self { place: Place::At(offset), depth: self.depth + 1 }
    }

    pub(super) const fn deeper(self) -> Self {
        Self { depth: self.depth + 1, ..self }
    }

    pub(super) const fn span(self, local: &Range<usize>) -> [usize; 2] {
        match self.place {
            Place::At(base) => [base + local.start, base + local.end],
            Place::Within(span) => span,
        }
    }

    /// The offset in the command of a word that is written there as it reads.
    pub(super) fn exact(self, word: &Word) -> Option<usize> {
        let Place::At(base) = self.place else { return None };
        match word.pieces.as_slice() {
            [Piece::Literal { at: Some(at), .. }] => Some(base + at),
            _ => None,
        }
    }
}

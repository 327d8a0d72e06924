//! Counts the bytes that were gone over: they must stay in proportion to the text.

use std::cell::Cell;

thread_local! {
    pub(in super::super) static GONE: Cell<usize> = const { Cell::new(0) };
}

pub(in super::super) fn add(bytes: usize) {
    GONE.set(GONE.get() + bytes);
}

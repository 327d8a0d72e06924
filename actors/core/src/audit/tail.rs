//! The end of a log file, from which its writer learns where to go on.

use super::{Fault, format::place, leaf};
use crate::id::{Digest, Seq};

/// The last line that has its newline (given without it), and the torn bytes after it.
///
/// The bytes are the end of a file. If they are not all of it, they have to reach back beyond the start of that line:
/// twice [`MAX_LINE`](super::MAX_LINE) and two newlines do, unless the torn part is longer than a line can be.
pub fn last_whole_line(bytes: &[u8]) -> (Option<&[u8]>, &[u8]) {
    let mut parts = bytes.rsplitn(3, |byte| *byte == b'\n');
    let torn = parts.next().unwrap_or_default();
    (parts.next(), torn)
}

/// The number and the hash of a line, if it is a line at all.
pub fn parse_head(line: &[u8]) -> Result<(Seq, Digest), Fault> {
    place(line).map(|place| (place.seq, leaf(line)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::{FaultKind, vectors::LINES};

    #[test]
    fn the_last_whole_line_is_the_one_before_the_last_newline() {
        let table: [(&str, Option<&str>, &str); 7] = [
            ("", None, ""),
            ("torn", None, "torn"),
            ("\n", Some(""), ""),
            ("one\n", Some("one"), ""),
            ("one\ntorn", Some("one"), "torn"),
            ("one\ntwo\n", Some("two"), ""),
            ("one\ntwo\nthree\n{", Some("three"), "{"),
        ];
        for (bytes, line, torn) in table {
            assert_eq!(last_whole_line(bytes.as_bytes()), (line.map(str::as_bytes), torn.as_bytes()), "{bytes:?}");
        }
    }

    #[test]
    fn a_head_is_number_and_hash() {
        for (n, (line, hash)) in (1..).zip(LINES) {
            assert_eq!(parse_head(line.as_bytes()), Ok((Seq(n), Digest::parse(hash).unwrap())));
        }
        assert_eq!(parse_head(b"").unwrap_err().what, FaultKind::Blank);
        assert_eq!(parse_head(b"{}").unwrap_err().what, FaultKind::WrongStart);
    }
}

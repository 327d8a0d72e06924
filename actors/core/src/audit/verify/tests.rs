use std::{borrow::Cow, io::BufReader};

use proptest::{collection::vec, prelude::*};
use serde_json::json;

use super::*;
use crate::{
    access::{Actor, Via},
    audit::{Entry, Subject},
    id::TaskId,
    time::Timestamp,
};

/// A log of so many lines, each with its newline, and where it ends.
fn log(name: &str, lines: u64) -> (Vec<Vec<u8>>, Chain) {
    let mut chain = Chain::default();
    let mut line = |n| {
        let subject =
            Subject { command: format!("systemctl restart {n}"), status: "正常".into(), ..Subject::default() };
        let entry = Entry {
            at: Timestamp(1_767_225_601_000_000 + n),
            kind: "task.created".into(),
            task_id: TaskId::parse(&format!("{name}-{n}")).ok(),
            revision: None,
            actor: Actor::key("ci"),
            via: Via::Api,
            from: None,
            to: Some("pending".into()),
            cmd_sha: None,
            subject: (n % 10 == 0).then_some(subject),
            data: json!({"n": n}).as_object().cloned().unwrap(),
        };
        (chain.append(&entry, |text| Cow::Borrowed(text)).text + "\n").into_bytes()
    };
    let lines = (0..i64::try_from(lines).unwrap()).map(&mut line).collect();
    (lines, chain)
}

fn report(bytes: &[u8], expect: Expect<'_>) -> Report {
    verify(bytes, expect).unwrap()
}

fn verdict(bytes: &[u8], head: Head) -> Verdict {
    report(bytes, Expect { head, ..Expect::default() }).verdict
}

fn fault(bytes: &[u8], expect: Expect<'_>) -> Fault {
    match report(bytes, expect).verdict {
        Verdict::Broken(fault) => fault,
        other @ (Verdict::Intact | Verdict::TornTail { .. }) => panic!("{other:?}"),
    }
}

fn end(chain: &Chain) -> Head {
    Head::Is(chain.last(), chain.head)
}

/// So many lines, and the distance between the places that are tried in them: all in a short log, some in a long one.
const TRIED: [(u64, usize); 2] = [(3, 1), (50, 7)];

/// A changed log is broken if one knows its end, and also without if more than the last line was touched.
#[track_caller]
fn assert_broken(bytes: &[u8], head: Head, before_last: bool) {
    assert!(matches!(verdict(bytes, head), Verdict::Broken(_)), "{}", bytes.escape_ascii());
    if before_last {
        assert!(matches!(verdict(bytes, Head::Unknown), Verdict::Broken(_)), "{}", bytes.escape_ascii());
    }
}

#[test]
fn an_untouched_log_is_intact_and_its_report_says_how_far_it_goes() {
    let (lines, chain) = log("A", 50);
    let found = report(&lines.concat(), Expect { head: end(&chain), ..Expect::default() });
    assert_eq!(found.verdict, Verdict::Intact);
    assert_eq!((found.lines, found.first_seq, found.last_seq), (50, Some(Seq(1)), Some(Seq(50))));
    assert_eq!(found.head, chain.head);

    let empty = report(b"", Expect { head: Head::Is(Seq(0), Digest([0; 32])), ..Expect::default() });
    assert_eq!((empty.verdict, empty.lines, empty.first_seq, empty.last_seq), (Verdict::Intact, 0, None, None));
}

#[test]
fn every_changed_byte_is_found() {
    for (count, step) in TRIED {
        let (lines, chain) = log("A", count);
        let (bytes, last) = (lines.concat(), lines.last().unwrap().len());
        for at in (0..bytes.len()).step_by(step) {
            let mut changed = bytes.clone();
            changed[at] ^= 1 << (at % 8);
            // Without its newline the last line is a torn tail, and so no line: the log is too short.
            assert_broken(&changed, end(&chain), at < bytes.len() - last);
        }
    }
}

#[test]
fn every_bit_of_a_line_in_the_middle_counts() {
    let (lines, chain) = log("A", 3);
    let bytes = lines.concat();
    for at in lines[0].len()..lines[0].len() + lines[1].len() {
        for bit in 0..8 {
            let mut changed = bytes.clone();
            changed[at] ^= 1 << bit;
            assert_broken(&changed, end(&chain), true);
        }
    }
}

#[test]
fn every_added_byte_is_found() {
    for (count, step) in TRIED {
        let (lines, chain) = log("A", count);
        let (bytes, last) = (lines.concat(), lines.last().unwrap().len());
        for at in (0..bytes.len()).step_by(step) {
            let mut longer = bytes.clone();
            longer.insert(at, b" \n\r\t\"}0\0\x80"[at % 9]);
            assert_broken(&longer, end(&chain), at < bytes.len() - last);
        }
    }
}

#[test]
fn every_cut_is_found() {
    let (lines, chain) = log("A", 50);
    let bytes = lines.concat();
    for at in 0..bytes.len() {
        let cut = &bytes[..at];
        let whole = cut.iter().rposition(|byte| *byte == b'\n').map_or(0, |newline| newline + 1);
        let torn = u64::try_from(at - whole).unwrap();
        // At the end of a line a cut leaves a log that is whole in itself: only who knows its end can tell.
        let expected = if torn == 0 { Verdict::Intact } else { Verdict::TornTail { bytes: torn } };
        assert_eq!(verdict(cut, Head::Unknown), expected, "cut at {at}");
        if torn < 2 {
            assert_broken(cut, end(&chain), false);
        }
    }
}

#[test]
fn every_removed_line_is_found() {
    let (lines, chain) = log("A", 50);
    for gone in 0..50 {
        let mut rest = lines.clone();
        rest.remove(gone);
        assert_broken(&rest.concat(), end(&chain), gone < 49);
    }
}

#[test]
fn every_pair_of_swapped_lines_is_found() {
    let (lines, chain) = log("A", 50);
    for a in 0..50 {
        for b in a + 1..50 {
            let mut swapped = lines.clone();
            swapped.swap(a, b);
            assert_broken(&swapped.concat(), end(&chain), true);
        }
    }
}

#[test]
fn every_added_line_is_found() {
    let (lines, chain) = log("A", 50);
    let (foreign, _) = log("B", 51);
    let others = [&b"\n"[..], b"\r\n", b" \n", b"{}\n", b"null\n", b"\0\n", b"\xff\n"].map(<[u8]>::to_vec);
    for at in 0..=50 {
        for line in lines.iter().chain(&others).chain(&foreign[at..=at]) {
            let mut longer = lines.clone();
            longer.insert(at, line.clone());
            assert_broken(&longer.concat(), end(&chain), true);
        }
    }
}

#[test]
fn every_line_of_another_log_is_found() {
    let (lines, chain) = log("A", 50);
    let (foreign, _) = log("B", 50);
    for at in 0..50 {
        let mut mixed = lines.clone();
        mixed[at].clone_from(&foreign[at]);
        assert_broken(&mixed.concat(), end(&chain), at < 49 || mixed[at] != lines[at]);
        let spliced = [&lines[..at], &foreign[at..]].concat().concat();
        assert_broken(&spliced, end(&chain), at > 0);
    }
}

#[test]
fn faults_say_where_and_what() {
    let (lines, chain) = log("A", 5);
    let (_, other) = log("B", 5);
    let bytes = lines.concat();
    let text = String::from_utf8(bytes.clone()).unwrap();
    let table = [
        (text.replace('\n', "\r\n"), 1, None, FaultKind::RawControl),
        (text.replace('\n', "\n\n"), 2, None, FaultKind::Blank),
        (text.replacen("A-1", "A-9", 1), 3, Some(3), FaultKind::BrokenChain),
        (text.replacen("\"seq\":4", "\"seq\":5", 1), 4, Some(5), FaultKind::WrongSeq),
        (text.replacen("\"seq\":4", "\"seq\":4,\"seq\":4", 1), 4, Some(4), FaultKind::WrongKeys),
        (text.replacen("{\"n\":2}", "{\"n\":2", 1), 3, Some(3), FaultKind::NotJson),
        (text.replacen("A-4", "A-9", 1), 5, Some(5), FaultKind::NotTheHead),
        (lines_text(&lines[..3]), 4, Some(4), FaultKind::TooFew),
        (lines_text(&lines[1..]), 1, Some(2), FaultKind::WrongSeq),
    ];
    for (text, line, seq, what) in table {
        let fault = fault(text.as_bytes(), Expect { head: end(&chain), ..Expect::default() });
        assert_eq!((fault.line, fault.seq, fault.what), (line, seq.map(Seq), what), "{fault}");
    }
    let known = fault(&bytes, Expect { head: Head::Is(Seq(3), Digest::of(b"")), ..Expect::default() });
    assert_eq!((known.line, known.what), (3, FaultKind::NotTheHead));
    let shorter = Chain::after(Seq(4), crate::audit::leaf(lines[3].trim_ascii_end()));
    let longer = fault(&bytes, Expect { head: end(&shorter), ..Expect::default() });
    assert_eq!((longer.line, longer.what), (5, FaultKind::TooMany));
    let elsewhere = fault(&bytes, Expect { head: Head::Reaches(Seq(5), other.head), ..Expect::default() });
    assert_eq!((elsewhere.found, elsewhere.expected), (chain.head.hex(), other.head.hex()));
    insta::assert_snapshot!(known.to_string());
}

fn lines_text(lines: &[Vec<u8>]) -> String {
    String::from_utf8(lines.concat()).unwrap()
}

#[test]
fn a_log_may_go_on_after_the_line_it_reaches() {
    let (lines, _) = log("A", 5);
    let third = Head::Reaches(Seq(3), crate::audit::leaf(lines[2].trim_ascii_end()));
    assert_eq!(verdict(&lines.concat(), third), Verdict::Intact);
    assert_eq!(verdict(&lines[..3].concat(), third), Verdict::Intact);
    let torn = [lines[..3].concat(), b"{\"v\"".to_vec()].concat();
    assert_eq!(verdict(&torn, third), Verdict::TornTail { bytes: 4 });
    let short = fault(&lines[..2].concat(), Expect { head: third, ..Expect::default() });
    assert_eq!(short.what, FaultKind::TooFew);
}

fn stored<'a>(lines: &[Vec<u8>]) -> Expect<'a> {
    let leaves: Vec<Digest> = lines.iter().map(|line| crate::audit::leaf(line.trim_ascii_end())).collect();
    let leaf_of = move |seq: Seq| Ok(leaves.get(usize::try_from(seq.0).unwrap() - 1).copied());
    Expect { leaf_of: Some(Box::new(leaf_of)), ..Expect::default() }
}

#[test]
fn the_database_tells_at_which_line_the_file_differs() {
    let (lines, _) = log("A", 5);
    let bytes = lines.concat();
    assert_eq!(report(&bytes, stored(&lines)).verdict, Verdict::Intact);
    for (at, name) in (1..).zip(["A-0", "A-1", "A-2", "A-3", "A-4"]) {
        let changed = lines_text(&lines).replacen(name, "A-9", 1);
        let fault = fault(changed.as_bytes(), stored(&lines));
        assert_eq!((fault.line, fault.seq, fault.what), (at, Some(Seq(at)), FaultKind::NotAsStored));
    }
    let added = fault(&bytes, stored(&lines[..4]));
    assert_eq!((added.line, added.what), (5, FaultKind::NotAsStored));
    assert_eq!(added.expected, "no line of this number");
}

#[test]
fn a_database_that_fails_is_no_verdict() {
    let (lines, _) = log("A", 2);
    let leaf_of = Box::new(|_| Err(io::Error::other("locked")));
    let result = verify(&*lines.concat(), Expect { leaf_of: Some(leaf_of), ..Expect::default() });
    assert_eq!(result.unwrap_err().to_string(), "locked");
}

fn since(seq: u64) -> Expect<'static> {
    Expect { since: Some(Seq(seq)), ..Expect::default() }
}

#[test]
fn lines_before_the_asked_for_are_taken_as_given() {
    let (lines, chain) = log("A", 10);
    let bytes = lines.concat();
    let whole = report(&bytes, Expect::default());
    for seq in 0..=11 {
        assert_eq!(report(&bytes, since(seq)), whole);
    }
    assert_eq!(fault(&bytes, since(12)).what, FaultKind::TooFew);
    let part = report(&lines[4..].concat(), Expect { head: end(&chain), ..since(7) });
    assert_eq!((part.verdict, part.first_seq, part.lines, part.head), (Verdict::Intact, Some(Seq(5)), 6, chain.head));
    // A part is taken only where it was asked for, and only if it has the line that was asked for.
    assert_eq!(fault(&lines[4..].concat(), since(4)).what, FaultKind::WrongSeq);
    assert_eq!(fault(&lines[4..].concat(), since(0)).what, FaultKind::WrongSeq);
    assert_eq!(fault(&lines[4..].concat(), Expect::default()).what, FaultKind::WrongSeq);
    // The first line that is checked still vouches for the one before it.
    for (name, seq, intact) in [("A-2", 5, true), ("A-3", 5, false), ("A-5", 5, false), ("A-3", 1, false)] {
        let changed = lines_text(&lines).replacen(name, "A-X", 1);
        assert_eq!(report(changed.as_bytes(), since(seq)).verdict == Verdict::Intact, intact, "{name} {seq}");
    }
    let gap = [&lines[..3], &lines[4..]].concat().concat();
    assert_eq!(fault(&gap, since(8)).what, FaultKind::WrongSeq);
}

#[test]
fn a_line_without_end_is_given_up_before_it_fills_the_memory() {
    const GIB: u64 = 1 << 30;
    let mut reader = BufReader::new(io::repeat(b'x').take(GIB));
    let found = verify(&mut reader, Expect::default()).unwrap();
    assert!(matches!(found.verdict, Verdict::Broken(Fault { what: FaultKind::TooLong, line: 1, .. })));
    assert!(reader.get_ref().limit() > GIB - 2 * MAX_LINE as u64 - 8192);
}

#[test]
fn a_tail_is_torn_up_to_the_length_of_a_line() {
    let tail = vec![b'x'; MAX_LINE + 1];
    assert_eq!(verdict(&tail[1..], Head::Unknown), Verdict::TornTail { bytes: MAX_LINE as u64 });
    assert_eq!(fault(&tail, Expect::default()).what, FaultKind::TooLong);
}

proptest! {
    #[test]
    fn arbitrary_bytes_give_a_verdict(bytes in vec(any::<u8>(), 0..400), from in any::<Option<u64>>()) {
        let expect = Expect { since: from.map(Seq), ..Expect::default() };
        let found = verify(&*bytes, expect).unwrap();
        let is_tail = bytes.iter().all(|byte| *byte != b'\n');
        prop_assert_eq!(found.lines, 0);
        prop_assert!(is_tail || matches!(found.verdict, Verdict::Broken(_)));
    }

    #[test]
    fn no_series_of_edits_passes(edits in vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), vec(any::<u8>(), 0..4)), 1..4)) {
        let (lines, chain) = log("A", 6);
        let original = lines.concat();
        let mut edited = original.clone();
        for (from, length, new) in &edits {
            let from = from.index(edited.len() + 1);
            let to = (from + length.index(8)).min(edited.len());
            edited.splice(from..to, new.iter().copied());
        }
        let found = verdict(&edited, end(&chain));
        if edited.starts_with(&original) {
            prop_assert!(edited == original || found != Verdict::Intact);
        } else {
            prop_assert!(matches!(found, Verdict::Broken(_)), "{:?}", found);
        }
    }
}

//! Lines, hashes and roots that must never change: other programs verify logs by them.

use super::{leaf, tree::Tree, verify};

pub(super) const LINES: [(&str, &str); 3] = [
    (
        r#"{"v":1,"seq":1,"ts":"2026-01-01T00:00:01.000000Z","kind":"log.open","task_id":"","prev":"0000000000000000000000000000000000000000000000000000000000000000"}"#,
        "ffee0dea10b1418a3dcd8a9cc94f927c763abe31d15eae2031aca242b4d2b997",
    ),
    (
        r#"{"v":1,"seq":2,"ts":"2026-01-01T00:00:02.000000Z","kind":"task.created","task_id":"TASK-0001","prev":"ffee0dea10b1418a3dcd8a9cc94f927c763abe31d15eae2031aca242b4d2b997"}"#,
        "4f7ffb85aaca07b7e7bda708e234d2553fab0883c819cf79285cef0548231439",
    ),
    (
        r#"{"v":1,"seq":3,"ts":"2026-01-01T00:00:03.000000Z","kind":"task.approved","task_id":"TASK-0001","prev":"4f7ffb85aaca07b7e7bda708e234d2553fab0883c819cf79285cef0548231439"}"#,
        "afceeb17cbfad0f60700e3a0009c7ff091734de55006c15721dcc031f5f75aa9",
    ),
];

const ROOTS: [&str; 2] =
    ["lYJzOveYEVJucYNSbJRGmoUq42+enwFyVQJInQklXuM=", "mI8gldU0zW5zH0Usp9p0+DwSIQTOtMj5b++12OxU8Gs="];

#[test]
fn hashes_and_roots_of_the_vector() {
    let mut tree = Tree::default();
    let mut roots = Vec::new();
    for (line, hash) in LINES {
        assert_eq!(leaf(line.as_bytes()).hex(), hash);
        tree.push(leaf(line.as_bytes()));
        roots.push(tree.root_base64());
    }
    assert_eq!(roots[1..], ROOTS);
}

#[test]
fn the_vector_is_an_intact_log() {
    let log: String = LINES.iter().flat_map(|(line, _)| [line, "\n"]).collect();
    let report = verify::verify(log.as_bytes(), verify::Expect::default()).unwrap();
    assert_eq!(report.verdict, verify::Verdict::Intact);
    assert_eq!((report.lines, report.head.hex().as_str()), (3, LINES[2].1));
    assert_eq!(report.root_base64, ROOTS[1]);
}

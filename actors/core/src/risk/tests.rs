use super::*;

fn medium() -> Assessment {
    let finding = Finding {
        label: "file_write".to_owned(),
        level: Level::Medium,
        span: [0, 2],
        why: "Writes.".to_owned(),
        why_zh: String::new(),
    };
    Assessment::of(vec![finding], Text::default())
}

#[test]
fn a_submitter_raises() {
    let mut assessment = medium();
    assessment.raise(Some(Level::High), &["Prod DB!".to_owned(), "file_write".to_owned()]);
    assert_eq!(assessment.level, Level::High);
    assert_eq!(assessment.labels, ["declared_by_submitter", "file_write", "prod_db_"]);
    assert_eq!(assessment.findings.len(), 2);
    assert_eq!(assessment.findings[0].why, "The submitter declares the command to be of high risk.");
}

#[test]
fn a_submitter_never_lowers() {
    for level in [None, Some(Level::Low), Some(Level::Medium)] {
        let mut assessment = medium();
        assessment.raise(level, &[]);
        assert_eq!(assessment, medium());
    }
}

#[test]
fn added_labels_are_cleaned_and_counted() {
    let mut assessment = medium();
    let labels: Vec<String> =
        ["", "   ", "é", "\u{202E}"].map(str::to_owned).into_iter().chain((0..40).map(|n| format!("L{n}"))).collect();
    assessment.raise(None, &labels);
    assert_eq!(assessment.labels.len(), 1 + DECLARED_AT_MOST);
    assert_eq!(assessment.labels[1], "l0");
    let mut assessment = medium();
    assessment.raise(None, &["x".repeat(1000)]);
    assert_eq!(assessment.labels[1].len(), LABEL_AT_MOST);
}

#[test]
fn levels_are_read_back() {
    assert!(Level::Low < Level::Medium && Level::Medium < Level::High);
    for level in Level::ALL {
        assert_eq!(Level::parse(level.as_str()), Some(level));
    }
    assert_eq!(Level::parse("HIGH"), None);
}

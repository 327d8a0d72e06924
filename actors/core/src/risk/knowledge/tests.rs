use super::file::File;
use super::load::BUILTIN;
use super::*;
use crate::risk::{Networks, Rules, Source};

#[test]
fn the_files_that_are_compiled_in_are_right() {
    Knowledge::builtin().unwrap();
}

/// Every program of the files comes with examples; a rule file is tested by them.
#[test]
fn the_examples_in_the_files_get_their_levels() {
    let rules = Rules::builtin();
    let networks = Networks::default();
    let mut wrong = Vec::new();
    let mut count = 0;
    for (name, text) in BUILTIN {
        let file: File = toml::from_str(text).unwrap();
        for program in file.program {
            let program = program.into_inner();
            for (level, examples) in
                [(Level::Low, &program.low), (Level::Medium, &program.medium), (Level::High, &program.high)]
            {
                for example in examples {
                    count += 1;
                    let found = rules.assess(example, &Source::default(), &networks);
                    if found.level != level {
                        wrong.push(format!(
                            "{name} {:?}: {level} but {} {:?}: {example}",
                            program.names.first(),
                            found.level,
                            found.labels
                        ));
                    }
                }
            }
        }
    }
    println!("{count} examples, {} wrong", wrong.len());
    assert!(wrong.is_empty(), "{} of {count}:\n{}", wrong.len(), wrong.join("\n"));
}

fn level(rules: &Rules, command: &str) -> Level {
    rules.assess(command, &Source::default(), &Networks::default()).level
}

#[test]
fn an_organisations_file_adds_and_replaces() {
    let text = r#"
[[label]]
name = "package_change"
level = "high"
en = "Changes packages on a frozen host."
zh = "更改已冻结主机上的软件包。"

[[program]]
names = ["git"]
commands.low = ["lfs-look"]

[[program]]
names = ["reboot"]
replace = true
otherwise = "service_control"
"#;
    let (plain, own) = (Rules::builtin(), Rules::with("own.toml", text).unwrap());
    for (command, before, after) in [
        ("apt-get install jq", Level::Medium, Level::High),
        ("git lfs-look", Level::Medium, Level::Low),
        ("git status", Level::Low, Level::Low),
        ("git push --force", Level::High, Level::High),
        ("reboot", Level::High, Level::Medium),
        ("sudo reboot", Level::High, Level::Medium),
    ] {
        assert_eq!((level(&plain, command), level(&own, command)), (before, after), "{command}");
    }
}

#[test]
fn a_file_with_a_fault_is_refused_with_its_line_and_the_reason() {
    for (text, line, why) in [
        ("[[program]]\nnames = [\"x\"]\nnonsense = 1", 3, "nonsense"),
        ("[[program]]\nnames = \"x\"", 2, "invalid type"),
        ("\n\n[[program]]\noptions = [\"-x\"]", 3, "names"),
        ("[[program]]\nnames = [\"x\"]\noptions = [\"output\"]", 1, "output"),
        ("[[program]]\nnames = [\"x\"]\notherwise = \"wrong\"", 1, "wrong"),
        ("[[program]]\nnames = [\"x\"]\nharmless = [\"-n\"]", 1, "-n"),
        ("[[program]]\nnames = [\"x\"]\nopens = [{ when = [\"-c\"] }]", 1, "opens"),
        ("[[program]]\nnames = [\"x\"]\nopens = [{ command = 0, shell = 1 }]", 1, "two places"),
        ("[[program]]\nnames = [\"x\"]\ncode = { language = \"cobol\" }", 1, "cobol"),
        ("[[program]]\nnames = [\"x\"]\nsql = { dialect = \"dbase\" }", 1, "dbase"),
        (
            "[[program]]\nnames = [\"x\"]\n[[program.rule]]\nlabel = \"network_send\"\noperand = [\"@nothing\"]",
            1,
            "nothing",
        ),
        ("[[program]]\nnames = [\"x\"]\n[[program.rule]]\nlabel = \"network_send\"\ncount = \"many\"", 1, "many"),
        (
            "[[program]]\nnames = [\"x\"]\n[[program.rule]]\nlabel = \"network_send\"\nen = \"Sends.\"",
            1,
            "one language",
        ),
        ("[[program]]\nnames = [\"x\"]\n\n[[program]]\nnames = [\"y\", \"x\"]", 4, "twice"),
        ("[[label]]\nname = \"x\"\nlevel = \"grave\"", 3, "grave"),
        ("[[class]]\nname = \"x\"\nany = [\"@later\"]", 1, "later"),
        ("= =", 1, ""),
    ] {
        let error = Rules::with("own.toml", text).unwrap_err();
        assert_eq!((error.file.as_str(), error.line), ("own.toml", line), "{text}: {error}");
        assert!(error.why.contains(why), "{text}: {error}");
    }
}

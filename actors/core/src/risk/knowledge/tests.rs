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
                for example in examples.iter().map(toml::Spanned::get_ref) {
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
        ("[[program]]\nnames = \"x\"", 2, "should be a list"),
        ("[[program]]\nnames = [\"x\"]\neffect = \"goes\"", 3, "a table with `en` and `zh`"),
        ("[[program]]\nnames = [\"x\"]\neffect = { en = \"goes\" }", 3, "`zh` is missing"),
        ("[[program]]\nnames = [\"x\"]\neffect = { en = \"{nope}\", zh = \"\" }", 1, "{operands}"),
        ("[[program]]\nnames = [\"x\"]\neffect = { en = \"{value:-o}\", zh = \"\" }", 1, "-o"),
        ("[[program]]\nnames = [\"x\"]\neffect = { en = \"{first\", zh = \"\" }", 1, "without `}`"),
        ("[[program]]\nnames = [\"x\"]\ncommands.low = [\"[a\"]", 1, "without `]`"),
        ("[[class]]\nname = \"x\"\nany = [\"[a\"]", 1, "without `]`"),
        ("\n\n[[program]]\noptions = [\"-x\"]", 3, "names"),
        ("[[program]]\nnames = [\"x\"]\noptions = [\"output\"]", 1, "output"),
        ("[[program]]\nnames = [\"x\"]\notherwise = \"wrong\"", 1, "wrong"),
        ("[[program]]\nnames = [\"x\"]\nharmless = [\"-n\"]", 1, "-n"),
        ("[[program]]\nnames = [\"x\"]\nharmful = [\"-y\"]", 1, "-y"),
        ("[[program]]\nnames = [\"x\"]\nopens = [{ command = 0, program_value = [\"-x\"] }]", 1, "-x"),
        ("[[program]]\nnames = [\"x\"]\nopens = [{ when = [\"-c\"] }]", 1, "opens"),
        ("[[program]]\nnames = [\"x\"]\nopens = [{ command = 0, shell = 1 }]", 1, "two places"),
        ("[[program]]\nnames = [\"x\"]\ncode = { language = \"cobol\" }", 1, "cobol"),
        ("[[program]]\nnames = [\"x\"]\nopens = [{ shell_value = [\"-c\"] }]", 1, "-c"),
        ("[[program]]\nnames = [\"x\"]\nsql = { dialect = \"dbase\" }", 1, "dbase"),
        (
            "[[program]]\nnames = [\"x\"]\n[[program.rule]]\nlabel = \"network_send\"\noperand = [\"@nothing\"]",
            3,
            "nothing",
        ),
        ("[[program]]\nnames = [\"x\"]\n[[program.rule]]\nlabel = \"network_send\"\ncount = \"many\"", 3, "many"),
        ("[[program]]\nnames = [\"x\"]\n[[program.rule]]\nflag = [\"-n\"]", 3, "needs `label`"),
        ("[[program]]\nnames = [\"git\"]\n\n[[program.rule]]\nlabel = \"wrong\"", 4, "wrong"),
        (
            "[[program]]\nnames = [\"x\"]\noptions = [\"-e\"]\n[[program.rule]]\nlabel = \"file_write\"\nvalue = { \"-e\" = [\"a\"] }",
            4,
            "-e",
        ),
        ("[[code]]\nlanguage = \"awk\"\n[[code.rule]]\nlabel = \"wrong\"", 3, "wrong"),
        ("[[program]]\nnames = [\"git\"]\nstyle = \"words\"", 1, "style"),
        (
            "[[program]]\nnames = [\"x\"]\notherwise = \"low\"\nhigh = [\n  \"reboot\",\n  \"x y\",\n]",
            6,
            "\"x y\" is low, not high",
        ),
        (
            "[[program]]\nnames = [\"x\"]\notherwise = \"file_write\"\nlow = [\"x y\"]",
            4,
            "\"x y\" is medium (file_write), not low",
        ),
        (
            "[[program]]\nnames = [\"x\"]\n[[program.rule]]\nlabel = \"network_send\"\nen = \"Sends.\"",
            3,
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

#[test]
fn what_a_file_takes_away_is_said() {
    let text = r#"
[[label]]
name = "system_power"
level = "low"
en = "Stops the host."
zh = "关闭主机。"

[[label]]
name = "file_write"
level = "high"
en = "Writes."
zh = "写入。"

[[class]]
name = "log"
any = ["/var/log/*"]

[[program]]
names = ["rm", "our-rm"]
replace = true
otherwise = "file_delete"

[[program]]
names = ["git"]
commands.low = ["filter-branch", "status", "our-look"]
"#;
    let rules = Rules::with("own.toml", text).unwrap();
    assert_eq!(
        rules.warnings(),
        [
            "the label system_power is lowered from high to low",
            "the class log is replaced, for every rule that names it",
            "rm is replaced",
            "git filter-branch is lowered from vcs_destructive to low",
        ]
    );
    assert!(Rules::builtin().warnings().is_empty());
}

#[test]
fn an_addition_to_a_built_in_program_keeps_its_sentence() {
    let text = r#"
[[program]]
names = ["git"]
harmless = ["--no-pager"]
[[program.rule]]
label = "vcs_destructive"
first = ["push"]
operand = ["prod"]
"#;
    let rules = Rules::with("own.toml", text).unwrap();
    let summary = |command| rules.assess(command, &Source::default(), &Networks::default()).summary;
    assert_eq!(summary("git push origin prod"), "Pushes origin prod.");
    assert_eq!(
        summary("git push origin main"),
        Rules::builtin().assess("git push origin main", &Source::default(), &Networks::default()).summary
    );
}

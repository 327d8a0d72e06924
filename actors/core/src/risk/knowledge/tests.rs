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

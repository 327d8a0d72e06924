//! When a rule holds for a call.

use super::call::Call;
use super::file;
use super::pattern::{Classes, Pattern, Sense, Subject, patterns};

/// All that is given has to hold.
#[derive(Debug, Clone, Default)]
pub(super) struct Condition {
    pub(super) flag: Vec<String>,
    all_flags: Vec<String>,
    no_flag: Vec<String>,
    value: Vec<(String, Vec<Pattern>)>,
    operand: Vec<Pattern>,
    operands: Vec<Pattern>,
    no_operand: Vec<Pattern>,
    first: Vec<Pattern>,
    last: Vec<Pattern>,
    word: Vec<Pattern>,
    count: Option<Count>,
    under: Vec<String>,
    input: Option<bool>,
}

#[derive(Debug, Clone, Copy)]
enum Count {
    Exactly(usize),
    AtLeast(usize),
}

impl Count {
    fn new(text: &str) -> Result<Self, String> {
        let (number, least) = text.strip_suffix('+').map_or((text, false), |number| (number, true));
        let number = number.parse().map_err(|_| format!("count \"{text}\" is neither like \"2\" nor like \"2+\""))?;
        Ok(if least { Self::AtLeast(number) } else { Self::Exactly(number) })
    }

    const fn holds(self, count: usize) -> bool {
        match self {
            Self::Exactly(number) => count == number,
            Self::AtLeast(number) => count >= number,
        }
    }
}

impl Condition {
    pub(super) fn new(file: file::Condition, classes: &Classes) -> Result<Self, String> {
        let value = file.value.into_iter().map(|(name, list)| Ok((name, patterns(&list, classes)?)));
        Ok(Self {
            flag: file.flag,
            all_flags: file.all_flags,
            no_flag: file.no_flag,
            value: value.collect::<Result<_, String>>()?,
            operand: patterns(&file.operand, classes)?,
            operands: patterns(&file.operands, classes)?,
            no_operand: patterns(&file.no_operand, classes)?,
            first: patterns(&file.first, classes)?,
            last: patterns(&file.last, classes)?,
            word: patterns(&file.word, classes)?,
            count: file.count.as_deref().map(Count::new).transpose()?,
            under: file.under,
            input: file.input,
        })
    }

    pub(super) fn holds(&self, call: &Call<'_>, sense: Sense) -> bool {
        let any = |list: &[Pattern], word: usize| {
            call.subject(word).is_some_and(|word| list.iter().any(|pattern| pattern.matches(word, sense)))
        };
        let operands = &call.line.operands;
        // Only what is written excuses.
        let is_named = |word: Subject<'_>| {
            let word = Subject { also: &[], ..word };
            self.no_operand.iter().any(|pattern| pattern.matches(word, sense))
        };
        // What excuses has to be there for certain.
        let has = |flag: &String| match sense {
            Sense::Accuses => call.has(flag),
            Sense::Excuses => call.has_surely(flag),
        };
        let lacks = |flag: &String| match sense {
            Sense::Accuses => !call.has_surely(flag),
            Sense::Excuses => !call.has(flag),
        };
        (self.flag.is_empty() || self.flag.iter().any(has))
            && self.all_flags.iter().all(has)
            && self.no_flag.iter().all(lacks)
            && (self.value.is_empty() || self.value.iter().any(|(name, list)| call.value_matches(name, list, sense)))
            && (self.operand.is_empty() || operands.iter().any(|at| any(&self.operand, *at)))
            && (self.operands.is_empty() || !operands.is_empty() && self.all(call, sense))
            && !operands.iter().any(|at| call.subject(*at).is_some_and(is_named))
            && (self.first.is_empty() || operands.first().is_some_and(|at| any(&self.first, *at)))
            && (self.last.is_empty() || operands.last().is_some_and(|at| any(&self.last, *at)))
            && (self.word.is_empty() || (0..call.words.len()).any(|at| any(&self.word, at)))
            && self.count.is_none_or(|count| count.holds(operands.len()))
            && (self.under.is_empty() || self.under.iter().any(|name| call.under.contains(&name.as_str())))
            && self.input.is_none_or(|input| input == call.input)
    }

    /// Every operand has to be one of these for certain.
    fn all(&self, call: &Call<'_>, sense: Sense) -> bool {
        call.line.operands.iter().filter_map(|at| call.subject(*at)).all(|word| {
            let known = !word.dynamic || sense == Sense::Excuses;
            known && self.operands.iter().any(|pattern| pattern.matches(word, Sense::Excuses))
                || self.operands.iter().any(|pattern| matches!(pattern, Pattern::Dynamic)) && word.dynamic
        })
    }
}

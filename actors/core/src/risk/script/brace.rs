//! Brace expansion: `{rm,-rf,/}`, `{1..3}`, nested ones, at most so many words.

use super::{Piece, Word};

/// Words that one word may become; what there is beyond them is not known.
const MAX_WORDS: usize = 64;
/// Opening braces of a word that are looked at.
const MAX_OPEN: usize = 32;

#[derive(Debug, Clone)]
enum Part {
    Piece(Piece),
    /// A piece with scripts in it, by its number: it is not copied.
    Held(usize),
}

#[derive(Debug, Clone)]
enum Node {
    Part(Part),
    Choice(Vec<Vec<Node>>),
}

/// An opening brace, the alternatives before the present one, and the present one.
#[derive(Default)]
struct Open {
    alternatives: Vec<Vec<Node>>,
    present: Vec<Node>,
}

/// Makes all words of one.
pub(super) fn expand(word: Word) -> Vec<Word> {
    match word.pieces.iter().map(openings).sum::<usize>() {
        0 => return vec![word],
        1..=MAX_OPEN => {}
        _ => return vec![unknown(&word)],
    }
    let nodes = parse(&word.pieces);
    if !nodes.iter().any(|node| matches!(node, Node::Choice(_))) {
        return vec![word];
    }
    let mut whole = true;
    let mut expanded = combine(&nodes, &mut whole);
    expanded.retain(|parts| !parts.is_empty());
    let rest = (!whole).then(|| unknown(&word));
    let Word { span, pieces } = word;
    let mut held: Vec<Option<Piece>> = pieces.into_iter().map(Some).collect();
    let words = expanded.into_iter().map(|parts| Word { span: span.clone(), pieces: merged(parts, &mut held) });
    words.collect::<Vec<_>>().into_iter().chain(rest).collect()
}

fn openings(piece: &Piece) -> usize {
    match piece {
        Piece::Literal { text, quoted: false, .. } => text.matches('{').count(),
        Piece::Literal { .. } | Piece::Variable { .. } | Piece::Substitution { .. } | Piece::Unknown { .. } => 0,
    }
}

/// A word of which nothing is known but the text of its literals.
fn unknown(word: &Word) -> Word {
    let text = |piece: &Piece| match piece {
        Piece::Literal { text, .. } => text.clone(),
        Piece::Unknown { raw, .. } => raw.clone(),
        Piece::Variable { name, .. } => format!("${{{name}}}"),
        Piece::Substitution { .. } => "$()".to_owned(),
    };
    let raw = word.pieces.iter().map(text).collect();
    let inner = super::expansion::scripts_of(word.pieces.clone());
    Word { span: word.span.clone(), pieces: vec![Piece::Unknown { raw, quoted: false, inner }] }
}

/// What stands in the copies of a word for a piece that need not be looked into again.
fn copy() -> Piece {
    Piece::Unknown { raw: "$()".to_owned(), quoted: false, inner: Vec::new() }
}

fn parse(pieces: &[Piece]) -> Vec<Node> {
    let mut stack = vec![Open::default()];
    for (number, piece) in pieces.iter().enumerate() {
        match piece {
            Piece::Literal { text, quoted: false, at } => text_nodes(text, *at, &mut stack),
            Piece::Literal { .. } | Piece::Variable { default: None, .. } => {
                push(&mut stack, Node::Part(Part::Piece(piece.clone())));
            }
            Piece::Variable { .. } | Piece::Substitution { .. } | Piece::Unknown { .. } => {
                push(&mut stack, Node::Part(Part::Held(number)));
            }
        }
    }
    while stack.len() > 1 {
        let unclosed = stack.pop().map(as_text).unwrap_or_default();
        unclosed.into_iter().for_each(|node| push(&mut stack, node));
    }
    stack.pop().map(|open| open.present).unwrap_or_default()
}

fn text_nodes(text: &str, at: Option<usize>, stack: &mut Vec<Open>) {
    let mut from = 0;
    for (offset, sign) in text.match_indices(['{', ',', '}']) {
        if sign == "," && stack.len() == 1 {
            continue;
        }
        plain(text, from..offset, at, stack);
        from = offset + 1;
        match sign {
            "{" => stack.push(Open::default()),
            "," => {
                if let Some(open) = stack.last_mut() {
                    let done = std::mem::take(&mut open.present);
                    open.alternatives.push(done);
                }
            }
            _ => close(at.map(|at| at + offset), stack),
        }
    }
    plain(text, from..text.len(), at, stack);
}

fn plain(text: &str, range: std::ops::Range<usize>, at: Option<usize>, stack: &mut [Open]) {
    let at = at.map(|at| at + range.start);
    if let Some(text) = text.get(range).filter(|text| !text.is_empty()) {
        push(stack, sign(text, at));
    }
}

fn close(at: Option<usize>, stack: &mut Vec<Open>) {
    if stack.len() == 1 {
        return push(stack, sign("}", at));
    }
    let Some(mut open) = stack.pop() else { return };
    if !open.alternatives.is_empty() {
        open.alternatives.push(open.present);
        return push(stack, Node::Choice(open.alternatives));
    }
    if let Some(alternatives) = sequence(&open.present) {
        return push(stack, Node::Choice(alternatives));
    }
    let nodes = as_text(open);
    nodes.into_iter().chain([sign("}", at)]).for_each(|node| push(stack, node));
}

fn push(stack: &mut [Open], node: Node) {
    if let Some(open) = stack.last_mut() {
        open.present.push(node);
    }
}

fn sign(text: &str, at: Option<usize>) -> Node {
    Node::Part(Part::Piece(Piece::Literal { text: text.to_owned(), quoted: false, at }))
}

/// Braces that mean nothing stand for themselves.
fn as_text(open: Open) -> Vec<Node> {
    let mut nodes = vec![sign("{", None)];
    for alternative in open.alternatives {
        nodes.extend(alternative);
        nodes.push(sign(",", None));
    }
    nodes.extend(open.present);
    nodes
}

/// `1..3`, `a..e`, `1..9..2`.
fn sequence(nodes: &[Node]) -> Option<Vec<Vec<Node>>> {
    let [Node::Part(Part::Piece(Piece::Literal { text, .. }))] = nodes else { return None };
    let mut parts = text.split("..");
    let (first, last) = (parts.next()?, parts.next()?);
    let step = parts.next().map_or(Some(1), |step| step.parse::<i64>().ok())?;
    if parts.next().is_some() {
        return None;
    }
    let step = i64::try_from(step.unsigned_abs()).ok()?.max(1);
    let alternative = |text: String| vec![sign(&text, None)];
    if let (Ok(from), Ok(to)) = (first.parse::<i64>(), last.parse::<i64>()) {
        let padded = [first, last].iter().any(|text| text.trim_start_matches('-').starts_with('0') && text.len() > 1);
        let width = if padded { first.len().max(last.len()) } else { 0 };
        return Some(numbers(from, to, step).map(|number| alternative(format!("{number:0width$}"))).collect());
    }
    let (from, to) = (letter(first)?, letter(last)?);
    let letters = numbers(from, to, step).filter_map(|code| char::from_u32(u32::try_from(code).ok()?));
    Some(letters.map(|letter| alternative(letter.to_string())).collect())
}

fn letter(text: &str) -> Option<i64> {
    let mut characters = text.chars();
    let letter = characters.next().filter(char::is_ascii_alphabetic)?;
    characters.next().is_none().then_some(i64::from(u32::from(letter)))
}

/// The numbers of a sequence, up or down; one more than may be used, so that it is seen that there are too many.
fn numbers(from: i64, to: i64, step: i64) -> impl Iterator<Item = i64> {
    let step = if from <= to { step } else { -step };
    let next = move |number: &i64| number.checked_add(step);
    let is_in = move |number: &i64| if step > 0 { *number <= to } else { *number >= to };
    std::iter::successors(Some(from), next).take_while(is_in).take(MAX_WORDS + 1)
}

fn combine(nodes: &[Node], whole: &mut bool) -> Vec<Vec<Part>> {
    let mut results = vec![Vec::new()];
    for node in nodes {
        match node {
            Node::Part(part) => results.iter_mut().for_each(|result: &mut Vec<Part>| result.push(part.clone())),
            Node::Choice(alternatives) => {
                let mut endings = Vec::new();
                for alternative in alternatives {
                    endings.extend(combine(alternative, whole));
                    if endings.len() > MAX_WORDS {
                        break;
                    }
                }
                results = joined(&results, &endings, whole);
            }
        }
    }
    results
}

fn joined(beginnings: &[Vec<Part>], endings: &[Vec<Part>], whole: &mut bool) -> Vec<Vec<Part>> {
    *whole &= beginnings.len() * endings.len() <= MAX_WORDS;
    let pairs = beginnings.iter().flat_map(|beginning| endings.iter().map(move |ending| (beginning, ending)));
    pairs.take(MAX_WORDS).map(|(beginning, ending)| beginning.iter().chain(ending).cloned().collect()).collect()
}

/// Joins literals that stand side by side; the first word that has a held piece takes it.
fn merged(parts: Vec<Part>, held: &mut [Option<Piece>]) -> Vec<Piece> {
    let mut build = super::word::Build::default();
    for part in parts {
        match part {
            Part::Piece(Piece::Literal { text, quoted: false, .. }) => build.literal(&text, false, None),
            Part::Piece(other) => build.pieces.push(other),
            Part::Held(number) => {
                build.pieces.push(held.get_mut(number).and_then(Option::take).unwrap_or_else(copy));
            }
        }
    }
    build.pieces
}

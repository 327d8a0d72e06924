//! Finds where quotes and brackets end.

/// Gives the length of the text before the `)` that closes a `(` taken already.
pub(super) fn parenthesis(text: &str) -> Option<usize> {
    closing(text, '(', ')')
}

/// Gives the length of the text before the `}` that closes a `${` taken already.
pub(super) fn brace(text: &str) -> Option<usize> {
    closing(text, '{', '}')
}

/// Gives the length of the text before the next backtick that is not escaped.
pub(super) fn backtick(text: &str) -> Option<usize> {
    let mut escaped = false;
    text.char_indices().find_map(|(at, character)| {
        let ends = character == '`' && !escaped;
        escaped = character == '\\' && !escaped;
        ends.then_some(at)
    })
}

fn closing(text: &str, open: char, close: char) -> Option<usize> {
    let mut depth = 0_usize;
    let mut quote = None;
    let mut characters = text.char_indices();
    while let Some((at, character)) = characters.next() {
        match (quote, character) {
            (Some('\''), '\'') | (Some('"'), '"') => quote = None,
            (Some('\''), _) => {}
            (_, '\\') => {
                characters.next();
            }
            (None, '\'' | '"') => quote = Some(character),
            (None, _) if character == open => depth += 1,
            (None, _) if character == close && depth == 0 => return Some(at),
            (None, _) if character == close => depth -= 1,
            _ => {}
        }
    }
    None
}

/// Lists the insides of `$( )` and backticks of a text in which nothing else is run: start and length of each.
pub(super) fn substitutions(text: &str) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(start) = next_substitution(text, &mut at) {
        let rest = text.get(start..).unwrap_or_default();
        let by_backtick = text.get(..start).is_some_and(|before| before.ends_with('`'));
        let length = if by_backtick { backtick(rest) } else { parenthesis(rest) }.unwrap_or(rest.len());
        found.push((start, length));
        at = (start + length + 1).min(text.len());
    }
    found
}

fn next_substitution(text: &str, at: &mut usize) -> Option<usize> {
    loop {
        let rest = text.get(*at..)?;
        let next = *at + rest.find(['\\', '`', '$'])?;
        let after = text.get(next..)?;
        match after.as_bytes() {
            [b'`', ..] => return Some(next + 1),
            [b'$', b'(', ..] => return Some(next + 2),
            [b'\\', ..] => *at = next + 1 + after.chars().nth(1).map_or(0, char::len_utf8),
            _ => *at = next + 1,
        }
    }
}

/// Decodes what stands in `$'…'` after its opening quote, and gives the length with the closing one.
pub(super) fn ansi_quoted(text: &str) -> (String, Option<usize>) {
    let mut decoded = String::new();
    let mut characters = text.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '\'' => return (decoded, Some(at + 1)),
            '\\' => decoded.push(escape(&mut characters)),
            other => decoded.push(other),
        }
    }
    (decoded, None)
}

fn escape(characters: &mut std::str::CharIndices<'_>) -> char {
    match characters.next().map(|(_, character)| character) {
        Some('n') => '\n',
        Some('t') => '\t',
        Some('r') => '\r',
        Some('e' | 'E') => '\u{1B}',
        Some('x') => number(characters, 0, 16, 2),
        Some('u') => number(characters, 0, 16, 4),
        Some('U') => number(characters, 0, 16, 8),
        Some(octal @ '0'..='7') => number(characters, octal.to_digit(8).unwrap_or(0), 8, 2),
        Some(other) => other,
        None => '\\',
    }
}

fn number(characters: &mut std::str::CharIndices<'_>, first: u32, radix: u32, at_most: usize) -> char {
    let mut value = first;
    for _ in 0..at_most {
        let Some(digit) = characters.as_str().chars().next().and_then(|next| next.to_digit(radix)) else { break };
        value = value.wrapping_mul(radix).wrapping_add(digit);
        characters.next();
    }
    char::from_u32(value).unwrap_or(char::REPLACEMENT_CHARACTER)
}

//! The escapes of `$'…'`.

/// Decodes what stands after the opening quote, and gives the length with the closing one, if there is one.
pub(super) fn decode(text: &str) -> (String, Option<usize>) {
    let mut decoded = Vec::new();
    let mut characters = text.char_indices();
    let mut length = None;
    while let Some((at, character)) = characters.next() {
        match character {
            '\'' => {
                length = Some(at + 1);
                break;
            }
            '\\' => escape(&mut characters, &mut decoded),
            other => push(other, &mut decoded),
        }
    }
    // The shell ends the text at a zero.
    let end = decoded.iter().position(|byte| *byte == 0).unwrap_or(decoded.len());
    decoded.truncate(end);
    (String::from_utf8_lossy(&decoded).into_owned(), length)
}

fn push(character: char, decoded: &mut Vec<u8>) {
    decoded.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
}

fn escape(characters: &mut std::str::CharIndices<'_>, decoded: &mut Vec<u8>) {
    let Some((_, character)) = characters.next() else { return decoded.push(b'\\') };
    match character {
        'a' => decoded.push(7),
        'b' => decoded.push(8),
        'e' | 'E' => decoded.push(0x1B),
        'f' => decoded.push(0x0C),
        'n' => decoded.push(b'\n'),
        'r' => decoded.push(b'\r'),
        't' => decoded.push(b'\t'),
        'v' => decoded.push(0x0B),
        '\\' | '\'' | '"' | '?' => push(character, decoded),
        'x' => byte(characters, "\\x", decoded),
        'u' => letter(characters, 4, "\\u", decoded),
        'U' => letter(characters, 8, "\\U", decoded),
        'c' => decoded.extend(characters.next().map(|(_, control)| control as u8 & 0x1F)),
        '0'..='7' => {
            let (rest, length) = number(characters, 8, 2);
            let first = character.to_digit(8).unwrap_or_default() << (3 * length);
            decoded.push((first + rest) as u8);
        }
        other => {
            decoded.push(b'\\');
            push(other, decoded);
        }
    }
}

fn byte(characters: &mut std::str::CharIndices<'_>, raw: &str, decoded: &mut Vec<u8>) {
    match number(characters, 16, 2) {
        (_, 0) => decoded.extend_from_slice(raw.as_bytes()),
        (value, _) => decoded.push(value as u8),
    }
}

fn letter(characters: &mut std::str::CharIndices<'_>, digits: u32, raw: &str, decoded: &mut Vec<u8>) {
    match number(characters, 16, digits) {
        (_, 0) => decoded.extend_from_slice(raw.as_bytes()),
        (value, _) => push(char::from_u32(value).unwrap_or(char::REPLACEMENT_CHARACTER), decoded),
    }
}

/// Takes at most so many digits; gives their value and how many they were.
fn number(characters: &mut std::str::CharIndices<'_>, radix: u32, at_most: u32) -> (u32, u32) {
    let mut value = 0_u32;
    for taken in 0..at_most {
        let Some(digit) = characters.as_str().chars().next().and_then(|next| next.to_digit(radix)) else {
            return (value, taken);
        };
        value = value.wrapping_mul(radix).wrapping_add(digit);
        characters.next();
    }
    (value, at_most)
}

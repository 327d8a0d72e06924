//! Finds what a mistyped name was meant to be.

use super::table::Setting;

/// The key of the setting that an unknown key of the file most likely means; names of variables are understood too.
pub(super) fn closest_key(unknown: &str, known: &[&'static Setting]) -> Option<&'static str> {
    let unknown = unknown.to_ascii_lowercase();
    let leaf = unknown.rsplit('.').next().unwrap_or_default();
    let score = |setting: &&'static Setting| {
        let same_leaf = setting.key.ends_with(&format!(".{leaf}"));
        let by_name = distance(&unknown, setting.key).min(distance(leaf, &setting.env.to_ascii_lowercase()));
        if same_leaf { by_name.min(1) } else { by_name }
    };
    closest(known.iter().copied(), score, &unknown).map(|setting| setting.key)
}

/// The variable that an unknown variable most likely means.
pub(super) fn closest_variable(unknown: &str, known: &[&'static Setting]) -> Option<&'static str> {
    closest(known.iter().copied(), |setting| distance(unknown, setting.env), unknown).map(|setting| setting.env)
}

/// The candidate with the lowest score, if that is low for a name of this length.
fn closest<T>(candidates: impl Iterator<Item = T>, score: impl Fn(&T) -> usize, name: &str) -> Option<T> {
    let scored = candidates.map(|candidate| (score(&candidate), candidate)).min_by_key(|(score, _)| *score);
    scored.filter(|(score, _)| *score <= 1.max(name.len() / 4)).map(|(_, candidate)| candidate)
}

/// Levenshtein's distance: how many characters to add, drop or change.
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.chars().count()).collect();
    for (index, from) in a.chars().enumerate() {
        let mut left = index + 1;
        let above = row.iter().zip(row.iter().skip(1)).zip(b.chars());
        let next = above.map(|((diagonal, above), to)| {
            left = (diagonal + usize::from(from != to)).min(above + 1).min(left + 1);
            left
        });
        row = std::iter::once(index + 1).chain(next.collect::<Vec<_>>()).collect();
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::distance;

    #[test]
    fn distance_counts_edits() {
        let cases = [("", "", 0), ("", "abc", 3), ("abc", "", 3), ("port", "prot", 2), ("kitten", "sitting", 3)];
        for (a, b, edits) in cases {
            assert_eq!(distance(a, b), edits, "{a} {b}");
        }
    }
}

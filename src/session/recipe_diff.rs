//! Two recipes as their files have them, line by line.

use crate::engine::sparsify::Recipe;
use crate::io::recipe_to_toml;

/// Where a line stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DiffSide {
    /// In both.
    Both,
    /// In the first alone.
    First,
    /// In the second alone.
    Second,
}

impl DiffSide {
    /// What marks the line.
    pub fn sign(self) -> char {
        match self {
            Self::Both => ' ',
            Self::First => '−',
            Self::Second => '+',
        }
    }
}

/// A line of one recipe or of both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DiffLine {
    /// Where it stands.
    pub side: DiffSide,
    /// The line.
    pub text: String,
}

/// The lines of both recipes in order: what is in the first alone stands before what is in the second alone.
pub fn recipe_diff(first: &Recipe, second: &Recipe) -> Vec<DiffLine> {
    let texts = [first, second].map(recipe_to_toml);
    let [a, b] = [0, 1].map(|at| texts[at].lines().collect::<Vec<_>>());
    diff(&a, &b)
}

/// By the longest common subsequence.
///
/// # Complexity
/// O(lines of the first · lines of the second).
fn diff(a: &[&str], b: &[&str]) -> Vec<DiffLine> {
    // Of what is left from line i and line j on, how many lines are common.
    let mut common = vec![vec![0usize; b.len() + 1]; a.len() + 1];
    for i in (0..a.len()).rev() {
        for j in (0..b.len()).rev() {
            common[i][j] = if a[i] == b[j] { common[i + 1][j + 1] + 1 } else { common[i + 1][j].max(common[i][j + 1]) };
        }
    }
    let (mut i, mut j, mut lines) = (0, 0, Vec::new());
    while i < a.len() || j < b.len() {
        let (side, text) = if i < a.len() && j < b.len() && a[i] == b[j] {
            (DiffSide::Both, a[i])
        } else if i < a.len() && (j == b.len() || common[i + 1][j] >= common[i][j + 1]) {
            (DiffSide::First, a[i])
        } else {
            (DiffSide::Second, b[j])
        };
        i += usize::from(side != DiffSide::Second);
        j += usize::from(side != DiffSide::First);
        lines.push(DiffLine { side, text: text.to_owned() });
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_changed_line_stands_twice() {
        let marked = |a: &[&str], b: &[&str]| -> Vec<String> {
            diff(a, b).iter().map(|line| format!("{}{}", line.side.sign(), line.text)).collect()
        };
        assert_eq!(marked(&["x", "y", "z"], &["x", "w", "z"]), [" x", "−y", "+w", " z"]);
        assert_eq!(marked(&[], &["x"]), ["+x"]);
        assert_eq!(marked(&["x"], &[]), ["−x"]);
    }

    #[test]
    fn a_threshold_is_told() {
        let first = Recipe::default();
        let mut second = first.clone();
        second.edges.delta = vec![0.25];
        let lines = recipe_diff(&first, &second);
        let alone = |side| lines.iter().filter(move |line| line.side == side).collect::<Vec<_>>();
        assert_eq!((alone(DiffSide::First).len(), alone(DiffSide::Second).len()), (1, 1), "{lines:?}");
        assert!(alone(DiffSide::Second)[0].text.contains("0.25"));
        assert!(recipe_diff(&first, &first).iter().all(|line| line.side == DiffSide::Both));
    }

    proptest! {
        #[test]
        fn both_texts_are_in_it(
            a in proptest::collection::vec("[ab]", 0..9),
            b in proptest::collection::vec("[ab]", 0..9),
        ) {
            let [a, b] = [&a, &b].map(|lines| lines.iter().map(String::as_str).collect::<Vec<_>>());
            let lines = diff(&a, &b);
            let of = |left_out| lines.iter().filter(|l| l.side != left_out).map(|l| l.text.as_str()).collect::<Vec<_>>();
            prop_assert_eq!(of(DiffSide::Second), a);
            prop_assert_eq!(of(DiffSide::First), b);
        }
    }
}

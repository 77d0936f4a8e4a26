//! Where lines end: between words, and in Japanese between letters, but for those that no line begins or ends with (kinsoku; JIS X 4051).

/// No line begins with these.
const NO_START: &str = "、。，．・：；？！ー）」』】〕］｝〉》〟’”々ゝゞヽヾぁぃぅぇぉっゃゅょゎァィゥェォッャュョヮヵヶ゛゜…‥％°℃,.:;?!)]}%";
/// No line ends with these.
const NO_END: &str = "（「『【〔［｛〈《〝‘“([{";

/// A letter of a script that has no spaces between words.
fn is_wide(c: char) -> bool {
    matches!(c, '\u{2e80}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{ff00}'..='\u{ffef}' | '\u{ac00}'..='\u{d7ff}')
}

/// Whether a line may end between two letters.
fn may_end(before: char, after: char) -> bool {
    let (is_space, is_next_space) = (before == ' ' || before == '\t', after == ' ' || after == '\t');
    if is_next_space || NO_START.contains(after) || NO_END.contains(before) {
        // A number and its sign for percent stay together although a space is between them.
        return false;
    }
    is_space || is_wide(before) || is_wide(after)
}

/// Lines that are no wider than `width`, as `of` says how wide a letter is; a word that is wider is cut. Line breaks of the text stay.
pub(super) fn wrap(text: &str, width: f32, of: impl Fn(char) -> f32) -> Vec<String> {
    text.lines().flat_map(|line| wrap_line(line, width, &of)).collect()
}

fn wrap_line(text: &str, width: f32, of: &impl Fn(char) -> f32) -> Vec<String> {
    let letters: Vec<char> = text.chars().collect();
    let line = |range: std::ops::Range<usize>| letters[range].iter().collect::<String>().trim_end().to_owned();
    let (mut lines, mut start, mut end, mut used) = (Vec::new(), 0, None, 0.0);
    let mut at = 0;
    while at < letters.len() {
        used += of(letters[at]);
        // Spaces may hang over the end.
        if used > width && at > start && letters[at] != ' ' {
            let cut = end.unwrap_or(at);
            lines.push(line(start..cut));
            start = cut;
            while letters.get(start) == Some(&' ') {
                start += 1;
            }
            // Again from the line's first letter.
            (at, end, used) = (start, None, 0.0);
            continue;
        }
        if letters.get(at + 1).is_some_and(|next| may_end(letters[at], *next)) {
            end = Some(at + 1);
        }
        at += 1;
    }
    if start < letters.len() || lines.is_empty() {
        lines.push(line(start.min(letters.len())..letters.len()));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str, width: f32) -> Vec<String> {
        wrap(text, width, |c| if is_wide(c) { 2.0 } else { 1.0 })
    }

    #[test]
    fn words_stay_whole_and_long_ones_are_cut() {
        assert_eq!(of("one two three", 7.0), ["one two", "three"]);
        assert_eq!(of("abcdefghij", 4.0), ["abcd", "efgh", "ij"]);
        assert_eq!(of("a\n\nb", 4.0), ["a", "", "b"]);
        assert_eq!(of("", 4.0), Vec::<String>::new());
        assert_eq!(of("lost 90 % of", 8.0), ["lost", "90 % of"]);
    }

    #[test]
    fn japanese_breaks_anywhere_but_before_and_after_some_letters() {
        assert_eq!(of("あいうえお", 4.0), ["あい", "うえ", "お"]);
        assert_eq!(of("あいう。え", 6.0), ["あい", "う。え"]);
        assert_eq!(of("あい（うえ）", 6.0), ["あい", "（う", "え）"]);
        assert_eq!(of("データー", 6.0), ["デー", "ター"]);
    }

    #[test]
    fn nothing_is_lost_and_nothing_is_wider() {
        for text in ["the quick brown fox", "精度は 90.1 % です（ほぼ同じ）。", "超長い単語verylongwordindeed混在"]
        {
            for width in 2..30 {
                let lines = of(text, width as f32);
                let joined: String = lines.concat().split(' ').collect();
                assert_eq!(joined, text.split(' ').collect::<String>(), "{width}");
                for line in &lines {
                    let wide: f32 = line.chars().map(|c| if is_wide(c) { 2.0 } else { 1.0 }).sum();
                    assert!(wide <= width as f32, "{line:?} at {width}");
                }
            }
        }
    }
}

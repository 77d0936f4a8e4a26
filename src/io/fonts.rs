//! The program's own fonts, and one of the system for letters that they lack, since names of nodes and classes are in any language.

use std::path::{Path, PathBuf};

/// Inter, for text; its digits are all of one width.
pub const TEXT_FONT: &[u8] = include_bytes!("../../assets/fonts/Inter-Regular.otf");
/// Inter, semibold, for headings and for what counts.
pub const STRONG_FONT: &[u8] = include_bytes!("../../assets/fonts/Inter-SemiBold.otf");
/// `JetBrains Mono`, for code.
pub const MONO_FONT: &[u8] = include_bytes!("../../assets/fonts/JetBrainsMono-Regular.ttf");
/// Noto Sans CJK JP with the characters of JIS X 0208 (OpenType, CFF outlines): all that the program says, and most names.
pub const JAPANESE_FONT: &[u8] = include_bytes!("../../assets/fonts/NotoSansJP-Regular.otf");
/// Its bold face, of level 1 alone: for the program's own headings.
pub const JAPANESE_BOLD_FONT: &[u8] = include_bytes!("../../assets/fonts/NotoSansJP-Bold.otf");

/// Words in the names of fonts for Chinese, Japanese and Korean, the ones that are wanted first in front.
const NAMES: [&str; 12] = [
    "notosanscjk",
    "notosansjp",
    "sourcehansans",
    "hiragino",
    "yugoth",
    "meiryo",
    "msgothic",
    "ipa",
    "takao",
    "vlgothic",
    "droidsansfallback",
    "wqy",
];
/// Fonts beyond this are not read, bytes.
const MAX_BYTES: u64 = 64 << 20;
/// Folders within folders that are looked into.
const MAX_DEPTH: usize = 4;

/// The bytes of a font for East Asian scripts, if the system has one.
pub fn east_asian_font() -> Option<Vec<u8>> {
    let mut found = Vec::new();
    for folder in folders() {
        collect(&folder, MAX_DEPTH, &mut found);
    }
    found.sort();
    found.into_iter().find_map(|(_, path)| {
        let is_small = std::fs::metadata(&path).is_ok_and(|kind| kind.len() <= MAX_BYTES);
        is_small.then(|| std::fs::read(&path).ok()).flatten()
    })
}

/// Where systems keep their fonts.
fn folders() -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> =
        ["/usr/share/fonts", "/usr/local/share/fonts", "/System/Library/Fonts", "/Library/Fonts", "C:\\Windows\\Fonts"]
            .map(PathBuf::from)
            .into();
    if let Some(home) = std::env::var_os("HOME").map(PathBuf::from) {
        folders.extend([home.join(".local/share/fonts"), home.join(".fonts"), home.join("Library/Fonts")]);
    }
    folders
}

/// The fonts under a folder with their place among [`NAMES`].
fn collect(folder: &Path, depth: usize, found: &mut Vec<(usize, PathBuf)>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for path in entries.flatten().map(|entry| entry.path()) {
        if path.is_dir() {
            if depth > 0 {
                collect(&path, depth - 1, found);
            }
        } else if let Some(rank) = rank_of(&path) {
            found.push((rank, path));
        }
    }
}

fn rank_of(path: &Path) -> Option<usize> {
    let extension = path.extension()?.to_string_lossy().to_lowercase();
    let stem = path.file_stem()?.to_string_lossy().to_lowercase().replace(['-', '_', ' '], "");
    let is_font = matches!(extension.as_str(), "ttf" | "otf" | "ttc");
    NAMES.iter().position(|name| stem.starts_with(name)).filter(|_| is_font)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fonts_are_known_by_their_names() {
        let ranks = ["NotoSansCJK-Regular.ttc", "ipaexg.ttf", "DejaVuSans.ttf", "NotoSansCJK.txt"]
            .map(|n| rank_of(Path::new(n)));
        assert_eq!(ranks, [Some(0), Some(7), None, None]);
    }
}

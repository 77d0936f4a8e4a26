//! The words that tables use: what a header calls its columns, what stands where a value is missing, what a file's name says.
//!
//! All table readers look here and nowhere else. Case, spaces, underscores, hyphens and dots do not matter.

/// What a word in a header means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Word {
    Source,
    Target,
    Weight,
    /// The node that a row is about.
    Id,
    /// What people call the node; its id where there is no other.
    Name,
    Class,
    Split,
    Train,
    Val,
    Test,
}

const SOURCE: &[&str] = &[
    "source",
    "src",
    "from",
    "fromnode",
    "fromnodeid",
    "fromid",
    "sourceid",
    "sourcenode",
    "srcid",
    "node1",
    "id1",
    "u",
    "start",
    "startnode",
    "startid",
    "head",
    "citing",
    "follower",
    "sender",
    "origin",
    "i",
    "始点",
    "起点",
    "元",
    "出発",
    "出発点",
    "出発地",
    "送信元",
    "送信者",
    "引用元",
    "接続元",
    "リンク元",
    "参照元",
    "遷移元",
    "ソース",
    "ノード1",
    "頂点1",
    "始点id",
    "起点id",
    "始",
    "発",
];
const TARGET: &[&str] = &[
    "target",
    "dst",
    "dest",
    "destination",
    "to",
    "tonode",
    "tonodeid",
    "toid",
    "targetid",
    "targetnode",
    "dstid",
    "node2",
    "id2",
    "v",
    "end",
    "endnode",
    "endid",
    "tail",
    "cited",
    "followee",
    "receiver",
    "recipient",
    "j",
    "終点",
    "先",
    "到着",
    "到着点",
    "到着地",
    "着点",
    "宛先",
    "送信先",
    "受信者",
    "引用先",
    "接続先",
    "リンク先",
    "参照先",
    "遷移先",
    "ターゲット",
    "ノード2",
    "頂点2",
    "終点id",
    "着点id",
    "終",
    "着",
];
const WEIGHT: &[&str] =
    &["weight", "weights", "edgeweight", "wt", "重み", "重さ", "ウェイト", "ウエイト", "辺の重み", "エッジ重み"];
const ID: &[&str] = &[
    "id",
    "ids",
    "node",
    "nodes",
    "nodeid",
    "nodename",
    "key",
    "vertex",
    "vertexid",
    "vertices",
    "index",
    "ノード",
    "ノードid",
    "ノード名",
    "ノード番号",
    "頂点",
    "頂点番号",
    "頂点id",
    "点",
    "番号",
    "識別子",
    "識別番号",
    "コード",
    "通番",
];
const NAME: &[&str] = &["name", "title", "名前", "名称", "氏名", "名"];
const CLASS: &[&str] = &[
    "label",
    "labels",
    "class",
    "classes",
    "category",
    "categories",
    "y",
    "cls",
    "nodelabel",
    "nodeclass",
    "classlabel",
    "classid",
    "labelid",
    "groundtruth",
    "gt",
    "community",
    "club",
    "ラベル",
    "分類",
    "クラス",
    "区分",
    "種別",
    "種類",
    "カテゴリ",
    "カテゴリー",
    "正解",
    "正解ラベル",
    "教師ラベル",
    "所属",
];
const SPLIT: &[&str] = &["split", "set", "subset", "partition", "mask", "用途", "分割", "データ分割", "データ区分"];
const TRAIN: &[&str] = &["train", "training", "trainmask", "istrain", "学習", "訓練", "学習用", "訓練用"];
const VAL: &[&str] =
    &["val", "valid", "validation", "dev", "valmask", "validmask", "validationmask", "isval", "検証", "検証用", "開発"];
const TEST: &[&str] = &["test", "testing", "testmask", "istest", "テスト", "評価", "試験", "テスト用", "評価用"];

/// What stands where there is no value.
const MISSING: &[&str] = &[
    "",
    "na",
    "n/a",
    "#n/a",
    "<na>",
    "nan",
    "null",
    "none",
    "nil",
    "?",
    "-",
    "--",
    "空欄",
    "欠損",
    "不明",
    "なし",
    "無し",
    "未定",
    "未分類",
    "未設定",
];

/// A word without what does not matter.
pub(crate) fn plain(word: &str) -> String {
    let word = word.trim().trim_start_matches('\u{feff}');
    let half = |c: char| match c {
        // Full-width letters and digits are the same letters and digits.
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(c as u32 - 0xfee0).unwrap_or(c),
        other => other,
    };
    let kept =
        word.chars().map(half).filter(|c| !c.is_whitespace() && !matches!(c, '_' | '-' | '.' | ':' | '\u{3000}'));
    kept.flat_map(char::to_lowercase).collect()
}

/// What a header's word means, if it is known; `target` is [`Word::Target`], which without a source is a class.
pub(crate) fn word_of(header: &str) -> Option<Word> {
    let plain = plain(header);
    let all = [
        (SOURCE, Word::Source),
        (TARGET, Word::Target),
        (WEIGHT, Word::Weight),
        (ID, Word::Id),
        (NAME, Word::Name),
        (CLASS, Word::Class),
        (SPLIT, Word::Split),
        (TRAIN, Word::Train),
        (VAL, Word::Val),
        (TEST, Word::Test),
    ];
    let known = all.iter().find(|(words, _)| words.contains(&plain.as_str())).map(|(_, word)| *word);
    // `paper_id`, `userId`, `顧客ID`, `社員番号`
    let ends_as_id = || {
        let lower = header.trim().to_lowercase();
        let is_id = lower.ends_with("_id")
            || lower.ends_with(" id")
            || header.trim().ends_with("Id")
            || header.trim().ends_with("ID");
        is_id || plain.ends_with("番号") || (plain.ends_with("id") && !plain.is_ascii())
    };
    known.or_else(|| ends_as_id().then_some(Word::Id))
}

/// Whether a header's word is one that says an id or a row and not a value: no name at all, as pandas and R write their row names.
pub(crate) fn is_row_name(header: &str) -> bool {
    let plain = plain(header);
    plain.is_empty() || plain == "unnamed0" || header == "__index_level_0__" || plain == "rownames"
}

/// Whether a value says that there is none.
pub(crate) fn is_missing(value: &str) -> bool {
    let value = value.trim();
    value.len() <= 12 && MISSING.contains(&value.to_lowercase().as_str())
}

/// Which part of a split a value names: train 0, validation 1, test 2.
pub(crate) fn part_of_split(value: &str) -> Option<usize> {
    let plain = plain(value);
    [TRAIN, VAL, TEST].iter().position(|words| words.contains(&plain.as_str()))
}

/// Yes or no.
pub(crate) fn truth(value: &str) -> Option<bool> {
    match value.trim().to_lowercase().as_str() {
        "1" | "1.0" | "true" | "yes" | "t" | "はい" | "○" | "真" => Some(true),
        "0" | "0.0" | "false" | "no" | "f" | "いいえ" | "×" | "偽" | "" => Some(false),
        _ => None,
    }
}

/// What a file's name says it holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NameHint {
    Edges,
    Nodes,
    Features,
    Labels,
    Split,
}

/// What a file's name, without its extension, says it holds.
pub(crate) fn hint_of(stem: &str) -> Option<NameHint> {
    let lower = stem.to_lowercase();
    let is_word = |word: &str| lower.split(|c: char| !c.is_alphanumeric()).any(|part| part == word);
    let has = |words: &[&str]| words.iter().any(|word| lower.contains(word));
    if has(&["split", "分割"]) || is_word("mask") || is_word("masks") {
        Some(NameHint::Split)
    } else if has(&["feat", "attribute", "embedding", "特徴", "属性"]) || is_word("x") || is_word("attr") {
        Some(NameHint::Features)
    } else if has(&["label", "class", "ラベル", "分類", "正解"])
        || is_word("y")
        || is_word("target")
        || is_word("targets")
    {
        Some(NameHint::Labels)
    } else if has(&["edge", "link", "辺", "エッジ", "リンク", "関係"]) || is_word("graph") || is_word("network")
    {
        Some(NameHint::Edges)
    } else if has(&["node", "vertices", "vertex", "ノード", "頂点"]) {
        Some(NameHint::Nodes)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_known_in_any_spelling() {
        for (header, word) in [
            ("Source", Word::Source),
            ("FROM_NODE", Word::Source),
            ("From Node Id", Word::Source),
            ("始点", Word::Source),
            ("終点", Word::Target),
            ("Target", Word::Target),
            ("重み", Word::Weight),
            ("ノード", Word::Id),
            ("paper_id", Word::Id),
            ("顧客ID", Word::Id),
            ("ＩＤ", Word::Id),
            ("Class", Word::Class),
            ("区分", Word::Class),
            ("train_mask", Word::Train),
        ] {
            assert_eq!(word_of(header), Some(word), "{header}");
        }
        assert_eq!(word_of("covid"), None);
        assert_eq!(word_of("age"), None);
    }

    #[test]
    fn missing_values_and_parts_are_known() {
        for value in ["", "NA", "n/a", "空欄", " NaN "] {
            assert!(is_missing(value), "{value}");
        }
        assert!(!is_missing("Nadia") && !is_missing("0"));
        assert_eq!(["Training", "検証", "TEST", "x"].map(part_of_split), [Some(0), Some(1), Some(2), None]);
        assert_eq!(
            ["1", "1.0", "TRUE", "0", "0.0", "2", "10"].map(truth),
            [Some(true), Some(true), Some(true), Some(false), Some(false), None, None]
        );
    }
}

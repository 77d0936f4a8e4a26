//! What a user may say about how a graph's file is to be read: the `[graph]` section of a recipe.
//!
//! Every key may be left out; the reader then decides by what the file says, and reports it.

use serde::{Deserialize, Serialize};

use super::topology::{Direction, SelfLoops};

/// What stands between two fields of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Separator {
    /// Spaces or tabs, as many as there are.
    Space,
    /// One tab.
    Tab,
    /// One comma.
    Comma,
    /// One semicolon.
    Semicolon,
    /// One vertical bar.
    Bar,
}

/// How the characters of a text are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Encoding {
    /// UTF-8.
    #[serde(rename = "utf-8")]
    Utf8,
    /// UTF-16, little end first where no byte order mark says otherwise.
    #[serde(rename = "utf-16")]
    Utf16,
    /// ISO-8859-1, with the further characters of Windows-1252.
    #[serde(rename = "latin1")]
    Latin1,
    /// `Shift_JIS`, with the further characters of Windows (CP932).
    ShiftJis,
    /// EUC-JP.
    EucJp,
}

impl Encoding {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Utf8, Self::Utf16, Self::Latin1, Self::ShiftJis, Self::EucJp];
}

impl std::fmt::Display for Encoding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Utf8 => "utf-8",
            Self::Utf16 => "utf-16",
            Self::Latin1 => "latin1",
            Self::ShiftJis => "shift-jis",
            Self::EucJp => "euc-jp",
        })
    }
}

/// What a column of a list of edges holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Column {
    /// The node that an edge comes from.
    Source,
    /// The node that an edge goes to.
    Target,
    /// The edge's weight.
    Weight,
    /// Nothing of interest.
    Ignored,
}

/// How a graph's file is to be read.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ReadOptions {
    /// Which way messages go. Left out: both ways, but for formats that hold a finished matrix.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub direction: Option<Direction>,
    /// What to do about self-loops. Left out: added, but for formats that hold a finished matrix.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub self_loops: Option<SelfLoops>,
    /// Whether edge weights count. Left out: where the file calls them so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weights: Option<bool>,
    /// The edge attribute that is the weight, where edges have attributes with names; of one with several columns, `NAME:COLUMN`
    /// counted from 0. Left out: `weight` or the like, or the only number that every edge has.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weight_attribute: Option<String>,
    /// Lists of edges: what separates fields. Left out: spaces, tabs, commas or semicolons.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub separator: Option<Separator>,
    /// Lists of edges: what each column holds; further columns are ignored. Left out: by the header, else source and target.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub columns: Option<Vec<Column>>,
    /// Lists of edges: whether the first line names the columns. Left out: where it holds no number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub header: Option<bool>,
    /// Lists of edges: characters that a comment starts with. Left out: `#` and `%`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub comments: Option<String>,
    /// Text: how its characters are stored. Left out: by the byte order mark or the file's declaration, else UTF-8.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub encoding: Option<Encoding>,
    /// Tables with one row per node: the column with the nodes' ids, by its name or its number from 1. Left out: by the header.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id_column: Option<String>,
    /// Node attributes that are features. Left out: every attribute of numbers that is neither label nor split.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub features: Option<Vec<String>>,
    /// The node attribute that is the class. Left out: `class`, `y`, `target`, `club` or the like; an array called `label`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub labels: Option<String>,
    /// Node attributes that are the split: one that says `train`, `val` or `test`, or three of booleans in this order.
    /// Left out: `split`, or `train_mask`, `val_mask` and `test_mask`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub split_masks: Option<Vec<String>>,
    /// A file with the features of the nodes, one row each, in place of the graph's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub feature_file: Option<String>,
    /// A file with the class of every node, or with a column of zeros and ones per class, in place of the graph's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label_file: Option<String>,
    /// Whether features, labels and splits that lie beside the graph's file are taken without being named. Left out: yes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub beside: Option<bool>,
    /// A file with a split, which then stands in front of the graph's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub split_file: Option<String>,
}

impl ReadOptions {
    /// Files of features, labels and a split that these options name and `told` do not.
    pub fn files_beyond<'a>(&'a self, told: &Self) -> Vec<&'a str> {
        let named = [
            (&self.feature_file, &told.feature_file),
            (&self.label_file, &told.label_file),
            (&self.split_file, &told.split_file),
        ];
        named.into_iter().filter(|(file, told)| file != told).filter_map(|(file, _)| file.as_deref()).collect()
    }

    /// Whether nothing is said.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

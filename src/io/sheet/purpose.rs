//! What a table is for: edges, or one row per node with features, labels or a split.

use super::column::{ColumnKind, ColumnRole};
use super::sketch::TableSketch;
use super::words::{NameHint, hint_of};

/// What a table is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    Edges,
    Features,
    Labels,
    Split,
}

/// What a table is taken for, what else it could be, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Purposes {
    pub(crate) chosen: Purpose,
    pub(crate) possible: Vec<Purpose>,
    pub(crate) why: String,
}

/// Headers settle it first, then the file's name, then what the columns hold; nothing where none does.
pub(crate) fn purpose_of(sketch: &TableSketch, stem: &str) -> Option<Purposes> {
    let hint = hint_of(stem);
    let n = sketch.columns.len();
    let has = |role: ColumnRole| sketch.place(role).is_some();
    let names = |roles: &[ColumnRole]| {
        let names = sketch.columns.iter().filter(|c| roles.contains(&c.role)).map(|c| format!("`{}`", c.name));
        names.take(4).collect::<Vec<_>>().join(", ")
    };
    let answer = |chosen: Purpose, mut possible: Vec<Purpose>, why: String| {
        possible.retain(|other| *other != chosen);
        possible.insert(0, chosen);
        Some(Purposes { chosen, possible, why })
    };
    if has(ColumnRole::Source) && has(ColumnRole::Target) {
        let why = format!("its columns {} are the two ends of edges", names(&[ColumnRole::Source, ColumnRole::Target]));
        return answer(Purpose::Edges, vec![], why);
    }
    let has_split = has(ColumnRole::Split) || (has(ColumnRole::Train) && has(ColumnRole::Test));
    let (has_class, n_features) = (has(ColumnRole::Class), sketch.count(ColumnRole::Feature));
    let mut possible = Vec::new();
    if n_features > 0 {
        possible.push(Purpose::Features);
    }
    if n <= 1 + usize::from(has(ColumnRole::Id)) || has_class || n_features > 0 {
        possible.push(Purpose::Labels);
    }
    if has_split {
        possible.push(Purpose::Split);
    }
    if n >= 2 && (!sketch.has_header || !has_class) {
        possible.push(Purpose::Edges);
    }
    // A table of nodes that says nothing but who they are.
    let is_bare = hint == Some(NameHint::Nodes) && has(ColumnRole::Id) && n_features == 0 && !has_class;
    if is_bare {
        possible.insert(0, Purpose::Features);
    }
    let by_name = |wanted: Purpose| {
        format!(
            "its file's name says {}",
            match wanted {
                Purpose::Edges => "edges",
                Purpose::Features => "features of nodes",
                Purpose::Labels => "labels of nodes",
                Purpose::Split => "a split",
            }
        )
    };
    let hinted = match hint {
        Some(NameHint::Edges) => Some(Purpose::Edges),
        Some(NameHint::Features) => Some(Purpose::Features),
        Some(NameHint::Split) => Some(Purpose::Split),
        Some(NameHint::Nodes) if n_features > 0 || is_bare => Some(Purpose::Features),
        Some(NameHint::Labels | NameHint::Nodes) => Some(Purpose::Labels),
        None => None,
    };
    if let Some(hinted) = hinted.filter(|hinted| possible.contains(hinted)) {
        return answer(hinted, possible, by_name(hinted));
    }
    if sketch.has_header {
        if has_class && n_features > 0 {
            let why =
                format!("its column {} is a class, and {n_features} columns hold numbers", names(&[ColumnRole::Class]));
            return answer(Purpose::Features, possible, why);
        }
        if has_class {
            return answer(Purpose::Labels, possible, format!("its column {} is a class", names(&[ColumnRole::Class])));
        }
        if has_split {
            let roles = [ColumnRole::Split, ColumnRole::Train, ColumnRole::Val, ColumnRole::Test];
            return answer(Purpose::Split, possible, format!("its columns {} say a split", names(&roles)));
        }
        if has(ColumnRole::Id) && n_features > 0 {
            let why =
                format!("its column {} names nodes, and {n_features} columns hold numbers", names(&[ColumnRole::Id]));
            return answer(Purpose::Features, possible, why);
        }
    }
    let kinds: Vec<ColumnKind> = sketch.columns.iter().map(|column| column.kind).collect();
    let is_id = |kind: &ColumnKind| matches!(kind, ColumnKind::Whole | ColumnKind::Text);
    match kinds[..] {
        [one] if sketch.n_rows > 1 => {
            let why = match one {
                ColumnKind::Number => return None,
                _ => "it has one column".to_owned(),
            };
            answer(Purpose::Labels, possible, why)
        }
        [ColumnKind::Whole, ColumnKind::Whole] | [ColumnKind::Whole, ColumnKind::Whole, _] => {
            answer(Purpose::Edges, possible, "its first two columns are integers".to_owned())
        }
        [a, b] | [a, b, ColumnKind::Whole | ColumnKind::Number] if is_id(&a) && is_id(&b) && sketch.n_rows > 1 => {
            answer(Purpose::Edges, possible, "its first two columns may be the two ends of edges".to_owned())
        }
        [first, ..] if n_features > 2 && n_features + 1 >= n && sketch.n_rows > 1 && first != ColumnKind::Empty => {
            answer(Purpose::Features, possible, format!("{n_features} of its {n} columns hold numbers"))
        }
        _ => None,
    }
}

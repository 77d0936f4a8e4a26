//! Answers for some nodes, as a table.

use super::page::{PagePart, PageTable};
use super::tasks::predict::{Answers, NodeAnswer, Said};
use super::words::Words;

/// One row per node, and what they depend on.
pub(crate) fn answer_page(words: &Words, answers: &Answers) -> Vec<PagePart> {
    let has_names = answers.nodes.iter().any(|node| node.class_name.is_some());
    let row = |node: &NodeAnswer| {
        let class = match &node.class {
            Said::One(class) => class.to_string(),
            Said::All(classes) => classes.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "),
        };
        let mut row = vec![node.node.clone()];
        row.extend(has_names.then(|| node.class_name.clone().unwrap_or_default()));
        row.extend([class, node.margin.map_or_else(|| "-".to_owned(), |margin| format!("{margin:.4}"))]);
        row
    };
    let name: &[&str] = if has_names { &["answer-name"] } else { &[] };
    let header = [&["answer-node"], name, &["answer-class", "answer-margin"]].concat();
    vec![
        PagePart::Table(PageTable {
            header: header.iter().map(|key| words.text(key)).collect(),
            n_left: header.len() - 2,
            rows: answers.nodes.iter().map(row).collect(),
        }),
        PagePart::blank(),
        PagePart::Line(words.with(
            "answer-field",
            &[("nodes", answers.field.n_nodes.into()), ("entries", answers.field.n_entries.into())],
        )),
    ]
}

//! Two runs compared, as lines and a table.

use super::format::{NONE, count, delta, percent};
use super::page::{PagePart, PageTable};
use super::tasks::compare_runs::RunsCompared;

/// The page of a comparison.
pub(crate) fn run_page(found: &RunsCompared) -> Vec<PagePart> {
    let number = |n: usize| count(n as u64);
    if found.n_other_nodes > 0 {
        return vec![PagePart::Line(format!(
            "different graphs: {} nodes are in both, {} in one alone",
            number(found.n_nodes),
            number(found.n_other_nodes)
        ))];
    }
    let row = |(at, step): (usize, &super::tasks::compare_runs::StepCompared)| {
        let share = |share: Option<f64>| share.map_or_else(|| NONE.to_owned(), percent);
        vec![
            format!("{}", at + 1),
            number(step.both),
            number(step.first_alone),
            number(step.second_alone),
            share(step.jaccard),
            share(step.overlap),
        ]
    };
    let header =
        ["layer or hop", "entries kept by both", "by the first alone", "by the second alone", "Jaccard", "overlap"];
    let table = PageTable {
        header: header.map(str::to_owned).to_vec(),
        n_left: 1,
        rows: found.steps.iter().enumerate().map(row).collect(),
    };
    let logits = match found.n_different_logits {
        0 => format!("{} logits have the same bits", number(found.n_logits)),
        n => format!(
            "{} of {} logits have other bits, by at most {}",
            number(n),
            number(found.n_logits),
            delta(f64::from(found.largest_difference))
        ),
    };
    let classes = match found.n_other_classes {
        0 => format!("all {} nodes have the same class", number(found.n_nodes)),
        n => format!("{} of {} nodes have another class", number(n), number(found.n_nodes)),
    };
    let mut page = vec![PagePart::Table(table), PagePart::Line(logits), PagePart::Line(classes)];
    if found.n_other_classes > 0 {
        let row = |class: &super::tasks::compare_runs::ClassCompared| {
            vec![class.class.to_string(), count(class.first), count(class.second), count(class.changed)]
        };
        page.push(PagePart::Table(PageTable {
            header: ["class", "nodes of the first", "of the second", "of the first that change"]
                .map(str::to_owned)
                .to_vec(),
            n_left: 1,
            rows: found.changed_by_class.iter().map(row).collect(),
        }));
    }
    page
}

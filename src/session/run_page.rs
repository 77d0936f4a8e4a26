//! Two runs compared, as lines and a table.

use super::format::{count, delta};
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
        vec![format!("{}", at + 1), number(step.both), number(step.first_alone), number(step.second_alone)]
    };
    let header = ["layer or hop", "entries kept by both", "by the first alone", "by the second alone"];
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
    vec![PagePart::Table(table), PagePart::Line(logits), PagePart::Line(classes)]
}

//! Two runs compared, as lines and a table.

use super::format::{NONE, count, delta, percent};
use super::page::{PagePart, PageTable};
use super::tasks::compare_runs::{ClassCompared, RunsCompared, StepCompared};
use super::words::Words;

/// The page of a comparison.
pub(crate) fn run_page(found: &RunsCompared, words: &Words) -> Vec<PagePart> {
    let number = |n: usize| count(n as u64);
    if found.n_other_nodes > 0 {
        let numbers = [("n", number(found.n_nodes).into()), ("others", number(found.n_other_nodes).into())];
        return vec![PagePart::Line(words.with("runs-page-other-graphs", &numbers))];
    }
    let logits = match found.n_different_logits {
        0 => words.with("runs-page-same-logits", &[("n", number(found.n_logits).into())]),
        n => words.with(
            "runs-page-other-logits",
            &[
                ("n", number(n).into()),
                ("all", number(found.n_logits).into()),
                ("most", delta(f64::from(found.largest_difference)).into()),
            ],
        ),
    };
    let classes = match found.n_other_classes {
        0 => words.with("runs-page-same-classes", &[("n", number(found.n_nodes).into())]),
        n => {
            let numbers = [("n", number(n).into()), ("all", number(found.n_nodes).into())];
            words.with("runs-page-other-classes", &numbers)
        }
    };
    let mut page = vec![PagePart::Table(steps(found, words)), PagePart::Line(logits), PagePart::Line(classes)];
    if found.n_other_classes > 0 {
        page.push(PagePart::Table(changed_classes(found, words)));
    }
    page
}

fn table(header: &[&str], rows: Vec<Vec<String>>, words: &Words) -> PageTable {
    PageTable { header: header.iter().map(|key| words.text(key)).collect(), n_left: 1, rows }
}

/// What both and each of them keep, step by step.
fn steps(found: &RunsCompared, words: &Words) -> PageTable {
    let share = |share: Option<f64>| share.map_or_else(|| NONE.to_owned(), percent);
    let row = |(at, step): (usize, &StepCompared)| {
        let counts = [step.both, step.first_alone, step.second_alone].map(|n| count(n as u64));
        let shares = [step.jaccard, step.overlap].map(share);
        std::iter::once((at + 1).to_string()).chain(counts).chain(shares).collect()
    };
    let header =
        ["runs-page-step", "runs-page-both", "runs-page-first", "runs-page-second", "runs-jaccard", "runs-overlap"];
    table(&header, found.steps.iter().enumerate().map(row).collect(), words)
}

/// What becomes of the nodes of every class.
fn changed_classes(found: &RunsCompared, words: &Words) -> PageTable {
    let row = |class: &ClassCompared| {
        vec![class.class.to_string(), count(class.first), count(class.second), count(class.changed)]
    };
    let header = ["runs-page-class", "runs-page-nodes-first", "runs-page-nodes-second", "runs-page-nodes-change"];
    table(&header, found.changed_by_class.iter().map(row).collect(), words)
}

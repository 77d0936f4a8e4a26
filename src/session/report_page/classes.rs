//! Results of every class, as far as the bundle has them.

use super::accuracy::signed;
use super::reported::Reported;
use super::say::Say;
use crate::engine::certify::GroupKind;
use crate::io::printed::{Block, Column, Table};
use crate::io::table::Column as Cells;
use crate::session::format::{NONE, count, percent};

/// One class on the nodes that are looked at.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct ClassResult {
    pub(super) name: String,
    /// Nodes of the class.
    pub(super) n: usize,
    /// Of them, those that the unpruned and the pruned model find.
    pub(super) found: [usize; 2],
}

impl ClassResult {
    fn share(&self, way: usize) -> f64 {
        self.found[way] as f64 / self.n.max(1) as f64
    }

    /// By how much fewer the pruned model finds, a share.
    pub(super) fn lost(&self) -> f64 {
        self.share(0) - self.share(1)
    }
}

/// Every class on test nodes where the bundle says which those are (its certificate does), else on all labelled nodes; whether these are
/// the test nodes. Nothing with several classes per node, or without labels.
pub(super) fn results(of: &Reported) -> Option<(Vec<ClassResult>, bool)> {
    let column = |name: &str| match of.bundle.predictions.column(name) {
        Some(Cells::Whole(cells)) => Some(cells),
        _ => None,
    };
    let (labels, before, after) = (column("label")?, column("dense_prediction")?, column("pruned_prediction")?);
    let parts = of.bundle.certificate.iter().flat_map(|certificate| &certificate.parts);
    let test = parts.clone().find(|part| part.name == "test").map(|part| &part.nodes).filter(|nodes| !nodes.is_empty());
    let nodes: Vec<usize> = match test {
        Some(nodes) => nodes.iter().map(|u| *u as usize).collect(),
        None => (0..labels.len()).collect(),
    };
    let names = &of.bundle.manifest.graph.class_names;
    let n_classes = of.bundle.model.n_classes().max(names.len());
    let name = |class: usize| names.get(class).cloned().unwrap_or_else(|| class.to_string());
    let mut all: Vec<ClassResult> =
        (0..n_classes).map(|class| ClassResult { name: name(class), n: 0, found: [0; 2] }).collect();
    for u in nodes {
        let Some(label) = labels.get(u).copied().flatten() else { continue };
        let Some(result) = usize::try_from(label).ok().and_then(|class| all.get_mut(class)) else { continue };
        result.n += 1;
        for (found, says) in result.found.iter_mut().zip([before, after]) {
            *found += usize::from(says.get(u).copied().flatten() == Some(label));
        }
    }
    all.iter().any(|result| result.n > 0).then_some((all, test.is_some()))
}

pub(super) fn appendix(of: &Reported, say: Say) -> Vec<Block> {
    let mut blocks = vec![Block::Appendix(say.text("report-classes"))];
    let Some((all, is_test)) = results(of) else {
        blocks.push(Block::Text(say.text("report-no-classes")));
        return blocks;
    };
    let certificate = of.bundle.certificate.as_ref();
    let certified = |class: usize| {
        let at = certificate?.exported?;
        let group = certificate?
            .groups
            .iter()
            .find(|group| matches!(&group.kind, GroupKind::Class { class: own, .. } if *own == class))?;
        let tested = group.sequence.as_ref()?.points.get(at)?;
        Some(format!("{:.1}", 100.0 * tested.smallest_limit))
    };
    let row = |(class, result): (usize, &ClassResult)| {
        let shares = if result.n == 0 {
            [NONE, NONE, NONE].map(str::to_owned)
        } else {
            [percent(result.share(0)), percent(result.share(1)), signed(-result.lost())]
        };
        let [before, after, change] = shares;
        let bound = certified(class).unwrap_or_else(|| NONE.to_owned());
        vec![result.name.clone(), count(result.n as u64), before, after, change, bound]
    };
    let number = |key: &str| (say.text(key), Column::Number);
    blocks.push(Block::Table(Table {
        caption: if is_test { say.text("report-classes-test") } else { say.text("report-classes-all") },
        columns: vec![
            (say.text("report-class"), Column::Text),
            number("report-nodes"),
            number("report-found-before"),
            number("report-found-after"),
            number("report-change"),
            number("report-class-limit"),
        ],
        rows: all.iter().enumerate().map(row).collect(),
        chosen: None,
    }));
    blocks.push(Block::Text(say.text("report-classes-say")));
    blocks
}

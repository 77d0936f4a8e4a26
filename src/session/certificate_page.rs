//! A certificate in words and tables, made once for window and terminal.

use super::page::{PagePart, PageTable};
use crate::engine::certify::{Calibration, Certificate, ChangedClasses, Tested};
use crate::session::format::NONE;

/// A share in points, for example `2.0`.
fn points(share: f64) -> String {
    format!("{:.1}", 100.0 * share)
}

/// Whether it holds, in one sentence.
pub fn certificate_says(certificate: &Certificate) -> String {
    let (limit, level) = (points(certificate.limit), (1e4 * certificate.level).round() / 100.0);
    let nodes = match certificate.calibration {
        Calibration::Validation => "all of the validation part",
        Calibration::Half { .. } => "half of the validation part",
    };
    let n = certificate.nodes.len();
    let tested = certificate.exported.and_then(|at| certificate.overall.points.get(at));
    let Some(tested) = tested else { return format!("Nothing is certified of this model, on {n} nodes") };
    if certificate.holds() {
        format!(
            "Certified: at most {limit} points of accuracy lost, with {level} % confidence ({n} nodes, {nodes}; p = {})",
            p_value(tested.p_value)
        )
    } else {
        format!(
            "Not certified: a loss above {limit} points cannot be ruled out with {level} % confidence ({n} nodes, {nodes}; p = {}). The \
             smallest limit that could be is {} points",
            p_value(tested.p_value),
            points(tested.smallest_limit)
        )
    }
}

fn p_value(p: f64) -> String {
    if p < 0.001 { "< 0.001".to_owned() } else { format!("{p:.3}") }
}

/// What holds of the models that were tested after it, as the one in low precision, in one sentence each.
fn certificates_after(certificate: &Certificate, at: usize) -> Vec<String> {
    let tested = certificate.path.iter().zip(&certificate.overall.points).enumerate().skip(at + 1);
    let says = tested.map(|(point, (model, tested))| {
        let is_certified = certificate.overall.certified.is_some_and(|last| point <= last);
        let word = if is_certified { "Certified, too" } else { "Not certified" };
        let (p, smallest) = (p_value(tested.p_value), points(tested.smallest_limit));
        format!("{word}: {} (p = {p}; smallest limit {smallest} points)", model.title)
    });
    says.collect()
}

/// All of it: the sentence, counts for all nodes and for every group, the bound that holds for certain, and what is covered.
pub fn certificate_page(certificate: &Certificate) -> Vec<PagePart> {
    let at = certificate.exported.unwrap_or(0);
    let mut page = vec![PagePart::Line(certificate_says(certificate))];
    page.extend(certificates_after(certificate, at).into_iter().map(PagePart::Line));
    page.push(PagePart::blank());
    let text = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    let row = |name: String, n: usize, tested: Option<&Tested>| {
        let mut cells = vec![name, n.to_string()];
        match tested {
            Some(t) => {
                cells.extend([
                    t.harmed.to_string(),
                    t.helped.to_string(),
                    p_value(t.p_value),
                    points(t.smallest_limit),
                ]);
            }
            None => cells.extend(text(&["too few", NONE, NONE, NONE])),
        }
        cells
    };
    let mut rows = vec![row("all".to_owned(), certificate.nodes.len(), certificate.overall.points.get(at))];
    rows.extend(certificate.groups.iter().map(|group| {
        let tested = group.sequence.as_ref().and_then(|sequence| sequence.points.get(at));
        row(group.kind.title(), group.n, tested)
    }));
    let header = text(&["calibration nodes", "n", "harmed", "helped", "p", "at most, points"]);
    page.push(PagePart::Table(PageTable { header, n_left: 1, rows }));
    page.push(PagePart::Line(
        "Harmed: the unpruned model is right and the pruned one wrong; helped: the other way round. Every group is tested for itself, so \
         choose one before looking"
            .to_owned(),
    ));
    if let Some(point) = certificate.path.get(at) {
        let row = |changed: &ChangedClasses| {
            vec![changed.nodes.clone(), changed.n.to_string(), changed.n_changed.to_string(), points(changed.bound())]
        };
        let header = text(&["nodes", "n", "class changed", "lost at most for certain, points"]);
        let rows = point.changed.iter().map(row).collect();
        page.extend([PagePart::blank(), PagePart::Table(PageTable { header, n_left: 1, rows })]);
    }
    for (title, list) in [("Covers", &certificate.covers), ("Does not cover", &certificate.does_not_cover)] {
        page.extend([PagePart::blank(), PagePart::Line(format!("{title}:"))]);
        page.extend(list.iter().map(|words| PagePart::Line(format!("• {words}"))));
    }
    page
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::engine::control::Control;
    use crate::engine::experiment::{RunOptions, certify_run, run};
    use crate::engine::graph::{PowerLaw, power_law_communities};
    use crate::engine::model::{Architecture, Family, Model};
    use crate::engine::sparsify::{EdgeMode, Recipe};

    fn certificate(entries: f64, limit: f64) -> Certificate {
        let ctl = Control::new(2).expect("workers");
        let shape = PowerLaw { n_nodes: 600, n_entries: 3_600, n_features: 24, n_classes: 4, seed: 3 };
        let dataset = power_law_communities(&shape, &ctl).expect("a graph").shared();
        let shape = Architecture { hidden: 16, ..Architecture::new(Family::Gcn) };
        let model = Arc::new(Model::init(&shape, 24, 4, 5));
        let mut recipe = Recipe { model: shape, ..Recipe::default() };
        (recipe.edges.mode, recipe.edges.delta) = (EdgeMode::Target, vec![entries]);
        let run = run(&dataset, &model, &recipe, RunOptions::PREVIEW, None, &ctl).expect("a run");
        certify_run(&run, limit, &ctl).expect("enough nodes")
    }

    fn tables(page: &[PagePart]) -> Vec<&PageTable> {
        page.iter()
            .filter_map(|part| match part {
                PagePart::Table(table) => Some(table),
                PagePart::Line(_) => None,
            })
            .collect()
    }

    #[test]
    fn the_sentence_follows_the_test_and_the_table_has_every_group() {
        let none_goes = certificate(0.0, 0.1);
        assert!(none_goes.holds());
        let says = certificate_says(&none_goes);
        assert!(says.starts_with("Certified: at most 10.0 points of accuracy lost, with 95 % confidence"), "{says}");
        let much = certificate(0.95, 0.001);
        assert!(!much.holds());
        let says = certificate_says(&much);
        assert!(says.starts_with("Not certified: a loss above 0.1 points cannot be ruled out"), "{says}");
        let page = certificate_page(&much);
        let tables = tables(&page);
        assert_eq!(tables.len(), 2);
        assert_eq!(tables[0].rows.len(), 1 + much.groups.len());
        assert!(tables[0].rows.iter().all(|row| row.len() == 6) && much.groups.len() > 4);
        let small = much.groups.iter().position(|group| group.sequence.is_none());
        assert!(small.is_none_or(|at| tables[0].rows[at + 1][2] == "too few"));
        let n: usize = much.groups.iter().take(4).map(|group| group.n).sum();
        assert_eq!(n, much.nodes.len(), "classes divide the calibration nodes");
        assert_eq!(
            tables[1].rows.iter().map(|row| row[0].as_str()).collect::<Vec<_>>(),
            ["all", "train", "val", "test"]
        );
        let lines: Vec<&str> = page
            .iter()
            .filter_map(|part| match part {
                PagePart::Line(line) => Some(line.as_str()),
                PagePart::Table(_) => None,
            })
            .collect();
        assert!(lines.contains(&"Covers:") && lines.contains(&"Does not cover:"));
        assert!(lines.iter().any(|line| line.contains("new nodes, which arrive after pruning")), "{lines:?}");
    }
}

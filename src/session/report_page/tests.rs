//! What a report says, and what it does not.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use super::*;
use crate::engine::control::Control;
use crate::engine::experiment::{RunOptions, certify_run, run};
use crate::engine::graph::{PowerLaw, power_law_communities};
use crate::engine::model::{Architecture, Family, Model};
use crate::engine::sparsify::{EdgeMode, MonitorRule, Recipe, WeightMode};
use crate::io::bundle::{Bundle, BundleWriter, Supplements, TimingMetrics, read_bundle};
use crate::io::printed::{PrintedForm, encode};
use crate::session::format::{bytes, count, percent};
use crate::session::words::Language;

/// A bundle of a small graph, with a certificate that holds; no times.
fn bundle() -> Bundle {
    static MADE: OnceLock<Bundle> = OnceLock::new();
    let make = || {
        let ctl = Control::new(2).expect("workers");
        let shape = PowerLaw { n_nodes: 600, n_entries: 3_600, n_features: 24, n_classes: 4, seed: 3 };
        let dataset = power_law_communities(&shape, &ctl).expect("a graph").shared();
        let shape = Architecture { hidden: 16, ..Architecture::new(Family::Gcn) };
        let model = Arc::new(Model::init(&shape, 24, 4, 5));
        let mut recipe = Recipe { model: shape, ..Recipe::default() };
        (recipe.edges.mode, recipe.edges.delta) = (EdgeMode::Target, vec![0.3]);
        (recipe.weights.mode, recipe.weights.delta) = (WeightMode::Target, vec![0.4]);
        recipe.monitor = Some(MonitorRule { arrivals_psi: 0.37, ..MonitorRule::default() });
        let run = run(&dataset, &model, &recipe, RunOptions::PREVIEW, None, &ctl).expect("a run");
        let certificate = certify_run(&run, 0.5, &ctl).expect("enough nodes");
        assert!(certificate.holds(), "half of all points is not lost");
        let folder = tempfile::tempdir().expect("a folder");
        let supplements = Supplements { certificate: Some(Arc::new(certificate)), ..Supplements::default() };
        let writer = BundleWriter::begin(folder.path().join("b.zip"), &ctl).expect("a place").with(supplements);
        let written = writer.write(&run, Default::default(), &ctl).expect("written");
        read_bundle(written.path).expect("a bundle")
    };
    MADE.get_or_init(make).clone()
}

fn reported(bundle: Bundle) -> Reported {
    Reported { name: "my bundle".to_owned(), bundle, history: Vec::new(), sweep: None, methods: None, stress: None }
}

fn timing(speedup: f64, interval: Option<[f64; 2]>) -> TimingMetrics {
    TimingMetrics {
        what: "a pass".to_owned(),
        n_threads: 2,
        n_repeats: 20,
        baseline_secs: 0.041,
        pruned_secs: 0.041 / speedup,
        speedup,
        speedup_interval: interval,
        is_disturbed: false,
        baseline: None,
        pruned: None,
        samples: None,
        products: Vec::new(),
        bf16: None,
        requests: Vec::new(),
    }
}

fn options(language: Language) -> ReportOptions {
    ReportOptions { language, price: None }
}

fn page(of: &Reported) -> Page {
    report_page(std::slice::from_ref(of), &options(Language::English))
}

/// All texts of a page in order, the name of the block before each.
fn texts(page: &Page) -> Vec<(&'static str, String)> {
    let mut all = vec![("title", page.title.clone()), ("subtitle", page.subtitle.clone())];
    for block in &page.blocks {
        match block {
            Block::Heading(text) => all.push(("heading", text.clone())),
            Block::Appendix(text) => all.push(("appendix", text.clone())),
            Block::Text(text) => all.push(("text", text.clone())),
            Block::Decision(text) => all.push(("decision", text.clone())),
            Block::Facts(facts) => all.extend(
                facts
                    .rows
                    .iter()
                    .flat_map(|(a, b, c)| [("fact", a.clone()), ("value", b.clone()), ("note", c.clone())]),
            ),
            Block::Table(table) => {
                all.push(("caption", table.caption.clone()));
                all.extend(table.columns.iter().map(|(name, _)| ("column", name.clone())));
                for row in &table.rows {
                    assert_eq!(row.len(), table.columns.len(), "{row:?}");
                    all.extend(row.iter().map(|cell| ("cell", cell.clone())));
                }
            }
            Block::Chart(curves) => all.push(("chart", curves.title.clone())),
            Block::Picture(picture) => all.push(("picture", picture.caption.clone())),
            Block::Risks { title, lines } => {
                all.push(("risks", title.clone()));
                all.extend(lines.iter().map(|line| ("risk", line.clone())));
            }
            Block::Plan(stages) => {
                for stage in stages {
                    all.push(("stage", stage.name.clone()));
                    all.extend(stage.lines.iter().map(|line| ("step", line.clone())));
                }
            }
            Block::Code(code) => all.push(("code", code.clone())),
        }
    }
    all
}

fn said(page: &Page) -> String {
    texts(page).into_iter().map(|(_, text)| text).collect::<Vec<_>>().join("\n")
}

fn decision(page: &Page) -> String {
    texts(page).into_iter().find(|(kind, _)| *kind == "decision").expect("a decision").1
}

#[test]
fn numbers_are_those_of_the_bundle() {
    let bundle = bundle();
    let metrics = bundle.metrics.clone();
    let certificate = bundle.certificate.clone().expect("written with it");
    let manifest = bundle.manifest.clone();
    let page = page(&reported(bundle));
    let (decision, all) = (decision(&page), said(&page));
    let (entries, weights) = (percent(metrics.totals.edge_sparsity), percent(metrics.totals.weight_sparsity));
    assert!(
        decision.starts_with(&format!("{entries} of the entries and {weights} of the weights can go: ")),
        "{decision}"
    );
    assert!(decision.contains("certified at most 50 at 95 %"), "{decision}");
    let test = metrics.scores.expect("labels").test;
    let (before, after) = (test.baseline.expect("scored"), test.pruned.expect("scored"));
    assert!(decision.contains(&format!("on {} test nodes", after.n_nodes)), "{decision}");
    let change = format!("{} → {}", percent(before.accuracy), percent(after.accuracy));
    let interval = |low: f64, high: f64| format!("{:.1} to {}", 100.0 * low, percent(high));
    let size = metrics.size.expect("of this version");
    for expected in [
        change,
        interval(before.low, before.high),
        interval(after.low, after.high),
        format!("{} → {}", bytes(size.model_dense_bytes), bytes(size.model_sparse_bytes)),
        manifest.graph.sha256,
        manifest.model.given_sha256,
        format!("{} held-out nodes", certificate.nodes.len()),
        count(manifest.graph.n_entries as u64),
        percent(metrics.agreement),
        "stability index above 0.37 for nodes that arrive".to_owned(),
        "limits of the recipe".to_owned(),
    ] {
        assert!(all.contains(&expected), "{expected} in {all}");
    }
    for step in &metrics.steps {
        let edges = step.edges.as_ref().expect("a convolution");
        let kept = format!("{} / {}", count(edges.n_after as u64), count(edges.n_entries as u64));
        assert!(all.contains(&kept), "{kept}");
    }
}

#[test]
fn what_was_not_measured_is_not_claimed() {
    let mut plain = bundle();
    plain.certificate = None;
    let page = page(&reported(plain.clone()));
    let (decision, all) = (decision(&page), said(&page));
    assert!(decision.contains("were removed: ") && !decision.contains("can go"), "{decision}");
    assert!(decision.contains(", no certificate, time not measured"), "{decision}");
    assert!(all.contains("No certificate: nobody tested") && all.contains("No sweep is given"), "{all}");
    assert!(all.contains("Noise, missing features and wrong edges were not tried"));
    assert!(all.contains("has not been checked against a later graph"));
    assert!(!all.contains("as fast") && !all.contains("per core-hour;"), "{all}");

    // An interval that touches 1 carries no speed-up, however large the ratio.
    plain.metrics.timing = Some(timing(1.4, Some([1.0, 2.1])));
    let page = super::tests::page(&reported(plain.clone()));
    let all = said(&page);
    assert!(!all.contains("as fast"), "{all}");
    assert!(
        all.contains("no speed-up shown on the whole graph") && all.contains("interval of the ratio is 1.00 to 2.10")
    );
    // Nor does a ratio without an interval.
    plain.metrics.timing = Some(timing(4.0, None));
    assert!(!said(&super::tests::page(&reported(plain.clone()))).contains("as fast"));
    // One that excludes 1 does, with its interval beside it; a slower one is called slower.
    plain.metrics.timing = Some(timing(4.1, Some([3.9, 4.3])));
    let page = super::tests::page(&reported(plain.clone()));
    assert!(super::tests::decision(&page).contains(", 4.1 times as fast on the whole graph"), "{page:?}");
    assert!(said(&page).contains("4.1 times as fast, 95 % interval 3.90 to 4.30"));
    plain.metrics.timing = Some(timing(0.5, Some([0.45, 0.55])));
    assert!(super::tests::decision(&super::tests::page(&reported(plain.clone()))).contains("2.0 times as slow"));

    // Without labels there is no accuracy to speak of.
    plain.metrics.scores = None;
    let page = super::tests::page(&reported(plain));
    assert!(super::tests::decision(&page).contains("accuracy was not measured"));
    assert!(said(&page).contains("Accuracy was not measured: there were no labelled nodes"));
}

#[test]
fn a_certificate_that_does_not_hold_lets_nothing_go() {
    let mut failed = bundle();
    if let Some(certificate) = &mut failed.certificate {
        certificate.overall.certified = None;
        certificate.limit = 0.015;
    }
    let page = page(&reported(failed));
    let decision = decision(&page);
    assert!(
        decision.contains("were removed") && decision.contains("a loss within 1.5 points is not certified"),
        "{decision}"
    );
    assert!(said(&page).contains("Not certified: a loss above 1.5 points cannot be ruled out at 95 %"));
}

#[test]
fn both_languages_say_the_same_things_in_the_same_order() {
    let mut timed = bundle();
    timed.metrics.timing = Some(timing(4.1, Some([3.9, 4.3])));
    let of = [reported(timed)];
    let price = Some(Price { per_core_hour: 5.0, currency: Currency::Jpy });
    let [english, japanese] = Language::ALL.map(|language| report_page(&of, &ReportOptions { language, price }));
    assert_eq!((english.language, japanese.language), ("en", "ja"));
    let kinds = |page: &Page| texts(page).into_iter().map(|(kind, _)| kind).collect::<Vec<_>>();
    assert_eq!(kinds(&english), kinds(&japanese));
    for page in [&english, &japanese] {
        for (kind, text) in texts(page) {
            assert!(!text.contains("report-") && !text.contains('{'), "{kind}: {text}");
            assert!(!text.contains("  ") || kind == "code", "{kind}: {text}");
        }
        let n = |wanted: &str| texts(page).iter().filter(|(kind, _)| *kind == wanted).count();
        assert_eq!((n("decision"), n("risks"), n("stage")), (1, 1, 3));
        assert!(n("appendix") >= 6 && n("picture") >= 4 && n("code") == 2, "{:?}", kinds(page));
    }
    let is_japanese = |c: char| ('\u{3040}'..'\u{a000}').contains(&c);
    for (kind, text) in
        texts(&japanese).iter().filter(|(kind, _)| matches!(*kind, "heading" | "risk" | "step" | "fact"))
    {
        assert!(text.chars().any(is_japanese), "{kind}: {text}");
    }
    assert!(said(&japanese).contains("信頼水準 95 % で低下は 50 ポイント以内と保証"));
}

#[test]
fn the_same_files_give_the_same_bytes() {
    let of = [reported(bundle())];
    let bytes = || {
        let page = report_page(&of, &options(Language::Japanese));
        encode(&page, PrintedForm::Html).expect("a page")
    };
    assert_eq!(bytes(), bytes());
}

#[test]
fn costs_follow_the_formula() {
    let mut timed = bundle();
    timed.metrics.timing = Some(timing(2.0, Some([1.9, 2.1])));
    let n_nodes = timed.manifest.graph.n_nodes as f64;
    let of = reported(timed);
    let price = Price { per_core_hour: 0.05, currency: Currency::Usd };
    let found = cost::cost(&of, &price).expect("measured");
    let by_hand = 0.05 * 2.0 * 0.041 / 3600.0 / n_nodes * 1e6;
    assert!((found[0] / by_hand - 1.0).abs() < 1e-12 && (found[1] / by_hand - 0.5).abs() < 1e-12, "{found:?}");
    let with = |price| {
        let options = ReportOptions { language: Language::English, price };
        said(&report_page(std::slice::from_ref(&of), &options))
    };
    let all = with(Some(price));
    assert!(all.contains("at USD 0.05 per core-hour") && all.contains("÷ 3,600"), "{all}");
    assert!(!with(None).contains("USD"), "without a price nothing is said of money");
}

#[test]
fn several_bundles_are_compared_before_the_page_of_each() {
    let (first, mut second) = (reported(bundle()), reported(bundle()));
    second.name = "other".to_owned();
    second.bundle.certificate = None;
    let page = report_page(&[first, second], &options(Language::English));
    let Some(Block::Table(table)) = page.blocks.first() else { panic!("a table first: {:?}", page.blocks.first()) };
    let names: Vec<&str> = table.rows.iter().map(|row| row[0].as_str()).collect();
    assert_eq!(names, ["my bundle", "other"]);
    assert_eq!(texts(&page).iter().filter(|(kind, _)| *kind == "decision").count(), 2);
    assert!(said(&page).contains("2 pruned models side by side"));
}

#[test]
fn classes_are_counted_on_the_test_nodes_of_the_certificate() {
    let of = reported(bundle());
    let (all, is_test) = classes::results(&of).expect("labels");
    let score = of.bundle.metrics.scores.as_ref().expect("labels").test;
    assert!(is_test);
    let n: usize = all.iter().map(|result| result.n).sum();
    let found: BTreeMap<usize, usize> =
        (0..2).map(|way| (way, all.iter().map(|result| result.found[way]).sum())).collect();
    let (before, after) = (score.baseline.expect("scored"), score.pruned.expect("scored"));
    assert_eq!((n, found[&0], found[&1]), (after.n_nodes, before.n_correct, after.n_correct));
    let mut bare = bundle();
    bare.certificate = None;
    let bare = reported(bare);
    let (all, is_test) = classes::results(&bare).expect("labels");
    assert!(!is_test && all.iter().map(|result| result.n).sum::<usize>() > n);
}

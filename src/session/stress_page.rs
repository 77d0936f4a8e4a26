//! What stress found in sentences and tables, made once for window and terminal.

use super::format::{NONE, percent};
use super::page::{PagePart, PageTable};
use crate::engine::experiment::{
    Alike, PairedLoss, StressGroup, StressKind, StressMasks, StressSpread, StressSummary, StressWay, alike,
};
use crate::io::results::{LeftOut, StressResults};

/// Which masks the numbers are about.
fn masks_say(masks: StressMasks) -> &'static str {
    match masks {
        StressMasks::Carried => {
            "Masks are carried over from the undisturbed graph, as a bundle in production is: entries that were there keep what was decided \
             of them, new ones are kept"
        }
        StressMasks::Decided => {
            "Masks are decided anew on every disturbed graph, as a run on it would; how masks hold that were decided before is another question"
        }
    }
}
/// What the columns mean.
const EXTRA_SAYS: &str = "Extra loss: how much more the pruned model lies below its baseline than undisturbed, node beside node; alike where \
                          its 95 % interval holds 0. Few test nodes see only large differences. Range: lowest to highest seed";

/// What a sentence on a kind says of masks; nothing where the graph is the same.
fn masks_in_short(masks: StressMasks, kind: StressKind) -> String {
    if kind.is_of_scoring() {
        return String::new();
    }
    // Wrong labels make another model, which is pruned anew.
    let masks = if kind.is_of_labels() { StressMasks::Decided } else { masks };
    format!("; {}", masks.says())
}

/// A share in points, for example `−0.4`.
fn points(share: f64) -> String {
    let text = format!("{:.1}", 100.0 * share);
    if text == "-0.0" { "0.0".to_owned() } else { text.replace('-', "−") }
}

fn interval(extra: &PairedLoss) -> String {
    let [low, high] = extra.interval();
    format!("95 % interval {} to {}", points(low), points(high))
}

/// What one kind of disturbance does, in one sentence; none where it was not tried. `has_recovery`: whether there is another way.
pub fn stress_says(
    summary: &[StressSummary],
    masks: StressMasks,
    (kind, way): (StressKind, StressWay),
    has_recovery: bool,
) -> Option<String> {
    let found = alike(summary, kind, way)?;
    let name = match (way, has_recovery) {
        (StressWay::AsGiven, false) => "pruned",
        (StressWay::AsGiven, true) => "pruned with recovery",
        (StressWay::WithoutRecovery, _) => "pruned without recovery",
    };
    let Alike { up_to, departs, undisturbed, last } = found;
    let at = departs.unwrap_or(last);
    let falls = at.baseline.mean < undisturbed.baseline.mean;
    let verb = if falls { "fall" } else { "change" };
    let title = kind.title();
    let scores = format!(
        "baseline {} → {}, pruned {} → {}{}",
        percent(undisturbed.baseline.mean),
        percent(at.baseline.mean),
        percent(undisturbed.pruned.mean),
        percent(at.pruned.mean),
        masks_in_short(masks, kind)
    );
    let by = |extra: &PairedLoss| {
        let than = if extra.loss > 0.0 { "more" } else { "less" };
        format!("the pruned model loses {} points {than} ({}; {scores})", points(extra.loss.abs()), interval(extra))
    };
    Some(match (up_to, departs) {
        (_, None) => format!(
            "{title}: {name} and baseline {verb} alike up to {} (extra loss there {} points, {}; {scores})",
            kind.level_says(last.level),
            points(last.extra.loss),
            interval(&last.extra)
        ),
        (Some(up_to), Some(departs)) => format!(
            "{title}: {name} and baseline {verb} alike up to {}; at {} {}",
            kind.level_says(up_to.level),
            share(departs.level),
            by(&departs.extra)
        ),
        (None, Some(departs)) => {
            format!(
                "{title}: {name} and baseline part at {} already: {}",
                kind.level_says(departs.level),
                by(&departs.extra)
            )
        }
    })
}

fn share(level: f64) -> String {
    format!("{} %", (1e4 * level).round() / 100.0)
}

/// With every kind and recipe in a sentence.
pub(crate) fn with_sentences(results: StressResults) -> StressResults {
    let sentences = results.plan.kinds.iter().flat_map(|kind| sentences_of(&results, *kind)).collect();
    StressResults { sentences, ..results }
}

fn has_recovery(results: &StressResults) -> bool {
    results.recipe.recovery.is_some()
}

fn sentences_of(results: &StressResults, kind: StressKind) -> Vec<String> {
    let ways = [StressWay::AsGiven, StressWay::WithoutRecovery];
    let says = |way: &StressWay| stress_says(&results.summary, results.masks, (kind, *way), has_recovery(results));
    ways.iter().filter_map(says).collect()
}

/// All of it: for every kind its sentences, the levels, and the worst group.
pub fn stress_page(results: &StressResults) -> Vec<PagePart> {
    let mut page = vec![PagePart::Line(format!("{} on {}: {}", results.model, results.graph, removed_says(results)))];
    for kind in &results.plan.kinds {
        page.push(PagePart::blank());
        page.extend(sentences_of(results, *kind).into_iter().map(PagePart::Line));
        page.extend(kind_parts(results, *kind));
    }
    page.push(PagePart::blank());
    page.extend(notes(results));
    page
}

/// The levels and the worst group of one kind, and what the columns mean: what stands below its sentences and its curve.
pub fn stress_kind_page(results: &StressResults, kind: StressKind) -> Vec<PagePart> {
    let mut page = kind_parts(results, kind);
    page.push(PagePart::blank());
    page.extend(notes(results));
    page
}

fn kind_parts(results: &StressResults, kind: StressKind) -> Vec<PagePart> {
    let mut parts = vec![PagePart::Table(levels_table(results, kind))];
    parts.extend(worst_says(results, kind).map(PagePart::Line));
    parts
}

/// What the numbers mean, and what was left out.
fn notes(results: &StressResults) -> Vec<PagePart> {
    let mut lines = vec![EXTRA_SAYS.to_owned(), masks_say(results.masks).to_owned()];
    if results.plan.kinds.iter().any(|kind| kind.is_of_labels()) && results.recipe.training.is_some() {
        lines.push(
            "Wrong labels: the model is trained anew with them, as the recipe's [training] section says".to_owned(),
        );
    }
    let left = |left: &LeftOut| format!("Left out: {} ({})", left.kind.title(), left.why);
    lines.extend(results.left_out.iter().map(left));
    lines.into_iter().map(PagePart::Line).collect()
}

/// What the recipe removes of the undisturbed graph.
fn removed_says(results: &StressResults) -> String {
    let removed = |s: &StressSummary| {
        format!("removed {} of the entries and {} of the weights", percent(s.edge_sparsity), percent(s.weight_sparsity))
    };
    results.summary.first().map_or_else(String::new, removed)
}

/// One row per level and recipe.
fn levels_table(results: &StressResults, kind: StressKind) -> PageTable {
    let own = results.summary.iter().filter(|s| s.kind == kind);
    let spread = |spread: &StressSpread, n_seeds: usize| {
        let mean = percent(spread.mean);
        if n_seeds < 2 { mean } else { format!("{mean} ({}–{})", points(spread.low), points(spread.high)) }
    };
    let or_none = |score: Option<f64>| score.map_or_else(|| NONE.to_owned(), percent);
    let row = |s: &StressSummary| {
        let [low, high] = s.extra.interval();
        let extra = if s.level > 0.0 {
            format!("{} ({} to {})", points(s.extra.loss), points(low), points(high))
        } else {
            NONE.to_owned()
        };
        vec![
            share(s.level),
            s.way.title(has_recovery(results)).to_owned(),
            s.n_nodes.to_string(),
            percent(s.edge_sparsity),
            spread(&s.baseline, s.n_seeds),
            spread(&s.pruned, s.n_seeds),
            extra,
            or_none(s.worst_baseline),
            or_none(s.worst_pruned),
        ]
    };
    let header = [
        "level",
        "recipe",
        "nodes",
        "entries removed",
        "baseline (range)",
        "pruned (range)",
        "extra loss, points",
        "worst group, baseline",
        "pruned",
    ];
    PageTable { header: header.map(str::to_owned).to_vec(), n_left: 2, rows: own.map(row).collect() }
}

/// In which group the pruned model does worst at the highest level, and how that was undisturbed.
fn worst_says(results: &StressResults, kind: StressKind) -> Option<String> {
    let own = || results.points.iter().filter(|point| point.kind == kind && point.way == StressWay::AsGiven);
    let last = own().map(|point| point.level).fold(0.0, f64::max);
    let at_last: Vec<_> = own().filter(|point| point.level >= last).collect();
    let before = own().next()?;
    // A group is compared where every seed left it some nodes.
    let mean = |group: &StressGroup, of: fn(&StressGroup) -> f64| {
        let is_same = |other: &&StressGroup| other.by == group.by && other.name == group.name;
        let values: Option<Vec<f64>> = at_last.iter().map(|p| p.groups.iter().find(is_same).map(of)).collect();
        values.map(|values| values.iter().sum::<f64>() / values.len().max(1) as f64)
    };
    let falls = before.groups.iter().filter(|group| group.loss.n_nodes >= 10).filter_map(|group| {
        let (baseline, pruned) = (mean(group, |group| group.baseline)?, mean(group, |group| group.pruned)?);
        Some((group, baseline, pruned))
    });
    let (group, baseline, pruned) = falls.min_by(|a, b| a.2.total_cmp(&b.2))?;
    Some(format!(
        "Worst at {}: {} ({} of the test nodes undisturbed), baseline {} → {}, pruned {} → {}",
        share(last),
        group.name,
        group.loss.n_nodes,
        percent(group.baseline),
        percent(baseline),
        percent(group.pruned),
        percent(pruned)
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn level(
        way: StressWay,
        level: f64,
        [baseline, pruned]: [f64; 2],
        extra: f64,
        standard_error: f64,
    ) -> StressSummary {
        let spread = |mean| StressSpread { mean, low: mean, high: mean };
        StressSummary {
            kind: StressKind::AddedEdges,
            way,
            level,
            n_seeds: 3,
            n_nodes: 1000,
            edge_sparsity: 0.5,
            weight_sparsity: 0.0,
            baseline: spread(baseline),
            pruned: spread(pruned),
            extra: PairedLoss { n_nodes: 1000, loss: extra, standard_error },
            worst_baseline: None,
            worst_pruned: None,
        }
    }

    fn says(extras: &[f64], way: StressWay, has_recovery: bool) -> String {
        let mut summary = vec![level(way, 0.0, [0.88, 0.87], 0.0, 0.005)];
        let levels = extras.iter().zip([0.1, 0.2, 0.5]).map(|(extra, at)| {
            let baseline = 0.88 - at / 2.0;
            level(way, at, [baseline, baseline - 0.01 - extra], *extra, 0.01)
        });
        summary.extend(levels);
        stress_says(&summary, StressMasks::Carried, (StressKind::AddedEdges, way), has_recovery).expect("it was tried")
    }

    #[test]
    fn a_sentence_says_up_to_where_both_fall_alike_and_by_how_much_they_part() {
        assert_eq!(
            says(&[0.0, 0.019, -0.019], StressWay::AsGiven, false),
            "False edges: pruned and baseline fall alike up to 50 % of false edges (extra loss there −1.9 points, 95 % interval −3.9 to 0.1; \
             baseline 88.0 % → 63.0 %, pruned 87.0 % → 63.9 %; masks carried over)"
        );
        assert_eq!(
            says(&[0.0, 0.03, 0.0], StressWay::WithoutRecovery, true),
            "False edges: pruned without recovery and baseline fall alike up to 10 % of false edges; at 20 % the pruned model loses 3.0 points \
             more (95 % interval 1.0 to 5.0; baseline 88.0 % → 78.0 %, pruned 87.0 % → 74.0 %; masks carried over)"
        );
        let part = says(&[-0.03], StressWay::AsGiven, true);
        assert!(
            part.starts_with("False edges: pruned with recovery and baseline part at 10 % of false edges already: "),
            "{part}"
        );
        assert!(part.contains("loses 3.0 points less (95 % interval −5.0 to −1.0;"), "{part}");
        let nothing = (StressKind::AddedEdges, StressWay::AsGiven);
        assert!(stress_says(&[], StressMasks::Decided, nothing, false).is_none());
    }
}

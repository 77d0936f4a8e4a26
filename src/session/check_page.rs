//! A check of a bundle against a later graph, in sentences and a table.

use std::sync::Arc;

use super::format::{NONE, count, percent, points};
use super::page::{PagePart, PageTable};
use super::tasks::check::Checked;
use crate::engine::carry::Counts;
use crate::engine::monitor::{Check, Finding, HeardOf, Level, Measure};
use crate::engine::plot::{Axis, Curve, CurveStyle, Curves};
use crate::io::checks::CheckRecord;

/// What is to be done, in two words.
pub fn level_title(level: Level) -> &'static str {
    match level {
        Level::Fine => "Fine",
        Level::ReEvaluate => "Re-evaluate",
        Level::Stop => "Stop",
    }
}

/// What is to be done, in a sentence.
pub fn level_says(level: Level) -> &'static str {
    match level {
        Level::Fine => "Nothing speaks against the pruned model on this graph",
        Level::ReEvaluate => "Prune and certify again with this graph",
        Level::Stop => "Answer with the unpruned model until it is pruned and certified again",
    }
}

/// A finding in a sentence.
pub fn finding_says(finding: &Finding) -> String {
    let Finding { before, now, limit, .. } = *finding;
    match finding.measure {
        Measure::Confidence => format!(
            "Confidence in nodes that arrived is distributed differently: stability index {now:.2}, limit {limit:.2}"
        ),
        Measure::Sent { step } => format!(
            "What nodes that arrived send into layer {} is distributed differently: stability index {now:.2}, limit {limit:.2}",
            step + 1
        ),
        Measure::Messages { step } => format!(
            "Messages of layer {} are distributed differently: stability index {now:.2}, limit {limit:.2}",
            step + 1
        ),
        Measure::Decision { step } => format!(
            "Decided anew, layer {} would share {} of its entries with what is kept; limit {}",
            step + 1,
            percent(now),
            percent(limit)
        ),
        Measure::Agreement => format!(
            "Pruned and unpruned model agree on {} of the nodes that arrived, {} before; limit {}",
            percent(now),
            percent(before),
            points(-limit)
        ),
        Measure::EstimatedAccuracy => format!(
            "Confidence lets expect {} accuracy on nodes that arrived, {} were measured before; limit {}",
            percent(now),
            percent(before),
            points(-limit)
        ),
        Measure::Accuracy => format!(
            "Accuracy on labelled nodes that arrived is {}, {} before; limit {}",
            percent(now),
            percent(before),
            points(-limit)
        ),
        Measure::Loss => format!(
            "On labelled nodes that arrived the pruned model loses {} against the unpruned one; limit {}",
            points(-now).trim_start_matches('-'),
            points(-limit).trim_start_matches('-')
        ),
    }
}

/// All of it, the newest check first in words, then the history.
pub(crate) fn check_page(checked: &Checked) -> Vec<PagePart> {
    let mut page = record_page(&checked.record);
    if checked.history.len() > 1 {
        page.push(PagePart::blank());
        page.push(PagePart::Table(history_table(&checked.history)));
    }
    page
}

/// One check: the answer, what led to it, and every number.
pub fn record_page(record: &CheckRecord) -> Vec<PagePart> {
    let check = &record.check;
    let mut page = vec![PagePart::Line(format!("{}: {}", level_title(check.level), level_says(check.level)))];
    page.extend(check.findings.iter().map(|finding| PagePart::Line(format!("  {}", finding_says(finding)))));
    page.push(PagePart::blank());
    page.extend(numbers_page(check));
    page
}

fn numbers_page(check: &Check) -> Vec<PagePart> {
    let tables = [graph_table(check), answers_table(check), steps_table(check)];
    let mut page: Vec<PagePart> = Vec::new();
    for table in tables {
        page.extend([PagePart::Table(table), PagePart::blank()]);
    }
    page.extend(notes(check).into_iter().map(PagePart::Line));
    page
}

/// What the window shows of the checks of a bundle.
#[derive(Debug, Clone, Default)]
pub struct CheckPages {
    /// Every number of the newest.
    pub numbers: Vec<PagePart>,
    /// One row for each of the last checks.
    pub history: Vec<PagePart>,
    /// Shares by the number of the check.
    pub curves: Arc<Curves>,
}

/// So many checks are listed in the window; the file has all.
const MOST_LISTED: usize = 60;

impl CheckPages {
    /// Of all checks, oldest first.
    pub(super) fn of(history: &[CheckRecord]) -> Self {
        let from = history.len().saturating_sub(MOST_LISTED);
        let mut listed = vec![PagePart::Table(history_table(&history[from..]))];
        if from > 0 {
            listed.push(PagePart::Line(format!("and {} earlier ones", count(from as u64))));
        }
        Self {
            numbers: history.last().map_or_else(Vec::new, |newest| numbers_page(&newest.check)),
            history: listed,
            curves: Arc::new(curves(history)),
        }
    }
}

fn curves(history: &[CheckRecord]) -> Curves {
    let curve = |name: &str, colour: usize, of: &dyn Fn(&CheckRecord) -> Option<f64>| Curve {
        name: name.to_owned(),
        points: (1..).zip(history).map(|(at, r)| [f64::from(at), 100.0 * of(r).unwrap_or(f64::NAN)]).collect(),
        style: CurveStyle::Marked,
        colour,
        ..Curve::default()
    };
    let mut series = vec![
        curve("mean confidence", 0, &|r| Some(r.check.confidence.mean_now)),
        curve("agreement", 1, &|r| r.check.agreement.map(|a| a.now)),
        curve("accuracy, estimated", 2, &|r| r.check.estimated.map(|e| e.now)),
        curve("accuracy", 3, &|r| r.check.labelled.map(|l| l.pruned.accuracy)),
    ];
    series.retain(|curve| curve.points.iter().any(|point| point[1].is_finite()));
    Curves {
        title: "Checks".to_owned(),
        subtitle: "of nodes that arrived since the check before".to_owned(),
        x: Axis::new("check"),
        y: Axis::new("nodes that arrived, %"),
        series,
        marks: Vec::new(),
    }
}

fn table(header: &[&str], n_left: usize, rows: Vec<Vec<String>>) -> PageTable {
    PageTable { header: header.iter().map(|&word| word.to_owned()).collect(), n_left, rows }
}

fn graph_table(check: &Check) -> PageTable {
    let row = |name: &str, counts: Counts, changed: String| {
        let numbers = [counts.before, counts.now, counts.new, counts.gone].map(|n| count(n as u64));
        std::iter::once(name.to_owned()).chain(numbers).chain([changed]).collect()
    };
    table(
        &["graph", "before", "now", "new", "gone", "other features"],
        1,
        vec![
            row("nodes", check.nodes, count(check.n_changed_features as u64)),
            row("entries", check.entries, NONE.to_owned()),
        ],
    )
}

fn answers_table(check: &Check) -> PageTable {
    let p = |value: f64| if value < 1e-4 { "< 0.0001".to_owned() } else { format!("{value:.4}") };
    let mut rows = Vec::new();
    let mut add = |name: &str, before: String, now: String, chance: String| {
        // Of nobody nothing is known.
        let [now, chance] = if check.n_arrived == 0 { [NONE.to_owned(), NONE.to_owned()] } else { [now, chance] };
        rows.push(vec![name.to_owned(), before, now, chance]);
    };
    let c = check.confidence;
    add("mean confidence", percent(c.mean_before), percent(c.mean_now), p(c.p_value));
    if let Some(a) = &check.agreement {
        add("agreement with the unpruned model", percent(a.before), percent(a.now), p(a.p_value));
    }
    if let Some(e) = &check.estimated {
        add("accuracy, estimated by confidence", percent(e.before), percent(e.now), p(e.p_value));
    }
    if let Some(l) = &check.labelled {
        let now = format!("{} ({} to {})", percent(l.pruned.accuracy), percent(l.pruned.low), percent(l.pruned.high));
        add(
            &format!("{}, {} labelled nodes", "accuracy", count(l.pruned.n_nodes as u64)),
            percent(l.before.accuracy),
            now,
            p(l.p_value),
        );
        if let Some(loss) = &l.loss {
            let [low, high] = loss.interval();
            let now = format!("{} ({} to {})", points(-loss.loss), points(-high), points(-low));
            add("against the unpruned model", NONE.to_owned(), now, l.certified_p.map_or_else(|| NONE.to_owned(), p));
        }
    }
    let head = format!("{} nodes that arrived", count(check.n_arrived as u64));
    table(&[&head, "before", "now", "p"], 1, rows)
}

fn steps_table(check: &Check) -> PageTable {
    let rows = check.steps.iter().map(|step| {
        let m = step.messages;
        vec![
            (step.step + 1).to_string(),
            format!("{:.4}", m.mean_before),
            format!("{:.4}", m.mean_now),
            format!("{:.3}", m.psi),
            format!("{:.3}", m.ks),
            format!("{:.3}", step.sent.psi),
            step.overlap.map_or_else(|| NONE.to_owned(), percent),
        ]
    });
    table(
        &[
            "layer",
            "mean message before",
            "now",
            "stability index",
            "largest gap",
            "of arrivals",
            "decided anew, shared",
        ],
        1,
        rows.collect(),
    )
}

/// What was not measured, and how it can be.
fn notes(check: &Check) -> Vec<String> {
    let mut notes = Vec::new();
    if check.n_arrived == 0 {
        notes.push("No node arrived: the answers above are about none".to_owned());
    }
    if check.heard_of == HeardOf::UnprunedModel {
        notes.push(
            "Messages, what nodes send and confidence are those of the unpruned model, over all entries".to_owned(),
        );
    }
    if check.agreement.is_none() {
        notes.push("Agreement was not measured: name the unpruned model (--model)".to_owned());
    }
    if check.labelled.is_none() {
        notes.push("Accuracy was not measured: no node that arrived has a label (--labels)".to_owned());
    }
    if check.estimated.is_some() {
        notes.push(
            "An estimate by confidence holds while other nodes come and classes stay what they are; it is blind to classes that change their meaning"
                .to_owned(),
        );
    }
    if check.steps.iter().all(|step| step.overlap.is_none()) {
        notes.push("What would be decided anew was not measured: norms alone did not decide here".to_owned());
    }
    notes
}

/// One row for each check, oldest first.
fn history_table(history: &[CheckRecord]) -> PageTable {
    let rows = history.iter().map(|record| {
        let check = &record.check;
        // Of nobody nothing is known.
        let share = |value: Option<f64>| value.filter(|_| check.n_arrived > 0).map_or_else(|| NONE.to_owned(), percent);
        vec![
            day(record.at),
            record.graph.clone(),
            level_title(check.level).to_owned(),
            count(check.n_arrived as u64),
            share(Some(check.confidence.mean_now)),
            share(check.agreement.map(|a| a.now)),
            share(check.estimated.map(|e| e.now)),
            share(check.labelled.map(|l| l.pruned.accuracy)),
        ]
    });
    let header = ["check", "graph", "answer", "arrived", "confidence", "agreement", "estimate", "accuracy"];
    table(&header, 3, rows.collect())
}

/// Seconds since 1970 as a day and a minute of universal time, for example `2026-12-01 04:05`.
pub(super) fn day(at: u64) -> String {
    let (days, seconds) = (at / 86_400, at % 86_400);
    // Hinnant's days_from_civil, the other way round: eras of 400 years that begin in March.
    let shifted = days + 719_468;
    let (era, of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02} {:02}:{:02}", seconds / 3600, seconds / 60 % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_those_of_the_calendar() {
        for (at, expected) in [
            (0, "1970-01-01 00:00"),
            (951_782_399, "2000-02-28 23:59"),
            (951_782_400, "2000-02-29 00:00"),
            (951_868_800, "2000-03-01 00:00"),
            (1_796_083_506, "2026-12-01 00:05"),
        ] {
            assert_eq!(day(at), expected);
        }
    }
}

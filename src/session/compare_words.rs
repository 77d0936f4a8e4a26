//! What two runs come to beside each other: numbers with their intervals, and sentences that name the sign.

use super::format;
use super::trial_words::{evaluated_on, points_say};
use super::words::Words;
use crate::engine::experiment::{EvaluatedOn, PairedLoss, PartDifference, Run, RunDifference, Timing};
use crate::engine::graph::Metric;
use crate::engine::score::Score;
use crate::engine::timing::Speedup;

/// One number of both runs.
#[derive(Debug, Clone, PartialEq)]
pub struct NumberRow {
    /// What it is, for example `Test accuracy`.
    pub name: String,
    /// What it counts.
    pub says: String,
    /// Of A.
    pub a: String,
    /// Of B.
    pub b: String,
    /// How B differs from A.
    pub change: String,
    /// Whether that is better; `None` where nobody can tell, or where more is neither.
    pub is_better: Option<bool>,
}

/// Whether zero is outside of an interval.
fn is_measurable([low, high]: [f64; 2]) -> bool {
    low > 0.0 || high < 0.0
}

/// Every sentence that can be said of two runs.
pub(super) fn sentences(a: &Run, b: &Run, difference: &RunDifference, words: &Words) -> Vec<String> {
    let mut says = Vec::new();
    if !difference.is_same_graph {
        says.push(words.text("compared-other-graphs"));
    } else if !difference.is_same_split {
        says.push(words.text("compared-other-splits"));
    }
    says.extend(difference.parts.iter().map(|part| accuracy(part, a.evaluation.metric, words)));
    if let Some(predictions) = &difference.predictions {
        let n = predictions.changed.len();
        let all = format::count(predictions.n_nodes as u64);
        says.push(if n == 0 {
            words.with("compared-same-classes", &[("all", all.into())])
        } else {
            let share = format::percent(n as f64 / predictions.n_nodes.max(1) as f64);
            let numbers = [("n", format::count(n as u64).into()), ("all", all.into()), ("share", share.into())];
            words.with("compared-other-classes", &numbers)
        });
    }
    let propagates = [a, b].iter().any(|run| run.recipe.model.n_graph_steps() > 0);
    let entries = ("entries", a.pruned.edge_sparsity(), b.pruned.edge_sparsity());
    let weights = ("weights", a.pruned.weight_sparsity(), b.pruned.weight_sparsity());
    let removed = propagates.then_some(entries).into_iter().chain([weights]);
    says.extend(removed.map(|(what, a, b)| removed_share(what, a, b, words)));
    says.push(operations(a.pruned.macs().pruned(), b.pruned.macs().pruned(), words));
    let is_same_model = std::sync::Arc::ptr_eq(&a.model, &b.model) && difference.is_same_graph;
    let timed = a.timing.as_ref().zip(b.timing.as_ref()).filter(|_| is_same_model);
    says.extend(timed.and_then(|(a, b)| time(&a.speedup(), &b.speedup(), words)));
    says
}

/// `B is 0.8 points worse than A on test (95 % interval 0.2 to 1.4 points, node beside node)`.
fn accuracy(part: &PartDifference, metric: Metric, words: &Words) -> String {
    let PartDifference { name, loss, .. } = part;
    let on = if *name == "validation" { EvaluatedOn::Val } else { EvaluatedOn::Test };
    let metric = match metric {
        Metric::Accuracy => "accuracy",
        Metric::MicroF1 => "micro-f1",
    };
    let [low, high] = loss.interval();
    let gain = (-1e3 * loss.loss).round() as i64;
    let (key, points, ends) = if !is_measurable([low, high]) {
        let key = match gain {
            0 => "compared-accuracy-same",
            more if more > 0 => "compared-accuracy-above",
            _ => "compared-accuracy-below",
        };
        (key, points_say(loss.loss.abs(), words), [signed(-high), signed(-low)])
    } else if low > 0.0 {
        ("compared-accuracy-worse", some_points(loss.loss, words), [low, high].map(plain))
    } else {
        ("compared-accuracy-better", some_points(-loss.loss, words), [-high, -low].map(plain))
    };
    let [low, high] = ends;
    words.with(
        key,
        &[
            ("points", points.into()),
            ("part", evaluated_on(on, words).into()),
            ("low", low.into()),
            ("high", high.into()),
            ("metric", metric.into()),
        ],
    )
}

/// A difference that there is, however small.
fn some_points(share: f64, words: &Words) -> String {
    if share < 5e-4 { words.text("compared-least-points") } else { points_say(share, words) }
}

/// Points without a unit.
fn plain(share: f64) -> String {
    format!("{:.1}", 100.0 * share)
}

/// Points without a unit, with a true minus.
fn signed(share: f64) -> String {
    let text = plain(share);
    let text = text.strip_prefix("-0.0").map_or_else(|| text.clone(), |rest| format!("0.0{rest}"));
    text.replacen('-', "−", 1)
}

/// `what`: `entries` or `weights`.
fn removed_share(what: &'static str, a: f64, b: f64, words: &Words) -> String {
    let key = match (1e3 * (b - a)).round() as i64 {
        0 => return words.with("compared-removes-same", &[("what", what.into()), ("a", format::percent(a).into())]),
        more if more > 0 => "compared-removes-more",
        _ => "compared-removes-less",
    };
    words.with(
        key,
        &[
            ("what", what.into()),
            ("points", points_say((b - a).abs(), words).into()),
            ("a", format::percent(a).into()),
            ("b", format::percent(b).into()),
        ],
    )
}

fn operations(a: u64, b: u64, words: &Words) -> String {
    let key = match b.cmp(&a) {
        std::cmp::Ordering::Equal => {
            return words.with("compared-operations-same", &[("a", format::short_count(a).into())]);
        }
        std::cmp::Ordering::Less => "compared-operations-fewer",
        std::cmp::Ordering::Greater => "compared-operations-more",
    };
    let share = format::percent(a.abs_diff(b) as f64 / a.max(1) as f64);
    let [a, b] = [a, b].map(format::short_count);
    words.with(key, &[("share", share.into()), ("a", a.into()), ("b", b.into())])
}

/// Each was timed in turn with the unpruned model, so their speed-ups can be held against each other: a difference is claimed where the
/// intervals lie apart by more than one start of the program moves them.
fn time(a: &Speedup, b: &Speedup, words: &Words) -> Option<String> {
    let (own, other) = (a.interval?, b.interval?);
    let is_apart = |slower: [f64; 2], faster: [f64; 2]| faster[0] > slower[1] * (1.0 + Speedup::BETWEEN_STARTS);
    let key = match (is_apart(own, other), is_apart(other, own)) {
        (true, _) => "compared-time-faster",
        (_, true) => "compared-time-slower",
        _ => "compared-time-same",
    };
    let [a, b] = [a.interval, b.interval].map(format::factors);
    Some(words.with(key, &[("a", a.into()), ("b", b.into())]))
}

/// The numbers of both runs, side by side.
pub(super) fn numbers(a: &Run, b: &Run, difference: &RunDifference, words: &Words) -> Vec<NumberRow> {
    let row = |key: &str, [a, b]: [String; 2], change: String| NumberRow {
        name: words.text(key),
        says: words.hint(key),
        a,
        b,
        change,
        is_better: None,
    };
    let loss_of = |name: &str| difference.parts.iter().find(|part| part.name == name).map(|part| part.loss);
    let part = |run: &Run, at: usize| [&run.evaluation.test, &run.evaluation.val][at].pruned;
    let mut rows = Vec::new();
    for (at, name, key) in [(0, "test", "compared-row-test"), (1, "validation", "compared-row-validation")] {
        let (first, second) = (part(a, at), part(b, at));
        let (texts, change, is_better) = scores(first, second, loss_of(name));
        rows.push(NumberRow { is_better, ..row(key, texts, change) });
    }
    let share = |key: &str, a: f64, b: f64| row(key, [a, b].map(format::percent), format::points(b - a));
    let (edges, weights) = (|run: &Run| run.pruned.edge_sparsity(), |run: &Run| run.pruned.weight_sparsity());
    rows.push(share("compared-row-edges", edges(a), edges(b)));
    rows.push(share("compared-row-weights", weights(a), weights(b)));
    let fewer = |[a, b]: [u64; 2]| (a != b).then_some(b < a);
    let macs = [a, b].map(|run| run.pruned.macs().pruned());
    let change = format::factor(macs[1] as f64 / macs[0] as f64);
    let operations = row("compared-row-operations", macs.map(format::short_count), change);
    rows.push(NumberRow { is_better: fewer(macs), ..operations });
    let bytes = [a, b].map(|run| run.size.sparse_bytes());
    let change = format::factor(bytes[1] as f64 / bytes[0].max(1) as f64);
    rows.push(NumberRow { is_better: fewer(bytes), ..row("compared-row-size", bytes.map(format::bytes), change) });
    let timing =
        |run: &Run, of: &dyn Fn(&Timing) -> String| run.timing.as_ref().map_or_else(|| format::NONE.to_owned(), of);
    let median = |run: &Run| timing(run, &|timing| format::seconds(timing.pruned_secs()));
    rows.push(row("compared-row-time", [median(a), median(b)], String::new()));
    let speedup = |run: &Run| {
        timing(run, &|timing| {
            let measured = timing.speedup();
            format!("{} ({})", format::speedup(&measured), format::factors(measured.interval))
        })
    };
    rows.push(row("compared-row-speedup", [speedup(a), speedup(b)], String::new()));
    rows
}

/// Both as texts with their intervals, how B differs, and whether that is better.
fn scores(a: Score, b: Score, loss: Option<PairedLoss>) -> ([String; 2], String, Option<bool>) {
    let text = |score: Score| match score.n_nodes {
        0 => format::NONE.to_owned(),
        _ => format!("{} ({:.1}–{:.1})", format::percent(score.accuracy), 100.0 * score.low, 100.0 * score.high),
    };
    let change =
        if a.n_nodes * b.n_nodes == 0 { format::NONE.to_owned() } else { format::points(b.accuracy - a.accuracy) };
    let is_better = loss.filter(|loss| is_measurable(loss.interval())).map(|loss| loss.loss < 0.0);
    ([text(a), text(b)], change, is_better)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::words::Language;

    fn words() -> &'static Words {
        Words::of(Language::English)
    }

    fn part(loss: f64, standard_error: f64) -> PartDifference {
        let loss = PairedLoss { n_nodes: 1000, loss, standard_error };
        PartDifference { name: "test", first: Score::default(), second: Score::default(), loss }
    }

    #[test]
    fn the_sign_is_said_in_words() {
        let says = |loss, error| accuracy(&part(loss, error), Metric::Accuracy, words());
        let after = |text: &str| format!("{text}, node beside node)");
        assert_eq!(says(0.008, 0.003), after("B is 0.8 points worse than A on test (95 % interval 0.2 to 1.4 points"));
        assert_eq!(
            says(-0.008, 0.003),
            after("B is 0.8 points better than A on test (95 % interval 0.2 to 1.4 points")
        );
        let unclear = "No measurable difference on test: B is 0.3 points below A (95 % interval −0.9 to 0.3 points";
        assert_eq!(says(0.003, 0.003), after(unclear));
        let same = "No measurable difference on test: B scores the same (95 % interval −0.2 to 0.2 points";
        assert_eq!(says(0.0, 0.001), after(same));
        assert!(says(4e-4, 1e-4).starts_with("B is less than 0.1 points worse than A on test"));
        assert_eq!(
            removed_share("weights", 0.25, 0.5, words()),
            "B removes 25 points more of the weights: 50.0 % against 25.0 %"
        );
        assert_eq!(operations(2000, 1500, words()), "B takes 25.0 % fewer operations: 1,500 against 2,000");
    }

    #[test]
    fn times_differ_where_their_intervals_lie_apart() {
        let measured = |low: f64, high: f64| Speedup { ratio: low, interval: Some([low, high]), n_pairs: 20 };
        let says = |a: &Speedup, b: &Speedup| time(a, b, words()).expect("intervals");
        assert!(says(&measured(1.0, 1.1), &measured(1.5, 1.6)).starts_with("B is faster"));
        assert!(says(&measured(1.5, 1.6), &measured(1.0, 1.1)).starts_with("B is slower"));
        assert!(says(&measured(1.0, 1.1), &measured(1.11, 1.2)).starts_with("No measurable difference in time"));
        assert_eq!(time(&Speedup { interval: None, ..measured(1.0, 1.1) }, &measured(1.0, 1.1), words()), None);
    }
}

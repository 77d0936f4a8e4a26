//! What two runs come to beside each other: numbers with their intervals, and sentences that name the sign.

use super::format;
use super::verdict::in_points;
use crate::engine::experiment::{PairedLoss, PartDifference, Run, RunDifference};
use crate::engine::graph::Metric;
use crate::engine::score::Score;
use crate::engine::timing::Speedup;

/// One number of both runs.
#[derive(Debug, Clone, PartialEq)]
pub struct NumberRow {
    /// What it is, for example `Test accuracy`.
    pub name: String,
    /// What it counts.
    pub says: &'static str,
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
pub(super) fn sentences(a: &Run, b: &Run, difference: &RunDifference) -> Vec<String> {
    let mut says = Vec::new();
    if !difference.is_same_graph {
        says.push(
            "The runs are of different graphs: entries, predictions and accuracy are not held against each other"
                .to_owned(),
        );
    } else if !difference.is_same_split {
        says.push("The runs were evaluated on different splits: accuracy is not held against each other".to_owned());
    }
    says.extend(difference.parts.iter().map(|part| accuracy(part, a.evaluation.metric)));
    if let Some(predictions) = &difference.predictions {
        let n = predictions.changed.len();
        says.push(match n {
            0 => format!("All {} nodes get the same class", format::count(predictions.n_nodes as u64)),
            _ => format!(
                "{} of {} nodes get another class ({})",
                format::count(n as u64),
                format::count(predictions.n_nodes as u64),
                format::percent(n as f64 / predictions.n_nodes.max(1) as f64)
            ),
        });
    }
    let propagates = [a, b].iter().any(|run| run.recipe.model.n_graph_steps() > 0);
    let entries = ("entries", a.pruned.edge_sparsity(), b.pruned.edge_sparsity());
    let weights = ("weights", a.pruned.weight_sparsity(), b.pruned.weight_sparsity());
    let removed = propagates.then_some(entries).into_iter().chain([weights]);
    says.extend(removed.map(|(what, a, b)| removed_share(what, a, b)));
    says.push(operations(a.pruned.macs().pruned(), b.pruned.macs().pruned()));
    let is_same_model = std::sync::Arc::ptr_eq(&a.model, &b.model) && difference.is_same_graph;
    let timed = a.timing.as_ref().zip(b.timing.as_ref()).filter(|_| is_same_model);
    says.extend(timed.and_then(|(a, b)| time(&a.speedup(), &b.speedup())));
    says
}

/// `B is 0.8 points worse than A on test (95 % interval 0.2 to 1.4 points, node beside node)`.
fn accuracy(part: &PartDifference, metric: Metric) -> String {
    let PartDifference { name, loss, .. } = part;
    let of = if metric == Metric::MicroF1 { " of micro-F1" } else { "" };
    let [low, high] = loss.interval();
    if !is_measurable([low, high]) {
        return format!(
            "No measurable difference on {name}: B {} (95 % interval {} to {} points{of}, node beside node)",
            by_points(-loss.loss),
            signed(-high),
            signed(-low)
        );
    }
    let (word, [low, high]) = if low > 0.0 { ("worse", [low, high]) } else { ("better", [-high, -low]) };
    format!(
        "B is {} {word} than A on {name} (95 % interval {:.1} to {:.1} points{of}, node beside node)",
        some_points(loss.loss.abs()),
        100.0 * low,
        100.0 * high
    )
}

/// A difference that there is, however small.
fn some_points(share: f64) -> String {
    if share < 5e-4 { "less than 0.1 points".to_owned() } else { in_points(share) }
}

/// In words that need no sign.
fn by_points(gain: f64) -> String {
    match (1e3 * gain).round() as i64 {
        0 => "scores the same".to_owned(),
        more if more > 0 => format!("is {} above A", in_points(gain)),
        _ => format!("is {} below A", in_points(-gain)),
    }
}

/// Points without a unit, with a true minus.
fn signed(share: f64) -> String {
    let text = format!("{:.1}", 100.0 * share);
    let text = text.strip_prefix("-0.0").map_or_else(|| text.clone(), |rest| format!("0.0{rest}"));
    text.replacen('-', "−", 1)
}

fn removed_share(what: &str, a: f64, b: f64) -> String {
    let shares = format!("{} against {}", format::percent(b), format::percent(a));
    match (1e3 * (b - a)).round() as i64 {
        0 => format!("Both remove the same share of the {what}: {}", format::percent(a)),
        more if more > 0 => format!("B removes {} more of the {what}: {shares}", in_points(b - a)),
        _ => format!("B removes {} less of the {what}: {shares}", in_points(a - b)),
    }
}

fn operations(a: u64, b: u64) -> String {
    let counts = format!("{} against {}", format::short_count(b), format::short_count(a));
    let share = |part: u64, all: u64| format::percent(part as f64 / all.max(1) as f64);
    match b.cmp(&a) {
        std::cmp::Ordering::Equal => format!("Both take {} operations", format::short_count(a)),
        std::cmp::Ordering::Less => format!("B takes {} fewer operations: {counts}", share(a - b, a)),
        std::cmp::Ordering::Greater => format!("B takes {} more operations: {counts}", share(b - a, a)),
    }
}

/// Each was timed in turn with the unpruned model, so their speed-ups can be held against each other: a difference is claimed where the
/// intervals lie apart by more than one start of the program moves them.
fn time(a: &Speedup, b: &Speedup) -> Option<String> {
    let (own, other) = (a.interval?, b.interval?);
    let is_apart = |slower: [f64; 2], faster: [f64; 2]| faster[0] > slower[1] * (1.0 + Speedup::BETWEEN_STARTS);
    let intervals =
        format!("speed-up {} against {} (95 % intervals)", format::factors(b.interval), format::factors(a.interval));
    Some(match (is_apart(own, other), is_apart(other, own)) {
        (true, _) => format!("B is faster than A: {intervals}"),
        (_, true) => format!("B is slower than A: {intervals}"),
        _ => format!("No measurable difference in time: {intervals}"),
    })
}

/// The numbers of both runs, side by side.
pub(super) fn numbers(a: &Run, b: &Run, difference: &RunDifference) -> Vec<NumberRow> {
    let loss_of = |name: &str| difference.parts.iter().find(|part| part.name == name).map(|part| part.loss);
    let part = |run: &Run, at: usize| [&run.evaluation.test, &run.evaluation.val][at].pruned;
    let mut rows = Vec::new();
    for (at, name, title) in [(0, "test", "Test accuracy"), (1, "validation", "Validation accuracy")] {
        rows.push(score_row(title, part(a, at), part(b, at), loss_of(name)));
    }
    let share = |name: &str, says, a: f64, b: f64| row(name, says, [a, b].map(format::percent), format::points(b - a));
    let (edges, weights) = (|run: &Run| run.pruned.edge_sparsity(), |run: &Run| run.pruned.weight_sparsity());
    rows.push(share("Edges removed", "Removed share of graph entries over all layers", edges(a), edges(b)));
    rows.push(share("Weights removed", "Removed share of weights over all layers", weights(a), weights(b)));
    let macs = [a, b].map(|run| run.pruned.macs().pruned());
    let change = format::factor(macs[1] as f64 / macs[0] as f64);
    let says = "Multiply-accumulate operations of the pruned forward pass";
    let is_better = (macs[0] != macs[1]).then_some(macs[1] < macs[0]);
    rows.push(NumberRow { is_better, ..row("Operations", says, macs.map(format::short_count), change) });
    let bytes = [a, b].map(|run| run.size.sparse_bytes());
    let change = format::factor(bytes[1] as f64 / bytes[0].max(1) as f64);
    let is_better = (bytes[0] != bytes[1]).then_some(bytes[1] < bytes[0]);
    let says = "What the pruned model takes stored, its weights sparse";
    rows.push(NumberRow { is_better, ..row("Model size", says, bytes.map(format::bytes), change) });
    let timing = |run: &Run, of: &dyn Fn(&crate::engine::experiment::Timing) -> String| {
        run.timing.as_ref().map_or_else(|| format::NONE.to_owned(), of)
    };
    let median = |run: &Run| timing(run, &|timing| format::seconds(timing.pruned_secs()));
    let says = "Median wall time of the pruned forward pass; each run was measured by itself";
    rows.push(row("Time", says, [median(a), median(b)], String::new()));
    let speedup = |run: &Run| {
        timing(run, &|timing| {
            let measured = timing.speedup();
            format!("{} ({})", format::speedup(&measured), format::factors(measured.interval))
        })
    };
    let says = "Against the unpruned forward pass that was measured in turn, with its 95 % interval";
    rows.push(row("Speed-up", says, [speedup(a), speedup(b)], String::new()));
    rows
}

fn row(name: &str, says: &'static str, [a, b]: [String; 2], change: String) -> NumberRow {
    NumberRow { name: name.to_owned(), says, a, b, change, is_better: None }
}

fn score_row(name: &str, a: Score, b: Score, loss: Option<PairedLoss>) -> NumberRow {
    let text = |score: Score| match score.n_nodes {
        0 => format::NONE.to_owned(),
        _ => format!("{} ({:.1}–{:.1})", format::percent(score.accuracy), 100.0 * score.low, 100.0 * score.high),
    };
    let says = "Accuracy of the pruned model with its 95 % interval; the difference is tested node beside node";
    let change =
        if a.n_nodes * b.n_nodes == 0 { format::NONE.to_owned() } else { format::points(b.accuracy - a.accuracy) };
    let is_better = loss.filter(|loss| is_measurable(loss.interval())).map(|loss| loss.loss < 0.0);
    NumberRow { is_better, ..row(name, says, [text(a), text(b)], change) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(loss: f64, standard_error: f64) -> PartDifference {
        let loss = PairedLoss { n_nodes: 1000, loss, standard_error };
        PartDifference { name: "test", first: Score::default(), second: Score::default(), loss }
    }

    #[test]
    fn the_sign_is_said_in_words() {
        let says = |loss, error| accuracy(&part(loss, error), Metric::Accuracy);
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
            removed_share("weights", 0.25, 0.5),
            "B removes 25 points more of the weights: 50.0 % against 25.0 %"
        );
        assert_eq!(operations(2000, 1500), "B takes 25.0 % fewer operations: 1,500 against 2,000");
    }

    #[test]
    fn times_differ_where_their_intervals_lie_apart() {
        let measured = |low: f64, high: f64| Speedup { ratio: low, interval: Some([low, high]), n_pairs: 20 };
        let says = |a: &Speedup, b: &Speedup| time(a, b).expect("intervals");
        assert!(says(&measured(1.0, 1.1), &measured(1.5, 1.6)).starts_with("B is faster"));
        assert!(says(&measured(1.5, 1.6), &measured(1.0, 1.1)).starts_with("B is slower"));
        assert!(says(&measured(1.0, 1.1), &measured(1.11, 1.2)).starts_with("No measurable difference in time"));
        assert_eq!(time(&Speedup { interval: None, ..measured(1.0, 1.1) }, &measured(1.0, 1.1)), None);
    }
}

//! The verdict on a run in one sentence: what is removed, what that costs, what it gains, and whether it keeps within a limit.
//!
//! The same in the window, on the terminal and in the bundle's README.

use super::format::percent;
use super::words::{Argument, Language, Words};
use crate::engine::experiment::{PairedLoss, PartScores, RequestTiming, Run};
use crate::engine::graph::Metric;
use crate::engine::sparsify::NodesAre;
use crate::engine::timing::{Claim, Speedup};

/// How a run stands to the limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Grade {
    /// What is lost keeps within the limit, its standard error included.
    Safe,
    /// More may be lost, up to [`BREAKS_AT`] times the limit.
    Costs,
    /// More is lost.
    Breaks,
    /// There are too few labelled nodes to tell one from the other.
    Unclear,
}

/// So many times the limit is no cost any more: the model is another one.
pub const BREAKS_AT: f64 = 5.0;

/// The verdict on a run.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Verdict {
    /// How it stands to the limit.
    pub grade: Grade,
    /// The limit, a share of accuracy: 0.01 is one point.
    pub limit: f64,
    /// The grade in a few words, for example `Costs 2.3 points`.
    pub word: String,
    /// What is removed, lost and gained.
    pub sentence: String,
    /// What the grade was decided by.
    pub why: String,
    /// Whether it holds for this graph alone, where accuracy was recovered.
    #[serde(rename = "static")]
    pub is_static: bool,
}

impl Verdict {
    /// The verdict on `run`, held against a `limit` of lost accuracy, a share.
    ///
    /// Safe: no more nodes changed their class than the limit, so that no loss on this graph can be larger; or a certificate says so; or
    /// the loss on validation and test nodes, node beside node, keeps within the limit with its standard error added.
    pub fn of(run: &Run, limit: f64) -> Self {
        Self::in_words(run, limit, Words::of(Language::English))
    }

    /// The same in the words of a language.
    pub fn in_words(run: &Run, limit: f64, words: &Words) -> Self {
        Facts::of(run).said(limit, words)
    }

    /// For a terminal and for pages: the grade, the sentence, and what decided it.
    pub fn lines(&self) -> Vec<String> {
        vec![format!("{}: {}", self.word, lower_first(&self.sentence)), format!("  {}", self.why)]
    }
}

/// What went, in a few words: for a line that has room for no more.
pub fn removed_in_short(run: &Run) -> String {
    let (edges, weights) = (run.pruned.edge_sparsity(), run.pruned.weight_sparsity());
    let channels = run.recipe.channels.map(|rule| format!(", {} of channels", percent(rule.share))).unwrap_or_default();
    format!("removed {} of edges, {} of weights{channels}", percent(edges), percent(weights))
}

/// What a verdict is made of.
#[derive(Debug, Clone, Default)]
struct Facts {
    /// Which nodes accuracy was recovered for, where it was.
    recovered_for: Option<NodesAre>,
    metric: Metric,
    /// Removed share of the entries; none where no graph is walked.
    entries: Option<f64>,
    weights: f64,
    /// Share of the hidden channels that was asked to go as a whole.
    channels: f64,
    /// Lost on the parts of the split, shares; none without labelled nodes.
    test: Option<f64>,
    validation: Option<f64>,
    held_out: PairedLoss,
    /// Share of all nodes (of several classes: decisions) that changed.
    changed: f64,
    /// What is certified: at most so much is lost, at this level.
    certified: Option<(f64, f64)>,
    speedup: Option<Speedup>,
    is_disturbed: bool,
    /// Requests for a few nodes: how many, and how many times as fast.
    request: Option<(usize, Speedup)>,
    /// How many times smaller the model is, stored sparse.
    smaller: f64,
}

impl Facts {
    fn of(run: &Run) -> Self {
        let evaluation = &run.evaluation;
        let lost =
            |part: &PartScores| (part.baseline.n_nodes > 0).then_some(part.baseline.accuracy - part.pruned.accuracy);
        let certificate = run.certificate.as_ref().filter(|certificate| certificate.holds());
        Self {
            recovered_for: run.recipe.recovery.as_ref().map(|rule| rule.nodes_are),
            metric: evaluation.metric,
            entries: (run.recipe.model.n_graph_steps() > 0).then(|| run.pruned.edge_sparsity()),
            weights: run.pruned.weight_sparsity(),
            channels: run.recipe.channels.map_or(0.0, |rule| rule.share),
            test: lost(&evaluation.test),
            validation: lost(&evaluation.val),
            held_out: evaluation.held_out,
            changed: 1.0 - evaluation.agreement,
            certified: certificate.map(|certificate| (certificate.limit, certificate.level)),
            speedup: run.timing.as_ref().map(crate::engine::experiment::Timing::speedup),
            is_disturbed: run.timing.as_ref().is_some_and(|timing| timing.samples.is_disturbed()),
            request: request_of(run),
            smaller: run.size.dense_bytes() as f64 / run.size.sparse_bytes().max(1) as f64,
        }
    }

    fn said(&self, limit: f64, words: &Words) -> Verdict {
        let (grade, why) = self.grade(limit, words);
        let PairedLoss { loss, standard_error, .. } = self.held_out;
        let word = match grade {
            Grade::Safe => words.text("says-safe"),
            Grade::Costs if loss > limit => words.with("says-costs", &[("points", points(loss, words).into())]),
            Grade::Costs => words.with("says-may-cost", &[("points", points(loss + standard_error, words).into())]),
            Grade::Breaks => words.text("says-breaks"),
            Grade::Unclear if self.held_out.n_nodes == 0 => words.text("says-no-labels"),
            Grade::Unclear => words.text("says-too-few"),
        };
        Verdict {
            grade,
            limit,
            word,
            sentence: self.sentence(words),
            why,
            is_static: self.recovered_for == Some(NodesAre::Static),
        }
    }

    fn grade(&self, limit: f64, words: &Words) -> (Grade, String) {
        let PairedLoss { n_nodes, loss, standard_error } = self.held_out;
        let named = words.with("says-limit", &[("points", points(limit, words).into())]);
        let changed = || [("share", Argument::from(percent(self.changed))), ("what", self.what_changes(words).into())];
        if self.changed <= limit {
            let [share, what] = changed();
            return (Grade::Safe, words.with("says-changed-within", &[share, what, ("limit", named.into())]));
        }
        if let Some((certified, level)) = self.certified.filter(|(certified, _)| *certified <= limit) {
            let level = format!("{:.0}", 100.0 * level);
            let said = [("level", level.into()), ("points", points(certified, words).into()), ("limit", named.into())];
            return (Grade::Safe, words.with("says-certified-within", &said));
        }
        if n_nodes == 0 {
            return (Grade::Unclear, words.with("says-changed-unlabelled", &changed()));
        }
        let (low, high) = (loss - standard_error, loss + standard_error);
        let (grade, ruling) = if high <= limit {
            (Grade::Safe, "says-ruling-safe")
        } else if low <= limit && high > BREAKS_AT * limit {
            (Grade::Unclear, "says-ruling-unclear")
        } else if loss > BREAKS_AT * limit {
            (Grade::Breaks, "says-ruling-breaks")
        } else {
            (Grade::Costs, "says-ruling-costs")
        };
        let ruling = words.with(ruling, &[("limit", named.into()), ("times", BREAKS_AT.to_string().into())]);
        let is_new = self.recovered_for == Some(NodesAre::New);
        let lost = words.with(
            if is_new { "says-lost-on-test" } else { "says-lost-on-both" },
            &[
                ("loss", format!("{:.1}", without_sign_of_zero(100.0 * loss)).into()),
                ("error", format!("{:.1}", 100.0 * standard_error).into()),
                ("nodes", n_nodes.into()),
                ("ruling", ruling.into()),
            ],
        );
        (grade, lost)
    }

    fn what_changes(&self, words: &Words) -> String {
        words.text(match self.metric {
            Metric::Accuracy => "says-nodes-change",
            Metric::MicroF1 => "says-decisions-change",
        })
    }

    /// What goes.
    fn removed(&self, words: &Words) -> String {
        let n_what = usize::from(self.entries.is_some()) + usize::from(self.channels > 0.0);
        let key = match (self.entries.is_some(), n_what) {
            (_, 0) => "says-removes-weights",
            (true, 1) => "says-removes-entries",
            (false, _) => "says-removes-weights-channels",
            (true, _) => "says-removes-all",
        };
        let recovered = match self.recovered_for {
            Some(NodesAre::Static) => "static",
            Some(NodesAre::New) => "new",
            None => "plain",
        };
        words.with(
            key,
            &[
                ("recovered", recovered.into()),
                ("entries", percent(self.entries.unwrap_or(0.0)).into()),
                ("weights", percent(self.weights).into()),
                ("channels", percent(self.channels).into()),
            ],
        )
    }

    /// What is lost on the parts of the split that have labels.
    fn losses(&self, words: &Words) -> Vec<String> {
        let parts = [("test", self.test), ("validation", self.validation)];
        let parts = parts.into_iter().filter_map(|(part, loss)| Some((part, loss?)));
        let say = |(at, (part, loss)): (usize, (&'static str, f64))| {
            // The unit stands behind the first number.
            let unit = match (at, self.metric) {
                (0, Metric::Accuracy) => "points",
                (0, Metric::MicroF1) => "micro-f1",
                _ => "none",
            };
            let key = match (1e3 * loss).round() as i64 {
                0 => "says-nothing-lost",
                lost if lost > 0 => "says-lost",
                _ => "says-gained",
            };
            let size = format!("{:.1}", 100.0 * loss.abs());
            words.with(key, &[("loss", size.into()), ("unit", unit.into()), ("part", part.into())])
        };
        parts.enumerate().map(say).collect()
    }

    fn sentence(&self, words: &Words) -> String {
        let mut parts = self.losses(words);
        if parts.is_empty() {
            let (share, what) = (percent(self.changed), self.what_changes(words));
            parts.push(words.with("says-changed", &[("share", share.into()), ("what", what.into())]));
        }
        if let Some((certified, level)) = self.certified {
            let (points, level) = (format!("{:.1}", 100.0 * certified), format!("{:.0}", 100.0 * level));
            parts.push(words.with("says-certified", &[("points", points.into()), ("level", level.into())]));
        }
        parts.extend(self.speedup.as_ref().and_then(|speedup| time(speedup, self.is_disturbed, words)));
        if let Some((n_asked, speedup)) = &self.request
            && speedup.claim() == Claim::Faster
            && let Some(text) = time(speedup, false, words)
        {
            parts.push(words.with("says-requests", &[("nodes", (*n_asked).into()), ("time", text.into())]));
        }
        if self.smaller >= SMALLER_FROM {
            parts.push(words.with("says-smaller", &[("times", format!("{:.1}", self.smaller).into())]));
        }
        let parts = parts.join(&words.text("says-comma"));
        words.with("says-sentence", &[("removed", self.removed(words).into()), ("parts", parts.into())])
    }
}

/// What requests of the middle size gain, where they were timed.
fn request_of(run: &Run) -> Option<(usize, Speedup)> {
    let requests = &run.timing.as_ref()?.requests;
    let request = requests.iter().find(|request| request.n_asked == RequestTiming::OF_A_POINT)?;
    Some((request.n_asked, request.speedup()))
}

/// A model that is stored in as good as the same bytes is not called smaller.
const SMALLER_FROM: f64 = 1.05;

/// What may be said of the time.
fn time(speedup: &Speedup, is_disturbed: bool, words: &Words) -> Option<String> {
    let [low, high] = speedup.interval?;
    let times = |ratio: f64, [low, high]: [f64; 2], key: &str| {
        // With one decimal the interval of a small speed-up would seem to hold 1.
        let digits = if ratio < 2.0 { 2 } else { 1 };
        let [ratio, low, high] = [ratio, low, high].map(|x| Argument::from(format!("{x:.digits$}")));
        words.with(key, &[("ratio", ratio), ("low", low), ("high", high)])
    };
    let text = match speedup.claim() {
        Claim::Faster => times(speedup.ratio, [low, high], "says-faster"),
        Claim::Slower => times(1.0 / speedup.ratio, [1.0 / high, 1.0 / low], "says-slower"),
        Claim::NoDifference => words.text("says-no-difference"),
        Claim::TooFew => return None,
    };
    Some(if is_disturbed { words.with("says-busy", &[("text", text.into())]) } else { text })
}

/// A share in points, for example `1 point` or `0.5 points`.
pub(crate) fn in_points(share: f64) -> String {
    points(share, Words::of(Language::English))
}

/// The same in the words of a language.
fn points(share: f64, words: &Words) -> String {
    let points = without_sign_of_zero((1e3 * share).round() / 10.0);
    let number = if (points - 1.0).abs() < 1e-9 { "one" } else { "other" };
    words.with("says-points", &[("number", number.into()), ("points", points.to_string().into())])
}

/// A number that rounds to 0 at one decimal has no sign.
fn without_sign_of_zero(points: f64) -> f64 {
    if points.abs() < 0.05 { 0.0 } else { points }
}

/// As a sentence goes on, or an error begins.
pub(crate) fn lower_first(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Facts {
        fn judged(&self, limit: f64) -> Verdict {
            self.said(limit, Words::of(Language::English))
        }
    }

    fn lost(n_nodes: usize, loss: f64, standard_error: f64) -> Facts {
        let held_out = PairedLoss { n_nodes, loss, standard_error };
        Facts { held_out, changed: 0.3, entries: Some(0.9), weights: 0.9, smaller: 7.9, ..Facts::default() }
    }

    #[test]
    fn loss_and_error_together_decide() {
        use Grade::{Breaks, Costs, Safe, Unclear};
        // Nodes, loss and standard error in points, limit in points, grade, word.
        let table = [
            (1242, 0.2, 0.4, 1.0, Safe, "Safe"),
            (1242, -0.6, 0.4, 1.0, Safe, "Safe"),
            (1242, 0.8, 0.4, 1.0, Costs, "May cost 1.2 points"),
            (1242, 2.3, 0.4, 1.0, Costs, "Costs 2.3 points"),
            (1242, 2.3, 0.4, 3.0, Safe, "Safe"),
            (1242, 5.3, 0.5, 1.0, Breaks, "Breaks the model"),
            (1242, 40.0, 1.4, 1.0, Breaks, "Breaks the model"),
            (17, 0.0, 5.3, 1.0, Unclear, "Too few nodes to tell"),
            (17, -5.0, 9.0, 1.0, Costs, "May cost 4 points"),
            (17, 20.0, 9.0, 1.0, Breaks, "Breaks the model"),
            (0, 0.0, 0.0, 1.0, Unclear, "No labels to tell"),
        ];
        for (n, loss, error, limit, grade, word) in table {
            let verdict = lost(n, loss / 100.0, error / 100.0).judged(limit / 100.0);
            assert_eq!((verdict.grade, verdict.word.as_str()), (grade, word), "{n} nodes, {loss} ± {error}");
        }
    }

    #[test]
    fn what_did_not_change_cannot_be_lost_and_a_certificate_decides_before_a_sample() {
        let calm = Facts { changed: 0.008, ..lost(8, 0.0, 0.1) };
        assert_eq!(calm.judged(0.01).grade, Grade::Safe);
        let why = calm.judged(0.01).why;
        assert_eq!(
            why,
            "0.8 % of the nodes change their class, and no loss on this graph is larger: within the limit of 1 point"
        );
        let certified = Facts { certified: Some((0.009, 0.95)), ..lost(1242, 0.008, 0.004) };
        assert_eq!(certified.judged(0.01).grade, Grade::Safe);
        assert_eq!(certified.judged(0.005).grade, Grade::Costs);
        let silent = Facts { changed: 0.12, ..lost(0, 0.0, 0.0) };
        assert_eq!(
            silent.judged(0.01).why,
            "12.0 % of the nodes change their class; no labels say whether that costs accuracy"
        );
    }

    #[test]
    fn the_sentence_says_what_is_removed_lost_and_gained() {
        let fast = Speedup { ratio: 4.12, interval: Some([3.8, 4.4]), n_pairs: 20 };
        let whole = Facts {
            recovered_for: Some(NodesAre::Static),
            test: Some(0.003),
            validation: Some(-0.0016),
            certified: Some((0.02, 0.95)),
            speedup: Some(fast),
            ..lost(1242, 0.0, 0.0)
        };
        assert_eq!(
            whole.sentence(Words::of(Language::English)),
            "Static: removes 90.0 % of the entries and 90.0 % of the weights: 0.3 points lost on test, 0.2 gained on validation, certified \
             at most 2.0 (95 %), 4.1 times faster (3.8 to 4.4), 7.9 times smaller"
        );
        let served = Facts { channels: 0.75, request: Some((64, fast)), ..whole.clone() };
        assert_eq!(
            served.sentence(Words::of(Language::English)),
            "Static: removes 90.0 % of the entries, 90.0 % of the weights and 75.0 % of the hidden channels: 0.3 points lost on test, 0.2 \
             gained on validation, certified at most 2.0 (95 %), 4.1 times faster (3.8 to 4.4), requests for 64 nodes 4.1 times faster \
             (3.8 to 4.4), 7.9 times smaller"
        );
        let slow = Speedup { ratio: 0.5, interval: Some([0.4, 0.625]), n_pairs: 20 };
        let little = Speedup { ratio: 1.1, interval: Some([1.04, 1.13]), n_pairs: 20 };
        let alike = Speedup { ratio: 1.01, interval: Some([0.97, 1.04]), n_pairs: 20 };
        let of = |speedup: Speedup, is_disturbed: bool| {
            let facts = Facts {
                entries: None,
                speedup: Some(speedup),
                is_disturbed,
                smaller: 1.0,
                validation: Some(0.0004),
                ..lost(3, 0.0, 0.0)
            };
            facts.sentence(Words::of(Language::English))
        };
        assert_eq!(
            of(slow, false),
            "Removes 90.0 % of the weights: nothing lost on validation, 2.0 times slower (1.6 to 2.5)"
        );
        assert!(of(little, false).ends_with(", 1.10 times faster (1.04 to 1.13)"), "{}", of(little, false));
        assert!(
            of(alike, true).ends_with(", no measurable difference in time on a busy machine"),
            "{}",
            of(alike, true)
        );
        let silent = lost(0, 0.0, 0.0).sentence(Words::of(Language::English));
        assert!(silent.ends_with("weights: 30.0 % of the nodes change their class, 7.9 times smaller"), "{silent}");
        let arriving = Facts { recovered_for: Some(NodesAre::New), ..lost(1242, 0.03, 0.001) };
        let verdict = arriving.judged(0.01);
        assert!(verdict.sentence.starts_with("For new nodes: removes 90.0 %") && !verdict.is_static, "{verdict:?}");
        assert!(verdict.why.starts_with("3.0 ± 0.1 points lost on 1,242 test nodes"), "{verdict:?}");
        let lines = whole.judged(0.01).lines();
        assert!(lines[0].starts_with("Safe: static: removes 90.0 %"), "{lines:?}");
    }

    #[test]
    fn points_are_counted_without_zeros_at_their_end() {
        assert_eq!([0.01, 0.005, 0.02, -0.0001].map(in_points), ["1 point", "0.5 points", "2 points", "0 points"]);
    }
}

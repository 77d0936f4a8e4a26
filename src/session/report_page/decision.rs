//! The decision in one sentence: what was measured, and no more.

use super::reported::Reported;
use super::say::{Say, direction, limit, points, times};
use crate::engine::timing::{Claim, Speedup};
use crate::io::bundle::{RequestMetrics, TimingMetrics};
use crate::session::format::{count, percent};

/// Smaller savings of bytes are none.
const SMALLER: f64 = 1.05;

pub(super) fn sentence(of: &Reported, say: Say) -> String {
    let bundle = &of.bundle;
    let totals = &bundle.metrics.totals;
    let has_weights = bundle.metrics.steps.iter().any(|step| step.weights.is_some());
    let sides = match (of.has_entries(), has_weights) {
        (true, false) => "entries",
        (false, true) => "weights",
        _ => "both",
    };
    let scored = of.scored();
    let lost = scored.map(|(_, before, after)| before.accuracy - after.accuracy);
    let certificate = bundle.certificate.as_ref();
    let certified = match certificate {
        Some(certificate) if certificate.holds() => "holds",
        Some(_) => "fails",
        None => "none",
    };
    let timing = bundle.metrics.timing.as_ref();
    let speedup = timing.map(TimingMetrics::speedup);
    let request = request(of);
    let smaller = bundle.metrics.size.as_ref().map(|size| smaller(size.model_dense_bytes, size.model_sparse_bytes));
    let nodes = scored.map_or(0, |(_, score, _)| score.n_nodes);
    let level = certificate.map_or(0.0, |certificate| certificate.level);
    say.with(
        "report-decision",
        &[
            ("sides", sides.into()),
            ("entries", percent(totals.edge_sparsity).into()),
            ("weights", percent(totals.weight_sparsity).into()),
            ("certified", certified.into()),
            ("change", lost.map_or("unmeasured", direction).into()),
            ("points", points(lost.unwrap_or(0.0)).into()),
            ("metric", say.metric(of.metric()).into()),
            ("nodes", count(nodes as u64).into()),
            ("part", scored.map_or_else(String::new, |(part, ..)| part.nodes(say)).into()),
            ("agreement", percent(bundle.metrics.agreement).into()),
            ("limit", limit(certificate.map_or(0.0, |certificate| certificate.limit)).into()),
            ("level", percent_of_level(level).into()),
            ("time", claim_key(speedup.as_ref()).into()),
            ("factor", speedup.map_or_else(String::new, |speedup| shown(&speedup)).into()),
            ("request", request.map_or("none", |request| if request.n_nodes == 1 { "one" } else { "faster" }).into()),
            ("request_factor", request.map_or_else(String::new, |request| times(request.speedup)).into()),
            ("request_nodes", count(request.map_or(0, |request| request.n_nodes as u64)).into()),
            ("size", if smaller.is_some_and(|ratio| ratio >= SMALLER) { "smaller" } else { "same" }.into()),
            ("smaller", smaller.map_or_else(String::new, times).into()),
        ],
    )
}

/// The confidence of a certificate: 95 %, and not 95.0 %.
pub(super) fn percent_of_level(level: f64) -> String {
    format!("{} %", (1e4 * level).round() / 100.0)
}

pub(super) fn smaller(before: u64, after: u64) -> f64 {
    before as f64 / after.max(1) as f64
}

/// Requests where the pruned model gains most and which may be called faster.
fn request(of: &Reported) -> Option<&RequestMetrics> {
    let requests = of.bundle.metrics.timing.as_ref()?.requests.iter();
    let faster = requests.filter(|request| request.speedup().claim() == Claim::Faster);
    faster.max_by(|a, b| a.speedup.total_cmp(&b.speedup))
}

/// What may be said of a ratio.
pub(super) fn claim_key(speedup: Option<&Speedup>) -> &'static str {
    match speedup.map(Speedup::claim) {
        Some(Claim::Faster) => "faster",
        Some(Claim::Slower) => "slower",
        Some(Claim::NoDifference) => "same",
        Some(Claim::TooFew) => "few",
        None => "unmeasured",
    }
}

/// How many times as fast, or as slow where it is slower.
pub(super) fn shown(speedup: &Speedup) -> String {
    times(if speedup.claim() == Claim::Slower { 1.0 / speedup.ratio } else { speedup.ratio })
}

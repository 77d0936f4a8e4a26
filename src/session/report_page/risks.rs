//! What a reader must know before trusting the rest: what no certificate covers, and what was not measured. Each only where it is so.

use super::beside::answer;
use super::classes::results;
use super::decision::percent_of_level;
use super::reported::Reported;
use super::say::{Say, limit, points};
use crate::engine::timing::Claim;
use crate::io::printed::Block;
use crate::session::check_page::day;
use crate::session::format::count;

/// Smaller classes say little by themselves.
const SMALLEST_CLASS: usize = 10;

pub(super) fn block(of: &Reported, say: Say) -> Block {
    let lines =
        [certificate(of, say), Some(test_size(of, say)), worst_class(of, say), speed(of, say), machine(of, say)];
    let more = [disturbed(of, say), recovered(of, say), arrivals(of, say), Some(drift(of, say)), stress(of, say)];
    Block::Risks { title: say.text("report-risks"), lines: lines.into_iter().chain(more).flatten().collect() }
}

fn certificate(of: &Reported, say: Say) -> Option<String> {
    let Some(certificate) = &of.bundle.certificate else { return Some(say.text("report-risk-no-certificate")) };
    let nodes = count(certificate.nodes.len() as u64);
    let level = percent_of_level(certificate.level);
    if certificate.holds() {
        return Some(say.with("report-risk-certificate", &[("nodes", nodes.into())]));
    }
    let tested = certificate.exported.and_then(|at| certificate.overall.points.get(at))?;
    Some(say.with(
        "report-risk-not-certified",
        &[
            ("limit", limit(certificate.limit).into()),
            ("level", level.into()),
            ("nodes", nodes.into()),
            ("smallest", points(tested.smallest_limit).into()),
        ],
    ))
}

fn test_size(of: &Reported, say: Say) -> String {
    let Some((part, _, after)) = of.scored() else { return say.text("report-risk-no-labels") };
    let half = points((after.high - after.low) / 2.0);
    say.with(
        "report-risk-test-size",
        &[
            ("nodes", count(after.n_nodes as u64).into()),
            ("part", part.nodes(say).into()),
            ("half", half.into()),
            ("metric", say.metric(of.metric()).into()),
        ],
    )
}

fn worst_class(of: &Reported, say: Say) -> Option<String> {
    let (all, _) = results(of)?;
    let large = all.iter().filter(|result| result.n >= SMALLEST_CLASS);
    let worst = large.max_by(|a, b| a.lost().total_cmp(&b.lost())).filter(|worst| worst.lost() > 0.0005)?;
    Some(say.with(
        "report-risk-class",
        &[
            ("name", worst.name.as_str().into()),
            ("points", points(worst.lost()).into()),
            ("nodes", count(worst.n as u64).into()),
        ],
    ))
}

fn speed(of: &Reported, say: Say) -> Option<String> {
    let Some(timing) = &of.bundle.metrics.timing else { return Some(say.text("report-risk-no-time")) };
    let interval = say.ratio_interval(timing.speedup_interval);
    match timing.speedup().claim() {
        Claim::Faster => None,
        Claim::Slower => Some(say.text("report-risk-slower")),
        Claim::NoDifference => Some(say.with("report-risk-no-speedup", &[("interval", interval.into())])),
        Claim::TooFew => Some(say.text("report-risk-few-times")),
    }
}

fn machine(of: &Reported, say: Say) -> Option<String> {
    let timing = of.bundle.metrics.timing.as_ref()?;
    let machine = of.bundle.manifest.machine.as_ref()?;
    let name = machine.processor.clone().unwrap_or_else(|| machine.system.clone());
    let threads = timing.n_threads.to_string();
    Some(say.with("report-risk-machine", &[("processor", name.into()), ("threads", threads.into())]))
}

fn disturbed(of: &Reported, say: Say) -> Option<String> {
    let timing = of.bundle.metrics.timing.as_ref()?;
    let is_disturbed = timing.is_disturbed || timing.requests.iter().any(|request| request.is_disturbed);
    is_disturbed.then(|| say.text("report-risk-disturbed"))
}

fn recovered(of: &Reported, say: Say) -> Option<String> {
    of.bundle.metrics.is_static.then(|| say.text("report-risk-static"))
}

fn arrivals(of: &Reported, say: Say) -> Option<String> {
    of.bundle.new_nodes.is_none().then(|| say.text("report-risk-no-new-nodes"))
}

fn drift(of: &Reported, say: Say) -> String {
    let Some(last) = of.history.last() else { return say.text("report-risk-never-checked") };
    say.with(
        "report-risk-last-check",
        &[("day", day(last.at).into()), ("answer", answer(last.check.level, say).into())],
    )
}

fn stress(of: &Reported, say: Say) -> Option<String> {
    of.stress.is_none().then(|| say.text("report-risk-no-stress"))
}

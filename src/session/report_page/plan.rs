//! The roll-out in stages: what is done, what is watched, when to stop. Commands are those of `docs/OPERATIONS.md`, numbers those of the
//! recipe's `[monitor]`.

use super::reported::Reported;
use super::say::{Say, limit};
use crate::engine::graph::Metric;
use crate::io::export::PilotLimit;
use crate::io::printed::Stage;
use crate::session::tasks::pilot::USUAL_LIMIT;

/// Stages of a roll-out.
pub(super) fn stages(of: &Reported, say: Say) -> Vec<Stage> {
    vec![pilot(of, say), half(of, say), full(of, say)]
}

/// Points that a pilot may lose.
fn may_lose(of: &Reported) -> String {
    limit(PilotLimit::of(of.bundle.certificate.as_ref(), USUAL_LIMIT).limit)
}

fn pilot(of: &Reported, say: Say) -> Stage {
    let name = say.text("report-plan-pilot");
    if of.metric() == Metric::MicroF1 {
        return Stage { name, lines: vec![say.text("report-plan-own-pilot")] };
    }
    let export =
        format!("unifews export {} --as pilot --model MODEL --share 10 --sample 100 -o PILOT", quoted(&of.name));
    let (serve, log) = ("python PILOT/serve.py --log requests.jsonl", "python PILOT/read_log.py requests.jsonl");
    let lines = vec![
        say.with("report-plan-pilot-do", &[("command", export.into()), ("serve", serve.into())]),
        say.with("report-plan-pilot-watch", &[("command", log.into())]),
        say.with("report-plan-pilot-stop", &[("points", may_lose(of).into())]),
    ];
    Stage { name, lines }
}

fn half(of: &Reported, say: Say) -> Stage {
    let log = "python PILOT/read_log.py requests.jsonl --labels LABELS";
    let lines = vec![
        say.text("report-plan-half-do"),
        say.with("report-plan-half-watch", &[("command", log.into())]),
        say.with("report-plan-half-stop", &[("points", may_lose(of).into())]),
    ];
    Stage { name: say.text("report-plan-half"), lines }
}

fn full(of: &Reported, say: Say) -> Stage {
    let monitor = of.bundle.recipe.monitor.unwrap_or_default();
    let check = format!("unifews check {} --graph TODAY --model MODEL", quoted(&of.name));
    let number = |x: f64| x.to_string();
    let key = if of.bundle.recipe.monitor.is_some() { "report-plan-own-limits" } else { "report-plan-usual-limits" };
    let limits = say.with(
        "report-plan-full-limits",
        &[
            ("arrivals", number(monitor.arrivals_psi).into()),
            ("messages", number(monitor.message_psi).into()),
            ("overlap", format!("{} %", limit(monitor.decision_overlap)).into()),
            ("agreement", limit(monitor.agreement_drop[0]).into()),
            ("accuracy", limit(monitor.accuracy_drop[0]).into()),
            ("loss", limit(monitor.loss_limit).into()),
            ("limits", say.text(key).into()),
        ],
    );
    let stop = say.with(
        "report-plan-full-stop",
        &[("agreement", limit(monitor.agreement_drop[1]).into()), ("accuracy", limit(monitor.accuracy_drop[1]).into())],
    );
    let lines = vec![
        say.text("report-plan-full-do"),
        say.with("report-plan-full-watch", &[("command", check.into())]),
        limits,
        stop,
    ];
    Stage { name: say.text("report-plan-full"), lines }
}

/// A path as a shell takes it.
pub(super) fn quoted(text: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || "/._-+:\\".contains(c);
    let is_option = text.starts_with('-');
    if !text.is_empty() && !is_option && text.chars().all(is_plain) {
        text.to_owned()
    } else {
        let path = if is_option { format!("./{text}") } else { text.to_owned() };
        format!("'{}'", path.replace('\'', r"'\''"))
    }
}

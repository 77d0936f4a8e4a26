//! `unifews stress GRAPH MODEL`: how a pruned model and its baseline fall when the data are disturbed.

use std::path::Path;
use std::sync::Arc;

use serde::Serialize;

use super::args::StressArgs;
use super::failure::UsageError;
use super::output;
use super::progress::Terminal;
use super::{inputs, pictures};
use crate::engine::experiment::{StressKind, StressMasks, StressPlan};
use crate::io::results::{StressResults, StressWriter};
use crate::session::stress_page;
use crate::session::tasks::stress::Stress;

/// More seeds than anybody waits for.
const MAX_SEEDS: u64 = 1000;

#[derive(Serialize)]
struct Document<'a> {
    command: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    output: Option<&'a Path>,
    #[serde(flatten)]
    results: &'a StressResults,
}

pub(super) fn run(args: &StressArgs, terminal: &Terminal) -> anyhow::Result<()> {
    let mut plan = plan(args)?;
    let masks = masks(args)?;
    let writer = args.output.as_ref().map(|folder| StressWriter::begin(folder, terminal.ctl())).transpose()?;
    let mut input = inputs::read(&args.graph, &args.recipe, &args.shared, terminal)?;
    let model = inputs::read_fitting_model(&args.model, &args.recipe, &input.dataset, &mut input.recipe, terminal)?;
    // What never changes a result is not part of what is written.
    input.recipe.threads = 0;
    plan.masks = masks.unwrap_or_else(|| StressMasks::suited_to(&input.recipe));
    let task = Stress::new(Arc::clone(&input.dataset), model, input.recipe, plan);
    let results = terminal.run(task, &mut |_point| {})?;
    if let Some(writer) = writer {
        writer.write(&results, &pictures::stress(&results)?, terminal.ctl())?;
    }
    terminal.clear();
    if args.shared.json {
        return output::json(&Document { command: "stress", output: args.output.as_deref(), results: &results });
    }
    let mut lines = output::page(&stress_page(&results));
    lines.extend(args.output.iter().map(|folder| format!("\nwrote {}", folder.display())));
    output::lines(&lines)
}

fn masks(args: &StressArgs) -> Result<Option<StressMasks>, UsageError> {
    match args.masks.as_deref() {
        None => Ok(None),
        Some("carried") => Ok(Some(StressMasks::Carried)),
        Some("decided") => Ok(Some(StressMasks::Decided)),
        Some(other) => Err(UsageError::new("--masks", "carried or decided", other)),
    }
}

fn plan(args: &StressArgs) -> Result<StressPlan, UsageError> {
    let mut plan = StressPlan { levels: args.levels.clone(), ..StressPlan::default() };
    if args.kinds.iter().map(String::as_str).ne(["all"]) {
        let known = || StressKind::ALL.map(StressKind::key).join(", ");
        let kind = |name: &String| {
            let wrong = || UsageError::new("--kinds", format!("all, or some of {}", known()), name);
            StressKind::from_key(name).ok_or_else(wrong)
        };
        plan.kinds = args.kinds.iter().map(kind).collect::<Result<_, _>>()?;
        plan.kinds.sort_unstable();
        plan.kinds.dedup();
    }
    if !(1..=MAX_SEEDS).contains(&args.seeds) {
        return Err(UsageError::new("--seeds", format!("1 to {MAX_SEEDS}"), args.seeds));
    }
    plan.seeds = (1..=args.seeds).collect();
    for level in args.levels.iter().flatten() {
        if let Some(kind) = plan.kinds.iter().find(|kind| !kind.allows(*level)) {
            return Err(UsageError::new("--levels", kind.allowed_says(), level));
        }
    }
    Ok(plan)
}

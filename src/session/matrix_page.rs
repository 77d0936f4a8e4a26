//! A weight matrix in words and tables, and the weights around one of them.

use super::format::{bytes, count, percent};
use super::page::{PagePart, PageTable};
use super::selection::WeightPlace;
use crate::engine::EngineError;
use crate::engine::experiment::{Run, matrix_facts};
use crate::engine::plot::describe_weight;

/// Outputs and inputs on either side of the weight; of inputs fewer, since they stand side by side in a narrow pane.
const AROUND: [usize; 2] = [2, 1];

/// What the matrix of a weight holds, why the weight was kept or removed, and its neighbours in the matrix.
///
/// # Errors
/// [`EngineError::Mismatch`] for a matrix that the model does not have.
pub(super) fn matrix_page(run: &Run, place: WeightPlace) -> Result<Vec<PagePart>, EngineError> {
    let facts = matrix_facts(run, place.matrix)?;
    let [d_in, d_out] = facts.shape;
    let n = d_in * d_out;
    let steps = run.pruned.steps.iter().enumerate();
    let trace = steps.flat_map(|(step, of_step)| (0..of_step.weights.len()).map(move |nth| (step, nth, of_step)));
    let found = trace.into_iter().find(|(_, nth, of_step)| of_step.weights[*nth].idx == place.matrix);
    let weight = found.and_then(|(step, nth, _)| describe_weight(run, step, nth, (place.input, place.output)));
    let mut page = Vec::new();
    if let Some(weight) = weight {
        page.push(PagePart::Line(format!(
            "W[{}, {}] = {}: {}",
            place.input,
            place.output,
            number(weight.value),
            weight.reason
        )));
        page.extend(weight.recovered.map(|now| PagePart::Line(format!("Its value is {} now", number(now)))));
        page.push(PagePart::blank());
    }
    page.push(PagePart::Table(around(run, place, facts.shape)));
    page.push(PagePart::Line("In brackets: removed".to_owned()));
    page.push(PagePart::blank());
    let share = facts.n_removed as f64 / n.max(1) as f64;
    page.push(PagePart::Line(format!(
        "{} inputs × {} outputs, removed {} ({} of {})",
        count(d_in as u64),
        count(d_out as u64),
        percent(share),
        count(facts.n_removed as u64),
        count(n as u64)
    )));
    page.push(PagePart::Line(format!(
        "{} inputs that no kept weight reads, {} outputs that none adds to",
        count(facts.n_unread_inputs as u64),
        count(facts.n_empty_outputs as u64)
    )));
    page.push(PagePart::Line(format!(
        "{} dense, {} in the smallest encoding",
        bytes(facts.bytes[0]),
        bytes(facts.bytes[1])
    )));
    page.push(PagePart::blank());
    let spreads = [("input", facts.removed_by_input), ("output", facts.removed_by_output)];
    page.push(PagePart::Table(PageTable {
        header: texts(&["removed by", "least", "median", "most"]),
        n_left: 1,
        rows: spreads.map(|(of, spread)| [vec![of.to_owned()], spread.map(percent).to_vec()].concat()).to_vec(),
    }));
    page.push(PagePart::blank());
    let values = ["unpruned", "pruned"].into_iter().zip(facts.values);
    let values = values.map(|(name, of)| {
        let numbers = [of.min, of.max, of.mean, of.norm].map(|value| number(value as f32));
        [vec![name.to_owned()], numbers.to_vec()].concat()
    });
    page.push(PagePart::Table(PageTable {
        header: texts(&["values", "min", "max", "mean", "norm"]),
        n_left: 1,
        rows: values.collect(),
    }));
    Ok(page)
}

/// The values around a weight, outputs down and inputs across as in the heatmap.
fn around(run: &Run, place: WeightPlace, [d_in, d_out]: [usize; 2]) -> PageTable {
    let range = |at: usize, around: usize, n: usize| at.saturating_sub(around)..(at + around + 1).min(n);
    let mask = run.pruned.masks.weights.get(place.matrix);
    let value = |input: usize, output: usize| {
        let at = (input, output);
        let is_kept = mask.and_then(|mask| mask.get(at)).copied().unwrap_or_default();
        let of = if is_kept { &run.pruned.model } else { &run.model };
        let value = of.weight(place.matrix).and_then(|weight| weight.values.get(at)).map_or(f32::NAN, |value| *value);
        if is_kept { format!("{value:.3}") } else { format!("({value:.3})") }
    };
    let inputs = range(place.input, AROUND[1], d_in);
    let row = |output: usize| {
        [vec![format!("out {output}")], inputs.clone().map(|input| value(input, output)).collect()].concat()
    };
    let header = [vec![String::new()], inputs.clone().map(|input| format!("in {input}")).collect()].concat();
    PageTable { header, n_left: 1, rows: range(place.output, AROUND[0], d_out).map(row).collect() }
}

fn texts(words: &[&str]) -> Vec<String> {
    words.iter().map(|&word| word.to_owned()).collect()
}

fn number(value: f32) -> String {
    if value.is_finite() { format!("{value:.4}") } else { "-".to_owned() }
}

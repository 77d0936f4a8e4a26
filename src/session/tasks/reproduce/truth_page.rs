//! The page of the table: what every way lost at the shares that were really removed, and what may be made of it.

use super::plan::{PublishedTable, ReproducePlan};
use super::truth_lines::{TruthLine, TruthModel};
use crate::engine::experiment::TruthScore;
use crate::io::bundle::MachineNote;
use crate::io::escaped_markdown;
use crate::session::format::{percent, seconds};

/// Below the table.
const MEANS: &str = "\
## What it means

* **Same true sparsity.** All lines of one pair of shares remove as much, to within rounding and ties. In evaluation nothing is put back; the authors' protocol puts removed
  entries into test nodes back, and reports more.
* **Static.** Recovery fits entries' values, weights and moments to what the unpruned model says of every node of this graph, the test nodes among them; no label is looked
  at. What it gives is this graph with this model, compressed. It says nothing about new nodes or other graphs.
* **The controls are the caveat.** What a static line loses less than \"no entries\" its kept entries carry; the rest values, weights and moments hold without any neighbour. What it loses less
  than \"random entries\" the choice of entries is worth. Where \"fitted without test nodes\" loses as little, the weights did not merely store answers on the test nodes; values of entries are still fitted in every row.
* **Trained without the test nodes** are models to which these are new: neither they nor their entries were there. *New nodes* decides masks, values and weights before they come, and what the
  unpruned model says of them plays no part; its entries are removed from the rows of known and of new nodes alike. *Trained* adds a training on the known nodes. *Known at pruning* is static recovery of the
  same model once they are there.
* **Authors' masks, fitted** says how much of the difference to the published line is the fit, and how much the choice of what goes.
* Differences smaller than the deviations are noise.
";

/// The page with what was measured so far; `n` of all lines of the plan are there.
pub(super) fn page(
    plan: &ReproducePlan,
    lines: &[TruthLine],
    (n_done, n_in_all): (usize, usize),
    machine: &MachineNote,
) -> String {
    let mut page = format!("# {}\n\n", PublishedTable::Truth.title());
    let processor = machine.processor.as_deref().unwrap_or("unknown processor");
    page.extend([format!("Made by `{}`: {processor}, {}.\n\n", command(plan), machine.system)]);
    page.push_str(PublishedTable::Truth.explanation());
    page.push_str("\n\n");
    if n_done < n_in_all {
        page.extend([format!("Not finished: {n_done} of {n_in_all} lines of this call.\n\n")]);
    }
    let groups = groups(lines);
    if groups.is_empty() {
        return page;
    }
    page.push_str(
        "| graph | model | epochs | judged by | unpruned | splits | seeds | threads | training |\n\
         | --- | --- | ---: | --- | ---: | --- | --- | ---: | ---: |\n",
    );
    for group in &groups {
        page.push_str(&model_line(group));
    }
    for group in &groups {
        let of = &group[0].of;
        page.extend([format!("\n## {}, {}\n\n", escaped_markdown(&of.graph), model_of(of))]);
        page.push_str(
            "| asked, entries/weights, % | way | entries removed | weights removed | points lost | keep their class | seconds | models |\n\
             | --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |\n",
        );
        let mut cells: Vec<&TruthLine> = Vec::new();
        for line in group {
            if !cells.iter().any(|c| c.way == line.way && c.shares == line.shares) {
                cells.push(line);
            }
        }
        let order = |l: &TruthLine| (l.shares.entries, l.shares.weights);
        cells.sort_by(|a, b| {
            let (a_at, b_at) = (order(a), order(b));
            a_at.0.total_cmp(&b_at.0).then(a_at.1.total_cmp(&b_at.1)).then(a.way.cmp(&b.way))
        });
        for cell in cells {
            let own: Vec<&TruthLine> =
                group.iter().copied().filter(|l| l.way == cell.way && l.shares == cell.shares).collect();
            page.push_str(&cell_line(cell, &own));
        }
    }
    page.push('\n');
    page.push_str(MEANS);
    page
}

/// Lines of one graph and one kind of model, in the order in which they came.
fn groups(lines: &[TruthLine]) -> Vec<Vec<&TruthLine>> {
    let kind = |of: &TruthModel| {
        (of.graph.clone(), of.n_nodes, of.n_entries, of.model.clone(), of.epochs, of.inductive, of.standardised)
    };
    let mut groups: Vec<Vec<&TruthLine>> = Vec::new();
    for line in lines {
        match groups.iter_mut().find(|group| kind(&group[0].of) == kind(&line.of)) {
            Some(group) => group.push(line),
            None => groups.push(vec![line]),
        }
    }
    groups
}

/// What the model is called.
fn model_of(of: &TruthModel) -> String {
    let standardised = if of.standardised { ", features standardised" } else { "" };
    let inductive = if of.inductive { ", trained without the test nodes" } else { "" };
    format!("{}{standardised}{inductive}", of.model)
}

/// What is said of the models of a group.
fn model_line(group: &[&TruthLine]) -> String {
    let of = &group[0].of;
    let mut models: Vec<&TruthLine> = Vec::new();
    for line in group {
        if !models.iter().any(|m| m.of == line.of) {
            models.push(line);
        }
    }
    let list = |of: &dyn Fn(&TruthLine) -> String| {
        let mut all: Vec<String> = Vec::new();
        for text in models.iter().map(|m| of(m)) {
            if !all.contains(&text) {
                all.push(text);
            }
        }
        all.join(", ")
    };
    let judged_by = if group[0].score.auc.is_some() { "ROC AUC" } else { "accuracy" };
    let unpruned: Vec<f64> = models.iter().map(|m| 100.0 * m.score.judged()[0]).collect();
    let training = models.iter().map(|m| m.train_secs).sum::<f64>() / models.len() as f64;
    format!(
        "| {} | {} | {} | {judged_by} | {} % | {} | {} | {} | {} |\n",
        escaped_markdown(&of.graph),
        model_of(of),
        of.epochs,
        mean_and_deviation(&unpruned),
        escaped_markdown(&list(&|m| m.of.split.clone())),
        list(&|m| m.of.seed.to_string()),
        list(&|m| m.n_threads.to_string()),
        seconds(training),
    )
}

fn cell_line(cell: &TruthLine, own: &[&TruthLine]) -> String {
    let mean = |of: &dyn Fn(&TruthScore) -> f64| own.iter().map(|l| of(&l.score)).sum::<f64>() / own.len() as f64;
    let lost: Vec<f64> = own.iter().map(|l| 100.0 * l.score.lost()).collect();
    let secs: Vec<f64> = own.iter().map(|l| l.secs).collect();
    let way = cell.way.title();
    let way = if cell.way.is_control() { way.to_owned() } else { format!("**{way}**") };
    format!(
        "| {} | {way} | {} | {} | {} | {} | {} | {} |\n",
        cell.shares,
        percent(mean(&|s| s.edge_sparsity)),
        percent(mean(&|s| s.weight_sparsity)),
        mean_and_deviation(&lost),
        percent(mean(&|s| s.agreement)),
        mean_and_deviation(&secs),
        own.len(),
    )
}

/// Mean and standard deviation of the sample with one decimal, for example `0.2 ± 0.3`; of one value it alone.
fn mean_and_deviation(values: &[f64]) -> String {
    let n = values.len();
    let mean = values.iter().sum::<f64>() / n.max(1) as f64;
    // Without the sign of a 0.
    let shown = (10.0 * mean).round() / 10.0 + 0.0;
    if n < 2 {
        return format!("{shown:.1}");
    }
    let squares: f64 = values.iter().map(|v| (v - mean).powi(2)).sum();
    format!("{shown:.1} ± {:.1}", (squares / (n - 1) as f64).sqrt())
}

/// The call that made it.
fn command(plan: &ReproducePlan) -> String {
    let mut words = vec![format!("unifews reproduce {}", PublishedTable::Truth.key())];
    words.extend(plan.graphs.iter().cloned());
    if plan.truth.data.is_some() {
        // Where the data lie on this machine tells nobody anything.
        words.push("--data DIR".to_owned());
    }
    let list = |items: Vec<String>| items.join(",");
    let default = ReproducePlan::default();
    let (ours, usual) = (&plan.truth, &default.truth);
    if ours.families != usual.families {
        words.push(format!("--families {}", list(ours.families.iter().map(|f| f.key().to_owned()).collect())));
    }
    if ours.splits != usual.splits {
        words.push(format!("--splits {}", list(ours.splits.clone())));
    }
    if plan.seeds != default.seeds {
        words.push(format!("--seeds {}", list(plan.seeds.iter().map(u64::to_string).collect())));
    }
    if ours.shares != usual.shares {
        words.push(format!("--shares {}", list(ours.shares.iter().map(ToString::to_string).collect())));
    }
    if ours.ways != usual.ways {
        words.push(format!("--ways {}", list(ours.ways.iter().map(|w| w.key().to_owned()).collect())));
    }
    let settings = [("--epochs", plan.epochs), ("--hidden", plan.hidden)];
    words.extend(settings.iter().filter_map(|(name, value)| value.map(|v| format!("{name} {v}"))));
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::super::truth_lines::tests::line;
    use super::*;
    use crate::engine::experiment::TruthWay;

    #[test]
    fn the_page_has_means_and_deviations_of_paired_points() {
        let lines = [
            line(41, TruthWay::OneShot, "90/90", 0.877),
            line(42, TruthWay::OneShot, "90/90", 0.883),
            line(41, TruthWay::Published, "90/90", 0.48),
            line(41, TruthWay::OneShot, "50/0", 0.8801),
        ];
        let machine = MachineNote { n_threads: 2, processor: None, system: "test".to_owned() };
        let text = page(&ReproducePlan::default(), &lines, (4, 9), &machine);
        let rows: Vec<&str> = text.lines().filter(|l| l.starts_with("| 50/0") || l.starts_with("| 90/90")).collect();
        assert_eq!(
            rows,
            [
                "| 50/0 | **static, one-shot** | 90.1 % | 90.0 % | 0.0 | 97.0 % | 1.5 | 1 |",
                "| 90/90 | **authors' masks, as published** | 90.1 % | 90.0 % | 40.0 | 97.0 % | 1.5 | 1 |",
                "| 90/90 | **static, one-shot** | 90.1 % | 90.0 % | 0.0 ± 0.4 | 97.0 % | 1.5 ± 0.0 | 2 |",
            ]
        );
        assert!(
            text.contains("| cora | GCN 3-8-2 | 5 | accuracy | 88.0 ± 0.0 % | seed41, seed42 | 41, 42 | 2 |"),
            "{text}"
        );
        assert!(text.contains("Not finished: 4 of 9 lines") && text.contains("The controls are the caveat"), "{text}");
        assert!(text.contains("Made by `unifews reproduce truth`:"), "{text}");
    }

    #[test]
    fn the_call_names_what_is_not_usual() {
        let mut plan = ReproducePlan { graphs: vec!["cora".to_owned()], seeds: vec![1], ..ReproducePlan::default() };
        plan.truth.data = Some("somewhere".into());
        plan.truth.families.truncate(1);
        plan.truth.shares.truncate(2);
        plan.truth.ways = vec![TruthWay::OneShot];
        plan.hidden = Some(8);
        let expected = "unifews reproduce truth cora --data DIR --families gcn --seeds 1 --shares 50/0,80/90 --ways one-shot --hidden 8";
        assert_eq!(command(&plan), expected);
    }
}

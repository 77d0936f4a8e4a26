//! `predictions.csv`: one row per node, what it is, what both models say, and how sure the pruned one is.

use ndarray::{Array2, ArrayView1};

use crate::engine::experiment::Run;
use crate::engine::score::predictions;
use crate::io::table::{Column, Table};

/// The columns that hold classes: integers, or with several classes per node texts with spaces between.
const CLASSES: [&str; 3] = ["label", "dense_prediction", "pruned_prediction"];

/// The same by name, behind all others: where classes have names and every node has at most one.
const CLASS_NAMES: [&str; 3] = ["label_name", "dense_prediction_name", "pruned_prediction_name"];

/// The predictions of a run.
pub(crate) fn predictions_of(run: &Run) -> Table {
    let n = run.dataset.n_nodes();
    let labels = run.dataset.labels();
    let is_multi = labels.is_some_and(|l| l.tags().is_some());
    let said = |logits: &Array2<f32>| {
        if is_multi {
            Column::Text(logits.rows().into_iter().map(|row| Some(above_zero(row))).collect())
        } else {
            Column::Whole(predictions(logits).into_iter().map(|class| Some(i64::from(class))).collect())
        }
    };
    let label = if is_multi {
        let text = |u| labels.map(|l| words(l.all_of(u).into_iter())).filter(|text| !text.is_empty());
        Column::Text((0..n).map(text).collect())
    } else {
        Column::Whole(
            (0..n).map(|u| labels.and_then(|l| l.of(u)).and_then(|class| i64::try_from(class).ok())).collect(),
        )
    };
    let margins =
        run.pruned.logits.rows().into_iter().map(|row| {
            if is_multi { row.iter().map(|v| v.abs()).reduce(f32::min) } else { margin(row.iter().copied()) }
        });
    let mut table = Table::default();
    table.push("node", Column::Text((0..n).map(|u| Some(run.dataset.node_id(u))).collect()));
    for (name, column) in CLASSES.into_iter().zip([label, said(&run.baseline_logits), said(&run.pruned.logits)]) {
        table.push(name, column);
    }
    table.push("margin", Column::Single(margins.collect()));
    push_names(&mut table, labels.map_or(&[], |labels| &labels.names));
    table
}

/// Adds the classes by name, where they are single numbers.
fn push_names(table: &mut Table, names: &[String]) {
    if names.is_empty() {
        return;
    }
    let by_name = |column: &Column| match column {
        Column::Whole(classes) => {
            let name = |class: &Option<i64>| class.and_then(|class| names.get(usize::try_from(class).ok()?).cloned());
            Some(Column::Text(classes.iter().map(name).collect()))
        }
        _ => None,
    };
    let columns: Vec<Option<Column>> = CLASSES.iter().map(|name| table.column(name).and_then(by_name)).collect();
    for (name, column) in CLASS_NAMES.into_iter().zip(columns) {
        if let Some(column) = column {
            table.push(name, column);
        }
    }
}

/// What the unpruned model said of every node, as logits that say no more than that: 1 for what it chose, and for what it did not 0, or
/// -1 with several classes per node. `[n_nodes, n_classes]`; `None` where the table names a class that the model does not have.
pub(super) fn chosen_by_baseline(table: &Table, n_classes: usize) -> Option<Array2<f32>> {
    let column = table.column(CLASSES[1])?;
    let is_multi = matches!(column, Column::Text(_));
    let mut logits = Array2::from_elem((table.n_rows(), n_classes), if is_multi { -1.0 } else { 0.0 });
    let mut choose = |u: usize, class: usize| logits.get_mut((u, class)).map(|logit| *logit = 1.0);
    match column {
        Column::Whole(classes) => {
            for (u, class) in classes.iter().enumerate() {
                choose(u, usize::try_from((*class)?).ok()?)?;
            }
        }
        Column::Text(texts) => {
            for (u, text) in texts.iter().enumerate() {
                for class in text.iter().flat_map(|text| text.split_whitespace()) {
                    choose(u, class.parse().ok()?)?;
                }
            }
        }
        _ => return None,
    }
    Some(logits)
}

/// A table with the same columns and no rows, for reading a file that begins with `head`: earlier versions wrote no names.
pub(super) fn columns(is_multi: bool, head: &[u8]) -> Table {
    let classes = || if is_multi { Column::Text(Vec::new()) } else { Column::Whole(Vec::new()) };
    let mut table = Table::default();
    table.push("node", Column::Text(Vec::new()));
    for name in CLASSES {
        table.push(name, classes());
    }
    table.push("margin", Column::Single(Vec::new()));
    let header = head.split(|byte| *byte == b'\n').next().unwrap_or_default();
    if !is_multi && header.trim_ascii_end().ends_with(CLASS_NAMES[2].as_bytes()) {
        for name in CLASS_NAMES {
            table.push(name, Column::Text(Vec::new()));
        }
    }
    table
}

fn words(classes: impl Iterator<Item = usize>) -> String {
    classes.map(|c| c.to_string()).collect::<Vec<_>>().join(" ")
}

fn above_zero(logits: ArrayView1<'_, f32>) -> String {
    words(logits.iter().enumerate().filter(|(_, logit)| **logit > 0.0).map(|(class, _)| class))
}

/// Largest logit minus second largest; none for a single class.
pub(crate) fn margin(logits: impl Iterator<Item = f32>) -> Option<f32> {
    let (mut first, mut second) = (f32::NEG_INFINITY, f32::NEG_INFINITY);
    for logit in logits {
        if logit > first {
            (first, second) = (logit, first);
        } else {
            second = second.max(logit);
        }
    }
    second.is_finite().then_some(first - second)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn margin_is_the_gap_between_the_two_largest() {
        assert_eq!(margin([0.5, 2.0, -1.0, 1.25].into_iter()), Some(0.75));
        assert_eq!(margin([2.0, 2.0].into_iter()), Some(0.0));
        assert_eq!(margin([2.0].into_iter()), None);
    }

    #[test]
    fn names_are_looked_for_where_they_were_written() {
        let header = |head: &[u8]| {
            let bytes = columns(false, head).encode(crate::io::table::TableForm::Csv).expect("CSV");
            String::from_utf8(bytes).expect("UTF-8")
        };
        let old = b"node,label,dense_prediction,pruned_prediction,margin\n0,1,1,1,0.5\n";
        assert_eq!(header(old), "node,label,dense_prediction,pruned_prediction,margin\n");
        let new = b"node,label,dense_prediction,pruned_prediction,margin,label_name,dense_prediction_name,pruned_prediction_name\n";
        assert_eq!(header(new).as_bytes(), new);
    }
}

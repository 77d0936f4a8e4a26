//! What requests for a few nodes took, as a table.

use super::format::{count, seconds};
use super::page::{PagePart, PageTable};
use crate::engine::experiment::RequestSummary;

/// One row per size of request; nothing where none were timed.
pub fn request_page(requests: &[RequestSummary]) -> Vec<PagePart> {
    if requests.is_empty() {
        return Vec::new();
    }
    let rows = requests.iter().map(|request| {
        let change = |[before, after]: [usize; 2]| format!("{} → {}", count(before as u64), count(after as u64));
        let time = |way: usize| format!("{} ({})", seconds(request.secs[way]), seconds(request.slowest_secs[way]));
        let busy = if request.is_disturbed { "; busy machine" } else { "" };
        vec![
            count(request.n_asked as u64),
            change(request.field_nodes),
            change(request.field_entries),
            time(0),
            time(1),
            format!(
                "{} → {}",
                count(request.per_second[0].round() as u64),
                count(request.per_second[1].round() as u64)
            ),
            format!("{}{busy}", request.speedup),
        ]
    });
    let header = ["nodes", "their field: nodes", "entries", "unpruned", "pruned", "requests a second", "pruned is"];
    let says = "Requests for random nodes, scored on their receptive field alone; medians (99th percentile):";
    vec![
        PagePart::blank(),
        PagePart::Line(says.to_owned()),
        PagePart::Table(PageTable { header: header.map(str::to_owned).to_vec(), n_left: 0, rows: rows.collect() }),
    ]
}

//! What requests for a few nodes took, as a table.

use super::format::{count, seconds};
use super::page::{PagePart, PageTable};
use super::words::Words;
use crate::engine::experiment::RequestSummary;

/// One row per size of request; nothing where none were timed.
pub fn request_page(words: &Words, requests: &[RequestSummary]) -> Vec<PagePart> {
    if requests.is_empty() {
        return Vec::new();
    }
    let rows = requests.iter().map(|request| {
        let change = |[before, after]: [usize; 2]| format!("{} → {}", count(before as u64), count(after as u64));
        let time = |way: usize| format!("{} ({})", seconds(request.secs[way]), seconds(request.slowest_secs[way]));
        let speedup = request.speedup.to_string();
        let speedup = if request.is_disturbed {
            words.with("request-on-busy-machine", &[("speedup", speedup.into())])
        } else {
            speedup
        };
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
            speedup,
        ]
    });
    let header = [
        "request-nodes",
        "request-field-nodes",
        "request-entries",
        "request-unpruned",
        "request-pruned",
        "request-per-second",
        "request-pruned-is",
    ];
    vec![
        PagePart::blank(),
        PagePart::Line(words.text("request-says")),
        PagePart::Table(PageTable {
            header: header.map(|key| words.text(key)).to_vec(),
            n_left: 0,
            rows: rows.collect(),
        }),
    ]
}

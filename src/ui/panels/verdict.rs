//! The verdict: what it costs and what it gains, always visible; every group says what kind of numbers it holds.

use eframe::egui::{self, Align, Layout, RichText};

use super::beside::beside_ui;
use super::controls::static_ui;
use super::head::{PLAIN_SAYS, head_ui};
use crate::engine::experiment::{Estimate, LowPrecision, PartScores, RequestTiming, Run, SweepPoint, Timing};
use crate::engine::graph::Metric;
use crate::engine::model::HiddenColumns;
use crate::engine::score::Score;
use crate::engine::sparsify::Arrivals;
use crate::engine::timing::{Claim, Speedup};
use crate::io::bundle::GraphSizeMetrics;
use crate::session::jobs::Lane;
use crate::session::{Store, bytes_say, format};
use crate::ui::context::{View, ViewCx};
use crate::ui::tokens::{self, Tokens};
use crate::ui::views::ESTIMATE_SAYS;
use crate::ui::widgets::{chip, mono, strong, value_row, weak};
use crate::ui::words::Say as _;

/// The panel.
#[derive(Debug)]
pub(crate) struct Verdict;

/// What kind of number stands in a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Exact,
    Measured,
    Counted,
    Estimated,
    /// Without recovery, while the recovered answer is on its way.
    Plain,
    Stale,
    /// Stale, beside an estimate of the recipe as it stands.
    Older,
}

/// How much of their colour older numbers keep.
const FADED: f32 = 0.4;

impl View for Verdict {
    fn ui(&mut self, cx: &ViewCx<'_>, ui: &mut egui::Ui) {
        let store = cx.session.store();
        egui::ScrollArea::vertical().auto_shrink([false, false]).show(ui, |ui| {
            ui.spacing_mut().item_spacing.y = 2.0;
            let Some(shown) = store.shown() else {
                return nothing_ui(cx, ui);
            };
            fault_ui(ui, cx.tokens, store);
            let plain = store.plain();
            let run = plain.unwrap_or(shown);
            let is_stale = plain.is_none() && !store.is_current(run);
            // Beside an estimate of the recipe as it stands, older numbers step back.
            let stale = if store.estimated().is_some() { Kind::Older } else { Kind::Stale };
            let of = |kind: Kind| match plain {
                Some(_) => Kind::Plain,
                None if is_stale => stale,
                None => kind,
            };
            ui.scope(|ui| {
                if is_stale {
                    ui.multiply_opacity(FADED);
                }
                head_ui(ui, cx, run, plain.is_some());
            });
            ui.scope(|ui| accuracy_ui(ui, cx.tokens, run, of(Kind::Measured)));
            ui.scope(|ui| static_ui(ui, cx, shown));
            match store.estimated() {
                Some(estimate) => estimated_ui(ui, cx.tokens, estimate),
                None => removed_ui(ui, cx.tokens, run, of(Kind::Exact)),
            }
            ui.scope(|ui| time_ui(ui, cx, run, is_stale.then_some(stale)));
            ui.scope(|ui| cost_ui(ui, cx.tokens, run, of(Kind::Counted)));
            ui.scope(|ui| beside_ui(ui, cx, run));
        });
    }
}

fn nothing_ui(cx: &ViewCx<'_>, ui: &mut egui::Ui) {
    let store = cx.session.store();
    fault_ui(ui, cx.tokens, store);
    let text = match (&store.graph, &store.model) {
        (None, _) => "Open a graph to begin",
        (Some(_), None) => "Open a model, or train one",
        (Some(_), Some(_)) if cx.session.is_busy(&Lane::Preview) => "Computing the first preview",
        (Some(_), Some(_)) => "No result yet",
    };
    ui.label(weak(cx.tokens, text));
}

fn fault_ui(ui: &mut egui::Ui, tokens: &Tokens, store: &Store) {
    let Some(why) = &store.preview_fault else { return };
    egui::Frame::new().fill(tokens.failure_weak).corner_radius(tokens::RADIUS).inner_margin(8.0).show(ui, |ui| {
        ui.label(RichText::new("✕ No preview of this recipe").color(tokens.failure));
        ui.label(RichText::new(why).size(tokens::SMALL));
    });
}

fn group(ui: &mut egui::Ui, tokens: &Tokens, title: &str, kind: Kind, says: &str) {
    ui.add_space(2.0);
    ui.horizontal(|ui| {
        ui.label(strong(title));
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let (word, ink, ground) = match kind {
                Kind::Exact => ("exact", tokens.text_weak, tokens.sunken),
                Kind::Measured => ("measured", tokens.text_weak, tokens.sunken),
                Kind::Counted => ("counted", tokens.text_weak, tokens.sunken),
                Kind::Estimated => ("estimated", tokens.text_weak, tokens.sunken),
                Kind::Plain => ("as published", tokens.text_weak, tokens.sunken),
                Kind::Stale | Kind::Older => ("stale", tokens.warning, tokens.warning_weak),
            };
            let says = if matches!(kind, Kind::Stale | Kind::Older) {
                "The recipe has moved since this was computed"
            } else if kind == Kind::Plain {
                &ui.words().text(PLAIN_SAYS)
            } else {
                says
            };
            chip(ui, word, ink, ground).on_hover_text(says);
        });
    });
    if kind == Kind::Older {
        // Of the rest of the group.
        ui.multiply_opacity(FADED);
    }
}

/// Name, before → after, and a last column in the accent or in grey.
fn change_row(ui: &mut egui::Ui, tokens: &Tokens, name: &str, change: &str, last: RichText) -> egui::Response {
    let row = ui.horizontal(|ui| {
        ui.label(weak(tokens, name).size(tokens::TEXT));
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            last_column(ui, last);
            ui.add(egui::Label::new(mono(change)).truncate());
        });
    });
    row.response
}

/// A loss of accuracy beyond this is shown in the colour of warnings.
const NOTABLE_LOSS: f64 = 0.02;
/// Kept for the last column, so that nothing jumps.
const LAST_COLUMN: f32 = 60.0;

fn last_column(ui: &mut egui::Ui, text: RichText) {
    ui.allocate_ui_with_layout(egui::vec2(LAST_COLUMN, 18.0), Layout::right_to_left(Align::Center), |ui| {
        ui.set_min_width(LAST_COLUMN);
        ui.label(text);
    });
}

fn accuracy_ui(ui: &mut egui::Ui, tokens: &Tokens, run: &Run, kind: Kind) {
    group(
        ui,
        tokens,
        run.evaluation.metric.heading(),
        kind,
        "Counted on the nodes of the split, over the kept entries alone: what production gets",
    );
    let evaluation = &run.evaluation;
    if evaluation.test.baseline.n_nodes + evaluation.val.baseline.n_nodes == 0 {
        ui.label(weak(tokens, "The graph has no labels to compare with"));
    } else {
        part_ui(ui, tokens, "Test", &evaluation.test);
        part_ui(ui, tokens, "Validation", &evaluation.val);
    }
    let agreement = mono(format::percent(evaluation.agreement));
    change_row(ui, tokens, "Agreement", "", agreement).on_hover_text(match evaluation.metric {
        Metric::Accuracy => "Share of all nodes that keep the class the unpruned model gives them",
        Metric::MicroF1 => "Share of all decisions, on every node and class, that are the unpruned model's",
    });
}

fn part_ui(ui: &mut egui::Ui, tokens: &Tokens, name: &str, part: &PartScores) {
    if part.pruned.n_nodes == 0 {
        let none = weak(tokens, "no nodes").monospace();
        change_row(ui, tokens, name, "", none).on_hover_text("The split has no labelled nodes in this part");
        return;
    }
    let change = part.pruned.accuracy - part.baseline.accuracy;
    let ink = if change < -NOTABLE_LOSS { tokens.warning } else { tokens.text };
    let text = format!("{:.1} → {}", part.baseline.accuracy * 100.0, format::percent(part.pruned.accuracy));
    let interval = format!("{:.1}–{:.1}", part.pruned.low * 100.0, part.pruned.high * 100.0);
    let row = ui.horizontal(|ui| {
        ui.label(weak(tokens, name).size(tokens::TEXT));
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            last_column(ui, weak(tokens, interval).size(tokens::SMALL));
            ui.add(egui::Label::new(mono(text).color(ink)).truncate());
        });
    });
    row.response.on_hover_ui(|ui| {
        let line = |ui: &mut egui::Ui, what: &str, s: &Score| {
            ui.label(format!(
                "{what} {}, 95 % interval {:.1} to {}, macro-F1 {}",
                format::percent(s.accuracy),
                s.low * 100.0,
                format::percent(s.high),
                format::percent(s.macro_f1)
            ));
            if let Some(auc) = &s.auc {
                ui.label(format!("{what} {}", format::auc(auc)));
            }
        };
        ui.label(format!("{} nodes, {}", format::count(part.pruned.n_nodes as u64), format::points(change)));
        line(ui, "unpruned", &part.baseline);
        line(ui, "pruned", &part.pruned);
        if let Some(lock) = &part.official_lock {
            line(ui, "as published", lock);
        }
    });
    if name == "Test" {
        // Its room is there before a complete run fills it, so that nothing moves.
        let says = "Unmasked evaluation, the authors' protocol: removed entries into the evaluated nodes count; not what production gets";
        let score = part.official_lock.as_ref().map(|lock| format::percent(lock.accuracy));
        let (score, says) = match score {
            Some(score) => (score, says.to_owned()),
            None => (format::NONE.to_owned(), format!("{says}. Prune computes it")),
        };
        change_row(ui, tokens, "  as published", "", weak(tokens, score).monospace()).on_hover_text(says);
    }
}

fn removed_ui(ui: &mut egui::Ui, tokens: &Tokens, run: &Run, kind: Kind) {
    group(ui, tokens, "Removed", kind, "Counted entry by entry over all layers");
    let edges = run.pruned.steps.iter().filter_map(|s| s.edges.as_ref());
    let (kept, all) = edges.fold((0, 0), |(k, a), e| (k + e.n_kept(), a + e.n_removable()));
    let row = removed_row(ui, tokens, "Edges", run.pruned.edge_sparsity(), kept, all);
    if let Some(arrivals) = &run.pruned.arrivals {
        row.on_hover_ui(|ui| arrivals_ui(ui, arrivals));
    }
    let weights = run.pruned.steps.iter().flat_map(|s| &s.weights);
    let (kept, all) = weights.fold((0, 0), |(k, a), w| (k + w.n_after, a + w.n_weights));
    removed_row(ui, tokens, "Weights", run.pruned.weight_sparsity(), kept, all);
    let columns = |of: fn(&HiddenColumns) -> usize| format::count(run.hidden.iter().map(of).sum::<usize>() as u64);
    if !run.hidden.is_empty() {
        let text = format!("{} of {}", columns(|h| h.n_after), columns(|h| h.n_before));
        let of_each = run.hidden.iter().map(|h| format!("behind {}: {} of {}", h.weight, h.n_after, h.n_before));
        value_row(ui, tokens, "Hidden columns computed", &text).on_hover_text(format!(
            "Columns that no kept weight reads, or that hold a constant, are left out of the forward that is timed\n{}",
            of_each.collect::<Vec<_>>().join("\n")
        ));
    }
}

/// What went from the rows of known nodes, and of nodes that arrive later.
fn arrivals_ui(ui: &mut egui::Ui, arrivals: &Arrivals) {
    for (name, rows) in [("known nodes", &arrivals.known), ("nodes that arrive later", &arrivals.unseen)] {
        let (share, all) = (format::percent(rows.sparsity()), format::count(rows.n_removable as u64));
        ui.label(format!("rows of {} {name}: removed {share} of {all}", format::count(rows.n_nodes as u64)));
    }
}

/// While a slider moves over a large graph.
fn estimated_ui(ui: &mut egui::Ui, tokens: &Tokens, estimate: &Estimate) {
    let says = ui.words().text(ESTIMATE_SAYS);
    group(ui, tokens, "Removed", Kind::Estimated, &says);
    for (name, about) in [("Edges", estimate.edges()), ("Weights", estimate.weights())] {
        removed_row(ui, tokens, name, about.sparsity(), about.n_kept(), about.n_entries);
    }
}

fn removed_row(
    ui: &mut egui::Ui,
    tokens: &Tokens,
    name: &str,
    sparsity: f64,
    kept: usize,
    all: usize,
) -> egui::Response {
    let short = format::fitting_count(all as u64);
    let text = format!("kept {} of {}", short(kept as u64), short(all as u64));
    let (kept, all) = (format::count(kept as u64), format::count(all as u64));
    let row = ui.horizontal(|ui| {
        ui.label(weak(tokens, name).size(tokens::TEXT));
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            last_column(ui, mono(format::percent(sparsity)));
            ui.add(egui::Label::new(weak(tokens, text).size(tokens::SMALL)).truncate());
        });
    });
    let response = row.response.on_hover_text(format!("kept {kept} of {all} that can be removed, over all layers"));
    let (rect, _) = ui.allocate_exact_size(egui::vec2(ui.available_width(), 4.0), egui::Sense::hover());
    let cut = rect.left() + rect.width() * (1.0 - sparsity as f32);
    ui.painter().rect_filled(rect, 2.0, tokens.removed);
    let kept_part = egui::Rect::from_min_max(rect.min, egui::pos2(cut, rect.bottom()));
    ui.painter().rect_filled(kept_part, 2.0, tokens.kept);
    response
}

fn time_ui(ui: &mut egui::Ui, cx: &ViewCx<'_>, run: &Run, stale: Option<Kind>) {
    let (tokens, store) = (cx.tokens, cx.session.store());
    let own = run.timing.as_ref().filter(|_| stale.is_none());
    let older = store.newest_run().and_then(|e| e.run.timing.as_ref());
    let swept = store.sweep.point_of(&store.effective_recipe());
    let swept = swept.filter(|point| stale.is_none() && point.pruned_secs.is_finite());
    let says =
        "Wall time of one forward pass over the whole graph, unpruned and pruned in turn: medians and what they carry";
    match (own, older) {
        (Some(timing), _) => {
            group(ui, tokens, "Time", Kind::Measured, says);
            timing_row(ui, tokens, timing);
        }
        _ if let Some(point) = swept => {
            group(
                ui,
                tokens,
                "Time",
                Kind::Measured,
                "Measured by the sweep: wall time of one forward pass over the whole graph",
            );
            swept_rows(ui, tokens, point);
        }
        (None, Some(timing)) => {
            group(ui, tokens, "Time", stale.unwrap_or(Kind::Stale), says);
            timing_row(ui, tokens, timing);
        }
        (None, None) => {
            group(ui, tokens, "Time", Kind::Estimated, "From the operations alone; Prune measures it");
            let macs = run.pruned.macs();
            let ratio = macs.baseline() as f64 / macs.pruned().max(1) as f64;
            change_row(ui, tokens, "Forward", "at most", mono(format::factor(ratio)))
                .on_hover_text("Ratio of the operations; a sparse product is slower per operation. Prune measures it");
            // The place of the interval, so that nothing moves when there is one.
            change_row(ui, tokens, "  not measured", &format::factors(None), mono(""));
            request_rows(ui, tokens, &[]);
        }
    }
}

/// What a sweep measured of its point; places as everywhere, so that nothing moves. As everywhere, a ratio counts where its interval excludes 1 by
/// more than 3 %.
fn swept_rows(ui: &mut egui::Ui, tokens: &Tokens, point: &SweepPoint) {
    let times = |before: f64, now: f64| format!("{} → {}", format::seconds(before), format::seconds(now));
    let ratio = |interval: Option<[f64; 2]>, ratio: f64| {
        let is_sure = interval.is_some_and(|[low, high]| low > 1.03 || high < 0.97);
        mono(format::factor(ratio)).color(if is_sure { tokens.text } else { tokens.text_weak })
    };
    let (before, now) = (point.baseline_secs, point.pruned_secs);
    change_row(ui, tokens, "Forward", &times(before, now), ratio(point.speedup_interval(), before / now));
    change_row(ui, tokens, "  by the sweep, 95 %", &format::factors(point.speedup_interval()), mono(""));
    for n_asked in RequestTiming::SIZES {
        let name = if n_asked == 1 { "1 node".to_owned() } else { format!("{} nodes", format::count(n_asked as u64)) };
        match point.baseline_request_secs.zip(point.request_secs).filter(|_| n_asked == RequestTiming::OF_A_POINT) {
            Some((before, now)) => {
                let factor = ratio(point.request_speedup_interval(), before / now);
                change_row(ui, tokens, &name, &times(before, now), factor);
            }
            None => {
                change_row(ui, tokens, &name, "not measured", mono(""));
            }
        }
    }
}

fn claim_ink(tokens: &Tokens, speedup: &Speedup) -> egui::Color32 {
    match speedup.claim() {
        Claim::Faster => tokens.text,
        Claim::Slower => tokens.warning,
        Claim::NoDifference | Claim::TooFew => tokens.text_weak,
    }
}

fn timing_row(ui: &mut egui::Ui, tokens: &Tokens, timing: &Timing) {
    let change = format!("{} → {}", format::seconds(timing.baseline_secs()), format::seconds(timing.pruned_secs()));
    let speedup = timing.speedup();
    change_row(ui, tokens, "Forward", &change, mono(format::speedup(&speedup)).color(claim_ink(tokens, &speedup)))
        .on_hover_text(format!(
            "Medians of {} passes each in turn, with {} threads",
            timing.samples.n_turns(),
            timing.n_threads
        ));
    let says = match speedup.claim() {
        _ if timing.samples.is_disturbed() => "  busy machine",
        Claim::Faster => "  faster, 95 %",
        Claim::Slower => "  slower, 95 %",
        Claim::NoDifference => "  no difference, 95 %",
        Claim::TooFew => "  too few passes",
    };
    change_row(ui, tokens, says, &format::factors(speedup.interval), mono("")).on_hover_text(
        "95 % interval of the ratio, pass beside pass (sign test). A speed-up is claimed only where it excludes 1 by more than 3 %, \
         which another start of the program can move it by. A busy machine is known by passes that waited or scatter",
    );
    if let Some(low) = &timing.low {
        low_rows(ui, tokens, timing, low);
    }
    request_rows(ui, tokens, &timing.requests);
}

/// What requests for a few nodes took; a place for every size, so that nothing moves when there are some.
fn request_rows(ui: &mut egui::Ui, tokens: &Tokens, requests: &[RequestTiming]) {
    for n_asked in RequestTiming::SIZES {
        let name = match n_asked {
            1 => "1 node".to_owned(),
            n => format!("{} nodes", format::count(n as u64)),
        };
        let Some(request) = requests.iter().find(|request| request.n_asked == n_asked) else {
            change_row(ui, tokens, &name, "not measured", mono("")).on_hover_text(
                "Requests for some nodes are timed by Prune, but for more nodes than the graph has, networks that normalise over all \
                 nodes, and graphs of which one request can take more than 1 GiB",
            );
            continue;
        };
        let side = |way: usize| format::seconds(request.secs(way));
        let change = format!("{} → {}", side(RequestTiming::BASELINE), side(RequestTiming::PRUNED));
        let speedup = request.speedup();
        let ratio = mono(format::speedup(&speedup)).color(claim_ink(tokens, &speedup));
        change_row(ui, tokens, &name, &change, ratio).on_hover_ui(|ui| request_ui(ui, request, &speedup));
    }
}

/// What there is to say of requests of one size.
fn request_ui(ui: &mut egui::Ui, request: &RequestTiming, speedup: &Speedup) {
    let change =
        |of: &dyn Fn(usize) -> String| format!("{} → {}", of(RequestTiming::BASELINE), of(RequestTiming::PRUNED));
    let n_requests = format::count(request.samples.n_turns() as u64);
    let asked = match request.n_asked {
        1 => "one random node".to_owned(),
        n => format!("{} random nodes", format::count(n as u64)),
    };
    ui.label(format!(
        "{n_requests} requests for {asked} each, scored on their receptive field alone, unpruned → pruned in turn"
    ));
    ui.label(format!("the pruned model answers {speedup}"));
    if request.is_disturbed() {
        ui.label("something else kept the machine busy");
    }
    ui.label(format!("99 of 100 take at most {}", change(&|way| format::seconds(request.slowest_secs(way)))));
    ui.label(format!("{} requests per second", change(&|way| format::count(request.per_second(way).round() as u64))));
    ui.label(format!("{} nodes in the field", change(&|way| format::count(request.field(way).n_nodes as u64))));
    ui.label(format!("{} entries over all layers", change(&|way| format::count(request.field(way).n_entries as u64))));
}

/// What low precision saves, and what it changes: a row for its time, its error and its bytes.
fn low_rows(ui: &mut egui::Ui, tokens: &Tokens, timing: &Timing, low: &LowPrecision) {
    let change = format!("{} → {}", format::seconds(timing.baseline_secs()), format::seconds(timing.low_secs()));
    let (Some(speedup), Some(over_pruned)) = (timing.low_speedup(), timing.low_over_pruned()) else { return };
    let stored_as = low.stored_as;
    change_row(ui, tokens, "Low precision", &change, mono(format::speedup(&speedup)).color(claim_ink(tokens, &speedup)))
        .on_hover_text(format!(
            "The pruned forward with {stored_as}, timed in turn with the others; against the pruned one with 32-bit floats it is \
             {over_pruned}"
        ));
    let same = format!("{} same", format::percent(low.evaluation.agreement));
    let (error, largest) = (mono(format!("{:.1e}", low.relative_error)), low.largest_difference);
    change_row(ui, tokens, "  its error", &same, error).on_hover_ui(|ui| {
        ui.label(format!(
            "Predictions that stay the same, and the relative difference of the logits; the largest is {largest:.3e}"
        ));
        let (before, after) = (&low.evaluation.test.baseline, &low.evaluation.test.pruned);
        if after.n_nodes > 0 {
            let [before, after] = [before, after].map(|score| format::percent(score.accuracy));
            ui.label(format!("Test accuracy {before} with 32-bit floats, {after} in low precision"));
        }
        ui.label("Scores, logits and files beside logits_low.npy are those of 32-bit floats");
    });
    if let Some(memory) = low.memory {
        let change = format!("{} → {}", format::bytes(memory.pruned), format::bytes(memory.low));
        let ratio = memory.pruned as f64 / memory.low.max(1) as f64;
        change_row(ui, tokens, "  its memory", &change, mono(format::factor(ratio))).on_hover_ui(|ui| {
            ui.label("Kept weights and lists of entries, pruned with 32-bit floats and in low precision");
            ui.label(format!("in memory, unpruned → pruned → low: {}", bytes_say(memory)));
            if let Some(disk) = low.disk {
                ui.label(format!("model and graphs in files: {}", bytes_say(disk)));
            }
        });
    }
}

fn cost_ui(ui: &mut egui::Ui, tokens: &Tokens, run: &Run, kind: Kind) {
    group(
        ui,
        tokens,
        "Operations and size",
        kind,
        "Multiply-accumulates over kept entries; bytes dense and stored sparse",
    );
    let macs = run.pruned.macs();
    let change = format!("{} → {}", format::short_count(macs.baseline()), format::short_count(macs.pruned()));
    let ratio = macs.baseline() as f64 / macs.pruned().max(1) as f64;
    change_row(ui, tokens, "MACs", &change, mono(format::factor(ratio))).on_hover_text(
        "Multiply-accumulate operations of one forward pass, unpruned and pruned, counted over kept entries",
    );
    let (dense, sparse) = (run.size.dense_bytes(), run.size.sparse_bytes());
    let change = format!("{} → {}", format::bytes(dense), format::bytes(sparse));
    let ratio = dense as f64 / sparse.max(1) as f64;
    change_row(ui, tokens, "Model", &change, mono(format::factor(ratio))).on_hover_text(
        "Bytes of all tensors as 32-bit floats, and stored sparse: each in the smaller of dense, bitmask and compressed sparse rows, as \
         model_sparse.safetensors of a bundle is",
    );
    graph_size_ui(ui, tokens, run);
}

/// The graphs of all layers, stored as compressed sparse rows.
fn graph_size_ui(ui: &mut egui::Ui, tokens: &Tokens, run: &Run) {
    let graphs = GraphSizeMetrics::of(run);
    let (before, after) =
        graphs.iter().fold((0u64, 0u64), |(b, a), graph| (b + graph.bytes_before, a + graph.bytes_after));
    if before == 0 {
        return;
    }
    let change = format!("{} → {}", format::bytes(before), format::bytes(after));
    let ratio = before as f64 / after.max(1) as f64;
    change_row(ui, tokens, "Graphs", &change, mono(format::factor(ratio))).on_hover_ui(|ui| {
        ui.label("The graph of every layer as compressed sparse rows, with every entry and with the kept ones");
        for graph in &graphs {
            let (before, after) = (format::bytes(graph.bytes_before), format::bytes(graph.bytes_after));
            ui.label(format!("{}: {before} → {after}", graph.title));
        }
    });
}

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
use crate::session::words::Words;
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
    let words = ui.words();
    let store = cx.session.store();
    fault_ui(ui, cx.tokens, store);
    let text = match (&store.graph, &store.model) {
        (None, _) => words.text("verdict-begin"),
        (Some(_), None) => words.text("verdict-open-model"),
        (Some(_), Some(_)) if cx.session.is_busy(&Lane::Preview) => words.text("verdict-first"),
        (Some(_), Some(_)) => words.text("verdict-none"),
    };
    ui.label(weak(cx.tokens, text));
}

fn fault_ui(ui: &mut egui::Ui, tokens: &Tokens, store: &Store) {
    let words = ui.words();
    let Some(why) = &store.preview_fault else { return };
    egui::Frame::new().fill(tokens.failure_weak).corner_radius(tokens::RADIUS).inner_margin(8.0).show(ui, |ui| {
        ui.label(RichText::new(words.text("verdict-no-preview")).color(tokens.failure));
        ui.label(RichText::new(why).size(tokens::SMALL));
    });
}

fn group(ui: &mut egui::Ui, tokens: &Tokens, title: &str, kind: Kind, says: &str) {
    let words = ui.words();
    ui.add_space(2.0);
    ui.horizontal(|ui| {
        ui.label(strong(title));
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let (key, ink, ground) = match kind {
                Kind::Exact => ("verdict-exact", tokens.text_weak, tokens.sunken),
                Kind::Measured => ("verdict-measured", tokens.text_weak, tokens.sunken),
                Kind::Counted => ("verdict-counted", tokens.text_weak, tokens.sunken),
                Kind::Estimated => ("layers-estimated", tokens.text_weak, tokens.sunken),
                Kind::Plain => ("verdict-published", tokens.text_weak, tokens.sunken),
                Kind::Stale | Kind::Older => ("verdict-stale", tokens.warning, tokens.warning_weak),
            };
            let says = if matches!(kind, Kind::Stale | Kind::Older) {
                words.text("verdict-moved")
            } else if kind == Kind::Plain {
                words.text(PLAIN_SAYS)
            } else {
                says.to_owned()
            };
            chip(ui, &words.text(key), ink, ground).on_hover_text(says);
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
    let words = ui.words();
    group(ui, tokens, &metric_heading(run.evaluation.metric, words), kind, &words.text("verdict-accuracy-says"));
    let evaluation = &run.evaluation;
    if evaluation.test.baseline.n_nodes + evaluation.val.baseline.n_nodes == 0 {
        ui.label(weak(tokens, words.text("verdict-no-labels")));
    } else {
        part_ui(ui, tokens, "verdict-test", &evaluation.test);
        part_ui(ui, tokens, "verdict-validation", &evaluation.val);
    }
    let agreement = mono(format::percent(evaluation.agreement));
    change_row(ui, tokens, &words.text("verdict-agreement"), "", agreement).on_hover_text(match evaluation.metric {
        Metric::Accuracy => words.text("verdict-agreement-accuracy"),
        Metric::MicroF1 => words.text("verdict-agreement-f1"),
    });
}

/// What an accuracy is, as a heading.
fn metric_heading(metric: Metric, words: &Words) -> String {
    words.text(match metric {
        Metric::Accuracy => "verdict-accuracy",
        Metric::MicroF1 => "verdict-micro-f1",
    })
}

fn part_ui(ui: &mut egui::Ui, tokens: &Tokens, key: &str, part: &PartScores) {
    let words = ui.words();
    let name = words.text(key);
    if part.pruned.n_nodes == 0 {
        let none = weak(tokens, words.text("verdict-no-nodes")).monospace();
        change_row(ui, tokens, &name, "", none).on_hover_text(words.text("verdict-no-nodes-says"));
        return;
    }
    let change = part.pruned.accuracy - part.baseline.accuracy;
    let ink = if change < -NOTABLE_LOSS { tokens.warning } else { tokens.text };
    let text = format!("{:.1} → {}", part.baseline.accuracy * 100.0, format::percent(part.pruned.accuracy));
    let interval = format!("{:.1}–{:.1}", part.pruned.low * 100.0, part.pruned.high * 100.0);
    let row = ui.horizontal(|ui| {
        ui.label(weak(tokens, &name).size(tokens::TEXT));
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            last_column(ui, weak(tokens, interval).size(tokens::SMALL));
            ui.add(egui::Label::new(mono(text).color(ink)).truncate());
        });
    });
    row.response.on_hover_ui(|ui| {
        let line = |ui: &mut egui::Ui, key: &str, s: &Score| {
            let what = words.text(key);
            ui.label(words.with(
                "verdict-score",
                &[
                    ("what", what.as_str().into()),
                    ("score", format::percent(s.accuracy).into()),
                    ("low", format!("{:.1}", s.low * 100.0).into()),
                    ("high", format::percent(s.high).into()),
                    ("macro", format::percent(s.macro_f1).into()),
                ],
            ));
            if let Some(auc) = &s.auc {
                ui.label(format!("{what} {}", format::auc(auc)));
            }
        };
        let nodes = [("n", part.pruned.n_nodes.into()), ("change", format::points(change).into())];
        ui.label(words.with("verdict-nodes", &nodes));
        line(ui, "verdict-unpruned", &part.baseline);
        line(ui, "verdict-pruned", &part.pruned);
        if let Some(lock) = &part.official_lock {
            line(ui, "verdict-published", lock);
        }
    });
    if key == "verdict-test" {
        // Its room is there before a complete run fills it, so that nothing moves.
        let says = words.text("verdict-published-says");
        let score = part.official_lock.as_ref().map(|lock| format::percent(lock.accuracy));
        let (score, says) = match score {
            Some(score) => (score, says),
            None => (format::NONE.to_owned(), words.with("verdict-published-later", &[("says", says.into())])),
        };
        change_row(ui, tokens, &words.text("verdict-as-published-row"), "", weak(tokens, score).monospace())
            .on_hover_text(says);
    }
}

fn removed_ui(ui: &mut egui::Ui, tokens: &Tokens, run: &Run, kind: Kind) {
    let words = ui.words();
    group(ui, tokens, &words.text("verdict-removed"), kind, &words.text("verdict-removed-says"));
    let edges = run.pruned.steps.iter().filter_map(|s| s.edges.as_ref());
    let (kept, all) = edges.fold((0, 0), |(k, a), e| (k + e.n_kept(), a + e.n_removable()));
    let row = removed_row(ui, tokens, &words.text("verdict-edges"), run.pruned.edge_sparsity(), kept, all);
    if let Some(arrivals) = &run.pruned.arrivals {
        row.on_hover_ui(|ui| arrivals_ui(ui, arrivals));
    }
    let weights = run.pruned.steps.iter().flat_map(|s| &s.weights);
    let (kept, all) = weights.fold((0, 0), |(k, a), w| (k + w.n_after, a + w.n_weights));
    removed_row(ui, tokens, &words.text("verdict-weights"), run.pruned.weight_sparsity(), kept, all);
    let columns = |of: fn(&HiddenColumns) -> usize| format::count(run.hidden.iter().map(of).sum::<usize>() as u64);
    if !run.hidden.is_empty() {
        let of = |after: String, before: String| {
            words.with("verdict-of", &[("after", after.into()), ("before", before.into())])
        };
        let text = of(columns(|h| h.n_after), columns(|h| h.n_before));
        let of_each = run.hidden.iter().map(|h| {
            let counts = of(h.n_after.to_string(), h.n_before.to_string());
            words.with("verdict-behind", &[("weight", h.weight.as_str().into()), ("counts", counts.into())])
        });
        value_row(ui, tokens, &words.text("verdict-hidden"), &text).on_hover_text(format!(
            "{}\n{}",
            words.text("verdict-hidden-says"),
            of_each.collect::<Vec<_>>().join("\n")
        ));
    }
}

/// What went from the rows of known nodes, and of nodes that arrive later.
fn arrivals_ui(ui: &mut egui::Ui, arrivals: &Arrivals) {
    for (key, rows) in [("verdict-known-rows", &arrivals.known), ("verdict-new-rows", &arrivals.unseen)] {
        let share = format::percent(rows.sparsity());
        let counts = [("n", rows.n_nodes.into()), ("share", share.into()), ("all", rows.n_removable.into())];
        ui.label(ui.words().with(key, &counts));
    }
}

/// While a slider moves over a large graph.
fn estimated_ui(ui: &mut egui::Ui, tokens: &Tokens, estimate: &Estimate) {
    let words = ui.words();
    group(ui, tokens, &words.text("verdict-removed"), Kind::Estimated, &words.text(ESTIMATE_SAYS));
    for (key, about) in [("verdict-edges", estimate.edges()), ("verdict-weights", estimate.weights())] {
        removed_row(ui, tokens, &words.text(key), about.sparsity(), about.n_kept(), about.n_entries);
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
    let words = ui.words();
    let short = format::fitting_count(all as u64);
    let text = words.with("verdict-kept", &[("kept", short(kept as u64).into()), ("all", short(all as u64).into())]);
    let whole = words.with("verdict-kept-says", &[("kept", kept.into()), ("all", all.into())]);
    let row = ui.horizontal(|ui| {
        ui.label(weak(tokens, name).size(tokens::TEXT));
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            last_column(ui, mono(format::percent(sparsity)));
            ui.add(egui::Label::new(weak(tokens, text).size(tokens::SMALL)).truncate());
        });
    });
    let response = row.response.on_hover_text(whole);
    let (rect, _) = ui.allocate_exact_size(egui::vec2(ui.available_width(), 4.0), egui::Sense::hover());
    let cut = rect.left() + rect.width() * (1.0 - sparsity as f32);
    ui.painter().rect_filled(rect, 2.0, tokens.removed);
    let kept_part = egui::Rect::from_min_max(rect.min, egui::pos2(cut, rect.bottom()));
    ui.painter().rect_filled(kept_part, 2.0, tokens.kept);
    response
}

fn time_ui(ui: &mut egui::Ui, cx: &ViewCx<'_>, run: &Run, stale: Option<Kind>) {
    let words = ui.words();
    let (tokens, store) = (cx.tokens, cx.session.store());
    let own = run.timing.as_ref().filter(|_| stale.is_none());
    let older = store.newest_run().and_then(|e| e.run.timing.as_ref());
    let swept = store.sweep.point_of(&store.effective_recipe());
    let swept = swept.filter(|point| stale.is_none() && point.pruned_secs.is_finite());
    let says = words.text("verdict-time-says");
    match (own, older) {
        (Some(timing), _) => {
            group(ui, tokens, &words.text("verdict-time"), Kind::Measured, &says);
            timing_row(ui, tokens, timing);
        }
        _ if let Some(point) = swept => {
            group(ui, tokens, &words.text("verdict-time"), Kind::Measured, &words.text("verdict-time-swept"));
            swept_rows(ui, tokens, point);
        }
        (None, Some(timing)) => {
            group(ui, tokens, &words.text("verdict-time"), stale.unwrap_or(Kind::Stale), &says);
            timing_row(ui, tokens, timing);
        }
        (None, None) => {
            group(ui, tokens, &words.text("verdict-time"), Kind::Estimated, &words.text("verdict-time-estimated"));
            let macs = run.pruned.macs();
            let ratio = macs.baseline() as f64 / macs.pruned().max(1) as f64;
            change_row(
                ui,
                tokens,
                &words.text("verdict-forward"),
                &words.text("verdict-at-most"),
                mono(format::factor(ratio)),
            )
            .on_hover_text(words.text("verdict-at-most-says"));
            // The place of the interval, so that nothing moves when there is one.
            change_row(ui, tokens, &words.text("verdict-not-measured-row"), &format::factors(None), mono(""));
            request_rows(ui, tokens, &[]);
        }
    }
}

/// What a sweep measured of its point; places as everywhere, so that nothing moves. As everywhere, a ratio counts where its interval excludes 1 by
/// more than 3 %.
fn swept_rows(ui: &mut egui::Ui, tokens: &Tokens, point: &SweepPoint) {
    let words = ui.words();
    let times = |before: f64, now: f64| format!("{} → {}", format::seconds(before), format::seconds(now));
    let ratio = |interval: Option<[f64; 2]>, ratio: f64| {
        let is_sure = interval.is_some_and(|[low, high]| low > 1.03 || high < 0.97);
        mono(format::factor(ratio)).color(if is_sure { tokens.text } else { tokens.text_weak })
    };
    let (before, now) = (point.baseline_secs, point.pruned_secs);
    change_row(
        ui,
        tokens,
        &words.text("verdict-forward"),
        &times(before, now),
        ratio(point.speedup_interval(), before / now),
    );
    change_row(ui, tokens, &words.text("verdict-by-sweep"), &format::factors(point.speedup_interval()), mono(""));
    for n_asked in RequestTiming::SIZES {
        let name = words.with("verdict-n-nodes", &[("n", n_asked.into())]);
        match point.baseline_request_secs.zip(point.request_secs).filter(|_| n_asked == RequestTiming::OF_A_POINT) {
            Some((before, now)) => {
                let factor = ratio(point.request_speedup_interval(), before / now);
                change_row(ui, tokens, &name, &times(before, now), factor);
            }
            None => {
                change_row(ui, tokens, &name, &words.text("verdict-not-measured"), mono(""));
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
    let words = ui.words();
    let change = format!("{} → {}", format::seconds(timing.baseline_secs()), format::seconds(timing.pruned_secs()));
    let speedup = timing.speedup();
    change_row(
        ui,
        tokens,
        &words.text("verdict-forward"),
        &change,
        mono(format::speedup(&speedup)).color(claim_ink(tokens, &speedup)),
    )
    .on_hover_text(
        words.with("verdict-passes", &[("n", timing.samples.n_turns().into()), ("threads", timing.n_threads.into())]),
    );
    let says = match speedup.claim() {
        _ if timing.samples.is_disturbed() => words.text("verdict-busy"),
        Claim::Faster => words.text("verdict-faster"),
        Claim::Slower => words.text("verdict-slower"),
        Claim::NoDifference => words.text("verdict-no-difference"),
        Claim::TooFew => words.text("verdict-too-few"),
    };
    change_row(ui, tokens, &says, &format::factors(speedup.interval), mono(""))
        .on_hover_text(words.text("verdict-claim-says"));
    if let Some(low) = &timing.low {
        low_rows(ui, tokens, timing, low);
    }
    request_rows(ui, tokens, &timing.requests);
}

/// What requests for a few nodes took; a place for every size, so that nothing moves when there are some.
fn request_rows(ui: &mut egui::Ui, tokens: &Tokens, requests: &[RequestTiming]) {
    let words = ui.words();
    for n_asked in RequestTiming::SIZES {
        let name = words.with("verdict-n-nodes", &[("n", n_asked.into())]);
        let Some(request) = requests.iter().find(|request| request.n_asked == n_asked) else {
            change_row(ui, tokens, &name, &words.text("verdict-not-measured"), mono(""))
                .on_hover_text(words.text("verdict-requests-says"));
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
    let words = ui.words();
    let change =
        |of: &dyn Fn(usize) -> String| format!("{} → {}", of(RequestTiming::BASELINE), of(RequestTiming::PRUNED));
    let asked = [("requests", request.samples.n_turns().into()), ("n", request.n_asked.into())];
    ui.label(words.with("verdict-requests", &asked));
    ui.label(words.with("verdict-answers", &[("speedup", speedup.to_string().into())]));
    if request.is_disturbed() {
        ui.label(words.text("verdict-disturbed"));
    }
    let slowest = change(&|way| format::seconds(request.slowest_secs(way)));
    ui.label(words.with("verdict-slowest", &[("change", slowest.into())]));
    let rate = change(&|way| format::count(request.per_second(way).round() as u64));
    ui.label(words.with("verdict-rate", &[("change", rate.into())]));
    let nodes = change(&|way| format::count(request.field(way).n_nodes as u64));
    ui.label(words.with("verdict-field-nodes", &[("change", nodes.into())]));
    let entries = change(&|way| format::count(request.field(way).n_entries as u64));
    ui.label(words.with("verdict-field-entries", &[("change", entries.into())]));
}

/// What low precision saves, and what it changes: a row for its time, its error and its bytes.
fn low_rows(ui: &mut egui::Ui, tokens: &Tokens, timing: &Timing, low: &LowPrecision) {
    let words = ui.words();
    let change = format!("{} → {}", format::seconds(timing.baseline_secs()), format::seconds(timing.low_secs()));
    let (Some(speedup), Some(over_pruned)) = (timing.low_speedup(), timing.low_over_pruned()) else { return };
    let stored_as = low.stored_as;
    change_row(
        ui,
        tokens,
        &words.text("verdict-low"),
        &change,
        mono(format::speedup(&speedup)).color(claim_ink(tokens, &speedup)),
    )
    .on_hover_text(words.with(
        "verdict-low-says",
        &[("stored", stored_as.to_string().into()), ("speedup", over_pruned.to_string().into())],
    ));
    let same = words.with("verdict-same", &[("share", format::percent(low.evaluation.agreement).into())]);
    let (error, largest) = (mono(format!("{:.1e}", low.relative_error)), low.largest_difference);
    change_row(ui, tokens, &words.text("verdict-low-error"), &same, error).on_hover_ui(|ui| {
        let largest = format!("{largest:.3e}");
        ui.label(words.with("verdict-low-error-says", &[("largest", largest.into())]));
        let (before, after) = (&low.evaluation.test.baseline, &low.evaluation.test.pruned);
        if after.n_nodes > 0 {
            let [before, after] = [before, after].map(|score| format::percent(score.accuracy));
            ui.label(words.with("verdict-low-test", &[("before", before.into()), ("after", after.into())]));
        }
        ui.label(words.text("verdict-low-files"));
    });
    if let Some(memory) = low.memory {
        let change = format!("{} → {}", format::bytes(memory.pruned), format::bytes(memory.low));
        let ratio = memory.pruned as f64 / memory.low.max(1) as f64;
        change_row(ui, tokens, &words.text("verdict-low-memory"), &change, mono(format::factor(ratio))).on_hover_ui(
            |ui| {
                ui.label(words.text("verdict-low-memory-says"));
                ui.label(words.with("verdict-low-in-memory", &[("bytes", bytes_say(memory).into())]));
                if let Some(disk) = low.disk {
                    ui.label(words.with("verdict-low-in-files", &[("bytes", bytes_say(disk).into())]));
                }
            },
        );
    }
}

fn cost_ui(ui: &mut egui::Ui, tokens: &Tokens, run: &Run, kind: Kind) {
    let words = ui.words();
    group(ui, tokens, &words.text("verdict-cost"), kind, &words.text("verdict-cost-says"));
    let macs = run.pruned.macs();
    let change = format!("{} → {}", format::short_count(macs.baseline()), format::short_count(macs.pruned()));
    let ratio = macs.baseline() as f64 / macs.pruned().max(1) as f64;
    change_row(ui, tokens, "MACs", &change, mono(format::factor(ratio))).on_hover_text(words.text("verdict-macs-says"));
    let (dense, sparse) = (run.size.dense_bytes(), run.size.sparse_bytes());
    let change = format!("{} → {}", format::bytes(dense), format::bytes(sparse));
    let ratio = dense as f64 / sparse.max(1) as f64;
    change_row(ui, tokens, &words.text("verdict-model"), &change, mono(format::factor(ratio)))
        .on_hover_text(words.text("verdict-model-says"));
    graph_size_ui(ui, tokens, run);
}

/// The graphs of all layers, stored as compressed sparse rows.
fn graph_size_ui(ui: &mut egui::Ui, tokens: &Tokens, run: &Run) {
    let words = ui.words();
    let graphs = GraphSizeMetrics::of(run);
    let (before, after) =
        graphs.iter().fold((0u64, 0u64), |(b, a), graph| (b + graph.bytes_before, a + graph.bytes_after));
    if before == 0 {
        return;
    }
    let change = format!("{} → {}", format::bytes(before), format::bytes(after));
    let ratio = before as f64 / after.max(1) as f64;
    change_row(ui, tokens, &words.text("verdict-graphs"), &change, mono(format::factor(ratio))).on_hover_ui(|ui| {
        ui.label(words.text("verdict-graphs-says"));
        for graph in &graphs {
            let (before, after) = (format::bytes(graph.bytes_before), format::bytes(graph.bytes_after));
            ui.label(format!("{}: {before} → {after}", graph.title));
        }
    });
}

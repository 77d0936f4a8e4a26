//! One matrix: heading, heatmap, histogram, numbers.

use std::sync::Arc;

use eframe::egui::{self, Align, Layout, Rect, RichText, UiBuilder, pos2, vec2};

use super::place::Place;
use super::{save, words};
use crate::engine::plot::{
    EntryFacts, Judged, Pyramid, Raster, RasterMode, RasterRequest, ScoreHistogram, Side, Viewport, describe,
    first_entry,
};
use crate::engine::sparsify::{EdgeMode, Recipe, StepTrace, WeightMode};
use crate::session::jobs::Lane;
use crate::session::words::Words;
use crate::session::{Command, Gesture, Picture, PictureRequest, PyramidRequest, WeightPlace, format};
use crate::ui::tokens::{self, Tokens};
use crate::ui::views::{ViewCx, WindowRequest, selecting};
use crate::ui::widgets::heatmap::{
    AxisSpec, GUTTER_LEFT, Heatmap, HeatmapAction, HeatmapOutput, HeatmapSpec, LEGEND_WIDTH, Names,
};
use crate::ui::widgets::histogram::{Asked, Histogram, HistogramSpec};
use crate::ui::widgets::{picker, strong};
use crate::ui::words::Say as _;

/// Heights from top to bottom; the heatmap takes the rest.
const HEADING: f32 = 22.0;
const HISTOGRAM: f32 = 56.0;
const NUMBERS: f32 = 52.0;
/// Between heatmap and histogram.
const SPACE: f32 = 4.0;
/// What of a cell's height is not its heatmap's.
pub(super) const AROUND: f32 = HEADING + SPACE + HISTOGRAM + NUMBERS;
/// Side of the small map, texels.
const MAP_TEXELS: usize = 96;

/// What one matrix remembers between frames.
#[derive(Debug, Default)]
pub(super) struct Cell {
    heatmap: Heatmap,
    histogram: Histogram,
    /// Of attention: the head that is shown, all together where `None`.
    head: Option<usize>,
}

impl Cell {
    /// The part in view; the whole where `None`.
    pub(super) fn view(&self) -> Option<Viewport> {
        self.heatmap.view()
    }

    /// Brings a part into view.
    pub(super) fn set_view(&mut self, viewport: Option<Viewport>) {
        self.heatmap.set_view(viewport);
    }

    /// Draws it; answers with the entry under the pointer, as `(column, row)`.
    pub(super) fn ui(
        &mut self,
        cx: &ViewCx<'_>,
        ui: &mut egui::Ui,
        rect: Rect,
        place: &Place<'_>,
        marked: Option<(usize, usize)>,
    ) -> Option<(usize, usize)> {
        let step = place.trace()?;
        let n_heads = place.side.n_heads(step);
        self.head = self.head.filter(|head| n_heads > 1 && *head < n_heads);
        let mode = match (place.mode, place.side) {
            // Of attention only what is used is known, not what it was before recovery.
            (RasterMode::Attention(_) | RasterMode::Changed, Side::Edges) if n_heads > 0 => {
                RasterMode::Attention(self.head)
            }
            (RasterMode::Attention(_), _) => RasterMode::Strength,
            (mode, _) => mode,
        };
        let place = &Place { mode, ..*place };
        let below =
            |from: f32, height: f32| Rect::from_min_max(pos2(rect.left(), from), pos2(rect.right(), from + height));
        let heading = below(rect.top(), HEADING);
        let map_height = (rect.height() - AROUND).max(60.0);
        let heatmap = below(heading.bottom(), map_height);
        let histogram = below(heatmap.bottom() + SPACE, HISTOGRAM);
        let numbers = below(histogram.bottom(), NUMBERS);
        let plot_columns = |r: Rect| {
            Rect::from_min_max(pos2(r.left() + GUTTER_LEFT, r.top()), pos2(r.right() - LEGEND_WIDTH, r.bottom()))
        };

        let slot = PictureRequest::slot_of(place.side, place.step, false);
        let answer = cx.session.store().desk.answer::<PictureRequest>(&slot);
        // An answer about another graph says nothing here.
        let answer = answer.filter(|(r, _)| Arc::ptr_eq(&r.run.dataset, &place.run.dataset));
        let picture = answer.as_ref().map(|(_, p)| p);
        let same_scores =
            answer.as_ref().filter(|(r, _)| Arc::ptr_eq(&r.run, place.run)).and_then(|(_, p)| p.scores.clone());

        let legend = picture.map(|p| p.scale.title.clone());
        self.heading_ui(ui, cx.tokens, heading, place, step, legend.as_deref());
        let output = self.heatmap_ui(cx, ui, heatmap, place, step, picture, marked);
        ask(cx, place, &output, same_scores);
        if let Some(picture) = picture {
            let said = cx.session.words();
            output.tell(cx.tokens, |column, row| says(said, place, &picture.raster, column, row));
            Self::act(cx, &output, place, picture);
            Self::select(cx, &output, place, picture);
        }
        if let Some(scores) = picture.and_then(|picture| picture.scores.as_ref()) {
            let said = ui.words();
            let of = words::name(said, step, place.side).to_lowercase();
            let name = said.with("layers-threshold-of", &[("matrix", of.into())]);
            let spec = HistogramSpec {
                name: &name,
                counted: match &step.edges {
                    Some(edges) if place.side == Side::Edges => Judged::of(&place.run.recipe, edges).plural(),
                    _ => "weight scores",
                },
                symbol: if place.run.recipe.recovery.is_some() { "cut" } else { "δ" },
                scores,
                is_draggable: is_draggable(place, &cx.session.store().recipe),
            };
            if let Some(asked) = self.histogram.ui(ui, cx.tokens, plot_columns(histogram), &spec) {
                set_threshold(cx, place, scores, asked);
            }
        }
        numbers_ui(cx, ui, plot_columns(numbers).with_max_x(rect.right()), place);
        output.hovered
    }

    fn heading_ui(
        &mut self,
        ui: &mut egui::Ui,
        tokens: &Tokens,
        rect: Rect,
        place: &Place<'_>,
        step: &StepTrace,
        legend: Option<&str>,
    ) {
        let mut child = ui.new_child(UiBuilder::new().max_rect(rect).layout(Layout::left_to_right(Align::Center)));
        child.spacing_mut().item_spacing.x = 8.0;
        child.label(strong(words::title(child.words(), step, place.side)).size(tokens::TEXT));
        let whole = place.whole();
        let size = format!("{} × {}", format::count(whole.width() as u64), format::count(whole.height() as u64));
        let says = match place.side {
            Side::Edges => "layers-size-edges",
            Side::Weights(_) => "layers-size-weights",
        };
        let says = child.words().text(says);
        child.label(RichText::new(size).size(tokens::SMALL).color(tokens.text_weak)).on_hover_text(says);
        let n_heads = place.side.n_heads(step);
        let has_heads = matches!(place.mode, RasterMode::Attention(_)) && n_heads > 1;
        // Which head, the chooser says.
        let legend = if has_heads { legend.map(|_| "attention α") } else { legend };
        if has_heads {
            child.spacing_mut().interact_size.y = HEADING - 4.0;
            child.spacing_mut().button_padding.y = 0.0;
            let said = child.words();
            let all: Vec<Option<usize>> = std::iter::once(None).chain((0..n_heads).map(Some)).collect();
            let name = |head: Option<usize>| match head {
                None => (said.text("layers-heads"), said.hint("layers-heads")),
                Some(head) => (said.with("layers-head", &[("n", (head + 1).into())]), said.text("layers-head-says")),
            };
            let of = words::step_title(said, step).to_lowercase();
            let label = said.with("layers-attention-of", &[("step", of.into())]);
            picker(&mut child, &label, 86.0, &all, &mut self.head, name);
        }
        child.with_layout(Layout::right_to_left(Align::Center), |ui| {
            if let Some(legend) = legend {
                let legend = RichText::new(legend).size(tokens::SMALL).color(tokens.text);
                ui.add(egui::Label::new(legend).truncate()).on_hover_text(words::mode_says(ui.words(), place.mode));
            }
        });
    }

    fn heatmap_ui(
        &mut self,
        cx: &ViewCx<'_>,
        ui: &mut egui::Ui,
        rect: Rect,
        place: &Place<'_>,
        step: &StepTrace,
        picture: Option<&Arc<Picture>>,
        marked: Option<(usize, usize)>,
    ) -> HeatmapOutput {
        let desk = &cx.session.store().desk;
        let slot = PictureRequest::slot_of(place.side, place.step, false);
        let map_slot = PictureRequest::slot_of(place.side, place.step, true);
        let map = desk.answer::<PictureRequest>(&map_slot).map(|(_, p)| p);
        let failure = desk.failure(&slot);
        let gathering = gathering(cx, place, picture.is_some());
        let message = failure.or(gathering.as_deref()).or_else(|| picture.is_none().then_some("drawing"));
        let groups = if place.side == Side::Edges { place.atlas.ordering().groups() } else { &[] };
        let (x_name, y_name) = place.axis_names();
        let name = words::name(ui.words(), step, place.side);
        let id = |at: usize| selecting::node_name(place.atlas, at);
        let number = |at: usize| at.to_string();
        let names = if place.side == Side::Edges { Names(&id) } else { Names(&number) };
        let several =
            if place.side == Side::Edges { selecting::several(cx.session.store(), place.atlas) } else { Vec::new() };
        let spec = HeatmapSpec {
            name: &name,
            whole: place.whole(),
            x: AxisSpec { name: &x_name, groups, names },
            y: AxisSpec { name: &y_name, groups, names },
            picture,
            map: map.as_ref(),
            message,
            marked,
            selected: &several,
            has_numbers: !matches!(place.mode, RasterMode::Kept | RasterMode::WhenRemoved),
        };
        self.heatmap.ui(ui, cx.tokens, rect, &spec)
    }

    /// A click selects a weight, or an entry.
    fn select(cx: &ViewCx<'_>, output: &HeatmapOutput, place: &Place<'_>, picture: &Picture) {
        let Some((column, row)) = output.clicked() else { return };
        let Side::Weights(nth) = place.side else {
            return selecting::select(cx, place.atlas, &picture.raster, (column, row));
        };
        let matrix = place.trace().and_then(|step| step.weights.get(nth)).map(|weights| weights.idx);
        if let Some(matrix) = matrix {
            cx.out.send(Command::SelectWeight(WeightPlace { matrix, input: column, output: row }));
        }
    }

    fn act(cx: &ViewCx<'_>, output: &HeatmapOutput, place: &Place<'_>, picture: &Picture) {
        match output.action {
            None => {}
            Some(HeatmapAction::CopyValue(column, row)) => {
                if let Some((title, lines)) = says(cx.session.words(), place, &picture.raster, column, row) {
                    cx.out.request(WindowRequest::Copy(format!("{title}\n{}", lines.join("\n"))));
                }
            }
            Some(HeatmapAction::CopyPicture(rect)) => cx.out.request(WindowRequest::CopyPicture(rect)),
            Some(HeatmapAction::Save(format)) => {
                cx.out.request(WindowRequest::Save(save::heatmap(place, output.viewport, picture, format)));
            }
        }
    }
}

/// The sums of a large matrix's blocks; `Err` while they are added up. Where that failed the entries are read directly.
fn pyramid(cx: &ViewCx<'_>, place: &Place<'_>) -> Result<Option<Arc<Pyramid>>, ()> {
    if !place.has_pyramid() {
        return Ok(None);
    }
    let request = PyramidRequest { run: Arc::clone(place.run), atlas: Arc::clone(place.atlas), step: place.step };
    let desk = &cx.session.store().desk;
    if let Some(pyramid) = desk.answer_to(&request) {
        return Ok(Some(pyramid));
    }
    if !desk.is_settled(&request) {
        cx.out.compute(request);
    } else if !desk.is_pending(&PyramidRequest::slot_of(place.step)) {
        return Ok(None);
    }
    Err(())
}

/// How far the adding up has come, for people; `None` when nothing is to be waited for. Over an older picture only once it takes long.
fn gathering(cx: &ViewCx<'_>, place: &Place<'_>, has_picture: bool) -> Option<String> {
    const LONG_SECS: f64 = 0.5;
    let slot = PyramidRequest::slot_of(place.step);
    if !place.has_pyramid() || !cx.session.store().desk.is_pending(&slot) {
        return None;
    }
    let lane = Lane::View(slot);
    let job = cx.session.jobs().into_iter().find(|job| job.lane == lane);
    if has_picture && job.as_ref().is_none_or(|job| job.elapsed_secs < LONG_SECS) {
        return None;
    }
    let share = job.and_then(|job| job.share());
    let n = format::count(place.atlas.values().len() as u64);
    Some(match share {
        Some(share) => format!("gathering {n} entries, {:.0} %", 100.0 * share),
        None => format!("gathering {n} entries"),
    })
}

/// Asks for the picture of what is in view, unless it is there or on its way.
fn ask(cx: &ViewCx<'_>, place: &Place<'_>, output: &HeatmapOutput, scores: Option<Arc<ScoreHistogram>>) {
    let Ok(pyramid) = pyramid(cx, place) else { return };
    let desk = &cx.session.store().desk;
    let request = |raster: RasterRequest, is_map: bool| PictureRequest {
        run: Arc::clone(place.run),
        atlas: Arc::clone(place.atlas),
        pyramid: pyramid.clone(),
        raster,
        is_map,
        scores: scores.clone(),
    };
    let raster = place.request(output.viewport, output.pixels);
    let slot = PictureRequest::slot_of(place.side, place.step, false);
    let is_served = desk.answer::<PictureRequest>(&slot).is_some_and(|(answered, picture)| {
        Arc::ptr_eq(&answered.run, place.run)
            && Arc::ptr_eq(&answered.atlas, place.atlas)
            && answered.raster.mode == place.mode
            && raster.is_served_by(&picture.raster)
    });
    let picture = request(raster.with_margin(&place.whole()), false);
    if !is_served && !desk.is_settled(&picture) {
        cx.out.compute(picture);
    }
    if output.is_zoomed {
        let map = request(place.request(place.whole(), (MAP_TEXELS, MAP_TEXELS)), true);
        if !desk.is_settled(&map) {
            cx.out.compute(map);
        }
    }
}

/// What is under the pointer: an entry, or a block of them.
fn says(said: &Words, place: &Place<'_>, raster: &Raster, column: usize, row: usize) -> Option<(String, Vec<String>)> {
    let entry = |facts: EntryFacts| words::entry(said, place.run, &facts);
    if raster.is_single_entries() {
        let found = describe(place.run, place.atlas, place.step, place.side, column, row).map(entry);
        return found.or_else(|| words::no_entry(said, place.run, place.atlas, column, row));
    }
    let texel = raster.texel_at(column, row)?;
    let (kept, removed) = (raster.kept[texel.index], raster.removed[texel.index]);
    if kept + removed == 0 {
        return None;
    }
    if kept + removed == 1 && place.side == Side::Edges {
        let (column, row) = first_entry(place.atlas, texel.columns.clone(), texel.rows.clone())?;
        return describe(place.run, place.atlas, place.step, place.side, column, row).map(entry);
    }
    let size = [("columns", texel.columns.len().into()), ("rows", texel.rows.len().into())];
    let title = said.with("layers-block", &size);
    let (stay, own) = (raster.removable(texel.index).0, raster.own[texel.index]);
    let share = f64::from(removed) / f64::from((stay + removed).max(1));
    let mut lines = vec![said.with(
        "layers-block-counts",
        &[
            ("all", u64::from(stay + removed).into()),
            ("kept", u64::from(stay).into()),
            ("removed", u64::from(removed).into()),
            ("share", format::percent(share).into()),
        ],
    )];
    if own > 0 {
        lines.push(said.with("layers-block-loops", &[("n", u64::from(own).into())]));
    }
    let value = raster.values[texel.index];
    let never = raster.never[texel.index];
    let never = never.saturating_sub(own);
    let kept = stay;
    if place.mode == RasterMode::WhenRemoved && place.side == Side::Edges && never < kept {
        let counts = [("stay", u64::from(never).into()), ("later", u64::from(kept - never).into())];
        lines.push(said.with("layers-block-later", &counts));
    }
    let mean = match place.mode {
        RasterMode::Strength => Some("layers-mean-strength"),
        RasterMode::Attention(_) => Some("layers-mean-attention"),
        _ => None,
    };
    if place.mode == RasterMode::Changed && value.is_finite() {
        let factor = words::number(2f64.powf(f64::from(value)));
        lines.push(said.with("layers-block-factor", &[("factor", factor.into())]));
    }
    if let Some(key) = mean.filter(|_| value.is_finite()) {
        lines.push(said.with(key, &[("mean", words::number(f64::from(value)).into())]));
    }
    lines.push(said.text("layers-block-zoom"));
    Some((title, lines))
}

fn numbers_ui(cx: &ViewCx<'_>, ui: &mut egui::Ui, rect: Rect, place: &Place<'_>) {
    let tokens = cx.tokens;
    let estimate = cx.session.store().estimated();
    let mut child = ui.new_child(UiBuilder::new().max_rect(rect).layout(Layout::top_down(Align::Min)));
    child.spacing_mut().item_spacing = vec2(10.0, 1.0);
    child.spacing_mut().interact_size.y = 0.0;
    for (at, line) in words::numbers(ui.words(), place.run, estimate, place.step, place.side).into_iter().enumerate() {
        child.horizontal(|ui| {
            for (i, (text, says)) in line.into_iter().enumerate() {
                let text = RichText::new(text).size(tokens::SMALL + 1.0);
                let text = if at == 0 && i == 0 {
                    text.family(crate::ui::theme::strong_family()).color(tokens.text)
                } else {
                    text.color(tokens.text_weak)
                };
                ui.add(egui::Label::new(text).truncate()).on_hover_text(says);
            }
        });
    }
}

/// Whether the line of the histogram stands for a number of the recipe as it is.
fn is_draggable(place: &Place<'_>, recipe: &Recipe) -> bool {
    if recipe.recovery.is_some() || place.run.recipe.recovery.is_some() {
        // Recovery chooses by other numbers than δ is about, but for shares of entries.
        let is_share = place.side == Side::Edges && recipe.edges.mode == EdgeMode::Target;
        let has_threshold = place.trace().and_then(|step| step.edges.as_ref()).is_some_and(|edges| {
            let judged = Judged::of(&place.run.recipe, edges);
            judged != Judged::Nothing && judged.threshold(edges).is_finite()
        });
        return is_share && recipe.recovery == place.run.recipe.recovery && has_threshold;
    }
    match place.side {
        Side::Edges => recipe.edges.mode == place.run.recipe.edges.mode && recipe.edges.mode != EdgeMode::Mass,
        Side::Weights(_) => recipe.weights.mode == place.run.recipe.weights.mode,
    }
}

/// Moves the recipe's δ to where the threshold was dragged: of this step where every step has its own, else of all.
fn set_threshold(cx: &ViewCx<'_>, place: &Place<'_>, scores: &ScoreHistogram, asked: Asked) {
    let Some(step) = place.trace() else { return };
    let mut recipe = cx.session.store().recipe.clone();
    let (deltas, is_target) = match place.side {
        Side::Edges => (&mut recipe.edges.delta, place.run.recipe.edges.mode == EdgeMode::Target),
        Side::Weights(_) => (&mut recipe.weights.delta, place.run.recipe.weights.mode == WeightMode::Target),
    };
    let Some(delta) = scores.delta_at(asked.threshold, is_target) else { return };
    let at = if deltas.len() == 1 { 0 } else { step.idx };
    let Some(slot) = deltas.get_mut(at) else { return };
    *slot = rounded(delta);
    cx.out.send(Command::SetRecipe(Box::new(recipe), asked.gesture.map(|n| Gesture { by: "histogram", n })));
}

/// Three digits: what is written is what is used.
fn rounded(delta: f64) -> f64 {
    format!("{delta:.2e}").parse().unwrap_or(delta)
}

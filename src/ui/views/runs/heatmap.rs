//! One matrix of two runs, one mask over the other.

use std::path::Path;
use std::sync::Arc;

use eframe::egui::{self, Align, Layout, Rect, RichText, UiBuilder};

use crate::engine::control::Control;
use crate::engine::experiment::{Overlap, Run};
use crate::engine::plot::{
    Atlas, Blocks, ComparedPyramid, N_FATES, NodeOrder, Pyramid, Raster, RasterMode, RasterRequest, Side, Viewport,
    raster_of_two,
};
use crate::io::figure::HeatmapFigure;
use crate::session::trial_words::step_key;
use crate::session::words::{Argument, Language, Words};
use crate::session::{ComparedPictureRequest, ComparedPyramidRequest, FileWriter, Picture, format};
use crate::ui::tokens;
use crate::ui::views::{SaveRequest, ViewCx, WindowRequest, selecting};
use crate::ui::widgets::heatmap::{AxisSpec, FigureFormat, Heatmap, HeatmapAction, HeatmapOutput, HeatmapSpec, Names};
use crate::ui::widgets::strong;

/// The runs.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pair<'a> {
    pub(super) a: &'a Arc<Run>,
    pub(super) b: &'a Arc<Run>,
}

/// What one matrix remembers between frames.
#[derive(Debug, Default)]
pub(super) struct PairCell {
    heatmap: Heatmap,
    /// Whether the pointer was over it in the last frame.
    is_pointed: bool,
}

const HEADING: f32 = 22.0;
/// Side of the small map, texels.
const MAP_TEXELS: usize = 96;
/// Texels of a saved heatmap, at most, across and down.
const SAVED_TEXELS: usize = 1120;

/// Which matrix.
struct Place<'a> {
    pair: Pair<'a>,
    atlas: &'a Arc<Atlas>,
    side: Side,
    step: usize,
}

impl Place<'_> {
    fn whole(&self) -> Viewport {
        let step = self.pair.a.pruned.steps.get(self.step);
        let (across, down) = step.map_or((0, 0), |step| self.side.size(step, self.atlas.ordering().len()));
        Viewport::whole(across, down)
    }

    fn request(&self, viewport: Viewport, pixels: (usize, usize)) -> RasterRequest {
        RasterRequest {
            step: self.step,
            side: self.side,
            mode: RasterMode::Compared,
            viewport,
            width_px: pixels.0,
            height_px: pixels.1,
            blocks: if self.has_pyramid() { Blocks::Doubling } else { Blocks::Smallest },
        }
    }

    /// Whether its pictures are drawn from what blocks count.
    fn has_pyramid(&self) -> bool {
        self.side == Side::Edges && Pyramid::is_worth(self.atlas.values().len())
    }

    /// For example `Edges of layer 1, A and B`.
    fn name(&self, words: &Words) -> String {
        let Some(step) = self.pair.a.pruned.steps.get(self.step) else { return String::new() };
        let place: [(&str, Argument<'_>); 2] =
            [("step", step_key(step.kind).into()), ("n", (step.idx + 1).to_string().into())];
        match self.side {
            Side::Edges => words.with("compared-picture-edges", &place),
            Side::Weights(nth) if step.weights.len() > 1 => {
                let [step_is, n] = place;
                words.with("compared-picture-matrix", &[step_is, n, ("matrix", step.matrix_name(nth).into())])
            }
            Side::Weights(_) => words.with("compared-picture-weights", &place),
        }
    }

    fn axis_names(&self, words: &Words) -> (String, String) {
        match self.side {
            Side::Edges => {
                let order = words.text(order_key(self.atlas.by()));
                (words.with("compared-axis-source", &[("order", order.into())]), words.text("compared-axis-target"))
            }
            Side::Weights(_) => (words.text("compared-axis-input"), words.text("compared-axis-output")),
        }
    }
}

/// By which the name of an order is found.
pub(super) fn order_key(order: NodeOrder) -> &'static str {
    match order {
        NodeOrder::Class => "compared-order-class",
        NodeOrder::Degree => "compared-order-degree",
        NodeOrder::Community => "compared-order-community",
        NodeOrder::Original => "compared-order-original",
    }
}

/// What becomes of an entry, in the order in which pictures count it.
const FATES: [&str; N_FATES] = ["compared-a-only", "compared-b-only", "compared-both", "compared-neither"];
/// Kept by both.
const BOTH: usize = 2;

impl PairCell {
    pub(super) fn ui(
        &mut self,
        cx: &ViewCx<'_>,
        ui: &mut egui::Ui,
        rect: Rect,
        pair: Pair<'_>,
        atlas: &Arc<Atlas>,
        (side, step): (Side, usize),
        counted: &Overlap,
    ) {
        let place = Place { pair, atlas, side, step };
        let words = cx.session.words();
        let name = place.name(words);
        let heading = Rect::from_min_max(rect.min, egui::pos2(rect.right(), rect.top() + HEADING));
        let mut child = ui.new_child(UiBuilder::new().max_rect(heading).layout(Layout::left_to_right(Align::Center)));
        child.label(strong(name.as_str()).size(tokens::TEXT));
        let jaccard = counted.jaccard().map_or_else(|| format::NONE.to_owned(), format::percent);
        child.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let text = words.with("compared-jaccard", &[("share", jaccard.into())]);
            let text = RichText::new(text).size(tokens::SMALL).color(cx.tokens.text_weak);
            ui.label(text).on_hover_text(words.hint("compared-jaccard"));
        });

        let slot = ComparedPictureRequest::slot_of(side, step, false);
        let desk = &cx.session.store().desk;
        let answer = desk.answer::<ComparedPictureRequest>(&slot);
        let answer = answer.filter(|(r, _)| Arc::ptr_eq(&r.a, pair.a) && Arc::ptr_eq(&r.b, pair.b));
        let picture = answer.as_ref().map(|(_, picture)| picture);
        let map_slot = ComparedPictureRequest::slot_of(side, step, true);
        let map = desk.answer::<ComparedPictureRequest>(&map_slot).map(|(_, picture)| picture);
        let (x, y) = place.axis_names(words);
        let drawing = words.text("compared-drawing");
        let groups = if side == Side::Edges { atlas.ordering().groups() } else { &[] };
        let marked = pointed(ui.ctx()).or_else(|| selecting::marked(cx.session.store(), atlas));
        let id = |at: usize| selecting::node_name(atlas, at);
        let number = |at: usize| at.to_string();
        let names = if side == Side::Edges { Names(&id) } else { Names(&number) };
        let several = if side == Side::Edges { selecting::several(cx.session.store(), atlas) } else { Vec::new() };
        let spec = HeatmapSpec {
            name: &name,
            whole: place.whole(),
            x: AxisSpec { name: &x, groups, names },
            y: AxisSpec { name: &y, groups, names },
            picture,
            map: map.as_ref(),
            message: desk.failure(&slot).or_else(|| picture.is_none().then_some(drawing.as_str())),
            marked: marked.filter(|_| side == Side::Edges),
            selected: &several,
            has_numbers: false,
        };
        let below = Rect::from_min_max(egui::pos2(rect.left(), heading.bottom()), rect.max - egui::vec2(0.0, 6.0));
        let output = self.heatmap.ui(ui, cx.tokens, below, &spec);
        if side == Side::Edges {
            self.point(ui.ctx(), output.hovered);
        }
        ask(cx, &place, &output);
        if let Some(picture) = picture {
            answer_pointer(cx, &place, &output, picture);
        }
    }
}

impl PairCell {
    /// Lights the place under the pointer up in the other heatmaps of edges, which share its axes.
    fn point(&mut self, ctx: &egui::Context, hovered: Option<(usize, usize)>) {
        if let Some(place) = hovered {
            let newest = (ctx.cumulative_frame_nr(), place);
            let before = ctx.data_mut(|data| std::mem::replace(data.get_temp_mut_or(pointed_id(), newest), newest));
            if before.1 != place || !self.is_pointed {
                ctx.request_repaint();
            }
        } else if self.is_pointed {
            ctx.request_repaint();
        }
        self.is_pointed = hovered.is_some();
    }
}

fn pointed_id() -> egui::Id {
    egui::Id::unique("entry pointed at in a comparison")
}

/// The place under the pointer in one of the heatmaps of edges, in this frame or the last one.
fn pointed(ctx: &egui::Context) -> Option<(usize, usize)> {
    let newest: Option<(u64, (usize, usize))> = ctx.data(|data| data.get_temp(pointed_id()));
    newest.filter(|(frame, _)| frame + 1 >= ctx.cumulative_frame_nr()).map(|(_, place)| place)
}

/// What blocks of a large matrix count; `Err` while they are counted. Where that failed the entries are read directly.
fn pyramid(cx: &ViewCx<'_>, place: &Place<'_>) -> Result<Option<Arc<ComparedPyramid>>, ()> {
    if !place.has_pyramid() {
        return Ok(None);
    }
    let request = ComparedPyramidRequest {
        a: Arc::clone(place.pair.a),
        b: Arc::clone(place.pair.b),
        atlas: Arc::clone(place.atlas),
        step: place.step,
    };
    let desk = &cx.session.store().desk;
    if let Some(pyramid) = desk.answer_to(&request) {
        return Ok(Some(pyramid));
    }
    if !desk.is_settled(&request) {
        cx.out.compute(request);
    } else if !desk.is_pending(&ComparedPyramidRequest::slot_of(place.step)) {
        return Ok(None);
    }
    Err(())
}

/// Asks for the picture of what is in view, unless it is there or on its way.
fn ask(cx: &ViewCx<'_>, place: &Place<'_>, output: &HeatmapOutput) {
    let Ok(pyramid) = pyramid(cx, place) else { return };
    let desk = &cx.session.store().desk;
    let request = |raster: RasterRequest, is_map: bool| ComparedPictureRequest {
        a: Arc::clone(place.pair.a),
        b: Arc::clone(place.pair.b),
        atlas: Arc::clone(place.atlas),
        pyramid: pyramid.clone(),
        raster,
        is_map,
    };
    let raster = place.request(output.viewport, output.pixels);
    let picture = request(raster.with_margin(&place.whole()), false);
    let slot = ComparedPictureRequest::slot_of(place.side, place.step, false);
    let is_served = desk.answer::<ComparedPictureRequest>(&slot).is_some_and(|(answered, found)| {
        Arc::ptr_eq(&answered.a, place.pair.a)
            && Arc::ptr_eq(&answered.b, place.pair.b)
            && Arc::ptr_eq(&answered.atlas, place.atlas)
            && raster.is_served_by(&found.raster)
    });
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

/// Tooltip, click and menu.
fn answer_pointer(cx: &ViewCx<'_>, place: &Place<'_>, output: &HeatmapOutput, picture: &Picture) {
    let words = cx.session.words();
    output.tell(cx.tokens, |column, row| says(place, &picture.raster, (column, row), words));
    let is_open = |g: &crate::session::LoadedGraph| Arc::ptr_eq(&g.dataset, place.atlas.dataset());
    if let Some(clicked) = output.clicked().filter(|_| place.side == Side::Edges)
        && cx.session.store().graph.as_ref().is_some_and(is_open)
    {
        selecting::select(cx, place.atlas, &picture.raster, clicked);
    }
    match output.action {
        None => {}
        Some(HeatmapAction::CopyValue(column, row)) => {
            if let Some((title, lines)) = says(place, &picture.raster, (column, row), words) {
                cx.out.request(WindowRequest::Copy(format!("{title}\n{}", lines.join("\n"))));
            }
        }
        Some(HeatmapAction::CopyPicture(rect)) => cx.out.request(WindowRequest::CopyPicture(rect)),
        Some(HeatmapAction::Save(format)) => {
            cx.out.request(WindowRequest::Save(saved(place, output.viewport, picture, (format, words))));
        }
    }
}

/// What is under the pointer: an entry, or a block of them.
fn says(
    place: &Place<'_>,
    raster: &Raster,
    (column, row): (usize, usize),
    words: &Words,
) -> Option<(String, Vec<String>)> {
    let texel = raster.texel_at(column, row)?;
    let counts = raster.compared.get(texel.index)?;
    let own = raster.own.get(texel.index).copied().unwrap_or(0);
    if counts.iter().all(|n| *n == 0) {
        return None;
    }
    let dataset = place.atlas.dataset();
    if raster.is_single_entries() {
        let fate = counts.iter().position(|n| *n > 0).map_or_else(String::new, |at| words.text(FATES[at]));
        let title = match place.side {
            Side::Edges => {
                let order = place.atlas.ordering().order();
                let id = |at: usize| order.get(at).map_or_else(String::new, |node| dataset.node_id(*node as usize));
                format!("{} → {}", id(column), id(row))
            }
            Side::Weights(_) => {
                let [input, output] = [column, row].map(|at| at.to_string());
                words.with("compared-weight", &[("input", input.into()), ("output", output.into())])
            }
        };
        let line = if own > 0 {
            words.text("compared-self-loop")
        } else {
            words.with("compared-kept-by", &[("fate", fate.into())])
        };
        return Some((title, vec![line]));
    }
    let [columns, rows] = [texel.columns.len(), texel.rows.len()].map(|n| n.to_string());
    let title = words.with("compared-block", &[("columns", columns.into()), ("rows", rows.into())]);
    let mut lines: Vec<String> = FATES
        .iter()
        .zip(counts)
        .enumerate()
        .map(|(at, (fate, n))| {
            let n = if at == BOTH { n.saturating_sub(own) } else { *n };
            let n = format::count(u64::from(n));
            words.with("compared-block-part", &[("fate", words.text(fate).into()), ("n", n.into())])
        })
        .collect();
    if own > 0 {
        lines.push(words.with("compared-block-loops", &[("n", format::count(u64::from(own)).into())]));
    }
    lines.push(words.text("compared-zoom"));
    Some((title, lines))
}

/// Drawn anew in the background, finer than on the screen, and in English as all files.
fn saved(
    place: &Place<'_>,
    viewport: Viewport,
    picture: &Picture,
    (format, words): (FigureFormat, &Words),
) -> SaveRequest {
    let of_files = Words::of(Language::English);
    let (a, b, atlas) = (Arc::clone(place.pair.a), Arc::clone(place.pair.b), Arc::clone(place.atlas));
    let scale = picture.scale.clone();
    let request = place.request(viewport, (SAVED_TEXELS, SAVED_TEXELS));
    let request = RasterRequest { blocks: Blocks::Smallest, ..request };
    let name = place.name(of_files);
    let title = format!("{name}, {}, {}", a.dataset.name(), a.model.title());
    let (x_name, y_name) = place.axis_names(of_files);
    let has_nodes = place.side == Side::Edges;
    let file = format!("{} {}.{}", a.dataset.name(), name.to_lowercase(), format.extension());
    let file = file.replace([' ', '/', '\\', ','], "-");
    let make = move |path: &Path, ctl: &Control| {
        let (format, path) = format.settled(path)?;
        let raster = raster_of_two(&a, &b, &atlas, None, &request, ctl)?;
        let figure = HeatmapFigure {
            raster: &raster,
            scale: &scale,
            title: &title,
            subtitle: "kept by A alone, by B alone, by both, by neither",
            x_name: &x_name,
            y_name: &y_name,
            groups: if has_nodes { atlas.ordering().groups() } else { &[] },
        };
        Ok((path, format.bytes(&figure)?))
    };
    let label = words.with("compared-save", &[("file", file.as_str().into())]);
    SaveRequest { name: file, writer: FileWriter::new(label, make) }
}

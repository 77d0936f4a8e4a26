//! Saving the drawing: the part in view, drawn anew in the background with everything a reader needs around it.

use std::sync::Arc;

use super::drawn::Scene;
use crate::engine::experiment::Run;
use crate::engine::graph::Dataset;
use crate::io::figure::GraphFigure;
use crate::session::FileWriter;
use crate::session::words::{Language, Words};
use crate::ui::panels::recipe_summary;
use crate::ui::views::SaveRequest;
use crate::ui::widgets::heatmap::FigureFormat;

/// What saves a part of a scene, in units of its layout; `step` names what edges are coloured by.
pub(super) fn drawing(
    dataset: &Arc<Dataset>,
    run: Option<&Arc<Run>>,
    scene: Scene,
    step: Option<&str>,
    part: [f32; 4],
    format: FigureFormat,
) -> SaveRequest {
    let dataset = Arc::clone(dataset);
    let name = dataset.name();
    let shown = step.map_or_else(String::new, |step| format!(", {}", step.to_lowercase()));
    let title = match run {
        Some(run) => format!("{name}, {}{shown}", run.model.title()),
        None => format!("{name}{shown}"),
    };
    let subtitle = run.map_or_else(String::new, |run| recipe_summary(Words::of(Language::English), &run.recipe));
    let file = format!("{name} graph{}.{}", shown.replace(',', ""), format.extension()).replace([' ', '/', '\\'], "-");
    let make = move |path: &std::path::Path, ctl: &crate::engine::control::Control| {
        let (format, path) = format.settled(path)?;
        ctl.check()?;
        let edges = scene.marks.as_ref().and_then(|(marks, step)| Some(&*marks.steps.get((*step)?)?.edges));
        let figure = GraphFigure {
            dataset: &dataset,
            layout: &scene.layout,
            shades: &scene.shades,
            edges,
            view: part,
            title: &title,
            subtitle: &subtitle,
        };
        let bytes = match format {
            FigureFormat::Png => figure.png()?,
            FigureFormat::Svg => figure.svg().into_bytes(),
            FigureFormat::Csv => figure.csv()?,
        };
        Ok((path, bytes))
    };
    SaveRequest { name: file.clone(), writer: FileWriter::new(format!("Save {file}"), make) }
}

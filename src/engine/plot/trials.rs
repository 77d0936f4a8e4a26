//! Methods side by side, and layers one at a time, as curves: the same in the window and where there is none.

use super::curves::{Axis, Curve, CurveStyle, Curves};
use crate::engine::experiment::{CompareSummary, EvaluatedOn, Method, SensitivityPoint};

/// What the curves of methods side by side are made of.
#[derive(Debug, Clone)]
pub struct MethodsFigure<'a> {
    /// Means and spreads, of both sides.
    pub summary: &'a [CompareSummary],
    /// Whether methods that remove entries of the graph are drawn; else those that remove weights.
    pub is_of_edges: bool,
    /// Whose accuracy the means are.
    pub on: EvaluatedOn,
    /// Accuracy of the unpruned model, `0..=1`; of several models the mean.
    pub baseline: Option<f64>,
    /// Whether the methods got recovery, which their names say.
    pub has_recovery: bool,
    /// Below the title.
    pub subtitle: String,
}

/// Where a method stands in the palette: the same whichever others are drawn.
pub fn colour_of(method: Method) -> usize {
    let of_side = Method::offered(true).into_iter().filter(|m| m.is_of_edges() == method.is_of_edges());
    of_side.take_while(|m| *m != method).count()
}

impl MethodsFigure<'_> {
    /// Accuracy against what was really removed: one series per method, the mean over seeds, whiskers from the lowest to the
    /// highest.
    pub fn curves(&self) -> Curves {
        let methods = Method::offered(self.has_recovery).into_iter().filter(|m| m.is_of_edges() == self.is_of_edges);
        let curve = |method: Method| {
            let own: Vec<&CompareSummary> = self.summary.iter().filter(|s| s.method == method).collect();
            Curve {
                name: method.full_title(self.has_recovery),
                points: own.iter().map(|s| [100.0 * s.removed, 100.0 * s.mean]).collect(),
                spread: own.iter().map(|s| s.range.map(|a| 100.0 * a)).collect(),
                style: CurveStyle::Marked,
                colour: colour_of(method),
                ..Curve::default()
            }
        };
        let mut series: Vec<Curve> = methods.map(curve).filter(|c| !c.points.is_empty()).collect();
        if let Some(baseline) = self.baseline.filter(|_| !series.is_empty()) {
            series.push(level("unpruned", &series, 100.0 * baseline));
        }
        let what = if self.is_of_edges { "edges" } else { "weights" };
        let on = self.on.title();
        let metric = self.summary.first().map(|s| s.metric).unwrap_or_default();
        Curves {
            title: format!(
                "Methods that remove {what}{}",
                if self.has_recovery { ", with the same recovery" } else { "" }
            ),
            subtitle: self.subtitle.clone(),
            x: axis(format!("{what} removed, %"), &series),
            y: axis(format!("{on} {}, %", metric.title()), &series),
            series,
            marks: Vec::new(),
        }
    }
}

/// Accuracy against what was removed of one layer while all others stay whole: one series per layer or hop.
pub fn sensitivity_curves(
    points: &[SensitivityPoint],
    is_of_edges: bool,
    on: EvaluatedOn,
    step_name: &str,
    subtitle: String,
) -> Curves {
    let own = || points.iter().filter(|p| p.is_of_edges == is_of_edges);
    let n_steps = own().map(|p| p.step + 1).max().unwrap_or(0);
    let curve = |step: usize| Curve {
        name: format!("{step_name} {}", step + 1),
        points: own().filter(|p| p.step == step).map(|p| [100.0 * p.removed, 100.0 * on.accuracy(&p.result)]).collect(),
        style: CurveStyle::Marked,
        colour: step,
        ..Curve::default()
    };
    let mut series: Vec<Curve> = (0..n_steps).map(curve).collect();
    if let Some(first) = own().next() {
        series.push(level("unpruned", &series, 100.0 * on.baseline_accuracy(&first.result)));
    }
    let what = if is_of_edges { "edges" } else { "weights" };
    let metric = own().next().map(|p| p.result.metric).unwrap_or_default();
    Curves {
        title: format!("{} of one {} alone", if is_of_edges { "Edges" } else { "Weights" }, step_name.to_lowercase()),
        subtitle,
        x: axis(format!("{what} of this {} removed, %", step_name.to_lowercase()), &series),
        y: axis(format!("{} {}, %", on.title(), metric.title()), &series),
        series,
        marks: Vec::new(),
    }
}

/// An axis of percent; until there is a point, of all percent.
fn axis(name: String, series: &[Curve]) -> Axis {
    Axis { range: series.is_empty().then_some([0.0, 100.0]), ..Axis::new(name) }
}

/// A dashed line across, where the unpruned model stands.
fn level(name: &str, curves: &[Curve], y: f64) -> Curve {
    let finite = curves.iter().flat_map(|c| &c.points).map(|p| p[0]).filter(|x| x.is_finite());
    let high = finite.fold(0.0, f64::max);
    Curve { name: name.to_owned(), points: vec![[0.0, y], [high, y]], style: CurveStyle::Dashed, ..Curve::default() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::graph::Metric;

    #[test]
    fn every_method_keeps_its_colour_and_its_place() {
        let all = Method::all();
        let summary: Vec<CompareSummary> = [all[3], all[0], *all.last().expect("some")]
            .map(|method| CompareSummary {
                method,
                share: 0.5,
                n_seeds: 3,
                removed: 0.48,
                metric: Metric::default(),
                mean: 0.8,
                range: [0.7, 0.9],
                deviation: 0.1,
            })
            .to_vec();
        let curves = |is_of_edges: bool| {
            let figure = MethodsFigure {
                summary: &summary,
                is_of_edges,
                on: EvaluatedOn::Test,
                baseline: Some(0.85),
                has_recovery: false,
                subtitle: String::new(),
            };
            figure.curves()
        };
        let edges = curves(true);
        let looks: Vec<_> = edges.series.iter().map(|c| (c.name.as_str(), c.colour)).collect();
        assert_eq!(looks, [("Unifews", 0), (all[3].title(), 3), ("unpruned", 0)]);
        assert_eq!(edges.series[0].points, [[48.0, 80.0]]);
        assert_eq!(edges.series[0].spread, [[70.0, 90.0]]);
        assert_eq!(curves(false).series.len(), 2);
        assert_eq!((colour_of(all[0]), colour_of(Method::UnifewsWeights)), (0, 0));
    }
}

//! What removed entries change, node by node, as curves: nodes in the order of their error.

use super::curves::{Axis, Curve, CurveStyle, Curves};
use crate::engine::experiment::NodeErrors;

/// Points of a curve, whatever the number of nodes.
const MAX_POINTS: usize = 400;

/// Error attained and its bound by share of the nodes, both falling, one colour per layer or hop: what `x` % of the nodes have at least.
pub fn error_curves(errors: &[NodeErrors], step_name: &str, subtitle: String) -> Curves {
    let curve = |what: &str, values: &[f64], step: usize, style: CurveStyle| Curve {
        name: format!("{step_name} {}, {what}", step + 1),
        points: falling(values),
        style,
        colour: step,
        ..Curve::default()
    };
    let of_step = |of: &NodeErrors| {
        let thresholds = of.threshold_bound.as_ref();
        let thresholds = thresholds.map(|bound| curve("bound by δ", bound, of.step, CurveStyle::Points));
        [
            curve("attained", &of.attained, of.step, CurveStyle::Line),
            curve("bound", &of.bound, of.step, CurveStyle::Dashed),
        ]
        .into_iter()
        .chain(thresholds)
    };
    Curves {
        title: "Error of the nodes".to_owned(),
        subtitle,
        x: Axis { range: Some([0.0, 100.0]), ..Axis::new("nodes with at least this error, %") },
        y: Axis::new("norm of what a node lacks"),
        series: errors.iter().flat_map(of_step).collect(),
        marks: Vec::new(),
    }
}

/// The values from the largest to the smallest over the share of them, percent.
fn falling(values: &[f64]) -> Vec<[f64; 2]> {
    let mut sorted = values.to_vec();
    sorted.sort_by(|a, b| b.total_cmp(a));
    let n = sorted.len();
    let n_points = n.min(MAX_POINTS);
    let at = |i: usize| if n_points < 2 { 0 } else { i * (n - 1) / (n_points - 1) };
    (0..n_points).map(at).map(|i| [100.0 * (i + 1) as f64 / n as f64, sorted[i]]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn curves_fall_from_the_largest_error_to_the_smallest() {
        let errors = NodeErrors {
            step: 1,
            n_missing: vec![1, 0, 2, 1],
            attained: vec![0.5, 0.0, 2.0, 1.0],
            bound: vec![0.6, 0.0, 3.0, 1.0],
            threshold_bound: None,
        };
        let curves = error_curves(&[errors], "Layer", String::new());
        let names: Vec<&str> = curves.series.iter().map(|c| c.name.as_str()).collect();
        assert_eq!(names, ["Layer 2, attained", "Layer 2, bound"]);
        assert_eq!(curves.series[0].points, [[25.0, 2.0], [50.0, 1.0], [75.0, 0.5], [100.0, 0.0]]);
        let many: Vec<f64> = (0..5_000).map(f64::from).collect();
        let points = falling(&many);
        assert_eq!((points.len(), points[0], points[MAX_POINTS - 1]), (MAX_POINTS, [0.02, 4_999.0], [100.0, 0.0]));
        assert!(falling(&[]).is_empty());
    }
}

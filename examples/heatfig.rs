use std::sync::Arc;
use unifews::engine::analysis::*;
use unifews::engine::control::Control;
use unifews::io::figure::*;
use unifews::session::*;
fn main() {
    let mut s = Session::new(2, Arc::new(|| {})).unwrap();
    s.apply(Command::OpenMany(vec!["sample:cora".into(), "sample:cora-gcn".into()]));
    while !(s.is_idle() && s.store().shown().is_some()) {
        s.poll();
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
    let run = Arc::clone(s.store().shown().unwrap());
    let ctl = Control::new(2).unwrap();
    let atlas = Atlas::new(&run.dataset, 0.5, NodeOrder::Class, 1, &ctl).unwrap();
    for (i, mode) in RasterMode::ALL.into_iter().enumerate() {
        let t = std::time::Instant::now();
        let req = RasterRequest {
            step: 1,
            side: Side::Edges,
            mode,
            viewport: Viewport::whole(2485, 2485),
            width_px: 1120,
            height_px: 1120,
        };
        let r = raster(&run, &atlas, &req, &ctl).unwrap();
        let sc = Scale::of_raster(&r, mode, Side::Edges, 2, false);
        let f = HeatmapFigure {
            raster: &r,
            scale: &sc,
            title: "Edges of layer 2, Cora, GCN 1433-256-7",
            subtitle: "relative δa 0.50, relative δw 0.50, self-loop",
            x_name: "source node, by class",
            y_name: "target node",
            groups: atlas.ordering().groups(),
        };
        std::fs::write(format!("/tmp/heat-fig{i}.png"), f.png().unwrap()).unwrap();
        std::fs::write(format!("/tmp/heat-fig{i}.svg"), f.svg().unwrap()).unwrap();
        println!("{:?} {:.0} ms", mode, t.elapsed().as_secs_f64() * 1e3);
    }
    let c = Curves {
        title: "Accuracy".into(),
        subtitle: "48 of 48 combinations of δa and δw".into(),
        x: Axis::new("edges removed, %"),
        y: Axis::new("accuracy, %"),
        series: vec![
            Curve {
                name: "Pareto, test".into(),
                points: vec![[0., 88.], [20., 87.], [40., 85.], [60., 79.], [78., 66.]],
                ..Default::default()
            },
            Curve {
                name: "test".into(),
                points: vec![[0., 88.], [20., 87.], [40., 85.], [60., 79.], [78., 66.]],
                style: CurveStyle::Points,
                ..Default::default()
            },
            Curve {
                name: "test".into(),
                points: vec![[0., 80.], [22., 77.], [41., 75.]],
                style: CurveStyle::PalePoints,
                ..Default::default()
            },
            Curve {
                name: "unpruned, test".into(),
                points: vec![[0., 88.7], [78., 88.7]],
                style: CurveStyle::Dashed,
                ..Default::default()
            },
        ],
        marks: vec![Mark { x: 30., label: "now".into() }],
    };
    std::fs::write("/tmp/heat-curve.png", c.png().unwrap()).unwrap();
    std::fs::write("/tmp/heat-curve.svg", c.svg()).unwrap();
}

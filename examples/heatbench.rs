use std::sync::Arc;
use std::time::Instant;
use unifews::engine::analysis::*;
use unifews::engine::control::Control;
use unifews::session::*;
fn med(mut v: Vec<f64>) -> f64 {
    v.sort_by(f64::total_cmp);
    v[v.len() / 2]
}
fn main() {
    let model = std::env::args().nth(1).unwrap_or("sample:cora-gcn".into());
    let mut s = Session::new(2, Arc::new(|| {})).unwrap();
    s.apply(Command::OpenMany(vec!["sample:cora".into(), model.clone()]));
    while !(s.is_idle() && s.store().shown().is_some()) {
        s.poll();
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
    let run = Arc::clone(s.store().shown().unwrap());
    println!("model {} steps {}", run.model.title(), run.pruned.steps.len());
    let ctl = Control::new(2).unwrap();
    for by in NodeOrder::ALL {
        let t = Instant::now();
        let a = Atlas::new(&run.dataset, 0.5, by, 1, &ctl).unwrap();
        println!("atlas {:?} {:.2} ms groups {}", by, t.elapsed().as_secs_f64() * 1e3, a.ordering().groups().len());
    }
    let atlas = Arc::new(Atlas::new(&run.dataset, 0.5, NodeOrder::Class, 1, &ctl).unwrap());
    let n = run.dataset.n_nodes();
    for (i, st) in run.pruned.steps.iter().enumerate() {
        if i > 2 && i + 2 < run.pruned.steps.len() {
            continue;
        }
        for side in [Side::Edges, Side::Weights] {
            if side == Side::Edges && st.edges.is_none() || side == Side::Weights && st.weights.is_none() {
                continue;
            }
            let (w, h) = if side == Side::Edges { (n, n) } else { (st.d_in, st.d_out) };
            for mode in [RasterMode::Strength, RasterMode::Margin] {
                let req = RasterRequest {
                    step: i,
                    side,
                    mode,
                    viewport: Viewport::whole(w, h),
                    width_px: 350,
                    height_px: 230,
                };
                let t: Vec<f64> = (0..21)
                    .map(|_| {
                        let t = Instant::now();
                        raster(&run, &atlas, &req, &ctl).unwrap();
                        t.elapsed().as_secs_f64() * 1e3
                    })
                    .collect();
                let p: Vec<f64> = (0..21)
                    .map(|_| {
                        let t = Instant::now();
                        PictureRequest {
                            run: run.clone(),
                            atlas: atlas.clone(),
                            raster: req,
                            is_map: false,
                            scores: None,
                        }
                        .compute(&ctl)
                        .unwrap();
                        t.elapsed().as_secs_f64() * 1e3
                    })
                    .collect();
                println!(
                    "{} {:?} {:?} {}x{}: raster {:.2} ms, picture with histogram {:.2} ms",
                    st.title(),
                    side,
                    mode,
                    w,
                    h,
                    med(t),
                    med(p)
                );
            }
        }
    }
    // slider to pictures: recipe change, preview, four pictures
    let mut lat = Vec::new();
    let mut prev = Vec::new();
    for k in 0..21 {
        let mut r = s.store().recipe.clone();
        r.edges.delta = vec![0.3 + 0.02 * k as f64];
        let t = Instant::now();
        s.apply(Command::SetRecipe(Box::new(r), None));
        let run = loop {
            s.poll();
            if let Some(r) = s.store().shown() {
                if s.store().is_current(r) {
                    break Arc::clone(r);
                }
            }
            std::thread::sleep(std::time::Duration::from_micros(200));
        };
        prev.push(t.elapsed().as_secs_f64() * 1e3);
        for (i, st) in run.pruned.steps.iter().enumerate() {
            if i > 0 && st.weights.is_none() {
                continue;
            }
            for side in [Side::Edges, Side::Weights] {
                if side == Side::Edges && st.edges.is_none() || side == Side::Weights && st.weights.is_none() {
                    continue;
                }
                let (w, h) = if side == Side::Edges { (n, n) } else { (st.d_in, st.d_out) };
                let req = RasterRequest {
                    step: i,
                    side,
                    mode: RasterMode::Strength,
                    viewport: Viewport::whole(w, h),
                    width_px: 350,
                    height_px: 230,
                };
                s.apply(Command::Compute(AnyRequest::new(PictureRequest {
                    run: run.clone(),
                    atlas: atlas.clone(),
                    raster: req,
                    is_map: false,
                    scores: None,
                })));
            }
        }
        while !s.is_idle() {
            s.poll();
            std::thread::sleep(std::time::Duration::from_micros(200));
        }
        lat.push(t.elapsed().as_secs_f64() * 1e3);
    }
    println!(
        "preview median {:.1} ms; slider to all pictures median {:.1} ms, max {:.1}",
        med(prev),
        med(lat.clone()),
        lat.iter().fold(0.0f64, |m, v| m.max(*v))
    );
}

use eframe::egui::{self, *};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable as _;
use unifews::ui::{App, Settings};
fn main() {
    let model = std::env::args().nth(1).unwrap_or("sample:cora-gcn".into());
    let mut h: Harness<'static, App> =
        Harness::builder().with_size([1440.0, 900.0]).with_step_dt(1.0 / 60.0).build_eframe(move |cc| {
            App::new(
                &cc.egui_ctx,
                Settings { n_threads: 2, open: vec!["sample:cora".into(), model], ..Settings::default() },
            )
            .unwrap()
        });
    h.input_mut().max_texture_side = Some(8192);
    h.step();
    for _ in 0..3 {
        loop {
            h.step();
            std::thread::sleep(std::time::Duration::from_millis(3));
            if h.state().session().is_idle() && h.state().session().store().shown().is_some() {
                break;
            }
        }
        for _ in 0..5 {
            h.step();
        }
    }
    let report = |h: &Harness<'static, App>, what: &str| {
        let f = h.state().frames();
        println!(
            "{what}: median {:.2} ms, 95 % {:.2} ms, max {:.2} ms ({} frames)",
            f.median() * 1e3,
            f.quantile(0.95) * 1e3,
            f.quantile(1.0) * 1e3,
            f.len()
        );
    };
    for _ in 0..600 {
        h.step();
    }
    report(&h, "layers, still");
    let names: Vec<&str> =
        if h.query_by_label("Edges of layer 1").is_some() { vec!["Edges of layer 1"] } else { vec!["Edges of hop 1"] };
    let r = h.get_by_label(names[0]).rect();
    for i in 0..600 {
        h.hover_at(r.left_top() + vec2(r.width() * (i as f32 / 600.0), r.height() * ((i * 7 % 600) as f32 / 600.0)));
        h.step();
    }
    report(&h, "layers, pointer over a heatmap");
    h.hover_at(r.center());
    h.step();
    for i in 0..600 {
        if i % 3 == 0 {
            h.event(egui::Event::MouseWheel {
                unit: MouseWheelUnit::Point,
                delta: vec2(0.0, if (i / 150) % 2 == 0 { 12.0 } else { -12.0 }),
                phase: TouchPhase::Move,
                source: egui::MouseWheelSource::Wheel,
                modifiers: Modifiers::NONE,
            });
        }
        h.step();
        std::thread::sleep(std::time::Duration::from_millis(4));
    }
    report(&h, "layers, zooming");
}

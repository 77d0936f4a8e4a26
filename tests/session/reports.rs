//! Internal errors leave a report, and the next session tells of it once.

use std::thread;

use unifews::io::crash_reports::crash_reports;
use unifews::session::{Command, Level, Session, crash};

use super::{session, wait};

#[test]
fn a_panic_leaves_a_report_without_the_users_data_that_is_told_of_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path().join("crashes");
    crash::watch(folder.clone());
    let mut first = session();
    first.apply(Command::Open("/home/jane/payments.csv".to_owned()));
    wait(&mut first, "the refusal", Session::is_idle);
    let job = thread::Builder::new().name("job-1 Prune payments".to_owned());
    let spawned = job.spawn(|| panic!("no node \"Jane\" in /home/jane/payments.csv")).expect("a thread");
    assert!(spawned.join().is_err(), "the panic goes on");
    // Another test of this process may have failed meanwhile.
    let reports = crash_reports(&folder);
    let report = reports.iter().find(|r| r.text.contains("thread: job-1\n")).expect("written");
    assert!(report.is_new);
    for part in [
        "unifews-crash/1",
        env!("CARGO_PKG_VERSION"),
        "place: reports.rs:",
        "error: no node \"…\" in ‹path›",
        ": open\n",
    ] {
        assert!(report.text.contains(part), "{part} in\n{}", report.text);
    }
    for part in ["jane", "Jane", "payments"] {
        assert!(!report.text.contains(part), "{part} in\n{}", report.text);
    }
    let told = |session: &Session| {
        let notices = session.store().notices.all().iter();
        notices.filter(|notice| notice.level == Level::Warning && notice.title.contains("internal error")).count()
    };
    let mut second = session().with_crash_reports(folder.clone());
    wait(&mut second, "the reports", |s| s.is_idle() && !s.diagnosis().reports.is_empty());
    assert_eq!(told(&second), 1);
    assert!(
        second
            .diagnosis()
            .rows
            .iter()
            .any(|(name, value)| *name == "Version" && value.contains(env!("CARGO_PKG_VERSION")))
    );
    let mut third = session().with_crash_reports(folder.clone());
    wait(&mut third, "the reports", |s| s.is_idle() && !s.diagnosis().reports.is_empty());
    assert_eq!(told(&third), 0, "once");
    third.apply(Command::Diagnose(true));
    wait(&mut third, "an empty list", |s| s.is_idle() && s.diagnosis().reports.is_empty());
    assert!(crash_reports(&folder).is_empty());
}

#[test]
fn diagnostics_say_what_happened_and_no_name_of_a_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("Payments 2026.csv");
    unifews::io::atomic::write_atomic(&path, b"source,target\na,b\nb,c\nc,d\n").expect("written");
    let mut session = session();
    session.apply(Command::Open(path.display().to_string()));
    wait(&mut session, "the graph", |s| s.is_idle() && s.store().graph.is_some());
    session.apply(Command::Open("/srv/customers/secret list.csv".to_owned()));
    wait(&mut session, "the refusal", |s| s.is_idle() && !s.store().notices.all().is_empty());
    let text = session.report_of_fault(&[("Drawn by", "glow".to_owned())]);
    for part in
        ["Drawn by: glow", "Graph: 4 nodes", "Model: none", "Recipe", "mode = \"relative\"", "error: ", "open ‹"]
    {
        assert!(text.contains(part), "{part} in\n{text}");
    }
    for part in ["Payments", "secret", "customers", "srv"] {
        assert!(!text.contains(part), "{part} in\n{text}");
    }
}

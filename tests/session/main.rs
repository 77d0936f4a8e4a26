//! The session without a screen: jobs, undo, inputs, export.

#![expect(clippy::expect_used, reason = "tests fail loudly")]

mod autosave;
mod flow;
mod import;
mod jobs;
mod keeping;
mod kept_results;
mod kills;
mod named_files;
mod notes;
mod old_versions;
mod projects;
mod readings;
mod recovery;
mod reopened;
mod reports;
mod start;
mod trials;
mod undo;

use std::sync::Arc;
use std::time::{Duration, Instant};

use unifews::session::{Command, Session};

/// Longest that a test waits for anything; far more than it needs on a busy machine.
const PATIENCE: Duration = Duration::from_mins(2);

/// A session on two workers that nobody wakes.
fn session() -> Session {
    Session::new(2, Arc::new(|| {})).expect("workers")
}

/// Polls until `is_there` answers yes.
fn wait(session: &mut Session, what: &str, is_there: impl Fn(&Session) -> bool) {
    let began = Instant::now();
    loop {
        session.poll();
        if is_there(session) {
            return;
        }
        assert!(began.elapsed() < PATIENCE, "waited too long for {what}; notices {:?}", session.store().notices.all());
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// The shortest of three attempts: another program may take the processor from one of them.
fn best_of_three(mut attempt: impl FnMut() -> Duration) -> Duration {
    (0..3).map(|_| attempt()).min().unwrap_or_default()
}

/// How soon a cancel must be answered.
const PROMPT: Duration = Duration::from_millis(100);

/// A session with a small trained model: the smallest sample, which trains one when it is opened.
fn with_karate() -> Session {
    let mut session = session();
    session.apply(Command::OpenSample("sample:karate".to_owned()));
    wait(&mut session, "the first preview", |s| s.store().preview.is_some() && s.is_idle());
    session
}

/// Puts other bytes into a file of a bundle that is a folder, and their hash into its manifest.
fn forge(bundle: &std::path::Path, name: &str, bytes: &[u8]) {
    use sha2::Digest as _;
    unifews::io::atomic::write_atomic(bundle.join(name), bytes).expect("written");
    let manifest = std::fs::read_to_string(bundle.join("manifest.json")).expect("a manifest");
    let mut manifest: serde_json::Value = serde_json::from_str(&manifest).expect("JSON");
    let sum: String = sha2::Sha256::digest(bytes).iter().map(|b| format!("{b:02x}")).collect::<Vec<_>>().concat();
    manifest["files"][name] = serde_json::json!({ "sha256": sum, "size_bytes": bytes.len() });
    unifews::io::atomic::write_atomic(bundle.join("manifest.json"), manifest.to_string().as_bytes()).expect("written");
}

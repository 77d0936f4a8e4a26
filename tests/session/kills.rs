//! Killed at any moment, a session leaves a whole state that misses at most the changes of the last two seconds.
//!
//! The process that is killed is this test's own program, which makes one change after another and prints each before it is made. Its seconds
//! are those that it tells the session: no busy machine makes them longer. A write may take up to 0.9 of them.
#![cfg(unix)]

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Command as Process, Stdio};
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use unifews::io::autosave::{STATE_NAME, SessionFolder, left_behind};
use unifews::io::read_model;
use unifews::session::jobs::Lane;
use unifews::session::{Command, Session, project};

use super::wait;

/// Names the folder of the sessions in the process that is killed.
const ROOT: &str = "UNIFEWS_KILLED_ROOT";
/// How often it is killed; a dozen times where it is not said.
const KILLS: &str = "UNIFEWS_KILLS";
/// What may be missing.
const MOST: u64 = 2000;
/// Between two changes.
const STEP: Duration = Duration::from_millis(40);

/// Makes changes until it is killed: `n`, milliseconds of the session's time, milliseconds of the clock on the wall.
#[test]
#[ignore = "the process that is killed"]
fn changes() {
    let Some(root) = std::env::var_os(ROOT) else { return };
    let mut session = super::session().with_autosave(root.into());
    session.apply(Command::OpenSample("sample:karate".to_owned()));
    wait(&mut session, "the first preview", |s| s.store().preview.is_some() && s.is_idle());
    let (began, mut now, mut writing_since) = (Instant::now(), Duration::ZERO, None);
    for n in 1.. {
        now += STEP;
        let line = format!("change {n} {} {}\n", now.as_millis(), began.elapsed().as_millis());
        std::io::stdout().write_all(line.as_bytes()).expect("somebody reads");
        change(&mut session, n);
        session.poll();
        session.tick(now, String::new);
        if !session.is_busy(&Lane::Autosave) {
            writing_since = None;
        }
        let since = *writing_since.get_or_insert(now);
        while session.is_busy(&Lane::Autosave) && now.saturating_sub(since) > Duration::from_millis(900) {
            std::thread::sleep(Duration::from_millis(1));
            session.poll();
        }
        std::thread::sleep(Duration::from_millis(3));
    }
}

/// Change number `n`, in several places at once.
fn change(session: &mut Session, n: u64) {
    let mut recipe = session.store().recipe.clone();
    recipe.seed = n;
    session.apply(Command::SetRecipe(Box::new(recipe), None));
    session.apply(Command::SetLimit(limit(n)));
    session.apply(Command::SelectNode(Some(node(n))));
}

fn limit(n: u64) -> f64 {
    (n % 100) as f64 / 1000.0
}

fn node(n: u64) -> u32 {
    (n % 34) as u32
}

/// A change as it was printed.
struct Printed {
    n: u64,
    session_ms: u64,
    wall_ms: u64,
}

fn printed(line: &str) -> Option<Printed> {
    let (_, numbers) = line.split_once("change ")?;
    let mut numbers = numbers.split(' ').map(|number| number.trim().parse().ok());
    Some(Printed { n: numbers.next()??, session_ms: numbers.next()??, wall_ms: numbers.next()?? })
}

/// Kills one process after so many changes and then so long; gives what it printed.
fn killed(root: &Path, after: u64, and_then: Duration) -> Vec<Printed> {
    let mut child = Process::new(std::env::current_exe().expect("this program"))
        .args(["--exact", "kills::changes", "--ignored", "--nocapture"])
        .env(ROOT, root)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("started");
    let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
    let mut all: Vec<Printed> = Vec::new();
    while all.last().is_none_or(|last| last.n < after) {
        let line = lines.next().expect("it goes on until it is killed").expect("text");
        all.extend(printed(&line));
    }
    let until = Instant::now() + and_then;
    while Instant::now() < until {
        std::hint::spin_loop();
    }
    child.kill().expect("killed");
    child.wait().expect("ended");
    all.extend(lines.map_while(Result::ok).filter_map(|line| printed(&line)));
    all
}

#[test]
fn nothing_older_than_two_seconds_is_missing_wherever_it_is_killed() {
    let n_kills: u64 = std::env::var(KILLS).ok().map_or(12, |n| n.parse().expect("a number"));
    let folder = tempfile::tempdir().expect("a folder");
    let root = folder.path().join("sessions");
    let mut random = StdRng::seed_from_u64(19);
    let (mut oldest, mut oldest_on_the_wall) = (0, 0);
    for at in 0..n_kills {
        let (after, and_then) = (random.random_range(1..150), Duration::from_micros(random.random_range(0..9000)));
        let all = killed(&root, after, and_then);
        let last = all.last().expect("a change");
        let mut left = left_behind(&root);
        let kept = match left.first() {
            // Killed before the first write.
            None => 0,
            Some(folder) => {
                let state = project::read(&folder.path(STATE_NAME)).expect("a whole state");
                let n = state.recipe.seed;
                // The sample opens with a seed of its own, before the first change.
                let n = if state.selected.is_some() { n } else { 0 };
                if n > 0 {
                    assert_eq!(
                        (state.limit, state.selected),
                        (Some(limit(n)), Some(node(n))),
                        "kill {at}: of one moment"
                    );
                }
                let model = state.autosave.and_then(|kept| kept.model_file).expect("the trained model");
                read_model(folder.path(&model).to_str().expect("text")).expect("whole, too");
                n
            }
        };
        assert!(kept <= last.n, "kill {at}: change {kept} was printed before it was made");
        if let Some(missing) = all.iter().find(|change| change.n > kept) {
            oldest = oldest.max(last.session_ms - missing.session_ms);
            oldest_on_the_wall = oldest_on_the_wall.max(last.wall_ms - missing.wall_ms);
        }
        assert!(oldest <= MOST, "kill {at} after change {}: {kept} was kept, {oldest} ms are missing", last.n);
        if at + 1 == n_kills {
            drop(left);
            restored(&root, kept);
            break;
        }
        left.drain(..).for_each(SessionFolder::remove);
    }
    eprintln!("oldest missing change: {oldest} ms of the session, {oldest_on_the_wall} ms on the wall");
}

/// What the last process left opens again.
fn restored(root: &Path, kept: u64) {
    let mut session = super::session().with_autosave(root.to_owned());
    wait(&mut session, "what was left", Session::is_idle);
    let Some(lost) = session.store().lost.first().map(|lost| lost.id) else { return };
    session.apply(Command::Restore(lost));
    wait(&mut session, "the session", |s| s.is_idle() && s.store().model.is_some());
    if kept > 0 {
        assert_eq!((session.store().recipe.seed, session.store().selected_node()), (kept, Some(node(kept))), "as kept");
    }
}

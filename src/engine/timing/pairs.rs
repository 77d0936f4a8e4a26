//! Measuring in turn until it is known well enough.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::clock::Clock;
use super::speedup::Speedup;
use super::spread::{Spread, median};

/// When to stop.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Plan {
    /// Pairs that are measured whatever they say, while [`Plan::patience`] lasts.
    pub fewest: usize,
    /// Pairs at most.
    pub most: usize,
    /// Enough, once the interval of the ratio is narrower than this share of it.
    pub width: f64,
    /// After the fewest pairs, no pair is begun when this is used up.
    pub budget: Duration,
    /// Before the fewest pairs, no pair is begun when this is used up; one is always measured.
    pub patience: Duration,
}

impl Plan {
    /// For a run that somebody looks at.
    pub const RUN: Self =
        Self { fewest: 10, most: 200, width: 0.05, budget: Duration::from_secs(2), patience: Duration::from_mins(1) };
    /// For requests of one size, each another one: enough of them for a 99th percentile where they are short.
    pub const REQUESTS: Self = Self {
        fewest: 100,
        most: 200,
        width: 0.05,
        budget: Duration::from_millis(300),
        patience: Duration::from_secs(1),
    };
    /// For one of many points.
    pub const POINT: Self = Self {
        fewest: 6,
        most: 40,
        width: 0.05,
        budget: Duration::from_millis(300),
        patience: Duration::from_secs(20),
    };
}

/// One measured pass.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Elapsed {
    /// Seconds on the wall's clock.
    pub secs: f64,
    /// Seconds that all processors together spent on this program meanwhile.
    pub processor_secs: Option<f64>,
}

/// What was measured, way by way; the passes of one number were made in one turn.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Samples {
    /// `[n_ways][n_turns]`.
    pub ways: Vec<Vec<Elapsed>>,
}

/// Runs `pass(0)`, `pass(1)` and so on in turn, until the plan says that it is enough.
///
/// Every other turn goes backwards. One turn before the others warms caches and pages and does not count; `pass` is told the way and
/// whether it counts. The plan looks at the ratio of the first two ways.
///
/// # Errors
/// Those of `pass`.
pub fn in_turn<E>(
    n_ways: usize,
    plan: &Plan,
    clock: &mut dyn Clock,
    mut pass: impl FnMut(usize, bool) -> Result<(), E>,
) -> Result<Samples, E> {
    for way in 0..n_ways {
        pass(way, false)?;
    }
    let mut samples = Samples { ways: vec![Vec::new(); n_ways] };
    let began = clock.now().wall;
    loop {
        let n_turns = samples.n_turns();
        let spent = clock.now().wall.saturating_sub(began);
        if n_turns > 0 && (n_turns >= plan.most || spent >= plan.patience || is_enough(&samples, plan, spent)) {
            return Ok(samples);
        }
        for place in 0..n_ways {
            // Whoever comes second finds warmer caches, or a tired machine: each way does as often.
            let way = if n_turns.is_multiple_of(2) { place } else { n_ways - 1 - place };
            let before = clock.now();
            pass(way, true)?;
            let after = clock.now();
            samples.ways[way].push(Elapsed {
                secs: after.wall.saturating_sub(before.wall).as_secs_f64(),
                processor_secs: after.processor.zip(before.processor).map(|(b, a)| b.saturating_sub(a).as_secs_f64()),
            });
        }
    }
}

fn is_enough(samples: &Samples, plan: &Plan, spent: Duration) -> bool {
    if samples.n_turns() < plan.fewest {
        return false;
    }
    let speedup = samples.speedup(0, 1);
    let is_narrow = speedup.interval.is_some_and(|[low, high]| high - low <= plan.width * speedup.ratio);
    is_narrow || spent >= plan.budget
}

impl Samples {
    /// Turns that were measured.
    pub fn n_turns(&self) -> usize {
        self.ways.first().map_or(0, Vec::len)
    }

    /// Seconds of one way, turn by turn.
    pub fn secs(&self, way: usize) -> Vec<f64> {
        self.ways[way].iter().map(|e| e.secs).collect()
    }

    /// Where the seconds of one way lie.
    pub fn spread(&self, way: usize) -> Option<Spread> {
        Spread::of(&self.secs(way))
    }

    /// How many times as fast `other` is as `base`.
    ///
    /// Where something else kept the machine busy, the interval is stretched to hold that of the processors' time, too: one of the two
    /// may miss the truth by bad luck, both hardly do.
    pub fn speedup(&self, base: usize, other: usize) -> Speedup {
        self.speedup_where(self.is_disturbed(), base, other)
    }

    /// The same, where the caller knows better whether something else kept the machine busy.
    pub fn speedup_where(&self, is_disturbed: bool, base: usize, other: usize) -> Speedup {
        let speedup = Speedup::of(&self.secs(base), &self.secs(other));
        if !is_disturbed {
            return speedup;
        }
        let of_processors = Speedup::of(&self.processor_secs(base), &self.processor_secs(other));
        let hull = |[a, b]: [f64; 2], [c, d]: [f64; 2]| [a.min(c), b.max(d)];
        let interval = match (speedup.interval, of_processors.interval) {
            (Some(wall), Some(processors)) => Some(hull(wall, processors)),
            (wall, _) => wall,
        };
        Speedup { interval, ..speedup }
    }

    /// Seconds that all processors spent on one way, turn by turn; empty where the system does not tell.
    pub fn processor_secs(&self, way: usize) -> Vec<f64> {
        self.ways[way].iter().filter_map(|e| e.processor_secs).collect()
    }

    /// Whether passes waited for a processor: in the median they spent less than four fifths of their time on one. It holds for passes that
    /// are not alike, and finds less than [`Samples::is_disturbed`].
    pub fn waited(&self) -> bool {
        const MIN_SHARE: f64 = 0.8;
        (0..self.ways.len()).any(|way| {
            let share = |e: &Elapsed| Some(e.processor_secs? / e.secs.max(f64::MIN_POSITIVE));
            let shares: Vec<f64> = self.ways[way].iter().filter_map(share).collect();
            !shares.is_empty() && median(&shares) < MIN_SHARE
        })
    }

    /// Whether something else kept the machine busy meanwhile: passes waited (a smaller part of their time was spent on a processor than
    /// of the quickest pass), or they scatter.
    pub fn is_disturbed(&self) -> bool {
        const MIN_SHARE: f64 = 0.8;
        const MAX_SCATTER: f64 = 0.25;
        (0..self.ways.len()).any(|way| {
            let passes = &self.ways[way];
            let share = |e: &Elapsed| Some(e.processor_secs? / e.secs.max(f64::MIN_POSITIVE));
            let shares: Vec<f64> = passes.iter().filter_map(share).collect();
            let quickest = passes.iter().min_by(|a, b| a.secs.total_cmp(&b.secs)).and_then(share);
            let waited = quickest.is_some_and(|quickest| median(&shares) < MIN_SHARE * quickest);
            waited || self.spread(way).is_some_and(|spread| spread.relative() > MAX_SCATTER)
        })
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::convert::Infallible;

    use super::super::clock::Moment;
    use super::super::speedup::Claim;
    use super::*;

    /// A clock that goes on only when a pass says so.
    struct Scripted<'a>(&'a RefCell<Moment>);

    impl Clock for Scripted<'_> {
        fn now(&mut self) -> Moment {
            *self.0.borrow()
        }
    }

    /// Measures two ways of which pass number `nth` of way `way` takes these seconds on the wall and on a processor.
    fn measured(plan: &Plan, takes: impl Fn(usize, usize) -> (f64, f64)) -> Samples {
        let shown = RefCell::new(Moment { wall: Duration::ZERO, processor: Some(Duration::ZERO) });
        let mut counts = [0usize; 2];
        let pass = |way: usize, is_counted: bool| {
            if is_counted {
                let (wall, processor) = takes(way, counts[way]);
                counts[way] += 1;
                let mut shown = shown.borrow_mut();
                shown.wall += Duration::from_secs_f64(wall);
                shown.processor = shown.processor.map(|p| p + Duration::from_secs_f64(processor));
            }
            Ok::<_, Infallible>(())
        };
        let Ok(samples) = in_turn(2, plan, &mut Scripted(&shown), pass);
        samples
    }

    /// Numbers in `0..1` that look random and are the same each time.
    fn noise(seed: u64) -> f64 {
        let mut x = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(0x1234_5678_9abc_def1);
        x ^= x >> 31;
        x = x.wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x ^= x >> 29;
        (x >> 11) as f64 / (1u64 << 53) as f64
    }

    #[test]
    fn a_quiet_machine_is_believed_after_the_fewest_pairs() {
        let samples = measured(&Plan::RUN, |way, _| if way == 0 { (0.011, 0.022) } else { (0.010, 0.020) });
        assert_eq!(samples.n_turns(), Plan::RUN.fewest);
        let speedup = samples.speedup(0, 1);
        assert_eq!(speedup.claim(), Claim::Faster);
        assert!((speedup.ratio - 1.1).abs() < 1e-6 && !samples.is_disturbed(), "{speedup}");
    }

    #[test]
    fn it_ends_when_the_time_or_the_pairs_are_used_up() {
        let wild =
            |length: f64| move |way: usize, nth: usize| (length * (1.0 + 9.0 * noise((2 * nth + way) as u64)), length);
        assert_eq!(measured(&Plan::RUN, wild(1e-5)).n_turns(), Plan::RUN.most, "short passes: the pairs");
        let samples = measured(&Plan::RUN, wild(0.01));
        let spent: f64 = samples.secs(0).iter().chain(&samples.secs(1)).sum();
        assert!((2.0..2.3).contains(&spent), "middling passes: the budget, {spent}");
        assert_eq!(measured(&Plan::RUN, |_, _| (12.0, 12.0)).n_turns(), 3, "long passes: the patience");
        assert_eq!(measured(&Plan::RUN, |_, _| (600.0, 600.0)).n_turns(), 1, "one pair is always measured");
    }

    #[test]
    fn a_busy_machine_makes_no_false_claim_and_is_recognised() {
        // One way as fast as the other; passes wait for others up to four times as long as they compute.
        let mut n_claimed = 0;
        for run in 0..50u64 {
            let samples = measured(&Plan::RUN, |way, nth| {
                let waits = noise(run * 100_003 + (2 * nth + way) as u64);
                (0.01 * (1.0 + 4.0 * waits * waits), 0.01)
            });
            let speedup = samples.speedup(0, 1);
            n_claimed += usize::from(speedup.claim() != Claim::NoDifference);
            assert!(samples.is_disturbed(), "run {run}");
            assert!((0.7..1.4).contains(&speedup.ratio), "run {run}: {speedup}");
        }
        assert_eq!(n_claimed, 0, "of 50 claim a difference where there is none");
        // A tenth faster under the same load: whatever is claimed holds the truth.
        for run in 50..100u64 {
            let samples = measured(&Plan::RUN, |way, nth| {
                let waits = noise(run * 100_003 + (2 * nth + way) as u64);
                // Caches that others fill cost time on the processor, too.
                let misses = 1.0 + 0.3 * noise(run * 7_919 + (2 * nth + way) as u64);
                let work = 0.01 * misses * if way == 0 { 1.1 } else { 1.0 };
                (work * (1.0 + 4.0 * waits * waits), work)
            });
            let speedup = samples.speedup(0, 1);
            let [low, high] = speedup.interval.expect("pairs enough");
            assert!((low..=high).contains(&1.1), "run {run}: {speedup}");
        }
    }

    #[test]
    fn unlike_passes_are_no_busy_machine_unless_they_wait() {
        // Requests of very different size: ten to one, on the processor all the time.
        let unlike = measured(&Plan::REQUESTS, |way, nth| {
            let secs = (1.0 + 9.0 * noise(nth as u64)) * if way == 0 { 2e-4 } else { 1e-4 };
            (secs, secs)
        });
        assert!(unlike.is_disturbed() && !unlike.waited());
        let speedup = unlike.speedup_where(unlike.waited(), 0, 1);
        assert!((speedup.ratio - 2.0).abs() < 1e-6 && speedup.claim() == Claim::Faster, "{speedup}");
        let waiting = measured(&Plan::REQUESTS, |_, nth| (1e-4 * (1.0 + 4.0 * noise(nth as u64)), 1e-4));
        assert!(waiting.waited());
        assert_eq!(waiting.speedup_where(true, 0, 1).claim(), Claim::NoDifference);
    }

    #[test]
    fn neither_way_is_always_the_second() {
        // Whoever comes second in a turn takes a fifth longer.
        let order = RefCell::new(Vec::new());
        let samples = measured(&Plan { most: 20, width: 0.0, ..Plan::RUN }, |way, _| {
            let mut order = order.borrow_mut();
            order.push(way);
            let secs = if order.len().is_multiple_of(2) { 0.012 } else { 0.010 };
            (secs, secs)
        });
        assert_eq!(order.borrow()[..4], [0, 1, 1, 0]);
        assert_eq!(samples.speedup(0, 1).claim(), Claim::NoDifference);
    }
}

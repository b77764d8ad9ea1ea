//! Domain time: when a restriction began, when it ends, whether a token is still good.
//!
//! It is a crate of its own because it is the only thing that the client and the sandbox tenant share: given one
//! [`Clock`], both live at the same moment, so a day can pass without anybody waiting. Transport deadlines (how long
//! a socket may be silent) are real time and do not come from here.
//!
//! Whoever waits for a moment holds a [`Timer`]. A practice clock that stands still jumps ahead when all its timers
//! sleep: to the first moment that one of them waits for.
#![forbid(unsafe_code)]

mod timer;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use time::OffsetDateTime;

pub use timer::Timer;
use timer::Timers;

/// A source of UTC time. Clones show the same time.
#[derive(Clone, Debug)]
pub struct Clock(Arc<Source>);

#[derive(Debug)]
enum Source {
    System,
    Practice(Practice),
}

/// The time of a practice tenant: it runs `scale` times as fast as real time and can be moved forward.
#[derive(Debug)]
struct Practice {
    start: OffsetDateTime,
    started: Instant,
    scale: f64,
    moved: Mutex<Duration>,
    timers: Timers,
}

/// Real time does not move on request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RealTime;

impl std::fmt::Display for RealTime {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the system's clock cannot be moved; only a practice tenant has a clock of its own")
    }
}

impl std::error::Error for RealTime {}

impl Clock {
    /// The machine's clock.
    #[must_use]
    pub fn system() -> Self {
        Self(Arc::new(Source::System))
    }

    /// A clock for a practice tenant that shows `start` now and runs `scale` times as fast as real time.
    /// A scale of 0 stands still until [`advance`](Self::advance) or until all its timers sleep; negative and
    /// non-finite scales count as 0.
    #[must_use]
    pub fn practice(start: OffsetDateTime, scale: f64) -> Self {
        let scale = if scale.is_finite() { scale.max(0.0) } else { 0.0 };
        let (moved, timers) = (Mutex::default(), Timers::default());
        Self(Arc::new(Source::Practice(Practice { start, started: Instant::now(), scale, moved, timers })))
    }

    /// Whether this is a practice tenant's clock and not the machine's.
    #[must_use]
    pub fn is_practice(&self) -> bool {
        matches!(&*self.0, Source::Practice(_))
    }

    /// Now, in UTC.
    #[must_use]
    pub fn now(&self) -> OffsetDateTime {
        match &*self.0 {
            Source::System => SystemTime::now().into(),
            Source::Practice(practice) => practice.now(),
        }
    }

    /// Moves a practice clock forward and returns the new time.
    ///
    /// # Errors
    /// [`RealTime`] when this is the machine's clock.
    pub fn advance(&self, by: Duration) -> Result<OffsetDateTime, RealTime> {
        match &*self.0 {
            Source::System => Err(RealTime),
            Source::Practice(practice) => {
                practice.advance(by);
                Ok(practice.now())
            }
        }
    }

    /// Begins to wait for moments, one after the other.
    #[must_use]
    pub fn timer(&self) -> Timer {
        Timer::new(self.clone())
    }
}

impl Practice {
    fn now(&self) -> OffsetDateTime {
        let moved = *self.moved.lock().unwrap_or_else(PoisonError::into_inner);
        let run =
            Duration::try_from_secs_f64(self.started.elapsed().as_secs_f64() * self.scale).unwrap_or(Duration::MAX);
        let passed = time::Duration::try_from(run.saturating_add(moved)).unwrap_or(time::Duration::MAX);
        self.start.saturating_add(passed)
    }

    fn advance(&self, by: Duration) {
        let mut moved = self.moved.lock().unwrap_or_else(PoisonError::into_inner);
        *moved = moved.saturating_add(by);
        drop(moved);
        self.timers.moved();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    const START: OffsetDateTime = datetime!(2026-11-23 08:00 UTC);

    #[test]
    fn stands_still_until_moved_and_clones_agree() {
        let clock = Clock::practice(START, 0.0);
        let other = clock.clone();
        assert_eq!(clock.now(), START);
        assert_eq!(clock.advance(Duration::from_secs(90_000)), Ok(datetime!(2026-11-24 09:00 UTC)));
        assert_eq!(other.now(), datetime!(2026-11-24 09:00 UTC));
    }

    #[test]
    fn nonsense_scales_stand_still() {
        for scale in [-1.0, f64::NAN, f64::INFINITY] {
            assert_eq!(Clock::practice(START, scale).now(), START);
        }
    }

    #[test]
    fn far_future_saturates() {
        let clock = Clock::practice(START, 0.0);
        clock.advance(Duration::MAX).unwrap();
        assert!(clock.now().year() >= 9999);
    }

    #[test]
    fn scaled_time_runs_and_never_before_its_start() {
        let clock = Clock::practice(START, 1e6);
        let first = clock.now();
        assert!(first >= START);
        while clock.now() == first {
            std::hint::spin_loop();
        }
    }

    #[test]
    fn the_system_clock_cannot_be_moved() {
        assert_eq!(Clock::system().advance(Duration::from_secs(1)), Err(RealTime));
    }
}

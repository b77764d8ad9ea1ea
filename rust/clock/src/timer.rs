//! Waiting for a moment of domain time.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use time::OffsetDateTime;
use tokio::sync::watch;

use crate::{Clock, Practice, Source};

/// Somebody who waits for moments of a clock. While it lives and does not sleep, it has work to do, and a practice clock
/// that stands still does not jump.
#[derive(Debug)]
pub struct Timer {
    clock: Clock,
    id: u64,
}

/// The timers of a practice clock.
#[derive(Debug)]
pub(crate) struct Timers {
    all: Mutex<All>,
    /// Tells sleepers that the clock was moved.
    moves: watch::Sender<()>,
}

#[derive(Debug, Default)]
struct All {
    last_id: u64,
    live: usize,
    sleeping: BTreeMap<u64, OffsetDateTime>,
}

/// The machine's clock can be set and the machine can sleep, so a long wait looks at it now and then.
const LONGEST_SLICE: Duration = Duration::from_secs(30);

impl Timer {
    pub(crate) fn new(clock: Clock) -> Self {
        let id = clock.as_practice().map_or(0, |practice| practice.timers.enter());
        Self { clock, id }
    }

    /// Sleeps until the clock shows `moment`. On a clock that stands still that may be at once: when all its timers
    /// sleep, it jumps to the first moment that one of them waits for. Dropping the future ends the sleep.
    pub async fn sleep_until(&mut self, moment: OffsetDateTime) {
        sleep(&self.clock, self.id, moment).await;
    }

    /// Sleeps for a time by the clock.
    pub async fn sleep(&mut self, time: Duration) {
        self.sleep_until(self.clock.after(time)).await;
    }
}

/// Sleeps as the one with this number.
async fn sleep(clock: &Clock, id: u64, moment: OffsetDateTime) {
    let Some(practice) = clock.as_practice() else {
        while let Some(left) = left(clock, moment) {
            tokio::time::sleep(left.min(LONGEST_SLICE)).await;
        }
        return;
    };
    let mut moves = practice.timers.moves.subscribe();
    let sleep = Sleep { practice, id };
    sleep.begin(moment);
    while let Some(left) = left(clock, moment) {
        // Of a clock that stands still this makes infinity: it is only ever moved.
        let run = Duration::try_from_secs_f64(left.as_secs_f64() / practice.scale).unwrap_or(Duration::MAX);
        tokio::select! {
            _ = moves.changed() => {}
            () = tokio::time::sleep(run.min(LONGEST_SLICE)), if practice.scale > 0.0 => {}
        }
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        if let Some(practice) = self.clock.as_practice() {
            practice.timers.lock().live -= 1;
            practice.jump();
        }
    }
}

fn left(clock: &Clock, moment: OffsetDateTime) -> Option<Duration> {
    Duration::try_from(moment - clock.now()).ok().filter(|left| !left.is_zero())
}

/// One sleep of one timer; it ends when it is dropped.
struct Sleep<'a> {
    practice: &'a Practice,
    id: u64,
}

impl Sleep<'_> {
    fn begin(&self, moment: OffsetDateTime) {
        self.practice.timers.lock().sleeping.insert(self.id, moment);
        self.practice.jump();
    }
}

impl Drop for Sleep<'_> {
    fn drop(&mut self) {
        self.practice.timers.lock().sleeping.remove(&self.id);
    }
}

impl Default for Timers {
    fn default() -> Self {
        Self { all: Mutex::default(), moves: watch::Sender::new(()) }
    }
}

impl Timers {
    fn enter(&self) -> u64 {
        let id = self.number();
        self.lock().live += 1;
        id
    }

    fn number(&self) -> u64 {
        let mut all = self.lock();
        all.last_id += 1;
        all.last_id
    }

    /// Wakes the sleepers, who look at the clock themselves.
    pub(crate) fn moved(&self) {
        self.moves.send_replace(());
    }

    fn lock(&self) -> MutexGuard<'_, All> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Clock {
    /// Sleeps in the midst of work, for example until a request is sent again. Whoever works may hold a [`Timer`] that
    /// this knows nothing of, so the sleeper stands in for it: a clock that stands still jumps when there are as many
    /// sleepers as timers. Where the work has no timer and others have, it may jump while one of them works. Dropping
    /// the future ends the sleep.
    pub async fn nap(&self, time: Duration) {
        let id = self.as_practice().map_or(0, |practice| practice.timers.number());
        sleep(self, id, self.after(time)).await;
    }

    fn after(&self, time: Duration) -> OffsetDateTime {
        self.now().saturating_add(time::Duration::try_from(time).unwrap_or(time::Duration::MAX))
    }

    fn as_practice(&self) -> Option<&Practice> {
        match &*self.0 {
            Source::System => None,
            Source::Practice(practice) => Some(practice),
        }
    }
}

impl Practice {
    /// Moves a clock that stands still to the first moment that is waited for, if everybody waits. Whoever waits for
    /// that moment counts as awake from now on.
    fn jump(&self) {
        if self.scale > 0.0 {
            return;
        }
        let mut all = self.timers.lock();
        if all.sleeping.len() < all.live {
            return;
        }
        let Some(first) = all.sleeping.values().min().copied() else { return };
        all.sleeping.retain(|_, moment| *moment > first);
        let by = Duration::try_from(first - self.now()).unwrap_or_default();
        drop(all);
        self.advance(by);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::sync::Arc;
    use time::macros::datetime;

    const START: OffsetDateTime = datetime!(2026-11-23 08:00 UTC);
    const HOUR: Duration = Duration::from_secs(3600);

    fn standing() -> Clock {
        Clock::practice(START, 0.0)
    }

    #[tokio::test]
    async fn a_day_passes_at_once_when_nobody_has_anything_else_to_do() {
        let clock = standing();
        let mut timer = clock.timer();
        for hour in 1..=25 {
            timer.sleep(HOUR).await;
            assert_eq!(clock.now(), START + HOUR * hour);
        }
        timer.sleep_until(START).await;
        assert_eq!(clock.now(), START + HOUR * 25, "a moment that has passed is no wait");
    }

    #[tokio::test]
    async fn time_stands_still_while_somebody_works() {
        let clock = standing();
        let (busy, done) = (clock.timer(), Arc::new(AtomicBool::new(false)));
        let sleeper = tokio::spawn({
            let (mut timer, clock, done) = (clock.timer(), clock.clone(), done.clone());
            async move {
                timer.sleep(HOUR).await;
                assert!(done.load(Ordering::SeqCst), "it woke while somebody worked");
                clock.now()
            }
        });
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
        assert_eq!(clock.now(), START);
        done.store(true, Ordering::SeqCst);
        drop(busy);
        assert_eq!(sleeper.await.unwrap(), START + HOUR);
    }

    #[tokio::test]
    async fn many_sleepers_wake_in_the_order_of_their_moments() {
        let clock = standing();
        let timers: Vec<_> = (0..10).map(|_| clock.timer()).collect();
        let woken = Arc::new(Mutex::new(Vec::new()));
        let sleepers: Vec<_> = timers
            .into_iter()
            .zip([7, 3, 9, 1, 5, 1, 8, 2, 6, 4])
            .map(|(mut timer, hours)| {
                let (clock, woken) = (clock.clone(), woken.clone());
                tokio::spawn(async move {
                    timer.sleep(HOUR * hours).await;
                    woken.lock().unwrap().push((hours, clock.now()));
                })
            })
            .collect();
        for sleeper in sleepers {
            sleeper.await.unwrap();
        }
        let woken = woken.lock().unwrap();
        assert!(woken.iter().all(|(hours, now)| *now == START + HOUR * *hours), "{woken:?}");
        assert!(woken.is_sorted_by_key(|(hours, _)| *hours), "{woken:?}");
    }

    #[tokio::test]
    async fn an_abandoned_sleep_holds_nobody_up() {
        let clock = standing();
        let busy = clock.timer();
        let mut timer = clock.timer();
        tokio::select! {
            biased;
            () = timer.sleep(HOUR) => panic!("somebody works"),
            () = std::future::ready(()) => {}
        }
        drop(busy);
        assert_eq!(clock.now(), START, "nobody sleeps");
        timer.sleep(HOUR * 2).await;
        assert_eq!(clock.now(), START + HOUR * 2);
    }

    #[tokio::test]
    async fn a_nap_stands_in_for_the_timer_of_whoever_naps() {
        let clock = standing();
        clock.nap(HOUR).await;
        assert_eq!(clock.now(), START + HOUR, "nobody has a timer");
        let worker = clock.timer();
        clock.nap(HOUR).await;
        assert_eq!(clock.now(), START + HOUR * 2, "the only timer is that of the one who naps");

        // Somebody else works: the nap lasts until they sleep, too, or have gone.
        let other = clock.timer();
        let nap = tokio::spawn({
            let clock = clock.clone();
            async move { clock.nap(HOUR).await }
        });
        while clock.as_practice().unwrap().timers.lock().sleeping.is_empty() {
            tokio::task::yield_now().await;
        }
        assert_eq!(clock.now(), START + HOUR * 2);
        drop(other);
        nap.await.unwrap();
        assert_eq!(clock.now(), START + HOUR * 3);
        drop(worker);
        assert!(clock.as_practice().unwrap().timers.lock().sleeping.is_empty());
    }

    #[tokio::test]
    async fn a_clock_that_is_moved_by_hand_wakes_whom_it_passes() {
        let clock = standing();
        let busy = clock.timer();
        let sleeper = tokio::spawn({
            let mut timer = clock.timer();
            async move { timer.sleep_until(START + HOUR).await }
        });
        while clock.as_practice().unwrap().timers.lock().sleeping.is_empty() {
            tokio::task::yield_now().await;
        }
        clock.advance(HOUR).unwrap();
        sleeper.await.unwrap();
        assert_eq!(clock.now(), START + HOUR);
        drop(busy);
    }

    #[tokio::test]
    async fn a_clock_that_runs_is_waited_for() {
        let clock = Clock::practice(START, 1e6);
        clock.timer().sleep(HOUR).await;
        assert!(clock.now() >= START + HOUR);
        let system = Clock::system();
        let soon = system.now() + Duration::from_millis(1);
        system.timer().sleep_until(soon).await;
        assert!(system.now() >= soon);
    }
}

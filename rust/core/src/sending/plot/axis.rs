//! Where moments and counts stand, and at which of them the axes have ticks.

use restricted_sender_limits::Second;

use super::text;

const MINUTE: u32 = 60;
const HOUR: u32 = 60 * MINUTE;
const DAY: u32 = 24 * HOUR;

/// How many ticks an axis of time has at most.
const MOST_TICKS: u32 = 12;

/// The axis of time, from left to right.
#[derive(Debug, Clone, Copy)]
pub struct TimeAxis {
    from: u32,
    /// In seconds, at least an hour.
    length: u32,
    left: f64,
    width: f64,
}

/// A tick of the axis of time.
#[derive(Debug, PartialEq)]
pub struct Tick {
    /// When.
    pub at: Second,
    /// The time of the day; nothing where all ticks are midnights.
    pub hour: Option<String>,
    /// The day, where it is another one than that of the tick before.
    pub day: Option<String>,
}

impl TimeAxis {
    /// The axis between two moments, which are drawn so far from the left and so far from each other.
    pub fn new(from: Second, until: Second, left: f64, width: f64) -> Self {
        let (from, until) = (from.unix_time(), until.unix_time());
        // What happened within seconds is shown within its hour.
        let length = until.saturating_sub(from).max(HOUR);
        Self { from: from.min(u32::MAX - length), length, left, width }
    }

    /// Where a moment stands; earlier and later ones stand at the ends.
    pub fn x(&self, at: Second) -> f64 {
        let after = at.unix_time().saturating_sub(self.from).min(self.length);
        self.left + self.width * f64::from(after) / f64::from(self.length)
    }

    /// Its end.
    pub fn until(&self) -> Second {
        Second::of_unix_time(self.from + self.length)
    }

    /// At round times.
    pub fn ticks(&self) -> Vec<Tick> {
        const STEPS: [u32; 13] = [
            5 * MINUTE,
            10 * MINUTE,
            15 * MINUTE,
            30 * MINUTE,
            HOUR,
            2 * HOUR,
            3 * HOUR,
            6 * HOUR,
            12 * HOUR,
            DAY,
            2 * DAY,
            5 * DAY,
            10 * DAY,
        ];
        let fits = |step: &u32| self.length / step < MOST_TICKS;
        let rest = self.length / DAY / MOST_TICKS + 1;
        let step = STEPS.into_iter().find(fits).unwrap_or(rest * DAY);
        let (mut ticks, mut last) = (Vec::new(), None);
        for number in self.from.div_ceil(step)..=(self.from + self.length) / step {
            let at = Second::of_unix_time(number * step);
            let day = number * step / DAY;
            let is_new = last.replace(day) != Some(day);
            let hour = (step < DAY).then(|| text::hour(at));
            ticks.push(Tick { at, hour, day: is_new.then(|| text::day(at)) });
        }
        ticks
    }
}

/// The axis of counts, from the bottom up.
#[derive(Debug, Clone, Copy)]
pub struct CountAxis {
    most: u64,
    bottom: f64,
    height: f64,
}

/// A limit that is so many times as high as what was reached is beyond the axis: what was sent would be flat.
const BEYOND: u64 = 20;

impl CountAxis {
    /// The axis that reaches from 0 to the limit or the peak, whichever is higher, with some room above.
    pub fn new(peak: u64, limit: Option<u32>, bottom: f64, height: f64) -> Self {
        let limit = limit.map(u64::from).filter(|limit| peak == 0 || limit / BEYOND <= peak);
        let most = peak.max(limit.unwrap_or_default()).max(1);
        Self { most: most + most.div_ceil(10), bottom, height }
    }

    /// Where a count stands.
    pub fn y(&self, count: u64) -> f64 {
        #[allow(clippy::cast_precision_loss, reason = "a picture is not that fine")]
        let share = count.min(self.most) as f64 / self.most as f64;
        self.bottom - self.height * share
    }

    /// Whether it reaches as far.
    pub fn reaches(&self, count: u64) -> bool {
        count <= self.most
    }

    /// Round counts: some four of them.
    pub fn ticks(&self) -> Vec<u64> {
        let mut step = 1_u64;
        while self.most / step > 4 {
            // 1, 2, 5, 10, 20, 50 and so on.
            step = if step.to_string().starts_with('2') { step / 2 * 5 } else { step * 2 };
        }
        (0..=self.most / step).map(|number| number * step).collect()
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;
    use time::OffsetDateTime;

    use super::*;

    fn axis(from: OffsetDateTime, until: OffsetDateTime) -> TimeAxis {
        TimeAxis::new(from.into(), until.into(), 100.0, 480.0)
    }

    fn labels(axis: TimeAxis) -> Vec<String> {
        let label = |tick: Tick| [tick.hour, tick.day].into_iter().flatten().collect::<Vec<_>>().join(" ");
        axis.ticks().into_iter().map(label).collect()
    }

    #[test]
    fn a_moment_stands_where_it_belongs() {
        let axis = axis(datetime!(2026-11-27 00:00 UTC), datetime!(2026-11-29 00:00 UTC));
        assert_eq!(axis.x(datetime!(2026-11-27 00:00 UTC).into()), 100.0);
        assert_eq!(axis.x(datetime!(2026-11-27 12:00 UTC).into()), 220.0);
        assert_eq!(axis.x(datetime!(2026-11-28 00:06 UTC).into()), 341.0);
        assert_eq!(
            (axis.x(datetime!(2020-01-01 00:00 UTC).into()), axis.x(datetime!(2030-01-01 00:00 UTC).into())),
            (100.0, 580.0)
        );
    }

    #[test]
    fn ticks_are_round_times_and_name_each_day_once() {
        let two_days = axis(datetime!(2026-11-27 10:30 UTC), datetime!(2026-11-29 10:30 UTC));
        assert_eq!(
            labels(two_days),
            ["12:00 27 Nov", "18:00", "00:00 28 Nov", "06:00", "12:00", "18:00", "00:00 29 Nov", "06:00"]
        );
        let two_hours = axis(datetime!(2026-11-27 23:10 UTC), datetime!(2026-11-28 01:10 UTC));
        assert_eq!(labels(two_hours).len(), 8);
        assert_eq!(labels(two_hours)[3], "00:00 28 Nov");
        assert_eq!(labels(axis(datetime!(2026-11-01 00:00 UTC), datetime!(2026-11-10 00:00 UTC)))[1], "2 Nov");
        for days in 1..4000 {
            let from = datetime!(2026-11-01 05:17 UTC);
            let count = axis(from, from + time::Duration::days(days)).ticks().len();
            assert!((2..=MOST_TICKS as usize).contains(&count), "{count} ticks for {days} days");
        }
    }

    #[test]
    fn a_moment_has_its_hour_around_it_also_at_the_ends_of_time() {
        let now = datetime!(2026-11-27 10:00 UTC);
        assert_eq!(labels(axis(now, now)).first().map(String::as_str), Some("10:00 27 Nov"));
        for end in [0, u32::MAX] {
            let end = Second::of_unix_time(end);
            let axis = TimeAxis::new(end, end, 0.0, 100.0);
            assert!(!axis.ticks().is_empty() && (0.0..=100.0).contains(&axis.x(end)));
        }
    }

    #[test]
    fn counts_reach_from_nothing_to_the_limit() {
        let axis = CountAxis::new(2500, Some(10_000), 200.0, 110.0);
        assert_eq!((axis.y(0), axis.y(10_000), axis.y(11_000), axis.y(99_000)), (200.0, 100.0, 90.0, 90.0));
        assert_eq!(axis.ticks(), [0, 5000, 10_000]);
        assert!(axis.reaches(10_000) && !CountAxis::new(499, Some(10_000), 0.0, 1.0).reaches(10_000));
        assert!(CountAxis::new(500, Some(10_000), 0.0, 1.0).reaches(10_000));
        assert!(
            CountAxis::new(0, Some(10_000), 0.0, 1.0).reaches(10_000),
            "where nothing was sent, the limit is there"
        );
        assert_eq!(CountAxis::new(0, None, 0.0, 1.0).ticks(), [0, 1, 2]);
        assert_eq!(CountAxis::new(3, None, 0.0, 1.0).ticks(), [0, 1, 2, 3, 4]);
    }
}

//! Whether restrictions come at the same time again and again. People do not; scheduled jobs do.

use std::collections::BTreeSet;
use std::fmt;

use time::{Date, Duration, OffsetDateTime, Time, UtcOffset, Weekday};

/// A rhythm in which an entity was restricted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rhythm {
    /// On which day of the week; nothing for every day.
    pub weekday: Option<Weekday>,
    /// Around which time of the day (UTC): the middle one of those that fit.
    pub at: Time,
    /// Whether hardly a week (or day) was left out.
    pub every: bool,
    /// How many restrictions fit.
    pub fitting: usize,
    /// Of how many.
    pub of: usize,
}

/// Two times of the day are the same when they are at most so far apart: the hour that summer time moves a job by in
/// UTC, and half an hour that it takes until a limit is exceeded.
const SAME_TIME: i64 = 90;

/// Fewer are chance.
const FEWEST_WEEKS: usize = 3;
const FEWEST_DAYS: usize = 5;

const DAY: i64 = 24 * 60;

impl Rhythm {
    /// The rhythm of these moments, if they have one: at least three quarters of them fall on the same time of the
    /// day, in three weeks or more on the same day of the week, or else on five days or more.
    #[must_use]
    pub fn of(moments: &[OffsetDateTime]) -> Option<Self> {
        let mut minutes: Vec<i64> = moments.iter().map(|moment| minute(*moment)).collect();
        minutes.sort_unstable();
        let start = busiest(&minutes)?;
        let mut fitting: Vec<OffsetDateTime> = moments
            .iter()
            .filter(|moment| after(start, minute(**moment)) <= SAME_TIME)
            // Counted from the first of them, none of those that lie around midnight changes its day.
            .map(|moment| moment.to_offset(UtcOffset::UTC) - Duration::minutes(start))
            .collect();
        fitting.sort_unstable_by_key(|moment| moment.time());
        let enough = |fitting: usize| fitting * 4 >= moments.len() * 3;

        let weekday = (0..7).map(|day| Weekday::Monday.nth_next(day)).max_by_key(|day| on(&fitting, *day).len())?;
        let on_weekday = on(&fitting, weekday);
        let weeks = dates(&on_weekday);
        if weeks.len() >= FEWEST_WEEKS && enough(on_weekday.len()) {
            return Some(Self::among(&on_weekday, Some(weekday), start, is_every(&weeks, 7), moments.len()));
        }
        let days = dates(&fitting);
        (days.len() >= FEWEST_DAYS && enough(fitting.len()))
            .then(|| Self::among(&fitting, None, start, is_every(&days, 1), moments.len()))
    }

    /// Whether a moment fits: the same time of the day, on its day of the week.
    #[must_use]
    pub fn holds(&self, moment: OffsetDateTime) -> bool {
        let at = i64::from(self.at.hour()) * 60 + i64::from(self.at.minute());
        let apart = after(at, minute(moment)).min(after(minute(moment), at));
        // Around midnight its day may be the one before or after.
        let around =
            [-SAME_TIME, 0, SAME_TIME].map(|minutes| moment.to_offset(UtcOffset::UTC) + Duration::minutes(minutes));
        apart <= SAME_TIME && self.weekday.is_none_or(|day| around.iter().any(|moment| moment.weekday() == day))
    }

    fn among(fitting: &[OffsetDateTime], weekday: Option<Weekday>, start: i64, every: bool, of: usize) -> Self {
        let middle = fitting[fitting.len() / 2] + Duration::minutes(start);
        Self { weekday, at: middle.time(), every, fitting: fitting.len(), of }
    }
}

impl fmt::Display for Rhythm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.weekday, self.every) {
            (Some(day), true) => write!(f, "every {day}")?,
            (Some(day), false) => write!(f, "on {day}s")?,
            (None, true) => write!(f, "every day")?,
            (None, false) => write!(f, "on many days")?,
        }
        write!(f, " {:02}:{:02} UTC", self.at.hour(), self.at.minute())?;
        if self.fitting < self.of {
            write!(f, " ({} of {})", self.fitting, self.of)?;
        }
        f.write_str(": looks like a scheduled job")
    }
}

/// The first minute of the stretch of the clock that most of these lie in; of several, the earliest. They are sorted.
fn busiest(minutes: &[i64]) -> Option<i64> {
    let around_the_clock = |at: usize| match minutes.get(at) {
        Some(minute) => *minute,
        None => minutes[at - minutes.len()] + DAY,
    };
    let mut end = 0;
    let mut best = None;
    for (start, minute) in minutes.iter().enumerate() {
        while end < start + minutes.len() && around_the_clock(end) - minute <= SAME_TIME {
            end += 1;
        }
        if best.is_none_or(|(most, _)| end - start > most) {
            best = Some((end - start, *minute));
        }
    }
    best.map(|(_, minute)| minute)
}

/// The minute of the day.
fn minute(moment: OffsetDateTime) -> i64 {
    let time = moment.to_offset(UtcOffset::UTC).time();
    i64::from(time.hour()) * 60 + i64::from(time.minute())
}

/// How many minutes of the clock lie between two.
fn after(start: i64, minute: i64) -> i64 {
    (minute - start).rem_euclid(DAY)
}

fn on(moments: &[OffsetDateTime], weekday: Weekday) -> Vec<OffsetDateTime> {
    moments.iter().copied().filter(|moment| moment.weekday() == weekday).collect()
}

fn dates(moments: &[OffsetDateTime]) -> BTreeSet<Date> {
    moments.iter().map(|moment| moment.date()).collect()
}

/// Whether at least three quarters of the dates that are so many days apart are there, from the first to the last.
fn is_every(dates: &BTreeSet<Date>, days: i64) -> bool {
    match (dates.first(), dates.last()) {
        (Some(first), Some(last)) => {
            let possible = (*last - *first).whole_days() / days + 1;
            i64::try_from(dates.len()).is_ok_and(|dates| dates * 4 >= possible * 3)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use time::macros::datetime;

    /// Days and minutes after Monday 2026-11-02 08:00 UTC.
    fn moments(at: &[(i64, i64)]) -> Vec<OffsetDateTime> {
        let monday = datetime!(2026-11-02 08:00 UTC);
        at.iter().map(|(days, minutes)| monday + Duration::days(*days) + Duration::minutes(*minutes)).collect()
    }

    fn text(at: &[(i64, i64)]) -> Option<String> {
        Rhythm::of(&moments(at)).map(|rhythm| rhythm.to_string())
    }

    #[test]
    fn a_weekly_job_is_told() {
        let text = |at| text(at).unwrap();
        assert_eq!(text(&[(0, 0), (7, 0), (14, 3)]), "every Monday 08:00 UTC: looks like a scheduled job");
        assert_eq!(
            text(&[(1, 5), (8, 0), (15, 2), (18, 300)]),
            "every Tuesday 08:02 UTC (3 of 4): looks like a scheduled job"
        );
        assert_eq!(text(&[(4, 0), (25, 0), (60, 0)]), "on Fridays 08:00 UTC: looks like a scheduled job");
    }

    #[test]
    fn what_holds_to_a_rhythm_is_told_from_what_does_not() {
        let rhythm = Rhythm::of(&moments(&[(0, 0), (7, 0), (14, 3)])).unwrap();
        let holds = |days, minutes| rhythm.holds(moments(&[(days, minutes)])[0]);
        assert!(holds(21, 60) && holds(21, -90));
        assert!(!holds(21, 91) && !holds(22, 0) && !holds(20, 0));
    }

    #[test]
    fn summer_time_and_midnight_do_not_hide_it() {
        assert_eq!(
            text(&[(0, 0), (7, 2), (14, 60), (21, 61)]).unwrap(),
            "every Monday 09:00 UTC: looks like a scheduled job"
        );
        let around_midnight = text(&[(0, 955), (7, 965), (14, 958)]).unwrap();
        assert_eq!(around_midnight, "every Monday 23:58 UTC: looks like a scheduled job");
    }

    #[test]
    fn a_daily_job_is_told() {
        let days: Vec<_> = (0..6).map(|day| (day, day)).collect();
        assert_eq!(text(&days).unwrap(), "every day 08:03 UTC: looks like a scheduled job");
        let now_and_then: Vec<_> = [0, 5, 9, 17, 30, 41].map(|day| (day, 0)).into();
        assert_eq!(text(&now_and_then).unwrap(), "on many days 08:00 UTC: looks like a scheduled job");
    }

    #[test]
    fn chance_is_no_rhythm() {
        for chance in [
            &[][..],
            &[(0, 0), (7, 0)],
            &[(0, 0), (0, 10), (0, 20), (0, 30)],
            &[(0, 0), (7, 200), (14, 700)],
            &[(0, 0), (1, 0), (2, 0), (3, 0)],
            &[(0, 0), (7, 0), (14, 0), (1, 300), (9, 700)],
        ] {
            assert_eq!(text(chance), None, "{chance:?}");
        }
    }

    proptest! {
        #[test]
        fn what_fits_is_never_more_than_there_is(at in prop::collection::vec((0i64..60, 0i64..1440), 0..30)) {
            if let Some(rhythm) = Rhythm::of(&moments(&at)) {
                prop_assert!(rhythm.fitting <= rhythm.of && rhythm.of == at.len());
                prop_assert!(rhythm.fitting * 4 >= rhythm.of * 3);
            }
        }
    }
}

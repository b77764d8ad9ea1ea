//! The history of one sender in a line: how often, how long, when, why.

use std::ops::RangeInclusive;

use time::{Duration, OffsetDateTime};

use super::rhythm::Rhythm;
use super::timeline::{Entity, Episode, History};
use crate::reason::{BlockType, Reason};
use crate::restriction::Key;

/// The history of one entity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// Which entity.
    pub key: Key,
    /// How often it was restricted.
    pub times_restricted: usize,
    /// When the first of these restrictions began.
    pub first: OffsetDateTime,
    /// When the last one began.
    pub last: OffsetDateTime,
    /// The median time from an unblock to the release, of those of which both are known.
    pub median_time_to_release: Option<Duration>,
    /// The median time from the beginning of a restriction to its end, of those of which both are known.
    pub median_restricted_for: Option<Duration>,
    /// Whether the restrictions come at the same time again and again.
    pub rhythm: Option<Rhythm>,
    /// The service's last reason, as it came.
    pub last_reason: Option<String>,
    /// Its class.
    pub last_block_type: Option<BlockType>,
    /// One line that says it.
    pub last_summary: Option<String>,
}

impl History {
    /// A summary for each entity that was restricted within these moments, the most often restricted first.
    #[must_use]
    pub fn summaries(&self, within: &RangeInclusive<OffsetDateTime>) -> Vec<Summary> {
        let mut summaries: Vec<_> = self.entities.values().filter_map(|entity| summary(entity, within)).collect();
        summaries.sort_by_cached_key(|summary| (std::cmp::Reverse(summary.times_restricted), summary.key.to_string()));
        summaries
    }
}

fn summary(entity: &Entity, within: &RangeInclusive<OffsetDateTime>) -> Option<Summary> {
    let episodes: Vec<&Episode> = entity
        .episodes
        .iter()
        .filter(|episode| episode.listed.is_some_and(|listed| within.contains(&listed)))
        .collect();
    let listed: Vec<_> = episodes.iter().filter_map(|episode| episode.listed).collect();
    let last_reason = entity.last_reason.as_ref().map(|(_, reason)| reason.clone());
    let parsed = last_reason.as_deref().map(Reason::parse);
    Some(Summary {
        key: entity.key.clone(),
        times_restricted: listed.len(),
        first: *listed.first()?,
        last: *listed.last()?,
        median_time_to_release: median(episodes.iter().filter_map(|one| Some(one.released? - one.requested?))),
        median_restricted_for: median(episodes.iter().filter_map(|one| Some(one.released? - one.listed?))),
        rhythm: Rhythm::of(&listed),
        last_block_type: parsed.as_ref().map(|reason| entity.key.block_type(reason)),
        last_summary: parsed.as_ref().map(Reason::summary),
        last_reason,
    })
}

/// The middle one; of an even number, halfway between the two in the middle.
fn median(durations: impl Iterator<Item = Duration>) -> Option<Duration> {
    let mut all: Vec<_> = durations.collect();
    all.sort_unstable();
    let upper = *all.get(all.len() / 2)?;
    let lower = all[(all.len() - 1) / 2];
    Some(lower + (upper - lower) / 2)
}

//! Keeps labels apart: each stands right of the line of its mark, in the highest lane in which it covers no other label
//! and no line that comes down to the right of it.

/// A label that begins at `x` and ends at `end`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Label {
    /// Where its line stands.
    pub x: f64,
    /// Where its text ends.
    pub end: f64,
}

/// How many lanes there are; a label that would need another is left out.
pub const LANES: usize = 6;

/// The lane of each label, counted from the top; nothing where it has none. The labels are in the order of `x`.
pub fn lanes(labels: &[Label]) -> Vec<Option<usize>> {
    let mut lanes: Vec<Option<usize>> = Vec::with_capacity(labels.len());
    for label in labels {
        let reaching = lanes.iter().zip(labels).filter(|(_, earlier)| earlier.end > label.x);
        let below = reaching.filter_map(|(lane, _)| *lane).max().map_or(0, |lane| lane + 1);
        lanes.push((below < LANES).then_some(below));
    }
    lanes
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn label(x: f64, width: f64) -> Label {
        Label { x, end: x + width }
    }

    #[test]
    fn labels_that_would_touch_stand_below_each_other() {
        let labels = [label(0.0, 100.0), label(50.0, 100.0), label(120.0, 100.0), label(300.0, 100.0)];
        assert_eq!(lanes(&labels), [Some(0), Some(1), Some(2), Some(0)]);
    }

    #[test]
    fn what_does_not_fit_is_left_out_and_leaves_room_for_what_comes_later() {
        let mut labels = vec![label(0.0, 100.0); LANES + 2];
        labels.push(label(100.0, 10.0));
        let lanes = lanes(&labels);
        assert_eq!(lanes[LANES - 1..], [Some(LANES - 1), None, None, Some(0)]);
    }

    proptest! {
        #[test]
        fn no_label_covers_another_or_a_line(mut places in prop::collection::vec((0.0..1000.0_f64, 1.0..200.0_f64), 0..40)) {
            places.sort_by(|one, other| one.0.total_cmp(&other.0));
            let labels: Vec<_> = places.into_iter().map(|(x, width)| label(x, width)).collect();
            let lanes = lanes(&labels);
            for (number, (one, lane)) in labels.iter().zip(&lanes).enumerate() {
                let Some(lane) = lane else { continue };
                for (other, below) in labels[number + 1..].iter().zip(&lanes[number + 1..]) {
                    // The line of the later one begins in its own lane and goes down.
                    if let Some(below) = below {
                        prop_assert!(one.end <= other.x || lane < below, "{one:?} {other:?}");
                    }
                }
            }
        }
    }
}

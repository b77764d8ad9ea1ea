//! The shapes in which Exchange hands out its message trace, told by the names of their columns.

use std::fmt;

use super::record::{Field, Record};

/// A form of the message trace. Columns go by name, in whatever order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// `Get-MessageTraceV2`, or `Get-MessageTrace` before it, piped to `Export-Csv`: a line for each message and
    /// recipient.
    Rows,
    /// The enhanced summary report of the Exchange admin center: a line for each message, with all its recipients.
    Summary,
    /// The extended report of the Exchange admin center: a line for each event of a message.
    Extended,
}

impl Shape {
    const ALL: [Self; 3] = [Self::Rows, Self::Summary, Self::Extended];

    /// The columns that are needed of it, by place, each under any of its names. Of the extended report both an event and its
    /// related recipients are needed too.
    fn needed(self) -> &'static [(Place, &'static [&'static str])] {
        match self {
            Self::Rows => &[
                (Place::Moment, &["Received"]),
                (Place::Sender, &["SenderAddress"]),
                (Place::Recipients, &["RecipientAddress"]),
                (Place::Status, &["Status"]),
                (Place::Message, &["MessageTraceId"]),
            ],
            Self::Summary => &[
                (Place::Moment, &["origin_timestamp_utc", "origin_timestamp"]),
                (Place::Sender, &["sender_address"]),
                (Place::Recipients, &["recipient_status"]),
                (Place::Message, &["network_message_id"]),
            ],
            Self::Extended => &[
                (Place::Moment, &["date_time_utc", "date_time"]),
                (Place::Sender, &["sender_address"]),
                (Place::Recipients, &["recipient_address"]),
                (Place::Status, &["event_id"]),
                (Place::Message, &["network_message_id"]),
                (Place::Related, &["related_recipient_address"]),
            ],
        }
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Rows => "Get-MessageTraceV2 piped to Export-Csv",
            Self::Summary => "the enhanced summary report",
            Self::Extended => "the extended report",
        })
    }
}

/// What a column is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Place {
    Moment,
    Sender,
    Recipients,
    Status,
    Message,
    Related,
}

/// How many places there are.
pub const PLACES: usize = 6;

/// Where the columns of a file stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Columns {
    pub shape: Shape,
    /// For each column of the file the place that it fills.
    places: Vec<Option<Place>>,
}

impl Columns {
    /// Finds the columns in the header. `Err` says in words what is missing, and which shapes are known.
    pub fn of(header: &[String]) -> Result<Self, String> {
        let find = |names: &[&str]| {
            header.iter().position(|known| names.iter().any(|name| known.trim().eq_ignore_ascii_case(name)))
        };
        let mut nearest: Option<(usize, String)> = None;
        for shape in Shape::ALL {
            let (mut places, mut missing) = (vec![None; header.len()], Vec::new());
            for (place, names) in shape.needed() {
                match find(names) {
                    Some(column) => places[column] = Some(*place),
                    None => missing.push(names[0]),
                }
            }
            if missing.is_empty() {
                return Ok(Self { shape, places });
            }
            let found = shape.needed().len() - missing.len();
            if found > 0 && nearest.as_ref().is_none_or(|(most, _)| found > *most) {
                nearest = Some((found, format!("it looks like {shape}, but has no column {}", missing.join(", "))));
            }
        }
        Err(nearest.map_or_else(
            || {
                let shapes: Vec<_> = Self::known().collect();
                format!("its columns are none of a message trace; known are {}", shapes.join("; "))
            },
            |(_, why)| why,
        ))
    }

    /// Those of no file: nothing is kept of a record.
    pub fn none() -> Self {
        Self { shape: Shape::Rows, places: Vec::new() }
    }

    fn known() -> impl Iterator<Item = String> {
        Shape::ALL.into_iter().map(|shape| {
            let names: Vec<_> = shape.needed().iter().map(|(_, names)| names[0]).collect();
            format!("{shape} ({})", names.join(", "))
        })
    }

    /// How many columns the file has.
    pub fn count(&self) -> usize {
        self.places.len()
    }

    /// The place that a column fills.
    pub fn place(&self, column: usize) -> Option<Place> {
        self.places.get(column).copied().flatten()
    }
}

/// One recipient of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Named<'a> {
    pub address: &'a [u8],
    pub part: Part,
}

/// What a recipient is to the message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// The sender wrote to it. Of a message to a group it may also be a member: the trace does not tell. (?)
    Recipient,
    /// It is a group, which was expanded.
    Group,
    /// It is a member of a group, and the sender wrote to the group.
    Member,
    /// It is a group that has counted as a recipient when the message came in.
    Counted,
}

impl Part {
    /// What the status of a row says.
    pub fn of_status(status: &[u8]) -> Self {
        if status.eq_ignore_ascii_case(b"Expanded") {
            Self::Group
        } else {
            Self::Recipient
        }
    }
}

/// The recipients that a line counts; nothing for a line about something else than sending.
pub fn recipients<'a>(shape: Shape, record: &Record<'a>, each: &mut dyn FnMut(Named<'a>)) -> bool {
    let field = record.field(Place::Recipients);
    match shape {
        Shape::Rows => {
            each(Named { address: field.raw, part: Part::of_status(record.field(Place::Status).raw) });
        }
        Shape::Summary => {
            for one in field.raw.split(|byte| *byte == b';') {
                let (address, status) = match memchr::memmem::find(one, b"##") {
                    Some(at) => (&one[..at], &one[at + 2..]),
                    None => (one, &one[..0]),
                };
                let address = address.trim_ascii();
                if !address.is_empty() {
                    // A group ends with its expansion; nothing of it is delivered or sent on.
                    let is_group = memchr::memmem::find(status, b"Expand").is_some();
                    each(Named { address, part: if is_group { Part::Group } else { Part::Recipient } });
                }
            }
        }
        Shape::Extended => {
            let event = record.field(Place::Status).raw;
            if event.eq_ignore_ascii_case(b"RECEIVE") {
                several(field, |address| each(Named { address, part: Part::Recipient }));
            } else if event.eq_ignore_ascii_case(b"EXPAND") {
                several(field, |address| each(Named { address, part: Part::Member }));
                // Groups are expanded after they were received as recipients; those within others never are.
                several(record.field(Place::Related), |address| each(Named { address, part: Part::Counted }));
            } else {
                return false;
            }
        }
    }
    true
}

fn several<'a>(field: Field<'a>, mut each: impl FnMut(&'a [u8])) {
    for address in field.raw.split(|byte| *byte == b';') {
        let address = address.trim_ascii();
        if !address.is_empty() {
            each(address);
        }
    }
}

//! Messages as the files that admins export: four shapes, in the encodings they come in.

use std::fmt;
use std::io::{self, Write};
use std::str::FromStr;

use time::format_description::FormatItem;
use time::macros::format_description;
use time::OffsetDateTime;

use super::{Fate, TracedMessage};

/// As `Export-Csv` writes a time where English of the United States is spoken.
const EXPORTED: &[FormatItem<'_>] = format_description!(
    "[month padding:none]/[day padding:none]/[year] [hour repr:12 padding:none]:[minute]:[second] [period]"
);
/// As reports write it.
const REPORTED: &[FormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:7]Z");

/// What the file is an export of. In text: `v2`, `v1`, `summary`, `extended`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// `Get-MessageTraceV2 | Export-Csv`: a line for each message and recipient.
    V2,
    /// The same of the old `Get-MessageTrace`.
    V1,
    /// The enhanced summary report: a line for each message.
    Summary,
    /// The extended report: a line for each event.
    Extended,
}

/// How its text is written. In text: `utf-8`, `utf-8-bom`, `utf-16le`, `utf-16le-bom`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// UTF-8.
    Utf8,
    /// UTF-8 after a byte order mark.
    Utf8Bom,
    /// UTF-16, little-endian, without a byte order mark, as reports often come.
    Utf16,
    /// UTF-16, little-endian, after a byte order mark.
    Utf16Bom,
}

/// A text that names no [`Shape`] or no [`Encoding`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownName(&'static str);

impl fmt::Display for UnknownName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "give one of {}", self.0)
    }
}

impl std::error::Error for UnknownName {}

impl FromStr for Shape {
    type Err = UnknownName;

    fn from_str(text: &str) -> Result<Self, UnknownName> {
        match text {
            "v2" => Ok(Self::V2),
            "v1" => Ok(Self::V1),
            "summary" => Ok(Self::Summary),
            "extended" => Ok(Self::Extended),
            _ => Err(UnknownName("v2, v1, summary, extended")),
        }
    }
}

impl FromStr for Encoding {
    type Err = UnknownName;

    fn from_str(text: &str) -> Result<Self, UnknownName> {
        match text {
            "utf-8" => Ok(Self::Utf8),
            "utf-8-bom" => Ok(Self::Utf8Bom),
            "utf-16le" => Ok(Self::Utf16),
            "utf-16le-bom" => Ok(Self::Utf16Bom),
            _ => Err(UnknownName("utf-8, utf-8-bom, utf-16le, utf-16le-bom")),
        }
    }
}

impl Encoding {
    fn write(self, text: &str, output: &mut impl Write) -> io::Result<()> {
        match self {
            Self::Utf8 | Self::Utf8Bom => output.write_all(text.as_bytes()),
            Self::Utf16 | Self::Utf16Bom => {
                let bytes: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
                output.write_all(&bytes)
            }
        }
    }
}

impl Shape {
    /// Writes a file of messages, with lines that end with a return and a line feed.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(
        self,
        messages: impl Iterator<Item = TracedMessage>,
        encoding: Encoding,
        output: &mut impl Write,
    ) -> io::Result<()> {
        if matches!(encoding, Encoding::Utf8Bom | Encoding::Utf16Bom) {
            encoding.write("\u{feff}", output)?;
        }
        let mut text = String::new();
        self.line(&mut text, self.columns().iter().map(|column| (*column).to_owned()));
        encoding.write(&text, output)?;
        for message in messages {
            text.clear();
            match self {
                Self::V2 => self.exported(&message, &mut text),
                Self::V1 => self.exported_old(&message, &mut text),
                Self::Summary => self.summed_up(&message, &mut text),
                Self::Extended => self.events(&message, &mut text),
            }
            encoding.write(&text, output)?;
        }
        Ok(())
    }

    fn columns(self) -> &'static [&'static str] {
        match self {
            Self::V2 => &[
                "MessageTraceId",
                "MessageId",
                "Received",
                "SenderAddress",
                "RecipientAddress",
                "Subject",
                "Status",
                "FromIP",
                "ToIP",
                "Size",
            ],
            Self::V1 => &[
                "Organization",
                "MessageId",
                "Received",
                "SenderAddress",
                "RecipientAddress",
                "Subject",
                "Status",
                "ToIP",
                "FromIP",
                "Size",
                "MessageTraceId",
                "StartDate",
                "EndDate",
                "Index",
            ],
            Self::Summary => &[
                "origin_timestamp_utc",
                "sender_address",
                "recipient_status",
                "message_subject",
                "total_bytes",
                "message_id",
                "network_message_id",
                "original_client_ip",
                "directionality",
                "connector_id",
                "delivery_priority",
            ],
            Self::Extended => &[
                "date_time_utc",
                "client_ip",
                "source",
                "event_id",
                "message_id",
                "network_message_id",
                "recipient_address",
                "recipient_status",
                "total_bytes",
                "recipient_count",
                "related_recipient_address",
                "message_subject",
                "sender_address",
                "return_path",
                "message_info",
                "directionality",
                "original_client_ip",
            ],
        }
    }

    /// `Export-Csv` quotes everything, reports what needs it.
    fn line(self, text: &mut String, cells: impl IntoIterator<Item = String>) {
        let quotes_all = matches!(self, Self::V1 | Self::V2);
        for (place, cell) in cells.into_iter().enumerate() {
            if place > 0 {
                text.push(',');
            }
            if quotes_all || cell.contains([',', '"', '\r', '\n']) {
                text.push('"');
                text.push_str(&cell.replace('"', "\"\""));
                text.push('"');
            } else {
                text.push_str(&cell);
            }
        }
        text.push_str("\r\n");
    }

    fn exported(self, message: &TracedMessage, text: &mut String) {
        for (recipient, fate) in &message.recipients {
            let cells = [
                message.trace_id.to_string(),
                message.message_id.clone(),
                time(message.received, EXPORTED),
                message.sender.clone(),
                recipient.clone(),
                message.subject.clone(),
                fate.status().to_owned(),
                message.client_address.clone(),
                String::new(),
                message.size.to_string(),
            ];
            self.line(text, cells);
        }
    }

    fn exported_old(self, message: &TracedMessage, text: &mut String) {
        for (index, (recipient, fate)) in message.recipients.iter().enumerate() {
            let cells = [
                "contoso.onmicrosoft.com".to_owned(),
                message.message_id.clone(),
                time(message.received, EXPORTED),
                message.sender.clone(),
                recipient.clone(),
                message.subject.clone(),
                fate.status().to_owned(),
                String::new(),
                message.client_address.clone(),
                message.size.to_string(),
                message.trace_id.to_string(),
                time(message.received, EXPORTED),
                time(message.received, EXPORTED),
                index.to_string(),
            ];
            self.line(text, cells);
        }
    }

    fn summed_up(self, message: &TracedMessage, text: &mut String) {
        let statuses = message.recipients.iter().map(|(recipient, fate)| format!("{recipient}##{}", fate.events()));
        let cells = [
            time(message.received, REPORTED),
            message.sender.clone(),
            statuses.collect::<Vec<_>>().join(";"),
            message.subject.clone(),
            message.size.to_string(),
            message.message_id.clone(),
            message.trace_id.simple().to_string(),
            message.client_address.clone(),
            "Originating".to_owned(),
            String::new(),
            "Normal".to_owned(),
        ];
        self.line(text, cells);
    }

    /// A line for its coming in, to whomever it was addressed, which members of groups were not, and then one for
    /// whatever became of it.
    fn events(self, message: &TracedMessage, text: &mut String) {
        let all = &message.recipients;
        let addresses = |is_wanted: &dyn Fn(usize) -> bool| -> Vec<&str> {
            let wanted = all.iter().enumerate().filter(|(place, _)| is_wanted(*place));
            wanted.map(|(_, (address, _))| address.as_str()).collect()
        };
        let addressed = addresses(&|place| !message.is_member(place));
        let mut event = |source: &str, event: &str, recipients: &[&str], status: &str, related: &str| {
            let cells = [
                time(message.received, REPORTED),
                message.client_address.clone(),
                source.to_owned(),
                event.to_owned(),
                message.message_id.clone(),
                message.trace_id.simple().to_string(),
                recipients.join(";"),
                status.to_owned(),
                message.size.to_string(),
                recipients.len().to_string(),
                related.to_owned(),
                message.subject.clone(),
                message.sender.clone(),
                message.sender.clone(),
                String::new(),
                "Originating".to_owned(),
                message.client_address.clone(),
            ];
            self.line(text, cells);
        };
        event("SMTP", "RECEIVE", &addressed, "", "");
        for (place, (address, fate)) in all.iter().enumerate() {
            match fate {
                Fate::Expanded => {
                    let members = addresses(&|member| message.members.contains(&(member, place)));
                    event("ROUTING", "EXPAND", &members, "", address);
                }
                Fate::Delivered => event("STOREDRIVER", "DELIVER", &[address], "", ""),
                Fate::Sent => event("SMTP", "SENDEXTERNAL", &[address], "250 2.0.0 OK", ""),
                Fate::Failed => event("ROUTING", "FAIL", &[address], "550 5.1.10 RESOLVER.ADR.RecipientNotFound", ""),
            }
        }
    }
}

impl Fate {
    /// The `Status` of a row.
    fn status(self) -> &'static str {
        match self {
            Self::Delivered | Self::Sent => "Delivered",
            Self::Expanded => "Expanded",
            Self::Failed => "Failed",
        }
    }

    /// What the summary lists.
    fn events(self) -> &'static str {
        match self {
            Self::Delivered => "Receive, Deliver",
            Self::Sent => "Receive, Send",
            Self::Expanded => "Receive, Expand",
            Self::Failed => "Receive, Fail",
        }
    }
}

fn time(moment: OffsetDateTime, form: &[FormatItem<'_>]) -> String {
    moment.format(form).unwrap_or_default()
}

//! `Measure-OutboundSending`.

use std::path::PathBuf;

use restricted_sender_core::error::Result;
use restricted_sender_core::sending::{self, DateOrder, Hour, Options, PlotTo, Settings, Source};

use super::{Spec, Start, TEXT};
use crate::border::misuse;
use crate::cell::RsCellType;
use crate::fields::Fields;

pub const MEASURE: Spec = Spec {
    name: "measure-outbound-sending",
    parameters: &[
        // Where the trace comes from: Files, Pipeline or Service.
        ("Source", RsCellType::Text),
        ("Path", RsCellType::List),
        ("StartDate", RsCellType::Ticks),
        ("EndDate", RsCellType::Ticks),
        ("DateOrder", RsCellType::Text),
        ("AcceptedDomain", RsCellType::List),
        ("LicenseCount", RsCellType::Int64),
        ("At", RsCellType::Ticks),
        ("SenderAddress", RsCellType::List),
        ("Hour", RsCellType::Text),
        ("Summary", RsCellType::Bool),
        // The full path of a file, and whether one that is there is kept.
        ("PlotPath", RsCellType::Text),
        ("NoClobber", RsCellType::Bool),
    ],
    // Tables of comma-separated values, each with its header.
    input: TEXT,
    needs_connection: false,
    start: |start| Box::pin(measure(start)),
};

async fn measure(Start { session, mut parameters, host }: Start) -> Result<()> {
    let connected = session.connected().ok();
    let options = options(&mut parameters)?;
    sending::measure(connected.as_ref().map(|connected| &connected.connection), options, &host).await
}

fn plot(parameters: &mut Fields) -> Option<PlotTo> {
    let no_clobber = parameters.flag("NoClobber");
    parameters.text("PlotPath").map(|path| PlotTo { path: PathBuf::from(path), no_clobber })
}

fn options(parameters: &mut Fields) -> Result<Options> {
    let none = |what: &str, name: &str| misuse(&format!("there is no {what} '{name}'"));
    let source = match parameters.text("Source").as_deref() {
        Some("Files") => Source::Files(parameters.texts("Path").into_iter().map(PathBuf::from).collect()),
        Some("Pipeline") => Source::Pipeline,
        Some("Service") => Source::Service { start: parameters.moment("StartDate"), end: parameters.moment("EndDate") },
        other => return Err(none("source", other.unwrap_or_default())),
    };
    let date_order = match parameters.text("DateOrder").as_deref() {
        None => None,
        Some("MonthFirst") => Some(DateOrder::MonthFirst),
        Some("DayFirst") => Some(DateOrder::DayFirst),
        Some(other) => return Err(none("date order", other)),
    };
    let hour = match parameters.text("Hour").as_deref() {
        None => Hour::default(),
        Some("Rolling") => Hour::Rolling,
        Some("Clock") => Hour::Clock,
        Some(other) => return Err(none("hour", other)),
    };
    Ok(Options {
        source,
        date_order,
        accepted_domains: parameters.texts("AcceptedDomain"),
        license_count: parameters.int("LicenseCount").and_then(|count| u32::try_from(count).ok()),
        at: parameters.moment("At"),
        senders: parameters.texts("SenderAddress"),
        summary: parameters.flag("Summary"),
        settings: Settings { hour, ..Settings::default() },
        plot: plot(parameters),
    })
}

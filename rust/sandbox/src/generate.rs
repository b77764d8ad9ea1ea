//! `restricted-sender-sandbox generate`: files of made-up mail, as admins export them.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;

use clap::Subcommand;
use restricted_sender_sandbox::traffic::{Encoding, Shape, Traffic, MOST_SENDERS, MOST_WEEKS};
use time::macros::format_description;
use time::Date;

#[derive(Subcommand)]
pub(crate) enum Generate {
    /// Writes weeks of made-up mail as a file that admins export
    Generate {
        /// What of: v2 (Get-MessageTraceV2), v1 (Get-MessageTrace), summary or extended (historical search)
        #[arg(long, default_value = "v2")]
        shape: Shape,
        /// utf-8, utf-8-bom, utf-16le or utf-16le-bom
        #[arg(long, default_value = "utf-8")]
        encoding: Encoding,
        /// How many send
        #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..=i64::from(MOST_SENDERS)))]
        senders: u32,
        /// How many weeks
        #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..=i64::from(MOST_WEEKS)))]
        weeks: u32,
        /// Decides all the rest
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// The day after the last one, such as 2026-11-23
        #[arg(long, value_name = "DATE", value_parser = date)]
        end: Date,
        /// Where to; without it, to the standard output
        #[arg(long, value_name = "FILE")]
        output: Option<PathBuf>,
    },
}

fn date(text: &str) -> Result<Date, String> {
    Date::parse(text, format_description!("[year]-[month]-[day]"))
        .map_err(|_| "give a date such as 2026-11-23".to_owned())
}

impl Generate {
    pub(crate) fn run(self) -> Result<(), String> {
        let Self::Generate { shape, encoding, senders, weeks, seed, end, output } = self;
        let traffic = Traffic { seed, senders, weeks, end: end.midnight().assume_utc() };
        let name = output.as_ref().map_or_else(|| "the standard output".into(), |path| path.display().to_string());
        let write = || -> io::Result<()> {
            let file: Box<dyn Write> = match &output {
                Some(path) => Box::new(File::create_new(path)?),
                None => Box::new(io::stdout().lock()),
            };
            let mut file = BufWriter::new(file);
            shape.write(traffic.messages(), encoding, &mut file)?;
            file.flush()
        };
        write().map_err(|error| format!("cannot write to {name}: {error}"))
    }
}

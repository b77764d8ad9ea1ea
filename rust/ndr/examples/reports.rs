//! Shows what files of bounces say, one line for each report, and how fast they are read:
//! `cargo run --release -p restricted-sender-ndr --example reports -- FILE... [--times N]`.

use std::error::Error;
use std::ops::ControlFlow;
use std::time::Instant;

use restricted_sender_ndr::{read, Known};

fn main() -> Result<(), Box<dyn Error>> {
    let mut files: Vec<String> = std::env::args().skip(1).collect();
    let times = match files.iter().position(|argument| argument == "--times") {
        Some(place) => files.split_off(place).get(1).ok_or("--times needs a number")?.parse()?,
        None => 0_u32,
    };
    let mut texts = Vec::new();
    for file in files {
        let text = std::fs::read(&file)?;
        read(text.as_slice(), &Known::default(), &mut |report| {
            let of = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".into());
            println!(
                "{file}\t{}\t{}\t{}\t{} -> {}\t{}\t{}\t{}",
                report.class().name(),
                report.confidence.name(),
                report.direction.name(),
                of(&report.sender),
                of(&report.recipient),
                of(&report.remote_server),
                report.reply.text,
                report.confidence_reason,
            );
            ControlFlow::Continue(())
        })?;
        texts.push(text);
    }
    if times > 0 {
        let start = Instant::now();
        let mut reports = 0_u32;
        for _ in 0..times {
            for text in &texts {
                read(text.as_slice(), &Known::default(), &mut |report| {
                    reports += u32::from(report.row.is_some());
                    ControlFlow::Continue(())
                })?;
            }
        }
        let messages = f64::from(times) * texts.len() as f64;
        println!("{:.0} messages a second, {reports} reports", messages / start.elapsed().as_secs_f64());
    }
    Ok(())
}

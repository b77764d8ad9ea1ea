//! The practice tenant as a program: prints the invitation as one line of JSON, then serves until Ctrl-C or SIGTERM.
#![forbid(unsafe_code)]

mod generate;

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use generate::Generate;
use restricted_sender_clock::Clock;
use restricted_sender_sandbox::{Options, Sandbox, Scenario};
use serde_json::Value;

/// A practice Exchange Online tenant on this machine. The first line printed tells how to connect, as JSON.
#[derive(Parser)]
#[command(version, args_conflicts_with_subcommands = true)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Generate>,
    /// TCP port of the HTTPS server; 0 takes any free one
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// TCP port of the SMTP server; 0 takes any free one
    #[arg(long, value_name = "PORT", default_value_t = 0)]
    smtp_port: u16,
    /// Decides identifiers, secrets and figures
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Who is restricted: standard, empty or large
    #[arg(long, default_value_t = Scenario::Standard)]
    scenario: Scenario,
    /// How many licences the organization has, by which it may send; 0 is a trial
    #[arg(long, value_name = "N", default_value_t = 100)]
    licences: u32,
    /// How fast the tenant's time runs: 60 makes a minute of every second, 0 stops the clock
    #[arg(long, value_name = "X", default_value_t = 1.0, value_parser = time_scale, allow_negative_numbers = true)]
    time_scale: f64,
    /// What goes wrong: a JSON list of faults as POST /sandbox/faults takes them
    #[arg(long, value_name = "FILE")]
    faults: Option<PathBuf>,
}

fn time_scale(text: &str) -> Result<f64, String> {
    let scale = text.parse().map_err(|_| "not a number".to_owned())?;
    if (0.0..=1e9).contains(&scale) {
        Ok(scale)
    } else {
        Err("give a number from 0 to 1000000000".to_owned())
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let done = match arguments.command {
        Some(generate) => generate.run(),
        None => serve(arguments).await,
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("restricted-sender-sandbox: {message}");
            ExitCode::FAILURE
        }
    }
}

async fn serve(arguments: Arguments) -> Result<(), String> {
    let Arguments { port, smtp_port, seed, scenario, licences, time_scale, faults, .. } = arguments;
    let faults = faults.as_deref().map_or(Ok(Vec::new()), read_faults)?;
    let clock = Clock::practice(Clock::system().now(), time_scale);
    let sandbox =
        Sandbox::start(Options { port, smtp_port, seed, scenario, licences, clock }).await.map_err(|error| {
            match (error.kind(), smtp_port) {
                (io::ErrorKind::AddrInUse, 0) => {
                    format!("port {port} is in use; choose another with --port, or 0 for any free one")
                }
                (io::ErrorKind::AddrInUse, _) => format!(
                "port {port} or {smtp_port} is in use; choose others with --port and --smtp-port, or 0 for any free one"
            ),
                _ => format!("cannot start on port {port}: {error}"),
            }
        })?;
    for (index, fault) in faults.iter().enumerate() {
        let ordered = sandbox.control("POST", "faults", fault);
        ordered.map_err(|what_to_do| format!("fault {} of --faults: {what_to_do}", index + 1))?;
    }
    let invitation = serde_json::to_string(sandbox.invitation()).map_err(|error| error.to_string())?;
    let mut output = io::stdout();
    writeln!(output, "{invitation}").and_then(|()| output.flush()).map_err(|error| error.to_string())?;
    stop_requested().await.map_err(|error| error.to_string())
}

fn read_faults(file: &Path) -> Result<Vec<Value>, String> {
    let name = file.display();
    let text = std::fs::read(file).map_err(|error| format!("cannot read {name}: {error}"))?;
    serde_json::from_slice(&text).map_err(|error| format!("{name} is no JSON list of faults: {error}"))
}

/// Returns when the user or the system asks the program to stop.
async fn stop_requested() -> io::Result<()> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{signal, SignalKind};
        let mut terminate = signal(SignalKind::terminate())?;
        tokio::select! {
            interrupted = tokio::signal::ctrl_c() => interrupted,
            _ = terminate.recv() => Ok(()),
        }
    }
    #[cfg(not(unix))]
    tokio::signal::ctrl_c().await
}

//! The evidence against the practice tenant's stories.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on fails")]

mod tenant;

use restricted_sender_core::evidence::{test, Report, TestOptions};
use restricted_sender_core::restriction::{get, Query};
use restricted_sender_sandbox::Scenario;
use tenant::{run, Tenant};

#[tokio::test]
async fn explore() {
    for scenario in [Scenario::Standard, Scenario::Standalone] {
        let tenant = Tenant::new(scenario).await;
        let (said, _) = run!(vec![], host => get(&tenant.connection, Query::Everything(None), &host));
        let targets: Vec<_> = said
            .entries
            .iter()
            .map(|entry| restricted_sender_core::restriction::Target {
                sender_address: entry.key.sender_address().map(str::to_owned),
                connector_id: entry.key.connector_id(),
                ..Default::default()
            })
            .collect();
        let options = TestOptions::default();
        let (said, result) = run!(targets, host => test(&tenant.connection, &options, &host));
        result.unwrap();
        for report in &said.reports {
            print(report);
        }
        println!("{:?} {:?}", said.failed, said.warnings);
    }
}

fn print(report: &Report) {
    println!(
        "\n=== {} {:?} {:?} {:?} since {} {:?}",
        report.named, report.connector_name, report.verdict, report.looks_like, report.since, report.block_type
    );
    println!(
        "    {} | {:?} | account {:?} type {:?}",
        report.summary, report.reasons, report.account, report.recipient_type
    );
    for check in &report.checks {
        println!("  {:22} {:?}: {}", check.name.name(), check.state, check.seen_text());
        for command in &check.commands {
            println!("      > {command}");
        }
    }
}

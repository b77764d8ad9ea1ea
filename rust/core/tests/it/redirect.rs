//! Exchange may send requests on to another of its hosts; a token follows only within the endpoint's own domain.

use crate::tenant::{address, run, Tenant};
use restricted_sender_core::error::Code;
use restricted_sender_core::restriction::{get, unblock, Outcome, Query, UnblockOptions};
use restricted_sender_sandbox::Scenario;
use serde_json::json;

const LIST: &str = "Get-BlockedSenderAddress";
const REMOVE: &str = "Remove-BlockedSenderAddress";
const ADELE: &str = "adele.vance@contoso.com";

/// Sends requests for this cmdlet on, so many times.
async fn send_on(tenant: &Tenant, cmdlet: &str, times: u32, location: &str) {
    let fault = json!({"kind": "status", "status": 302, "headers": {"Location": location}});
    tenant.fault(cmdlet, times, fault).await;
}

/// Where the practice tenant itself answers.
fn itself(tenant: &Tenant) -> String {
    let invitation = tenant.sandbox.invitation();
    format!("{}/adminapi/beta/{}/InvokeCommand", invitation.uri, invitation.organization)
}

#[tokio::test]
async fn a_request_is_sent_on_within_the_endpoint_with_its_token_and_body() {
    let tenant = Tenant::new(Scenario::Standard).await;
    send_on(&tenant, LIST, 1, &itself(&tenant)).await;
    let (said, result) = run!(vec![], host => get(&tenant.connection, Query::Everything(None), &host));
    result.unwrap();
    assert_eq!((said.entries.len(), said.failed.len()), (11, 0), "{:?}", said.failed);

    // It was not done where it was sent on from, so that a change is sent on, too, and done once.
    send_on(&tenant, REMOVE, 1, &itself(&tenant)).await;
    let options = UnblockOptions { pass_thru: true, ..UnblockOptions::default() };
    let (said, result) = run!(vec![address(ADELE)], host => unblock(&tenant.connection, &options, &host));
    result.unwrap();
    assert_eq!((said.unblocks[0].outcome, said.failed.len()), (Outcome::Removing, 0), "{:?}", said.failed);
    assert_eq!(tenant.seen(REMOVE).await, 2);
    assert_eq!(tenant.connection.status().await.retries, Some(0), "nothing had failed");
}

#[tokio::test]
async fn no_other_host_gets_the_token_and_no_circle_goes_on() {
    for location in ["https://exchange.example/adminapi", "https://localhost/adminapi", "//exchange.example:1/"] {
        let tenant = Tenant::new(Scenario::Standard).await;
        send_on(&tenant, LIST, 1, location).await;
        let (said, _) = run!(vec![address(ADELE)], host => get(&tenant.connection, Query::Named, &host));
        assert_eq!(said.failed[0].code(), Code::ResponseUnreadable, "{location}: {:?}", said.failed);
    }
    let tenant = Tenant::new(Scenario::Standard).await;
    let before = tenant.seen(LIST).await;
    send_on(&tenant, LIST, 100, &itself(&tenant)).await;
    let (said, _) = run!(vec![address(ADELE)], host => get(&tenant.connection, Query::Named, &host));
    assert_eq!(said.failed[0].code(), Code::ResponseUnreadable, "{:?}", said.failed);
    assert_eq!(tenant.seen(LIST).await - before, 4);
}

//! Other kinds of organizations, and Contoso's rules for sending.

use crate::practice::{json_of, texts, Practice};
use reqwest::Method;
use restricted_sender_sandbox::Scenario;
use serde_json::{json, Value};

fn window() -> Value {
    json!({"StartDate": "2026-06-01", "EndDate": "2026-11-23T08:00:00Z"})
}

async fn exported(practice: &Practice) -> String {
    let tenant = &practice.sandbox.invitation().tenant_id;
    let url = format!("{}/adminapi/v1.0/{tenant}/EXOModuleFile?Version=3.7.1", practice.base);
    let reply = practice.client.get(url).bearer_auth(&practice.token).send().await.unwrap();
    json_of(reply).await["value"][0]["exportedCmdlets"].as_str().unwrap().to_owned()
}

// Standalone protection

#[tokio::test]
async fn without_mailboxes_senders_are_listed_unblocked_and_gone_as_elsewhere() {
    let practice = Practice::open(Scenario::Standalone).await;
    let senders = texts(&practice.rows("Get-BlockedSenderAddress", json!({})).await, "SenderAddress");
    assert_eq!(senders.len(), 8);
    assert!(senders.contains(&"megan.bowen@contoso.com".to_owned()), "by address, not by sign-in: {senders:?}");
    assert_eq!(practice.connector_ids().await.len(), 3);
    practice.remove("megan.bowen@contoso.com").await;
    practice.pass(30);
    assert!(!practice.is_listed("megan.bowen@contoso.com").await);
}

#[tokio::test]
async fn without_mailboxes_recipients_are_mail_users_and_mailbox_cmdlets_are_unknown() {
    let practice = Practice::open(Scenario::Standalone).await;
    let rows = practice.rows("Get-Recipient", json!({})).await;
    assert_eq!(rows.len(), 30);
    for row in &rows[..16] {
        let is_group = row["Alias"] == "all.staff";
        let kind = if is_group { "MailUniversalDistributionGroup" } else { "MailUser" };
        assert_eq!((&row["RecipientType"], &row["RecipientTypeDetails"]), (&json!(kind), &json!(kind)), "{row}");
    }
    let adele = practice.rows("Get-Recipient", json!({"Identity": "adele.vance@contoso.com"})).await;
    assert_eq!(adele[0]["RecipientType"], "MailUser");
    let reply = practice.invoke("Get-Mailbox", json!({"Identity": "adele.vance@contoso.com"})).await;
    assert_eq!(reply.status(), 403);
    assert!(!exported(&practice).await.contains("Mailbox"));
}

#[tokio::test]
async fn mailboxes_can_move_while_the_tenant_is_open() {
    let practice = Practice::standard().await;
    let kind = || practice.rows("Get-Recipient", json!({"Identity": "service@contoso.com"}));
    assert_eq!(kind().await[0]["RecipientTypeDetails"], "SharedMailbox");
    practice.order("settings", json!({"mailboxes": false})).await;
    assert_eq!(kind().await[0]["RecipientTypeDetails"], "MailUser");
}

// The cloud of 21Vianet

#[tokio::test]
async fn the_cloud_of_21vianet_has_no_audit_log_to_search() {
    let practice = Practice::open(Scenario::Vianet).await;
    assert_eq!(practice.rows("Get-BlockedSenderAddress", json!({})).await.len(), 8);
    let reply = practice.invoke("Search-UnifiedAuditLog", window()).await;
    assert_eq!(reply.status(), 403);
    assert!(reply.bytes().await.unwrap().iter().all(|byte| *byte == 0));
    assert!(!exported(&practice).await.contains("Search-"));

    practice.order("settings", json!({"auditLog": true})).await;
    assert!(!practice.rows("Search-UnifiedAuditLog", window()).await.is_empty());
    assert!(exported(&practice).await.contains("Search-UnifiedAuditLog"));
}

// Rules for sending

#[tokio::test]
async fn outbound_policies() {
    for practice in Practice::both().await {
        let rows = practice.rows("Get-HostedOutboundSpamFilterPolicy", json!({})).await;
        let names = texts(&rows, "Name");
        assert_eq!(names[..5], ["Default", "Executives", "Newsletters", "Devices", "Everybody strict"]);
        assert_eq!(names[5..], ["Campaigns", "Projects", "Field staff", "Campaigns of last year"]);
        let default = &rows[0];
        assert_eq!((&default["IsDefault"], &default["Enabled"]), (&json!(true), &json!(true)));
        assert_eq!(default["ActionWhenThresholdReached"], "BlockUserForToday");
        assert_eq!(default["RecipientLimitExternalPerHour@data.type"], "System.Int32");
        assert_eq!(default["RecipientLimitExternalPerHour"], 500);
        assert_eq!(default["RecipientLimitInternalPerHour"], 1000);
        assert_eq!(default["RecipientLimitPerDay"], 1000);
        assert_eq!(default["AutoForwardingMode"], "Automatic");
        assert_eq!(default["WhenChangedUTC@data.type"], "System.DateTime");
        assert_eq!(default["WhenChangedUTC"], "2026-01-27T08:00:00.0000000+00:00");
        assert_eq!(rows[2]["WhenChangedUTC"], "2026-11-23T06:00:00.0000000+00:00");
        assert_eq!(texts(&rows, "ActionWhenThresholdReached")[1..4], ["BlockUser", "BlockUserForToday", "Alert"]);

        let one = practice.rows("Get-HostedOutboundSpamFilterPolicy", json!({"Identity": "EXECUTIVES"})).await;
        assert_eq!(one, [rows[1].clone()]);
        let (status, ..) = practice.refusal("Get-HostedOutboundSpamFilterPolicy", json!({"Identity": "None"})).await;
        assert_eq!(status, 404);
    }
}

#[tokio::test]
async fn outbound_rules() {
    for mut practice in Practice::both().await {
        practice.become_app("read-only").await;
        let rows = practice.rows("Get-HostedOutboundSpamFilterRule", json!({})).await;
        let policies = texts(&rows, "HostedOutboundSpamFilterPolicy");
        assert_eq!(policies[..4], ["Executives", "Newsletters", "Devices", "Everybody strict"]);
        assert_eq!(policies[4..], ["Campaigns", "Projects", "Field staff", "Campaigns of last year"]);
        let priorities = rows.iter().map(|row| row["Priority"].as_i64().unwrap());
        assert!(priorities.eq(0..8));
        assert_eq!(texts(&rows, "State")[..5], ["Enabled", "Enabled", "Enabled", "Disabled", "Enabled"]);
        assert_eq!(rows[1]["From"], json!(["news@contoso.com"]));
        assert_eq!(rows[1]["FromMemberOf"], Value::Null);
        assert_eq!(rows[2]["SenderDomainIs"], json!(["print.contoso.com"]));
        assert_eq!(rows[2]["ExceptIfFrom"], json!(["plotter@print.contoso.com"]));
        assert_eq!(rows[3]["FromMemberOf"], json!(["all.staff@contoso.com"]));
        let campaigns = &rows[4];
        assert_eq!(campaigns["From"].as_array().unwrap().len(), 5);
        assert_eq!(campaigns["FromMemberOf"], json!(["marketing@contoso.com"]));
        assert_eq!(campaigns["SenderDomainIs"], json!(["contoso.com"]));
        assert_eq!(campaigns["ExceptIfFrom"], json!(["offers@contoso.com"]));
        assert_eq!(campaigns["ExceptIfFromMemberOf"], json!(["interns@contoso.com"]));
        assert_eq!(campaigns["ExceptIfSenderDomainIs"], json!(["shop.contoso.com"]));
        assert_eq!(rows[0]["ExceptIfSenderDomainIs"], Value::Null);

        let disabled = practice.rows("Get-HostedOutboundSpamFilterRule", json!({"State": "disabled"})).await;
        assert_eq!(disabled, [rows[3].clone()]);
        let (status, exception, _) =
            practice.refusal("Get-HostedOutboundSpamFilterRule", json!({"State": "Sometimes"})).await;
        assert_eq!((status, exception.as_str()), (400, "ParameterTransformationException"));
    }
}

#[tokio::test]
async fn a_policy_remembers_when_it_was_changed() {
    let practice = Practice::standard().await;
    practice.pass(10);
    let change = json!({"name": "default", "actionWhenThresholdReached": "BlockUser",
        "recipientLimitExternalPerHour": 0});
    practice.order("outbound-policies", change).await;
    let rows = practice.rows("Get-HostedOutboundSpamFilterPolicy", json!({})).await;
    assert_eq!(rows[0]["ActionWhenThresholdReached"], "BlockUser");
    assert_eq!(rows[0]["RecipientLimitExternalPerHour"], 0);
    assert_eq!(rows[0]["RecipientLimitPerDay"], 1000, "the rest stays");
    assert_eq!(rows[0]["WhenChangedUTC"], "2026-11-23T08:10:00.0000000+00:00");
    assert_eq!(rows[1]["WhenChangedUTC"], "2026-08-25T08:00:00.0000000+00:00", "others stay");
    for wrong in [
        json!({"name": "None", "actionWhenThresholdReached": "BlockUser"}),
        json!({"name": "Default", "actionWhenThresholdReached": "Explode"}),
        json!({"name": "Default", "recipientLimitPerDay": 10_001}),
        json!({"actionWhenThresholdReached": "BlockUser"}),
    ] {
        assert_eq!(practice.control(Method::POST, "outbound-policies", wrong).await.status(), 400);
    }
}

//! Outbound spam policies and rules, changed as an admin changes them.

use crate::practice::{texts, Practice};
use serde_json::{json, Value};

const GET_POLICY: &str = "Get-HostedOutboundSpamFilterPolicy";
const SET_POLICY: &str = "Set-HostedOutboundSpamFilterPolicy";
const NEW_POLICY: &str = "New-HostedOutboundSpamFilterPolicy";
const GET_RULE: &str = "Get-HostedOutboundSpamFilterRule";
const SET_RULE: &str = "Set-HostedOutboundSpamFilterRule";
const NEW_RULE: &str = "New-HostedOutboundSpamFilterRule";

async fn one(practice: &Practice, cmdlet: &str, name: &str) -> Value {
    practice.rows(cmdlet, json!({"Identity": name})).await.remove(0)
}

async fn warnings(practice: &Practice, cmdlet: &str, parameters: Value) -> Vec<Value> {
    let reply = practice.invoke(cmdlet, parameters).await;
    assert_eq!(reply.status(), 200);
    crate::practice::json_of(reply).await["@adminapi.warnings"].as_array().unwrap().clone()
}

async fn names(practice: &Practice) -> Vec<String> {
    texts(&practice.rows(GET_RULE, json!({})).await, "Name")
}

#[tokio::test]
async fn a_policy_changes_in_what_is_said_and_remembers_when() {
    for practice in Practice::both().await {
        practice.pass(10);
        let change = json!({"Identity": "DEFAULT", "RecipientLimitExternalPerHour": 0, "NotifyOutboundSpam": true,
            "NotifyOutboundSpamRecipients": ["admin@contoso.com"], "AutoForwardingMode": "off",
            "ActionWhenThresholdReached": "blockuser"});
        assert!(practice.rows(SET_POLICY, change.clone()).await.is_empty());
        let row = one(&practice, GET_POLICY, "Default").await;
        assert_eq!((&row["RecipientLimitExternalPerHour"], &row["RecipientLimitPerDay"]), (&json!(0), &json!(1000)));
        assert_eq!((&row["AutoForwardingMode"], &row["NotifyOutboundSpam"]), (&json!("Off"), &json!(true)));
        assert_eq!(row["NotifyOutboundSpamRecipients"], json!(["admin@contoso.com"]));
        assert_eq!(row["ActionWhenThresholdReached"], "BlockUser");
        assert_eq!(row["WhenChangedUTC"], "2026-11-23T08:10:00.0000000+00:00");

        practice.pass(10);
        let said = warnings(&practice, SET_POLICY, change).await;
        assert!(said[0].as_str().unwrap().contains("no settings of 'DEFAULT' have been modified"), "{said:?}");
        assert_eq!(one(&practice, GET_POLICY, "Default").await, row, "nothing changed, so nothing was");
        let ends = json!({"Identity": "Default", "NotifyOutboundSpamRecipients": null});
        practice.rows(SET_POLICY, ends).await;
        assert_eq!(one(&practice, GET_POLICY, "Default").await["NotifyOutboundSpamRecipients"], json!([]));
    }
}

#[tokio::test]
async fn policies_and_rules_are_made() {
    let practice = Practice::standard().await;
    let made = practice.rows(NEW_POLICY, json!({"Name": "Sales", "RecipientLimitPerDay": 50})).await;
    assert_eq!((&made[0]["RecipientLimitPerDay"], &made[0]["IsDefault"]), (&json!(50), &json!(false)));
    assert_eq!(made[0]["RecipientLimitExternalPerHour"], 0);
    assert_eq!(made[0]["ActionWhenThresholdReached"], "BlockUserForToday");
    assert_eq!(one(&practice, GET_POLICY, "sales").await, made[0]);

    let rule = json!({"Name": "Sales", "HostedOutboundSpamFilterPolicy": "sales", "From": "lee.gu@contoso.com",
        "ExceptIfFromMemberOf": ["interns@contoso.com"], "Priority": 1});
    let made = practice.rows(NEW_RULE, rule).await;
    assert_eq!((&made[0]["Priority"], &made[0]["State"]), (&json!(1), &json!("Enabled")));
    assert_eq!(made[0]["HostedOutboundSpamFilterPolicy"], "Sales");
    assert_eq!(made[0]["From"], json!(["lee.gu@contoso.com"]));
    assert_eq!(made[0]["ExceptIfFromMemberOf"], json!(["interns@contoso.com"]));
    assert_eq!(one(&practice, GET_RULE, "Sales").await, made[0]);
    assert_eq!(names(&practice).await[..3], ["Executives", "Sales", "Newsletters"]);
    assert_eq!(one(&practice, GET_RULE, "Newsletters").await["Priority"], 2, "the others make room");

    practice.rows(NEW_POLICY, json!({"Name": "Trial"})).await;
    let trial = json!({"Name": "Trial", "HostedOutboundSpamFilterPolicy": "Trial", "Enabled": false,
        "SenderDomainIs": ["print.contoso.com"]});
    let made = practice.rows(NEW_RULE, trial).await;
    assert_eq!((&made[0]["Priority"], &made[0]["State"]), (&json!(9), &json!("Disabled")), "the last one");
}

#[tokio::test]
async fn a_rule_changes_its_place_its_name_and_its_conditions() {
    let practice = Practice::standard().await;
    practice.rows(SET_RULE, json!({"Identity": "Project Falcon", "Priority": 0, "Name": "Falcon"})).await;
    assert_eq!(names(&practice).await[..3], ["Falcon", "Executives", "Newsletters"]);
    let change = json!({"Identity": "Campaigns", "ExceptIfFromMemberOf": null, "ExceptIfSenderDomainIs": [],
        "From": ["campaigns@contoso.com"], "Comments": "Since May"});
    practice.rows(SET_RULE, change.clone()).await;
    let row = one(&practice, GET_RULE, "Campaigns").await;
    assert_eq!((&row["ExceptIfFromMemberOf"], &row["ExceptIfSenderDomainIs"]), (&Value::Null, &Value::Null));
    assert_eq!(row["From"], json!(["campaigns@contoso.com"]));
    assert_eq!(row["FromMemberOf"], json!(["marketing@contoso.com"]), "the rest stays");
    assert_eq!(row["Comments"], "Since May");
    assert_eq!(warnings(&practice, SET_RULE, change).await.len(), 1);
}

#[tokio::test]
async fn a_rule_is_switched_on_and_off_in_its_place() {
    let practice = Practice::standard().await;
    practice.rows("Disable-HostedOutboundSpamFilterRule", json!({"Identity": "Newsletters"})).await;
    practice.rows("Enable-HostedOutboundSpamFilterRule", json!({"Identity": "everybody strict"})).await;
    let rows = practice.rows(GET_RULE, json!({})).await;
    assert_eq!(texts(&rows, "State")[..4], ["Enabled", "Disabled", "Enabled", "Enabled"]);
    let again = warnings(&practice, "Disable-HostedOutboundSpamFilterRule", json!({"Identity": "Newsletters"})).await;
    assert_eq!(again.len(), 1);
}

#[tokio::test]
async fn what_makes_no_sense_is_refused_and_nothing_is_done() {
    let practice = Practice::standard().await;
    practice.rows(NEW_POLICY, json!({"Name": "Spare"})).await;
    let before = (practice.rows(GET_POLICY, json!({})).await, practice.rows(GET_RULE, json!({})).await);
    let rule = |more: Value| {
        let mut rule = json!({"Name": "New", "HostedOutboundSpamFilterPolicy": "Spare"});
        rule.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        rule
    };
    for (cmdlet, parameters, status, says) in [
        (SET_POLICY, json!({"RecipientLimitPerDay": 1}), 400, "missing mandatory"),
        (SET_POLICY, json!({"Identity": "None", "RecipientLimitPerDay": 1}), 404, "'None'"),
        (SET_POLICY, json!({"Identity": "Default", "RecipientLimitPerDay": 10_001}), 400, "from 0 to 10000"),
        (SET_POLICY, json!({"Identity": "Default", "RecipientLimitPerDay": -1}), 400, "from 0 to 10000"),
        (SET_POLICY, json!({"Identity": "Default", "ActionWhenThresholdReached": "Explode"}), 400, "BlockUser"),
        (SET_POLICY, json!({"Identity": "Default", "NotifyOutboundSpam": "yes"}), 400, "boolean"),
        (SET_POLICY, json!({"Identity": "Default", "Name": "Other"}), 400, "parameter name 'Name'"),
        (NEW_POLICY, json!({"Name": "executives"}), 400, "already exists"),
        (NEW_POLICY, json!({"Name": " "}), 400, "must not be empty"),
        (NEW_RULE, rule(json!({})), 400, "needs a condition"),
        (NEW_RULE, rule(json!({"From": []})), 400, "needs a condition"),
        (NEW_RULE, rule(json!({"ExceptIfFrom": "lee.gu@contoso.com"})), 400, "needs a condition"),
        (NEW_RULE, rule(json!({"From": "ann@fabrikam.example"})), 404, "'ann@fabrikam.example'"),
        (NEW_RULE, rule(json!({"SenderDomainIs": ["fabrikam.example"]})), 404, "'fabrikam.example'"),
        (NEW_RULE, rule(json!({"FromMemberOf": ["field.staff@contoso.com"]})), 404, "'field.staff@contoso.com'"),
        (NEW_RULE, rule(json!({"FromMemberOf": ["lee.gu@contoso.com"]})), 404, "'lee.gu@contoso.com'"),
        (NEW_RULE, rule(json!({"From": "lee.gu@contoso.com", "Priority": 9})), 400, "from 0 to 8"),
        (NEW_RULE, rule(json!({"From": "lee.gu@contoso.com", "Name": "Devices"})), 400, "already exists"),
        (SET_RULE, json!({"Identity": "None", "Priority": 0}), 404, "'None'"),
        (SET_RULE, json!({"Identity": "Devices", "Priority": 8}), 400, "from 0 to 7"),
        (SET_RULE, json!({"Identity": "Devices", "SenderDomainIs": null}), 400, "needs a condition"),
        (SET_RULE, json!({"Identity": "Devices", "Name": "Campaigns"}), 400, "already exists"),
        (SET_RULE, json!({"Identity": "Devices", "HostedOutboundSpamFilterPolicy": "Default"}), 400, "default policy"),
        (SET_RULE, json!({"Identity": "Devices", "HostedOutboundSpamFilterPolicy": "Projects"}), 400, "already has"),
        (SET_RULE, json!({"Identity": "Devices", "HostedOutboundSpamFilterPolicy": "None"}), 404, "'None'"),
    ] {
        let (found, _, message) = practice.refusal(cmdlet, parameters.clone()).await;
        assert!(found == status && message.contains(says), "{cmdlet} {parameters}: {found} {message}");
    }
    assert_eq!((practice.rows(GET_POLICY, json!({})).await, practice.rows(GET_RULE, json!({})).await), before);
}

#[tokio::test]
async fn changes_are_for_those_who_may_and_the_audit_log_knows_of_them() {
    let mut practice = Practice::standard().await;
    practice.rows(SET_POLICY, json!({"RecipientLimitPerDay": 7, "Identity": "Default"})).await;
    practice.rows(NEW_POLICY, json!({"Name": "Sales"})).await;
    practice.order("settings", json!({"auditDelaySeconds": 0})).await;
    practice.pass(1);
    let window = json!({"StartDate": "2026-11-23T07:59:00Z", "EndDate": "2026-11-23T09:00:00Z",
        "RecordType": "ExchangeAdmin", "Operations": [SET_POLICY, NEW_POLICY]});
    let records = practice.rows("Search-UnifiedAuditLog", window).await;
    assert_eq!(records.len(), 2);
    let data = records.iter().map(|record| record["AuditData"].as_str().unwrap()).collect::<String>();
    assert!(data.contains("RecipientLimitPerDay") && data.contains("Sales"), "{data}");
    practice.become_app("read-only").await;
    for (cmdlet, parameters) in [
        (SET_POLICY, json!({"Identity": "Default", "RecipientLimitPerDay": 8})),
        (NEW_RULE, json!({"Name": "New", "HostedOutboundSpamFilterPolicy": "Sales"})),
        ("Disable-HostedOutboundSpamFilterRule", json!({"Identity": "Devices"})),
    ] {
        assert_eq!(practice.invoke(cmdlet, parameters).await.status(), 403, "{cmdlet}");
    }
    assert_eq!(one(&practice, GET_POLICY, "Default").await["RecipientLimitPerDay"], 7);
}

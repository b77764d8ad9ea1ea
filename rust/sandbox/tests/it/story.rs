//! What people have been through is told alike by all reads.

use crate::practice::{texts, Practice};
use restricted_sender_sandbox::Scenario;
use serde_json::{json, Value};

const ADELE: &str = "adele.vance@contoso.com";
const MEGAN: &str = "megan.bowen@contoso.onmicrosoft.com";

async fn read(practice: &Practice, path: &str) -> Value {
    let token = practice.graph_token().await;
    let (status, body) = practice.graph(&token, path).await;
    assert_eq!(status, 200, "{path}: {body}");
    body
}

async fn user(practice: &Practice, upn: &str) -> Value {
    let properties =
        "id,accountEnabled,lastPasswordChangeDateTime,signInSessionsValidFromDateTime,onPremisesSyncEnabled";
    read(practice, &format!("users/{upn}?$select={properties}")).await
}

/// When a sender was restricted: to the second, as Graph writes times.
async fn block(practice: &Practice, sender: &str) -> String {
    let rows = practice.rows("Get-BlockedSenderAddress", json!({"SenderAddress": sender})).await;
    format!("{}Z", &rows[0]["CreatedDatetime"].as_str().unwrap()[..19])
}

async fn rules(practice: &Practice, mailbox: &str) -> Vec<Value> {
    practice.rows("Get-InboxRule", json!({"Mailbox": mailbox})).await
}

async fn operations_of(practice: &Practice, user: &str) -> Vec<String> {
    let window = json!({"StartDate": "2026-11-20", "EndDate": "2026-11-24", "UserIds": [user]});
    texts(&practice.rows("Search-UnifiedAuditLog", window).await, "Operations")
}

fn is_before(earlier: &Value, later: &str) -> bool {
    earlier.as_str().unwrap() < later
}

#[tokio::test]
async fn somebody_who_was_taken_over() {
    for practice in Practice::both().await {
        let block = block(&practice, ADELE).await;
        let account = user(&practice, ADELE).await;
        assert!(is_before(&account["lastPasswordChangeDateTime"], "2025-12-31"), "{account}");
        assert!(is_before(&account["signInSessionsValidFromDateTime"], "2025-12-31"), "{account}");
        assert_eq!((&account["accountEnabled"], &account["onPremisesSyncEnabled"]), (&json!(true), &Value::Null));
        let risk = read(&practice, &format!("identityProtection/riskyUsers/{}", account["id"].as_str().unwrap())).await;
        assert_eq!((&risk["riskLevel"], &risk["riskState"]), (&json!("high"), &json!("atRisk")));
        assert!(is_before(&risk["riskLastUpdatedDateTime"], &block));

        let methods = read(&practice, &format!("users/{ADELE}/authentication/methods")).await;
        let methods = methods["value"].as_array().unwrap();
        assert_eq!(methods[0]["@odata.type"], "#microsoft.graph.passwordAuthenticationMethod");
        let added = &methods[2]["createdDateTime"];
        assert!(is_before(added, &block) && !is_before(added, "2026-11-22"), "{methods:?}");
        assert_eq!(methods[2]["@odata.type"], "#microsoft.graph.microsoftAuthenticatorAuthenticationMethod");

        let consents = read(&practice, &format!("users/{ADELE}/oauth2PermissionGrants")).await;
        let consent = &consents["value"][0];
        let scopes: Vec<&str> = consent["scope"].as_str().unwrap().split(' ').collect();
        assert!(scopes.contains(&"Mail.Send") && scopes.contains(&"Mail.ReadWrite"), "{scopes:?}");
        assert_eq!((&consent["principalId"], &consent["consentType"]), (&account["id"], &json!("Principal")));
        let client = read(&practice, &format!("servicePrincipals/{}", consent["clientId"].as_str().unwrap())).await;
        assert_eq!(client["verifiedPublisher"]["displayName"], Value::Null);
        assert!(is_before(&client["createdDateTime"], &block) && !is_before(&client["createdDateTime"], "2026-11-22"));
        let resource = read(&practice, &format!("servicePrincipals/{}", consent["resourceId"].as_str().unwrap())).await;
        assert_eq!(resource["appId"], "00000003-0000-0000-c000-000000000000");

        let rule = rules(&practice, ADELE).await.remove(0);
        assert_eq!((&rule["Name"], &rule["Enabled"]), (&json!("."), &json!(true)));
        assert_eq!((&rule["DeleteMessage"], &rule["MarkAsRead"]), (&json!(true), &json!(true)));
        assert_eq!(rule["RuleIdentity@data.type"], "System.UInt64");
        let same = read(&practice, &format!("users/{ADELE}/mailFolders/inbox/messageRules")).await;
        let same = &same["value"][0];
        assert_eq!((&same["displayName"], &same["actions"]["delete"]), (&json!("."), &json!(true)));
        assert_eq!(same["conditions"]["bodyOrSubjectContains"], rule["SubjectOrBodyContainsWords"]);

        let full = practice.rows("Get-MailboxPermission", json!({"Identity": ADELE})).await;
        assert_eq!(texts(&full, "User").last().unwrap(), "nestor.wilke@contoso.com");
        let protocols = practice.rows("Get-CASMailbox", json!({"Identity": ADELE})).await;
        assert_eq!(protocols[0]["ImapEnabled"], true);
        let done = operations_of(&practice, ADELE).await;
        for operation in [
            "UserLoggedIn",
            "Consent to application.",
            "User registered security info.",
            "New-InboxRule",
            "Set-Mailbox",
            "Add-MailboxPermission",
        ] {
            assert!(done.contains(&operation.to_owned()), "{operation} in {done:?}");
        }
    }
}

#[tokio::test]
async fn somebody_who_was_taken_over_and_secured_again() {
    let practice = Practice::standard().await;
    let block = block(&practice, MEGAN).await;
    let account = user(&practice, MEGAN).await;
    for property in ["lastPasswordChangeDateTime", "signInSessionsValidFromDateTime"] {
        assert!(!is_before(&account[property], &block), "{account}");
        assert!(is_before(&account[property], "2026-11-23T08:00:00Z"), "{account}");
    }
    let risk = read(&practice, &format!("identityProtection/riskyUsers/{}", account["id"].as_str().unwrap())).await;
    assert_eq!((&risk["riskLevel"], &risk["riskState"]), (&json!("none"), &json!("remediated")));
    let methods = read(&practice, &format!("users/{MEGAN}/authentication/methods")).await;
    assert_eq!(methods["value"].as_array().unwrap().len(), 2);
    assert!(is_before(&methods["value"][1]["createdDateTime"], "2026-06-01"));
    let rules = rules(&practice, MEGAN).await;
    assert_eq!((rules.len(), &rules[0]["Enabled"]), (1, &json!(false)));
    let mailbox = practice.rows("Get-Mailbox", json!({"Identity": "megan.bowen@contoso.com"})).await;
    assert_eq!(mailbox[0]["UserPrincipalName"], MEGAN);
    assert_eq!(mailbox[0]["ForwardingSmtpAddress"], Value::Null);
    assert_eq!((&mailbox[0]["AuditEnabled"], &mailbox[0]["AuditEnabled@data.type"]), (&json!(true), &Value::Null));
    for list in ["oauth2PermissionGrants", "transitiveMemberOf/microsoft.graph.directoryRole"] {
        assert_eq!(read(&practice, &format!("users/{MEGAN}/{list}")).await["value"], json!([]), "{list}");
    }
    let full = practice.rows("Get-MailboxPermission", json!({"Identity": MEGAN})).await;
    let own: Vec<_> = full.iter().filter(|row| row["IsInherited"] == false).collect();
    assert_eq!((own.len(), &own[0]["User"]), (1, &json!("NT AUTHORITY\\SELF")));
    let done = operations_of(&practice, "admin@contoso.onmicrosoft.com").await;
    assert!(done.contains(&"Reset user password.".to_owned()) && done.contains(&"Disable-InboxRule".to_owned()));
}

#[tokio::test]
async fn the_others_who_are_restricted() {
    let practice = Practice::standard().await;
    let token = practice.graph_token().await;
    // A device is in no directory.
    let scanner = "scanner@print.contoso.com";
    assert_eq!(practice.graph(&token, &format!("users/{scanner}")).await.0, 404);
    for cmdlet in ["Get-Recipient", "Get-Mailbox", "Get-MailboxPermission"] {
        assert_eq!(practice.refusal(cmdlet, json!({"Identity": scanner})).await.0, 404, "{cmdlet}");
    }
    // Synchronized, and with nothing but a password.
    let sean = "o'brien@contoso.com";
    assert_eq!(user(&practice, sean).await["onPremisesSyncEnabled"], true);
    let methods = read(&practice, &format!("users/{sean}/authentication/methods")).await;
    assert_eq!(methods["value"].as_array().unwrap().len(), 1);
    // Comes back, since an application kept its way in.
    let isaiah = "isaiah.langer@contoso.com";
    let consents = read(&practice, &format!("users/{isaiah}/oauth2PermissionGrants")).await;
    assert!(consents["value"][0]["scope"].as_str().unwrap().contains("Mail.Send"));
    assert!(is_before(&user(&practice, isaiah).await["lastPasswordChangeDateTime"], &block(&practice, isaiah).await));
    // Just send a lot.
    for upn in ["johanna.lorenz@contoso.com", "alex.wilber@contoso.com"] {
        assert!(rules(&practice, upn).await.is_empty());
        let id = user(&practice, upn).await["id"].as_str().unwrap().to_owned();
        assert_eq!(practice.graph(&token, &format!("identityProtection/riskyUsers/{id}")).await.0, 404);
        assert_eq!(read(&practice, &format!("users/{upn}/oauth2PermissionGrants")).await["value"], json!([]));
    }
}

#[tokio::test]
async fn an_ordinary_mailbox() {
    let practice = Practice::standard().await;
    let lynne = "lynne.robbins@contoso.com";
    let shown = texts(&practice.rows("Get-InboxRule", json!({"Mailbox": lynne})).await, "Name");
    assert_eq!(shown, ["Tickets"]);
    let all = practice.rows("Get-InboxRule", json!({"Mailbox": lynne, "IncludeHidden": true})).await;
    assert_eq!(texts(&all, "Name"), ["Junk E-mail Rule", "Tickets"]);
    assert_eq!(all[1]["From"], json!(["\"tickets@fabrikam.example\" [SMTP:tickets@fabrikam.example]"]));
    let sweep = practice.rows("Get-SweepRule", json!({"Mailbox": lynne})).await;
    assert_eq!(texts(&sweep, "Name"), ["Old newsletters"]);
    let roles = read(&practice, &format!("users/{lynne}/transitiveMemberOf")).await;
    assert_eq!(roles["value"][1]["@odata.type"], "#microsoft.graph.directoryRole");
    assert_eq!(roles["value"][1]["displayName"], "Helpdesk Administrator");
    let send_as = practice.rows("Get-RecipientPermission", json!({"Identity": "alex.wilber@contoso.com"})).await;
    assert_eq!(texts(&send_as, "Trustee"), ["NT AUTHORITY\\SELF", "lidia.holloway@contoso.com"]);
    let bypass = practice.rows("Get-MailboxAuditBypassAssociation", json!({"Identity": lynne})).await;
    assert_eq!(bypass[0]["AuditBypassEnabled"], false);
    assert_eq!(practice.rows("Get-Mailbox", json!({})).await.len(), 21, "all but groups and contacts");
}

#[tokio::test]
async fn connectors_that_were_changed_and_one_that_was_not() {
    let practice = Practice::standard().await;
    let restricted = practice.rows("Get-BlockedConnector", json!({})).await;
    let by_name = |name: &str| restricted.iter().find(|row| row["ConnectorName"] == name).unwrap().clone();
    let relay = by_name("On-premises relay to Microsoft 365");
    let found = practice.rows("Get-InboundConnector", json!({"Identity": relay["ConnectorId"]})).await;
    assert_eq!(found[0]["Name"], relay["ConnectorName"]);
    assert_eq!(found[0]["TlsSenderCertificateName"], "relay.adatum.example");
    assert!(found[0]["SenderIPAddresses"].as_array().unwrap().contains(&json!("203.0.113.45")));
    let changed = found[0]["WhenChangedUTC"].as_str().unwrap();
    assert!(changed < relay["CreatedTime"].as_str().unwrap() && changed > "2026-11-22", "{changed}");

    let window = json!({"StartDate": "2026-11-20", "EndDate": "2026-11-24", "Operations": ["Set-InboundConnector"]});
    let records = practice.rows("Search-UnifiedAuditLog", window).await;
    assert_eq!(texts(&records, "UserIds"), ["svc-migration@contoso.onmicrosoft.com"; 2]);
    let token = practice.graph_token().await;
    assert_eq!(practice.graph(&token, "users/svc-migration@contoso.onmicrosoft.com").await.0, 404);
    let with_it = practice.rows("Get-InboundConnector", json!({"Identity": "Head office scanners"})).await;
    assert!(with_it[0]["WhenChangedUTC"].as_str().unwrap() > changed);

    let fine = practice.rows("Get-InboundConnector", json!({"Identity": "Fabrikam newsletter service"})).await;
    assert!(fine[0]["WhenChangedUTC"].as_str().unwrap() < "2026");
    assert_eq!(practice.rows("Get-OutboundConnector", json!({})).await.len(), 1);
    let rules = practice.rows("Get-TransportRule", json!({})).await;
    assert_eq!(texts(&rules, "State"), ["Enabled", "Enabled", "Disabled"]);
    assert!(rules.iter().all(|rule| rule["WhenChanged"].as_str().unwrap() < "2026-07"));
}

#[tokio::test]
async fn without_mailboxes_there_are_accounts_and_no_mailbox_cmdlets() {
    let practice = Practice::open(Scenario::Standalone).await;
    for cmdlet in ["Get-Mailbox", "Get-CASMailbox", "Get-MailboxPermission", "Set-Mailbox"] {
        let reply = practice.invoke(cmdlet, json!({"Identity": ADELE})).await;
        assert_eq!(reply.status(), 403, "{cmdlet}");
        assert!(reply.bytes().await.unwrap().iter().all(|byte| *byte == 0));
    }
    for cmdlet in ["Get-InboxRule", "Get-SweepRule"] {
        assert_eq!(practice.invoke(cmdlet, json!({"Mailbox": ADELE})).await.status(), 403, "{cmdlet}");
    }
    assert_eq!(user(&practice, ADELE).await["onPremisesSyncEnabled"], true);
    let token = practice.graph_token().await;
    let (status, body) = practice.graph(&token, &format!("users/{ADELE}/mailFolders/inbox/messageRules")).await;
    assert_eq!((status, &body["error"]["code"]), (404, &json!("MailboxNotEnabledForRESTAPI")));
    assert!(!practice.rows("Get-InboundConnector", json!({})).await.is_empty());
}

#[tokio::test]
async fn lists_come_in_pages() {
    let practice = Practice::standard().await;
    let token = practice.graph_token().await;
    let path = "users/lynne.robbins@contoso.com/transitiveMemberOf?$top=1&$select=displayName";
    let (_, first) = practice.graph(&token, path).await;
    assert_eq!(first["value"].as_array().unwrap().len(), 1);
    let names: Vec<&String> = first["value"][0].as_object().unwrap().keys().collect();
    assert_eq!(names, ["@odata.type", "displayName"]);
    let next = first["@odata.nextLink"].as_str().unwrap();
    let start = format!("{}/graph/v1.0/", practice.base);
    let (_, second) = practice.graph(&token, next.strip_prefix(&start).unwrap()).await;
    assert_eq!(second["value"][0]["displayName"], "Helpdesk Administrator");
    assert!(second.get("@odata.nextLink").is_none());
    for wrong in ["$top=0", "$top=1000", "$skiptoken=x", "$filter=id+eq+'x'"] {
        let (status, body) =
            practice.graph(&token, &format!("users/lynne.robbins@contoso.com/transitiveMemberOf?{wrong}")).await;
        assert_eq!((status, &body["error"]["code"]), (400, &json!("Request_BadRequest")), "{wrong}");
    }
}

//! Groups: which there are, who is in them, and that not all of them say.

use crate::practice::{json_of, texts, Practice};
use reqwest::Method;
use restricted_sender_sandbox::Scenario;
use serde_json::{json, Value};

const MEMBERS: &str = "Get-DistributionGroupMember";

async fn aliases(practice: &Practice, cmdlet: &str, parameters: Value) -> Vec<String> {
    texts(&practice.rows(cmdlet, parameters).await, "Alias")
}

#[tokio::test]
async fn groups_are_of_four_kinds() {
    let practice = Practice::standard().await;
    let rows = practice.rows("Get-DistributionGroup", json!({})).await;
    assert_eq!(texts(&rows, "Alias"), ["all.staff", "marketing", "campaign.team", "interns", "partners"]);
    assert_eq!(rows[1]["GroupType"], "Universal");
    assert_eq!(rows[3]["GroupType"], "Universal, SecurityEnabled");
    assert_eq!(rows[3]["RecipientTypeDetails"], "MailUniversalSecurityGroup");
    let unified = practice.rows("Get-UnifiedGroup", json!({})).await;
    assert_eq!(texts(&unified, "Alias"), ["project.falcon"]);
    for (name, details) in [
        ("interns@contoso.com", "MailUniversalSecurityGroup"),
        ("Project Falcon", "GroupMailbox"),
        ("field.staff", "DynamicDistributionGroup"),
        ("agency@fabrikam.example", "MailContact"),
    ] {
        let found = practice.rows("Get-Recipient", json!({"Identity": name})).await;
        assert_eq!(found[0]["RecipientTypeDetails"], details, "{name}");
    }
}

#[tokio::test]
async fn members_are_those_of_the_group_itself() {
    for practice in Practice::both().await {
        let marketing = json!({"Identity": "MARKETING@contoso.com"});
        let members = practice.rows(MEMBERS, marketing.clone()).await;
        assert_eq!(texts(&members, "Alias"), ["campaign.team", "patti.fernandez", "offers", "shop"]);
        assert_eq!(members[0]["RecipientTypeDetails"], "MailUniversalDistributionGroup", "a group in it");
        assert_eq!(members[3]["PrimarySmtpAddress"], "shop@shop.contoso.com");
        let team = aliases(&practice, MEMBERS, json!({"Identity": "Campaign Team"})).await;
        assert_eq!(team, ["campaigns", "pradeep.gupta", "agency"]);
        assert_eq!(aliases(&practice, MEMBERS, json!({"Identity": "Campaign Team", "ResultSize": 2})).await.len(), 2);
        let staff = aliases(&practice, MEMBERS, json!({"Identity": "all.staff"})).await;
        assert_eq!(staff.len(), 21);
        assert!(!staff.contains(&"agency".to_owned()) && staff.contains(&"adele.vance".to_owned()));
    }
}

#[tokio::test]
async fn a_microsoft_365_group_has_links() {
    let practice = Practice::standard().await;
    let links = |kind: &str| json!({"Identity": "project.falcon@contoso.com", "LinkType": kind});
    let all = aliases(&practice, "Get-UnifiedGroupLinks", links("members")).await;
    assert_eq!(all, ["grady.archie", "patti.fernandez"]);
    assert_eq!(aliases(&practice, "Get-UnifiedGroupLinks", links("Owners")).await, ["grady.archie"]);
    assert!(practice.rows("Get-UnifiedGroupLinks", links("Subscribers")).await.is_empty());
    assert_eq!(practice.refusal("Get-UnifiedGroupLinks", links("Friends")).await.0, 400);
    let standalone = Practice::open(Scenario::Standalone).await;
    assert_eq!(standalone.invoke("Get-UnifiedGroup", json!({})).await.status(), 403);
    assert_eq!(aliases(&standalone, MEMBERS, json!({"Identity": "interns"})).await, ["pradeep.gupta"]);
}

#[tokio::test]
async fn each_cmdlet_knows_its_own_groups_and_nobody_lists_a_dynamic_one() {
    let practice = Practice::standard().await;
    for (cmdlet, group) in [
        (MEMBERS, "field.staff@contoso.com"),
        (MEMBERS, "project.falcon@contoso.com"),
        (MEMBERS, "adele.vance@contoso.com"),
        (MEMBERS, "nobody@contoso.com"),
        ("Get-DistributionGroup", "field.staff@contoso.com"),
        ("Get-UnifiedGroup", "marketing@contoso.com"),
    ] {
        let (status, exception, _) = practice.refusal(cmdlet, json!({"Identity": group})).await;
        assert_eq!((status, exception.as_str()), (404, "ManagementObjectNotFoundException"), "{cmdlet} {group}");
    }
    assert_eq!(practice.refusal(MEMBERS, json!({})).await.0, 400);
}

#[tokio::test]
async fn members_come_and_go_and_groups_stand_in_circles() {
    let practice = Practice::standard().await;
    let change = json!({"group": "campaign.team", "add": ["marketing@contoso.com", "lee.gu@contoso.com"],
        "remove": ["agency"]});
    practice.order("groups", change).await;
    let team = aliases(&practice, MEMBERS, json!({"Identity": "campaign.team"})).await;
    assert_eq!(team, ["campaigns", "pradeep.gupta", "marketing", "lee.gu"]);
    for wrong in [
        json!({"group": "campaign.team", "add": ["nobody@contoso.com"]}),
        json!({"group": "nobody", "add": ["lee.gu"]}),
        json!({"group": "field.staff", "add": ["lee.gu"]}),
        json!({"group": "lee.gu", "add": ["adele.vance"]}),
        json!({"add": ["lee.gu"]}),
    ] {
        assert_eq!(practice.control(Method::POST, "groups", wrong.clone()).await.status(), 400, "{wrong}");
    }
}

#[tokio::test]
async fn graph_and_exchange_agree_about_who_is_in_a_group() {
    let practice = Practice::standard().await;
    let token = practice.graph_token().await;
    let groups = |upn: &'static str| {
        let (practice, token) = (&practice, &token);
        async move {
            let (status, body) = practice.graph(token, &format!("users/{upn}/transitiveMemberOf")).await;
            assert_eq!(status, 200);
            texts(body["value"].as_array().unwrap(), "displayName")
        }
    };
    assert_eq!(groups("pradeep.gupta@contoso.com").await, ["All Staff", "Marketing", "Campaign Team", "Interns"]);
    assert_eq!(groups("diego.siciliani@contoso.com").await, ["All Staff"]);
}

#[tokio::test]
async fn the_new_cmdlets_can_be_taken_away_and_are_for_readers() {
    let mut practice = Practice::standard().await;
    let permissions = json_of(practice.control(Method::GET, "permissions", Value::Null).await).await;
    for cmdlet in ["Get-DistributionGroup", MEMBERS, "Get-UnifiedGroup", "Get-UnifiedGroupLinks"] {
        assert!(permissions["granted"].as_array().unwrap().contains(&json!(cmdlet)), "{cmdlet}");
    }
    practice.become_app("read-only").await;
    assert_eq!(practice.rows(MEMBERS, json!({"Identity": "interns"})).await.len(), 1);
    practice.order("permissions", json!({"remove": [MEMBERS]})).await;
    assert_eq!(practice.invoke(MEMBERS, json!({"Identity": "interns"})).await.status(), 403);
}

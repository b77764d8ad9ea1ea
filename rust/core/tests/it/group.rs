//! How the groups of a rule are looked into, through a session whose answers the test writes: what kinds there are, names
//! that mean nobody or several, and where it ends.

use std::sync::{Arc, Mutex};

use restricted_sender_core::connection::{Connection, OpenSession};
use restricted_sender_core::exchange::session::{Argument, Ran, Run};
use restricted_sender_core::exchange::Value;
use restricted_sender_core::host::{converse, Answer, Event, Question, Row};
use restricted_sender_core::limits::{get, Options, Outcome, SendingLimit};
use restricted_sender_core::restriction::Target;
use restricted_sender_core::Clock;

const MEGAN: &str = "megan@contoso.com";
const MEMBERS: &str = "Get-DistributionGroupMember";

type Rows = Vec<Vec<(String, Value)>>;

fn row(columns: &[(&str, &str)]) -> Vec<(String, Value)> {
    columns.iter().map(|(name, value)| ((*name).to_owned(), Value::Text((*value).to_owned()))).collect()
}

fn recipient(kind: &str, address: &str) -> Vec<(String, Value)> {
    row(&[("PrimarySmtpAddress", address), ("RecipientTypeDetails", kind)])
}

/// The limits of Megan in an organization with one rule, for the members of `groups`; and what was asked. The directory
/// answers whatever `answers` says to a cmdlet about one of these groups.
async fn limit(groups: &[String], answers: fn(&str, &str) -> Rows) -> (SendingLimit, Vec<String>) {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let (groups, log) = (Value::List(groups.iter().cloned().map(Value::Text).collect()), Arc::clone(&asked));
    let (host, mut caller) = converse(|event| event);
    let listening = tokio::spawn(async move {
        let mut limits = Vec::new();
        while let Some(event) = caller.events.recv().await {
            match event {
                Event::Question(Question::Cmdlet(run), answer) => {
                    let rows = answered(&run, &groups, answers, &log);
                    answer.send(Answer::Ran(Ran { rows, ..Ran::default() })).unwrap();
                }
                Event::Rows(rows) => limits.extend(rows),
                Event::WantsInput { taken: 0 } => {
                    let megan = Target { sender_address: Some(MEGAN.into()), ..Target::default() };
                    caller.input.send(megan.into()).await.unwrap();
                }
                Event::WantsInput { .. } => caller.input = tokio::sync::mpsc::channel(1).0,
                _ => {}
            }
        }
        limits
    });
    let session = OpenSession { organization: Some("contoso.onmicrosoft.com".into()), ..OpenSession::default() };
    let connection = Connection::through(session, Clock::system(), &host).await.unwrap();
    get(&connection, &Options::default(), &host).await.unwrap();
    drop(host);
    let Some(Row::SendingLimit(limit)) = listening.await.unwrap().pop() else { panic!("no limits") };
    let asked = asked.lock().unwrap().clone();
    (limit, asked)
}

fn answered(run: &Run, groups: &Value, answers: fn(&str, &str) -> Rows, log: &Mutex<Vec<String>>) -> Rows {
    let identity = run.parameters.iter().find_map(|(name, value)| match value {
        Argument::Text(text) if name == "Identity" => Some(text.as_str()),
        _ => None,
    });
    match (run.cmdlet, identity) {
        ("Get-HostedOutboundSpamFilterPolicy", _) => {
            let mut default = row(&[("Name", "Default")]);
            default.push(("IsDefault".into(), Value::Bool(true)));
            vec![default, row(&[("Name", "Strict")])]
        }
        ("Get-HostedOutboundSpamFilterRule", _) => {
            let mut rule = row(&[("Name", "Strict"), ("HostedOutboundSpamFilterPolicy", "Strict"), ("Priority", "0")]);
            rule.push(("FromMemberOf".into(), groups.clone()));
            vec![rule]
        }
        ("Get-Recipient", Some(MEGAN)) => vec![recipient("UserMailbox", MEGAN)],
        (cmdlet, Some(group)) => {
            log.lock().unwrap().push(format!("{cmdlet} {group}"));
            answers(cmdlet, group)
        }
        _ => Vec::new(),
    }
}

fn named(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

#[tokio::test]
async fn each_kind_of_group_is_read_by_its_own_cmdlet() {
    let (limit, asked) = limit(&named(&["all@contoso.com"]), |cmdlet, group| match (cmdlet, group) {
        ("Get-Recipient", _) => vec![recipient("MailUniversalSecurityGroup", "all@contoso.com")],
        (MEMBERS, "all@contoso.com") => vec![
            recipient("MailUniversalDistributionGroup", "sales@contoso.com"),
            recipient("DynamicDistributionGroup", "dynamic@contoso.com"),
            recipient("GroupMailbox", "team@contoso.com"),
            row(&[("Identity", "No mail"), ("RecipientTypeDetails", "User")]),
        ],
        (MEMBERS, _) => vec![recipient("UserMailbox", "lee@contoso.com")],
        _ => vec![recipient("UserMailbox", "Megan@Contoso.com")],
    })
    .await;
    let expected = [
        "Get-Recipient all@contoso.com",
        "Get-DistributionGroupMember all@contoso.com",
        "Get-DistributionGroupMember sales@contoso.com",
        "Get-UnifiedGroupLinks team@contoso.com",
    ];
    assert_eq!((limit.policy.as_deref(), asked), (Some("Strict"), named(&expected)));
    assert!(limit.why.is_some_and(|why| why.contains("by way of team@contoso.com")));
}

#[tokio::test]
async fn a_name_that_means_no_group_or_several_leaves_the_rule_untold() {
    for (name, why) in [
        ("gone@contoso.com", "There is no group of this name."),
        ("lee@contoso.com", "It is no group but UserMailbox."),
        ("Sales", "Several recipients have this name."),
    ] {
        let (limit, asked) = limit(&named(&[name]), |_, name| match name {
            "gone@contoso.com" => vec![],
            "Sales" => ["sales@contoso.com", "sales@fabrikam.com"].map(|one| recipient("RoomList", one)).into(),
            other => vec![recipient("UserMailbox", other)],
        })
        .await;
        assert_eq!((limit.may_apply, asked.len()), (named(&["Strict", "Default"]), 1), "{name}");
        assert_eq!(limit.rules[0].outcome, Outcome::CannotTell);
        assert!(limit.rules[0].why.ends_with(why), "{}", limit.rules[0].why);
    }
    let (limit, _) = limit(&named(&["sales@contoso.com"]), |cmdlet, _| match cmdlet {
        "Get-Recipient" => ["sales@contoso.com", "x-sales@contoso.com"].map(|one| recipient("RoomList", one)).into(),
        _ => vec![],
    })
    .await;
    assert_eq!(limit.policy.as_deref(), Some("Default"), "the one that has the address is meant");
}

#[tokio::test]
async fn one_command_looks_into_fifty_groups() {
    let empty = |cmdlet: &str, name: &str| match cmdlet {
        "Get-Recipient" => vec![recipient("MailUniversalDistributionGroup", name)],
        _ => vec![],
    };
    for (count, policy) in [(50, Some("Default")), (51, None)] {
        let groups: Vec<_> = (0..count).map(|number| format!("g{number}@contoso.com")).collect();
        let (limit, asked) = limit(&groups, empty).await;
        assert_eq!((limit.policy.as_deref(), asked.len()), (policy, 100), "{count} groups");
        assert_eq!(limit.rules[0].why.contains("not among the 50"), policy.is_none());
    }
}

#[tokio::test]
async fn one_command_keeps_two_hundred_thousand_members() {
    for (more, policy) in [("few@contoso.com", Some("Default")), ("many@contoso.com", None)] {
        let groups = named(&["half@contoso.com", more]);
        let (limit, _) = limit(&groups, |cmdlet, name| match (cmdlet, name) {
            ("Get-Recipient", name) => vec![recipient("MailUniversalDistributionGroup", name)],
            (_, name) => {
                let count = 100_000 + usize::from(name.starts_with("many"));
                (0..count).map(|number| recipient("MailUser", &format!("{number}-{name}"))).collect()
            }
        })
        .await;
        assert_eq!(limit.policy.as_deref(), policy, "{more}");
        assert_eq!(limit.rules[0].why.contains("keeps 200000 members"), policy.is_none());
    }
}

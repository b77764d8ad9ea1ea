//! Checks of what others may do with the mailbox: delegates and apps.

use super::account::undated;
use super::read;
use crate::evidence::dossier::{Age, Dossier};
use crate::evidence::finding::{fact, sign, Finding};
use crate::evidence::frame::Frame;
use crate::evidence::paste::{line, quoted};
use crate::evidence::suspicion::MAIL_PERMISSIONS;

/// What is seen of each delegate, by when the right was given.
fn delegates(
    dossier: &Dossier,
    frame: &Frame,
    given: &[(String, String, String)],
    operations: &[&str],
) -> (Vec<crate::evidence::Fact>, Vec<String>, Vec<Finding>) {
    let (mut seen, mut commands, mut doubts) = (Vec::new(), Vec::new(), Vec::new());
    for (who, right, remove) in given {
        let may = format!("{who} may {right}");
        match dossier.dated(operations, &[who], &dossier.names(), frame) {
            Age::New(change) => {
                seen.push(sign(Some(change.at), format!("{may}, given by {}", change.who)));
                commands.push(remove.clone());
            }
            Age::Old => seen.push(fact(None, format!("{may}, and could long before the block"))),
            Age::CannotTell(error) => {
                doubts.push(undated(&may, error));
            }
        }
    }
    (seen, commands, doubts)
}

pub fn full_access(dossier: &Dossier, frame: &Frame) -> Finding {
    let delegates_of = read!(dossier.full_access);
    let given: Vec<_> = delegates_of
        .iter()
        .map(|delegate| {
            let remove = line(
                "Remove-MailboxPermission",
                &[("Identity", dossier.mailbox_name()), ("User", &delegate.who)],
                &format!("-AccessRights {} -Confirm:$false", rights(&delegate.rights)),
            );
            (delegate.who.clone(), format!("open the mailbox ({})", delegate.rights), remove)
        })
        .collect();
    if given.is_empty() {
        return Finding::passed(vec![fact(None, "Nobody else may open the mailbox")]);
    }
    let (seen, commands, doubts) = delegates(dossier, frame, &given, &["Add-MailboxPermission"]);
    Finding::of(seen, commands, doubts)
}

/// Rights are names of an enumeration; what is none is quoted.
fn rights(rights: &str) -> String {
    let is_name = |right: &str| !right.is_empty() && right.chars().all(|letter| letter.is_ascii_alphanumeric());
    let all: Vec<_> =
        rights.split(", ").map(|right| if is_name(right) { right.to_owned() } else { quoted(right) }).collect();
    all.join(",")
}

pub fn send_as(dossier: &Dossier, frame: &Frame) -> Finding {
    let trustees = read!(dossier.send_as);
    let mailbox = read!(dossier.mailbox);
    let name = dossier.mailbox_name();
    let mut given: Vec<_> = trustees
        .iter()
        .map(|delegate| {
            let remove = line(
                "Remove-RecipientPermission",
                &[("Identity", name), ("Trustee", &delegate.who)],
                "-AccessRights SendAs -Confirm:$false",
            );
            (delegate.who.clone(), "send as it".to_owned(), remove)
        })
        .collect();
    given.extend(mailbox.on_behalf.iter().map(|who| {
        let end = format!("-GrantSendOnBehalfTo @{{Remove={}}}", quoted(who));
        (who.clone(), "send on its behalf".to_owned(), line("Set-Mailbox", &[("Identity", name)], &end))
    }));
    if given.is_empty() {
        return Finding::passed(vec![fact(None, "Nobody else may send as it or on its behalf")]);
    }
    let (seen, commands, doubts) = delegates(dossier, frame, &given, &["Add-RecipientPermission", "Set-Mailbox"]);
    Finding::of(seen, commands, doubts)
}

/// No app got a permission over mail lately, and none that is itself new to the organization has one.
pub fn app_consents(dossier: &Dossier, frame: &Frame) -> Finding {
    let consents = read!(dossier.consents);
    let (mut seen, mut commands, mut doubts) = (Vec::new(), Vec::new(), Vec::new());
    for consent in consents {
        let over_mail: Vec<_> = consent
            .permissions
            .iter()
            .filter(|permission| MAIL_PERMISSIONS.iter().any(|known| known.eq_ignore_ascii_case(permission)))
            .map(String::as_str)
            .collect();
        if over_mail.is_empty() {
            continue;
        }
        let name = consent.app.as_ref().map_or(consent.client_id.as_str(), |app| app.name.as_str());
        let publisher = consent.app.as_ref().and_then(|app| app.publisher.as_deref());
        let by = publisher.map(|who| format!(" by {who}")).unwrap_or_default();
        let what = format!("The app {name}{by} has {}", over_mail.join(", "));
        let revoke = line("Remove-MgOauth2PermissionGrant", &[("OAuth2PermissionGrantId", &consent.id)], "");
        let created = consent.app.as_ref().and_then(|app| app.created);
        if let Some(created) = created.filter(|created| frame.is_new(*created)) {
            seen.push(sign(Some(created), format!("{what}, and is new to the organization")));
            commands.push(revoke);
            continue;
        }
        let app_names = [name, consent.client_id.as_str()];
        let operations = ["Consent to application", "Add delegated permission grant", "Add OAuth2PermissionGrant"];
        match dossier.dated(&operations, &app_names, &app_names, frame) {
            Age::New(change) => {
                seen.push(sign(Some(change.at), format!("{what}, given by {}", change.who)));
                commands.push(revoke);
            }
            Age::Old => seen.push(fact(created, format!("{what}, and had it long before the block"))),
            Age::CannotTell(error) => doubts.push(undated(&what, error)),
        }
    }
    if seen.is_empty() && doubts.is_empty() {
        seen.push(fact(None, "No app has a permission over its mail by a consent of this account"));
    }
    Finding::of(seen, commands, doubts)
}

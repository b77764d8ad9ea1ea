//! Reads what Microsoft Graph tells of an account.

use std::collections::HashMap;

use super::Reading;
use crate::error::{Code, Error, Result};
use crate::evidence::dossier::{Dossier, Has, Part};
use crate::evidence::facts::{Account, App, Consent, Method, Risk, Role, ACCOUNT};
use crate::evidence::suspicion::MAIL_PERMISSIONS;
use crate::evidence::CheckName::{
    AdminRoles, AppConsents, AuthenticationMethods, PasswordChanged, SessionsRevoked, SignInState, UserRisk,
};
use crate::exchange::escape;
use crate::graph::Resource;

/// How many apps of one account are looked up.
const MOST_APPS: usize = 20;

/// What is read of an account.
#[derive(Default)]
pub struct OfAccount {
    account: Part<Option<Account>>,
    methods: Part<Vec<Method>>,
    consents: Part<Vec<Consent>>,
    roles: Part<Vec<Role>>,
    risk: Part<Option<Risk>>,
}

impl OfAccount {
    pub fn into_dossier(self, dossier: &mut Dossier) {
        let Self { account, methods, consents, roles, risk } = self;
        (dossier.account, dossier.methods, dossier.consents) = (account, methods, consents);
        (dossier.roles, dossier.risk) = (roles, risk);
    }
}

impl Reading<'_, '_> {
    pub(super) async fn account(&self, dossier: &Dossier) -> OfAccount {
        let all =
            [PasswordChanged, SessionsRevoked, SignInState, AuthenticationMethods, AppConsents, AdminRoles, UserRisk];
        let mut of = OfAccount::default();
        if !self.wants(&all) {
            return of;
        }
        // Whether there is an account decides about all of them.
        of.account = Some(self.user(&dossier.account_name()).await);
        let dossier = Dossier { account: of.account.clone(), ..dossier.clone() };
        if matches!(dossier.has_account(), Has::No(_)) {
            return of;
        }
        let name = dossier.account_name();
        (of.methods, of.consents, of.roles, of.risk) = tokio::join!(
            self.part(&[AuthenticationMethods], self.methods(&name)),
            self.part(&[AppConsents], self.consents(&name)),
            self.part(&[AdminRoles], self.roles(&name)),
            self.part(&[UserRisk], self.risk(&dossier)),
        );
        of
    }

    /// The account of that name, if Microsoft Entra has one.
    async fn user(&self, name: &str) -> Result<Option<Account>> {
        let path = format!("users/{}?$select={ACCOUNT}", escape(name));
        let user = Resource { path, what: "The account", permission: "User.Read.All" };
        Ok(self.organization.object_if_any(&user).await?.as_ref().map(Account::read))
    }

    async fn methods(&self, name: &str) -> Result<Vec<Method>> {
        let path = format!("users/{}/authentication/methods", escape(name));
        let methods =
            Resource { path, what: "The authentication methods", permission: "UserAuthenticationMethod.Read.All" };
        Ok(self.organization.list(&methods).await?.iter().map(Method::read).collect())
    }

    async fn roles(&self, name: &str) -> Result<Vec<Role>> {
        let path = format!("users/{}/transitiveMemberOf", escape(name));
        let member_of = Resource { path, what: "The memberships", permission: "Directory.Read.All" };
        Ok(self.organization.list(&member_of).await?.iter().filter_map(Role::read).collect())
    }

    async fn risk(&self, dossier: &Dossier) -> Result<Option<Risk>> {
        // It is asked for by id and nothing else: what is not found by another name has no risk only by chance.
        let account = dossier.account().and_then(|account| account.id);
        let Some(id) = account.or_else(|| dossier.recipient()?.object_id) else {
            return Err(Error::new(
                Code::AccountNotFound,
                "The account's id is not known, by which its risk is asked for.",
            ));
        };
        let path = format!("identityProtection/riskyUsers/{id}");
        let risk = Resource { path, what: "The risk of the account", permission: "IdentityRiskyUser.Read.All" };
        Ok(self.organization.object_if_any(&risk).await?.as_ref().map(Risk::read))
    }

    /// The consents, with the apps of those that are about mail.
    async fn consents(&self, name: &str) -> Result<Vec<Consent>> {
        let path = format!("users/{}/oauth2PermissionGrants", escape(name));
        let grants = Resource { path, what: "The consents to apps", permission: "Directory.Read.All" };
        let mut consents: Vec<_> = self.organization.list(&grants).await?.iter().map(Consent::read).collect();
        let mut known: HashMap<String, App> = HashMap::new();
        for consent in &mut consents {
            let is_mail =
                |permission: &String| MAIL_PERMISSIONS.iter().any(|mail| mail.eq_ignore_ascii_case(permission));
            if !consent.permissions.iter().any(is_mail) {
                continue;
            }
            if !known.contains_key(&consent.client_id) {
                if known.len() >= MOST_APPS {
                    let message = format!("The account has consents to more than {MOST_APPS} apps over its mail.");
                    return Err(Error::new(Code::ResponseTooLarge, message));
                }
                known.insert(consent.client_id.clone(), self.app(&consent.client_id).await?);
            }
            consent.app = known.get(&consent.client_id).cloned();
        }
        Ok(consents)
    }

    async fn app(&self, id: &str) -> Result<App> {
        let path =
            format!("servicePrincipals/{}?$select=id,appId,displayName,createdDateTime,verifiedPublisher", escape(id));
        let principal = Resource { path, what: "The app", permission: "Directory.Read.All" };
        let found = self.organization.object_if_any(&principal).await?;
        let gone = || App { name: format!("{id} (not there any more)"), created: None, publisher: None };
        Ok(found.as_ref().map_or_else(gone, App::read))
    }
}

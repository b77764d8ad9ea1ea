//! What Microsoft Graph tells of an account.

use serde_json::Value as Json;
use time::OffsetDateTime;
use uuid::Uuid;

use super::{date, text};

/// An account, as Microsoft Entra has it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Account {
    pub id: Option<Uuid>,
    pub principal: Option<String>,
    pub enabled: Option<bool>,
    pub password_changed: Option<OffsetDateTime>,
    pub sessions_valid_from: Option<OffsetDateTime>,
    /// Whether a directory on premises is where it is changed.
    pub synchronized: bool,
}

/// What [`Account::read`] reads.
pub const ACCOUNT: &str = "id,userPrincipalName,accountEnabled,lastPasswordChangeDateTime,\
                           signInSessionsValidFromDateTime,onPremisesSyncEnabled";

impl Account {
    pub fn read(user: &Json) -> Self {
        Self {
            id: text(user, "id").and_then(|id| Uuid::parse_str(&id).ok()),
            principal: text(user, "userPrincipalName"),
            enabled: user["accountEnabled"].as_bool(),
            password_changed: date(user, "lastPasswordChangeDateTime"),
            sessions_valid_from: date(user, "signInSessionsValidFromDateTime"),
            synchronized: user["onPremisesSyncEnabled"].as_bool() == Some(true),
        }
    }
}

/// A way to prove who signs in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Method {
    pub id: String,
    /// For example `microsoftAuthenticator`.
    pub kind: String,
    /// What its owner calls it, or its number.
    pub name: Option<String>,
    pub created: Option<OffsetDateTime>,
}

impl Method {
    pub fn read(method: &Json) -> Self {
        let kind = text(method, "@odata.type").unwrap_or_default();
        let kind = kind.rsplit('.').next().unwrap_or_default();
        Self {
            id: text(method, "id").unwrap_or_default(),
            kind: kind.strip_suffix("AuthenticationMethod").unwrap_or(kind).to_owned(),
            name: ["displayName", "phoneNumber", "emailAddress", "model"].iter().find_map(|name| text(method, name)),
            created: date(method, "createdDateTime"),
        }
    }

    /// Whether it is a second step. An address for a new password is none (Microsoft Learn, "emailAuthenticationMethod":
    /// for self-service password reset only).
    pub fn is_second_step(&self) -> bool {
        !self.kind.is_empty() && !matches!(self.kind.as_str(), "password" | "email")
    }
}

/// An app's permissions for an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Consent {
    pub id: String,
    pub permissions: Vec<String>,
    /// Whether it is for everybody.
    pub for_all: bool,
    /// The app: its name, and when the organization got to know it; nothing where that could not be read.
    pub app: Option<App>,
    /// The app's id in the directory.
    pub client_id: String,
}

/// An app, as the organization knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct App {
    pub name: String,
    pub created: Option<OffsetDateTime>,
    pub publisher: Option<String>,
}

impl Consent {
    pub fn read(grant: &Json) -> Self {
        Self {
            id: text(grant, "id").unwrap_or_default(),
            permissions: text(grant, "scope").unwrap_or_default().split_whitespace().map(str::to_owned).collect(),
            for_all: grant["consentType"].as_str() == Some("AllPrincipals"),
            app: None,
            client_id: text(grant, "clientId").unwrap_or_default(),
        }
    }
}

impl App {
    pub fn read(principal: &Json) -> Self {
        Self {
            name: ["displayName", "appDisplayName", "appId"]
                .iter()
                .find_map(|name| text(principal, name))
                .unwrap_or_default(),
            created: date(principal, "createdDateTime"),
            publisher: text(&principal["verifiedPublisher"], "displayName"),
        }
    }
}

/// A directory role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Role {
    pub id: String,
    pub name: String,
}

impl Role {
    /// Nothing for what is no directory role.
    pub fn read(member: &Json) -> Option<Self> {
        let kind = text(member, "@odata.type")?;
        let id = text(member, "id").unwrap_or_default();
        kind.ends_with(".directoryRole").then(|| Self { name: text(member, "displayName").unwrap_or(id.clone()), id })
    }
}

/// What Microsoft Entra holds of the risk of an account.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Risk {
    pub level: String,
    pub state: String,
    pub detail: Option<String>,
    pub updated: Option<OffsetDateTime>,
}

impl Risk {
    pub fn read(user: &Json) -> Self {
        Self {
            level: text(user, "riskLevel").unwrap_or_default(),
            state: text(user, "riskState").unwrap_or_default(),
            detail: text(user, "riskDetail").filter(|detail| detail != "none"),
            updated: date(user, "riskLastUpdatedDateTime"),
        }
    }
}

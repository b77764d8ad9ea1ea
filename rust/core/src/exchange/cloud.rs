//! The Microsoft clouds: where each answers, and where its portals are.

use std::sync::Arc;

use crate::error::Result;

/// The addresses of one cloud.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cloud {
    /// The name that `Connect-ExchangeOnline -ExchangeEnvironmentName` uses.
    pub name: String,
    /// Base of the Exchange admin endpoint.
    pub exchange: String,
    /// Base of the token endpoint.
    pub login: String,
    /// Base of Microsoft Graph; nothing where Exchange is at an address of the admin's choice and Graph was not named, so
    /// that no token goes where nobody meant it to.
    pub graph: Option<String>,
    /// Base of Security & Compliance; nothing where it is not known.
    pub compliance: Option<String>,
    /// The domain by whose hosts Security & Compliance sends its first request on.
    pub compliance_front: &'static str,
    /// Its portal pages; every entry of a list points to them.
    pub portals: Arc<Portals>,
}

/// The portal pages of one cloud.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Portals {
    /// The list of restricted entities.
    pub restricted_entities: String,
    /// Where multi-factor authentication is set up.
    pub multi_factor_authentication: String,
    /// Where a user's password is reset.
    pub password: String,
}

struct Known {
    name: &'static str,
    exchange: &'static str,
    login: &'static str,
    graph: &'static str,
    compliance: &'static str,
    compliance_front: &'static str,
    security: &'static str,
    entra: &'static str,
    admin: &'static str,
}

// Endpoints: the official module's table of environments. Assumptions (?): the portal hosts of the national clouds, the
// address of Exchange in China and that of Security & Compliance for DoD, and the hosts by which Security & Compliance
// sends requests on outside of the worldwide cloud: no primary source names them.
const KNOWN: [Known; 4] = [
    Known {
        name: "O365Default",
        exchange: "https://outlook.office365.com",
        login: "https://login.microsoftonline.com",
        graph: "https://graph.microsoft.com",
        compliance: "https://ps.compliance.protection.outlook.com",
        compliance_front: "admin.protection.outlook.com",
        security: "https://security.microsoft.com",
        entra: "https://entra.microsoft.com",
        admin: "https://admin.microsoft.com",
    },
    Known {
        name: "O365USGovGCCHigh",
        exchange: "https://outlook.office365.us",
        login: "https://login.microsoftonline.us",
        graph: "https://graph.microsoft.us",
        compliance: "https://ps.compliance.protection.office365.us",
        compliance_front: "admin.protection.office365.us",
        security: "https://security.microsoft.us",
        entra: "https://entra.microsoft.us",
        admin: "https://portal.office365.us",
    },
    Known {
        name: "O365USGovDoD",
        exchange: "https://outlook-dod.office365.us",
        login: "https://login.microsoftonline.us",
        graph: "https://dod-graph.microsoft.us",
        compliance: "https://l5.ps.compliance.protection.office365.us",
        compliance_front: "admin.protection.office365.us",
        security: "https://security.apps.mil",
        entra: "https://entra.microsoft.us",
        admin: "https://portal.apps.mil",
    },
    Known {
        name: "O365China",
        exchange: "https://partner.outlook.cn",
        login: "https://login.partner.microsoftonline.cn",
        graph: "https://microsoftgraph.chinacloudapi.cn",
        compliance: "https://ps.compliance.protection.partner.outlook.cn",
        compliance_front: "admin.protection.partner.outlook.cn",
        security: "https://security.microsoft.cn",
        entra: "https://entra.microsoftonline.cn",
        admin: "https://portal.partner.microsoftonline.cn",
    },
];

impl Cloud {
    /// The cloud of that name, without regard to case; `None` names the worldwide one.
    #[must_use]
    pub fn named(name: Option<&str>) -> Option<Self> {
        let name = name.unwrap_or(KNOWN[0].name);
        KNOWN.iter().find(|known| known.name.eq_ignore_ascii_case(name)).map(Self::of)
    }

    /// The cloud whose Exchange answers at this address; nothing for another host.
    #[must_use]
    pub fn at_endpoint(address: &str) -> Option<Self> {
        let host = |address: &str| Some(url::Url::parse(address).ok()?.host_str()?.to_owned());
        let asked = host(address)?;
        KNOWN.iter().find(|known| host(known.exchange).is_some_and(|known| known == asked)).map(Self::of)
    }

    fn of(known: &Known) -> Self {
        Self {
            name: known.name.into(),
            exchange: known.exchange.into(),
            login: known.login.into(),
            graph: Some(known.graph.into()),
            compliance: Some(known.compliance.into()),
            compliance_front: known.compliance_front,
            portals: Arc::new(Portals {
                restricted_entities: format!("{}/restrictedentities", known.security),
                multi_factor_authentication: format!(
                    "{}/#view/Microsoft_AAD_IAM/MultifactorAuthenticationMenuBlade",
                    known.entra
                ),
                password: format!("{}/#/users", known.admin),
            }),
        }
    }

    /// The names that [`named`](Self::named) knows.
    pub fn names() -> impl Iterator<Item = &'static str> {
        KNOWN.iter().map(|known| known.name)
    }

    /// The same cloud with endpoints of the admin's choice.
    ///
    /// # Errors
    /// [`Code::InvalidUri`](crate::error::Code::InvalidUri) when one is not an https address.
    pub fn at(mut self, exchange: Option<&str>, login: Option<&str>, graph: Option<&str>) -> Result<Self> {
        if let Some(exchange) = exchange {
            self.exchange = super::parse_endpoint("ConnectionUri", exchange)?;
            // Whoever names the known address of a cloud means that cloud.
            let known = Self::at_endpoint(&self.exchange);
            (self.graph, self.compliance) = known.map(|known| (known.graph, known.compliance)).unwrap_or_default();
        }
        if let Some(graph) = graph {
            self.graph = Some(super::transport::parse_base("GraphUri", graph)?);
        }
        if let Some(login) = login {
            self.login = super::parse_endpoint("AzureADAuthorizationEndpointUri", login)?;
        }
        Ok(self)
    }

    /// The same cloud with Security & Compliance at an address of the admin's choice.
    ///
    /// # Errors
    /// [`Code::InvalidUri`](crate::error::Code::InvalidUri) when it is not an https address.
    pub fn compliance_at(mut self, address: Option<&str>) -> Result<Self> {
        if let Some(address) = address {
            self.compliance = Some(super::transport::parse_base("ComplianceUri", address)?);
        }
        Ok(self)
    }

    /// The scope of a token for the Exchange endpoint.
    #[must_use]
    pub fn scope(&self) -> String {
        format!("{}/.default", self.exchange)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn worldwide_is_the_default_and_names_ignore_case() {
        let cloud = Cloud::named(None).unwrap();
        assert_eq!(cloud.scope(), "https://outlook.office365.com/.default");
        assert_eq!(cloud.portals.restricted_entities, "https://security.microsoft.com/restrictedentities");
        assert_eq!(Cloud::named(Some("o365usgovdod")).unwrap().exchange, "https://outlook-dod.office365.us");
        assert_eq!(Cloud::named(Some("Mars")), None);
        assert_eq!(Cloud::names().count(), 4);
    }

    #[test]
    fn an_endpoint_tells_its_cloud() {
        let at = |address| Cloud::at_endpoint(address).map(|cloud| cloud.name);
        assert_eq!(at("https://outlook.office365.us/"), Some("O365USGovGCCHigh".into()));
        assert_eq!(at("https://outlook.office365.com:443/AdminApi"), Some("O365Default".into()));
        assert_eq!((at("https://outlook.contoso.com"), at("outlook.office365.com")), (None, None));
    }

    #[test]
    fn chosen_endpoints_replace_the_known_ones() {
        let cloud = Cloud::named(None).unwrap().at(Some("http://127.0.0.1:8080/"), None, None).unwrap();
        assert_eq!(cloud.scope(), "http://127.0.0.1:8080/.default");
        assert_eq!(cloud.login, "https://login.microsoftonline.com");
        let unencrypted = Some("http://login.contoso.com");
        assert!(cloud.clone().at(None, unencrypted, None).is_err(), "tokens never travel in the clear");
        assert!(cloud.at(None, None, unencrypted).is_err(), "tokens never travel in the clear");
    }

    #[test]
    fn graph_is_where_the_cloud_or_the_admin_says() {
        let at = |exchange, graph| Cloud::named(None).unwrap().at(exchange, None, graph).unwrap().graph;
        assert_eq!(at(None, None).as_deref(), Some("https://graph.microsoft.com"));
        assert_eq!(at(Some("https://outlook.office365.us"), None).as_deref(), Some("https://graph.microsoft.us"));
        assert_eq!(at(Some("https://127.0.0.1:1"), None), None, "a practice token must not go to the real Graph");
        let practice = Some("https://127.0.0.1:1/graph/");
        assert_eq!(at(Some("https://127.0.0.1:1"), practice).as_deref(), Some("https://127.0.0.1:1/graph"));
        assert_eq!(at(None, practice).as_deref(), Some("https://127.0.0.1:1/graph"));
    }
}

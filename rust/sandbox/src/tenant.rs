//! The tenant: what it is, and the state that all connections share.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use restricted_sender_clock::Clock;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::account::Accounts;
use crate::app_certificate::AppCertificates;
use crate::assertion::UsedAssertions;
use crate::audit_search::Searches;
use crate::authorize::Authorizations;
use crate::compliance;
use crate::delivery_report::Reports;
use crate::device_code::DeviceCodes;
use crate::directory::Directory;
use crate::fault::Faults;
use crate::group::Groups;
use crate::log::RequestLog;
use crate::mail_flow::MailFlow;
use crate::managed_identity::ManagedIdentity;
use crate::outbound_policy::OutboundPolicies;
use crate::outgoing::Outgoing;
use crate::paging::Pager;
use crate::permission::Permissions;
use crate::restriction::Restrictions;
use crate::scenario::{Story, COMPANY, INITIAL_DOMAIN};
use crate::server::{Address, LOOPBACK_HOSTS};
use crate::settings::Settings;
use crate::token::{App, Tokens};
use crate::trace::{Mailing, Quota};
use crate::Options;

/// The worldwide cloud's resource: clients may ask for a token for it even when they talk to a practice tenant.
const EXCHANGE_ONLINE: &str = "https://outlook.office365.com";

/// The worldwide cloud's Graph, as above.
const MICROSOFT_GRAPH: &str = "https://graph.microsoft.com";

/// The worldwide cloud's Security & Compliance, as above.
const SECURITY_AND_COMPLIANCE: &str = "https://ps.compliance.protection.outlook.com";

/// Where Graph is, behind every base.
pub(crate) const GRAPH_PATH: &str = "/graph";

pub(crate) struct Tenant {
    pub(crate) id: Uuid,
    pub(crate) company: &'static str,
    pub(crate) organization: String,
    pub(crate) organization_guid: Uuid,
    pub(crate) founded: OffsetDateTime,
    pub(crate) directory: Directory,
    pub(crate) mail_flow: MailFlow,
    pub(crate) mailings: Arc<Vec<Mailing>>,
    pub(crate) apps: Vec<App>,
    /// What tokens for Exchange can be asked for by, without a trailing slash.
    pub(crate) resources: Vec<String>,
    /// The same for Graph.
    pub(crate) graph_resources: Vec<String>,
    /// The same for Security & Compliance.
    pub(crate) compliance_resources: Vec<String>,
    /// Where the tenant is, by every name of this machine, without a trailing slash.
    pub(crate) bases: Vec<String>,
    pub(crate) clock: Clock,
    pub(crate) pager: Pager,
    accounts: Mutex<Accounts>,
    groups: Mutex<Groups>,
    restrictions: Mutex<Restrictions>,
    permissions: Mutex<Permissions>,
    searches: Mutex<Searches>,
    outbound_policies: Mutex<OutboundPolicies>,
    outgoing: Mutex<Outgoing>,
    reports: Mutex<Reports>,
    trace_quota: Mutex<Quota>,
    tokens: Mutex<Tokens>,
    app_certificates: Mutex<AppCertificates>,
    used_assertions: Mutex<UsedAssertions>,
    managed_identity: Mutex<ManagedIdentity>,
    device_codes: Mutex<DeviceCodes>,
    authorizations: Mutex<Authorizations>,
    /// Tokens of other identity providers, and the app that each vouches for.
    federated_tokens: Mutex<HashMap<String, Uuid>>,
    settings: Mutex<Settings>,
    faults: Mutex<Faults>,
    requests: Mutex<RequestLog>,
}

impl Tenant {
    pub(crate) fn create(options: &Options, addresses: [Address; 2]) -> Self {
        let story = Story::tell(options.scenario, options.seed, options.clock.now());
        let bases: Vec<String> =
            addresses.into_iter().flat_map(|address| LOOPBACK_HOSTS.map(|host| address.base(host))).collect();
        let resources = [EXCHANGE_ONLINE.to_owned()].into_iter().chain(bases.iter().cloned()).collect();
        let graphs = bases.iter().map(|base| format!("{base}{GRAPH_PATH}"));
        let graph_resources = [MICROSOFT_GRAPH.to_owned()].into_iter().chain(graphs).collect();
        let compliance = bases.iter().map(|base| format!("{base}{}", compliance::PATH));
        let compliance_resources = [SECURITY_AND_COMPLIANCE.to_owned()].into_iter().chain(compliance).collect();
        let outgoing = Outgoing::new(options.seed, options.licences, &story.mailings, options.clock.now());
        Self {
            id: story.tenant_id,
            company: COMPANY,
            organization: INITIAL_DOMAIN.to_owned(),
            organization_guid: story.organization_guid,
            founded: story.founded,
            directory: story.directory,
            mail_flow: story.mail_flow,
            mailings: Arc::new(story.mailings),
            apps: story.apps,
            resources,
            graph_resources,
            compliance_resources,
            bases,
            clock: options.clock.clone(),
            pager: Pager::default(),
            accounts: Mutex::new(story.accounts),
            groups: Mutex::new(story.groups),
            restrictions: Mutex::new(story.restrictions),
            permissions: Mutex::default(),
            searches: Mutex::default(),
            outbound_policies: Mutex::new(story.outbound_policies),
            outgoing: Mutex::new(outgoing),
            reports: Mutex::new(Reports::new(options.seed)),
            trace_quota: Mutex::default(),
            tokens: Mutex::default(),
            app_certificates: Mutex::default(),
            used_assertions: Mutex::default(),
            managed_identity: Mutex::default(),
            device_codes: Mutex::default(),
            authorizations: Mutex::default(),
            federated_tokens: Mutex::default(),
            settings: Mutex::new(story.settings),
            faults: Mutex::new(story.faults),
            requests: Mutex::default(),
        }
    }

    /// The app that newcomers are given: it may do everything.
    pub(crate) fn invited_app(&self) -> App {
        self.apps.first().cloned().unwrap_or_default()
    }

    pub(crate) fn now(&self) -> OffsetDateTime {
        self.clock.now()
    }

    /// Whether a path or form means this tenant: by its GUID or one of its domains.
    pub(crate) fn is_called(&self, name: &str) -> bool {
        Uuid::try_parse(name).is_ok_and(|id| id == self.id)
            || self.directory.domains.iter().any(|domain| domain.domain.eq_ignore_ascii_case(name))
    }

    /// What a token can be for, by this name in whatever case, with or without a trailing slash.
    pub(crate) fn resource(&self, name: &str) -> Option<&str> {
        let name = name.trim_end_matches('/');
        let mut all = self.resources.iter().chain(&self.graph_resources).chain(&self.compliance_resources);
        all.find(|known| known.eq_ignore_ascii_case(name)).map(String::as_str)
    }

    /// Whether a token for this resource opens Graph, and not Exchange.
    pub(crate) fn is_graph(&self, resource: &str) -> bool {
        self.graph_resources.iter().any(|known| known == resource)
    }

    pub(crate) fn accounts(&self) -> MutexGuard<'_, Accounts> {
        locked(&self.accounts)
    }

    pub(crate) fn groups(&self) -> MutexGuard<'_, Groups> {
        locked(&self.groups)
    }

    pub(crate) fn permissions(&self) -> MutexGuard<'_, Permissions> {
        locked(&self.permissions)
    }

    pub(crate) fn restrictions(&self) -> MutexGuard<'_, Restrictions> {
        locked(&self.restrictions)
    }

    pub(crate) fn searches(&self) -> MutexGuard<'_, Searches> {
        locked(&self.searches)
    }

    pub(crate) fn outbound_policies(&self) -> MutexGuard<'_, OutboundPolicies> {
        locked(&self.outbound_policies)
    }

    /// Where restrictions are needed too, this comes first.
    pub(crate) fn outgoing(&self) -> MutexGuard<'_, Outgoing> {
        locked(&self.outgoing)
    }

    pub(crate) fn reports(&self) -> MutexGuard<'_, Reports> {
        locked(&self.reports)
    }

    pub(crate) fn trace_quota(&self) -> MutexGuard<'_, Quota> {
        locked(&self.trace_quota)
    }

    pub(crate) fn tokens(&self) -> MutexGuard<'_, Tokens> {
        locked(&self.tokens)
    }

    pub(crate) fn app_certificates(&self) -> MutexGuard<'_, AppCertificates> {
        locked(&self.app_certificates)
    }

    pub(crate) fn used_assertions(&self) -> MutexGuard<'_, UsedAssertions> {
        locked(&self.used_assertions)
    }

    pub(crate) fn managed_identity(&self) -> MutexGuard<'_, ManagedIdentity> {
        locked(&self.managed_identity)
    }

    pub(crate) fn device_codes(&self) -> MutexGuard<'_, DeviceCodes> {
        locked(&self.device_codes)
    }

    pub(crate) fn authorizations(&self) -> MutexGuard<'_, Authorizations> {
        locked(&self.authorizations)
    }

    pub(crate) fn federated_tokens(&self) -> MutexGuard<'_, HashMap<String, Uuid>> {
        locked(&self.federated_tokens)
    }

    pub(crate) fn settings(&self) -> MutexGuard<'_, Settings> {
        locked(&self.settings)
    }

    pub(crate) fn faults(&self) -> MutexGuard<'_, Faults> {
        locked(&self.faults)
    }

    pub(crate) fn requests(&self) -> MutexGuard<'_, RequestLog> {
        locked(&self.requests)
    }
}

/// No critical section leaves its data half changed, so a lock poisoned by a panic elsewhere is still good.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

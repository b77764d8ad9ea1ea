//! What can be asked of an organization's Exchange without reading or changing anything in it.

use serde::Deserialize;

use super::escape;
use super::fault;
use super::invoke::{Rest, Service};
use super::retry::Patience;
use super::transport;
use crate::error::{Code, Error, Result};

const MODULE_FILE: &str = "EXOModuleFile";

/// Its reply.
#[derive(Deserialize)]
struct ModuleFile {
    #[serde(default)]
    value: Vec<Exported>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Exported {
    exported_cmdlets: String,
}

impl Service {
    /// The endpoints that a connection needs: that of Exchange and that of its tokens.
    #[must_use]
    pub fn endpoints(&self) -> Vec<String> {
        let mut endpoints = vec![self.cloud.exchange.clone(), self.cloud.login.clone()];
        endpoints.dedup();
        endpoints
    }
}

impl Rest<'_> {
    /// Whether an endpoint answers, and with which HTTP status, at the first try; no token goes with it.
    ///
    /// # Errors
    /// What keeps it from answering: the name, the network, the encryption.
    pub async fn knock(self, endpoint: &str) -> Result<u16> {
        let mut once = self.patience("A look");
        let http = &self.service().http;
        Ok(self.heard(&mut once, transport::send(http.get(endpoint), endpoint)).await?.status)
    }

    /// Which of these cmdlets the service lets this account or app run, as it tells the official module when that
    /// connects.
    ///
    /// # Errors
    /// [`Code::ResponseUnreadable`] where it does not tell, and whatever keeps it from answering.
    pub async fn exported(self, cmdlets: &[&str]) -> Result<Vec<String>> {
        let mut patience = self.patience(MODULE_FILE);
        loop {
            match self.exported_once(cmdlets, &mut patience).await {
                Err(error) => patience.after(error).await?,
                exported => return exported,
            }
        }
    }

    async fn exported_once(self, cmdlets: &[&str], patience: &mut Patience<'_>) -> Result<Vec<String>> {
        let (token, Service { http, organization, .. }) = (self.token().await?, self.service());
        let base = &self.service().exchange.base.current();
        let address = format!("{base}/adminapi/v1.0/{}/{MODULE_FILE}?Version=3.0.0", escape(organization));
        let request = http.get(address).bearer_auth(token.bearer.reveal()).header("CommandName", cmdlets.join(","));
        let response = self.heard(patience, transport::send(request, base)).await?;
        if response.status != 200 {
            return Err(fault::of_reply(MODULE_FILE, organization, &response, None));
        }
        let unreadable = || {
            let message = format!("{base} does not tell which cmdlets may be run in {organization}.");
            Error::new(Code::ResponseUnreadable, message)
        };
        let file: ModuleFile =
            serde_json::from_slice(&response.body).map_err(|error| unreadable().caused_by(&error))?;
        let exported = file.value.into_iter().next().ok_or_else(unreadable)?.exported_cmdlets;
        Ok(exported.split(',').map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()).collect())
    }
}

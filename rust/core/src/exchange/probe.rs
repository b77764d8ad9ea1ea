//! What can be asked of an organization's Exchange without reading or changing anything in it.

use serde::Deserialize;

use super::escape;
use super::fault;
use super::invoke::Service;
use super::transport;
use crate::error::{Code, Error, Result};
use crate::host::Host;

/// The reply of `EXOModuleFile`.
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

    /// Whether an endpoint answers, and with which HTTP status; no token goes with it.
    ///
    /// # Errors
    /// What keeps it from answering: the name, the network, the encryption.
    pub async fn knock(&self, endpoint: &str) -> Result<u16> {
        Ok(transport::send(self.http.get(endpoint), endpoint).await?.status)
    }

    /// Which of these cmdlets the service lets this account or app run, as it tells the official module when that
    /// connects.
    ///
    /// # Errors
    /// [`Code::ResponseUnreadable`] where it does not tell, and whatever keeps it from answering.
    pub async fn exported(&self, cmdlets: &[&str], host: &Host) -> Result<Vec<String>> {
        const WHAT: &str = "EXOModuleFile";
        let token = self.tokens.current(host).await?;
        let base = &self.base.current();
        let address = format!("{base}/adminapi/v1.0/{}/{WHAT}?Version=3.0.0", escape(&self.organization));
        let request =
            self.http.get(address).bearer_auth(token.bearer.reveal()).header("CommandName", cmdlets.join(","));
        let response = transport::send(request, base).await?;
        if response.status != 200 {
            return Err(fault::of_reply(WHAT, &self.organization, &response, None));
        }
        let unreadable = || {
            let message = format!("{base} does not tell which cmdlets may be run in {}.", self.organization);
            Error::new(Code::ResponseUnreadable, message)
        };
        let file: ModuleFile =
            serde_json::from_slice(&response.body).map_err(|error| unreadable().caused_by(&error))?;
        let exported = file.value.into_iter().next().ok_or_else(unreadable)?.exported_cmdlets;
        Ok(exported.split(',').map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()).collect())
    }
}

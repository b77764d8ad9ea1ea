//! `$batch`: several reads in one request. Whatever of it does not answer for good is asked for again by itself.
//!
//! Only reads go into a batch. A batch of unblocks would save nothing, since the admin is asked and the journal is written
//! before each of them, and one lost reply would leave ten of them in doubt instead of one.

use std::collections::HashMap;

use serde::Deserialize;
use serde_json::{json, Value as Json};
use uuid::Uuid;

use super::audience::Errand;
use super::cmdlet::Cmdlet;
use super::escape;
use super::fault;
use super::invoke::{Request, Rest};
use super::transport::{garbled, Response};
use super::value::Record;
use crate::error::{Code, Error, Result};

/// How many calls the service takes at once.
const MOST: usize = 10;

const BATCH: &str = "$batch";

#[derive(Deserialize)]
struct Replies {
    responses: Vec<Answer>,
}

/// The answer to one call, as if it had been a request of its own.
#[derive(Deserialize)]
struct Answer {
    id: String,
    status: u16,
    #[serde(default)]
    headers: HashMap<String, Json>,
    #[serde(default)]
    body: Option<Json>,
}

impl Rest<'_> {
    /// Reads all that each of these cmdlets returns, in their order.
    pub async fn read_each(self, cmdlets: Vec<Cmdlet>) -> Vec<Result<Vec<Record>>> {
        let mut all = Vec::with_capacity(cmdlets.len());
        for some in cmdlets.chunks(MOST) {
            all.extend(self.read_some(some).await);
        }
        all
    }

    async fn read_some(self, cmdlets: &[Cmdlet]) -> Vec<Result<Vec<Record>>> {
        let mut answers = match cmdlets {
            [] | [_] => HashMap::new(),
            several => match self.ask(several).await {
                Ok(answers) => answers,
                // What was tried often enough as a whole is not tried again in parts.
                Err(error) if error.tries.is_some() || error.code() == Code::Cancelled => {
                    return several.iter().map(|_| Err(error.clone())).collect();
                }
                // Whatever else a batch is refused for need not be so for its calls.
                Err(_) => HashMap::new(),
            },
        };
        let mut all = Vec::with_capacity(cmdlets.len());
        for (number, cmdlet) in cmdlets.iter().enumerate() {
            all.push(match answers.remove(&number.to_string()).and_then(|answer| self.settled(cmdlet, answer)) {
                Some(result) => result,
                None => self.read_all(cmdlet.clone()).await,
            });
        }
        all
    }

    /// What an answer says for good. Nothing where the call has to be made again by itself: there are more pages, the
    /// token was refused, the failure may pass, or it is no answer that can be read.
    fn settled(self, cmdlet: &Cmdlet, answer: Answer) -> Option<Result<Vec<Record>>> {
        let response = Response::of_parts(answer.status, &answer.headers, answer.body.as_ref());
        match Request::new(self, cmdlet.clone()).read(self, &response) {
            Ok((reply, _)) if reply.next_link.is_none() => Some(Ok(reply.value.unwrap_or_default())),
            Ok(_) => None,
            Err(error) if answer.status == 401 || fault::is_transient(&error) => None,
            Err(error) if matches!(error.code(), Code::ResponseUnreadable | Code::PageExpired) => None,
            Err(error) => Some(Err(error)),
        }
    }

    async fn ask(self, cmdlets: &[Cmdlet]) -> Result<HashMap<String, Answer>> {
        let service = self.service();
        let names: Vec<_> = cmdlets.iter().map(|cmdlet| cmdlet.name).collect();
        let what = format!("{BATCH} of {} in {}", names.join(", "), service.organization());
        let base = self.asking().base();
        let address = format!("{base}/adminapi/beta/{}/{BATCH}", escape(service.organization()));
        let id = Uuid::new_v4();
        let calls: Vec<_> = cmdlets.iter().map(|cmdlet| Request::new(self, cmdlet.clone())).collect();
        let errand = Errand { what, address: &address, harmless: true };
        self.asking()
            .send(
                errand,
                |address, token| {
                    let requests: Vec<_> = calls
                        .iter()
                        .enumerate()
                        .map(|(number, call)| call.in_batch(&number.to_string(), self, token))
                        .collect();
                    self.asking()
                        .http()
                        .post(address)
                        .bearer_auth(token.bearer.reveal())
                        .header("client-request-id", id.to_string())
                        .header("Prefer", "odata.continue-on-error")
                        .json(&json!({ "requests": requests }))
                },
                |response| self.answers(response),
            )
            .await
    }

    fn answers(self, response: &Response) -> Result<HashMap<String, Answer>> {
        let organization = self.service().organization();
        if response.status != 200 {
            return Err(fault::of_reply(BATCH, organization, response, None));
        }
        let replies: Replies = serde_json::from_slice(&response.body).map_err(|error| {
            let message = format!("The reply to a batch for {organization} cannot be read.");
            Error::new(garbled(&error), message).caused_by(&error)
        })?;
        Ok(replies.responses.into_iter().map(|answer| (answer.id.clone(), answer)).collect())
    }
}

//! What was asked of the tenant, for tests and demos that want to see what a client really sends. Bounded, and never
//! with a token or a secret in it: headers and token forms are not kept at all.

use std::collections::VecDeque;

use serde::Serialize;
use serde_json::Value;

const MOST_REQUESTS: usize = 10_000;
const LONGEST_TEXT: usize = 256;
const LONGEST_PARAMETERS: usize = 4096;

/// One request, as `GET /sandbox/requests` shows it.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Request {
    /// Counts from 1 since the start.
    pub(crate) number: u64,
    /// On the tenant's clock, when the request had arrived.
    pub(crate) time: String,
    /// `https` or `http`.
    pub(crate) listener: &'static str,
    /// `1.0`, `1.1` or `2`.
    pub(crate) http_version: &'static str,
    pub(crate) method: String,
    /// Without the query.
    pub(crate) path: String,
    /// As the client wrote it; `null` where the request names none.
    pub(crate) cmdlet: Option<String>,
    /// The cmdlet's parameters; `null` where there are none or they are very long.
    pub(crate) parameters: Option<Value>,
    /// `null` while there is no reply, and for good when none was sent.
    pub(crate) status: Option<u16>,
    pub(crate) client_request_id: Option<String>,
}

#[derive(Debug, Default)]
pub(crate) struct RequestLog {
    requests: VecDeque<Request>,
    last_number: u64,
}

impl RequestLog {
    /// Takes a request down and returns its number.
    pub(crate) fn arrived(&mut self, mut request: Request) -> u64 {
        self.last_number += 1;
        request.number = self.last_number;
        request.path = shortened(&request.path);
        request.method = shortened(&request.method);
        request.cmdlet = request.cmdlet.map(|text| shortened(&text));
        request.client_request_id = request.client_request_id.map(|text| shortened(&text));
        request.parameters = request.parameters.filter(|value| value.to_string().len() <= LONGEST_PARAMETERS);
        if self.requests.len() >= MOST_REQUESTS {
            self.requests.pop_front();
        }
        self.requests.push_back(request);
        self.last_number
    }

    /// The request with this number was answered.
    pub(crate) fn answered(&mut self, number: u64, status: u16) {
        // The newest are answered first, mostly.
        if let Some(request) = self.requests.iter_mut().rev().find(|request| request.number == number) {
            request.status = Some(status);
        }
    }

    /// The requests with numbers greater than `after`, oldest first.
    pub(crate) fn after(&self, after: u64) -> Vec<Request> {
        self.requests.iter().filter(|request| request.number > after).cloned().collect()
    }
}

fn shortened(text: &str) -> String {
    text.chars().take(LONGEST_TEXT).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_newest() {
        let mut log = RequestLog::default();
        for _ in 0..MOST_REQUESTS + 5 {
            log.arrived(Request::default());
        }
        let all = log.after(0);
        assert_eq!(all.len(), MOST_REQUESTS);
        assert_eq!(all.first().map(|request| request.number), Some(6));
        assert_eq!(log.after(MOST_REQUESTS as u64 + 4).len(), 1);
        log.answered(3, 200);
        log.answered(10_005, 204);
        assert_eq!(log.after(10_004).first().and_then(|request| request.status), Some(204));
    }

    #[test]
    fn long_things_are_cut() {
        let mut log = RequestLog::default();
        let path = "/ä".repeat(1000);
        let parameters = Some(Value::String("x".repeat(LONGEST_PARAMETERS)));
        log.arrived(Request { path, parameters, ..Request::default() });
        let all = log.after(0);
        assert_eq!(all[0].path.chars().count(), LONGEST_TEXT);
        assert_eq!(all[0].parameters, None);
    }
}

//! The cookies of an endpoint: they lead further requests to the server that the first one came to.

use std::sync::{Mutex, PoisonError};

use super::secret::Secret;
use super::transport::Response;

/// Cookies by name. They go to every host that requests of their endpoint may go to, wherever one came from.
#[derive(Debug, Default)]
pub struct Cookies(Mutex<Vec<(String, Secret)>>);

/// No endpoint sets more; of one that does, the oldest are dropped. In cookies and bytes.
const MOST: usize = 32;
const LONGEST: usize = 4096;

impl Cookies {
    /// Keeps what a reply sets.
    pub fn keep(&self, response: &Response) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for line in response.headers("set-cookie") {
            let mut parts = line.split(';').map(str::trim);
            let Some((name, value)) = parts.next().and_then(|pair| pair.split_once('=')) else { continue };
            all.retain(|(known, _)| known != name);
            let is_over = value.is_empty() || parts.any(|part| part.eq_ignore_ascii_case("max-age=0"));
            if !is_over && !name.is_empty() && line.len() <= LONGEST {
                all.push((name.to_owned(), Secret::new(value.to_owned())));
            }
            if all.len() > MOST {
                all.remove(0);
            }
        }
    }

    /// The header `Cookie` of a request, where there are any.
    pub fn header(&self) -> Option<String> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let pairs: Vec<_> = all.iter().map(|(name, value)| format!("{name}={}", value.reveal())).collect();
        (!pairs.is_empty()).then(|| pairs.join("; "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_set_is_brought_back_until_it_is_over() {
        let cookies = Cookies::default();
        assert_eq!(cookies.header(), None);
        let set = |lines: &[&str]| cookies.keep(&Response::with_headers("set-cookie", lines));
        set(&["a=1; path=/; HttpOnly", "b=x=y", "no cookie", "=2"]);
        assert_eq!(cookies.header().as_deref(), Some("a=1; b=x=y"));
        set(&["a=2", "b=; path=/"]);
        assert_eq!(cookies.header().as_deref(), Some("a=2"));
        set(&["a=3; Max-Age=0"]);
        assert_eq!(cookies.header(), None);
        let many: Vec<_> = (0..40).map(|number| format!("c{number}=1")).collect();
        set(&many.iter().map(String::as_str).collect::<Vec<_>>());
        assert_eq!(cookies.header().unwrap().split("; ").count(), MOST);
        assert!(!format!("{cookies:?}").contains("=1"));
    }
}

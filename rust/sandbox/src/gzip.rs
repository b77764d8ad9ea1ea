//! Compressed replies for clients that take them.

use std::io::Write;

use flate2::write::GzEncoder;
use flate2::Compression;
use hyper::header::{ACCEPT_ENCODING, CONTENT_ENCODING, VARY};
use hyper::HeaderMap;

use crate::reply::{self, Reply};

/// The reply, compressed if the client takes it so. Only JSON is: a run of NUL bytes comes as it is, and so does what
/// says already how it is encoded.
pub(crate) fn compressed(mut reply: Reply, request: &HeaderMap) -> Reply {
    if !is_accepted(request)
        || reply.body().is_empty()
        || reply.headers().contains_key(CONTENT_ENCODING)
        || !reply::is_type(reply.headers(), "application/json")
    {
        return reply;
    }
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    // Writing to memory does not fail.
    if let Ok(body) = encoder.write_all(reply.body()).and_then(|()| encoder.finish()) {
        *reply.body_mut() = body.into();
        reply::set(&mut reply, CONTENT_ENCODING, "gzip");
        reply::set(&mut reply, VARY, "Accept-Encoding");
    }
    reply
}

/// Whether `Accept-Encoding` has gzip, or anything, with a weight that is not 0.
fn is_accepted(request: &HeaderMap) -> bool {
    let lines = request.get_all(ACCEPT_ENCODING).into_iter().filter_map(|line| line.to_str().ok());
    let codings: Vec<(&str, &str)> =
        lines.flat_map(|line| line.split(',')).map(|coding| coding.split_once(';').unwrap_or((coding, ""))).collect();
    let named = |name: &str| codings.iter().find(|(coding, _)| coding.trim().eq_ignore_ascii_case(name));
    named("gzip").or_else(|| named("*")).is_some_and(|(_, weight)| {
        let weight = weight.trim().strip_prefix("q=").map(str::trim);
        weight.and_then(|weight| weight.parse::<f32>().ok()).is_none_or(|weight| weight > 0.0)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepted_encodings() {
        for (line, accepted) in [
            (None, false),
            (Some(""), false),
            (Some("gzip"), true),
            (Some("deflate, GZIP;q=0.5"), true),
            (Some("gzip;q=0"), false),
            (Some("gzip; q=0.0, *"), false),
            (Some("*"), true),
            (Some("*;q=0"), false),
            (Some("identity, br"), false),
            (Some("gzip;q=nonsense"), true),
        ] {
            let mut headers = HeaderMap::new();
            headers.extend(line.map(|line| (ACCEPT_ENCODING, line.parse().unwrap())));
            assert_eq!(is_accepted(&headers), accepted, "{line:?}");
        }
    }
}

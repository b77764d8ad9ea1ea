//! `ConvertFrom-NonDeliveryReport` and `Get-NonDeliveryCode`.

use std::path::PathBuf;

use restricted_sender_core::report::{codes, read, Known, Source, Text};

use super::{Spec, Start};
use crate::cell::RsCellType;
use crate::fields::{Field, Fields};

/// What is known besides each text, in the order of the texts: empty where it is not known.
const BESIDES: [&str; 4] = ["Sender", "Recipient", "MessageId", "MessageTraceId"];

const PARAMETERS: &[Field] = &[
    // Files, and folders for all files in them.
    ("Path", RsCellType::List),
    ("Text", RsCellType::List),
    (BESIDES[0], RsCellType::List),
    (BESIDES[1], RsCellType::List),
    (BESIDES[2], RsCellType::List),
    (BESIDES[3], RsCellType::List),
    ("AcceptedDomain", RsCellType::List),
];

pub const CONVERT: Spec = Spec {
    name: "convert-from-non-delivery-report",
    parameters: PARAMETERS,
    input: &[],
    needs_connection: false,
    start: |Start { mut parameters, host, .. }| {
        Box::pin(async move {
            let mut sources: Vec<_> =
                parameters.texts("Path").into_iter().map(PathBuf::from).map(Source::Path).collect();
            sources.extend(texts(&mut parameters));
            read(sources, parameters.texts("AcceptedDomain"), &host).await
        })
    },
};

pub const CODES: Spec = Spec {
    name: "get-non-delivery-code",
    parameters: &[("Code", RsCellType::List)],
    input: &[],
    needs_connection: false,
    start: |Start { mut parameters, host, .. }| Box::pin(async move { codes(parameters.texts("Code"), &host).await }),
};

fn texts(parameters: &mut Fields) -> Vec<Source> {
    let texts = parameters.texts("Text").into_iter();
    let [mut senders, mut recipients, mut ids, mut trace_ids] =
        BESIDES.map(|name| parameters.texts(name).into_iter().map(|text| Some(text).filter(|text| !text.is_empty())));
    texts
        .map(|text| {
            let known = Known {
                sender: senders.next().flatten(),
                recipient: recipients.next().flatten(),
                message_id: ids.next().flatten(),
                message_trace_id: trace_ids.next().flatten(),
                ..Known::default()
            };
            Source::Text(Text { text, known })
        })
        .collect()
}

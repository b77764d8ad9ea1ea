//! Reports as servers write them, built from what a test is about.
#![allow(dead_code, reason = "each test file uses some of it")]

use std::ops::ControlFlow;

use restricted_sender_ndr::{read, Known, Report};

pub const RESTRICTED: &str = "550 5.1.8 Access denied, bad outbound sender AS(42004)";
pub const EXCHANGE: &str = "AM6PR01MB0001.eurprd01.prod.outlook.com";
pub const TRACE_ID: &str = "0c6c1eb9-0000-4000-8000-000000000001";

/// The reports in a text.
pub fn reports(text: impl AsRef<[u8]>) -> Vec<Report> {
    reports_knowing(text, &Known::default())
}

pub fn reports_knowing(text: impl AsRef<[u8]>, known: &Known) -> Vec<Report> {
    let mut reports = Vec::new();
    read(text.as_ref(), known, &mut |report| {
        reports.push(report);
        ControlFlow::Continue(())
    })
    .unwrap();
    reports
}

/// The only report in a text.
pub fn one(text: impl AsRef<[u8]>) -> Report {
    let mut reports = reports(text);
    assert_eq!(reports.len(), 1, "{reports:#?}");
    reports.remove(0)
}

/// A report of Exchange Online.
pub struct Bounce {
    pub text: String,
    /// The machine-readable part.
    pub status: String,
    pub returned: String,
}

impl Bounce {
    /// One recipient, refused with that reply by Exchange Online itself.
    pub fn of(reply: &str) -> Self {
        Self::from_servers(reply, EXCHANGE, None)
    }

    /// One recipient, refused with that reply by `remote` to `reporting`.
    pub fn from_servers(reply: &str, reporting: &str, remote: Option<&str>) -> Self {
        let text = format!(
            "Delivery has failed to these recipients or groups:\n\nrecipient@example.com<mailto:recipient@example.com>\nYour message couldn't be delivered because you weren't recognized as a valid sender. The most common reason\nfor this is that your email address is suspected of sending spam and it's no longer allowed to send email.\n\nDiagnostic information for administrators:\n\nGenerating server: {reporting}\n\nrecipient@example.com\nRemote Server returned '{reply}'\n\nOriginal message headers:\n\nFrom: <sender@contoso.com>\n"
        );
        let remote = remote.map(|remote| format!("Remote-MTA: dns;{remote}\n")).unwrap_or_default();
        let status = format!(
            "Reporting-MTA: dns;{reporting}\nReceived-From-MTA: dns;AM6PR01MB0002.eurprd01.prod.outlook.com\nArrival-Date: Mon, 23 Nov 2026 07:00:00 +0000\n\nFinal-Recipient: rfc822;recipient@example.com\nAction: failed\nStatus: {}\nDiagnostic-Code: smtp;{reply}\n{remote}X-Display-Name: recipient@example.com\n\n",
            status_of(reply)
        );
        let returned = format!(
            "Received: from x by y; Mon, 23 Nov 2026 07:00:00 +0000\nFrom: Sender <sender@contoso.com>\nTo: <recipient@example.com>\nSubject: =?utf-8?B?SGVsbG8=?=\nMessage-ID: <m1@contoso.com>\nX-MS-Exchange-CrossTenant-Network-Message-Id: {TRACE_ID}\n"
        );
        Self { text, status, returned }
    }

    pub fn message(&self) -> String {
        let part = |kind: &str, body: &str| format!("--outer\nContent-Type: {kind}\n\n{body}\n");
        let text = part("text/plain; charset=\"utf-8\"", &self.text).replace("--outer", "--inner");
        format!(
            "{HEADERS}{}{}{}--outer--\n",
            part("multipart/alternative; boundary=\"inner\"", &format!("{text}--inner--\n")),
            part("message/delivery-status", &self.status),
            part("message/rfc822", &format!("{}\nHello\n", self.returned)),
        )
    }

    /// Without the machine-readable part and what is returned: as some gateways leave it.
    pub fn only_text(&self) -> String {
        format!("{AUTOMATIC}Content-Type: text/plain; charset=utf-8\n\n{}", self.text)
    }
}

pub const AUTOMATIC: &str = "From: Microsoft Outlook <postmaster@contoso.com>\nTo: <sender@contoso.com>\nDate: Mon, 23 Nov 2026 08:00:00 +0100\nSubject: Undeliverable: Hello\nMessage-ID: <ndr1@contoso.com>\nIn-Reply-To: <m1@contoso.com>\nAuto-Submitted: auto-replied\nReturn-Path: <>\nX-MS-Exchange-Message-Is-Ndr:\nMIME-Version: 1.0\n";

pub const HEADERS: &str = concat!(
    "From: Microsoft Outlook <postmaster@contoso.com>\nTo: <sender@contoso.com>\nDate: Mon, 23 Nov 2026 08:00:00 +0100\nSubject: Undeliverable: Hello\nMessage-ID: <ndr1@contoso.com>\nIn-Reply-To: <m1@contoso.com>\nAuto-Submitted: auto-replied\nReturn-Path: <>\nX-MS-Exchange-Message-Is-Ndr:\nMIME-Version: 1.0\n",
    "Content-Type: multipart/report; report-type=delivery-status;\n\tboundary=\"outer\"\n\n"
);

/// A message of a person.
pub fn from_a_person(to: &str, content: &str) -> String {
    format!("From: Adele <adele@fabrikam.com>\nTo: <{to}>\nSubject: FW: help\nDate: Mon, 23 Nov 2026 09:00:00 +0000\nMessage-ID: <fw@fabrikam.com>\nMIME-Version: 1.0\n{content}")
}

fn status_of(reply: &str) -> String {
    let words = reply.split([' ', ';', '-']);
    words.into_iter().find(|word| word.split('.').count() == 3).unwrap_or("5.0.0").to_owned()
}

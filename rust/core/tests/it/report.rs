//! Delivery reports from folders, files and texts: in order, however many are read at a time.

use std::path::Path;

use restricted_sender_core::error::Code;
use restricted_sender_core::host::{converse, Event, Row};
use restricted_sender_core::report::{codes, read, Known, Source, Text};

/// What an operation said of each report, or the code of what failed.
#[derive(Debug, PartialEq, Eq)]
enum Said {
    Text(String),
    Failed(Code),
}

async fn said(sources: Vec<Source>) -> Vec<Said> {
    let (host, mut caller) = converse(|event| event);
    let reading = tokio::spawn(async move { read(sources, Vec::new(), &host).await });
    let mut all = Vec::new();
    while let Some(event) = caller.events.recv().await {
        match event {
            Event::Rows(rows) => all.extend(rows.into_iter().map(|row| match row {
                Row::NonDelivery(row) => Said::Text(row.report.reply.text),
                other => panic!("{other:?}"),
            })),
            Event::ItemFailed(error) => all.push(Said::Failed(error.code())),
            other => panic!("{other:?}"),
        }
    }
    reading.await.unwrap().unwrap();
    all
}

fn text(text: &str) -> Source {
    Source::Text(Text { text: text.into(), known: Known::default() })
}

fn reply(number: usize) -> String {
    format!("550 5.1.1 User unknown {number}")
}

fn files(folder: &Path, count: usize) -> Vec<Source> {
    let write = |number| {
        let path = folder.join(format!("{number}.txt"));
        // Every seventh is large, so that those after it are ready before it.
        let after = if number % 7 == 0 { "\nmore".repeat(20_000) } else { String::new() };
        std::fs::write(&path, format!("{}\n\n{after}", reply(number))).unwrap();
        Source::Path(path)
    };
    (0..count).map(write).collect()
}

#[tokio::test]
async fn reports_come_in_the_order_of_their_sources() {
    let folder = tempfile::tempdir().unwrap();
    let mut sources = files(folder.path(), 200);
    sources.insert(100, Source::Path(folder.path().join("nowhere")));
    sources.push(text("550 5.2.2 Mailbox full"));
    let mut expected: Vec<_> = (0..200).map(|number| Said::Text(reply(number))).collect();
    expected.insert(100, Said::Failed(Code::ReportUnreadable));
    expected.push(Said::Text("550 5.2.2 Mailbox full".into()));
    assert_eq!(said(sources).await, expected);
}

#[tokio::test]
async fn a_folder_is_all_its_files() {
    let folder = tempfile::tempdir().unwrap();
    files(folder.path(), 100);
    std::fs::create_dir(folder.path().join("inner")).unwrap();
    std::fs::write(folder.path().join("inner/a.txt"), "550 5.1.1 not of this folder").unwrap();
    let said = said(vec![Source::Path(folder.path().into()), text("550 5.7.1 last")]).await;
    assert_eq!((said.len(), said.last()), (101, Some(&Said::Text("550 5.7.1 last".into()))));
    assert!((0..100).all(|number| said.contains(&Said::Text(reply(number)))));
}

#[tokio::test]
async fn an_mbox_file_of_any_size_is_handed_over_piece_by_piece() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mbox");
    let message =
        |number| format!("From x Mon Nov 23 07:00:00 2026\nFrom: postmaster@contoso.com\n\n{}\n\n", reply(number));
    std::fs::write(&path, (0..1000).map(message).collect::<String>()).unwrap();
    let (host, mut caller) = converse(|event| event);
    let reading = tokio::spawn(async move { read(vec![Source::Path(path)], Vec::new(), &host).await });
    let mut sizes = Vec::new();
    while let Some(event) = caller.events.recv().await {
        let Event::Rows(rows) = event else { panic!("{event:?}") };
        sizes.push(rows.len());
    }
    reading.await.unwrap().unwrap();
    assert_eq!((sizes.iter().sum::<usize>(), sizes.iter().max()), (1000, Some(&128)));
}

#[tokio::test]
async fn whoever_goes_ends_the_reading() {
    let folder = tempfile::tempdir().unwrap();
    let sources = files(folder.path(), 300);
    let (host, mut caller) = converse(|event| event);
    let reading = tokio::spawn(async move { read(sources, Vec::new(), &host).await });
    caller.events.recv().await.unwrap();
    drop(caller);
    assert_eq!(reading.await.unwrap().unwrap_err().code(), Code::Cancelled);
}

#[tokio::test]
async fn what_is_no_code_fails_alone() {
    let (host, mut caller) = converse(|event| event);
    let telling = tokio::spawn(async move { codes(vec!["seven".into(), "550 5.7.708 no".into()], &host).await });
    let Some(Event::ItemFailed(error)) = caller.events.recv().await else { panic!("seven is a code") };
    assert_eq!((error.code(), error.target.as_deref()), (Code::InvalidStatusCode, Some("seven")));
    let Some(Event::Rows(rows)) = caller.events.recv().await else { panic!("5.7.708 is no code") };
    assert!(matches!(&rows[..], [Row::NonDeliveryCode(row)] if row.code() == "5.7.708"));
    telling.await.unwrap().unwrap();
}

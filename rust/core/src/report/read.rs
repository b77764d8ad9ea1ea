//! `ConvertFrom-NonDeliveryReport`: reports from files and texts, read in parallel and told in order.

use std::sync::Arc;
use std::thread::available_parallelism;

use tokio::runtime::Handle;
use tokio::sync::mpsc;

use super::job::Job;
use super::source::{Items, Source};
use crate::error::Result;
use crate::file_work::on_a_thread;
use crate::host::Host;

/// How many files a thread reads before another one takes over: few, so that small batches are shared out.
const AT_A_TIME: usize = 16;

/// Hands over a row for each report and failed recipient, in the order of the sources; those of a folder come in the
/// order of the file system. What cannot be read fails alone. `accepted_domains` are those of the organization that
/// reads, as far as the caller knows them.
///
/// # Errors
/// [`Code::Cancelled`](crate::error::Code::Cancelled) when the caller has gone.
pub async fn read(sources: Vec<Source>, accepted_domains: Vec<String>, host: &Host) -> Result<()> {
    let threads = available_parallelism().map_or(1, usize::from);
    let (start, mut started) = mpsc::channel(threads);
    let runtime = Handle::current();
    let accepted_domains: Arc<[String]> = accepted_domains.into();
    // Looking into folders is file work, too.
    let starting = on_a_thread(move || {
        let mut items = Items::of(sources);
        loop {
            let some: Vec<_> = items.by_ref().take(AT_A_TIME).collect();
            if some.is_empty() || start.blocking_send(Job::start(&runtime, some, accepted_domains.clone())).is_err() {
                break;
            }
        }
    });
    let telling = async move {
        while let Some(job) = started.recv().await {
            job.tell(host).await?;
        }
        Ok(())
    };
    let (started, told) = tokio::join!(starting, telling);
    told.and(started)
}

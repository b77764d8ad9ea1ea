//! Several items of input at once, their results in the order of the input.

use std::collections::VecDeque;
use std::future::{poll_fn, Future};
use std::pin::Pin;
use std::task::Poll;

use crate::error::Result;
use crate::host::{Host, Item};

type Pending<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// One item's work.
enum Work<'a, T> {
    OnItsWay(Pending<'a, T>),
    Done(T),
}

/// What happened next.
enum Turn<T> {
    Input(Result<Option<Box<Item>>>),
    Result(T),
}

/// Works on up to `at_once` items at the same time and hands each result to `take`, in the order of the input.
///
/// # Errors
/// When the caller has gone, or the first error of `take`.
pub async fn in_order<'a, T: Send + 'a, F: Future<Output = Result<()>>>(
    host: &'a Host,
    at_once: usize,
    work: impl Fn(Item) -> Pending<'a, T>,
    take: impl Fn(T) -> F,
) -> Result<()> {
    let mut running: VecDeque<Work<'a, T>> = VecDeque::new();
    let mut input: Option<Pending<'a, Result<Option<Item>>>> = Some(Box::pin(host.next()));
    loop {
        let turn = poll_fn(|context| {
            for work in &mut running {
                if let Work::OnItsWay(pending) = work {
                    if let Poll::Ready(result) = pending.as_mut().poll(context) {
                        *work = Work::Done(result);
                    }
                }
            }
            if matches!(running.front(), Some(Work::Done(_))) {
                if let Some(Work::Done(result)) = running.pop_front() {
                    return Poll::Ready(Some(Turn::Result(result)));
                }
            }
            if running.is_empty() && input.is_none() {
                return Poll::Ready(None);
            }
            match &mut input {
                Some(next) if running.len() < at_once => match next.as_mut().poll(context) {
                    Poll::Ready(item) => Poll::Ready(Some(Turn::Input(item.map(|item| item.map(Box::new))))),
                    Poll::Pending => Poll::Pending,
                },
                _ => Poll::Pending,
            }
        })
        .await;
        match turn {
            None => return Ok(()),
            Some(Turn::Result(result)) => take(result).await?,
            Some(Turn::Input(item)) => {
                input = match item? {
                    Some(item) => {
                        running.push_back(Work::OnItsWay(work(*item)));
                        Some(Box::pin(host.next()))
                    }
                    None => None,
                };
            }
        }
    }
}

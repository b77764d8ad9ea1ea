//! An operation: prepared, bound, started, stepped to its end. It works in a task of its own; steps read what it says.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use restricted_sender_core::error::{Code, Error, Result};
use restricted_sender_core::exchange::session::Ran;
use restricted_sender_core::exchange::{Secret, Value};
use restricted_sender_core::host::{converse, Answer, Event, Input, Question};

use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::block::Block;
use crate::border::misuse;
use crate::cell::RsCellType;
use crate::fields::{Bound, Fields, Takes};
use crate::handle::Table;
use crate::operations::{self, Spec, Start};
use crate::panics;
use crate::row::{self, RsRowType};
use crate::runtime::runtime;
use crate::session::Session;
use crate::status::RsStatus;

/// The operations that C holds.
pub static OPERATIONS: Table<Operation> = Table::new(2, "operation");

/// One piece of work.
pub struct Operation {
    spec: &'static Spec,
    /// What was bound since the last start, push or answer.
    bound: Mutex<Fields>,
    stage: Mutex<Stage>,
    /// Whoever steps holds this; nobody else may.
    reading: Mutex<Reading>,
    question: Mutex<Option<Asked>>,
    cancel: CancellationToken,
}

enum Stage {
    Prepared(Arc<Session>),
    Running { input: Option<mpsc::Sender<Input>>, pushed: u64 },
}

#[derive(Default)]
struct Reading {
    events: Option<mpsc::Receiver<Said>>,
    /// Blocks that came together; almost always one.
    blocks: std::vec::IntoIter<Block>,
    task: Option<JoinHandle<Result<()>>>,
    found: Option<Block>,
    ended: Option<Result<()>>,
}

/// What the operation said, ready for C to read.
enum Said {
    Rows(Vec<Block>),
    /// The status of the step that finds it, and its one row.
    News(RsStatus, Block),
    Question(Block, Asked),
    WantsInput {
        taken: u64,
    },
}

impl Said {
    /// Forms an event, on the thread of the operation.
    fn form(event: Event) -> Self {
        match event {
            Event::Rows(rows) => Self::Rows(row::blocks(&rows)),
            Event::Progress(progress) => {
                Self::News(RsStatus::Progress, Block::of(RsRowType::Progress, row::progress, &progress))
            }
            Event::Message(message) => {
                Self::News(RsStatus::Message, Block::of(RsRowType::Message, row::message, &message))
            }
            Event::ItemFailed(error) => Self::News(RsStatus::Message, Block::of(RsRowType::Error, row::error, &error)),
            Event::Question(Question::Confirm(change), answer) => Self::Question(
                Block::of(RsRowType::Confirm, row::confirm, &change),
                Asked { what: Asking::Confirm, answer },
            ),
            Event::Question(Question::Proxy { endpoint }, answer) => Self::Question(
                Block::of(RsRowType::Proxy, row::proxy, &endpoint),
                Asked { what: Asking::Proxy, answer },
            ),
            Event::Question(Question::Sign { algorithm, input }, answer) => Self::Question(
                Block::of(RsRowType::Sign, row::sign, &row::Signature { algorithm, input: &input }),
                Asked { what: Asking::Sign, answer },
            ),
            Event::Question(Question::EnvironmentVariable { name }, answer) => Self::Question(
                Block::of(RsRowType::EnvironmentVariable, row::environment_variable, &name),
                Asked { what: Asking::EnvironmentVariable, answer },
            ),
            Event::Question(Question::Browse { address }, answer) => Self::Question(
                Block::of(RsRowType::Browse, row::browse, &address),
                Asked { what: Asking::Browse, answer },
            ),
            Event::Question(Question::Cmdlet(run), answer) => {
                Self::Question(row::cmdlet(run), Asked { what: Asking::Cmdlet(Vec::new()), answer })
            }
            Event::WantsInput { taken } => Self::WantsInput { taken },
        }
    }
}

/// A question that waits for its answer.
struct Asked {
    what: Asking,
    answer: oneshot::Sender<Answer>,
}

enum Asking {
    Confirm,
    Proxy,
    Sign,
    EnvironmentVariable,
    Browse,
    /// With the objects that were pushed so far.
    Cmdlet(Vec<Vec<(String, Value)>>),
}

impl Asking {
    /// What the answer has.
    fn reply(&self) -> Takes {
        match self {
            Self::Confirm => Takes::These(&[("Confirmed", RsCellType::Bool)]),
            Self::Proxy => Takes::These(&[("Proxy", RsCellType::Text)]),
            Self::Sign => Takes::These(&[("Signature", RsCellType::Text)]),
            Self::EnvironmentVariable => Takes::These(&[("Value", RsCellType::Text)]),
            Self::Browse => Takes::These(&[]),
            Self::Cmdlet(_) => Takes::Anything,
        }
    }

    fn answered(self, bound: &mut Fields) -> Answer {
        match self {
            Self::Confirm => Answer::Confirmed(bound.flag("Confirmed")),
            Self::Proxy => Answer::Proxy(bound.text("Proxy")),
            Self::Sign => Answer::Signed(Secret::new(bound.text("Signature").unwrap_or_default())),
            Self::EnvironmentVariable => {
                let value = bound.text("Value").filter(|value| !value.is_empty());
                Answer::EnvironmentVariable(value.map(Secret::new))
            }
            Self::Browse => Answer::Opened,
            Self::Cmdlet(rows) => Answer::Ran(Ran {
                rows,
                warnings: bound.texts("Warnings"),
                errors: bound.texts("Errors"),
                error_ids: bound.texts("ErrorIds"),
                is_missing: bound.flag("Missing"),
                has_ended: bound.flag("Ended"),
            }),
        }
    }
}

impl Operation {
    /// Prepares the operation of that name.
    ///
    /// # Errors
    /// [`Code::Misuse`] for an unknown name; [`Code::NotConnected`] where it needs a connection and there is none.
    pub fn prepare(session: Arc<Session>, name: &str) -> Result<Self> {
        let spec = operations::find(name).ok_or_else(|| misuse(&format!("there is no operation '{name}'")))?;
        if spec.needs_connection {
            session.connected()?;
        }
        Ok(Self {
            spec,
            bound: Mutex::default(),
            stage: Mutex::new(Stage::Prepared(session)),
            reading: Mutex::default(),
            question: Mutex::default(),
            cancel: CancellationToken::new(),
        })
    }

    /// Binds a value for the next start, push or answer.
    ///
    /// # Errors
    /// [`Code::Misuse`] when the operation takes nothing of that name and type now.
    pub fn bind(&self, name: &str, value: Bound) -> Result<()> {
        lock(&self.bound).bind(self.takes(), name, value)
    }

    /// Adds a text to a list for the next start, push or answer.
    ///
    /// # Errors
    /// As [`bind`](Self::bind).
    pub fn add(&self, name: &str, text: &str) -> Result<()> {
        lock(&self.bound).add(self.takes(), name, text)
    }

    fn takes(&self) -> Takes {
        if let Some(asked) = &*lock(&self.question) {
            return asked.what.reply();
        }
        match &*lock(&self.stage) {
            Stage::Prepared(_) => Takes::These(self.spec.parameters),
            Stage::Running { .. } => Takes::These(self.spec.input),
        }
    }

    /// Starts the work.
    ///
    /// # Errors
    /// [`Code::Misuse`] when it was started before.
    pub fn start(&self) -> Result<()> {
        let mut stage = lock(&self.stage);
        let Stage::Prepared(session) = &*stage else { return Err(misuse("the operation was started before")) };
        let (host, caller) = converse(Said::form);
        let parameters = std::mem::take(&mut *lock(&self.bound));
        let work = (self.spec.start)(Start { session: session.clone(), parameters, host });
        let cancel = self.cancel.clone();
        let task = runtime().spawn(async move {
            tokio::select! {
                biased;
                () = cancel.cancelled() => Err(Error::cancelled()),
                result = panics::caught_in_task(work) => result,
            }
        });
        *lock(&self.reading) = Reading { events: Some(caller.events), task: Some(task), ..Reading::default() };
        let input = (!self.spec.input.is_empty()).then_some(caller.input);
        *stage = Stage::Running { input, pushed: 0 };
        Ok(())
    }

    /// Pushes what is bound as the next item of the input, or, while a cmdlet is asked for, as the next object that it
    /// returned.
    ///
    /// # Errors
    /// [`Code::Misuse`] when the input has ended or the operation takes none, or when too much lies unread.
    pub fn push(&self) -> Result<()> {
        if let Some(Asked { what: Asking::Cmdlet(rows), .. }) = &mut *lock(&self.question) {
            rows.push(std::mem::take(&mut *lock(&self.bound)).into_values());
            return Ok(());
        }
        let mut stage = lock(&self.stage);
        let Stage::Running { input: Some(input), pushed } = &mut *stage else {
            return Err(misuse("the operation takes no input now"));
        };
        let item = operations::input(self.spec, &mut std::mem::take(&mut *lock(&self.bound)));
        match input.try_send(item) {
            Ok(()) => *pushed += 1,
            Err(mpsc::error::TrySendError::Full(_)) => {
                return Err(misuse("too much input lies unread: step until it is wanted"));
            }
            // The operation has ended; the next step tells how.
            Err(mpsc::error::TrySendError::Closed(_)) => {}
        }
        Ok(())
    }

    /// Ends the input.
    ///
    /// # Errors
    /// [`Code::Misuse`] when the operation was not started. Ending it twice is no error.
    pub fn finish(&self) -> Result<()> {
        match &mut *lock(&self.stage) {
            Stage::Prepared(_) => Err(misuse("the operation was not started")),
            Stage::Running { input, .. } => {
                *input = None;
                Ok(())
            }
        }
    }

    /// Waits for the next thing that the operation has to say, for ever without a timeout.
    ///
    /// # Errors
    /// The operation's own failure, after which it is over; [`Code::Misuse`] when it was not started, when a question
    /// waits for its answer, or when another thread is in a step.
    pub fn step(&self, timeout: Option<Duration>) -> Result<RsStatus> {
        let mut reading = self.read()?;
        reading.found = None;
        if lock(&self.question).is_some() {
            return Err(misuse("a request waits for its answer"));
        }
        loop {
            if self.cancel.is_cancelled() {
                return Err(Error::cancelled());
            }
            if let Some(block) = reading.blocks.next() {
                reading.found = Some(block);
                return Ok(RsStatus::Row);
            }
            let Some(events) = &mut reading.events else { return Err(misuse("the operation was not started")) };
            match next(events, &self.cancel, timeout) {
                Next::Nothing => return Ok(RsStatus::Pending),
                Next::Cancelled => return Err(Error::cancelled()),
                Next::End => return end(&mut reading),
                Next::Event(Said::WantsInput { taken }) if !self.may_want(taken) => {}
                Next::Event(Said::WantsInput { .. }) => return Ok(RsStatus::Input),
                Next::Event(Said::Rows(blocks)) => reading.blocks = blocks.into_iter(),
                Next::Event(Said::News(status, block)) => {
                    reading.found = Some(block);
                    return Ok(status);
                }
                Next::Event(Said::Question(block, asked)) => {
                    *lock(&self.question) = Some(asked);
                    *lock(&self.bound) = Fields::default();
                    reading.found = Some(block);
                    return Ok(RsStatus::Request);
                }
            }
        }
    }

    /// Reads what the last step found.
    ///
    /// # Errors
    /// [`Code::Misuse`] when the last step brought no row.
    pub fn found<T>(&self, read: impl FnOnce(&Block) -> T) -> Result<T> {
        match &self.read()?.found {
            Some(block) => Ok(read(block)),
            None => Err(misuse("the last step brought no row")),
        }
    }

    /// Answers the question of the last step with what is bound.
    ///
    /// # Errors
    /// [`Code::Misuse`] when nothing was asked.
    pub fn answer(&self) -> Result<()> {
        let mut bound = std::mem::take(&mut *lock(&self.bound));
        self.reply(|what| what.answered(&mut bound))
    }

    /// Says that the host cannot answer the question of the last step.
    ///
    /// # Errors
    /// [`Code::Misuse`] when nothing was asked.
    pub fn refuse(&self, why: &str) -> Result<()> {
        self.reply(|_| Answer::Impossible(why.to_owned()))
    }

    fn reply(&self, answer: impl FnOnce(Asking) -> Answer) -> Result<()> {
        let asked = lock(&self.question).take().ok_or_else(|| misuse("nothing was asked"))?;
        // An operation that was cancelled meanwhile does not wait for its answer any more.
        let _ = asked.answer.send(answer(asked.what));
        Ok(())
    }

    /// Ends the operation wherever it is.
    pub fn cancel(&self) {
        self.cancel.cancel();
    }

    /// Whether a wish for input after `taken` items still stands: nothing was pushed meanwhile, and the input is open.
    fn may_want(&self, taken: u64) -> bool {
        matches!(&*lock(&self.stage), Stage::Running { input: Some(_), pushed } if *pushed <= taken)
    }

    fn read(&self) -> Result<MutexGuard<'_, Reading>> {
        match self.reading.try_lock() {
            Ok(reading) => Ok(reading),
            Err(std::sync::TryLockError::Poisoned(reading)) => Ok(reading.into_inner()),
            Err(std::sync::TryLockError::WouldBlock) => Err(misuse("another thread is in a step of this operation")),
        }
    }
}

impl Drop for Operation {
    /// Nobody can step it any more.
    fn drop(&mut self) {
        self.cancel();
    }
}

enum Next {
    Event(Said),
    Nothing,
    Cancelled,
    End,
}

fn next(events: &mut mpsc::Receiver<Said>, cancel: &CancellationToken, timeout: Option<Duration>) -> Next {
    if let Ok(event) = events.try_recv() {
        return Next::Event(event);
    }
    runtime().block_on(async {
        let wait = async {
            match timeout {
                Some(timeout) => tokio::time::sleep(timeout).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            () = cancel.cancelled() => Next::Cancelled,
            event = events.recv() => event.map_or(Next::End, Next::Event),
            () = wait => Next::Nothing,
        }
    })
}

/// The operation has said all; its task tells how it ended.
fn end(reading: &mut Reading) -> Result<RsStatus> {
    if let Some(task) = reading.task.take() {
        reading.ended = Some(
            runtime()
                .block_on(task)
                .unwrap_or_else(|error| Err(Error::new(Code::Panic, "RestrictedSender failed.").caused_by(&error))),
        );
    }
    reading.ended.clone().unwrap_or(Ok(())).map(|()| RsStatus::Done)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prepared(name: &str) -> Operation {
        Operation::prepare(Arc::default(), name).unwrap()
    }

    #[test]
    fn a_closed_input_is_no_question_and_no_row() {
        let operation = prepared("get-error-code");
        assert!(operation.step(None).is_err(), "not started");
        operation.start().unwrap();
        assert!(operation.start().is_err(), "started twice");
        assert!(operation.answer().is_err());
        assert!(operation.found(|_| ()).is_err());
        assert!(operation.push().is_err(), "it takes no input");
        let mut rows = 0;
        while operation.step(None).unwrap() == RsStatus::Row {
            rows += operation.found(Block::rows).unwrap();
        }
        assert_eq!(rows, Code::ALL.len() as i64);
        assert_eq!(operation.step(None).unwrap(), RsStatus::Done, "done stays done");
    }

    #[test]
    fn cancel_wakes_and_stays() {
        let operation = prepared("get-error-code");
        operation.start().unwrap();
        operation.cancel();
        assert_eq!(operation.step(None).unwrap_err().code(), Code::Cancelled);
        assert_eq!(operation.step(None).unwrap_err().code(), Code::Cancelled);
    }

    #[test]
    fn what_needs_a_connection_says_so() {
        let error = Operation::prepare(Arc::default(), "get-restricted-sender").err().unwrap();
        assert_eq!(error.code(), Code::NotConnected);
        assert_eq!(Operation::prepare(Arc::default(), "get-nothing").err().unwrap().code(), Code::Misuse);
    }

    #[test]
    fn a_description_needs_to_know_what_it_describes_and_when() {
        for (bound, missing) in [("ListedAt", "EntityType"), ("EntityType", "ListedAt")] {
            let operation = prepared("describe-restriction");
            let value = match bound {
                "ListedAt" => Bound::Moment(time::OffsetDateTime::UNIX_EPOCH),
                _ => Bound::Text("Mailbox".to_owned().into()),
            };
            operation.bind(bound, value).unwrap();
            operation.start().unwrap();
            let error = operation.step(None).unwrap_err();
            assert_eq!(error.code(), Code::Misuse);
            assert!(error.message.contains(&format!("{missing} is not bound")), "{error}");
        }
    }

    #[test]
    fn a_panic_is_an_error_with_its_place() {
        for place in ["call", "task"] {
            let operation = prepared("panic");
            operation.bind("Where", Bound::Text(place.to_owned().into())).unwrap();
            let error = panics::caught(|| operation.start().and_then(|()| operation.step(None))).unwrap_err();
            assert_eq!(error.code(), Code::Panic);
            assert!(error.message.contains(place) && error.message.contains(".rs:"), "{error}");
        }
    }

    #[test]
    fn cells_of_a_row_are_read_after_the_step() {
        let operation = prepared("get-error-code");
        operation.start().unwrap();
        operation.step(None).unwrap();
        let found = operation.found(|block| (block.row_type(), block.columns())).unwrap();
        assert_eq!(found, (RsRowType::ErrorCode, 6));
    }
}

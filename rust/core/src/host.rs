//! The conversation between a running operation and whoever runs it.
//!
//! An operation gets its input here, says what it finds, and asks for what only its caller can do. Both directions
//! are bounded: an operation waits when nobody reads, so memory stays flat however long a list is.

use std::future::Future;
use std::pin::Pin;

use tokio::sync::{mpsc, oneshot, Mutex};

use crate::connection::{Check, ConnectionStatus};
use crate::error::{Code, Error, Result};
use crate::evidence::{Protection, Report};
use crate::exchange::session::{Ran, Run};
use crate::exchange::{Algorithm, Secret};
use crate::history::journal::Verified;
use crate::history::{HistoryEvent, Summary, Told};
use crate::limits::SendingLimit;
use crate::report::{NonDeliveryCode, NonDeliveryReport};
use crate::restriction::{Description, Restriction, SenderState, Target, UnblockResult};
use crate::sending::{OrganizationMeasured, SenderMeasured};

/// What an operation says.
#[derive(Debug)]
pub enum Event {
    /// Results, as many as came at once: a page of a list wakes its reader once and not for each entry.
    Rows(Vec<Row>),
    /// How far a long operation is.
    Progress(Progress),
    /// Something to tell that is neither a result nor a failure.
    Message(Message),
    /// One item failed; the operation goes on.
    ItemFailed(Error),
    /// Something only the caller can do. The operation waits for the answer; a dropped sender refuses.
    Question(Question, oneshot::Sender<Answer>),
    /// The operation has dealt with the first `taken` items of its input and waits for more.
    WantsInput {
        /// How many items it has taken so far.
        taken: u64,
    },
}

/// A result of an operation.
#[derive(Debug, Clone)]
#[allow(missing_docs, reason = "each is documented where it is defined")]
#[allow(
    clippy::large_enum_variant,
    reason = "long lists are of the largest: a box for each would cost more than it saves"
)]
pub enum Row {
    Connection(ConnectionStatus),
    Restriction(Restriction),
    Description(Description),
    State(SenderState),
    Unblock(UnblockResult),
    HistoryEvent(Told<HistoryEvent>),
    HistorySummary(Told<Summary>),
    Journal(Verified),
    Check(Check),
    Account(Report),
    Protection(Protection),
    SendingLimit(SendingLimit),
    SenderMeasured(SenderMeasured),
    OrganizationMeasured(OrganizationMeasured),
    NonDelivery(NonDeliveryReport),
    NonDeliveryCode(NonDeliveryCode),
    ErrorCode(Code),
}

/// How far a long operation is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    /// What is being done.
    pub activity: String,
    /// How far it is, in words.
    pub status: String,
    /// 0 to 100, or nothing where the end is not known.
    pub percent: Option<u8>,
}

/// How loud a message is. The numbers are part of the C ABI.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(i32)]
pub enum Level {
    /// For those who ask for details.
    Verbose = 0,
    /// Something the admin should know before going on.
    Warning = 1,
}

/// Something to tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// How loud.
    pub level: Level,
    /// What.
    pub text: String,
}

/// Something only the caller can do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Question {
    /// May this change be made?
    Confirm(Confirmation),
    /// Which proxy does this system use for that endpoint?
    Proxy {
        /// `https://host[:port]` of the endpoint.
        endpoint: String,
    },
    /// What does this cmdlet return in the Exchange session that the connection uses?
    Cmdlet(Run),
    /// What is the signature of this text, by the key of the certificate that the connection was made with?
    Sign {
        /// How to sign.
        algorithm: Algorithm,
        /// What to sign: ASCII.
        input: String,
    },
    /// What does this variable of the process say? Hosts may keep variables of their own.
    EnvironmentVariable {
        /// Its name.
        name: &'static str,
    },
    /// Opens this address in the browser of whoever sits before this machine.
    Browse {
        /// It begins with `https://`, or with `http://` on this machine.
        address: String,
    },
}

/// What to show when asking whether a change may be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Confirmation {
    /// The heading of the question.
    pub caption: String,
    /// The change in one line, for "What if" and the verbose stream.
    pub description: String,
    /// The whole question: which entity, why it is blocked, what Microsoft recommends first.
    pub question: String,
}

/// The caller's answer to a [`Question`].
#[derive(Debug, Clone)]
pub enum Answer {
    /// Whether the change may be made.
    Confirmed(bool),
    /// The address of the proxy; nothing for a direct connection.
    Proxy(Option<String>),
    /// What came of the cmdlet.
    Ran(Ran),
    /// The signature in base64. With what was signed it lets its bearer in for some minutes.
    Signed(Secret),
    /// What the variable says; nothing where it is not set or empty.
    EnvironmentVariable(Option<Secret>),
    /// The browser was told to open the address; whether it does, nobody knows.
    Opened,
    /// The caller cannot ask anybody; the text says why.
    Impossible(String),
}

/// One item of input, with its position in the input counted from 1.
#[derive(Debug, Clone)]
pub struct Item {
    /// Which item of the input this is, counted from 1.
    pub number: u64,
    /// What it names.
    pub target: Target,
}

/// The operation's end of the conversation.
pub struct Host {
    say: Box<Say>,
    inbox: Mutex<Inbox>,
}

/// Hands an event to the caller, in the form that the caller chose; waits while too much lies unread.
type Say = dyn Fn(Event) -> Saying + Send + Sync;
type Saying = Pin<Box<dyn Future<Output = Result<()>> + Send>>;

/// What an operation works on.
#[derive(Debug)]
#[allow(clippy::large_enum_variant, reason = "texts are large, few and far between: a box for each target costs more")]
pub enum Input {
    /// Something that names an entity.
    Target(Target),
    /// A text.
    Text(String),
}

impl From<Target> for Input {
    fn from(target: Target) -> Self {
        Self::Target(target)
    }
}

#[derive(Debug)]
struct Inbox {
    items: mpsc::Receiver<Input>,
    taken: u64,
}

/// The caller's end of the conversation: read `events`, write `input`, drop `input` to end it.
#[derive(Debug)]
pub struct Caller<T> {
    /// What the operation says, in order; ends when the operation does.
    pub events: mpsc::Receiver<T>,
    /// What the operation works on.
    pub input: mpsc::Sender<Input>,
}

/// How many items of input may lie unread.
const INPUT_QUEUE: usize = 64;

/// How many results are handed over together while more of them are made.
const AT_A_TIME: usize = 128;

const OTHER_ANSWER: &str = "the answer was to another question";

/// How many events may lie unread: a list is read ahead by a page of the service, and no further.
const EVENT_QUEUE: usize = 8;

/// Opens a conversation. `form` turns each event into what the caller reads; it runs where the operation does, so that
/// the caller's own thread has less to do.
#[must_use]
pub fn converse<T: Send + 'static>(form: fn(Event) -> T) -> (Host, Caller<T>) {
    let (said, events) = mpsc::channel(EVENT_QUEUE);
    let (input, items) = mpsc::channel(INPUT_QUEUE);
    let say = move |event| -> Saying {
        let said = said.clone();
        Box::pin(async move { said.send(form(event)).await.map_err(|_| Error::cancelled()) })
    };
    (Host { say: Box::new(say), inbox: Mutex::new(Inbox { items, taken: 0 }) }, Caller { events, input })
}

impl std::fmt::Debug for Host {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Host").finish_non_exhaustive()
    }
}

impl Host {
    /// The next item of input, which names an entity; asks for it where none lies ready. `None` when the input has ended.
    ///
    /// # Errors
    /// [`Code::Cancelled`] when the caller has gone.
    pub async fn next(&self) -> Result<Option<Item>> {
        match self.take().await? {
            Some((number, Input::Target(target))) => Ok(Some(Item { number, target })),
            Some((_, Input::Text(_))) => Err(Error::new(Code::Misuse, "The input is a text and names no entity.")),
            None => Ok(None),
        }
    }

    /// The next item of input, which is a text.
    ///
    /// # Errors
    /// As [`next`](Self::next).
    pub async fn next_text(&self) -> Result<Option<String>> {
        match self.take().await? {
            Some((_, Input::Text(text))) => Ok(Some(text)),
            Some((_, Input::Target(_))) => Err(Error::new(Code::Misuse, "The input names an entity and is no text.")),
            None => Ok(None),
        }
    }

    async fn take(&self) -> Result<Option<(u64, Input)>> {
        let mut inbox = self.inbox.lock().await;
        let item = match inbox.items.try_recv() {
            Ok(item) => Some(item),
            Err(mpsc::error::TryRecvError::Disconnected) => None,
            Err(mpsc::error::TryRecvError::Empty) => {
                self.say(Event::WantsInput { taken: inbox.taken }).await?;
                inbox.items.recv().await
            }
        };
        Ok(item.map(|item| {
            inbox.taken += 1;
            (inbox.taken, item)
        }))
    }

    /// Hands over a result.
    ///
    /// # Errors
    /// [`Code::Cancelled`] when the caller has gone.
    pub async fn row(&self, row: Row) -> Result<()> {
        self.rows(vec![row]).await
    }

    /// Hands over several results.
    ///
    /// # Errors
    /// [`Code::Cancelled`] when the caller has gone.
    pub async fn rows(&self, rows: Vec<Row>) -> Result<()> {
        self.say(Event::Rows(rows)).await
    }

    /// Hands over results while they are made, so many at a time that their memory stays in the processor's cache and
    /// the caller begins early. Returns how many they were.
    ///
    /// # Errors
    /// The first result that could not be made; [`Code::Cancelled`] when the caller has gone.
    pub async fn each(&self, rows: impl Iterator<Item = Result<Row>> + Send) -> Result<usize> {
        let (mut rows, mut count) = (rows.fuse(), 0);
        loop {
            let some = rows.by_ref().take(AT_A_TIME).collect::<Result<Vec<_>>>()?;
            if some.is_empty() {
                return Ok(count);
            }
            count += some.len();
            self.rows(some).await?;
        }
    }

    /// Reports that one item failed; the operation goes on.
    ///
    /// # Errors
    /// [`Code::Cancelled`] when the caller has gone.
    pub async fn item_failed(&self, error: Error) -> Result<()> {
        self.say(Event::ItemFailed(error)).await
    }

    /// Tells how far a long operation is.
    ///
    /// # Errors
    /// [`Code::Cancelled`] when the caller has gone.
    pub async fn progress(&self, progress: Progress) -> Result<()> {
        self.say(Event::Progress(progress)).await
    }

    /// Tells the admin something to know before going on.
    ///
    /// # Errors
    /// [`Code::Cancelled`] when the caller has gone.
    pub async fn warn(&self, text: impl Into<String>) -> Result<()> {
        self.say(Event::Message(Message { level: Level::Warning, text: text.into() })).await
    }

    /// Tells a detail to those who ask for details.
    ///
    /// # Errors
    /// [`Code::Cancelled`] when the caller has gone.
    pub async fn detail(&self, text: impl Into<String>) -> Result<()> {
        self.say(Event::Message(Message { level: Level::Verbose, text: text.into() })).await
    }

    /// Asks whether a change may be made.
    ///
    /// # Errors
    /// [`Code::ConfirmationImpossible`] when nobody can be asked, [`Code::Cancelled`] when the caller has gone.
    pub async fn confirm(&self, confirmation: Confirmation) -> Result<bool> {
        let change = confirmation.description.clone();
        let impossible = |why: &str| {
            Error::new(
                Code::ConfirmationImpossible,
                format!("This needs a confirmation, and nobody can be asked here ({why}): {change}. Nothing was changed; -Confirm:$false does it without asking."),
            )
        };
        match self.ask(Question::Confirm(confirmation)).await? {
            Answer::Confirmed(yes) => Ok(yes),
            Answer::Impossible(why) => Err(impossible(&why)),
            _ => Err(impossible(OTHER_ANSWER)),
        }
    }

    /// Runs a cmdlet in the Exchange session that the connection uses.
    ///
    /// # Errors
    /// [`Code::NotConnected`] where the caller has no such session, [`Code::Cancelled`] when the caller has gone.
    pub async fn run(&self, run: Run) -> Result<Ran> {
        let cmdlet = run.cmdlet;
        let none = |why: &str| Error::new(Code::NotConnected, format!("{cmdlet} could not be run: {why}."));
        match self.ask(Question::Cmdlet(run)).await? {
            Answer::Ran(ran) => Ok(ran),
            Answer::Impossible(why) => Err(none(&why)),
            _ => Err(none(OTHER_ANSWER)),
        }
    }

    /// Asks which proxy this system uses for an endpoint; a caller that knows of none has none.
    ///
    /// # Errors
    /// [`Code::Cancelled`] when the caller has gone.
    pub async fn proxy_for(&self, endpoint: &str) -> Result<Option<String>> {
        match self.ask(Question::Proxy { endpoint: endpoint.to_owned() }).await? {
            Answer::Proxy(proxy) => Ok(proxy),
            _ => Ok(None),
        }
    }

    /// Asks for a signature, in base64, by the key of the connection's certificate.
    ///
    /// # Errors
    /// [`Code::CertificateUnusable`] when the key cannot sign, [`Code::Cancelled`] when the caller has gone.
    pub async fn sign(&self, algorithm: Algorithm, input: &str) -> Result<Secret> {
        let failed =
            |why: &str| Error::new(Code::CertificateUnusable, format!("The certificate could not sign: {why}"));
        match self.ask(Question::Sign { algorithm, input: input.to_owned() }).await? {
            Answer::Signed(signature) => Ok(signature),
            Answer::Impossible(why) => Err(failed(&why)),
            _ => Err(failed(OTHER_ANSWER)),
        }
    }

    /// Asks for a variable of the process; nothing where it is not set or empty.
    ///
    /// # Errors
    /// [`Code::Cancelled`] when the caller has gone.
    pub async fn environment_variable(&self, name: &'static str) -> Result<Option<Secret>> {
        match self.ask(Question::EnvironmentVariable { name }).await? {
            Answer::EnvironmentVariable(value) => Ok(value),
            _ => Ok(None),
        }
    }

    /// Opens an address in a browser. Returns why that cannot be done here, where it cannot.
    ///
    /// # Errors
    /// [`Code::Cancelled`] when the caller has gone.
    pub async fn browse(&self, address: &str) -> Result<Option<String>> {
        match self.ask(Question::Browse { address: address.to_owned() }).await? {
            Answer::Opened => Ok(None),
            Answer::Impossible(why) => Ok(Some(why)),
            _ => Ok(Some(OTHER_ANSWER.to_owned())),
        }
    }

    async fn ask(&self, question: Question) -> Result<Answer> {
        let (answer, answered) = oneshot::channel();
        self.say(Event::Question(question, answer)).await?;
        answered.await.map_err(|_| Error::cancelled())
    }

    async fn say(&self, event: Event) -> Result<()> {
        (self.say)(event).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(address: &str) -> Input {
        Input::Target(Target { sender_address: Some(address.into()), ..Target::default() })
    }

    #[tokio::test]
    async fn asks_for_input_only_when_none_lies_ready() {
        let (host, mut caller) = converse(|event| event);
        caller.input.send(target("a@contoso.com")).await.unwrap();
        let first = host.next().await.unwrap().unwrap();
        assert_eq!((first.number, first.target.sender_address.as_deref()), (1, Some("a@contoso.com")));
        assert!(caller.events.try_recv().is_err(), "nothing was asked");

        let caller = tokio::spawn(async move {
            let asked = caller.events.recv().await.unwrap();
            assert!(matches!(asked, Event::WantsInput { taken: 1 }), "{asked:?}");
            caller.input.send(target("b@contoso.com")).await.unwrap();
            caller
        });
        assert_eq!(host.next().await.unwrap().unwrap().number, 2);
        drop(caller.await.unwrap().input);
    }

    #[tokio::test]
    async fn a_caller_that_left_cancels() {
        let (host, caller) = converse(|event| event);
        drop(caller);
        assert_eq!(host.warn("anybody there?").await.unwrap_err().code(), Code::Cancelled);
    }

    #[tokio::test]
    async fn a_confirmation_that_cannot_be_asked_is_an_error_and_never_a_yes() {
        let (host, mut caller) = converse(|event| event);
        let asking = tokio::spawn(async move {
            host.confirm(Confirmation { caption: "c".into(), description: "Unblock x".into(), question: "q".into() })
                .await
        });
        let Some(Event::Question(_, answer)) = caller.events.recv().await else { panic!("no question") };
        answer.send(Answer::Impossible("not interactive".into())).unwrap();
        let error = asking.await.unwrap().unwrap_err();
        assert_eq!(error.code(), Code::ConfirmationImpossible);
        assert!(error.message.contains("Unblock x") && error.message.contains("-Confirm:$false"), "{error}");
    }
}

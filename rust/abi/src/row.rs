//! The types of rows and their columns. Each is written once: the name that C and the module see beside the value.

use restricted_sender_core::connection::ConnectionStatus;
use restricted_sender_core::error::{Code, Error};
use restricted_sender_core::host::{Confirmation, Message, Progress, Row};
use restricted_sender_core::restriction::{Key, Restriction, SenderState, UnblockResult};

use crate::cell::{Cell, RsCellType};

/// What a row describes. The columns of each type can be asked with `rs_row_type_column`.
#[repr(i32)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RsRowType {
    /// An error, or an item that failed.
    Error = 0,
    /// Something to tell.
    Message = 1,
    /// How far a long operation is.
    Progress = 2,
    /// A change that the host is asked to confirm.
    Confirm = 3,
    /// A connection to an organization.
    Connection = 4,
    /// An entry of the list of restricted entities.
    RestrictedSender = 5,
    /// Whether an entity is restricted.
    SenderState = 6,
    /// What came of an unblock.
    UnblockResult = 7,
    /// A line of the table of errors.
    ErrorCode = 8,
    /// An endpoint for which the host is asked which proxy this system uses.
    Proxy = 9,
}

/// A column: its name and the type of its values (which may also be null).
pub type Column = (&'static str, RsCellType);

/// Defines, for each row type, its columns and how a value of the core becomes cells.
macro_rules! rows {
    ($($function:ident $row_type:ident $columns:ident ($value:ident: $type:ty) {
        $($name:ident: $kind:ident = $cell:expr,)+
    })+) => {
        $(
            const $columns: &[Column] = &[$((stringify!($name), RsCellType::$kind)),+];

            /// The cells of one row.
            pub fn $function($value: $type) -> Vec<Cell> {
                vec![$(Cell::from($cell)),+]
            }
        )+

        /// The columns of a row type by its number.
        pub fn columns(row_type: i32) -> Option<&'static [Column]> {
            [$((RsRowType::$row_type as i32, $columns)),+]
                .into_iter()
                .find_map(|(number, columns)| (number == row_type).then_some(columns))
        }
    };
}

rows! {
    error Error ERROR (error: Error) {
        Code: Text = error.code.id(),
        Name: Text = error.code.name(),
        Category: Int64 = i64::from(error.code.kind() as i32),
        Message: Text = error.message.clone(),
        RecommendedAction: Text = error.code.recommended_action(),
        Target: Text = error.target.clone(),
        Retryable: Bool = error.code.retryable(),
        HttpStatus: Int64 = error.http_status.map(i64::from),
        ExceptionType: Text = error.exception_type.clone(),
        Aadsts: Int64 = error.aadsts.map(i64::from),
        RequestId: Text = error.request_id.clone(),
        RetryAfterSec: Int64 = error.retry_after_sec.map(|sec| i64::try_from(sec).unwrap_or(i64::MAX)),
        Causes: List = error.causes.clone(),
    }

    message Message MESSAGE (message: Message) {
        Level: Int64 = i64::from(message.level as i32),
        Text: Text = message.text,
    }

    progress Progress PROGRESS (progress: Progress) {
        Activity: Text = progress.activity,
        Status: Text = progress.status,
        Percent: Int64 = progress.percent.map(i64::from),
    }

    confirm Confirm CONFIRM (confirmation: Confirmation) {
        Caption: Text = confirmation.caption,
        Description: Text = confirmation.description,
        Question: Text = confirmation.question,
    }

    proxy Proxy PROXY (endpoint: String) {
        Endpoint: Text = endpoint,
    }

    connection Connection CONNECTION (connection: ConnectionStatus) {
        Organization: Text = connection.organization,
        TenantId: Text = connection.tenant_id,
        Account: Text = connection.account,
        ExchangeEnvironmentName: Text = connection.environment,
        ConnectionUri: Text = connection.connection_uri,
        IsPractice: Bool = connection.practice,
        PracticeUri: Text = connection.practice_uri,
        ConnectedAt: Ticks = connection.connected_at,
        TokenExpires: Ticks = connection.token_expires,
    }

    restricted_sender RestrictedSender RESTRICTED_SENDER (entry: Restriction) {
        EntityType: Text = entry.key.entity_type().name(),
        SenderAddress: Text = entry.key.sender_address().map(str::to_owned),
        ConnectorId: Text = entry.key.connector_id(),
        ConnectorName: Text = entry.connector_name,
        BlockType: Text = entry.block_type.name(),
        Summary: Text = entry.summary,
        RestrictedSince: Ticks = entry.created,
        Reason: Text = entry.reason.text,
        CreatedDatetime: Ticks = only_sender(&entry.key, entry.created),
        ChangedDatetime: Ticks = entry.changed,
        TemporaryBlock: Bool = entry.temporary_block,
        CreatedTime: Ticks = only_connector(&entry.key, entry.created),
        ExpirationTime: Ticks = entry.expiration,
        Organization: Text = entry.organization,
        TenantId: Text = entry.tenant_id,
        IsPractice: Bool = entry.practice,
        PortalUrl: Text = entry.portals.restricted_entities.clone(),
        Others: List = named(entry.others),
    }

    sender_state SenderState SENDER_STATE (answer: SenderState) {
        EntityType: Text = answer.entity_type.map(|entity_type| entity_type.name()),
        SenderAddress: Text = answer.sender_address,
        ConnectorId: Text = answer.connector_id,
        State: Text = answer.state.name(),
        Key: Text = answer.key,
        Checked: List = answer.checked,
        Error: List = answer.error.map(|failure| Cell::List(error(failure))),
        Organization: Text = answer.organization,
        TenantId: Text = answer.tenant_id,
        IsPractice: Bool = answer.practice,
    }

    unblock_result UnblockResult UNBLOCK_RESULT (result: UnblockResult) {
        EntityType: Text = result.entity_type.map(|entity_type| entity_type.name()),
        SenderAddress: Text = result.sender_address,
        ConnectorId: Text = result.connector_id,
        ConnectorName: Text = result.connector_name,
        Outcome: Text = result.outcome.name(),
        RequestedAt: Ticks = result.requested_at,
        RequestId: Text = result.request_id,
        Organization: Text = result.organization,
        TenantId: Text = result.tenant_id,
        IsPractice: Bool = result.practice,
    }

    error_code ErrorCode ERROR_CODE (code: Code) {
        Code: Text = code.id(),
        Name: Text = code.name(),
        Category: Int64 = i64::from(code.kind() as i32),
        Retryable: Bool = code.retryable(),
        Meaning: Text = code.meaning(),
        RecommendedAction: Text = code.recommended_action(),
    }
}

fn only_sender<T>(key: &Key, value: Option<T>) -> Option<T> {
    value.filter(|_| matches!(key, Key::Sender(_)))
}

fn only_connector<T>(key: &Key, value: Option<T>) -> Option<T> {
    value.filter(|_| matches!(key, Key::Connector(_)))
}

/// Names and values in turn.
fn named(others: Vec<(String, restricted_sender_core::exchange::Value)>) -> Cell {
    Cell::List(others.into_iter().flat_map(|(name, value)| [Cell::Text(name), Cell::from(value)]).collect())
}

/// The type and the cells of a result.
pub fn result(row: Row) -> (RsRowType, Vec<Cell>) {
    match row {
        Row::Connection(row) => (RsRowType::Connection, connection(row)),
        Row::Restriction(row) => (RsRowType::RestrictedSender, restricted_sender(row)),
        Row::State(row) => (RsRowType::SenderState, sender_state(row)),
        Row::Unblock(row) => (RsRowType::UnblockResult, unblock_result(row)),
        Row::ErrorCode(code) => (RsRowType::ErrorCode, error_code(code)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_type_has_columns_and_no_other_number_has() {
        for number in 0..=9 {
            assert!(columns(number).is_some_and(|columns| !columns.is_empty()), "{number}");
        }
        assert!(columns(10).is_none() && columns(-1).is_none());
    }

    #[test]
    fn cells_are_of_their_columns_type() {
        let mut failure = Error::new(Code::NotListed, "x").about("y");
        failure = failure.with(|details| {
            details.http_status = Some(404);
            details.aadsts = Some(1);
            details.retry_after_sec = Some(2);
            details.request_id = Some("r".into());
            details.exception_type = Some("t".into());
        });
        let cells = error(failure);
        let columns = columns(RsRowType::Error as i32).unwrap();
        assert_eq!(cells.len(), columns.len());
        for (cell, (name, kind)) in crate::cell::RowView::new(cells).types().zip(columns) {
            assert_eq!(cell, *kind as i32, "{name}");
        }
    }
}

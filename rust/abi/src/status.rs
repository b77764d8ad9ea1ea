//! What every function returns.

/// The result of a call.
#[repr(i32)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RsStatus {
    /// The call did what it says.
    Ok = 0,
    /// It did not; the error handle says why. From a step: the operation has failed and is over.
    Failed = 1,
    /// A step found a row, or several of one type; read them with `rs_operation_rows`.
    Row = 2,
    /// A step found news of a long operation: a row of type `RS_ROW_TYPE_PROGRESS`.
    Progress = 3,
    /// A step found something to tell: a row of type `RS_ROW_TYPE_MESSAGE`, or `RS_ROW_TYPE_ERROR` for an item that
    /// failed while the operation goes on.
    Message = 4,
    /// A step found something that only the host can do: a row of type `RS_ROW_TYPE_CONFIRM` (bind `Confirmed`, a
    /// bool) or `RS_ROW_TYPE_PROXY` (bind `Proxy`, a text, or nothing for none). Answer it with `rs_request_answer` or
    /// `rs_request_refuse`; until then no step is possible.
    Request = 5,
    /// The operation has dealt with all that was pushed and wants more, or the end of the input.
    Input = 6,
    /// Nothing happened within the timeout.
    Pending = 7,
    /// The operation is complete.
    Done = 8,
}

/* The C ABI of RestrictedSender 0.1.0. Generated from rust/abi: change it there. */

#ifndef RESTRICTED_SENDER_H
#define RESTRICTED_SENDER_H

#include <stdint.h>


/**
 * The type of a cell's value, and of a column or parameter.
 */
enum RsCellType
#ifdef __cplusplus
  : int32_t
#endif // __cplusplus
 {
  /**
   * No value.
   */
  RS_CELL_TYPE_NULL = 0,
  /**
   * `value.integer` is 0 or 1.
   */
  RS_CELL_TYPE_BOOL = 1,
  /**
   * `value.integer`.
   */
  RS_CELL_TYPE_INT64 = 2,
  /**
   * `value.real`.
   */
  RS_CELL_TYPE_DOUBLE = 3,
  /**
   * `value.integer` is a moment in UTC, in units of 100 nanoseconds since the beginning of the year 1.
   */
  RS_CELL_TYPE_TICKS = 4,
  /**
   * `value.text` points to `length` bytes of UTF-8; there is no final zero.
   */
  RS_CELL_TYPE_TEXT = 5,
  /**
   * `value.items` points to `length` cells.
   */
  RS_CELL_TYPE_LIST = 6,
};
#ifndef __cplusplus
typedef int32_t RsCellType;
#endif // __cplusplus

/**
 * What a row describes. The columns of each type can be asked with `rs_row_type_column`.
 */
enum RsRowType
#ifdef __cplusplus
  : int32_t
#endif // __cplusplus
 {
  /**
   * An error, or an item that failed.
   */
  RS_ROW_TYPE_ERROR = 0,
  /**
   * Something to tell.
   */
  RS_ROW_TYPE_MESSAGE = 1,
  /**
   * How far a long operation is.
   */
  RS_ROW_TYPE_PROGRESS = 2,
  /**
   * A change that the host is asked to confirm.
   */
  RS_ROW_TYPE_CONFIRM = 3,
  /**
   * A connection to an organization.
   */
  RS_ROW_TYPE_CONNECTION = 4,
  /**
   * An entry of the list of restricted entities.
   */
  RS_ROW_TYPE_RESTRICTED_SENDER = 5,
  /**
   * Whether an entity is restricted.
   */
  RS_ROW_TYPE_SENDER_STATE = 6,
  /**
   * What came of an unblock.
   */
  RS_ROW_TYPE_UNBLOCK_RESULT = 7,
  /**
   * A line of the table of errors.
   */
  RS_ROW_TYPE_ERROR_CODE = 8,
  /**
   * An endpoint for which the host is asked which proxy this system uses.
   */
  RS_ROW_TYPE_PROXY = 9,
  /**
   * What there is to tell about an entry of the list beyond its row there.
   */
  RS_ROW_TYPE_DESCRIPTION = 10,
  /**
   * An event of the history.
   */
  RS_ROW_TYPE_HISTORY_EVENT = 11,
  /**
   * The history of one entity in a line.
   */
  RS_ROW_TYPE_HISTORY_SUMMARY = 12,
  /**
   * What there is to say of a journal.
   */
  RS_ROW_TYPE_JOURNAL = 13,
  /**
   * A place where the chain of a journal does not hold.
   */
  RS_ROW_TYPE_JOURNAL_BREAK = 14,
  /**
   * A cmdlet of the host's Exchange session that it is asked to run, once for each parameter.
   */
  RS_ROW_TYPE_CMDLET = 15,
  /**
   * A step of a connection that was checked.
   */
  RS_ROW_TYPE_CONNECTION_CHECK = 16,
  /**
   * A text that the host is asked to sign with the key of the connection's certificate.
   */
  RS_ROW_TYPE_SIGN = 17,
  /**
   * A variable of the process that the host is asked for.
   */
  RS_ROW_TYPE_ENVIRONMENT_VARIABLE = 18,
  /**
   * An address that the host is asked to open in a browser.
   */
  RS_ROW_TYPE_BROWSE = 19,
  /**
   * The evidence about one sender or connector.
   */
  RS_ROW_TYPE_SENDER_ACCOUNT_REPORT = 20,
  /**
   * One check of it.
   */
  RS_ROW_TYPE_SENDER_ACCOUNT_CHECK = 21,
  /**
   * Something that a check has seen.
   */
  RS_ROW_TYPE_SENDER_ACCOUNT_FACT = 22,
  /**
   * An action that secures an account.
   */
  RS_ROW_TYPE_SENDER_ACCOUNT_PROTECTION = 23,
  /**
   * What a delivery report says about one recipient.
   */
  RS_ROW_TYPE_NON_DELIVERY_REPORT = 24,
  /**
   * What a status code means.
   */
  RS_ROW_TYPE_NON_DELIVERY_CODE = 25,
  /**
   * What a sender may send, or whomever a rule is for.
   */
  RS_ROW_TYPE_SENDING_LIMIT = 26,
  /**
   * A rule that leads to an outbound spam policy, and what became of it.
   */
  RS_ROW_TYPE_SENDING_RULE = 27,
  /**
   * What a sender has sent, against the limits.
   */
  RS_ROW_TYPE_OUTBOUND_SENDING = 28,
  /**
   * What the organization has sent, against its limits.
   */
  RS_ROW_TYPE_OUTBOUND_SENDING_SUMMARY = 29,
  /**
   * A sender or a domain among the busiest.
   */
  RS_ROW_TYPE_BUSIEST = 30,
  /**
   * Lines of a trace that could not be used.
   */
  RS_ROW_TYPE_UNUSABLE_LINES = 31,
};
#ifndef __cplusplus
typedef int32_t RsRowType;
#endif // __cplusplus

/**
 * The result of a call.
 */
enum RsStatus
#ifdef __cplusplus
  : int32_t
#endif // __cplusplus
 {
  /**
   * The call did what it says.
   */
  RS_STATUS_OK = 0,
  /**
   * It did not; the error handle says why. From a step: the operation has failed and is over.
   */
  RS_STATUS_FAILED = 1,
  /**
   * A step found a row, or several of one type; read them with `rs_operation_rows`.
   */
  RS_STATUS_ROW = 2,
  /**
   * A step found news of a long operation: a row of type `RS_ROW_TYPE_PROGRESS`.
   */
  RS_STATUS_PROGRESS = 3,
  /**
   * A step found something to tell: a row of type `RS_ROW_TYPE_MESSAGE`, or `RS_ROW_TYPE_ERROR` for an item that
   * failed while the operation goes on.
   */
  RS_STATUS_MESSAGE = 4,
  /**
   * A step found something that only the host can do: a row of type `RS_ROW_TYPE_CONFIRM` (bind `Confirmed`, a
   * bool) or `RS_ROW_TYPE_PROXY` (bind `Proxy`, a text, or nothing for none). Answer it with `rs_request_answer` or
   * `rs_request_refuse`; until then no step is possible.
   */
  RS_STATUS_REQUEST = 5,
  /**
   * The operation has dealt with all that was pushed and wants more, or the end of the input.
   */
  RS_STATUS_INPUT = 6,
  /**
   * Nothing happened within the timeout.
   */
  RS_STATUS_PENDING = 7,
  /**
   * The operation is complete.
   */
  RS_STATUS_DONE = 8,
};
#ifndef __cplusplus
typedef int32_t RsStatus;
#endif // __cplusplus

/**
 * The value of a cell. Only the member that the cell's type names may be read.
 */
typedef union RsValue {
  /**
   * The value of a bool, an integer or a moment.
   */
  int64_t integer;
  /**
   * The value of a double.
   */
  double real;
  /**
   * The bytes of a text.
   */
  const char *text;
  /**
   * The cells of a list.
   */
  const struct RsCell *items;
} RsValue;

/**
 * One value of a row.
 */
typedef struct RsCell {
  /**
   * An `RsCellType`: it says which member of the value is meaningful.
   */
  int32_t cell_type;
  /**
   * The value.
   */
  union RsValue value;
  /**
   * The number of bytes of a text, or of cells of a list.
   */
  int64_t length;
} RsCell;

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/**
 * Binds a text. The library wipes its copy when it is done with it.
 *
 * # Safety
 * `name` and `value` must be null or valid for reading as many bytes as the length says.
 * `error` must be null or valid for writing.
 */
RsStatus rs_bind_text(int64_t operation,
                      const char *name,
                      int64_t name_length,
                      const char *value,
                      int64_t value_length,
                      int64_t *error);

/**
 * Adds a text to a list.
 *
 * # Safety
 * `name` and `value` must be null or valid for reading as many bytes as the length says.
 * `error` must be null or valid for writing.
 */
RsStatus rs_bind_text_item(int64_t operation,
                           const char *name,
                           int64_t name_length,
                           const char *value,
                           int64_t value_length,
                           int64_t *error);

/**
 * Binds a truth value: 0 is false, everything else true.
 *
 * # Safety
 * `name` must be null or valid for reading as many bytes as the length says.
 * `error` must be null or valid for writing.
 */
RsStatus rs_bind_bool(int64_t operation,
                      const char *name,
                      int64_t name_length,
                      int32_t value,
                      int64_t *error);

/**
 * Binds a whole number.
 *
 * # Safety
 * `name` must be null or valid for reading as many bytes as the length says.
 * `error` must be null or valid for writing.
 */
RsStatus rs_bind_int64(int64_t operation,
                       const char *name,
                       int64_t name_length,
                       int64_t value,
                       int64_t *error);

/**
 * Binds a number.
 *
 * # Safety
 * `name` must be null or valid for reading as many bytes as the length says.
 * `error` must be null or valid for writing.
 */
RsStatus rs_bind_double(int64_t operation,
                        const char *name,
                        int64_t name_length,
                        double value,
                        int64_t *error);

/**
 * Binds a moment in UTC, in units of 100 nanoseconds since the beginning of the year 1.
 *
 * # Safety
 * `name` must be null or valid for reading as many bytes as the length says.
 * `error` must be null or valid for writing.
 */
RsStatus rs_bind_ticks(int64_t operation,
                       const char *name,
                       int64_t name_length,
                       int64_t value,
                       int64_t *error);

/**
 * Reads an error: its cells are the columns of `RS_ROW_TYPE_ERROR`, valid until the error is closed.
 *
 * # Safety
 * `cells`, `count`, `error` must be null or valid for writing.
 */
RsStatus rs_error_row(int64_t failure, const struct RsCell **cells, int64_t *count, int64_t *error);

/**
 * Closes an error.
 *
 * # Safety
 * `error` must be null or valid for writing.
 */
RsStatus rs_error_close(int64_t failure, int64_t *error);

/**
 * The library's version. The module refuses a library of another version than its own.
 *
 * # Safety
 * `text`, `length`, `error` must be null or valid for writing.
 */
RsStatus rs_version(const char **text, int64_t *length, int64_t *error);

/**
 * How many sessions, operations and errors are open, together: zero when everything was closed.
 *
 * # Safety
 * `count`, `error` must be null or valid for writing.
 */
RsStatus rs_live_handles(int64_t *count, int64_t *error);

/**
 * Name and type (an `RsCellType`) of a column of a row type; `RS_STATUS_DONE` after the last column.
 *
 * # Safety
 * `name`, `length`, `cell_type`, `error` must be null or valid for writing.
 */
RsStatus rs_row_type_column(int32_t row_type,
                            int64_t index,
                            const char **name,
                            int64_t *length,
                            int32_t *cell_type,
                            int64_t *error);

/**
 * Prepares the operation of that name on a session. Session 0 stands for none, which is an error that says how to
 * connect.
 *
 * # Safety
 * `name` must be null or valid for reading as many bytes as the length says.
 * `operation`, `error` must be null or valid for writing.
 */
RsStatus rs_operation_prepare(int64_t session,
                              const char *name,
                              int64_t name_length,
                              int64_t *operation,
                              int64_t *error);

/**
 * Starts the operation with the parameters that are bound.
 *
 * # Safety
 * `error` must be null or valid for writing.
 */
RsStatus rs_operation_start(int64_t operation, int64_t *error);

/**
 * Pushes the fields that are bound as the next item of the input. After it, step until `RS_STATUS_INPUT`.
 *
 * # Safety
 * `error` must be null or valid for writing.
 */
RsStatus rs_operation_push(int64_t operation, int64_t *error);

/**
 * Ends the input. After it, step until `RS_STATUS_DONE`.
 *
 * # Safety
 * `error` must be null or valid for writing.
 */
RsStatus rs_operation_finish(int64_t operation, int64_t *error);

/**
 * Waits for what the operation says next, at most `timeout_ms` milliseconds (negative: without end). Ends what the
 * last row pointed to. One thread at a time.
 *
 * # Safety
 * `error` must be null or valid for writing.
 */
RsStatus rs_operation_step(int64_t operation,
                           int64_t timeout_ms,
                           int64_t *error);

/**
 * Reads what the last step found: one row or several of one type. Their cells lie one row after the other, `columns`
 * cells each, valid until the next step or the close.
 *
 * # Safety
 * `row_type`, `cells`, `columns`, `rows`, `error` must be null or valid for writing.
 */
RsStatus rs_operation_rows(int64_t operation,
                           int32_t *row_type,
                           const struct RsCell **cells,
                           int64_t *columns,
                           int64_t *rows,
                           int64_t *error);

/**
 * Ends the operation wherever it is, from any thread. A step that waits comes back at once with
 * `RS_STATUS_FAILED` and the error RS9001.
 *
 * # Safety
 * `error` must be null or valid for writing.
 */
RsStatus rs_operation_cancel(int64_t operation, int64_t *error);

/**
 * Closes the operation; one that is under way is cancelled. What its rows pointed to ends here.
 *
 * # Safety
 * `error` must be null or valid for writing.
 */
RsStatus rs_operation_close(int64_t operation, int64_t *error);

/**
 * Answers the request of the last step with what is bound. An absent `Confirmed` means no, an absent `Proxy` none;
 * `Signature` is base64; an absent `Value` is a variable that is not set; an address that was opened needs nothing.
 *
 * # Safety
 * `error` must be null or valid for writing.
 */
RsStatus rs_request_answer(int64_t operation,
                           int64_t *error);

/**
 * Says that the host cannot answer the request of the last step, and why.
 *
 * # Safety
 * `why` must be null or valid for reading as many bytes as the length says.
 * `error` must be null or valid for writing.
 */
RsStatus rs_request_refuse(int64_t operation, const char *why, int64_t why_length, int64_t *error);

/**
 * Opens a session without a connection; the operation `connect-restricted-sender` makes it.
 *
 * # Safety
 * `session`, `error` must be null or valid for writing.
 */
RsStatus rs_session_open(int64_t *session, int64_t *error);

/**
 * Closes a session. Operations that are under way keep its connection until they end.
 *
 * # Safety
 * `error` must be null or valid for writing.
 */
RsStatus rs_session_close(int64_t session, int64_t *error);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* RESTRICTED_SENDER_H */

/* The C ABI from C: what a host does with it, and everything that a host can do wrong.
 *
 * Prints one line for each check and "N checks, N failed" at the end; exits with 1 when one failed. Run plainly, under
 * valgrind, and with the address sanitizer. `border leak` and `border use-after-close` plant a defect, so that one can
 * see those tools find it. */

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "restricted_sender.h"

static int checks, failures;

#define CHECK(condition, ...) check((condition), #condition, __LINE__, __VA_ARGS__)

static void check(int holds, const char *condition, int line, const char *what) {
    checks++;
    if (!holds) failures++;
    printf("%s %s%s%s\n", holds ? "ok    " : "FAILED", what, holds ? "" : ": ", holds ? "" : condition);
    if (!holds) printf("       in line %d\n", line);
    fflush(stdout);
}

static int64_t size(const char *text) { return (int64_t)strlen(text); }

/* ---- Errors */

enum { ERROR_CODE = 0, ERROR_MESSAGE = 3, ERROR_ACTION = 4, ERROR_RETRYABLE = 6, ERROR_COLUMNS = 13 };

static int text_is(const RsCell *cell, const char *text) {
    return cell->cell_type == RS_CELL_TYPE_TEXT && cell->length == size(text) &&
           memcmp(cell->value.text, text, strlen(text)) == 0;
}

static int text_has(const RsCell *cell, const char *part) {
    char copy[4096] = "";
    if (cell->cell_type != RS_CELL_TYPE_TEXT || cell->length >= (int64_t)sizeof copy) return 0;
    memcpy(copy, cell->value.text, (size_t)cell->length);
    return strstr(copy, part) != NULL;
}

/* Whether `status` is a failure with this code and this part in its message; closes the error. */
static int failed_with(RsStatus status, int64_t error, const char *code, const char *part) {
    const RsCell *cells = NULL;
    int64_t count = 0;
    if (status != RS_STATUS_FAILED || error == 0) return 0;
    if (rs_error_row(error, &cells, &count, NULL) != RS_STATUS_OK || count != ERROR_COLUMNS) return 0;
    int fits = text_is(&cells[ERROR_CODE], code) && text_has(&cells[ERROR_MESSAGE], part) &&
               cells[ERROR_ACTION].length > 0 && cells[ERROR_RETRYABLE].cell_type == RS_CELL_TYPE_BOOL;
    if (!fits) printf("       it says: %.*s %.*s\n", (int)cells[ERROR_CODE].length, cells[ERROR_CODE].value.text,
                      (int)cells[ERROR_MESSAGE].length, cells[ERROR_MESSAGE].value.text);
    return rs_error_close(error, NULL) == RS_STATUS_OK && fits;
}

#define FAILS(call, code, part)                                 \
    do {                                                        \
        int64_t error = 0;                                      \
        RsStatus status = (call);                               \
        CHECK(failed_with(status, error, code, part), part);    \
    } while (0)

static void must(RsStatus status, int64_t error, int line) {
    if (status != RS_STATUS_FAILED) return;
    const RsCell *cells;
    int64_t count;
    if (rs_error_row(error, &cells, &count, NULL) == RS_STATUS_OK)
        printf("FAILED in line %d: %.*s\n", line, (int)cells[ERROR_MESSAGE].length, cells[ERROR_MESSAGE].value.text);
    exit(1);
}

#define MUST(call)                      \
    do {                                \
        int64_t error = 0;              \
        must((call), error, __LINE__);  \
    } while (0)

/* ---- What a host does */

static int64_t open_session(void) {
    int64_t session = 0;
    MUST(rs_session_open(&session, &error));
    return session;
}

static int64_t prepare(int64_t session, const char *name) {
    int64_t operation = 0;
    MUST(rs_operation_prepare(session, name, size(name), &operation, &error));
    return operation;
}

static void bind_text(int64_t operation, const char *name, const char *value) {
    MUST(rs_bind_text(operation, name, size(name), value, size(value), &error));
}

static void bind_bool(int64_t operation, const char *name, int32_t value) {
    MUST(rs_bind_bool(operation, name, size(name), value, &error));
}

static RsStatus step(int64_t operation) {
    int64_t error = 0;
    RsStatus status = rs_operation_step(operation, -1, &error);
    must(status, error, __LINE__);
    return status;
}

/* Steps past progress and past details, which come before and after everything. */
static RsStatus heard(int64_t operation, int64_t *error) {
    for (;;) {
        RsStatus status = rs_operation_step(operation, -1, error);
        if (status == RS_STATUS_PROGRESS) continue;
        if (status != RS_STATUS_MESSAGE) return status;
        int32_t type;
        int64_t columns, count;
        const RsCell *cells;
        must(rs_operation_rows(operation, &type, &cells, &columns, &count, error), *error, __LINE__);
        /* The first cell of a message is its level: 0 is a detail. */
        if (type != RS_ROW_TYPE_MESSAGE || cells[0].value.integer != 0) return status;
    }
}

static RsStatus news(int64_t operation) {
    int64_t error = 0;
    RsStatus status = heard(operation, &error);
    must(status, error, __LINE__);
    return status;
}

/* The rows of the last step, one after the other, and how many they are. */
static const RsCell *rows(int64_t operation, int32_t wanted, int64_t *columns, int64_t *count) {
    int32_t type;
    const RsCell *cells;
    MUST(rs_operation_rows(operation, &type, &cells, columns, count, &error));
    if (type != wanted) {
        printf("FAILED: rows of type %d instead of %d\n", type, wanted);
        exit(1);
    }
    return cells;
}

static const RsCell *row(int64_t operation, int32_t wanted) {
    int64_t columns, count;
    const RsCell *cells = rows(operation, wanted, &columns, &count);
    if (count != 1) {
        printf("FAILED: %d rows of type %d instead of one\n", (int)count, wanted);
        exit(1);
    }
    return cells;
}

static int64_t connect_practice(const char *scenario) {
    int64_t session = open_session();
    int64_t operation = prepare(session, "connect-restricted-sender");
    bind_bool(operation, "Sandbox", 1);
    bind_text(operation, "Scenario", scenario);
    MUST(rs_bind_double(operation, "TimeScale", 9, 0.0, &error));
    MUST(rs_bind_int64(operation, "Seed", 4, 1, &error));
    MUST(rs_operation_start(operation, &error));
    while (step(operation) != RS_STATUS_DONE) {
    }
    MUST(rs_operation_close(operation, &error));
    return session;
}

/* The number of a column of a row type, so that no number is written down twice. */
static int64_t column(int32_t row_type, const char *wanted) {
    const char *name;
    int64_t length;
    int32_t type;
    for (int64_t index = 0; rs_row_type_column(row_type, index, &name, &length, &type, NULL) == RS_STATUS_OK; index++)
        if (length == size(wanted) && memcmp(name, wanted, strlen(wanted)) == 0) return index;
    printf("FAILED: row type %d has no column %s\n", row_type, wanted);
    exit(1);
}

static int64_t live(void) {
    int64_t count = -1;
    MUST(rs_live_handles(&count, &error));
    return count;
}

/* Counts the entries and remembers the address of the first. */
static int list(int64_t session, char *first, size_t room) {
    int64_t operation = prepare(session, "get-restricted-sender");
    int64_t address = column(RS_ROW_TYPE_RESTRICTED_SENDER, "SenderAddress");
    int all = 0;
    bind_bool(operation, "Everything", 1);
    MUST(rs_operation_start(operation, &error));
    for (RsStatus status; (status = step(operation)) != RS_STATUS_DONE;) {
        if (status != RS_STATUS_ROW) continue;
        int64_t columns, count;
        const RsCell *cells = rows(operation, RS_ROW_TYPE_RESTRICTED_SENDER, &columns, &count);
        for (int64_t index = 0; index < count; index++) {
            const RsCell *cell = &cells[index * columns + address];
            if (all++ == 0) snprintf(first, room, "%.*s", (int)cell->length, cell->value.text);
        }
    }
    MUST(rs_operation_close(operation, &error));
    return all;
}

static void use(void) {
    char first[320];
    int64_t session = connect_practice("Standard");
    CHECK(list(session, first, sizeof first) == 11, "lists the eleven restricted entities of the practice tenant");

    int64_t operation = prepare(session, "unblock-restricted-sender");
    bind_text(operation, "Comment", "from C");
    bind_bool(operation, "PassThru", 1);
    MUST(rs_operation_start(operation, &error));
    for (int confirmed = 0; confirmed <= 1; confirmed++) {
        bind_text(operation, "SenderAddress", first);
        MUST(rs_operation_push(operation, &error));
        CHECK(news(operation) == RS_STATUS_REQUEST, "asks before it changes anything");
        const RsCell *question = row(operation, RS_ROW_TYPE_CONFIRM);
        CHECK(text_has(&question[column(RS_ROW_TYPE_CONFIRM, "Question")], first), "names whom it asks about");
        FAILS(rs_operation_step(operation, -1, &error), "RS9002", "a request waits for its answer");
        FAILS(rs_bind_text(operation, "SenderAddress", 13, "x", 1, &error), "RS9002", "'SenderAddress' cannot be bound");
        bind_bool(operation, "Confirmed", confirmed);
        MUST(rs_request_answer(operation, &error));
        if (confirmed) {
            CHECK(step(operation) == RS_STATUS_MESSAGE, "tells what it sends");
            row(operation, RS_ROW_TYPE_MESSAGE);
            CHECK(news(operation) == RS_STATUS_ROW, "tells what came of a yes");
            const RsCell *cells = row(operation, RS_ROW_TYPE_UNBLOCK_RESULT);
            CHECK(text_is(&cells[column(RS_ROW_TYPE_UNBLOCK_RESULT, "Outcome")], "Removing"), "the service took it");
            CHECK(cells[column(RS_ROW_TYPE_UNBLOCK_RESULT, "RequestedAt")].cell_type == RS_CELL_TYPE_TICKS,
                  "times are ticks");
        }
        CHECK(news(operation) == RS_STATUS_INPUT, "wants more");
    }
    bind_text(operation, "SenderAddress", "nobody@contoso.com");
    MUST(rs_operation_push(operation, &error));
    CHECK(news(operation) == RS_STATUS_MESSAGE, "one item that fails does not end it");
    CHECK(text_is(&row(operation, RS_ROW_TYPE_ERROR)[ERROR_CODE], "RS4002"), "and its code says why");
    CHECK(news(operation) == RS_STATUS_ROW && news(operation) == RS_STATUS_INPUT, "it goes on after that");
    bind_text(operation, "SenderAddress", "o'brien@contoso.com");
    MUST(rs_operation_push(operation, &error));
    CHECK(news(operation) == RS_STATUS_REQUEST, "asks again");
    MUST(rs_request_refuse(operation, "no one is here", 14, &error));
    FAILS(rs_operation_step(operation, -1, &error), "RS1011", "no one is here");
    MUST(rs_operation_close(operation, &error));
    MUST(rs_session_close(session, &error));
}

/* ---- What a host can do wrong */

static void misuse(void) {
    int64_t session = 0, operation = 0, number = 0;
    const RsCell *cells;
    const char *text;
    int32_t type;

    FAILS(rs_session_open(NULL, &error), "RS9002", "an output is null");
    FAILS(rs_version(NULL, &number, &error), "RS9002", "an output is null");
    FAILS(rs_version(&text, NULL, &error), "RS9002", "an output is null");
    FAILS(rs_live_handles(NULL, &error), "RS9002", "an output is null");
    FAILS(rs_row_type_column(99, 0, &text, &number, &type, &error), "RS9002", "there is no such row type");
    FAILS(rs_row_type_column(-1, 0, &text, &number, &type, &error), "RS9002", "there is no such row type");
    FAILS(rs_row_type_column(0, -1, &text, &number, &type, &error), "RS9002", "a column has a negative number");
    CHECK(rs_row_type_column(0, ERROR_COLUMNS, &text, &number, &type, NULL) == RS_STATUS_DONE, "columns end");

    FAILS(rs_operation_prepare(0, "get-restricted-sender", 21, &operation, &error), "RS1001", "no connection");
    session = open_session();
    FAILS(rs_operation_prepare(session, "get-restricted-sender", 21, &operation, &error), "RS1001", "no connection");
    FAILS(rs_operation_prepare(session, "dance", 5, &operation, &error), "RS9002", "there is no operation 'dance'");
    FAILS(rs_operation_prepare(session, NULL, 5, &operation, &error), "RS9002", "a text is null");
    FAILS(rs_operation_prepare(session, "\xff\xfe", 2, &operation, &error), "RS9002", "a text is not UTF-8");
    FAILS(rs_operation_prepare(session, "dance", -5, &operation, &error), "RS9002", "negative length");
    FAILS(rs_operation_prepare(session, "get-error-code", 14, NULL, &error), "RS9002", "an output is null");
    FAILS(rs_operation_prepare(12345, "get-error-code", 14, &operation, &error), "RS9002", "the handle is not a session");
    CHECK(operation == 0, "outputs are written only on success");
    CHECK(rs_session_open(NULL, NULL) == RS_STATUS_FAILED, "who wants no error gets none");

    operation = prepare(session, "get-error-code");
    FAILS(rs_operation_step(session, -1, &error), "RS9002", "the handle is not a operation");
    FAILS(rs_session_close(operation, &error), "RS9002", "the handle is not a session");
    FAILS(rs_error_close(operation, &error), "RS9002", "the handle is not a error");
    FAILS(rs_operation_step(operation, -1, &error), "RS9002", "the operation was not started");
    FAILS(rs_operation_finish(operation, &error), "RS9002", "the operation was not started");
    FAILS(rs_operation_push(operation, &error), "RS9002", "the operation takes no input now");
    FAILS(rs_operation_rows(operation, &type, &cells, &number, &number, &error), "RS9002", "the last step brought no row");
    FAILS(rs_operation_rows(operation, NULL, &cells, &number, &number, &error), "RS9002", "an output is null");
    FAILS(rs_operation_rows(operation, &type, &cells, &number, NULL, &error), "RS9002", "an output is null");
    FAILS(rs_request_answer(operation, &error), "RS9002", "nothing was asked");
    FAILS(rs_request_refuse(operation, "x", 1, &error), "RS9002", "nothing was asked");
    FAILS(rs_bind_text(operation, "Name", 4, "x", 1, &error), "RS9002", "nothing can be bound here");
    MUST(rs_operation_start(operation, &error));
    FAILS(rs_operation_start(operation, &error), "RS9002", "the operation was started before");
    while (step(operation) != RS_STATUS_DONE) {
    }
    CHECK(step(operation) == RS_STATUS_DONE, "done stays done");
    MUST(rs_operation_close(operation, &error));
    FAILS(rs_operation_close(operation, &error), "RS9002", "the operation is closed");
    FAILS(rs_operation_step(operation, -1, &error), "RS9002", "the operation is closed");
    FAILS(rs_operation_cancel(operation, &error), "RS9002", "the operation is closed");

    operation = prepare(session, "connect-restricted-sender");
    FAILS(rs_bind_bool(operation, "Organization", 12, 1, &error), "RS9002", "Organization takes Text, not Bool");
    FAILS(rs_bind_text(operation, "organization", 12, "x", 1, &error), "RS9002", "'organization' cannot be bound");
    FAILS(rs_bind_text_item(operation, "Organization", 12, "x", 1, &error), "RS9002", "takes Text, not List");
    FAILS(rs_bind_ticks(operation, "Organization", 12, INT64_MAX, &error), "RS9002", "beyond the year 9999");
    FAILS(rs_bind_double(operation, "Seed", 4, 1.0, &error), "RS9002", "Seed takes Int64, not Double");
    FAILS(rs_bind_int64(operation, "Sandbox", 7, 1, &error), "RS9002", "Sandbox takes Bool, not Int64");
    FAILS(rs_bind_text(operation, NULL, 3, "x", 1, &error), "RS9002", "a text is null");
    bind_text(operation, "Organization", "contoso.com");
    MUST(rs_operation_start(operation, &error));
    FAILS(rs_operation_step(operation, -1, &error), "RS1004", "says how to sign in");
    FAILS(rs_operation_step(operation, -1, &error), "RS1004", "says how to sign in");
    MUST(rs_session_close(session, &error));
    FAILS(rs_session_close(session, &error), "RS9002", "the session is closed");
    FAILS(rs_operation_prepare(session, "get-error-code", 14, &number, &error), "RS1002", "The connection was closed");
    MUST(rs_operation_close(operation, &error));

    int64_t failure = 0;
    rs_session_open(NULL, &failure);
    FAILS(rs_error_row(failure, NULL, &number, &error), "RS9002", "an output is null");
    MUST(rs_error_close(failure, &error));
    FAILS(rs_error_close(failure, &error), "RS9002", "the error is closed");
    FAILS(rs_error_row(failure, &cells, &number, &error), "RS9002", "the error is closed");
}

/* A service far away is asked for through the system's proxy, which only the host knows. */
static void proxy(void) {
    const char *far = "https://exchange.example";
    int64_t session = open_session(), operation = prepare(session, "connect-restricted-sender");
    bind_text(operation, "Organization", "contoso.com");
    bind_text(operation, "AccessToken", "secret");
    bind_text(operation, "ConnectionUri", far);
    bind_text(operation, "AzureADAuthorizationEndpointUri", far);
    MUST(rs_operation_start(operation, &error));
    CHECK(step(operation) == RS_STATUS_REQUEST, "asks for the proxy");
    CHECK(text_is(&row(operation, RS_ROW_TYPE_PROXY)[0], far), "of this endpoint, once");
    bind_text(operation, "Proxy", "http://127.0.0.1:1");
    MUST(rs_request_answer(operation, &error));
    FAILS(heard(operation, &error), "RS3002", "https://exchange.example could not be reached");
    MUST(rs_operation_close(operation, &error));
    MUST(rs_session_close(session, &error));
}

/* Answers the cmdlet that is asked for, as an Exchange session does: with two objects for the list of senders, with none
 * for that of connectors, and it has no other cmdlet. */
static void run_cmdlet(int64_t operation) {
    int64_t columns, count;
    const RsCell *asked = rows(operation, RS_ROW_TYPE_CMDLET, &columns, &count);
    const RsCell *name = &asked[column(RS_ROW_TYPE_CMDLET, "Name")];
    const char *senders[] = {"one@contoso.com", "two@contoso.com"};
    int is_list = text_is(name, "Get-BlockedSenderAddress"), is_known = is_list || text_is(name, "Get-BlockedConnector");
    for (int sender = 0; is_list && sender < 2; sender++) {
        bind_text(operation, "SenderAddress", senders[sender]);
        bind_text(operation, "Reason", "OutboundSpamLast24Hours=9");
        bind_bool(operation, "TemporaryBlock", sender);
        MUST(rs_operation_push(operation, &error));
    }
    if (!is_known) bind_bool(operation, "Missing", 1);
    MUST(rs_request_answer(operation, &error));
}

/* While a cmdlet is asked for, what is pushed is no input but the objects that it returned. */
static void exchange_session(void) {
    int64_t session = open_session(), operation = prepare(session, "connect-restricted-sender");
    bind_bool(operation, "ExchangeSession", 1);
    MUST(rs_bind_text_item(operation, "Sessions", 8, "Exchange", 8, &error));
    bind_text(operation, "Organization", "contoso.com");
    bind_text(operation, "JournalPath", "no-such-folder");
    MUST(rs_operation_start(operation, &error));
    CHECK(news(operation) == RS_STATUS_REQUEST, "asks for a cmdlet of the host's session");
    CHECK(text_is(&row(operation, RS_ROW_TYPE_CMDLET)[0], "Get-BlockedSenderAddress"), "by its name, with no parameter");
    run_cmdlet(operation);
    FAILS(rs_operation_push(operation, &error), "RS9002", "the operation takes no input now");
    CHECK(news(operation) == RS_STATUS_ROW, "and is connected by its answer");
    MUST(rs_operation_close(operation, &error));

    operation = prepare(session, "test-restricted-sender");
    MUST(rs_operation_start(operation, &error));
    CHECK(news(operation) == RS_STATUS_INPUT, "wants input");
    bind_text(operation, "SenderAddress", "TWO@contoso.com");
    MUST(rs_operation_push(operation, &error));
    RsStatus status;
    int requests = 0;
    while ((status = news(operation)) == RS_STATUS_REQUEST) {
        run_cmdlet(operation);
        requests++;
    }
    CHECK(requests > 0 && status == RS_STATUS_ROW, "runs cmdlets until it knows");
    const RsCell *state = &row(operation, RS_ROW_TYPE_SENDER_STATE)[column(RS_ROW_TYPE_SENDER_STATE, "State")];
    CHECK(text_is(state, "Restricted"), "who was pushed as the second object is restricted");
    CHECK(news(operation) == RS_STATUS_INPUT, "the objects were none of its input");
    MUST(rs_operation_finish(operation, &error));
    CHECK(news(operation) == RS_STATUS_DONE, "which ends");
    MUST(rs_operation_close(operation, &error));
    MUST(rs_session_close(session, &error));
}

static void panics(void) {
    int64_t session = open_session(), operation = prepare(session, "panic");
    bind_text(operation, "Where", "call");
    FAILS(rs_operation_start(operation, &error), "RS9003", "a panic in the call, on purpose");
    MUST(rs_operation_close(operation, &error));

    const char *places[] = {"task", "spawned"};
    for (int place = 0; place < 2; place++) {
        operation = prepare(session, "panic");
        bind_text(operation, "Where", places[place]);
        MUST(rs_operation_start(operation, &error));
        FAILS(rs_operation_step(operation, -1, &error), "RS9003", place ? "a panic in a spawned task" : "a panic in the task");
        FAILS(rs_operation_step(operation, -1, &error), "RS9003", "panic.rs:");
        MUST(rs_operation_close(operation, &error));
    }
    operation = prepare(session, "get-error-code");
    MUST(rs_operation_start(operation, &error));
    CHECK(step(operation) == RS_STATUS_ROW, "the session still works after panics");
    MUST(rs_operation_close(operation, &error));
    MUST(rs_session_close(session, &error));
}

/* How many rows a step found, if its status says so; -1 when they cannot be read. */
static int64_t found(int64_t operation, RsStatus status) {
    int32_t type;
    const RsCell *cells;
    int64_t columns, count;
    if (status != RS_STATUS_ROW) return 0;
    return rs_operation_rows(operation, &type, &cells, &columns, &count, NULL) == RS_STATUS_OK ? count : -1;
}

/* ---- Order of closing, abandoning, cancelling */

static void any_order(void) {
    int64_t session = connect_practice("Large");
    int64_t abandoned = prepare(session, "get-restricted-sender");
    bind_bool(abandoned, "Everything", 1);
    MUST(rs_operation_start(abandoned, &error));
    while (step(abandoned) != RS_STATUS_ROW) {
    }
    int64_t outliving = prepare(session, "get-restricted-sender");
    bind_bool(outliving, "Everything", 1);
    MUST(rs_operation_start(outliving, &error));
    MUST(rs_session_close(session, &error));
    MUST(rs_operation_close(abandoned, &error));
    int64_t all = 0;
    for (RsStatus status; (status = step(outliving)) != RS_STATUS_DONE;) all += found(outliving, status);
    CHECK(all == 10200, "an operation keeps what it needs of a closed session alive");
    MUST(rs_operation_close(outliving, &error));
}

static void *cancel_soon(void *operation) {
    rs_operation_cancel(*(int64_t *)operation, NULL);
    return NULL;
}

static void cancel(void) {
    int64_t session = connect_practice("Standard"), operation = prepare(session, "test-restricted-sender");
    MUST(rs_operation_start(operation, &error));
    CHECK(step(operation) == RS_STATUS_INPUT, "wants input");
    CHECK(rs_operation_step(operation, 1, NULL) == RS_STATUS_PENDING, "a timeout that passes is no failure");
    pthread_t thread;
    pthread_create(&thread, NULL, cancel_soon, &operation);
    FAILS(rs_operation_step(operation, -1, &error), "RS9001", "cancelled");
    pthread_join(thread, NULL);
    MUST(rs_operation_close(operation, &error));
    MUST(rs_session_close(session, &error));
}

/* ---- Threads */

enum { THREADS = 8, ROUNDS = 25 };

static int64_t shared_session;
static atomic_int wrong;

static void *work(void *unused) {
    (void)unused;
    for (int round = 0; round < ROUNDS; round++) {
        int64_t operation = 0;
        const char *name = "get-restricted-sender";
        if (rs_operation_prepare(shared_session, name, size(name), &operation, NULL) != RS_STATUS_OK) wrong++;
        rs_bind_bool(operation, "Everything", 10, 1, NULL);
        rs_operation_start(operation, NULL);
        int64_t all = 0;
        RsStatus status;
        while ((status = rs_operation_step(operation, -1, NULL)) != RS_STATUS_DONE && status != RS_STATUS_FAILED)
            all += found(operation, status);
        if (status != RS_STATUS_DONE || all != 11) wrong++;
        rs_operation_close(operation, NULL);
    }
    return NULL;
}

static void *step_to_the_end(void *operation) {
    RsStatus status;
    do status = rs_operation_step(*(int64_t *)operation, -1, NULL);
    while (status != RS_STATUS_DONE && status != RS_STATUS_FAILED);
    return NULL;
}

static void *close_it(void *operation) {
    if (rs_operation_close(*(int64_t *)operation, NULL) != RS_STATUS_OK) wrong++;
    return NULL;
}

static void threads(void) {
    pthread_t all[THREADS];
    shared_session = connect_practice("Standard");
    for (int i = 0; i < THREADS; i++) pthread_create(&all[i], NULL, work, NULL);
    for (int i = 0; i < THREADS; i++) pthread_join(all[i], NULL);
    CHECK(wrong == 0, "many operations on one session, each with its own eleven rows");

    for (int round = 0; round < ROUNDS; round++) {
        int64_t operation = prepare(shared_session, "get-restricted-sender");
        bind_bool(operation, "Everything", 1);
        MUST(rs_operation_start(operation, &error));
        pthread_create(&all[0], NULL, step_to_the_end, &operation);
        pthread_create(&all[1], NULL, step_to_the_end, &operation);
        pthread_create(&all[2], NULL, cancel_soon, &operation);
        pthread_create(&all[3], NULL, close_it, &operation);
        for (int i = 0; i < 4; i++) pthread_join(all[i], NULL);
    }
    CHECK(wrong == 0, "step, cancel and close race, and nothing happens but errors");
    MUST(rs_session_close(shared_session, &error));
}

/* ---- Defects, so that the tools can be seen to find them */

static void plant_leak(void) {
    int64_t failure = 0;
    volatile char *lost = malloc(4242);
    lost[0] = 1;
    lost = NULL;
    rs_session_open(NULL, &failure);
}

static void plant_use_after_close(void) {
    int64_t failure = 0, count;
    const RsCell *cells;
    rs_session_open(NULL, &failure);
    MUST(rs_error_row(failure, &cells, &count, &error));
    MUST(rs_error_close(failure, &error));
    printf("%d\n", (int)cells[ERROR_CODE].cell_type);
}

int main(int count, char **arguments) {
    if (count > 1 && strcmp(arguments[1], "leak") == 0) plant_leak();
    else if (count > 1 && strcmp(arguments[1], "use-after-close") == 0) plant_use_after_close();
    else {
        use();
        misuse();
        proxy();
        exchange_session();
        panics();
        any_order();
        cancel();
        threads();
    }
    CHECK(live() == 0, "everything is closed at the end");
    printf("%d checks, %d failed\n", checks, failures);
    return failures != 0;
}

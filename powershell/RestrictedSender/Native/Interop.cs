using System;
using System.Collections.Generic;
using System.Linq;
using System.Runtime.InteropServices;
using System.Security;
using System.Text;

[assembly: DefaultDllImportSearchPaths(DllImportSearchPath.AssemblyDirectory)]

namespace RestrictedSender.PowerShell.Native;

/// <summary>What a native call returns; the same numbers as <c>RsStatus</c> in restricted_sender.h.</summary>
internal enum Status
{
    Ok = 0,
    Failed = 1,
    Row = 2,
    Progress = 3,
    Message = 4,
    Request = 5,
    Input = 6,
    Pending = 7,
    Done = 8,
}

/// <summary>What a row describes; the same numbers as <c>RsRowType</c> in restricted_sender.h.</summary>
internal enum RowType
{
    Error = 0,
    Message = 1,
    Progress = 2,
    Confirm = 3,
    Connection = 4,
    RestrictedSender = 5,
    SenderState = 6,
    UnblockResult = 7,
    ErrorCode = 8,
    Proxy = 9,
    Description = 10,
    HistoryEvent = 11,
    HistorySummary = 12,
    Journal = 13,
    JournalBreak = 14,
    Cmdlet = 15,
    ConnectionCheck = 16,
    Sign = 17,
    EnvironmentVariable = 18,
    Browse = 19,
    SenderAccountReport = 20,
    SenderAccountCheck = 21,
    SenderAccountFact = 22,
    SenderAccountProtection = 23,
    NonDeliveryReport = 24,
    NonDeliveryCode = 25,
    SendingLimit = 26,
    SendingRule = 27,
    OutboundSending = 28,
    OutboundSendingSummary = 29,
    Busiest = 30,
    UnusableLines = 31,
}

/// <summary>
/// The C functions of restricted_sender.h and the memory behind them. Everything unsafe of the module is in this file;
/// handles are plain numbers that the library checks.
/// </summary>
internal static unsafe class Interop
{
    internal const string LibraryName = "restricted_sender";

    /// <summary>Same layout as <c>RsCell</c>, whose value is a union.</summary>
    [StructLayout(LayoutKind.Explicit)]
    internal struct Cell
    {
        [FieldOffset(0)] internal int CellType;
        [FieldOffset(8)] internal long Integer;
        [FieldOffset(8)] internal double Real;
        [FieldOffset(8)] internal byte* Text;
        [FieldOffset(8)] internal Cell* Items;
        [FieldOffset(16)] internal long Length;
    }

    internal const int Null = 0, Bool = 1, Int64 = 2, Double = 3, Ticks = 4, TextType = 5, List = 6;

    internal static string Version()
    {
        byte* text;
        long length, error;
        Check(rs_version(&text, &length, &error), error);
        return Encoding.UTF8.GetString(text, checked((int)length));
    }

    internal static long OpenSession()
    {
        long session, error;
        Check(rs_session_open(&session, &error), error);
        return session;
    }

    /// <summary>Closes a handle that is being given up; one that is closed already is no failure.</summary>
    internal static void CloseSession(long session) => rs_session_close(session, null);

    internal static long Prepare(long session, string name)
    {
        var utf8 = Utf8(name);
        long operation, error;
        fixed (byte* text = utf8)
            Check(rs_operation_prepare(session, text, utf8.Length, &operation, &error), error);
        return operation;
    }

    internal static long LiveHandles()
    {
        long count, error;
        Check(rs_live_handles(&count, &error), error);
        return count;
    }

    internal static void Start(long operation)
    {
        long error;
        Check(rs_operation_start(operation, &error), error);
    }

    internal static void Push(long operation)
    {
        long error;
        Check(rs_operation_push(operation, &error), error);
    }

    internal static void Finish(long operation)
    {
        long error;
        Check(rs_operation_finish(operation, &error), error);
    }

    internal static Status Step(long operation)
    {
        long error;
        var status = rs_operation_step(operation, -1, &error);
        Check(status, error);
        return status;
    }

    /// <summary>What the last step found, readable until the next step or the close.</summary>
    internal static Rows Rows(long operation, TextMemory memory)
    {
        int type;
        Cell* cells;
        long columns, count, error;
        Check(rs_operation_rows(operation, &type, &cells, &columns, &count, &error), error);
        memory.Forget();
        return new Rows((RowType)type, cells, columns, count, memory);
    }

    internal static void Cancel(long operation) => rs_operation_cancel(operation, null);

    internal static void CloseOperation(long operation) => rs_operation_close(operation, null);

    internal static void Bind(long operation, string name, string value)
    {
        var utf8 = Utf8(value);
        fixed (byte* text = utf8)
            BindUtf8(operation, name, text, utf8.Length);
    }

    /// <summary>Binds a text, as the first bytes of a buffer that has it in UTF-8.</summary>
    internal static void Bind(long operation, string name, byte[] utf8, int length)
    {
        fixed (byte* text = utf8)
            BindUtf8(operation, name, text, Math.Min(length, utf8.Length));
    }

    /// <summary>Adds a text to a list, as the bytes of its UTF-8.</summary>
    internal static void Add(long operation, string name, byte[] value)
    {
        var utf8 = Utf8(name);
        long error;
        fixed (byte* text = utf8, item = value)
            Check(rs_bind_text_item(operation, text, utf8.Length, item, value.Length, &error), error);
    }

    /// <summary>Binds a secret without making a managed copy of it.</summary>
    internal static void Bind(long operation, string name, SecureString value)
    {
        var unicode = Marshal.SecureStringToGlobalAllocUnicode(value);
        try
        {
            var size = Encoding.UTF8.GetByteCount((char*)unicode, value.Length);
            var utf8 = (byte*)Marshal.AllocHGlobal(size + 1);
            try
            {
                Encoding.UTF8.GetBytes((char*)unicode, value.Length, utf8, size);
                BindUtf8(operation, name, utf8, size);
            }
            finally
            {
                for (var index = 0; index <= size; index++)
                    utf8[index] = 0;
                Marshal.FreeHGlobal((IntPtr)utf8);
            }
        }
        finally
        {
            Marshal.ZeroFreeGlobalAllocUnicode(unicode);
        }
    }

    private static void BindUtf8(long operation, string name, byte* value, long length)
    {
        var utf8 = Utf8(name);
        long error;
        fixed (byte* text = utf8)
            Check(rs_bind_text(operation, text, utf8.Length, value, length, &error), error);
    }

    internal static void Bind(long operation, string name, bool value)
    {
        var utf8 = Utf8(name);
        long error;
        fixed (byte* text = utf8)
            Check(rs_bind_bool(operation, text, utf8.Length, value ? 1 : 0, &error), error);
    }

    internal static void Bind(long operation, string name, long value)
    {
        var utf8 = Utf8(name);
        long error;
        fixed (byte* text = utf8)
            Check(rs_bind_int64(operation, text, utf8.Length, value, &error), error);
    }

    internal static void Bind(long operation, string name, double value)
    {
        var utf8 = Utf8(name);
        long error;
        fixed (byte* text = utf8)
            Check(rs_bind_double(operation, text, utf8.Length, value, &error), error);
    }

    internal static void Bind(long operation, string name, DateTime value)
    {
        var utf8 = Utf8(name);
        long error;
        fixed (byte* text = utf8)
            Check(rs_bind_ticks(operation, text, utf8.Length, value.ToUniversalTime().Ticks, &error), error);
    }

    internal static void Answer(long operation)
    {
        long error;
        Check(rs_request_answer(operation, &error), error);
    }

    internal static void Refuse(long operation, string why)
    {
        var utf8 = Utf8(why);
        long error;
        fixed (byte* text = utf8)
            Check(rs_request_refuse(operation, text, utf8.Length, &error), error);
    }

    /// <summary>Loads the library by its full path; later calls by name find it loaded (Windows PowerShell 5.1).</summary>
    internal static void LoadByFullPath(string file)
    {
        const uint searchBesideTheFile = 0x00000008;
        if (LoadLibraryEx(file, IntPtr.Zero, searchBesideTheFile) == IntPtr.Zero)
            throw new DllNotFoundException(new System.ComponentModel.Win32Exception().Message);
    }

    private static byte[] Utf8(string text) => Encoding.UTF8.GetBytes(text);

    private static void Check(Status status, long error)
    {
        if (status == Status.Failed)
            throw new RestrictedSenderException(ReadError(error));
    }

    private static ErrorInfo ReadError(long failure)
    {
        Cell* cells;
        long count;
        if (rs_error_row(failure, &cells, &count, null) == Status.Failed)
            throw new InvalidOperationException("The native library failed and cannot say why.");
        try
        {
            return new ErrorInfo(new Row(RowType.Error, cells, count, null));
        }
        finally
        {
            rs_error_close(failure, null);
        }
    }

    // Exact names and types of restricted_sender.h.
#pragma warning disable IDE1006 // the names are C's
    [DllImport(LibraryName)] private static extern Status rs_version(byte** text, long* length, long* error);
    [DllImport(LibraryName)] private static extern Status rs_live_handles(long* count, long* error);
    [DllImport(LibraryName)] private static extern Status rs_session_open(long* session, long* error);
    [DllImport(LibraryName)] private static extern Status rs_session_close(long session, long* error);
    [DllImport(LibraryName)] private static extern Status rs_operation_prepare(long session, byte* name, long nameLength, long* operation, long* error);
    [DllImport(LibraryName)] private static extern Status rs_operation_start(long operation, long* error);
    [DllImport(LibraryName)] private static extern Status rs_operation_push(long operation, long* error);
    [DllImport(LibraryName)] private static extern Status rs_operation_finish(long operation, long* error);
    [DllImport(LibraryName)] private static extern Status rs_operation_step(long operation, long timeoutMs, long* error);
    [DllImport(LibraryName)] private static extern Status rs_operation_rows(long operation, int* rowType, Cell** cells, long* columns, long* rows, long* error);
    [DllImport(LibraryName)] private static extern Status rs_operation_cancel(long operation, long* error);
    [DllImport(LibraryName)] private static extern Status rs_operation_close(long operation, long* error);
    [DllImport(LibraryName)] private static extern Status rs_bind_text(long operation, byte* name, long nameLength, byte* value, long valueLength, long* error);
    [DllImport(LibraryName)] private static extern Status rs_bind_text_item(long operation, byte* name, long nameLength, byte* value, long valueLength, long* error);
    [DllImport(LibraryName)] private static extern Status rs_bind_bool(long operation, byte* name, long nameLength, int value, long* error);
    [DllImport(LibraryName)] private static extern Status rs_bind_int64(long operation, byte* name, long nameLength, long value, long* error);
    [DllImport(LibraryName)] private static extern Status rs_bind_double(long operation, byte* name, long nameLength, double value, long* error);
    [DllImport(LibraryName)] private static extern Status rs_bind_ticks(long operation, byte* name, long nameLength, long value, long* error);
    [DllImport(LibraryName)] private static extern Status rs_request_answer(long operation, long* error);
    [DllImport(LibraryName)] private static extern Status rs_request_refuse(long operation, byte* why, long whyLength, long* error);
    [DllImport(LibraryName)] private static extern Status rs_error_row(long failure, Cell** cells, long* count, long* error);
    [DllImport(LibraryName)] private static extern Status rs_error_close(long failure, long* error);
    [DllImport("kernel32", CharSet = CharSet.Unicode, SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    private static extern IntPtr LoadLibraryEx(string file, IntPtr reserved, uint flags);
#pragma warning restore IDE1006

    /// <summary>Reads the cell at <paramref name="cell"/> as whatever it is.</summary>
    internal static object? Value(Cell* cell) => cell->CellType switch
    {
        Null => null,
        Bool => cell->Integer != 0,
        Int64 => cell->Integer,
        Double => cell->Real,
        Ticks => Moment(cell),
        TextType => Text(cell),
        List => Values(cell),
        var other => throw new InvalidOperationException($"The native library sent a value of unknown type {other}."),
    };

    internal static string Text(Cell* cell) => Encoding.UTF8.GetString(cell->Text, checked((int)cell->Length));

    internal static SecureString Secret(Cell* cell)
    {
        var size = checked((int)cell->Length);
        var characters = (char*)Marshal.AllocHGlobal((size + 1) * sizeof(char));
        try
        {
            var secret = new SecureString(characters, Encoding.UTF8.GetChars(cell->Text, size, characters, size));
            secret.MakeReadOnly();
            return secret;
        }
        finally
        {
            for (var index = 0; index <= size; index++)
                characters[index] = '\0';
            Marshal.FreeHGlobal((IntPtr)characters);
        }
    }

    internal static DateTime Moment(Cell* cell) => new(cell->Integer, DateTimeKind.Utc);

    internal static object?[] Values(Cell* list)
    {
        var values = new object?[checked((int)list->Length)];
        for (var index = 0; index < values.Length; index++)
            values[index] = Value(list->Items + index);
        return values;
    }

    /// <summary>Whether a text in memory is <paramref name="text"/>; only asked for plain ASCII, else "no".</summary>
    internal static bool IsAscii(Cell* cell, string text)
    {
        if (cell->Length != text.Length)
            return false;
        for (var index = 0; index < text.Length; index++)
        {
            if (cell->Text[index] != text[index] || text[index] > 0x7f)
                return false;
        }
        return true;
    }
}

/// <summary>
/// The last text of each column of an operation's rows: organization, portal and the like are the same in every row,
/// and one string serves them all. Within a block of rows such a text is even at the same address.
/// </summary>
internal sealed unsafe class TextMemory
{
    private Last[] _columns = new Last[32];

    private struct Last
    {
        internal string? Text;
        internal byte* Address;
        internal long Length;
    }

    /// <summary>Addresses mean nothing any more: what comes next is another block.</summary>
    internal void Forget()
    {
        for (var column = 0; column < _columns.Length; column++)
            _columns[column].Address = null;
    }

    internal string Read(Interop.Cell* cell, long column)
    {
        if (column >= _columns.Length)
            Array.Resize(ref _columns, checked((int)column * 2));
        ref var last = ref _columns[column];
        if (last.Text is { } text && cell->Text == last.Address && cell->Length == last.Length)
            return text;
        last.Address = cell->Text;
        last.Length = cell->Length;
        return last.Text is { } earlier && Interop.IsAscii(cell, earlier) ? earlier : last.Text = Interop.Text(cell);
    }
}

/// <summary>Rows of the native library that came at once.</summary>
internal readonly unsafe struct Rows(RowType type, Interop.Cell* cells, long columns, long count, TextMemory memory)
{
    internal long Count { get; } = count;

    internal Row this[long index] => new(type, cells + (index * columns), columns, memory);
}

/// <summary>
/// A row of the native library, read column by column in their order. Valid only until the next step, so it is read
/// into an object at once and never kept.
/// </summary>
internal unsafe struct Row
{
    private readonly Interop.Cell* _cells;
    private readonly long _count;
    private readonly TextMemory? _memory;
    private long _next;

    internal Row(RowType type, Interop.Cell* cells, long count, TextMemory? memory)
    {
        Type = type;
        _cells = cells;
        _count = count;
        _memory = memory;
        _next = 0;
    }

    internal RowType Type { get; }

    /// <summary>Begins to read; a row of another type is a defect of the library.</summary>
    internal void Expect(RowType type)
    {
        if (Type != type)
            throw new InvalidOperationException($"The native library sent a row of type {Type} instead of {type}.");
    }

    internal string? Text()
    {
        var cell = Next(Interop.TextType);
        return cell is null ? null : _memory?.Read(cell, _next - 1) ?? Interop.Text(cell);
    }

    /// <summary>A text that no managed string is made of.</summary>
    internal SecureString? Secret()
    {
        var cell = Next(Interop.TextType);
        return cell is null ? null : Interop.Secret(cell);
    }

    internal bool? Bool()
    {
        var cell = Next(Interop.Bool);
        return cell is null ? null : cell->Integer != 0;
    }

    internal long? Integer()
    {
        var cell = Next(Interop.Int64);
        return cell is null ? null : cell->Integer;
    }

    internal double? Real()
    {
        var cell = Next(Interop.Double);
        return cell is null ? null : cell->Real;
    }

    internal DateTime? Moment()
    {
        var cell = Next(Interop.Ticks);
        return cell is null ? null : Interop.Moment(cell);
    }

    internal TimeSpan? Duration() => Integer() is { } ticks ? TimeSpan.FromTicks(ticks) : null;

    internal TEnum? Name<TEnum>() where TEnum : struct => Text() is { } name ? Names<TEnum>.Value(name) : null;

    internal string[] Texts() => TextsIfAny() ?? [];

    internal string[]? TextsIfAny()
    {
        var cell = Next(Interop.List);
        return cell is null ? null : Array.ConvertAll(Interop.Values(cell), value => (string)value!);
    }

    /// <summary>A row within the row, or nothing.</summary>
    internal Row? Nested(RowType type)
    {
        var cell = Next(Interop.List);
        return cell is null ? null : new Row(type, cell->Items, cell->Length, null);
    }

    /// <summary>Rows within the row, which follow each other in one list.</summary>
    internal Row[] Nested(RowType type, int columns)
    {
        var cell = Next(Interop.List);
        var rows = new Row[cell is null ? 0 : checked((int)cell->Length / columns)];
        for (var index = 0; index < rows.Length; index++)
            rows[index] = new Row(type, cell->Items + (index * columns), columns, null);
        return rows;
    }

    /// <summary>Names and values in turn; nothing when there are none.</summary>
    internal KeyValuePair<string, object?>[]? Named()
    {
        var cell = Next(Interop.List);
        if (cell is null || cell->Length == 0)
            return null;
        var pairs = new KeyValuePair<string, object?>[checked((int)cell->Length / 2)];
        for (var index = 0; index < pairs.Length; index++)
            pairs[index] = new(Interop.Text(cell->Items + (2 * index)), Interop.Value(cell->Items + (2 * index) + 1));
        return pairs;
    }

    /// <summary>The next cell, null where it has no value.</summary>
    private Interop.Cell* Next(int type)
    {
        if (_next >= _count)
            throw new InvalidOperationException($"The native library sent a row of type {Type} with {_count} columns only.");
        var cell = _cells + _next++;
        if (cell->CellType == Interop.Null)
            return null;
        return cell->CellType == type
            ? cell
            : throw new InvalidOperationException($"Column {_next} of a row of type {Type} has a value of type {cell->CellType}.");
    }

    private static class Names<TEnum> where TEnum : struct
    {
        private static readonly Dictionary<string, TEnum> Known = Enum.GetValues(typeof(TEnum)).Cast<TEnum>()
            .ToDictionary(value => value.ToString()!, StringComparer.Ordinal);

        internal static TEnum Value(string name) => Known.TryGetValue(name, out var value)
            ? value
            : throw new InvalidOperationException($"The native library sent an unknown {typeof(TEnum).Name}: {name}.");
    }
}

using System.Runtime.InteropServices;
using System.Text;

namespace RestrictedSender.Module.Tests;

/// <summary>A failure as a host in C reads it: the cells of a row of type Error.</summary>
internal sealed class NativeException(object?[] cells) : Exception((string?)cells[3])
{
    public IReadOnlyList<object?> Cells { get; } = cells;
}

/// <summary>
/// A host like one in C, on the very instance of the native library that the module has loaded: for what only such a
/// host can see or do.
/// </summary>
internal static unsafe class NativeHost
{
    /// <summary>Numbers of restricted_sender.h; a test compares the module's with the header.</summary>
    private const int Failed = 1, Row = 2, Input = 6, Done = 8;

    private static readonly nint Library = NativeLibrary.Load(Place.LibraryIn(Place.Module));

    private static readonly delegate* unmanaged<long*, long*, int> LiveHandles =
        (delegate* unmanaged<long*, long*, int>)NativeLibrary.GetExport(Library, "rs_live_handles");

    private static readonly delegate* unmanaged<int, long, byte**, long*, int*, long*, int> RowTypeColumn =
        (delegate* unmanaged<int, long, byte**, long*, int*, long*, int>)NativeLibrary.GetExport(
            Library, "rs_row_type_column");

    private static readonly delegate* unmanaged<long*, long*, int> SessionOpen =
        (delegate* unmanaged<long*, long*, int>)NativeLibrary.GetExport(Library, "rs_session_open");

    private static readonly delegate* unmanaged<long, long*, int> SessionClose =
        (delegate* unmanaged<long, long*, int>)NativeLibrary.GetExport(Library, "rs_session_close");

    private static readonly delegate* unmanaged<long, byte*, long, long*, long*, int> OperationPrepare =
        (delegate* unmanaged<long, byte*, long, long*, long*, int>)NativeLibrary.GetExport(
            Library, "rs_operation_prepare");

    private static readonly delegate* unmanaged<long, long*, int> OperationStart =
        (delegate* unmanaged<long, long*, int>)NativeLibrary.GetExport(Library, "rs_operation_start");

    private static readonly delegate* unmanaged<long, long*, int> OperationCancel =
        (delegate* unmanaged<long, long*, int>)NativeLibrary.GetExport(Library, "rs_operation_cancel");

    private static readonly delegate* unmanaged<long, long*, int> OperationClose =
        (delegate* unmanaged<long, long*, int>)NativeLibrary.GetExport(Library, "rs_operation_close");

    private static readonly delegate* unmanaged<long, long, long*, int> OperationStep =
        (delegate* unmanaged<long, long, long*, int>)NativeLibrary.GetExport(Library, "rs_operation_step");

    private static readonly delegate* unmanaged<long, int*, Cell**, long*, long*, long*, int> OperationRows =
        (delegate* unmanaged<long, int*, Cell**, long*, long*, long*, int>)NativeLibrary.GetExport(
            Library, "rs_operation_rows");

    private static readonly delegate* unmanaged<long, byte*, long, int, long*, int> BindBool =
        (delegate* unmanaged<long, byte*, long, int, long*, int>)NativeLibrary.GetExport(Library, "rs_bind_bool");

    private static readonly delegate* unmanaged<long, Cell**, long*, long*, int> ErrorRow =
        (delegate* unmanaged<long, Cell**, long*, long*, int>)NativeLibrary.GetExport(Library, "rs_error_row");

    private static readonly delegate* unmanaged<long, long*, int> ErrorClose =
        (delegate* unmanaged<long, long*, int>)NativeLibrary.GetExport(Library, "rs_error_close");

    [StructLayout(LayoutKind.Explicit)]
    private struct Cell
    {
        [FieldOffset(0)] public int Type;
        [FieldOffset(8)] public long Integer;
        [FieldOffset(8)] public double Real;
        [FieldOffset(8)] public byte* Text;
        [FieldOffset(8)] public Cell* Items;
        [FieldOffset(16)] public long Length;
    }

    /// <summary>How many sessions, operations and errors are open in this process.</summary>
    public static long Live
    {
        get
        {
            long count, error;
            Check(LiveHandles(&count, &error), error);
            return count;
        }
    }

    /// <summary>Names and types of a row's columns.</summary>
    public static IReadOnlyList<(string Name, int Type)> Columns(int rowType)
    {
        var columns = new List<(string, int)>();
        while (true)
        {
            byte* name;
            long length, error;
            int type;
            var status = RowTypeColumn(rowType, columns.Count, &name, &length, &type, &error);
            Check(status, error);
            if (status == Done)
                return columns;
            columns.Add((Encoding.UTF8.GetString(name, (int)length), type));
        }
    }

    /// <summary>Opens a session for the time of an action.</summary>
    public static T OnSession<T>(Func<long, T> action)
    {
        long session, error;
        Check(SessionOpen(&session, &error), error);
        try
        {
            return action(session);
        }
        finally
        {
            SessionClose(session, null);
        }
    }

    /// <summary>Runs an operation without input to its end and returns the cells of its rows.</summary>
    public static IReadOnlyList<object?[]> Run(
        long session, string operation, bool cancel = false, params string[] switches)
    {
        long handle, error;
        var utf8 = Encoding.UTF8.GetBytes(operation);
        fixed (byte* name = utf8)
            Check(OperationPrepare(session, name, utf8.Length, &handle, &error), error);
        try
        {
            foreach (var parameter in switches.Select(Encoding.UTF8.GetBytes))
            {
                fixed (byte* name = parameter)
                    Check(BindBool(handle, name, parameter.Length, 1, &error), error);
            }
            Check(OperationStart(handle, &error), error);
            if (cancel)
                OperationCancel(handle, null);
            var rows = new List<object?[]>();
            while (true)
            {
                var status = OperationStep(handle, -1, &error);
                Check(status, error);
                if (status is Done or Input)
                    return rows;
                if (status != Row)
                    continue;
                int type;
                Cell* cells;
                long columns, count;
                Check(OperationRows(handle, &type, &cells, &columns, &count, &error), error);
                for (var index = 0; index < count; index++)
                    rows.Add(Read(cells + (index * columns), columns));
            }
        }
        finally
        {
            OperationClose(handle, null);
        }
    }

    private static void Check(int status, long error)
    {
        if (status != Failed)
            return;
        Cell* cells;
        long count;
        Assert.NotEqual(Failed, ErrorRow(error, &cells, &count, null));
        var row = Read(cells, count);
        ErrorClose(error, null);
        throw new NativeException(row);
    }

    private static object?[] Read(Cell* cells, long count)
    {
        var values = new object?[count];
        for (var index = 0; index < count; index++)
            values[index] = Value(cells[index]);
        return values;
    }

    private static object? Value(Cell cell) => cell.Type switch
    {
        0 => null,
        1 => cell.Integer != 0,
        2 => cell.Integer,
        3 => cell.Real,
        4 => new DateTime(cell.Integer, DateTimeKind.Utc),
        5 => Encoding.UTF8.GetString(cell.Text, (int)cell.Length),
        _ => Read(cell.Items, cell.Length),
    };
}

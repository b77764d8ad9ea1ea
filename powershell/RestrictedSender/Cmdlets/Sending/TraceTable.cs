using System;
using System.Collections;
using System.Globalization;
using System.Linq;
using System.Management.Automation;
using System.Text;
using RestrictedSender.PowerShell.Native;

namespace RestrictedSender.PowerShell;

/// <summary>Objects of a message trace, written down as Export-Csv would, some at a time, for the library to read.</summary>
internal sealed class TraceTable
{
    /// <summary>Large enough that crossing to the library costs nothing, small enough to stay in the cache.</summary>
    private const int Enough = 1 << 15;

    /// <summary>The properties that the library reads, in every shape of the trace.</summary>
    private static readonly string[] Known =
    [
        "Received", "SenderAddress", "RecipientAddress", "Status", "MessageTraceId",
        "origin_timestamp_utc", "origin_timestamp", "sender_address", "recipient_status", "network_message_id",
        "date_time_utc", "date_time", "event_id", "recipient_address", "related_recipient_address",
    ];

    private byte[] _text = new byte[2 * Enough];
    private int _length;
    private string[] _names = [];
    private object?[] _values = [];

    /// <summary>Rows of one message follow each other: its id as it was written last.</summary>
    private (Guid Id, string Text) _message = (Guid.Empty, Guid.Empty.ToString());

    internal bool IsEmpty => _length == 0;

    /// <summary>Whether there is enough to be taken.</summary>
    internal bool IsFull => _length >= Enough;

    /// <summary>
    /// Adds an object. One of another shape than those before it needs a table of its own: then nothing is added until
    /// these are taken.
    /// </summary>
    internal bool TryAdd(PSObject row)
    {
        var properties = row.Properties;
        if (!TryRead(properties))
        {
            if (!IsEmpty)
                return false;
            _names = Names(properties);
            _values = new object?[_names.Length];
            TryRead(properties);
        }
        if (IsEmpty)
            Line(_names);
        Line(_values);
        return true;
    }

    /// <summary>Binds what was added, with a header, and begins a new table.</summary>
    internal void Take(Operation operation)
    {
        operation.Bind("Text", _text, _length);
        _length = 0;
    }

    /// <summary>Reads the properties of the shape; tells whether the object has all of them.</summary>
    private bool TryRead(PSMemberInfoCollection<PSPropertyInfo> properties)
    {
        for (var index = 0; index < _names.Length; index++)
        {
            if (properties[_names[index]] is not { } property)
                return false;
            _values[index] = property.Value;
        }
        return _names.Length > 0;
    }

    /// <summary>What has nothing of a trace is named by what it has, so that the library can say so.</summary>
    private static string[] Names(PSMemberInfoCollection<PSPropertyInfo> properties)
    {
        string[] names = [.. Known.Where(name => properties[name] is not null)];
        return names.Length > 0 ? names : [.. properties.Take(3).Select(property => property.Name).DefaultIfEmpty("no property")];
    }

    private void Line(object?[] fields)
    {
        foreach (var value in fields)
        {
            Room(2);
            _text[_length++] = (byte)'"';
            switch (value is PSObject wrapped ? wrapped.BaseObject : value)
            {
                case string text:
                    Write(text);
                    break;
                case DateTime moment:
                    Write(moment);
                    break;
                case Guid id:
                    if (id != _message.Id)
                        _message = (id, id.ToString());
                    Write(_message.Text);
                    break;
                case var other:
                    Write(Text(other));
                    break;
            }
            Room(2);
            _text[_length++] = (byte)'"';
            _text[_length++] = (byte)',';
        }
        _text[_length - 1] = (byte)'\n';
    }

    /// <summary>Writes a text, quotation marks twice.</summary>
    private void Write(string text)
    {
        Room(3 * text.Length);
        var length = _length;
        foreach (var letter in text)
        {
            if (letter >= 0x80)
            {
                var whole = text.Replace("\"", "\"\"");
                Room(3 * whole.Length);
                _length += Encoding.UTF8.GetBytes(whole, 0, whole.Length, _text, _length);
                return;
            }
            if (letter == '"')
                _text[length++] = (byte)'"';
            _text[length++] = (byte)letter;
        }
        _length = length;
    }

    /// <summary>A moment without a zone is one of UTC, as the trace has them.</summary>
    private void Write(DateTime moment)
    {
        const int size = 19;
        if (moment.Kind == DateTimeKind.Local)
            moment = moment.ToUniversalTime();
        Room(size);
        Digits(moment.Year, 4, '-');
        Digits(moment.Month, 2, '-');
        Digits(moment.Day, 2, 'T');
        Digits(moment.Hour, 2, ':');
        Digits(moment.Minute, 2, ':');
        Digits(moment.Second, 2, '.');
        // Nothing finer than a second counts.
        _length--;
    }

    private void Digits(int number, int count, char after)
    {
        for (var place = _length + count - 1; place >= _length; place--, number /= 10)
            _text[place] = (byte)('0' + (number % 10));
        _length += count;
        _text[_length++] = (byte)after;
    }

    /// <summary>Makes room for so many bytes, and one more.</summary>
    private void Room(int bytes)
    {
        if (_length + bytes >= _text.Length)
            Array.Resize(ref _text, 2 * (_length + bytes + 1));
    }

    private static string Text(object? value) => (value is PSObject wrapped ? wrapped.BaseObject : value) switch
    {
        null => "",
        string text => text,
        DateTime moment => (moment.Kind == DateTimeKind.Local ? moment.ToUniversalTime() : moment).ToString("s", CultureInfo.InvariantCulture),
        IEnumerable several => string.Join(";", several.Cast<object?>().Select(Text)),
        var other => Convert.ToString(other, CultureInfo.InvariantCulture) ?? "",
    };
}

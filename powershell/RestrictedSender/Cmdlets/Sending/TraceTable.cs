using System;
using System.Collections;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Management.Automation;
using System.Text;

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

    private readonly StringBuilder _text = new();
    private string[] _names = [];

    internal bool IsEmpty => _text.Length == 0;

    /// <summary>Adds an object. Tells whether there is enough to be taken.</summary>
    internal bool Add(PSObject row)
    {
        var properties = row.Properties;
        if (!Fits(row))
            _names = Names(properties);
        if (IsEmpty)
            Line(_names);
        Line(_names.Select(name => Text(properties[name]?.Value)));
        return _text.Length >= Enough;
    }

    /// <summary>Whether an object has the shape of those before it: one of another needs a table of its own.</summary>
    internal bool Fits(PSObject row) => _names.Length > 0 && row.Properties[_names[0]] is not null;

    /// <summary>What was added, with a header.</summary>
    internal string Take()
    {
        var text = _text.ToString();
        _text.Clear();
        return text;
    }

    /// <summary>What has nothing of a trace is named by what it has, so that the library can say so.</summary>
    private static string[] Names(PSMemberInfoCollection<PSPropertyInfo> properties)
    {
        string[] names = [.. Known.Where(name => properties[name] is not null)];
        return names.Length > 0 ? names : [.. properties.Take(3).Select(property => property.Name)];
    }

    private void Line(IEnumerable<string> fields)
    {
        foreach (var field in fields)
            _text.Append('"').Append(field.IndexOf('"') < 0 ? field : field.Replace("\"", "\"\"")).Append("\",");
        _text[_text.Length - 1] = '\n';
    }

    /// <summary>A moment without a zone is one of UTC, as the trace has them.</summary>
    private static string Text(object? value) => (value is PSObject wrapped ? wrapped.BaseObject : value) switch
    {
        null => "",
        string text => text,
        DateTime moment => (moment.Kind == DateTimeKind.Local ? moment.ToUniversalTime() : moment).ToString("s", CultureInfo.InvariantCulture),
        IEnumerable several => string.Join(";", several.Cast<object?>().Select(Text)),
        var other => Convert.ToString(other, CultureInfo.InvariantCulture) ?? "",
    };
}

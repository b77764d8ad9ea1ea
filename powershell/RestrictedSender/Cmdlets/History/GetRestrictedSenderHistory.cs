using System;
using System.Collections.Generic;
using System.Linq;
using System.Management.Automation;
using RestrictedSender.PowerShell.Native;

namespace RestrictedSender.PowerShell;

/// <summary>Shows who was restricted when and why, who unblocked them, and how long it took.</summary>
[Cmdlet(VerbsCommon.Get, "RestrictedSenderHistory")]
[OutputType(typeof(HistoryEvent), typeof(HistorySummary))]
public sealed class GetRestrictedSenderHistoryCommand : OperationCmdlet
{
    private readonly List<string> _files = [], _senders = [], _connectors = [];
    private bool _named;

    /// <summary>Addresses or patterns, as the history has them; without it and -ConnectorId, everybody.</summary>
    [Parameter(Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [Alias("UserPrincipalName", "PrimarySmtpAddress")]
    [AddressTransformation]
    [AllowNull, AllowEmptyString, AllowEmptyCollection]
    [SupportsWildcards]
    public string?[]? SenderAddress { get; set; }

    /// <summary>Ids of connectors.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [AllowNull, AllowEmptyString, AllowEmptyCollection]
    public string?[]? ConnectorId { get; set; }

    /// <summary>The connections to ask; without it, the newest. With -Path none is asked.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public RestrictedSenderConnection[]? Connection { get; set; }

    /// <summary>Nothing that happened before this moment; without it, from a connection 90 days.</summary>
    [Parameter]
    public DateTime? StartDate { get; set; }

    /// <summary>Nothing that happened after this moment.</summary>
    [Parameter]
    public DateTime? EndDate { get; set; }

    /// <summary>Files that the audit log was exported to, to read instead of asking a connection: CSV or JSON.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [Alias("FullName")]
    [ValidateNotNullOrEmpty]
    public string[]? Path { get; set; }

    /// <summary>A folder of journals; without it, where this module keeps them.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? JournalPath { get; set; }

    /// <summary>A line for each sender or connector instead of each event.</summary>
    [Parameter]
    public SwitchParameter Summary { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        var bound = MyInvocation.BoundParameters;
        _named |= bound.ContainsKey(nameof(SenderAddress)) || bound.ContainsKey(nameof(ConnectorId));
        _senders.AddRange(Present(SenderAddress));
        _connectors.AddRange(Present(ConnectorId));
        foreach (var path in Path ?? [])
            _files.AddRange(SessionState.Path.GetResolvedProviderPathFromPSPath(path, out _));
    }

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        // A pipeline that brings nothing must not show everything.
        if (MyInvocation.ExpectingInput && !_named && _files.Count == 0)
            return;
        // Nor must a name that turned out empty: the library says what is missing.
        if (_named && _senders.Count == 0 && _connectors.Count == 0)
            _senders.Add("");
        const string name = "get-restricted-sender-history";
        foreach (var connection in Chosen(Connection))
        {
            // Files, and the journal without a connection, are read once.
            if (_files.Count == 0 && connection is not null)
                Start(connection, name, operation => Bind(operation, JournalPlace.Named(this, JournalPath)));
            else
            {
                StartAlone(name, operation => Bind(operation, JournalPlace.Chosen(this, JournalPath)));
                break;
            }
        }
        Finish();
    }

    private static IEnumerable<string> Present(string?[]? names) =>
        (names ?? []).Where(name => !string.IsNullOrEmpty(name)).Select(name => name!);

    /// <summary>A connection knows its own journal, unless another is named.</summary>
    private void Bind(Operation operation, string? journalPath)
    {
        operation.Add("SenderAddress", _senders);
        operation.Add("ConnectorId", _connectors);
        operation.Bind("StartDate", StartDate);
        operation.Bind("EndDate", EndDate);
        operation.Bind("Summary", Summary.IsPresent);
        operation.Add("Path", _files);
        operation.Bind("JournalPath", journalPath);
        operation.Bind("JournalExpected", JournalPath is not null);
    }

    private protected override object Read(Row row, RestrictedSenderConnection? connection) =>
        row.Type == RowType.HistorySummary ? new HistorySummary(row) : new HistoryEvent(row);
}

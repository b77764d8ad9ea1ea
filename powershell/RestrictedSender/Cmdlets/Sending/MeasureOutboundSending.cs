using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Management.Automation;
using RestrictedSender.PowerShell.Native;

namespace RestrictedSender.PowerShell;

/// <summary>Measures what was sent against the limits, by a message trace.</summary>
[Cmdlet(VerbsDiagnostic.Measure, "OutboundSending", DefaultParameterSetName = ServiceSet, SupportsShouldProcess = true)]
[OutputType(typeof(OutboundSending), typeof(OutboundSendingSummary))]
public sealed class MeasureOutboundSendingCommand : OperationCmdlet
{
    private const string ServiceSet = "Service", PathSet = "Path", LiteralPathSet = "LiteralPath", InputSet = "Input";

    private readonly List<string> _files = [];
    private readonly TraceTable _table = new();
    private Running? _rows;
    private string? _plot;

    /// <summary>Files that the trace was exported to, or folders of them.</summary>
    [Parameter(Mandatory = true, ParameterSetName = PathSet, Position = 0)]
    [ValidateNotNullOrEmpty]
    [SupportsWildcards]
    public string[]? Path { get; set; }

    /// <summary>The same, without wildcards.</summary>
    [Parameter(Mandatory = true, ParameterSetName = LiteralPathSet)]
    [Alias("PSPath")]
    [ValidateNotNullOrEmpty]
    public string[]? LiteralPath { get; set; }

    /// <summary>Rows of the trace, or files.</summary>
    [Parameter(Mandatory = true, ParameterSetName = InputSet, ValueFromPipeline = true)]
    [AllowNull]
    public PSObject? InputObject { get; set; }

    /// <summary>The connection to ask for the trace, the domains, the policies and the list; without it, the newest.</summary>
    [Parameter]
    [ValidateNotNull]
    public RestrictedSenderConnection? Connection { get; set; }

    /// <summary>Senders or patterns; everybody without it.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    [SupportsWildcards]
    public string[]? SenderAddress { get; set; }

    /// <summary>Asks the service for what was sent from this moment on; two days before the end without it.</summary>
    [Parameter(ParameterSetName = ServiceSet)]
    [MomentTransformation]
    public DateTime? StartDate { get; set; }

    /// <summary>The same, until this moment; until now without it.</summary>
    [Parameter(ParameterSetName = ServiceSet)]
    [MomentTransformation]
    public DateTime? EndDate { get; set; }

    /// <summary>The moment to look from; now, or that of the last row, without it.</summary>
    [Parameter]
    [MomentTransformation]
    public DateTime? At { get; set; }

    /// <summary>The organization's own domains. Without -Connection nobody is asked then.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string[]? AcceptedDomain { get; set; }

    /// <summary>How many licences for Exchange Online the organization has, for its own limit; 0 for a trial.</summary>
    [Parameter]
    [ValidateRange(0, int.MaxValue)]
    public int? LicenseCount { get; set; }

    /// <summary>What stands first in dates that do not tell it.</summary>
    [Parameter]
    public DateOrder? DateOrder { get; set; }

    /// <summary>The hour that limits per hour mean.</summary>
    [Parameter]
    public SendingHour? Hour { get; set; }

    /// <summary>The organization in one object instead of each sender.</summary>
    [Parameter]
    public SwitchParameter Summary { get; set; }

    /// <summary>The file to draw it into, as SVG: what was sent against the limits over time.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? PlotPath { get; set; }

    /// <summary>Keeps a file that is there, and measures nothing then.</summary>
    [Parameter]
    public SwitchParameter NoClobber { get; set; }

    /// <inheritdoc/>
    protected override void BeginProcessing()
    {
        // Only the file changes anything: -WhatIf measures, and draws nothing.
        if (JournalPlace.Named(this, PlotPath) is { } plot && ShouldProcess(plot, "Write plot"))
            _plot = plot;
    }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        foreach (var path in Path ?? [])
            _files.AddRange(SessionState.Path.GetResolvedProviderPathFromPSPath(path, out _));
        foreach (var path in LiteralPath ?? [])
            _files.Add(SessionState.Path.GetUnresolvedProviderPathFromPSPath(path));
        switch (InputObject?.BaseObject)
        {
            case null:
                break;
            case FileSystemInfo file:
                _files.Add(file.FullName);
                break;
            case string path:
                _files.AddRange(SessionState.Path.GetResolvedProviderPathFromPSPath(path, out _));
                break;
            default:
                if (!_table.TryAdd(InputObject))
                {
                    Push();
                    _table.TryAdd(InputObject);
                }
                if (_table.IsFull)
                    Push();
                break;
        }
    }

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        if (!_table.IsEmpty)
            Push();
        // A pipeline that brings nothing must not measure everything.
        else if (_rows is null && (_files.Count > 0 || !MyInvocation.ExpectingInput))
            Begin(_files.Count > 0 ? "Files" : "Service");
        Finish();
        if (_rows is not null && _files.Count > 0)
        {
            if (_plot is not null)
                WriteWarning("The plot shows the rows alone, not the files that came with them.");
            _plot = null;
            Begin("Files");
            Finish();
        }
    }

    private void Push()
    {
        _rows ??= Begin("Pipeline");
        Push(_rows, _table.Take);
    }

    private Running Begin(string source)
    {
        const string name = "measure-outbound-sending";
        var connection = Connection ?? (AcceptedDomain is null ? Default() : null);
        return connection is null
            ? StartAlone(name, operation => Bind(operation, source))
            : Start(connection, name, operation => Bind(operation, source));
    }

    private void Bind(Operation operation, string source)
    {
        operation.Bind("Source", source);
        operation.Add("Path", _files);
        operation.Bind("StartDate", StartDate);
        operation.Bind("EndDate", EndDate);
        operation.Bind("DateOrder", DateOrder?.ToString());
        operation.Add("AcceptedDomain", AcceptedDomain);
        operation.Bind("LicenseCount", LicenseCount);
        operation.Bind("At", At);
        operation.Add("SenderAddress", SenderAddress?.Where(address => address.Length > 0));
        operation.Bind("Hour", Hour?.ToString());
        operation.Bind("Summary", Summary.IsPresent);
        operation.Bind("PlotPath", _plot);
        operation.Bind("NoClobber", NoClobber.IsPresent);
    }

    private protected override object Read(Row row, RestrictedSenderConnection? connection) =>
        row.Type == RowType.OutboundSendingSummary ? new OutboundSendingSummary(row) : new OutboundSending(row);
}

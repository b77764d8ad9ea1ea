using System.Linq;
using System.Management.Automation;
using RestrictedSender.PowerShell.Native;

namespace RestrictedSender.PowerShell;

/// <summary>Verifies journals: whether anything in them was changed, removed or added.</summary>
[Cmdlet(VerbsDiagnostic.Test, "RestrictedSenderJournal")]
[OutputType(typeof(JournalState))]
public sealed class TestRestrictedSenderJournalCommand : OperationCmdlet
{
    /// <summary>Folders of journals, or single files; without it, where this module keeps them.</summary>
    [Parameter(Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [Alias("JournalPath")]
    [ValidateNotNullOrEmpty]
    public string[]? Path { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        var paths = Path is null
            ? [JournalPlace.Chosen(this, null)]
            : Path.Select(path => JournalPlace.Named(this, path));
        StartAlone("test-restricted-sender-journal", operation =>
            operation.Add("Path", paths.Where(path => path is not null)));
        Finish();
    }

    private protected override object Read(Row row, RestrictedSenderConnection? connection) => new JournalState(row);
}

using System.Collections.Generic;
using System.Linq;
using System.Management.Automation;
using RestrictedSender.PowerShell.Native;

namespace RestrictedSender.PowerShell;

/// <summary>Reads delivery reports: what was refused, by whom, and who can lift it.</summary>
[Cmdlet(VerbsData.ConvertFrom, "NonDeliveryReport", DefaultParameterSetName = PathSet)]
[OutputType(typeof(NonDeliveryReport))]
public sealed class ConvertFromNonDeliveryReportCommand : OperationCmdlet
{
    private const string PathSet = "Path", LiteralPathSet = "LiteralPath", TextSet = "InputObject";

    /// <summary>How many files or texts are read together.</summary>
    private const int Together = 256;

    private readonly List<string> _paths = [];
    private readonly List<Text> _texts = [];

    /// <summary>A text, and what the object that it is from says besides it.</summary>
    private sealed class Text(string? text, string? sender, string? recipient, string? messageId, string? traceId)
    {
        internal string?[] Values { get; } = [text, sender, recipient, messageId, traceId];
    }

    /// <summary>The names of a text's values in the library.</summary>
    private static readonly string[] Names = ["Text", "Sender", "Recipient", "MessageId", "MessageTraceId"];

    /// <summary>Files, or folders for all files in them.</summary>
    [Parameter(Mandatory = true, Position = 0, ParameterSetName = PathSet)]
    [ValidateNotNullOrEmpty]
    [SupportsWildcards]
    public string[]? Path { get; set; }

    /// <summary>Files or folders, named exactly.</summary>
    [Parameter(Mandatory = true, ParameterSetName = LiteralPathSet, ValueFromPipelineByPropertyName = true)]
    [Alias("PSPath", "FullName")]
    [ValidateNotNullOrEmpty]
    public string[]? LiteralPath { get; set; }

    /// <summary>Texts: messages, replies of servers, tracking statuses.</summary>
    [Parameter(
        Mandatory = true, ParameterSetName = TextSet, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [Alias("RecipientStatus", "Message")]
    [TextTransformation]
    [AllowNull, AllowEmptyString, AllowEmptyCollection]
    public string?[]? InputObject { get; set; }

    /// <summary>The sender of what was refused, where the text does not have it.</summary>
    [Parameter(ParameterSetName = TextSet, ValueFromPipelineByPropertyName = true)]
    [AllowNull, AllowEmptyString]
    public string? Sender { get; set; }

    /// <summary>The recipients, one for each text.</summary>
    [Parameter(ParameterSetName = TextSet, ValueFromPipelineByPropertyName = true)]
    [Alias("Recipients")]
    [AllowNull, AllowEmptyString, AllowEmptyCollection]
    public string?[]? Recipient { get; set; }

    /// <summary>The Message-ID of what was refused.</summary>
    [Parameter(ParameterSetName = TextSet, ValueFromPipelineByPropertyName = true)]
    [AllowNull, AllowEmptyString]
    public string? MessageId { get; set; }

    /// <summary>The message trace id of what was refused.</summary>
    [Parameter(ParameterSetName = TextSet, ValueFromPipelineByPropertyName = true)]
    [Alias("NetworkMessageId")]
    [AllowNull, AllowEmptyString]
    public string? MessageTraceId { get; set; }

    /// <summary>The domains of this organization, which tell whose mail was refused.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string[]? AcceptedDomain { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        foreach (var path in (Path ?? []).SelectMany(Resolved).Concat((LiteralPath ?? []).Select(Literal)))
        {
            MakeRoom(isSameKind: _texts.Count == 0);
            _paths.Add(path);
        }
        if (ParameterSetName != TextSet)
            return;
        var texts = InputObject ?? [null];
        for (var index = 0; index < texts.Length; index++)
        {
            MakeRoom(isSameKind: _paths.Count == 0);
            var recipient = Recipient?.Length == texts.Length ? Recipient[index] : null;
            _texts.Add(new Text(texts[index], Sender, recipient, MessageId, MessageTraceId));
        }
    }

    /// <inheritdoc/>
    protected override void EndProcessing() => ReadAll();

    /// <summary>What a pattern names; a name that names nothing stays itself, so that the library says what is wrong.</summary>
    private IEnumerable<string> Resolved(string path)
    {
        if (!WildcardPattern.ContainsWildcardCharacters(path))
            return [Literal(path)];
        var found = SessionState.Path.GetResolvedProviderPathFromPSPath(path, out _);
        return found.Count == 0 ? [path] : found;
    }

    private string Literal(string path) => SessionState.Path.GetUnresolvedProviderPathFromPSPath(path);

    /// <summary>Reads what has come so far where it is enough, or where what comes next is of another kind.</summary>
    private void MakeRoom(bool isSameKind)
    {
        if (!isSameKind || _paths.Count + _texts.Count >= Together)
            ReadAll();
    }

    private void ReadAll()
    {
        if (_paths.Count + _texts.Count == 0)
            return;
        StartAlone("convert-from-non-delivery-report", operation =>
        {
            operation.Add("Path", _paths);
            for (var index = 0; index < Names.Length; index++)
                operation.Add(Names[index], _texts.Select(text => text.Values[index] ?? ""));
            operation.Add("AcceptedDomain", AcceptedDomain);
        });
        _paths.Clear();
        _texts.Clear();
        Finish();
    }

    private protected override object Read(Row row, RestrictedSenderConnection? connection) => new NonDeliveryReport(row);
}

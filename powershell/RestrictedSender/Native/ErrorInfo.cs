using System.Management.Automation;

namespace RestrictedSender.PowerShell.Native;

/// <summary>An error as the library tells it, before it becomes an exception or an error record.</summary>
internal sealed class ErrorInfo
{
    internal ErrorInfo()
    {
    }

    internal ErrorInfo(Row row)
    {
        row.Expect(RowType.Error);
        Code = row.Text()!;
        Name = row.Text()!;
        Category = (ErrorCategory)row.Integer()!.Value;
        Message = row.Text()!;
        RecommendedAction = row.Text()!;
        Target = row.Text();
        Retryable = row.Bool()!.Value;
        HttpStatus = (int?)row.Integer();
        ExceptionType = row.Text();
        Aadsts = row.Integer();
        RequestId = row.Text();
        RetryAfterSec = row.Integer();
        Causes = row.Texts();
    }

    internal string Code { get; set; } = "";

    internal string Name { get; set; } = "";

    internal ErrorCategory Category { get; set; }

    internal string Message { get; set; } = "";

    internal string RecommendedAction { get; set; } = "";

    internal string? Target { get; }

    internal bool Retryable { get; }

    internal int? HttpStatus { get; }

    internal string? ExceptionType { get; }

    internal long? Aadsts { get; }

    internal string? RequestId { get; }

    internal long? RetryAfterSec { get; }

    internal string[] Causes { get; } = [];
}

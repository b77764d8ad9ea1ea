using System.Management.Automation;
using System.Management.Automation.Host;
using System.Security;

namespace RestrictedSender.Shell;

/// <summary>Shows what a script writes: output and messages to standard output, errors and progress to standard error.</summary>
internal sealed partial class ShellUI(Terminal terminal, Answers answers) : PSHostUserInterface
{
    /// <inheritdoc/>
    public override PSHostRawUserInterface RawUI { get; } = new ShellRawUI(answers);

    /// <inheritdoc/>
    public override bool SupportsVirtualTerminal => terminal.Colors;

    /// <inheritdoc/>
    public override void Write(string value) => terminal.Write(Plain(value));

    /// <inheritdoc/>
    public override void Write(ConsoleColor foregroundColor, ConsoleColor backgroundColor, string value)
    {
        if (terminal.Colors)
        {
            // Black on black is the engine's way to say that it has no wish.
            var colour = PSStyle.MapForegroundColorToEscapeSequence(foregroundColor)
                + (backgroundColor == RawUI.BackgroundColor ? "" : PSStyle.MapBackgroundColorToEscapeSequence(backgroundColor));
            terminal.Write(colour + value + PSStyle.Instance.Reset);
        }
        else
        {
            Write(value);
        }
    }

    /// <inheritdoc/>
    public override void WriteLine(string value) => terminal.Write(Plain(value) + Environment.NewLine);

    /// <inheritdoc/>
    public override void WriteErrorLine(string value) => terminal.WriteError(Plain(value) + Environment.NewLine);

    /// <inheritdoc/>
    public override void WriteWarningLine(string message) => Message(PSStyle.Instance.Formatting.Warning, "WARNING: ", message);

    /// <inheritdoc/>
    public override void WriteVerboseLine(string message) => Message(PSStyle.Instance.Formatting.Verbose, "VERBOSE: ", message);

    /// <inheritdoc/>
    public override void WriteDebugLine(string message) => Message(PSStyle.Instance.Formatting.Debug, "DEBUG: ", message);

    /// <inheritdoc/>
    public override void WriteProgress(long sourceId, ProgressRecord record)
    {
        if (record.RecordType == ProgressRecordType.Completed)
        {
            terminal.ClearProgress();
            return;
        }

        var percent = record.PercentComplete >= 0 ? $" {record.PercentComplete}%" : "";
        var operation = string.IsNullOrEmpty(record.CurrentOperation) ? "" : $" {record.CurrentOperation}";
        terminal.ShowProgress($"{record.Activity}: {record.StatusDescription}{percent}{operation}");
    }

    /// <inheritdoc/>
    public override string ReadLine() => answers.Line();

    /// <inheritdoc/>
    public override SecureString ReadLineAsSecureString() => answers.Secret();

    /// <summary>The engine leaves it to the host to take its escape sequences out.</summary>
    private string Plain(string text) => GetOutputString(text, terminal.Colors);

    private void Message(string colour, string label, string message)
    {
        var text = label + message;
        WriteLine(terminal.Colors ? colour + text + PSStyle.Instance.Reset : text);
    }
}

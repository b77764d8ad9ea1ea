using System.Collections.ObjectModel;
using System.Globalization;
using System.Management.Automation;
using System.Management.Automation.Host;
using System.Security;

namespace RestrictedSender.Module.Tests;

/// <summary>What the host was asked.</summary>
internal sealed record Prompt(string Caption, string Message);

/// <summary>A host that keeps what it is shown and answers from a queue; once it is empty, nobody is there.</summary>
internal sealed class RecordingHost : PSHost
{
    private readonly RecordingUI _ui = new();

    /// <summary>What will be answered: the letter of a choice.</summary>
    public Queue<string> Answers => _ui.Answers;

    /// <summary>What a prompt throws when nobody is there; hosts differ.</summary>
    public Func<Exception> Nobody
    {
        get => _ui.Nobody;
        set => _ui.Nobody = value;
    }

    public List<Prompt> Prompts => _ui.Prompts;

    /// <summary>The lines on the screen.</summary>
    public IReadOnlyList<string> Lines => _ui.Text.ToString().TrimEnd('\n').Split('\n');

    public void Clear() => _ui.Clear();

    public override string Name => "RestrictedSender.Tests";

    public override Version Version { get; } = new(1, 0);

    public override Guid InstanceId { get; } = Guid.NewGuid();

    public override PSHostUserInterface UI => _ui;

    public override CultureInfo CurrentCulture => CultureInfo.CurrentCulture;

    public override CultureInfo CurrentUICulture => CultureInfo.CurrentUICulture;

    public override void SetShouldExit(int exitCode) => throw new NotSupportedException();

    public override void EnterNestedPrompt() => throw new NotSupportedException();

    public override void ExitNestedPrompt() => throw new NotSupportedException();

    public override void NotifyBeginApplication()
    {
    }

    public override void NotifyEndApplication()
    {
    }

    private sealed class RecordingUI : PSHostUserInterface
    {
        public Queue<string> Answers { get; } = [];

        public List<Prompt> Prompts { get; } = [];

        public System.Text.StringBuilder Text { get; } = new();

        /// <summary>As pwsh -NonInteractive does it.</summary>
        public Func<Exception> Nobody { get; set; } =
            () => new PSInvalidOperationException("PowerShell is in NonInteractive mode.");

        public override PSHostRawUserInterface RawUI { get; } = new Screen();

        public void Clear()
        {
            Prompts.Clear();
            Text.Clear();
        }

        public override int PromptForChoice(
            string caption, string message, Collection<ChoiceDescription> choices, int defaultChoice)
        {
            Prompts.Add(new Prompt(caption, message));
            if (!Answers.TryDequeue(out var answer))
                throw Nobody();
            var letter = "&" + answer;
            return choices.ToList()
                .FindIndex(choice => choice.Label.Contains(letter, StringComparison.OrdinalIgnoreCase));
        }

        public override Dictionary<string, PSObject> Prompt(
            string caption, string message, Collection<FieldDescription> descriptions) => throw Nobody();

        public override PSCredential PromptForCredential(
            string caption, string message, string userName, string targetName) => throw Nobody();

        public override PSCredential PromptForCredential(
            string caption,
            string message,
            string userName,
            string targetName,
            PSCredentialTypes allowedCredentialTypes,
            PSCredentialUIOptions options) => throw Nobody();

        public override string ReadLine() => throw Nobody();

        public override SecureString ReadLineAsSecureString() => throw Nobody();

        public override void Write(string value) => Text.Append(value.ReplaceLineEndings("\n"));

        public override void Write(ConsoleColor foregroundColor, ConsoleColor backgroundColor, string value) =>
            Write(value);

        public override void WriteLine(string value) => Write(value + "\n");

        public override void WriteDebugLine(string message) => WriteLine("DEBUG: " + message);

        public override void WriteErrorLine(string value) => WriteLine(value);

        public override void WriteVerboseLine(string message) => WriteLine("VERBOSE: " + message);

        public override void WriteWarningLine(string message) => WriteLine("WARNING: " + message);

        public override void WriteProgress(long sourceId, ProgressRecord record)
        {
        }
    }

    /// <summary>120 columns, as tables are made for.</summary>
    private sealed class Screen : PSHostRawUserInterface
    {
        public const int Columns = 120;

        public override ConsoleColor ForegroundColor { get; set; }

        public override ConsoleColor BackgroundColor { get; set; }

        public override Size BufferSize { get; set; } = new(Columns, 50);

        public override Size WindowSize { get; set; } = new(Columns, 50);

        public override Size MaxWindowSize => WindowSize;

        public override Size MaxPhysicalWindowSize => WindowSize;

        public override Coordinates WindowPosition { get; set; }

        public override Coordinates CursorPosition { get; set; }

        public override int CursorSize { get; set; }

        public override string WindowTitle { get; set; } = "";

        public override bool KeyAvailable => false;

        public override KeyInfo ReadKey(ReadKeyOptions options) => throw new NotSupportedException();

        public override void FlushInputBuffer() => throw new NotSupportedException();

        public override BufferCell[,] GetBufferContents(Rectangle rectangle) => throw new NotSupportedException();

        public override void SetBufferContents(Coordinates origin, BufferCell[,] contents) =>
            throw new NotSupportedException();

        public override void SetBufferContents(Rectangle rectangle, BufferCell fill) =>
            throw new NotSupportedException();

        public override void ScrollBufferContents(
            Rectangle source, Coordinates destination, Rectangle clip, BufferCell fill) =>
            throw new NotSupportedException();
    }
}

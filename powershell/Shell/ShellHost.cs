using System.Globalization;
using System.Management.Automation.Host;

namespace RestrictedSender.Shell;

/// <summary>What the engine asks its host for: a console, a culture, and the exit code of a script.</summary>
internal sealed class ShellHost : PSHost
{
    private readonly ShellUI _ui;

    /// <summary>Makes a host whose prompts fail where nobody can answer, and end when the token is cancelled.</summary>
    public ShellHost(bool nonInteractive, CancellationToken stopped)
    {
        Terminal = new Terminal();
        _ui = new ShellUI(Terminal, new Answers(Terminal, nonInteractive, stopped));
    }

    /// <summary>The console behind the user interface.</summary>
    public Terminal Terminal { get; }

    /// <summary>What the script passed to <c>exit</c>.</summary>
    public int? ExitCode { get; private set; }

    /// <inheritdoc/>
    public override string Name => "RestrictedSender.Shell";

    /// <inheritdoc/>
    public override Version Version { get; } = typeof(ShellHost).Assembly.GetName().Version!;

    /// <inheritdoc/>
    public override Guid InstanceId { get; } = Guid.NewGuid();

    /// <inheritdoc/>
    public override PSHostUserInterface UI => _ui;

    /// <inheritdoc/>
    public override CultureInfo CurrentCulture { get; } = CultureInfo.CurrentCulture;

    /// <inheritdoc/>
    public override CultureInfo CurrentUICulture { get; } = CultureInfo.CurrentUICulture;

    /// <inheritdoc/>
    public override void SetShouldExit(int exitCode) => ExitCode = exitCode;

    /// <summary>Reached by "Suspend" in a confirmation: says so, and the engine asks again.</summary>
    public override void EnterNestedPrompt() => _ui.WriteWarningLine("This shell has no nested prompt to suspend to.");

    /// <inheritdoc/>
    public override void ExitNestedPrompt()
    {
    }

    /// <inheritdoc/>
    public override void NotifyBeginApplication() => Terminal.ClearProgress();

    /// <inheritdoc/>
    public override void NotifyEndApplication()
    {
    }
}

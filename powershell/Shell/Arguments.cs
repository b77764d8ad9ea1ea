using System.Management.Automation.Runspaces;

namespace RestrictedSender.Shell;

/// <summary>The command line: the shell's own switches, then a script and what belongs to the script.</summary>
internal sealed class Arguments
{
    private const string Usage = """
        Usage: Shell [-NonInteractive] <script.ps1> [arguments]
               Shell [-NonInteractive] -Command <text>
        """;

    /// <summary>Full path of the script; empty where <see cref="Command"/> is given.</summary>
    public string ScriptPath { get; private set; } = "";

    /// <summary>Named, switch and positional arguments, bound by the engine as in <c>pwsh -File</c>.</summary>
    public List<CommandParameter> ScriptParameters { get; } = [];

    /// <summary>Script text to run instead of a file.</summary>
    public string? Command { get; private set; }

    /// <summary>Prompts are errors, for unattended runs.</summary>
    public bool NonInteractive { get; private set; }

    /// <summary>Reads the shell's switches up to the script; everything behind it is the script's.</summary>
    public static Arguments Parse(string[] args)
    {
        var arguments = new Arguments();
        for (var i = 0; i < args.Length; i++)
        {
            switch (args[i].ToLowerInvariant())
            {
                case "-noninteractive":
                    arguments.NonInteractive = true;
                    continue;
                case "-noprofile": // There is none: accepted so that one command line serves pwsh and this shell.
                    continue;
                case "-command" or "-c" when i + 1 < args.Length:
                    arguments.Command = string.Join(' ', args[(i + 1)..]);
                    return arguments;
                case "-file" or "-f" when i + 1 < args.Length:
                    i++;
                    break;
                case ['-', ..]:
                    throw new UsageException($"'{args[i]}' is not known here.{Environment.NewLine}{Usage}");
            }

            arguments.TakeScript(args[i], args[(i + 1)..]);
            return arguments;
        }

        throw new UsageException(Usage);
    }

    private void TakeScript(string path, string[] rest)
    {
        ScriptPath = Path.GetFullPath(path);
        if (!File.Exists(ScriptPath))
            throw new UsageException($"The script '{path}' was not found in '{Directory.GetCurrentDirectory()}'.");
        if (!ScriptPath.EndsWith(".ps1", StringComparison.OrdinalIgnoreCase))
            throw new UsageException($"'{path}' is no PowerShell script: its name must end in '.ps1'.");
        for (var i = 0; i < rest.Length; i++)
        {
            // "-Name:" without a value takes the next argument, whatever it looks like.
            if (IsName(rest[i]) && rest[i].EndsWith(':') && i + 1 < rest.Length)
                ScriptParameters.Add(new CommandParameter(rest[i].TrimEnd(':'), rest[++i]));
            else
                ScriptParameters.Add(Parameter(rest[i]));
        }
    }

    private static CommandParameter Parameter(string text)
    {
        if (!IsName(text))
            return new CommandParameter(null, text);
        var colon = text.IndexOf(':');
        if (colon < 0)
            return new CommandParameter(text); // The engine decides whether it is a switch or takes the next argument.
        var value = text[(colon + 1)..];
        return new CommandParameter(text[..colon], value.ToLowerInvariant() switch
        {
            "$true" => true,
            "$false" => false,
            _ => value,
        });
    }

    private static bool IsName(string text) => text.Length > 1 && text[0] == '-' && (char.IsLetter(text[1]) || text[1] is '_' or '?');
}

/// <summary>The command line cannot be run as it stands.</summary>
internal sealed class UsageException(string message) : Exception(message)
{
    /// <summary>What pwsh returns for a command line that it does not understand.</summary>
    public const int ExitCode = 64;
}

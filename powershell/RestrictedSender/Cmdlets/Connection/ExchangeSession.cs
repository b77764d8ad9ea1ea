using System;
using System.Collections;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Management.Automation;
using RestrictedSender.PowerShell.Native;
using Shell = System.Management.Automation.PowerShell;

namespace RestrictedSender.PowerShell;

/// <summary>
/// An Exchange session that Connect-ExchangeOnline has opened in this runspace: its cmdlets, imported with a prefix or
/// without one. They run here, on the pipeline's thread; the library asks for them.
/// </summary>
internal sealed class ExchangeSession
{
    private const string Verb = "Get-", Noun = "BlockedSenderAddress";
    private const CommandTypes Runnable = CommandTypes.Function | CommandTypes.Cmdlet;

    private readonly string? _module;

    private ExchangeSession(CommandInfo command, IEnumerable<PSObject> connections)
    {
        Prefix = command.Name.Substring(Verb.Length, command.Name.Length - Verb.Length - Noun.Length);
        _module = command.ModuleName;
        var ours = connections.Where(IsOurs).ToList();
        // Several of one prefix cannot be told apart: then the organization itself is asked who it is.
        if (ours.Count != 1)
            return;
        Organization = Text(ours[0], "Organization");
        TenantId = Text(ours[0], "TenantID");
        Account = Text(ours[0], "UserPrincipalName");
        ConnectionUri = Text(ours[0], "ConnectionUri");
    }

    /// <summary>What stands before the noun of each of its cmdlets; mostly nothing.</summary>
    internal string Prefix { get; }

    /// <summary>The organization, as the session names it.</summary>
    internal string? Organization { get; }

    /// <summary>The organization's id.</summary>
    internal string? TenantId { get; }

    /// <summary>Whose session it is.</summary>
    internal string? Account { get; }

    /// <summary>The endpoint that it goes to.</summary>
    internal string? ConnectionUri { get; }

    /// <summary>Those that are open in the runspace of <paramref name="cmdlet"/>.</summary>
    internal static IReadOnlyList<ExchangeSession> Open(PSCmdlet cmdlet)
    {
        var commands = Commands(cmdlet).ToList();
        if (commands.Count == 0)
            return [];
        var connections = Connections(cmdlet);
        return commands.Select(command => new ExchangeSession(command, connections)).ToList();
    }

    /// <summary>Whether any is open there; none is asked anything.</summary>
    internal static bool IsAnyOpen(PSCmdlet cmdlet) => Commands(cmdlet).Any();

    /// <summary>Whether it is still the session that it was: a new one has a module of its own.</summary>
    internal bool IsOpen(PSCmdlet cmdlet) => Find(cmdlet, Verb + Noun) is not null;

    /// <summary>Runs the cmdlet that the library asks for, and answers with what came of it.</summary>
    internal void Serve(PSCmdlet cmdlet, Operation operation)
    {
        var rows = operation.Rows();
        var (name, onlyLook, parameters) = ("", false, new List<KeyValuePair<string, object?>>());
        for (var index = 0L; index < rows.Count; index++)
        {
            var row = rows[index];
            (name, onlyLook) = (row.Text()!, row.Bool()!.Value);
            if (row.Text() is not { } parameter)
                break;
            // Without any of them it is $null, which takes a value away.
            var (text, number, texts, truth) = (row.Text(), row.Integer(), row.TextsIfAny(), row.Bool());
            parameters.Add(new(parameter, text ?? number as object ?? texts ?? truth as object));
        }
        if (!IsOpen(cmdlet))
            operation.Bind("Ended", true);
        else if (Find(cmdlet, name) is not { } command)
            operation.Bind("Missing", true);
        else if (!onlyLook)
            Run(cmdlet, command, parameters, operation);
        operation.Answer();
    }

    /// <summary>What the admin chooses it by.</summary>
    public override string ToString() =>
        $"-Prefix '{Prefix}'{(Organization is null ? "" : $" ({Organization})")}";

    private static IEnumerable<CommandInfo> Commands(PSCmdlet cmdlet) =>
        cmdlet.InvokeCommand.GetCommands($"{Verb}*{Noun}", Runnable, nameIsPattern: true)
            .Where(command => command.Name.StartsWith(Verb, StringComparison.OrdinalIgnoreCase));

    private static List<PSObject> Connections(PSCmdlet cmdlet)
    {
        if (cmdlet.InvokeCommand.GetCommand("Get-ConnectionInformation", Runnable) is not { } ask)
            return [];
        try
        {
            using var shell = Shell.Create(RunspaceMode.CurrentRunspace);
            return shell.AddCommand(ask).Invoke().Where(row => row is not null).ToList();
        }
        catch (RuntimeException)
        {
            // What a session says of itself is a help, not a need: the organization is asked for its name.
            return [];
        }
    }

    private bool IsOurs(PSObject connection)
    {
        if (Text(connection, "State") is { } state && !state.Equals("Connected", StringComparison.OrdinalIgnoreCase))
            return false;
        var module = Text(connection, "ModuleName") is { } path ? Path.GetFileName(path.Replace('\\', '/')) : null;
        return module is not null && _module is { Length: > 0 } && module.Equals(_module, StringComparison.OrdinalIgnoreCase)
            || (Text(connection, "ModulePrefix") ?? "").Equals(Prefix, StringComparison.OrdinalIgnoreCase);
    }

    private static string? Text(PSObject row, string property) =>
        row.Properties[property]?.Value?.ToString() is { Length: > 0 } text ? text : null;

    private CommandInfo? Find(PSCmdlet cmdlet, string name)
    {
        var dash = name.IndexOf('-') + 1;
        var command = cmdlet.InvokeCommand.GetCommand(name.Insert(dash, Prefix), Runnable);
        return command is not null && command.ModuleName == _module ? command : null;
    }

    private void Run(
        PSCmdlet cmdlet, CommandInfo command, List<KeyValuePair<string, object?>> parameters, Operation operation)
    {
        using var shell = Shell.Create(RunspaceMode.CurrentRunspace);
        shell.AddCommand(command);
        foreach (var parameter in parameters)
            shell.AddParameter(parameter.Key, parameter.Value);
        // The admin was asked already, by the cmdlet that this runs for.
        if (!IsRead(command.Name) && command.Parameters.ContainsKey("Confirm"))
            shell.AddParameter("Confirm", false);
        var errors = new List<ErrorRecord>();
        try
        {
            using (new ErrorsThatShow(cmdlet.SessionState.PSVariable))
            {
                foreach (var row in shell.Invoke())
                    Push(operation, row);
            }
        }
        catch (RuntimeException error) when (error is not PipelineStoppedException)
        {
            errors.Add(error.ErrorRecord);
        }
        errors.AddRange(shell.Streams.Error);
        operation.Add("Warnings", shell.Streams.Warning.Select(warning => warning.Message));
        operation.Add("Errors", errors.Select(error => error.ErrorDetails?.Message ?? error.Exception.Message));
        operation.Add("ErrorIds", errors.Select(error => error.FullyQualifiedErrorId));
        if (errors.Count == 0 && shell.HadErrors)
            operation.Add("Errors", ["It reported an error that the settings of this PowerShell hide."]);
    }

    private static bool IsRead(string name) =>
        name.StartsWith("Get-", StringComparison.OrdinalIgnoreCase)
            || name.StartsWith("Search-", StringComparison.OrdinalIgnoreCase);

    /// <summary>One object that the cmdlet returned: a property bag, live or as it came over a wire.</summary>
    private static void Push(Operation operation, PSObject? row)
    {
        if (row is null)
            return;
        foreach (var property in row.Properties)
        {
            if (property.IsGettable && property.Name is not ("PSComputerName" or "RunspaceId" or "PSShowComputerName"))
                Bind(operation, property);
        }
        operation.Push();
    }

    private static void Bind(Operation operation, PSPropertyInfo property)
    {
        var (name, value) = (property.Name, property.Value);
        var bare = value is PSObject wrapped ? wrapped.BaseObject : value;
        switch (bare)
        {
            case null:
                break;
            case string text:
                operation.Bind(name, text);
                break;
            case bool truth:
                operation.Bind(name, truth);
                break;
            case DateTime moment:
                // Without a zone it is UTC, as the service says it.
                operation.Bind(name, moment.Kind == DateTimeKind.Unspecified
                    ? DateTime.SpecifyKind(moment, DateTimeKind.Utc)
                    : moment.ToUniversalTime());
                break;
            case IEnumerable values:
                operation.Add(name, values.Cast<object?>().Select(item => item?.ToString()));
                break;
            case byte or short or int or long when !IsName(value):
                operation.Bind(name, Convert.ToInt64(bare, CultureInfo.InvariantCulture));
                break;
            case float or double or decimal:
                operation.Bind(name, Convert.ToDouble(bare, CultureInfo.InvariantCulture));
                break;
            default:
                operation.Bind(name, IsName(value) ? value!.ToString() : Convert.ToString(bare, CultureInfo.InvariantCulture));
                break;
        }
    }

    /// <summary>Whether it is a number that stands for a name: an enum that came over a wire.</summary>
    private static bool IsName(object? value) =>
        value is PSObject wrapped && wrapped.TypeNames.FirstOrDefault() is { } type
        && type.StartsWith("Deserialized.", StringComparison.Ordinal);

    /// <summary>
    /// Lets errors show while a cmdlet of the session runs. Preferences that hide them reach into its module, and a list
    /// that could not be read would look like an empty one. -ErrorAction is never bound: the service is said to answer
    /// it with an empty list.
    /// </summary>
    private sealed class ErrorsThatShow : IDisposable
    {
        private static readonly string[] Names = ["global:ErrorActionPreference", "ErrorActionPreference"];

        private readonly PSVariableIntrinsics _variables;
        private readonly List<KeyValuePair<string, object>> _before = [];

        internal ErrorsThatShow(PSVariableIntrinsics variables)
        {
            _variables = variables;
            foreach (var name in Names)
            {
                var value = variables.GetValue(name);
                if (value?.ToString() is not ("SilentlyContinue" or "Ignore"))
                    continue;
                _before.Add(new(name, value));
                variables.Set(name, ActionPreference.Continue);
            }
        }

        public void Dispose()
        {
            foreach (var variable in _before)
                _variables.Set(variable.Key, variable.Value);
        }
    }
}

using System;
using System.Management.Automation;

namespace RestrictedSender.PowerShell;

/// <summary>Where the journal is, as far as the session tells.</summary>
internal static class JournalPlace
{
    /// <summary>The environment variable that names the folder of all journals.</summary>
    internal const string Variable = "RESTRICTEDSENDER_JOURNAL";

    /// <summary>
    /// The folder that <c>-JournalPath</c> names, in full, else what the variable says. .NET keeps variables that were
    /// set in the session to itself on some systems, so the library would not see them.
    /// </summary>
    internal static string? Chosen(PSCmdlet cmdlet, string? journalPath) =>
        Named(cmdlet, journalPath) ?? (Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } set ? set : null);

    /// <summary>The file or folder of that name, in full; it need not be there.</summary>
    internal static string? Named(PSCmdlet cmdlet, string? path) =>
        path is null ? null : cmdlet.SessionState.Path.GetUnresolvedProviderPathFromPSPath(path);
}

using System.Collections.Generic;
using System.Linq;
using System.Management.Automation;
using System.Management.Automation.Runspaces;
using System.Runtime.CompilerServices;

namespace RestrictedSender.PowerShell;

/// <summary>
/// The open connections of one runspace. Runspaces share a process (jobs, runbooks) and must not see each other's.
/// </summary>
internal sealed class Connections
{
    private static readonly ConditionalWeakTable<Runspace, Connections> OfRunspaces = new();

    private readonly List<RestrictedSenderConnection> _open = [];

    /// <summary>Those of the runspace that this thread works for.</summary>
    internal static Connections Here => OfRunspaces.GetOrCreateValue(Runspace.DefaultRunspace);

    /// <summary>All that are open, the oldest first.</summary>
    internal IReadOnlyList<RestrictedSenderConnection> Open => _open;

    /// <summary>The one that cmdlets without -Connection use: the newest.</summary>
    internal RestrictedSenderConnection? Default => _open.LastOrDefault();

    internal void Add(RestrictedSenderConnection connection)
    {
        _open.Add(connection);
        MarkDefault();
    }

    internal void Close(RestrictedSenderConnection connection)
    {
        connection.Session.Close();
        connection.IsDefault = false;
        _open.Remove(connection);
        MarkDefault();
    }

    private void MarkDefault()
    {
        foreach (var connection in _open)
            connection.IsDefault = ReferenceEquals(connection, Default);
    }
}

/// <summary>Closes what is open when the module is removed.</summary>
public sealed class ModuleCleanup : IModuleAssemblyCleanup
{
    /// <inheritdoc/>
    public void OnRemove(PSModuleInfo psModuleInfo)
    {
        foreach (var connection in Connections.Here.Open.ToArray())
            Connections.Here.Close(connection);
    }
}

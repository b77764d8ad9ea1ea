using System.Collections.Generic;
using RestrictedSender.PowerShell.Native;

namespace RestrictedSender.PowerShell;

/// <summary>What cmdlets share whose input names entities by address or by connector id.</summary>
public abstract class NamedEntityCmdlet : OperationCmdlet
{
    /// <summary>What one item of input names.</summary>
    private protected readonly struct Name(string? senderAddress, string? connectorId)
    {
        internal void Bind(Operation operation)
        {
            operation.Bind("SenderAddress", senderAddress);
            operation.Bind("ConnectorId", connectorId);
        }
    }

    /// <summary>
    /// The items that an invocation or an object of the pipeline names. One address and one connector belong to one
    /// item (a row of a mixed list has both columns); more of either are items of their own. What is empty, and what
    /// contradicts, the library judges.
    /// </summary>
    private protected static IEnumerable<Name> Names(string?[]? senderAddresses, string?[]? connectorIds)
    {
        senderAddresses ??= [];
        connectorIds ??= [];
        if (senderAddresses.Length <= 1 && connectorIds.Length <= 1)
        {
            yield return new Name(FirstOf(senderAddresses), FirstOf(connectorIds));
            yield break;
        }
        foreach (var address in senderAddresses)
            yield return new Name(address, null);
        foreach (var id in connectorIds)
            yield return new Name(null, id);
    }

    private static string? FirstOf(string?[] values) => values.Length == 0 ? null : values[0];
}

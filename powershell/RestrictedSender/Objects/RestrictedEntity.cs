using RestrictedSender.PowerShell.Native;

namespace RestrictedSender.PowerShell;

/// <summary>An object of this module that names one entity of one organization, so that nobody needs to look it up.</summary>
public abstract class RestrictedEntity
{
    private protected RestrictedEntity(RestrictedSenderConnection connection)
    {
        Connection = connection;
    }

    /// <summary>Where it comes from; what is done with it goes there.</summary>
    internal RestrictedSenderConnection Connection { get; }

    /// <summary>Binds what it tells as an item of input.</summary>
    internal abstract void Bind(Operation operation);
}

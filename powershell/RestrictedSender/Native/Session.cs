using System.Runtime.ConstrainedExecution;
using System.Threading;
using RestrictedSender.PowerShell.SignIn;

namespace RestrictedSender.PowerShell.Native;

/// <summary>A native session: the connection to one organization.</summary>
/// <remarks>A handle is a number of 64 bits on every processor, so a SafeHandle does not fit.</remarks>
internal sealed class Session : CriticalFinalizerObject
{
    private long _handle;

    internal Session()
    {
        Library.Require();
        _handle = Interop.OpenSession();
    }

    ~Session()
    {
        // A certificate that nobody disposes finalizes itself.
        Certificate = null;
        Close();
    }

    /// <summary>The native handle; a closed one stays what it was, so that the library can say that it is closed.</summary>
    internal long Handle => Interlocked.Read(ref _handle);

    internal bool IsClosed { get; private set; }

    /// <summary>What signs for the session, where an app signs in with a certificate. It goes with the session.</summary>
    internal SigningCertificate? Certificate { get; set; }

    internal void Close()
    {
        if (IsClosed)
            return;
        IsClosed = true;
        if (Handle != 0)
            Interop.CloseSession(Handle);
        Certificate?.Dispose();
    }
}

using System;
using System.Net;

namespace RestrictedSender.PowerShell;

/// <summary>The proxy that this system uses: .NET knows its settings, scripts and exceptions on each platform.</summary>
internal static class SystemProxy
{
    /// <summary>The proxy's address for an endpoint, or nothing for a direct connection.</summary>
    internal static string? For(string endpoint)
    {
        var uri = new Uri(endpoint);
        var proxy = WebRequest.DefaultWebProxy;
        if (proxy is null || proxy.IsBypassed(uri))
            return null;
        return proxy.GetProxy(uri) is { } address && address != uri ? address.AbsoluteUri : null;
    }
}

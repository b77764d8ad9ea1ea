using System;
using System.ComponentModel;
using System.Diagnostics;
using System.IO;
using System.Runtime.InteropServices;

namespace RestrictedSender.PowerShell;

/// <summary>The browser of whoever sits before this machine.</summary>
internal static class SystemBrowser
{
    /// <summary>
    /// Opens an address in the program that the variable BROWSER names, where it is set (as on Linux is custom), else in
    /// the system's own browser. Returns why that cannot be done; whether the browser shows the page, nobody knows.
    /// </summary>
    internal static string? Open(string address)
    {
        var chosen = Environment.GetEnvironmentVariable("BROWSER");
        if (string.IsNullOrWhiteSpace(chosen) && !HasDesktop)
            return "this session has no desktop (neither DISPLAY nor WAYLAND_DISPLAY is set)";
        var start = string.IsNullOrWhiteSpace(chosen)
            ? new ProcessStartInfo(address) { UseShellExecute = true }
            : new ProcessStartInfo(chosen!, $"\"{address}\"") { UseShellExecute = false };
        try
        {
            using (Process.Start(start))
                return null;
        }
        catch (Exception error) when (error is Win32Exception or IOException or InvalidOperationException or PlatformNotSupportedException)
        {
            return error.Message.TrimEnd('.');
        }
    }

    /// <summary>Elsewhere than on Linux a session that has none cannot be told from one that has.</summary>
    private static bool HasDesktop =>
        !RuntimeInformation.IsOSPlatform(OSPlatform.Linux)
        || !string.IsNullOrEmpty(Environment.GetEnvironmentVariable("DISPLAY"))
        || !string.IsNullOrEmpty(Environment.GetEnvironmentVariable("WAYLAND_DISPLAY"));
}

using System.Diagnostics;
using RestrictedSender.PowerShell.Native;

namespace RestrictedSender.Bench;

/// <summary>What the process holds: it must not grow with the number of connections that were closed again.</summary>
internal sealed record Footprint(long Megabytes, int Threads, int Descriptors, long NativeHandles)
{
    internal static Footprint Now()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        using var process = Process.GetCurrentProcess();
        // Files and sockets; counted where the system shows them as a folder.
        const string folder = "/proc/self/fd";
        var descriptors = Directory.Exists(folder) ? Directory.GetFileSystemEntries(folder).Length : process.HandleCount;
        return new(process.WorkingSet64 >> 20, process.Threads.Count, descriptors, Interop.LiveHandles());
    }

    public override string ToString() =>
        $"{Megabytes} MB, {Threads} threads, {Descriptors} files and sockets, {NativeHandles} native handles";
}

using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;

namespace RestrictedSender.Shell;

/// <summary>
/// Ends the native commands that a script has started. The engine leaves those that share its console to Ctrl-C from
/// the keyboard, which a signal sent to the shell alone is not.
/// </summary>
internal static class ChildProcesses
{
    private const int Terminate = 15;
    private const int Kill = 9;
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(50);

    /// <summary>Asks all descendants to end, and after a while makes them.</summary>
    public static async Task TerminateAsync()
    {
        if (OperatingSystem.IsWindows())
            return; // Ctrl-C reaches everything in the console, and there is no SIGTERM.
        var processes = Descendants();
        processes.ForEach(process => Send(process, Terminate));
        for (var watch = Stopwatch.StartNew(); watch.Elapsed < Grace && processes.Any(IsAlive);)
            await Task.Delay(Poll);
        processes.Where(IsAlive).ToList().ForEach(process => Send(process, Kill));
    }

    private static List<int> Descendants()
    {
        var childrenOf = Parents().ToLookup(pair => pair.Parent, pair => pair.Process);
        var found = new List<int> { Environment.ProcessId };
        for (var i = 0; i < found.Count; i++)
            found.AddRange(childrenOf[found[i]]);
        return found[1..];
    }

    private static IEnumerable<(int Process, int Parent)> Parents()
    {
        if (!Directory.Exists("/proc/self"))
            return ParentsFromPs();
        return from path in Directory.EnumerateDirectories("/proc")
               let process = Number(Path.GetFileName(path))
               where process > 0
               let fields = Stat(process)
               where fields.Length > 1
               select (process, Number(fields[1]));
    }

    /// <summary>State, parent and more: what follows the name, which may itself hold spaces and brackets.</summary>
    private static string[] Stat(int process)
    {
        try
        {
            var text = File.ReadAllText($"/proc/{process}/stat");
            return text[(text.LastIndexOf(')') + 2)..].Split(' ');
        }
        catch (IOException)
        {
            return []; // It ended meanwhile.
        }
    }

    private static List<(int Process, int Parent)> ParentsFromPs()
    {
        using var ps = Process.Start(new ProcessStartInfo("ps", "-Ao pid=,ppid=") { RedirectStandardOutput = true })!;
        return ps.StandardOutput.ReadToEnd().Split('\n')
            .Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            .Where(fields => fields.Length == 2)
            .Select(fields => (Number(fields[0]), Number(fields[1])))
            .ToList();
    }

    private static int Number(string text) => int.TryParse(text, CultureInfo.InvariantCulture, out var number) ? number : 0;

    private static bool IsAlive(int process) => Send(process, 0) == 0 && !(Stat(process) is ["Z", ..]);

    [DllImport("libc", EntryPoint = "kill")]
    private static extern int Send(int process, int signal);
}

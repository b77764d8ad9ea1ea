using System.Diagnostics;

namespace RestrictedSender.Bench;

/// <summary>What all benchmarks take and tell.</summary>
internal static class Figures
{
    /// <summary>How long it takes, in milliseconds. It does not pay for what was left behind before it.</summary>
    internal static double Time(Action work)
    {
        GC.Collect();
        var watch = Stopwatch.StartNew();
        work();
        return watch.Elapsed.TotalMilliseconds;
    }

    internal static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);

    internal static void Tell(string what, string figure) => Console.WriteLine($"{what,-52} {figure}");
}

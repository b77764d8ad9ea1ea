using Xunit.Abstractions;

namespace RestrictedSender.Runner;

/// <summary>
/// Prints which test begins and what becomes of it, and what surrounds the tests where that fails. A run that is ended
/// from outside has named the test that it was in.
/// </summary>
internal sealed class Results : LongLivedMarshalByRefObject, IMessageSink, IDisposable
{
    private readonly Lock _lock = new();

    /// <summary>Set once the last test has ended.</summary>
    public ManualResetEvent Finished { get; } = new(false);

    /// <summary>Tests, and whatever else, that failed.</summary>
    public int Failed { get; private set; }

    /// <inheritdoc/>
    public bool OnMessage(IMessageSinkMessage message)
    {
        switch (message)
        {
            case ITestStarting test:
                Print("started", test.Test.DisplayName);
                break;
            case ITestPassed test:
                Print("passed", test.Test.DisplayName);
                break;
            case ITestFailed test:
                Fail(test.Test.DisplayName, test);
                break;
            case ITestSkipped test:
                Print("skipped", test.Test.DisplayName, test.Reason);
                break;
            case IErrorMessage or ITestAssemblyCleanupFailure or ITestCollectionCleanupFailure
                or ITestClassCleanupFailure or ITestCleanupFailure:
                Fail(message.GetType().Name, (IFailureInformation)message);
                break;
            case ITestAssemblyFinished:
                Finished.Set();
                break;
        }
        return true;
    }

    /// <inheritdoc/>
    public void Dispose() => Finished.Dispose();

    private void Fail(string name, IFailureInformation failure)
    {
        lock (_lock)
        {
            Failed++;
        }
        Print("failed", name, [.. failure.Messages, .. failure.StackTraces]);
    }

    private void Print(string result, string name, params string?[] details)
    {
        lock (_lock)
        {
            Console.WriteLine($"{result} {Line(name)}");
            foreach (var line in details.SelectMany(detail => (detail ?? "").ReplaceLineEndings("\n").Split('\n')))
                Console.WriteLine($"    {line}");
        }
    }

    private static string Line(string text) => text.ReplaceLineEndings("\\n");
}

using Xunit.Abstractions;
using Xunit.Sdk;

namespace RestrictedSender.Runner;

/// <summary>
/// Runs the tests of the assembly that it is compiled into, where there is no "dotnet test": published with the runtime
/// for another system. Prints "started" and the name of a test, then "passed", "failed" or "skipped" and its name; what a
/// failed one said is indented below it. The last line is "finished". Arguments are the tests to run, as Class.Test;
/// without any, all run. The argument --list prints "test" and that name for each and runs none. Ends with 0, or 1 where
/// something failed.
/// </summary>
internal static class Program
{
    private static int Main(string[] names)
    {
        Console.OutputEncoding = System.Text.Encoding.UTF8;
        using var framework = new XunitTestFramework(new NullMessageSink());
        var tests = Find(framework);
        if (names is ["--list"])
        {
            foreach (var name in tests.Select(Name).Distinct())
                Console.WriteLine($"test {name}");
            return 0;
        }
        using var executor = framework.GetExecutor(typeof(Program).Assembly.GetName());
        using var results = new Results();
        executor.RunTests(tests.Where(test => names.Length == 0 || names.Contains(Name(test))), results, new Options());
        results.Finished.WaitOne();
        Console.WriteLine("finished");
        // What a failed test has left behind, such as a thread, keeps nobody waiting.
        Environment.Exit(results.Failed == 0 ? 0 : 1);
        return 0;
    }

    private static string Name(IXunitTestCase test)
    {
        var type = test.TestMethod.TestClass.Class.Name;
        return $"{type[(type.LastIndexOf('.') + 1)..]}.{test.TestMethod.Method.Name}";
    }

    private static List<IXunitTestCase> Find(XunitTestFramework framework)
    {
        using var discoverer = framework.GetDiscoverer(new ReflectionAssemblyInfo(typeof(Program).Assembly));
        using var found = new Found();
        discoverer.Find(includeSourceInformation: false, found, new Options());
        found.Complete.WaitOne();
        return found.Tests;
    }

    /// <summary>The tests of the assembly.</summary>
    private sealed class Found : LongLivedMarshalByRefObject, IMessageSink, IDisposable
    {
        public List<IXunitTestCase> Tests { get; } = [];

        public ManualResetEvent Complete { get; } = new(false);

        public bool OnMessage(IMessageSinkMessage message)
        {
            if (message is ITestCaseDiscoveryMessage found)
                Tests.Add((IXunitTestCase)found.TestCase);
            else if (message is IDiscoveryCompleteMessage)
                Complete.Set();
            return true;
        }

        public void Dispose() => Complete.Dispose();
    }

    /// <summary>Every option as xunit has it by default.</summary>
    private sealed class Options : LongLivedMarshalByRefObject, ITestFrameworkDiscoveryOptions, ITestFrameworkExecutionOptions
    {
        public TValue GetValue<TValue>(string name) => default!;

        public void SetValue<TValue>(string name, TValue value) => throw new NotSupportedException();
    }
}

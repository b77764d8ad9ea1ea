namespace RestrictedSender.Module.Tests;

/// <summary>The examples run to their end, on a clock that stands still.</summary>
public sealed class ExampleTests : IDisposable
{
    private readonly Engine _engine = new();
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("RestrictedSender-tests-");

    [Fact]
    public void The_demo_tells_its_story()
    {
        Assert.Empty(Run("Demo.ps1"));
        Assert.Contains(_engine.Host.Lines, line => line.Contains("news@contoso.com", StringComparison.Ordinal) && line.Contains("Released", StringComparison.Ordinal));
    }

    [Fact]
    public void The_drill_ends_with_proof()
    {
        Assert.Empty(Run("Drill.ps1", $"-Folder '{_folder.FullName}'"));
        Assert.Contains(_engine.Host.Lines, line => line.Contains("adele.vance@contoso.com", StringComparison.Ordinal) && line.Contains("Proven", StringComparison.Ordinal));
        Assert.Equal(["drill-report.eml", "drill.svg"], _folder.GetFiles().Select(file => file.Name).Order(StringComparer.Ordinal));
    }

    private IEnumerable<string> Run(string script, string more = "")
    {
        var outcome = _engine.Run($"& '{Path.Combine(Place.Root, "powershell", "examples", script)}' -TimeScale 0 {more}");
        return outcome.Errors.Append(outcome.Thrown).OfType<System.Management.Automation.ErrorRecord>().Select(error => error.ToString());
    }

    public void Dispose()
    {
        _engine.Dispose();
        _folder.Delete(recursive: true);
    }
}

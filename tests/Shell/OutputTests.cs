namespace RestrictedSender.Shell.Tests;

/// <summary>Where everything that a script writes goes, and how it looks there.</summary>
public sealed class OutputTests
{
    private const string Escape = "\u001b[";

    private const string Everything = """
        [CmdletBinding()] param()
        $PSCmdlet.WriteWarning('hot')
        $VerbosePreference = $DebugPreference = $InformationPreference = 'Continue'
        $PSCmdlet.WriteVerbose('long')
        $PSCmdlet.WriteDebug('deep')
        $PSCmdlet.WriteInformation('fact', [string[]]@())
        $PSCmdlet.WriteProgress([Management.Automation.ProgressRecord]::new(1, 'Counting', 'half'))
        [pscustomobject]@{ Sender = 'a@contoso.com'; Verdict = 'Safe' }
        """;

    [Fact]
    public void ObjectsBecomeATable()
    {
        var lines = ShellProcess.Run(Everything).Output.Split('\n');
        Assert.Contains("Sender        Verdict", lines);
        Assert.Contains("a@contoso.com Safe", lines);
    }

    [Fact]
    public void MessagesAreLabelledInOrder() =>
        Assert.StartsWith("WARNING: hot\nVERBOSE: long\nDEBUG: deep\nfact\n", ShellProcess.Run(Everything).Output);

    [Fact]
    public void RedirectedOutputHasNoEscapesAndNoProgress()
    {
        var result = ShellProcess.Run(Everything);
        Assert.DoesNotContain(Escape, result.Output, StringComparison.Ordinal);
        Assert.Equal("", result.Error);
    }

    [Fact]
    public void ATableIsLaidOutIn120ColumnsWhereNoTerminalSaysOtherwise()
    {
        var result = ShellProcess.Run("[pscustomobject]@{ A = 'x' * 70; B = 'y' * 70; C = 'z' }");
        Assert.InRange(result.Output.Split('\n').Max(line => line.Length), 115, 120);
    }

    [Fact]
    public void AnErrorGoesToStandardErrorWithWhatToDo()
    {
        var result = ShellProcess.Run("""
            [CmdletBinding()] param()
            $record = [Management.Automation.ErrorRecord]::new([Exception]::new('It broke.'), 'RS1', 'InvalidData', $null)
            $record.ErrorDetails = [Management.Automation.ErrorDetails]::new('It broke in detail.')
            $record.ErrorDetails.RecommendedAction = 'Mend it.'
            $PSCmdlet.WriteError($record)
            'on it goes'
            $PSCmdlet.ThrowTerminatingError($record)
            """);
        Assert.Equal((1, "on it goes\n"), (result.ExitCode, result.Output));
        Assert.Equal(2, result.Error.Split("It broke in detail.").Length - 1);
        Assert.Equal(2, result.Error.Split("Mend it.").Length - 1);
        Assert.DoesNotContain(Escape, result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void AnUncaughtErrorNamesItsLine()
    {
        var result = ShellProcess.Run("'first'\nthrow 'It broke.'");
        Assert.Equal("first\n", result.Output);
        Assert.Contains("script.ps1:2", result.Error);
        Assert.Contains("It broke.", result.Error);
    }

    [Fact]
    public void NativeOutputPassesThroughAndCanBeCaptured() =>
        Assert.Equal("direct\n[kept]\n", ShellProcess.Run("sh -c 'echo direct'; $kept = sh -c 'echo kept'; \"[$kept]\"").Output);

    [Fact]
    public void ATerminalGetsColoursAndProgress()
    {
        var output = ShellProcess.RunOnTerminal(Everything).Output;
        Assert.Contains(Escape + "33;1mWARNING: hot", output, StringComparison.Ordinal);
        Assert.Contains("Counting: half", output);
    }

    [Fact]
    public void NoColorTakesTheColoursAway()
    {
        var output = ShellProcess.RunOnTerminal(Everything, ("NO_COLOR", "1")).Output;
        Assert.Contains("WARNING: hot", output);
        Assert.DoesNotContain(Escape + "3", output, StringComparison.Ordinal);
        Assert.DoesNotContain(Escape + "0m", output, StringComparison.Ordinal);
    }
}

namespace RestrictedSender.Shell.Tests;

/// <summary>Questions are answered from standard input, and never by a guess.</summary>
public sealed class PromptTests
{
    private const string Confirm = """
        [CmdletBinding(SupportsShouldProcess, ConfirmImpact = 'High')] param()
        foreach ($name in 'one', 'two') { if ($PSCmdlet.ShouldProcess($name, 'Unblock')) { "done $name" } }
        """;

    [Theory]
    [InlineData("y\nn\n", "one")]
    [InlineData("n\nYES\n", "two")]
    [InlineData("\n\n", "one two")]
    [InlineData("a\n", "one two")]
    [InlineData("l\n", "")]
    [InlineData("?\nmaybe\ny\nn\n", "one")]
    [InlineData("s\ny\nn\n", "one")]
    public void AConfirmationTakesItsAnswerFromInput(string input, string done)
    {
        var result = ShellProcess.Run(Confirm, input: input);
        var expected = done.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(expected.Contains("one"), result.Output.Contains("done one"));
        Assert.Equal(expected.Contains("two"), result.Output.Contains("done two"));
        Assert.Contains("[Y] Yes  [A] Yes to All  [N] No  [L] No to All  [S] Suspend  [?] Help (default is \"Y\"): ", result.Output);
        Assert.Equal(("", 0), (result.Error, result.ExitCode));
    }

    [Fact]
    public void TheEndOfInputIsNoAnswer()
    {
        var result = ShellProcess.Run("$ErrorActionPreference = 'Stop'\n" + "& {" + Confirm + "}");
        Assert.Equal(1, result.ExitCode);
        Assert.DoesNotContain("done", result.Output);
        Assert.Contains("standard input ended", result.Error);
    }

    [Fact]
    public void NonInteractiveDoesNotAsk()
    {
        var result = ShellProcess.Run("$ErrorActionPreference = 'Stop'\n" + "& {" + Confirm + "}", ["-NonInteractive"], "y\ny\n");
        Assert.Equal((1, ""), (result.ExitCode, result.Output));
        Assert.Contains("NonInteractive", result.Error);
    }

    [Fact]
    public void MandatoryParametersAreAskedForByTheirType()
    {
        var result = ShellProcess.Run("""
            param([Parameter(Mandatory)][string[]] $Name, [Parameter(Mandatory)][int] $Count)
            ''
            "$Name|$Count"
            """, input: "a\nb\n\nmany\n3\n");
        Assert.Contains("\na b|3\n", result.Output);
        Assert.Contains("'many'", result.Error);
    }

    [Fact]
    public void CredentialsAndLinesAreRead() =>
        Assert.EndsWith("joe:secret:rest\n", ShellProcess.Run("""
            $credential = $Host.UI.PromptForCredential('Sign in', 'Who?', '', '')
            $line = $Host.UI.ReadLine()
            ''
            $credential.UserName + ':' + $credential.GetNetworkCredential().Password + ':' + $line
            """, input: "joe\nsecret\nrest\n").Output);
}

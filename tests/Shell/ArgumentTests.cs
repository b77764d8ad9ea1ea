namespace RestrictedSender.Shell.Tests;

/// <summary>Arguments bind and exit codes pass as in <c>pwsh -File</c>.</summary>
public sealed class ArgumentTests
{
    private const string Echo = """
        [CmdletBinding()]
        param([Parameter(Position = 0)][string] $Task = 'none', [int] $Count, [switch] $Flag,
            [Parameter(ValueFromRemainingArguments)][string[]] $Rest)
        "$Task|$Count|$Flag|$Rest"
        """;

    [Theory]
    [InlineData("none|0|False|")]
    [InlineData("Test|3|False|", "Test", "-Count", "3")]
    [InlineData("Test|3|True|", "-Flag", "-Count:3", "Test")]
    [InlineData("Test|0|False|", "-Flag:$false", "-Task", "Test")]
    [InlineData("-x|0|False|", "-Task:", "-x")]
    [InlineData("Test|-5|False|a b c", "Test", "-Count", "-5", "a b", "c")]
    public void ArgumentsBind(string expected, params string[] arguments)
    {
        var result = ShellProcess.Run(Echo, arguments);
        Assert.Equal((0, expected + "\n", ""), (result.ExitCode, result.Output, result.Error));
    }

    [Fact]
    public void AnArgumentThatDoesNotBindFails()
    {
        var result = ShellProcess.Run(Echo, ["-Count", "many"]);
        Assert.Equal((1, ""), (result.ExitCode, result.Output));
        Assert.Contains("'Count'", result.Error);
    }

    [Fact]
    public void TheScriptKnowsWhereItIs() =>
        Assert.Equal("script.ps1\nTrue\n", ShellProcess.Run("""
            [IO.Path]::GetFileName($PSCommandPath)
            [IO.File]::Exists($PSScriptRoot + '/script.ps1')
            """).Output);

    [Theory]
    [InlineData("exit 7", 7)]
    [InlineData("exit", 0)]
    [InlineData("function f { exit 9 }; try { f } finally { 'end' }", 9)]
    [InlineData("throw 'no'", 1)]
    [InlineData("if (", 1)]
    [InlineData("$ErrorActionPreference = 'Stop'; Get-Module -Name x -FullyQualifiedName y", 1)]
    [InlineData("Get-Command no-such-command", 0)]
    [InlineData("sh -c 'exit 5'", 0)]
    [InlineData("sh -c 'exit 5'; exit $LASTEXITCODE", 5)]
    public void ExitCodePasses(string script, int expected) => Assert.Equal(expected, ShellProcess.Run(script).ExitCode);

    [Theory]
    [InlineData("'a'; exit 3", 3)]
    [InlineData("1/0", 1)]
    [InlineData("1/0; 'a'", 0)]
    [InlineData("'a'", 0)]
    public void CommandTextRuns(string command, int expected) =>
        Assert.Equal(expected, ShellProcess.RunCommandLine("-Command", command).ExitCode);

    [Theory]
    [InlineData]
    [InlineData("-Unknown")]
    [InlineData("missing.ps1")]
    [InlineData("-Command")]
    public void WhatCannotBeRunIsSaid(params string[] arguments)
    {
        var result = ShellProcess.RunCommandLine(arguments);
        Assert.Equal((64, ""), (result.ExitCode, result.Output));
        Assert.NotEqual("", result.Error);
    }
}

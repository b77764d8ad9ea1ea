namespace RestrictedSender.Module.Tests;

/// <summary>
/// A browser that opens nothing: it writes down what it was to open, and the test goes there itself. The variable
/// BROWSER names it while it lives.
/// </summary>
internal sealed class FileBrowser : IDisposable
{
    private static readonly HttpClient Http = new(new SocketsHttpHandler { UseProxy = false });

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("browser");
    private readonly Variables _variables;

    public FileBrowser()
    {
        var program = Path.Combine(_folder.FullName, OperatingSystem.IsWindows() ? "browser.cmd" : "browser");
        // Its name appears when it is whole.
        File.WriteAllText(program, OperatingSystem.IsWindows()
            ? $"@echo off\r\n>\"{Written}.part\" echo %1\r\nmove \"{Written}.part\" \"{Written}\"\r\n"
            : $"#!/bin/sh\nprintf '%s' \"$1\" > '{Written}.part'\nmv '{Written}.part' '{Written}'\n");
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(program, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        _variables = new Variables(("BROWSER", program));
    }

    /// <summary>The address that it was to open; waits for it.</summary>
    public string Opened
    {
        get
        {
            var limit = DateTime.UtcNow + Engine.Limit;
            while (!File.Exists(Written))
                Assert.True(DateTime.UtcNow < limit, "No browser is opened.");
            return File.ReadAllText(Written).Trim().Trim('"');
        }
    }

    private string Written => Path.Combine(_folder.FullName, "opened");

    /// <summary>Goes to an address, and wherever it leads, as a browser does; returns the page at its end.</summary>
    public static string Visit(string address)
    {
        using var reply = Http.Send(new HttpRequestMessage(HttpMethod.Get, address));
        using var page = new StreamReader(reply.Content.ReadAsStream());
        return page.ReadToEnd();
    }

    public void Dispose()
    {
        _variables.Dispose();
        _folder.Delete(recursive: true);
    }
}

using System.Net;
using System.Net.Sockets;
using System.Text;

namespace RestrictedSender.Module.Tests;

/// <summary>A proxy on this machine that this process takes for the system's; it answers everybody the same.</summary>
internal sealed class SystemProxy : IDisposable
{
    public const string WantsSignIn = "HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n";

    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly IWebProxy? _before = WebRequest.DefaultWebProxy;
    private readonly Task<string?> _asked;

    public SystemProxy(string answer)
    {
        _listener.Start();
        _asked = ServeAsync(answer);
        WebRequest.DefaultWebProxy = new WebProxy($"http://{_listener.LocalEndpoint}");
    }

    /// <summary>For a while the system has no proxy, whatever it is set to.</summary>
    public static IDisposable None() => new NoProxy();

    /// <summary>The first line that a client sent; nothing where none came.</summary>
    public string? Asked
    {
        get
        {
            _listener.Stop();
            return _asked.GetAwaiter().GetResult();
        }
    }

    public void Dispose()
    {
        WebRequest.DefaultWebProxy = _before;
        _listener.Dispose();
    }

    private sealed class NoProxy : IDisposable
    {
        private readonly IWebProxy? _before = WebRequest.DefaultWebProxy;

        public NoProxy() => WebRequest.DefaultWebProxy = null;

        public void Dispose() => WebRequest.DefaultWebProxy = _before;
    }

    private async Task<string?> ServeAsync(string answer)
    {
        try
        {
            using var client = await _listener.AcceptTcpClientAsync();
            using var reader = new StreamReader(client.GetStream());
            var first = await reader.ReadLineAsync();
            while (!string.IsNullOrEmpty(await reader.ReadLineAsync()))
                continue;
            await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes(answer));
            return first;
        }
        catch (SocketException)
        {
            return null;
        }
    }
}

public sealed class ProxyTests : IDisposable
{
    private readonly Engine _engine = new();

    [Fact]
    public void Another_host_is_reached_through_the_proxy_of_the_system()
    {
        using var proxy = new SystemProxy(SystemProxy.WantsSignIn);
        var outcome = _engine.Run(
            "Connect-RestrictedSender -Organization x -AccessToken x -ConnectionUri https://exchange.example");
        Assert.Equal("RS3011.ProxyRefused", outcome.Thrown.Id());
        Assert.StartsWith("CONNECT exchange.example:443", proxy.Asked);
    }

    [Fact]
    public void This_machine_is_reached_without_any_proxy()
    {
        using var proxy = new SystemProxy("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n");
        _engine.Connect();
        Assert.Equal(11, _engine.Run("Get-RestrictedSender").Good.Count);
        Assert.Null(proxy.Asked);
    }

    public void Dispose() => _engine.Dispose();
}

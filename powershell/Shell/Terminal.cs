namespace RestrictedSender.Shell;

/// <summary>Standard output and error, and the one progress line that must never mix with either.</summary>
internal sealed class Terminal
{
    private const int WidthWhenRedirected = 120;
    private readonly Lock _lock = new();
    private int _progressLength;

    /// <summary>Escape sequences are wanted: a person watches, and has not set NO_COLOR.</summary>
    public bool Colors { get; } = !Console.IsOutputRedirected && !Console.IsErrorRedirected
        && string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR"))
        && Environment.GetEnvironmentVariable("TERM") != "dumb";

    /// <summary>What is written as output now is part of an error.</summary>
    public bool OutputIsError { get; set; }

    /// <summary>Columns to lay tables out in.</summary>
    public static int Width
    {
        get
        {
            var width = Console.IsOutputRedirected ? 0 : Console.WindowWidth;
            return width > 0 ? width : WidthWhenRedirected;
        }
    }

    private static bool ShowsProgress { get; } = !Console.IsOutputRedirected && !Console.IsErrorRedirected
        && Environment.GetEnvironmentVariable("TERM") != "dumb";

    /// <summary>Writes to standard output, or to standard error while an error is shown.</summary>
    public void Write(string text)
    {
        lock (_lock)
        {
            ClearProgress();
            (OutputIsError ? Console.Error : Console.Out).Write(text);
        }
    }

    /// <summary>Writes to standard error.</summary>
    public void WriteError(string text)
    {
        lock (_lock)
        {
            ClearProgress();
            Console.Error.Write(text);
        }
    }

    /// <summary>Redraws the progress line; nothing where nobody watches.</summary>
    public void ShowProgress(string text)
    {
        if (!ShowsProgress)
            return;
        lock (_lock)
        {
            var line = text.ReplaceLineEndings(" ");
            line = line.Length < Width ? line : line[..(Width - 1)];
            Console.Error.Write('\r' + line.PadRight(_progressLength));
            _progressLength = line.Length;
        }
    }

    /// <summary>Takes the progress line away, so that other text starts in an empty line.</summary>
    public void ClearProgress()
    {
        lock (_lock)
        {
            if (_progressLength == 0)
                return;
            Console.Error.Write('\r' + new string(' ', _progressLength) + '\r');
            _progressLength = 0;
        }
    }
}

using System.Management.Automation;
using System.Management.Automation.Host;
using System.Security;

namespace RestrictedSender.Shell;

/// <summary>Reads what people type, or what standard input holds for them; a stop signal ends the wait.</summary>
internal sealed class Answers(Terminal terminal, bool nonInteractive, CancellationToken stopped)
{
    /// <summary>Fails before anything is printed where nobody is there to answer.</summary>
    public void Require()
    {
        if (nonInteractive)
        {
            throw new HostException("PowerShell is in NonInteractive mode. Read and Prompt functionality is not available.",
                null, "NonInteractiveMode", ErrorCategory.InvalidOperation);
        }
    }

    /// <summary>One line; the end of standard input is an error, since guessing an answer could change something.</summary>
    public string Line() => Wait(Console.In.ReadLine)
        ?? throw new HostException("The question was not answered: standard input ended.",
            null, "StandardInputEnded", ErrorCategory.ReadError);

    /// <summary>One line that is not shown; redirected input is taken as it comes.</summary>
    public SecureString Secret()
    {
        var secret = new SecureString();
        if (Console.IsInputRedirected)
        {
            foreach (var character in Line())
                secret.AppendChar(character);
            return secret;
        }

        for (var key = Key(); key.Key != ConsoleKey.Enter; key = Key())
        {
            if (key.Key == ConsoleKey.Backspace && secret.Length > 0)
                secret.RemoveAt(secret.Length - 1);
            else if (!char.IsControl(key.KeyChar))
                secret.AppendChar(key.KeyChar);
        }

        terminal.Write(Environment.NewLine);
        return secret;
    }

    /// <summary>One key, not shown.</summary>
    public ConsoleKeyInfo Key() => Wait(() => Console.ReadKey(intercept: true));

    /// <summary>A read cannot be interrupted, so it is left behind when the pipeline must stop.</summary>
    private T Wait<T>(Func<T> read)
    {
        Require();
        var answer = Task.Run(read, CancellationToken.None);
        try
        {
            answer.Wait(stopped);
        }
        catch (OperationCanceledException)
        {
            throw new PipelineStoppedException();
        }

        return answer.Result;
    }
}

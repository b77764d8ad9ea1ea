using System;
using System.Linq;
using System.Management.Automation;
using RestrictedSender.PowerShell.Native;

namespace RestrictedSender.PowerShell;

/// <summary>A failure of RestrictedSender. Its code says which; docs/errors.md lists them all.</summary>
public sealed class RestrictedSenderException : Exception
{
    private readonly ErrorInfo _error;

    internal RestrictedSenderException(ErrorInfo error)
        : base(error.Message, Chain(error.Causes))
    {
        _error = error;
    }

    /// <summary>The stable code, for example <c>RS4001</c>.</summary>
    public string Code => _error.Code;

    /// <summary>The code's name, for example <c>NotListed</c>.</summary>
    public string Name => _error.Name;

    /// <summary>What the admin should do.</summary>
    public string RecommendedAction => _error.RecommendedAction;

    /// <summary>Whether the same call may succeed later without anybody changing anything.</summary>
    public bool Retryable => _error.Retryable;

    /// <summary>HTTP status of the service's reply.</summary>
    public int? HttpStatus => _error.HttpStatus;

    /// <summary>The type of Exchange's own exception.</summary>
    public string? ExchangeExceptionType => _error.ExceptionType;

    /// <summary>The number after <c>AADSTS</c> in the answer of Microsoft Entra.</summary>
    public long? Aadsts => _error.Aadsts;

    /// <summary>The service's id of the request, for a support ticket.</summary>
    public string? RequestId => _error.RequestId;

    /// <summary>Seconds after which the service asked to come again.</summary>
    public long? RetryAfterSec => _error.RetryAfterSec;

    /// <summary>The record that goes to the error stream; an error about nothing in particular is about the connection.</summary>
    internal ErrorRecord ToErrorRecord(RestrictedSenderConnection? connection = null) =>
        new(this, $"{Code}.{Name}", _error.Category, _error.Target ?? connection?.Organization)
        {
            ErrorDetails = new ErrorDetails(Message) { RecommendedAction = RecommendedAction },
        };

    private static Exception? Chain(string[] causes) =>
        causes.Reverse().Aggregate((Exception?)null, (inner, cause) => new InvalidOperationException(cause, inner));
}

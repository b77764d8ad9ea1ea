using System;
using System.Collections.Generic;
using System.Runtime.ConstrainedExecution;
using System.Security;
using System.Text;
using System.Threading;

namespace RestrictedSender.PowerShell.Native;

/// <summary>A native operation: bind, start, push, step, answer, close. One thread steps; any thread may cancel.</summary>
internal sealed class Operation : CriticalFinalizerObject, IDisposable
{
    private readonly TextMemory _texts = new();
    private long _handle;

    /// <summary>Prepares the operation of that name; without a session the library says how to connect.</summary>
    internal Operation(Session? session, string name)
    {
        Library.Require();
        _handle = Interop.Prepare(session?.Handle ?? 0, name);
        GC.KeepAlive(session);
    }

    ~Operation() => Close();

    internal void Bind(string name, string? value)
    {
        if (value is not null)
            Interop.Bind(Handle, name, value);
    }

    /// <summary>Binds the beginning of a buffer, which holds a text in UTF-8.</summary>
    internal void Bind(string name, byte[] utf8, int length) => Interop.Bind(Handle, name, utf8, length);

    internal void Add(string name, byte[] value) => Interop.Add(Handle, name, value);

    internal void Add(string name, IEnumerable<string?>? values)
    {
        foreach (var value in values ?? [])
            Add(name, Encoding.UTF8.GetBytes(value ?? ""));
    }

    internal void Bind(string name, SecureString? value)
    {
        if (value is not null)
            Interop.Bind(Handle, name, value);
    }

    internal void Bind(string name, bool? value)
    {
        if (value is { } truth)
            Interop.Bind(Handle, name, truth);
    }

    internal void Bind(string name, long? value)
    {
        if (value is { } number)
            Interop.Bind(Handle, name, number);
    }

    internal void Bind(string name, double? value)
    {
        if (value is { } number)
            Interop.Bind(Handle, name, number);
    }

    internal void Bind(string name, DateTime? value)
    {
        if (value is { } moment)
            Interop.Bind(Handle, name, moment);
    }

    internal void Start() => Interop.Start(Handle);

    internal void Push() => Interop.Push(Handle);

    internal void Finish() => Interop.Finish(Handle);

    internal Status Step() => Interop.Step(Handle);

    /// <summary>What the last step found.</summary>
    internal Rows Rows() => Interop.Rows(Handle, _texts);

    /// <summary>The one row of a step that found something else than results.</summary>
    internal Row Row() => Rows()[0];

    internal void Answer() => Interop.Answer(Handle);

    internal void Refuse(string why) => Interop.Refuse(Handle, why);

    internal void Cancel()
    {
        if (Handle is var handle and not 0)
            Interop.Cancel(handle);
    }

    public void Dispose()
    {
        Close();
        GC.SuppressFinalize(this);
    }

    private long Handle => Interlocked.Read(ref _handle);

    private void Close()
    {
        var handle = Interlocked.Exchange(ref _handle, 0);
        if (handle == 0)
            return;
        // A step that waits in another thread must come back before its operation goes.
        Interop.Cancel(handle);
        Interop.CloseOperation(handle);
    }
}

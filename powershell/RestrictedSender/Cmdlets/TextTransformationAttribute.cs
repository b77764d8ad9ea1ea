using System;
using System.Collections.Generic;
using System.Linq;
using System.Management.Automation;

namespace RestrictedSender.PowerShell;

/// <summary>
/// Takes a text for a text and nothing else. PowerShell would turn any object from the pipeline into one
/// ("@{RecipientStatus=...}") before it looks at the object's properties.
/// </summary>
[AttributeUsage(AttributeTargets.Property)]
internal class TextTransformationAttribute : ArgumentTransformationAttribute
{
    /// <inheritdoc/>
    public override object Transform(EngineIntrinsics engineIntrinsics, object inputData) =>
        Items(inputData).Select(item => Text(Bare(item))).ToArray();

    /// <summary>The text of an object that is no string; nothing where it is none.</summary>
    private protected virtual string? Other(object item) => null;

    /// <summary>What such a text is called.</summary>
    private protected virtual string What => "a text";

    private string? Text(object? item) => item switch
    {
        null => null,
        string text => text,
        // The cause tells the binder that this object does not fit here, so that it tries other parameters.
        var other => Other(other) ?? throw new ArgumentTransformationMetadataException(
            $"An object of type {other.GetType().Name} is not {What}.",
            new PSInvalidCastException($"An object of type {other.GetType().Name} is not {What}.")),
    };

    private static IEnumerable<object?> Items(object? input) => Bare(input) switch
    {
        null => [null],
        object?[] several => several,
        System.Collections.IList several => several.Cast<object?>(),
        var one => [one],
    };

    private static object? Bare(object? value) => value is PSObject { BaseObject: not PSCustomObject } wrapped
        ? wrapped.BaseObject
        : value;
}

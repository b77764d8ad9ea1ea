using System;
using System.Collections.Generic;
using System.Linq;
using System.Management.Automation;

namespace RestrictedSender.PowerShell;

/// <summary>
/// Takes an address for an address and nothing else. PowerShell would turn any object from the pipeline into a text
/// ("@{ConnectorId=...}"), and an object without an address would become a wrong one.
/// </summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class AddressTransformationAttribute : ArgumentTransformationAttribute
{
    /// <inheritdoc/>
    public override object Transform(EngineIntrinsics engineIntrinsics, object inputData) =>
        Items(inputData).Select(Address).ToArray();

    private static IEnumerable<object?> Items(object? input) => Bare(input) switch
    {
        null => [null],
        object?[] several => several,
        System.Collections.IList several => several.Cast<object?>(),
        var one => [one],
    };

    private static string? Address(object? item) => Bare(item) switch
    {
        null => null,
        string text => text,
        System.Net.Mail.MailAddress address => address.Address,
        // What some Exchange sessions return for an address keeps its text in ToString.
        var other when other.GetType().Name == "SmtpAddress" => other.ToString(),
        // The cause tells the binder that this object does not fit here, so that it tries other parameters.
        var other => throw new ArgumentTransformationMetadataException(
            $"An object of type {other.GetType().Name} is not an address.",
            new PSInvalidCastException($"An object of type {other.GetType().Name} is not an address.")),
    };

    private static object? Bare(object? value) => value is PSObject { BaseObject: not PSCustomObject } wrapped
        ? wrapped.BaseObject
        : value;
}

using System;
using System.Globalization;
using System.Management.Automation;

namespace RestrictedSender.PowerShell;

/// <summary>
/// Takes moments as this module and saved files have them: in UTC unless they say otherwise. PowerShell would read the
/// text of a saved file as if it came from America, whatever culture Export-Csv has written it in.
/// </summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class MomentTransformationAttribute : ArgumentTransformationAttribute
{
    private const DateTimeStyles Utc = DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal;

    /// <inheritdoc/>
    public override object? Transform(EngineIntrinsics engineIntrinsics, object? inputData) =>
        (inputData is PSObject wrapped ? wrapped.BaseObject : inputData) switch
        {
            DateTime { Kind: DateTimeKind.Unspecified } moment => DateTime.SpecifyKind(moment, DateTimeKind.Utc),
            DateTime moment => moment.ToUniversalTime(),
            DateTimeOffset moment => moment.UtcDateTime,
            string text when string.IsNullOrWhiteSpace(text) => null,
            string text when DateTime.TryParse(text, CultureInfo.CurrentCulture, Utc, out var moment) => moment,
            string text when DateTime.TryParse(text, CultureInfo.InvariantCulture, Utc, out var moment) => moment,
            var other => other,
        };

    /// <inheritdoc/>
    public override bool TransformNullOptionalParameters => false;
}

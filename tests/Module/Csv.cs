using System.Globalization;
using System.Management.Automation;
using System.Text;

namespace RestrictedSender.Module.Tests;

/// <summary>What Export-Csv and Import-Csv do; the bare engine has neither.</summary>
internal static class Csv
{
    /// <summary>Columns are the properties of the first object; nothing is an empty column.</summary>
    public static string Export(IReadOnlyList<PSObject> rows)
    {
        var columns = rows[0].Properties.Select(property => property.Name).ToList();
        var text = new StringBuilder(string.Join(',', columns.Select(Quoted)));
        foreach (var row in rows)
            text.Append('\n').AppendJoin(',', columns.Select(column => Field(row.Properties[column]?.Value)));
        return text.ToString();
    }

    /// <summary>Objects whose properties are all texts, <paramref name="nothing"/> where a column is empty.</summary>
    public static IReadOnlyList<PSObject> Import(string text, string? nothing = "")
    {
        var lines = text.Split('\n').Select(Fields).ToList();
        return [.. lines.Skip(1).Select(fields => Bag(lines[0].Zip(fields, Column)))];

        (string, object?) Column(string name, string value) => (name, value is "" ? nothing : value);
    }

    /// <summary>A bag of properties.</summary>
    public static PSObject Bag(IEnumerable<(string Name, object? Value)> properties)
    {
        var bag = new PSObject();
        foreach (var (name, value) in properties)
            bag.Properties.Add(new PSNoteProperty(name, value));
        return bag;
    }

    private static string Field(object? value) =>
        value is null
            ? ""
            : Quoted((string)LanguagePrimitives.ConvertTo(value, typeof(string), CultureInfo.InvariantCulture));

    private static string Quoted(string text) => $"\"{text.Replace("\"", "\"\"")}\"";

    private static List<string> Fields(string line)
    {
        List<string> fields = [];
        var field = new StringBuilder();
        var quoted = false;
        for (var index = 0; index < line.Length; index++)
        {
            if (line[index] == '"' && quoted && index + 1 < line.Length && line[index + 1] == '"')
                field.Append(line[index++]);
            else if (line[index] == '"')
                quoted = !quoted;
            else if (line[index] == ',' && !quoted)
            {
                fields.Add(field.ToString());
                field.Clear();
            }
            else
                field.Append(line[index]);
        }
        fields.Add(field.ToString());
        return fields;
    }
}

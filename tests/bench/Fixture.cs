using System.Management.Automation;
using System.Text;
using System.Text.Json.Nodes;

namespace RestrictedSender.Bench;

/// <summary>
/// The same entities in both shapes: as the service's JSON reply, and as the CLIXML that the official module asks for.
/// The fixture's hundred are repeated with addresses of their own.
/// </summary>
internal static class Fixture
{
    /// <summary>The bodies of the pages, of 1,000 entities each as the service sends them.</summary>
    internal static List<byte[]> Replies(JsonArray fixture, int count) =>
        Entities(fixture, count).Chunk(1000).Select(Page).ToList();

    private static byte[] Page((JsonNode Entity, string Address)[] entities)
    {
        var rows = new JsonArray();
        foreach (var (entity, address) in entities)
        {
            var row = entity.DeepClone().AsObject();
            row["SenderAddress"] = address;
            rows.Add(row);
        }
        return Encoding.UTF8.GetBytes(new JsonObject { ["value"] = rows }.ToJsonString());
    }

    internal static string Clixml(JsonArray fixture, int count)
    {
        var rows = new List<PSObject>();
        foreach (var (entity, address) in Entities(fixture, count))
        {
            var row = new PSObject();
            row.TypeNames.Insert(0, "Microsoft.Exchange.Management.BlockedSender");
            row.Properties.Add(new PSNoteProperty("SenderAddress", address));
            row.Properties.Add(new PSNoteProperty("Reason", (string)entity["Reason"]!));
            row.Properties.Add(new PSNoteProperty("CreatedDatetime", Date(entity["CreatedDatetime"]!)));
            row.Properties.Add(new PSNoteProperty("ChangedDatetime", Date(entity["ChangedDatetime"]!)));
            row.Properties.Add(new PSNoteProperty("TemporaryBlock", (bool)entity["TemporaryBlock"]!));
            rows.Add(row);
        }
        return PSSerializer.Serialize(rows, 2);
    }

    private static DateTime Date(JsonNode text) => DateTimeOffset.Parse((string)text!, null).UtcDateTime;

    private static IEnumerable<(JsonNode Entity, string Address)> Entities(JsonArray fixture, int count)
    {
        for (var index = 0; index < count; index++)
            yield return (fixture[index % fixture.Count]!, $"employee{index:D5}@contoso.com");
    }
}

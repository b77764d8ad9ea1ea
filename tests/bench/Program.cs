using System.Diagnostics;
using System.Management.Automation;
using System.Text.Json.Nodes;
using RestrictedSender.Bench;
using RestrictedSender.PowerShell.Native;
using static RestrictedSender.Bench.Figures;

switch (args)
{
    case ["history"]:
        History.Run();
        return;
    case ["bounces"]:
        Bounces.Run();
        return;
    case ["trace-pipeline"]:
        TracePipeline.Run();
        return;
}

if (args is ["trace"])
{
    RestrictedSender.Bench.Trace.Run();
    return;
}

// What the border costs, against PowerShell's own way to get objects from a reply. Figures are medians of whole
// rounds; the two sides of a ratio take turns within one run.

const int entities = 10_000;
const int rounds = 15;
const int warmUps = 10;

var fixture = JsonNode.Parse(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "entities.json")))!.AsArray();
var replies = Fixture.Replies(fixture, entities);
var clixml = Fixture.Clixml(fixture, entities);
var session = new Session();

long ours = 0, peer = 0, bytes = 0;
List<double> ourTimes = [], peerTimes = [];
for (var round = -warmUps; round < rounds; round++)
{
    CollectGarbage();
    var allocated = GC.GetAllocatedBytesForCurrentThread();
    var watch = Stopwatch.StartNew();
    ours = ReadReplies(session, replies);
    var ourTime = watch.Elapsed.TotalMilliseconds;
    bytes = (GC.GetAllocatedBytesForCurrentThread() - allocated) / entities;

    CollectGarbage();
    watch.Restart();
    peer = ((System.Collections.ICollection)((PSObject)PSSerializer.Deserialize(clixml)).BaseObject).Count;
    if (round < 0)
        continue;
    ourTimes.Add(ourTime);
    peerTimes.Add(watch.Elapsed.TotalMilliseconds);
}
if (ours != entities || peer != entities)
    throw new InvalidOperationException($"{ours} and {peer} objects instead of {entities}.");

var (our, their) = (Median(ourTimes), Median(peerTimes));
Tell("replies with 10,000 entities to objects", $"{our:N1} ms");
Tell("PSSerializer.Deserialize, same entities as CLIXML", $"{their:N1} ms");
Tell("times as fast as PSSerializer", $"{their / our:N1} (wanted: at least 5)");
Tell("managed allocation for each entity", $"{bytes:N0} bytes (wanted: at most 1,300)");
Tell("for each row, JSON and all", $"{our * 1e6 / entities:N0} ns");

const int calls = 1_000_000;
Interop.Version();
var callWatch = Stopwatch.StartNew();
for (var call = 0; call < calls; call++)
    Interop.Version();
Tell("for each call across the border", $"{callWatch.Elapsed.TotalMilliseconds * 1e6 / calls:N0} ns");

Connect(100);
var before = Footprint.Now();
Connect(1000);
var after = Footprint.Now();
Tell("after 100 connects and disconnects", before.ToString());
Tell("after 1,000 more", after.ToString());
session.Close();
return;

static long ReadReplies(Session session, List<byte[]> replies)
{
    using var operation = new Operation(session, "read-reply");
    foreach (var reply in replies)
        operation.Add("Replies", reply);
    operation.Bind("Organization", "contoso.onmicrosoft.com");
    operation.Start();
    var objects = new object[entities];
    long count = 0;
    while (operation.Step() == Status.Row)
    {
        var rows = operation.Rows();
        for (var index = 0L; index < rows.Count; index++)
            objects[count++] = RestrictedSender.PowerShell.RestrictedSender.Read(rows[index], null!);
    }
    return count;
}

static void Connect(int times)
{
    for (var time = 0; time < times; time++)
    {
        var session = new Session();
        using (var operation = new Operation(session, "connect-restricted-sender"))
        {
            operation.Bind("Sandbox", true);
            operation.Bind("TimeScale", 0.0);
            operation.Start();
            while (operation.Step() != Status.Done)
            {
            }
        }
        session.Close();
    }
}

// Neither side pays for what the other one left behind.
static void CollectGarbage()
{
    GC.Collect();
    GC.WaitForPendingFinalizers();
    GC.Collect();
}

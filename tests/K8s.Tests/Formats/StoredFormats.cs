#if !ORLEANS
using System.Text.Json;
using KVCluster.Grains;
using KVCluster.Silo.Configuration;
using KVCluster.Silo.Serving;
using KVCluster.TestSupport;

namespace KVCluster.K8s.Tests.Formats;

/// <summary>
/// Two conversations as a server leaves them on disk: states and cold copies, one whole and one cut. Those in the folder Stored were written by an
/// earlier build and stay as they are; docs/operations/upgrade.md says when they may be written anew.
/// </summary>
internal static class StoredFormats
{
    public const string Whole = "whole";
    public const string Cut = "cut";
    private const string ExpectedName = "expected.json";

    public static string Folder { get; } = Path.Combine(TestPaths.Repository, "tests", "K8s.Tests", "Formats", "Stored");

    /// <summary>A server on a folder of states and cold copies.</summary>
    public static Task<ServerHost> ServeAsync(string folder) => ServerHost.StartAsync(
        SettingsReader.Read(null,
        [
            new("Listen:Url", "http://127.0.0.1:0"), new("State:Store", folder), new("Model:ArenaBytes", $"{4 << 20}"), new("Model:Threads", "1"),
            new("Cold:IdleSaveSeconds", "3600"), new("Cold:TtlHours", "8760"),
        ]),
        _ => { },
        CancellationToken.None);

    public static ISessionGrain Session(ServerHost host, string id) => host.Grains.GetGrain<ISessionGrain>(SessionId.Of("default", id).Key);

    /// <summary>The first turn of both conversations; sent again it is answered from the record.</summary>
    public static GenerateRequest First(string id) => new()
    {
        Prompt = Prompt.OfText($"The {id} story tells of the sea, of a ship that came late, and of the wind that brought it home. Nobody had waited for so long. "),
        IdempotencyKey = "first",
        Sampling = new SamplingSettings { MaxTokens = 16, Temperature = 0 },
    };

    /// <summary>What both are asked when they have come back.</summary>
    public static GenerateRequest Next { get; } = new()
    {
        Prompt = Prompt.OfText("Who had waited?"),
        Sampling = new SamplingSettings { MaxTokens = 16, Temperature = 0 },
    };

    public static async Task<TurnResult> RunAsync(ISessionGrain session, GenerateRequest request)
    {
        TurnResult? result = null;
        await foreach (TokenChunk chunk in session.Generate(request))
        {
            result = chunk.Result;
        }

        return result!;
    }

    /// <summary>Leaves both conversations in a folder, with what is expected of them.</summary>
    public static async Task WriteAsync(string folder)
    {
        Dictionary<string, Expected> expected = [];
        await using (ServerHost host = await ServeAsync(folder))
        {
            foreach (string id in (string[])[Whole, Cut])
            {
                ISessionGrain session = Session(host, id);
                await session.Create(new SessionOptions { Priority = 3 });
                TurnResult first = await RunAsync(session, First(id));
                if (id == Cut)
                {
                    await session.Demote();
                    await RunAsync(session, Next with { Prompt = Prompt.OfText("And then?") });
                    await session.Compress(new CompressRequest { Keep = 0.5 });
                }

                await session.Demote();
                int[] history = (await session.ReadHistory(0, int.MaxValue)).Tokens;
                expected[id] = new Expected(first.Text, history, "");
            }
        }

        await AnswerAsync(folder, expected);
        foreach (string lost in Directory.GetFiles(folder, "*lock", SearchOption.AllDirectories).Concat(Directory.GetFiles(folder, ".lock", SearchOption.AllDirectories)).Distinct())
        {
            File.Delete(lost);
        }

        File.WriteAllText(Path.Combine(folder, ExpectedName), JsonSerializer.Serialize(expected) + "\n");
    }

    public static Dictionary<string, Expected> ExpectedOf(string folder) =>
        JsonSerializer.Deserialize<Dictionary<string, Expected>>(File.ReadAllText(Path.Combine(folder, ExpectedName)))!;

    /// <summary>A copy to work on, as old as now: what is older than its time to live would be swept.</summary>
    public static string Copy(string from)
    {
        string to = Directory.CreateTempSubdirectory("kvcluster-formats-").FullName;
        foreach (string file in Directory.GetFiles(from, "*", SearchOption.AllDirectories))
        {
            string target = Path.Combine(to, Path.GetRelativePath(from, file));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.WriteAllBytes(target, File.ReadAllBytes(file));
        }

        return to;
    }

    private static async Task AnswerAsync(string folder, Dictionary<string, Expected> expected)
    {
        string copy = Copy(folder);
        await using (ServerHost host = await ServeAsync(copy))
        {
            foreach ((string id, Expected known) in expected.ToArray())
            {
                expected[id] = known with { Answer = (await RunAsync(Session(host, id), Next)).Text };
            }
        }

        Directory.Delete(copy, recursive: true);
    }

    /// <param name="First">The first turn's answer.</param>
    /// <param name="History">All tokens.</param>
    /// <param name="Answer">The answer to <see cref="Next"/>.</param>
    internal sealed record Expected(string First, int[] History, string Answer);
}
#endif

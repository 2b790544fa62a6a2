using System.Text.Json;
using KVCluster.Inference.Kv;
using KVCluster.TestSupport;
using KVCluster.Worker;
using Xunit.Abstractions;

namespace KVCluster.Grains.Tests.Devices;

/// <summary>Recorded conversations through sessions: eight at a time, interleaved, with moves and forks between turns.</summary>
[Trait("Category", "Goldens")]
public sealed class GoldenSessionTests(ITestOutputHelper output)
{
    private const string Needle = "needle/turns-512.jsonl";
    private const string SmolLm2 = "smollm2/multiturn.json";
    private const int Together = 8;

    /// <summary>Most tokens of a recorded needle answer.</summary>
    private const int AnswerLimit = 128;

    private static bool AllSamples => Environment.GetEnvironmentVariable("KVCLUSTER_ALL_SAMPLES") == "1";

    [GoldenFact(Needle)]
    public async Task The_needle_models_turns_are_the_recorded_ones()
    {
        JsonElement[] samples = [.. File.ReadLines(Path.Combine(TestPaths.Goldens, Needle))
            .Where(line => line.Length > 0).Take(AllSamples ? int.MaxValue : Together)
            .Select(line => JsonDocument.Parse(line).RootElement)];
        await using DeviceCluster cluster = await DeviceCluster.StartAsync(3, () => NeedleModel.Open(contextTokens: 6144));
        int end;
        using (LocalModel model = NeedleModel.Open(contextTokens: 64))
        {
            end = model.Tokenizer.FindToken("<|im_end|>")!.Value;
        }

        for (int first = 0; first < samples.Length; first += Together)
        {
            await Hold(cluster, [.. samples.Skip(first).Take(Together)
                .Select((sample, i) => GoldenConversation.OfNeedle($"needle-{first + i}", sample, AnswerLimit, end))]);
        }
    }

    [GoldenFact(SmolLm2, needsSmolLm2: true)]
    public async Task SmolLm2s_turns_are_the_recorded_ones()
    {
        JsonElement[] goldens = [.. JsonDocument.Parse(File.ReadAllBytes(Path.Combine(TestPaths.Goldens, SmolLm2)))
            .RootElement.GetProperty("conversations").EnumerateArray().Take(AllSamples ? int.MaxValue : 2)];
        int longest = goldens.Max(golden => golden.GetProperty("stream_ids").GetArrayLength());
        await using DeviceCluster cluster = await DeviceCluster.StartAsync(2, () => LocalModel.Open(
            TestPaths.SmolLm2!, new LocalModelOptions { KvType = KvElementType.F32, ContextTokens = (longest + 256) * 5, Threads = 1 }));
        await Hold(cluster, [.. goldens.Select((golden, i) => GoldenConversation.OfSmolLm2($"smol-{i}", golden))]);
    }

    private async Task Hold(DeviceCluster cluster, List<GoldenConversation> conversations)
    {
        int turns = 0;
        int moves = 0;
        int forks = 0;
        foreach (GoldenConversation conversation in conversations)
        {
            await conversation.CreateAsync(cluster);
        }

        for (int round = 0; conversations.Any(c => c.HasTurn); round++)
        {
            GoldenConversation[] speaking = [.. conversations.Where(c => c.HasTurn)];
            turns += speaking.Length;
            await Task.WhenAll(speaking.Select(c => c.NextAsync(cluster)));
            for (int i = 0; round == 0 && conversations.Count < Together; i++)
            {
                conversations.Add(await conversations[i].ForkAsync(cluster, $"{conversations[i].Id}-fork{i}"));
                forks++;
            }

            for (int i = 0; i < conversations.Count; i++)
            {
                if ((i + round) % 3 == 0)
                {
                    moves += await MoveAsync(cluster, conversations[i].Id);
                }
                else if ((i + round) % 3 == 1)
                {
                    GoldenConversation old = conversations[i];
                    conversations[i] = await old.ForkAsync(cluster, $"{old.Id}-{round}");
                    await cluster.Session(old.Id).Close();
                    forks++;
                }
            }
        }

        foreach (GoldenConversation conversation in conversations)
        {
            await cluster.Session(conversation.Id).HasHistoryAsync([.. conversation.Expected]);
            await cluster.Session(conversation.Id).Close();
        }

        await cluster.AssertEmptyAsync();
        Assert.Empty(await cluster.ColdAsync());
        Assert.True(turns > 0 && moves > 0 && forks > 0);
        output.WriteLine(
            $"{conversations.Count} sessions, {turns} turns, {moves} moves, {forks} forks; {conversations.Sum(c => c.NearTies)} near ties");
    }

    /// <summary>To the next node; it is there when this returns.</summary>
    private static async Task<int> MoveAsync(DeviceCluster cluster, string id)
    {
        string[] nodes = [.. cluster.Grains.Nodes.Order(StringComparer.Ordinal)];
        string from = (await cluster.Session(id).Describe()).Node;
        string to = nodes[(Array.IndexOf(nodes, from) + 1) % nodes.Length];
        await cluster.Session(id).Move(to);
        SessionInfo info = await cluster.Session(id).Describe();
        Assert.Equal(to, info.Node);
        return 1;
    }
}

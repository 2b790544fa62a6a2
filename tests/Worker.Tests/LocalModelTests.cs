using KVCluster.Inference;
using KVCluster.Inference.Kv;
using KVCluster.Inference.Models;
using KVCluster.TestSupport;

namespace KVCluster.Worker.Tests;

public sealed class LocalModelTests
{
    [Fact]
    public void Opens_with_room_for_its_context()
    {
        var progress = new List<double>();
        using LocalModel model = LocalModel.Open(TestPaths.Needle, progress: progress.Add);
        LedgerSnapshot ledger = model.Backend.Pool.Ledger.Snapshot();
        long needed = KvCapacity.BytesFor(model.Backend.Pool.Geometry, model.Config.ContextLength);
        Assert.InRange(ledger.TotalBytes, needed, 1.02 * needed);
        Assert.Equal(KvElementType.BF16, model.Backend.Pool.Geometry.ElementType);
        Assert.Equal(1, progress[^1]);
        Assert.Equal(progress.Order(), progress);
        Assert.NotNull(model.Template);
        Assert.Equal([model.Tokenizer.FindToken("<|im_end|>")!.Value], model.EndTokens);
        Assert.Equal(model.Files.Fingerprint, model.Fingerprint);
    }

    [Fact]
    public void Arenas_are_as_large_as_asked()
    {
        using LocalModel tokens = LocalModel.Open(TestPaths.Needle, new LocalModelOptions { ContextTokens = 1000 });
        long arena = tokens.Backend.Pool.Ledger.Snapshot().TotalBytes;
        Assert.InRange(KvCapacity.MaxTokens(tokens.Backend.Pool.Geometry, arena), 1000, 1100);
        using LocalModel bytes = LocalModel.Open(TestPaths.Needle, new LocalModelOptions { ContextTokens = 1000, ArenaBytes = 3_000_000 });
        Assert.InRange(bytes.Backend.Memory.ArenaBytes, 2_900_000, 3_000_000);
    }

    [Theory]
    [InlineData(KvElementType.F32)]
    [InlineData(KvElementType.BF16)]
    [InlineData(KvElementType.Int8)]
    public void Every_type_of_cache_answers(KvElementType type)
    {
        using LocalModel model = NeedleFixture.Open(type, contextTokens: 1024, threads: 2);
        using var conversation = new Conversation(model);
        conversation.Append(new ChatFraming(model).FirstTurn(null, null, NeedleFixture.Document + NeedleFixture.Question).Question);
        Assert.Equal(NeedleFixture.Answer, NeedleFixture.Run(conversation).Text);
    }

    [Fact]
    public void Options_out_of_range_are_named()
    {
        (string Name, LocalModelOptions Options)[] bad =
        [
            (nameof(LocalModelOptions.ContextTokens), new() { ContextTokens = -1 }),
            (nameof(LocalModelOptions.ArenaBytes), new() { ArenaBytes = 0 }),
            (nameof(LocalModelOptions.Threads), new() { Threads = 0 }),
            (nameof(LocalModelOptions.PageTokens), new() { PageTokens = 20 }),
            (nameof(LocalModelOptions.MaxBatchTokens), new() { MaxBatchTokens = 0 }),
            (nameof(LocalModelOptions.KvType), new() { KvType = (KvElementType)99 }),
            ("arena", new() { ArenaBytes = 10 }),
        ];
        foreach ((string name, LocalModelOptions options) in bad)
        {
            Assert.Contains(name, Assert.Throws<InputException>(() => LocalModel.Open(TestPaths.Needle, options).Dispose()).Message);
        }
    }

    [Fact]
    public void What_is_no_model_is_refused()
    {
        Assert.Throws<ModelFormatException>(() => LocalModel.Open(Path.Combine(TestPaths.Needle, "nothing")));
        Assert.Throws<ModelFormatException>(() => LocalModel.Open(Path.Combine(TestPaths.Needle, "config.json")));
    }
}

using KVCluster.Compression;
using KVCluster.Compression.Budgets;
using KVCluster.Compression.Policies;
using KVCluster.Inference.Backend;
using KVCluster.Inference.Kv;
using KVCluster.Worker.Tests.Serving;

namespace KVCluster.Worker.Tests;

/// <summary>A backend is asked for what a policy declared and for nothing else; for nothing at all where none asks.</summary>
public sealed class DeclaredRequestTests(EveryPolicyTests.CalibratedNeedle needle) : IClassFixture<EveryPolicyTests.CalibratedNeedle>
{
    public static TheoryData<string> Policies => EveryPolicyTests.Policies;

    [Theory]
    [MemberData(nameof(Policies))]
    public void What_was_declared_is_all_that_is_asked_for(string name)
    {
        ICompressionPolicy policy = CompressionPolicies.Parse(name);
        ScoreRequest request = policy.Request;
        using var conversation = new Conversation(needle.Model, new ConversationOptions { Observe = null });
        conversation.Append(needle.Question);
        using var backend = new CountingBackend(needle.Model.Backend);
        PolicyContext context = PolicyContexts.Of(
            needle.Model, conversation.Tokens.ToArray(), new CompressionRequest(policy, RetentionBudget.OfRatio(0.5)), observe: null);
        PolicyInput input = PolicyInputs.Gather(backend, conversation.Cache, request, context).Input;
        policy.Plan(input, RetentionBudget.OfRatio(0.5));

        Assert.Equal(request.Attention is null && request.QueryStatistics is null, backend.Passes == 0);
        Assert.Equal(request.ValueNorms ? 1 : 0, backend.Calls.Count(call => call == nameof(backend.ValueNorms)));
        Assert.Equal(request.ProjectedValueNorms is null ? 0 : 1, backend.Calls.Count(call => call == nameof(backend.ProjectedValueNorms)));
        Assert.Equal(request.SlotNorms is null ? 0 : 1, backend.Calls.Count(call => call == nameof(backend.SlotNorms)));
        Assert.Equal(request.Vectors, backend.Calls.Exists(call => call is nameof(backend.ReadKeys) or nameof(backend.ReadValues)));
        Assert.Equal(
            (request.TokenKinds, request.Calibration, request.QueryStatistics is not null),
            (input.TokenKinds is not null, input.Calibration is not null, input.QueryStatistics is not null));
    }

    [Fact]
    public void Where_no_policy_asks_a_step_observes_nothing_and_holds_nothing_for_it()
    {
        LedgerSnapshot before = needle.Ledger();
        using var plain = new Conversation(needle.Model, new ConversationOptions { Observe = null });
        plain.Append(needle.Question);
        Assert.Null(needle.Model.Backend.Observed(plain.Cache));
        Assert.Equal(plain.Cache.Bytes, before.FreeBytes - needle.Ledger().FreeBytes);
        using var backend = new CountingBackend(needle.Model.Backend);
        Assert.Null(ObservationOptions.For(CompressionPolicies.Parse("streaming-llm").Request));
        PolicyInputs.Gather(backend, plain.Cache, ScoreRequest.None, new PolicyContext(plain.Tokens.ToArray()));
        Assert.Empty(backend.Calls);
    }

    /// <summary>Remembers what it was asked for.</summary>
    private sealed class CountingBackend(IInferenceBackend inner) : BackendDecorator(inner)
    {
        public List<string> Calls { get; } = [];

        public int Passes => Calls.Count(call => call is nameof(BeginScoring) or nameof(BeginHistory));

        public override IScoringPass BeginScoring(ScoringRequest request) => Note(nameof(BeginScoring), base.BeginScoring(request));

        public override IHistoryPass BeginHistory(HistoryRequest request) => Note(nameof(BeginHistory), base.BeginHistory(request));

        public override AttentionScores ValueNorms(KvCache cache) => Note(nameof(ValueNorms), base.ValueNorms(cache));

        public override AttentionScores ProjectedValueNorms(KvCache cache, VectorNorm norm) =>
            Note(nameof(ProjectedValueNorms), base.ProjectedValueNorms(cache, norm));

        public override ISlotNorms SlotNorms(KvCache cache, VectorNorm norm) => Note(nameof(SlotNorms), base.SlotNorms(cache, norm));

        public override void ReadKeys(KvCache cache, int layer, int head, int start, int count, Span<float> destination)
        {
            Note(nameof(ReadKeys), true);
            base.ReadKeys(cache, layer, head, start, count, destination);
        }

        public override void ReadValues(KvCache cache, int layer, int head, int start, int count, Span<float> destination)
        {
            Note(nameof(ReadValues), true);
            base.ReadValues(cache, layer, head, start, count, destination);
        }

        // Heads are read on several threads.
        private T Note<T>(string call, T result)
        {
            lock (Calls)
            {
                Calls.Add(call);
            }

            return result;
        }
    }
}

using KVCluster.Inference.Kv;
using KVCluster.TestSupport;
using Xunit.Abstractions;

namespace KVCluster.Storage.Tests.Models;

/// <summary>What a real model says after its cache went through the store, lossless and lossy.</summary>
[Trait("Category", "Goldens")]
public sealed class SmolLm2RoundTripTests(SmolLm2Caches caches, ITestOutputHelper output) : IClassFixture<SmolLm2Caches>
{
    /// <summary>
    /// The reference's greedy tokens, fed one by one: the best token is the reference's wherever its lead in logits is at least
    /// <paramref name="nearTie"/>, and no logit is further off than <paramref name="error"/>.
    /// </summary>
    [GoldenTheory("smollm2/numerics.json", needsSmolLm2: true)]
    [InlineData(SnapshotCodec.Packed, 0.0005, 0)]
    [InlineData(SnapshotCodec.BFloat16, 0.05, 0.2)]
    [InlineData(SnapshotCodec.Int8, 0.05, 0.6)]
    [InlineData(SnapshotCodec.Int4, 0.15, 4)]
    public async Task Greedy_tokens_stay_but_for_near_ties(SnapshotCodec codec, double nearTie, double error)
    {
        foreach (SmolLm2Caches.Prompt prompt in caches.Prompts)
        {
            using KvCache copy = caches.Backend.CreateCache();
            await ModelCaches.RoundTrip(caches.Model, prompt.Cache, copy, prompt.Tokens, codec);
            float[] logits = ModelCaches.Append(caches.Backend, copy, prompt.Fed);
            int vocabulary = caches.Model.Config.VocabularySize;
            double lost = 0;
            int flips = 0;
            for (int i = 0; i < prompt.Answer.Length; i++)
            {
                ReadOnlySpan<float> row = logits.AsSpan(i * vocabulary, vocabulary);
                if (row.IndexOf(System.Numerics.Tensors.TensorPrimitives.Max(row)) != prompt.Answer[i])
                {
                    flips++;
                    lost = Math.Max(lost, prompt.Leads[i]);
                }
            }

            double off = prompt.Logits.Zip(logits).Max(p => Math.Abs((double)p.First - p.Second));
            output.WriteLine(
                $"{codec} {prompt.Name}: logits off by up to {off:F4}; {flips} of {prompt.Answer.Length} tokens differ,"
                + $" greatest lead lost {lost:F4}");
            Assert.True(lost < nearTie, $"{prompt.Name}: a lead of {lost} was lost");
            Assert.InRange(off, 0, error);
        }
    }
}

using KVCluster.Backend.Conformance.Support;
using KVCluster.Compression;
using KVCluster.Compression.Policies;
using KVCluster.Inference.Backend;
using KVCluster.Inference.Kv;
using KVCluster.Inference.Models;
using KVCluster.Inference.Tests.Cpu;
using KVCluster.TestSupport;

namespace KVCluster.Backend.Conformance.Cases;

/// <summary>Rows of attention smoothed one by one, and the mean beside the largest, against a plain way to them.</summary>
public abstract class SmoothingConformance(TestBackend backend)
{
    [Theory]
    [InlineData(7, 5, null, false)]
    [InlineData(25, 3, 11, false)]
    [InlineData(9, 5, null, true)]
    [InlineData(500, 5, null, false)]
    public void Rows_are_smoothed_before_the_largest_is_taken_and_the_mean_is_not(int window, int kernel, int? sliding, bool ragged)
    {
        ModelConfig config = RandomModel.Config(window: sliding);
        using var fixture = new BackendFixture(backend, RandomModel.Create(config));
        int[] context = RandomModel.Tokens(70);
        using KvCache cache = fixture.Backend.CreateCache();
        fixture.Forward(cache, context);
        if (ragged)
        {
            cache.Compact(RandomPlans.Of(cache, 3));
        }

        float[][][] rows = Queries(fixture, cache, context, Math.Min(window, context.Length));
        var request = new ScoreRequest
        {
            Attention = new AttentionRequest(AttentionSource.Window, QueryAggregation.Max)
            {
                Window = window,
                SmoothingKernel = kernel,
                WithMean = true,
            },
        };
        foreach (int chunk in (int[])[512, 13, 1])
        {
            PolicyInput input = PolicyInputs.Gather(fixture.Backend, cache, request, new PolicyContext(context) { ChunkTokens = chunk }).Input;
            for (int i = 0; i < config.Layers * config.QueryHeads; i++)
            {
                int layer = i / config.QueryHeads;
                int head = i % config.QueryHeads;
                int before = cache.SlotsBefore(layer, head / config.GroupSize, Math.Max(0, context.Length - window));
                float[][] own = Array.ConvertAll(rows, r => r[i]);
                float[][] smoothed = Array.ConvertAll(own, r => Smoothed(r, before, kernel));
                float[] largest = [.. Enumerable.Range(0, own[0].Length).Select(j => smoothed.Max(r => r[j]))];
                float[] mean = [.. Enumerable.Range(0, own[0].Length).Select(j => own.Average(r => r[j]))];
                Compare.Within(1e-4, input.Attention!.Row(layer, head), largest, $"largest of row {i}, chunk {chunk}");
                Compare.Within(1e-4, input.MeanAttention!.Row(layer, head), mean, $"mean of row {i}, chunk {chunk}");
            }
        }
    }

    /// <summary>
    /// Each query's own attention, [queries][layers * heads][slots]: k times the mean over the last k queries is that of the last k - 1 and
    /// one more.
    /// </summary>
    private static float[][][] Queries(BackendFixture fixture, KvCache cache, int[] context, int count)
    {
        var rows = new float[count][][];
        AttentionScores? before = null;
        for (int k = 1; k <= count; k++)
        {
            var request = new ScoreRequest { Attention = new AttentionRequest(AttentionSource.Window, QueryAggregation.Mean) { Window = k } };
            AttentionScores mean = PolicyInputs.Gather(fixture.Backend, cache, request, new PolicyContext(context)).Input.Attention!;
            rows[k - 1] = [.. Enumerable.Range(0, mean.Layers * mean.Heads).Select(i =>
            {
                (int layer, int head) = (i / mean.Heads, i % mean.Heads);
                float[] row = mean.Row(layer, head).ToArray();
                return row.Select((v, j) => (k * v) - ((k - 1) * (before?.Row(layer, head)[j] ?? 0))).ToArray();
            })];
            before = mean;
        }

        return rows;
    }

    private static float[] Smoothed(float[] row, int before, int kernel)
    {
        var smoothed = new float[row.Length];
        for (int i = 0; i < before; i++)
        {
            smoothed[i] = Enumerable.Range(i - (kernel / 2), kernel).Where(j => j >= 0 && j < before).Sum(j => row[j]) / kernel;
        }

        float sum = smoothed.Sum();
        return Array.ConvertAll(smoothed, v => sum > 0 ? v * row[..before].Sum() / sum : 0);
    }
}

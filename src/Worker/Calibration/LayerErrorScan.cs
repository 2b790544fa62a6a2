using System.Numerics.Tensors;
using KVCluster.Compression;
using KVCluster.Inference.Backend;
using KVCluster.Inference.Models;

namespace KVCluster.Worker.Calibration;

/// <summary>
/// What each layer's attention output loses when its cache is cut (CompressKV, arXiv 2508.02401): ||O_cut - O|| / (||O|| + 1e-6), O behind
/// the output projection, every step's query coming from the whole cache. The softmax over the kept slots is the whole one's, cut and
/// brought back to sum 1, so one pass gives both.
/// </summary>
public sealed class LayerErrorScan
{
    private const double Epsilon = 1e-6;

    private readonly IInferenceBackend _backend;
    private readonly ModelWeights _weights;
    private readonly ModelConfig _config;

    /// <summary>Over a backend and the weights it runs, whose output projections are read.</summary>
    public LayerErrorScan(IInferenceBackend backend, ModelWeights weights)
    {
        ArgumentNullException.ThrowIfNull(backend);
        ArgumentNullException.ThrowIfNull(weights);
        _backend = backend;
        _weights = weights;
        _config = backend.Model;
    }

    /// <summary>
    /// Errors of one context, [steps][layers]: the plan cuts what the probe holds, and each token of <paramref name="decoded"/> is appended
    /// and asks. Decoded tokens are never cut.
    /// </summary>
    public double[][] Measure(
        AttentionProbe probe, RetentionPlan plan, ReadOnlyMemory<int> decoded, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(probe);
        ArgumentNullException.ThrowIfNull(plan);
        int context = probe.Cache.LogicalLength;
        int width = _config.QueryHeads * _config.HeadSize;
        float[][][] whole = Vectors(decoded.Length, width);
        float[][][] lost = Vectors(decoded.Length, width);
        for (int step = 0; step < decoded.Length; step++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            probe.Append(decoded.Slice(step, 1), cancellationToken);
            AttentionScores attention = probe.LastAttention();
            for (int layer = 0; layer < _config.Layers; layer++)
            {
                Outputs(probe, attention, plan, layer, context, whole[layer][step], lost[layer][step]);
            }
        }

        double[][] errors = [.. Enumerable.Range(0, decoded.Length).Select(_ => new double[_config.Layers])];
        for (int layer = 0; layer < _config.Layers; layer++)
        {
            double[] norms = ProjectedNorms(layer, whole[layer]);
            double[] losses = ProjectedNorms(layer, lost[layer]);
            for (int step = 0; step < decoded.Length; step++)
            {
                errors[step][layer] = losses[step] / (norms[step] + Epsilon);
            }
        }

        return errors;
    }

    private float[][][] Vectors(int steps, int width) =>
        [.. Enumerable.Range(0, _config.Layers).Select(_ => Enumerable.Range(0, steps).Select(_ => new float[width]).ToArray())];

    /// <summary>The heads' outputs side by side, [Hq * d], of the whole cache, and the cut cache's difference to them.</summary>
    private void Outputs(
        AttentionProbe probe, AttentionScores attention, RetentionPlan plan, int layer, int context, float[] whole, float[] lost)
    {
        int size = _config.HeadSize;
        int slots = probe.Cache.LogicalLength;
        float[] values = new float[slots * size];
        float[] kept = new float[slots];
        for (int head = 0; head < _config.QueryHeads; head++)
        {
            int kvHead = head / _config.GroupSize;
            if (head % _config.GroupSize == 0)
            {
                _backend.ReadValues(probe.Cache, layer, kvHead, 0, slots, values);
            }

            ReadOnlySpan<float> row = attention.Row(layer, head);
            row.CopyTo(kept);
            kept.AsSpan(0, context).Clear();
            foreach (int slot in plan.Kept(layer, kvHead))
            {
                kept[slot] = row[slot];
            }

            // Nothing left to look at is an output of 0.
            float mass = TensorPrimitives.Sum<float>(kept);
            TensorPrimitives.Multiply(kept, mass > 0 ? 1 / mass : 0, kept);
            TensorPrimitives.Subtract(kept, row, kept);
            Span<float> output = whole.AsSpan(head * size, size);
            Span<float> difference = lost.AsSpan(head * size, size);
            for (int slot = 0; slot < slots; slot++)
            {
                ReadOnlySpan<float> value = values.AsSpan(slot * size, size);
                TensorPrimitives.MultiplyAdd(value, row[slot], output, output);
                TensorPrimitives.MultiplyAdd(value, kept[slot], difference, difference);
            }
        }
    }

    // Row by row, so that no projection is ever unpacked whole.
    private double[] ProjectedNorms(int layer, float[][] vectors)
    {
        WeightMatrix projection = _weights.Layers[layer].AttentionOutput;
        float[] row = new float[projection.Columns];
        double[] squares = new double[vectors.Length];
        for (int i = 0; i < projection.Rows; i++)
        {
            projection.DequantizeRow(i, row);
            for (int step = 0; step < vectors.Length; step++)
            {
                double dot = TensorPrimitives.Dot<float>(row, vectors[step]);
                squares[step] += dot * dot;
            }
        }

        return [.. squares.Select(Math.Sqrt)];
    }
}

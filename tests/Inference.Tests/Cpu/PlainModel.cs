using KVCluster.Compression;
using KVCluster.Inference.Models;

namespace KVCluster.Inference.Tests.Cpu;

/// <summary>Sees the attention probabilities of one query head for one query over the head's rows.</summary>
internal delegate void AttentionSeen(int layer, int queryHead, int query, double[] probabilities);

/// <summary>
/// A decoder written for clarity alone, in double precision, one token at a time, over explicit lists of rows: what the fast kernels are
/// compared with. <c>stored</c> rounds key and value rows as a cache's element type does.
/// </summary>
internal sealed class PlainModel(LoadedModel model, Func<double[], double[]>? stored = null)
{
    private readonly ModelConfig _config = model.Config;

    /// <summary>Rows of every (layer, KV head), and the position of the next token.</summary>
    public sealed class Cache(ModelConfig config)
    {
        public List<Row>[] Heads { get; private init; } =
            Enumerable.Range(0, config.Layers * config.KvHeads).Select(_ => new List<Row>()).ToArray();

        public int Logical { get; set; }

        public Cache Copy() => new(config) { Heads = Heads.Select(h => h.ToList()).ToArray(), Logical = Logical };

        public void Keep(RetentionPlan plan)
        {
            for (int i = 0; i < Heads.Length; i++)
            {
                List<Row> rows = Heads[i];
                Heads[i] = plan.Kept(i / config.KvHeads, i % config.KvHeads).ToArray().Select(s => rows[s]).ToList();
            }
        }
    }

    public sealed record Row(double[] Key, double[] Value, int Position, double Bias = 0);

    public double[][] Forward(Cache cache, ReadOnlySpan<int> tokens, AttentionSeen? seen = null)
    {
        var logits = new double[tokens.Length][];
        for (int t = 0; t < tokens.Length; t++)
        {
            logits[t] = Step(cache, tokens[t], t, seen);
        }

        return logits;
    }

    private double[] Step(Cache cache, int token, int query, AttentionSeen? seen)
    {
        double[] x = RowOf(model.Weights.Embedding, token);
        for (int l = 0; l < _config.Layers; l++)
        {
            LayerWeights w = model.Weights.Layers[l];
            double[] h = Norm(x, w.AttentionNorm);
            double[] attention = Attend(cache, l, query, h, seen);
            Add(x, Multiply(w.AttentionOutput, attention));
            h = Norm(x, w.FeedForwardNorm);
            double[] gate = Multiply(w.Gate, h);
            double[] up = Multiply(w.Up, h);
            Add(x, Multiply(w.Down, gate.Select((g, i) => g / (1 + Math.Exp(-g)) * up[i]).ToArray()));
        }

        cache.Logical++;
        return Multiply(model.Weights.Output, Norm(x, model.Weights.FinalNorm));
    }

    private double[] Attend(Cache cache, int layer, int query, double[] h, AttentionSeen? seen)
    {
        LayerWeights w = model.Weights.Layers[layer];
        int d = _config.HeadSize;
        double[] q = Heads(Multiply(w.Query, h), w.QueryBias, w.QueryNorm, cache.Logical);
        double[] k = Heads(Multiply(w.Key, h), w.KeyBias, w.KeyNorm, cache.Logical);
        double[] v = Multiply(w.Value, h);
        Add(v, w.ValueBias);
        for (int head = 0; head < _config.KvHeads; head++)
        {
            double[] key = k[(head * d)..((head + 1) * d)];
            double[] value = v[(head * d)..((head + 1) * d)];
            cache.Heads[(layer * _config.KvHeads) + head].Add(stored is null
                ? new Row(key, value, cache.Logical)
                : new Row(stored(key), stored(value), cache.Logical));
        }

        var output = new double[_config.QueryHeads * d];
        for (int head = 0; head < _config.QueryHeads; head++)
        {
            List<Row> rows = cache.Heads[(layer * _config.KvHeads) + (head / _config.GroupSize)];
            double[] p = Softmax(rows.Select(r => Visible(layer, cache.Logical, r)
                ? Dot(q.AsSpan(head * d, d), r.Key) / Math.Sqrt(d) + r.Bias
                : double.NegativeInfinity).ToArray());
            seen?.Invoke(layer, head, query, p);
            for (int j = 0; j < rows.Count; j++)
            {
                for (int i = 0; i < d; i++)
                {
                    output[(head * d) + i] += p[j] * rows[j].Value[i];
                }
            }
        }

        return output;
    }

    private bool Visible(int layer, int position, Row row) => _config.WindowOf(layer) is not { } window || position - row.Position < window;

    private double[] Heads(double[] rows, float[]? bias, float[]? norm, int position)
    {
        Add(rows, bias);
        int d = _config.HeadSize;
        for (int h = 0; h < rows.Length / d; h++)
        {
            double[] head = rows[(h * d)..((h + 1) * d)];
            head = norm is null ? head : Norm(head, norm);
            for (int i = 0; i < d / 2; i++)
            {
                double angle = position * (double)_config.Rotary.InverseFrequencies[i];
                double c = Math.Cos(angle) * _config.Rotary.AttentionScale;
                double s = Math.Sin(angle) * _config.Rotary.AttentionScale;
                rows[(h * d) + i] = (head[i] * c) - (head[i + (d / 2)] * s);
                rows[(h * d) + i + (d / 2)] = (head[i + (d / 2)] * c) + (head[i] * s);
            }
        }

        return rows;
    }

    private double[] Norm(double[] x, float[] weight)
    {
        double scale = 1 / Math.Sqrt((x.Sum(v => v * v) / x.Length) + _config.RmsNormEpsilon);
        return x.Select((v, i) => v * scale * weight[i]).ToArray();
    }

    private static double[] Softmax(double[] x)
    {
        double max = x.Max();
        double[] e = x.Select(v => Math.Exp(v - max)).ToArray();
        double sum = e.Sum();
        return e.Select(v => v / sum).ToArray();
    }

    private static double[] Multiply(WeightMatrix matrix, double[] x)
    {
        var y = new double[matrix.Rows];
        var row = new float[matrix.Columns];
        for (int r = 0; r < y.Length; r++)
        {
            matrix.DequantizeRow(r, row);
            for (int i = 0; i < row.Length; i++)
            {
                y[r] += row[i] * x[i];
            }
        }

        return y;
    }

    private static double[] RowOf(WeightMatrix matrix, int r)
    {
        var row = new float[matrix.Columns];
        matrix.DequantizeRow(r, row);
        return Array.ConvertAll(row, v => (double)v);
    }

    private static double Dot(ReadOnlySpan<double> a, double[] b)
    {
        double sum = 0;
        for (int i = 0; i < b.Length; i++)
        {
            sum += a[i] * b[i];
        }

        return sum;
    }

    private static void Add(double[] x, double[] y)
    {
        for (int i = 0; i < x.Length; i++)
        {
            x[i] += y[i];
        }
    }

    private static void Add(double[] x, float[]? y)
    {
        for (int i = 0; i < (y?.Length ?? 0); i++)
        {
            x[i] += y![i];
        }
    }
}

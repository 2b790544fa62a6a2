using KVCluster.Compression.Policies;

namespace KVCluster.Compression.Tests.Policies;

/// <summary>Random inputs with everything any policy may ask for.</summary>
internal static class PolicyMatrixInputs
{
    private const int HeadSize = 8;

    public static PolicyInput Make(Random random, bool ragged, int? tokens = null)
    {
        int layers = random.Next(1, 6);
        int kvHeads = random.Next(1, 5);
        int group = random.Next(1, 4);
        int count = tokens ?? random.Next(1, 150);
        PolicyInput input = ragged
            ? TestInputs.Ragged(random, layers, kvHeads, count, group)
            : TestInputs.Whole(random, layers, kvHeads, count, group);
        return Complete(random, input, group);
    }

    /// <summary>Adds vectors, statistics, norms, token kinds and a calibration to an input with attention.</summary>
    public static PolicyInput Complete(Random random, PolicyInput input, int group)
    {
        CacheShape shape = input.Shape;
        int queryHeads = shape.KvHeads * group;
        AttentionScores norms = TestInputs.Filled(random, shape, group).Attention!;
        return input with
        {
            ProjectedValueNorms = norms,
            SlotNorms = BoundedNorms.Of(norms, shape.KvHeads, random),
            MeanAttention = TestInputs.Filled(random, shape, group).Attention,
            Vectors = new RandomVectors(random, shape),
            QueryStatistics = new QueryStatistics(
                shape.Layers,
                queryHeads,
                HeadSize,
                Rows(random, shape.Layers * queryHeads, HeadSize),
                [.. Rows(random, shape.Layers * queryHeads, HeadSize).Select(Outer)]),
            TokenKinds = Enumerable.Range(0, shape.LogicalLength).Select(_ => (TokenKind)Math.Max(0, random.Next(-5, 3))).ToArray(),
            Calibration = new HeadCalibration
            {
                RetrievalScores = Rows(random, shape.Layers, shape.KvHeads),
                InductionScores = Rows(random, shape.Layers, queryHeads),
                SemanticRetrievalHeads = [.. Enumerable.Range(0, shape.Layers).Select(_ => Heads(random, queryHeads))],
                LayerErrors = Rows(random, 1, shape.Layers)[0],
            },
        };
    }

    /// <summary>The same input with one number of one kind no number.</summary>
    public static PolicyInput Poisoned(PolicyInput input)
    {
        CacheShape shape = input.Shape;
        AttentionScores Poison(AttentionScores scores)
        {
            AttentionScores copy = scores.Copy();
            copy.Row(shape.Layers - 1, copy.Heads - 1)[0] = float.NaN;
            return copy;
        }

        return input with
        {
            Attention = Poison(input.Attention!),
            MeanAttention = Poison(input.MeanAttention!),
            ValueNorms = Poison(input.ValueNorms!),
            ProjectedValueNorms = Poison(input.ProjectedValueNorms!),
            SlotNorms = new GivenSlotNorms(Poison(input.SlotNorms!.UpperBounds())),
            Vectors = new PoisonedVectors(input.Vectors!),
        };
    }

    private static int[] Heads(Random random, int heads)
    {
        int[] all = [.. Enumerable.Range(0, heads)];
        random.Shuffle(all);
        return all[..random.Next(1, heads + 1)];
    }

    private static float[][] Rows(Random random, int rows, int length) =>
        [.. Enumerable.Range(0, rows).Select(_ => Enumerable.Range(0, length).Select(_ => random.NextSingle()).ToArray())];

    private static float[] Outer(float[] v) => [.. v.SelectMany(a => v.Select(b => a * b))];

    private sealed class RandomVectors(Random random, CacheShape shape) : ISlotVectors
    {
        private readonly float[][][] _rows =
        [
            .. Enumerable.Range(0, 2).Select(_ => Enumerable.Range(0, shape.Layers * shape.KvHeads)
                .Select(i => Enumerable.Range(0, shape.Slots(i / shape.KvHeads, i % shape.KvHeads) * PolicyMatrixInputs.HeadSize)
                    .Select(_ => random.NextSingle() - 0.4f).ToArray())
                .ToArray()),
        ];

        public int HeadSize => PolicyMatrixInputs.HeadSize;

        public void ReadKeys(int layer, int kvHead, Span<float> destination) => _rows[0][(layer * shape.KvHeads) + kvHead].CopyTo(destination);

        public void ReadValues(int layer, int kvHead, Span<float> destination) => _rows[1][(layer * shape.KvHeads) + kvHead].CopyTo(destination);
    }

    private sealed class PoisonedVectors(ISlotVectors inner) : ISlotVectors
    {
        public int HeadSize => inner.HeadSize;

        public void ReadKeys(int layer, int kvHead, Span<float> destination)
        {
            inner.ReadKeys(layer, kvHead, destination);
            destination[destination.Length / 2] = float.NaN;
        }

        public void ReadValues(int layer, int kvHead, Span<float> destination)
        {
            inner.ReadValues(layer, kvHead, destination);
            destination[destination.Length / 2] = float.NaN;
        }
    }
}

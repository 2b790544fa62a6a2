using KVCluster.Inference.Backend;
using KVCluster.Inference.Cpu.Attention;
using KVCluster.Inference.Kv;
using KVCluster.Inference.Models;

namespace KVCluster.Inference.Cpu;

/// <summary>What a batch keeps from one layer to the next: the residual stream of its rows, their angles, and whose they are.</summary>
internal sealed unsafe class ForwardState : IDisposable
{
    private readonly NativeBuffer _hidden;
    private readonly (KvCache Cache, int Offset)[] _rows;

    /// <summary>Room for so many rows.</summary>
    public ForwardState(ModelConfig config, LayerPipeline pipeline, int maxRows)
    {
        _hidden = new NativeBuffer((long)maxRows * pipeline.HiddenStride);
        _rows = new (KvCache, int)[maxRows];
        Angles = new RotaryAngles(config, maxRows);
    }

    public IReadOnlyList<ForwardRequest> Batch { get; private set; } = [];

    /// <summary>The layer to run next.</summary>
    public int Layer { get; set; }

    public int RowCount { get; private set; }

    /// <summary>[rows, hidden], rows a pipeline's stride apart.</summary>
    public float* Hidden => _hidden.Data;

    public RotaryAngles Angles { get; }

    /// <summary>Requests of one token.</summary>
    public List<DecodeRow> DecodeRows { get; } = [];

    /// <summary>What their caches observe, or null.</summary>
    public List<ObservedAttention?> DecodeObservers { get; } = [];

    public long Bytes => _hidden.Bytes + Angles.Bytes;

    /// <summary>Whose token a row is, and how many of its step come before it.</summary>
    public (KvCache Cache, int Offset) Row(int index) => _rows[index];

    /// <summary>Sets everything but the residual stream for a batch at its first layer.</summary>
    public void Begin(IReadOnlyList<ForwardRequest> batch)
    {
        Batch = batch;
        Layer = 0;
        DecodeRows.Clear();
        DecodeObservers.Clear();
        int row = 0;
        for (int i = 0; i < batch.Count; i++)
        {
            KvCache cache = batch[i].Cache;
            int tokens = batch[i].Tokens.Length;
            var observed = cache.Companion as ObservedAttention;
            if (tokens == 1)
            {
                DecodeRows.Add(new DecodeRow(cache, row));
                DecodeObservers.Add(observed?.ObservedOf(tokens) > 0 ? observed : null);
            }

            observed?.BeginStep(cache.LogicalLength, tokens);
            for (int t = 0; t < tokens; t++, row++)
            {
                _rows[row] = (cache, t);
                Angles.Set(row, cache.LogicalLength + t);
            }
        }

        RowCount = row;
    }

    public void Dispose()
    {
        _hidden.Dispose();
        Angles.Dispose();
    }
}

using KVCluster.Inference.Backend;
using KVCluster.Inference.Cpu.Attention;
using KVCluster.Inference.Kv;
using KVCluster.Inference.Models;

namespace KVCluster.Inference.Cpu;

/// <summary>
/// One step over a batch: rows of all requests go through the matrices together, attention runs per request. What lasts from layer to layer
/// is in the batch's <see cref="ForwardState"/>, so that several may be under way.
/// </summary>
internal sealed unsafe class ForwardPass : IDisposable
{
    /// <summary>Rows of logits made at a time: a vocabulary's row is large.</summary>
    private const int LogitsChunk = 24;

    private readonly CpuThreadPool _pool;
    private readonly ModelConfig _config;
    private readonly LayerPipeline _pipeline;
    private readonly CpuPageStore _store;
    private readonly NativeBuffer _logits = new();
    private readonly PackedContext _context;
    private readonly TileAttention _tiles;
    private readonly DecodeAttention _decode;
    private readonly ColumnAccumulator _accumulator;
    private readonly IIndexedWork _storeWork;
    private readonly List<WantedLogits> _wanted = [];
    private readonly ForwardState _whole;
    private float[] _merged = [];
    private ForwardState _state;

    public ForwardPass(CpuThreadPool pool, PackedModel model, LayerPipeline pipeline, CpuPageStore store, int maxRows)
    {
        _pool = pool;
        _config = model.Config;
        _pipeline = pipeline;
        _store = store;
        _whole = new ForwardState(_config, pipeline, maxRows);
        _state = _whole;
        _context = new PackedContext(store, pool.Threads);
        _tiles = new TileAttention(pool, _config);
        _decode = new DecodeAttention(pool, store, _config);
        _accumulator = new ColumnAccumulator(pool.Threads, _config.KvHeads);
        _storeWork = new DelegateWork(StoreRow);
    }

    public long Bytes => _whole.Bytes + _logits.Bytes + _context.Bytes + _tiles.Bytes + _decode.Bytes + _accumulator.Bytes;

    /// <summary>Room for all tokens is prepared; the caller commits them.</summary>
    public void Run(IReadOnlyList<ForwardRequest> batch)
    {
        Begin(_whole, batch);
        while (_whole.Layer < _config.Layers)
        {
            RunLayer(_whole);
        }

        Trace();
        WriteLogits();
    }

    /// <summary>Takes a batch up, to be run layer by layer; other steps may run in between.</summary>
    public void Begin(ForwardState state, IReadOnlyList<ForwardRequest> batch)
    {
        _state = state;
        state.Begin(batch);
        int row = 0;
        for (int i = 0; i < batch.Count; i++)
        {
            _pipeline.Embed(batch[i].Tokens.Span, Hidden(row));
            row += batch[i].Tokens.Length;
        }
    }

    /// <summary>The next layer of a batch.</summary>
    public void RunLayer(ForwardState state)
    {
        _state = state;
        Trace();
        _pipeline.Project(state.Layer, Hidden(0), state.RowCount, state.Angles);
        _pool.Run(state.RowCount, _storeWork);
        Attend();
        _pipeline.Finish(state.Layer, Hidden(0), state.RowCount);
        state.Layer++;
    }

    public void Dispose()
    {
        _whole.Dispose();
        _logits.Dispose();
        _context.Dispose();
        _tiles.Dispose();
        _decode.Dispose();
        _accumulator.Dispose();
    }

    private float* Hidden(int row) => _state.Hidden + ((long)row * _pipeline.HiddenStride);

    private void StoreRow(int index)
    {
        (KvCache cache, int offset) = _state.Row(index);
        int layer = _state.Layer;
        int size = _config.HeadSize;
        int pageTokens = _store.Geometry.PageTokens;
        float* keys = _pipeline.Keys + ((long)index * _pipeline.KeyStride);
        float* values = _pipeline.Values + ((long)index * _pipeline.KeyStride);
        for (int h = 0; h < _config.KvHeads; h++)
        {
            int slot = cache.Length(layer, h) + offset;
            int page = slot / pageTokens;
            int inPage = slot % pageTokens;
            _store.StoreRow(cache.KeyPages(layer, h)[page], inPage, new ReadOnlySpan<float>(keys + (h * size), size));
            _store.StoreRow(cache.ValuePages(layer, h)[page], inPage, new ReadOnlySpan<float>(values + (h * size), size));
        }
    }

    private void Attend()
    {
        if (_state.DecodeRows.Count > 0)
        {
            _decode.Run(
                _state.DecodeRows, _state.Layer, _pipeline.Queries, _pipeline.QueryStride, _pipeline.Attention, _pipeline.QueryStride,
                _state.DecodeObservers);
        }

        int first = 0;
        IReadOnlyList<ForwardRequest> batch = _state.Batch;
        for (int i = 0; i < batch.Count; i++)
        {
            int tokens = batch[i].Tokens.Length;
            if (tokens > 1)
            {
                AttendChunk(batch[i].Cache, first, tokens);
            }

            first += tokens;
        }
    }

    private void AttendChunk(KvCache cache, int first, int tokens)
    {
        ObservedAttention? observed = cache.Companion is ObservedAttention companion && companion.ObservedOf(tokens) > 0 ? companion : null;
        _context.Load(cache, _state.Layer, tokens, 0, _pool);
        if (observed is not null)
        {
            _accumulator.Reset(LongestHead(cache) + tokens, observed.Options.Aggregation);
        }

        _tiles.Run(new TileAttentionInput
        {
            Cache = cache,
            Layer = _state.Layer,
            Context = _context,
            Queries = _pipeline.Queries + ((long)first * _pipeline.QueryStride),
            QueryStride = _pipeline.QueryStride,
            Tokens = tokens,
            Output = _pipeline.Attention + ((long)first * _pipeline.QueryStride),
            OutputStride = _pipeline.QueryStride,
            Observer = observed is null ? null : _accumulator,
            ObserveFrom = tokens - (observed?.ObservedOf(tokens) ?? 0),
        });
        for (int h = 0; h < _config.KvHeads && observed is not null; h++)
        {
            int slots = cache.Length(_state.Layer, h) + tokens;
            Array.Resize(ref _merged, Math.Max(_merged.Length, slots));
            _accumulator.Merge(h, _merged.AsSpan(0, slots));
            observed.Add(_state.Layer, h, 0, _merged.AsSpan(0, slots));
        }
    }

    private int LongestHead(KvCache cache)
    {
        int longest = 0;
        for (int h = 0; h < _config.KvHeads; h++)
        {
            longest = Math.Max(longest, cache.Length(_state.Layer, h));
        }

        return longest;
    }

    /// <summary>
    /// Logits of all rows that want them, whoever's they are: the vocabulary's matrix is the largest, and is read once for as many rows as go
    /// together.
    /// </summary>
    private void WriteLogits()
    {
        _wanted.Clear();
        int first = 0;
        IReadOnlyList<ForwardRequest> batch = _state.Batch;
        for (int i = 0; i < batch.Count; i++)
        {
            int tokens = batch[i].Tokens.Length;
            int start = batch[i].Logits switch
            {
                LogitsRows.None => tokens,
                LogitsRows.Last => tokens - 1,
                _ => 0,
            };
            for (int row = start; row < tokens; row++)
            {
                // Rows move down only, so none is overwritten before it is read; nobody needs the others any more.
                MoveHidden(first + row, _wanted.Count);
                _wanted.Add(new WantedLogits(batch[i], row - start));
            }

            first += tokens;
        }

        for (int row = 0; row < _wanted.Count; row += LogitsChunk)
        {
            WriteLogits(row, Math.Min(LogitsChunk, _wanted.Count - row));
        }
    }

    private void WriteLogits(int first, int count)
    {
        int vocabulary = _config.VocabularySize;
        int stride = LayerPipeline.Stride(vocabulary);
        _logits.Ensure((long)count * stride);
        _pipeline.Logits(Hidden(first), count, _logits.Data, stride);
        for (int r = 0; r < count; r++)
        {
            WantedLogits wanted = _wanted[first + r];
            Span<float> destination = wanted.Request.LogitsDestination.Span.Slice(wanted.Index * vocabulary, vocabulary);
            new ReadOnlySpan<float>(_logits.Data + ((long)r * stride), vocabulary).CopyTo(destination);
        }
    }

    private void MoveHidden(int from, int to)
    {
        if (from != to)
        {
            new ReadOnlySpan<float>(Hidden(from), _config.HiddenSize)
                .CopyTo(new Span<float>(Hidden(to), _config.HiddenSize));
        }
    }

    private void Trace()
    {
        int first = 0;
        IReadOnlyList<ForwardRequest> batch = _state.Batch;
        for (int i = 0; i < batch.Count; i++)
        {
            int tokens = batch[i].Tokens.Length;
            if (batch[i].Trace is { } trace)
            {
                trace.States.Add(CopyHidden(first, tokens, final: _state.Layer == _config.Layers));
            }

            first += tokens;
        }
    }

    private float[] CopyHidden(int first, int tokens, bool final)
    {
        var copy = new float[tokens * _config.HiddenSize];
        for (int t = 0; t < tokens; t++)
        {
            ReadOnlySpan<float> x = new(Hidden(first + t), _config.HiddenSize);
            Span<float> y = copy.AsSpan(t * _config.HiddenSize, _config.HiddenSize);
            if (final)
            {
                _pipeline.FinalNorm(x, y);
            }
            else
            {
                x.CopyTo(y);
            }
        }

        return copy;
    }

    /// <summary>Where a row of logits goes.</summary>
    private readonly record struct WantedLogits(ForwardRequest Request, int Index);
}

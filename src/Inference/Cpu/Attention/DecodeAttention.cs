using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using KVCluster.Inference.Kv;
using KVCluster.Inference.Models;

namespace KVCluster.Inference.Cpu.Attention;

/// <summary>
/// Attention of single query tokens straight over the pages. The slots of a head are cut in blocks that threads take independently, then
/// the blocks' softmaxes are joined (as flash-decoding does); the cut depends on the sequence alone, so a row's result is the same alone
/// and in a batch.
/// </summary>
internal sealed unsafe class DecodeAttention : IIndexedWork, IDisposable
{
    private const int PagesABlock = 8;

    private readonly CpuThreadPool _pool;
    private readonly CpuPageStore _store;
    private readonly ModelConfig _model;
    private readonly int _group;
    private readonly int _size;
    private readonly int _padded;
    private readonly int _blockSlots;
    private readonly NativeBuffer[] _pages;
    private readonly NativeBuffer _queries = new();
    private readonly NativeBuffer _partials = new();
    private readonly NativeBuffer _probabilities = new();
    private readonly List<Piece> _pieces = [];
    private readonly List<HeadSpan> _spans = [];
    private readonly JoinWork _join;
    private int _layer;
    private float* _output;
    private nint _outputStride;

    public DecodeAttention(CpuThreadPool pool, CpuPageStore store, ModelConfig model)
    {
        _pool = pool;
        _store = store;
        _model = model;
        _group = model.GroupSize;
        _size = model.HeadSize;
        _padded = (_size + 15) / 16 * 16;
        _blockSlots = PagesABlock * store.Geometry.PageTokens;
        _pages = new NativeBuffer[pool.Threads];
        for (int i = 0; i < _pages.Length; i++)
        {
            _pages[i] = new NativeBuffer((long)store.Geometry.PageTokens * _padded);
        }

        _join = new JoinWork(this);
    }

    public long Bytes => _queries.Bytes + _partials.Bytes + _probabilities.Bytes + _pages.Sum(p => p.Bytes);

    /// <summary>
    /// Runs rows of queries [rows, Hq * d] (RoPE and 1/sqrt(d) applied); with <paramref name="observers"/> each row's probabilities, mean
    /// over the group, go to its sequence's observer (entries may be null).
    /// </summary>
    public void Run(
        IReadOnlyList<DecodeRow> rows,
        int layer,
        float* queries,
        nint queryStride,
        float* output,
        nint outputStride,
        IReadOnlyList<ObservedAttention?> observers)
    {
        _layer = layer;
        _output = output;
        _outputStride = outputStride;
        PadQueries(rows, queries, queryStride);
        CutPieces(rows, observers);
        _partials.Ensure((long)_pieces.Count * PartialFloats);
        _probabilities.Ensure((long)_pieces.Count * _group * _blockSlots);
        _pool.Run(_pieces.Count, this);
        _pool.Run(_spans.Count, _join);
    }

    void IIndexedWork.Run(int index, int thread)
    {
        Piece piece = _pieces[index];
        float* partial = _partials.Data + ((long)index * PartialFloats);
        float* probabilities = _probabilities.Data + ((long)index * _group * _blockSlots);
        float* queries = _queries.Data + ((long)piece.Query * _padded);
        float* rows = _pages[thread].Data;
        int pageTokens = _store.Geometry.PageTokens;
        ReadOnlySpan<int> keyPages = piece.Cache.KeyPages(_layer, piece.KvHead);
        ReadOnlySpan<int> valuePages = piece.Cache.ValuePages(_layer, piece.KvHead);
        int start = piece.Block * _blockSlots;
        for (int slot = start; slot < piece.End; slot += pageTokens)
        {
            int count = Math.Min(pageTokens, piece.End - slot);
            FetchNext(keyPages, slot / pageTokens, piece.End);
            PageReader.Decode(_store, keyPages[slot / pageTokens], count, rows, _padded);
            DotRows(queries, rows, count, probabilities + (slot - start));
        }

        int length = piece.End - start;
        AddBiases(piece, start, length, probabilities);
        for (int g = 0; g < _group; g++)
        {
            Span<float> row = new(probabilities + (g * _blockSlots), _blockSlots);
            row[..Math.Max(0, piece.Begin - start)].Fill(float.NegativeInfinity);
            row[length..].Fill(float.NegativeInfinity);
            (partial[g], partial[_group + g]) = RowOperations.Exponentiate(probabilities + (g * _blockSlots), (length + 15) / 16 * 16);
        }

        float* sums = partial + (2 * _group);
        new Span<float>(sums, _group * _padded).Clear();
        for (int slot = start; slot < piece.End; slot += pageTokens)
        {
            int count = Math.Min(pageTokens, piece.End - slot);
            FetchNext(valuePages, slot / pageTokens, piece.End);
            PageReader.Decode(_store, valuePages[slot / pageTokens], count, rows, _padded);
            ValueSums.Add(probabilities + (slot - start), _blockSlots, _group, rows, count, _padded, sums);
        }
    }

    public void Dispose()
    {
        _queries.Dispose();
        _partials.Dispose();
        _probabilities.Dispose();
        foreach (NativeBuffer pages in _pages)
        {
            pages.Dispose();
        }
    }

    /// <summary>Per piece: the group's maxima, the group's sums of exponentials, the group's weighted value sums.</summary>
    private int PartialFloats => (_group * (2 + _padded)) + 15;

    private void PadQueries(IReadOnlyList<DecodeRow> rows, float* queries, nint stride)
    {
        _queries.Ensure((long)rows.Count * _model.QueryHeads * _padded);
        for (int r = 0; r < rows.Count; r++)
        {
            for (int h = 0; h < _model.QueryHeads; h++)
            {
                float* to = _queries.Data + (((long)r * _model.QueryHeads) + h) * _padded;
                new ReadOnlySpan<float>(queries + (rows[r].Row * stride) + (h * _size), _size).CopyTo(new Span<float>(to, _size));
                new Span<float>(to + _size, _padded - _size).Clear();
            }
        }
    }

    private void CutPieces(IReadOnlyList<DecodeRow> rows, IReadOnlyList<ObservedAttention?> observers)
    {
        _pieces.Clear();
        _spans.Clear();
        for (int r = 0; r < rows.Count; r++)
        {
            DecodeRow row = rows[r];
            for (int h = 0; h < _model.KvHeads; h++)
            {
                int committed = row.Cache.Length(_layer, h);
                int end = committed + 1;
                int begin = VisibleRange.FirstSlot(_model, row.Cache, _layer, h, committed, row.Cache.LogicalLength);
                int first = _pieces.Count;
                int query = (r * _model.QueryHeads) + (h * _group);
                for (int block = begin / _blockSlots; block * _blockSlots < end; block++)
                {
                    _pieces.Add(new Piece(row.Cache, h, block, begin, Math.Min(end, (block + 1) * _blockSlots), query));
                }

                _spans.Add(new HeadSpan(row.Row, h, first, _pieces.Count, observers.Count > r ? observers[r] : null));
            }
        }
    }

    private void AddBiases(in Piece piece, int start, int length, float* scores)
    {
        ReadOnlySpan<int> pages = piece.Cache.BiasPages(_layer, piece.KvHead);
        int known = Math.Min(length, Math.Min(piece.Cache.Length(_layer, piece.KvHead), pages.Length * _store.Geometry.BiasSlots) - start);
        if (known <= 0)
        {
            return;
        }

        Span<float> biases = stackalloc float[known];
        _store.ReadBiases(pages, start, biases);
        for (int g = 0; g < _group; g++)
        {
            for (int j = 0; j < known; j++)
            {
                scores[(g * _blockSlots) + j] += biases[j];
            }
        }
    }

    /// <summary>The page after this one, where it holds slots of the head: read next, by this thread or another.</summary>
    private void FetchNext(ReadOnlySpan<int> pages, int page, int end)
    {
        if ((page + 1) * _store.Geometry.PageTokens < end)
        {
            Ahead.Fetch(_store.Page(pages[page + 1]), _store.Geometry.PageBytes);
        }
    }

    /// <summary>Scores of all queries of the group, three at a time so that a key is read once for them.</summary>
    private void DotRows(float* queries, float* rows, int count, float* scores)
    {
        int g = 0;
        for (; g + 3 <= _group; g += 3)
        {
            Dot3(queries + (g * _padded), rows, count, scores + (g * _blockSlots));
        }

        for (; g < _group; g++)
        {
            Dot1(queries + (g * _padded), rows, count, scores + (g * _blockSlots));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Dot3(float* query, float* rows, int count, float* scores)
    {
        nint size = _padded;
        nint stride = _blockSlots;
        for (int j = 0; j < count; j++, rows += size, scores++)
        {
            Vector512<float> key = Vector512.Load(rows);
            Vector512<float> a = Vector512.Load(query) * key;
            Vector512<float> b = Vector512.Load(query + size) * key;
            Vector512<float> c = Vector512.Load(query + (2 * size)) * key;
            for (nint i = 16; i < size; i += 16)
            {
                key = Vector512.Load(rows + i);
                a = Vector512.FusedMultiplyAdd(Vector512.Load(query + i), key, a);
                b = Vector512.FusedMultiplyAdd(Vector512.Load(query + size + i), key, b);
                c = Vector512.FusedMultiplyAdd(Vector512.Load(query + (2 * size) + i), key, c);
            }

            scores[0] = Vector512.Sum(a);
            scores[stride] = Vector512.Sum(b);
            scores[2 * stride] = Vector512.Sum(c);
        }
    }

    private void Dot1(float* query, float* rows, int count, float* scores)
    {
        for (int j = 0; j < count; j++, rows += _padded)
        {
            Vector512<float> sum = Vector512.Load(query) * Vector512.Load(rows);
            for (int i = 16; i < _padded; i += 16)
            {
                sum = Vector512.FusedMultiplyAdd(Vector512.Load(query + i), Vector512.Load(rows + i), sum);
            }

            scores[j] = Vector512.Sum(sum);
        }
    }

    private void Join(in HeadSpan span)
    {
        for (int g = 0; g < _group; g++)
        {
            float top = float.NegativeInfinity;
            for (int p = span.First; p < span.End; p++)
            {
                top = MathF.Max(top, _partials.Data[((long)p * PartialFloats) + g]);
            }

            float total = 0;
            for (int p = span.First; p < span.End; p++)
            {
                float* partial = _partials.Data + ((long)p * PartialFloats);
                total += MathF.Exp(partial[g] - top) * partial[_group + g];
            }

            Span<float> output = new(_output + (span.Row * _outputStride) + (((span.KvHead * _group) + g) * _size), _size);
            output.Clear();
            for (int p = span.First; p < span.End; p++)
            {
                float* partial = _partials.Data + ((long)p * PartialFloats);
                float factor = MathF.Exp(partial[g] - top) / total;
                // The piece's share of the whole softmax is what observation needs of it.
                partial[g] = factor;
                float* sums = partial + (2 * _group) + (g * _padded);
                for (int i = 0; i < _size; i++)
                {
                    output[i] += factor * sums[i];
                }
            }
        }

        if (span.Observed is not null)
        {
            Observe(span);
        }
    }

    private void Observe(in HeadSpan span)
    {
        for (int p = span.First; p < span.End; p++)
        {
            Piece piece = _pieces[p];
            float* partial = _partials.Data + ((long)p * PartialFloats);
            float* probabilities = _probabilities.Data + ((long)p * _group * _blockSlots);
            int start = piece.Block * _blockSlots;
            int first = Math.Max(start, piece.Begin);
            Span<float> mean = new(probabilities + (first - start), piece.End - first);
            TensorPrimitives.Multiply(mean, partial[0] / _group, mean);
            for (int g = 1; g < _group; g++)
            {
                ReadOnlySpan<float> row = new(probabilities + (g * _blockSlots) + (first - start), mean.Length);
                TensorPrimitives.MultiplyAdd(row, partial[g] / _group, mean, mean);
            }

            span.Observed!.Add(_layer, span.KvHead, first, mean);
        }
    }

    /// <summary>One block of one head's slots for one query row.</summary>
    private readonly record struct Piece(KvCache Cache, int KvHead, int Block, int Begin, int End, int Query);

    /// <summary>All pieces of one (row, KV head).</summary>
    private readonly record struct HeadSpan(int Row, int KvHead, int First, int End, ObservedAttention? Observed);

    private sealed class JoinWork(DecodeAttention owner) : IIndexedWork
    {
        public void Run(int index, int thread) => owner.Join(owner._spans[index]);
    }
}

using KVCluster.Inference.Kv;

namespace KVCluster.Inference.Cpu.Attention;

/// <summary>
/// Keys and values of one layer, decoded to float32 in the order the tile kernels read them: keys as panels [slots / 32, d, 32] (32 slots
/// side by side), values as rows [slots, d padded to 16], both per KV head; attention biases where the cache has any.
/// </summary>
internal sealed unsafe class PackedContext : IIndexedWork, IDisposable
{
    private const int Panel = GemmKernel.PanelColumns;

    private readonly CpuPageStore _store;
    private readonly int _heads;
    private readonly int _size;
    private readonly NativeBuffer _keys = new();
    private readonly NativeBuffer _values = new();
    private readonly NativeBuffer _biases = new();
    private readonly NativeBuffer[] _rows;
    private long _capacity;
    private KvCache? _source;
    private int _sourceLayer;
    private int _extraSlots;

    public PackedContext(CpuPageStore store, int threads)
    {
        _store = store;
        _heads = store.Geometry.KvHeads;
        _size = store.Geometry.HeadSize;
        ValueStride = (_size + 15) / 16 * 16;
        _rows = new NativeBuffer[threads];
        for (int i = 0; i < threads; i++)
        {
            _rows[i] = new NativeBuffer((long)store.Geometry.PageTokens * ValueStride);
        }
    }

    /// <summary>Floats between two value rows.</summary>
    public int ValueStride { get; }

    public bool HasBiases { get; private set; }

    public long Bytes => _keys.Bytes + _values.Bytes + _biases.Bytes + _rows.Sum(r => r.Bytes);

    public float* Keys(int head, int panel) => _keys.Data + (((head * (_capacity / Panel)) + panel) * _size * Panel);

    public float* Values(int head, int slot) => _values.Data + (((head * _capacity) + slot) * ValueStride);

    public float* Biases(int head, int slot) => _biases.Data + (head * _capacity) + slot;

    /// <summary>
    /// Decodes all slots of a layer, <paramref name="extraSlots"/> uncommitted ones included, and leaves room for
    /// <paramref name="room"/> more behind the longest head.
    /// </summary>
    public void Load(KvCache cache, int layer, int extraSlots, int room, CpuThreadPool pool)
    {
        int longest = 0;
        HasBiases = false;
        for (int h = 0; h < _heads; h++)
        {
            longest = Math.Max(longest, cache.Length(layer, h));
            HasBiases |= cache.BiasPages(layer, h).Length > 0;
        }

        Reserve(longest + extraSlots + room);
        _source = cache;
        _sourceLayer = layer;
        _extraSlots = extraSlots;
        pool.Run(_heads * PiecesAHead(longest + extraSlots), this);
        _source = null;
    }

    /// <summary>Puts one float32 row of keys and values at a slot.</summary>
    public void Set(int head, int slot, float* key, float* value)
    {
        SetKey(head, slot, key);
        Buffer.MemoryCopy(value, Values(head, slot), ValueStride * sizeof(float), _size * sizeof(float));
        if (HasBiases)
        {
            *Biases(head, slot) = 0;
        }
    }

    void IIndexedWork.Run(int index, int thread)
    {
        int head = index % _heads;
        int piece = index / _heads;
        int pageTokens = _store.Geometry.PageTokens;
        int slots = _source!.Length(_sourceLayer, head) + _extraSlots;
        ReadOnlySpan<int> keyPages = _source.KeyPages(_sourceLayer, head);
        ReadOnlySpan<int> valuePages = _source.ValuePages(_sourceLayer, head);
        float* rows = _rows[thread].Data;
        int lastPage = Math.Min((piece + 1) * PagesAPiece, (slots + pageTokens - 1) / pageTokens);
        for (int page = piece * PagesAPiece; page < lastPage; page++)
        {
            int first = page * pageTokens;
            int count = Math.Min(pageTokens, slots - first);
            PageReader.Decode(_store, keyPages[page], count, rows, ValueStride);
            for (int i = 0; i < count; i++)
            {
                SetKey(head, first + i, rows + (i * ValueStride));
            }

            PageReader.Decode(_store, valuePages[page], count, Values(head, first), ValueStride);
        }

        if (HasBiases && piece == 0)
        {
            LoadBiases(head, slots);
        }
    }

    public void Dispose()
    {
        _keys.Dispose();
        _values.Dispose();
        _biases.Dispose();
        foreach (NativeBuffer rows in _rows)
        {
            rows.Dispose();
        }
    }

    private const int PagesAPiece = 8;

    private int PiecesAHead(int slots) => ((slots + _store.Geometry.PageTokens - 1) / _store.Geometry.PageTokens + PagesAPiece - 1) / PagesAPiece;

    private void SetKey(int head, int slot, float* key)
    {
        float* to = Keys(head, slot / Panel) + (slot % Panel);
        for (int i = 0; i < _size; i++)
        {
            to[i * Panel] = key[i];
        }
    }

    private void LoadBiases(int head, int slots)
    {
        Span<float> biases = new(Biases(head, 0), slots);
        biases.Clear();
        ReadOnlySpan<int> pages = _source!.BiasPages(_sourceLayer, head);
        int known = Math.Min(_source.Length(_sourceLayer, head), pages.Length * _store.Geometry.BiasSlots);
        if (known > 0)
        {
            _store.ReadBiases(pages, 0, biases[..known]);
        }
    }

    private void Reserve(int slots)
    {
        _capacity = (slots + Panel - 1) / Panel * Panel;
        _keys.Ensure(_heads * _capacity * _size);
        _values.Ensure(_heads * _capacity * ValueStride);
        if (HasBiases)
        {
            _biases.Ensure(_heads * _capacity);
        }
    }
}

using KVCluster.Inference.Kv;
using TorchSharp;
using static TorchSharp.torch;

namespace KVCluster.Inference.Torch.Passes;

/// <summary>
/// One layer of a cache, decoded to the compute type: keys and values [Hkv, slots, d], heads padded to the longest, with room behind each
/// for rows that are not appended.
/// </summary>
internal sealed class LayerContext(PassParts parts, KvCache cache) : IDisposable
{
    private readonly int _heads = parts.Model.Config.KvHeads;
    private Tensor? _keys;
    private Tensor? _values;
    private Tensor? _biases;

    public Tensor Keys => _keys!;

    public Tensor Values => _values!;

    /// <summary>[Hkv, slots] or null where no head has biases.</summary>
    public Tensor? Biases => _biases;

    /// <summary>Slots of the longest head.</summary>
    public int Longest { get; private set; }

    /// <summary>Slots of the shortest head.</summary>
    public int Shortest { get; private set; }

    public int Capacity { get; private set; }

    public long Bytes => (_keys?.BytesOf() ?? 0) + (_values?.BytesOf() ?? 0) + (_biases?.BytesOf() ?? 0);

    /// <summary>Decodes a layer and leaves <paramref name="room"/> rows behind each head.</summary>
    public void Load(int layer, int room)
    {
        Release();
        Longest = 0;
        Shortest = int.MaxValue;
        for (int h = 0; h < _heads; h++)
        {
            Longest = Math.Max(Longest, cache.Length(layer, h));
            Shortest = Math.Min(Shortest, cache.Length(layer, h));
        }

        Capacity = Math.Max(1, Longest + room);
        _keys = Fill(layer, values: false);
        _values = Fill(layer, values: true);
        _biases = FillBiases(layer);
    }

    /// <summary>Puts rows [rows, Hkv, d] behind each head's slots, the first at <paramref name="row"/> of the room.</summary>
    public void Append(int layer, int row, Tensor keys, Tensor values)
    {
        long rows = keys.shape[0];
        var index = new long[rows * _heads];
        for (int h = 0; h < _heads; h++)
        {
            for (int r = 0; r < rows; r++)
            {
                index[(r * _heads) + h] = ((long)h * Capacity) + cache.Length(layer, h) + row + r;
            }
        }

        Tensor to = Tensors.FromLongs(index, parts.Device);
        long size = parts.Model.Config.HeadSize;
        Keys.view(-1, size).index_copy_(0, to, keys.reshape(-1, size));
        Values.view(-1, size).index_copy_(0, to, values.reshape(-1, size));
    }

    public void Dispose() => Release();

    private void Release()
    {
        _keys?.Dispose();
        _values?.Dispose();
        _biases?.Dispose();
        _keys = _values = _biases = null;
    }

    private Tensor Fill(int layer, bool values)
    {
        Tensor all = zeros([_heads, Capacity, parts.Model.Config.HeadSize], parts.Model.Type, parts.Device).Keep();
        int pageTokens = parts.Store.Geometry.PageTokens;
        for (int h = 0; h < _heads; h++)
        {
            int length = cache.Length(layer, h);
            if (length == 0)
            {
                continue;
            }

            using DisposeScope scope = NewDisposeScope();
            ReadOnlySpan<int> pages = values ? cache.ValuePages(layer, h) : cache.KeyPages(layer, h);
            Tensor numbers = Tensors.FromInts(pages[..((length + pageTokens - 1) / pageTokens)], parts.Device).unsqueeze(0);
            all[h].narrow(0, 0, length).copy_(parts.Store.ReadPages(numbers, parts.Model.Type)[0].narrow(0, 0, length));
        }

        return all;
    }

    private Tensor? FillBiases(int layer)
    {
        Tensor? all = null;
        for (int h = 0; h < _heads; h++)
        {
            ReadOnlySpan<int> pages = cache.BiasPages(layer, h);
            int length = cache.Length(layer, h);
            if (pages.IsEmpty || length == 0)
            {
                continue;
            }

            using DisposeScope scope = NewDisposeScope();
            all ??= zeros([_heads, Capacity], ScalarType.Float32, parts.Device).Keep();
            var rows = new long[parts.Store.Geometry.PagesForBiases(length)];
            for (int i = 0; i < rows.Length; i++)
            {
                rows[i] = parts.Store.BiasRow(pages[i]);
            }

            Tensor table = parts.Store.Biases.view(-1, parts.Store.Geometry.BiasSlots);
            Tensor floats = table.index_select(0, Tensors.FromLongs(rows, parts.Device)).view(-1);
            all[h].narrow(0, 0, length).copy_(floats.narrow(0, 0, length));
        }

        return all;
    }
}

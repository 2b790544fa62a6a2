namespace KVCluster.Compression;

/// <summary>
/// What a plan needs to know of a cache: how many slots each (layer, KV head) holds, and which original position each slot has. A cache
/// that was compressed before may be ragged, and equal slot numbers of two heads then mean different tokens.
/// </summary>
public sealed class CacheShape
{
    private readonly int[][]? _positions;

    /// <summary>
    /// A cache of any shape. <paramref name="positions"/>, layer-major (entry layer * kvHeads + head), are the original positions of each
    /// head's slots: strictly ascending, in [0, logicalLength). Throws ArgumentException where they are not.
    /// </summary>
    public CacheShape(int layers, int kvHeads, int logicalLength, int[][] positions)
        : this(layers, kvHeads, logicalLength)
    {
        ArgumentNullException.ThrowIfNull(positions);
        if (positions.Length != layers * kvHeads)
        {
            throw new ArgumentException($"{positions.Length} heads for {layers} layers of {kvHeads} KV heads", nameof(positions));
        }

        for (int i = 0; i < positions.Length; i++)
        {
            CheckPositions(positions[i], i);
            TotalSlots += positions[i].Length;
        }

        _positions = positions;
    }

    private CacheShape(int layers, int kvHeads, int logicalLength)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(layers);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(kvHeads);
        ArgumentOutOfRangeException.ThrowIfNegative(logicalLength);
        Layers = layers;
        KvHeads = kvHeads;
        LogicalLength = logicalLength;
    }

    /// <summary>Layers, L.</summary>
    public int Layers { get; }

    /// <summary>KV heads a layer, Hkv.</summary>
    public int KvHeads { get; }

    /// <summary>Tokens the cache stands for, N: the position of the next token, whatever was dropped.</summary>
    public int LogicalLength { get; }

    /// <summary>Slots present over all layers and heads.</summary>
    public long TotalSlots { get; private init; }

    /// <summary>Whether slot j is position j in every head: nothing was ever dropped.</summary>
    public bool IsWhole => _positions is null;

    /// <summary>A cache that holds all its tokens.</summary>
    public static CacheShape Whole(int layers, int kvHeads, int tokens) =>
        new(layers, kvHeads, tokens) { TotalSlots = (long)layers * kvHeads * tokens };

    /// <summary>Slots of one head.</summary>
    public int Slots(int layer, int head) => _positions is null ? LogicalLength : Row(layer, head).Length;

    /// <summary>The original position of one slot.</summary>
    public int Position(int layer, int head, int slot) => _positions is null ? slot : Row(layer, head)[slot];

    /// <summary>How many slots of a head have a position below the given one; those are its first.</summary>
    public int SlotsBefore(int layer, int head, int position)
    {
        if (_positions is null)
        {
            return Math.Clamp(position, 0, LogicalLength);
        }

        int[] row = Row(layer, head);
        int low = 0;
        int high = row.Length;
        while (low < high)
        {
            int middle = (low + high) >>> 1;
            (low, high) = row[middle] < position ? (middle + 1, high) : (low, middle);
        }

        return low;
    }

    /// <summary>Whether all KV heads of a layer hold the same number of slots.</summary>
    public bool IsEven(int layer)
    {
        for (int head = 1; head < KvHeads; head++)
        {
            if (Slots(layer, head) != Slots(layer, 0))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Whether within each layer all KV heads hold the same number of slots.</summary>
    public bool IsEvenInLayers()
    {
        for (int layer = 0; layer < Layers; layer++)
        {
            if (!IsEven(layer))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Whether all heads of all layers hold the same number of slots.</summary>
    public bool IsUniform()
    {
        for (int layer = 0; layer < Layers; layer++)
        {
            if (!IsEven(layer) || Slots(layer, 0) != Slots(0, 0))
            {
                return false;
            }
        }

        return true;
    }

    private int[] Row(int layer, int head) => _positions![(layer * KvHeads) + head];

    private void CheckPositions(int[] row, int index)
    {
        for (int slot = 0; slot < row.Length; slot++)
        {
            if (row[slot] < (slot == 0 ? 0 : row[slot - 1] + 1) || row[slot] >= LogicalLength)
            {
                throw new ArgumentException(
                    $"layer {index / KvHeads}, KV head {index % KvHeads}: position {row[slot]} of slot {slot} "
                    + $"does not ascend within [0, {LogicalLength})",
                    nameof(row));
            }
        }
    }
}

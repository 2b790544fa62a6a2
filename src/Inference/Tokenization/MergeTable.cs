using System.Numerics;

namespace KVCluster.Inference.Tokenization;

/// <summary>
/// The merges of a BPE model: (left id, right id) -> rank and merged id. An open-addressed table, since a merge loop does little but look
/// pairs up; the lower the rank the earlier a pair merges.
/// </summary>
internal sealed class MergeTable
{
    /// <summary>Rank of a pair that never merges.</summary>
    public const int NoRank = int.MaxValue;

    private const ulong Empty = ulong.MaxValue;
    private readonly ulong[] _keys;
    private readonly (int Rank, int Id)[] _values;
    private readonly int _shift;

    /// <summary>A table with room for <paramref name="count"/> merges.</summary>
    public MergeTable(int count)
    {
        int size = (int)BitOperations.RoundUpToPowerOf2((uint)Math.Max(16, checked(count * 2)));
        _keys = new ulong[size];
        _values = new (int, int)[size];
        _shift = 64 - BitOperations.Log2((uint)size);
        Array.Fill(_keys, Empty);
    }

    /// <summary>Adds a merge; where a pair is listed twice the first stands.</summary>
    public void Add(int left, int right, int rank, int id)
    {
        int slot = Slot(Key(left, right));
        if (_keys[slot] == Empty)
        {
            _keys[slot] = Key(left, right);
            _values[slot] = (rank, id);
        }
    }

    /// <summary>Rank of a pair and the id it merges to; rank <see cref="NoRank"/> where it does not merge.</summary>
    public (int Rank, int Id) Find(int left, int right)
    {
        int slot = Slot(Key(left, right));
        return _keys[slot] == Empty ? (NoRank, -1) : _values[slot];
    }

    private static ulong Key(int left, int right) => ((ulong)(uint)left << 32) | (uint)right;

    private int Slot(ulong key)
    {
        int slot = (int)((key * 0x9E3779B97F4A7C15UL) >> _shift);
        while (_keys[slot] != key && _keys[slot] != Empty)
        {
            slot = (slot + 1) & (_keys.Length - 1);
        }

        return slot;
    }
}

namespace KVCluster.Inference.Sampling.Constraints;

/// <summary>A set of byte values.</summary>
internal readonly struct ByteSet
{
    private readonly ulong _a;
    private readonly ulong _b;
    private readonly ulong _c;
    private readonly ulong _d;

    private ByteSet(ulong a, ulong b, ulong c, ulong d)
    {
        _a = a;
        _b = b;
        _c = c;
        _d = d;
    }

    /// <summary>All values from first to last, both included.</summary>
    public static ByteSet Range(byte first, byte last)
    {
        Span<ulong> words = stackalloc ulong[4];
        words.Clear();
        for (int value = first; value <= last; value++)
        {
            words[value >> 6] |= 1UL << (value & 63);
        }

        return new ByteSet(words[0], words[1], words[2], words[3]);
    }

    /// <summary>One value.</summary>
    public static ByteSet Of(byte value) => Range(value, value);

    /// <summary>The ASCII characters of a text.</summary>
    public static ByteSet AnyOf(string characters)
    {
        ByteSet set = default;
        foreach (char c in characters)
        {
            set |= Of(checked((byte)c));
        }

        return set;
    }

    public bool Contains(byte value) => ((Word(value >> 6) >> (value & 63)) & 1) != 0;

    public static ByteSet operator |(ByteSet x, ByteSet y) => new(x._a | y._a, x._b | y._b, x._c | y._c, x._d | y._d);

    private ulong Word(int index) => index switch
    {
        0 => _a,
        1 => _b,
        2 => _c,
        _ => _d,
    };
}

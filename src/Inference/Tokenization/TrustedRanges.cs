namespace KVCluster.Inference.Tokenization;

/// <summary>The parts of a text in which special tokens may be parsed.</summary>
internal sealed class TrustedRanges
{
    private readonly List<int> _starts = [];
    private readonly List<int> _ends = [];

    private TrustedRanges()
    {
    }

    public static TrustedRanges Everything { get; } = Of([(int.MaxValue, true)]);

    public static TrustedRanges Nothing { get; } = Of([]);

    /// <summary>From lengths of consecutive parts; trusted neighbours count as one, so a marker may span them.</summary>
    public static TrustedRanges Of(IEnumerable<(int Length, bool Trusted)> parts)
    {
        var ranges = new TrustedRanges();
        int at = 0;
        foreach ((int length, bool trusted) in parts)
        {
            if (trusted && length > 0)
            {
                if (ranges._ends.Count > 0 && ranges._ends[^1] == at)
                {
                    ranges._ends[^1] = at + length;
                }
                else
                {
                    ranges._starts.Add(at);
                    ranges._ends.Add(at + length);
                }
            }

            at += length;
        }

        return ranges;
    }

    /// <summary>Whether all of [start, end) is trusted.</summary>
    public bool Contains(int start, int end)
    {
        int index = _starts.BinarySearch(start);
        index = index >= 0 ? index : ~index - 1;
        return index >= 0 && end <= _ends[index];
    }
}

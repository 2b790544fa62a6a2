namespace KVCluster.Storage.Redis.Protocol;

/// <summary>A place within a list of spans of memory that are filled, or read, one after the other.</summary>
internal struct ScatterCursor(IReadOnlyList<Memory<byte>> segments)
{
    private int _segment;
    private int _offset;

    /// <summary>What is left of the segment at hand, or empty at the end; empty segments are stepped over.</summary>
    public Memory<byte> Current
    {
        get
        {
            while (_segment < segments.Count && _offset == segments[_segment].Length)
            {
                _segment++;
                _offset = 0;
            }

            return _segment < segments.Count ? segments[_segment][_offset..] : default;
        }
    }

    /// <summary>Steps over bytes of the segment at hand.</summary>
    public void Advance(int bytes) => _offset += bytes;

    /// <summary>Copies bytes in, over as many segments as they need.</summary>
    public void Write(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            Memory<byte> target = Current;
            int count = Math.Min(target.Length, bytes.Length);
            bytes[..count].CopyTo(target.Span);
            Advance(count);
            bytes = bytes[count..];
        }
    }
}

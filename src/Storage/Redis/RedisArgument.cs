using System.Globalization;
using System.Text;

namespace KVCluster.Storage.Redis;

/// <summary>
/// One argument of a command: a piece of memory, or several that go out one after the other as one value. Nothing is copied; the memory
/// must
/// stay as it is until the call has returned.
/// </summary>
public readonly struct RedisArgument
{
    private readonly ReadOnlyMemory<byte> _single;
    private readonly IReadOnlyList<ReadOnlyMemory<byte>>? _pieces;

    /// <summary>One piece.</summary>
    public RedisArgument(ReadOnlyMemory<byte> bytes)
    {
        _single = bytes;
        Length = bytes.Length;
    }

    /// <summary>Several pieces, one value.</summary>
    public RedisArgument(IReadOnlyList<ReadOnlyMemory<byte>> pieces)
    {
        ArgumentNullException.ThrowIfNull(pieces);
        _pieces = pieces;
        long length = 0;
        for (int i = 0; i < pieces.Count; i++)
        {
            length += pieces[i].Length;
        }

        Length = length;
    }

    /// <summary>Bytes of the value.</summary>
    public long Length { get; }

    /// <summary>Pieces there are.</summary>
    internal int Count => _pieces?.Count ?? 1;

    /// <summary>A piece.</summary>
    internal ReadOnlyMemory<byte> this[int index] => _pieces is null ? _single : _pieces[index];

    /// <summary>Text as UTF-8.</summary>
    public static implicit operator RedisArgument(string text) => new(Encoding.UTF8.GetBytes(text));

    /// <summary>A number in decimal.</summary>
    public static implicit operator RedisArgument(long number) => number.ToString(CultureInfo.InvariantCulture);

    /// <summary>Bytes.</summary>
    public static implicit operator RedisArgument(byte[] bytes) => new(bytes);

    /// <summary>Bytes.</summary>
    public static implicit operator RedisArgument(ReadOnlyMemory<byte> bytes) => new(bytes);
}

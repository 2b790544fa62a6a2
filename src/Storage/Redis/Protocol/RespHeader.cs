using System.Buffers.Text;

namespace KVCluster.Storage.Redis.Protocol;

/// <summary>
/// One line of a reply, parsed: a whole scalar (status, error, number), or the length of the string or aggregate that follows. A pure
/// function of a span.
/// </summary>
/// <param name="Type">What it is; a null string or array of RESP2 is <see cref="RespType.Null"/>.</param>
/// <param name="Number">The integer, the boolean (0, 1), the bytes of a string, or the values of an aggregate (a map's pairs count as
/// two).</param>
/// <param name="Text">The line's text where it is a status, an error, a double or a big number; else empty.</param>
internal readonly record struct RespHeader(RespType Type, long Number, ReadOnlyMemory<byte> Text)
{
    private static readonly byte[] Ok = "OK"u8.ToArray();

    /// <summary>Whether a string of <see cref="Number"/> bytes and a line end follow.</summary>
    public bool HasBody => Type is RespType.Bulk or RespType.BulkError or RespType.Verbatim;

    /// <summary>Whether <see cref="Number"/> values follow.</summary>
    public bool IsAggregate => Type is RespType.Array or RespType.Map or RespType.Set or RespType.Attribute or RespType.Push;

    /// <summary>Reads the line at the beginning of <paramref name="input"/>; false where its end is not there yet.</summary>
    /// <exception cref="RespProtocolException">It is not a line of RESP, or too long.</exception>
    public static bool TryRead(ReadOnlySpan<byte> input, out RespHeader header, out int consumed)
    {
        header = default;
        consumed = 0;
        int end = input[..Math.Min(input.Length, RespLimits.LineBytes)].IndexOf((byte)'\n');
        if (end < 0)
        {
            return input.Length < RespLimits.LineBytes ? false : throw new RespProtocolException("a line has no end");
        }

        if (end < 2 || input[end - 1] != '\r')
        {
            throw new RespProtocolException("a line does not end as one");
        }

        header = Parse((RespType)input[0], input[1..(end - 1)]);
        consumed = end + 1;
        return true;
    }

    private static RespHeader Parse(RespType type, ReadOnlySpan<byte> line) => type switch
    {
        RespType.SimpleString or RespType.Error => new RespHeader(type, 0, Keep(line)),
        RespType.Integer => new RespHeader(type, Integer(line), default),
        RespType.Bulk or RespType.BulkError or RespType.Verbatim => Length(type, Integer(line), RespLimits.BulkBytes),
        RespType.Array or RespType.Set or RespType.Push => Length(type, Integer(line), RespLimits.Values),
        RespType.Map or RespType.Attribute => Pairs(Length(type, Integer(line), RespLimits.Values / 2)),
        RespType.Null when line.IsEmpty => new RespHeader(RespType.Null, 0, default),
        RespType.Boolean when line is [(byte)'t' or (byte)'f'] => new RespHeader(type, line[0] == 't' ? 1 : 0, default),
        RespType.Double when IsDouble(line) => new RespHeader(type, 0, Keep(line)),
        RespType.BigNumber when IsBigNumber(line) => new RespHeader(type, 0, Keep(line)),
        _ => throw new RespProtocolException($"a reply begins with byte 0x{(byte)type:x2}, or its line is malformed"),
    };

    private static ReadOnlyMemory<byte> Keep(ReadOnlySpan<byte> line) => line.SequenceEqual(Ok) ? Ok : line.ToArray();

    private static RespHeader Length(RespType type, long length, long limit)
    {
        if (length == -1 && type is RespType.Bulk or RespType.Array)
        {
            return new RespHeader(RespType.Null, 0, default);
        }

        return length >= 0 && length <= limit
            ? new RespHeader(type, length, default)
            : throw new RespProtocolException($"a length of {length}; at most {limit} can be");
    }

    private static RespHeader Pairs(RespHeader header) => header with { Number = 2 * header.Number };

    private static long Integer(ReadOnlySpan<byte> line)
    {
        return Utf8Parser.TryParse(line, out long value, out int used) && used == line.Length
            ? value
            : throw new RespProtocolException("a number is malformed");
    }

    private static bool IsDouble(ReadOnlySpan<byte> line)
    {
        if (line.SequenceEqual("inf"u8) || line.SequenceEqual("-inf"u8) || line.SequenceEqual("nan"u8) || line.SequenceEqual("-nan"u8))
        {
            return true;
        }

        return Utf8Parser.TryParse(line, out double _, out int used) && used == line.Length;
    }

    private static bool IsBigNumber(ReadOnlySpan<byte> line)
    {
        ReadOnlySpan<byte> digits = line is [(byte)'-' or (byte)'+', ..] ? line[1..] : line;
        return !digits.IsEmpty && digits.IndexOfAnyExceptInRange((byte)'0', (byte)'9') < 0;
    }
}

using System.Buffers.Text;
using System.Text;

namespace KVCluster.Storage.Redis;

/// <summary>What a reply is.</summary>
public enum RespKind
{
    /// <summary>No value: a key that is not there.</summary>
    Null,

    /// <summary>A status, string, double or big number, as bytes.</summary>
    Text,

    /// <summary>An integer, or a boolean as 0 or 1.</summary>
    Integer,

    /// <summary>An array, set, or map (names and values in turn).</summary>
    Items,

    /// <summary>An error inside an aggregate; one that is the whole reply is thrown as <see cref="RedisServerException"/>.</summary>
    Error,

    /// <summary>A string that went into the caller's memory; <see cref="RespValue.Integer"/> is its length.</summary>
    Received,
}

/// <summary>A reply of the server, RESP2 and RESP3 alike.</summary>
public sealed class RespValue
{
    private readonly ReadOnlyMemory<byte> _bytes;
    private readonly IReadOnlyList<RespValue> _items;
    private readonly long _integer;

    private RespValue(RespKind kind, long integer, ReadOnlyMemory<byte> bytes, IReadOnlyList<RespValue> items)
    {
        Kind = kind;
        _integer = integer;
        _bytes = bytes;
        _items = items;
    }

    /// <summary>The reply for a key that is not there.</summary>
    public static RespValue Null { get; } = new(RespKind.Null, 0, default, []);

    /// <summary>What it is.</summary>
    public RespKind Kind { get; }

    /// <summary>Whether there is no value.</summary>
    public bool IsNull => Kind == RespKind.Null;

    /// <summary>The bytes of a string; empty for all else.</summary>
    public ReadOnlyMemory<byte> Bytes => _bytes;

    /// <summary>The string as UTF-8.</summary>
    public string Text => Encoding.UTF8.GetString(_bytes.Span);

    /// <summary>The values of an aggregate; empty for all else.</summary>
    public IReadOnlyList<RespValue> Items => _items;

    /// <summary>The number; a string of decimal digits is read as one, as scripts give them.</summary>
    /// <exception cref="RedisException">It is no number.</exception>
    public long Integer => Kind switch
    {
        RespKind.Integer or RespKind.Received => _integer,
        RespKind.Text when Utf8Parser.TryParse(_bytes.Span, out long value, out int used) && used == _bytes.Length => value,
        _ => throw new RedisException($"the server sent {Kind} where a number was expected"),
    };

    /// <summary>An integer.</summary>
    internal static RespValue OfInteger(long value) => new(RespKind.Integer, value, default, []);

    /// <summary>A string.</summary>
    internal static RespValue OfText(ReadOnlyMemory<byte> bytes) => new(RespKind.Text, 0, bytes, []);

    /// <summary>An error.</summary>
    internal static RespValue OfError(ReadOnlyMemory<byte> message) => new(RespKind.Error, 0, message, []);

    /// <summary>An aggregate.</summary>
    internal static RespValue OfItems(IReadOnlyList<RespValue> items) => new(RespKind.Items, 0, default, items);

    /// <summary>A string of that length that is in the caller's memory, or, where the length is another than asked for, nowhere.</summary>
    internal static RespValue OfReceived(long length) => new(RespKind.Received, length, default, []);
}

using System.Buffers.Binary;
using System.Text;

namespace KVCluster.Storage.MessagePack;

/// <summary>
/// Reads MessagePack from bytes that nobody vouches for: every form of the specification is understood, no length is believed before the
/// bytes for it are there, and nesting is bounded. Every fault is a <see cref="MessagePackException"/>; after one the reader is of no use.
/// </summary>
public ref struct MessagePackReader
{
    /// <summary>Deepest nesting that <see cref="Skip()"/> follows.</summary>
    public const int MaxDepth = 64;

    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);
    private readonly ReadOnlySpan<byte> _bytes;

    /// <summary>Reads from the first byte on.</summary>
    public MessagePackReader(ReadOnlySpan<byte> bytes)
    {
        _bytes = bytes;
    }

    /// <summary>Bytes read so far.</summary>
    public int Position { get; private set; }

    /// <summary>Whether all bytes were read.</summary>
    public readonly bool AtEnd => Position == _bytes.Length;

    /// <summary>The type of the value that comes next.</summary>
    public readonly MessagePackType NextType => TypeOf(Peek());

    /// <summary>Reads nil, if it comes next.</summary>
    public bool TryReadNil()
    {
        if (Peek() != MessagePackCode.Nil)
        {
            return false;
        }

        Position++;
        return true;
    }

    /// <summary>Reads a boolean.</summary>
    public bool ReadBoolean() => Next() switch
    {
        MessagePackCode.True => true,
        MessagePackCode.False => false,
        byte code => throw Unexpected(code, "a boolean"),
    };

    /// <summary>Reads a whole number that fits 64 bits with sign.</summary>
    public long ReadInt64()
    {
        ulong bits = ReadInteger(out bool negative);
        return negative || bits <= long.MaxValue ? unchecked((long)bits) : throw new MessagePackException($"{bits} does not fit 64 bits with a sign");
    }

    /// <summary>Reads a whole number that fits 32 bits with sign.</summary>
    public int ReadInt32()
    {
        long value = ReadInt64();
        return value is >= int.MinValue and <= int.MaxValue
            ? (int)value
            : throw new MessagePackException($"{value} does not fit 32 bits with a sign");
    }

    /// <summary>Reads a whole number of at least 0.</summary>
    public ulong ReadUInt64()
    {
        ulong bits = ReadInteger(out bool negative);
        return negative ? throw new MessagePackException($"{unchecked((long)bits)} is negative") : bits;
    }

    /// <summary>Reads single or double precision.</summary>
    public double ReadDouble() => Next() switch
    {
        MessagePackCode.Float32 => BinaryPrimitives.ReadSingleBigEndian(Take(4)),
        MessagePackCode.Float64 => BinaryPrimitives.ReadDoubleBigEndian(Take(8)),
        byte code => throw Unexpected(code, "a float"),
    };

    /// <summary>Reads text; bytes that are not UTF-8 are a fault.</summary>
    public string ReadString()
    {
        byte code = Next();
        int length = code switch
        {
            >= MessagePackCode.FixStr and < MessagePackCode.Nil => code & MessagePackCode.MaxFixStr,
            MessagePackCode.Str8 => Length(1),
            MessagePackCode.Str16 => Length(2),
            MessagePackCode.Str32 => Length(4),
            _ => throw Unexpected(code, "text"),
        };
        try
        {
            return Utf8.GetString(Take(length));
        }
        catch (DecoderFallbackException)
        {
            throw new MessagePackException("text is not UTF-8");
        }
    }

    /// <summary>Reads bytes, which stay where they are.</summary>
    public ReadOnlySpan<byte> ReadBinary()
    {
        byte code = Next();
        return Take(code switch
        {
            MessagePackCode.Bin8 => Length(1),
            MessagePackCode.Bin16 => Length(2),
            MessagePackCode.Bin32 => Length(4),
            _ => throw Unexpected(code, "bytes"),
        });
    }

    /// <summary>Begins an array and returns how many values follow; never more than there are bytes left.</summary>
    public int ReadArrayHeader()
    {
        byte code = Next();
        return Count(1, code switch
        {
            >= MessagePackCode.FixArray and < MessagePackCode.FixStr => (uint)(code & MessagePackCode.MaxFixCount),
            MessagePackCode.Array16 => BinaryPrimitives.ReadUInt16BigEndian(Take(2)),
            MessagePackCode.Array32 => BinaryPrimitives.ReadUInt32BigEndian(Take(4)),
            _ => throw Unexpected(code, "an array"),
        });
    }

    /// <summary>Begins a map and returns how many pairs follow; never more than there are bytes left.</summary>
    public int ReadMapHeader()
    {
        byte code = Next();
        return Count(2, code switch
        {
            >= MessagePackCode.FixMap and < MessagePackCode.FixArray => (uint)(code & MessagePackCode.MaxFixCount),
            MessagePackCode.Map16 => BinaryPrimitives.ReadUInt16BigEndian(Take(2)),
            MessagePackCode.Map32 => BinaryPrimitives.ReadUInt32BigEndian(Take(4)),
            _ => throw Unexpected(code, "a map"),
        });
    }

    /// <summary>Reads an extension, whose bytes stay where they are.</summary>
    public ReadOnlySpan<byte> ReadExtension(out sbyte type)
    {
        byte code = Next();
        int length = code switch
        {
            >= MessagePackCode.FixExt1 and <= MessagePackCode.FixExt16 => 1 << (code - MessagePackCode.FixExt1),
            MessagePackCode.Ext8 => Length(1),
            MessagePackCode.Ext16 => Length(2),
            MessagePackCode.Ext32 => Length(4),
            _ => throw Unexpected(code, "an extension"),
        };
        type = unchecked((sbyte)Next());
        return Take(length);
    }

    /// <summary>Passes over one value of any type, with all it contains.</summary>
    public void Skip() => Skip(MaxDepth);

    private static MessagePackType TypeOf(byte code) => code switch
    {
        <= MessagePackCode.MaxPositiveFixInt or >= MessagePackCode.NegativeFixInt => MessagePackType.Integer,
        < MessagePackCode.FixArray => MessagePackType.Map,
        < MessagePackCode.FixStr => MessagePackType.Array,
        < MessagePackCode.Nil => MessagePackType.String,
        MessagePackCode.Nil => MessagePackType.Nil,
        MessagePackCode.Unused => throw new MessagePackException("byte 0xc1 is never used"),
        MessagePackCode.False or MessagePackCode.True => MessagePackType.Boolean,
        <= MessagePackCode.Bin32 => MessagePackType.Binary,
        <= MessagePackCode.Ext32 => MessagePackType.Extension,
        <= MessagePackCode.Float64 => MessagePackType.Float,
        <= MessagePackCode.Int64 => MessagePackType.Integer,
        <= MessagePackCode.FixExt16 => MessagePackType.Extension,
        <= MessagePackCode.Str32 => MessagePackType.String,
        <= MessagePackCode.Array32 => MessagePackType.Array,
        _ => MessagePackType.Map,
    };

    private static MessagePackException Unexpected(byte code, string wanted) =>
        new($"byte 0x{code:x2} begins {TypeOf(code)}, not {wanted}");

    private void Skip(int depth)
    {
        if (depth == 0)
        {
            throw new MessagePackException($"nested deeper than {MaxDepth}");
        }

        switch (NextType)
        {
            case MessagePackType.Nil or MessagePackType.Boolean:
                Position++;
                break;
            case MessagePackType.Integer:
                _ = ReadInteger(out _);
                break;
            case MessagePackType.Float:
                _ = ReadDouble();
                break;
            case MessagePackType.String:
                _ = ReadString();
                break;
            case MessagePackType.Binary:
                _ = ReadBinary();
                break;
            case MessagePackType.Extension:
                _ = ReadExtension(out _);
                break;
            case MessagePackType.Array:
                SkipMany(ReadArrayHeader(), depth);
                break;
            default:
                SkipMany(2 * ReadMapHeader(), depth);
                break;
        }
    }

    private void SkipMany(int count, int depth)
    {
        for (int i = 0; i < count; i++)
        {
            Skip(depth - 1);
        }
    }

    /// <summary>The value's 64 bits; a negative one in two's complement.</summary>
    private ulong ReadInteger(out bool negative)
    {
        byte code = Next();
        long value;
        switch (code)
        {
            case <= MessagePackCode.MaxPositiveFixInt:
                value = code;
                break;
            case >= MessagePackCode.NegativeFixInt:
                value = unchecked((sbyte)code);
                break;
            case MessagePackCode.UInt8:
                value = Next();
                break;
            case MessagePackCode.UInt16:
                value = BinaryPrimitives.ReadUInt16BigEndian(Take(2));
                break;
            case MessagePackCode.UInt32:
                value = BinaryPrimitives.ReadUInt32BigEndian(Take(4));
                break;
            case MessagePackCode.UInt64:
                negative = false;
                return BinaryPrimitives.ReadUInt64BigEndian(Take(8));
            case MessagePackCode.Int8:
                value = unchecked((sbyte)Next());
                break;
            case MessagePackCode.Int16:
                value = BinaryPrimitives.ReadInt16BigEndian(Take(2));
                break;
            case MessagePackCode.Int32:
                value = BinaryPrimitives.ReadInt32BigEndian(Take(4));
                break;
            case MessagePackCode.Int64:
                value = BinaryPrimitives.ReadInt64BigEndian(Take(8));
                break;
            default:
                throw Unexpected(code, "a whole number");
        }

        negative = value < 0;
        return unchecked((ulong)value);
    }

    private readonly byte Peek() => Position < _bytes.Length ? _bytes[Position] : throw Truncated(1);

    private byte Next()
    {
        byte code = Peek();
        Position++;
        return code;
    }

    private int Length(int bytes)
    {
        uint length = bytes switch
        {
            1 => Next(),
            2 => BinaryPrimitives.ReadUInt16BigEndian(Take(2)),
            _ => BinaryPrimitives.ReadUInt32BigEndian(Take(4)),
        };
        return length <= (uint)(_bytes.Length - Position) ? (int)length : throw Truncated(length);
    }

    private readonly int Count(int valuesEach, uint count) =>
        (long)count * valuesEach <= _bytes.Length - Position ? (int)count : throw Truncated((long)count * valuesEach);

    private ReadOnlySpan<byte> Take(int bytes)
    {
        if (bytes > _bytes.Length - Position)
        {
            throw Truncated(bytes);
        }

        ReadOnlySpan<byte> taken = _bytes.Slice(Position, bytes);
        Position += bytes;
        return taken;
    }

    private readonly MessagePackException Truncated(long bytes) =>
        new($"{bytes} more bytes are needed at {Position}, {_bytes.Length - Position} are left");
}

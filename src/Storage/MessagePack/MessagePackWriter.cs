using System.Buffers.Binary;
using System.Text;

namespace KVCluster.Storage.MessagePack;

/// <summary>
/// Writes MessagePack (the specification at msgpack.org), every value in its shortest form. Strings must be valid UTF-16: a lone surrogate
/// is refused, never replaced.
/// </summary>
public sealed class MessagePackWriter
{
    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);
    private byte[] _buffer;

    /// <summary>An empty writer.</summary>
    public MessagePackWriter(int capacity = 256)
    {
        _buffer = new byte[Math.Max(16, capacity)];
    }

    /// <summary>Bytes written so far.</summary>
    public int Length { get; private set; }

    /// <summary>What was written; valid until the next write.</summary>
    public ReadOnlyMemory<byte> Written => _buffer.AsMemory(0, Length);

    /// <summary>Writes nil.</summary>
    public void WriteNil() => Take(1)[0] = MessagePackCode.Nil;

    /// <summary>Writes a boolean.</summary>
    public void Write(bool value) => Take(1)[0] = value ? MessagePackCode.True : MessagePackCode.False;

    /// <summary>Writes a number of 0 to 2^64 - 1.</summary>
    public void Write(ulong value)
    {
        switch (value)
        {
            case <= MessagePackCode.MaxPositiveFixInt:
                Take(1)[0] = (byte)value;
                break;
            case <= byte.MaxValue:
                Tagged(MessagePackCode.UInt8, 1)[0] = (byte)value;
                break;
            case <= ushort.MaxValue:
                BinaryPrimitives.WriteUInt16BigEndian(Tagged(MessagePackCode.UInt16, 2), (ushort)value);
                break;
            case <= uint.MaxValue:
                BinaryPrimitives.WriteUInt32BigEndian(Tagged(MessagePackCode.UInt32, 4), (uint)value);
                break;
            default:
                WriteFixed(value);
                break;
        }
    }

    /// <summary>Writes a signed number.</summary>
    public void Write(long value)
    {
        switch (value)
        {
            case >= 0:
                Write((ulong)value);
                break;
            case >= MessagePackCode.MinNegativeFixInt:
                Take(1)[0] = unchecked((byte)value);
                break;
            case >= sbyte.MinValue:
                Tagged(MessagePackCode.Int8, 1)[0] = unchecked((byte)value);
                break;
            case >= short.MinValue:
                BinaryPrimitives.WriteInt16BigEndian(Tagged(MessagePackCode.Int16, 2), (short)value);
                break;
            case >= int.MinValue:
                BinaryPrimitives.WriteInt32BigEndian(Tagged(MessagePackCode.Int32, 4), (int)value);
                break;
            default:
                BinaryPrimitives.WriteInt64BigEndian(Tagged(MessagePackCode.Int64, 8), value);
                break;
        }
    }

    /// <summary>Writes a number in the nine bytes of uint 64, whatever its size: checksums and random numbers, which are seldom small.</summary>
    public void WriteFixed(ulong value) => BinaryPrimitives.WriteUInt64BigEndian(Tagged(MessagePackCode.UInt64, 8), value);

    /// <summary>Writes single precision.</summary>
    public void Write(float value) => BinaryPrimitives.WriteSingleBigEndian(Tagged(MessagePackCode.Float32, 4), value);

    /// <summary>Writes double precision.</summary>
    public void Write(double value) => BinaryPrimitives.WriteDoubleBigEndian(Tagged(MessagePackCode.Float64, 8), value);

    /// <summary>Writes text; null is nil.</summary>
    public void Write(string? value)
    {
        if (value is null)
        {
            WriteNil();
            return;
        }

        int bytes = Utf8.GetByteCount(value);
        if (bytes <= MessagePackCode.MaxFixStr)
        {
            Take(1)[0] = (byte)(MessagePackCode.FixStr | bytes);
        }
        else
        {
            WriteLength(bytes, MessagePackCode.Str8, MessagePackCode.Str16, MessagePackCode.Str32);
        }

        Utf8.GetBytes(value, Take(bytes));
    }

    /// <summary>Writes bytes.</summary>
    public void Write(ReadOnlySpan<byte> value)
    {
        WriteLength(value.Length, MessagePackCode.Bin8, MessagePackCode.Bin16, MessagePackCode.Bin32);
        value.CopyTo(Take(value.Length));
    }

    /// <summary>Begins an array of this many values.</summary>
    public void WriteArrayHeader(int count) => WriteCount(count, MessagePackCode.FixArray, MessagePackCode.Array16, MessagePackCode.Array32);

    /// <summary>Begins a map of this many pairs.</summary>
    public void WriteMapHeader(int count) => WriteCount(count, MessagePackCode.FixMap, MessagePackCode.Map16, MessagePackCode.Map32);

    /// <summary>Writes an extension.</summary>
    public void WriteExtension(sbyte type, ReadOnlySpan<byte> data)
    {
        switch (data.Length)
        {
            case 1 or 2 or 4 or 8 or 16:
                Take(1)[0] = (byte)(MessagePackCode.FixExt1 + System.Numerics.BitOperations.Log2((uint)data.Length));
                break;
            default:
                WriteLength(data.Length, MessagePackCode.Ext8, MessagePackCode.Ext16, MessagePackCode.Ext32);
                break;
        }

        Take(1)[0] = unchecked((byte)type);
        data.CopyTo(Take(data.Length));
    }

    private void WriteCount(int count, byte fix, byte tag16, byte tag32)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        if (count <= MessagePackCode.MaxFixCount)
        {
            Take(1)[0] = (byte)(fix | count);
        }
        else if (count <= ushort.MaxValue)
        {
            BinaryPrimitives.WriteUInt16BigEndian(Tagged(tag16, 2), (ushort)count);
        }
        else
        {
            BinaryPrimitives.WriteUInt32BigEndian(Tagged(tag32, 4), (uint)count);
        }
    }

    private void WriteLength(int length, byte tag8, byte tag16, byte tag32)
    {
        if (length <= byte.MaxValue)
        {
            Tagged(tag8, 1)[0] = (byte)length;
        }
        else if (length <= ushort.MaxValue)
        {
            BinaryPrimitives.WriteUInt16BigEndian(Tagged(tag16, 2), (ushort)length);
        }
        else
        {
            BinaryPrimitives.WriteUInt32BigEndian(Tagged(tag32, 4), (uint)length);
        }
    }

    private Span<byte> Tagged(byte tag, int bytes)
    {
        Span<byte> span = Take(1 + bytes);
        span[0] = tag;
        return span[1..];
    }

    private Span<byte> Take(int bytes)
    {
        int end = checked(Length + bytes);
        if (end > _buffer.Length)
        {
            Array.Resize(ref _buffer, (int)Math.Min(Array.MaxLength, Math.Max(end, 2L * _buffer.Length)));
        }

        Span<byte> span = _buffer.AsSpan(Length, bytes);
        Length = end;
        return span;
    }
}

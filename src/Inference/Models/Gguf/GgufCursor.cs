using System.Buffers.Binary;
using System.Text;

namespace KVCluster.Inference.Models.Gguf;

/// <summary>
/// Reads a GGUF header from front to back. Every count is checked against the bytes that are left before anything is allocated for it,
/// so a lying header cannot ask for more memory than a small multiple of the file.
/// </summary>
internal sealed class GgufCursor(MappedFile file)
{
    private const int MaximumArrayDepth = 4;

    // The specification's limit on keys; names of tensors are shorter still.
    private const int MaximumNameBytes = 65535;

    private static readonly UTF8Encoding _utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    public long Position { get; private set; }

    public uint UInt32(string what) => BinaryPrimitives.ReadUInt32LittleEndian(Take(4, what));

    public ulong UInt64(string what) => BinaryPrimitives.ReadUInt64LittleEndian(Take(8, what));

    /// <summary>A count of things of which each takes at least some bytes. <paramref name="what"/> is only for errors.</summary>
    public int Count(string what, int leastBytesEach)
    {
        ulong count = UInt64(what);
        long left = file.Length - Position;
        if (count > (ulong)(left / leastBytesEach) || count > (ulong)Array.MaxLength)
        {
            throw Fault($"{what}: a count of {count}, but only {left} bytes follow");
        }

        return (int)count;
    }

    /// <summary>The name of a key or tensor.</summary>
    public string Name(string what)
    {
        string name = Text(what);
        return name.Length <= MaximumNameBytes ? name : throw Fault($"{what} of {name.Length} characters");
    }

    private string Text(string what)
    {
        int length = Count(what, 1);
        try
        {
            return _utf8.GetString(Take(length, what));
        }
        catch (DecoderFallbackException e)
        {
            throw new ModelFormatException(file.Path, $"{what} is not UTF-8 (before byte {Position})", e);
        }
    }

    /// <summary>A metadata value of GGUF's type <paramref name="type"/>: a boxed scalar, a string or a typed array.</summary>
    public object Value(uint type, string key) => Value(type, key, depth: 0);

    private object Value(uint type, string key, int depth) => type switch
    {
        0 => Take(1, key)[0],
        1 => (sbyte)Take(1, key)[0],
        2 => BinaryPrimitives.ReadUInt16LittleEndian(Take(2, key)),
        3 => BinaryPrimitives.ReadInt16LittleEndian(Take(2, key)),
        4 => UInt32(key),
        5 => BinaryPrimitives.ReadInt32LittleEndian(Take(4, key)),
        6 => BinaryPrimitives.ReadSingleLittleEndian(Take(4, key)),
        7 => Bool(key),
        8 => Text(key),
        9 => ArrayOf(key, depth),
        10 => UInt64(key),
        11 => BinaryPrimitives.ReadInt64LittleEndian(Take(8, key)),
        12 => BinaryPrimitives.ReadDoubleLittleEndian(Take(8, key)),
        _ => throw Fault($"'{key}' has value type {type}, which GGUF does not define"),
    };

    private object ArrayOf(string key, int depth)
    {
        if (depth >= MaximumArrayDepth)
        {
            throw Fault($"'{key}' nests arrays more than {MaximumArrayDepth} deep");
        }

        uint type = UInt32(key);
        return type switch
        {
            0 => Elements(key, 1, span => span[0]),
            1 => Elements(key, 1, span => (sbyte)span[0]),
            2 => Elements(key, 2, BinaryPrimitives.ReadUInt16LittleEndian),
            3 => Elements(key, 2, BinaryPrimitives.ReadInt16LittleEndian),
            4 => Elements(key, 4, BinaryPrimitives.ReadUInt32LittleEndian),
            5 => Elements(key, 4, BinaryPrimitives.ReadInt32LittleEndian),
            6 => Elements(key, 4, BinaryPrimitives.ReadSingleLittleEndian),
            7 => Many(key, 1, () => Bool(key)),
            8 => Many(key, 8, () => Text(key)),
            9 => Many(key, 12, () => Value(9, key, depth + 1)),
            10 => Elements(key, 8, BinaryPrimitives.ReadUInt64LittleEndian),
            11 => Elements(key, 8, BinaryPrimitives.ReadInt64LittleEndian),
            12 => Elements(key, 8, BinaryPrimitives.ReadDoubleLittleEndian),
            _ => throw Fault($"'{key}' is an array of type {type}, which GGUF does not define"),
        };
    }

    private delegate T Decode<T>(ReadOnlySpan<byte> bytes);

    private T[] Elements<T>(string key, int size, Decode<T> decode)
    {
        T[] values = new T[Count(key, size)];
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = decode(Take(size, key));
        }

        return values;
    }

    private T[] Many<T>(string key, int leastBytesEach, Func<T> read)
    {
        T[] values = new T[Count(key, leastBytesEach)];
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = read();
        }

        return values;
    }

    private bool Bool(string key) => Take(1, key)[0] switch
    {
        0 => false,
        1 => true,
        byte other => throw Fault($"'{key}' is a boolean of value {other}"),
    };

    private ReadOnlySpan<byte> Take(int length, string what)
    {
        if (length > file.Length - Position)
        {
            throw Fault($"truncated: {what} needs {length} bytes, {file.Length - Position} are left");
        }

        ReadOnlySpan<byte> bytes = file.Span(Position, length);
        Position += length;
        return bytes;
    }

    private ModelFormatException Fault(string fault) => new(file.Path, $"{fault} (at byte {Position})");
}

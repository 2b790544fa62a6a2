using KVCluster.Inference.Quantization;

namespace KVCluster.Inference.Models;

/// <summary>
/// A tensor as a file describes it, checked: its bytes lie inside the file and are as many as type and shape need. The bytes are read
/// in place.
/// </summary>
public sealed class StoredTensor
{
    private readonly MappedFile _file;

    internal StoredTensor(MappedFile file, string name, string typeName, ElementType? type, long[] shape, long offset, long byteCount)
    {
        _file = file;
        Name = name;
        TypeName = typeName;
        Type = type;
        Shape = shape;
        Offset = offset;
        ByteCount = byteCount;
    }

    /// <summary>Name in the file.</summary>
    public string Name { get; }

    /// <summary>The type as the file calls it.</summary>
    public string TypeName { get; }

    /// <summary>The type, or null where the numbers are of a kind no weight is made of (such as 64-bit integers).</summary>
    public ElementType? Type { get; }

    /// <summary>Dimensions, outermost first (GGUF stores them the other way round); empty for a scalar.</summary>
    public IReadOnlyList<long> Shape { get; }

    /// <summary>First byte, from the start of the file.</summary>
    public long Offset { get; }

    /// <summary>Stored bytes.</summary>
    public long ByteCount { get; }

    /// <summary>Number of elements.</summary>
    public long ElementCount => Shape.Aggregate(1L, (product, dimension) => product * dimension);

    /// <summary>Path of the file.</summary>
    public string Path => _file.Path;

    internal MappedFile File => _file;

    /// <summary>A part of the stored bytes, in place.</summary>
    public ReadOnlySpan<byte> Span(long start, int length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(start);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, ByteCount - start);
        return _file.Span(Offset + start, length);
    }

    /// <summary>The whole tensor as float32; for tensors known to be small.</summary>
    /// <exception cref="InvalidOperationException">The tensor is not of a type weights have.</exception>
    public float[] ToSingle()
    {
        ElementType type = Type ?? throw new InvalidOperationException($"{Name} holds {TypeName}");
        float[] values = new float[checked((int)ElementCount)];
        Dequantizer.ToSingle(type, Span(0, checked((int)ByteCount)), values);
        return values;
    }

    internal string Describe() => $"[{string.Join(", ", Shape)}] {TypeName}";
}

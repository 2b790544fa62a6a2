using KVCluster.Inference.Quantization;

namespace KVCluster.Inference.Models.Gguf;

/// <summary>
/// A GGUF version 3 file (ggml's specification), memory-mapped and checked: every tensor is of a known type, aligned, inside the file and
/// apart from the others. What the numbers mean is not its business.
/// </summary>
public sealed class GgufFile : IDisposable
{
    private const uint Magic = 0x46554747;
    private const uint DefaultAlignment = 32;
    private const int MaximumDimensions = 4;

    // Name length, dimension count, one dimension, type and offset of the smallest tensor entry; key length, type and value of a pair.
    private const int LeastTensorBytes = 8 + 4 + 8 + 4 + 8;
    private const int LeastPairBytes = 8 + 4 + 1;

    private readonly MappedFile _file;
    private readonly Dictionary<string, object> _metadata = new(StringComparer.Ordinal);
    private readonly Dictionary<string, StoredTensor> _tensors = new(StringComparer.Ordinal);

    private GgufFile(MappedFile file)
    {
        _file = file;
        GgufCursor cursor = new(file);
        if (cursor.UInt32("magic") != Magic)
        {
            throw Fault("is not a GGUF file");
        }

        uint version = cursor.UInt32("version");
        if (version != 3)
        {
            throw Fault(version == 3u << 24 ? "is a big-endian GGUF file" : $"is GGUF version {version}; this program reads version 3");
        }

        int tensors = cursor.Count("number of tensors", LeastTensorBytes);
        int pairs = cursor.Count("number of metadata pairs", LeastPairBytes);
        ReadMetadata(cursor, pairs);
        ReadTensors(cursor, tensors);
    }

    /// <summary>Path of the file.</summary>
    public string Path => _file.Path;

    /// <summary>
    /// Values by key: byte, sbyte, ushort, short, uint, int, float, bool, string, ulong, long or double as stored; arrays as arrays of
    /// those; arrays of arrays as object[].
    /// </summary>
    public IReadOnlyDictionary<string, object> Metadata => _metadata;

    /// <summary>Tensors by name.</summary>
    public IReadOnlyDictionary<string, StoredTensor> Tensors => _tensors;

    /// <summary>Maps a file and reads its header.</summary>
    /// <exception cref="ModelFormatException">The file is truncated, foreign or contradicts itself.</exception>
    public static GgufFile Open(string path)
    {
        MappedFile file = MappedFile.Open(path);
        try
        {
            return new GgufFile(file);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    private void ReadMetadata(GgufCursor cursor, int pairs)
    {
        for (int i = 0; i < pairs; i++)
        {
            string key = cursor.Name("metadata key");
            object value = cursor.Value(cursor.UInt32(key), key);
            if (!_metadata.TryAdd(key, value))
            {
                throw Fault($"metadata key '{key}' occurs twice");
            }
        }
    }

    private void ReadTensors(GgufCursor cursor, int count)
    {
        List<Entry> entries = [];
        for (int i = 0; i < count; i++)
        {
            entries.Add(ReadEntry(cursor));
        }

        uint alignment = Alignment();
        long dataStart = checked((cursor.Position + alignment - 1) / alignment * alignment);
        foreach (Entry entry in entries)
        {
            if (!_tensors.TryAdd(entry.Name, Locate(entry, dataStart, alignment)))
            {
                throw Fault($"tensor '{entry.Name}' occurs twice");
            }
        }

        TensorLayout.RequireApart(_file.Path, _tensors.Values);
    }

    private uint Alignment()
    {
        if (!_metadata.TryGetValue("general.alignment", out object? value))
        {
            return DefaultAlignment;
        }

        return value is uint alignment and >= 8 and <= 1 << 20 && uint.IsPow2(alignment)
            ? alignment
            : throw Fault($"general.alignment is {value}; it must be a 32-bit power of two from 8 to {1 << 20}");
    }

    private Entry ReadEntry(GgufCursor cursor)
    {
        string name = cursor.Name("tensor name");
        uint dimensions = cursor.UInt32(name);
        if (dimensions is 0 or > MaximumDimensions)
        {
            throw Fault($"tensor '{name}' has {dimensions} dimensions; 1 to {MaximumDimensions} are possible");
        }

        long[] shape = new long[dimensions];
        for (int i = shape.Length - 1; i >= 0; i--)
        {
            ulong dimension = cursor.UInt64(name);
            shape[i] = dimension is > 0 and <= long.MaxValue
                ? (long)dimension
                : throw Fault($"tensor '{name}' has a dimension of {dimension}");
        }

        return new Entry(name, shape, cursor.UInt32(name), cursor.UInt64(name));
    }

    private StoredTensor Locate(Entry entry, long dataStart, uint alignment)
    {
        ElementType type = GgufTensorTypes.FromId(entry.TypeId)
            ?? throw Fault(
                $"tensor '{entry.Name}' has type {GgufTensorTypes.NameOf(entry.TypeId)} ({entry.TypeId}), which is not supported");
        if (entry.Shape[^1] % ElementTypes.BlockElements(type) != 0)
        {
            throw Fault($"tensor '{entry.Name}': rows of {entry.Shape[^1]} do not hold whole blocks of {type}");
        }

        long bytes = TensorLayout.ByteCount(entry.Shape, ElementTypes.BlockElements(type), ElementTypes.BlockBytes(type))
            ?? throw Fault($"tensor '{entry.Name}' of shape [{string.Join(", ", entry.Shape)}] is too large for any file");
        long available = _file.Length - dataStart;
        if (entry.Offset % alignment != 0)
        {
            throw Fault($"tensor '{entry.Name}' starts at {entry.Offset}, which is not a multiple of the alignment {alignment}");
        }

        if (available < 0 || entry.Offset > (ulong)available || bytes > available - (long)entry.Offset)
        {
            throw Fault($"tensor '{entry.Name}' needs {bytes} bytes at {entry.Offset} of the data, which has {Math.Max(0, available)}");
        }

        return new StoredTensor(_file, entry.Name, type.ToString(), type, entry.Shape, dataStart + (long)entry.Offset, bytes);
    }

    private ModelFormatException Fault(string fault) => new(_file.Path, fault);

    private readonly record struct Entry(string Name, long[] Shape, uint TypeId, ulong Offset);
}

using System.Buffers.Binary;
using System.Text.Json;

namespace KVCluster.Inference.Models.HuggingFace;

/// <summary>
/// One safetensors file, memory-mapped and checked as its specification asks: known types, sizes that follow from the shapes, and tensors
/// that cover the data from end to end without holes or overlaps.
/// </summary>
public sealed class SafetensorsFile : IDisposable
{
    // The limit the format's reference implementation sets.
    private const int MaximumHeaderBytes = 100_000_000;
    private const int MaximumDimensions = 8;

    private readonly MappedFile _file;
    private readonly Dictionary<string, StoredTensor> _tensors = new(StringComparer.Ordinal);

    private SafetensorsFile(MappedFile file)
    {
        _file = file;
        int header = HeaderLength();
        using JsonDocument json = JsonText.Parse(file.Path, file.Span(8, header).ToArray());
        foreach (JsonProperty entry in json.RootElement.EnumerateObject())
        {
            if (!entry.NameEquals("__metadata__"))
            {
                _tensors.Add(entry.Name, Read(new JsonSection(file.Path, entry.Name, entry.Value), entry.Name, 8 + header));
            }
        }

        RequireCovered(8 + header);
    }

    /// <summary>Path of the file.</summary>
    public string Path => _file.Path;

    /// <summary>Tensors by name.</summary>
    public IReadOnlyDictionary<string, StoredTensor> Tensors => _tensors;

    /// <summary>Maps a file and reads its header.</summary>
    /// <exception cref="ModelFormatException">The file is truncated, foreign or contradicts itself.</exception>
    public static SafetensorsFile Open(string path)
    {
        MappedFile file = MappedFile.Open(path);
        try
        {
            return new SafetensorsFile(file);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    private int HeaderLength()
    {
        if (_file.Length < 8)
        {
            throw Fault("truncated: a safetensors file starts with 8 bytes of header length");
        }

        ulong length = BinaryPrimitives.ReadUInt64LittleEndian(_file.Span(0, 8));
        if (length > (ulong)(_file.Length - 8) || length > MaximumHeaderBytes)
        {
            throw Fault($"the header's length is given as {length} bytes in a file of {_file.Length}: truncated or not safetensors");
        }

        return (int)length;
    }

    private StoredTensor Read(JsonSection entry, string name, long dataStart)
    {
        string type = entry.Text("dtype");
        int width = SafetensorsTypes.BytesOf(type) ?? throw Fault($"tensor '{name}' has the unknown type '{type}'");
        long[] shape = entry.Integers("shape");
        long[] offsets = entry.Integers("data_offsets");
        if (shape.Length > MaximumDimensions || offsets.Length != 2)
        {
            throw Fault($"tensor '{name}' has {shape.Length} dimensions and {offsets.Length} offsets");
        }

        if (shape.Any(d => d < 0))
        {
            throw Fault($"tensor '{name}' has the impossible shape [{string.Join(", ", shape)}]");
        }

        long bytes = TensorLayout.ByteCount(shape, 1, width)
            ?? throw Fault($"tensor '{name}' of shape [{string.Join(", ", shape)}] is too large for any file");
        long available = _file.Length - dataStart;
        if (offsets is not [>= 0 and long begin, >= 0 and long end] || begin > end || end > available)
        {
            throw Fault($"tensor '{name}' lies at [{string.Join(", ", offsets)}], outside the {available} bytes of data");
        }

        return end - begin == bytes
            ? new StoredTensor(_file, name, type, SafetensorsTypes.ElementTypeOf(type), shape, dataStart + begin, bytes)
            : throw Fault($"tensor '{name}' of shape [{string.Join(", ", shape)}] needs {bytes} bytes of {type} but has {end - begin}");
    }

    private void RequireCovered(long dataStart)
    {
        TensorLayout.RequireApart(_file.Path, _tensors.Values);
        long covered = _tensors.Values.Sum(t => t.ByteCount);
        if (covered != _file.Length - dataStart)
        {
            throw Fault($"the tensors cover {covered} bytes of {_file.Length - dataStart} bytes of data");
        }
    }

    private ModelFormatException Fault(string fault) => new(_file.Path, fault);
}

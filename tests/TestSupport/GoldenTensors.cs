using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text.Json;

namespace KVCluster.TestSupport;

/// <summary>
/// A plain, whole-file safetensors reader for reference values: kept apart from the product's own so that one cannot hide the other's
/// faults.
/// </summary>
public sealed class GoldenTensors
{
    private readonly Dictionary<string, (string Type, int[] Shape, int Begin, int End)> _entries = [];
    private readonly byte[] _data;

    public GoldenTensors(string path)
    {
        byte[] file = File.ReadAllBytes(path);
        int header = checked((int)BinaryPrimitives.ReadInt64LittleEndian(file));
        using JsonDocument json = JsonDocument.Parse(file.AsMemory(8, header));
        _data = file[(8 + header)..];
        foreach (JsonProperty p in json.RootElement.EnumerateObject())
        {
            if (p.NameEquals("__metadata__"))
            {
                foreach (JsonProperty m in p.Value.EnumerateObject())
                {
                    Metadata[m.Name] = m.Value.GetString()!;
                }

                continue;
            }

            int[] shape = p.Value.GetProperty("shape").EnumerateArray().Select(e => e.GetInt32()).ToArray();
            JsonElement offsets = p.Value.GetProperty("data_offsets");
            _entries[p.Name] = (p.Value.GetProperty("dtype").GetString()!, shape, offsets[0].GetInt32(), offsets[1].GetInt32());
        }
    }

    public Dictionary<string, string> Metadata { get; } = [];

    public IReadOnlyCollection<string> Names => _entries.Keys;

    public bool Contains(string name) => _entries.ContainsKey(name);

    public int[] Shape(string name) => _entries[name].Shape;

    public string Type(string name) => _entries[name].Type;

    public float[] Floats(string name) => Typed<float>(name, "F32");

    public double[] Doubles(string name) => Typed<double>(name, "F64");

    public byte[] Bytes(string name) => _data[_entries[name].Begin.._entries[name].End];

    /// <summary>Integers of any stored width.</summary>
    public int[] Integers(string name) => _entries[name].Type switch
    {
        "I64" => Array.ConvertAll(Typed<long>(name, "I64"), v => checked((int)v)),
        "I32" => Typed<int>(name, "I32"),
        "I16" => Array.ConvertAll(Typed<short>(name, "I16"), v => (int)v),
        "U16" => Array.ConvertAll(Typed<ushort>(name, "U16"), v => (int)v),
        "I8" => Array.ConvertAll(Typed<sbyte>(name, "I8"), v => (int)v),
        "U8" => Array.ConvertAll(Typed<byte>(name, "U8"), v => (int)v),
        string other => throw new InvalidDataException($"{name} holds {other}, not integers"),
    };

    private T[] Typed<T>(string name, string type)
        where T : unmanaged
    {
        var (stored, _, begin, end) = _entries[name];
        return stored == type
            ? MemoryMarshal.Cast<byte, T>(_data.AsSpan(begin, end - begin)).ToArray()
            : throw new InvalidDataException($"{name} holds {stored}, not {type}");
    }
}

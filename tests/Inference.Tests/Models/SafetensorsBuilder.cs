using System.Buffers.Binary;
using System.Text;
using System.Text.Json.Nodes;

namespace KVCluster.Inference.Tests.Models;

/// <summary>Writes safetensors files; the header can be edited before it is written.</summary>
internal sealed class SafetensorsBuilder
{
    private readonly List<byte[]> _data = [];
    private int _length;

    public JsonObject Header { get; } = [];

    public void Add(string name, int[] shape, string type, byte[] data)
    {
        Header[name] = new JsonObject
        {
            ["dtype"] = type,
            ["shape"] = new JsonArray([.. shape.Select(d => (JsonNode)d)]),
            ["data_offsets"] = new JsonArray(_length, _length + data.Length),
        };
        _data.Add(data);
        _length += data.Length;
    }

    public byte[] Build() => Build(Header.ToJsonString());

    public byte[] Build(string header)
    {
        byte[] text = Encoding.UTF8.GetBytes(header);
        byte[] length = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(length, text.Length);
        return [.. length, .. text, .. _data.SelectMany(d => d)];
    }
}

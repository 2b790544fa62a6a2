using System.Text;

namespace KVCluster.Inference.Tests.Models;

/// <summary>Writes GGUF files byte by byte, faulty ones included.</summary>
internal sealed class GgufBuilder
{
    public const uint F32 = 0;
    public const uint F16 = 1;
    public const uint Q8_0 = 8;

    public uint Magic { get; set; } = 0x46554747;

    public uint Version { get; set; } = 3;

    public ulong? TensorCount { get; set; }

    public List<(string Key, object Value)> Metadata { get; } = [];

    public List<Tensor> Tensors { get; } = [];

    /// <summary>Length of header, metadata and tensor infos of the last build.</summary>
    public int HeaderLength { get; private set; }

    public void Set(string key, object? value)
    {
        Metadata.RemoveAll(m => m.Key == key);
        if (value is not null)
        {
            Metadata.Add((key, value));
        }
    }

    public Tensor this[string name] => Tensors.Single(t => t.Name == name);

    public void Add(string name, long[] shape, uint type, byte[] data) => Tensors.Add(new Tensor(name, shape, type, data));

    public byte[] Build()
    {
        const int Alignment = 32;
        MemoryStream stream = new();
        BinaryWriter writer = new(stream);
        writer.Write(Magic);
        writer.Write(Version);
        writer.Write(TensorCount ?? (ulong)Tensors.Count);
        writer.Write((ulong)Metadata.Count);
        foreach (var (key, value) in Metadata)
        {
            Text(writer, key);
            Value(writer, value);
        }

        long offset = 0;
        foreach (Tensor tensor in Tensors)
        {
            Text(writer, tensor.Name);
            writer.Write((uint)tensor.Shape.Length);
            foreach (long dimension in tensor.Shape.Reverse())
            {
                writer.Write(dimension);
            }

            writer.Write(tensor.Type);
            writer.Write(tensor.Offset ?? (ulong)offset);
            offset = (offset + tensor.Data.Length + Alignment - 1) / Alignment * Alignment;
        }

        HeaderLength = (int)stream.Length;
        foreach (Tensor tensor in Tensors)
        {
            writer.Write(new byte[(Alignment - (stream.Length % Alignment)) % Alignment]);
            writer.Write(tensor.Data);
        }

        return stream.ToArray();
    }

    private static void Text(BinaryWriter writer, string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        writer.Write((ulong)bytes.Length);
        writer.Write(bytes);
    }

    private static void Value(BinaryWriter writer, object value)
    {
        switch (value)
        {
            case byte[] raw:
                writer.Write(raw);
                break;
            case uint number:
                writer.Write(4u);
                writer.Write(number);
                break;
            case float number:
                writer.Write(6u);
                writer.Write(number);
                break;
            case bool flag:
                writer.Write(7u);
                writer.Write(flag);
                break;
            case string text:
                writer.Write(8u);
                Text(writer, text);
                break;
            case string[] texts:
                writer.Write(9u);
                writer.Write(8u);
                writer.Write((ulong)texts.Length);
                Array.ForEach(texts, t => Text(writer, t));
                break;
            case int[] numbers:
                writer.Write(9u);
                writer.Write(5u);
                writer.Write((ulong)numbers.Length);
                Array.ForEach(numbers, writer.Write);
                break;
            default:
                throw new ArgumentException($"no case for {value.GetType()}");
        }
    }

    internal sealed class Tensor(string name, long[] shape, uint type, byte[] data)
    {
        public string Name { get; set; } = name;

        public long[] Shape { get; set; } = shape;

        public uint Type { get; set; } = type;

        public byte[] Data { get; set; } = data;

        public ulong? Offset { get; set; }
    }
}

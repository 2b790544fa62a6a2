using System.Diagnostics.Metrics;
using KVCluster.Inference.Kv;

namespace KVCluster.Worker.Serving;

/// <summary>A device's labels, made once.</summary>
internal sealed class DeviceLabels(string node, string device, KvElementType type)
{
    public KeyValuePair<string, object?> Node { get; } = new("node", node);

    public KeyValuePair<string, object?> Device { get; } = new("device", device);

    /// <summary>Element type of its arena: "f32", "bf16", "int8".</summary>
    public string KvType { get; } = type.ToString().ToLowerInvariant();

    public Measurement<T> Of<T>(T value)
        where T : struct => new(value, Node, Device);

    public Measurement<T> Of<T>(T value, string label, string word)
        where T : struct => new(value, Node, Device, new(label, word));

    public Measurement<T> Of<T>(T value, string label, string word, string kvType)
        where T : struct => new(value, Node, Device, new(label, word), new("kv_type", kvType));
}

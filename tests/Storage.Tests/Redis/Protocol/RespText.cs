using KVCluster.Storage.Redis;
using KVCluster.Storage.Redis.Protocol;

namespace KVCluster.Storage.Tests.Redis.Protocol;

/// <summary>Reads and shows replies for tests.</summary>
internal static class RespText
{
    /// <summary>The reply at the beginning of these bytes, or null where it is not whole.</summary>
    public static RespValue? Read(ReadOnlySpan<byte> bytes)
    {
        var builder = new RespValueBuilder();
        while (RespHeader.TryRead(bytes, out RespHeader header, out int consumed))
        {
            bytes = bytes[consumed..];
            byte[] body = [];
            if (header.HasBody)
            {
                int length = builder.BodyBytes(header);
                if (bytes.Length < length + 2)
                {
                    return null;
                }

                body = bytes[..length].ToArray();
                bytes = bytes[(length + 2)..];
            }

            if (builder.Add(header, body))
            {
                return builder.Value;
            }
        }

        return null;
    }

    public static string Describe(RespValue value) => value.Kind switch
    {
        RespKind.Null => "null",
        RespKind.Integer => value.Integer.ToString(),
        RespKind.Text => $"text:{value.Text}",
        RespKind.Error => $"error:{value.Text}",
        RespKind.Received => $"received:{value.Integer}",
        _ => $"[{string.Join(' ', value.Items.Select(Describe))}]",
    };
}

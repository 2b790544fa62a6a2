using System.Globalization;

namespace KVCluster.Storage.Redis;

/// <summary>Where a server listens.</summary>
/// <param name="Host">A name or an address; an IPv6 address without brackets.</param>
/// <param name="Port">1 to 65535.</param>
public readonly record struct RedisEndpoint(string Host, int Port)
{
    /// <summary>Redis' own port.</summary>
    public const int DefaultPort = 6379;

    /// <summary>Reads "host", "host:port", "[address]:port".</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out RedisEndpoint endpoint)
    {
        endpoint = default;
        ReadOnlySpan<char> host = text;
        ReadOnlySpan<char> port = default;
        if (text is ['[', ..])
        {
            int close = text.IndexOf(']');
            if (close < 0 || (close + 1 < text.Length && text[close + 1] != ':'))
            {
                return false;
            }

            host = text[1..close];
            port = close + 1 < text.Length ? text[(close + 2)..] : default;
        }
        else if (text.LastIndexOf(':') is int colon and >= 0)
        {
            host = text[..colon];
            port = text[(colon + 1)..];
            if (host.Contains(':') || port.IsEmpty)
            {
                return false;
            }
        }

        int number = DefaultPort;
        if (host.IsEmpty || (!port.IsEmpty && !TryParsePort(port, out number)))
        {
            return false;
        }

        endpoint = new RedisEndpoint(host.ToString(), number);
        return true;
    }

    /// <summary>Reads a port.</summary>
    internal static bool TryParsePort(ReadOnlySpan<char> text, out int port) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out port) && port is > 0 and <= ushort.MaxValue;

    /// <inheritdoc/>
    public override string ToString() =>
        Host.Contains(':', StringComparison.Ordinal) ? $"[{Host}]:{Port}" : $"{Host}:{Port}";
}

using System.Globalization;

namespace KVCluster.Storage.Redis.Cluster;

/// <summary>
/// A node's answer that another one must be asked: for good (MOVED), or for this call, while the slot is being moved (ASK).
/// </summary>
/// <param name="IsAsk">Whether it holds for this call only.</param>
/// <param name="Slot">The slot.</param>
/// <param name="Target">Whom to ask.</param>
internal readonly record struct Redirection(bool IsAsk, int Slot, RedisEndpoint Target)
{
    /// <summary>Reads an error such as <c>MOVED 3999 127.0.0.1:6381</c>; an empty host is the one that answered.</summary>
    public static bool TryParse(string error, RedisEndpoint answered, out Redirection redirection)
    {
        redirection = default;
        string[] words = error.Split(' ');
        if (words.Length < 3
            || words[0] is not ("MOVED" or "ASK")
            || !int.TryParse(words[1], NumberStyles.None, CultureInfo.InvariantCulture, out int slot)
            || slot >= HashSlot.Count)
        {
            return false;
        }

        // The host is not in brackets, so an IPv6 address ends at the last colon.
        int colon = words[2].LastIndexOf(':');
        if (colon < 0 || !RedisEndpoint.TryParsePort(words[2].AsSpan(colon + 1), out int port))
        {
            return false;
        }

        string host = colon == 0 || words[2][..colon] == "?" ? answered.Host : words[2][..colon];
        redirection = new Redirection(words[0] == "ASK", slot, new RedisEndpoint(host, port));
        return true;
    }
}

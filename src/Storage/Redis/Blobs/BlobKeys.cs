using System.Globalization;
using System.Text;
using KVCluster.Storage.Blobs;

namespace KVCluster.Storage.Redis.Blobs;

/// <summary>
/// The keys of a store. An owner's keys share one hash tag, {tenant/session}, and so one node of a cluster; the ledger has a tag of its
/// own.
/// Parts are escaped, so that no name reaches out of its place.
/// </summary>
internal sealed class BlobKeys(string prefix)
{
    /// <summary>In the ledger, the tenant that stands for all; no escaped name is one.</summary>
    public const string AllTenants = "*";

    private readonly string _prefix = Escape(prefix);

    /// <summary>The ledger's keys: when each entry is due, its bytes, the sums, the manifests.</summary>
    public RedisArgument[] Ledger { get; } =
        [.. new[] { "due", "bytes", "usage", "manifests" }.Select(part => (RedisArgument)$"{Escape(prefix)}:{{ledger}}:{part}")];

    /// <summary>The key of an owner's manifest.</summary>
    public string Manifest(SnapshotOwner owner) => $"{_prefix}:{{{Path(owner)}}}:m";

    /// <summary>The key of a frame.</summary>
    public string Frame(SnapshotOwner owner, FrameId frame) => $"{_prefix}:{{{Path(owner)}}}:f:{frame}";

    /// <summary>A frame's entry in the ledger.</summary>
    public static string FrameEntry(SnapshotOwner owner, FrameId frame) => $"f/{Path(owner)}/{frame}";

    /// <summary>
    /// A manifest's entry in the ledger: one for each stamp, so that an earlier one is taken off apart from its successor.
    /// </summary>
    public static string ManifestEntry(SnapshotOwner owner, string stamp) => $"m/{Path(owner)}/{stamp}";

    /// <summary>A stamp as text that sorts as its numbers do.</summary>
    public static string Stamp(ManifestStamp stamp) => $"{Sortable(stamp.Epoch)}-{Sortable(stamp.Generation)}";

    /// <summary>A number as text that sorts as numbers do: Lua's own would lose the last bits of it.</summary>
    public static string Sortable(long number) => unchecked((ulong)number ^ (1UL << 63)).ToString("x16", CultureInfo.InvariantCulture);

    /// <summary>Reads <see cref="Sortable"/>'s form.</summary>
    public static bool TryParseSortable(ReadOnlySpan<char> text, out long number)
    {
        bool parsed = ulong.TryParse(text, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out ulong bits);
        number = unchecked((long)(bits ^ (1UL << 63)));
        return parsed && text.Length == 16;
    }

    /// <summary>"tenant/session", escaped.</summary>
    public static string Path(SnapshotOwner owner) => $"{Escape(owner.Tenant)}/{Escape(owner.Session)}";

    /// <summary>Reads the first two parts of a path.</summary>
    public static SnapshotOwner Owner(string path)
    {
        string[] parts = path.Split('/');
        return new SnapshotOwner(Uri.UnescapeDataString(parts[0]), Uri.UnescapeDataString(parts[1]));
    }

    /// <summary>Keeps letters, digits and ".", "_", "-"; everything else becomes %XX, byte by byte of its UTF-8.</summary>
    public static string Escape(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        if (name.Length > 0 && name.All(IsPlain))
        {
            return name;
        }

        var escaped = new StringBuilder();
        foreach (byte b in new UTF8Encoding(false, throwOnInvalidBytes: true).GetBytes(name))
        {
            _ = IsPlain((char)b) ? escaped.Append((char)b) : escaped.Append(CultureInfo.InvariantCulture, $"%{b:X2}");
        }

        return escaped.ToString();
    }

    private static bool IsPlain(char c) => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-';
}

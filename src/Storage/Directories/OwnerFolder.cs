using System.Security.Cryptography;
using System.Text;
using KVCluster.Storage.Blobs;
using KVCluster.Storage.MessagePack;

namespace KVCluster.Storage.Directories;

/// <summary>
/// Where an owner's files are: root/T/S, with T and S the first 128 bits of SHA-256 of tenant and session in hexadecimal, since names come
/// from users and may be anything. The file "owner" tells whose it is.
/// </summary>
internal sealed class OwnerFolder
{
    public const string FrameSuffix = ".frame";

    private const int NameBytes = 16;

    public OwnerFolder(string root, SnapshotOwner owner)
        : this(System.IO.Path.Combine(root, NameOf(owner.Tenant), NameOf(owner.Session)))
    {
    }

    /// <summary>A folder found on disk.</summary>
    public OwnerFolder(string path)
    {
        Path = path;
    }

    public string Path { get; }

    public string TenantPath => System.IO.Path.GetDirectoryName(Path)!;

    public string Manifest => System.IO.Path.Combine(Path, "manifest");

    public string Draft => System.IO.Path.Combine(Path, "manifest.tmp");

    public string OwnerFile => System.IO.Path.Combine(Path, "owner");

    public string Frame(FrameId frame) => System.IO.Path.Combine(Path, frame + FrameSuffix);

    /// <summary>Whether the last part of a path is a name that tenants' and sessions' folders bear.</summary>
    public static bool IsNamed(string path) =>
        System.IO.Path.GetFileName(path) is { Length: 2 * NameBytes } name && name.All(char.IsAsciiHexDigitLower);

    /// <summary>Files there are that a store writes.</summary>
    public IEnumerable<string> OwnFiles() =>
        Directory.EnumerateFiles(Path).Where(file => file == Manifest || file == Draft || file == OwnerFile
            || file.EndsWith(FrameSuffix, StringComparison.Ordinal) || file.EndsWith(".tmp", StringComparison.Ordinal));

    /// <summary>Frame files there are, with their ids.</summary>
    public IEnumerable<(FrameId Id, FileInfo File)> Frames()
    {
        var folder = new DirectoryInfo(Path);
        if (!folder.Exists)
        {
            yield break;
        }

        foreach (FileInfo file in folder.EnumerateFiles("*" + FrameSuffix))
        {
            if (FrameId.TryParse(file.Name.AsSpan(0, file.Name.Length - FrameSuffix.Length), out FrameId id))
            {
                yield return (id, file);
            }
        }
    }

    /// <summary>Whose the folder is; null where its owner file is missing or does not verify.</summary>
    public SnapshotOwner? ReadOwner()
    {
        try
        {
            var reader = new MessagePackReader(File.ReadAllBytes(OwnerFile));
            if (reader.ReadArrayHeader() != 2)
            {
                return null;
            }

            var owner = new SnapshotOwner(reader.ReadString(), reader.ReadString());
            string path = System.IO.Path.Combine(NameOf(owner.Tenant), NameOf(owner.Session));
            return reader.AtEnd && Path.EndsWith(path, StringComparison.Ordinal) ? owner : null;
        }
        catch (Exception e) when (e is MessagePackException or FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }

    public static byte[] Describe(SnapshotOwner owner)
    {
        var writer = new MessagePackWriter();
        writer.WriteArrayHeader(2);
        writer.Write(owner.Tenant);
        writer.Write(owner.Session);
        return writer.Written.ToArray();
    }

    private static string NameOf(string id) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(id)).AsSpan(0, NameBytes));
}

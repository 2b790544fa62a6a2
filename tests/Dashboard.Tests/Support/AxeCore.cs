using System.Formats.Tar;
using System.IO.Compression;

namespace KVCluster.Dashboard.Tests.Support;

/// <summary>The accessibility checker, fetched from npm once a run.</summary>
internal static class AxeCore
{
    private static readonly Lazy<string?> Source = new(Fetch);

    public static string? SkipReason => Programs.Find("npm") is null ? "needs npm" : Source.Value is null ? "needs an npm registry that has axe-core" : null;

    /// <summary>Its program text.</summary>
    public static string Text => Source.Value ?? throw new InvalidOperationException("axe-core could not be fetched");

    private static string? Fetch()
    {
        string folder = Directory.CreateTempSubdirectory("kvcluster-axe").FullName;
        try
        {
            (int exit, _) = Programs.Run("npm", folder, "pack", "axe-core@4", "--silent");
            if (exit != 0)
            {
                return null;
            }

            using var packed = new GZipStream(File.OpenRead(Directory.GetFiles(folder, "*.tgz").Single()), CompressionMode.Decompress);
            using var archive = new TarReader(packed);
            while (archive.GetNextEntry() is { } entry)
            {
                if (entry.Name == "package/axe.min.js")
                {
                    using var reader = new StreamReader(entry.DataStream!);
                    return reader.ReadToEnd();
                }
            }

            return null;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}

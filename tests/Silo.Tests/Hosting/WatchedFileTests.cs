using KVCluster.Silo.Hosting;

namespace KVCluster.Silo.Tests.Hosting;

public sealed class WatchedFileTests
{
    [Fact]
    public void A_file_that_is_a_link_into_a_folder_that_is_exchanged_counts_as_written()
    {
        using TemporaryFolder folder = new();
        string root = folder.Path;
        string Version(string name, DateTime at)
        {
            string file = Path.Combine(Directory.CreateDirectory(Path.Combine(root, name)).FullName, "keys.json");
            File.WriteAllText(file, name);
            File.SetLastWriteTimeUtc(file, at);
            return name;
        }

        // As the kubelet does it: keys.json -> ..data/keys.json, ..data -> a folder of the version.
        string first = Version("..first", new DateTime(2026, 1, 1, 0, 0, 0, DateTimeKind.Utc));
        string second = Version("..second", new DateTime(2026, 1, 2, 0, 0, 0, DateTimeKind.Utc));
        string data = Path.Combine(root, "..data");
        string path = Path.Combine(root, "keys.json");
        Directory.CreateSymbolicLink(data, first);
        File.CreateSymbolicLink(path, Path.Combine("..data", "keys.json"));
        DateTime before = WatchedFile.WrittenAt(path);
        Directory.Delete(data);
        Directory.CreateSymbolicLink(data, second);

        Assert.Equal("..second", File.ReadAllText(path));
        Assert.Equal(TimeSpan.FromDays(1), WatchedFile.WrittenAt(path) - before);
    }

    [Fact]
    public void A_plain_file_counts_by_its_own_time()
    {
        using TemporaryFolder folder = new();
        string path = folder.Write("plain", [1]);
        Assert.Equal(File.GetLastWriteTimeUtc(path), WatchedFile.WrittenAt(path));
    }
}

using Orleans;
using Orleans.Runtime;
using Orleans.Storage;

namespace KVCluster.Storage.Grains.Tests;

public sealed class DirectoryGrainStorageTests : IDisposable
{
    private static readonly GrainId Grain = GrainId.Create("session", "acme/one");

    private readonly string _folder = Directory.CreateTempSubdirectory("kvcluster-states-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task A_state_is_there_for_the_next_process()
    {
        string? tag;
        using (var directory = new StateDirectory(_folder))
        {
            tag = await WriteAsync(directory, 5, null);
        }

        using var next = new StateDirectory(_folder);
        var read = await ReadAsync(next);
        Assert.Equal((5, tag, true), (read.State!.Value, read.ETag, read.RecordExists));
    }

    [Fact]
    public void A_second_user_of_the_directory_is_refused()
    {
        using var directory = new StateDirectory(_folder);

        Assert.Contains(_folder, Assert.Throws<IOException>(() => new StateDirectory(_folder)).Message);
    }

    [Fact]
    public async Task Of_many_writers_with_one_etag_one_wins()
    {
        using var directory = new StateDirectory(_folder);
        var tag = await WriteAsync(directory, 0, null);
        var results = await Task.WhenAll(Enumerable.Range(1, 16).Select(value => Task.Run(async () =>
        {
            try
            {
                await WriteAsync(directory, value, tag);
                return value;
            }
            catch (InconsistentStateException)
            {
                return 0;
            }
        })));

        Assert.Equal(Assert.Single(results, value => value > 0), (await ReadAsync(directory)).State!.Value);
    }

    [Fact]
    public async Task A_refused_write_changes_nothing()
    {
        using var directory = new StateDirectory(_folder);
        await WriteAsync(directory, 1, null);
        var refused = await Assert.ThrowsAsync<InconsistentStateException>(() => WriteAsync(directory, 2, "0123456789abcdef0123456789abcdef"));
        await Assert.ThrowsAsync<InconsistentStateException>(() => WriteAsync(directory, 2, null));

        var read = await ReadAsync(directory);
        Assert.Equal(1, read.State!.Value);
        Assert.Equal((read.ETag, "0123456789abcdef0123456789abcdef"), (refused.StoredEtag, refused.CurrentEtag));
        Assert.Empty(Directory.EnumerateFiles(Path.Combine(_folder, ".unfinished")));
    }

    [Fact]
    public async Task What_a_crash_left_half_written_is_removed_and_the_old_state_stays()
    {
        using (var directory = new StateDirectory(_folder))
        {
            await WriteAsync(directory, 1, null);
        }

        var left = Path.Combine(_folder, ".unfinished", "half");
        await File.WriteAllTextAsync(left, "ha");
        using var next = new StateDirectory(_folder);

        Assert.False(File.Exists(left));
        Assert.Equal(1, (await ReadAsync(next)).State!.Value);
    }

    [Theory]
    [InlineData("")]
    [InlineData("garbage")]
    [InlineData("0123456789abcdef0123456789abcdef\n{\"Value\":")]
    public async Task A_damaged_file_is_an_error_that_is_not_taken_for_an_absent_state(string content)
    {
        using var directory = new StateDirectory(_folder);
        await WriteAsync(directory, 1, null);
        var file = Path.Combine(_folder, StateFileName.Of("state", Grain));
        await File.WriteAllTextAsync(file, content);

        await Assert.ThrowsAnyAsync<Exception>(() => ReadAsync(directory));
    }

    [Fact]
    public async Task A_state_that_is_not_writable_fails_the_write_and_keeps_the_old_one()
    {
        using var directory = new StateDirectory(_folder);
        var tag = await WriteAsync(directory, 1, null);
        Directory.Delete(Path.Combine(_folder, ".unfinished"));

        await Assert.ThrowsAnyAsync<IOException>(() => WriteAsync(directory, 2, tag));
        Assert.Equal(1, (await ReadAsync(directory)).State!.Value);
    }

    [Fact]
    public async Task A_cleared_state_leaves_no_file()
    {
        using var directory = new StateDirectory(_folder);
        await WriteAsync(directory, 1, null);
        var state = await ReadAsync(directory);
        await new DirectoryGrainStorage(directory).ClearStateAsync("state", Grain, state);

        Assert.Equal((0, null, false), (state.State!.Value, state.ETag, state.RecordExists));
        Assert.False(File.Exists(Path.Combine(_folder, StateFileName.Of("state", Grain))));
        await new DirectoryGrainStorage(directory).ClearStateAsync("state", Grain, state);
    }

    [Fact]
    public async Task A_writer_that_knew_a_state_that_was_cleared_since_is_refused()
    {
        using var directory = new StateDirectory(_folder);
        string? tag = await WriteAsync(directory, 1, null);
        await new DirectoryGrainStorage(directory).ClearStateAsync("state", Grain, await ReadAsync(directory));

        await Assert.ThrowsAsync<InconsistentStateException>(() => WriteAsync(directory, 2, tag));
        Assert.False((await ReadAsync(directory)).RecordExists);
    }

    [Fact]
    public async Task The_first_write_into_a_folder_syncs_the_names_of_all_folders_above_it()
    {
        string folder = Path.GetDirectoryName(Path.Combine(_folder, StateFileName.Of("state", Grain)))!;
        var synced = new List<string>();
        using (var directory = new StateDirectory(_folder) { Synced = synced.Add })
        {
            string? tag = await WriteAsync(directory, 1, null);
            Assert.Equal([folder, Path.Combine(_folder, "state"), _folder], synced);
            synced.Clear();
            await WriteAsync(directory, 2, tag);
            Assert.Equal([folder], synced);
        }

        // A process that made the folders may have died before it synced their names.
        synced.Clear();
        using var next = new StateDirectory(_folder) { Synced = synced.Add };
        await WriteAsync(next, 3, (await ReadAsync(next)).ETag);
        Assert.Contains(_folder, synced);
    }

    private static async Task<string?> WriteAsync(StateDirectory directory, int value, string? tag)
    {
        var state = new GrainState<Counter>(new Counter { Value = value }, tag);
        await new DirectoryGrainStorage(directory).WriteStateAsync("state", Grain, state);
        return state.ETag;
    }

    private static async Task<GrainState<Counter>> ReadAsync(StateDirectory directory)
    {
        var state = new GrainState<Counter>();
        await new DirectoryGrainStorage(directory).ReadStateAsync("state", Grain, state);
        return state;
    }

    public sealed class Counter
    {
        public int Value { get; set; }
    }
}

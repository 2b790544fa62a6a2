namespace KVCluster.Silo.Hosting;

/// <summary>A file that people change while the server runs: looked at once a second at most, when somebody asks, by one caller.</summary>
internal sealed class WatchedFile(string path, TimeProvider time)
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(1);
    private readonly Lock _gate = new();
    private DateTime _written = WrittenAt(path);
    private long _looked = time.GetTimestamp();

    /// <summary>Runs the action where the file has changed since the last look; other callers go on with what is known.</summary>
    public void IfChanged(Action read)
    {
        if (time.GetElapsedTime(Volatile.Read(ref _looked)) < LookEvery || !_gate.TryEnter())
        {
            return;
        }

        try
        {
            Volatile.Write(ref _looked, time.GetTimestamp());
            DateTime written = WrittenAt(path);
            if (written != _written)
            {
                _written = written;
                read();
            }
        }
        finally
        {
            _gate.Exit();
        }
    }

    /// <summary>
    /// When the file behind a path was written; the least time where it is gone or may not be looked at, which whoever reads it then says.
    /// Orchestrators put a link there whose target they exchange: the link's own time never changes.
    /// </summary>
    public static DateTime WrittenAt(string path)
    {
        try
        {
            return File.GetLastWriteTimeUtc(File.ResolveLinkTarget(path, returnFinalTarget: true)?.FullName ?? path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return DateTime.MinValue;
        }
    }
}

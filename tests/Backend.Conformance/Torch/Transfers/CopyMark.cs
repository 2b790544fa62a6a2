namespace KVCluster.Backend.Conformance.Torch.Transfers;

/// <summary>A point that a queue of copies has passed or not.</summary>
internal sealed class CopyMark
{
    private readonly ManualResetEventSlim _set = new();

    public static CopyMark Passed { get; } = CreatePassed();

    public bool IsSet => _set.IsSet;

    public void Set() => _set.Set();

    public void Wait()
    {
        if (!_set.Wait(TimeSpan.FromMinutes(1)))
        {
            throw new TimeoutException("copies did not get there within a minute");
        }
    }

    private static CopyMark CreatePassed()
    {
        var mark = new CopyMark();
        mark.Set();
        return mark;
    }
}

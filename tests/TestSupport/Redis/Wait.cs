using System.Diagnostics;
using Xunit;

namespace KVCluster.TestSupport.Redis;

/// <summary>For what another process does in its own time.</summary>
public static class Wait
{
    /// <summary>Asks until it is so; fails after half a minute.</summary>
    public static async Task UntilAsync(Func<Task<bool>> condition)
    {
        long start = Stopwatch.GetTimestamp();
        while (!await condition())
        {
            Assert.True(Stopwatch.GetElapsedTime(start) < TimeSpan.FromSeconds(30), "it never became so");
            await Task.Delay(20);
        }
    }
}

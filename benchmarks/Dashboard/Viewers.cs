using System.Diagnostics;

namespace KVCluster.Benchmarks.Dashboard;

/// <summary>Dashboards that are open: connections that read the events and throw them away, in a process of their own.</summary>
internal sealed class Viewers : IAsyncDisposable
{
    private readonly Process _process;

    private Viewers(Process process) => _process = process;

    /// <summary>Returns when every viewer has its first snapshot.</summary>
    public static async Task<Viewers> OpenAsync(Uri server, int count)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!) { RedirectStandardOutput = true, RedirectStandardInput = true };
        if (Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet")
        {
            start.ArgumentList.Add(typeof(Viewers).Assembly.Location);
        }

        foreach (string argument in (string[])["watch", server.ToString(), count.ToString()])
        {
            start.ArgumentList.Add(argument);
        }

        Process process = Process.Start(start)!;
        string? ready = await process.StandardOutput.ReadLineAsync();
        return ready == "open" ? new Viewers(process) : throw new InvalidOperationException($"the viewers said '{ready}'");
    }

    /// <summary>The other side: reads until standard input ends.</summary>
    public static async Task WatchAsync(Uri server, int count)
    {
        using var http = new HttpClient(new SocketsHttpHandler { MaxConnectionsPerServer = count + 1 }) { BaseAddress = server, Timeout = Timeout.InfiniteTimeSpan };
        using var stop = new CancellationTokenSource();
        Stream[] streams = await Task.WhenAll(Enumerable.Range(0, count).Select(_ => http.GetStreamAsync("/v1/cluster/events", stop.Token)));
        Task reading = Task.WhenAll(streams.Select(stream => DrainAsync(stream, stop.Token)));
        Console.WriteLine("open");
        while (await Console.In.ReadLineAsync() is not null)
        {
        }

        await stop.CancelAsync();
        await reading.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    public async ValueTask DisposeAsync()
    {
        _process.StandardInput.Close();
        await _process.WaitForExitAsync();
        _process.Dispose();
    }

    private static async Task DrainAsync(Stream stream, CancellationToken cancellationToken)
    {
        var buffer = new byte[16 << 10];
        while (await stream.ReadAsync(buffer, cancellationToken) > 0)
        {
        }
    }
}

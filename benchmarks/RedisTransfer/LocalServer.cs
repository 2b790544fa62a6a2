using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace KVCluster.Benchmarks.RedisTransfer;

/// <summary>A redis-server of the benchmark's own on a free loopback port, without persistence; and redis-benchmark against it.</summary>
internal sealed class LocalServer : IDisposable
{
    private readonly Process _process;

    public LocalServer(params string[] settings)
    {
        using (var listener = new TcpListener(IPAddress.Loopback, 0))
        {
            listener.Start();
            Port = ((IPEndPoint)listener.LocalEndpoint).Port;
        }

        string[] defaults = ["--port", $"{Port}", "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"];
        var start = new ProcessStartInfo("redis-server", [.. defaults, .. settings]) { RedirectStandardOutput = true };
        _process = Process.Start(start) ?? throw new InvalidOperationException("redis-server did not start");
        while (_process.StandardOutput.ReadLine() is { } line)
        {
            if (line.Contains("Ready to accept connections", StringComparison.Ordinal))
            {
                return;
            }
        }

        throw new InvalidOperationException("redis-server ended at once");
    }

    public int Port { get; }

    /// <summary>What redis-benchmark reaches, one call at a time on each connection.</summary>
    public Transfer Benchmark(string command, int valueBytes, int connections, int calls)
    {
        if (command == "get")
        {
            // It reads what it last wrote: of this size.
            Run("set", valueBytes, connections, connections);
        }

        (string output, double processorSeconds) = Run(command, valueBytes, connections, calls);
        string row = output.Split('\n').FirstOrDefault(l => l.StartsWith($"\"{command.ToUpperInvariant()}\"", StringComparison.Ordinal))
            ?? throw new InvalidOperationException($"redis-benchmark printed no figure: {output}");
        double rate = double.Parse(row.Split(',')[1].Trim('"'), CultureInfo.InvariantCulture);
        return new Transfer(rate * valueBytes, processorSeconds / ((double)calls * valueBytes));
    }

    public void Dispose()
    {
        _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
    }

    private (string Output, double ProcessorSeconds) Run(string command, int valueBytes, int connections, int calls)
    {
        string[] arguments =
            ["-h", "127.0.0.1", "-p", $"{Port}", "-t", command, "-d", $"{valueBytes}", "-c", $"{connections}", "-n", $"{calls}", "--csv"];

        // The shell prints the processor time of what it ran: "0m0.100s 0m0.200s", user and system, on its last line.
        var start = new ProcessStartInfo("sh", ["-c", "\"$@\"; times", "sh", "redis-benchmark", .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using Process process = Process.Start(start) ?? throw new InvalidOperationException("sh did not start");
        process.ErrorDataReceived += static (_, _) => { };
        process.BeginErrorReadLine();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        string[] times = output.TrimEnd().Split('\n')[^1].Split(' ');
        return (output, times.Sum(Seconds));
    }

    private static double Seconds(string time)
    {
        string[] parts = time.TrimEnd('s').Split('m');
        return (60 * double.Parse(parts[0], CultureInfo.InvariantCulture)) + double.Parse(parts[1], CultureInfo.InvariantCulture);
    }
}

using System.Diagnostics;

namespace KVCluster.Benchmarks.Torch;

/// <summary>Seconds that passed, or seconds of processor time: on a machine that is busy with other things only those compare.</summary>
internal readonly struct Clock
{
    private readonly double _start;

    private Clock(double start)
    {
        _start = start;
    }

    /// <summary>Whether processor time is measured.</summary>
    public static bool Processor { get; set; }

    public double Seconds => Now - _start;

    private static double Now
    {
        get
        {
            if (!Processor)
            {
                return Stopwatch.GetTimestamp() / (double)Stopwatch.Frequency;
            }

            using var process = Process.GetCurrentProcess();
            return process.TotalProcessorTime.TotalSeconds;
        }
    }

    public static Clock Start() => new(Now);
}

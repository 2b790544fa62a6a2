namespace KVCluster.Silo.Hosting;

/// <summary>What the process ends with.</summary>
internal static class ExitCode
{
    public const int Success = 0;

    /// <summary>A fault of this program or of the machine.</summary>
    public const int Fault = 1;

    /// <summary>A file, a prompt or an option cannot be used.</summary>
    public const int BadInput = 2;

    /// <summary>Ended by a signal: shells count from 128.</summary>
    public static int OfSignal(int number) => 128 + number;
}

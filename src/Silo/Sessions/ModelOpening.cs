using System.Diagnostics;
using KVCluster.Inference;
using KVCluster.Silo.Options;
using KVCluster.Silo.Terminals;
using KVCluster.Worker;

namespace KVCluster.Silo.Sessions;

/// <summary>Opens the chosen model under a progress bar.</summary>
internal static class ModelOpening
{
    /// <param name="contextTokens">Room of the arena where the choice does not say; 0: as the model has it.</param>
    public static (LocalModel Model, double Seconds) Open(Terminal terminal, ModelChoice choice, int contextTokens = 0)
    {
        LocalModelOptions options = new()
        {
            CalibrationFile = choice.CalibrationFile,
            KvType = choice.KvType,
            Threads = choice.Threads,
            ContextTokens = choice.ContextTokens > 0 ? choice.ContextTokens : contextTokens,
        };
        long start = Stopwatch.GetTimestamp();
        LocalModel model = ProgressBars.Run(terminal, "loading", progress => LocalModel.Open(choice.Path, options, progress));
        return (model, Stopwatch.GetElapsedTime(start).TotalSeconds);
    }
}

using KVCluster.Compression.Policies;
using KVCluster.Inference;
using KVCluster.Worker;

namespace KVCluster.Silo.Sessions;

/// <summary>Finds out before a long document is read whether its policies have the calibration they need.</summary>
internal static class CalibrationNeed
{
    /// <summary>The model's calibration where a policy needs it, else null: nothing is read for nothing.</summary>
    /// <exception cref="InputException">It is absent, or cannot serve this model; the message names the policy or the file.</exception>
    public static HeadCalibration? Meet(LocalModel model, IEnumerable<ICompressionPolicy> policies)
    {
        if (policies.FirstOrDefault(p => p.Request.Calibration) is not { } policy)
        {
            return null;
        }

        return model.Calibration ?? throw new InputException(
            $"the policy {policy.Name} needs a calibration of this model: run 'kvcluster calibrate --model {model.Files.Path}' first, "
            + "or name a file with --calibration");
    }
}

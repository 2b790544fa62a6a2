using KVCluster.Inference.Models;

namespace KVCluster.Worker.Calibration;

/// <summary>The model a calibration belongs to.</summary>
/// <param name="Name">What its file or folder was called, for people.</param>
/// <param name="Fingerprint">Names its exact content.</param>
/// <param name="Layers">Decoder layers.</param>
/// <param name="QueryHeads">Query heads of a layer.</param>
/// <param name="KvHeads">KV heads of a layer.</param>
public sealed record CalibratedModel(string Name, string Fingerprint, int Layers, int QueryHeads, int KvHeads)
{
    /// <summary>An opened model.</summary>
    public static CalibratedModel Of(LocalModel model)
    {
        ArgumentNullException.ThrowIfNull(model);
        ModelConfig config = model.Config;
        string name = Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(model.Files.Path)));
        return new CalibratedModel(name, model.Fingerprint, config.Layers, config.QueryHeads, config.KvHeads);
    }
}

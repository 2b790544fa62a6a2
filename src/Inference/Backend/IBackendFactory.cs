using KVCluster.Inference.Models;

namespace KVCluster.Inference.Backend;

/// <summary>Opens backends of one kind on one device, so that whoever serves a model need not know the kinds there are.</summary>
public interface IBackendFactory
{
    /// <summary>The device's name within its node, such as "cpu:0" or "cuda:1".</summary>
    string Device { get; }

    /// <summary>
    /// Brings the weights to the device, reporting progress from 0 to 1, and reserves the arena. Throws <see cref="InputException"/> naming
    /// what is missing or out of range; nothing stays allocated then. The model's files must stay open while the backend lives.
    /// </summary>
    IInferenceBackend Open(LoadedModel model, BackendSettings settings, Action<double>? progress = null);
}

using KVCluster.Inference;
using KVCluster.Inference.Tokenization;
using KVCluster.Worker;

namespace KVCluster.Silo.Gateway;

/// <summary>What the gateway needs of a model: its text side, no weights.</summary>
internal sealed class ServedModel(string name, ModelText model, DateTimeOffset since)
{
    /// <summary>The id clients ask for.</summary>
    public string Name { get; } = name;

    /// <summary>When it began to be served.</summary>
    public DateTimeOffset Since { get; } = since;

    public Tokenizer Tokenizer { get; } = model.Tokenizer;

    public ChatTemplate? Template { get; } = model.Template;

    public IReadOnlySet<int> EndTokens { get; } = model.EndTokens;

    public string Fingerprint { get; } = model.Fingerprint;

    /// <exception cref="InputException">The model has no chat template.</exception>
    public ChatFraming Framing => field ??= new ChatFraming(model);
}

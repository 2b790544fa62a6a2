using KVCluster.Inference.Sampling.Constraints;
using KVCluster.Inference.Tokenization;
using KVCluster.Worker;

namespace KVCluster.Silo.Gateway;

/// <summary>What the gateway needs of a model: its text side, no weights.</summary>
internal sealed class ServedModel(string name, LocalModel model, DateTimeOffset since)
{
    /// <summary>The id clients ask for.</summary>
    public string Name { get; } = name;

    /// <summary>When it began to be served.</summary>
    public DateTimeOffset Since { get; } = since;

    public Tokenizer Tokenizer { get; } = model.Tokenizer;

    public ChatTemplate? Template { get; } = model.Template;

    public int ContextLength { get; } = model.Config.ContextLength;

    public string Fingerprint { get; } = model.Fingerprint;

    public IReadOnlySet<int> EndTokens { get; } = model.EndTokens;

    public TokenGrammars Grammars { get; } = new(model.Tokenizer, model.EndTokens);
}

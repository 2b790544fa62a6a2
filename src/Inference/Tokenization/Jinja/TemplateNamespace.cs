namespace KVCluster.Inference.Tokenization.Jinja;

/// <summary>The one kind of object a template can change: it carries values out of loops.</summary>
internal sealed class TemplateNamespace
{
    public Dictionary<string, object?> Members { get; } = new(StringComparer.Ordinal);
}

namespace KVCluster.Inference.Tokenization.Jinja;

/// <summary>What a name that nothing was given for evaluates to: false, empty, and an error to look into.</summary>
internal sealed record Undefined(string What);

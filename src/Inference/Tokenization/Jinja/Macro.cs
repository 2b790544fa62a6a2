namespace KVCluster.Inference.Tokenization.Jinja;

/// <summary>A macro with the scope it was defined in.</summary>
internal sealed record Macro(MacroStatement Definition, Scope Scope);

namespace KVCluster.Evaluation.Running;

/// <summary>First line of a log: what its outcomes were measured with.</summary>
/// <param name="Evaluation">Version of the form, 1.</param>
/// <param name="Model">The model's fingerprint.</param>
/// <param name="Kv">Element type of cached keys and values.</param>
/// <param name="PageTokens">Tokens a page.</param>
public sealed record OutcomeHeader(int Evaluation, string Model, string Kv, int PageTokens)
{
    /// <summary>The version written and read.</summary>
    public const int CurrentVersion = 1;

    /// <summary>The header of a model opened as it is.</summary>
    public static OutcomeHeader Of(Worker.LocalModel model)
    {
        ArgumentNullException.ThrowIfNull(model);
        Inference.Kv.KvGeometry geometry = model.Backend.Pool.Geometry;
        return new OutcomeHeader(CurrentVersion, model.Fingerprint, geometry.ElementType.ToString(), geometry.PageTokens);
    }
}

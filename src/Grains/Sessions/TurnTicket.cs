namespace KVCluster.Grains;

/// <summary>The right to run the session's one turn.</summary>
/// <param name="Key">The request's idempotency key, or null.</param>
/// <param name="Hash">The request's hash; null where there is no key.</param>
/// <param name="Begun">What another node made of the same request, or null.</param>
internal sealed record TurnTicket(string? Key, string? Hash, BegunTurn? Begun = null)
{
    /// <summary>Whether the turn was asked to end.</summary>
    public bool IsCancelled { get; set; }
}

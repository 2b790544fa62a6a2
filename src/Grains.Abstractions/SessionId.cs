using System.Diagnostics.CodeAnalysis;

namespace KVCluster.Grains;

/// <summary>Names a session: its id is unique within its tenant. The key of <see cref="ISessionGrain"/> is "tenant/session".</summary>
/// <param name="Tenant">The tenant's id.</param>
/// <param name="Session">The session's id within the tenant.</param>
[GenerateSerializer, Immutable, Alias("KVCluster.SessionId")]
public readonly record struct SessionId([property: Id(0)] string Tenant, [property: Id(1)] string Session)
{
    /// <summary>Most characters of either part.</summary>
    public const int MaxLength = 128;

    /// <summary>The grain's key.</summary>
    public string Key => $"{Tenant}/{Session}";

    /// <summary>Checks both parts.</summary>
    /// <exception cref="InvalidRequestException">
    /// A part is empty, too long or has a character other than A-Z, a-z, 0-9, '.', '_', ':', '-', or is "." or "..".
    /// </exception>
    public static SessionId Of(string tenant, string session)
    {
        Require("tenant", tenant);
        Require("session", session);
        return new SessionId(tenant, session);
    }

    /// <summary>Takes a grain's key apart.</summary>
    /// <exception cref="InvalidRequestException">It is not "tenant/session" of valid parts.</exception>
    public static SessionId Parse(string key)
    {
        ArgumentNullException.ThrowIfNull(key);
        int slash = key.IndexOf('/', StringComparison.Ordinal);
        return slash < 0
            ? throw new InvalidRequestException($"session key '{Shown(key)}' is not tenant/session")
            : Of(key[..slash], key[(slash + 1)..]);
    }

    /// <summary>Takes a grain's key apart; null where it is not "tenant/session" of valid parts.</summary>
    public static SessionId? TryParse(string? key) =>
        key?.Split('/') is [{ } tenant, { } session] && IsValid(tenant) && IsValid(session) ? new SessionId(tenant, session) : null;

    /// <summary>Whether a text may be a tenant's or a session's id: not "." or "..", which no path of an address can name.</summary>
    public static bool IsValid([NotNullWhen(true)] string? part) =>
        part is { Length: > 0 and <= MaxLength } and not ("." or "..") && part.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or ':' or '-');

    /// <inheritdoc/>
    public override string ToString() => Key;

    private static void Require(string what, string? part)
    {
        if (!IsValid(part))
        {
            throw new InvalidRequestException(
                $"{what} id '{Shown(part)}' must be 1 to {MaxLength} of the characters A-Z, a-z, 0-9, '.', '_', ':', '-', and not '.' or '..'");
        }
    }

    private static string Shown(string? text) => text is null ? "" : text.Length <= MaxLength ? text : text[..MaxLength] + "...";
}

using KVCluster.Grains;
using KVCluster.Silo.OpenAi;
using Microsoft.AspNetCore.Http;

namespace KVCluster.Silo.Gateway;

/// <summary>Whom a request is from, as authentication left it, and what its headers say.</summary>
internal static class RequestTenant
{
    private const string Item = "kvcluster.caller";

    public static void Set(HttpContext context, Caller caller) => context.Items[Item] = caller;

    public static Caller Caller(HttpContext context) => (Caller)context.Items[Item]!;

    public static string Of(HttpContext context) => Caller(context).Tenant;

    /// <summary>The session the client names, or null.</summary>
    public static string? Session(HttpContext context)
    {
        string? id = context.Request.Headers["X-Session-Id"].FirstOrDefault();
        return id is null || SessionId.IsValid(id)
            ? id
            : throw OpenAiException.Invalid("X-Session-Id", $"a session id is 1 to {SessionId.MaxLength} of A-Z, a-z, 0-9, '.', '_', ':', '-'");
    }

    /// <summary>The key that makes a request safe to send again, or null.</summary>
    public static string? IdempotencyKey(HttpContext context) => context.Request.Headers["Idempotency-Key"].FirstOrDefault();
}

/// <summary>Whoever sends a request.</summary>
/// <param name="Tenant">The tenant's id.</param>
/// <param name="Role">What it may do.</param>
/// <param name="Priority">Of its sessions where it does not say.</param>
/// <param name="MaxPriority">The highest it may ask for.</param>
internal sealed record Caller(string Tenant, CallerRole Role, int Priority, int MaxPriority);

/// <summary>What a caller may do. Each may do what those before it may.</summary>
internal enum CallerRole
{
    /// <summary>Look.</summary>
    Reader,

    /// <summary>Talk.</summary>
    User,

    /// <summary>Compress, demote, move, close any session of the tenant; see all nodes.</summary>
    Admin,
}

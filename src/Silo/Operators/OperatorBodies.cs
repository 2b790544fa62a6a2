using System.Reflection;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using KVCluster.Silo.Gateway;
using Microsoft.AspNetCore.Http;

namespace KVCluster.Silo.Operators;

/// <summary>What a viewer is told first: who it is and what it may do.</summary>
internal sealed record HelloBody(string Tenant, string Role, bool Operator, bool MayAct, string Model, string Version)
{
    private static readonly string Program = typeof(HelloBody).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "";

    public static HelloBody Of(OperatorServices services, HttpContext context)
    {
        Caller caller = RequestTenant.Caller(context);
        return new HelloBody(
            caller.Tenant,
            caller.Role.ToString().ToLowerInvariant(),
            services.HasKeys && services.ScopeOf(context).SeesAll,
            caller.Role == CallerRole.Admin,
            services.Model.Name,
            Program);
    }
}

/// <summary>A session with what its cache kept.</summary>
/// <param name="Session">As the sessions API shows it.</param>
/// <param name="Kept">Which tokens are kept; absent where the cache is on no device.</param>
/// <param name="Text">The history's text with each token's share; absent for sessions of other tenants.</param>
internal sealed record SessionDetail(SessionBody Session, KeptBody? Kept, TextShareBody? Text);

/// <summary>Kept tokens over the conversation.</summary>
/// <param name="Positions">Positions of the cache.</param>
/// <param name="Layers">Layers.</param>
/// <param name="KvHeads">KV heads a layer.</param>
/// <param name="ClosedTokens">Tokens before which positions do not tell tokens, since a policy closed the gaps; 0: none.</param>
/// <param name="Columns">Columns of the map: each stands for positions / columns positions.</param>
/// <param name="Cells">Base64 of one byte a cell, row-major [layers * heads, columns]: the part kept, 0 to 255.</param>
/// <param name="KeptPerRow">Tokens kept of each row.</param>
internal sealed record KeptBody(int Positions, int Layers, int KvHeads, int ClosedTokens, int Columns, string Cells, int[] KeptPerRow);

/// <summary>Text by tokens.</summary>
/// <param name="Start">The first token's index.</param>
/// <param name="Total">Tokens of the history.</param>
/// <param name="Pieces">Each token's text.</param>
/// <param name="Shares">Base64 of one byte a token: the part of all (layer, head) that keeps it, 0 to 255. Empty where positions do not tell tokens.</param>
internal sealed record TextShareBody(int Start, int Total, string[] Pieces, string Shares);

[JsonSerializable(typeof(HelloBody))]
[JsonSerializable(typeof(SessionDetail))]
internal sealed partial class OperatorJson : JsonSerializerContext
{
    public static OperatorJson Web { get; } = new(new JsonSerializerOptions
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    });
}
